"""The topic gate: an answer only about what is asked."""

from __future__ import annotations

import pytest

from nlu.gate import ASIDE, OUT_OF_SCOPE, UNKNOWN, UNKNOWN_IN_SHOP, UNNAMED, Subject, apply_gate


def subject(*named: str, conversation: "str | None" = None, other: bool = False) -> Subject:
    return Subject(frozenset(named), conversation, other)


def test_another_substance_moves_the_answer_out_of_scope() -> None:
    result = apply_gate({"faq/serotonine_waar": 0.9, OUT_OF_SCOPE: 0.1}, subject(other=True))
    assert result == pytest.approx({"faq/serotonine_waar": 0.0, OUT_OF_SCOPE: 1.0})


def test_the_answer_about_the_named_onderwerp_gets_what_the_wrong_ones_had() -> None:
    before = {"faq/magnesium_stemming": 0.6, "faq/serotonine_stemming": 0.3, "greet": 0.1}
    result = apply_gate(before, subject("serotonine"))
    assert result == pytest.approx({"faq/magnesium_stemming": 0.0, "faq/serotonine_stemming": 0.9, "greet": 0.1})


def test_an_onderwerp_that_is_the_aspect_also_counts() -> None:
    result = apply_gate({"faq/melatonine_serotonine": 0.7}, subject("serotonine"))
    assert result["faq/melatonine_serotonine"] == pytest.approx(0.7)


def test_an_unnamed_substance_loses_confidence_unless_the_conversation_is_about_it() -> None:
    assert apply_gate({"faq/magnesium_duur": 0.8}, subject())["faq/magnesium_duur"] == pytest.approx(0.8 * UNNAMED)
    kept = apply_gate({"faq/magnesium_duur": 0.8}, subject(conversation="magnesium"))
    assert kept["faq/magnesium_duur"] == pytest.approx(0.8)


def test_answers_of_the_shop_are_not_gated() -> None:
    before = {"faq/winkel_verkoop": 0.8, "faq/magnesium_vergelijken": 0.2}
    assert apply_gate(before, subject(other=True)) == before


def test_another_substance_as_the_subject_wins_from_an_onderwerp_that_is_only_mentioned() -> None:
    before = {"faq/microbioom_verhogen": 0.9}
    about = Subject(frozenset({"microbioom"}), None, True, other_first=frozenset({"spirulina"}))
    result = apply_gate(before, about)
    assert result == pytest.approx({"faq/microbioom_verhogen": 0.9 * ASIDE, OUT_OF_SCOPE: 0.9 * (1 - ASIDE)})


def test_an_answer_whose_examples_mention_the_other_substance_stays() -> None:
    before = {"faq/serotonine_stress": 0.9}
    about = Subject(frozenset({"serotonine"}), None, True, other_first=frozenset({"cortisol"}))
    mentions = {"serotonine_stress": frozenset({"cortisol"})}
    assert apply_gate(before, about, mentions=mentions) == before


def test_a_word_that_no_example_has_costs_confidence_where_no_substance_is_named() -> None:
    about = Subject(frozenset(), None, False, has_unknown=True)
    result = apply_gate({"faq/stress_verminderen": 0.8, "faq/winkel_afhalen": 0.8, "faq/winkel_verkoop": 0.8}, about)
    assert result["faq/stress_verminderen"] == pytest.approx(0.8 * UNKNOWN)
    assert result["faq/winkel_afhalen"] == pytest.approx(0.8 * UNKNOWN_IN_SHOP)
    assert result["faq/winkel_verkoop"] == pytest.approx(0.8)
    named = Subject(frozenset({"magnesium"}), None, False, has_unknown=True)
    assert apply_gate({"faq/magnesium_duur": 0.8}, named)["faq/magnesium_duur"] == pytest.approx(0.8)


def test_questions_about_another_shop_are_out_of_scope_even_about_a_substance_of_ours() -> None:
    about = Subject(frozenset({"magnesium"}), None, False, names_shop=True)
    result = apply_gate({"faq/winkel_korting": 0.9, "faq/magnesium_duur": 0.1}, about)
    assert result == pytest.approx({"faq/winkel_korting": 0.0, "faq/magnesium_duur": 0.1, OUT_OF_SCOPE: 0.9})
