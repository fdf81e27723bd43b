"""What has already been said in the running session, read from the tracker's events."""

from __future__ import annotations

from typing import Any, Iterator, List, Mapping, Optional, Tuple

from rasa.shared.core.events import BotUttered, Event, SessionStarted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

UNANSWERED = frozenset({"nlu_fallback", "follow_up_aspect"})
_FAR_BACK = 5


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


def last_question(tracker: DialogueStateTracker) -> Tuple[str, bool]:
    """The customer's last question, completed by understanding, and whether it is the latest message without an answer.

    Only the last few messages count: who asks "en magnesium?" much later has begun anew.
    """
    said = 0
    for event in events_of_session(tracker):
        if isinstance(event, UserUttered):
            said += 1
            selector: Mapping[str, Any] = event.parse_data.get("response_selector") or {}  # type: ignore[assignment]
            asked = str((selector.get("faq") or {}).get("asked") or "")
            if asked:
                return asked, said == 1 and event.intent_name in UNANSWERED
            if said == _FAR_BACK:
                break
    return "", False


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


def level_of_safety(tracker: DialogueStateTracker) -> Optional[str]:
    """The matter of safety that triage found in this session, such as `pregnancy`; None without one.

    A later "nee hoor" does not take it back.
    """
    level = tracker.get_slot("veiligheid")
    return str(level) if level else None
