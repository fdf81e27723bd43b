"""Takes private texts out of a conversation as Rasa stores it: serialised events, one at a time.

Works on plain data (an event as `Event.as_dict()` gives it, as JSON holds it), so that any tracker store can use it.
"""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, List, Mapping, Sequence

REMOVED = "[verwijderd]"
# Names that Rasa needs: intents, actions, policies, slots, channels, ids. Nothing that a customer typed is one.
_STRUCTURE = frozenset(
    {
        "event",
        "name",
        "policy",
        "message_id",
        "input_channel",
        "sender_id",
        "model_id",
        "assistant_id",
        "timestamp",
        "intent",
        "intent_ranking",
        "intent_response_key",
        "all_retrieval_intents",
        "also",
        "utter_action",
        "faq_id",
        "stap",
        "key",
        "begonnen",
    }
)
_FEWEST_DIGITS = 6


def redactor(values: Sequence[str]) -> Callable[[str], str]:
    """A function that replaces every one of the values in a text, whatever their case, by `REMOVED`.

    An address or a number is found inside words too, other values only as whole words: "Jan" stays in "januari". Blanks
    in a value may be any blanks in the text: people and parsers write them differently.
    """
    wanted = sorted({value.strip() for value in values if value.strip() and value.strip() != REMOVED}, key=len)
    if not wanted:
        return lambda text: text
    pattern = re.compile("|".join(_pattern(value) for value in reversed(wanted)), re.IGNORECASE)
    return lambda text: pattern.sub(REMOVED, text)


def _pattern(value: str) -> str:
    escaped = r"\s+".join(re.escape(part) for part in value.split())
    if "@" in value or sum(c.isdigit() for c in value) >= _FEWEST_DIGITS:
        return escaped
    return rf"(?<!\w){escaped}(?!\w)"


def redact_events(events: Sequence[Mapping[str, Any]], values: Sequence[str]) -> List[Dict[str, Any]]:
    """Copies of serialised events without the values: text, parse_data, slots, metadata, buttons and bot texts.

    Args:
        events: as `Event.as_dict` gives them.
        values: private texts; blank ones are ignored.
    """
    replace = redactor(values)
    return [redact_data(dict(event), replace) for event in events]


def redact_data(data: Any, replace: Callable[[str], str]) -> Any:
    """Plain data with every text replaced that is not structure."""
    if isinstance(data, str):
        return replace(data)
    if isinstance(data, Mapping):
        return {key: value if key in _STRUCTURE else redact_data(value, replace) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [redact_data(item, replace) for item in data]
    if isinstance(data, (int, float)) and not isinstance(data, bool) and replace(str(data)) == REMOVED:
        return REMOVED  # a number that was given, such as a telephone number kept as one
    return data
