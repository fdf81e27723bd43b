"""Edits between words, shared by what corrects spelling. Pure.

Words within a few edits share a form from which letters were left out (symmetric deletion, W. Garbe, 2012), so an index
of such forms finds them at a cost that does not depend on the number of known words.
"""

from __future__ import annotations

from typing import List, Set


def deletions(word: str, edits: int) -> Set[str]:
    """The word itself and all that is left after taking out up to `edits` letters."""
    found = {word}
    ring = {word}
    for _ in range(edits):
        ring = {w[:i] + w[i + 1 :] for w in ring for i in range(len(w))}
        found |= ring
    return found


def distance(a: str, b: str, limit: int) -> int:
    """Edits between two words (insert, delete, replace, swap neighbours); `limit` + 1 stands for more than that."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    while a and b and a[-1] == b[-1]:
        a, b = a[:-1], b[:-1]
    while a and b and a[0] == b[0]:
        a, b = a[1:], b[1:]
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
