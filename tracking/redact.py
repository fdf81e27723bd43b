"""Replaces what must not be kept, wherever it stands in stored events."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Sequence

REDACTED = "[verwijderd]"


def redact_events(events: Sequence[Dict[str, Any]], values: Sequence[str]) -> List[Dict[str, Any]]:
    """Copies of serialised events in which every occurrence of the values is replaced, in any case of letters.

    It looks in every text at any depth, keys left alone: message text, parse_data, entities, slots, metadata, what the
    bot said. A text that is nothing but a value becomes the mark as a whole; names of events, actions and slots stay.

    Args:
        events: as `Event.as_dict` gives them.
        values: texts to remove; empty ones and blanks are ignored.
    """
    wanted = sorted({value.strip() for value in values if value and value.strip()}, key=len, reverse=True)
    if not wanted:
        return [dict(event) for event in events]
    # Blanks in a value may be any blanks in the text: people and parsers write them differently.
    patterns = [r"\s+".join(re.escape(part) for part in value.split()) for value in wanted]
    found = re.compile("|".join(patterns), re.IGNORECASE)
    return [{key: value if key == "event" else _clean(value, found) for key, value in e.items()} for e in events]


def _clean(value: Any, found: "re.Pattern[str]") -> Any:
    if isinstance(value, str):
        return found.sub(REDACTED, value)
    if isinstance(value, dict):
        return {key: _clean(part, found) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(part, found) for part in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool) and found.fullmatch(str(value)):
        return REDACTED  # a number that was given, such as a telephone number kept as one
    return value
