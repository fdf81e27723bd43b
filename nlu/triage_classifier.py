"""Triage's own classifier: the levels against ordinary messages and look-alikes. Free of Rasa.

A message is cut into clauses. The features of a window (a clause, a few together, all) are added up and scored by one
linear vector per label, and each level keeps its best window: a sentence in the middle of a long story counts in full.
Look-ups are done once per word and remembered, so that windows cost hardly more than the message does.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Sequence, Tuple

import numpy as np
from numpy.typing import NDArray
from ruamel.yaml import YAML

from nlu.levels import ORDER, PREFIX
from nlu.patterns import build_vocabulary
from nlu.rows import REMEMBERED, Features, Numbers, Rows, count
from nlu.solver import fit_each
from nlu.spelling import Speller
from nlu.triage import ORDINARY, Clause, Judgement

Floats = NDArray[np.float32]

CLASSES = "klassen.yml"
STRENGTH = 0.3
MINIMUM = 2  # a feature must stand in this many examples, and so must a word to be known
# Kinds of features and what each weighs after it was brought to length 1.
KINDS: Mapping[str, float] = {"w": 1.0, "p": 0.8, "k": 0.8, "c": 1.6, "o": 1.2, "q": 1.4}
_KIND_NUMBER = {kind: number for number, kind in enumerate(KINDS)}
_KIND_WEIGHTS = np.array(list(KINDS.values()), dtype=np.float32)
_CHARACTERS = (3, 4)
_SKIP = 2  # words between the two of a skip-gram, at most
_REACH = 10  # words between two classes of words that count as a pair, at most
_WINDOW = 3  # clauses
_PART = 0.3
_MAX_CLAUSES = 24


def label_of(intent: str) -> str:
    """The classifier's label of an intent: a level's name, or ordinary."""
    name = intent[len(PREFIX) :] if intent.startswith(PREFIX) else ""
    return name if name in ORDER else ORDINARY


def of_word(word: str) -> List[str]:
    """Names of the features of one word: itself and its characters."""
    padded = f"<{word}>"
    return ["w:" + word, *("c:" + padded[i : i + n] for n in _CHARACTERS for i in range(len(padded) - n + 1))]


@lru_cache(maxsize=REMEMBERED)
def stem(word: str) -> str:
    """A word without its ending, roughly: 'slikte', 'slikken' and 'geslikt' share 'slik'."""
    if len(word) < 5:
        return word
    if word.startswith("ge") and word[-1] in "tdn" and len(word) > 6:
        word = word[2:]
    for ending in (
        "tjes",
        "eren",
        "ende",
        "tje",
        "ten",
        "den",
        "jes",
        "en",
        "te",
        "de",
        "je",
        "er",
        "e",
        "t",
        "s",
        "d",
    ):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return word


class Reader:
    """Turns clauses into names of features; holds the classes of words and what training learnt about spelling."""

    def __init__(self, classes: Mapping[str, Sequence[str]], frequencies: Mapping[str, int]) -> None:
        """Builds the look-ups.

        Args:
            classes: {class: words}, see data/veiligheid/klassen.yml.
            frequencies: words of the examples and how often they occur; unknown ones are corrected towards these.
        """
        self._vocabulary = build_vocabulary(
            {name: [str(word) for word in words] for name, words in classes.items()}, []
        )
        self._known = frequencies
        self._speller = Speller(frequencies)
        self.corrected = lru_cache(maxsize=REMEMBERED)(self._correct)
        self._classes_of = lru_cache(maxsize=REMEMBERED)(self._find_classes)

    def _correct(self, word: str) -> str:
        if word in self._known or self._vocabulary.names(word):
            return word
        return self._speller.correct(word)

    def _find_classes(self, word: str) -> Tuple[str, ...]:
        if word.isdigit():
            number = int(word[:4])
            return ("GETAL_KIND",) if number < 18 else ("GETAL_MIDDEN",) if number < 112 else ("GETAL_GROOT",)
        return tuple(sorted(name for name in self._vocabulary.names(word) if name.isupper()))

    def features(self, clause: Clause) -> Features:
        """All that is in one clause. The first letter of a name is its kind."""
        words = [self.corrected(word) for word in clause.words]
        stems = [stem(word) for word in words]
        names = [f"p:{one} {other}" for one, other in zip(("<", *stems), (*stems, ">"))]
        for skipped in range(2, 2 + _SKIP):
            names += [f"k:{one} {other}" for one, other in zip(stems, stems[skipped:])]
        classes = [(place, name) for place, word in enumerate(words) for name in self._classes_of(word)]
        classes = sorted([*clause.concepts, *classes])
        for i, (place, one) in enumerate(classes):
            names.append("o:" + one)
            for later, other in classes[i + 1 :]:
                if later - place > _REACH:
                    break
                names.append(f"q:{one} {other}")
        return Features(words, names)

    def rows(self, clauses: Sequence[Clause], label: str) -> Iterator[Features]:
        """The training rows of one example: the message, and of an ordinary one its clauses as well."""
        parts = [self.features(clause) for clause in clauses]
        yield Features([w for part in parts for w in part.words], [n for part in parts for n in part.names])
        if label == ORDINARY and len(parts) > 1:
            yield from (part for part, clause in zip(parts, clauses) if len(clause.words) > 2)


def windows(count: int) -> List[Tuple[int, int]]:
    """Which stretches of clauses are scored, as (first, after the last); the whole message first."""
    count = min(count, _MAX_CLAUSES)
    found = [(0, count)]
    for width in range(1, _WINDOW + 1):
        found += [(i, i + width) for i in range(count - width + 1) if width < count]
    return found


@lru_cache(maxsize=_MAX_CLAUSES + 1)
def _places(count: int) -> NDArray[np.int64]:
    return np.array(windows(count), dtype=np.int64)


@dataclass
class Opinion:
    """A trained classifier. Not to be changed after training.

    Attributes:
        labels: names in the order of the columns.
        reader: makes the features.
        numbers: rows of the features, by name.
        weights: shape (features, labels), the inverse document frequency multiplied in; in 8 bits once it was stored.
        squares: shape (features,), the square of the inverse document frequency.
        bias: shape (labels,).
        scale: what the weights of each label are to be multiplied by.
        features: the names in order; empty in a model that was loaded.
    """

    labels: List[str]
    reader: Reader
    numbers: Numbers
    weights: NDArray[Any]
    squares: Floats
    bias: Floats
    scale: Floats = field(default_factory=lambda: np.ones(1, dtype=np.float32))
    features: Sequence[str] = ()

    def judge(self, clauses: Sequence[Clause]) -> Judgement:
        """Weighs a message; a part of it must stand further out than the whole (`_PART`), for there are many parts."""
        if not clauses:
            return Judgement({}, {})
        scores = self.scores(clauses)
        scores[1:] -= _PART
        best = scores.max(axis=0).tolist()
        of_levels = scores[:, self._levels]
        leading: Dict[str, float] = {}
        for number, margin in zip(of_levels.argmax(axis=1).tolist(), of_levels.max(axis=1).tolist()):
            name = self.labels[self._levels[number]]
            leading[name] = max(leading.get(name, -9.0), margin)
        return Judgement({self.labels[number]: best[number] for number in self._levels}, leading)

    def scores(self, clauses: Sequence[Clause]) -> Floats:
        """Margins per window and label, shape (windows, labels)."""
        clauses = clauses[:_MAX_CLAUSES]
        rows = [self._rows.of(self.reader.features(clause)) for clause in clauses]
        found = np.fromiter(chain.from_iterable(rows), dtype=np.int64)
        of_clause = np.repeat(np.arange(len(rows)), [len(part) for part in rows])
        # A row per clause and kind, which adds up what belongs to it; one more clause in front, of nothing.
        belongs = np.zeros((len(rows) + 1, len(KINDS), len(found)), dtype=np.float32)
        belongs[of_clause + 1, self._kinds[found], np.arange(len(found))] = 1.0
        dots = (belongs @ (self.weights[found] * self.scale)).cumsum(axis=0)
        lengths = (belongs @ self.squares[found]).cumsum(axis=0)
        places = _places(len(rows))
        of_window = dots[places[:, 1]] - dots[places[:, 0]]
        length = np.sqrt(np.maximum(lengths[places[:, 1]] - lengths[places[:, 0]], 1e-6))
        scale = np.where(length > 0.01, _KIND_WEIGHTS / length, 0.0)
        scores = np.einsum("wkl,wk->wl", of_window, scale) + self.bias
        result: Floats = scores - scores[:, self._ordinary, None]
        return result

    def __post_init__(self) -> None:
        """Numbers the kinds of the features and the labels."""
        self._rows = Rows(self.numbers.find, of_word)
        self._kinds = _kinds(self.numbers)
        self._ordinary = self.labels.index(ORDINARY)
        self._levels = [number for number in range(len(self.labels)) if number != self._ordinary]


def word_frequencies(messages: Iterable[Sequence[Clause]]) -> Dict[str, int]:
    """How many of the messages each word stands in."""
    counts: Counter[str] = Counter()
    for clauses in messages:
        counts.update({word for clause in clauses for word in clause.words})
    return counts


def train(reader: Reader, examples: Sequence[Tuple[Sequence[Clause], str]]) -> Opinion:
    """Fits one vector per label.

    Args:
        reader: makes the features.
        examples: messages in clauses, with their label (see `label_of`).
    """
    pairs = [(row, label) for clauses, label in examples for row in reader.rows(clauses, label)]
    return fit(reader, [row for row, _ in pairs], [label for _, label in pairs])


def fit(reader: Reader, documents: Sequence[Features], labels: Sequence[str]) -> Opinion:
    """Fits one vector per label over rows of features.

    Args:
        reader: made the features.
        documents: features per row.
        labels: equally many.
    """
    features, counts = count(documents, of_word, MINIMUM)
    frequency = np.bincount(counts.indices, minlength=len(features))
    idf = (np.log((1 + len(documents)) / (1 + frequency)) + 1).astype(np.float32)
    names = sorted(set(labels))
    numbers = Numbers(features)
    coefficients, bias = _fit(_matrix(counts, _kinds(numbers), idf), labels, names)
    weights = np.ascontiguousarray(coefficients * idf[:, None])
    return Opinion(names, reader, numbers, weights, idf**2, bias, features=features)


def _kinds(numbers: Numbers) -> NDArray[np.int64]:
    number = np.zeros(256, dtype=np.int64)
    for kind, place in _KIND_NUMBER.items():
        number[ord(kind)] = place
    kinds: NDArray[np.int64] = number[numbers.letters]
    return kinds


def _matrix(counts: Any, kinds: NDArray[np.int64], idf: Floats) -> Any:
    """Counts times idf, each kind at its own length and weight; sparse, shape (rows, features)."""
    from scipy.sparse import csr_matrix

    weights, kind = idf[counts.indices], kinds[counts.indices]
    group = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr)) * len(KINDS) + kind
    squares = np.bincount(group, weights=counts.data * weights**2)
    values = counts.data * weights * _KIND_WEIGHTS[kind] / np.sqrt(squares[group])
    return csr_matrix((values, counts.indices, counts.indptr), shape=counts.shape)


def _fit(matrix: Any, labels: Sequence[str], names: List[str]) -> Tuple[Floats, Floats]:
    number = {name: i for i, name in enumerate(names)}
    return fit_each(matrix, np.array([number[label] for label in labels]), STRENGTH, {})


def to_arrays(opinion: Opinion) -> Dict[str, NDArray[Any]]:
    """The numbers for storage: weights in 8 bits per label, which costs no accuracy and is a quarter."""
    scale = np.maximum(np.abs(opinion.weights).max(axis=0), 1e-9) / 127.0
    return {
        "weights": np.round(opinion.weights / scale).astype(np.int8),
        "scale": scale.astype(np.float32),
        "squares": opinion.squares,
        "bias": opinion.bias,
    }


def from_arrays(labels: List[str], names: Iterable[str], reader: Reader, arrays: Mapping[str, NDArray[Any]]) -> Opinion:
    """The reverse of `to_arrays`; `names` are the features in the order of the rows."""
    numbers, weights = Numbers(names), arrays["weights"]  # few rows are needed: they become floats when they are
    return Opinion(labels, reader, numbers, weights, arrays["squares"], arrays["bias"], arrays["scale"])


def read_classes(folder: Path) -> Dict[str, List[str]]:
    """The classes of words. Raises `OSError` when the file is missing."""
    document = YAML(typ="safe").load((folder / CLASSES).read_text(encoding="utf-8"))
    return {str(name): [str(word) for word in words] for name, words in document["klassen"].items()}
