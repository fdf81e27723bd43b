"""Reads what was said from Rasa's tracker store (any SQL database), a session at a time."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple

from sqlalchemy import column, create_engine, select, table

Event = Mapping[str, Any]
_EVENTS = table("events", column("id"), column("sender_id"), column("type_name"), column("data"))
NO_RATINGS: Mapping[Tuple[str, str], str] = {}
_TYPES = ("user", "bot", "session_started", "active_loop")


class NoConversations(Exception):
    """There is nothing to read; the message says why."""


@dataclass(frozen=True)
class Message:
    """One message of a customer and what the assistant replied.

    Attributes:
        text: as typed.
        intent: what it was taken for.
        confidence: of the intent.
        ranking: (label, confidence), best first.
        in_form: whether a form was asking for something, which makes it no question.
        faq_id: id of the answer that was given, None without one.
        offered: payloads of the buttons below the reply.
        at: seconds since 1970; 0.0 when the store does not say.
        rating: "up" or "down" when the customer gave the reply a thumb in the web chat.
    """

    text: str
    intent: str
    confidence: float
    ranking: Tuple[Tuple[str, float], ...]
    in_form: bool
    faq_id: Optional[str] = None
    offered: Tuple[str, ...] = ()
    at: float = 0.0
    rating: Optional[str] = None


@dataclass
class _Open:
    """A message whose replies are still being read."""

    user: Event
    in_form: bool
    bots: List[Event] = field(default_factory=list)


def sqlite_url(file: Path) -> str:
    """Address of a SQLite file, opened for reading only. Raises NoConversations when it is not there."""
    if not file.exists():
        raise NoConversations(f"{file} does not exist yet: nobody has talked to the assistant on this machine.")
    return f"sqlite:///file:{file.resolve()}?mode=ro&uri=true"


def store_address(conversations: str) -> str:
    """SQLAlchemy's address for the setting SCHAKEL_CONVERSATIONS, a file or an address. Raises NoConversations."""
    return conversations if "://" in conversations else sqlite_url(Path(conversations))


def read_sessions(url: str, ratings: Mapping[Tuple[str, str], str] = NO_RATINGS) -> Iterator[List[Message]]:
    """All sessions of all customers, each as its messages in order.

    Args:
        url: SQLAlchemy's address of the tracker store.
        ratings: {(conversation, text): thumb}, see `review.ratings`.

    Raises:
        NoConversations: the database can't be read or holds no conversations.
    """
    from sqlalchemy.exc import SQLAlchemyError

    engine = create_engine(url, future=True)
    query = select(_EVENTS.c.sender_id, _EVENTS.c.data).where(_EVENTS.c.type_name.in_(_TYPES))
    try:
        with engine.connect() as connection:
            rows = connection.execution_options(stream_results=True).execute(
                query.order_by(_EVENTS.c.sender_id, _EVENTS.c.id)
            )
            for sender, events in groupby(rows, key=lambda row: row[0]):
                for messages in sessions_of(json.loads(row[1]) for row in events):
                    yield [replace(m, rating=ratings.get((str(sender), m.text))) for m in messages]
    except SQLAlchemyError as error:
        reason = getattr(error, "orig", None) or error
        raise NoConversations(f"The conversations can't be read ({reason}).") from None
    finally:
        engine.dispose()


def sessions_of(events: Iterable[Event]) -> Iterator[List[Message]]:
    """The sessions in one customer's events, in order; those without a message are left out."""
    messages: List[Message] = []
    waiting: Optional[_Open] = None
    in_form = False
    for event in events:
        kind = event.get("event")
        if kind == "bot" and waiting:
            waiting.bots.append(event)
        elif kind == "active_loop":
            in_form = event.get("name") is not None
        elif kind in ("user", "session_started"):
            if waiting:
                messages.append(_message(waiting))
            waiting = _Open(event, in_form) if kind == "user" else None
            if kind == "session_started":
                in_form = False
                if messages:
                    yield messages
                messages = []
    if waiting:
        messages.append(_message(waiting))
    if messages:
        yield messages


def _message(waiting: _Open) -> Message:
    parsed = waiting.user.get("parse_data") or {}
    intent = parsed.get("intent") or {}
    ranking = tuple((str(r["name"]), float(r["confidence"])) for r in parsed.get("intent_ranking") or [])
    metadata: List[Dict[str, Any]] = [bot.get("metadata") or {} for bot in waiting.bots]
    ids = [str(m["faq_id"]) for m in metadata if m.get("faq_id")]
    buttons = [button for bot in waiting.bots for button in (bot.get("data") or {}).get("buttons") or []]
    return Message(
        text=str(waiting.user.get("text") or ""),
        intent=str(intent.get("name") or ""),
        confidence=float(intent.get("confidence") or 0.0),
        ranking=ranking,
        in_form=waiting.in_form,
        faq_id=ids[0] if ids else None,
        offered=tuple(str(button.get("payload") or "") for button in buttons),
        at=float(waiting.user.get("timestamp") or 0.0),
    )
