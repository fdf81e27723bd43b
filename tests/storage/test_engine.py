"""Databases are opened so that nothing waits for ever, nothing erased stays, and errors hold no texts."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import List

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from storage.engine import READING, Turns, leave_no_copy, open_engine, reading
from tests.services import Postgres, postgres

__all__ = ["postgres"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deep/folder/web.db"


def test_a_locked_file_is_given_up_in_time_and_the_error_holds_no_text(file: Path) -> None:
    engine = open_engine(f"sqlite:///{file}", wait=0.2)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE said (text TEXT)")
    start = time.monotonic()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError) as error, engine.begin() as connection:
            connection.execute(sa.text("INSERT INTO said VALUES (:text)"), {"text": "geheim verhaal"})
    assert time.monotonic() - start < 5
    assert "geheim" not in str(error.value)
    engine.dispose()


def test_threads_of_one_process_write_in_turns_however_short_the_wait_for_the_file(file: Path) -> None:
    engine = open_engine(f"sqlite:///{file}", wait=0.01)
    turns = Turns(engine)
    with turns.begin(engine) as connection:
        connection.execute(sa.text("CREATE TABLE numbers (n INTEGER)"))

    def write(number: int) -> None:
        with turns.begin(engine) as connection:
            connection.execute(sa.text("INSERT INTO numbers VALUES (:n)"), {"n": number})

    with ThreadPoolExecutor(8) as threads:  # no more than the pool has connections
        list(threads.map(write, range(400)))
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM numbers")).scalar() == 400
    engine.dispose()


def test_who_gets_no_turn_is_told_so(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.engine.TURN", 0.01)
    engine = open_engine(f"sqlite:///{file}")
    turns = Turns(engine)
    with turns.begin(engine), pytest.raises(OperationalError, match="other threads"), turns.begin(engine):
        raise AssertionError("unreachable")
    with turns.begin(engine):  # the turn was given back
        pass
    engine.dispose()


def test_a_reader_waits_for_no_writer(file: Path) -> None:
    engine = open_engine(str(file), wait=0.2)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE said (text TEXT)")
    with engine.begin(), engine.connect().execution_options(**{READING: True}) as reader:
        assert reader.exec_driver_sql("SELECT count(*) FROM said").scalar() == 0
    engine.dispose()


def test_what_a_process_erased_that_then_died_is_in_no_file_after_the_next_start(file: Path) -> None:
    code = f"""
import os
from storage.engine import open_engine
engine = open_engine("sqlite:///{file}")
with engine.begin() as connection:
    connection.exec_driver_sql("CREATE TABLE said (text TEXT)")
    connection.exec_driver_sql("INSERT INTO said VALUES ('kanarie-4712')")
with engine.begin() as connection:
    connection.exec_driver_sql("DELETE FROM said")
os._exit(0)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert [path.name for path in file.parent.iterdir() if b"kanarie-4712" in path.read_bytes()] != []
    engine = open_engine(f"sqlite:///{file}")  # closing it would empty the log as well
    assert [path.name for path in file.parent.iterdir() if b"kanarie-4712" in path.read_bytes()] == []
    engine.dispose()


def test_what_was_erased_is_in_no_file(file: Path) -> None:
    engine = open_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE said (text TEXT)")
        connection.exec_driver_sql("INSERT INTO said VALUES ('kanarie-4711')")
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM said")
    assert leave_no_copy(engine)
    assert [path.name for path in file.parent.iterdir() if b"kanarie-4711" in path.read_bytes()] == []
    engine.dispose()


@pytest.mark.parametrize("address", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "post gres://user:geheim@x"])
def test_other_databases_are_refused_without_repeating_the_address(address: str) -> None:
    with pytest.raises(ValueError, match=r"Databases are SQLite files or PostgreSQL|no address") as error:
        open_engine(address)
    assert "geheim" not in str(error.value)


def test_a_slow_statement_ends_in_time_on_postgresql(postgres: Postgres) -> None:
    engine = open_engine(postgres.new_database(), wait=0.3)
    start = time.monotonic()
    with pytest.raises(OperationalError), engine.connect() as connection:
        connection.exec_driver_sql("SELECT pg_sleep(30)")
    assert time.monotonic() - start < 10
    engine.dispose()


def test_a_look_at_postgresql_is_one_trip_and_a_write_is_still_a_transaction(postgres: Postgres) -> None:
    engine = open_engine(postgres.new_database())
    with engine.begin() as connection:  # the pool hands this one connection out every time
        connection.exec_driver_sql("CREATE TABLE said (text TEXT)")
        connection.exec_driver_sql("SET log_statement = 'all'")
    before = len(statements(postgres))
    with reading(engine).connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM said").scalar() == 0
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO said VALUES ('x')")
        connection.rollback()
    with reading(engine).connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM said").scalar() == 0
    look = "SELECT count(*) FROM said"
    assert statements(postgres)[before:] == [look, "BEGIN", "INSERT INTO said VALUES ('x')", "ROLLBACK", look]
    engine.dispose()


def statements(postgres: Postgres) -> List[str]:
    """What the server was asked by connections that have it logged."""
    log = (postgres.folder / "log").read_text()
    return [line.partition("statement: ")[2] for line in log.splitlines() if "LOG:  statement: " in line]
