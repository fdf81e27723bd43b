"""Typing errors in the words that triage looks for: which known word was meant. Free of Rasa.

Symmetric deletion (W. Garbe, 2012): words within one or two edits share a form from which letters were left out, so a
look-up costs the same for any number of known words.
"""

from __future__ import annotations

from typing import Dict, FrozenSet, Iterable, Optional, Set, Tuple

MIN_LENGTH = 6
TWO_EDITS_FROM = 10


def allowed_edits(length: int) -> int:
    """How many edits a word of this length may be away from the word that was meant."""
    return 0 if length < MIN_LENGTH else 1 if length < TWO_EDITS_FROM else 2


def _without_letters(word: str, edits: int) -> Set[str]:
    """The word itself and all that is left after taking out up to `edits` letters."""
    found = {word}
    ring = {word}
    for _ in range(edits):
        ring = {w[:i] + w[i + 1 :] for w in ring for i in range(len(w))}
        found |= ring
    return found


def distance(one: str, other: str) -> int:
    """Damerau-Levenshtein distance with adjacent swaps counted as one edit."""
    before: list[int] = []
    previous = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        current = [i]
        for j, b in enumerate(other, 1):
            best = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                best = min(best, before[j - 2] + 1)
            current.append(best)
        before, previous = previous, current
    return previous[-1]


class TypoFinder:
    """Finds the known word that a misspelt one stands for."""

    def __init__(self, known: Iterable[str], real_words: FrozenSet[str]) -> None:
        """Takes the words to find, and ordinary words near them that must be left alone."""
        self._known: Set[str] = {word for word in known if len(word) >= MIN_LENGTH and word.isalnum()}
        self._real = real_words
        self._index: Dict[str, Tuple[str, ...]] = {}  # most forms have one word: a tuple is a quarter of a set
        self._longest = max(map(len, self._known), default=0) + 2  # no known word is within reach of longer ones
        for word in sorted(self._known):
            alone = (word,)
            for form in _without_letters(word, allowed_edits(len(word))):
                others = self._index.get(form)
                self._index[form] = alone if others is None else (*others, word)

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
        for form in _without_letters(word, edits):
            for candidate in self._index.get(form, ()):
                if candidate[0] != word[0] or abs(len(candidate) - len(word)) > edits:
                    continue
                away = distance(word, candidate)
                if away > allowed_edits(len(candidate)):
                    continue
                if away < best_distance or (away == best_distance and best is not None and candidate < best):
                    best, best_distance = candidate, away
        return best
