"""The matrix of all examples and the stored ranker give what a single message gives."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from nlu import linear

DOCUMENTS = [
    Counter({"w:slaap": 2, "l:slaap": 2, "c: sl": 2, "o:slaap": 1}),
    Counter({"w:slaap": 1, "w:goed": 1, "c: sl": 1, "o:slaap": 1, "p:< slaap": 1}),
    Counter({"w:magnesium": 1, "l:magnesium": 1, "c: ma": 3, "o:magnesium": 1}),
    Counter({"w:magnesium": 1, "w:goed": 1, "c: ma": 1, "o:magnesium": 1}),
    Counter({"w:hoi": 1, "l:hoi": 1, "o:": 1}),
    Counter({"w:hoi": 1, "w:goed": 1, "o:": 1, "w:nooit": 1}),
]
LABELS = ["faq/slaap", "faq/slaap", "faq/magnesium", "faq/magnesium", "greet", "greet"]


def test_the_matrix_holds_what_each_document_gives_by_itself() -> None:
    vocabulary = linear.Vocabulary.learn(DOCUMENTS)
    matrix = linear._matrix(vocabulary, DOCUMENTS).toarray()
    for row, document in zip(matrix, DOCUMENTS):
        alone = np.zeros(len(vocabulary.index))
        positions, values = vocabulary.vector(document)
        alone[positions] = values
        assert row == pytest.approx(alone)
    assert matrix.any(axis=1).all()


def test_a_ranker_read_back_gives_the_same_answer() -> None:
    ranker = linear.train(DOCUMENTS, LABELS)
    stored = linear.to_arrays(ranker)
    again = linear.from_arrays(ranker.labels, list(ranker.vocabulary.index), ranker.sharpness, stored)
    assert again.weights.dtype == np.int8
    for document, label in zip(DOCUMENTS, LABELS):
        assert ranker.labels[int(again.probabilities(document).argmax())] == label
        assert again.probabilities(document) == pytest.approx(ranker.probabilities(document), abs=0.02)
