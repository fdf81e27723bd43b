"""Showing a customer everything the desk holds about them, erasing it, and deleting what has been kept long enough."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from desk import outbox
from desk.cases import NoSuchCase, normal_reference, prove
from desk.contact import normal_email, normal_phone
from desk.database import Database, DeskUnavailable
from desk.models import (
    DEAD,
    Answer,
    Attempt,
    Case,
    CaseEvent,
    ChatMessage,
    ConsentRecord,
    FaqProposal,
    HumanRequest,
    Note,
    OutboxRow,
    PrivacyRecord,
    Takeover,
    TranscriptLine,
)
from shop.settings import Shop

logger = logging.getLogger(__name__)

# What hangs on a case, and what hangs on a conversation. Children stand before their parents.
OF_A_CASE = (ConsentRecord, TranscriptLine, Note, Answer, CaseEvent, FaqProposal)
OF_BOTH = (Takeover, OutboxRow)  # by case or by conversation
OF_A_CONVERSATION = (HumanRequest,)
# The desk's own; nothing of a customer in it.
NOT_OF_CUSTOMERS = ("case_counters", "staff", "privacy_log")
_ATTEMPTS_KEPT = dt.timedelta(days=1)
_DELIVERED_CHAT_KEPT = dt.timedelta(days=30)  # chat that belongs to no case
_NOT_TOLD = {"key", "dedupe", "lease", "lease_until"}  # columns that mean nothing to a customer


class NotProven(Exception):
    """Neither this conversation nor the proof leads to anything; nobody can tell which."""


@dataclass(frozen=True)
class Subject:
    """Whose data.

    Attributes:
        conversation: everything of this conversation; the customer is in it, or an owner asks.
        reference: this case and its conversation; needs the address or number as proof, or an owner who asks.
        email: proof for `reference`; alone, only for an owner: all cases with this address.
        phone: likewise.
        by_owner: an owner asks (command line), so no proof is needed.
    """

    conversation: Optional[str] = None
    reference: Optional[str] = None
    email: Optional[str] = None
    phone: Optional[str] = None
    by_owner: bool = False


@dataclass(frozen=True)
class Found:
    """What a subject leads to: ids of cases, their references, and conversations."""

    cases: Tuple[int, ...]
    references: Tuple[str, ...]
    conversations: Tuple[str, ...]


def find(database: Database, subject: Subject, now: dt.datetime) -> Found:
    """What there is of somebody.

    Raises:
        NotProven: the proof doesn't fit, or there is no such case.
        desk.cases.TooManyTries: too many wrong proofs.
        desk.cases.NoSuchCase: for an owner: nothing is known under this reference, address or number.
    """
    proven = True
    with database.session() as session:
        cases = _cases(session, subject, now)
        if cases is None:
            proven, cases = False, []  # raised below: the wrong try must be stored
        if not cases and subject.by_owner and not subject.conversation:
            raise NoSuchCase("There is no such case.")
        conversations = {case.conversation for case in cases if case.conversation}
        if subject.conversation and (subject.reference is None or subject.by_owner):
            conversations.add(subject.conversation)
        found = Found(
            tuple(case.id for case in cases), tuple(case.reference for case in cases), tuple(sorted(conversations))
        )
    if not proven:
        raise NotProven
    return found


def _cases(session: Session, subject: Subject, now: dt.datetime) -> Optional[List[Any]]:
    query = sa.select(Case).order_by(Case.id)
    if subject.reference is not None:
        if subject.by_owner:
            reference = normal_reference(subject.reference) or ""
            return list(session.execute(query.where(Case.reference == reference)).scalars())
        case = prove(
            session,
            subject.reference,
            email=subject.email,
            phone=subject.phone,
            conversation=subject.conversation,
            now=now,
        )
        return None if case is None else [case]
    if subject.conversation is not None:
        return list(session.execute(query.where(Case.conversation == subject.conversation)).scalars())
    contact = normal_email(subject.email) if subject.email else normal_phone(subject.phone) if subject.phone else None
    if not subject.by_owner or contact is None:
        return None
    return list(session.execute(query.where(Case.contact == contact)).scalars())


def export(database: Database, subject: Subject, now: dt.datetime, actor: str = "customer") -> Dict[str, Any]:
    """Everything about somebody, as {table: [rows]} that JSON can hold, without internal keys. Raises as `find`."""
    found = find(database, subject, now)
    with database.session() as session:
        told = {
            table.__tablename__: _rows(session, table, where)
            for table, where in _selections(found)
            if table is not Attempt  # wrong tries of anybody
        }
        told = {table: rows for table, rows in told.items() if rows}
        counts = {table: len(rows) for table, rows in told.items()}
        session.add(PrivacyRecord(at=now, action="export", actor=actor, counts=counts))
    return told


def erase(database: Database, subject: Subject, now: dt.datetime, actor: str = "customer") -> Dict[str, int]:
    """Deletes everything about somebody, unsent mail and chat included; mail that was sent can't be called back.

    Returns:
        {table: rows deleted}, without tables where there was nothing.

    Raises:
        As `find`; DeskUnavailable: nothing was deleted.
    """
    return erase_found(database, find(database, subject, now), now, actor)


def erase_found(database: Database, found: Found, now: dt.datetime, actor: str = "customer") -> Dict[str, int]:
    """As `erase`, for what `find` found."""
    with database.session() as session:
        counts = _delete(session, _selections(found))
        session.add(PrivacyRecord(at=now, action="erase", actor=actor, counts=counts))
    scrub(database)
    return counts


def purge(database: Database, now: dt.datetime) -> Dict[str, int]:
    """Deletes every case whose time is over, chat of takeovers that ended 30 days ago, and other leftovers.

    Returns:
        {table: rows deleted}, without tables where there was nothing.
    """
    counts: Dict[str, int] = {}
    with database.session() as session:
        over = session.execute(sa.select(Case.id).where(Case.retain_until <= now)).scalars().all()
        _add(counts, _delete(session, _selections(Found(tuple(over), (), ()))))
        ended = now - _DELIVERED_CHAT_KEPT
        old_takeovers = sa.select(Takeover.id).where(Takeover.ended_at <= ended, Takeover.case_id.is_(None))
        leftovers = (
            (ChatMessage, ChatMessage.takeover_id.in_(old_takeovers)),
            (ChatMessage, sa.and_(ChatMessage.takeover_id.is_(None), ChatMessage.created_at <= ended)),
            (Takeover, sa.and_(Takeover.ended_at <= ended, Takeover.case_id.is_(None))),
            (OutboxRow, sa.and_(OutboxRow.case_id.is_(None), OutboxRow.created_at <= ended)),
            (OutboxRow, sa.and_(OutboxRow.case_id.is_(None), OutboxRow.state == DEAD, OutboxRow.created_at <= ended)),
            (HumanRequest, HumanRequest.asked_at <= ended),
            (Attempt, Attempt.at <= now - _ATTEMPTS_KEPT),
        )
        _add(counts, _delete(session, leftovers))
        if counts:
            session.add(PrivacyRecord(at=now, action="purge", actor="schedule", counts=counts))
    if counts:
        scrub(database)
    return counts


def scrub(database: Database) -> bool:
    """Leaves no copy of deleted rows in the database's log.

    Returns:
        False when the log was in use all the time; the next purge that deletes something does it.
    """
    try:
        database.scrub()
    except DeskUnavailable as error:
        logger.warning("%s", error)
        return False
    return True


def _selections(found: Found) -> Iterable[Tuple[Any, Any]]:
    """(table, condition) for everything of what was found; children before parents."""
    takeovers = sa.select(Takeover.id).where(Takeover.case_id.in_(found.cases))
    in_conversation = ChatMessage.conversation.in_(found.conversations)
    yield ChatMessage, sa.or_(in_conversation, ChatMessage.takeover_id.in_(takeovers))
    for table in OF_A_CONVERSATION:
        yield table, table.conversation.in_(found.conversations)
    for table in OF_BOTH:
        yield table, sa.or_(table.case_id.in_(found.cases), table.conversation.in_(found.conversations))
    for table in OF_A_CASE:
        yield table, table.case_id.in_(found.cases)
    hashes = [outbox.subject_hash(f"conversation {name}") for name in found.conversations]
    hashes += [outbox.subject_hash(f"reference {name}") for name in found.references]
    yield Attempt, Attempt.subject.in_(hashes)
    yield Case, Case.id.in_(found.cases)


def _delete(session: Session, selections: Iterable[Tuple[Any, Any]]) -> Dict[str, int]:
    counts: Dict[str, int] = {}
    for table, where in selections:
        deletion = sa.delete(table).where(where).execution_options(synchronize_session=False)
        number = session.execute(deletion).rowcount
        if number:
            _add(counts, {table.__tablename__: number})
    return counts


def _add(counts: Dict[str, int], more: Dict[str, int]) -> None:
    for name, number in more.items():
        counts[name] = counts.get(name, 0) + number


def _rows(session: Session, table: Any, where: Any) -> List[Dict[str, Any]]:
    columns = [column for column in table.__table__.columns if column.name not in _NOT_TOLD]
    query = sa.select(*columns).where(where).order_by(table.__table__.primary_key.columns.values()[0])
    return [{name: _told(value) for name, value in row._mapping.items()} for row in session.execute(query)]


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.datetime) else value


def purge_every(
    database: Database, clock: Callable[[], dt.datetime], wait: Callable[[float], bool], shop: Callable[[], Shop]
) -> None:
    """Purges at once and then every hour, until `wait(seconds)` says that it is time to stop."""
    while True:
        try:
            apply_retention(database, shop())
            counts = purge(database, clock())
            if counts:
                logger.info("Purged: %s.", counts)
        except DeskUnavailable as error:
            logger.error("Nothing was purged. %s", error)
        except Exception as error:  # the next hour may do better; the text could hold what a customer wrote
            logger.error("Nothing was purged (%s).", type(error).__name__)
        if wait(3_600.0):
            return


def apply_retention(database: Database, shop: Shop) -> int:
    """Shortens the time that cases are kept after `winkel.yml` was changed; never lengthens what was promised.

    Returns:
        How many cases go earlier now.
    """
    changed = 0
    with database.session() as session:
        for case in session.execute(sa.select(Case)).scalars():
            latest = case.created_at + dt.timedelta(days=shop.advies_bewaren_hoogstens)
            if case.closed_at is not None:
                latest = min(latest, case.closed_at + dt.timedelta(days=shop.advies_bewaren_dagen))
            if latest < case.retain_until:
                case.retain_until = latest
                changed += 1
    return changed
