"""The database of the channels' messages: SQLite under `var/`, or PostgreSQL by address, shared by all processes.

What was answered or delivered is emptied at once: the words of a conversation are kept in Rasa's tracker only. A row
stays as long as its id is needed to recognise a delivery that comes again.
"""

from __future__ import annotations

import contextlib
import time
from functools import cache
from pathlib import Path
from typing import Any, Dict, Iterator, Sequence, Tuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.pool import QueuePool

from storage.engine import Turns, leave_no_copy, leave_no_old_copy, reading, try_idle_connections

WAITING, DONE, DEAD = "waiting", "done", "dead"
BUSY_TIMEOUT = 3  # seconds that a writer waits for another one: an apology must still come within 5
_LIMITS = f"-c statement_timeout={BUSY_TIMEOUT * 1000} -c lock_timeout={BUSY_TIMEOUT * 1000}"
_READING, _DURABLE = "channels_reading", "channels_durable"

metadata = sa.MetaData()
_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

conversations = sa.Table(
    "channel_conversations",
    metadata,
    sa.Column("conversation", sa.String(200), primary_key=True),
    sa.Column("channel", sa.String(32), nullable=False, index=True),
    sa.Column("recipient", sa.String(200), nullable=False),
    sa.Column("heard", sa.Float, nullable=False),  # when the customer last wrote
    # Who answers in it and who delivers in it: the order within a conversation is kept by having one of each.
    sa.Column("answered_by", sa.String(80), nullable=False, default=""),
    sa.Column("answered_until", sa.Float, nullable=False, default=0.0),
    sa.Column("delivered_by", sa.String(80), nullable=False, default=""),
    sa.Column("delivered_until", sa.Float, nullable=False, default=0.0),
)
incoming = sa.Table(
    "channel_incoming",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("channel", sa.String(32), nullable=False),
    sa.Column("message_key", sa.String(64), nullable=False),  # a digest: ids of some channels hold a phone number
    sa.Column("conversation", sa.String(200), nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False, default=0),
    sa.Column("received", sa.Float, nullable=False, index=True),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("body", sa.Text, nullable=False),
    sa.UniqueConstraint("channel", "message_key"),
    sa.Index("channel_incoming_turn", "state", "channel", "conversation", "sequence", "id"),
    sa.Index("channel_incoming_sequence", "channel", "sequence"),
)
outgoing = sa.Table(
    "channel_outgoing",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("channel", sa.String(32), nullable=False),
    sa.Column("conversation", sa.String(200), nullable=False),
    sa.Column("dedupe", sa.String(160), unique=True),
    sa.Column("made", sa.Float, nullable=False, index=True),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("next_try", sa.Float, nullable=False),
    sa.Column("empty_when_dead", sa.Boolean, nullable=False, default=False),
    sa.Column("receipt", sa.String(200), index=True),  # the channel's id of the message
    sa.Column("status", sa.String(32), nullable=False, default=""),  # what the channel reported: delivered, read, ...
    sa.Column("error", sa.String(200), nullable=False, default=""),
    sa.Column("body", sa.Text, nullable=False),
    sa.Index("channel_outgoing_turn", "state", "channel", "conversation", "id"),
)
offers = sa.Table(
    "channel_offers",
    metadata,
    sa.Column("conversation", sa.String(200), primary_key=True),
    sa.Column("token", sa.String(32), primary_key=True),
    sa.Column("answer", sa.Float, nullable=False),  # groups what was offered together; later ones are higher
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
)
humans = sa.Table(  # conversations in which a human talks, from the line that says so until the one that ends it
    "channel_humans",
    metadata,
    sa.Column("conversation", sa.String(200), primary_key=True),
)
marks = sa.Table(
    "channel_marks",
    metadata,
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("value", sa.String(200), nullable=False),
)


class Store:
    """The open database. Methods block for about a millisecond and may be called from any thread."""

    def __init__(self, address: str) -> None:
        """Opens the database at an SQLAlchemy address and makes its tables when they are not there."""
        url = make_url(address)
        self.is_sqlite: bool = url.get_backend_name() == "sqlite"
        connect = {"connect_timeout": BUSY_TIMEOUT, "options": _LIMITS}
        options: Any = {"pool_size": 10, "pool_timeout": BUSY_TIMEOUT, "connect_args": connect}
        if self.is_sqlite:
            if url.database:
                Path(url.database).parent.mkdir(parents=True, exist_ok=True)
            options = {
                "connect_args": {"timeout": BUSY_TIMEOUT, "check_same_thread": False},
                "poolclass": QueuePool,  # opening a file for each message costs more than the message
            }
        self._engine = sa.create_engine(url, future=True, hide_parameters=True, **options)
        if self.is_sqlite:
            sa.event.listen(self._engine, "connect", _prepare_sqlite)
            sa.event.listen(self._engine, "begin", _begin_sqlite)
        else:
            try_idle_connections(self._engine)
        self._turns = Turns(self._engine)
        self._reader = reading(self._engine, _READING)
        self._inserts: Dict[Any, Any] = {}
        self._durable = self._engine.execution_options(**{_DURABLE: True})
        try:
            metadata.create_all(self._engine)
        except (IntegrityError, ProgrammingError):  # another process made them at the same moment
            metadata.create_all(self._engine)
        leave_no_old_copy(self._engine)

    def close(self) -> None:
        """Closes all connections."""
        self._engine.dispose()

    @contextlib.contextmanager
    def writing(self, is_durable: bool = False) -> Iterator[Connection]:
        """One transaction: committed at the end, rolled back when anything is raised.

        Args:
            is_durable: outlives a power cut too, for which an SQLite file waits for the disk. What is written without
                it survives the process being killed, and after a power cut is done again.
        """
        with self._turns.begin(self._durable if is_durable else self._engine) as connection:
            yield connection

    def leave_no_copy(self) -> bool:
        """After something private was erased: empties SQLite's write-ahead log. False when somebody reads just now."""
        return leave_no_copy(self._engine)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that only reads."""
        with self._reader.connect() as connection:
            yield connection

    def insert_new(self, connection: Connection, table: sa.Table, **values: Any) -> bool:
        """Inserts a row unless one with the same key is there; returns whether it did."""
        values = {**_defaults(table), **values}
        return bool(connection.execute(self._insert(table, tuple(values)), values).rowcount)

    def put(self, connection: Connection, table: sa.Table, key: Sequence[str], **values: Any) -> None:
        """Inserts a row, or changes the given values of the one that is there."""
        changed = tuple(name for name in values if name not in key)
        values = {**_defaults(table), **values}
        connection.execute(self._insert(table, tuple(values), tuple(key), changed), values)

    def _insert(
        self, table: sa.Table, names: Tuple[str, ...], key: Tuple[str, ...] = (), changed: Tuple[str, ...] = ()
    ) -> Any:
        """The statement as text: SQLAlchemy 1.4 compiles one with ON CONFLICT anew each time, for a millisecond."""
        arguments = (table, names, key, changed)
        if arguments not in self._inserts:
            module = sqlite if self.is_sqlite else postgresql
            statement = module.insert(table).values({name: sa.bindparam(name) for name in names})
            if key:
                changes = {name: statement.excluded[name] for name in changed}
                statement = statement.on_conflict_do_update(index_elements=list(key), set_=changes)
            else:
                statement = statement.on_conflict_do_nothing()
            self._inserts[arguments] = sa.text(str(statement.compile(dialect=module.dialect(paramstyle="named"))))
        return self._inserts[arguments]

    def mark(self, name: str) -> str:
        """A value kept under a name, '' when there is none."""
        with self.reading() as connection:
            found = connection.execute(sa.select(marks.c.value).where(marks.c.name == name)).scalar()
        return str(found or "")

    def take_turn(self, name: str, owner: str, seconds: float) -> bool:
        """Whether it is this owner's turn at something that only one process does; it is for `seconds` from now on."""
        now = time.time()
        value = f"{now + seconds:017.3f} {owner}"
        with self.writing() as connection:
            if self.insert_new(connection, marks, name=name, value=value):
                return True
            is_ours = sa.or_(marks.c.value.endswith(f" {owner}", autoescape=True), marks.c.value < f"{now:017.3f}")
            changed = connection.execute(sa.update(marks).where(marks.c.name == name, is_ours).values(value=value))
            return bool(changed.rowcount)

    def set_mark(self, name: str, value: str) -> None:
        """Keeps a value of 200 characters at most under a name."""
        with self.writing() as connection:
            self.put(connection, marks, ["name"], name=name, value=value)


@cache
def open_store(address: str) -> Store:
    """The store at an address, one per process."""
    return Store(address)


def free_ones(is_free: Any) -> Any:
    """Locks those of the `wanted` conversations that nobody has, and names them.

    Always in one order and past those that another process is taking, so that no two wait for each other.

    Args:
        is_free: the condition that nobody has a conversation.
    """
    return (
        sa.select(conversations.c.conversation)
        .where(conversations.c.conversation.in_(sa.bindparam("wanted", expanding=True)))
        .where(is_free)
        .order_by(conversations.c.conversation)
        .with_for_update(skip_locked=True)
    )


def _defaults(table: sa.Table) -> Dict[str, Any]:
    return {column.name: column.default.arg for column in table.columns if column.default is not None}


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # this module says when a transaction begins
    for pragma in ("journal_mode=WAL", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its turn at the start: one that reads first and then finds the file changed can't wait any more.
    options = connection.get_execution_options()
    if options.get(_READING):
        connection.exec_driver_sql("BEGIN")
        return
    connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if options.get(_DURABLE) else 'NORMAL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
