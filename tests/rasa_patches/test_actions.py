"""Slots are filled as Rasa fills them, and a new conversation gets the store's own tracker."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Dict, List

import pytest
from rasa.core.actions import action as rasa_actions
from rasa.core.channels.channel import CollectingOutputChannel
from rasa.core.tracker_store import FailSafeTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActiveLoop, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from rasa_patches import actions, new_trackers
from tests.policies.dialogues import DOMAIN
from tracking.store import ConversationStore
from tracking.tracker import ConversationTracker

MAPPINGS = """
version: "3.1"
intents: [greet, ask, yes]
entities: [colour, size, place]
slots:
  colour: {type: text, mappings: [{type: from_entity, entity: colour}]}
  target: {type: text, mappings: [{type: from_entity, entity: place, role: to}, {type: from_entity, entity: size}]}
  all_sizes: {type: list, mappings: [{type: from_entity, entity: size}]}
  sure: {type: bool, mappings: [{type: from_intent, intent: yes, value: true}]}
  words: {type: text, mappings: [{type: from_text, conditions: [{active_loop: order_form}]}]}
  asked_colour: {type: text, mappings: [{type: from_entity, entity: colour, intent: ask}]}
  note: {type: any, mappings: [{type: custom}]}
forms:
  order_form: {required_slots: [colour, target]}
"""
ORIGINAL = actions.ShortExtraction.__bases__[0]


def random_message(source: random.Random) -> UserUttered:
    entities: List[Dict[str, Any]] = []
    for _ in range(source.randrange(4)):
        entity = {"entity": source.choice(["colour", "size", "place"]), "value": source.choice(["a", "b", "c"])}
        if source.random() < 0.4:
            entity["role"] = source.choice(["to", "from"])
        entities.append(entity)
    return UserUttered("iets", {"name": source.choice(["greet", "ask", "yes"])}, entities)


async def test_the_same_slots_are_filled_as_by_rasas_own_action() -> None:
    domain = Domain.from_yaml(MAPPINGS)
    source, filled = random.Random(7), 0
    ours = actions.ShortExtraction(None)
    for number in range(300):
        tracker = DialogueStateTracker(str(number), domain.slots)
        if source.random() < 0.3:
            tracker.update(ActiveLoop("order_form"))
            tracker.update(SlotSet("requested_slot", source.choice(["colour", "target"])))
        tracker.update(random_message(source))
        channel = CollectingOutputChannel()
        found = [(e.key, e.value) for e in await ours.run(channel, None, tracker, domain)]
        wanted = [(e.key, e.value) for e in await ORIGINAL(None).run(channel, None, tracker, domain)]
        assert found == wanted
        filled += len(found)
    assert filled == 466


async def test_slots_of_another_model_are_filled_after_it_was_loaded() -> None:
    ours, channel = actions.ShortExtraction(None), CollectingOutputChannel()
    for yaml, slots in ((DOMAIN, ["colour"]), (MAPPINGS, ["colour", "asked_colour"])):
        domain = Domain.from_yaml(yaml)
        tracker = DialogueStateTracker("x", domain.slots)
        tracker.update(UserUttered("rood", {"name": "ask"}, [{"entity": "colour", "value": "red"}]))
        assert [event.key for event in await ours.run(channel, None, tracker, domain)] == slots


def test_rasas_own_actions_are_made_once_per_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("default_actions", "ActionExtractSlots"):
        monkeypatch.setattr(rasa_actions, name, getattr(rasa_actions, name))
    actions.apply()
    endpoint = object()
    domain = Domain.from_yaml(DOMAIN)
    first, again, other = (
        rasa_actions.action_for_name_or_text("action_extract_slots", domain, e) for e in (endpoint, endpoint, None)
    )
    assert isinstance(first, actions.ShortExtraction)
    assert first is again
    assert other is not first
    assert rasa_actions.action_for_name_or_text("action_listen", domain, endpoint).name() == "action_listen"


async def test_the_first_message_of_a_conversation_goes_the_short_way_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FailSafeTrackerStore, "init_tracker", FailSafeTrackerStore.init_tracker)
    new_trackers.apply()
    store = ConversationStore(Domain.from_yaml(DOMAIN), str(tmp_path / "c.db"))
    tracker = await FailSafeTrackerStore(store).get_or_create_tracker("new", append_action_listen=False)
    assert isinstance(tracker, ConversationTracker)
    assert tracker.stored == 0
    assert await store.retrieve("new") is None
    store.close()
