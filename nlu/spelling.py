"""Corrects misspelt words towards the vocabulary of the training data, and mends words written together or apart.

A slip costs what it is worth: letters swapped, doubled, beside each other on the keyboard or alike in sound cost less
than any other letter, so that "ngast" is rather "angst" than "naast". Candidates are found by counting letters (numpy,
all known words at once) and by sound; their costs are computed one by one.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from itertools import accumulate
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

import numpy as np

_REMEMBERED = 20_000  # corrections kept, for customers make the same mistakes
_COMMON = 12  # a word this frequent in the examples is meant as it is written
_IMPORTANT_LENGTH = 7  # from here on a rare known word gives way to an important one
_MOST_UNKNOWN = 30  # words of one message that are corrected; more unknown words than that is no Dutch
_MOST_CANDIDATES = 16  # whose cost is computed
_MOST_DIFFERENT = 14  # letters between the common beginning and end of two words
_COLUMNS = 32  # letters that are told apart by their code
_LONGEST = 24  # letters of a word that is corrected
_BEGINNING = 1.2  # how much may be wrong there
_LONG_ENOUGH = 8  # letters of an important word to be found at the beginning of a longer one
_LONG = 11  # a word this long may begin with a misspelt one

# Costs of a slip; a whole letter wrong is 1.
_SWAP, _DOUBLE, _KEYBOARD, _VOWEL, _SOUND, _SAME_SOUND = 0.6, 0.5, 0.75, 0.8, 0.5, 0.4
_TOGETHER = 0.7  # a space forgotten
_FIRST_LETTER = 0.3  # on top: people seldom miss it
_ROUNDING = 1e-9  # of sums of costs in another order
_FREQUENCY_BONUS = 0.06  # per factor e of frequency
_IMPORTANT_BONUS = 0.3
_IMPORTANT_EXTRA = 0.3  # that an important word may be further away
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_ALIKE = ("dt", "vf", "zs", "ck", "gk", "sc", "iy", "ij", "mn", "bp", "gh", "qk", "uo")
_VOWELS = "aeiouy"

# Ordinary words must be this frequent in the examples to be a target, by the length of what was typed.
_TARGET_FREQUENCY = {2: 10**9, 3: 120, 4: 25, 5: 4}


def _near_letters() -> Dict[str, float]:
    costs: Dict[str, float] = {}
    for a in _VOWELS:
        for b in _VOWELS:
            costs[a + b] = _VOWEL
    for y, row in enumerate(_ROWS):
        for x, letter in enumerate(row):
            for j, i in ((y, x - 1), (y, x + 1), (y - 1, x), (y - 1, x + 1), (y + 1, x - 1), (y + 1, x)):
                if 0 <= j < len(_ROWS) and 0 <= i < len(_ROWS[j]):
                    costs[letter + _ROWS[j][i]] = _KEYBOARD
    for pair in _ALIKE:
        costs[pair] = costs[pair[::-1]] = _SOUND
    return costs


_COSTS = _near_letters()
# The same per letter that was typed; the letter itself is no slip.
_SLIPS = {x: {**{p[1]: cost for p, cost in _COSTS.items() if p[0] == x}, x: 0.0} for x in {p[0] for p in _COSTS}}
_LEAST = min(_COSTS.values())  # of any letter typed for another
_SOUNDS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        ("sch", "sg"),
        ("ch", "g"),
        ("ph", "f"),
        ("th", "t"),
        ("ij", "9"),
        ("ei", "9"),
        ("ou|au", "8"),
        ("8w", "8"),
        ("ie|y", "i"),
        ("c(?=[eiy9])", "s"),
        ("[cq]", "k"),
        ("x", "ks"),
        ("z", "s"),
        ("v", "f"),
        ("dt?$|dt", "t"),
        (r"(.)\1+", r"\1"),
    )
)


def sound_of(word: str) -> str:
    """How a Dutch word sounds, roughly: 'slegt' and 'slecht', 'oxitosine' and 'oxytocine' are the same."""
    for pattern, sound in _SOUNDS:
        word = pattern.sub(sound, word)
    return word


class Speller:
    """Knows words with their frequency and finds the best one within reach of a misspelt word."""

    def __init__(
        self, frequencies: Mapping[str, int], important: Iterable[str] = (), ordinary: Iterable[str] = ()
    ) -> None:
        """Prepares the look-ups.

        Args:
            frequencies: known words and how often they occur in the training data.
            important: the domain's own words; a rare known word gives way to them.
            ordinary: further words that are left as they are, such as names of other substances and shops.
        """
        self._frequency: Dict[str, int] = dict(frequencies)
        self._important = frozenset(important)
        self._ordinary = frozenset(ordinary)
        self._beginnings = [(word, _mask(word)) for word in sorted(self._important) if len(word) >= _LONG_ENOUGH]
        targets = {w for w in self._frequency if len(w) >= 3 and w.isalpha()} | self._important
        self._targets = _Targets(sorted(targets, key=lambda w: (len(w), w)), self._frequency)
        self._domain = _Targets(sorted(self._important, key=lambda w: (len(w), w)), self._frequency)
        self._corrected: Dict[str, Tuple[str, ...]] = {}

    def correct(self, word: str) -> str:
        """The best known word near this one, or the word itself; see `correct_all`."""
        return " ".join(self._remembered(word))

    def correct_all(self, typed: Sequence[str]) -> Tuple[List[str], List[str]]:
        """Corrects the words of a message.

        Args:
            typed: normalised words of at most `nlu.normalise.MAX_WORD` letters.

        Returns:
            The words as they were meant, and for each of them what was typed there, equally many.
        """
        words: List[str] = []
        origin: List[str] = []
        unknown = 0
        for word in self._with_boundaries_moved(typed):
            parts: Tuple[str, ...] = (word,)
            if not self._is_meant(word):
                unknown += word not in self._corrected
                if unknown <= _MOST_UNKNOWN:
                    parts = self._remembered(word)
            for part in parts:
                joined = words[-1] + part if words else ""
                if joined and self._belong_together(words[-1], part, joined):
                    words[-1] = joined
                    continue
                words.append(part)
                origin.append(word)
        return words, origin

    def knows(self, word: str) -> bool:
        """Whether the word occurs in the examples."""
        return word in self._frequency or word in self._important

    def _is_meant(self, word: str) -> bool:
        if len(word) < 3 or word in self._important or word in self._ordinary:
            return True
        frequency = self._frequency.get(word, 0)
        if frequency >= _COMMON or (frequency and len(word) < _IMPORTANT_LENGTH):
            return True
        return not frequency and not word.replace("-", "").isalpha()

    def _belong_together(self, first: str, second: str, joined: str) -> bool:
        if len(first) < 3 or len(second) < 3 or len(joined) < _IMPORTANT_LENGTH:
            return False
        if joined in self._important:
            return True
        often = self._frequency.get(joined, 0)
        rarest = min(self._frequency.get(first, 0), self._frequency.get(second, 0))
        return often >= 5 and rarest <= often

    def _with_boundaries_moved(self, typed: Sequence[str]) -> List[str]:
        """'lan gduurt' becomes 'lang duurt' when both are known then and neither was before."""
        words = list(typed)
        for i in range(len(words) - 1):
            first, second = words[i], words[i + 1]
            if self.knows(first) or self.knows(second) or len(first) < 2 or len(second) < 2:
                continue
            for a, b in ((first + second[0], second[1:]), (first[:-1], first[-1] + second)):
                if min(self._frequency.get(a, 0), self._frequency.get(b, 0)) >= 5:
                    words[i], words[i + 1] = a, b
        return words

    def _remembered(self, word: str) -> Tuple[str, ...]:
        known = self._corrected.get(word)
        if known is None:
            if len(self._corrected) >= _REMEMBERED:
                self._corrected.clear()
            known = self._corrected[word] = self._correct(word)
        return known

    def _correct(self, word: str) -> Tuple[str, ...]:
        if self._is_meant(word):
            return (word,)
        if "-" in word:
            parts = [part if self._is_meant(part) else self._correct(part)[0] for part in word.split("-")]
            return ("-".join(parts),)
        known = bool(self._frequency.get(word))
        best = self._best(word, only_important=known)
        if known:
            return (best[1],) if best else (word,)
        apart = self._apart(word)
        if apart and (best is None or apart[0] < best[0]):
            return apart[1]
        return (best[1],) if best else (word,)

    def _best(self, word: str, only_important: bool) -> Optional[Tuple[float, str]]:
        """The cheapest candidate with its cost."""
        most = _allowance(len(word))
        targets = self._domain if only_important else self._targets
        same = targets.by_sound.get(sound_of(word), ())
        best: Optional[Tuple[float, str]] = None
        near = targets.near(word, 2 if len(word) >= 6 else 1)
        for candidate in dict.fromkeys([*same, *near]):
            frequency = self._frequency.get(candidate, 0)
            is_important = candidate in self._important
            if not is_important and frequency < _TARGET_FREQUENCY.get(len(word), 2):
                continue
            limit = most + (_IMPORTANT_EXTRA if is_important and len(word) >= _IMPORTANT_LENGTH else 0.0)
            bonus = _FREQUENCY_BONUS * math.log1p(frequency) + (_IMPORTANT_BONUS if is_important else 0.0)
            first = _FIRST_LETTER if candidate[0] not in word[:2] or word[0] not in candidate[:2] else 0.0
            if candidate in same:
                cost = _SAME_SOUND + 0.5 * first
            else:
                # Nothing that is worse than the best so far needs to be worked out.
                enough = (limit if best is None else min(limit, best[0] + bonus)) - first + _ROUNDING
                if near[candidate] > enough:
                    continue
                cost = _cost(word, candidate, enough) + first
            if cost <= limit and (best is None or (cost - bonus, candidate) < best):
                best = cost - bonus, candidate
        if best is None:
            return self._beginning(word)
        if best[1] in self._important or self._is_meant(best[1]):
            return best
        # A misspelling that stands in the examples: on to what is meant by it.
        return self._best(best[1], only_important=True) or best

    def _beginning(self, word: str) -> Optional[Tuple[float, str]]:
        """An important word that a long one begins with, misspelt: 'emlatoninepilletje'."""
        if len(word) < _LONG:
            return None
        for candidate, letters in self._beginnings:
            size = len(candidate)
            if size < len(word) - 1 and not letters & ~_mask(word[: size + 1]):
                cost = min(_cost(word[:end], candidate, _BEGINNING) for end in (size - 1, size, size + 1))
                if 0.0 < cost <= _BEGINNING:
                    return cost, candidate
        return None

    def _apart(self, word: str) -> Optional[Tuple[float, Tuple[str, str]]]:
        """Two frequent words that were written together, with their cost."""
        if len(word) < 5:
            return None
        found = []
        for i in range(2, len(word) - 1):
            rarest = min(self._frequency.get(word[:i], 0), self._frequency.get(word[i:], 0))
            if rarest >= 40 and max(i, len(word) - i) >= 3:
                found.append((_TOGETHER - _FREQUENCY_BONUS * math.log1p(rarest), (word[:i], word[i:])))
        return min(found) if found else None


def _allowance(length: int) -> float:
    """How much may be wrong in a word of this length."""
    if length <= 3:
        return 0.6
    if length <= 5:
        return 1.0
    return 1.3 if length == 6 else 1.7


def _mask(word: str) -> int:
    """Which letters a word has, a bit each."""
    mask = 0
    for letter in word:
        mask |= 1 << (ord(letter) % _COLUMNS)
    return mask


class _Targets:
    """Words to correct towards, found by their letters and by their sound."""

    def __init__(self, words: Sequence[str], frequencies: Mapping[str, int]) -> None:
        """Takes the words sorted by length."""
        self.words = words
        self._counts = np.array([_counts(word) for word in words], dtype=np.int8).reshape(len(words), _COLUMNS)
        self._letters = (self._counts > 0).astype(np.float32)  # floats, for their product is the fast one
        self._drops = np.array([min(_letters(word)) for word in words])
        self._first = np.array([ord(word[0]) for word in words], dtype=np.uint8)
        self._commonness = np.array([0.15 * math.log1p(frequencies.get(w, 0)) for w in words], dtype=np.float32)
        self._lengths = np.array([len(word) for word in words])
        self._from = np.searchsorted(self._lengths, np.arange(_LONGEST + 4)).tolist()
        self.by_sound: Dict[str, List[str]] = {}
        for word in words:
            self.by_sound.setdefault(sound_of(word), []).append(word)

    def near(self, word: str, edits: int) -> Dict[str, float]:
        """The most promising words within so many edits, as far as their letters tell, and what each costs at least.

        The best one comes first.
        """
        if len(word) > _LONGEST:
            return {}
        start, end = self._from[max(len(word) - edits, 0)], self._from[len(word) + edits + 1]
        counts = np.array(_counts(word), dtype=np.int8)
        letters = (counts > 0).astype(np.float32)
        # Letters that only one of the two words has: those of the target, less the shared ones, and those missing.
        off = self._letters[start:end] @ (1.0 - 2.0 * letters) + letters.sum()
        found = (off <= 2 * edits).nonzero()[0]
        positions = found + start
        rank = off[found] - self._commonness[positions] + (self._first[positions] != ord(word[0]))
        if len(positions) > _MOST_CANDIDATES:
            few = rank.argpartition(_MOST_CANDIDATES)[:_MOST_CANDIDATES]
            positions, rank = positions[few], rank[few]
        positions = positions[rank.argsort()]
        more = np.maximum(counts - self._counts[positions], 0) @ _ONES
        longer = len(word) - self._lengths[positions]
        drop = min(_letters(word))
        # So many letters must give way to others, and so many go or come.
        least = [
            _LEAST * (many - size) + drop * size if size > 0 else _LEAST * many - drops * size
            for many, size, drops in zip(more.tolist(), longer.tolist(), self._drops[positions].tolist())
        ]
        return dict(zip([self.words[p] for p in positions.tolist()], least))


def _counts(word: str) -> List[int]:
    """How often a word has each letter; letters outside the alphabet share the columns."""
    counts = [0] * _COLUMNS
    for letter in word:
        counts[ord(letter) % _COLUMNS] += 1
    return counts


_ONES = np.ones(_COLUMNS, dtype=np.int8)


@lru_cache(maxsize=_REMEMBERED)
def _letters(word: str) -> Tuple[float, ...]:
    """What it costs to leave out each letter of a word, or to add it: less for one of two equal letters."""
    return tuple(_DOUBLE if (i and word[i - 1] == x) or word[i + 1 : i + 2] == x else 1.0 for i, x in enumerate(word))


def _cost(typed: str, meant: str, limit: float) -> float:
    """What it takes to type one word for the other; more than `limit` when it is more than that."""
    begin, end, other_end = 0, len(typed), len(meant)
    while begin < end and begin < other_end and typed[begin] == meant[begin]:
        begin += 1
    while end > begin and other_end > begin and typed[end - 1] == meant[other_end - 1]:
        end, other_end = end - 1, other_end - 1
    if end - begin > _MOST_DIFFERENT or other_end - begin > _MOST_DIFFERENT:
        return limit + 1.0
    out, added = _letters(typed)[begin:end], _letters(meant)[begin:other_end]
    wanted = meant[begin:other_end]
    last = [0.0, *accumulate(added)]
    before, lowest_before = last, 0.0
    previous = ""
    # Written out without calls: this runs a hundred thousand times in a training.
    for x, drop in zip(typed[begin:end], out):
        diagonal = last[0]
        cell = lowest = diagonal + drop
        row = [cell]
        left = ""
        slips = _SLIPS.get(x) or {x: 0.0}
        for k, y in enumerate(wanted):
            cost = diagonal + slips.get(y, 1.0)
            diagonal = last[k + 1]
            if diagonal + drop < cost:
                cost = diagonal + drop
            if cell + added[k] < cost:
                cost = cell + added[k]
            if x == left and y == previous and before[k - 1] + _SWAP < cost:
                cost = before[k - 1] + _SWAP
            row.append(cost)
            if cost < lowest:
                lowest = cost
            cell, left = cost, y
        if lowest > limit and lowest_before + _SWAP > limit:
            return limit + 1.0
        before, last, lowest_before, previous = last, row, lowest, x
    return last[-1]
