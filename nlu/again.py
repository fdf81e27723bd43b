"""What was made of a text is kept from the second time on that the text comes: buttons, "hoi", what many ask.

What one person typed once is not kept: it may be private, and nobody will type it again. Nor is an address or a long
number, which that person may type twice.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from threading import Lock
from typing import Callable, Generic, Tuple, TypeVar, Union

LONGEST = 200  # characters of a text, or words of a row, above which it is not kept
_MARKS = 8  # texts of which is known that they came, for each one of which the result is kept
_PRIVATE = re.compile(r"@|\d(?:\W?\d){4}")

Text = TypeVar("Text", bound=Union[str, Tuple[str, ...]])
Made = TypeVar("Made")


class Again(Generic[Text, Made]):
    """A pure function of a text that does the work once for a text that comes again. For any thread."""

    def __init__(self, make: Callable[[Text], Made], size: int) -> None:
        """Remembers nothing yet.

        Args:
            make: the function; what it gives is shared, so nobody may change it.
            size: how many results are kept, those used last.
        """
        self._make = make
        self._size = size
        self._kept: OrderedDict[Text, Made] = OrderedDict()
        self._came: OrderedDict[int, None] = OrderedDict()  # hashes, not texts
        self._lock = Lock()

    def __call__(self, text: Text) -> Made:
        """What the function makes of a text."""
        with self._lock:
            if text in self._kept:
                self._kept.move_to_end(text)
                return self._kept[text]
        made = self._make(text)
        if len(text) <= LONGEST and not (isinstance(text, str) and _PRIVATE.search(text)):
            with self._lock:
                self._note(text, made)
        return made

    def _note(self, text: Text, made: Made) -> None:
        mark = hash(text)
        if mark in self._came:
            self._kept[text] = made
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)
            return
        self._came[mark] = None
        if len(self._came) > self._size * _MARKS:
            self._came.popitem(last=False)
