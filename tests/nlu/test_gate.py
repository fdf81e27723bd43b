"""The topic gate: an answer only about what is asked."""

from __future__ import annotations

import pytest

from nlu.gate import OUT_OF_SCOPE, UNNAMED, Subject, apply_gate


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
