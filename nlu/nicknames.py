"""What customers call a substance whose name they don't know: "dat blije stofje", "slaaphormoontje". Pure."""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, List, Mapping, Sequence, Tuple

_JOINTS = ("", "s", "en")  # between the two parts of a compound: geluk-s-stofje


class Nicknames:
    """Writes the name for a nickname, so that everything learnt about the name holds for it too.

    A nickname is a quality and a kind of thing, in one word or in two; `data/woordenboek/bijnamen.yml` holds both.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        """Takes the joined content of the dictionary files. Raises KeyError when a list is missing."""
        things: List[str] = [str(thing) for thing in data["dingen"]]
        self._things = frozenset(things)
        self._names: Dict[str, str] = {}
        self._qualities: Dict[Tuple[str, ...], str] = {}
        for name, qualities in data["bijnamen"].items():
            for quality in qualities:
                parts = tuple(str(quality).split())
                self._qualities[parts] = str(name)
                if len(parts) == 1:
                    for thing in things:
                        self._names.update({parts[0] + joint + thing: str(name) for joint in _JOINTS})
        self._most = max(len(parts) for parts in self._qualities)

    @property
    def compounds(self) -> FrozenSet[str]:
        """Nicknames of one word, which the speller must leave as they are."""
        return frozenset(self._names)

    def written_out(self, words: Sequence[str], typed: Sequence[str]) -> Tuple[List[str], List[str]]:
        """Words with names for nicknames.

        Args:
            words: normalised words with spelling corrected.
            typed: for each word what was typed there.

        Returns:
            Words and what was typed, equally many; of several words that became one the first typed.
        """
        if self._things.isdisjoint(words) and not any(word in self._names for word in words):
            return list(words), list(typed)
        found: List[str] = []
        origin: List[str] = []
        i = 0
        while i < len(words):
            length, name = self._at(words, i)
            found.append(name)
            origin.append(typed[i])
            i += length
        return found, origin

    def _at(self, words: Sequence[str], i: int) -> Tuple[int, str]:
        """How many words at a place are one name, and that name; 1 and the word itself when they are none."""
        if words[i] in self._names:
            return 1, self._names[words[i]]
        for length in range(self._most, 0, -1):
            if i + length < len(words) and words[i + length] in self._things:
                name = self._qualities.get(tuple(words[i : i + length]))
                if name:
                    return length + 1, name
        return 1, words[i]
