"""The web channel over HTTP: what it takes, refuses, resumes and deletes."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import uuid
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, AsyncIterator, Dict, Iterator, List, Optional, Tuple

import pytest
import sqlalchemy as sa
from rasa.shared.core.events import BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from channels.event_log import SessionGone
from channels.web import Stopping, WebChat
from channels.web_output import as_reply
from shop.settings import Environment
from tests.channels.test_repeated import agent_with
from tests.widget.conftest import Server, free_port


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("web"), free_port(), "self,https://www.winkel.nl")
    running.start()
    yield running
    running.stop()


class Client:
    """A visitor of a shop's page."""

    def __init__(self, server: Server, origin: Optional[str] = "https://www.winkel.nl") -> None:
        self.server = server
        self.headers: Dict[str, str] = {"Origin": origin} if origin else {}

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Tuple[int, Any, Dict[str, str]]:
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=120)
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        connection.request(method, f"/webhooks/web/{path}", data, {**self.headers, **headers})
        reply = connection.getresponse()
        content = reply.read()
        connection.close()
        found = {name.lower(): value for name, value in reply.getheaders()}
        return reply.status, json.loads(content) if content else None, found

    def begin(self) -> "Client":
        self.headers["Authorization"] = f"Bearer {self.call('POST', 'session')[1]['token']}"
        return self

    def send(self, text: str, client_id: Optional[str] = None) -> Tuple[int, Any]:
        return self.call("POST", "messages", {"id": client_id or uuid.uuid4().hex, "text": text})[:2]

    def events(self, until: int, after: int = 0) -> List[Dict[str, Any]]:
        """Reads the stream until the event with this number."""
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=120)
        connection.request("GET", "/webhooks/web/events", headers={**self.headers, "Last-Event-ID": str(after)})
        reply = connection.getresponse()
        assert reply.getheader("Content-Type") == "text/event-stream; charset=utf-8"
        found: List[Dict[str, Any]] = []
        number = None
        while not found or found[-1]["n"] < until:
            line = reply.readline().decode().strip()
            if line.startswith("id: "):
                number = int(line[4:])
            elif line.startswith("data: {"):
                found.append(json.loads(line[6:]))
                assert found[-1]["n"] == number
        connection.close()
        return found


def test_a_message_is_answered_over_the_stream(server: Server) -> None:
    client = Client(server).begin()
    assert client.send("hallo") == (202, {"n": 1, "new": True})
    assert [event["text"] for event in client.events(until=2)] == ["hallo", "Antwoord op: hallo"]


def test_a_message_sent_twice_is_answered_once(server: Server) -> None:
    client = Client(server).begin()
    assert client.send("hallo", "same-id-1")[1] == {"n": 1, "new": True}
    assert client.send("hallo", "same-id-1")[1] == {"n": 1, "new": False}
    client.send("einde van de proef")
    assert [event["kind"] for event in client.events(until=4)].count("bot") == 2


def test_the_stream_resumes_after_the_last_event_that_arrived(server: Server) -> None:
    client = Client(server).begin()
    for text in ("een", "twee"):
        client.send(text)
        client.events(until=2 if text == "een" else 4)
    assert [event["n"] for event in client.events(until=4, after=2)] == [3, 4]


def test_answers_come_in_the_order_of_the_questions(server: Server) -> None:
    client = Client(server).begin()
    for text in ("traag 0.4 a", "b", "c"):
        client.send(text)
    answers = [event["text"] for event in client.events(until=6) if event["kind"] == "bot"]
    assert answers == ["Antwoord op: traag 0.4 a", "Antwoord op: b", "Antwoord op: c"]


def test_a_typed_command_loses_its_slash(server: Server) -> None:
    client = Client(server).begin()
    client.send('/greet{"a": 1}')
    assert client.events(until=2)[-1]["text"] == 'Antwoord op: greet{"a": 1}'


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "text_must_be_text"),
        (b"{", 400, "text_must_be_text"),
        (b"[" * 60_000, 400, "text_must_be_text"),
        ([1], 400, "text_must_be_text"),
        ({"id": "abcdefgh", "text": 1}, 400, "text_must_be_text"),
        ({"text": "x"}, 400, "id_invalid"),
        ({"id": "short", "text": "x"}, 400, "id_invalid"),
        ({"id": "a" * 65, "text": "x"}, 400, "id_invalid"),
        ({"id": "abcdefgh", "text": " \u200b "}, 400, "text_empty"),
        ({"id": "abcdefgh", "text": "a" * 2001}, 413, "text_too_long"),
        (b'{"id":"abcdefgh","text":"' + b"a" * 65_536 + b'"}', 413, "body_too_large"),
    ],
)
def test_what_is_no_message_is_refused_in_dutch(server: Server, body: Any, status: int, code: str) -> None:
    client = Client(server).begin()
    found, content, _ = client.call("POST", "messages", body)
    assert (found, content["error"]) == (status, code)
    assert content["text"].endswith((".", "?"))
    assert client.call("GET", "history")[1]["events"] == []


@pytest.mark.parametrize("path", ["messages", "rating"])
def test_without_a_session_nothing_is_taken(server: Server, path: str) -> None:
    assert Client(server).call("POST", path, {"id": "abcdefgh", "text": "x"})[:2][0] == 401
    for method, other in (("GET", "history"), ("GET", "events"), ("DELETE", "conversation")):
        assert Client(server).call(method, other)[0] == 401


@pytest.mark.parametrize(
    "origin", [None, "null", "https://winkel.nl", "https://www.winkel.nl.evil.nl", "http://www.winkel.nl"]
)
def test_other_pages_are_refused(server: Server, origin: Optional[str]) -> None:
    status, content, headers = Client(server, origin).call("POST", "session")
    assert (status, content["error"]) == (403, "origin_not_allowed")
    assert "access-control-allow-origin" not in headers
    status, _, headers = Client(server, origin or "null").call("OPTIONS", "messages")
    assert status == 403
    assert "access-control-allow-origin" not in headers


def test_an_allowed_page_may_ask_but_never_with_cookies(server: Server) -> None:
    status, _, headers = Client(server).call("OPTIONS", "messages")
    assert status == 204
    assert headers["access-control-allow-origin"] == "https://www.winkel.nl"
    assert headers["access-control-allow-headers"] == "authorization, content-type, last-event-id"
    for method, path in (("POST", "session"), ("GET", "questions")):
        headers = Client(server).call(method, path)[2]
        assert headers["access-control-allow-origin"] == "https://www.winkel.nl"
        assert "access-control-allow-credentials" not in headers
        assert "Origin" in headers["vary"]


def test_one_visitor_cannot_read_another(server: Server) -> None:
    first, second = Client(server).begin(), Client(server).begin()
    first.send("van mij")
    first.events(until=2)
    assert second.call("GET", "history")[1]["events"] == []
    assert second.call("POST", "rating", {"n": 2, "rating": "up"})[0] == 404


def test_the_questions_can_be_cached(server: Server) -> None:
    _, content, headers = Client(server).call("GET", "questions")
    assert "Wat is serotonine?" in content["questions"]
    assert headers["cache-control"] == "public, max-age=300"
    assert Client(server).call("GET", "questions", **{"If-None-Match": headers["etag"]})[0] == 304


def test_deleting_reaches_rasas_tracker_too(server: Server) -> None:
    client = Client(server).begin()
    client.send("heel geheim")
    client.events(until=2)
    database = sqlite3.connect(server.folder / "web.db")
    (session,) = database.execute("select session from web_events where body like '%heel geheim%'").fetchone()
    database.close()
    tracker = sqlite3.connect(server.folder / "conversations.db")
    for sender in (session, "somebody else"):
        tracker.execute("insert into events (sender_id, type_name, data) values (?, 'user', 'heel geheim')", (sender,))
    tracker.commit()
    assert client.call("DELETE", "conversation")[:2] == (200, {"deleted": True})
    assert tracker.execute("select sender_id from events where data = 'heel geheim'").fetchall() == [("somebody else",)]
    tracker.close()
    assert client.call("GET", "history")[0] == 401
    assert client.send("nog eens")[0] == 401


def test_an_ended_conversation_takes_no_more_messages(server: Server) -> None:
    client = Client(server).begin()
    client.send("einde")
    assert client.events(until=3)[-1]["state"] == "afgesloten"
    status, content = client.send("toch nog iets")
    assert (status, content["error"]) == (409, "conversation_ended")


def test_at_most_six_streams_of_one_session(server: Server) -> None:
    client = Client(server).begin()
    streams = [HTTPConnection("127.0.0.1", server.port, timeout=120) for _ in range(6)]
    for stream in streams:
        stream.request("GET", "/webhooks/web/events", headers=client.headers)
        assert stream.getresponse().readline() == b"retry: 1000\n"
    assert client.call("GET", "events")[0] == 429
    for stream in streams:
        stream.close()


def test_too_many_messages_are_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    limited = Server(tmp_path_factory.mktemp("limits"), free_port(), "https://www.winkel.nl")
    limited.variables.update(SCHAKEL_WEB_PER_MINUTE="3", SCHAKEL_WEB_ADDRESS_PER_MINUTE="8")
    limited.start()
    try:
        client = Client(limited).begin()
        assert [client.send(f"bericht {number}")[0] for number in range(5)] == [202, 202, 202, 429, 429]
        assert [Client(limited).call("POST", "session")[0] for _ in range(4)] == [201, 201, 429, 429]
    finally:
        limited.stop()


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[WebChat]:
    """The channel's work without a server around it; `asked` collects what reached the assistant."""
    asked: List[str] = []

    async def on_new_message(message: Any) -> None:
        asked.append(message.text)
        await message.output_channel.send_response(message.sender_id, {"text": "dag"})

    environment = Environment(
        secret="x" * 40,
        web_database=f"sqlite:///{tmp_path / 'web.db'}",
        desk_database=f"sqlite:///{tmp_path / 'desk.db'}",
        web_days=30,
    )
    made = WebChat(environment, on_new_message)
    made.asked = asked  # type: ignore[attr-defined]
    made.log.open_session("web-a")
    yield made
    await made.stop()
    made.log.close()


async def test_old_conversations_are_deleted_and_young_ones_stay(chat: WebChat) -> None:
    chat.log.open_session("web-old")
    with chat.log._engine.begin() as connection:
        connection.execute(sa.text("update web_sessions set seen = seen - 31 * 86400 where id = 'web-old'"))
    await chat.purge()
    assert chat.log.state("web-a") == "open"
    with pytest.raises(SessionGone):
        chat.log.state("web-old")


async def test_a_message_that_brought_the_server_down_twice_gets_an_apology(chat: WebChat) -> None:
    chat.log.add_question("web-a", "id-000001", "brengt alles om")
    for _ in range(2):
        chat.log.next_question("web-a")
    await chat._answer_all("web-a")
    assert chat.asked == []  # type: ignore[attr-defined]
    assert chat.log.events("web-a", 1)[0][0]["text"].startswith("Er gaat iets mis aan onze kant")


async def test_an_answer_that_was_saved_before_the_process_died_is_sent_without_asking_again(
    chat: WebChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, _ = chat.log.add_question("web-a", "id-000001", "hoe heet u?")
    chat.log.next_question("web-a")  # the process died while this was answered
    events = [UserUttered("hoe heet u?", message_id=f"web-{number}"), BotUttered("Wat is je mailadres?")]
    monkeypatch.setattr(chat, "_agent", lambda: agent_with(DialogueStateTracker.from_events("web-a", events)))
    await chat._answer_all("web-a")
    assert chat.asked == []  # type: ignore[attr-defined]
    assert [event["text"] for event in chat.log.events("web-a", 0)[0]] == ["hoe heet u?", "Wat is je mailadres?"]


async def test_an_orderly_stop_finishes_the_answer_in_hand_and_takes_nothing_new(
    chat: WebChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, finish = asyncio.Event(), asyncio.Event()

    async def slow(message: Any) -> None:
        started.set()
        await finish.wait()
        await message.output_channel.send_response(message.sender_id, {"text": f"Over {message.text}"})

    monkeypatch.setattr(chat, "_on_new_message", slow)
    sent: List[str] = []

    async def send(chunk: str) -> None:
        sent.append(chunk)

    stream = asyncio.create_task(chat.stream("web-a", 0, send))
    await chat.receive("web-a", {"id": "id-000001", "text": "magnesium"})
    await chat.receive("web-a", {"id": "id-000002", "text": "melatonine"})
    await asyncio.wait_for(started.wait(), 10)
    stopping = asyncio.create_task(chat.stop())
    while not chat.is_stopping:  # noqa: ASYNC110 (nothing tells)
        await asyncio.sleep(0)
    with pytest.raises(Stopping):
        await chat.receive("web-a", {"id": "id-000003", "text": "serotonine"})
    finish.set()
    await asyncio.wait_for(asyncio.gather(stopping, stream), 10)
    events, is_waiting = chat.log.events("web-a", 0)
    assert [event["text"] for event in events] == ["magnesium", "melatonine", "Over magnesium"]
    assert is_waiting  # the second one is answered at the next start
    assert "Over magnesium" in "".join(sent)


async def test_messages_of_another_process_reach_an_open_stream(chat: WebChat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.web.POLL", 0.01)
    sent: List[str] = []

    async def send(chunk: str) -> None:
        sent.append(chunk)
        if chunk.startswith("event: busy"):
            chat.log.deliver("web-a", "key", "Met Marieke, waarmee kan ik helpen?")
        elif "Marieke" in chunk:
            chat.is_over = True

    await asyncio.wait_for(chat.stream("web-a", 0, send), 10)
    assert sent[-1].startswith('id: 1\ndata: {"n":1,"kind":"bot"')
    assert chat.streams == {}


def test_a_reply_keeps_what_the_chat_shows_and_nothing_else() -> None:
    message = {
        "text": " Dag ",
        "buttons": [{"title": "Ja", "payload": "ja"}, {"title": "Nee"}, {"title": ""}],
        "image": "/keten/plaat/x.svg",
        "alt": "De keten",
        "nacht": "/keten/plaat/x--nacht.svg",
        "attachment": None,
        "timestamp": 1,
        "bron": "intern",
        "faq_id": "x_y",
    }
    assert as_reply(message) == {
        "text": "Dag",
        "buttons": [{"title": "Ja", "payload": "ja"}, {"title": "Nee", "payload": "Nee"}],
        "image": {"url": "/keten/plaat/x.svg", "alt": "De keten", "nacht": "/keten/plaat/x--nacht.svg"},
        "faq_id": "x_y",
    }
    assert as_reply({"text": "", "faq_id": "x"}) == {}
