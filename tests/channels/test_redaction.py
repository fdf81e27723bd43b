"""After a turn: private texts leave the tracker store and the channel's log, or the conversation goes."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict, List, Sequence

import pytest
from rasa.core.lock_store import InMemoryLockStore
from rasa.core.tracker_store import AwaitableTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, BotUttered, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from advice.draft import new_draft
from channels.event_log import EventLog
from channels.redaction import Wishes, erase, private_in, redact
from tests.advice.conftest import NOW
from tracking.store import ConversationStore

DOMAIN = Domain.from_yaml(
    """
slots:
  advies: {type: any, mappings: [{type: custom}]}
  advies_wissen: {type: any, mappings: [{type: custom}]}
"""
)
EMAIL = "kanarie@voorbeeld.nl"


def agent_of(path: Path) -> Any:
    store = AwaitableTrackerStore(ConversationStore(DOMAIN, host=str(path / "conversations.db")))
    return SimpleNamespace(tracker_store=store, lock_store=InMemoryLockStore())


async def stored(agent: Any, sender: str, events: Sequence[Any]) -> None:
    tracker = DialogueStateTracker(sender, DOMAIN.slots)
    for event in events:
        tracker.update(event)
    await agent.tracker_store.save(tracker)


def draft(text: str) -> Dict[str, Any]:
    return new_draft("web-1", NOW, "contact").with_private(text).as_slot()


def closed_form() -> List[Any]:
    return [
        UserUttered(EMAIL, {"name": "advice_answer"}),
        SlotSet("advies", draft(EMAIL)),
        BotUttered(f"Antwoord naar: {EMAIL}", metadata={"overzicht": EMAIL}),
        SlotSet("advies", None),
        SlotSet("advies_wissen", [EMAIL]),
    ]


def asked() -> Wishes:
    wishes = Wishes()
    wishes.note({"text": "Verstuurd", "advies_wissen": True})
    return wishes


async def texts_of(agent: Any, sender: str) -> str:
    tracker = await agent.tracker_store.retrieve(sender)
    return json.dumps([event.as_dict() for event in tracker.events])


async def test_a_closed_form_leaves_nothing_in_tracker_log_reply_or_file(tmp_path: Path) -> None:
    agent, log = agent_of(tmp_path), EventLog(f"sqlite:///{tmp_path / 'web.db'}")
    await stored(agent, "web-1", closed_form())
    await stored(agent, "web-2", [UserUttered(f"ik ben {EMAIL}")])
    log.open_session("web-1")
    log.add_question("web-1", "bericht-1", f"mail naar {EMAIL}")
    replies = await redact(agent, "web-1", asked(), [log.redact], [{"text": f"Dag {EMAIL}", "buttons": []}])
    assert replies == [{"text": "Dag [verwijderd]", "buttons": []}]
    assert EMAIL not in await texts_of(agent, "web-1")
    assert EMAIL in await texts_of(agent, "web-2")
    assert log.events("web-1", 0)[0][0]["text"] == "mail naar [verwijderd]"
    log.close()
    files = [p.name for p in tmp_path.iterdir() if p.name.startswith("web.db") and EMAIL.encode() in p.read_bytes()]
    assert files == []


async def test_without_a_wish_nothing_is_touched(tmp_path: Path) -> None:
    agent = agent_of(tmp_path)
    await stored(agent, "web-1", closed_form())
    wishes = Wishes()
    wishes.note({"text": "Dag", "faq_id": "x"})
    assert await redact(agent, "web-1", wishes, [], [{"text": EMAIL}]) == [{"text": EMAIL}]
    assert EMAIL in await texts_of(agent, "web-1")


async def test_a_reply_of_safety_looks_for_a_form_that_it_ended(tmp_path: Path) -> None:
    agent = agent_of(tmp_path)
    ended = [ActiveLoop("advice_form"), SlotSet("advies", draft(EMAIL)), UserUttered("help"), ActiveLoop(None)]
    await stored(agent, "web-1", ended)
    wishes = Wishes()
    wishes.note({"text": "Bel 112", "veiligheid": "emergency"})
    await redact(agent, "web-1", wishes)
    assert EMAIL not in await texts_of(agent, "web-1")


async def test_an_open_form_keeps_its_answers_but_not_those_of_the_one_before(tmp_path: Path) -> None:
    agent = agent_of(tmp_path)
    older = {**draft("oud@voorbeeld.nl"), "key": "een andere"}
    events = [SlotSet("advies", older), ActiveLoop("advice_form"), SlotSet("advies", draft(EMAIL)), ActionExecuted("x")]
    await stored(agent, "web-1", events)
    assert private_in(await agent.tracker_store.retrieve("web-1")) == ["oud@voorbeeld.nl"]


async def test_a_store_with_a_redact_of_its_own_is_asked_for_it(tmp_path: Path) -> None:
    calls = []

    class Store:
        async def retrieve(self, sender: str) -> Any:
            tracker = DialogueStateTracker(sender, DOMAIN.slots)
            for event in closed_form():
                tracker.update(event)
            return tracker

        def redact(self, sender: str, values: List[str]) -> None:
            calls.append((sender, values))

    agent = SimpleNamespace(tracker_store=Store(), lock_store=InMemoryLockStore())
    await redact(agent, "web-1", asked())
    assert calls == [("web-1", [EMAIL])]


async def test_a_failing_store_costs_the_customer_no_reply(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def broken(conversation: str, values: Sequence[str]) -> None:
        raise OSError(f"no space for {values}")

    agent = agent_of(tmp_path)
    await stored(agent, "web-1", closed_form())
    assert await redact(agent, "web-1", asked(), [broken], [{"text": "Verstuurd"}]) == [{"text": "Verstuurd"}]
    assert "OSError" in caplog.text
    assert EMAIL not in caplog.text


async def test_a_stop_before_the_log_is_redacted_leaves_the_values_known_for_the_next_try(tmp_path: Path) -> None:
    class Killed(BaseException):
        pass

    def killed(conversation: str, values: Sequence[str]) -> None:
        raise Killed

    agent, log = agent_of(tmp_path), EventLog(f"sqlite:///{tmp_path / 'web.db'}")
    await stored(agent, "web-1", closed_form())
    log.open_session("web-1")
    log.add_question("web-1", "bericht-1", EMAIL)
    with pytest.raises(Killed):
        await redact(agent, "web-1", asked(), [killed])
    await redact(agent, "web-1", asked(), [log.redact])
    assert log.events("web-1", 0)[0][0]["text"] == "[verwijderd]"
    assert EMAIL not in await texts_of(agent, "web-1")


async def test_what_a_log_could_not_take_out_is_known_for_the_next_try(tmp_path: Path) -> None:
    taken_out = []

    def once_broken(conversation: str, values: Sequence[str]) -> None:
        taken_out.append(list(values))
        if len(taken_out) == 1:
            raise OSError

    agent = agent_of(tmp_path)
    await stored(agent, "web-1", closed_form())
    for _ in range(3):
        await redact(agent, "web-1", asked(), [once_broken])
    assert taken_out == [[EMAIL], [EMAIL]]
    assert EMAIL not in await texts_of(agent, "web-1")


async def test_erasing_deletes_the_tracker(tmp_path: Path) -> None:
    agent = agent_of(tmp_path)
    await stored(agent, "web-1", closed_form())
    assert await erase(agent, "web-1")
    assert await agent.tracker_store.retrieve("web-1") is None


def test_conversations_to_erase_are_named_once() -> None:
    wishes = Wishes()
    for message in ({"gesprek_wissen": ["a", "b"]}, {"gesprek_wissen": ["b"]}, {"gesprek_wissen": "x"}):
        wishes.note(message)
    assert wishes.erase == ["a", "b"]
