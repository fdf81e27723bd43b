"""Requests for advice as cases: opened from a conversation, worked on by the owners, looked up by the customer.

Plain functions over the desk's database, for the actions, the staff page and the command line. All of them raise
`desk.database.DeskUnavailable` when the database does not answer; then nothing was changed.
"""

from __future__ import annotations

import datetime as dt
import hmac
import json
import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence, Tuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from desk import opening, outbox
from desk.contact import normal_email, normal_phone
from desk.database import Database
from desk.models import (
    ANSWERED,
    ASSIGNED,
    CHAT,
    CLOSED,
    EMAIL,
    HERE,
    MAIL,
    NEW,
    PHONE,
    Answer,
    Attempt,
    Case,
    CaseEvent,
    ConsentRecord,
    Counter,
    Note,
    StaffAccount,
    TranscriptLine,
)
from shop.settings import Shop

MAX_QUESTION = 10_000
MAX_ANSWER = 20_000
MAX_TRANSCRIPT = 200  # lines
MAX_LINE = 4_000
MAX_SELF_CHECK = 20_000  # characters of JSON
WAYS = (MAIL, CHAT, PHONE)

_REFERENCE = re.compile(r"^\s*a?[\s.-]*(\d{4})[\s.-]*(\d{1,6})\s*$", re.IGNORECASE)
_CONTROL = {"Cc", "Cs"}
_DIRECTION = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
_TRIES = 5  # wrong proofs from one conversation within _WINDOW
_TRIES_FOR_ONE = 30  # and for one case from all conversations
_WINDOW = dt.timedelta(minutes=15)
_CONFIRMATIONS = 5  # confirmation mails to one address in a day; a stranger's address can't be flooded
_STATUS = "status"


class InvalidRequest(ValueError):
    """A request that can't become a case. `field` is what is wrong, `problem` "missing", "too_long" or "wrong"."""

    def __init__(self, field: str, problem: str) -> None:
        """Says which field and what; never its value."""
        super().__init__(f"{field} is {problem.replace('_', ' ')}")
        self.field, self.problem = field, problem


class NoSuchCase(Exception):
    """There is no case with that reference (any more)."""


class NotPossible(Exception):
    """The case is in no state for it, or somebody else has it; the message says so in English."""


class TooManyTries(Exception):
    """Too many wrong proofs; try again in a quarter of an hour."""


@dataclass(frozen=True)
class Contact:
    """How the customer wants to hear: kind "email", "phone" or "here" (in this conversation; then no value)."""

    kind: str
    value: str = ""


@dataclass(frozen=True)
class Consent:
    """The version of the text that was agreed to, and when (aware)."""

    version: str
    given_at: dt.datetime


@dataclass(frozen=True)
class Line:
    """A line of a conversation; speaker is "customer" or "bot"."""

    speaker: str
    text: str
    at: Optional[dt.datetime] = None


@dataclass(frozen=True)
class AdviceRequest:
    """What the form collected.

    Attributes:
        key: the same for every try to send this request, and for no other request.
        conversation: Rasa's sender id.
        channel: "web", "telegram", "whatsapp", "rest" ...
        question: in the customer's own words, at most 10,000 characters.
        subject: what it is about, as the button said.
        name: '' when not given.
        contact: how to answer.
        order_number: '' when not given.
        consent: the agreement to keep this.
        transcript: the conversation so far; None unless agreed to separately.
        self_check: outcome of the self-check of the nutrient chain, when the customer took it along.
        urgent: the conversation set off the safety triage.
        notes: what the owners should know besides, in Dutch.
    """

    key: str
    conversation: str
    channel: str
    question: str
    subject: str
    name: str
    contact: Contact
    order_number: str
    consent: Consent
    transcript: Optional[List[Line]] = None
    self_check: Optional[Dict[str, Any]] = None
    urgent: bool = False
    notes: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Receipt:
    """A case was opened, or was there already (`is_new` False). No promise without opening hours."""

    reference: str
    promise: Optional[dt.datetime]
    is_new: bool


@dataclass(frozen=True)
class CaseStatus:
    """What a customer may hear about a case; `owner` is the name of who has it, '' when nobody has."""

    reference: str
    status: str
    owner: str
    created_at: dt.datetime
    promise: Optional[dt.datetime]
    answered_at: Optional[dt.datetime]
    answer_way: str


@dataclass(frozen=True)
class Entry:
    """Something on a case that somebody wrote or that happened: a note, an answer, an event, a transcript line."""

    kind: str  # note, answer, event, line
    by: str
    text: str
    at: Optional[dt.datetime]
    detail: str = ""


@dataclass(frozen=True)
class CaseSummary:
    """A case in a list."""

    id: int
    reference: str
    status: str
    urgent: bool
    owner: str
    subject: str
    name: str
    channel: str
    conversation: str
    contact_kind: str
    created_at: dt.datetime
    due_at: Optional[dt.datetime]


@dataclass(frozen=True)
class CaseView(CaseSummary):
    """A case with everything on it."""

    question: str
    contact: str
    order_number: str
    self_check: Optional[Dict[str, Any]]
    answered_at: Optional[dt.datetime]
    closed_at: Optional[dt.datetime]
    close_reason: str
    retain_until: dt.datetime
    consent_version: str
    consent_at: Optional[dt.datetime]
    transcript_agreed: bool
    transcript: Tuple[Entry, ...]
    notes: Tuple[Entry, ...]
    answers: Tuple[Entry, ...]
    events: Tuple[Entry, ...]


def open_case(database: Database, request: AdviceRequest, shop: Shop, now: dt.datetime) -> Receipt:
    """Makes the case and the mails about it, all or nothing; the same key again gives the same case.

    Raises:
        InvalidRequest: a field can't be kept; the form checks the same things earlier and kinder.
        DeskUnavailable: nothing was stored; the same request can be sent again.
    """
    values = _checked(request)
    for attempt in range(3):
        try:
            with database.session() as session:
                # PostgreSQL writes a statement that fails, with all that is in it, to its own log: so none may fail.
                database.take_turns(session, request.key)
                known = session.execute(sa.select(Case).where(Case.key == request.key)).scalar_one_or_none()
                if known is not None:
                    return Receipt(known.reference, known.due_at, False)
                return _new_case(session, request, values, shop, now)
        except IntegrityError:  # another process stored the same key at the same moment
            if attempt == 2:
                raise
    raise AssertionError("unreachable")


def _new_case(
    session: Session, request: AdviceRequest, values: Dict[str, Any], shop: Shop, now: dt.datetime
) -> Receipt:
    case = Case(
        **values,
        reference=_next_reference(session, now.astimezone(opening.ZONE).year),
        status=NEW,
        created_at=now,
        due_at=opening.promise(shop, now),
        retain_until=now + dt.timedelta(days=shop.advies_bewaren_hoogstens),
    )
    case.consent = ConsentRecord(
        version=clean(request.consent.version, 32),
        given_at=request.consent.given_at,
        transcript=request.transcript is not None,
    )
    case.transcript = [
        TranscriptLine(
            position=number, speaker=line.speaker[:8], text=clean(line.text, MAX_LINE, True), said_at=line.at
        )
        for number, line in enumerate((request.transcript or [])[-MAX_TRANSCRIPT:])
    ]
    case.events = [CaseEvent(at=now, actor="customer", action="opened")]
    case.notes = [Note(author="desk", text=clean(text, MAX_LINE, True), created_at=now) for text in request.notes]
    session.add(case)
    session.flush()
    _add_mail(session, case, "owners", shop, now, f"{case.reference} owners")
    if case.contact_kind == EMAIL and _confirmations(session, case.contact, now) <= _CONFIRMATIONS:
        _add_mail(session, case, "received", shop, now, f"{case.reference} received")
    return Receipt(case.reference, case.due_at, True)


def _next_reference(session: Session, year: int) -> str:
    """The row of the year is locked until the transaction ends, so numbers are unique and follow each other."""
    session.execute(outbox.insert(session, Counter).values(year=year, last=0).on_conflict_do_nothing())
    change = sa.update(Counter).where(Counter.year == year).values(last=Counter.last + 1)
    session.execute(change.execution_options(synchronize_session=False))
    number = session.execute(sa.select(Counter.last).where(Counter.year == year)).scalar_one()
    return f"A-{year}-{number:04d}"


def _confirmations(session: Session, address: str, now: dt.datetime) -> int:
    query = sa.select(sa.func.count()).where(Case.contact == address, Case.created_at > now - dt.timedelta(days=1))
    return int(session.execute(query).scalar_one())


def _add_mail(
    session: Session, case: Any, template: str, shop: Shop, now: dt.datetime, dedupe: str, **more: Any
) -> None:
    """The row holds no personal data: the mail is made from the case when it is sent, and erased with it."""
    domain = outbox.message_domain(shop)
    outbox.add(session, MAIL, dedupe, {"template": template, **more}, now=now, case_id=case.id, domain=domain)


def status_for(
    database: Database,
    reference: str,
    *,
    email: Optional[str] = None,
    phone: Optional[str] = None,
    conversation: Optional[str] = None,
    now: Optional[dt.datetime] = None,
) -> Optional[CaseStatus]:
    """How a case stands, for somebody who can prove that it is theirs.

    Args:
        database: the desk's.
        reference: as typed; "a 2026 42" will do.
        email: proof: the address of the case.
        phone: proof: the number of the case.
        conversation: proof: where the case was opened; also who is asking, for the limit on wrong tries.
        now: the moment.

    Returns:
        None when there is no such case or the proof doesn't fit; nobody can tell which.

    Raises:
        TooManyTries: too many wrong ones from this conversation, or for this case, within a quarter of an hour.
    """
    with database.session() as session:
        case = prove(session, reference, email=email, phone=phone, conversation=conversation, now=now)
        return None if case is None else _status(session, case)


def prove(
    session: Session,
    reference: str,
    *,
    email: Optional[str] = None,
    phone: Optional[str] = None,
    conversation: Optional[str] = None,
    now: Optional[dt.datetime] = None,
) -> Any:
    """The `Case` that the proof is for, or None; counts wrong tries. As `status_for`, in a session that writes."""
    now = now or dt.datetime.now(dt.timezone.utc)
    wanted = normal_reference(reference) or ""
    case = session.execute(sa.select(Case).where(Case.reference == wanted)).scalar_one_or_none()
    # The same comparisons whether or not there is such a case.
    known_contact, known_conversation = (case.contact, case.conversation) if case else ("", "")
    kind = case.contact_kind if case else ""
    fits = [
        _same(normal_email(email or "") or "", known_contact if kind == EMAIL else ""),
        _same(normal_phone(phone or "") or "", known_contact if kind == PHONE else ""),
        _same(conversation or "", known_conversation),
    ]
    if not fits[-1]:  # nobody guesses a conversation, and so strangers' tries don't lock its owner out
        _limit(session, wanted, conversation or "", now)
    if case is not None and any(fits):
        return case
    for subject in (f"conversation {conversation or ''}", f"reference {wanted}"):
        session.add(Attempt(kind=_STATUS, subject=outbox.subject_hash(subject), at=now))
    return None


def _limit(session: Session, reference: str, conversation: str, now: dt.datetime) -> None:
    for subject, most in ((f"conversation {conversation}", _TRIES), (f"reference {reference}", _TRIES_FOR_ONE)):
        if subject == "conversation ":
            continue
        query = sa.select(sa.func.count()).where(
            Attempt.kind == _STATUS, Attempt.subject == outbox.subject_hash(subject), Attempt.at > now - _WINDOW
        )
        if session.execute(query).scalar_one() >= most:
            raise TooManyTries


def _same(given: str, known: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), known.encode()) and bool(given)


def cases_of(database: Database, conversation: str) -> List[CaseStatus]:
    """The cases that were opened in a conversation, newest first; being in it is the proof."""
    with database.reading() as session:
        query = sa.select(Case).where(Case.conversation == conversation).order_by(Case.id.desc())
        return [_status(session, case) for case in session.execute(query).scalars()]


def _status(session: Session, case: Any) -> CaseStatus:
    name = session.execute(sa.select(StaffAccount.name).where(StaffAccount.username == case.owner)).scalar()
    way = session.execute(
        sa.select(Answer.way).where(Answer.case_id == case.id).order_by(Answer.id.desc()).limit(1)
    ).scalar()
    return CaseStatus(
        case.reference, case.status, name or "", case.created_at, case.due_at, case.answered_at, way or ""
    )


def list_cases(
    database: Database,
    *,
    statuses: Sequence[str] = (),
    owner: Optional[str] = None,
    urgent: Optional[bool] = None,
    overdue_at: Optional[dt.datetime] = None,
    search: str = "",
    limit: int = 50,
    offset: int = 0,
) -> List[CaseSummary]:
    """Cases, urgent ones first, then by due time.

    Args:
        database: the desk's.
        statuses: only these; empty: all.
        owner: only those of this username; '' for nobody's.
        urgent: only urgent, or only other ones.
        overdue_at: only those without an answer whose due time was before this moment.
        search: part of a reference, name, address, number or subject.
        limit: how many at most.
        offset: how many to skip.
    """
    query = _filtered(sa.select(Case), statuses, owner, urgent, overdue_at, search)
    query = query.order_by(Case.urgent.desc(), Case.due_at.is_(None), Case.due_at, Case.id)
    with database.reading() as session:
        return [_summary(case) for case in session.execute(query.limit(limit).offset(offset)).scalars()]


def count_cases(
    database: Database,
    *,
    statuses: Sequence[str] = (),
    owner: Optional[str] = None,
    urgent: Optional[bool] = None,
    overdue_at: Optional[dt.datetime] = None,
    search: str = "",
) -> int:
    """How many cases `list_cases` has in all."""
    query = _filtered(sa.select(sa.func.count()).select_from(Case), statuses, owner, urgent, overdue_at, search)
    with database.reading() as session:
        return int(session.execute(query).scalar_one())


def _filtered(
    query: Any,
    statuses: Sequence[str],
    owner: Optional[str],
    urgent: Optional[bool],
    overdue_at: Optional[dt.datetime],
    search: str,
) -> Any:
    if statuses:
        query = query.where(Case.status.in_(list(statuses)))
    if owner is not None:
        query = query.where(Case.owner == owner if owner else Case.owner.is_(None))
    if urgent is not None:
        query = query.where(Case.urgent.is_(urgent))
    if overdue_at is not None:
        query = query.where(Case.due_at < overdue_at, Case.status.in_((NEW, ASSIGNED)))
    if search.strip():
        part = clean(search, 100)
        columns = (Case.reference, Case.name, Case.contact, Case.subject, Case.order_number)
        query = query.where(sa.or_(*(column.ilike("%" + _escaped(part) + "%", escape="\\") for column in columns)))
    return query


def _escaped(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


def get_case(database: Database, reference: str) -> CaseView:
    """A case with everything on it. Raises `NoSuchCase`."""
    with database.reading() as session:
        return view(_case(session, reference))


def assign(
    database: Database, reference: str, owner: Optional[str], actor: str, now: dt.datetime, *, force: bool = False
) -> None:
    """Gives a case to somebody, or to nobody (None).

    Args:
        database: the desk's.
        reference: the case's.
        owner: the username of who gets it.
        actor: the username of who does this.
        now: the moment.
        force: also when somebody else than `actor` has it.

    Raises:
        NoSuchCase: there is none.
        NotPossible: it is closed, somebody else has it, or there is no such account.
    """
    with database.session() as session:
        case = _case(session, reference, lock=True)
        if case.status == CLOSED:
            raise NotPossible(f"{case.reference} is closed.")
        if case.owner not in (None, actor, owner) and not force:
            raise NotPossible(f"{case.reference} already belongs to {case.owner}.")
        if owner is not None:
            active = sa.select(StaffAccount.id).where(StaffAccount.username == owner, StaffAccount.active.is_(True))
            if session.execute(active).first() is None:
                raise NotPossible(f"There is no active account {owner}.")
        if case.owner == owner:
            return
        case.owner = owner
        if case.status in (NEW, ASSIGNED):
            case.status = ASSIGNED if owner else NEW
        _event(session, case, now, actor, "assigned", owner or "")


def note(database: Database, reference: str, text: str, author: str, now: dt.datetime) -> None:
    """Adds an owner's own note. Raises `NoSuchCase`, `InvalidRequest`."""
    text = _required("note", text, MAX_ANSWER)
    with database.session() as session:
        case = _case(session, reference, lock=True)
        session.add(Note(case_id=case.id, author=author, text=text, created_at=now))


def answer(
    database: Database,
    reference: str,
    text: str,
    author: str,
    shop: Shop,
    now: dt.datetime,
    *,
    key: str,
    way: Optional[str] = None,
) -> str:
    """Answers the customer: stores the answer and puts it into the outbox, all or nothing.

    Args:
        database: the desk's.
        reference: the case's.
        text: the answer.
        author: username of who answers.
        shop: the shop's settings.
        now: the moment.
        key: the same for every try to send this answer; it goes out once.
        way: "mail", "chat", or "phone" (was told by telephone; only recorded). Left out: as the customer asked.

    Returns:
        The way it goes.

    Raises:
        NoSuchCase: there is none.
        NotPossible: it is closed, or mail was asked for without an address.
        InvalidRequest: the text is empty or longer than 20,000 characters.
    """
    text = _required("answer", text, MAX_ANSWER)
    with database.session() as session:
        case = _case(session, reference, lock=True)
        known = session.execute(sa.select(Answer).where(Answer.key == f"{case.id} {key}")).scalar_one_or_none()
        if known is not None:
            return str(known.way)
        if case.status == CLOSED:
            raise NotPossible(f"{case.reference} is closed; open it again first.")
        way = way or {EMAIL: MAIL, PHONE: PHONE, HERE: CHAT}[case.contact_kind]
        if way not in WAYS:
            raise NotPossible(f"{way} is no way to answer.")
        if way == MAIL and case.contact_kind != EMAIL:
            raise NotPossible(f"{case.reference} has no e-mail address.")
        stored = Answer(case_id=case.id, key=f"{case.id} {key}", author=author, way=way, text=text, created_at=now)
        session.add(stored)
        session.flush()
        if way == MAIL:
            _add_mail(session, case, "answer", shop, now, f"{case.reference} answer {stored.id}", answer=stored.id)
        elif way == CHAT:
            outbox.add(
                session,
                CHAT,
                f"{case.reference} answer {stored.id}",
                {"text": text, "answer": stored.id, "reference": case.reference, "by": _name(session, author)},
                now=now,
                case_id=case.id,
                channel=case.channel,
                conversation=case.conversation,
            )
        case.status, case.answered_at = ANSWERED, now
        case.owner = case.owner or (author if _name(session, author) != author else None)
        _event(session, case, now, author, "answered", way)
        return way


def close(database: Database, reference: str, reason: str, actor: str, shop: Shop, now: dt.datetime) -> None:
    """Closes a case and sets the day on which it is deleted. Raises `NoSuchCase`, `NotPossible`, `InvalidRequest`."""
    reason = _required("reason", reason, 200)
    with database.session() as session:
        case = _case(session, reference, lock=True)
        if case.status == CLOSED:
            raise NotPossible(f"{case.reference} is closed already.")
        case.status, case.closed_at, case.close_reason = CLOSED, now, reason
        longest = case.created_at + dt.timedelta(days=shop.advies_bewaren_hoogstens)
        case.retain_until = min(now + dt.timedelta(days=shop.advies_bewaren_dagen), longest)
        _event(session, case, now, actor, "closed")


def reopen(database: Database, reference: str, actor: str, shop: Shop, now: dt.datetime) -> None:
    """Opens a closed case again. Raises `NoSuchCase`, `NotPossible`."""
    with database.session() as session:
        case = _case(session, reference, lock=True)
        if case.status != CLOSED:
            raise NotPossible(f"{case.reference} is not closed.")
        case.status = ANSWERED if case.answered_at else ASSIGNED if case.owner else NEW
        case.closed_at, case.close_reason = None, ""
        case.retain_until = case.created_at + dt.timedelta(days=shop.advies_bewaren_hoogstens)
        _event(session, case, now, actor, "reopened")


def normal_reference(text: str) -> Optional[str]:
    """A-2026-0042 for everything that means it ("a 2026 42", "2026-0042"); None for something else."""
    found = _REFERENCE.match(text[:40])
    return f"A-{found.group(1)}-{int(found.group(2)):04d}" if found else None


def clean(text: str, longest: int, lines: bool = False) -> str:
    """Text without control characters, half characters and marks that turn the writing direction around.

    Args:
        text: as it came in.
        longest: cut off after so many characters.
        lines: keep line breaks; else they become spaces.
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    kept = "".join(
        c
        for c in text
        if c in "\n\t" or (unicodedata.category(c) not in _CONTROL and c not in _DIRECTION and c not in "\u2028\u2029")
    )
    return (kept if lines else " ".join(kept.split())).strip()[:longest].strip()


def view(case: Any) -> CaseView:
    """A `Case` as plain data; needs the session it came from."""
    consent = case.consent
    return CaseView(
        **vars(_summary(case)),
        question=case.question,
        contact=case.contact,
        order_number=case.order_number,
        self_check=case.self_check,
        answered_at=case.answered_at,
        closed_at=case.closed_at,
        close_reason=case.close_reason,
        retain_until=case.retain_until,
        consent_version=consent.version if consent else "",
        consent_at=consent.given_at if consent else None,
        transcript_agreed=bool(consent and consent.transcript),
        transcript=tuple(Entry("line", line.speaker, line.text, line.said_at) for line in case.transcript),
        notes=tuple(Entry("note", row.author, row.text, row.created_at) for row in case.notes),
        answers=tuple(Entry("answer", row.author, row.text, row.created_at, row.way) for row in case.answers),
        events=tuple(Entry("event", row.actor, row.action, row.at, row.detail) for row in case.events),
    )


def _summary(case: Any) -> CaseSummary:
    return CaseSummary(
        id=case.id,
        reference=case.reference,
        status=case.status,
        urgent=case.urgent,
        owner=case.owner or "",
        subject=case.subject,
        name=case.name,
        channel=case.channel,
        conversation=case.conversation,
        contact_kind=case.contact_kind,
        created_at=case.created_at,
        due_at=case.due_at,
    )


def _case(session: Session, reference: str, lock: bool = False) -> Any:
    query = sa.select(Case).where(Case.reference == (normal_reference(reference) or ""))
    case = session.execute(query.with_for_update() if lock else query).scalar_one_or_none()
    if case is None:
        raise NoSuchCase(f"There is no case {clean(reference, 40)}.")
    return case


def _event(session: Session, case: Any, now: dt.datetime, actor: str, action: str, detail: str = "") -> None:
    session.add(CaseEvent(case_id=case.id, at=now, actor=actor, action=action, detail=detail[:200]))


def _name(session: Session, username: str) -> str:
    """The name that customers see; the username itself when there is no such account."""
    query = sa.select(StaffAccount.name).where(StaffAccount.username == username)
    return str(session.execute(query).scalar() or username)


def _required(field: str, text: str, longest: int) -> str:
    text = clean(text, longest + 1, lines=True)
    if not text:
        raise InvalidRequest(field, "missing")
    if len(text) > longest:
        raise InvalidRequest(field, "too_long")
    return text


def _checked(request: AdviceRequest) -> Dict[str, Any]:
    """The columns of the case that come from the customer."""
    if not request.key or len(request.key) > 128:
        raise InvalidRequest("key", "wrong")
    if not request.consent.version or request.consent.given_at.tzinfo is None:
        raise InvalidRequest("consent", "missing")
    if request.self_check is not None and len(json.dumps(request.self_check)) > MAX_SELF_CHECK:
        raise InvalidRequest("self_check", "too_long")
    return {
        "key": request.key,
        "conversation": clean(request.conversation, 128),
        "channel": clean(request.channel, 32),
        "urgent": request.urgent,
        "subject": clean(request.subject, 200),
        "question": _required("question", request.question, MAX_QUESTION),
        "name": clean(request.name, 100),
        "contact_kind": request.contact.kind,
        "contact": _contact(request.contact),
        "order_number": clean(request.order_number, 64),
        "self_check": _cleaned(request.self_check),
    }


def _contact(contact: Contact) -> str:
    if contact.kind == HERE:
        return ""
    if contact.kind not in (EMAIL, PHONE):
        raise InvalidRequest("contact", "wrong")
    found = normal_email(contact.value) if contact.kind == EMAIL else normal_phone(contact.value)
    if found is None:
        raise InvalidRequest("contact", "wrong" if contact.value.strip() else "missing")
    return found


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value, MAX_LINE, lines=True)
    if isinstance(value, dict):
        return {clean(str(key), 200): _cleaned(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_cleaned(item) for item in value]
    return value
