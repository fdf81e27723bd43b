"""Typing errors in the words that triage looks for: which known word was meant. Free of Rasa.

Unlike `nlu.spelling`, which picks the best of all words by how often they occur, it knows only words that matter and
leaves real words near them alone (data/veiligheid/geen_typefout.yml).
"""

from __future__ import annotations

from array import array
from typing import FrozenSet, Iterable, List, Optional

import numpy as np

from nlu.edits import deletions, distance

MIN_LENGTH = 6
TWO_EDITS_FROM = 10


def allowed_edits(length: int) -> int:
    """How many edits a word of this length may be away from the word that was meant."""
    return 0 if length < MIN_LENGTH else 1 if length < TWO_EDITS_FROM else 2


class TypoFinder:
    """Finds the known word that a misspelt one stands for."""

    def __init__(self, known: Iterable[str], real_words: FrozenSet[str]) -> None:
        """Takes the words to find, and ordinary words near them that must be left alone."""
        self._known = frozenset(word for word in known if len(word) >= MIN_LENGTH and word.isalnum())
        self._real = real_words
        self._longest = max(map(len, self._known), default=0) + 2  # no known word is within reach of longer ones
        self._words = sorted(self._known)
        # 100,000 forms, kept as their hashes: what is found is compared with the word anyway.
        hashes, words = array("q"), array("i")
        for number, word in enumerate(self._words):
            forms = deletions(word, allowed_edits(len(word)))
            hashes.extend(map(hash, forms))
            words.extend([number] * len(forms))
        unsorted = np.array(hashes, dtype=np.int64)
        order = np.argsort(unsorted, kind="stable")
        self._hashes, self._of_hash = unsorted[order], np.array(words, dtype=np.int32)[order]

    def correct(self, word: str) -> Optional[str]:
        """The known word that was meant, None when there is none or the word is right as it is.

        The first letter must be right: people seldom miss it, and words that differ there are mostly other words.
        """
        if not MIN_LENGTH - 1 <= len(word) <= self._longest:
            return None
        if word in self._known or word in self._real or word.isdigit():
            return None
        edits = max(1, allowed_edits(len(word) + 1))
        best: Optional[str] = None
        best_distance = edits + 1
        for candidate in self._sharing_a_form(word, edits):
            if candidate[0] != word[0] or abs(len(candidate) - len(word)) > edits:
                continue
            away = distance(word, candidate, edits)
            if away > allowed_edits(len(candidate)):
                continue
            if away < best_distance or (away == best_distance and best is not None and candidate < best):
                best, best_distance = candidate, away
        return best

    def _sharing_a_form(self, word: str, edits: int) -> List[str]:
        """The known words of which a form, with letters taken out, is one of this word's."""
        forms = deletions(word, edits)
        wanted = np.fromiter(map(hash, forms), dtype=np.int64, count=len(forms))
        first, end = self._hashes.searchsorted(wanted), self._hashes.searchsorted(wanted, side="right")
        is_known = first < end
        places = zip(first[is_known].tolist(), end[is_known].tolist())
        numbers = {number for one, other in places for number in self._of_hash[one:other].tolist()}
        return [self._words[number] for number in numbers]
