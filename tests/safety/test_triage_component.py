"""Triage inside Rasa: what a hit does to a message, how the flag stays, and that a model carries its own patterns."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
from rasa.engine.storage.resource import Resource
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import SlotSet
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.component import DutchUnderstanding
from nlu.triage_component import TriageComponent

EXAMPLES = [
    ("ik wil niet meer leven", "safety_suicide"),
    ("mijn man slaat mij", "safety_violence"),
    ("wat is magnesium", "faq"),
    ("hoe duur is verzenden", "faq"),
]


class Folder:
    """A model storage that is one folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def write_to(self, resource: Resource) -> Iterator[Path]:
        yield self.path

    @contextmanager
    def read_from(self, resource: Resource) -> Iterator[Path]:
        yield self.path


@pytest.fixture(scope="module")
def component(tmp_path_factory: pytest.TempPathFactory) -> TriageComponent:
    storage: Any = Folder(tmp_path_factory.mktemp("triage"))
    resource = Resource("triage")
    trained = TriageComponent.create({}, storage, resource, None)  # type: ignore[arg-type]
    trained.train(TrainingData([Message({"text": t, "intent": i}) for t, i in EXAMPLES]))
    return TriageComponent.load({}, storage, resource, None)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def domain() -> Domain:
    return Domain.load("domain.yml")


def message(text: str, intent: str = "faq", **more: Any) -> Message:
    known = {"name": intent, "confidence": 0.8}
    return Message({"text": text, "intent": known, "intent_ranking": [known], "entities": [], **more})


def entities(of: Message) -> Dict[str, str]:
    return {e["entity"]: e["value"] for e in of.get("entities")}


def test_a_hit_comes_first_and_keeps_the_ranking(component: TriageComponent) -> None:
    [result] = component.process([message("Wat kost verzenden? Ik wil niet meer leven.")])
    assert result.get("intent") == {"name": "safety_suicide", "confidence": 1.0}
    assert [entry["name"] for entry in result.get("intent_ranking")] == ["safety_suicide", "faq"]
    assert entities(result) == {"veiligheid": "suicide", "veiligheid_ook": "geen"}


def test_an_ordinary_message_is_left_as_it_was(component: TriageComponent) -> None:
    [result] = component.process([message("wat is magnesium")])
    assert result.get("intent") == {"name": "faq", "confidence": 0.8}
    assert result.get("entities") == []


def test_a_medicine_fills_group_and_interaction(component: TriageComponent) -> None:
    [result] = component.process([message("mag 5-htp naast sertraline")])
    assert entities(result) == {"veiligheid": "medication", "medicijngroep": "ssri", "wisselwerking": "serotonine"}


def test_an_overdose_beside_a_wish_to_die_is_noted(component: TriageComponent) -> None:
    [result] = component.process([message("ik heb een hele strip pillen geslikt want ik wil dood")])
    assert entities(result)["veiligheid_ook"] == "emergency"


@pytest.mark.parametrize(
    ("before", "text", "after"),
    [
        ("suicide", "mag ik 5-htp naast sertraline", "suicide"),
        ("suicide", "mijn man slaat mij", "suicide"),
        ("violence", "ik wil niet meer leven", "suicide"),
        ("medication", "ik ben zwanger, mag ik magnesium", "pregnancy"),
        ("pregnancy", "ik heb epilepsie, mag ik magnesium", "pregnancy"),
        ("pregnancy", "mag ik 5-htp naast sertraline", "pregnancy"),
        ("medication", "ik heb epilepsie, mag ik magnesium", "medication"),
        ("condition", "mag ik 5-htp naast sertraline", "medication"),
        ("condition", "mijn man slaat mij", "violence"),
    ],
)
def test_what_was_noted_stays_until_something_comes_that_weighs_more(
    component: TriageComponent, domain: Domain, before: str, text: str, after: str
) -> None:
    tracker = DialogueStateTracker("somebody", domain.slots)
    tracker.update(SlotSet("veiligheid", before))
    [result] = component.process([message(text)], tracker)
    assert entities(result)["veiligheid"] == after


def test_an_intent_of_safety_without_support_becomes_the_fallback(component: TriageComponent) -> None:
    [result] = component.process([message("wat is magnesium", intent="safety_child")])
    assert result.get("intent")["name"] == "nlu_fallback"
    assert [entry["name"] for entry in result.get("intent_ranking")] == ["nlu_fallback"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("mijn man is vorige week overleden en ik slaap niet meer", "overlijden"),
        ("we hebben morgen de crematie van mijn oma", "overlijden"),
        ("ik zit nog midden in de rouw", "overlijden"),
        ("mijn hond is overleden en mijn vader stierf in mei", "overlijden"),
        ("mijn hond is vannacht gestorven", "dier_of_kennis"),
        ("onze kat is dood", "dier_of_kennis"),
        ("de uitvaart van mijn collega was vandaag", "dier_of_kennis"),
        ("mijn buurvrouw is er niet meer", "dier_of_kennis"),
    ],
)
@pytest.mark.parametrize("intent", ["nlu_fallback", "out_of_scope"])
def test_a_death_that_nothing_answers_is_noted_as_no_topic_of_the_shop(
    component: TriageComponent, text: str, kind: str, intent: str
) -> None:
    [result] = component.process([message(text, intent=intent)])
    assert result.get("intent")["name"] == "out_of_scope"
    assert entities(result) == {"verlies": kind}


def test_a_question_beside_a_death_keeps_its_answer(component: TriageComponent) -> None:
    [result] = component.process([message("mijn vader is overleden, hoe zeg ik zijn account op")])
    assert result.get("intent")["name"] == "faq"
    assert entities(result) == {}


@pytest.mark.parametrize("before", ["overlijden", "dier_of_kennis"])
def test_the_kind_word_is_for_one_message(component: TriageComponent, domain: Domain, before: str) -> None:
    tracker = DialogueStateTracker("somebody", domain.slots)
    tracker.update(SlotSet("verlies", before))
    [result] = component.process([message("wat is de hoofdstad van peru", intent="out_of_scope")], tracker)
    assert entities(result) == {"verlies": "geen"}


@pytest.mark.parametrize(
    "text", ["mijn telefoon is overleden", "ik lach me dood met mijn man", "mijn zoon slaapt niet meer"]
)
def test_what_only_sounds_like_a_death_is_no_loss(component: TriageComponent, text: str) -> None:
    [result] = component.process([message(text, intent="nlu_fallback")])
    assert result.get("intent")["name"] == "nlu_fallback"
    assert entities(result) == {}


def test_a_message_without_text_passes(component: TriageComponent) -> None:
    [result] = component.process([Message({"intent": {"name": "faq", "confidence": 1.0}})])
    assert result.get("intent")["name"] == "faq"


def test_other_code_needs_a_new_model(monkeypatch: pytest.MonkeyPatch) -> None:
    before = TriageComponent.fingerprint_addon({}), DutchUnderstanding.fingerprint_addon({})
    for module in ("triage_component", "component"):
        monkeypatch.setattr(f"nlu.{module}.code_fingerprint", lambda: "other code")
    after = TriageComponent.fingerprint_addon({}), DutchUnderstanding.fingerprint_addon({})
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_changed_patterns_change_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    before = TriageComponent.fingerprint_addon({})
    files: Dict[str, str] = dict.fromkeys(("patronen.yml", "medicijnen.yml", "geen_typefout.yml"), "x")
    monkeypatch.setattr("nlu.triage_component.read_files", lambda: files)
    assert TriageComponent.fingerprint_addon({}) != before


def test_the_slots_of_triage_exist_and_do_not_decide_rules(domain: Domain) -> None:
    names: List[str] = ["veiligheid", "veiligheid_ook", "medicijngroep", "wisselwerking", "verlies"]
    slots = {slot.name: slot for slot in domain.slots}
    assert [slots[name].influence_conversation for name in names] == [False] * 5
