"""Conversations in memory without what nobody asks of them any more; the database keeps all of it.

Of each message understanding tells which labels came close, which only the next turn may ask for. The model's id at
each event and the texts of answers are the same in all conversations: one copy of each is enough.
"""

from __future__ import annotations

import sys
from typing import Any, Dict, List, Sequence, Tuple

from rasa.shared.core.events import BotUttered, Event, UserUttered

_WHOLE = 2  # latest messages of the customer that stay as they are
_RANKING = "intent_ranking"
_MODEL_ONLY = {"model_id", "assistant_id"}
_models: Dict[Tuple[Any, ...], Dict[str, Any]] = {}  # a handful: every model that ran in this process


def slim(events: Sequence[Event], done: int) -> int:
    """Makes events smaller in place.

    Args:
        events: of one conversation that is stored; nobody is working on it.
        done: how many of the first ones were done before.

    Returns:
        How many are done now: all before the customer's latest messages.
    """
    until = _before_latest(events)
    for event in events[done:until]:
        if event.metadata and event.metadata.keys() == _MODEL_ONLY:
            event.metadata = _models.setdefault(tuple(sorted(event.metadata.items())), event.metadata)
        if isinstance(event, UserUttered):
            _without_rankings(event.parse_data)
        elif isinstance(event, BotUttered):
            _with_shared_texts(event)
    return max(done, until)


def _before_latest(events: Sequence[Event]) -> int:
    """Where the latest messages begin."""
    left = _WHOLE
    for index in range(len(events) - 1, -1, -1):
        if isinstance(events[index], UserUttered):
            left -= 1
            if left == 0:
                return index
    return 0


def _without_rankings(parsed: Any) -> None:
    if _RANKING in parsed:
        parsed[_RANKING] = []
    of_faq = (parsed.get("response_selector") or {}).get("faq")
    if of_faq:
        of_faq["ranking"] = []


def _with_shared_texts(event: BotUttered) -> None:
    if event.text:
        event.text = sys.intern(event.text)
    buttons: List[Dict[str, Any]] = (event.data or {}).get("buttons") or []
    for button in buttons:
        for name, value in button.items():
            if type(value) is str:
                button[name] = sys.intern(value)
