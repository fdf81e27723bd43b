"""Learning each label from the examples that matter to it gives what all examples give."""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np
import pytest
from scipy.sparse import random as random_matrix
from sklearn.svm import LinearSVC

from nlu import solver

STRENGTH = 0.4


def _data(labels: int) -> Tuple[Any, Any]:
    """60 examples per label: what is typical of it, and as much that says nothing."""
    targets = np.repeat(np.arange(labels), 60)
    noise = random_matrix(len(targets), 400, density=0.03, format="csr", random_state=1)
    typical = random_matrix(labels, 400, density=0.05, format="csr", random_state=2)
    return (noise + typical[targets]).tocsr(), targets


@pytest.mark.parametrize("labels", [3, 30])
def test_scores_are_those_of_all_examples_together(labels: int) -> None:
    matrix, targets = _data(labels)
    coefficients, bias = solver.fit_each(matrix, targets, STRENGTH, dict.fromkeys(range(labels), 20.0))
    assert coefficients.shape == (400, labels)
    for label in range(labels):
        whole = LinearSVC(C=STRENGTH, class_weight={1: 20.0}, tol=0.01, random_state=0)
        expected = whole.fit(matrix, targets == label).decision_function(matrix)
        assert matrix @ coefficients[:, label] + bias[label] == pytest.approx(expected, abs=0.05)


def test_two_labels_have_a_vector_each() -> None:
    matrix, targets = _data(2)
    coefficients, bias = solver.fit_each(matrix, targets, STRENGTH, {})
    assert ((matrix @ coefficients + bias).argmax(axis=1) == targets).all()
    assert coefficients[:, 0] == pytest.approx(-coefficients[:, 1])
