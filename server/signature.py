"""Signs the trained model and checks it before loading: a model is code, for Rasa names classes in it and imports them.

The signature is an HMAC with the assistant's own secret, so that whoever can put a file into models/ but can't read the
secret does not get a model loaded.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from channels.sessions import load_secret
from server.checks import CannotStart

SUFFIX = ".signature"
_PURPOSE = b"schakel-model\n"  # the same secret signs session tokens; neither can be passed off as the other
_BLOCK = 1 << 20


def signature_file(model: Path) -> Path:
    """Where the signature of a model stands."""
    return model.with_name(model.name + SUFFIX)


def sign(model: Path, secret_setting: str) -> None:
    """Writes the model's signature beside it."""
    signature_file(model).write_text(_signature(model, secret_setting), encoding="ascii")


def check(model: Path, secret_setting: str) -> None:
    """The model is the one that was signed here.

    Raises:
        CannotStart: it was changed, was trained with another secret, or has no signature.
    """
    file = signature_file(model)
    if not file.exists():
        raise CannotStart(f"{model} has no signature ({file.name}). Run `make train FORCE=1`.")
    if not hmac.compare_digest(file.read_bytes().strip(), _signature(model, secret_setting).encode("ascii")):
        raise CannotStart(
            f"{model} is not the model that was signed here: it was changed, or SCHAKEL_SECRET is another one. "
            "Run `make train FORCE=1`."
        )


def _signature(model: Path, secret_setting: str) -> str:
    digest = hmac.new(load_secret(secret_setting).encode(), _PURPOSE, hashlib.sha256)
    with model.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
