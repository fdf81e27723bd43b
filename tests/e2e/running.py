"""What tests over the really running servers share: settings in a folder of their own, start, stop, a conversation."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, List

from server.pair import Pair
from shop.settings import DAYS, Environment
from tests.services import free_port

ALWAYS_OPEN = "openingstijden: {" + ", ".join(day + ': "00:00-23:59"' for day in DAYS) + "}"


def environment_in(folder: Path, **settings: Any) -> Environment:
    """Settings with free ports and every database in `folder`; others as given."""
    own = {
        "port": free_port(),
        "actions_port": free_port(),
        "desk_port": free_port(),
        "conversations": str(folder / "conversations.db"),
        "web_database": f"sqlite:///{folder / 'web.db'}",
        "channels_database": f"sqlite:///{folder / 'channels.db'}",
        "desk_database": f"sqlite:///{folder / 'desk.db'}",
        "web_per_minute": 100_000,  # tests ask far more often than a browser
        "web_address_per_minute": 100_000,
        "channels_per_minute": 1_000,
    }
    return Environment(**{**own, **settings})


@contextmanager
def started(environment: Environment, log: Path) -> Iterator[Pair]:
    """All three servers; their output goes to `log`."""
    pair = Pair(environment, log)
    pair.start()
    try:
        yield pair
    finally:
        pair.stop()


def files_with(folder: Path, text: str) -> List[str]:
    """Names of all files of a run, logs and write-ahead logs included, that hold the text in any case."""
    return [
        path.name
        for path in sorted(folder.rglob("*"))
        if path.is_file() and text.lower().encode() in path.read_bytes().lower()
    ]


class Talk:
    """The conversation of a customer of Telegram's or Meta's stand-in, turn by turn."""

    def __init__(self, customer: Any) -> None:
        self.customer = customer
        self.heard = 0

    def answer(self, least: int = 1) -> List[Any]:
        """Waits for this many new messages; returns all new ones."""
        self.customer.hears(self.heard + least - 1, timeout=60)
        new: List[Any] = self.customer.received()[self.heard :]
        self.heard += len(new)
        return new

    def says(self, text: str, least: int = 1) -> List[Any]:
        """What is answered to a text."""
        assert self.customer.says(text) == 200
        return self.answer(least)

    def presses(self, title: str, least: int = 1) -> List[Any]:
        """What is answered to a button or row."""
        assert self.customer.presses(title) == 200
        return self.answer(least)
