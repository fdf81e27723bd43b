"""What was said in a session: the same as by going through all events, without going through all events."""

from __future__ import annotations

import random
from typing import Any, List, Optional

import pytest
from rasa.shared.core.events import ActionExecuted, BotUttered, Event, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from answering import session
from tracking.tracker import ConversationTracker

METADATA: List[Optional[dict[str, Any]]] = [
    None,
    {},
    {"health": True},
    {"faq_id": "a"},
    {"faq_id": "b", "health": True},
]


def events(seed: int, count: int) -> List[Event]:
    chance = random.Random(seed)
    makers = [
        lambda: UserUttered("hoi", {"name": "greet"}),
        lambda: BotUttered("dag", metadata=chance.choice(METADATA)),
        lambda: ActionExecuted("action_listen"),
        lambda: SlotSet("a", 1),
    ]
    return [SessionStarted() if chance.random() < 0.05 else chance.choice(makers)() for _ in range(count)]


def of_session(tracker: DialogueStateTracker) -> List[BotUttered]:
    return [event for event in session.events_of_session(tracker) if isinstance(event, BotUttered)]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("kind", [ConversationTracker, DialogueStateTracker])
def test_every_look_tells_what_all_events_of_the_session_tell(seed: int, kind: Any) -> None:
    tracker = kind("a", [])
    for event in events(seed, 60):
        tracker.update(event)
        said = of_session(tracker)
        ids = [bot.metadata["faq_id"] for bot in said if bot.metadata.get("faq_id")]
        assert session.bot_has_spoken(tracker) == bool(said)
        assert session.last_bot_metadata(tracker) == (said[0].metadata if said else {})
        assert session.last_answered_id(tracker) == (ids[0] if ids else None)
        assert session.bot_metadata_contains(tracker, "health") == any("health" in bot.metadata for bot in said)


def test_a_look_reads_only_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    tracker = ConversationTracker("a", [])
    for event in events(1, 500):
        tracker.update(event)
    session.bot_has_spoken(tracker)
    read: List[Event] = []
    after = session._Said.after
    monkeypatch.setattr(session._Said, "after", lambda said, events: [read.extend(events), after(said, events)][1])
    reply = BotUttered("dag")
    tracker.update(reply)
    session.last_answered_id(tracker)
    session.bot_metadata_contains(tracker, "health")
    assert read == [reply]


def test_a_copy_and_its_original_go_their_own_ways() -> None:
    tracker = ConversationTracker("a", [])
    tracker.update(BotUttered("dag", metadata={"faq_id": "a"}))
    assert session.last_answered_id(tracker) == "a"
    other = tracker.copy()
    other.update(BotUttered("dag", metadata={"faq_id": "b"}))
    assert session.last_answered_id(other) == "b"
    tracker.update(BotUttered("dag", metadata={"health": True}))
    assert session.last_answered_id(tracker) == "a"
    assert not session.bot_metadata_contains(other, "health")


def answered(faq_id: str) -> BotUttered:
    return BotUttered("antwoord", metadata={"faq_id": faq_id})


def test_the_last_answers_of_a_session_are_told_in_order() -> None:
    before = [SessionStarted(), answered("winkel_wie"), SessionStarted()]
    said = [answered("magnesium_slaap"), UserUttered("dank"), BotUttered("graag gedaan"), answered("oxytocine_hart")]
    tracker = DialogueStateTracker.from_events("an", [*before, *said])
    assert session.last_ids(tracker) == ("magnesium_slaap", "oxytocine_hart")
    assert session.last_ids(DialogueStateTracker.from_events("an", [])) == ()


def test_only_the_last_answers_count() -> None:
    many = [answered(f"magnesium_{number}") for number in range(30)]
    ids = session.last_ids(DialogueStateTracker.from_events("an", [SessionStarted(), *many]))
    assert ids == tuple(f"magnesium_{number}" for number in range(24, 30))
