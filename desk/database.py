"""The desk's database: SQLite under `var/`, or PostgreSQL by address. Migrated when it is opened."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import Iterator, Optional

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker

from storage.engine import open_engine, reading

logger = logging.getLogger(__name__)

VERSION_TABLE = "desk_version"
NEWEST = "0002"  # of desk/migrations; a database that has it is opened without alembic, half a second of every start
BUSY_TIMEOUT = 2_000  # milliseconds that a writer waits for another one: an action has 3 seconds for all it does
_LOCK = 0x5C4A4B31  # of PostgreSQL's advisory locks; any number, the same in every process
_WAL_TRIES = 50
_GONE = (OperationalError, InterfaceError, PoolTimeout)


class DeskUnavailable(Exception):
    """The database is locked, full or gone. The message holds no data of a customer and can be logged."""


class Database:
    """An open database. Safe to use from several threads and processes at once."""

    def __init__(self, engine: Engine) -> None:
        """Takes over an engine; use `open_database`."""
        self.engine = engine
        self.is_sqlite: bool = engine.dialect.name == "sqlite"
        self._writing = sessionmaker(engine, future=True, expire_on_commit=False)
        self._reading = sessionmaker(reading(engine), future=True, expire_on_commit=False, autoflush=False)

    @contextlib.contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction that may write: committed at the end, rolled back when anything is raised.

        Raises:
            DeskUnavailable: the database can't be reached or stays locked for 5 seconds.
        """
        with _told_apart(), self._writing.begin() as session:
            yield session

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """One transaction that only reads; never waits for a writer on SQLite. Raises `DeskUnavailable`."""
        with _told_apart(), self._reading() as session:
            yield session

    def take_turns(self, session: Session, name: str) -> None:
        """Lets others that use the same name wait until this transaction ends; on SQLite writers wait anyway."""
        if not self.is_sqlite:
            session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK, sa.func.hashtext(name))))

    def scrub(self) -> None:
        """After something was erased: leaves no copy of it in SQLite's log, and lets PostgreSQL reuse the space.

        Raises:
            DeskUnavailable: somebody kept reading or writing all the time.
        """
        if not self.is_sqlite:
            with _told_apart(), self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM")
            return
        raw = self.engine.raw_connection()  # outside any transaction
        try:
            with _driver_told_apart(self.engine):
                for _ in range(_WAL_TRIES):
                    if raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0:
                        return
                    time.sleep(0.1)
        finally:
            raw.close()
        raise DeskUnavailable("The log of the database is in use all the time; erase again to clear it.")

    def close(self) -> None:
        """Closes all connections."""
        self.engine.dispose()


def open_database(address: str, wait: Optional[float] = None) -> Database:
    """Opens and migrates.

    Args:
        address: SQLAlchemy's, such as sqlite:///var/desk.db or postgresql://user:secret@host/name.
        wait: seconds for a lock or a connection; `BUSY_TIMEOUT` when left out.

    Raises:
        ValueError: no address of SQLite or PostgreSQL.
        DeskUnavailable: it can't be reached.
    """
    wait = BUSY_TIMEOUT / 1000 if wait is None else wait
    if "://" not in address:
        raise ValueError("SCHAKEL_DESK_DATABASE is no address of a database.")
    try:
        with _told_apart():
            engine = open_engine(address, wait, "schakel-desk")
    except ValueError as error:
        raise ValueError(f"SCHAKEL_DESK_DATABASE: {error}") from None
    try:
        with _told_apart():
            _migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return Database(engine)


def _migrate(engine: Engine) -> None:
    """Brings the tables up to date; of several processes one does it and the others wait."""
    with reading(engine).connect() as connection:
        if _version(connection) == NEWEST:
            return
    from desk import migrating

    with engine.begin() as connection:  # SQLite: BEGIN IMMEDIATE is the lock
        if engine.dialect.name == "postgresql":
            for limit in ("lock_timeout", "statement_timeout"):  # who migrates may take long; the others wait for it
                connection.execute(sa.text(f"SET LOCAL {limit} = 0"))
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        if _version(connection) != NEWEST:
            migrating.upgrade(connection)


def _version(connection: Connection) -> Optional[str]:
    """What alembic noted; None for an empty database."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    found: Optional[str] = connection.execute(
        sa.select(sa.column("version_num")).select_from(sa.table(VERSION_TABLE))
    ).scalar()
    return found


@contextlib.contextmanager
def _told_apart() -> Iterator[None]:
    """Turns "locked", "gone" and "full" into `DeskUnavailable`; other errors are mistakes and stay what they are."""
    try:
        yield
    except _GONE as error:
        raise DeskUnavailable(f"The desk's database does not answer ({_reason(error)}).") from None
    except DBAPIError as error:
        reason = _reason(error)
        if error.connection_invalidated:
            raise DeskUnavailable(f"The desk's database went away ({reason}).") from None
        if type(error) is DatabaseError:  # a file that is damaged or something else
            raise DeskUnavailable(f"The desk's database can't be used ({reason}).") from None
        # PostgreSQL quotes the whole row in the lines after the first, and some logs print every cause.
        error.args, error.orig = (reason,), None
        raise error from None


@contextlib.contextmanager
def _driver_told_apart(engine: Engine) -> Iterator[None]:
    try:
        yield
    except engine.dialect.dbapi.OperationalError as error:
        raise DeskUnavailable(f"The desk's database does not answer ({error}).") from None


def _reason(error: Exception) -> str:
    """The first line of the driver's own words; never the statement or its values."""
    lines = str(getattr(error, "orig", None) or type(error).__name__).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
