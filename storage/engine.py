"""Opens a database, SQLite or PostgreSQL, so that nothing waits for ever, nothing is lost and no text leaks."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from pathlib import Path
from typing import Any, Dict, Iterator, Optional

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, InvalidatePoolError
from sqlalchemy.pool import QueuePool

READING = "reading"  # execution option of a connection that only reads; on SQLite it then waits for no writer
WAIT = 3.0  # seconds for a connection, a lock or a statement: shorter than a customer's patience
TURN = 1.5  # seconds that a thread waits for others of its process to write; after it comes the wait for the database
IDLE = 2.0  # seconds after which a connection to PostgreSQL is tried before it is used
_TRIES = 50


def open_engine(address: str, wait: float = WAIT, name: str = "schakel") -> Engine:
    """An engine in SQLAlchemy's 2.0 style; safe for several threads and processes.

    SQLite: write-ahead log, every commit synced to disk, deleted rows overwritten, foreign keys enforced, and a writer
    takes its turn when it begins. PostgreSQL: connections are tested before use and statements end in time.

    Args:
        address: SQLAlchemy's address, such as sqlite:///var/web.db or postgresql://user:secret@host/name; a bare path
            is an SQLite file.
        wait: seconds.
        name: what PostgreSQL shows for these connections.

    Raises:
        ValueError: no address of SQLite or PostgreSQL. The message does not repeat it, for it may hold a password.
        sqlalchemy.exc.OperationalError: an SQLite file can't be opened.
    """
    try:
        url = make_url(address if "://" in address else f"sqlite:///{address}")
    except ArgumentError:
        raise ValueError("This is no address of a database.") from None
    kind = url.get_backend_name()
    if kind == "postgresql":
        limits = f"-c statement_timeout={int(wait * 1000)} -c lock_timeout={int(wait * 1000)} -c timezone=UTC"
        connect = {"connect_timeout": max(2, int(wait)), "options": limits, "application_name": name}
        options: Dict[str, Any] = {"pool_size": 8, "max_overflow": 8, "connect_args": connect}
        url = url.set(drivername="postgresql+psycopg2")
    elif kind == "sqlite" and url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        # A pool: opening the file for every message costs more than the message.
        options = {"poolclass": QueuePool, "connect_args": {"timeout": wait, "check_same_thread": False}}
    else:
        raise ValueError("Databases are SQLite files or PostgreSQL.")
    # hide_parameters: what customers wrote has no place in the text of an error.
    engine = sa.create_engine(url, future=True, hide_parameters=True, pool_timeout=wait, **options)
    if kind == "sqlite":
        sa.event.listen(engine, "connect", _prepare)
        sa.event.listen(engine, "begin", _begin)
        _switch_to_wal(engine)
        leave_no_old_copy(engine)
    else:
        try_idle_connections(engine)
    return engine


def reading(engine: Engine, mark: str = READING) -> Engine:
    """The same engine for what only reads: on SQLite it waits for no writer, on PostgreSQL a statement is one round
    trip instead of three, for it needs no transaction.

    Args:
        engine: of `open_engine`, or one whose "begin" heeds `mark`.
        mark: the execution option that says so.
    """
    reader = engine.execution_options(**{mark: True})
    if engine.dialect.name == "postgresql":
        # psycopg2's own switch, which says nothing to the server; SQLAlchemy's isolation level does so twice a look.
        sa.event.listen(reader, "begin", lambda c: _without_transactions(c.connection.dbapi_connection, True))
        if not sa.event.contains(engine, "checkin", _with_transactions_again):
            sa.event.listen(engine, "checkin", _with_transactions_again)
    return reader


def _without_transactions(connection: Any, wanted: bool) -> None:
    if connection is not None and connection.autocommit != wanted:
        connection.autocommit = wanted


def _with_transactions_again(connection: Any, _: Any) -> None:
    """A connection goes back to those that others take one from."""
    _without_transactions(connection, False)


def try_idle_connections(engine: Engine) -> None:
    """Tries a connection before it is used, as `pool_pre_ping` does, when it was not used for `IDLE` seconds: with a
    slow network a try each time makes every look twice as long."""

    def note(_: Any, record: Any) -> None:
        record.info["used"] = time.monotonic()

    def test(connection: Any, record: Any, _: Any) -> None:
        if time.monotonic() - record.info.get("used", math.inf) > IDLE:
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.dbapi.Error:
                raise InvalidatePoolError() from None

    sa.event.listen(engine, "checkin", note)
    sa.event.listen(engine, "checkout", test)


def _prepare(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # Python's sqlite3 would begin too late; _begin does it
    # synchronous=FULL: what was acknowledged outlives a power cut.
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # A transaction that starts as a reader can't wait for another writer: one of the two would fail at once.
    connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get(READING) else "BEGIN IMMEDIATE")


def _switch_to_wal(engine: Engine) -> None:
    """Readers and a writer at once. Of two that open a new file together one can't switch it yet, whence the tries."""
    for attempt in range(_TRIES):
        raw = engine.raw_connection()
        try:
            if raw.cursor().execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                raw.cursor().execute("PRAGMA journal_mode=WAL")
            return
        except engine.dialect.dbapi.OperationalError as error:
            if attempt == _TRIES - 1:
                raise sa.exc.OperationalError("PRAGMA journal_mode=WAL", {}, error) from None
            time.sleep(0.1)
        finally:
            raw.close()


def leave_no_old_copy(engine: Engine) -> None:
    """At start: a process that died may have erased something and not come to `leave_no_copy`. Waits for nobody."""
    if engine.dialect.name != "sqlite":
        return
    raw = engine.raw_connection()
    cursor = raw.cursor()
    wait = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
    try:
        cursor.execute("PRAGMA busy_timeout=0")
        with contextlib.suppress(engine.dialect.dbapi.OperationalError):
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        cursor.execute(f"PRAGMA busy_timeout={int(wait)}")
        raw.close()


def leave_no_copy(engine: Engine, tries: int = _TRIES) -> bool:
    """After something was erased: empties SQLite's write-ahead log. False when somebody reads all the time."""
    if engine.dialect.name != "sqlite":
        return True
    raw = engine.raw_connection()
    try:
        for left in reversed(range(tries)):
            with contextlib.suppress(engine.dialect.dbapi.OperationalError):
                if raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0:
                    return True
            if left:
                time.sleep(0.1)
        return False
    finally:
        raw.close()


class Turns:
    """Lets the threads of this process write to an SQLite file one after the other.

    Those that wait for SQLite's own lock sleep and try again, and under load the unlucky ones do so for seconds. Other
    databases need no turns.
    """

    def __init__(self, engine: Engine) -> None:
        """Takes the engine of the database."""
        self._lock: Optional[threading.Lock] = threading.Lock() if engine.dialect.name == "sqlite" else None

    @contextlib.contextmanager
    def begin(self, engine: Engine) -> Iterator[Connection]:
        """A transaction of an engine or of one with other execution options: committed at the end, else rolled back.

        Raises:
            sqlalchemy.exc.OperationalError: no turn within `TURN` seconds, or the database did not answer.
        """
        if self._lock is None:
            with engine.begin() as connection:
                yield connection
            return
        if not self._lock.acquire(timeout=TURN):
            raise sa.exc.OperationalError("BEGIN", {}, TimeoutError("other threads are writing"))
        try:
            with engine.begin() as connection:
                yield connection
        finally:
            self._lock.release()
