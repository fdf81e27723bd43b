"""What channels share when they read what a customer sent."""

from __future__ import annotations

from dataclasses import replace

from channels.base import Incoming, Kind
from channels.incoming import NoText, TextTooLong, clean_text
from content import texts


def with_text(made: Incoming, text: str) -> Incoming:
    """The message with this text, cleaned; a NOTICE that says why when it is empty or too long."""
    try:
        return replace(made, kind=Kind.TEXT, text=clean_text(text), notice="")
    except TextTooLong:
        return replace(made, kind=Kind.NOTICE, notice=texts.BERICHT_TE_LANG)
    except NoText:
        return replace(made, kind=Kind.NOTICE, notice=texts.BERICHT_LEEG)
