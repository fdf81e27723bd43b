"""The durable inbox: a message is stored before its delivery is acknowledged, and answered once, in order."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict, dataclass
from typing import Any, Callable, Dict, List, Optional, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from answering.redact import redact_data, redactor
from channels.base import Choice, Incoming, Kind, Outgoing
from channels.holder import is_dead
from channels.outgoing import OutgoingQueue
from channels.store import DONE, WAITING, Store, conversations, free_ones, humans, incoming, offers, outgoing

MAX_ATTEMPTS = 2
HOLD = 1.5  # seconds that a message waits for one before it that is still on its way
KEEP_IDS = 3 * 86_400.0  # seconds that an id outlives what it stood for; channels repeat a delivery for a day at most
_NO_BARRIER = 2**62

_FREE = free_ones(conversations.c.answered_until <= sa.bindparam("now"))
_TAKE = (
    sa.update(conversations)
    .where(conversations.c.conversation.in_(sa.bindparam("taken", expanding=True)))
    .values(answered_by=sa.bindparam("owner"), answered_until=sa.bindparam("until"))
)
_RELEASE = (
    sa.update(conversations)
    .where(conversations.c.conversation == sa.bindparam("b_conversation"))
    .where(conversations.c.answered_by == sa.bindparam("owner"))
    .values(answered_by="", answered_until=0.0)
)
_COUNT = (
    sa.update(incoming)
    .where(incoming.c.id.in_(sa.bindparam("ids", expanding=True)))
    .values(attempts=incoming.c.attempts + sa.bindparam("more"))
)
_ANSWERED = (
    sa.update(incoming)
    .where(incoming.c.id == sa.bindparam("b_id"), incoming.c.state == WAITING)
    .values(state=DONE, body="")
)
_WHOSE = (
    sa.select(conversations.c.answered_by)
    .where(conversations.c.conversation == sa.bindparam("b_conversation"))
    .with_for_update()
)


class HumanHasIt(Exception):
    """A human began to talk in the conversation while the assistant made its answer; nothing of it was stored."""


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
        self._prepare()

    def _prepare(self) -> None:
        """Makes the statements that every message needs once; building one costs more than running it."""
        is_ours = sa.and_(incoming.c.state == WAITING, incoming.c.channel == self._channel)
        is_free = sa.and_(is_ours, incoming.c.sequence < sa.bindparam("barrier"))
        self._candidates = (
            sa.select(incoming.c.conversation)
            .join(conversations, conversations.c.conversation == incoming.c.conversation)
            .where(is_free, conversations.c.answered_until <= sa.bindparam("now"))
            .group_by(incoming.c.conversation)
            .order_by(sa.func.min(incoming.c.id))
            .limit(sa.bindparam("limit", type_=sa.Integer))
        )
        order = (incoming.c.sequence, incoming.c.id)
        place = sa.func.row_number().over(partition_by=incoming.c.conversation, order_by=order).label("place")
        in_line = sa.select(incoming, place).where(
            is_free, incoming.c.conversation.in_(sa.bindparam("taken", expanding=True))
        )
        self._first = sa.select(in_line.subquery()).where(sa.column("place") == 1)
        before, lower = incoming.alias(), incoming.alias()
        is_there = sa.exists().where(before.c.channel == self._channel, before.c.sequence == incoming.c.sequence - 1)
        # Without any lower number this is the first message ever seen, and nothing can be missing before it.
        is_not_first = sa.exists().where(lower.c.channel == self._channel, lower.c.sequence < incoming.c.sequence)
        # Only what came in just now matters: coalesce keeps the database from looking through everything that waits.
        is_ours_too = sa.and_(
            sa.func.coalesce(incoming.c.state, "") == WAITING, sa.func.coalesce(incoming.c.channel, "") == self._channel
        )
        self._gap = sa.select(sa.func.min(incoming.c.sequence)).where(
            incoming.c.received > sa.bindparam("since"), is_ours_too, ~is_there, is_not_first
        )

    # --- receiving -------------------------------------------------------------------------------------------------

    def store(
        self, messages: Sequence[Incoming], check: Callable[[Incoming], Incoming] = lambda message: message
    ) -> List[Incoming]:
        """Stores messages in one transaction; durable when it returns.

        Args:
            messages: authentic ones, in the order they came.
            check: asked once for each new message; may make it another kind, such as IGNORED.

        Returns:
            The new ones, as `check` left them.
        """
        now = self._clock()
        new: Dict[int, Incoming] = {}
        numbered = sorted(enumerate(messages), key=lambda pair: _key(pair[1]))  # one order in every process
        with self._store.writing(is_durable=True) as connection:
            for number, message in numbered:
                row = {"channel": self._channel, "message_key": _key(message), "sequence": message.sequence}
                if self._store.insert_new(connection, incoming, **row, **_as_row(message), received=now, attempts=0):
                    new[number] = check(message)
                    if new[number] is not message:
                        connection.execute(
                            sa.update(incoming)
                            .where(incoming.c.channel == self._channel, incoming.c.message_key == _key(message))
                            .values(**_as_row(new[number]))
                        )
            heard = {message.conversation: message.recipient for message in new.values() if _needs_reply(message)}
            for conversation in sorted(heard):
                self._store.put(
                    connection,
                    conversations,
                    ["conversation"],
                    conversation=conversation,
                    channel=self._channel,
                    recipient=heard[conversation],
                    heard=now,
                )
        return [new[number] for number in sorted(new)]

    # --- answering -------------------------------------------------------------------------------------------------

    def claim(self, owner: str, lease: float, limit: int) -> List[Work]:
        """Takes conversations with a message to answer, longest waiting first, and the first message of each.

        Nobody else answers in them until `finish` says that there is nothing left, `release` is called or the lease
        runs out.

        Args:
            owner: this process.
            lease: seconds; `renew` prolongs it.
            limit: how many conversations at most.
        """
        now = self._clock()
        with self._store.reading() as connection:
            barrier = self._barrier(connection, now)
            candidates = list(connection.execute(self._candidates, self._at(now, barrier, limit=limit)).scalars())
        if not candidates:
            return []
        with self._store.writing() as connection:
            taken = list(connection.execute(_FREE, {"wanted": candidates, "now": now}).scalars())
            if not taken:
                return []
            connection.execute(_TAKE, {"taken": taken, "owner": owner, "until": now + lease})
            found = self._take(connection, taken, now, barrier)
            answering = {work.incoming.conversation for work in found}
            for conversation in taken:
                if conversation not in answering:  # another process answered it meanwhile
                    connection.execute(_RELEASE, {"b_conversation": conversation, "owner": owner})
        return found

    def _at(self, now: float, barrier: Optional[int], **values: Any) -> Dict[str, Any]:
        return {"now": now, "barrier": _NO_BARRIER if barrier is None else barrier, **values}

    def _barrier(self, connection: Connection, now: float) -> Optional[int]:
        """The first number from which on messages wait a moment, because one before it has not come in yet."""
        if not self._is_consecutive:
            return None
        found: Optional[int] = connection.execute(self._gap, {"since": now - HOLD}).scalar()
        return found

    def _take(self, connection: Connection, taken: Sequence[str], now: float, barrier: Optional[int]) -> List[Work]:
        """The next message of each of some claimed conversations, longest waiting first, and counts the attempts."""
        rows = connection.execute(self._first, self._at(now, barrier, taken=list(taken))).all()
        if rows:
            connection.execute(_COUNT, {"ids": [row.id for row in rows], "more": 1})
        found = [Work(row.id, _from_body(row.body), row.attempts, row.received) for row in rows]
        return sorted(found, key=lambda work: work.id)

    def give_back(self, work: Work) -> None:
        """Answering was interrupted by an orderly stop: it counts as no attempt."""
        with self._store.writing() as connection:
            connection.execute(_COUNT, {"ids": [work.id], "more": -1})

    def finish(
        self,
        work: Work,
        owner: str,
        replies: Sequence[Outgoing],
        dedupe: str = "",
        is_last: bool = False,
        over_human: bool = False,
    ) -> Optional[Work]:
        """Marks a message as answered and queues the replies, in one transaction; its content is deleted here.

        Nothing happens when the claim had run out, for then another process answers, or when it was erased.

        Args:
            work: from `claim` or `finish`.
            owner: this process.
            replies: in order.
            dedupe: when given, the same replies are queued once.
            is_last: take no other message.
            over_human: also when a human talks in the conversation.

        Returns:
            The next message of the conversation, None when there is none; then the conversation is released.

        Raises:
            HumanHasIt: there are replies, and a human talks in the conversation.
        """
        conversation = work.incoming.conversation
        now = self._clock()
        with self._store.writing() as connection:
            if not _is_claimed(connection, conversation, owner):
                return None
            if replies and not over_human and _is_human(connection, conversation):
                raise HumanHasIt
            if connection.execute(_ANSWERED, {"b_id": work.id}).rowcount:
                self.queue.put(connection, conversation, replies, dedupe)
            return self._following(connection, work, owner, now, is_last)

    def _following(
        self, connection: Connection, work: Work, owner: str, now: float, is_last: bool = False
    ) -> Optional[Work]:
        """The claimed conversation's next message; without one the claim ends."""
        conversation = work.incoming.conversation
        barrier = self._barrier(connection, now)
        following = [] if is_last else self._take(connection, [conversation], now, barrier)
        if not following:
            connection.execute(_RELEASE, {"b_conversation": conversation, "owner": owner})
            return None
        return following[0]

    def clear(self, work: Work, owner: str, replies: Sequence[Outgoing], dedupe: str) -> Optional[Work]:
        """As `finish`, and deletes all that was said in the conversation before, for the customer asked for that.

        What came in after the message is still answered; how to reach the customer stays until `forget_quiet`.
        """
        conversation = work.incoming.conversation
        now = self._clock()
        with self._store.writing() as connection:
            if not _is_claimed(connection, conversation, owner):
                return None
            answered = sa.or_(incoming.c.state != WAITING, incoming.c.id == work.id)
            _empty(connection, sa.and_(incoming.c.conversation == conversation, answered))
            for table in (outgoing, offers):
                connection.execute(sa.delete(table).where(table.c.conversation == conversation))
            self.queue.put(connection, conversation, replies, dedupe)
            return self._following(connection, work, owner, now)

    # --- who talks -------------------------------------------------------------------------------------------------

    def is_human(self, conversation: str) -> bool:
        """Whether the customer was told that a human talks, and not yet that the assistant is back."""
        with self._store.reading() as connection:
            return _is_human(connection, conversation)

    def deliver(
        self, conversation: str, messages: Sequence[Outgoing], dedupe: str = "", is_human: Optional[bool] = None
    ) -> bool:
        """Queues what a human says, or a line about who talks together with the state that begins with it.

        Args:
            conversation: one of this channel.
            messages: in order.
            dedupe: when given, the same ones are queued once.
            is_human: whether a human talks from now on; None changes nothing.

        Returns:
            False when it was queued before, or the conversation is not known.
        """
        with self._store.writing() as connection:
            known = sa.select(conversations.c.channel).where(conversations.c.conversation == conversation)
            if connection.execute(known.with_for_update()).scalar() != self._channel:
                return False
            if not self.queue.put(connection, conversation, messages, dedupe):
                return False
            if is_human is not None:
                self._set_human(connection, conversation, is_human)
        return True

    def set_human(self, conversation: str, is_human: bool) -> None:
        """Notes who talks, without a line that says so."""
        with self._store.writing() as connection:
            self._set_human(connection, conversation, is_human)

    def _set_human(self, connection: Connection, conversation: str, is_human: bool) -> None:
        if is_human:
            self._store.insert_new(connection, humans, conversation=conversation)
        else:
            connection.execute(sa.delete(humans).where(humans.c.conversation == conversation))

    def renew(self, owner: str, seconds: float) -> None:
        """Prolongs everything that this process answers in."""
        with self._store.writing() as connection:
            connection.execute(
                sa.update(conversations)
                .where(conversations.c.answered_by == owner, conversations.c.channel == self._channel)
                .values(answered_until=self._clock() + seconds)
            )

    def free_dead(self) -> None:
        """Lets go of what processes held that ran on this machine and are dead: nobody waits for their leases."""
        for by, until in (
            (conversations.c.answered_by, conversations.c.answered_until),
            (conversations.c.delivered_by, conversations.c.delivered_until),
        ):
            holders = sa.select(by).where(conversations.c.channel == self._channel, by != "").distinct()
            with self._store.reading() as connection:
                dead = [holder for holder in connection.execute(holders).scalars() if is_dead(holder)]
            if dead:
                with self._store.writing() as connection:
                    connection.execute(sa.update(conversations).where(by.in_(dead)).values({until: 0.0}))

    def release(self, conversation: str, owner: str) -> None:
        """Lets others answer in a conversation."""
        with self._store.writing() as connection:
            connection.execute(_RELEASE, {"b_conversation": conversation, "owner": owner})

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
        with self._store.writing() as connection:
            done = _erase(connection, conversation)
        self._store.leave_no_copy()  # when somebody reads just now, a later one does it
        return done

    def forget_quiet(self, conversation: str) -> bool:
        """`erase` for a conversation in which nothing waits to be answered or delivered; whether it was."""
        waits = [
            sa.select(table.c.id).where(table.c.conversation == conversation, table.c.state == WAITING)
            for table in (incoming, outgoing)
        ]
        with self._store.writing() as connection:
            connection.execute(_WHOSE, {"b_conversation": conversation})
            is_quiet = not any(connection.execute(query.limit(1)).first() for query in waits)
            if is_quiet:
                _erase(connection, conversation)
        self._store.leave_no_copy()
        return is_quiet

    def redact(self, conversation: str, values: Sequence[str]) -> int:
        """Takes values (an address, a number) out of what is kept about a conversation; returns the changed rows.

        What still waits is left as it is, for it is emptied when it is answered or delivered; when it can't be
        delivered, it is emptied then.
        """
        if not any(value.strip() for value in values):
            return 0
        replace = redactor(values)
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
                body = json.dumps(redact_data(json.loads(row.body), replace), ensure_ascii=False)
                if body != row.body:
                    connection.execute(sa.update(outgoing).where(outgoing.c.id == row.id).values(body=body))
                    changed += 1
            for row in connection.execute(sa.select(offers).where(offers.c.conversation == conversation)).all():
                if (replace(row.payload), replace(row.title)) != (row.payload, row.title):
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

    def forget_ids(self, seconds: float = KEEP_IDS) -> None:
        """Deletes the rows that only served to recognise deliveries repeated within `seconds`."""
        now = self._clock()
        with self._store.writing() as connection:
            for table, age, keep in ((incoming, incoming.c.received, seconds), (outgoing, outgoing.c.made, KEEP_IDS)):
                connection.execute(
                    sa.delete(table).where(table.c.channel == self._channel, table.c.state == DONE, age < now - keep)
                )

    def waiting(self) -> int:
        """How many messages wait for their answer."""
        query = sa.select(sa.func.count()).where(incoming.c.channel == self._channel, incoming.c.state == WAITING)
        with self._store.reading() as connection:
            return int(connection.execute(query).scalar_one())


def _key(message: Incoming) -> str:
    return hashlib.sha256(message.message_id.encode("utf-8", "surrogatepass")).hexdigest()


def _needs_reply(message: Incoming) -> bool:
    return message.kind is not Kind.IGNORED


def _as_row(message: Incoming) -> Dict[str, Any]:
    if not _needs_reply(message):
        return {"conversation": "", "state": DONE, "body": ""}
    body = json.dumps({**asdict(message), "kind": message.kind.value, "extra": dict(message.extra)})
    return {"conversation": message.conversation, "state": WAITING, "body": body}


def _from_body(body: str) -> Incoming:
    data = json.loads(body)
    return Incoming(**{**data, "kind": Kind(data["kind"])})


def _is_claimed(connection: Connection, conversation: str, owner: str) -> bool:
    return bool(connection.execute(_WHOSE, {"b_conversation": conversation}).scalar() == owner)


def _is_human(connection: Connection, conversation: str) -> bool:
    query = sa.select(humans.c.conversation).where(humans.c.conversation == conversation)
    return connection.execute(query).first() is not None


def _empty(connection: Connection, which: Any) -> int:
    """Leaves only the digests of the ids."""
    emptied = sa.update(incoming).where(which).values(conversation="", body="", state=DONE, sequence=0)
    return int(connection.execute(emptied).rowcount)


def _erase(connection: Connection, conversation: str) -> Dict[str, int]:
    done = {"incoming": _empty(connection, incoming.c.conversation == conversation)}
    tables = {"outgoing": outgoing, "offers": offers, "humans": humans, "conversations": conversations}
    for name, table in tables.items():
        done[name] = connection.execute(sa.delete(table).where(table.c.conversation == conversation)).rowcount
    return done
