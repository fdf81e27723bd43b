"""Classes of events by name from a table; Rasa collects all subclasses anew for every event that it reads."""

from __future__ import annotations

from typing import Any, Dict, Optional


def apply() -> None:
    """Puts the table before the original, which still decides on all names that are not in it."""
    from rasa.shared.core.events import Event

    original = Event.resolve_by_type
    if getattr(original, "from_table", False):
        return
    known: Dict[str, Any] = {}

    def resolve_by_type(type_name: str, default: Optional[Any] = None) -> Any:
        found = known.get(type_name)
        if found is None:
            found = original(type_name, default)
            if found is not None and found is not default:
                known[type_name] = found
        return found

    resolve_by_type.from_table = True  # type: ignore[attr-defined]
    Event.resolve_by_type = staticmethod(resolve_by_type)
