"""Corrects misspelt words towards the vocabulary of the training data and the domain's own words.

Candidates come from an index of deletions (every known word with one letter left out), so a look-up costs the length
of the word and not the size of the vocabulary.
"""

from __future__ import annotations

from typing import Dict, Iterable, List, Mapping, Optional, Set

MIN_LENGTH = 5
_LONG = 8  # from here on two edits may be forgiven


class Speller:
    """Knows words with their frequency and finds the most frequent one within reach of an unknown word."""

    def __init__(self, frequencies: Mapping[str, int], far: Iterable[str] = ()) -> None:
        """Builds the index.

        Args:
            frequencies: known words and how often they occur in the training data.
            far: words of the domain for which two edits are forgiven (substances, aspects), also when rare.
        """
        self._known: Dict[str, int] = dict(frequencies)
        for word in far:
            self._known.setdefault(word, 1)
        self._near: Dict[str, List[str]] = {}
        for word in self._known:
            if len(word) >= MIN_LENGTH - 1:
                for variant in _deletions(word, 1):
                    self._near.setdefault(variant, []).append(word)
        self._far: Dict[str, List[str]] = {}
        for word in far:
            if len(word) >= _LONG:
                for variant in _deletions(word, 2):
                    self._far.setdefault(variant, []).append(word)

    def knows(self, word: str) -> bool:
        """Whether the word needs no correction."""
        return word in self._known

    def correct(self, word: str) -> str:
        """The word itself when it is known, short or nothing is near; else the best known word.

        Args:
            word: one normalised word of at most `nlu.normalise.MAX_WORD` letters.
        """
        if len(word) < MIN_LENGTH or word in self._known or not word.isalpha():
            return word
        best = self._best(word, self._near, 1)
        if best is None and len(word) >= _LONG - 1:
            best = self._best(word, self._far, 2)
        return best or word

    def _best(self, word: str, index: Mapping[str, List[str]], edits: int) -> Optional[str]:
        candidates: Set[str] = set()
        for variant in _deletions(word, edits):
            candidates.update(index.get(variant, ()))
        scored = [(c, _distance(word, c, edits)) for c in sorted(candidates)]
        near = [(distance, c[0] != word[0], -self._known[c], c) for c, distance in scored if distance <= edits]
        return min(near)[3] if near else None


def _deletions(word: str, edits: int) -> Set[str]:
    """The word itself and all that is left after taking out up to `edits` letters."""
    found = {word}
    ring = {word}
    for _ in range(edits):
        ring = {w[:i] + w[i + 1 :] for w in ring for i in range(len(w))}
        found |= ring
    return found


def _distance(a: str, b: str, limit: int) -> int:
    """Edits between two words (insert, delete, replace, swap of neighbours); `limit` + 1 stands for more than that."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    before: List[int] = []
    last = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]
