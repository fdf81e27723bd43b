"""What is to be delivered: written in the transaction of what it reports, delivered afterwards, once.

A row goes from waiting to sending (leased by one worker), and from there to done, back to waiting with a later next
try, or to dead. A worker that dies leaves a lease that runs out; then another one takes the row. What that means for
mail: docs/desk.md.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import random
import uuid
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from desk.database import Database
from desk.models import CHAT, DEAD, DONE, SENDING, WAITING, CaseEvent, OutboxRow
from shop.settings import Shop

LEASE = dt.timedelta(seconds=180)  # longer than any single delivery may take
CHAT_LEASE = dt.timedelta(seconds=45)  # somebody is waiting in a live conversation
FIRST_DELAY = 15.0  # seconds
LONGEST_DELAY = 3_600.0
GIVE_UP = dt.timedelta(days=3)  # a mail server that is down over a weekend loses nothing
MAX_IN_DOUBT = 5  # attempts; a server that takes a mail and breaks the line each time is not sent it for days
_MAX_ERROR = 300
_CLAIMING = 0x5C4A4B32  # one at a time claims (PostgreSQL; on SQLite writers take turns anyway)
_random = random.SystemRandom()


@dataclass(frozen=True)
class Item:
    """A row that this worker holds until its lease runs out.

    Attributes:
        attempts: how often it was tried, this time included.
        in_doubt: an earlier attempt ended in the middle of handing over, so it may have arrived already.
    """

    id: int
    kind: str
    channel: str
    conversation: str
    payload: Dict[str, Any]
    case_id: Optional[int]
    message_id: str
    attempts: int
    created_at: dt.datetime
    lease: str
    in_doubt: bool


@dataclass(frozen=True)
class DeadLetter:
    """A row that was given up."""

    id: int
    kind: str
    case_id: Optional[int]
    attempts: int
    last_error: str
    created_at: dt.datetime


def add(
    session: Session,
    kind: str,
    dedupe: str,
    payload: Mapping[str, Any],
    *,
    now: dt.datetime,
    case_id: Optional[int] = None,
    channel: str = "",
    conversation: str = "",
    domain: str = "",
) -> Optional[int]:
    """Adds a row inside the caller's transaction.

    Args:
        session: of the caller; nothing is delivered when it is rolled back.
        kind: "mail" or "chat".
        dedupe: says what this is ("A-2026-0042 received"); the same one is added once.
        payload: what to deliver; for mail a template's name and whom it is for.
        now: the moment.
        case_id: the case it belongs to; erased with it.
        channel: for chat: the channel that delivers it.
        conversation: for chat: where it goes.
        domain: for mail: right part of the Message-ID.

    Returns:
        The row's id; None when it was there already.
    """
    message_id = f"<{uuid.uuid4().hex}@{domain}>" if domain else ""
    values = {
        "kind": kind,
        "dedupe": dedupe,
        "payload": dict(payload),
        "case_id": case_id,
        "channel": channel,
        "conversation": conversation,
        "message_id": message_id,
        "state": WAITING,
        "attempts": 0,
        "next_try": now,
        "handed_over": False,
        "last_error": "",
        "created_at": now,
    }
    session.flush()
    session.execute(insert(session, OutboxRow).values(**values).on_conflict_do_nothing())
    row = session.execute(
        sa.select(OutboxRow.id, OutboxRow.message_id).where(OutboxRow.dedupe == dedupe)
    ).one()  # ours when the Message-ID is
    if message_id and row.message_id != message_id:
        return None
    return int(row.id)


def insert(session: Session, table: Any) -> Any:
    """An INSERT of this database's own kind, which knows on_conflict_do_nothing()."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


def message_domain(shop: Shop) -> str:
    """The right part of Message-IDs: the domain of the shop's address when there is one."""
    for address in (shop.email, *shop.advies_email):
        if "@" in address:
            return address.rsplit("@", 1)[1]
    return "schakel.invalid"


def claim(
    database: Database, kind: str, now: dt.datetime, *, channel: Optional[str] = None, limit: int = 1
) -> List[Item]:
    """Takes rows that are due, for this caller alone until their lease runs out.

    Rows of one conversation come oldest first, and none while an earlier one is under way or waits for its next try.

    Args:
        database: the desk's.
        kind: "mail" or "chat".
        now: the moment.
        channel: only rows for this channel.
        limit: how many at most.

    Raises:
        DeskUnavailable: the database does not answer.
    """
    open_rows = sa.select(OutboxRow).where(OutboxRow.kind == kind, OutboxRow.state.in_((WAITING, SENDING)))
    if channel is not None:
        open_rows = open_rows.where(OutboxRow.channel == channel)
    due = sa.or_(
        sa.and_(OutboxRow.state == WAITING, OutboxRow.next_try <= now),
        sa.and_(OutboxRow.state == SENDING, OutboxRow.lease_until <= now),
    )
    # Most polls find nothing; a reader holds nobody up.
    with database.reading() as session:
        if session.execute(open_rows.where(due).limit(1)).first() is None:
            return []
    items: List[Item] = []
    with database.session() as session:
        if not database.is_sqlite:
            session.execute(sa.select(sa.func.pg_advisory_xact_lock(_CLAIMING)))
        rows = open_rows.order_by(OutboxRow.id) if kind == CHAT else open_rows.where(due).order_by(OutboxRow.id)
        blocked = set()
        for row in session.execute(rows.limit(1_000)).scalars():
            if len(items) == limit:
                break
            is_due = (row.next_try if row.state == WAITING else row.lease_until) <= now
            if kind == CHAT and row.conversation in blocked:
                continue
            if not is_due:
                blocked.add(row.conversation)
                continue
            in_doubt = bool(row.handed_over)
            row.state, row.attempts = SENDING, row.attempts + 1
            row.lease, row.lease_until = uuid.uuid4().hex, now + (CHAT_LEASE if kind == CHAT else LEASE)
            items.append(_item(row, in_doubt))
            if (
                kind == CHAT
            ):  # the next one waits until this one is reported, or a failure would turn their order around
                blocked.add(row.conversation)
    return items


def _item(row: Any, in_doubt: bool) -> Item:
    return Item(
        row.id,
        row.kind,
        row.channel,
        row.conversation,
        dict(row.payload),
        row.case_id,
        row.message_id,
        row.attempts,
        row.created_at,
        row.lease,
        in_doubt,
    )


def hand_over(database: Database, item: Item, now: dt.datetime) -> bool:
    """Call right before the step that can't be taken back; it is remembered that the row may arrive from here on.

    Returns:
        False when the lease was lost (the row was erased, or another worker has it): then don't deliver.
    """
    return _change(database, item, lease_until=now + LEASE, handed_over=True)


def done(database: Database, item: Item, now: dt.datetime) -> bool:
    """Delivered. False when the lease was lost meanwhile."""
    values = {"state": DONE, "done_at": now, "lease": None, "lease_until": None, "last_error": ""}
    return _change(database, item, **values)


def failed(
    database: Database,
    item: Item,
    error: str,
    now: dt.datetime,
    *,
    permanent: bool = False,
    retry_after: Optional[float] = None,
    counts: bool = True,
    accepted_nothing: bool = True,
) -> str:
    """Not delivered: plans the next try, or gives up.

    Args:
        database: the desk's.
        item: what failed.
        error: why, without personal data.
        now: the moment.
        permanent: trying again is no use.
        retry_after: seconds that the other side asked to wait.
        counts: False when nothing was tried (no mail server is configured yet): then it never dies of age.
        accepted_nothing: False when the other side may have accepted it all the same.

    Returns:
        The row's new state; "" when the lease was lost.
    """
    dead = permanent or (counts and now - item.created_at >= GIVE_UP)
    if not accepted_nothing and item.attempts >= MAX_IN_DOUBT:
        dead = True
    seconds = delay(item.attempts) if retry_after is None else retry_after
    with database.session() as session:
        row = session.execute(_held(sa.select(OutboxRow), item)).scalar_one_or_none()
        if row is None:
            return ""
        row.state = DEAD if dead else WAITING
        row.next_try = now + dt.timedelta(seconds=seconds)
        row.last_error = error[:_MAX_ERROR]
        row.lease = row.lease_until = None
        if accepted_nothing:
            row.handed_over = item.in_doubt
        if not counts:
            row.attempts -= 1
        if dead and row.case_id is not None:
            what = str(row.payload.get("template") or row.kind)
            session.add(CaseEvent(case_id=row.case_id, at=now, actor="desk", action="undeliverable", detail=what))
        return str(row.state)


def delay(attempts: int, random_fraction: Optional[float] = None) -> float:
    """Seconds until the next try: doubles from 15 seconds to an hour.

    Between half and all of that, so that not everything comes back at the same moment.
    """
    fraction = _random.random() if random_fraction is None else random_fraction
    longest = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(attempts - 1, 20))
    return longest * (0.5 + 0.5 * fraction)


def dead_letters(database: Database) -> List[DeadLetter]:
    """Everything that was given up, oldest first."""
    with database.reading() as session:
        rows = session.execute(sa.select(OutboxRow).where(OutboxRow.state == DEAD).order_by(OutboxRow.id)).scalars()
        return [DeadLetter(row.id, row.kind, row.case_id, row.attempts, row.last_error, row.created_at) for row in rows]


def retry(database: Database, now: dt.datetime, ids: Optional[Sequence[int]] = None) -> int:
    """Puts dead rows, or only these, back to waiting. Returns how many."""
    query = sa.select(OutboxRow).where(OutboxRow.state == DEAD)
    if ids is not None:
        query = query.where(OutboxRow.id.in_(list(ids)))
    number = 0
    with database.session() as session:
        for row in session.execute(query).scalars():
            if row.payload:  # else its conversation was deleted
                # Its age counts from now on, or the first failure would kill it again.
                row.state, row.next_try, row.created_at, row.attempts = WAITING, now, now, 0
                number += 1
    return number


def counts(database: Database) -> Dict[str, int]:
    """{"mail waiting": 2, "chat dead": 1 ...}: how many rows there are of each kind and state."""
    columns = (OutboxRow.kind, OutboxRow.state, sa.func.count())
    with database.reading() as session:
        rows = session.execute(sa.select(*columns).group_by(OutboxRow.kind, OutboxRow.state))
        return {f"{kind} {state}": count for kind, state, count in rows}


def backlog(database: Database, now: dt.datetime) -> Tuple[int, float]:
    """How many rows wait or are under way, and seconds since the oldest was made; dead ones don't count."""
    query = sa.select(sa.func.count(), sa.func.min(OutboxRow.created_at))
    with database.reading() as session:
        count, oldest = session.execute(query.where(OutboxRow.state.in_((WAITING, SENDING)))).one()
    return int(count), max(0.0, (now - oldest).total_seconds()) if count else 0.0


def subject_hash(text: str) -> str:
    """What `attempts.subject` holds: recognises, and can't be read back at a glance."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _held(statement: Any, item: Item) -> Any:
    return statement.where(OutboxRow.id == item.id, OutboxRow.state == SENDING, OutboxRow.lease == item.lease)


def _change(database: Database, item: Item, **values: Any) -> bool:
    with database.session() as session:
        change = _held(sa.update(OutboxRow), item).values(**values).execution_options(synchronize_session=False)
        return bool(session.execute(change).rowcount == 1)
