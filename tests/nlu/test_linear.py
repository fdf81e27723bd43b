"""The matrix of all examples and the stored ranker give what a single message gives."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nlu import linear
from nlu.features import of_word
from nlu.rows import REMEMBERED, Features, Numbers, Rows, count

DOCUMENTS = [
    Features(["slaap", "slaap"], ["l:slaap", "l:slaap", "o:slaap"]),
    Features(["slaap", "goed"], ["o:slaap", "p:< slaap"]),
    Features(["magnesium"], ["l:magnesium", "o:magnesium"]),
    Features(["magnesium", "goed"], ["o:magnesium"]),
    Features(["hoi"], ["l:hoi", "o:"]),
    Features(["hoi", "goed", "nooit"], ["o:"]),
]
LABELS = ["faq/slaap", "faq/slaap", "faq/magnesium", "faq/magnesium", "greet", "greet"]


def test_features_of_fewer_examples_than_asked_are_left_out_and_the_others_are_counted() -> None:
    names, counts = count(DOCUMENTS, of_word, 2)
    assert names == sorted(names)
    assert {"w:slaap", "c:laap", "o:slaap"} <= set(names)
    assert {"w:nooit", "p:< slaap", "l:slaap"}.isdisjoint(names)
    table = counts.toarray()
    assert table[:, names.index("w:slaap")].tolist() == [2, 1, 0, 0, 0, 0]
    assert table[:, names.index("o:")].tolist() == [0, 0, 0, 0, 1, 1]


def test_a_message_is_numbered_like_the_examples_and_unknown_features_have_no_number() -> None:
    rows = Rows(Numbers(["o:", "c: ho", "l:nooit", "w:hoi"]).find, of_word)
    assert rows.of(Features(["hoi", "zeg", "hoi"], ["o:", "l:zeg"])) == [3, 1, 3, 1, 0]


def test_a_name_that_no_feature_has_is_not_found_whatever_its_hash() -> None:
    names = [f"w:{i}" for i in range(5_000)]
    numbers = Numbers(iter(names))
    assert len(numbers) == 5_000
    assert numbers.find(names) == list(range(5_000))
    assert numbers.find([f"w:x{i}" for i in range(5_000)]) == []
    assert numbers.find([]) == []
    assert Numbers([]).find(["w:hoi"]) == []


def test_only_so_many_words_are_remembered() -> None:
    rows = Rows(Numbers(["w:a1"]).find, of_word)
    assert rows.of(Features([f"a{i}" for i in range(REMEMBERED + 2)], [])) == [0]
    assert len(rows._known) <= REMEMBERED


def test_the_matrix_holds_what_each_document_gives_by_itself() -> None:
    names, counts = count(DOCUMENTS, of_word, 1)
    vocabulary = linear.Vocabulary(Numbers(names), np.arange(1, len(names) + 1, dtype="f4"))
    matrix = vocabulary.matrix(counts).toarray()
    for row, document in zip(matrix, DOCUMENTS):
        alone = np.zeros(len(names))
        positions, values = vocabulary.vector(document)
        alone[positions] = values
        assert row == pytest.approx(alone)
    assert matrix.any(axis=1).all()


def test_a_word_said_twice_counts_for_less_than_two() -> None:
    vocabulary = linear.Vocabulary(Numbers(["w:slaap", "w:goed"]), np.ones(2, dtype=np.float32))
    _, values = vocabulary.vector(Features(["slaap", "slaap", "goed"], []))
    assert values[0] / values[1] == pytest.approx(1 + math.log(2))


def test_a_ranker_read_back_gives_the_same_answer() -> None:
    ranker = linear.train(DOCUMENTS, LABELS)
    stored = linear.to_arrays(ranker)
    again = linear.from_arrays(ranker.labels, ranker.vocabulary.names, ranker.sharpness, stored)
    assert again.weights.dtype == np.int8
    for document, label in zip(DOCUMENTS, LABELS):
        assert ranker.labels[int(again.probabilities(document).argmax())] == label
        assert again.probabilities(document) == pytest.approx(ranker.probabilities(document), abs=0.02)
