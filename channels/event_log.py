"""The web chat's durable log: what was said in each session, numbered, so that nothing is lost or doubled.

A visitor's message is stored before it is answered and marked as answered in the same transaction that stores its
replies. What a stop interrupts is thus found again at the next start.
"""

from __future__ import annotations

import contextlib
import json
import math
import time
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence, Tuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from answering.redact import redact_data, redactor
from storage.engine import Turns, leave_no_copy, open_engine, reading

OPEN, HANDOVER, HUMAN, ENDED = "open", "overname", "mens", "afgesloten"
STATES = (OPEN, HANDOVER, HUMAN, ENDED)
MAX_ATTEMPTS = 2

_metadata = sa.MetaData()
_sessions = sa.Table(
    "web_sessions",
    _metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("seen", sa.Float, nullable=False, index=True),
    sa.Column("last", sa.Integer, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
)
_events = sa.Table(
    "web_events",
    _metadata,
    sa.Column("session", sa.String(64), sa.ForeignKey("web_sessions.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("client_id", sa.String(64)),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("answered", sa.Boolean, nullable=False, default=True),
    sa.Column("rating", sa.String(4)),
    sa.Column("body", sa.Text, nullable=False),
    sa.UniqueConstraint("session", "client_id"),
    sa.Index("web_events_open", "answered", "session"),
)


class SessionGone(Exception):
    """The session was deleted, by its visitor or because it grew too old."""


@dataclass(frozen=True)
class Question:
    """A visitor's message that waits for its answer; `attempts` counts how often answering it was begun."""

    number: int
    text: str
    attempts: int


class EventLog:
    """The log in an SQL database. Methods block for about a millisecond and may be called from any thread."""

    def __init__(self, address: str) -> None:
        """Opens the database at an SQLAlchemy address and makes its tables when they are not there."""
        self._engine = open_engine(address, name="schakel-web")
        self._turns = Turns(self._engine)
        self._reader = reading(self._engine)
        _metadata.create_all(self._engine)

    def close(self) -> None:
        """Closes all connections."""
        self._engine.dispose()

    def open_session(self, session: str) -> None:
        """Makes a new, empty session."""
        with self._turns.begin(self._engine) as connection:
            connection.execute(sa.insert(_sessions).values(id=session, seen=time.time(), last=0, state=OPEN))

    def state(self, session: str) -> str:
        """One of `STATES`. Raises `SessionGone`."""
        with self._reader.connect() as connection:
            return _state(connection, session)

    def add_question(self, session: str, client_id: str, text: str) -> Tuple[int, bool]:
        """Stores what the visitor said.

        Args:
            session: the session.
            client_id: the client's own id of this message; the same id is stored once.
            text: the cleaned text.

        Returns:
            The message's number and whether it is new.

        Raises:
            SessionGone: there is no such session.
        """
        values: Dict[str, Any] = {"kind": "user", "client_id": client_id, "answered": False}
        for attempt in range(2):
            try:
                with self._turns.begin(self._engine) as connection:
                    known = _number_of(connection, session, client_id)
                    if known is not None:
                        return known, False
                    label = _label(connection, session, text)
                    body = {"text": text, **({"label": label} if label else {})}
                    return _append(connection, session, body, **values), True
            except IntegrityError:  # the same message came in twice at once; now it is there
                if attempt:
                    raise
        raise AssertionError("unreachable")

    def next_question(self, session: str) -> Optional[Question]:
        """The oldest message without an answer, and counts the attempt; None when all are answered."""
        columns = (_events.c.number, _events.c.body, _events.c.attempts)
        with self._turns.begin(self._engine) as connection:
            row = connection.execute(
                sa.select(*columns)
                .where(_events.c.session == session, _events.c.answered.is_(False))
                .order_by(_events.c.number)
                .limit(1)
            ).first()
            if row is None:
                return None
            connection.execute(
                sa.update(_events)
                .where(_events.c.session == session, _events.c.number == row.number)
                .values(attempts=row.attempts + 1)
            )
        return Question(row.number, json.loads(row.body)["text"], row.attempts)

    def add_replies(self, session: str, question: int, replies: Sequence[Dict[str, Any]], state: str = "") -> bool:
        """Stores all replies to a message and marks it as answered, or does nothing when it was.

        Args:
            session: the session; one that was deleted meanwhile is left alone.
            question: the number of the message.
            replies: bodies as the client gets them.
            state: the session's new state, '' to leave it.

        Returns:
            False when a human has the conversation: the assistant must not talk in it, so nothing was stored and the
            message still waits.
        """
        with self._turns.begin(self._engine) as connection:
            # The update comes first, as in `_append`: no human can come in between looking and storing.
            free = sa.update(_sessions).where(_sessions.c.id == session, _sessions.c.state != HUMAN)
            if connection.execute(free.values(last=_sessions.c.last)).rowcount == 0:
                there = sa.select(_sessions.c.id).where(_sessions.c.id == session)
                return connection.execute(there).first() is None
            changed = connection.execute(
                sa.update(_events)
                .where(_events.c.session == session, _events.c.number == question, _events.c.answered.is_(False))
                .values(answered=True)
            )
            if changed.rowcount == 0:
                return True
            for reply in replies:
                _append(connection, session, {**reply, "reply_to": question}, kind="bot")
            if state:
                _set_state(connection, session, state)
        return True

    def mark_passed_on(self, session: str, question: int) -> None:
        """A human has the message; the assistant need not answer it."""
        with self._turns.begin(self._engine) as connection:
            connection.execute(
                sa.update(_events)
                .where(_events.c.session == session, _events.c.number == question)
                .values(answered=True)
            )

    def deliver(self, session: str, key: str, text: str, sender: str = "", state: str = "") -> None:
        """Stores what a human says, or a line about the conversation together with the state that begins with it.

        Args:
            session: the session.
            key: of this line; the same one is stored once.
            text: plain text.
            sender: the human's name, '' for a line about the conversation.
            state: the session's new state, '' to leave it.

        Raises:
            SessionGone: there is no such session.
        """
        with (
            contextlib.suppress(IntegrityError),
            self._turns.begin(self._engine) as connection,
        ):  # the same line at once
            _state(connection, session)
            if _number_of(connection, session, key) is not None:
                return
            if state:
                connection.execute(sa.update(_sessions).where(_sessions.c.id == session).values(state=state))
                _append(connection, session, {"state": state, "text": text}, kind="state", client_id=key)
            else:
                body = {"text": text, **({"van": sender} if sender else {})}
                _append(connection, session, body, kind="bot", client_id=key)

    def set_state(self, session: str, state: str) -> None:
        """Tells the visitor's chat that the conversation is being taken over, is with a human, ended or open."""
        with self._turns.begin(self._engine) as connection:
            _set_state(connection, session, state)

    def events(self, session: str, after: int) -> Tuple[List[Dict[str, Any]], bool]:
        """What happened in a session.

        Returns:
            The events with a number above `after`, oldest first, as the client gets them, and whether a message
            still waits for its answer.

        Raises:
            SessionGone: there is no such session.
        """
        with self._reader.connect() as connection:
            _state(connection, session)
            rows = connection.execute(
                sa.select(_events)
                .where(_events.c.session == session, _events.c.number > after)
                .order_by(_events.c.number)
            ).all()
            waiting = connection.execute(
                sa.select(_events.c.number).where(_events.c.session == session, _events.c.answered.is_(False)).limit(1)
            ).first()
        return [_as_event(row) for row in rows], waiting is not None

    def rate(self, session: str, number: int, rating: Optional[str]) -> bool:
        """Keeps the visitor's opinion ('up', 'down' or None) of an answer; False when there is no such answer."""
        with self._turns.begin(self._engine) as connection:
            changed = connection.execute(
                sa.update(_events)
                .where(_events.c.session == session, _events.c.number == number, _events.c.kind == "bot")
                .values(rating=rating)
            )
        return bool(changed.rowcount)

    def sessions_with_questions(self, before: float = math.inf) -> List[str]:
        """Sessions in which a message that came before a moment (seconds since 1970) waits for its answer."""
        statement = sa.select(_events.c.session).where(_events.c.answered.is_(False)).distinct()
        if before != math.inf:
            statement = statement.where(_events.c.at < before)
        with self._reader.connect() as connection:
            return list(connection.execute(statement).scalars())

    def sessions_unseen_since(self, moment: float) -> List[str]:
        """Sessions whose last message is older than `moment` (seconds since 1970)."""
        with self._reader.connect() as connection:
            return list(connection.execute(sa.select(_sessions.c.id).where(_sessions.c.seen < moment)).scalars())

    def redact(self, session: str, values: Sequence[str]) -> None:
        """Replaces private texts in all that was said in a session."""
        replace = redactor(values)
        with self._turns.begin(self._engine) as connection:
            rows = connection.execute(
                sa.select(_events.c.number, _events.c.body).where(_events.c.session == session)
            ).all()
            for row in rows:
                body = json.loads(row.body)
                changed = redact_data(body, replace)
                if changed != body:
                    connection.execute(
                        sa.update(_events)
                        .where(_events.c.session == session, _events.c.number == row.number)
                        .values(body=json.dumps(changed, ensure_ascii=False))
                    )
        leave_no_copy(self._engine)  # when somebody reads just now, a later one does it

    def clear(self, session: str, replies: Sequence[Dict[str, Any]] = ()) -> None:
        """Deletes all that was said in a session but not the session; these replies are the first of what follows."""
        with self._turns.begin(self._engine) as connection:
            connection.execute(sa.delete(_events).where(_events.c.session == session))
            for reply in replies:
                _append(connection, session, reply, kind="bot")
        leave_no_copy(self._engine)  # when somebody reads just now, a later one does it

    def delete(self, session: str) -> None:
        """Deletes the session and all that was said in it."""
        with self._turns.begin(self._engine) as connection:
            connection.execute(sa.delete(_events).where(_events.c.session == session))
            connection.execute(sa.delete(_sessions).where(_sessions.c.id == session))


def _state(connection: Connection, session: str) -> str:
    state = connection.execute(sa.select(_sessions.c.state).where(_sessions.c.id == session)).scalar()
    if state is None:
        raise SessionGone(session)
    return str(state)


def _append(connection: Connection, session: str, body: Dict[str, Any], **values: Any) -> int:
    # The update comes first: it takes the session's lock, so that no two events get one number.
    now = time.time()
    changed = connection.execute(
        sa.update(_sessions).where(_sessions.c.id == session).values(last=_sessions.c.last + 1, seen=now)
    )
    if changed.rowcount == 0:
        raise SessionGone(session)
    number = int(connection.execute(sa.select(_sessions.c.last).where(_sessions.c.id == session)).scalar_one())
    text = json.dumps(body, ensure_ascii=False)
    connection.execute(sa.insert(_events).values(session=session, number=number, at=now, body=text, **values))
    return number


def _set_state(connection: Connection, session: str, state: str) -> None:
    if state not in STATES:
        raise ValueError(f"{state} is no state of a conversation")
    if _state(connection, session) != state:
        connection.execute(sa.update(_sessions).where(_sessions.c.id == session).values(state=state))
        _append(connection, session, {"state": state}, kind="state")


def _number_of(connection: Connection, session: str, client_id: str) -> Optional[int]:
    statement = sa.select(_events.c.number).where(_events.c.session == session, _events.c.client_id == client_id)
    number: Optional[int] = connection.execute(statement).scalar()
    return number


def _label(connection: Connection, session: str, text: str) -> str:
    """The title of the button that was offered last with this text as its payload, '' when there is none."""
    body = connection.execute(
        sa.select(_events.c.body)
        .where(_events.c.session == session, _events.c.kind == "bot")
        .order_by(_events.c.number.desc())
        .limit(1)
    ).scalar()
    buttons = json.loads(body).get("buttons", []) if body else []
    return next((button["title"] for button in buttons if button["payload"] == text), "")


def _as_event(row: Any) -> Dict[str, Any]:
    event = {"n": row.number, "kind": row.kind, "at": round(row.at, 3), **json.loads(row.body)}
    if row.client_id:
        event["id"] = row.client_id
    if row.rating:
        event["rating"] = row.rating
    return event
