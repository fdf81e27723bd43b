"""What is checked before anything starts, each with one message that says what to do."""

from __future__ import annotations

import socket
import sys
from datetime import date
from pathlib import Path
from typing import List, Tuple

from ruamel.yaml.error import MarkedYAMLError

from content.helplines import HelplineError, read_helplines
from content.reading import read_yaml
from shop.settings import Environment, load_shop


class CannotStart(Exception):
    """Something must be mended first; the message can be shown as it is."""


def check_python(found: Tuple[int, int] = sys.version_info[:2]) -> None:
    """Rasa 3.6 runs on Python 3.10 here and on nothing newer."""
    if found != (3, 10):
        version = f"{found[0]}.{found[1]}"
        raise CannotStart(f"This is Python {version}; Schakel needs 3.10. Run `make setup`, then use .venv/bin/python.")


def content_files(root: Path = Path(".")) -> List[Path]:
    """The YAML files that the model is made from, in a fixed order."""
    return [root / "config.yml", root / "domain.yml", *sorted((root / "data").rglob("*.yml"))]


def check_yaml(files: List[Path]) -> None:
    """Every file can be read.

    Raises:
        CannotStart: names the file, the line and the mistake.
    """
    for file in files:
        try:
            read_yaml(file)
        except FileNotFoundError:
            raise CannotStart(f"{file} is missing. Restore it from the repository.") from None
        except UnicodeDecodeError:
            raise CannotStart(f"{file} is not saved as UTF-8 text.") from None
        except MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise CannotStart(f"{file}, line {line}: this is no valid YAML ({error.problem}).") from None


def helplines_to_look_at(today: date) -> List[str]:
    """Names of the numbers for safety replies that were checked too long ago or wait for the shop's word.

    Raises:
        CannotStart: the file of numbers is missing or wrong.
    """
    try:
        lines = read_helplines()
    except HelplineError as error:
        raise CannotStart(str(error)) from None
    return sorted({*lines.overdue(today), *lines.unconfirmed()})


def check_chain(file: Path) -> None:
    """The nutrient chain fits together; chat and pages read it only when somebody asks.

    Raises:
        CannotStart: names every entry that is wrong.
    """
    from chain.model import ChainError, read_chain  # with networkx and pydantic, which a start without changes spares

    try:
        read_chain(file)
    except ChainError as error:
        raise CannotStart(str(error)) from None


def check_port(host: str, port: int, setting: str) -> None:
    """The port is free.

    Raises:
        CannotStart: something listens there already.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotStart(
                f"Port {port} on {host} can't be used ({error.strerror}). "
                f"Stop what uses it, or choose another port: {setting}=... in .env."
            ) from None


def check_settings(environment: Environment) -> None:
    """The shop's settings are right. Raises `shop.settings.SettingsError` with file, line and key."""
    load_shop(Path(environment.shop_file))
