"""What a message that leaves something out asks in full."""

from __future__ import annotations

from typing import Optional, Tuple

import pytest

from nlu.context import STATES
from nlu.lexicon import Lexicon
from nlu.rewriting import joined, with_subject_replaced

LEXICON = Lexicon.load()


def replaced(asked: str, new: str, current: Optional[str] = None) -> Optional[Tuple[str, ...]]:
    words = asked.split()
    return with_subject_replaced(words, LEXICON.onderwerp.find(words), new, STATES, current)


def test_a_substance_takes_the_place_of_a_substance() -> None:
    found = replaced("helpt magnesium als je slecht slaapt", "melatonine")
    assert found == ("helpt", "melatonine", "als", "je", "slecht", "slaapt")


def test_of_two_substances_the_one_spoken_about_gives_its_place() -> None:
    asked = "wat heeft serotonine met melatonine te maken"
    assert replaced(asked, "magnesium", current="serotonine") == tuple(asked.replace("serotonine", "magnesium").split())


@pytest.mark.parametrize("new", ["magnesium", "stress"])
def test_nothing_is_replaced_by_itself_or_by_another_kind(new: str) -> None:
    assert replaced("is magnesium veilig", new) is None


def test_a_question_without_its_subject_and_the_subject_make_one() -> None:
    assert joined(["hoeveel", "mag", "je"], ["van", "melatonine"]) == ("hoeveel", "mag", "je", "van", "melatonine")
