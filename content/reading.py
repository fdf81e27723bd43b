"""Reads YAML as plain data, fast."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError


def parse_yaml(text: str) -> Any:
    """YAML as plain data, by the parser in C; the strict one in Python has the last word, for the fast one refuses some
    right files.

    Raises:
        YAMLError: both refuse it.
    """
    try:
        return YAML(typ="safe").load(text)
    except YAMLError:
        return YAML(typ="safe", pure=True).load(text)


def read_yaml(path: Path) -> Any:
    """A YAML file as plain data. Raises `OSError`, `UnicodeDecodeError` and `YAMLError`."""
    return parse_yaml(path.read_text(encoding="utf-8"))
