"""What has already been said in the running session, read from the tracker's events."""

from __future__ import annotations

from typing import Any, FrozenSet, Iterator, List, Mapping, Optional

from rasa.shared.core.events import BotUttered, Event, SessionStarted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from nlu.triage import URGENT


def events_of_session(tracker: DialogueStateTracker) -> Iterator[Event]:
    """The events since the session began, newest first."""
    for event in reversed(tracker.events):
        if isinstance(event, SessionStarted):
            return
        yield event


def bot_has_spoken(tracker: DialogueStateTracker) -> bool:
    """Whether the assistant has said anything in this session; stops at the first reply it finds."""
    return any(isinstance(event, BotUttered) for event in events_of_session(tracker))


def last_bot_metadata(tracker: DialogueStateTracker) -> Mapping[str, Any]:
    """Metadata of the assistant's latest reply in this session, {} when there is none."""
    for event in events_of_session(tracker):
        if isinstance(event, BotUttered):
            return event.metadata or {}
    return {}


def last_answered_id(tracker: DialogueStateTracker) -> Optional[str]:
    """The id of the last FAQ answer given in this session, None when there is none."""
    for event in events_of_session(tracker):
        if isinstance(event, BotUttered) and (event.metadata or {}).get("faq_id"):
            return str(event.metadata["faq_id"])
    return None


def last_question(tracker: DialogueStateTracker, intents: FrozenSet[str], passing: str) -> str:
    """The customer's last message of one of these intents, '' unless all since then were of the intent `passing`."""
    for event in events_of_session(tracker):
        if isinstance(event, UserUttered) and event.intent_name != passing:
            return str(event.text or "") if event.intent_name in intents else ""
    return ""


def bot_metadata_contains(tracker: DialogueStateTracker, key: str) -> bool:
    """Whether any reply of this session carries `key` in its metadata."""
    return any(isinstance(event, BotUttered) and key in (event.metadata or {}) for event in events_of_session(tracker))


def fallbacks_in_a_row(tracker: DialogueStateTracker, intent: str) -> int:
    """How many of the customer's latest messages, the current one included, had this intent, without a break."""
    count = 0
    for event in events_of_session(tracker):
        if isinstance(event, UserUttered):
            if event.intent_name != intent:
                break
            count += 1
    return count


def other_ids(tracker: DialogueStateTracker, plausible: float) -> List[str]:
    """Ids that the last answered message resembled too, best first, without the one that was given.

    Args:
        tracker: the conversation; its latest message is the complaint about the answer.
        plausible: confidence below which an id is no honest guess.
    """
    given = last_answered_id(tracker)
    said = [event for event in events_of_session(tracker) if isinstance(event, UserUttered)]
    if given is None or len(said) < 2:
        return []
    selector = said[1].parse_data.get("response_selector") or {}
    ranking = (selector.get("faq") or {}).get("ranking") or []  # type: ignore[attr-defined]
    ids = [item["intent_response_key"].partition("/")[2] for item in ranking if item["confidence"] >= plausible]
    return [faq_id for faq_id in ids if faq_id != given]


def offered_payloads(tracker: DialogueStateTracker) -> List[str]:
    """Payloads of all buttons that the assistant offered in this session."""
    payloads: List[str] = []
    for event in events_of_session(tracker):
        if isinstance(event, BotUttered):
            payloads += [str(button.get("payload", "")) for button in event.data.get("buttons") or []]
    return payloads


def is_urgent(tracker: DialogueStateTracker) -> bool:
    """Whether triage found an urgent matter of safety in this session; a later "nee hoor" does not take it back."""
    return tracker.get_slot("veiligheid") in URGENT
