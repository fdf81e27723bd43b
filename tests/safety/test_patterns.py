"""The pattern language and the correction of typing errors, on small vocabularies of their own."""

from __future__ import annotations

from typing import List

import pytest

from nlu.edits import distance
from nlu.patterns import PatternError, Positions, build_vocabulary, compile_phrase, compile_query
from nlu.typos import TypoFinder


def positions(text: str) -> Positions:
    found = Positions()
    for place, word in enumerate(text.split()):
        found.add(word, (place, place + 1))
    return found


@pytest.mark.parametrize(
    ("phrase", "text", "expected"),
    [
        ("wil dood", "ik wil dood", [(1, 3)]),
        ("wil dood", "ik wil echt dood", []),
        ("wil ~1 dood", "ik wil echt dood", [(1, 4)]),
        ("wil ~1 dood", "ik wil heel echt dood", []),
        ("wil|wou dood", "ik wou dood", [(1, 3)]),
        ("wil echt? dood", "ik wil dood", [(1, 3)]),
        ("wil echt? dood", "ik wil echt dood", [(1, 4)]),
        ("dood wil", "ik wil dood", []),
    ],
)
def test_a_phrase_is_found_where_its_words_stand_in_order_and_near_enough(
    phrase: str, text: str, expected: List[List[int]]
) -> None:
    assert positions(text).find(compile_phrase(phrase)) == expected


def test_parts_joined_by_an_ampersand_may_stand_in_any_order_within_the_window() -> None:
    query = compile_query("pil & slik @3")
    assert positions("slik een pil").search(query, False) == [(0, 3)]
    assert positions("slik een hele grote pil").search(query, False) == []
    assert positions("slik een hele grote pil").search(query, True) == [(0, 5)]


@pytest.mark.parametrize("phrase", ["", "~2", "wil ~x dood", "~999 dood", "echt?"])
def test_a_phrase_that_can_never_hold_is_refused(phrase: str) -> None:
    with pytest.raises(PatternError):
        compile_phrase(phrase)


def test_a_concept_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(PatternError, match="BESTAATNIET"):
        build_vocabulary({"DOOD": ["dood"]}, [compile_phrase("BESTAATNIET dood")])


def test_concepts_that_need_each_other_are_refused() -> None:
    with pytest.raises(PatternError, match="need each other"):
        build_vocabulary({"EEN": ["TWEE dood"], "TWEE": ["EEN dood"]}, [])


def test_a_word_counts_as_itself_its_prefixes_and_its_concepts() -> None:
    vocabulary = build_vocabulary({"DOOD": ["sterf*"], "WENS": ["DOOD"]}, [compile_phrase("sterft")])
    assert vocabulary.names("sterft") == {"sterft", "sterf*", "DOOD", "WENS"}
    assert vocabulary.names("brood") == set()


def test_a_typing_error_is_corrected_and_a_real_word_is_left_alone() -> None:
    finder = TypoFinder(["zwanger", "citalopram"], frozenset({"zwager"}))
    assert finder.correct("zwnager") == "zwanger"
    assert finder.correct("citralopram") == "citalopram"
    assert finder.correct("zwager") is None
    assert finder.correct("banger") is None
    assert finder.correct("zwanger") is None


def test_a_swap_of_neighbours_is_one_edit() -> None:
    assert distance("zwanger", "zwnager", 9) == 1
    assert distance("abc", "abc", 9) == 0
    assert distance("abc", "xyz", 9) == 3
