"""`data/advies/formulier.yml`, checked when it is read."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Dict, List

from pydantic import BaseModel, Extra, Field
from ruamel.yaml import YAML

FILE = Path("data/advies/formulier.yml")
PRODUCT, ORDER = "product", "bestelling"


class _Strict(BaseModel):
    class Config:
        extra = Extra.forbid


class Consent(_Strict):
    """The version of the consent's text and the SHA-256 of the text that it stands for."""

    versie: str = Field(min_length=1, max_length=32)
    afdruk: str


class SubjectChoice(_Strict):
    """One subject: its button, what the button says, the name that the owners read."""

    knop: str = Field(min_length=1, max_length=24)
    zegt: str
    naam: str
    soort: str = Field("", regex="^(product|bestelling)?$")


class PartChoice(_Strict):
    """One part of the request in "wat wil je aanpassen"."""

    knop: str
    zegt: str


class FormContent(_Strict):
    """The whole file; texts may hold {placeholders}."""

    toestemming: Consent
    onderwerpen: List[SubjectChoice]
    ander_onderwerp: str
    naam_begin: List[str]
    naam_anders: List[str]
    overzicht: Dict[str, str]
    aanpassen: Dict[str, PartChoice]
    let_op: Dict[str, str]
    inzage: Dict[str, str]
    soorten: Dict[str, List[str]]
    en: str

    def kind_of(self, subject: str) -> str:
        """PRODUCT, ORDER or ''."""
        return next((choice.soort for choice in self.onderwerpen if choice.naam == subject), "")


@lru_cache(maxsize=1)
def load_content(path: Path = FILE) -> FormContent:
    """Reads the file once. Raises pydantic's ValidationError naming the key that is wrong."""
    content: FormContent = FormContent.parse_obj(YAML(typ="safe").load(path.read_text(encoding="utf-8")))
    return content
