"""Every channel's service: never silence, nothing lost, nothing twice, and an owner who may take over."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, AsyncIterator, Awaitable, Callable, Dict, List, Optional

import pytest
from rasa.core.channels.channel import UserMessage
from rasa.core.lock_store import InMemoryLockStore
from rasa.core.tracker_store import AwaitableTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import SlotSet, UserUttered

from channels.base import Answer, Button, Incoming, Kind, SendFailed
from channels.holder import own_name
from channels.human import NobodyThere, human_side
from channels.inbox import HumanHasIt
from channels.outgoing import MAX_ATTEMPTS, pause, token_of
from channels.service import ChannelService, as_answer
from channels.store import Store
from content.texts import load_texts
from monitoring import metrics
from shop.settings import Environment
from tests.channels.common.parts import Echo, Owner, RecordingConnector, eventually, said, service_of
from tracking.store import ConversationStore

TEXTS = {name: variations[0]["text"] for name, variations in load_texts().items()}
Make = Callable[..., ChannelService]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Makes services over one database, and stops them."""
    made: List[ChannelService] = []

    def one(connector: Any, answer: Callable[[UserMessage], Awaitable[Any]], **settings: Any) -> ChannelService:
        made.append(service_of(tmp_path, connector, answer, **settings))
        return made[-1]

    yield one
    for service in made:
        if not service.is_stopping:
            await service.stop()


def everything_kept(tmp_path: Path) -> str:
    with sqlite3.connect(tmp_path / "channels.db") as connection:
        return "\n".join(connection.iterdump())


async def test_a_message_gets_its_answer(make: Make) -> None:
    connector = RecordingConnector()
    service = make(connector, Echo())
    await service.start()
    await service.accept([said(1, text="hallo")])
    await connector.until(lambda: connector.texts("proef-1"))
    assert connector.texts("proef-1") == ["Antwoord op: hallo"]


async def test_the_same_id_is_answered_once_even_when_it_comes_twice_at_once(make: Make) -> None:
    connector, echo = RecordingConnector(), Echo()
    service = make(connector, echo)
    new = await asyncio.gather(*(service.accept([said(1)]) for _ in range(10)))
    assert await service.accept([said(1), said(1)]) == []
    assert any(new)
    await service.start()
    await service.accept([said(2)])
    await connector.until(lambda: len(connector.sent) == 2)
    assert echo.heard == [("proef-1", "bericht 1"), ("proef-1", "bericht 2")]


async def test_messages_stored_before_a_start_are_answered_after_it(make: Make) -> None:
    connector = RecordingConnector()
    await make(connector, Echo()).accept([said(1)])
    await make(connector, Echo()).start()
    await connector.until(lambda: connector.sent)


async def test_an_assistant_that_hangs_leads_to_the_apology(make: Make) -> None:
    async def hang(_: UserMessage) -> None:
        await asyncio.Event().wait()

    connector = RecordingConnector()
    service = make(connector, hang, answer_timeout=1)
    await service.start()
    await service.accept([said(1)])
    await connector.until(lambda: connector.sent)
    assert connector.texts("proef-1") == [TEXTS["storing"]]


async def test_a_message_that_brought_the_process_down_twice_gets_the_apology(make: Make) -> None:
    connector, echo = RecordingConnector(), Echo()
    service = make(connector, echo)
    await service.accept([said(1), said(2)])
    for _ in range(2):  # claimed, begun, and never finished
        assert [work.incoming.message_id for work in service.inbox.claim("crashed", -1.0, 5)] == ["1"]
    await service.start()
    await connector.until(lambda: len(connector.sent) == 2)
    assert connector.texts("proef-1") == [TEXTS["storing"], "Antwoord op: bericht 2"]


async def test_an_orderly_stop_finishes_what_is_being_answered(make: Make) -> None:
    started, finish = asyncio.Event(), asyncio.Event()

    async def slow(message: UserMessage) -> None:
        started.set()
        await finish.wait()
        await Echo()(message)

    connector = RecordingConnector()
    service = make(connector, slow)
    await service.start()
    await service.accept([said(1), said(2)])
    await asyncio.wait_for(started.wait(), 10)
    stopping = asyncio.create_task(service.stop())
    while not service.is_stopping:  # noqa: ASYNC110 (nothing tells)
        await asyncio.sleep(0)
    finish.set()
    await stopping
    assert service.inbox.waiting() == 1  # the next one is left for the next start
    await make(connector, Echo()).start()
    await connector.until(lambda: len(connector.sent) == 2)
    assert connector.texts("proef-1") == ["Antwoord op: bericht 1", "Antwoord op: bericht 2"]


async def test_what_a_process_that_was_killed_held_is_free_at_the_next_start(make: Make) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])  # noqa: ASYNC220 (begins at once)
    dead = f"{own_name().split(':')[0]}:{ended.pid}:1:x"
    ended.wait()
    connector = RecordingConnector()
    service = make(connector, Echo())
    await service.accept([said(1), said(2, "proef-2")])
    assert [work.incoming.conversation for work in service.inbox.claim(dead, 600.0, 1)] == ["proef-1"]
    assert [work.incoming.conversation for work in service.inbox.claim("elsewhere:1:1:x", 600.0, 1)] == ["proef-2"]
    await service.start()
    await connector.until(lambda: connector.sent)
    assert connector.texts("proef-1") == ["Antwoord op: bericht 1"]
    assert service.inbox.waiting() == 1


async def test_an_orderly_stop_costs_no_attempt(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.service.STOP_SECONDS", 0.01)
    started = asyncio.Event()

    async def hang(_: UserMessage) -> None:
        started.set()
        await asyncio.Event().wait()

    connector = RecordingConnector()
    for _ in range(4):
        service = make(connector, hang)
        await service.start()
        await service.accept([said(1)])
        await asyncio.wait_for(started.wait(), 10)
        started.clear()
        await service.stop()
    await make(connector, Echo()).start()
    await connector.until(lambda: connector.sent)
    assert connector.texts("proef-1") == ["Antwoord op: bericht 1"]


async def test_a_slow_answer_that_lost_its_claim_is_not_said_beside_the_other_one(make: Make) -> None:
    service = make(RecordingConnector(), Echo())
    await service.accept([said(1)])
    slow = service.inbox.claim("slow", -1.0, 5)[0]
    fast = service.inbox.claim("fast", 60.0, 5)[0]
    reply = service.connector.render(Answer("snel"))
    assert service.inbox.finish(fast, "fast", reply) is None
    assert service.inbox.finish(slow, "slow", service.connector.render(Answer("traag"))) is None
    assert [delivery.message.text for delivery in service.queue.claim("x", 60.0, 5)] == ["snel"]


async def test_a_process_that_lost_its_claim_says_nothing_even_when_it_is_first(make: Make) -> None:
    service = make(RecordingConnector(), Echo())
    await service.accept([said(1)])
    slow = service.inbox.claim("slow", -1.0, 5)[0]
    fast = service.inbox.claim("fast", 60.0, 5)[0]
    assert service.inbox.finish(slow, "slow", service.connector.render(Answer("traag"))) is None
    assert service.inbox.finish(fast, "fast", service.connector.render(Answer("snel"))) is None
    assert [delivery.message.text for delivery in service.queue.claim("x", 60.0, 5)] == ["snel"]


async def test_what_was_answered_and_delivered_is_emptied(make: Make, tmp_path: Path) -> None:
    connector = RecordingConnector()
    service = make(connector, Echo())
    await service.start()
    await service.accept([said(1, text="mijn geheime woord is vliegenier")])
    await eventually(lambda: service.queue.counts() == {"done": 1})
    assert "vliegenier" not in everything_kept(tmp_path)


async def test_only_an_offered_button_says_something(make: Make) -> None:
    async def offer(message: UserMessage) -> None:
        heard.append((message.sender_id, message.text))
        buttons = [{"title": "Ja", "payload": "ja graag"}]
        await message.output_channel.send_response(message.sender_id, {"text": "Zal ik?", "buttons": buttons})

    heard: List[Any] = []
    connector = RecordingConnector()
    service = make(connector, offer)
    await service.start()
    token = token_of("ja graag")
    await service.accept([said(1, text="hallo")])
    await connector.until(lambda: len(connector.sent) == 1)
    await service.accept([said(2, kind=Kind.PRESS, token=token), said(3, "proef-2", kind=Kind.PRESS, token=token)])
    await service.accept([said(4, kind=Kind.PRESS, token="/restart")])
    await connector.until(lambda: len(connector.sent) == 4)
    assert heard == [("proef-1", "hallo"), ("proef-1", "ja graag")]
    assert connector.texts("proef-2") == [TEXTS["knop_onbekend"]]
    assert connector.texts("proef-1")[2] == TEXTS["knop_onbekend"]
    assert sorted(connector.presses) == [False, False, False, True]


async def test_who_says_too_much_is_warned_once_and_nobody_else_notices(make: Make) -> None:
    connector, echo = RecordingConnector(), Echo()
    service = make(connector, echo, channels_per_minute=3)
    await service.start()
    await service.accept([said(1), said(1), said(1), said(1)])  # repeats of one delivery are not what one says
    for number in range(2, 9):
        await service.accept([said(number)])
    await service.accept([said(20, "proef-2")])
    await connector.until(lambda: len(connector.sent) == 5)
    assert connector.texts("proef-1")[3:] == [TEXTS["te_veel_berichten"]]
    assert [text for who, text in echo.heard if who == "proef-1"] == ["bericht 1", "bericht 2", "bericht 3"]
    assert connector.texts("proef-2") == ["Antwoord op: bericht 20"]
    assert service.inbox.waiting() == 0


async def test_failures_keep_the_order_and_end_as_a_dead_letter(
    make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("channels.outgoing.pause", lambda attempts, retry_after: 0.0)
    connector = RecordingConnector()
    service = make(connector, Echo())
    connector.failures["proef-1"] = [SendFailed("busy", retry_after=1.0), SendFailed("later"), RuntimeError("odd")]
    connector.failures["proef-2"] = [SendFailed("busy")] * MAX_ATTEMPTS
    connector.failures["proef-3"] = [SendFailed("blocked", is_permanent=True)]
    await service.start()
    await service.accept([said(n, f"proef-{1 + n % 3}") for n in range(6)])
    await connector.until(lambda: len(connector.sent) == 4)
    assert connector.texts("proef-1") == ["Antwoord op: bericht 0", "Antwoord op: bericht 3"]
    assert connector.texts("proef-2") == ["Antwoord op: bericht 4"]
    assert connector.texts("proef-3") == ["Antwoord op: bericht 5"]
    await eventually(lambda: service.queue.counts() == {"dead": 2, "done": 4})
    assert "proef-1" not in caplog.text
    assert "proef-~" in caplog.text
    assert service.queue.retry_dead() == 2
    await connector.until(lambda: len(connector.sent) == 6)


@pytest.mark.parametrize(
    ("attempts", "retry_after", "seconds"), [(1, None, 1.0), (4, None, 8.0), (20, None, 300.0), (1, 17.0, 17.0)]
)
def test_pauses_grow_unless_the_channel_says_how_long(attempts: int, retry_after: Any, seconds: float) -> None:
    assert pause(attempts, retry_after) == seconds


async def test_refused_credentials_stop_delivering_in_one_line_and_lose_nothing(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    connector, echo = RecordingConnector(), Echo()
    connector.refuses = True
    service = make(connector, echo)
    await service.start()
    await service.accept([said(1), said(2, "proef-2")])
    await eventually(lambda: service.is_off and not service.inbox.waiting())
    assert caplog.text.count("Channel proef is off, the others go on.") == 1
    connector.refuses = False
    await make(connector, echo).start()
    await connector.until(lambda: len(connector.sent) == 2)


# --- an owner ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Chat:
    id: int
    conversation: str
    text: str
    state: Optional[str] = None
    sender: str = ""
    introduced: bool = False


async def test_during_a_takeover_the_owner_hears_and_the_assistant_is_silent(make: Make) -> None:
    connector, echo, owner = RecordingConnector(), Echo(), Owner()
    owner.taken.add("proef-1")
    service = make(connector, echo, human=owner)
    await service.start()
    await service.accept([said(1, text="hallo"), said(2, kind=Kind.NOTICE, notice="alleen_tekst")])
    await service.accept([said(3, "proef-2", text="andere klant")])
    await connector.until(lambda: connector.sent)
    await eventually(lambda: len(owner.said) == 2)
    assert owner.said == [("proef-1", "hallo"), ("proef-1", TEXTS["bestand_ontvangen"])]
    assert echo.heard == [("proef-2", "andere klant")]
    owner.taken.clear()
    owner.waiting = [Chat(1, "proef-1", "De assistent is er weer.", "open")]
    await service.accept([said(4, text="weer terug")])
    await connector.until(lambda: len(connector.texts("proef-1")) == 2)
    assert connector.texts("proef-1") == ["De assistent is er weer.", "Antwoord op: weer terug"]


async def test_what_an_owner_says_is_delivered_once_and_reported(make: Make) -> None:
    connector, owner = RecordingConnector(), Owner()
    service = make(connector, Echo(), human=owner)
    await service.start()
    await service.accept([said(1)])
    await connector.until(lambda: connector.sent)
    owner.waiting = [Chat(7, "proef-1", "Dag, met de eigenaar. " * 20), Chat(8, "proef-99", "niemand")]
    await connector.until(lambda: len(connector.sent) >= 4)
    await eventually(lambda: len(owner.reported) == 2)
    assert " ".join(connector.texts("proef-1")[1:]) == ("Dag, met de eigenaar. " * 20).strip()
    assert sorted(owner.reported) == [("delivered", 7), ("failed", 8)]
    owner.waiting = [Chat(7, "proef-1", "Dag, met de eigenaar. " * 20)]  # offered again, for the report was lost
    await eventually(lambda: not owner.waiting)
    assert len(connector.texts("proef-1")) == 4


async def test_an_answer_that_a_takeover_overtook_is_shown_to_the_owner_only(make: Make) -> None:
    connector, owner = RecordingConnector(), Owner()

    async def overtaken(message: UserMessage) -> None:
        owner.taken.add(message.sender_id)
        await message.output_channel.send_response(message.sender_id, {"text": "te laat"})

    service = make(connector, overtaken, human=owner)
    await service.start()
    await service.accept([said(1, text="vraag")])
    await eventually(lambda: owner.held)
    assert (owner.held, owner.said, connector.sent) == (["te laat"], [("proef-1", "vraag")], [])


async def test_a_broken_desk_does_not_silence_the_assistant(make: Make) -> None:
    connector, owner = RecordingConnector(), Owner()
    owner.broken = True
    service = make(connector, Echo(), human=owner)
    await service.start()
    await service.accept([said(1)])
    await connector.until(lambda: connector.sent)


def test_without_a_desk_nobody_takes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.human.DESK", "desk_that_is_not_there.takeover")
    side = human_side(Environment())
    assert isinstance(side, NobodyThere)
    assert (side.is_taken_over("x"), side.customer_said("x", "y", "z", "1"), side.chat_to_deliver("y")) == (
        False,
        False,
        [],
    )


# --- privacy ----------------------------------------------------------------------------------------------------------


async def test_erasing_leaves_nothing_and_a_repeat_does_not_bring_it_back(make: Make, tmp_path: Path) -> None:
    connector = RecordingConnector()
    service = make(connector, Echo())
    await service.start()
    await service.accept([said(1, "proef-4711", "mijn naam is vliegenier")])
    await connector.until(lambda: connector.sent)
    await eventually(lambda: not service.queue.counts().get("waiting"))
    await service.erase("proef-4711")
    kept = everything_kept(tmp_path)
    assert "vliegenier" not in kept
    assert "4711" not in kept
    assert await service.accept([said(1, "proef-4711", "mijn naam is vliegenier")]) == []


async def test_redacting_removes_values_from_dead_letters_and_offers(make: Make, tmp_path: Path) -> None:
    connector = RecordingConnector()
    service = make(connector, Echo())
    offered = [Button("Klopt", "klopt An@Voorbeeld.nl"), Button("Nee", "nee")]
    messages = service.connector.render(Answer("Is an@voorbeeld.NL je adres?", tuple(offered)))
    await service.accept([said(1)])
    for name in ("dood", "wacht"):
        assert service.inbox.deliver("proef-1", messages, name)
    dead = service.queue.claim("x", 60.0, 5)[0]
    service.queue.failed(dead, "no", None, True, "x")
    service.queue.release("proef-1", "x")
    assert service.inbox.redact("proef-1", ["an@voorbeeld.nl", ""]) == 2
    assert service.inbox.offered("proef-1", token_of("klopt An@Voorbeeld.nl")) is None
    assert service.inbox.offered("proef-1", token_of("nee")) is not None
    waiting = service.queue.claim("y", 60.0, 5)[0]
    assert waiting.message.text == "Is an@voorbeeld.NL je adres?"  # what the customer still has to read stays right
    service.queue.failed(waiting, "no", None, True, "y")
    assert "voorbeeld.nl" not in everything_kept(tmp_path).lower()


async def test_old_conversations_are_purged(make: Make) -> None:
    service = make(RecordingConnector(), Echo(), channels_days=1)
    await service.accept([said(1), said(2, "proef-2")])
    with service.store.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE channel_conversations SET heard = heard - 90000 WHERE conversation='proef-1'"
        )
    await service.purge()
    assert service.inbox.last_heard("proef-1") is None
    assert service.inbox.last_heard("proef-2") is not None


# --- small things -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        ({"text": " hallo "}, Answer("hallo")),
        ({"text": None, "buttons": [{"title": "Ja"}]}, Answer("", (Button("Ja", "Ja"),))),
        ({}, Answer()),
        ({"text": "x", "quick_replies": [{"title": "", "payload": "y"}]}, Answer("x")),
    ],
)
def test_replies_keep_what_a_channel_shows(message: Dict[str, Any], answer: Answer) -> None:
    assert as_answer(message) == answer


def test_numbers_that_a_gap_hides_are_waited_for_a_moment(tmp_path: Path) -> None:
    from channels.inbox import HOLD, Inbox

    now = [1_000.0]
    inbox = Inbox(Store(f"sqlite:///{tmp_path / 'x.db'}"), "proef", True, lambda: now[0])

    def claimed() -> List[str]:
        return [work.incoming.message_id for work in inbox.claim("x", -1.0, 5)]

    inbox.store([said(5, "proef-a")])
    assert claimed() == ["5"]  # the first number ever seen has no gap before it
    inbox.store([said(7, "proef-b")])
    assert claimed() == ["5"]
    inbox.store([said(6, "proef-b")])
    assert claimed() == ["5", "6"]
    inbox.store([said(9, "proef-c")])
    assert claimed() == ["5", "6"]
    now[0] += HOLD
    assert claimed() == ["5", "6", "9"]


def test_an_incoming_message_survives_storing(tmp_path: Path) -> None:
    from channels.inbox import Inbox

    inbox = Inbox(Store(f"sqlite:///{tmp_path / 'x.db'}"), "proef")
    message = said(1, text="é😀\u0000 \ud83d", extra={"callback": "7"})
    assert isinstance(message, Incoming)
    inbox.store([message])
    assert inbox.claim("x", 1.0, 5)[0].incoming == message


# --- what a reply asks for -------------------------------------------------------------------------------------------

DOMAIN = Domain.from_yaml(
    """
slots:
  advies: {type: any, mappings: [{type: custom}]}
  advies_wissen: {type: any, mappings: [{type: custom}]}
  veiligheid: {type: any, mappings: [{type: custom}]}
"""
)
SECRET = "kanarie@voorbeeld.nl"


class Rasa:
    """An agent with a conversation store; answers as a test says."""

    def __init__(self, folder: Path, **reply: Any) -> None:
        store = ConversationStore(DOMAIN, host=str(folder / "conversations.db"))
        self.tracker_store, self.lock_store = AwaitableTrackerStore(store), InMemoryLockStore()
        self.reply = reply
        self.app = SimpleNamespace(ctx=SimpleNamespace(agent=self))

    async def __call__(self, message: UserMessage) -> None:
        tracker = await self.tracker_store.get_or_create_tracker(message.sender_id)
        tracker.update(UserUttered(message.text))
        tracker.update(SlotSet("advies_wissen", [SECRET]))
        await self.tracker_store.save(tracker)
        if self.reply:
            await message.output_channel.send_response(message.sender_id, dict(self.reply))

    async def texts(self, sender: str) -> List[str]:
        tracker = await self.tracker_store.retrieve(sender)
        return [e.text for e in tracker.events if isinstance(e, UserUttered)] if tracker else []


async def test_what_was_private_leaves_tracker_reply_and_every_file(make: Make, tmp_path: Path) -> None:
    rasa = Rasa(tmp_path, text=f"Verstuurd naar {SECRET}", advies_wissen=True)
    connector = RecordingConnector()
    service = make(connector, rasa)
    await service.start(rasa.app)  # type: ignore[arg-type]
    await service.accept([said(1, text=f"mail naar {SECRET}")])
    await connector.until(lambda: connector.sent)
    assert connector.texts("proef-1") == ["Verstuurd naar [verwijderd]"]
    assert await rasa.texts("proef-1") == ["mail naar [verwijderd]"]
    await eventually(lambda: not any(SECRET.encode() in p.read_bytes() for p in tmp_path.glob("channels.db*")))


async def test_the_reply_that_all_is_gone_is_said_once_and_is_true(make: Make, tmp_path: Path) -> None:
    rasa, owner = Rasa(tmp_path, text="Alles is gewist."), Owner()
    rasa.reply["gesprek_wissen"] = ["proef-1", "proef-2"]
    connector = RecordingConnector()
    service = make(connector, rasa, human=owner)
    await service.accept([said(1, "proef-2", "van een ander")])
    await service.start(rasa.app)  # type: ignore[arg-type]
    await connector.until(lambda: connector.sent)
    await service.accept([said(2, text="verwijder mijn gegevens"), said(2, text="verwijder mijn gegevens")])
    await connector.until(lambda: connector.texts("proef-1"))
    assert connector.texts("proef-1") == ["Alles is gewist."]
    assert await rasa.texts("proef-1") == []
    assert {"proef-1", "proef-2"} <= set(owner.forgotten)
    await eventually(lambda: "proef-" not in everything_kept(tmp_path))
    assert await service.accept([said(2, text="verwijder mijn gegevens")]) == []


async def test_a_farewell_waits_until_what_it_says_is_true(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("channels.outgoing.pause", lambda attempts, retry_after: 0.0)
    rasa, owner = Rasa(tmp_path, text="Alles is gewist.", gesprek_wissen=["proef-1"]), Owner()
    owner.broken = True
    connector = RecordingConnector()
    service = make(connector, rasa, human=owner)
    await service.start(rasa.app)  # type: ignore[arg-type]
    await service.accept([said(1, text="verwijder mijn gegevens")])
    await eventually(lambda: "not erased yet" in everything_kept(tmp_path))
    assert connector.sent == []
    owner.broken = False
    await connector.until(lambda: connector.sent)
    assert await rasa.texts("proef-1") == []


async def test_an_answer_never_comes_behind_the_line_that_a_human_talks(make: Make) -> None:
    connector, owner = RecordingConnector(), Owner()
    service = make(connector, Echo(), human=owner)
    await service.accept([said(1)])
    work = service.inbox.claim("x", 60.0, 5)[0]
    begin = connector.render(Answer("Je praat nu met Marieke."))
    assert service.inbox.deliver("proef-1", begin, "begin", is_human=True)
    with pytest.raises(HumanHasIt):
        service.inbox.finish(work, "x", connector.render(Answer("te laat")))
    service.inbox.release("proef-1", "x")
    owner.taken.add("proef-1")
    await service.start()
    await eventually(lambda: owner.said)
    await connector.until(lambda: connector.sent)
    assert connector.texts("proef-1") == ["Je praat nu met Marieke."]


async def test_with_the_desk_out_of_reach_the_assistant_comes_back_and_says_so(make: Make) -> None:
    connector, owner = RecordingConnector(), Owner()
    service = make(connector, Echo(), human=owner)
    await service.accept([said(1, text="hallo?")])
    service.inbox.set_human("proef-1", True)
    owner.broken = True
    await service.start()
    await connector.until(lambda: len(connector.sent) >= 1)
    await eventually(lambda: not service.inbox.is_human("proef-1"))
    assert connector.texts("proef-1")[0].startswith("Er gaat iets mis aan onze kant en de medewerker")


async def test_an_owner_is_named_and_a_customer_who_blocked_us_ends_the_takeover(make: Make) -> None:
    connector, owner = RecordingConnector(), Owner()
    service = make(connector, Echo(), human=owner)
    await service.start()
    await service.accept([said(1)])
    await connector.until(lambda: connector.sent)
    owner.waiting = [Chat(1, "proef-1", "Je praat nu met Marieke.", "mens")]
    await eventually(lambda: owner.reported == [("delivered", 1)])
    assert service.inbox.is_human("proef-1")
    owner.waiting = [Chat(2, "proef-1", "Hoe gaat het?", sender="Marieke")]
    await eventually(lambda: len(owner.reported) == 2)
    owner.waiting = [Chat(3, "proef-1", "Antwoord van Marieke: ja", sender="Marieke", introduced=True)]
    await eventually(lambda: len(owner.reported) == 3)
    assert connector.texts("proef-1")[2:] == ["Marieke: Hoe gaat het?", "Antwoord van Marieke: ja"]
    connector.failures["proef-1"] = [SendFailed("blocked", is_permanent=True)]
    owner.waiting = [Chat(4, "proef-1", "Ben je er nog?", sender="Marieke")]
    await eventually(lambda: len(owner.reported) == 4)
    assert owner.reported[-1] == ("failed", 4)
    await eventually(lambda: not service.inbox.is_human("proef-1"))


async def test_what_is_told_to_a_human_is_looked_at_for_safety(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    noted: List[Any] = []

    async def note(agent: Any, conversation: str, text: str) -> None:
        noted.append((conversation, text))

    monkeypatch.setattr("channels.service.note_safety", note)
    owner = Owner()
    owner.taken.add("proef-1")
    service = make(RecordingConnector(), Echo(), human=owner)
    await service.start()
    await service.accept([said(1, text="ik wil niet meer leven")])
    await eventually(lambda: noted)
    assert noted == [("proef-1", "ik wil niet meer leven")]


async def test_what_waits_to_be_sent_is_measured_and_dead_letters_are_not(make: Make) -> None:
    connector = RecordingConnector()
    connector.refuses = True
    service = make(connector, Echo())
    await service.start()
    await service.accept([said(1), said(2, "proef-2")])
    await eventually(lambda: metrics.OUTBOXES.state()["proef"][0] == 2)
    assert metrics.OUTBOXES.state()["proef"][1] > 0
    await eventually(lambda: service.is_off and not service._delivering)
    for delivery in service.queue.claim("x", 60.0, 5):
        service.queue.failed(delivery, "no", None, True, "x")
    assert metrics.OUTBOXES.state()["proef"] == (0, 0.0)
    await service.stop()
    assert "proef" not in metrics.OUTBOXES.state()
