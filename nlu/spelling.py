"""Corrects misspelt words towards the vocabulary of the training data and the domain's most important words.

Candidates come from an index of deletions (every known word with letters left out), so a look-up costs the length of
the word and not the size of the vocabulary.
"""

from __future__ import annotations

from typing import Dict, Iterable, List, Mapping, Optional, Set

from nlu.edits import deletions, distance

MIN_LENGTH = 5
_IMPORTANT_LENGTH = 7  # from here on two edits towards an important word are forgiven
_REMEMBERED = 20_000  # corrections kept, for customers make the same mistakes
_COMMON = 12  # a word this frequent in the examples is meant as it is written


class Speller:
    """Knows words with their frequency and finds the best one within reach of a misspelt word."""

    def __init__(self, frequencies: Mapping[str, int], important: Iterable[str] = ()) -> None:
        """Builds the index.

        Args:
            frequencies: known words and how often they occur in the training data.
            important: the domain's own words; two edits towards them are forgiven, and a rare known word gives way.
        """
        self._frequency: Dict[str, int] = dict(frequencies)
        self._important = frozenset(important)
        self._near = _index((w for w in self._frequency if len(w) >= MIN_LENGTH - 1), 1)
        self._far = _index(sorted(self._important), 2)
        self._corrected: Dict[str, str] = {}

    def correct(self, word: str) -> str:
        """The best known word near this one, or the word itself.

        Args:
            word: one normalised word of at most `nlu.normalise.MAX_WORD` letters.
        """
        known = self._corrected.get(word)
        if known is None:
            if len(self._corrected) >= _REMEMBERED:
                self._corrected.clear()
            known = self._corrected[word] = self._correct(word)
        return known

    def _correct(self, word: str) -> str:
        if len(word) < MIN_LENGTH or word in self._important or not word.isalpha():
            return word
        frequency = self._frequency.get(word, 0)
        if len(word) >= _IMPORTANT_LENGTH and frequency < _COMMON:
            best = self._best(word, self._far, 2)
            if best is not None:
                return best
        if frequency:
            return word
        return self._best(word, self._near, 1) or word

    def _best(self, word: str, index: Mapping[str, List[str]], edits: int) -> Optional[str]:
        candidates: Set[str] = set()
        for variant in deletions(word, edits):
            candidates.update(index.get(variant, ()))
        scored = [(distance(word, c, edits), c[0] != word[0], -self._frequency.get(c, 0), c) for c in candidates]
        near = [item for item in scored if item[0] <= edits and not (item[0] == 2 and item[1])]
        return min(near)[3] if near else None


def _index(words: Iterable[str], edits: int) -> Dict[str, List[str]]:
    index: Dict[str, List[str]] = {}
    for word in words:
        for variant in deletions(word, edits):
            index.setdefault(variant, []).append(word)
    return index
