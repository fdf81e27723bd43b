"""The durable inbox: a message is stored before its delivery is acknowledged, and answered once, in order."""

from __future__ import annotations

import hashlib
import json
import re
import time
from dataclasses import asdict, dataclass
from typing import Any, Callable, Dict, List, Optional, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from channels.base import Choice, Incoming, Kind, Outgoing
from channels.outgoing import OutgoingQueue
from channels.store import DONE, WAITING, Store, conversations, incoming, offers, outgoing

MAX_ATTEMPTS = 2
HOLD = 0.5  # seconds that a message waits for one before it that is still on its way
REMOVED = "[verwijderd]"
KEEP_IDS = 3 * 86_400.0  # seconds that an id outlives what it stood for; channels repeat a delivery for a day at most


@dataclass(frozen=True)
class Work:
    """A message to answer; `attempts` counts how often that was begun before."""

    id: int
    incoming: Incoming
    attempts: int
    received: float


class Inbox:
    """The inbox of one channel in the store. Methods block for about a millisecond; any thread may call them."""

    def __init__(
        self, store: Store, channel: str, is_consecutive: bool = False, clock: Callable[[], float] = time.time
    ) -> None:
        """Opens nothing.

        Args:
            store: the database.
            channel: the connector's name.
            is_consecutive: sequence numbers show gaps, see `Connector.is_consecutive`.
            clock: seconds since 1970.
        """
        self.queue = OutgoingQueue(store, channel, clock)
        self._store = store
        self._channel = channel
        self._is_consecutive = is_consecutive
        self._clock = clock

    # --- receiving -------------------------------------------------------------------------------------------------

    def known(self, messages: Sequence[Incoming]) -> List[bool]:
        """For each message, whether one with its id was stored before."""
        keys = {_key(message): message for message in messages}
        query = sa.select(incoming.c.message_key).where(
            incoming.c.channel == self._channel, incoming.c.message_key.in_(list(keys))
        )
        with self._store.reading() as connection:
            found = set(connection.execute(query).scalars())
        return [_key(message) in found for message in messages]

    def store(self, messages: Sequence[Incoming]) -> List[Incoming]:
        """Stores messages in one transaction; returns those that are new. Durable when it returns."""
        now = self._clock()
        new = []
        with self._store.writing() as connection:
            for message in messages:
                is_ignored = message.kind is Kind.IGNORED
                is_new = self._store.insert_new(
                    connection,
                    incoming,
                    channel=self._channel,
                    message_key=_key(message),
                    conversation="" if is_ignored else message.conversation,
                    sequence=message.sequence,
                    received=now,
                    state=DONE if is_ignored else WAITING,
                    attempts=0,
                    body="" if is_ignored else _as_body(message),
                )
                if is_new:
                    new.append(message)
            for message in sorted(new, key=lambda message: message.conversation):  # one order in every process
                if message.kind is not Kind.IGNORED:
                    self._hear(connection, message, now)
        return new

    def _hear(self, connection: Connection, message: Incoming, now: float) -> None:
        values = {"recipient": message.recipient, "heard": now}
        row = {"conversation": message.conversation, "channel": self._channel, **values}
        if not self._store.insert_new(connection, conversations, **row):
            connection.execute(
                sa.update(conversations).where(conversations.c.conversation == message.conversation).values(**values)
            )

    # --- answering -------------------------------------------------------------------------------------------------

    def claim(self, owner: str, lease: float, limit: int) -> List[str]:
        """Takes conversations with a message to answer, longest waiting first; nobody else answers in them meanwhile.

        Args:
            owner: this process.
            lease: seconds until others may take over; `release` ends it, `renew` prolongs it.
            limit: how many at most.
        """
        now = self._clock()
        query = (
            sa.select(incoming.c.conversation)
            .join(conversations, conversations.c.conversation == incoming.c.conversation)
            .where(
                incoming.c.state == WAITING,
                incoming.c.channel == self._channel,
                conversations.c.answered_until <= now,
            )
            .group_by(incoming.c.conversation)
            .order_by(sa.func.min(incoming.c.id))
            .limit(limit)
        )
        taken = []
        with self._store.reading() as connection:
            barrier = self._barrier(connection, now)
            if barrier is not None:
                query = query.where(incoming.c.sequence < barrier)
            candidates = list(connection.execute(query).scalars())
        if not candidates:
            return []
        with self._store.writing() as connection:
            for conversation in sorted(candidates):
                changed = connection.execute(
                    sa.update(conversations)
                    .where(conversations.c.conversation == conversation, conversations.c.answered_until <= now)
                    .values(answered_by=owner, answered_until=now + lease)
                )
                if changed.rowcount:
                    taken.append(conversation)
        return [conversation for conversation in candidates if conversation in taken]

    def _barrier(self, connection: Connection, now: float) -> Optional[int]:
        """The first number from which on messages wait a moment, because one before it has not come in yet."""
        if not self._is_consecutive:
            return None
        before = incoming.alias()
        is_there = sa.exists().where(before.c.channel == self._channel, before.c.sequence == incoming.c.sequence - 1)
        query = sa.select(sa.func.min(incoming.c.sequence)).where(
            incoming.c.state == WAITING,
            incoming.c.channel == self._channel,
            incoming.c.received > now - HOLD,
            ~is_there,
        )
        barrier: Optional[int] = connection.execute(query).scalar()
        return barrier

    def next(self, conversation: str, owner: str) -> Optional[Work]:
        """The next message of a claimed conversation, and counts the attempt.

        Returns:
            None when there is none to answer now, or this process's claim has run out.
        """
        now = self._clock()
        query = (
            sa.select(incoming)
            .where(
                incoming.c.state == WAITING,
                incoming.c.channel == self._channel,
                incoming.c.conversation == conversation,
            )
            .order_by(incoming.c.sequence, incoming.c.id)
            .limit(1)
        )
        with self._store.writing() as connection:
            if not _is_claimed(connection, conversation, owner):
                return None
            barrier = self._barrier(connection, now)
            row = connection.execute(query).first()
            if row is None or (barrier is not None and row.sequence >= barrier):
                return None
            connection.execute(
                sa.update(incoming).where(incoming.c.id == row.id).values(attempts=incoming.c.attempts + 1)
            )
        return Work(row.id, _from_body(row.body), row.attempts, row.received)

    def give_back(self, work: Work) -> None:
        """Answering was interrupted by an orderly stop: it counts as no attempt."""
        with self._store.writing() as connection:
            connection.execute(sa.update(incoming).where(incoming.c.id == work.id).values(attempts=work.attempts))

    def finish(self, work: Work, owner: str, replies: Sequence[Outgoing], dedupe: str = "") -> bool:
        """Marks a message as answered and queues the replies, in one transaction; its content is deleted here.

        Returns:
            False, with nothing changed, when the claim had run out and another process answers, or it was erased.
        """
        with self._store.writing() as connection:
            if not _is_claimed(connection, work.incoming.conversation, owner):
                return False
            changed = connection.execute(
                sa.update(incoming)
                .where(incoming.c.id == work.id, incoming.c.state == WAITING)
                .values(state=DONE, body="")
            )
            if not changed.rowcount:
                return False
            self.queue.put(connection, work.incoming.conversation, replies, dedupe)
        return True

    def renew(self, owner: str, seconds: float) -> None:
        """Prolongs everything that this process answers in."""
        with self._store.writing() as connection:
            connection.execute(
                sa.update(conversations)
                .where(conversations.c.answered_by == owner, conversations.c.channel == self._channel)
                .values(answered_until=self._clock() + seconds)
            )

    def release(self, conversation: str, owner: str) -> None:
        """Lets others answer in a conversation."""
        with self._store.writing() as connection:
            connection.execute(
                sa.update(conversations)
                .where(conversations.c.conversation == conversation, conversations.c.answered_by == owner)
                .values(answered_by="", answered_until=0.0)
            )

    # --- buttons ---------------------------------------------------------------------------------------------------

    def offered(self, conversation: str, token: str) -> Optional[Choice]:
        """The button with this token, when it was offered in this conversation."""
        query = sa.select(offers).where(offers.c.conversation == conversation, offers.c.token == token)
        with self._store.reading() as connection:
            row = connection.execute(query).first()
        return Choice(row.title, row.payload, row.token) if row else None

    def latest_offers(self, conversation: str) -> List[Choice]:
        """The buttons that were offered last, in order; for channels where one types their number."""
        latest = sa.select(sa.func.max(offers.c.answer)).where(offers.c.conversation == conversation)
        query = (
            sa.select(offers)
            .where(offers.c.conversation == conversation, offers.c.answer == latest.scalar_subquery())
            .order_by(offers.c.position)
        )
        with self._store.reading() as connection:
            return [Choice(row.title, row.payload, row.token) for row in connection.execute(query)]

    def last_heard(self, conversation: str) -> Optional[float]:
        """When the customer last wrote (seconds since 1970), None for an unknown conversation."""
        query = sa.select(conversations.c.heard).where(conversations.c.conversation == conversation)
        with self._store.reading() as connection:
            found: Optional[float] = connection.execute(query).scalar()
        return found

    # --- privacy ---------------------------------------------------------------------------------------------------

    def erase(self, conversation: str) -> Dict[str, int]:
        """Deletes what is kept about a conversation; returns {what: how many}.

        The digests of handled ids stay for some days without the conversation they belonged to, so that a delivery
        that comes again does not bring the conversation back.
        """
        done = {}
        with self._store.writing() as connection:
            emptied = connection.execute(
                sa.update(incoming)
                .where(incoming.c.conversation == conversation)
                .values(conversation="", body="", state=DONE, sequence=0)
            )
            done["incoming"] = emptied.rowcount
            for name, table in (("outgoing", outgoing), ("offers", offers), ("conversations", conversations)):
                deleted = connection.execute(sa.delete(table).where(table.c.conversation == conversation))
                done[name] = deleted.rowcount
        return done

    def redact(self, conversation: str, values: Sequence[str]) -> int:
        """Takes values (an address, a number) out of what is kept about a conversation; returns the changed rows.

        What still waits is left as it is, for it is emptied when it is answered or delivered; when it can't be
        delivered, it is emptied then.
        """
        pattern = _pattern(values)
        if pattern is None:
            return 0
        changed = 0
        with self._store.writing() as connection:
            connection.execute(
                sa.update(outgoing)
                .where(outgoing.c.conversation == conversation, outgoing.c.state == WAITING)
                .values(empty_when_dead=True)
            )
            for row in connection.execute(
                sa.select(outgoing.c.id, outgoing.c.body).where(
                    outgoing.c.conversation == conversation, outgoing.c.state != WAITING, outgoing.c.body != ""
                )
            ).all():
                body = json.dumps(_redacted(json.loads(row.body), pattern), ensure_ascii=False)
                if body != row.body:
                    connection.execute(sa.update(outgoing).where(outgoing.c.id == row.id).values(body=body))
                    changed += 1
            for row in connection.execute(sa.select(offers).where(offers.c.conversation == conversation)).all():
                if pattern.search(row.payload) or pattern.search(row.title):
                    connection.execute(
                        sa.delete(offers).where(offers.c.conversation == conversation, offers.c.token == row.token)
                    )
                    changed += 1
        return changed

    def unheard_since(self, moment: float) -> List[str]:
        """Conversations in which the customer last wrote before `moment` (seconds since 1970)."""
        query = sa.select(conversations.c.conversation).where(
            conversations.c.channel == self._channel, conversations.c.heard < moment
        )
        with self._store.reading() as connection:
            return list(connection.execute(query).scalars())

    def forget_ids(self) -> None:
        """Deletes the rows that only served to recognise repeated deliveries."""
        before = self._clock() - KEEP_IDS
        with self._store.writing() as connection:
            for table, age in ((incoming, incoming.c.received), (outgoing, outgoing.c.made)):
                connection.execute(
                    sa.delete(table).where(table.c.channel == self._channel, table.c.state == DONE, age < before)
                )

    def waiting(self) -> int:
        """How many messages wait for their answer."""
        query = sa.select(sa.func.count()).where(incoming.c.channel == self._channel, incoming.c.state == WAITING)
        with self._store.reading() as connection:
            return int(connection.execute(query).scalar_one())


def inbox_of(store: Store, conversation: str) -> Inbox:
    """The inbox that a conversation belongs to, by the start of its id; for `erase` and `redact` from elsewhere."""
    return Inbox(store, conversation.partition("-")[0])


def _key(message: Incoming) -> str:
    return hashlib.sha256(message.message_id.encode("utf-8", "surrogatepass")).hexdigest()


def _as_body(message: Incoming) -> str:
    return json.dumps({**asdict(message), "kind": message.kind.value, "extra": dict(message.extra)})


def _from_body(body: str) -> Incoming:
    data = json.loads(body)
    return Incoming(**{**data, "kind": Kind(data["kind"])})


def _is_claimed(connection: Connection, conversation: str, owner: str) -> bool:
    query = sa.select(conversations.c.answered_by).where(conversations.c.conversation == conversation)
    return bool(connection.execute(query.with_for_update()).scalar() == owner)


def _pattern(values: Sequence[str]) -> "Optional[re.Pattern[str]]":
    found = sorted({value.strip() for value in values if value.strip()}, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, found)), re.IGNORECASE) if found else None


def _redacted(value: Any, pattern: "re.Pattern[str]") -> Any:
    if isinstance(value, str):
        return pattern.sub(REMOVED, value)
    if isinstance(value, list):
        return [_redacted(item, pattern) for item in value]
    if isinstance(value, dict):
        return {key: _redacted(item, pattern) for key, item in value.items()}
    return value
