"""The quick fault run: customers on the web chat and REST, with the database gone and processes killed."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from faults.__main__ import run
from faults.kinds import FAULTS
from tests.services import missing, postgres_programs


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def free_block() -> int:
    """The first of ten free ports, below those that the system hands out by itself."""
    return next(first for first in range(20_000, 30_000, 10) if all(map(is_free, range(first, first + 10))))


@pytest.mark.parametrize("name", ["database gone", "SIGKILL, Rasa"])
def test_nothing_is_lost_doubled_or_met_with_silence(trained_model: Path, tmp_path: Path, name: str) -> None:
    if postgres_programs() is None:
        missing("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    fault = next(fault for fault in FAULTS if fault.name == name)
    # How long exactly is for `make faults` on an idle machine; beside other tests all starts again much slower.
    (row,) = run([fault], ["web", "rest"], tmp_path, free_block(), limit=20.0)
    assert row.problems == []
