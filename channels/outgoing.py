"""The queue of messages to deliver: in order per conversation, tried again with growing pauses, never lost silently."""

from __future__ import annotations

import hashlib
import json
import re
import time
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from channels.base import Choice, Outgoing
from channels.store import DEAD, DONE, WAITING, Store, conversations, free_ones, offers, outgoing

MAX_ATTEMPTS = 10
MAX_AGE = 86_400.0  # seconds; an answer of yesterday helps nobody
LONGEST_PAUSE = 300.0
# What channels report about a message, by how much it tells.
_RANKS = {"sent": 1, "delivered": 2, "read": 3, "played": 4, "failed": 5, "undelivered": 5}

# A claim that ran out was left by a process that died, perhaps with a message on its way.
_IS_FREE = sa.or_(
    conversations.c.delivered_by == "",
    sa.and_(conversations.c.delivered_until <= sa.bindparam("now"), sa.bindparam("takes_over", type_=sa.Boolean)),
)
_FREE = free_ones(_IS_FREE)
_TAKE = (
    sa.update(conversations)
    .where(conversations.c.conversation.in_(sa.bindparam("taken", expanding=True)))
    .values(delivered_by=sa.bindparam("owner"), delivered_until=sa.bindparam("until"))
)
_RELEASE = (
    sa.update(conversations)
    .where(conversations.c.conversation == sa.bindparam("b_conversation"))
    .where(conversations.c.delivered_by == sa.bindparam("owner"))
    .values(delivered_by="", delivered_until=0.0)
)
_LEAVE = (  # what the report was about is what the process that died was doing there
    sa.update(conversations)
    .where(conversations.c.conversation == sa.bindparam("b_conversation"))
    .where(conversations.c.delivered_until <= sa.bindparam("now"))
    .values(delivered_by="", delivered_until=0.0)
)
_SENT = (
    sa.update(outgoing)
    .where(outgoing.c.id == sa.bindparam("b_id"))
    .values(state=DONE, body="", error="", receipt=sa.bindparam("b_receipt"))
)
_REFERENCE = re.compile(r"([0-9]{1,18})-[0-9]{1,18}")


def token_of(payload: str) -> str:
    """What stands for a payload in a button: short, for Telegram allows 64 bytes. The same payload, the same token."""
    return hashlib.sha256(payload.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def pause(attempts: int, retry_after: Optional[float]) -> float:
    """Seconds until the next attempt after `attempts` failed ones; what the channel asked for goes first."""
    if retry_after is not None:
        return min(max(retry_after, 0.5), 3_600.0)
    return float(min(2.0 ** max(attempts - 1, 0), LONGEST_PAUSE))


@dataclass(frozen=True)
class Delivery:
    """The next message of a conversation that this process may deliver; `attempts` counts the failed ones."""

    id: int
    conversation: str
    recipient: str
    message: Outgoing
    attempts: int
    made: float
    dedupe: str

    @property
    def reference(self) -> str:
        """Stands for this message in the channel's reports; another one in every database, and for a second life."""
        return _reference(self.id, self.made)


def _reference(number: int, made: float) -> str:
    return f"{number}-{made * 1000:.0f}"


class OutgoingQueue:
    """The queue of one channel in the store. Methods block for about a millisecond."""

    def __init__(self, store: Store, channel: str, clock: Callable[[], float] = time.time) -> None:
        """Args: store: the database. channel: the connector's name. clock: seconds since 1970."""
        self._store = store
        self._channel = channel
        self._clock = clock
        is_ours = sa.and_(outgoing.c.state == WAITING, outgoing.c.channel == channel)
        # Only the oldest message of a conversation counts: a later one never overtakes it.
        first = (
            sa.select(outgoing.c.conversation, sa.func.min(outgoing.c.id).label("id"))
            .where(is_ours)
            .group_by(outgoing.c.conversation)
            .subquery()
        )
        self._candidates = (
            sa.select(first.c.conversation)
            .join(outgoing, outgoing.c.id == first.c.id)
            .join(conversations, conversations.c.conversation == first.c.conversation)
            .where(outgoing.c.next_try <= sa.bindparam("now"), _IS_FREE)
            .order_by(first.c.id)
            .limit(sa.bindparam("limit", type_=sa.Integer))
        )
        oldest = (
            sa.select(sa.func.min(outgoing.c.id))
            .where(is_ours, outgoing.c.conversation.in_(sa.bindparam("taken", expanding=True)))
            .group_by(outgoing.c.conversation)
        )
        self._first = (
            sa.select(outgoing, conversations.c.recipient)
            .join(conversations, conversations.c.conversation == outgoing.c.conversation)
            .where(outgoing.c.id.in_(oldest))
        )

    def put(
        self, connection: Connection, conversation: str, messages: Sequence[Outgoing], dedupe: str = ""
    ) -> Optional[bool]:
        """Queues the messages of one answer within a transaction and remembers the buttons they offer.

        Args:
            connection: of `Store.writing`.
            conversation: known to the store.
            messages: in order.
            dedupe: when given, the same messages are queued once.

        Returns:
            False when they had been queued before.
        """
        now = self._clock()
        for number, message in enumerate(messages):
            is_new = self._store.insert_new(
                connection,
                outgoing,
                channel=self._channel,
                conversation=conversation,
                dedupe=f"{self._channel}:{dedupe}:{number}"[:160] if dedupe else None,
                made=now,
                state=WAITING,
                next_try=0.0,
                body=json.dumps(message.as_dict(), ensure_ascii=False),
            )
            if not is_new:
                return False
        for number, message in enumerate(messages):  # the last one that offers something counts as the latest
            self._offer(connection, conversation, message.choices, now + number / 100_000)
        return True

    def state_of(self, dedupe: str) -> str:
        """State of what was queued with this key: "done" when all of it is, "" when nothing was queued."""
        prefix = f"{self._channel}:{dedupe}:"
        query = sa.select(outgoing.c.state).where(outgoing.c.dedupe.startswith(prefix, autoescape=True))
        with self._store.reading() as connection:
            states = set(connection.execute(query).scalars())
        return next((state for state in (DEAD, WAITING, DONE) if state in states), "")

    def _offer(self, connection: Connection, conversation: str, choices: Sequence[Choice], now: float) -> None:
        for position, choice in enumerate(choices):
            self._store.put(
                connection,
                offers,
                ["conversation", "token"],
                conversation=conversation,
                token=choice.token,
                answer=now,
                position=position,
                title=choice.title,
                payload=choice.payload,
            )

    # --- delivering ------------------------------------------------------------------------------------------------

    def claim(self, owner: str, lease: float, limit: int, takes_over: bool = True) -> List[Delivery]:
        """Takes conversations in which something is to be delivered now, and the first message of each.

        Nobody else delivers in them until `sent` or `failed` says that there is nothing left, `release` is called or
        the lease runs out.

        Args:
            owner: this process.
            lease: seconds; `renew` prolongs it.
            limit: how many conversations at most.
            takes_over: also those that a process left behind when it died.
        """
        now = self._clock()
        at = {"now": now, "takes_over": takes_over}
        with self._store.reading() as connection:
            candidates = list(connection.execute(self._candidates, {**at, "limit": limit}).scalars())
        if not candidates:
            return []
        with self._store.writing() as connection:
            taken = list(connection.execute(_FREE, {**at, "wanted": candidates}).scalars())
            if not taken:
                return []
            connection.execute(_TAKE, {"taken": taken, "owner": owner, "until": now + lease})
            return self._next(connection, taken, owner)

    def _next(self, connection: Connection, taken: Sequence[str], owner: str) -> List[Delivery]:
        """The oldest message of each of some claimed conversations, longest waiting first; the claim of those whose
        time has not come ends."""
        now = self._clock()
        rows = connection.execute(self._first, {"taken": list(taken)}).all()
        due = {row.conversation: row for row in rows if row.next_try <= now}
        for conversation in taken:
            if conversation not in due:
                connection.execute(_RELEASE, {"b_conversation": conversation, "owner": owner})
        return [_as_delivery(row) for row in sorted(due.values(), key=lambda row: int(row.id))]

    def _following(self, connection: Connection, conversation: str, owner: str) -> Optional[Delivery]:
        return next(iter(self._next(connection, [conversation], owner)), None)

    def renew(self, owner: str, seconds: float) -> None:
        """Prolongs everything that this process delivers in."""
        with self._store.writing() as connection:
            connection.execute(
                sa.update(conversations)
                .where(conversations.c.delivered_by == owner, conversations.c.channel == self._channel)
                .values(delivered_until=self._clock() + seconds)
            )

    def release(self, conversation: str, owner: str) -> None:
        """Lets others deliver in a conversation."""
        with self._store.writing() as connection:
            connection.execute(_RELEASE, {"b_conversation": conversation, "owner": owner})

    def sent(self, delivery: Delivery, receipt: str, owner: str) -> Optional[Delivery]:
        """It was delivered; its content is deleted here. Returns the conversation's next message, as `claim` does."""
        with self._store.writing() as connection:
            connection.execute(_SENT, {"b_id": delivery.id, "b_receipt": receipt[:200] or None})
            return self._following(connection, delivery.conversation, owner)

    def failed(
        self, delivery: Delivery, reason: str, retry_after: Optional[float], is_permanent: bool, owner: str
    ) -> Tuple[str, Optional[Delivery]]:
        """Puts it back for later, or aside as a dead letter.

        Waiting because the channel asked for it (`retry_after`) costs no attempt.

        Returns:
            Its state and the conversation's next message, as `claim` does. The state is "waiting" or "dead"; "done"
            when the channel reported meanwhile that it has the message.
        """
        attempts = delivery.attempts + (retry_after is None)
        now = self._clock()
        values: Dict[str, Any] = {"attempts": attempts, "error": reason[:200]}
        is_dead = is_permanent or now - delivery.made > MAX_AGE or attempts >= MAX_ATTEMPTS
        if is_dead:
            body = sa.case((outgoing.c.empty_when_dead, ""), else_=outgoing.c.body)
            values.update(state=DEAD, body=body)
        else:
            values.update(next_try=now + pause(attempts, retry_after))
        is_it = sa.and_(outgoing.c.id == delivery.id, outgoing.c.state == WAITING)
        with self._store.writing() as connection:
            is_open = connection.execute(sa.update(outgoing).where(is_it).values(**values)).rowcount
            following = self._following(connection, delivery.conversation, owner)
        return (DEAD if is_dead else WAITING) if is_open else DONE, following

    # --- what happened to it ---------------------------------------------------------------------------------------

    def note_status(self, receipt: str, status: str, error: str = "", reference: str = "") -> bool:
        """Keeps what the channel reported about a message; False when it is not known.

        Reports may come in shuffled: one that tells less than what is known already ("sent" after "read") is left out.
        A report about a message of which nobody heard whether it arrived, for the call broke off or the process died,
        says that the channel has it: it is not sent again.

        Args:
            receipt: the channel's id of the message.
            status: what became of it.
            error: why, when it failed.
            reference: `Delivery.reference`, where the channel repeats it.
        """
        with self._store.writing() as connection:
            is_it = sa.and_(outgoing.c.channel == self._channel, outgoing.c.receipt == receipt)
            query = sa.select(outgoing.c.status).where(is_it)
            known = connection.execute(query).scalar()
            if known is None and self._settle(connection, reference, receipt):
                known = connection.execute(query).scalar()
            if known is not None and _RANKS.get(status, 0) >= _RANKS.get(known, 0):
                changes = {"status": status[:32], "error": error[:200]}
                connection.execute(sa.update(outgoing).where(is_it).values(**changes))
        return known is not None

    def _settle(self, connection: Connection, reference: str, receipt: str) -> bool:
        """Marks the waiting message with this reference as delivered; whether there was one."""
        found = _REFERENCE.fullmatch(reference)
        if found is None:
            return False
        row = connection.execute(
            sa.select(outgoing.c.id, outgoing.c.made, outgoing.c.conversation).where(
                outgoing.c.id == int(found[1]), outgoing.c.channel == self._channel, outgoing.c.state == WAITING
            )
        ).first()
        if row is None or _reference(row.id, row.made) != reference:
            return False
        connection.execute(_SENT, {"b_id": row.id, "b_receipt": receipt[:200]})
        connection.execute(_LEAVE, {"b_conversation": row.conversation, "now": self._clock()})
        return True

    def counts(self) -> Dict[str, int]:
        """{state: how many}, for the operator."""
        query = (
            sa.select(outgoing.c.state, sa.func.count())
            .where(outgoing.c.channel == self._channel)
            .group_by(outgoing.c.state)
        )
        with self._store.reading() as connection:
            return {state: int(count) for state, count in connection.execute(query)}

    def backlog(self) -> Tuple[int, float]:
        """How many messages wait, and seconds since the oldest of them was made; dead letters don't count."""
        query = sa.select(sa.func.count(), sa.func.min(outgoing.c.made)).where(
            outgoing.c.channel == self._channel, outgoing.c.state == WAITING
        )
        with self._store.reading() as connection:
            count, oldest = connection.execute(query).one()
        return int(count), max(0.0, self._clock() - oldest) if count else 0.0

    def retry_dead(self) -> int:
        """Puts dead letters that still have their content back into the queue; returns how many."""
        with self._store.writing() as connection:
            changed = connection.execute(
                sa.update(outgoing)
                .where(outgoing.c.channel == self._channel, outgoing.c.state == DEAD, outgoing.c.body != "")
                .values(state=WAITING, attempts=0, next_try=0.0, made=self._clock())
            )
        return int(changed.rowcount)


def _as_delivery(row: Any) -> Delivery:
    message = Outgoing.from_dict(json.loads(row.body))
    return Delivery(row.id, row.conversation, row.recipient, message, row.attempts, row.made, row.dedupe or "")
