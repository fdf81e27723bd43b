"""Look-ups of the dictionary."""

from __future__ import annotations

import pytest

from nlu.lexicon import _REMEMBERED, Concepts


def test_a_beginning_of_two_words_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="slaap: 'slecht slap' is more than the beginning of one word"):
        Concepts({"slaap": {"begin": ["slecht slap"]}})


def test_a_phrase_of_two_words_is_found() -> None:
    found = Concepts({"slaap": {"woord": ["slecht slapen"]}}).find(("ik", "slecht", "slapen"))
    assert [(item.name, item.start, item.end) for item in found] == [("slaap", 1, 3)]


def test_words_without_a_concept_give_nothing_also_when_they_come_again() -> None:
    concepts = Concepts({"slaap": {"begin": ["slaap"], "woord": ["slecht slapen"]}})
    for _ in range(2):
        assert concepts.find(["hoe", "gaat", "het"]) == []
        assert [item.name for item in concepts.find(["hoe", "slaapt", "hij"])] == ["slaap"]


def test_only_so_many_words_are_remembered() -> None:
    concepts = Concepts({"slaap": {"begin": ["slaap"]}})
    concepts.find([f"woord{i}" for i in range(_REMEMBERED + 10)])
    concepts.find([f"slaap{i}" for i in range(_REMEMBERED + 10)])
    assert len(concepts._words) + len(concepts._empty) <= _REMEMBERED
