"""A linear ranker over TF-IDF features: all intents and all `faq/<id>` compete in one softmax."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
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
    def _idf(self) -> List[float]:
        """The same numbers as `idf`, which Python reads faster one by one."""
        numbers: List[float] = self.idf.tolist()
        return numbers

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
        kinds: List[str] = []
        squares: Dict[str, float] = dict.fromkeys(KIND_WEIGHTS, 0.0)
        index, idf, kind_of = self.index, self._idf, self.kinds
        for name, count in counts.items():
            position = index.get(name)
            if position is None:
                continue
            value = idf[position] if count == 1 else (1.0 + math.log(count)) * idf[position]
            kind = kind_of[position]
            positions.append(position)
            values.append(value)
            kinds.append(kind)
            squares[kind] += value * value
        scale = {kind: KIND_WEIGHTS[kind] / math.sqrt(total) for kind, total in squares.items() if total}
        return positions, [value * scale[kind] for value, kind in zip(values, kinds)]


@dataclass(frozen=True)
class LinearRanker:
    """One weight vector per label; scores become probabilities through a softmax at a fitted temperature.

    Attributes:
        labels: names in the order of the columns.
        vocabulary: names of the rows.
        weights: shape (features, labels).
        bias: shape (labels,).
        sharpness: factor on the scores before the softmax, fitted so that confidence equals the share of right answers.
    """

    labels: List[str]
    vocabulary: Vocabulary
    weights: Floats
    bias: Floats
    sharpness: float

    def probabilities(self, counts: Mapping[str, float]) -> Floats:
        """One probability per label, in the order of `labels`, summing to 1."""
        positions, values = self.vocabulary.vector(counts)
        scores = self.bias.copy()
        if positions:
            scores += np.asarray(values, dtype=np.float32) @ self.weights[positions]
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
    from scipy.sparse import csr_matrix

    rows = [vocabulary.vector(document) for document in documents]
    pointers = np.cumsum([0] + [len(positions) for positions, _ in rows])
    values = np.concatenate([np.asarray(v, dtype=np.float64) for _, v in rows])
    columns = np.concatenate([np.asarray(p, dtype=np.int32) for p, _ in rows])
    matrix = csr_matrix((values, columns, pointers), shape=(len(rows), len(vocabulary.index)))
    matrix.sum_duplicates()  # settles its format now, so that threads only read it
    return matrix


def _fit(matrix: Any, targets: NDArray[np.int64], strength: float) -> Tuple[Floats, Floats]:
    """One linear SVM per label against all others, side by side in threads (liblinear leaves the interpreter free).

    A label's own examples weigh in inverse proportion to their number, as scikit-learn's "balanced" does.
    """
    from joblib import Parallel, delayed
    from sklearn.svm import LinearSVC

    counts = np.bincount(targets)

    def fit_one(label: int) -> Tuple[Floats, float]:
        weight = len(targets) / (len(counts) * counts[label])
        model = LinearSVC(C=strength, class_weight={0: 1.0, 1: weight}, tol=_TOLERANCE, random_state=0)
        model.fit(matrix, (targets == label).astype(np.int8))
        return model.coef_[0].astype(np.float32), float(model.intercept_[0])

    fitted = Parallel(n_jobs=-1, prefer="threads")(delayed(fit_one)(label) for label in range(len(counts)))
    weights = np.ascontiguousarray(np.stack([w for w, _ in fitted], axis=1))
    return weights, np.array([b for _, b in fitted], dtype=np.float32)


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
    weights = arrays["weights"].astype(np.float32) * arrays["scale"]
    return LinearRanker(labels, vocabulary, weights, arrays["bias"], sharpness)
