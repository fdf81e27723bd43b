"""Claims linter: what a text of the shop says about substances, against what the law lets it say. Free of Rasa.

The rules are data (data/veiligheid/claims.yml). A finding is a reason to look, sentence by sentence; it needs words of
a substance or product *and* of a benefit, illness, dose or offer in one sentence, and passes research and denial
("is onderzocht bij ... met wisselende uitkomst", "geen middel tegen angst").
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Sequence, Tuple

from ruamel.yaml import YAML

CLAIMS = Path("data/veiligheid/claims.yml")

# Where customers' texts stand. Patterns of places that don't exist yet do no harm.
SOURCES = (
    "data/*/*.yml",
    "winkel.yml",
    "widget/texts.nl.js",
    "desk/**/*.yml",
    "desk/**/*.txt",
    "desk/**/*.html",
)
# Folders of which only `responses:` and `teksten:` are said to customers; the rest is examples and word lists.
_NOT_ALL_TEXT = frozenset(["advies", "faq", "gesprek", "gesprekken", "keten", "veiligheid", "woordenboek"])
_JS_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_TAG = re.compile(r"<[^>]*>|\{[%{#].*?[%}#]\}", re.DOTALL)

DISEASE = "ziekteclaim"
NUTRIENT = "niet toegestane claim"
DOSE = "dosering"
OFFER = "product naast klacht"
PRESCRIPTION = "receptplichtig"
WORD = "verboden woord"

_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_NUMBER = r"(?:\d+(?:[.,]\d+)?|een|één|twee|drie|vier|vijf|halve)"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: the rule's name, the sentence, and which words of it."""

    rule: str
    excerpt: str
    words: str


class ClaimsLinter:
    """The rules of claims.yml, compiled. Immutable."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        """Takes the content of claims.yml. Raises `KeyError` when a list is missing."""
        self._data = data
        self._words: Dict[int, "re.Pattern[str]"] = {}
        self._authorised = [(_any(item["middel"]), _any(item["effecten"])) for item in data["toegestaan"]]
        dose = data["dosering"]
        self._dose = re.compile(
            rf"\b{_NUMBER}(?:\s*(?:-|tot|à|a)\s*{_NUMBER})?\s*(?:{_alternatives(dose['eenheden'])})\b"
        )
        self._dose_allowed = re.compile("|".join(re.escape(_plain(text)) for text in dose["toegestaan"]))

    def lint(self, text: str) -> List[Finding]:
        """All findings in one text, in the order of its sentences."""
        findings: List[Finding] = []
        sentences = [part.strip() for part in _SENTENCE.split(text) if part.strip()]
        for number, sentence in enumerate(sentences):
            plain = _plain(sentence)
            before = _plain(sentences[number - 1]) if number else ""
            # A question is not a claim; its answer is looked at by itself.
            if not plain.endswith("?"):
                findings += self._disease(plain, sentence)
                findings += self._nutrient(plain, sentence)
                findings += self._offer(plain, before, sentence)
            findings += self._dosing(plain, sentence)
            findings += self._prescription(plain, sentence)
            findings += self._forbidden(plain, sentence)
        return findings

    def _has(self, key: Sequence[str], plain: str) -> str:
        """The first of the words in the text, '' when there is none."""
        pattern = self._words.get(id(key))
        if pattern is None:
            pattern = self._words[id(key)] = _any(key)
        match = pattern.search(plain)
        return match.group(0).strip() if match else ""

    def _denied(self, plain: str) -> bool:
        return bool(self._has(self._data["ontkenning"], plain))

    def _disease(self, plain: str, sentence: str) -> Iterable[Finding]:
        verb = self._has(self._data["ziektewerkwoorden"], plain)
        illness = self._has(self._data["ziekten"], plain)
        about = self._has(self._data["alleen_over"], plain)
        if verb and illness and about and not self._denied(plain):
            yield Finding(DISEASE, sentence, f"{about}: {verb} {illness}")

    def _nutrient(self, plain: str, sentence: str) -> Iterable[Finding]:
        if self._denied(plain):
            return
        substance = self._has(self._data["geen_claim"], plain)
        of_body = self._has(self._data["stoffen_van_je_lichaam"], plain)
        if not substance and of_body and self._has(self._data["als_product"], plain):
            substance = of_body
        verb = self._has(self._data["werkwoorden"], plain)
        effect = self._has(self._data["effecten"], plain)
        if substance and verb and effect:
            yield Finding(NUTRIENT, sentence, f"{substance}: {verb} {effect}")
            return
        strong = self._has(self._data["sterke_werkwoorden"], plain)
        if not (self._has(self._data["bijdraagt"], plain) or (strong and effect)):
            return
        for about, effects in self._authorised:
            match = about.search(plain)
            if match and not effects.search(plain):
                yield Finding(NUTRIENT, sentence, f"{match.group(0).strip()}: {strong or 'draagt bij'}")
                return

    def _dosing(self, plain: str, sentence: str) -> Iterable[Finding]:
        dose = self._data["dosering"]
        substance = self._has(dose["stoffen_zonder_getal"], plain)
        for match in self._dose.finditer(plain):
            if self._dose_allowed.search(match.group(0)):
                if not substance or self._has(dose["getal_toegestaan_bij"], plain):
                    continue
            elif not self._is_dose(match.group(0), substance, plain):
                continue
            yield Finding(DOSE, sentence, match.group(0))
            return

    def _is_dose(self, amount: str, substance: str, plain: str) -> bool:
        """Whether an amount is a dose: of a substance that never gets one, per day, or after "neem"."""
        dose = self._data["dosering"]
        if self._has(dose["per"], plain):
            return True
        if amount.startswith("een "):  # "een capsule" is mostly just an article
            return False
        return bool(substance or self._has(dose["aansporing"], plain))

    def _offer(self, plain: str, before: str, sentence: str) -> Iterable[Finding]:
        offer = self._has(self._data["aanbod"], plain)
        complaint = self._has(self._data["klachten"], plain) or self._has(self._data["klachten"], before)
        excused = self._denied(plain) or self._has(self._data["aanbod_uitzondering"], plain)
        if offer and complaint and not excused:
            yield Finding(OFFER, sentence, f"{complaint}: {offer}")

    def _prescription(self, plain: str, sentence: str) -> Iterable[Finding]:
        rules = self._data["receptplichtig"]
        medicine = self._has(rules["middelen"], plain)
        if medicine and not plain.endswith("?") and not self._has(rules["uitzondering"], plain):
            near = _around(medicine, plain)
            words = self._has(rules["gebruik"], near) or self._has(rules["voordeel"], near)
            if words:
                yield Finding(PRESCRIPTION, sentence, f"{medicine}: {words}")
        other = self._has(rules["andere_middelen"], plain)
        advertised = self._has(rules["reclame"], plain)
        if other and advertised and not self._has(rules["uitzondering"], plain):
            yield Finding(PRESCRIPTION, sentence, f"{other}: {advertised}")

    def _forbidden(self, plain: str, sentence: str) -> Iterable[Finding]:
        for entry in self._data["verboden_woorden"]:
            word = _plain(entry["woord"])
            excused = any(_plain(exception) in plain for exception in entry.get("uitzondering") or ())
            if not excused and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", plain):
                yield Finding(WORD, sentence, f"{entry['woord']} ({entry['reden']})")


def read_claims(path: Path = CLAIMS) -> ClaimsLinter:
    """Reads the rules. Raises `OSError` when the file is missing and `KeyError` when a list in it is."""
    return ClaimsLinter(YAML(typ="safe").load(path.read_text(encoding="utf-8")))


def texts_of_file(path: Path) -> Dict[str, str]:
    """Every Dutch text under `responses:` or `teksten:` of a data file, as {name, with /meer or a number: text}."""
    document = YAML(typ="safe").load(path.read_text(encoding="utf-8")) or {}
    texts: Dict[str, str] = {}
    for name, variations in {**(document.get("responses") or {}), **(document.get("teksten") or {})}.items():
        for number, variation in enumerate(variations):
            label = name if number == 0 else f"{name}#{number + 1}"
            texts[label] = variation.get("text", "")
            more = (variation.get("metadata") or {}).get("meer")
            if more:
                texts[f"{label}/meer"] = more
            for button in variation.get("buttons") or ():
                texts[f"{label}/knop {button['title']}"] = button["title"]
    return texts


def sources(root: Path = Path()) -> List[Path]:
    """Every file with text that a customer can see, in a fixed order; add a line to `SOURCES` for a new place."""
    return sorted({path for pattern in SOURCES for path in root.glob(pattern) if path.is_file()})


def texts_of_source(path: Path) -> Dict[str, str]:
    """The texts of any of `sources`, as {where: text}; each kind of file is read in its own way.

    Raises:
        OSError: the file cannot be read.
    """
    if path.suffix == ".js":
        return {f"tekst {i}": text for i, text in enumerate(_JS_TEXT.findall(path.read_text(encoding="utf-8")), 1)}
    if path.suffix in (".txt", ".html"):
        return {path.name: _TAG.sub(" ", path.read_text(encoding="utf-8"))}
    if path.parent.name in _NOT_ALL_TEXT:
        return texts_of_file(path)
    return dict(_strings(YAML(typ="safe").load(path.read_text(encoding="utf-8")), ""))


def _strings(value: Any, where: str) -> Iterable[Tuple[str, str]]:
    """All texts of several words in a document, with the way to each."""
    if isinstance(value, str):
        if " " in value.strip():
            yield where, value
    elif isinstance(value, dict):
        for key, below in value.items():
            yield from _strings(below, f"{where}/{key}")
    elif isinstance(value, list):
        for number, below in enumerate(value, 1):
            yield from _strings(below, f"{where}/{number}")


def _around(word: str, plain: str, reach: int = 60) -> str:
    """The text within `reach` characters of a word."""
    place = plain.find(word)
    return plain[max(0, place - reach) : place + len(word) + reach]


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.lower().replace("’", "'"))
    return re.sub(r"[ \t]+", " ", "".join(c for c in decomposed if not unicodedata.combining(c)))


def _alternatives(words: Sequence[str]) -> str:
    # A word matches from its beginning, so that "slaap" finds "slaapt"; "*" stands for up to four words.
    escaped = [re.escape(_plain(str(word))).replace(r"\*", r"(?:\S+ ){0,4}?\S*") for word in words]
    return "|".join(sorted(escaped, key=len, reverse=True))


def _any(words: Sequence[str]) -> "re.Pattern[str]":
    return re.compile(rf"(?<!\w)(?:{_alternatives(words)})\w*")
