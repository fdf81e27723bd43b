"""Linear SVMs, one label against all others, over the few examples that matter to each label.

With a squared hinge only an example within the margin pulls at a label's vector, and of the others' examples that is
one in fifty: the solver's passes over the rest were most of its time. So each label first learns roughly from examples
that look likely, then exactly from those within reach of its margin, and again when an example turns up that was left
out: what comes out is what all examples would have given.
"""

from __future__ import annotations

import warnings
from typing import Any, Mapping, Tuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

_FEW_LABELS = 20  # below this one call over everything is faster
_TOLERANCE = 0.01  # of liblinear; ten times finer takes three times as long and ranks the same
_LIKELY = 0.08  # share of all examples that each label is first learnt from ...
_EVERY = 20  # ... and one in so many of the others
_ROUGHLY = 4  # passes
_EXACTLY = 1000  # passes, at most
_REACH = 0.3  # beyond the margin, for what was learnt roughly
_MISSED = 0.1  # how far an example within the margin may have been left out
_ROUNDS = 8  # at most; three are enough on all data so far


def fit_each(
    matrix: Any, targets: NDArray[np.int64], strength: float, weights: Mapping[int, float]
) -> Tuple[Floats, Floats]:
    """Fits a vector per label with scikit-learn's LinearSVC.

    Args:
        matrix: sparse, shape (examples, features).
        targets: number of each example's label, of two labels or more; all numbers from 0 occur.
        strength: inverse of the regularisation (scikit-learn's C).
        weights: of a label's own examples; 1 when left out. The others weigh 1.

    Returns:
        Weights of shape (features, labels) and bias of shape (labels,).
    """
    if targets.max() < _FEW_LABELS:
        model = _fit(matrix, targets, strength, weights, _EXACTLY)
        return np.ascontiguousarray(_per_label(model.coef_).T), _per_label(model.intercept_)
    small = matrix.astype(np.float32)
    own = targets[:, None] == np.arange(targets.max() + 1)
    held = own | _likely(small, own)
    coefficients = np.zeros((matrix.shape[1], own.shape[1]), dtype=np.float32)
    bias = np.zeros(own.shape[1], dtype=np.float32)
    labels = np.arange(own.shape[1])
    for number in range(_ROUNDS):
        for label in labels:
            rows = np.flatnonzero(held[:, label])
            passes = _EXACTLY if number else _ROUGHLY
            weight = {1: weights.get(int(label), 1.0)}
            model = _fit(matrix[rows], own[rows, label].astype(np.int8), strength, weight, passes)
            coefficients[:, label], bias[label] = model.coef_[0], model.intercept_[0]
        beyond = small @ np.ascontiguousarray(coefficients[:, labels]) + bias[labels] + 1.0
        if not number:
            beyond[own] = -np.inf  # of the others the nearest one is always held
            held = own | (beyond >= np.minimum(beyond.max(axis=0), -_REACH))
            continue
        missed = np.where(held[:, labels], 0.0, beyond)
        held[:, labels] |= missed > 0.0
        labels = labels[missed.max(axis=0) > _MISSED]
        if not len(labels):
            break
    return coefficients, bias


def _per_label(values: NDArray[np.float64]) -> Floats:
    """A row per label; of two labels scikit-learn gives the second alone."""
    return (np.concatenate([-values, values]) if len(values) == 1 else values).astype(np.float32)


def _fit(matrix: Any, targets: NDArray[Any], strength: float, weights: Mapping[int, float], passes: int) -> Any:
    from sklearn.svm import LinearSVC

    model = LinearSVC(C=strength, class_weight=dict(weights), tol=_TOLERANCE, random_state=0, max_iter=passes)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore" if passes == _ROUGHLY else "default", "Liblinear failed to converge")
        return model.fit(matrix, targets)


def _likely(matrix: Any, own: Mask) -> Mask:
    """The others' examples nearest to the mean of a label's own, where rare features count for more, and some more."""
    from scipy.sparse import csr_matrix

    means = (csr_matrix(own / own.sum(axis=0)).T @ matrix).toarray()
    scores = matrix @ np.ascontiguousarray((means / np.sqrt(means.mean(axis=0) + 1e-6)).T.astype(np.float32))
    scores[own] = -np.inf
    first = int(len(own) * (1.0 - _LIKELY))
    some = np.arange(len(own)) % _EVERY == 0
    result: Mask = (scores >= np.partition(scores, first, axis=0)[first]) | some[:, None]
    return result
