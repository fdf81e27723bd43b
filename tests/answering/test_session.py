"""What has been said in a session."""

from __future__ import annotations

from rasa.shared.core.events import BotUttered, SessionStarted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from answering.session import last_ids


def answered(faq_id: str) -> BotUttered:
    return BotUttered("antwoord", metadata={"faq_id": faq_id})


def test_the_last_answers_of_a_session_are_told_in_order() -> None:
    before = [SessionStarted(), answered("winkel_wie"), SessionStarted()]
    said = [answered("magnesium_slaap"), UserUttered("dank"), BotUttered("graag gedaan"), answered("oxytocine_hart")]
    tracker = DialogueStateTracker.from_events("an", [*before, *said])
    assert last_ids(tracker) == ["magnesium_slaap", "oxytocine_hart"]
    assert last_ids(DialogueStateTracker.from_events("an", [])) == []


def test_only_the_last_replies_count() -> None:
    many = [answered(f"magnesium_{number}") for number in range(30)]
    ids = last_ids(DialogueStateTracker.from_events("an", [SessionStarted(), *many]))
    assert ids == [f"magnesium_{number}" for number in range(18, 30)]
