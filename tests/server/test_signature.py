"""Only the model that was signed here is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.checks import CannotStart
from server.signature import check, sign, signature_file


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return tmp_path / "var/model.key"


@pytest.fixture
def model(tmp_path: Path, key: Path) -> Path:
    path = tmp_path / "schakel.tar.gz"
    path.write_bytes(b"a model")
    sign(path, key)
    return path


def test_the_signed_model_passes(model: Path, key: Path) -> None:
    check(model, key)
    assert key.stat().st_mode & 0o777 == 0o600


def test_a_changed_model_is_refused(model: Path, key: Path) -> None:
    model.write_bytes(b"another model")
    with pytest.raises(CannotStart, match=r"is not the model that was signed here.*make train FORCE=1"):
        check(model, key)


def test_a_model_signed_with_another_key_is_refused(model: Path, key: Path) -> None:
    key.unlink()
    with pytest.raises(CannotStart, match=r"model.key is another one"):
        check(model, key)


def test_a_bare_hash_is_no_signature(model: Path, key: Path) -> None:
    import hashlib

    signature_file(model).write_text(hashlib.sha256(model.read_bytes()).hexdigest())
    with pytest.raises(CannotStart, match="was signed here"):
        check(model, key)


def test_a_model_without_signature_is_refused(model: Path, key: Path) -> None:
    signature_file(model).unlink()
    with pytest.raises(CannotStart, match="has no signature"):
        check(model, key)
