"""What has already been said in the running session, read from the tracker's events."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, FrozenSet, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple

from rasa.shared.core.events import BotUttered, Event, SessionStarted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

UNANSWERED = frozenset({"nlu_fallback", "follow_up_aspect"})
_FAR_BACK = 5
_ANSWERS = 6


def events_of_session(tracker: DialogueStateTracker) -> Iterator[Event]:
    """The events since the session began, newest first."""
    for event in reversed(tracker.events):
        if isinstance(event, SessionStarted):
            return
        yield event


@dataclass(frozen=True)
class _Said:
    """What the assistant said in the running session, told from the tracker's first `read` events."""

    read: int = 0
    has_spoken: bool = False
    last_metadata: Mapping[str, Any] = field(default_factory=dict)
    answered: Tuple[str, ...] = ()
    keys: FrozenSet[str] = frozenset()

    def after(self, events: Iterable[Event]) -> _Said:
        """The same with more events."""
        said = self
        read = self.read
        for event in events:
            read += 1
            if event.type_name == SessionStarted.type_name:
                said = _Said()
            elif event.type_name == BotUttered.type_name:
                metadata = event.metadata or {}
                answered = (*said.answered, str(metadata["faq_id"])) if metadata.get("faq_id") else said.answered
                said = _Said(0, True, metadata, answered[-_ANSWERS:], said.keys.union(metadata))
        return replace(said, read=read)


def _said(tracker: DialogueStateTracker) -> _Said:
    """Carried on with what is new since the last look, so that a long session costs no more than a short one."""
    events = tracker.events
    if not isinstance(events, list):  # Rasa's own tracker, whose first events may drop out
        return _Said().after(events)
    known: Optional[_Said] = tracker.__dict__.get("_said")
    if known is None or known.read > len(events):
        known = _Said()
    if known.read < len(events):
        known = tracker.__dict__["_said"] = known.after(events[known.read :])
    return known


def bot_has_spoken(tracker: DialogueStateTracker) -> bool:
    """Whether the assistant has said anything in this session."""
    return _said(tracker).has_spoken


def last_bot_metadata(tracker: DialogueStateTracker) -> Mapping[str, Any]:
    """Metadata of the assistant's latest reply in this session, {} when there is none."""
    return _said(tracker).last_metadata


def last_answered_id(tracker: DialogueStateTracker) -> Optional[str]:
    """The id of the last FAQ answer given in this session, None when there is none."""
    return next(iter(_said(tracker).answered[-1:]), None)


def last_ids(tracker: DialogueStateTracker) -> Sequence[str]:
    """The ids of the last few FAQ answers given in this session, oldest first."""
    return _said(tracker).answered


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
    return key in _said(tracker).keys


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
