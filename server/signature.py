"""Signs the trained model and checks it before loading: a model is code, for Rasa names classes in it and imports them.

The signature is an HMAC with a key of this machine's own, so that whoever can put a file into models/ but can't read
the key does not get a model loaded.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from channels.sessions import GENERATED, load_secret
from server.checks import CannotStart

SUFFIX = ".signature"
KEY_FILE = Path("var/model.key")
_BLOCK = 1 << 20


def signature_file(model: Path) -> Path:
    """Where the signature of a model stands."""
    return model.with_name(model.name + SUFFIX)


def sign(model: Path, key_file: Path = KEY_FILE) -> None:
    """Writes the model's signature beside it; makes the key when there is none."""
    signature_file(model).write_text(_signature(model, key_file), encoding="ascii")


def check(model: Path, key_file: Path = KEY_FILE) -> None:
    """The model is the one that was signed here.

    Raises:
        CannotStart: it was changed, was signed with another key, or has no signature.
    """
    file = signature_file(model)
    if not file.exists():
        raise CannotStart(f"{model} has no signature ({file.name}). Run `make train FORCE=1`.")
    if not hmac.compare_digest(file.read_bytes().strip(), _signature(model, key_file).encode("ascii")):
        raise CannotStart(
            f"{model} is not the model that was signed here: it was changed, or {key_file} is another one. "
            "Run `make train FORCE=1`."
        )


def _signature(model: Path, key_file: Path) -> str:
    digest = hmac.new(load_secret(GENERATED, key_file).encode(), digestmod=hashlib.sha256)
    with model.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
