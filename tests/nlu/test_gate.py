"""The topic gate: an answer only about what is asked."""

from __future__ import annotations

from typing import Dict, FrozenSet, Mapping

import numpy as np
import pytest

from nlu.gate import ANOTHER_LINK, ASIDE, NOTHING_ELSE, OUT_OF_SCOPE, UNKNOWN, UNKNOWN_IN_SHOP, UNNAMED, Gate, Subject


def subject(*named: str, conversation: "str | None" = None, other: bool = False) -> Subject:
    return Subject(frozenset(named), conversation, other)


def gated(
    before: Mapping[str, float], about: Subject, mentions: Mapping[str, FrozenSet[str]] = NOTHING_ELSE
) -> Dict[str, float]:
    return applied(Gate(list(before), mentions=mentions), before, about)


def applied(gate: Gate, before: Mapping[str, float], about: Subject) -> Dict[str, float]:
    return dict(zip(before, gate.apply(np.array(list(before.values())), about).tolist()))


def test_another_substance_moves_the_answer_out_of_scope() -> None:
    result = gated({"faq/serotonine_waar": 0.9, OUT_OF_SCOPE: 0.1}, subject(other=True))
    assert result == pytest.approx({"faq/serotonine_waar": 0.0, OUT_OF_SCOPE: 1.0})


def test_the_answer_about_the_named_onderwerp_gets_what_the_wrong_ones_had() -> None:
    before = {"faq/magnesium_stemming": 0.6, "faq/serotonine_stemming": 0.3, "greet": 0.1}
    result = gated(before, subject("serotonine"))
    assert result == pytest.approx({"faq/magnesium_stemming": 0.0, "faq/serotonine_stemming": 0.9, "greet": 0.1})


def test_an_onderwerp_that_is_the_aspect_also_counts() -> None:
    result = gated({"faq/melatonine_serotonine": 0.7}, subject("serotonine"))
    assert result["faq/melatonine_serotonine"] == pytest.approx(0.7)


def test_an_unnamed_substance_loses_confidence_unless_the_conversation_is_about_it() -> None:
    assert gated({"faq/magnesium_duur": 0.8}, subject())["faq/magnesium_duur"] == pytest.approx(0.8 * UNNAMED)
    kept = gated({"faq/magnesium_duur": 0.8}, subject(conversation="magnesium"))
    assert kept["faq/magnesium_duur"] == pytest.approx(0.8)


def test_answers_of_the_shop_are_not_gated() -> None:
    before = {"faq/winkel_verkoop": 0.8, "faq/magnesium_vergelijken": 0.2}
    assert gated(before, subject(other=True)) == before


def test_another_substance_as_the_subject_wins_from_an_onderwerp_that_is_only_mentioned() -> None:
    before = {"faq/microbioom_verhogen": 0.9, OUT_OF_SCOPE: 0.0}
    about = Subject(frozenset({"microbioom"}), None, True, other_first=frozenset({"spirulina"}))
    result = gated(before, about)
    assert result == pytest.approx({"faq/microbioom_verhogen": 0.9 * ASIDE, OUT_OF_SCOPE: 0.9 * (1 - ASIDE)})


def test_an_answer_whose_examples_mention_the_other_substance_stays() -> None:
    before = {"faq/serotonine_stress": 0.9}
    about = Subject(frozenset({"serotonine"}), None, True, other_first=frozenset({"cortisol"}))
    mentions = {"serotonine_stress": frozenset({"cortisol"})}
    assert gated(before, about, mentions) == before


def test_a_word_that_no_example_has_costs_confidence_where_no_substance_is_named() -> None:
    about = Subject(frozenset(), None, False, has_unknown=True)
    result = gated({"faq/stress_verminderen": 0.8, "faq/winkel_afhalen": 0.8, "faq/winkel_verkoop": 0.8}, about)
    assert result["faq/stress_verminderen"] == pytest.approx(0.8 * UNKNOWN)
    assert result["faq/winkel_afhalen"] == pytest.approx(0.8 * UNKNOWN_IN_SHOP)
    assert result["faq/winkel_verkoop"] == pytest.approx(0.8)
    named = Subject(frozenset({"magnesium"}), None, False, has_unknown=True)
    assert gated({"faq/magnesium_duur": 0.8}, named)["faq/magnesium_duur"] == pytest.approx(0.8)


def test_questions_about_another_shop_are_out_of_scope_even_about_a_substance_of_ours() -> None:
    about = Subject(frozenset({"magnesium"}), None, False, names_shop=True)
    result = gated({"faq/winkel_korting": 0.9, "faq/magnesium_duur": 0.1, OUT_OF_SCOPE: 0.0}, about)
    assert result == pytest.approx({"faq/winkel_korting": 0.0, "faq/magnesium_duur": 0.1, OUT_OF_SCOPE: 0.9})


def test_an_answer_that_is_also_about_what_is_named_keeps_its_probability_and_gets_a_share() -> None:
    before = {"faq/slaap_ritme": 0.2, "faq/magnesium_duur": 0.6, OUT_OF_SCOPE: 0.2}
    gate = Gate(list(before), also_about={"slaap_ritme": frozenset({"melatonine"})})
    result = applied(gate, before, subject("melatonine"))
    assert result == pytest.approx({"faq/slaap_ritme": 0.8, "faq/magnesium_duur": 0.0, OUT_OF_SCOPE: 0.2})


def test_a_link_of_the_chain_that_no_example_mentions_takes_most_away() -> None:
    about = Subject(frozenset(), "magnesium", False, links=frozenset({"ijzer"}))
    before = {"faq/magnesium_vormen": 0.5, "faq/magnesium_tekort": 0.5}
    mentions = {"magnesium_tekort": frozenset({"ijzer"})}
    result = gated(before, about, mentions)
    assert result == pytest.approx({"faq/magnesium_vormen": 0.5 * ANOTHER_LINK, "faq/magnesium_tekort": 0.5})
