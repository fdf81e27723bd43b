"""Helplines: numbers and addresses for the safety replies, checked when they are read. Free of Rasa's classes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Dict, FrozenSet, List, Mapping

from ruamel.yaml import YAML

HELPLINES = Path("data/veiligheid/hulplijnen.yml")
COUNTRIES = frozenset({"NL", "BE"})
_NAME = re.compile(r"[a-z_]+")
_PHONE = re.compile(r"[0-9][0-9 -]{1,14}")
_ADDRESS = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
_KEYS = frozenset({"organisatie", "waarde", "land", "bron", "gecontroleerd", "check"})


class HelplineError(Exception):
    """An entry is missing or wrong. The message names the file and the entry and can be shown as it is."""


@dataclass(frozen=True)
class Helpline:
    """One number or address.

    Attributes:
        name: the placeholder's name in a reply.
        organisation: who answers.
        value: the number or address as the customer reads it.
        countries: of NL and BE.
        source: where it was looked up.
        checked: when it was last confirmed.
        to_confirm: the shop still has to confirm it before going live.
    """

    name: str
    organisation: str
    value: str
    countries: FrozenSet[str]
    source: str
    checked: date
    to_confirm: bool


@dataclass(frozen=True)
class Helplines:
    """All entries by name, and after how many days they must be looked up again."""

    lines: Mapping[str, Helpline]
    max_age_days: int

    def placeholders(self) -> Dict[str, str]:
        """{placeholder: text} for the replies."""
        return {name: line.value for name, line in self.lines.items()}

    def overdue(self, today: date) -> List[str]:
        """Names of the entries that were last checked too long ago, in order."""
        return [name for name, line in self.lines.items() if (today - line.checked).days > self.max_age_days]

    def unconfirmed(self) -> List[str]:
        """Names of the entries that the shop still has to confirm."""
        return [name for name, line in self.lines.items() if line.to_confirm]


def read_helplines(path: Path = HELPLINES) -> Helplines:
    """Reads and checks the file.

    Raises:
        HelplineError: the file is missing, or an entry is incomplete, unknown or not a number or address.
    """
    try:
        document = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise HelplineError(f"{path} is missing: without it no safety reply can be given.") from None
    max_age = document.get("maximale_leeftijd_dagen")
    if not isinstance(max_age, int) or not 1 <= max_age <= 730:
        raise HelplineError(f"{path}: maximale_leeftijd_dagen should be a number of days from 1 to 730.")
    lines = {name: _helpline(path, name, entry) for name, entry in (document.get("hulplijnen") or {}).items()}
    if not lines:
        raise HelplineError(f"{path}: hulplijnen is empty.")
    return Helplines(lines, max_age)


def helpline_placeholders(path: Path = HELPLINES) -> Dict[str, str]:
    """{placeholder: number or address}; raises `HelplineError` like `read_helplines`."""
    return read_helplines(path).placeholders()


def _helpline(path: Path, name: str, entry: Any) -> Helpline:
    def wrong(problem: str) -> HelplineError:
        return HelplineError(f"{path}, {name}: {problem}.")

    if not _NAME.fullmatch(name):
        raise wrong("a name holds only a to z and _")
    if not isinstance(entry, dict) or set(entry) != _KEYS:
        raise wrong(f"needs exactly {', '.join(sorted(_KEYS))}")
    value = entry["waarde"]
    if not isinstance(value, str) or not (_PHONE.fullmatch(value) or _ADDRESS.fullmatch(value)):
        raise wrong('waarde should be a telephone number in quotes ("113") or an address such as 113.nl')
    countries = frozenset(entry["land"]) if isinstance(entry["land"], list) else frozenset()
    if not countries or not countries <= COUNTRIES:
        raise wrong("land should be [NL], [BE] or [NL, BE]")
    if not isinstance(entry["gecontroleerd"], date):
        raise wrong("gecontroleerd should be a date such as 2026-11-22")
    if not isinstance(entry["check"], bool):
        raise wrong("check should be true or false")
    if not str(entry["bron"]).strip() or not str(entry["organisatie"]).strip():
        raise wrong("bron and organisatie must not be empty")
    return Helpline(
        name, str(entry["organisatie"]), value, countries, str(entry["bron"]), entry["gecontroleerd"], entry["check"]
    )
