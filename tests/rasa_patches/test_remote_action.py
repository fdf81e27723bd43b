"""Calls of the action server: what is sent, over one connection, and what the customer hears when they fail."""

from __future__ import annotations

import asyncio
import json
from typing import Any, AsyncIterator, Awaitable, Callable, Dict, List

import pytest
import pytest_asyncio
from aiohttp import web
from rasa.core.actions.action import ActionExecutionRejection
from rasa.core.channels.channel import CollectingOutputChannel
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, SessionStarted, SlotSet, UserUttered
from rasa.utils.endpoints import EndpointConfig

from rasa_patches import remote_action
from rasa_patches.remote_action import EVENTS_SENT, NoAnswer, SureRemoteAction
from tests.policies.dialogues import DOMAIN
from tracking.tracker import ConversationTracker

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
APOLOGY = "Er gaat iets mis aan onze kant, sorry."


class Generator:
    """Stands for answering.generator: the apology's text by its name."""

    async def generate(self, utter_action: str, tracker: Any, channel: str, **kwargs: Any) -> Dict[str, Any]:
        return {"text": {"storing": APOLOGY}[utter_action]}


class ActionServer:
    """An action server that does what a test wants, and remembers requests and connections."""

    def __init__(self) -> None:
        self.answer: Handler = self.good
        self.requests: List[Dict[str, Any]] = []
        self.connections: "set[Any]" = set()
        self.url = ""

    async def good(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(
            {"events": [{"event": "slot", "name": "note", "value": "x"}], "responses": [{"text": "hoi"}]}
        )

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.connections.add(request.transport)
        self.requests.append(await request.json())
        return await self.answer(request)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ActionServer]:
    found = ActionServer()
    app = web.Application()
    app.router.add_post("/webhook", found.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhook"
    yield found
    await remote_action._connections.client().close()
    await runner.cleanup()


DOMAIN_OBJECT = Domain.from_yaml(DOMAIN)


def conversation(turns: int = 1) -> ConversationTracker:
    tracker = ConversationTracker("a", DOMAIN_OBJECT.slots)
    tracker.update(UserUttered("uit een eerdere sessie"))
    tracker.update(SessionStarted())
    for number in range(turns):
        said = {"intent": {"name": "ask"}, "entities": [], "text": "vraag", "intent_ranking": [{"name": "ask"}] * 50}
        tracker.update(ActionExecuted("action_listen"))
        tracker.update(UserUttered(f"vraag {number}", {"name": "ask"}, [], said))
        tracker.update(BotUttered(f"antwoord {number}", metadata={"keten": {"stap": number}}))
        tracker.update(SlotSet("note", str(number)))
    return tracker


async def run(server: ActionServer, name: str = "action_look", tracker: Any = None) -> List[Any]:
    endpoint = EndpointConfig(server.url, enable_selective_domain=True)
    action = SureRemoteAction(name, endpoint)
    if tracker is None:
        tracker = conversation()
        tracker.update(UserUttered("en nu?", {"name": "ask"}, []))
    return await action.run(CollectingOutputChannel(), Generator(), tracker, DOMAIN_OBJECT)


async def test_replies_and_events_come_back_over_one_kept_connection(server: ActionServer) -> None:
    for _ in range(5):
        events = await run(server)
        assert [type(event) for event in events] == [BotUttered, SlotSet]
        assert (events[0].text, events[1].value) == ("hoi", "x")
    assert len(server.connections) == 1


async def test_the_request_holds_the_state_and_the_latest_of_the_session(server: ActionServer) -> None:
    await run(server, tracker=conversation(turns=2))
    request = server.requests[0]
    assert set(request) == {"next_action", "sender_id", "version", "tracker"}
    assert request["next_action"] == "action_look"
    tracker = request["tracker"]
    assert tracker["slots"]["note"] == "1"
    assert tracker["latest_message"]["text"] == "vraag"
    assert len(tracker["latest_message"]["intent_ranking"]) == 50
    events = tracker["events"]
    assert [e["event"] for e in events] == ["session_started", *["action", "user", "bot", "slot"] * 2]
    assert events[3]["metadata"] == {"keten": {"stap": 0}}
    assert events[2]["parse_data"] == {"intent": {"name": "ask"}, "entities": [], "text": "vraag"}


async def test_the_request_does_not_grow_with_the_conversation(server: ActionServer) -> None:
    for turns in (100, 1000):
        await run(server, tracker=conversation(turns))
    short, long = (len(json.dumps(request)) for request in server.requests)
    assert len(server.requests[1]["tracker"]["events"]) == EVENTS_SENT
    assert long < short * 1.1


async def nonsense(request: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>niets", content_type="text/html")


async def wrong_shape(request: web.Request) -> web.StreamResponse:
    return web.json_response({"events": "veel"})


async def a_list(request: web.Request) -> web.StreamResponse:
    return web.json_response([1, 2])


async def unknown_event(request: web.Request) -> web.StreamResponse:
    return web.json_response({"events": [{"event": "slot"}], "responses": []})


async def broken(request: web.Request) -> web.StreamResponse:
    return web.json_response({"error": "action failed"}, status=500)


async def hangs_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


@pytest.mark.parametrize("answer", [nonsense, wrong_shape, a_list, unknown_event, broken, hangs_up])
async def test_a_bad_answer_becomes_an_apology(server: ActionServer, answer: Handler) -> None:
    server.answer = answer
    events = await run(server)
    assert [(type(event), event.text) for event in events] == [(BotUttered, APOLOGY)]


async def test_a_server_that_is_down_becomes_an_apology(server: ActionServer) -> None:
    server.url = "http://127.0.0.1:9/webhook"
    events = await run(server)
    assert [event.text for event in events] == [APOLOGY]


async def test_after_a_reply_in_the_same_turn_there_is_no_apology(server: ActionServer) -> None:
    server.url = "http://127.0.0.1:9/webhook"
    assert await run(server, tracker=conversation()) == []


async def test_a_slow_server_becomes_an_apology(server: ActionServer, monkeypatch: pytest.MonkeyPatch) -> None:
    never = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        await never.wait()
        return web.Response()

    server.answer = slow
    monkeypatch.setattr(remote_action, "TIMEOUT", 0.2)
    events = await asyncio.wait_for(run(server), 5)
    assert [event.text for event in events] == [APOLOGY]
    never.set()


async def test_the_wait_is_shorter_than_what_a_customer_and_a_lock_bear() -> None:
    from rasa.core.lock_store import LOCK_LIFETIME

    assert remote_action.TIMEOUT < 5 < LOCK_LIFETIME


async def test_a_rejection_is_passed_on(server: ActionServer) -> None:
    async def rejects(request: web.Request) -> web.StreamResponse:
        return web.json_response({"action_name": "action_look", "error": "nu niet"}, status=400)

    server.answer = rejects
    with pytest.raises(ActionExecutionRejection):
        await run(server)


async def test_a_forms_validation_that_fails_is_no_reply(server: ActionServer) -> None:
    server.answer = broken
    with pytest.raises(NoAnswer):
        await run(server, "validate_order_form")
