"""When a follow-up counts as resolved."""

from __future__ import annotations

from typing import Any, Dict

import pytest

from evaluation.assistant import Turn
from evaluation.datasets import Dialogue, Expectation, Step
from evaluation.dialogues import Failure, Outcome, failures, meets, resolved, resolved_per_kind, resolved_steps
from evaluation.metrics import Share


def turn(intent: str, utter_action: str, **metadata: Any) -> Turn:
    reply: Dict[str, Any] = {"utter_action": utter_action, **metadata}
    return Turn(intent, (), (reply,), ("tekst",))


@pytest.mark.parametrize(
    ("expected", "came", "right"),
    [
        ("magnesium_slaap", turn("follow_up_topic", "utter_faq/magnesium_slaap"), True),
        ("magnesium_slaap", turn("faq", "utter_faq/magnesium_stress"), False),
        ("magnesium_slaap", turn("follow_up_more", "utter_meer/magnesium_slaap"), False),
        ("thank", turn("thank", "utter_thank"), True),
        ({"meer": "magnesium_slaap"}, turn("follow_up_more", "utter_meer/magnesium_slaap"), True),
        ({"meer": "magnesium_slaap"}, turn("faq", "utter_faq/magnesium_slaap"), False),
        ({"ontbreekt": "5-HTP"}, turn("follow_up_aspect", "ontbreekt/5-HTP"), True),
        ({"ontbreekt": "5-HTP"}, turn("follow_up_aspect", "ontbreekt/tryptofaan"), False),
        (
            {"intent": "explain_chain_link", "schakel": "ijzer"},
            turn("explain_chain_link", "k", keten={"schakel": "ijzer"}),
            True,
        ),
        (
            {"intent": "explain_chain_link", "schakel": "ijzer"},
            turn("explain_chain_link", "k", keten={"schakel": "eiwit"}),
            False,
        ),
        (
            {"intent": "explain_chain_link", "schakel": "ijzer"},
            turn("explain_chain", "k", keten={"schakel": "ijzer"}),
            False,
        ),
        ({"intent": "explain_chain_link", "schakel": "ijzer"}, Turn("explain_chain_link", (), (), ()), False),
    ],
)
def test_an_expectation_looks_at_what_was_said(expected: Expectation, came: Turn, right: bool) -> None:
    assert meets(Step("en dat?", (expected,)), came) is right


def test_any_of_several_expectations_will_do() -> None:
    step = Step("wat is dat?", ("oxytocine_functie", "oxytocine_wat_is"))
    assert meets(step, turn("faq", "utter_faq/oxytocine_wat_is"))


def test_a_dialogue_is_resolved_when_every_step_is() -> None:
    steps = (Step("wat is magnesium", ("magnesium_wat_is",)), Step("en melatonine?", ("melatonine_wat_is",)))
    dialogue = Dialogue(steps, "onderwerp")
    good = turn("faq", "utter_faq/magnesium_wat_is")
    bad = turn("follow_up_topic", "ontbreekt/melatonine")
    outcomes = [Outcome(dialogue, (good, good), (True, True)), Outcome(dialogue, (good, bad), (True, False))]
    assert resolved(outcomes) == Share(1, 2)
    assert resolved_steps(outcomes) == Share(1, 2)
    assert resolved_per_kind(outcomes) == {"onderwerp": Share(1, 2)}
    expected = Failure(
        "onderwerp", "wat is magnesium", "en melatonine?", "melatonine_wat_is", "follow_up_topic: ontbreekt/melatonine"
    )
    assert failures(outcomes) == [expected]
