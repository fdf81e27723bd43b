"""Actions at hand instead of made anew, and slots filled only from what a message holds.

For every action that it runs Rasa makes all twelve of its own, and after every message it goes through all mappings of
all slots, though as a rule the message has entities for two or three.
"""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, List, Optional, Tuple

from rasa.core.actions import action as rasa_actions
from rasa.core.actions.action import Action, ActionExtractSlots
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event
from rasa.shared.core.slots import Slot
from rasa.shared.core.trackers import DialogueStateTracker

_FROM_ENTITY, _CUSTOM = "from_entity", "custom"


class _Fillable:
    """Which of a domain's slots can change after a message."""

    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        self._slots: List[Tuple[Slot, Optional[FrozenSet[str]]]] = []
        for slot in domain.slots:
            entities = _needed_entities(slot.mappings)
            if entities is None or entities:
                self._slots.append((slot, entities))

    def by(self, entities: FrozenSet[str]) -> List[Slot]:
        """The slots that may be filled by a message with these entities, in the domain's order."""
        return [slot for slot, needed in self._slots if needed is None or not needed.isdisjoint(entities)]


def _needed_entities(mappings: List[Dict[str, Any]]) -> Optional[FrozenSet[str]]:
    """A slot is filled only when a message has one of these entities; None when other things may fill it."""
    needed = set()
    for mapping in mappings:
        if mapping.get("type") == _FROM_ENTITY:
            needed.add(str(mapping.get("entity")))
        elif mapping.get("type") != _CUSTOM or mapping.get("action"):
            return None
    return frozenset(needed)


class _DomainWith:
    """A domain that shows only some of its slots."""

    def __init__(self, domain: Domain, slots: List[Slot]) -> None:
        self._domain = domain
        self.slots = slots

    def __getattr__(self, name: str) -> Any:
        return getattr(self._domain, name)


class ShortExtraction(ActionExtractSlots):
    """Fills the slots that Rasa's own fills, looking only at those that the message has something for."""

    _fillable: Optional[_Fillable] = None

    async def run(self, output_channel: Any, nlg: Any, tracker: DialogueStateTracker, domain: Domain) -> List[Event]:
        """The events that set slots."""
        found: List[Event]
        if rasa_actions.ACTION_VALIDATE_SLOT_MAPPINGS in domain.user_actions:  # which needs the whole domain
            found = await super().run(output_channel, nlg, tracker, domain)
            return found
        known = self._fillable
        if known is None or known.domain is not domain:
            known = self._fillable = _Fillable(domain)
        message = tracker.latest_message
        entities = frozenset(str(entity.get("entity")) for entity in message.entities) if message else frozenset()
        slots = known.by(entities)
        if not slots:
            return []
        shown: Any = _DomainWith(domain, slots)
        found = await super().run(output_channel, nlg, tracker, shown)
        return found


def apply() -> None:
    """Puts both in place."""
    make = rasa_actions.default_actions
    if getattr(make, "at_hand", False):
        return
    rasa_actions.ActionExtractSlots = ShortExtraction
    kept: List[Tuple[Any, List[Action]]] = []  # of the endpoint that was asked for last

    def default_actions(action_endpoint: Optional[Any] = None) -> List[Action]:
        if not kept or kept[0][0] is not action_endpoint:
            kept[:] = [(action_endpoint, make(action_endpoint))]
        return kept[0][1]

    default_actions.at_hand = True  # type: ignore[attr-defined]
    rasa_actions.default_actions = default_actions
