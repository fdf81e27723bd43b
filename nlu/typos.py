"""Typing errors in the words that triage looks for: which known word was meant. Free of Rasa.

Unlike `nlu.spelling`, which picks the best of all words by how often they occur, it knows only words that matter and
leaves real words near them alone (data/veiligheid/geen_typefout.yml).
"""

from __future__ import annotations

from typing import Dict, FrozenSet, Iterable, Optional, Set

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
        self._known: Set[str] = {word for word in known if len(word) >= MIN_LENGTH and word.isalnum()}
        self._real = real_words
        self._index: Dict[str, Set[str]] = {}
        self._longest = max(map(len, self._known), default=0) + 2  # no known word is within reach of longer ones
        for word in sorted(self._known):
            for form in deletions(word, allowed_edits(len(word))):
                self._index.setdefault(form, set()).add(word)

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
        for form in deletions(word, edits):
            for candidate in self._index.get(form, ()):
                if candidate[0] != word[0] or abs(len(candidate) - len(word)) > edits:
                    continue
                away = distance(word, candidate, edits)
                if away > allowed_edits(len(candidate)):
                    continue
                if away < best_distance or (away == best_distance and best is not None and candidate < best):
                    best, best_distance = candidate, away
        return best
