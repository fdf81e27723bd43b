"""What was made of a text is kept when the text comes again, and only then."""

from __future__ import annotations

from typing import List

import pytest

from nlu.again import LONGEST, Again


def remembering(size: int = 2) -> tuple[Again[str, str], List[str]]:
    worked_on: List[str] = []

    def make(text: str) -> str:
        worked_on.append(text)
        return text.upper()

    return Again(make, size), worked_on


def test_a_text_is_worked_on_until_it_came_twice() -> None:
    again, worked_on = remembering()
    assert [again("hoi"), again("hoi"), again("hoi"), again("hoi")] == ["HOI"] * 4
    assert worked_on == ["hoi", "hoi"]


def test_what_came_once_is_not_kept() -> None:
    again, _ = remembering()
    again("mijn adres is Dorpsstraat 1")
    assert "Dorpsstraat" not in repr(vars(again))


def test_the_text_that_was_used_longest_ago_makes_room() -> None:
    again, worked_on = remembering(2)
    for text in ("a", "a", "b", "b", "a", "c", "c"):  # "b" goes, for "a" was used after it
        again(text)
    worked_on.clear()
    again("a")
    again("c")
    assert worked_on == []
    again("b")
    assert worked_on == ["b"]


def test_marks_of_texts_that_came_once_are_bounded() -> None:
    again, worked_on = remembering(1)
    again("eerste")
    for number in range(8):
        again(f"tekst {number}")
    again("eerste")  # its mark is gone: it counts as the first time
    again("eerste")
    assert worked_on.count("eerste") == 3
    again("eerste")
    assert worked_on.count("eerste") == 3


def test_a_long_text_is_not_kept() -> None:
    again, worked_on = remembering()
    for _ in range(3):
        again("x" * (LONGEST + 1))
    assert len(worked_on) == 3


@pytest.mark.parametrize("text", ["jan@voorbeeld.nl", "bel 06 12345678", "06-12-34-56-78", "bestelling 100234"])
def test_an_address_or_a_number_is_not_kept_however_often_it_comes(text: str) -> None:
    again, worked_on = remembering()
    for _ in range(3):
        again(text)
    assert worked_on == [text] * 3


def test_a_short_number_is_kept() -> None:
    again, worked_on = remembering()
    for _ in range(3):
        again("250 mg of 400 mg?")
    assert len(worked_on) == 2
