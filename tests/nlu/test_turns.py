"""Choices, courtesies and two questions at once, by their words alone."""

from __future__ import annotations

from typing import Optional

import pytest

from nlu.lexicon import Lexicon, read_data
from nlu.turns import TurnWords, clauses, question_sentences

TURNS = TurnWords(read_data())
OFFERED = ("magnesium_slaap", "magnesium_duur", "magnesium_vorm", "slaap_verbeteren")


@pytest.mark.parametrize(
    ("said", "chosen"),
    [
        ("de tweede", "magnesium_duur"),
        ("doe maar de eerste", "magnesium_slaap"),
        ("3", "magnesium_vorm"),
        ("de laatste graag", "slaap_verbeteren"),
        ("de eerste keer dat ik dit nam", None),
        ("vijf", None),
        ("magnesium", None),
    ],
)
def test_one_of_the_questions_offered_is_chosen_by_its_number(said: str, chosen: Optional[str]) -> None:
    assert TURNS.chosen(said.split(), OFFERED) == chosen


def test_a_number_beyond_the_questions_or_without_any_chooses_nothing() -> None:
    assert TURNS.chosen(["de", "derde"], OFFERED[:2]) is None
    assert TURNS.chosen(["de", "tweede"], ()) is None


@pytest.mark.parametrize(
    ("said", "in_full"),
    [
        ("bijwerkingen van dat eerste?", "bijwerkingen van oxytocine?"),
        ("en die andere", "en magnesium"),
        ("wat doet dat laatste eigenlijk", "wat doet serotonine eigenlijk"),
        ("Die tweede dan", "magnesium dan"),
        ("de eerste week merk ik niks", "de eerste week merk ik niks"),
        ("mijn laatste bestelling", "mijn laatste bestelling"),
        ("het andere potje", "het andere potje"),
    ],
)
def test_what_stands_for_a_subject_spoken_about_is_written_in(said: str, in_full: str) -> None:
    spoken_about = ("oxytocine", "magnesium", "serotonine")
    assert TURNS.with_reference(said, spoken_about) == in_full
    assert TURNS.with_reference(said, spoken_about[:1]) == said


def test_courtesies_are_counted_up_to_the_question() -> None:
    assert TURNS.without_courtesy(["bedankt", "en", "magnesium"]) == 1
    assert TURNS.without_courtesy(["ok", "top", "bedankt", "hoe", "lang", "duurt", "dat"]) == 3
    assert TURNS.without_courtesy(["magnesium", "bedankt"]) == 0


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        ("wat is oxytocine en waar wordt het gemaakt?", ["wat is oxytocine", "waar wordt het gemaakt?"]),
        ("Wat kost het? En hoe betaal ik?", ["Wat kost het?", "En hoe betaal ik?"]),
        ("Ik slaap slecht. Helpt magnesium?", ["Helpt magnesium?"]),
        ("helpt b12 en foliumzuur", ["helpt b12 en foliumzuur"]),
        ("magnesium", ["magnesium"]),
    ],
)
def test_the_questions_of_a_message_are_told_apart(text: str, questions: "list[str]") -> None:
    assert TURNS.questions(text) == questions


@pytest.mark.parametrize(
    ("said", "topic_at", "announced"),
    [
        ("ik had een vraagje over magnesium", 5, True),
        ("vraag over magnesium", 2, True),
        ("hoeveel magnesium", 1, False),
        ("ik heb een vraag over hoe magnesium werkt", 6, False),
    ],
)
def test_an_announced_question_asks_nothing_yet(said: str, topic_at: int, announced: bool) -> None:
    assert TURNS.announces(said.split(), frozenset({topic_at})) is announced


def test_an_article_before_our_own_noun_points_to_nothing() -> None:
    assert TURNS.points_back(["wat", "doet", "dat", "met", "slaap"], frozenset({4}))
    assert not TURNS.points_back(["hoe", "verbeter", "ik", "het", "microbioom"], frozenset({4}))


def test_texts_are_cut_at_their_punctuation() -> None:
    assert clauses("Super, dank je! En magnesium?") == ("Super,", "dank je!", "En magnesium?")
    assert question_sentences("Ik sta op. Wat nu? Ik wacht.") == ["Wat nu?"]


def test_only_known_aspects_are_found_in_slecht() -> None:
    aspects = Lexicon.load().aspect
    assert [found.name for found in aspects.find(("slecht", "slapen"))] == ["slaap"]


def test_a_message_that_only_names_a_subject() -> None:
    assert TURNS.only_names(["van", "melatonine"], frozenset({1}))
    assert not TURNS.only_names(["melatonine", "kopen"], frozenset({0}))


def test_what_two_subjects_have_to_do_with_each_other() -> None:
    assert TURNS.relates(["hoe", "verhoudt", "zich", "dat", "tot", "melatonine"])
    assert not TURNS.relates(["en", "melatonine"])


def test_a_correction_names_what_was_meant_whatever_else_it_says() -> None:
    assert TURNS.only_names(["ik", "bedoelde", "oxytocine", "lees", "eens", "beter"], frozenset({2}))


def test_a_word_that_stands_for_the_subject_is_told_from_one_that_may() -> None:
    assert TURNS.stands_for(["is", "magnesium", "daar", "goed", "voor"])
    assert not TURNS.stands_for(["is", "dat", "magnesium"])
