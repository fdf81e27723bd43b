"""An owner in a web chat: over a really running server, and the races that a server can not be asked for."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from typing import Any, AsyncIterator, Dict, Iterator, List, Tuple

import pytest
import sqlalchemy as sa

from channels import safety_note
from channels.event_log import EventLog
from channels.exchange import Refusal
from channels.web import WebChat
from desk import takeover
from desk.database import Database, DeskUnavailable, open_database
from desk.takeover import Person
from shop.settings import Environment
from tests.channels.test_web import Client
from tests.widget.conftest import Server, free_port

MARIEKE = Person("marieke", "Marieke")
SILENCE = dt.timedelta(minutes=15)
BEGIN = "Je praat nu met Marieke, een mens. De assistent is even stil. Gaat het om een noodgeval, bel dan 112."
END = "Marieke heeft het gesprek afgerond. De assistent is er weer: een computer, geen mens."


def now() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc)


def begin(database: Database, session: str) -> int:
    return takeover.start(database, session, "web", MARIEKE, SILENCE, now())


def say(database: Database, number: int, text: str) -> None:
    takeover.say(database, number, MARIEKE, text, text, now())


def said(database: Database, number: int) -> List[Tuple[str, str]]:
    return [(line.author, line.text) for line in takeover.messages(database, number)]


def short(events: List[Dict[str, Any]]) -> List[Tuple[str, str]]:
    """(who or state, text) of events as the widget gets them."""
    return [(event.get("state") or event.get("van") or event["kind"], event.get("text", "")) for event in events]


# --- over a running server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("takeover"), free_port(), "https://www.winkel.nl")
    running.variables["SCHAKEL_ANSWER_TIMEOUT"] = "50"  # an answer that waits for the test is no failure
    running.start()
    yield running
    running.stop()


@pytest.fixture
def desk(server: Server) -> Iterator[Database]:
    """The desk's database, as the staff page's process has it open."""
    opened = open_database(server.variables["SCHAKEL_DESK_DATABASE"])
    yield opened
    opened.close()


class Visitor(Client):
    """A visitor whose session's id the test knows."""

    def begin(self) -> "Visitor":
        super().begin()
        self.send("hallo")
        self.events(until=2)
        with sa.create_engine(self.server.variables["SCHAKEL_WEB_DATABASE"], future=True).connect() as connection:
            newest = sa.text("select id from web_sessions order by seen desc limit 1")
            self.session = str(connection.execute(newest).scalar_one())
        return self


def wait_for(condition: Any, seconds: float = 120.0) -> float:
    """Looks every 20 milliseconds; returns how long it took. The limit only ends what would never come."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds
        time.sleep(0.02)
    return time.monotonic() - started


def test_both_sides_reach_each_other_and_the_assistant_is_silent_in_between(server: Server, desk: Database) -> None:
    visitor = Visitor(server).begin()
    number = begin(desk, visitor.session)
    assert short(visitor.events(until=3, after=2)) == [("mens", BEGIN)]
    assert visitor.send("ik heb een vraag")[0] == 202
    wait_for(lambda: ("customer", "ik heb een vraag") in said(desk, number))
    say(desk, number, "Zeg het maar.")
    assert short(visitor.events(until=5, after=3)) == [("user", "ik heb een vraag"), ("Marieke", "Zeg het maar.")]
    takeover.release(desk, number, MARIEKE, now())
    assert short(visitor.events(until=6, after=5)) == [("open", END)]
    visitor.send("en nu weer jij")
    assert short(visitor.events(until=8, after=6))[-1] == ("bot", "Antwoord op: en nu weer jij")
    status, history, _ = visitor.call("GET", "history")
    assert (status, history["state"], history["busy"]) == (200, "open", False)


def test_what_an_owner_says_is_there_within_a_second(server: Server, desk: Database) -> None:
    visitor = Visitor(server).begin()
    number = begin(desk, visitor.session)
    visitor.events(until=3)
    times = []
    for count in range(8):
        started = time.monotonic()
        say(desk, number, f"bericht {count}")
        visitor.events(until=4 + count, after=3 + count)
        times.append(time.monotonic() - started)
    # The second best: a busy machine delays some, and a look that came too rarely would delay all.
    assert sorted(times)[1] < 1.0
    takeover.release(desk, number, MARIEKE, now())


def test_an_answer_that_was_being_made_when_the_owner_came_is_not_given(server: Server, desk: Database) -> None:
    visitor = Visitor(server).begin()
    visitor.send("poort bezig")
    wait_for((server.folder / "bezig.bereikt").exists)  # before that the owner would get the message unanswered
    number = begin(desk, visitor.session)
    assert short(visitor.events(until=4, after=2)) == [("user", "poort bezig"), ("mens", BEGIN)]
    (server.folder / "bezig").touch()
    wait_for(lambda: ("held", "Antwoord op: poort bezig") in said(desk, number))
    assert ("customer", "poort bezig") in said(desk, number)
    say(desk, number, "klaar")
    assert short(visitor.events(until=5, after=4)) == [("Marieke", "klaar")]
    takeover.release(desk, number, MARIEKE, now())


def test_two_visitors_do_not_hear_each_others_owner(server: Server, desk: Database) -> None:
    one, two = Visitor(server).begin(), Visitor(server).begin()
    number = begin(desk, one.session)
    say(desk, number, "alleen voor een")
    assert short(one.events(until=4, after=3)) == [("Marieke", "alleen voor een")]
    two.send("wie is daar")
    assert short(two.events(until=4, after=2))[-1] == ("bot", "Antwoord op: wie is daar")
    takeover.release(desk, number, MARIEKE, now())


def test_a_server_that_is_killed_loses_and_doubles_nothing(server: Server, desk: Database) -> None:
    visitor = Visitor(server).begin()
    number = begin(desk, visitor.session)
    visitor.events(until=3)
    for count in range(2):
        visitor.send(f"van klant {count}")
        say(desk, number, f"van eigenaar {count}")
        server.kill()
        server.start()
    wait_for(lambda: sum(author == "customer" for author, _ in said(desk, number)) == 2)
    takeover.release(desk, number, MARIEKE, now())

    def history() -> List[Tuple[str, str]]:
        return short(visitor.call("GET", "history")[1]["events"])

    wait_for(lambda: history()[-1] == ("open", END), 240)
    assert sorted(history()[3:-1]) == sorted(
        [("user", f"van klant {count}") for count in range(2)]
        + [("Marieke", f"van eigenaar {count}") for count in range(2)]
    )


def test_a_deleted_chat_leaves_nothing_with_the_desk_and_ends_the_takeover(server: Server, desk: Database) -> None:
    visitor = Visitor(server).begin()
    number = begin(desk, visitor.session)
    visitor.events(until=3)
    visitor.send("KANARIE")
    wait_for(lambda: ("customer", "KANARIE") in said(desk, number))
    assert visitor.call("DELETE", "conversation")[:2] == (200, {"deleted": True})
    assert takeover.get(desk, number) is None
    assert said(desk, number) == []


# --- the races, without a server around


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[WebChat]:
    """The channel's work; `answer` may be replaced by what the assistant does."""
    environment = Environment(
        secret="x" * 40,
        web_database=f"sqlite:///{tmp_path / 'web.db'}",
        desk_database=f"sqlite:///{tmp_path / 'desk.db'}",
    )

    async def on_new_message(message: Any) -> None:
        await made.answer(message)  # type: ignore[attr-defined]

    async def answer(message: Any) -> None:
        await message.output_channel.send_response(message.sender_id, {"text": f"bot: {message.text}"})

    made = WebChat(environment, on_new_message)
    made.answer = answer  # type: ignore[attr-defined]
    made.log.open_session("web-a")
    yield made
    await made.stop()
    made.log.close()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'desk.db'}")
    yield opened
    opened.close()


async def ask(chat: WebChat, text: str, number: int) -> None:
    chat.log.add_question("web-a", f"id-{number:06d}", text)
    await chat._answer_all("web-a")


def events(chat: WebChat) -> List[Tuple[str, str]]:
    found, busy = chat.log.events("web-a", 0)
    assert not busy
    return short(found)


async def test_an_owner_who_comes_while_the_answer_is_stored_is_not_talked_over(
    chat: WebChat, database: Database
) -> None:
    """The takeover begins after the last look and before the reply is stored: the log itself refuses it."""
    store = chat.log.add_replies

    def late(*arguments: Any) -> bool:
        begin(database, "web-a")
        for line in chat.human.chat_to_deliver("web"):
            chat.log.deliver("web-a", f"desk-{line.id}", line.text, line.sender, line.state or "")
            chat.human.delivered(line.id)
        return store(*arguments)

    chat.log.add_replies = late  # type: ignore[method-assign]
    await ask(chat, "vraag", 1)
    assert events(chat) == [("user", "vraag"), ("mens", BEGIN)]
    assert said(database, 1)[1:] == [("customer", "vraag"), ("held", "bot: vraag")]


async def test_the_assistant_waits_for_the_line_that_brings_it_back(chat: WebChat, database: Database) -> None:
    number = begin(database, "web-a")
    await chat.deliver()
    say(database, number, "dag")
    takeover.release(database, number, MARIEKE, now())
    await ask(chat, "ben je er?", 1)
    assert events(chat) == [
        ("mens", BEGIN),
        ("user", "ben je er?"),
        ("Marieke", "dag"),
        ("open", END),
        ("bot", "bot: ben je er?"),
    ]


async def test_a_takeover_inside_a_takeover_that_just_ended(chat: WebChat, database: Database) -> None:
    number = begin(database, "web-a")
    await chat.deliver()
    takeover.release(database, number, MARIEKE, now())
    again = begin(database, "web-a")
    await ask(chat, "hallo", 1)
    assert said(database, again)[1:] == [("customer", "hallo")]
    while await chat.deliver():
        pass
    assert [state for state, _ in events(chat)] == ["mens", "user", "open", "mens"]


async def test_without_the_desk_the_assistant_answers(chat: WebChat, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: Any) -> None:
        raise DeskUnavailable("gone")

    monkeypatch.setattr("desk.takeover.open_database", gone)
    await ask(chat, "vraag", 1)
    assert not await chat.deliver()
    assert events(chat) == [("user", "vraag"), ("bot", "bot: vraag")]
    with pytest.raises(Refusal, match="erase_failed"):
        await chat.erase("web-a")


async def test_when_the_desk_goes_during_a_takeover_the_assistant_says_so_and_goes_on(
    chat: WebChat, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = begin(database, "web-a")
    await chat.deliver()
    monkeypatch.setattr("desk.takeover.GRACE", 0.0)
    monkeypatch.setattr("channels.web.HANDING_BACK", 0.0)
    monkeypatch.setattr("desk.takeover.PROBE_EVERY", 0.0)
    monkeypatch.setattr("desk.takeover.REST_AFTER_FAILURE", 0.0)
    work = chat.human._opened

    def gone() -> Database:
        raise DeskUnavailable("gone")

    monkeypatch.setattr(chat.human, "_opened", gone)
    await ask(chat, "bent u er?", 1)
    trouble = (
        "Er gaat iets mis aan onze kant en de medewerker kan je berichten nu niet lezen. "
        "De assistent, een computer, helpt je zo lang verder."
    )
    assert events(chat)[1:] == [("user", "bent u er?"), ("open", trouble), ("bot", "bot: bent u er?")]
    monkeypatch.setattr(chat.human, "_opened", work)
    await ask(chat, "en nu?", 2)
    assert events(chat)[-2:] == [("user", "en nu?"), ("mens", "")]
    assert said(database, number)[-1] == ("customer", "en nu?")


async def test_a_line_for_a_deleted_session_ends_the_takeover(chat: WebChat, database: Database) -> None:
    number = takeover.start(database, "web-gone", "web", MARIEKE, SILENCE, now())
    await chat.deliver()
    assert takeover.get(database, number).end_reason == "gone"  # type: ignore[union-attr]
    assert not await chat.deliver()


async def test_a_line_that_was_delivered_before_a_crash_is_shown_once(chat: WebChat, database: Database) -> None:
    begin(database, "web-a")
    (line,) = chat.human.chat_to_deliver("web")
    for _ in range(2):
        chat.log.deliver("web-a", f"desk-{line.id}", line.text, line.sender, line.state or "")
    assert events(chat) == [("mens", BEGIN)]


async def test_one_look_serves_all_sessions(chat: WebChat, database: Database) -> None:
    for number in range(12):
        chat.log.open_session(f"web-{number}")
        begin(database, f"web-{number}")
    assert await chat.deliver()
    assert [chat.log.state(f"web-{number}") for number in range(12)] == ["mens"] * 12


async def test_after_a_takeover_the_assistant_knows_of_what_was_said_about_safety(
    chat: WebChat, database: Database, tmp_path: Path
) -> None:
    from types import SimpleNamespace

    from rasa.core.lock_store import InMemoryLockStore
    from rasa.shared.core.domain import Domain

    from tracking.store import ConversationStore

    yaml = "slots: {veiligheid: {type: text, mappings: [{type: custom}]}}"
    store = ConversationStore(Domain.from_yaml(yaml), host=str(tmp_path / "conversations.db"))
    await store.save(await store.get_or_create_tracker("web-a"))
    agent = SimpleNamespace(tracker_store=store, lock_store=InMemoryLockStore())
    for text, level in (
        ("welke magnesium is goed?", None),
        ("ik gebruik sertraline", "medication"),
        ("ik wil niet meer leven", "suicide"),
        ("ik gebruik sertraline", "suicide"),
    ):
        await safety_note.note_safety(agent, "web-a", text)
        tracker = await store.retrieve("web-a")
        assert (tracker.get_slot("veiligheid") if tracker else None) == level
    await safety_note.note_safety(None, "web-a", "ik wil dood")
    await safety_note.note_safety(agent, "web-unknown", "ik wil dood")


def test_replies_are_refused_while_a_human_talks_and_only_then(tmp_path: Path) -> None:
    log = EventLog(f"sqlite:///{tmp_path / 'web.db'}")
    log.open_session("web-a")
    number, _ = log.add_question("web-a", "id-000001", "vraag")
    log.set_state("web-a", "mens")
    assert log.add_replies("web-a", number, [{"text": "antwoord"}]) is False
    assert log.events("web-a", 0)[1] is True
    log.set_state("web-a", "open")
    assert log.add_replies("web-a", number, [{"text": "antwoord"}]) is True
    assert log.add_replies("web-a", number, [{"text": "nog eens"}]) is True
    assert log.add_replies("web-gone", 1, [{"text": "niemand"}]) is True
    assert [text for kind, text in short(log.events("web-a", 0)[0]) if kind == "bot"] == ["antwoord"]
    log.close()
