"""How the readings of a message are weighed, and how the weights are learnt."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from evaluation.datasets import Dialogue, Step
from evaluation.readings import Chats, apart, choices, fit
from nlu.context import Conversation
from nlu.gate import OUT_OF_SCOPE
from nlu.lexicon import Lexicon
from nlu.readings import FEATURES, MISSING, NOT_UNDERSTOOD


def after(last_id: str, asked: str = "") -> Conversation:
    onderwerp, _, aspect = last_id.partition("_")
    return Conversation(onderwerp, aspect, last_id, "faq", asked=asked)


@pytest.mark.parametrize(
    ("before", "said", "choice", "in_full"),
    [
        (after("microbioom_wat_is"), "waar dienen ze voor", "faq/microbioom_functie", "microbioom"),
        (after("oxytocine_wat_is"), "hoe krijg ik daar meer van", "faq/oxytocine_verhogen", "oxytocine"),
        (after("oxytocine_wat_is"), "in welk eten zit dat", MISSING, "dat"),
        (after("serotonine_wat_is"), "hoe laat begint de voetbal vanavond", NOT_UNDERSTOOD, "vanavond"),
        (after("serotonine_wat_is"), "waar wordt melatonine gemaakt", "faq/melatonine_waar", "gemaakt"),
    ],
)
def test_a_message_is_read_with_what_was_spoken_about(
    understanding: Any, before: Conversation, said: str, choice: str, in_full: str
) -> None:
    heard, alone = understanding.hear(said, before)
    found = understanding.readings.choose(heard, alone, before)
    assert found.label == choice
    assert found.words[-1] == in_full


def test_without_weights_nothing_is_preferred(understanding: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    heard, alone = understanding.hear("waar dienen ze voor", after("microbioom_wat_is"))
    candidates, features, _ = understanding.readings.weigh(heard, alone, after("microbioom_wat_is"))
    assert len(candidates) > 5
    assert features.shape == (len(candidates), len(FEATURES))
    monkeypatch.setattr(understanding.readings, "weights", np.zeros(len(FEATURES)))
    assert understanding.readings.choose(heard, alone, after("microbioom_wat_is")).label == candidates[0]


def test_every_feature_has_a_weight_and_every_weight_a_feature() -> None:
    assert set(Lexicon.load().data["lezingen"]) == set(FEATURES)


def test_what_was_expected_becomes_choices() -> None:
    ids = ["magnesium_slaap", "winkel_retour"]
    assert choices(Step("", ("magnesium_slaap", "thank")), ids) == {"faq/magnesium_slaap"}
    assert choices(Step("", ({"ontbreekt": "oxytocine"},)), ids) == {MISSING}
    assert choices(Step("", ("geen",)), ids) == {MISSING}
    assert choices(Step("", ("out_of_scope",)), ids) == {NOT_UNDERSTOOD}
    assert choices(Step("", ("follow_up_more", {"meer": "magnesium_slaap"})), ids) == {"follow_up_more"}
    assert choices(Step("", ("safety_child",)), ids) is None


def test_what_is_said_in_chats_and_some_of_what_is_no_question_are_kept_from_training() -> None:
    examples = [("Wat zit er in noten?", "faq/magnesium_voeding"), ("wat is het weer", OUT_OF_SCOPE)] * 20
    trained, held = apart(examples, frozenset({"wat zit er in noten"}), random.Random(1))
    assert {label for _, label in trained + held} == {OUT_OF_SCOPE}
    assert 0 < len(held) < len(trained)


def test_what_is_no_question_is_not_understood_after_an_answer(understanding: Any) -> None:
    (turn,) = Chats(understanding).after_answers([("wat is het weer", OUT_OF_SCOPE)], random.Random(1))
    assert turn.conversation.last_id in understanding.readings.faq_ids
    assert turn.right == {NOT_UNDERSTOOD}


def test_a_chat_goes_on_from_the_right_answers(understanding: Any) -> None:
    steps = (
        Step("helpt magnesium bij slapen", ("magnesium_slaap",)),
        Step("en de bijwerkingen", ("magnesium_bijwerkingen",)),
        Step("dank je", ("thank",)),
        Step("leg de keten uit", ("explain_chain",)),
        Step("en dan", ("follow_up_more",)),
    )
    turns = list(Chats(understanding).from_dialogue(Dialogue(steps, "")))
    assert [turn.text for turn in turns] == ["en de bijwerkingen", "dank je"]
    assert turns[0].conversation == after("magnesium_slaap", "helpt magnesium bij slapen")
    assert turns[1].conversation.last_id == "magnesium_bijwerkingen"
    assert turns[0].right == {"faq/magnesium_bijwerkingen"}


def test_fitted_weights_make_the_right_candidate_win() -> None:
    first, second = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 2.0]])
    a, b, c = fit([(first, [True, False])] * 20 + [(second, [True, False])] * 20)
    assert a > b > 2 * c
