"""Calls of the action server: a kept connection, a small request, an answer in time, and never silence.

Rasa opens a connection for every call, sends all events of the conversation with all that understanding said about
each, waits five minutes for an answer, and says nothing to the customer when there is none.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any, Dict, List, Optional
from weakref import WeakKeyDictionary

import aiohttp
from jsonschema import ValidationError
from rasa.core.actions import action as rasa_actions
from rasa.core.actions.action import ActionExecutionRejection, RemoteAction, create_bot_utterance
from rasa.shared.core.events import BotUttered, Event, SessionStarted, UserUttered, deserialise_events
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity
from rasa.shared.exceptions import RasaException
from rasa.utils.endpoints import EndpointConfig

from content.texts import STORING
from monitoring import metrics, request_id

logger = logging.getLogger(__name__)

TIMEOUT = 3.0  # seconds for the whole call: less than a channel waits for the whole turn (SCHAKEL_ANSWER_TIMEOUT)
CONNECT_TIMEOUT = 1.0
EVENTS_SENT = 80  # the latest of the session that say what was said and what is known
_KINDS = frozenset({"user", "bot", "slot", "reset_slots", "active_loop", "session_started", "restart", "action"})
_ABOUT_MESSAGE = ("intent", "entities", "text")  # of what understanding says about an earlier message


class NoAnswer(RasaException):
    """The action server is down, too slow, or answers what is no answer; the message says which."""


class KeptConnections:
    """One HTTP client per event loop, which keeps its connections open."""

    def __init__(self) -> None:
        """Connects to nothing yet."""
        self._clients: "WeakKeyDictionary[Any, aiohttp.ClientSession]" = WeakKeyDictionary()

    def client(self) -> aiohttp.ClientSession:
        """The client of the running loop."""
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None or client.closed:
            timeout = aiohttp.ClientTimeout(total=TIMEOUT, sock_connect=CONNECT_TIMEOUT)
            # Shorter than the action server keeps them, so that none is used at the moment it is closed.
            connector = aiohttp.TCPConnector(limit=64, keepalive_timeout=60)
            client = self._clients[loop] = aiohttp.ClientSession(timeout=timeout, connector=connector)
        return client


_connections = KeptConnections()


def request_body(name: str, tracker: DialogueStateTracker, version: str, domain: Optional[Dict[str, Any]]) -> str:
    """What the action server gets, as JSON: the state, and the latest events of the session.

    Args:
        name: of the action.
        tracker: the conversation.
        version: of Rasa.
        domain: for an action that asks for it.
    """
    state = tracker.current_state(EventVerbosity.NONE)
    call: Dict[str, Any] = {"next_action": name, "sender_id": tracker.sender_id, "version": version}
    if domain is not None:
        call["domain"] = domain
    del state["events"]
    events = ", ".join(_latest_events(tracker))
    return f'{json.dumps(call)[:-1]}, "tracker": {json.dumps(state)[:-1]}, "events": [{events}]}}}}'


def _latest_events(tracker: DialogueStateTracker) -> List[str]:
    found: List[str] = []
    for event in reversed(tracker.events):
        if event.type_name in _KINDS:
            found.append(_as_json(event))
            if len(found) == EVENTS_SENT or isinstance(event, SessionStarted):
                break
    return found[::-1]


def _as_json(event: Event) -> str:
    """An event for the action server; made once, for it does not change any more."""
    made: Optional[str] = event.__dict__.get("_for_actions")
    if made is None:
        data = event.as_dict()
        if isinstance(event, UserUttered):
            parsed = data.get("parse_data") or {}
            data["parse_data"] = {key: parsed[key] for key in _ABOUT_MESSAGE if key in parsed}
        made = event.__dict__["_for_actions"] = json.dumps(data)
    return made


class SureRemoteAction(RemoteAction):
    """An action of the action server; when it fails the customer hears that something went wrong."""

    async def run(self, output_channel: Any, nlg: Any, tracker: DialogueStateTracker, domain: Any) -> List[Event]:
        """The events of the action.

        Raises:
            ActionExecutionRejection: the action does not want to run now.
            NoAnswer: a form's validation failed; a reply in its place would be taken for an answer of the form.
        """
        try:
            with metrics.timed("action"):
                result = await self._call(tracker, domain)
            bot = await self._utter_responses(result.get("responses") or [], output_channel, nlg, tracker)
            events: List[Event] = [*bot, *deserialise_events(result.get("events") or [])]
            return events
        except ActionExecutionRejection:
            raise
        except Exception as error:
            metrics.failed("action")
            logger.error("Action %s failed: %s: %s", self.name(), type(error).__name__, _first_line(error))
            if self.name().startswith(("validate_", "action_validate_", "action_ask_")):
                raise NoAnswer(f"{self.name()} failed") from error
            if _has_spoken(tracker):  # the customer has the reply that matters, such as that of safety
                return []
            message = await nlg.generate(STORING, tracker, output_channel.name())
            return [create_bot_utterance({**message, "utter_action": STORING})]

    async def _call(self, tracker: DialogueStateTracker, domain: Any) -> Dict[str, Any]:
        endpoint = self.action_endpoint
        if not endpoint:
            raise NoAnswer("no action_endpoint in endpoints.yml")
        wants_domain = not self._is_selective_domain_enabled() or domain.does_custom_action_explicitly_need_domain(
            self.name()
        )
        body = request_body(self.name(), tracker, _version(), domain.as_dict() if wants_domain else None)
        if type(endpoint).request is not EndpointConfig.request:  # actions that are no server, as in evaluation/
            return self._checked(await endpoint.request(json=json.loads(body), method="post"))
        try:
            async with _connections.client().post(
                endpoint.url, data=body.encode(), headers=_headers(endpoint)
            ) as reply:
                answer = await reply.read()
        except asyncio.TimeoutError:
            raise NoAnswer(f"no answer within {TIMEOUT:.0f} s") from None
        except aiohttp.ClientError as error:
            raise NoAnswer(f"{type(error).__name__}") from None
        try:
            result = json.loads(answer)
        except ValueError:
            raise NoAnswer(f"status {reply.status}, no JSON") from None
        if reply.status == 400 and isinstance(result, dict) and "action_name" in result:
            raise ActionExecutionRejection(result["action_name"], result.get("error"))
        if reply.status != 200:
            raise NoAnswer(f"status {reply.status}")
        return self._checked(result)

    def _checked(self, result: Any) -> Dict[str, Any]:
        try:
            self._validate_action_result(result)
        except ValidationError:
            raise NoAnswer("an answer of another shape than Rasa's") from None
        found: Dict[str, Any] = result
        return found


def _has_spoken(tracker: DialogueStateTracker) -> bool:
    """Whether something was said since the customer's last message."""
    for event in reversed(tracker.events):
        if isinstance(event, UserUttered):
            return False
        if isinstance(event, BotUttered):
            return True
    return False


def _headers(endpoint: EndpointConfig) -> Dict[str, str]:
    return {"Content-Type": "application/json", request_id.HEADER: request_id.current(), **endpoint.headers}


def _version() -> str:
    import rasa

    return str(rasa.__version__)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0][:200]


def apply() -> None:
    """Makes Rasa run custom actions with it."""
    rasa_actions.RemoteAction = SureRemoteAction
