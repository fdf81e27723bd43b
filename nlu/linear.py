"""A linear ranker over TF-IDF features: all intents and all `faq/<id>` compete in one softmax."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Dict, Iterable, List, Mapping, Sequence, Tuple

import numpy as np
from numpy.typing import NDArray

from nlu.features import of_word
from nlu.rows import Features, Numbers, Rows, count
from nlu.solver import fit_each

Floats = NDArray[np.float32]
# How much each kind of feature weighs after each kind is brought to length 1; chosen on the development sets
# (docs/understanding.md).
KIND_WEIGHTS: Mapping[str, float] = {"w": 1.0, "p": 0.5, "l": 1.5, "c": 2.0, "o": 0.6}
STRENGTH = 0.4
# Fitted on held-out thirds at four sizes of the data (11,500 to 23,300 examples: 5.5, 5.5, 5.4, 5.2). Fitting it at
# every training would cost as much again as the training itself.
SHARPNESS = 5.3
_MINIMUM = 2  # examples that a feature must stand in
_TINY = 1e-12


@dataclass(frozen=True)
class Vocabulary:
    """Features with their number and inverse document frequency.

    Attributes:
        numbers: of the features' names.
        idf: shape (features,).
        names: those names in order; empty in a model that was loaded.
    """

    numbers: Numbers
    idf: Floats
    names: Sequence[str] = ()

    @cached_property
    def rows(self) -> Rows:
        """Looks up the positions of a message's features."""
        return Rows(self.numbers.find, of_word)

    @cached_property
    def kinds(self) -> NDArray[np.int64]:
        """The number of each feature's kind."""
        number = np.full(256, list(KIND_WEIGHTS).index("o"))  # of all concepts, whatever their letter
        for place, letter in enumerate(KIND_WEIGHTS):
            number[ord(letter)] = place
        kinds: NDArray[np.int64] = number[self.numbers.letters]
        return kinds

    def vector(self, features: Features) -> Tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Positions and values of a message's features: (1 + log count) x idf, each kind at its own length."""
        counts = Counter(self.rows.of(features))
        positions = np.fromiter(counts, dtype=np.int64, count=len(counts))
        values = (1.0 + np.log(np.fromiter(counts.values(), dtype=np.float64, count=len(counts)))) * self.idf[positions]
        kinds = self.kinds[positions]
        squares = np.bincount(kinds, weights=values * values, minlength=len(KIND_WEIGHTS))
        return positions, values * (_kind_weights() / np.sqrt(np.maximum(squares, _TINY)))[kinds]

    def matrix(self, counts: Any) -> Any:
        """What `vector` gives for every row of a sparse matrix of counts, as such a matrix."""
        from scipy.sparse import csr_matrix

        values = (1.0 + np.log(counts.data.astype(np.float64))) * self.idf[counts.indices]
        of_row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
        group = of_row * len(KIND_WEIGHTS) + self.kinds[counts.indices]
        squares = np.bincount(group, weights=values * values)
        values *= _kind_weights()[self.kinds[counts.indices]] / np.sqrt(squares[group])
        return csr_matrix((values, counts.indices, counts.indptr), shape=counts.shape)


def _kind_weights() -> NDArray[np.float64]:
    return np.array(list(KIND_WEIGHTS.values()))


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

    def probabilities(self, features: Features) -> Floats:
        """One probability per label, in the order of `labels`, summing to 1."""
        positions, values = self.vocabulary.vector(features)
        scores = self.bias.copy()
        if len(positions):
            # Few rows are needed: they become floats here, so that all others take a quarter of the memory.
            rows = self.weights[positions].astype(np.float32, copy=False)
            scores += (values.astype(np.float32) @ rows) * self.scale
        return _softmax(scores * self.sharpness)


def _softmax(scores: Floats) -> Floats:
    exponents = np.exp(scores - scores.max(axis=-1, keepdims=True))
    result: Floats = exponents / exponents.sum(axis=-1, keepdims=True)
    return result


def train(documents: Sequence[Features], labels: Sequence[str], strength: float = STRENGTH) -> LinearRanker:
    """Fits the ranker: a linear SVM per label.

    Args:
        documents: features per example.
        labels: the label of each example, equally many.
        strength: inverse of the regularisation (scikit-learn's C).
    """
    features, counts = count(documents, of_word, _MINIMUM)
    frequency = np.bincount(counts.indices, minlength=len(features))
    idf = np.log((1 + len(documents)) / (1 + frequency)) + 1
    vocabulary = Vocabulary(Numbers(features), idf.astype(np.float32), features)
    names = sorted(set(labels))
    position = {name: i for i, name in enumerate(names)}
    targets = np.array([position[label] for label in labels])
    weights, bias = _fit(vocabulary.matrix(counts), targets, strength)
    return LinearRanker(names, vocabulary, weights, bias, SHARPNESS)


def _fit(matrix: Any, targets: NDArray[np.int64], strength: float) -> Tuple[Floats, Floats]:
    """A label's own examples weigh in inverse proportion to their number, as scikit-learn's "balanced" does."""
    counts = np.bincount(targets)
    weights = len(targets) / (len(counts) * counts)
    return fit_each(matrix, targets, strength, dict(enumerate(weights.tolist())))


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
    labels: List[str], names: Iterable[str], sharpness: float, arrays: Mapping[str, NDArray[Any]]
) -> LinearRanker:
    """The reverse of `to_arrays`; `names` are the features in the order of the rows."""
    vocabulary = Vocabulary(Numbers(names), arrays["idf"])
    return LinearRanker(labels, vocabulary, arrays["weights"], arrays["bias"], sharpness, arrays["scale"])
