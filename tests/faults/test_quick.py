"""The quick fault run: customers on the web chat and REST, with the database gone and processes killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from faults.__main__ import run
from faults.kinds import FAULTS
from tests.services import free_port, missing, postgres_programs


def free_block() -> int:
    """The first of ten ports that are probably free."""
    return free_port() // 10 * 10


@pytest.mark.parametrize("name", ["database gone", "SIGKILL, Rasa"])
def test_nothing_is_lost_doubled_or_met_with_silence(trained_model: Path, tmp_path: Path, name: str) -> None:
    if postgres_programs() is None:
        missing("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    fault = next(fault for fault in FAULTS if fault.name == name)
    (row,) = run([fault], ["web", "rest"], tmp_path, free_block())
    assert row.problems == []
