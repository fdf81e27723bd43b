"""RecentRulePolicy predicts what Rasa's RulePolicy predicts, at every point of hundreds of random dialogues."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any, Tuple

import pytest
from rasa.core.policies.rule_policy import RulePolicy
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, Event, UserUttered
from rasa.shared.core.generator import TrainingDataGenerator
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.core.training_data.story_reader.yaml_story_reader import YAMLStoryReader
from rasa.shared.core.training_data.structures import StoryGraph

from policies.rules import RecentRulePolicy
from tests.policies.dialogues import DOMAIN, RULES, random_events
from tracking.tracker import ConversationTracker, _Replay

Policies = Tuple[Domain, RulePolicy, RecentRulePolicy]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Policies:
    """The original, trained on the rules of this test, and ours with what it learnt."""
    domain = Domain.from_yaml(DOMAIN)
    steps = YAMLStoryReader(domain).read_from_string(RULES)
    trackers = TrainingDataGenerator(StoryGraph(steps), domain, augmentation_factor=0).generate()
    return domain, *both(trackers, domain, tmp_path_factory.mktemp("policy"))


def both(trackers: Any, domain: Domain, folder: Path) -> Tuple[RulePolicy, RecentRulePolicy]:
    policies = []
    for kind in (RulePolicy, RecentRulePolicy):
        (folder / kind.__name__).mkdir()
        storage = LocalModelStorage.create(folder / kind.__name__)
        context = ExecutionContext(GraphSchema({}))
        policy = kind(kind.get_default_config(), storage, Resource("rules"), context)
        policy.train(trackers, domain)
        policies.append(policy)
    assert policies[0].lookup == policies[1].lookup
    return policies[0], policies[1]


def prediction(policy: RulePolicy, tracker: DialogueStateTracker, domain: Domain) -> Any:
    made = policy.predict_action_probabilities(tracker, domain)
    return (
        made.probabilities,
        made.events,
        made.is_end_to_end_prediction,
        made.is_no_user_prediction,
        made.hide_rule_turn,
    )


@pytest.mark.parametrize("seed", range(300))
def test_a_random_dialogue_is_continued_as_the_original_does(trained: Policies, seed: int) -> None:
    domain, original, ours = trained
    random_ = random.Random(seed)
    events = random_events(random_, domain)
    theirs = DialogueStateTracker("x", domain.slots)
    mine = ConversationTracker("x", domain.slots)
    while events:
        event = events.pop(0)
        theirs.update(copy.deepcopy(event), domain)
        mine.update(copy.deepcopy(event), domain)
        assert mine.applied_events() == theirs.applied_events()
        if random_.random() < 0.6:
            assert mine.recent_states(domain, 5) == theirs.past_states(domain)[-5:]
            expected = prediction(original, theirs, domain)
            assert prediction(ours, mine, domain) == expected
            # Goes on as predicted. What a message was used for follows it at once: elsewhere the original itself gives
            # other states the second time it is asked.
            follows = not events or events[0].type_name != "user_featurization"
            if follows and random_.random() < 0.7 and max(expected[0]) == 1.0:
                events = [*expected[1], ActionExecuted(domain.action_names_or_texts[expected[0].index(1.0)]), *events]
        if random_.random() < 0.1:
            mine = mine.copy()  # type: ignore[assignment]
            theirs = theirs.copy()
            assert mine.current_slot_values() == theirs.current_slot_values()
            assert mine.active_loop == theirs.active_loop


def test_enough_of_the_random_dialogues_are_decided_by_rules(trained: Policies) -> None:
    domain, original, _ = trained
    decided = set()
    for seed in range(300):
        tracker = DialogueStateTracker.from_events("x", random_events(random.Random(seed), domain), domain.slots)
        probabilities = original.predict_action_probabilities(tracker, domain).probabilities
        if max(probabilities) == 1.0:
            decided.add(domain.action_names_or_texts[probabilities.index(1.0)])
    assert len(decided) >= 8, decided


def test_it_looks_no_further_back_than_the_longest_rule(trained: Policies, monkeypatch: pytest.MonkeyPatch) -> None:
    domain, _, ours = trained
    tracker = ConversationTracker("x", domain.slots)
    random_ = random.Random(1)
    for _ in range(60):
        for event in random_events(random_, domain):
            tracker.update(event)
    ours.predict_action_probabilities(tracker, domain)
    made = []
    original = Domain.get_active_state
    monkeypatch.setattr(Domain, "get_active_state", lambda *a, **k: made.append(1) or original(*a, **k))
    ours.predict_action_probabilities(tracker, domain)
    assert len(made) <= 2


def test_what_actions_and_intents_decide_is_found_again_without_a_look_at_the_rules(
    trained: Policies, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain, _, ours = trained

    def said(intent: str, *between: Event) -> str:
        tracker = ConversationTracker("x", domain.slots)
        for event in (ActionExecuted("action_listen"), *between, UserUttered("tekst", {"name": intent})):
            tracker.update(event)
        probabilities = ours.predict_action_probabilities(tracker, domain).probabilities
        return str(domain.action_names_or_texts[probabilities.index(max(probabilities))])

    looked_up = []
    original = RulePolicy._find_action_from_rules

    def noted(self: Any, tracker: Any, domain: Any, use_text_for_last_user_input: bool) -> Any:
        looked_up.append("text" if use_text_for_last_user_input else "intent")
        return original(self, tracker, domain, use_text_for_last_user_input)

    monkeypatch.setattr(RulePolicy, "_find_action_from_rules", noted)
    assert said("stop") == "action_stop"
    looked_up.clear()
    assert said("stop") == "action_stop"
    assert "intent" not in looked_up
    form = (ActiveLoop("order_form"), ActionExecuted("order_form"), ActionExecuted("action_listen"))
    assert said("stop", *form) == "order_form"
    for _ in range(2):
        looked_up.clear()
        said("ask")  # a slot decides this one
        assert "intent" in looked_up


def test_the_latest_actions_and_intents_are_those_of_the_states(trained: Policies) -> None:
    domain = trained[0]
    tracker = ConversationTracker("x", domain.slots)
    assert tracker.recent_turns(3) == ((None, None),)
    for event in (
        ActionExecuted("action_listen"),
        UserUttered("hoi", {"name": "greet"}),
        ActionExecuted("utter_greet"),
    ):
        tracker.update(event)
    assert tracker.recent_turns(1) == (("utter_greet", "greet"),)
    assert tracker.recent_turns(9) == (("utter_greet", "greet"), ("action_listen", "greet"), (None, None))
    tracker.update(UserUttered("iets", {"name": None}))
    assert tracker.recent_turns(9) == ()


def test_a_tracker_of_rasas_own_is_predicted_for_as_well(trained: Policies) -> None:
    domain, original, ours = trained
    for seed in range(20):
        events = random_events(random.Random(seed), domain)
        tracker = DialogueStateTracker.from_events("x", events, domain.slots)
        assert prediction(ours, tracker, domain) == prediction(original, tracker, domain)


def test_a_rule_for_the_start_does_not_hold_later(trained: Policies) -> None:
    domain, original, ours = trained
    tracker = ConversationTracker("x", domain.slots)
    said = []
    for _ in range(2):
        tracker.update(ActionExecuted("action_listen"))
        tracker.update(UserUttered("hoi", {"name": "greet"}))
        for _ in range(3):
            made = prediction(ours, tracker, domain)
            assert made == prediction(original, tracker, domain)
            said.append(domain.action_names_or_texts[made[0].index(max(made[0]))])
            tracker.update(ActionExecuted(said[-1]))
            if said[-1] == "action_listen":
                break
    assert said == ["utter_greet", "utter_help", "action_listen", "utter_greet", "action_listen"]


def test_of_a_long_conversation_only_the_latest_states_are_worked_out(
    trained: Policies, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain = trained[0]
    random_ = random.Random(7)
    events = [event for _ in range(40) for event in random_events(random_, domain)]
    theirs, mine = DialogueStateTracker("x", domain.slots), ConversationTracker("x", domain.slots)
    for event in events:
        theirs.update(copy.deepcopy(event), domain)
        mine.update(copy.deepcopy(event), domain)
    assert sum(isinstance(event, ActionExecuted) for event in mine.applied_events()) > 30
    worked_out = []
    original = _Replay._active_state
    monkeypatch.setattr(_Replay, "_active_state", lambda self: worked_out.append(1) or original(self))
    assert mine.recent_states(domain, 5) == theirs.past_states(domain)[-5:]
    assert len(worked_out) <= 5 + 8 + 1
