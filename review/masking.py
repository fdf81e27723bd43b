"""Takes personal data out of messages before a person reads them as possible examples.

Recognised are e-mail addresses, links, @names, telephone numbers, dates, account, order and parcel numbers, Dutch
postcodes, street with number, other long numbers, and a name after words such as "mijn naam is". Names in general can't
be recognised reliably, nor Belgian postcodes; the owner has to look for those.
"""

from __future__ import annotations

import re
from typing import Callable, List, Tuple, Union

MASK = "***"  # understanding sees no word in it
_UNITS = r"(?:mg|mcg|ug|µg|g|gr|gram|kg|ml|cl|l|ie|iu|kcal|uur|dagen|euro|cm|km)"
# Two-letter words that follow a number of four digits without making it a postcode.
_NO_POSTCODE = frozenset(
    {
        "mg",
        "ml",
        "ie",
        "iu",
        "kg",
        "gr",
        "cl",
        "cm",
        "km",
        "en",
        "of",
        "is",
        "ik",
        "je",
        "ze",
        "we",
        "in",
        "op",
        "te",
        "om",
        "na",
        "er",
        "al",
        "zo",
        "nu",
        "ga",
    }
)

Replacement = Union[str, Callable[["re.Match[str]"], str]]


def _long_enough(match: "re.Match[str]") -> str:
    return MASK if sum(c.isdigit() for c in match.group()) >= 7 else match.group()


def _postcode(match: "re.Match[str]") -> str:
    return match.group() if match.group(1).lower() in _NO_POSTCODE else MASK


_PATTERNS: Tuple[Tuple["re.Pattern[str]", Replacement], ...] = (
    (re.compile(r"(?:https?://|www\.)\S+", re.I), MASK),
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*"), MASK),
    (re.compile(r"(?<!\w)@\w+"), MASK),
    (re.compile(r"\b[a-z]{2}\d{2}(?:\s?[a-z0-9]{4}){2,7}(?:\s?[a-z0-9]{1,3})?\b(?<=\d)", re.I), MASK),
    (re.compile(r"\b[1-9]\d{3}\s?([a-z]{2})\b", re.I), _postcode),
    (
        re.compile(
            r"\b\w+(?:straat|laan|weg|plein|dijk|kade|hof|steeg|gracht|singel|dreef|pad|baan|lei)\s+\d+\s?[a-z]?\b",
            re.I,
        ),
        MASK,
    ),
    (
        re.compile(
            r"(\b(?:bestel|order|factuur|klant|pakket|zending|track)[a-z&]*(?:\s*(?:nummer|nr\.?|code|trace))?"
            r"(?:\s+is)?\s*[:#]?\s*)(?=[a-z0-9-]*\d)[a-z0-9][a-z0-9-]*",
            re.I,
        ),
        rf"\g<1>{MASK}",
    ),
    (re.compile(r"(?:\+|\b)\d[\d\s()./-]{5,40}\d\b"), _long_enough),
    (re.compile(rf"\b(?!\d+{_UNITS}\b)(?=(?:[a-z-]*\d){{4}})(?=[\d-]*[a-z])[a-z0-9-]{{5,}}\b", re.I), MASK),
    (re.compile(r"\d{5,}"), MASK),
    (
        re.compile(
            r"(\b(?:mijn naam is|ik heet|ze noemen me)\s+)[^\W\d]+(?:\s+(?:van|de|der|den|ten|ter)\b)*"
            r"(?:\s+(?-i:[A-Z])[^\W\d]+)?",
            re.I,
        ),
        rf"\g<1>{MASK}",
    ),
    (
        re.compile(
            r"(\b(?:groet(?:en|jes)?|mvg|dhr\.?|mevr\.?|mevrouw|meneer|mijnheer)[\s,]+(?:van\s+)?)"
            r"(?-i:[A-Z])[^\W\d]+(?:\s+(?:van|de|der|den)\b)*(?:\s+(?-i:[A-Z])[^\W\d]+)?",
            re.I,
        ),
        rf"\g<1>{MASK}",
    ),
)


def mask(text: str) -> str:
    """The text on one line with personal data replaced by `MASK`, and without what would be markup in an example."""
    text = " ".join(text.split())
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return " ".join(_plain(text).split())


def _plain(text: str) -> str:
    """Without control characters, and without the brackets that mark entities in Rasa's examples."""
    kept: List[str] = [c if c.isprintable() and c not in "[]{}" else " " for c in text]
    return "".join(kept)
