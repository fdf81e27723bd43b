"""Makes misspelt versions of messages by slips of the finger, always the same ones for the same message."""

from __future__ import annotations

import random
from typing import Dict, List, Sequence

from evaluation.datasets import Sample

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_SHORTEST = 4  # words below this length are left alone: a slip there makes another word


def _neighbours() -> Dict[str, str]:
    near: Dict[str, str] = {}
    for y, row in enumerate(_ROWS):
        for x, letter in enumerate(row):
            around = [(y, x - 1), (y, x + 1), (y - 1, x), (y - 1, x + 1), (y + 1, x - 1), (y + 1, x)]
            near[letter] = "".join(_ROWS[j][i] for j, i in around if 0 <= j < 3 and 0 <= i < len(_ROWS[j]))
    return near


NEIGHBOURS = _neighbours()


def misspell(text: str, edits: int, seed: int = 0) -> str:
    """The text with `edits` slips in its longer words: a neighbouring key, a letter missing, doubled, swapped or extra.

    Depends on the text and the seed alone. A text without words of four letters stays as it is, and so does one whose
    slip swaps two equal letters ("aa").
    """
    chance = random.Random(f"{seed}:{edits}:{text}")  # noqa: S311 - repeatable, not secret
    for _ in range(edits):
        text = _slip(text, chance)
    return text


def _slip(text: str, chance: random.Random) -> str:
    places = _places(text)
    if not places:
        return text
    i = chance.choice(places)
    letter = text[i]
    kind = chance.choice(("neighbour", "missing", "double", "swap", "extra"))
    if kind == "neighbour":
        return text[:i] + chance.choice(NEIGHBOURS[letter.lower()]) + text[i + 1 :]
    if kind == "missing":
        return text[:i] + text[i + 1 :]
    if kind == "double":
        return text[:i] + letter + text[i:]
    if kind == "extra":
        return text[: i + 1] + chance.choice(NEIGHBOURS[letter.lower()]) + text[i + 1 :]
    j = i + 1 if i + 1 in places else i - 1
    first, second = sorted((i, j))
    return text[:first] + text[second] + text[first] + text[second + 1 :]


def _places(text: str) -> List[int]:
    """Positions of the letters a to z in words of at least `_SHORTEST` such letters."""
    found: List[int] = []
    word: List[int] = []
    for i, character in enumerate(text + " "):
        if character.lower() in NEIGHBOURS:
            word.append(i)
            continue
        if len(word) >= _SHORTEST:
            found += word
        word = []
    return found


def misspelt(samples: Sequence[Sample], edits: int, seed: int = 0) -> List[Sample]:
    """The same samples with `edits` slips each."""
    return [Sample(misspell(sample.text, edits, seed), sample.label, sample.kind) for sample in samples]
