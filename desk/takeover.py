"""Live takeover: an owner talks in a customer's conversation, the assistant is silent until the owner gives it back.

Channels use `HumanSide`; the staff page uses the functions. Everything goes through the desk's database, so that it
makes no difference in which process or on which machine a channel runs.

Silence: the assistant comes back when the owner said nothing for a set time since their own last word, or since the
first message of the customer that waits for an answer. A customer who keeps writing thus does not wait for ever.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple, TypeVar

import sqlalchemy as sa
from ruamel.yaml import YAML
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from desk import outbox
from desk.database import Database, DeskUnavailable, open_database
from desk.models import (
    CHAT,
    CUSTOMER,
    DEAD,
    DONE,
    HELD_BACK,
    MAIL,
    NOTICE,
    STAFF,
    ChatMessage,
    HumanRequest,
    OutboxRow,
    Takeover,
)
from nlu.levels import URGENT

logger = logging.getLogger(__name__)

TEXTS = Path(__file__).parent / "texts" / "overname.yml"
HUMAN, OPEN = "mens", "open"  # states of a conversation, as the web chat calls them
RELEASED, SILENCE, GONE, TAKEN, DISMISSED = "released", "silence", "gone", "taken", "dismissed"
FORGOTTEN = "forgotten"  # of a request that nobody took within `REQUEST_LASTS`
HUMAN_WANTED = "human"  # the mail's template
MAILS_AN_HOUR = 20  # somebody who opens conversation after conversation fills the page, not the mailbox
MAX_TEXT = 2_000
REQUEST_LASTS = dt.timedelta(hours=24)  # then nobody waits for an answer to "medewerker" any more
GRACE = 10.0  # seconds that a failing database is waited for before the assistant answers in a human's conversation
PROBE_EVERY = 2.0
CUSTOMER_WAIT = 1.0  # seconds for the database: a customer waits for this and for the answer, together at most 5
REST_AFTER_FAILURE = 15.0
_T = TypeVar("_T")


class AlreadyTaken(Exception):
    """Somebody else has the conversation; `name` says who."""

    def __init__(self, name: str) -> None:
        """Args: name: of who has it."""
        super().__init__(name)
        self.name = name


class NotTaken(Exception):
    """This person does not have the conversation (any more)."""


@dataclass(frozen=True)
class Person:
    """An owner: the name to log in with, and the name that customers may see."""

    username: str
    name: str


@dataclass(frozen=True)
class ChatOut:
    """Something to deliver in a conversation.

    Attributes:
        id: for `HumanSide.delivered` and `failed`.
        conversation: Rasa's sender id.
        text: plain text.
        state: "mens" when the owner takes over with this line, "open" when the assistant is back with it, else None.
        sender: the owner's name for what an owner said, '' for a line about the conversation.
        introduced: the text itself says who speaks.
    """

    id: int
    conversation: str
    text: str
    state: Optional[str] = None
    sender: str = ""
    introduced: bool = False


# --- what the staff page does ----------------------------------------------------------------------------------------


def request(
    database: Database, conversation: str, channel: str, now: dt.datetime, mail_domain: Optional[str] = None
) -> bool:
    """Notes that the customer asks for a human now; asking twice is one request.

    Args:
        database: the desk's.
        conversation: Rasa's sender id.
        channel: where the customer is.
        now: the moment.
        mail_domain: right part of the Message-ID of a mail to the owners, once for a request; None for no mail.

    Returns:
        Whether it is new. Raises `DeskUnavailable`.
    """
    try:
        with database.session() as session:
            before = _open_request(session, conversation)
            if before is not None and before.asked_at > now - REQUEST_LASTS:
                return False
            _end_request(session, conversation, FORGOTTEN, now)
            session.flush()  # the index allows one open request
            made = HumanRequest(conversation=conversation, channel=channel, asked_at=now, end_reason="")
            session.add(made)
            session.flush()
            if mail_domain is not None and _may_mail(session, now):
                outbox.add(
                    session,
                    MAIL,
                    f"{HUMAN_WANTED} {made.id}",
                    {"template": HUMAN_WANTED, "request": made.id},
                    now=now,
                    conversation=conversation,
                    domain=mail_domain,
                )
        return True
    except IntegrityError:  # the same was noted at the same moment
        return False


def requests(database: Database, now: dt.datetime) -> List[HumanRequest]:
    """Who waits for a human, longest first; those of more than a day ago are left out."""
    with database.reading() as session:
        found = session.execute(
            sa.select(HumanRequest)
            .where(HumanRequest.ended_at.is_(None), HumanRequest.asked_at > now - REQUEST_LASTS)
            .order_by(HumanRequest.asked_at)
        )
        return list(found.scalars())


def dismiss(database: Database, conversation: str, now: dt.datetime) -> None:
    """Takes a request off the list without talking."""
    with database.session() as session:
        _end_request(session, conversation, DISMISSED, now)


def start(
    database: Database,
    conversation: str,
    channel: str,
    person: Person,
    silence: dt.timedelta,
    now: dt.datetime,
    case_id: Optional[int] = None,
) -> int:
    """Takes a conversation over. Doing it again changes nothing.

    Returns:
        The number of the takeover.

    Raises:
        AlreadyTaken: somebody else has it.
    """
    for attempt in range(2):
        try:
            with database.session() as session:
                running = _active(session, conversation)
                if running is not None and _is_silent(running, now):
                    _end(session, running, SILENCE, now)
                    session.flush()  # the index allows one at a time
                    running = None
                if running is not None:
                    if running.staff != person.username:
                        raise AlreadyTaken(running.shown_name)
                    return int(running.id)
                made = Takeover(
                    conversation=conversation,
                    channel=channel,
                    case_id=case_id,
                    staff=person.username,
                    shown_name=person.name,
                    started_at=now,
                    last_activity_at=now,
                    silence_seconds=int(silence.total_seconds()),
                    end_reason="",
                )
                session.add(made)
                session.flush()
                _notice(session, made, "begin", HUMAN, now)
                _end_request(session, conversation, TAKEN, now)
                return int(made.id)
        except IntegrityError:  # two pressed at once; the second look sees who was first
            if attempt:
                raise
    raise AssertionError("unreachable")


def say(database: Database, takeover_id: int, person: Person, text: str, key: str, now: dt.datetime) -> bool:
    """Says something to the customer; the same key says it once.

    Args:
        database: the desk's.
        takeover_id: which conversation.
        person: who speaks; must be who took over.
        text: 1 to `MAX_TEXT` characters.
        key: made by the page that sends it.
        now: the moment.

    Returns:
        Whether it is new.

    Raises:
        NotTaken: the conversation was given back meanwhile.
        AlreadyTaken: somebody else has it.
        ValueError: the text is empty or too long.
    """
    text = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not 0 < len(text) <= MAX_TEXT:
        raise ValueError(f"{len(text)} characters")
    message_id = f"staff-{key}"[:128]
    try:
        with database.session() as session:
            takeover = _theirs(session, takeover_id, person, now)
            if _is_known(session, takeover.conversation, message_id):
                return False
            takeover.last_activity_at = now
            row = _outgoing(session, takeover, f"chat-{takeover.id}-{message_id}", text, now, by=person.name)
            _message(session, takeover, STAFF, text, message_id, now, staff=person.username, outbox_id=row)
        return True
    except IntegrityError:  # the same key at the same moment
        return False


def release(database: Database, takeover_id: int, person: Person, now: dt.datetime) -> bool:
    """Gives the conversation back to the assistant.

    Returns:
        Whether it was still taken over; False when that ended already. Raises `AlreadyTaken`.
    """
    with database.session() as session:
        try:
            takeover = _theirs(session, takeover_id, person, now)
        except NotTaken:
            return False
        _end(session, takeover, RELEASED, now)
    return True


def expire(database: Database, now: dt.datetime) -> int:
    """Gives back what was silent for too long; returns how many."""
    with database.reading() as session:
        silent = [row.id for row in _running(session) if _is_silent(row, now)]
    return sum(_expire_one(database, takeover_id, now) for takeover_id in silent)


def running(database: Database) -> List[Takeover]:
    """The conversations that are taken over now, oldest first."""
    with database.reading() as session:
        return list(_running(session))


def get(database: Database, takeover_id: int) -> Optional[Takeover]:
    """A takeover that runs or ran."""
    with database.reading() as session:
        found: Optional[Takeover] = session.get(Takeover, takeover_id)
        return found


def messages(database: Database, takeover_id: int, after: int = 0) -> List[ChatMessage]:
    """What was said in a takeover since message number `after`."""
    with database.reading() as session:
        found = session.execute(
            sa.select(ChatMessage)
            .where(ChatMessage.takeover_id == takeover_id, ChatMessage.id > after)
            .order_by(ChatMessage.id)
        )
        return list(found.scalars())


def undelivered(database: Database, takeover_id: int) -> Dict[int, str]:
    """{message number: state of its delivery} for what has not reached the customer yet."""
    with database.reading() as session:
        found = session.execute(
            sa.select(ChatMessage.id, OutboxRow.state)
            .join(OutboxRow, OutboxRow.id == ChatMessage.outbox_id)
            .where(ChatMessage.takeover_id == takeover_id, OutboxRow.state != DONE)
        )
        return {row.id: row.state for row in found}


def mark_seen(database: Database, takeover_id: int, until: int, now: dt.datetime) -> None:
    """The owner saw the customer's messages up to this number."""
    unseen = sa.and_(ChatMessage.takeover_id == takeover_id, ChatMessage.id <= until, ChatMessage.seen_at.is_(None))
    with database.reading() as session:
        if session.execute(sa.select(ChatMessage.id).where(unseen).limit(1)).first() is None:
            return
    with database.session() as session:
        session.execute(
            sa.update(ChatMessage).where(unseen).values(seen_at=now).execution_options(synchronize_session=False)
        )


@dataclass(frozen=True)
class Waiting:
    """What an owner has not seen yet in a takeover: how many messages, and whether one is urgent."""

    count: int
    urgent: bool


def unseen(database: Database) -> Dict[int, Waiting]:
    """{takeover: what waits} for the running ones."""
    with database.reading() as session:
        rows = session.execute(
            sa.select(ChatMessage.takeover_id, ChatMessage.urgent, sa.func.count().label("count"))
            .join(Takeover, Takeover.id == ChatMessage.takeover_id)
            .where(Takeover.ended_at.is_(None), ChatMessage.author == CUSTOMER, ChatMessage.seen_at.is_(None))
            .group_by(ChatMessage.takeover_id, ChatMessage.urgent)
        ).all()
    found: Dict[int, Waiting] = {}
    for row in rows:
        before = found.get(row.takeover_id, Waiting(0, False))
        found[row.takeover_id] = Waiting(before.count + row.count, before.urgent or bool(row.urgent))
    return found


def forget(database: Database, conversation: str, now: dt.datetime) -> None:
    """Deletes everything of this module about a conversation; for when the customer deletes it."""
    with database.session() as session:
        takeover_ids = sa.select(Takeover.id).where(Takeover.conversation == conversation)
        outbox_ids = list(
            session.execute(
                sa.select(ChatMessage.outbox_id).where(
                    ChatMessage.conversation == conversation, ChatMessage.outbox_id.is_not(None)
                )
            ).scalars()
        )
        for statement in (
            sa.delete(ChatMessage).where(
                sa.or_(ChatMessage.conversation == conversation, ChatMessage.takeover_id.in_(takeover_ids))
            ),
            sa.delete(Takeover).where(Takeover.conversation == conversation),
            sa.delete(HumanRequest).where(HumanRequest.conversation == conversation),
            sa.delete(OutboxRow).where(OutboxRow.id.in_(outbox_ids)),
            sa.delete(OutboxRow).where(
                OutboxRow.kind == MAIL, OutboxRow.case_id.is_(None), OutboxRow.conversation == conversation
            ),
            sa.update(OutboxRow)
            .where(OutboxRow.kind == CHAT, OutboxRow.conversation == conversation, OutboxRow.state != DONE)
            .values(state=DEAD, last_error="the conversation was deleted", payload={}),
        ):
            session.execute(statement.execution_options(synchronize_session=False))


# --- what channels use -----------------------------------------------------------------------------------------------


class HumanSide:
    """The takeover as a channel sees it. Methods block for about a millisecond: call them in an executor.

    None of them raises `DeskUnavailable`: with the desk's database gone, nothing is taken over and nothing is to be
    delivered. Only in a conversation that is known to be a human's, a message waits up to `GRACE` seconds for the
    database to come back, so that a hiccup does not make the assistant talk in it.
    """

    def __init__(
        self,
        database: "str | Database",
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.timezone.utc),
        is_urgent: Optional[Callable[[str], bool]] = None,
    ) -> None:
        """Opens nothing yet.

        Args:
            database: the address (SCHAKEL_DESK_DATABASE), or an open database.
            clock: aware moments.
            is_urgent: whether a message is a matter of life; triage's patterns when left out.
        """
        self._address = database if isinstance(database, str) else ""
        self._database = None if isinstance(database, str) else database
        self._clock = clock
        self._is_urgent = is_urgent or is_urgent_text
        self._opening = threading.Lock()
        self._failed_at = float("-inf")
        self._failing_since: Optional[float] = None
        self._known: Set[str] = set()
        self._items: Dict[int, outbox.Item] = {}  # what was handed out and is not reported yet

    def close(self) -> None:
        """Closes a database that was opened here."""
        if self._address and self._database is not None:
            self._database.close()
            self._database = None

    def is_taken_over(self, conversation: str) -> bool:
        """Whether an owner has the conversation."""
        try:
            takeover = self._try(REST_AFTER_FAILURE, lambda database: _peek(database, conversation))
        except DeskUnavailable:
            return conversation in self._known and self._is_hiccup()
        if takeover is not None and _is_silent(takeover, self._clock()):
            takeover = None  # the line that says so comes with `chat_to_deliver`
        self._note(conversation, takeover is not None)
        return takeover is not None

    def customer_said(
        self, conversation: str, channel: str, text: str, message_id: str, held_back: Sequence[str] = ()
    ) -> bool:
        """Passes a message on to the owner; stored once per conversation and `message_id`.

        `held_back` is what the assistant was about to say when the takeover came first. The owner gets both or neither:
        a desk that goes in between would have the one without the other.

        Returns:
            Whether it was passed on. False: no owner has the conversation (any more), the assistant should answer.
        """
        while True:
            try:
                return self._try(
                    0.0 if conversation in self._known else REST_AFTER_FAILURE,
                    lambda database: self._hear(database, conversation, channel, text, message_id, held_back),
                )
            except DeskUnavailable:
                if conversation not in self._known or not self._is_hiccup():
                    self._known.discard(conversation)
                    return False
                time.sleep(0.25)

    def chat_to_deliver(self, channel: str, limit: int = 20) -> List[ChatOut]:
        """What to deliver on this channel now, at most one for each conversation, oldest first.

        Each is leased: report it with `delivered` or `failed` within 45 seconds. One that was delivered but not
        reported (a crash) comes again. Also gives back what was silent for too long.
        """
        try:
            return self._try(PROBE_EVERY, lambda database: self._claim(database, channel, limit))
        except DeskUnavailable:
            return []

    def delivered(self, id: int) -> None:
        """It reached the customer."""
        item = self._items.pop(id, None)
        if item is not None:
            self._report(lambda database: outbox.done(database, item, self._clock()))

    def failed(self, id: int, error: str, retry_after: Optional[float] = None, permanent: bool = False) -> None:
        """It did not reach the customer.

        Args:
            id: of the `ChatOut`.
            error: why, without anything the customer or the owner wrote.
            retry_after: seconds, when the other side said so.
            permanent: the conversation does not exist any more; ends its takeover.
        """
        item = self._items.pop(id, None)
        if item is None:
            return
        now = self._clock()
        self._report(
            lambda database: outbox.failed(database, item, error, now, permanent=permanent, retry_after=retry_after)
        )
        if permanent:
            self._report(lambda database: _end_gone(database, item.conversation, now))

    def forget(self, conversation: str) -> None:
        """Deletes what was said to and by owners in this conversation. Raises `DeskUnavailable`: say so, try again."""
        self._try(PROBE_EVERY, lambda database: forget(database, conversation, self._clock()))
        self._known.discard(conversation)

    def backlog(self) -> Tuple[int, float]:
        """How much mail and chat waits, and seconds since the oldest was made. Raises `DeskUnavailable`."""
        return self._try(PROBE_EVERY, lambda database: outbox.backlog(database, self._clock()))

    # --- with a database that may be gone

    def _try(self, rest: float, work: Callable[[Database], _T]) -> _T:
        """Does the work, or fails at once when it failed less than `rest` seconds ago."""
        if time.monotonic() - self._failed_at < rest:
            raise DeskUnavailable("It did not answer a moment ago.")
        try:
            result = work(self._opened())
        except DeskUnavailable as error:
            now = time.monotonic()
            self._failed_at = now
            if self._failing_since is None:
                self._failing_since = now
                logger.warning("Takeover is not possible now: %s", error)
            raise
        except Exception:  # whatever is wrong with the desk, the assistant goes on
            self._failed_at = time.monotonic()
            logger.exception("The desk's database can't be used.")
            raise DeskUnavailable("It can't be used.") from None
        if self._failing_since is not None:
            logger.info("Takeover is possible again.")
        self._failing_since, self._failed_at = None, float("-inf")
        return result

    def _opened(self) -> Database:
        with self._opening:
            if self._database is None:
                self._database = open_database(self._address, CUSTOMER_WAIT)
            return self._database

    def _is_hiccup(self) -> bool:
        since = self._failing_since
        return since is None or time.monotonic() - since < GRACE

    def _note(self, conversation: str, is_taken: bool) -> None:
        if is_taken:
            self._known.add(conversation)
        else:
            self._known.discard(conversation)

    def _report(self, work: Callable[[Database], Any]) -> None:
        try:
            self._try(PROBE_EVERY, work)
        except DeskUnavailable:
            logger.warning("A delivery could not be noted; it comes again when its lease runs out.")

    # --- the work itself

    def _hear(
        self,
        database: Database,
        conversation: str,
        channel: str,
        text: str,
        message_id: str,
        held_back: Sequence[str],
    ) -> bool:
        now = self._clock()
        with database.reading() as session:  # most conversations are nobody's: no writer's turn for those
            if session.execute(_concerns(conversation, message_id)).first() is None:
                self._note(conversation, False)
                return False
        urgent = self._is_urgent(text)
        for attempt in range(2):
            try:
                with database.session() as session:
                    heard = _keep_heard(session, conversation, channel, text, message_id, urgent, now)
                    if heard:
                        _keep_held_back(session, conversation, held_back, message_id, now)
                break
            except IntegrityError:  # the same message at the same moment; the second look finds it
                if attempt:
                    raise
        self._note(conversation, heard)
        return heard

    def _claim(self, database: Database, channel: str, limit: int) -> List[ChatOut]:
        now = self._clock()
        with database.reading() as session:
            taken = session.execute(_watched(channel)).all()
        self._known = {row.conversation for row in taken}
        for row in taken:
            if _is_silent(row, now):
                _expire_one(database, row.id, now)
        items = outbox.claim(database, CHAT, now, channel=channel, limit=limit)
        self._items.update((item.id, item) for item in items)
        return [_as_chat(item) for item in items]


@lru_cache(maxsize=1)
def _wordings() -> Dict[str, str]:
    found: Dict[str, str] = YAML(typ="safe").load(TEXTS.read_text(encoding="utf-8"))
    return found


def wording(name: str, **values: str) -> str:
    """A fixed text of desk/texts/overname.yml, filled."""
    text = _wordings()[name]
    for placeholder, value in values.items():
        text = text.replace(f"{{{placeholder}}}", value)
    return text


def is_urgent_text(text: str) -> bool:
    """Whether triage sees a matter of level 1 to 4: suicide, emergency, violence, a heavy reaction."""
    from nlu.triage_component import assess_alone  # not needed before the first takeover

    hit = assess_alone(text)
    return hit is not None and (hit.name in URGENT or bool(URGENT.intersection(hit.also)))


# --- in a transaction ------------------------------------------------------------------------------------------------


def _running(session: Session) -> List[Takeover]:
    query = sa.select(Takeover).where(Takeover.ended_at.is_(None)).order_by(Takeover.id)
    return list(session.execute(query).scalars())


def _watched(channel: str) -> Any:
    """What silence is seen from, for every running takeover of a channel."""
    columns = (Takeover.id, Takeover.conversation, Takeover.last_activity_at, Takeover.silence_seconds)
    return sa.select(*columns).where(Takeover.ended_at.is_(None), Takeover.channel == channel)


def _concerns(conversation: str, message_id: str) -> Any:
    """A row when somebody has the conversation or the message was passed on before; asked for every message."""
    taken = sa.select(Takeover.id).where(Takeover.conversation == conversation, Takeover.ended_at.is_(None))
    known = sa.select(ChatMessage.id).where(
        ChatMessage.conversation == conversation, ChatMessage.message_id == message_id
    )
    return sa.union_all(taken, known)


def _active(session: Session, conversation: str, lock: bool = False) -> Optional[Takeover]:
    query = sa.select(Takeover).where(Takeover.conversation == conversation, Takeover.ended_at.is_(None))
    found: Optional[Takeover] = session.execute(query.with_for_update() if lock else query).scalar_one_or_none()
    return found


def _peek(database: Database, conversation: str) -> Optional[Takeover]:
    with database.reading() as session:
        return _active(session, conversation)


def _is_silent(takeover: Any, now: dt.datetime) -> bool:
    silence = dt.timedelta(seconds=int(takeover.silence_seconds))
    return bool(now - takeover.last_activity_at >= silence)


def _theirs(session: Session, takeover_id: int, person: Person, now: dt.datetime) -> Takeover:
    query = sa.select(Takeover).where(Takeover.id == takeover_id, Takeover.ended_at.is_(None)).with_for_update()
    takeover: Optional[Takeover] = session.execute(query).scalar_one_or_none()
    if takeover is None:
        raise NotTaken
    if takeover.staff != person.username:
        raise AlreadyTaken(takeover.shown_name)
    if _is_silent(takeover, now):
        raise NotTaken  # whoever looks next writes the line that says so
    return takeover


def _end(session: Session, takeover: Takeover, reason: str, now: dt.datetime) -> None:
    takeover.ended_at, takeover.end_reason = now, reason
    if reason in (RELEASED, SILENCE):
        _notice(session, takeover, "einde" if reason == RELEASED else "stilte", OPEN, now)


def _expire_one(database: Database, takeover_id: int, now: dt.datetime) -> bool:
    with database.session() as session:
        query = sa.select(Takeover).where(Takeover.id == takeover_id, Takeover.ended_at.is_(None)).with_for_update()
        takeover = session.execute(query).scalar_one_or_none()
        if takeover is None or not _is_silent(takeover, now):
            return False
        _end(session, takeover, SILENCE, now)
    return True


def _notice(session: Session, takeover: Takeover, name: str, state: str, now: dt.datetime) -> None:
    text = wording(name, naam=takeover.shown_name)
    key = f"{name}-{takeover.id}"
    row = _outgoing(session, takeover, f"chat-{key}", text, now, state=state)
    _message(session, takeover, NOTICE, text, key, now, outbox_id=row)


def _outgoing(
    session: Session, takeover: Takeover, dedupe: str, text: str, now: dt.datetime, state: str = "", by: str = ""
) -> Optional[int]:
    return outbox.add(
        session,
        CHAT,
        dedupe[:160],
        {"text": text, "state": state, "by": by},
        now=now,
        case_id=takeover.case_id,
        channel=takeover.channel,
        conversation=takeover.conversation,
    )


def _message(
    session: Session, takeover: Takeover, author: str, text: str, message_id: str, now: dt.datetime, **values: Any
) -> None:
    session.add(
        ChatMessage(
            takeover_id=takeover.id,
            conversation=takeover.conversation,
            channel=takeover.channel,
            author=author,
            text=text,
            message_id=message_id,
            created_at=now,
            **values,
        )
    )


def _is_known(session: Session, conversation: str, message_id: str) -> bool:
    query = sa.select(ChatMessage.id).where(
        ChatMessage.conversation == conversation, ChatMessage.message_id == message_id
    )
    return session.execute(query).first() is not None


def _keep_heard(
    session: Session, conversation: str, channel: str, text: str, message_id: str, urgent: bool, now: dt.datetime
) -> bool:
    takeover = _active(session, conversation, lock=True)
    if _is_known(session, conversation, message_id):
        return True
    if takeover is None:
        return False
    if _is_silent(takeover, now):
        _end(session, takeover, SILENCE, now)
        return False
    last = session.execute(
        sa.select(ChatMessage.author)
        .where(ChatMessage.takeover_id == takeover.id, ChatMessage.author.in_((CUSTOMER, STAFF)))
        .order_by(ChatMessage.id.desc())
        .limit(1)
    ).scalar()
    if last != CUSTOMER:  # the first that waits starts the clock; the next ones don't start it again
        takeover.last_activity_at = now
    _message(session, takeover, CUSTOMER, text, message_id, now, urgent=urgent)
    return True


def _keep_held_back(
    session: Session, conversation: str, texts: Sequence[str], message_id: str, now: dt.datetime
) -> None:
    text = "\n".join(filter(None, texts)).strip()
    takeover = _active(session, conversation)
    key = f"{message_id}-held"
    if text and takeover is not None and not _is_known(session, conversation, key):
        _message(session, takeover, HELD_BACK, text[:MAX_TEXT], key, now)


def _may_mail(session: Session, now: dt.datetime) -> bool:
    asked = sa.select(sa.func.count()).where(HumanRequest.asked_at > now - dt.timedelta(hours=1))
    return int(session.execute(asked).scalar_one()) <= MAILS_AN_HOUR


def _open_request(session: Session, conversation: str) -> Optional[HumanRequest]:
    query = sa.select(HumanRequest).where(HumanRequest.conversation == conversation, HumanRequest.ended_at.is_(None))
    found: Optional[HumanRequest] = session.execute(query).scalar_one_or_none()
    return found


def _end_request(session: Session, conversation: str, reason: str, now: dt.datetime) -> None:
    waiting = _open_request(session, conversation)
    if waiting is not None:
        waiting.ended_at, waiting.end_reason = now, reason


def _end_gone(database: Database, conversation: str, now: dt.datetime) -> None:
    with database.session() as session:
        takeover = _active(session, conversation, lock=True)
        if takeover is not None:
            _end(session, takeover, GONE, now)


def _as_chat(item: outbox.Item) -> ChatOut:
    """A row of the outbox as a channel gets it: of a takeover, or an owner's answer to a request for advice."""
    text, by = str(item.payload.get("text") or ""), str(item.payload.get("by") or "")
    introduced = bool(item.payload.get("reference"))
    if introduced:
        text = wording("antwoord", naam=by, referentie=str(item.payload["reference"])) + "\n\n" + text
    return ChatOut(item.id, item.conversation, text, item.payload.get("state") or None, by, introduced)
