"""Slips of the finger: repeatable, and as many as asked for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from evaluation.datasets import Sample
from evaluation.typos import NEIGHBOURS, misspell, misspelt
from nlu.edits import distance


def test_the_same_message_gets_the_same_slips() -> None:
    text = "Waar wordt serotonine aangemaakt?"
    assert misspell(text, 1) == misspell(text, 1) != text
    assert misspell(text, 1, seed=1) != misspell(text, 1, seed=2)


def test_slips_are_one_edit_each() -> None:
    for i in range(300):
        text = f"waar wordt serotonine aangemaakt {i}"
        assert distance(text, misspell(text, 1), 3) <= 1
        assert distance(text, misspell(text, 2), 4) <= 3  # a swap that was swapped again counts otherwise


def test_short_words_are_left_alone() -> None:
    assert misspell("wat is 5-HTP of de b12?", 2) == "wat is 5-HTP of de b12?"


def test_keys_are_neighbours_on_the_keyboard() -> None:
    assert set(NEIGHBOURS["s"]) == set("adwezx")
    assert set(NEIGHBOURS["p"]) == set("ol")


def test_labels_and_kinds_stay() -> None:
    sample = Sample("waar wordt serotonine gemaakt", "faq/serotonine_waar", "kort")
    changed = misspelt([sample], 1)[0]
    assert (changed.label, changed.kind) == ("faq/serotonine_waar", "kort")
    assert changed.text != sample.text


@given(st.text(max_size=60), st.integers(0, 3))
def test_any_text_can_be_misspelt(text: str, edits: int) -> None:
    assert isinstance(misspell(text, edits), str)
