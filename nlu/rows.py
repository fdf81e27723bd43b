"""Features by number: from the words of a message to the rows of a classifier's weights.

Most features of a message follow from one of its words alone, and customers use the same words again and again: their
numbers are looked up once per word.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from typing import Any, Callable, DefaultDict, Dict, Iterable, List, NamedTuple, Sequence, Tuple

import numpy as np
from numpy.typing import NDArray

REMEMBERED = 20_000  # words


class Features(NamedTuple):
    """What a message or a part of it holds; a feature counts as often as it occurs.

    Attributes:
        words: words, each of which has features of its own (see `Rows`).
        names: names of all other features.
    """

    words: Sequence[str]
    names: Sequence[str]


class Numbers:
    """The number of each name, found by its hash: with the names themselves a model takes 45 MB more.

    Of a quarter of a million names two have the same hash of 64 bits in one of a billion models.
    """

    def __init__(self, names: Iterable[str]) -> None:
        """Numbers names in their order, none of them empty; reads them once."""
        hashes, letters = array("q"), array("B")
        for name in names:
            hashes.append(hash(name))
            letters.append(ord(name[0]))
        self.letters: NDArray[np.uint8] = np.array(letters, dtype=np.uint8)  # the first one of each name, by number
        sorted_ones = np.array(hashes, dtype=np.int64)
        order = np.argsort(sorted_ones, kind="stable")
        # One more behind the last, so that every search ends at an entry.
        self._hashes = np.append(sorted_ones[order], np.iinfo(np.int64).max)
        self._numbers = np.append(order, -1).astype(np.int32)

    def __len__(self) -> int:
        """How many names there are."""
        return len(self.letters)

    def find(self, names: Sequence[str]) -> List[int]:
        """Numbers of those of the names that are known, in their order."""
        wanted = np.fromiter(map(hash, names), dtype=np.int64, count=len(names))
        places = self._hashes.searchsorted(wanted)
        found: List[int] = self._numbers[places[self._hashes[places] == wanted]].tolist()
        return found


class Rows:
    """Looks up the numbers of features."""

    def __init__(self, find: Callable[[Sequence[str]], List[int]], of_word: Callable[[str], List[str]]) -> None:
        """Takes both look-ups.

        Args:
            find: the numbers of those features that are known, from their names.
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
        found += self._find(features.names)
        return found

    def _look_up(self, word: str) -> Tuple[int, ...]:
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        rows = self._known[word] = tuple(self._find(self._of_word(word)))
        return rows


def count(documents: Iterable[Features], of_word: Callable[[str], List[str]], minimum: int) -> Tuple[List[str], Any]:
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
    rows = Rows(lambda names: [index[name] for name in names], of_word)
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
