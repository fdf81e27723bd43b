"""Only the model that was signed here is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.checks import CannotStart
from server.signature import check, sign, signature_file

SECRET = "s" * 40


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "schakel.tar.gz"
    path.write_bytes(b"a model")
    sign(path, SECRET)
    return path


def test_the_signed_model_passes(model: Path) -> None:
    check(model, SECRET)


def test_a_changed_model_is_refused(model: Path) -> None:
    model.write_bytes(b"another model")
    with pytest.raises(CannotStart, match=r"is not the model that was signed here.*make train FORCE=1"):
        check(model, SECRET)


def test_a_model_signed_with_another_secret_is_refused(model: Path) -> None:
    with pytest.raises(CannotStart, match="SCHAKEL_SECRET is another one"):
        check(model, "t" * 40)


def test_a_bare_hash_is_no_signature(model: Path) -> None:
    import hashlib

    signature_file(model).write_text(hashlib.sha256(model.read_bytes()).hexdigest())
    with pytest.raises(CannotStart, match="was signed here"):
        check(model, SECRET)


def test_a_model_without_signature_is_refused(model: Path) -> None:
    signature_file(model).unlink()
    with pytest.raises(CannotStart, match="has no signature"):
        check(model, SECRET)
