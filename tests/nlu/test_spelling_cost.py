"""What slips cost, against the plain recurrence that the fast code stands for."""

from __future__ import annotations

import math
from typing import List

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu import spelling

LETTERS = st.text(alphabet="aeioudtsnmlrg", min_size=1, max_size=12)


def _is_double(word: str, i: int) -> bool:
    return (i > 0 and word[i - 1] == word[i]) or (i + 1 < len(word) and word[i + 1] == word[i])


def _plain(typed: str, meant: str) -> float:
    """Edit distance with the costs of `nlu.spelling`, cell by cell, without a limit."""
    rows: List[List[float]] = [[0.0]]
    for j in range(len(meant)):
        rows[0].append(rows[0][-1] + (0.5 if _is_double(meant, j) else 1.0))
    for i, x in enumerate(typed):
        drop = 0.5 if _is_double(typed, i) else 1.0
        row = [rows[i][0] + drop]
        for j, y in enumerate(meant):
            options = [
                rows[i][j] + (0.0 if x == y else spelling._COSTS.get(x + y, 1.0)),
                rows[i][j + 1] + drop,
                row[j] + (0.5 if _is_double(meant, j) else 1.0),
            ]
            if i and j and x == meant[j - 1] and typed[i - 1] == y:
                options.append(rows[i - 1][j - 1] + 0.6)
            row.append(min(options))
        rows.append(row)
    return rows[-1][-1]


@given(LETTERS, LETTERS)
@settings(max_examples=400)
def test_within_the_limit_the_cost_is_that_of_the_recurrence(typed: str, meant: str) -> None:
    # The beginning and end that both words share cost nothing in the fast code.
    begin = 0
    while begin < min(len(typed), len(meant)) and typed[begin] == meant[begin]:
        begin += 1
    if begin or (typed and meant and typed[-1] == meant[-1]):
        assert spelling._cost(typed, meant, 50.0) >= _plain(typed, meant) - 1e-9
    else:
        assert spelling._cost(typed, meant, 50.0) == pytest.approx(_plain(typed, meant))


@given(LETTERS, LETTERS)
@settings(max_examples=400)
def test_giving_up_early_never_hides_a_word_within_the_limit(typed: str, meant: str) -> None:
    whole = spelling._cost(typed, meant, 50.0)
    found = spelling._cost(typed, meant, 1.7)
    assert found == whole if whole <= 1.7 else found > 1.7


@given(LETTERS, st.lists(LETTERS, min_size=1, max_size=8, unique=True))
@settings(max_examples=400)
def test_no_word_costs_less_than_its_letters_promise(typed: str, words: List[str]) -> None:
    near = spelling._Targets(sorted(words, key=len), {}).near(typed, 2)
    for word, least in near.items():
        assert least <= _plain(typed, word) + 1e-9


def test_letters_promise_what_must_give_way_and_what_must_go_or_come() -> None:
    near = spelling._Targets(["slap", "slaap", "slapen"], {}).near("slaap", 2)
    assert near == {"slaap": 0.0, "slap": 0.5, "slapen": 1.5}


@pytest.mark.parametrize(
    ("typed", "meant", "cost"),
    [("magensium", "magnesium", 0.6), ("maggnesium", "magnesium", 0.5), ("oxitocine", "oxytocine", 0.5)],
)
def test_slips_cost_what_they_are_worth(typed: str, meant: str, cost: float) -> None:
    assert spelling._cost(typed, meant, 5.0) == cost


def test_the_cheapest_of_all_candidates_is_found_whatever_their_order() -> None:
    words = ["slapen", "slaapt", "slaap", "slaven", "stapel", "staan", "slecht", "slepen", "slapend", "klapen"]
    frequencies = {word: 5 + i for i, word in enumerate(words)}
    speller = spelling.Speller(frequencies)
    for typed in ("slaat", "slalen", "slaoen", "slaepn", "stapen", "slavep", "seaap", "slegt"):
        found = []
        for word in words:
            first = 0.3 if word[0] not in typed[:2] or typed[0] not in word[:2] else 0.0
            sounds = spelling.sound_of(word) == spelling.sound_of(typed)
            cost = 0.4 + first / 2 if sounds else _plain(typed, word) + first
            if cost <= (1.3 if len(typed) == 6 else 1.0):
                found.append((cost - 0.06 * math.log1p(frequencies[word]), word))
        assert speller.correct(typed) == (min(found)[1] if found else typed), typed
