"""Trains when the content changed; the model carries the fingerprint of what it was trained from."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Dict

from nlu.dutch import installed_name
from server.checks import CannotStart, check_chain, check_yaml, content_files
from server.signature import sign, signature_file

MODELS = Path("models")
MODEL = MODELS / "schakel.tar.gz"
FINGERPRINT = MODELS / "schakel.fingerprint"
CHAIN_FILE = Path("data/keten/keten.yml")
LOG = Path("var/train.log")
_CODE = ("nlu", "content", "chain", "policies")


def content_fingerprint() -> str:
    """Hash of all that decides what a model becomes: content, code of the pipeline, Dutch language pipeline."""
    digest = hashlib.sha256(installed_name().encode())
    for file in [*content_files(), *(f for folder in _CODE for f in sorted(Path(folder).glob("*.py")))]:
        digest.update(str(file).encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def is_current() -> bool:
    """Whether the model on disk was trained from the content as it is now."""
    there = MODEL.exists() and signature_file(MODEL).exists() and FINGERPRINT.exists()
    return there and FINGERPRINT.read_text() == content_fingerprint()


def variables() -> Dict[str, str]:
    """The variables of the training's processes: this process's own, and compiled modules are kept."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def train(force: bool = False) -> bool:
    """Trains `MODEL` when the content changed.

    Returns:
        Whether training was needed.

    Raises:
        CannotStart: the content is damaged, or training failed; says where the details are.
    """
    check_yaml(content_files())
    if is_current() and not force:
        return False
    check_chain(CHAIN_FILE)
    fingerprint = content_fingerprint()
    MODELS.mkdir(exist_ok=True)
    LOG.parent.mkdir(exist_ok=True)
    # Validation is a gate of its own (tests/content/test_rasa_validates.py); here it would read all data a second time.
    command = [sys.executable, "-m", "rasa_patches", "train", "--skip-validation", "--fixed-model-name", MODEL.name]
    command += ["--out", str(MODELS), *(["--force"] if force else [])]
    with LOG.open("w", encoding="utf-8") as log:
        result = subprocess.run(command, stdout=log, stderr=log, check=False, env=variables())
    if result.returncode != 0 or not MODEL.exists():
        last = [line for line in LOG.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()][-1:]
        raise CannotStart(f"Training failed: {''.join(last) or 'no message'} (all of it stands in {LOG}).")
    sign(MODEL)
    FINGERPRINT.write_text(fingerprint)
    return True
