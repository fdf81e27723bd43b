"""Keeps the chain's pictures: drawn on first use, then read from disk, then from memory."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Callable, Dict, Optional

from chain import gallery, picture
from chain.gallery import Picture
from chain.model import Chain, load_chain

FOLDER = Path("var/keten")
ADDRESS = "/keten/plaat/"
LIGHT, NIGHT = "licht", "nacht"
_NIGHT_ENDING = "--nacht"
Draw = Callable[[Chain, Picture, str, str], bytes]


def file_name(name: str, file_format: str, theme: str = LIGHT) -> str:
    """The last part of a picture's address: `schakel-ijzer.png`, or `schakel-ijzer--nacht.png` for dark screens."""
    return f"{name}{_NIGHT_ENDING if theme == NIGHT else ''}.{file_format}"


def address(name: str, file_format: str, public_address: str = "", theme: str = LIGHT) -> str:
    """A picture's address: under the assistant's public address, or from the root when that is ''."""
    return public_address.rstrip("/") + ADDRESS + file_name(name, file_format, theme)


@dataclass(frozen=True)
class Entry:
    """One file that can be asked for."""

    picture: Picture
    theme: str
    file_format: str


class Album:
    """All pictures of a chain by file name. A name that is not in the list never reaches the disk."""

    def __init__(self, chain: Chain, folder: Path = FOLDER, draw: Draw = picture.draw) -> None:
        """Makes the list of names; draws nothing yet.

        Args:
            chain: the chain to draw.
            folder: where files are kept; one folder per state of the data and the drawing code is made in it.
            draw: draws one picture, as `chain.picture.draw`.
        """
        self._chain = chain
        self._folder = folder / _state(chain)
        self._draw = draw
        self._contents: Dict[str, bytes] = {}
        self.entries: Dict[str, Entry] = {
            file_name(name, file_format, theme): Entry(found, theme, file_format)
            for name, found in gallery.pictures(chain).items()
            for theme in (LIGHT, NIGHT)
            for file_format in picture.FORMATS
        }

    @property
    def state(self) -> str:
        """Changes whenever any picture might look different."""
        return self._folder.name

    def at_hand(self, name: str) -> Optional[bytes]:
        """The content when it is in memory already."""
        return self._contents.get(name)

    def content(self, name: str) -> bytes:
        """A picture's content; may draw it, which takes up to some seconds the first time.

        Raises:
            KeyError: no picture has this file name.
        """
        entry = self.entries[name]
        if name not in self._contents:
            self._contents[name] = self._read(name) or self._make(name, entry)
        return self._contents[name]

    def _read(self, name: str) -> Optional[bytes]:
        try:
            return (self._folder / name).read_bytes()
        except OSError:
            return None

    def _make(self, name: str, entry: Entry) -> bytes:
        content = self._draw(self._chain, entry.picture, entry.theme, entry.file_format)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            # Written under another name first, so that nobody ever reads half a picture.
            with NamedTemporaryFile(dir=self._folder, delete=False) as unfinished:
                unfinished.write(content)
            os.replace(unfinished.name, self._folder / name)
        except OSError:
            pass  # a full or read-only disk costs speed, not the picture
        return content


def _state(chain: Chain) -> str:
    """A short digest of everything that decides how the pictures look."""
    code = b"".join(Path(module.__file__ or "").read_bytes() for module in (picture, gallery))
    text = chain.json() + version("matplotlib") + version("networkx")
    return hashlib.sha256(text.encode() + code).hexdigest()[:16]


@cache
def load_album() -> Album:
    """The album of the product's own chain, one per process."""
    return Album(load_chain())
