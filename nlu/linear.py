"""A linear ranker over TF-IDF features: all intents and all `faq/<id>` compete in one softmax."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any, Dict, List, Mapping, Sequence, Tuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
# How much each kind of feature weighs after each kind is brought to length 1; chosen on the development sets
# (docs/understanding.md).
KIND_WEIGHTS: Mapping[str, float] = {"w": 1.0, "p": 0.5, "l": 1.5, "c": 2.0, "o": 0.6}
_CONCEPTS = "oasbx"
STRENGTH = 0.4
# Fitted on held-out thirds at four sizes of the data (11,500 to 23,300 examples: 5.5, 5.5, 5.4, 5.2). Fitting it at
# every training would cost as much again as the training itself.
SHARPNESS = 5.3
_TOLERANCE = 0.01  # of the solver; ten times finer takes three times as long and ranks the same


def _kind(name: str) -> str:
    return "o" if name[0] in _CONCEPTS else name[0]


@dataclass(frozen=True)
class Vocabulary:
    """Feature names with their position, kind and inverse document frequency."""

    index: Dict[str, int]
    idf: Floats
    kinds: List[str]

    @cached_property
    def _weights(self) -> List[float]:
        """The same frequencies as plain numbers, which are faster one by one."""
        weights: List[float] = self.idf.tolist()
        return weights

    @classmethod
    def learn(cls, documents: Sequence[Mapping[str, float]], minimum: int = 2) -> Vocabulary:
        """Keeps the features that occur in at least `minimum` documents."""
        frequency: Counter[str] = Counter()
        for document in documents:
            frequency.update(document.keys())
        names = sorted(name for name, count in frequency.items() if count >= minimum)
        total = len(documents)
        idf = np.array([math.log((1 + total) / (1 + frequency[name])) + 1 for name in names], dtype=np.float32)
        return cls({name: i for i, name in enumerate(names)}, idf, [_kind(name) for name in names])

    def vector(self, counts: Mapping[str, float]) -> Tuple[List[int], List[float]]:
        """Positions and values of a message's features: (1 + log count) x idf, each kind at its own length."""
        positions: List[int] = []
        values: List[float] = []
        squares: Dict[str, float] = {}
        weights, kinds, find = self._weights, self.kinds, self.index.get
        for name, count in counts.items():
            position = find(name)
            if position is None:
                continue
            value = weights[position] if count == 1 else (1.0 + math.log(count)) * weights[position]
            positions.append(position)
            values.append(value)
            kind = kinds[position]
            squares[kind] = squares.get(kind, 0.0) + value * value
        scale = {kind: KIND_WEIGHTS[kind] / math.sqrt(total) for kind, total in squares.items()}
        return positions, [value * scale[kinds[p]] for p, value in zip(positions, values)]


@dataclass(frozen=True)
class LinearRanker:
    """One weight vector per label; scores become probabilities through a softmax at a fitted temperature.

    Attributes:
        labels: names in the order of the columns.
        vocabulary: names of the rows.
        weights: shape (features, labels), in 8 bits once it was stored; see `scale`.
        bias: shape (labels,).
        sharpness: factor on the scores before the softmax, fitted so that confidence equals the share of right answers.
        scale: what the weights of each label are to be multiplied by.
    """

    labels: List[str]
    vocabulary: Vocabulary
    weights: NDArray[Any]
    bias: Floats
    sharpness: float
    scale: Floats = field(default_factory=lambda: np.ones(1, dtype=np.float32))

    def probabilities(self, counts: Mapping[str, float]) -> Floats:
        """One probability per label, in the order of `labels`, summing to 1."""
        positions, values = self.vocabulary.vector(counts)
        scores = self.bias.copy()
        if positions:
            # Few rows are needed: they become floats here, so that all others take a quarter of the memory.
            rows = self.weights[positions].astype(np.float32, copy=False)
            scores += (np.asarray(values, dtype=np.float32) @ rows) * self.scale
        return _softmax(scores * self.sharpness)


def _softmax(scores: Floats) -> Floats:
    exponents = np.exp(scores - scores.max(axis=-1, keepdims=True))
    result: Floats = exponents / exponents.sum(axis=-1, keepdims=True)
    return result


def train(documents: Sequence[Mapping[str, float]], labels: Sequence[str], strength: float = STRENGTH) -> LinearRanker:
    """Fits the ranker: a linear SVM per label.

    Args:
        documents: feature counts per example.
        labels: the label of each example, equally many.
        strength: inverse of the regularisation (scikit-learn's C).
    """
    vocabulary = Vocabulary.learn(documents)
    matrix = _matrix(vocabulary, documents)
    names = sorted(set(labels))
    position = {name: i for i, name in enumerate(names)}
    targets = np.array([position[label] for label in labels])
    weights, bias = _fit(matrix, targets, strength)
    return LinearRanker(names, vocabulary, weights, bias, SHARPNESS)


def _matrix(vocabulary: Vocabulary, documents: Sequence[Mapping[str, float]]) -> Any:
    """What `Vocabulary.vector` gives for every document, worked out for all at once."""
    from scipy.sparse import csr_matrix

    number = defaultdict(lambda: -1, vocabulary.index)
    sizes = [len(document) for document in documents]
    names = chain.from_iterable(documents)
    columns = np.fromiter((number[name] for name in names), dtype=np.int32, count=sum(sizes))
    counts = np.fromiter(chain.from_iterable(d.values() for d in documents), dtype=np.float64, count=sum(sizes))
    of_row = np.repeat(np.arange(len(documents)), sizes)
    known = columns >= 0
    columns, counts, of_row = columns[known], counts[known], of_row[known]
    values = (1.0 + np.log(counts)) * vocabulary.idf[columns]
    kinds = list(KIND_WEIGHTS)
    kind_of = np.array([kinds.index(kind) for kind in vocabulary.kinds], dtype=np.int64)
    group = of_row * len(kinds) + kind_of[columns]
    squares = np.bincount(group, weights=values * values)
    values *= np.array(list(KIND_WEIGHTS.values()))[kind_of[columns]] / np.sqrt(squares[group])
    pointers = np.concatenate([[0], np.cumsum(np.bincount(of_row, minlength=len(documents)))])
    matrix = csr_matrix((values, columns, pointers), shape=(len(documents), len(vocabulary.index)))
    matrix.sum_duplicates()  # settles its format now, so that threads only read it
    return matrix


def _fit(matrix: Any, targets: NDArray[np.int64], strength: float) -> Tuple[Floats, Floats]:
    """A label's own examples weigh in inverse proportion to their number, as scikit-learn's "balanced" does."""
    counts = np.bincount(targets)
    weights = len(targets) / (len(counts) * counts)
    return fit_each(matrix, targets, strength, dict(enumerate(weights.tolist())), _TOLERANCE)


def fit_each(
    matrix: Any, targets: NDArray[np.int64], strength: float, weights: Mapping[int, float], tolerance: float
) -> Tuple[Floats, Floats]:
    """Linear SVMs, one label against all others, in one call of liblinear: it copies the matrix for every call.

    Args:
        matrix: sparse, shape (examples, features).
        targets: number of each example's label; all numbers from 0 occur.
        strength: inverse of the regularisation (scikit-learn's C).
        weights: of a label's own examples; 1 when left out. The others weigh 1.
        tolerance: of the solver.

    Returns:
        Weights of shape (features, labels) and bias of shape (labels,).
    """
    from sklearn.svm import LinearSVC

    model = LinearSVC(C=strength, class_weight=dict(weights), tol=tolerance, random_state=0)
    model.fit(matrix, targets)
    coefficients, bias = model.coef_, model.intercept_
    if len(bias) == 1:  # of two labels scikit-learn gives the second alone
        coefficients, bias = np.vstack([-coefficients, coefficients]), np.array([-bias[0], bias[0]])
    return np.ascontiguousarray(coefficients.T, dtype=np.float32), bias.astype(np.float32)


def to_arrays(ranker: LinearRanker) -> Dict[str, NDArray[Any]]:
    """The ranker's numbers for storage: weights in 8 bits per label, which costs no accuracy and is a quarter."""
    scale = np.maximum(np.abs(ranker.weights).max(axis=0), 1e-9) / 127.0
    return {
        "weights": np.round(ranker.weights / scale).astype(np.int8),
        "scale": scale.astype(np.float32),
        "bias": ranker.bias,
        "idf": ranker.vocabulary.idf,
    }


def from_arrays(
    labels: List[str], names: List[str], sharpness: float, arrays: Mapping[str, NDArray[Any]]
) -> LinearRanker:
    """The reverse of `to_arrays`; `names` are the features in the order of the rows."""
    vocabulary = Vocabulary({name: i for i, name in enumerate(names)}, arrays["idf"], [_kind(name) for name in names])
    return LinearRanker(labels, vocabulary, arrays["weights"], arrays["bias"], sharpness, arrays["scale"])
