"""Looks up the domain's own words in a message: onderwerp, aspect, schakel, blokkade, other substances.

The words stand in `data/woordenboek/*.yml`. A concept is found by whole words or phrases (`woord`) and by the
beginning of a word (`begin`), so that Dutch compounds count (`darmbacteriën`, `magnesiumtekort`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, FrozenSet, Iterable, List, Mapping, NamedTuple, Sequence, Set, Tuple

from ruamel.yaml import YAML

from nlu.normalise import fold, fold_mapping

FOLDER = Path("data/woordenboek")
FILES = (
    *("afkortingen", "onderwerpen", "schakels", "aspecten", "andere_stoffen", "spelling"),
    *("ketenvragen", "gesprekswoorden", "adviesantwoorden", "bijnamen", "lezingen"),
)
_MIN_BEGIN = 3
_REMEMBERED = 20_000  # words whose look-up is kept


class Found(NamedTuple):
    """One concept in a message: its name and the position of its first word and the one after its last."""

    name: str
    start: int
    end: int


class Concepts:
    """A named group of concepts, looked up in time linear in the number of words."""

    def __init__(self, definitions: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        """Takes {name: {"begin": [...], "woord": [...]}} in order of preference."""
        self.names: List[str] = list(definitions)
        self._beginnings: Dict[str, List[str]] = {}
        self._phrases: Dict[str, List[Tuple[Tuple[str, ...], str]]] = {}
        self._words: Dict[str, Tuple[Tuple[str, ...], Sequence[Tuple[Tuple[str, ...], str]]]] = {}
        self._empty: Set[str] = set()  # words that carry nothing: most of them
        self._last: Tuple[Sequence[str], List[Found]] = ((), [])
        for name, definition in definitions.items():
            for beginning in definition.get("begin") or []:
                if len(beginning) < _MIN_BEGIN:
                    raise ValueError(f"{name}: the beginning '{beginning}' is too short to mean anything.")
                if " " in beginning:
                    raise ValueError(
                        f"{name}: '{beginning}' is more than the beginning of one word; write it under woord."
                    )
                self._beginnings.setdefault(fold(beginning)[:_MIN_BEGIN], []).append(f"{fold(beginning)} {name}")
            for phrase in definition.get("woord") or []:
                parts = tuple(fold(str(phrase)).split())
                self._phrases.setdefault(parts[0], []).append((parts, name))

    def find(self, words: Sequence[str]) -> List[Found]:
        """All concepts in normalised words, in order of position; a word may carry several. Not to be changed."""
        last_words, last_found = self._last
        if words is last_words and type(words) is tuple:  # a message is looked through several times
            return last_found
        found: List[Found] = []
        known, empty = self._words, self._empty
        for i, word in enumerate(() if empty.issuperset(words) else words):
            if word in empty:
                continue
            begun, phrases = known.get(word) or self._of_word(word)
            names = dict.fromkeys(begun, i + 1)
            for parts, name in phrases:
                if tuple(words[i : i + len(parts)]) == parts:
                    names[name] = max(names.get(name, 0), i + len(parts))
            found.extend(Found(name, i, end) for name, end in names.items())
        self._last = (words, found)
        return found

    def _of_word(self, word: str) -> Tuple[Tuple[str, ...], Sequence[Tuple[Tuple[str, ...], str]]]:
        """Concepts that the word begins like, and phrases of which it is the first word."""
        entries = (entry.partition(" ") for entry in self._beginnings.get(word[:_MIN_BEGIN], ()))
        begun = tuple(dict.fromkeys(name for beginning, _, name in entries if word.startswith(beginning)))
        found = (begun, self._phrases.get(word, ()))
        if len(self._words) + len(self._empty) >= _REMEMBERED:
            self._words.clear()
            self._empty.clear()
        if any(found):
            self._words[word] = found
        else:
            self._empty.add(word)
        return found


@dataclass(frozen=True)
class Lexicon:
    """All look-ups together, made from the plain data that is also kept inside the model."""

    data: Mapping[str, Any]
    abbreviations: Mapping[str, str]
    onderwerp: Concepts
    aspect: Concepts
    schakel: Concepts
    blokkade: Concepts
    other: Concepts
    organ: Concepts
    shop: Concepts
    important: FrozenSet[str]

    def names_of_others(self) -> FrozenSet[str]:
        """Every word in a name of another substance, part of the body or shop; not to be taken for a misspelling."""
        lists = ("andere_stoffen", "organen", "andere_winkels")
        return frozenset(word for name in lists for item in self.data[name] for word in fold(str(item)).split())

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Lexicon:
        """Builds the look-ups from the joined content of the dictionary files."""
        return cls(
            data=data,
            abbreviations=fold_mapping(data["afkortingen"]),
            onderwerp=Concepts(data["onderwerpen"]),
            aspect=Concepts(data["aspecten"]),
            schakel=Concepts(data["schakels"]),
            blokkade=Concepts(data["blokkades"]),
            other=Concepts(
                {
                    **{str(name): {"woord": [str(name)]} for name in data["andere_stoffen"]},
                    **{f"{start}...": {"begin": [start]} for start in data["andere_stoffen_begin"]},
                }
            ),
            organ=Concepts({str(name): {"woord": [str(name)]} for name in data["organen"]}),
            shop=Concepts({str(name): {"woord": [str(name)]} for name in data["andere_winkels"]}),
            important=frozenset(fold(str(word)) for word in data["spelling"]),
        )

    @classmethod
    def load(cls, folder: Path = FOLDER) -> Lexicon:
        """Reads the dictionary files. Raises OSError or KeyError when one is missing or lacks its list."""
        return cls.from_data(read_data(folder))


def read_data(folder: Path = FOLDER) -> Dict[str, Any]:
    """The joined content of the dictionary files as plain data."""
    data: Dict[str, Any] = {}
    for name in FILES:
        data.update(YAML(typ="safe", pure=True).load((folder / f"{name}.yml").read_text(encoding="utf-8")))
    return data


def unique_names(found: Iterable[Found]) -> List[str]:
    """Names in order of first appearance, each once."""
    return list(dict.fromkeys(item.name for item in found))
