"""The staff page's texts that depend on what happened: desk/texts/personeel.yml. The rest stands in the templates."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Dict

from ruamel.yaml import YAML

TEXTS = Path(__file__).parent.parent / "texts" / "personeel.yml"


@lru_cache(maxsize=1)
def texts() -> Dict[str, Any]:
    """Everything in the file."""
    found: Dict[str, Any] = YAML(typ="safe").load(TEXTS.read_text(encoding="utf-8"))
    return found


def word(name: str, group: str = "meldingen", **values: str) -> str:
    """A text of a group, filled. A code that has no text is shown as it is, such as a new channel's name."""
    text = str(texts()[group].get(name, name))
    for placeholder, value in values.items():
        text = text.replace(f"{{{placeholder}}}", value)
    return text
