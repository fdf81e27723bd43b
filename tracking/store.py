"""Where conversations are kept: events are only ever added, the latest are at hand in memory.

Rasa's SQL store counts a conversation's events at every save, reads the whole session at every message and adds each
event as an object. Here a session is read once and then kept in memory while it is used; what a message adds is one
statement, in a transaction that messages of other conversations share when they are saved at the same moment. A save
returns when the database has it on disk (SQLite: WAL with synchronous=FULL; PostgreSQL: its own commit).

Several processes may share a PostgreSQL database: before a conversation in memory is used, its last event's number is
compared with the database, and it is read anew when another process has written to it. The lock per conversation
(Redis, when there are several processes) keeps two of them from answering the same one at once, as with Rasa's store.

The table is Rasa's own (`events`), so that a database made by Rasa's store is taken over as it is.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import queue
import sqlite3
import threading
from collections import OrderedDict
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Tuple

import sqlalchemy as sa
import ujson
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import SessionStarted, deserialise_events
from rasa.shared.core.trackers import DialogueStateTracker

from answering.redact import redact_events
from monitoring import metrics
from storage.engine import leave_no_copy, leave_no_old_copy, reading, try_idle_connections
from tracking.slim import slim
from tracking.tracker import ConversationTracker

logger = logging.getLogger(__name__)

KEPT_CONVERSATIONS = 2_000
KEPT_EVENTS = 20_000  # of all conversations in memory together; about 1 kB each, see tracking/slim.py
WAIT = 2  # seconds for a locked or absent database: an apology must still come within 5
_BATCH = 64  # saves in one transaction at most

metadata = sa.MetaData()
EVENTS = sa.Table(
    "events",
    metadata,
    sa.Column("id", sa.Integer, sa.Sequence("events_id_seq", optional=True), primary_key=True),
    sa.Column("sender_id", sa.String(255), nullable=False, index=True),
    sa.Column("type_name", sa.String(255), nullable=False),
    sa.Column("timestamp", sa.Float),
    sa.Column("intent_name", sa.String(255)),
    sa.Column("action_name", sa.String(255)),
    sa.Column("data", sa.Text),
)
SESSIONS_INDEX = sa.Index("ix_events_sender_type_id", EVENTS.c.sender_id, EVENTS.c.type_name, EVENTS.c.id)
_COLUMNS = ("sender_id", "type_name", "timestamp", "intent_name", "action_name", "data")

Row = Tuple[Any, ...]
Work = Callable[[Any], Any]


def address_of(setting: str) -> str:
    """The SQLAlchemy address that SCHAKEL_CONVERSATIONS stands for: itself, or an SQLite file."""
    return setting if "://" in setting else f"sqlite:///{setting}"


def open_engine(address: str) -> Any:
    """The database with its table and indexes.

    Raises:
        sqlalchemy.exc.OperationalError: it can't be reached.
    """
    url = sa.engine.make_url(address)
    if url.get_backend_name() == "sqlite":
        if url.database and url.database != ":memory:":
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(
            url,
            future=True,
            hide_parameters=True,
            connect_args={"check_same_thread": False, "timeout": WAIT},
            poolclass=sa.pool.NullPool,
        )
        sa.event.listen(engine, "connect", _set_up_sqlite)
    else:
        options = f"-c statement_timeout={WAIT * 1000} -c lock_timeout={WAIT * 1000}"
        engine = sa.create_engine(
            url,
            future=True,
            hide_parameters=True,  # what customers wrote has no place in the text of an error
            executemany_mode="values_plus_batch",  # many updates in one trip, when something is redacted
            pool_size=8,
            max_overflow=8,
            pool_timeout=WAIT,
            connect_args={"connect_timeout": WAIT, "options": options},
        )
        try_idle_connections(engine)
    metadata.create_all(engine)
    SESSIONS_INDEX.create(engine, checkfirst=True)  # for a table that Rasa's own store made
    leave_no_old_copy(engine)
    return engine


def _set_up_sqlite(connection: Any, _: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", f"busy_timeout={WAIT * 1000}"):
        connection.execute(f"PRAGMA {pragma}")


def _END(_: Any) -> None:  # noqa: N802 (a mark, like a constant)
    """Stands for the end in the queue of writes."""


def _begun(jobs: List[Tuple[Work, "Future[Any]", bool]]) -> List[Tuple[Work, "Future[Any]", bool]]:
    """What still has somebody waiting for it. From here on it can't be cancelled: a result for a cancelled one would
    end the thread, and with it all saving."""
    return [job for job in jobs if job[1].set_running_or_notify_cancel()]


class _Writer:
    """One thread that writes; what waits for it together goes into one transaction."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self._waiting: "queue.SimpleQueue[Tuple[Work, Future[Any], bool]]" = queue.SimpleQueue()
        self._thread: Optional[threading.Thread] = None
        self._lock = threading.Lock()
        self._connection: Any = None

    def submit(self, work: Work, alone: bool = False) -> "Future[Any]":
        """Has `work(connection)` done in a transaction; the result comes when it is on disk."""
        result: "Future[Any]" = Future()
        self._waiting.put((work, result, alone))
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="conversations", daemon=True)
                    self._thread.start()
        return result

    def close(self) -> None:
        """Writes what waits, then ends the thread."""
        if self._thread is not None:
            self.submit(_END, alone=True).result()
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while True:
            jobs = [self._waiting.get()]
            if jobs[0][0] is _END:
                if self._connection is not None:
                    self._connection.close()
                    self._connection = None
                jobs[0][1].set_result(None)
                return
            while len(jobs) < _BATCH and not jobs[-1][2]:
                try:
                    jobs.append(self._waiting.get_nowait())
                except queue.Empty:
                    break
            alone = jobs.pop() if len(jobs) > 1 and jobs[-1][2] else None
            self._do(_begun(jobs))
            if alone is not None and alone[0] is _END:
                self._waiting.put(alone)
            elif alone is not None:
                self._do(_begun([alone]))

    def _do(self, jobs: List[Tuple[Work, "Future[Any]", bool]]) -> None:
        if not jobs:
            return
        try:
            results = self._in_one_transaction([work for work, _, _ in jobs])
        except Exception as error:
            if len(jobs) == 1:
                jobs[0][1].set_exception(error)
                return
            for job in jobs:  # one of them may be the cause: each for itself
                self._do([job])
            return
        for (_, future, _), result in zip(jobs, results):
            future.set_result(result)

    def _in_one_transaction(self, works: Sequence[Work]) -> List[Any]:
        if self._connection is None:
            self._connection = self._engine.connect()
        try:
            results = [work(self._connection) for work in works]
            self._connection.commit()
            return results
        except Exception:
            connection, self._connection = self._connection, None
            connection.invalidate()  # its state is unknown; the next one begins anew
            connection.close()
            raise


class ConversationStore(TrackerStore):
    """Rasa's tracker store (`tracker_store:` in endpoints.yml)."""

    def __init__(
        self, domain: Optional[Domain] = None, host: Optional[str] = None, event_broker: Any = None, **kwargs: Any
    ) -> None:
        """Opens the database.

        Args:
            domain: of the model.
            host: file or SQLAlchemy address (`url:` in endpoints.yml).
            event_broker: where Rasa also sends events, if anywhere.
            kwargs: nothing more.

        Raises:
            sqlalchemy.exc.OperationalError: the database can't be reached.
        """
        super().__init__(domain, event_broker)
        self.engine = open_engine(address_of(host or "var/conversations.db"))
        self._is_sqlite = self.engine.dialect.name == "sqlite"
        self._without_transactions = reading(self.engine)
        self._mark = "?" if self._is_sqlite else "%s"
        self._writer = _Writer(self.engine)
        self._reader: Any = None
        self._kept: "OrderedDict[str, ConversationTracker]" = OrderedDict()
        self._kept_events = 0
        self._versions: Dict[str, int] = {}  # raised by redact and delete: what is in hand meanwhile is not kept
        self._guard = threading.RLock()
        self._inserts: Dict[int, str] = {}

    # --- Rasa's side -----------------------------------------------------------------------------------------------

    @property
    def domain(self) -> Domain:
        """The model's domain."""
        return self._domain

    @domain.setter
    def domain(self, domain: Optional[Domain]) -> None:
        self._domain = domain or Domain.empty()
        with self._guard:
            self._kept.clear()  # their slots are those of another domain
            self._kept_events = 0

    def init_tracker(self, sender_id: str) -> ConversationTracker:
        """An empty conversation."""
        tracker = ConversationTracker(sender_id, self.domain.slots, max_event_history=self.max_event_history)
        tracker.stored, tracker.version = 0, self._version(sender_id)
        return tracker

    async def retrieve(self, sender_id: str) -> Optional[DialogueStateTracker]:
        """The latest session of a conversation, None for one that has no events."""
        with metrics.timed("store_read"):
            kept = self._take(sender_id)
            if self._is_sqlite:  # a few microseconds, less than handing it to a thread
                return self._current(sender_id, kept)
            return await asyncio.get_running_loop().run_in_executor(None, self._current, sender_id, kept)

    async def retrieve_full_tracker(self, conversation_id: str) -> Optional[DialogueStateTracker]:
        """All sessions of a conversation."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, self._read, conversation_id, False)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Adds what is new; returns when it is on disk.

        Raises:
            sqlalchemy.exc.DBAPIError: the database refused or did not answer; nothing of it was stored.
        """
        if self.event_broker is not None:
            await self.stream_events(tracker)
        # A tracker of Rasa's fallback is compared with the database, which may be slow: never in the event loop.
        is_ours = getattr(tracker, "stored", None) is not None
        loop = asyncio.get_running_loop()
        first = self._first_new(tracker) if is_ours else await loop.run_in_executor(None, self._first_new, tracker)
        events = list(itertools.islice(tracker.events, first, None))
        last_id = getattr(tracker, "last_id", None)
        if events:
            rows = [_row(tracker.sender_id, event.as_dict()) for event in events]
            with metrics.timed("store_save"):
                last_id = await asyncio.wrap_future(self._writer.submit(lambda c: self._insert(c, rows)))
        if isinstance(tracker, ConversationTracker):
            tracker.stored, tracker.last_id = first + len(events), last_id
            self._keep(tracker, any(isinstance(event, SessionStarted) for event in events))

    async def keys(self) -> Iterable[str]:
        """Ids of all conversations."""
        return await asyncio.get_running_loop().run_in_executor(None, self._all_keys)

    # --- privacy ---------------------------------------------------------------------------------------------------

    def redact(self, sender_id: str, values: List[str]) -> None:
        """Replaces values in all stored events of a conversation; when it returns they are gone from the disk.

        Args:
            sender_id: the conversation.
            values: see `answering.redact.redact_events`.
        """

        def work(connection: Any) -> None:
            rows = connection.execute(
                sa.select(EVENTS.c.id, EVENTS.c.data).where(EVENTS.c.sender_id == sender_id)
            ).all()
            cleaned = redact_events([json.loads(row.data) for row in rows], values)
            changed = [
                {"number": row.id, "new": json.dumps(event)}
                for row, event in zip(rows, cleaned)
                if event != json.loads(row.data)
            ]
            if changed:
                statement = sa.update(EVENTS).where(EVENTS.c.id == sa.bindparam("number"))
                connection.execute(statement.values(data=sa.bindparam("new")), changed)

        self._forget(sender_id)
        self._writer.submit(work, alone=True).result()
        self._clean_disk()
        self._forget(sender_id)

    def delete(self, sender_id: str) -> int:
        """Deletes a conversation; gives the number of events that there were."""

        def work(connection: Any) -> int:
            return int(connection.execute(sa.delete(EVENTS).where(EVENTS.c.sender_id == sender_id)).rowcount)

        self._forget(sender_id)
        count: int = self._writer.submit(work, alone=True).result()
        self._clean_disk()
        self._forget(sender_id)
        return count

    def _clean_disk(self) -> None:
        """Takes old pages out of SQLite's write-ahead log, where deleted texts would stay for a while."""
        leave_no_copy(self.engine, tries=10)

    def close(self) -> None:
        """Finishes what is waiting and closes the database."""
        self._writer.close()
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        self.engine.dispose()

    # --- memory ----------------------------------------------------------------------------------------------------

    def _version(self, sender_id: str) -> int:
        return self._versions.get(sender_id, 0)

    def _take(self, sender_id: str) -> Optional[ConversationTracker]:
        """Out of memory while it is in use: a message that fails halfway leaves no trace."""
        with self._guard:
            kept = self._kept.pop(sender_id, None)
            if kept is not None:
                self._kept_events -= len(kept.events)
            return kept

    def _keep(self, tracker: ConversationTracker, is_new_session: bool) -> None:
        version = tracker.version
        if is_new_session:
            tracker = self._latest_session(tracker)
        tracker.slimmed = slim(tracker.events, tracker.slimmed)
        with self._guard:
            if version != self._version(tracker.sender_id) or tracker._max_event_history is not None:
                return
            old = self._kept.pop(tracker.sender_id, None)
            self._kept_events += len(tracker.events) - (len(old.events) if old is not None else 0)
            self._kept[tracker.sender_id] = tracker
            while len(self._kept) > KEPT_CONVERSATIONS or (self._kept_events > KEPT_EVENTS and len(self._kept) > 1):
                _, oldest = self._kept.popitem(last=False)
                self._kept_events -= len(oldest.events)

    def _latest_session(self, tracker: ConversationTracker) -> ConversationTracker:
        """The tracker as it would be read from the database: without the sessions before."""
        events = tracker.events
        start = next((i for i in range(len(events) - 1, -1, -1) if isinstance(events[i], SessionStarted)), 0)
        if start == 0:
            return tracker
        latest = self._from_events(tracker.sender_id, list(events)[start:])
        latest.last_id, latest.version = tracker.last_id, tracker.version
        return latest

    def _from_events(self, sender_id: str, events: List[Any]) -> ConversationTracker:
        tracker = ConversationTracker(sender_id, self.domain.slots)
        for event in events:
            tracker.update(event)
        tracker.stored = len(events)
        return tracker

    def _forget(self, sender_id: str) -> None:
        with self._guard:
            self._versions[sender_id] = self._version(sender_id) + 1
            self._take(sender_id)

    # --- database --------------------------------------------------------------------------------------------------

    def _current(self, sender_id: str, kept: Optional[ConversationTracker]) -> Optional[DialogueStateTracker]:
        version = self._version(sender_id)  # first: what is redacted from here on makes this one not worth keeping
        is_whole = kept is not None and kept.stored == len(kept.events) and kept.last_id is not None
        if kept is not None and is_whole and self._last_id(sender_id) == kept.last_id:
            kept.version = version
            return kept
        tracker = self._read(sender_id, True)
        if tracker is not None:
            tracker.version = version
        return tracker

    def _rows(self, statement: str, *values: Any) -> List[Any]:
        """Reads with a kept connection; a broken one is replaced once."""
        if not self._is_sqlite:
            with self._without_transactions.connect() as connection:
                return list(connection.exec_driver_sql(statement.replace("?", "%s"), values).all())
        with self._guard:
            if self._reader is None:
                self._reader = self.engine.raw_connection()
            try:
                return list(self._reader.driver_connection.execute(statement, values).fetchall())
            except Exception:
                self._reader.invalidate()
                self._reader = None
                raise

    def _last_id(self, sender_id: str) -> Optional[int]:
        found: Optional[int] = self._rows("SELECT max(id) FROM events WHERE sender_id = ?", sender_id)[0][0]
        return found

    def _read(self, sender_id: str, latest_session_only: bool) -> Optional[ConversationTracker]:
        first = 0
        if latest_session_only:
            query = "SELECT max(id) FROM events WHERE sender_id = ? AND type_name = ?"
            first = self._rows(query, sender_id, SessionStarted.type_name)[0][0] or 0
        rows = self._rows("SELECT id, data FROM events WHERE sender_id = ? AND id >= ? ORDER BY id", sender_id, first)
        if not rows:
            return None
        # All at once: in less time, and the events share the texts of their keys.
        events = json.loads(f"[{','.join(row[1] for row in rows)}]")
        tracker = self._from_events(sender_id, deserialise_events(events))
        tracker.stored, tracker.last_id = len(tracker.events), rows[-1][0]
        return tracker

    def _first_new(self, tracker: DialogueStateTracker) -> int:
        """Position of the first event that is not stored yet."""
        stored = getattr(tracker, "stored", None)
        if stored is not None:
            return int(stored)
        known = self._read(tracker.sender_id, True)  # a tracker of somebody else's making
        return len(known.events) if known is not None else 0

    def _insert(self, connection: Any, rows: List[Row]) -> int:
        statement = self._inserts.get(len(rows))
        if statement is None:
            places = ", ".join(["({})".format(", ".join([self._mark] * len(_COLUMNS)))] * len(rows))
            names = ", ".join(_COLUMNS)
            statement = f"INSERT INTO events ({names}) VALUES {places} RETURNING id"  # noqa: S608 (no values in it)
            self._inserts[len(rows)] = statement
        values = tuple(value for row in rows for value in row)
        if self._is_sqlite:  # past SQLAlchemy, which takes longer than SQLite itself
            if not connection.in_transaction():
                connection.begin()  # or its commit would do nothing
            driver = connection.connection.driver_connection
            try:
                return int(max(row[0] for row in driver.execute(statement, values).fetchall()))
            except sqlite3.Error as error:
                raise sa.exc.OperationalError(None, None, error) from error
        return int(max(row[0] for row in connection.exec_driver_sql(statement, values).all()))

    def _all_keys(self) -> List[str]:
        return [row[0] for row in self._rows("SELECT DISTINCT sender_id FROM events ORDER BY sender_id")]


def _row(sender_id: str, data: Dict[str, Any]) -> Row:
    intent = data.get("parse_data", {}).get("intent", {}).get("name")
    return (
        sender_id,
        data["event"],
        data.get("timestamp"),
        intent,
        data.get("name"),
        ujson.dumps(data, escape_forward_slashes=False),
    )
