"""The web chat's channel under `/webhooks/web`: messages by POST, replies by server-sent events.

    POST   /session        a new session: {"token"}
    GET    /history        {"events", "busy", "state", "token"}; the token is a fresh one
    POST   /messages       {"id", "text"}: stored, then answered over /events; the same id again changes nothing
    GET    /events         server-sent events; resumes after the Last-Event-ID header
    POST   /rating         {"n", "rating": "up" | "down" | null}
    DELETE /conversation   deletes everything that was said, here and in Rasa's tracker
    GET    /questions      {"questions"} for suggestions while typing

All but /session and /questions need `Authorization: Bearer <token>`. Browsers on other pages than the allowed ones are
refused. Errors are {"error": code, "text": Dutch}.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import json
import logging
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Awaitable, Callable, Dict, List, Optional, Sequence, Set, TypeVar

from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint, Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from answering.generator import ShopFile
from channels.erase import erase_tracker
from channels.event_log import ENDED, HANDOVER, HUMAN, MAX_ATTEMPTS, OPEN, EventLog, Question, SessionGone
from channels.exchange import Refusal, hand_over
from channels.incoming import MAX_BODY, NoText, TextTooLong, clean_text
from channels.lifeline import load_lifeline
from channels.limits import allowed_origins, client_address
from channels.redaction import erase, erase_everywhere, redact
from channels.repeated import was_answered
from channels.safety_note import note_safety
from channels.sessions import NoSession, Tokens, load_secret, new_session_id
from channels.shared import make_shared
from channels.suggestions import answerable_questions, as_document
from channels.web_output import WebOutput
from content import texts
from desk.database import DeskUnavailable
from desk.takeover import HumanSide, wording
from monitoring import metrics
from shop.settings import Environment, load_environment

logger = logging.getLogger(__name__)

PREFIX = "/webhooks/web/"
DELIVER_EVERY = 0.5  # seconds until what the owners say is looked for again, for all sessions at once
HANDING_BACK = 2.0  # seconds that the line which ends a takeover is waited for before the assistant answers
POLL = 2.0  # seconds until an open stream looks for events that another process stored
HEARTBEAT = 15.0  # seconds of silence after which a stream sends a comment, so that proxies keep it open
STREAM_SECONDS = 900.0  # then the client connects again, with its token checked anew
STREAMS_PER_SESSION = 6
RETRY_EVERY = 1.0
STORE_SECONDS = 3.0  # that the log may take, with a network that swallows everything too
OPEN_SECONDS = 1.0  # for a new session: the first message waits as well, and its apology must come within 5
MOST_UNOPENED = 10_000
MOST_EVENTS = 2**31  # in a session: what a database can count
PURGE_EVERY = 3_600.0
STOP_SECONDS = 5.0  # that a stop waits for the answers in hand
SWEEP_EVERY = 5.0
SWEEP_AFTER = 5.0  # seconds that a message may wait before another process looks whether it is forgotten
BY_SESSION, BY_ADDRESS = "session", "address"
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_METHODS = "GET, POST, DELETE, OPTIONS"
_HEADERS = "authorization, content-type, last-event-id"
_T = TypeVar("_T")
OnNewMessage = Callable[[UserMessage], Awaitable[Any]]


class Stopping(Exception):
    """Nothing new is taken any more: the client sends it again, to the next process."""


class WebChannel(InputChannel):
    """Rasa connector for the chat widget; named in credentials.yml."""

    @classmethod
    def name(cls) -> str:
        """Part of the address, and the channel's name in the tracker."""
        return "web"

    def blueprint(self, on_new_message: OnNewMessage) -> Blueprint:
        """The routes. `on_new_message` hands a message to Rasa and returns when it is answered."""
        return make_routes(WebChat(load_environment(), on_new_message))


class WebChat:
    """The channel's work without its addresses: who may ask, what is stored, who answers, who hears of it."""

    def __init__(self, environment: Environment, on_new_message: OnNewMessage) -> None:
        """Opens the log. Raises `SettingsError` for a setting that is wrong."""
        self.environment = environment
        self.origins = allowed_origins(environment)
        self.tokens = Tokens(load_secret(environment.secret), environment.web_days)
        self.log = EventLog(environment.web_database)
        self.lifeline = load_lifeline()
        self.texts = texts.wordings()
        limits = {BY_SESSION: environment.web_per_minute, BY_ADDRESS: environment.web_address_per_minute}
        self.shared = make_shared(limits, environment.redis)
        self.streams: Dict[str, Set[asyncio.Event]] = {}
        self.is_stopping = False
        self.is_over = False  # what was in hand at a stop is answered
        self.app: Optional[Sanic] = None
        self._on_new_message = on_new_message
        self.human = HumanSide(environment.desk_database)
        # Threads of their own: a slow desk must not keep the assistant's.
        self._human_threads = ThreadPoolExecutor(4, "human")
        self._threads = ThreadPoolExecutor(16, "web")  # of its own too: a slow log must not keep Rasa's
        self._delivering = asyncio.Lock()
        self._unopened: Set[str] = set()  # sessions that the database has not heard of yet
        self._tasks: Set["asyncio.Task[None]"] = set()
        self._answering: Set["asyncio.Task[None]"] = set()

    # --- who may ask -------------------------------------------------------------------------------------------

    def check_origin(self, request: Request) -> None:
        """Refuses browsers on other pages. A same-origin GET carries no Origin header; every POST and DELETE does."""
        origin = request.headers.get("origin")
        same_page = request.method == "GET" and origin is None
        if not same_page and origin not in self.origins:
            raise Refusal(403, "origin_not_allowed", texts.VERZOEK_ONGELDIG)

    async def check_address(self, request: Request) -> None:
        """Counts a request of this network address."""
        forwarded = request.headers.get("x-forwarded-for", "")
        address = client_address(request.ip, forwarded, self.environment.web_proxies)
        if await self.shared.wait(BY_ADDRESS, address):
            raise Refusal(429, "too_many_requests", texts.TE_VEEL_BERICHTEN)

    def session_of(self, request: Request) -> str:
        """The session that the request's token stands for."""
        try:
            return self.tokens.read(request.headers.get("authorization"))
        except NoSession:
            raise Refusal(401, "no_session", texts.VERZOEK_ONGELDIG) from None

    async def open(self, session: str) -> None:
        """Begins a session. When it can't be stored now it is with its first message: a visitor in need must be able
        to say so."""
        try:
            await asyncio.wait_for(self.run(self.log.open_session, session), OPEN_SECONDS)
        except (SQLAlchemyError, asyncio.TimeoutError) as error:
            _log_away(error)
            if len(self._unopened) < MOST_UNOPENED:
                self._unopened.add(session)
                return
            raise

    async def _open_late(self, session: str) -> None:
        if session in self._unopened:
            with contextlib.suppress(IntegrityError):  # stored after all
                await self.run(self.log.open_session, session)
            self._unopened.discard(session)

    # --- what is asked and answered ----------------------------------------------------------------------------

    async def receive(self, session: str, payload: Any) -> Dict[str, Any]:
        """Stores a message and has it answered: {"n": its number, "new": whether it was not known yet}."""
        if not isinstance(payload, dict) or not isinstance(payload.get("text"), str):
            raise Refusal(400, "text_must_be_text", texts.VERZOEK_ONGELDIG)
        client_id = payload.get("id")
        if not isinstance(client_id, str) or not _CLIENT_ID.fullmatch(client_id):
            raise Refusal(400, "id_invalid", texts.VERZOEK_ONGELDIG)
        try:
            text = clean_text(payload["text"])
        except TextTooLong:
            raise Refusal(413, "text_too_long", texts.BERICHT_TE_LANG) from None
        except NoText:
            raise Refusal(400, "text_empty", texts.BERICHT_LEEG) from None
        if self.is_stopping:
            raise Stopping
        await self._open_late(session)
        state = await self.run(self.log.state, session)
        if state in (HANDOVER, ENDED):
            name = texts.CHAT_WORDT_OVERGENOMEN if state == HANDOVER else texts.CHAT_AFGESLOTEN
            raise Refusal(409, "conversation_" + ("paused" if state == HANDOVER else "ended"), name)
        if await self.shared.wait(BY_SESSION, session):
            raise Refusal(429, "too_many_messages", texts.TE_VEEL_BERICHTEN)
        number, is_new = await self.run(self.log.add_question, session, client_id, text)
        if is_new:
            self.answer_soon(session)
            await self.notify(session)
        return {"n": number, "new": is_new}

    def answer_soon(self, session: str) -> None:
        """Answers the session's waiting messages in the background."""
        task = asyncio.get_running_loop().create_task(self._answer_surely(session))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer_surely(self, session: str) -> None:
        """Tries again soon when the log was away for a moment."""
        while not self.is_stopping:
            try:
                return await self._answer_all(session)
            except SessionGone:
                return
            except Exception as error:
                metrics.failed("web")
                logger.error("Waiting messages could not be answered (%s).", type(error).__name__)
                await asyncio.sleep(RETRY_EVERY)

    async def _answer_all(self, session: str) -> None:
        async with self.shared.lock(session):
            while not self.is_stopping:
                question = await self.run(self.log.next_question, session)
                if question is None:
                    return
                if await self._passed_on(session, question):
                    continue
                output = WebOutput()
                # A message that brought the process down is not tried for ever.
                if question.attempts < MAX_ATTEMPTS:
                    key = f"web-{question.number}"
                    message = UserMessage(
                        question.text, output, session, input_channel=WebChannel.name(), message_id=key
                    )
                    if not (question.attempts and await was_answered(self._agent(), message)):
                        await hand_over(self._on_new_message, message, self.environment.answer_timeout)
                if output.wishes.erase:
                    await self._erase_as_asked(session, question, output)
                    continue
                replies = await self._redacted(session, output) or [{"text": self.lifeline.reply(question.text)}]
                # A human who came while the answer was made gets the message, and the assistant keeps its answer.
                while not await self._passed_on(session, question, [str(r.get("text") or "") for r in output.replies]):
                    if await self.run(self.log.add_replies, session, question.number, replies, output.state):
                        await self.notify(session)
                        break

    async def _redacted(self, session: str, output: WebOutput) -> List[Dict[str, Any]]:
        """The replies, after what was private left the conversation; before they are stored, so that a stop in between
        is made good by answering again."""
        return await redact(self._agent(), session, output.wishes, [self.log.redact], output.replies)

    async def _erase_as_asked(self, session: str, question: Question, output: WebOutput) -> None:
        """Erases what the visitor asked for; of this conversation only the reply that says so stays."""
        for other in output.wishes.erase:
            if other != session:
                task = asyncio.get_running_loop().create_task(self._erase_other(other))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        if session in output.wishes.erase:
            if not await erase(self._agent(), session):
                logger.error("Rasa's tracker store is no SQL store: a conversation could not be deleted from it.")
            try:
                await self._aside(self.human.forget, session)
            except DeskUnavailable:  # the action erased the desk's rows a moment ago; the visitor must read so
                logger.error("What owners said in a conversation could not be looked for again.")
            await self.run(self.log.clear, session, output.replies)
        else:
            replies = await self._redacted(session, output)
            await self.run(self.log.add_replies, session, question.number, replies, output.state)
        await self.notify(session)

    async def _erase_other(self, conversation: str) -> None:
        """Erases another conversation, of whichever channel."""
        try:
            async with self.shared.lock(conversation):
                await erase_everywhere(self._agent(), self.environment, self.human, conversation)
        except Exception as error:
            logger.error("A conversation could not be deleted everywhere (%s).", type(error).__name__)
        await self.notify(conversation)

    def _agent(self) -> Any:
        return getattr(self.app.ctx, "agent", None) if self.app else None

    # --- a human in the conversation ---------------------------------------------------------------------------

    async def _passed_on(self, session: str, question: Question, held_back: Sequence[str] = ()) -> bool:
        """Gives a message to the owner who has the conversation; False when the assistant should answer it.

        Whatever began or ended the takeover is in the log before that: nobody talks in the other's time.
        """
        deadline = time.monotonic() + HANDING_BACK
        while True:
            said = (session, WebChannel.name(), question.text, f"web-{question.number}", held_back)
            is_human = await self._aside(self.human.customer_said, *said)
            state = await self._state(session)
            if is_human or state != HUMAN:
                break
            # Given back a moment ago: the line that says so comes first.
            if not await self.deliver() and await self._state(session) == HUMAN:
                if time.monotonic() > deadline:  # the desk is out of reach, or it never was a takeover
                    text = wording("storing", naam=wording("iemand"))
                    await self.run(self.log.deliver, session, f"storing-{question.number}", text, "", OPEN)
                    await self.notify(session)
                    return False
                await asyncio.sleep(0.1)
        if not is_human:
            return False
        if state == OPEN:
            await self.deliver()
            if await self._state(session) == OPEN:  # the desk was out of reach for a while
                await self.run(self.log.set_state, session, HUMAN)
        await self.run(self.log.mark_passed_on, session, question.number)
        await self.notify(session)
        await note_safety(getattr(self.app.ctx, "agent", None) if self.app else None, session, question.text)
        return True

    async def _state(self, session: str) -> str:
        """The session's state; '' when it is gone."""
        try:
            return await self.run(self.log.state, session)
        except SessionGone:
            return ""

    async def deliver(self) -> bool:
        """Brings what owners said, in all sessions, into the log and to the visitors; whether there was anything."""
        async with self._delivering:
            found = await self._aside(self.human.chat_to_deliver, WebChannel.name())
            for line in found:
                try:
                    words = (line.text, line.sender, line.state or "")
                    await self.run(self.log.deliver, line.conversation, f"desk-{line.id}", *words)
                except SessionGone:
                    await self._aside(functools.partial(self.human.failed, line.id, "session gone", permanent=True))
                except Exception as error:  # the database of the log; the desk tries again later
                    logger.exception("What an owner said could not be delivered.")
                    await self._aside(self.human.failed, line.id, type(error).__name__)
                else:
                    await self._aside(self.human.delivered, line.id)
                    await self.notify(line.conversation)
        return bool(found)

    async def _deliver_always(self) -> None:
        while True:
            try:
                while await self.deliver():
                    pass
            except Exception:  # the next round tries again
                logger.exception("What owners said could not be looked for.")
            await asyncio.sleep(DELIVER_EVERY)

    async def _aside(self, function: Callable[..., _T], *arguments: Any) -> _T:
        """Runs a call of the desk in its own threads."""
        return await asyncio.get_running_loop().run_in_executor(
            self._human_threads, functools.partial(function, *arguments)
        )

    async def erase(self, session: str) -> None:
        """Deletes a conversation everywhere, after what is being answered in it."""
        async with self.shared.lock(session):
            try:
                await self._aside(self.human.forget, session)
            except DeskUnavailable:
                raise Refusal(500, "erase_failed", texts.STORING) from None
            agent = getattr(self.app.ctx, "agent", None) if self.app else None
            # The copies elsewhere first: when that fails, the visitor still has the chat to try again from.
            if agent is not None and not await self.run(erase_tracker, agent.tracker_store, session):
                logger.error("Rasa's tracker store is no SQL store: a conversation could not be deleted from it.")
                raise Refusal(500, "erase_failed", texts.STORING)
            await self.run(self.log.delete, session)
        await self.notify(session)

    async def purge(self) -> None:
        """Deletes the conversations that are older than the shop keeps them."""
        before = time.time() - self.environment.web_days * 86_400
        for session in await self.run(self.log.sessions_unseen_since, before):
            await self.erase(session)

    # --- who hears of it ---------------------------------------------------------------------------------------

    async def notify(self, session: str) -> None:
        """Wakes the session's open streams, here and in other processes."""
        self.wake(session)
        await self.shared.publish(session)

    def wake(self, session: str) -> None:
        """Wakes the streams that are open in this process."""
        for wake in self.streams.get(session, ()):
            wake.set()

    async def stream(self, session: str, after: int, send: Callable[[str], Awaitable[Any]]) -> None:
        """Sends events above number `after` as they come, until the session or the server ends.

        `event: busy` (true or false) tells whether an answer is being made; it has no id, for it is no part of what
        was said.
        """
        wake = asyncio.Event()
        open_here = self.streams.setdefault(session, set())
        open_here.add(wake)
        try:
            await send("retry: 1000\n\n")
            started = sent = time.monotonic()
            busy: Optional[bool] = None
            while not self.is_over and time.monotonic() - started < STREAM_SECONDS:
                wake.clear()
                events, is_busy = await self.run(self.log.events, session, after)
                chunks = [f"id: {event['n']}\ndata: {as_json(event)}\n\n" for event in events]
                after = events[-1]["n"] if events else after
                if is_busy != busy:
                    busy = is_busy
                    chunks.append(f"event: busy\ndata: {as_json(busy)}\n\n")
                if not chunks and time.monotonic() - sent > HEARTBEAT:
                    chunks.append(":\n\n")
                if chunks:
                    await send("".join(chunks))
                    sent = time.monotonic()
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(wake.wait(), POLL)
        except SessionGone:
            await send("event: gone\ndata: true\n\n")
        finally:
            open_here.discard(wake)
            if not open_here:
                self.streams.pop(session, None)

    # --- start and stop ----------------------------------------------------------------------------------------

    async def start(self, app: Sanic) -> None:
        """Answers what an earlier stop interrupted, and deletes old conversations from now on."""
        self.app = app
        for session in await self.run(self.log.sessions_with_questions):
            self.answer_soon(session)
        work_done_always = (self._purge_hourly(), self._deliver_always(), self._take_over_waiting())
        for work in (*work_done_always, self.shared.listen(self.wake)):
            self._tasks.add(asyncio.get_running_loop().create_task(work))

    async def _take_over_waiting(self) -> None:
        """Answers what another process took in and did not finish; the lock keeps what it is still busy with."""
        while True:
            await asyncio.sleep(SWEEP_EVERY)
            try:
                for session in await self.run(self.log.sessions_with_questions, time.time() - SWEEP_AFTER):
                    self.answer_soon(session)
            except Exception:  # the next round tries again
                logger.exception("Waiting messages could not be looked for.")

    async def _purge_hourly(self) -> None:
        while True:
            try:
                await self.purge()
            except Exception:  # the next hour tries again
                logger.exception("Old conversations could not be deleted.")
            await asyncio.sleep(PURGE_EVERY)

    async def stop(self) -> None:
        """Takes nothing more, finishes what is being answered, then ends all streams; the next start does the rest."""
        self.is_stopping = True
        if self._answering:
            await asyncio.wait(self._answering, timeout=STOP_SECONDS)
        self.is_over = True
        for session in list(self.streams):
            self.wake(session)
        tasks = self._tasks | self._answering
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.shared.close()
        self._human_threads.shutdown(wait=False)
        self._threads.shutdown(wait=False)
        self.human.close()

    async def run(self, function: Callable[..., _T], *arguments: Any) -> _T:
        """Runs blocking work aside, so that other visitors don't wait for it."""
        work = asyncio.get_running_loop().run_in_executor(self._threads, functools.partial(function, *arguments))
        return await asyncio.wait_for(work, STORE_SECONDS)


class Questions:
    """The suggestions document, made anew when the model or the shop's settings change."""

    def __init__(self, shop_file: Path) -> None:
        """Args: shop_file: the shop's settings."""
        self._shop = ShopFile(shop_file)
        self._made_of: Any = None
        self._document = as_document([])

    def document(self, agent: Any) -> Any:
        """(JSON, ETag); without questions as long as no model is loaded."""
        domain = getattr(agent, "domain", None)
        values = self._shop.placeholders()
        if domain is not None and self._made_of != (id(domain), values):
            self._document = as_document(answerable_questions(domain.responses, values))
            self._made_of = (id(domain), values)
        return self._document


def make_routes(chat: WebChat) -> Blueprint:
    """The addresses, each a few lines over `WebChat`."""
    routes = Blueprint("schakel_web")
    questions = Questions(Path(chat.environment.shop_file))

    def guarded(handler: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        needs_session = "session" in inspect.signature(handler).parameters

        @functools.wraps(handler)
        async def guard(request: Request) -> Any:
            try:
                chat.check_origin(request)
                await chat.check_address(request)
                if needs_session:
                    return await handler(request, chat.session_of(request))
                return await handler(request)
            except SessionGone:
                return _refused(Refusal(401, "no_session", texts.VERZOEK_ONGELDIG), chat.texts)
            except Refusal as refusal:
                return _refused(refusal, chat.texts)
            except (SQLAlchemyError, asyncio.TimeoutError) as error:  # nothing was accepted; the client tries again
                _log_away(error)
                return _refused(Refusal(503, "unavailable", texts.STORING), chat.texts)

        return guard

    @routes.post("/session")
    @guarded
    async def session(request: Request) -> HTTPResponse:
        new = new_session_id()
        await chat.open(new)
        return _json({"token": chat.tokens.issue(new)}, 201)

    @routes.get("/history")
    @guarded
    async def history(request: Request, session: str) -> HTTPResponse:
        state = await chat.run(chat.log.state, session)
        events, busy = await chat.run(chat.log.events, session, 0)
        return _json({"events": events, "busy": busy, "state": state, "token": chat.tokens.issue(session)})

    @routes.post("/messages", stream=True)
    @guarded
    async def messages(request: Request, session: str) -> HTTPResponse:
        payload = await _read_json(request)
        try:
            return _json(await chat.receive(session, payload), 202)
        except (SQLAlchemyError, asyncio.TimeoutError, Stopping) as error:
            if not isinstance(error, Stopping):
                _log_away(error)
            # It is not stored; who is in need gets help all the same.
            return _json({"error": "unavailable", "text": chat.lifeline.reply(payload["text"])}, 503)

    @routes.get("/events")
    @guarded
    async def events(request: Request, session: str) -> None:
        last = request.headers.get("last-event-id", "0")
        if not re.fullmatch(r"\d{1,9}", last):
            raise Refusal(400, "last_event_id_invalid", texts.VERZOEK_ONGELDIG)
        await chat.run(chat.log.state, session)
        if len(chat.streams.get(session, ())) >= STREAMS_PER_SESSION:
            raise Refusal(429, "too_many_streams", texts.TE_VEEL_BERICHTEN)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        reply = await request.respond(content_type="text/event-stream; charset=utf-8", headers=headers)
        await chat.stream(session, int(last), reply.send)
        await reply.eof()

    @routes.post("/rating", stream=True)
    @guarded
    async def rating(request: Request, session: str) -> HTTPResponse:
        payload = await _read_json(request)
        number, value = (payload.get("n"), payload.get("rating")) if isinstance(payload, dict) else (None, None)
        is_number = isinstance(number, int) and not isinstance(number, bool) and 0 < number < MOST_EVENTS
        if not is_number or value not in ("up", "down", None):
            raise Refusal(400, "rating_invalid", texts.VERZOEK_ONGELDIG)
        if not await chat.run(chat.log.rate, session, number, value):
            raise Refusal(404, "no_such_answer", texts.VERZOEK_ONGELDIG)
        return _json({"n": number, "rating": value})

    @routes.delete("/conversation")
    @guarded
    async def conversation(request: Request, session: str) -> HTTPResponse:
        await chat.erase(session)
        return _json({"deleted": True})

    @routes.get("/questions")
    @guarded
    async def suggestions(request: Request) -> HTTPResponse:
        body, tag = questions.document(getattr(request.app.ctx, "agent", None))
        headers = {"ETag": tag, "Cache-Control": "public, max-age=300"}
        if request.headers.get("if-none-match") == tag:
            return response.empty(304, headers=headers)
        return response.raw(body, content_type="application/json", headers=headers)

    @routes.listener("before_server_start")
    async def register(app: Sanic, _: Any) -> None:
        app.register_middleware(functools.partial(_answer_preflight, chat), "request")
        app.register_middleware(functools.partial(_allow_origin, chat), "response")
        # Rasa's own answer to preflights would come first and allow nobody.
        app.request_middleware.rotate(1)

    @routes.listener("after_server_start")
    async def start(app: Sanic, _: Any) -> None:
        await chat.start(app)

    @routes.listener("before_server_stop")
    async def stop(app: Sanic, _: Any) -> None:
        await chat.stop()

    return routes


def _log_away(error: Exception) -> None:
    metrics.failed("web")
    logger.error("The web chat's log does not answer (%s).", type(error).__name__)


def _answer_preflight(chat: WebChat, request: Request) -> Optional[HTTPResponse]:
    if request.method != "OPTIONS" or not request.path.startswith(PREFIX):
        return None
    return response.empty(204 if request.headers.get("origin") in chat.origins else 403)


def _allow_origin(chat: WebChat, request: Request, reply: HTTPResponse) -> None:
    if not request.path.startswith(PREFIX):
        return
    origin = request.headers.get("origin")
    reply.headers["Vary"] = "Origin"
    reply.headers["X-Content-Type-Options"] = "nosniff"
    if origin in chat.origins:
        reply.headers["Access-Control-Allow-Origin"] = origin
        if request.method == "OPTIONS":
            reply.headers["Access-Control-Allow-Methods"] = _METHODS
            reply.headers["Access-Control-Allow-Headers"] = _HEADERS
            reply.headers["Access-Control-Max-Age"] = "7200"
    # Rasa's CORS layer adds "credentials allowed" to whatever it has not marked as done; no cookie belongs here.
    request.ctx._sanic_cors_e = "1"


async def _read_json(request: Request) -> Any:
    """The body as JSON, None when it is none; reads no further than `MAX_BODY`."""
    body = b""
    while True:
        chunk = await request.stream.read()
        if chunk is None:
            break
        body += chunk
        if len(body) > MAX_BODY:
            raise Refusal(413, "body_too_large", texts.BERICHT_TE_LANG)
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def as_json(value: Any) -> str:
    """Compact JSON on one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _json(data: Dict[str, Any], status: int = 200) -> HTTPResponse:
    return response.raw(
        as_json(data).encode(), status, headers={"Cache-Control": "no-store"}, content_type="application/json"
    )


def _refused(refusal: Refusal, wordings: Dict[str, str]) -> HTTPResponse:
    return _json({"error": refusal.code, "text": wordings[refusal.text_name]}, refusal.status)
