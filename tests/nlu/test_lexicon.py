"""Look-ups of the dictionary."""

from __future__ import annotations

import pytest

from nlu.lexicon import Concepts


def test_a_beginning_of_two_words_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="slaap: 'slecht slap' is more than the beginning of one word"):
        Concepts({"slaap": {"begin": ["slecht slap"]}})


def test_a_phrase_of_two_words_is_found() -> None:
    found = Concepts({"slaap": {"woord": ["slecht slapen"]}}).find(("ik", "slecht", "slapen"))
    assert [(item.name, item.start, item.end) for item in found] == [("slaap", 1, 3)]
