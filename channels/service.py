"""Runs a channel: takes authentic messages in, has them answered, delivers what is to be said. Never silence.

Three things go on side by side, each in order within a conversation and in parallel over conversations: answering what
the inbox holds, delivering what the outgoing queue holds, and fetching what an owner says who took a conversation over.
Several processes may do so over one database: a conversation belongs to one of them as long as its lease runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import logging
import threading
import time
import uuid
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Awaitable, Callable, Coroutine, Dict, List, Mapping, Optional, Sequence, Set, Tuple, TypeVar

from rasa.core.channels.channel import OutputChannel, UserMessage
from sanic import Blueprint, Sanic
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as StoreTimeout

from channels.base import FROM_DESK, REFERENCE, Answer, Button, Connector, Image, Incoming, Kind, Outgoing, SendFailed
from channels.exchange import hand_over
from channels.holder import own_name
from channels.human import ChatOut, HumanSide, NobodyThere, human_side
from channels.inbox import MAX_ATTEMPTS, HumanHasIt, Inbox, Work
from channels.lifeline import load_lifeline
from channels.limits import RateLimit
from channels.outgoing import Delivery
from channels.pseudonyms import Pseudonyms
from channels.redaction import Wishes, erase_everywhere, erase_talk, redact
from channels.repeated import was_answered
from channels.safety_note import note_safety
from channels.sessions import load_secret
from channels.store import DEAD, DONE, Store, open_store
from content import texts
from desk.takeover import HUMAN, OPEN, wording
from monitoring import metrics
from shop.settings import Environment

logger = logging.getLogger(__name__)

OnNewMessage = Callable[[UserMessage], Awaitable[Any]]
LEASE = 12.0  # seconds until another process takes over what this one left behind
POLL = 0.5  # seconds until the database is looked at again without a reason
MOST_AT_ONCE = 50
PARALLEL = 16  # conversations that are answered, or delivered in, at the same time
SEND_TIMEOUT = 40.0
TYPING_EVERY = 4.0
BEST_EFFORT = 5.0  # seconds for what may also not happen: typing indicators, read receipts
STOP_SECONDS = 5.0  # that a stop waits for what is being answered, and for what is on its way: cut off, it came twice
CHECK_EVERY = 60.0  # seconds until refused credentials are tried again
PURGE_EVERY = 3_600.0
STORE_SECONDS = 2.5  # that storing may take: an apology must still come within 5
MOST_TOLD = 10_000
FETCH_EVERY = 0.5  # seconds until what the owners say is looked for again
HANDING_BACK = 2.0  # seconds that the line which ends a takeover is waited for before the assistant answers
SCRUB_TRIES = 20
DESK, ERASED = "desk-", "erased-"  # beginnings of keys in the queue
_T = TypeVar("_T")


class AnswerCollector(OutputChannel):
    """Collects Rasa's replies to one message, so that they can be stored together."""

    def __init__(self, channel: str) -> None:
        """Args: channel: the connector's name, by which responses may differ."""
        self.replies: List[Dict[str, Any]] = []
        self.wishes = Wishes()
        self._channel = channel

    def name(self) -> str:  # Rasa declares it for the class; it asks the object
        """The channel's name."""
        return self._channel

    async def send_response(self, recipient_id: str, message: Dict[str, Any]) -> None:
        """Takes one reply: text, buttons, picture and metadata in one mapping, as Rasa sends it."""
        self.wishes.note(message)
        if as_answer(message) != Answer():
            self.replies.append({name: message[name] for name in _SHOWN if message.get(name)})

    async def send_text_message(self, recipient_id: str, text: str, **kwargs: Any) -> None:
        """Takes a bare text, which Rasa sends for its own notices."""
        await self.send_response(recipient_id, {**kwargs, "text": text})


_SHOWN = ("text", "buttons", "quick_replies", "image", "alt")


@dataclass(frozen=True)
class Turn:
    """What comes of a message.

    Attributes:
        said: what the customer said.
        replies: within the channel's limits.
        words: of the replies, as the assistant said them.
        wishes: what is to be redacted or erased.
    """

    said: str
    replies: Sequence[Outgoing] = ()
    words: Sequence[str] = ()
    wishes: Wishes = field(default_factory=Wishes)


def as_answer(message: Mapping[str, Any]) -> Answer:
    """Keeps what a channel shows. A response's metadata arrives on the same level: `alt` describes the picture."""
    buttons = tuple(
        Button(str(button["title"]), str(button.get("payload") or button["title"]))
        for button in message.get("buttons") or message.get("quick_replies") or ()
        if button.get("title")
    )
    image = Image(str(message["image"]), str(message.get("alt") or "")) if message.get("image") else None
    return Answer(str(message.get("text") or "").strip(), buttons, image)


class ChannelService:
    """One channel at work."""

    def __init__(
        self,
        connector: Connector,
        environment: Environment,
        on_new_message: OnNewMessage,
        human: Optional[HumanSide] = None,
        store: Optional[Store] = None,
        lease: float = LEASE,
    ) -> None:
        """Opens the database.

        Args:
            connector: the channel.
            environment: the settings.
            on_new_message: hands a message to Rasa and returns when it is answered.
            human: the desk's side; found by `human_side` when left out.
            store: the database; the settings' when left out.
            lease: seconds.
        """
        self.connector = connector
        self.environment = environment
        self.store = store or open_store(environment.channels_database)
        self.inbox = Inbox(self.store, connector.name, connector.is_consecutive)
        self.queue = self.inbox.queue
        self.human = human or human_side(environment)
        self.lifeline = load_lifeline()
        self.texts = texts.wordings()
        self.pseudonyms = Pseudonyms(load_secret(environment.secret))
        self.by_sender = RateLimit(environment.channels_per_minute)
        self.is_off = False  # the channel refuses our credentials
        self.is_stopping = False
        self.app: Optional[Sanic] = None
        self._arrived: List[Tuple[Sequence[Incoming], "asyncio.Future[List[Incoming]]"]] = []
        self._is_storing = False
        self._told: Set[str] = set()  # ids of messages that were apologised for
        self._warned = RateLimit(1)
        self._counting = threading.Lock()
        self._on_new_message = on_new_message
        self._lease = lease
        self._owner = f"{own_name()}:{uuid.uuid4().hex[:16]}"
        self._executor: Executor = ThreadPoolExecutor(1 if self.store.is_sqlite else 8, f"{connector.name}-store")
        self._tasks: Set["asyncio.Task[Any]"] = set()
        self._answering: Dict[str, "asyncio.Task[Any]"] = {}
        self._delivering: Dict[str, "asyncio.Task[Any]"] = {}
        self._started = 0.0  # seconds of the monotonic clock
        self._to_answer = asyncio.Event()
        self._to_deliver = asyncio.Event()
        self._to_fetch = asyncio.Event()
        self._fetching = asyncio.Lock()
        self._erasing = asyncio.Lock()
        self._erased: Set[str] = set()  # of what a farewell says, that it is true
        self._to_scrub: Set[str] = set()
        self._check_again = asyncio.Event()

    # --- receiving -------------------------------------------------------------------------------------------------

    async def accept(self, messages: Sequence[Incoming]) -> List[Incoming]:
        """Stores authentic messages; what was stored before, or says too much too fast, is not answered again.

        Returns:
            The new ones. They are safe when this returns: acknowledge after it, and only then.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database is gone; don't acknowledge, the channel will send it again.
        """
        if not messages:
            return []
        stored: "asyncio.Future[List[Incoming]]" = asyncio.get_running_loop().create_future()
        self._arrived.append((messages, stored))
        if not self._is_storing:
            self._is_storing = True
            self._spawn(self._store_arrived())
        try:
            new = await asyncio.wait_for(asyncio.shield(stored), STORE_SECONDS)
        except (SQLAlchemyError, asyncio.TimeoutError) as error:
            for message in messages:
                self._spawn(self._best_effort(self._tell_trouble(message)))
            if isinstance(error, asyncio.TimeoutError):
                stored.add_done_callback(lambda late: late.cancelled() or late.exception())
                raise StoreTimeout("The channels' database does not answer.") from None
            raise
        ids = {message.message_id for message in messages}
        return [message for message in new if message.message_id in ids]

    async def _tell_trouble(self, message: Incoming) -> None:
        """What could not be stored comes again and is answered then; meanwhile nobody meets silence, and who is in
        need gets the helplines. Once per message; without the queue, for that is in the same database."""
        if message.kind is not Kind.TEXT or message.message_id in self._told:
            return
        if len(self._told) >= MOST_TOLD:
            self._told.clear()
        self._told.add(message.message_id)
        for part in self.connector.render(Answer(self.lifeline.reply(message.text))):
            await self.connector.send(message.conversation, message.recipient, part)

    async def _store_arrived(self) -> None:
        """Stores what came in meanwhile together: waiting for the disk takes as long for fifty messages as for one."""
        try:
            while self._arrived:
                batch, self._arrived = self._arrived[:MOST_AT_ONCE], self._arrived[MOST_AT_ONCE:]
                messages = [message for arrived, _ in batch for message in arrived]
                try:
                    new = await self.run(self.inbox.store, messages, self._within_limits)
                except BaseException as error:
                    for _, stored in batch:
                        if not stored.done():
                            stored.set_exception(error if isinstance(error, Exception) else SendFailed("stopped"))
                    if not isinstance(error, Exception):
                        raise
                    continue
                for _, stored in batch:
                    if not stored.done():
                        stored.set_result(new)
                self._to_answer.set()
                for message in new:
                    if message.kind is not Kind.IGNORED:
                        self._spawn(self._best_effort(self._tell_received(message)))
        finally:
            self._is_storing = False

    async def _tell_received(self, message: Incoming) -> None:
        is_known = False
        if message.kind is Kind.PRESS:
            is_known = await self.run(self.inbox.offered, message.conversation, message.token) is not None
        await self.connector.received(message, is_known)

    def _within_limits(self, message: Incoming) -> Incoming:
        """What is left of a new message of somebody who says too much too fast: one warning a minute."""
        with self._counting:
            if message.kind is Kind.IGNORED or not self.by_sender.wait(message.conversation):
                return message
            was_warned = self._warned.wait(message.conversation) > 0
        if was_warned:
            return replace(message, kind=Kind.IGNORED, text="", extra={})
        return replace(message, kind=Kind.NOTICE, notice=texts.TE_VEEL_BERICHTEN, once=False, text="")

    # --- answering -------------------------------------------------------------------------------------------------

    async def _answer_all(self) -> None:
        while not self.is_stopping:
            self._to_answer.clear()
            free = PARALLEL - len(self._answering)
            if free > 0:
                for work in await self.run(self.inbox.claim, self._owner, self._lease, free):
                    self._answering[work.incoming.conversation] = self._spawn(self._answer_in(work))
            await self._wait(self._to_answer)

    async def _answer_in(self, first: Work) -> None:
        conversation = first.incoming.conversation
        work: Optional[Work] = first
        try:
            while work is not None:
                work = await self._answer(work)
        except BaseException as error:
            if isinstance(error, Exception):  # the database is gone for a moment; the message waits
                logger.error("%s: answering failed (%s).", self.pseudonyms.of(conversation), type(error).__name__)
                await asyncio.sleep(POLL)
            await self._release(self.inbox.release, conversation)
            if not isinstance(error, Exception):
                raise
        finally:
            self._answering.pop(conversation, None)
            self._to_answer.set()

    async def _answer(self, work: Work) -> Optional[Work]:
        """Answers a message; returns the next one of the conversation."""
        try:
            turn = await self._turn(work)
        except asyncio.CancelledError:
            await asyncio.shield(self.run(self.inbox.give_back, work))
            raise
        except Exception as error:  # a reply that can't be shown must not mean silence
            logger.exception("A reply could not be made (%s).", type(error).__name__)
            turn = Turn(work.incoming.text, self._said(texts.STORING))
        is_gone = work.incoming.conversation in turn.wishes.erase
        following = await (self._clear(work, turn) if is_gone else self._finish(work, turn))
        self._to_deliver.set()
        return following

    async def _turn(self, work: Work) -> Turn:
        message = work.incoming
        payload, notice = message.text, message.notice
        if message.kind is Kind.PRESS:
            choice = await self.run(self.inbox.offered, message.conversation, message.token)
            payload, notice = (choice.payload, "") if choice else ("", texts.KNOP_ONBEKEND)
        said = payload or self.texts[texts.BESTAND_ONTVANGEN]
        if not _is_beside(message) and await self._passed_on(message, said):
            return Turn(said)
        if work.attempts >= MAX_ATTEMPTS:  # a message that brought the process down is not tried for ever
            return Turn(said, self._said(texts.STORING))
        if notice:
            return Turn(said, self._said(notice))
        own = await self.connector.reply_itself(message, payload)
        if own is not None:
            return Turn(said, own)
        return await self._ask(message, payload, is_repeated=work.attempts > 0)

    async def _ask(self, message: Incoming, payload: str, is_repeated: bool) -> Turn:
        conversation = message.conversation
        typing = self._spawn(self._show_typing(message))
        collector = AnswerCollector(message.channel)
        try:
            key = _digest(message.message_id)  # WhatsApp's own ids hold the telephone number
            user_message = UserMessage(payload, collector, conversation, input_channel=message.channel, message_id=key)
            if not (is_repeated and await was_answered(self._agent(), user_message)):
                await hand_over(self._on_new_message, user_message, self.environment.answer_timeout)
        finally:
            typing.cancel()
        wishes, found = collector.wishes, collector.replies
        for other in wishes.erase:
            if other != conversation:
                await self._erase_other(other)
        if conversation not in wishes.erase:
            # Before the replies are stored, so that a stop in between is made good by answering again.
            found = await redact(self._agent(), conversation, wishes, [self.inbox.redact], found)
        words = [str(reply.get("text") or "") for reply in found]
        # A human who came while the answer was made gets the message, and the assistant keeps its answer.
        if conversation not in wishes.erase and await self._passed_on(message, payload, words):
            return Turn(payload, wishes=wishes)
        replies = [part for reply in found for part in self.connector.render(as_answer(reply))]
        replies = replies or self.connector.render(Answer(self.lifeline.reply(payload)))
        return Turn(payload, replies, words, wishes)

    async def _finish(self, work: Work, turn: Turn) -> Optional[Work]:
        message, replies = work.incoming, turn.replies
        beside = _is_beside(message)
        dedupe = f"once-{message.notice}-{_digest(message.conversation)}" if beside else ""
        while True:
            arguments = (work, self._owner, replies, dedupe, self.is_stopping, beside)
            try:
                following = await self.run(self.inbox.finish, *arguments)
                break
            except HumanHasIt:  # the line that says so was stored after the last look
                if await self._passed_on(message, turn.said, turn.words):
                    replies = ()
        if turn.wishes.redact:
            self._to_scrub.add(message.conversation)
            self._spawn(self._leave_no_copy())
        return following

    async def _clear(self, work: Work, turn: Turn) -> Optional[Work]:
        """Erases the conversation as the customer asked; only the reply that says so is still delivered.

        It is stored first, or a stop in between would lose it; whoever delivers it makes sure of the rest.
        """
        conversation = work.incoming.conversation
        key = f"{ERASED}{_digest(work.incoming.message_id)}"
        async with self._erasing:
            following = await self.run(self.inbox.clear, work, self._owner, turn.replies, key)
            try:
                await erase_talk(self._agent(), self.human, conversation)
                self._erased.add(conversation)
            except Exception as error:
                logger.error("A conversation could not be deleted yet (%s).", type(error).__name__)
        self._spawn(self._leave_no_copy())
        return following

    async def _erase_other(self, conversation: str) -> None:
        try:
            await erase_everywhere(self._agent(), self.environment, self.human, conversation)
        except Exception as error:
            logger.error("A conversation could not be deleted everywhere (%s).", type(error).__name__)

    def _agent(self) -> Any:
        return getattr(self.app.ctx, "agent", None) if self.app else None

    # --- a human in the conversation -------------------------------------------------------------------------------

    async def _passed_on(self, message: Incoming, said: str, held_back: Sequence[str] = ()) -> bool:
        """Gives a message to the owner who has the conversation; False when the assistant should answer it.

        Whatever began or ended the takeover is in the queue before that: nobody talks in the other's time.
        """
        conversation = message.conversation
        key = f"{message.channel}-{_digest(message.message_id)}"
        try:
            is_heard, was_told = await self._heard(message, said, key, held_back)
        except Exception as error:  # takeover must never keep the assistant from answering
            logger.error("The desk could not be asked (%s).", type(error).__name__)
            is_heard, was_told = False, await self.run(self.inbox.is_human, conversation)
        if not is_heard:
            if was_told:  # the desk is out of reach
                line = self.connector.render(Answer(wording("storing", naam=wording("iemand"))))
                await self.run(self.inbox.deliver, conversation, line, f"storing-{key}", False)
                await self.run(self.inbox.set_human, conversation, False)
                self._to_deliver.set()
            return False
        if not was_told:
            await self._fetch()
            await self.run(self.inbox.set_human, conversation, True)
        await note_safety(self._agent(), conversation, said)
        return True

    async def _heard(self, message: Incoming, said: str, key: str, held_back: Sequence[str]) -> Tuple[bool, bool]:
        """Whether an owner has the conversation, who then got the message and what would have been said; and whether
        the customer was told that a human talks. Both are asked at once, for a database may be slow."""
        conversation, deadline = message.conversation, time.monotonic() + HANDING_BACK
        while True:
            is_heard, was_told = await asyncio.gather(
                _aside(self.human.customer_said, conversation, message.channel, said, key, held_back),
                self.run(self.inbox.is_human, conversation),
            )
            if is_heard or not was_told:
                return is_heard, was_told
            # Given back a moment ago: the line that says so comes first.
            await self._fetch()
            was_told = await self.run(self.inbox.is_human, conversation)
            if not was_told or time.monotonic() > deadline:
                return False, was_told
            await asyncio.sleep(0.1)

    async def _show_typing(self, message: Incoming) -> None:
        while True:
            await self._best_effort(self.connector.working(message))
            await asyncio.sleep(TYPING_EVERY)

    def _said(self, name: str) -> List[Outgoing]:
        """A fixed text as this channel shows it."""
        return self.connector.render(Answer(self.texts[name]))

    # --- delivering ------------------------------------------------------------------------------------------------

    async def _deliver_all(self) -> None:
        while not self.is_stopping:
            self._to_deliver.clear()
            free = PARALLEL - len(self._delivering)
            if free > 0 and not self.is_off:
                takes_over = time.monotonic() - self._started >= self.connector.reports_within
                for delivery in await self.run(self.queue.claim, self._owner, self._lease, free, takes_over):
                    self._delivering[delivery.conversation] = self._spawn(self._deliver_in(delivery))
            await self._wait(self._to_deliver)

    async def _deliver_in(self, first: Delivery) -> None:
        conversation = first.conversation
        delivery: Optional[Delivery] = first
        try:
            while delivery is not None and not self.is_off and not self.is_stopping:
                delivery = await self._deliver(delivery)
            if delivery is not None:
                await self._release(self.queue.release, conversation)
        except BaseException as error:
            if isinstance(error, Exception):  # the database is gone for a moment; the message waits
                logger.error("%s: delivering failed (%s).", self.pseudonyms.of(conversation), type(error).__name__)
                await asyncio.sleep(POLL)
            await self._release(self.queue.release, conversation)
            if not isinstance(error, Exception):
                raise
        finally:
            del self._delivering[conversation]
            self._to_deliver.set()

    async def _deliver(self, delivery: Delivery) -> Optional[Delivery]:
        """Delivers a message; returns the next one of the conversation."""
        message = delivery.message
        if _key_of(delivery).startswith(ERASED):
            try:
                await self._make_sure_of_erasure(delivery.conversation)
            except Exception as error:
                return await self._failed(delivery, SendFailed(f"not erased yet: {type(error).__name__}"))
        else:  # a farewell is taken off the queue by who sent it, for that deletes the last rows
            message = replace(message, extra={**message.extra, REFERENCE: delivery.reference})
        sending = self.connector.send(delivery.conversation, delivery.recipient, message)
        try:
            receipt = await asyncio.wait_for(sending, SEND_TIMEOUT)
        except SendFailed as failure:
            if failure.stops_channel:
                self._switch_off(failure)
                return delivery
            return await self._failed(delivery, failure)
        except Exception as error:  # the network, or an answer nobody expected; never with content in the log
            return await self._failed(delivery, SendFailed(type(error).__name__))
        following = await self.run(self.queue.sent, delivery, receipt, self._owner)
        await self._after(delivery)
        return following

    async def _after(self, delivery: Delivery) -> None:
        """When a message is off the queue: the desk hears of an owner's, and a farewell leaves nothing behind."""
        await self._report_to_desk(delivery)
        if _key_of(delivery).startswith(ERASED) and await self.run(self.inbox.forget_quiet, delivery.conversation):
            self._erased.discard(delivery.conversation)
        elif delivery.conversation in self._to_scrub:
            self._to_scrub.discard(delivery.conversation)
            self._spawn(self._leave_no_copy())

    async def _make_sure_of_erasure(self, conversation: str) -> None:
        """A reply that says that all is gone waits until it is; the process that cleared may have ended before."""
        async with self._erasing:
            if conversation not in self._erased:
                await erase_talk(self._agent(), self.human, conversation)
                self._erased.add(conversation)

    async def _failed(self, delivery: Delivery, failure: SendFailed) -> Optional[Delivery]:
        state, following = await self.run(
            self.queue.failed, delivery, str(failure), failure.retry_after, failure.is_permanent, self._owner
        )
        who = self.pseudonyms.of(delivery.conversation)
        if state == DONE:
            await self._after(delivery)
        elif state == DEAD:
            logger.error("%s: message %s can't be delivered: %s", who, delivery.id, failure)
            await self._after(delivery)
        else:
            logger.warning("%s: message %s is tried again later: %s", who, delivery.id, failure)
        return following

    # --- an owner who talks ----------------------------------------------------------------------------------------

    async def _deliver_desk(self) -> None:
        if isinstance(self.human, NobodyThere):
            return
        while not self.is_stopping:
            self._to_fetch.clear()
            try:
                await self._fetch()
            except Exception as error:
                logger.error("The desk's messages could not be fetched (%s).", type(error).__name__)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._to_fetch.wait(), FETCH_EVERY)

    async def _fetch(self) -> None:
        """Takes what owners said, in all conversations, into the queue."""
        async with self._fetching:
            for chat in await _aside(self.human.chat_to_deliver, self.connector.name):
                await self._take_from_desk(chat)

    async def _take_from_desk(self, chat: ChatOut) -> None:
        """Queues an owner's message once; it is reported as delivered when the customer has it."""
        key = f"{DESK}{chat.id}-{_digest(chat.text)[:8]}"
        state = await self.run(self.queue.state_of, key)
        if not state:
            is_bare = not chat.sender or chat.introduced
            text = chat.text if is_bare else wording("zegt", naam=chat.sender, tekst=chat.text)
            messages = [replace(part, extra={FROM_DESK: True}) for part in self.connector.render(Answer(text))]
            is_human = {HUMAN: True, OPEN: False}.get(chat.state or "")
            if not messages or not await self.run(self.inbox.deliver, chat.conversation, messages, key, is_human):
                await _aside(functools.partial(self.human.failed, chat.id, "unknown conversation", permanent=True))
                return
            self._to_deliver.set()
        elif state in (DONE, DEAD):
            await self._report(chat.id, chat.conversation, state)

    async def _report_to_desk(self, delivery: Delivery) -> None:
        key = _key_of(delivery)
        if key.startswith(DESK):
            id = int(key[len(DESK) :].partition("-")[0])
            await self._report(id, delivery.conversation, await self.run(self.queue.state_of, key))

    async def _report(self, id: int, conversation: str, state: str) -> None:
        try:
            if state == DONE:
                await _aside(self.human.delivered, id)
                self._to_fetch.set()  # the owner's next line may come now
            elif state == DEAD:  # ends the takeover: nobody can be talked to there
                await _aside(functools.partial(self.human.failed, id, "not deliverable", permanent=True))
                await self.run(self.inbox.set_human, conversation, False)
        except Exception as error:
            logger.error("The desk could not be told (%s).", type(error).__name__)

    # --- privacy ---------------------------------------------------------------------------------------------------

    async def erase(self, conversation: str) -> Dict[str, int]:
        """Deletes a conversation from the desk's chat, Rasa's tracker store and here; returns {what: how many}.

        Raises:
            RuntimeError: Rasa's tracker store is none that can be erased from.
            desk.database.DeskUnavailable: the desk's database does not answer.
        """
        # The copies elsewhere first: when that fails, the conversation is still known here and can be deleted later.
        await erase_talk(self._agent(), self.human, conversation)
        return await self.run(self.inbox.erase, conversation)

    async def purge(self) -> None:
        """Deletes the conversations that are older than the shop keeps them, and ids nobody needs any more."""
        before = time.time() - self.environment.channels_days * 86_400
        for conversation in await self.run(self.inbox.unheard_since, before):
            await self.erase(conversation)
        await self.run(self.inbox.forget_ids, self.connector.keep_ids)
        await self._leave_no_copy()

    async def _leave_no_copy(self) -> None:
        """Empties the database's log of what was deleted; somebody who reads just now makes it wait."""
        for _ in range(SCRUB_TRIES):
            try:
                if await self.run(self.store.leave_no_copy):
                    return
            except Exception as error:
                logger.error("The database's log could not be emptied (%s).", type(error).__name__)
            await asyncio.sleep(POLL)

    async def _purge_hourly(self) -> None:
        while True:
            try:
                await self.purge()
            except Exception as error:  # the next hour tries again
                logger.error("Old conversations could not be deleted (%s).", type(error).__name__)
            await asyncio.sleep(PURGE_EVERY)

    # --- start and stop --------------------------------------------------------------------------------------------

    def attach(self, routes: Blueprint) -> None:
        """Starts and stops with the server."""

        @routes.listener("after_server_start")
        async def start(app: Sanic, _: Any) -> None:
            await self.start(app)

        @routes.listener("before_server_stop")
        async def stop(app: Sanic, _: Any) -> None:
            await self.stop()

    async def start(self, app: Optional[Sanic] = None) -> None:
        """Begins to work, with what an earlier stop left behind first. Needs a running event loop."""
        self.app = app
        self._started = time.monotonic()
        try:
            await self.run(self.inbox.free_dead)
        except SQLAlchemyError as error:  # then their leases run out
            logger.error("What dead processes held could not be freed (%s).", type(error).__name__)
        metrics.OUTBOXES.add(self.connector.name, self.queue.backlog)
        for work in (self._answer_all, self._deliver_all):
            self._spawn(self._for_ever(work))
        for other in (self._keep_leases(), self._deliver_desk(), self._check(), self._purge_hourly()):
            self._spawn(other)

    async def stop(self) -> None:
        """Finishes what is being answered and what is being delivered; the rest waits for the next start."""
        self.is_stopping = True
        metrics.OUTBOXES.remove(self.connector.name, self.queue.backlog)
        if in_hand := [*self._answering.values(), *self._delivering.values()]:
            await asyncio.wait(in_hand, timeout=STOP_SECONDS)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(Exception):
            await self.connector.stopped()
        self._executor.shutdown(wait=True)
        self.human.close()

    async def _for_ever(self, work: Callable[[], Awaitable[None]]) -> None:
        while not self.is_stopping:
            try:
                await work()
            except Exception as error:  # the database is gone for a moment
                logger.error("Channel %s pauses (%s).", self.connector.name, type(error).__name__)
                await asyncio.sleep(2 * POLL)

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(self._lease / 4)
            try:
                if self._answering:
                    await self.run(self.inbox.renew, self._owner, self._lease)
                if self._delivering:
                    await self.run(self.queue.renew, self._owner, self._lease)
            except Exception as error:
                logger.error("Leases could not be prolonged (%s).", type(error).__name__)

    async def _check(self) -> None:
        """Checks the credentials at the start, and again after they were refused."""
        while True:
            self._check_again.clear()
            try:
                await asyncio.wait_for(self.connector.started(), SEND_TIMEOUT)
            except SendFailed as failure:
                if failure.stops_channel:
                    self._switch_off(failure)
                else:
                    logger.warning("Channel %s could not be checked: %s", self.connector.name, failure)
            except Exception as error:  # no network yet; delivering tries again by itself
                logger.warning("Channel %s could not be checked (%s).", self.connector.name, type(error).__name__)
            else:
                if self.is_off:
                    logger.info("Channel %s works again.", self.connector.name)
                    self.is_off = False
                    self._to_deliver.set()
                await self._check_again.wait()
            await asyncio.sleep(CHECK_EVERY)

    def _switch_off(self, failure: SendFailed) -> None:
        if not self.is_off:
            self.is_off = True
            logger.error("Channel %s is off, the others go on. %s", self.connector.name, failure)
        self._check_again.set()

    # --- small things ----------------------------------------------------------------------------------------------

    async def run(self, function: Callable[..., _T], *arguments: Any) -> _T:
        """Runs blocking work of the store aside."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, functools.partial(function, *arguments))

    def background(self, work: Coroutine[Any, Any, Any]) -> None:
        """Runs something beside the rest until the channel stops."""
        self._spawn(work)

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _best_effort(self, work: Awaitable[Any]) -> None:
        try:
            await asyncio.wait_for(work, BEST_EFFORT)
        except Exception as error:
            logger.debug("Not done: %s", type(error).__name__)

    async def _release(self, release: Callable[[str, str], None], conversation: str) -> None:
        """Ends a claim."""
        # When this fails, the lease runs out by itself.
        with contextlib.suppress(Exception):
            await asyncio.shield(self.run(release, conversation, self._owner))

    @staticmethod
    async def _wait(event: asyncio.Event) -> None:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(event.wait(), POLL)


async def _aside(function: Callable[..., _T], *arguments: Any) -> _T:
    """Runs the desk's blocking functions in a thread of their own: they may wait for another database."""
    return await asyncio.get_running_loop().run_in_executor(None, functools.partial(function, *arguments))


def _is_beside(message: Incoming) -> bool:
    """Whether it gets a line that is no part of the conversation, such as "only in private" in a group."""
    return message.kind is Kind.NOTICE and message.once


def _key_of(delivery: Delivery) -> str:
    """The key that a message was queued with."""
    return delivery.dedupe.partition(":")[2].rpartition(":")[0]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
