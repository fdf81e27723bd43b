"""Features by number: from the words of a message to the rows of a classifier's weights.

Most features of a message follow from one of its words alone, and customers use the same words again and again: their
numbers are looked up once per word.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from typing import Any, Callable, DefaultDict, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

REMEMBERED = 20_000  # words


class Features(NamedTuple):
    """What a message or a part of it holds; a feature counts as often as it occurs.

    Attributes:
        words: words, each of which has features of its own (see `Rows`).
        names: names of all other features.
    """

    words: Sequence[str]
    names: Sequence[str]


class Rows:
    """Looks up the numbers of features."""

    def __init__(self, find: Callable[[str], Optional[int]], of_word: Callable[[str], Iterable[str]]) -> None:
        """Takes both look-ups.

        Args:
            find: the number of a feature's name, None when it is not known.
            of_word: names of the features that a word has by itself.
        """
        self._find = find
        self._of_word = of_word
        self._known: Dict[str, Tuple[int, ...]] = {}

    def of(self, features: Features) -> List[int]:
        """Numbers of the known features, each as often as it occurs."""
        found: List[int] = []
        known = self._known
        for word in features.words:
            rows = known.get(word)
            if rows is None:
                rows = self._look_up(word)
            found += rows
        found += [row for row in map(self._find, features.names) if row is not None]
        return found

    def _look_up(self, word: str) -> Tuple[int, ...]:
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        rows = self._known[word] = tuple(row for row in map(self._find, self._of_word(word)) if row is not None)
        return rows


def count(
    documents: Iterable[Features], of_word: Callable[[str], Iterable[str]], minimum: int
) -> Tuple[List[str], Any]:
    """Counts the features of examples.

    Args:
        documents: features of each example.
        of_word: see `Rows`.
        minimum: of examples that a feature must stand in to be kept.

    Returns:
        Sorted names of the features that are kept, and how often each occurs in each example: sparse, by row, shape
        (examples, names).
    """
    from scipy.sparse import csr_matrix

    index: DefaultDict[str, int] = defaultdict()
    index.default_factory = index.__len__  # a new name gets the next number
    rows = Rows(index.__getitem__, of_word)
    columns, pointers = array("i"), array("i", [0])
    for document in documents:
        columns.extend(rows.of(document))
        pointers.append(len(columns))
    shape = (len(pointers) - 1, len(index))
    counts = csr_matrix((np.ones(len(columns), dtype=np.float32), np.array(columns), np.array(pointers)), shape=shape)
    counts.sum_duplicates()
    often = np.bincount(counts.indices, minlength=len(index)) >= minimum
    names = sorted(name for name, is_kept in zip(index, often.tolist()) if is_kept)
    counts = counts[:, [index[name] for name in names]]
    counts.sort_indices()
    return names, counts
