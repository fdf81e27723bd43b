"""What triage's own classifier learns from: sentences and small grammars of data/veiligheid/zinnen_*.yml. Free of Rasa.

A line such as `(ik wil|ik wou dat ik) <dood> (ben|was)` stands for all sentences that its choices allow; a fixed number
of them is drawn, the same at every training. Every line is one family: sentences of one family never stand on both
sides when thresholds are chosen (docs/safety.md).
"""

from __future__ import annotations

import random
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Sequence

from ruamel.yaml import YAML

from nlu.levels import ORDER
from nlu.triage import FOLDER, ORDINARY

PATTERN = "zinnen_*.yml"
DRAWN = 12  # sentences that one line of grammar stands for at most
_STORY = 15  # words
_MISSPELT = 0.4  # share of the examples that come with a typing error as well
_MISSPELT_ORDINARY = 0.1
_BY_EAR = (
    ("ij", "ei"), ("ei", "ij"), ("au", "ou"), ("ou", "au"), ("cht", "gt"), ("ch", "g"), ("g", "ch"), ("c", "k"),
    ("dt", "t"), ("d", "t"), ("t", "d"), ("v", "f"), ("f", "v"), ("z", "s"), ("s", "z"), ("aa", "a"), ("ee", "e"),
    ("oo", "o"), ("uu", "u"), ("kk", "k"), ("ll", "l"), ("ss", "s"), ("tt", "t"), ("pp", "p"), ("en", "e"), ("ie", "i"),
    ("x", "ks"), ("y", "i"), ("th", "t"), ("ph", "f"),
)  # fmt: skip
_CHOICE = re.compile(r"\(([^()]*)\)")
_SLOT = re.compile(r"<([a-z_]+)>")


class ExampleError(ValueError):
    """A line of a grammar is written wrongly; the message names file and line."""


@dataclass(frozen=True)
class TriageExample:
    """One sentence.

    Attributes:
        text: as a customer could type it.
        label: name of a level, or `ORDINARY`.
        family: the line it comes from; sentences of one family resemble each other.
    """

    text: str
    label: str
    family: str


def read_documents(folder: Path = FOLDER) -> Dict[str, Mapping[str, Any]]:
    """The content of the files as {file name: content}. Raises `OSError` when the folder cannot be read."""
    yaml = YAML(typ="safe", pure=False)
    return {path.name: yaml.load(path.read_text(encoding="utf-8")) for path in sorted(folder.glob(PATTERN))}


def expand(documents: Mapping[str, Mapping[str, Any]]) -> List[TriageExample]:
    """All sentences that the files stand for, in a fixed order.

    Raises:
        ExampleError: an unknown level or slot, or brackets that do not match.
    """
    slots: Dict[str, Sequence[str]] = {}
    for name, document in documents.items():
        for slot, values in (document.get("vakjes") or {}).items():
            if slot in slots:
                raise ExampleError(f"{name}: the slot {slot} already exists.")
            slots[slot] = [str(value) for value in values]
    found: List[TriageExample] = []
    for name, document in documents.items():
        for label, lines in (document.get("zinnen") or {}).items():
            if label not in (*ORDER, ORDINARY):
                raise ExampleError(f"{name}: there is no level {label}.")
            for number, line in enumerate(lines):
                try:
                    found += [
                        TriageExample(text, label, f"{name}:{label}:{number}") for text in drawn(str(line), slots)
                    ]
                except ExampleError as error:
                    raise ExampleError(f"{name}, {label}, '{line}': {error}") from error
    return found


def drawn(line: str, slots: Mapping[str, Sequence[str]], count: int = DRAWN) -> List[str]:
    """At most `count` different sentences of one line, the same ones at every call."""
    if "(" not in line and "<" not in line:
        return [line]
    chance = random.Random(zlib.crc32(line.encode("utf-8")))  # noqa: S311  the same draw every time is the point
    texts: Dict[str, None] = {}
    for _ in range(count * 3):
        texts[_one(line, slots, chance)] = None
        if len(texts) == count:
            break
    return list(texts)


def _one(line: str, slots: Mapping[str, Sequence[str]], chance: random.Random) -> str:
    def slot(match: "re.Match[str]") -> str:
        if match.group(1) not in slots:
            raise ExampleError(f"there is no slot {match.group(1)}")
        return chance.choice(slots[match.group(1)])

    text = line
    for _ in range(20):
        chosen = _SLOT.sub(slot, text)
        chosen = _CHOICE.sub(lambda match: chance.choice(match.group(1).split("|")), chosen)
        if chosen == text:
            break
        text = chosen
    if any(mark in text for mark in "()<>|"):
        raise ExampleError("brackets that do not match")
    return re.sub(r"\s+([,.?!])", r"\1", re.sub(r"\s+", " ", text)).strip()


def sentences(folder: Path = FOLDER) -> Iterator[TriageExample]:
    """All sentences of a folder."""
    yield from expand(read_documents(folder))


def thinned(examples: Sequence[TriageExample], keep: int = 2) -> List[TriageExample]:
    """The examples with one in `keep` of the ordinary ones: plain questions about the shop teach triage little.

    Stories all stay, for in a story there is much that could be taken wrongly.
    """
    ordinary = 0
    found: List[TriageExample] = []
    for example in examples:
        if example.label == ORDINARY and len(example.text.split()) < _STORY:
            ordinary += 1
            if ordinary % keep:
                continue
        found.append(example)
    return found


def with_typing_errors(examples: Sequence[TriageExample]) -> List[TriageExample]:
    """The examples, and of some of them a second one with a typing error, always the same ones.

    Look-alikes get them as well, so that an error itself says nothing.
    """
    found = list(examples)
    for example in examples:
        chance = random.Random(zlib.crc32(example.text.encode("utf-8")))  # noqa: S311
        share = _MISSPELT_ORDINARY if example.label == ORDINARY else _MISSPELT
        if chance.random() < share:
            found.append(TriageExample(_misspelt(example.text.lower(), chance), example.label, example.family))
    return found


def _misspelt(text: str, chance: random.Random) -> str:
    words = text.split(" ")
    places = [i for i, word in enumerate(words) if len(word) > 3 and word.isalpha()]
    for place in chance.sample(places, min(len(places), 2)):
        words[place] = _mistake(words[place], chance)
    return " ".join(words)


def _mistake(word: str, chance: random.Random) -> str:
    """A word as somebody spells it by ear, else with a slip of the finger."""
    by_ear = [(wrong, right) for wrong, right in _BY_EAR if wrong in word[1:]]
    if by_ear and chance.random() < 0.6:
        old, new = chance.choice(by_ear)
        return word[0] + word[1:].replace(old, new, 1)
    i = chance.randrange(1, len(word) - 1)
    kind = chance.randrange(3)
    if kind == 0:
        return word[:i] + word[i + 1 :]
    if kind == 1:
        return word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    return word[:i] + word[i] + word[i:]
