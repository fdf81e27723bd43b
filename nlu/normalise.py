"""Brings a customer's message into the form that all understanding works on. Pure and linear in the text's length."""

from __future__ import annotations

import re
import unicodedata
from typing import Dict, List, Mapping

MAX_CHARACTERS = 2_000
MAX_WORDS = 250
MAX_WORD = 40

THUMBS = ("\U0001f44d", "\U0001f44e")  # a word only when the abbreviations write them out
_ADDRESS = re.compile(r"(?:https?://|www\.)\S{1,300}|[\w.+-]{1,64}@[\w-]{1,64}\.[\w.]{2,64}")
_REPEATED = re.compile(r"([^\W\d])\1{2,}")
_WORD = re.compile(r"[^\W_]+(?:[-'][^\W_]+)*|[\U0001f44d\U0001f44e]")  # or a thumb
_LETTERS = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'", "–": "-", "—": "-", "ß": "ss", "ø": "o", "æ": "ae"})
# One spelling for what is written in many ways: "5 htp", "vit. b 6", "b-12", "omega-3", "l tryptofaan".
_JOINED = (
    (re.compile(r"\b5[\s-]*h[\s-]*t[\s-]*p\b"), "5htp"),
    (re.compile(r"\b5[\s-]*ht\b"), "5ht"),
    (re.compile(r"\bvit(?:amine)?s?[\s.-]*([abcdek])(?:[\s-]?(\d{1,2}))?\b"), r"vitamine \1\2"),
    (re.compile(r"\bb[\s-](\d{1,2})\b"), r"b\1"),
    (re.compile(r"\bomega[\s-]*(\d)\b"), r"omega\1"),
    (re.compile(r"^mg(?=\s+[a-z])"), "magnesium"),  # in front of everything it is no weight
    (re.compile(r"\bl[\s-]+(tryptofaan|theanine|threonaat)"), r"\1"),
)
_MAY_JOIN = re.compile(r"\d|vit|\bl[\s-]|\bb[\s-]|^mg\b")  # what one of those needs


def fold(text: str) -> str:
    """Lower case without accents: 'Één Bacteriën' gives 'een bacterien'. Keeps the length of plain text."""
    if text.isascii():
        return text.lower().replace("`", "'")
    decomposed = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def words(text: str, abbreviations: Mapping[str, str]) -> List[str]:
    """Splits a message into normalised words.

    Args:
        text: what the customer typed, any length and alphabet; characters past `MAX_CHARACTERS` don't count.
        abbreviations: chat abbreviations and what they stand for, both folded ({'wrm': 'waarom'}).

    Returns:
        At most `MAX_WORDS` words, folded, abbreviations written out, letters repeated three times or more only once.
    """
    folded = _ADDRESS.sub(" ", fold(text[:MAX_CHARACTERS])[:MAX_CHARACTERS])
    folded = _REPEATED.sub(r"\1", folded)
    if _MAY_JOIN.search(folded):
        for pattern, replacement in _JOINED:
            folded = pattern.sub(replacement, folded)
    found: List[str] = []
    for match in _WORD.finditer(folded):
        word = match.group()[:MAX_WORD].strip("'-")
        if word in THUMBS and word not in abbreviations:
            continue
        found.extend(abbreviations.get(word, word).split())
        if len(found) >= MAX_WORDS:
            break
    return found[:MAX_WORDS]


def key(text: str, abbreviations: Mapping[str, str]) -> str:
    """The form in which two spellings of the same sentence are equal, for exact look-ups."""
    return " ".join(words(text, abbreviations))


def fold_mapping(mapping: Mapping[str, str]) -> Dict[str, str]:
    """A mapping with both sides folded, as `words` expects its abbreviations."""
    return {fold(short): fold(long) for short, long in mapping.items()}
