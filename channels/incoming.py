"""What every channel does to a text before Rasa sees it: bound it, clean it, take its commands away."""

from __future__ import annotations

import re
import unicodedata

MAX_TEXT = 2_000
MAX_BODY = 64 * 1024
MAX_SENDER = 200

# Control and format characters carry no words and can hide some; tab and line ends become spaces. The joiners
# (U+200C, U+200D) stay out of it too: emoji lose nothing that the understanding needs.
_INVISIBLE = re.compile(r"[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+")
_COMMAND = re.compile(r"^[\s/]+")


class TextTooLong(ValueError):
    """The message is longer than `MAX_TEXT` characters."""


class NoText(ValueError):
    """The message holds no visible character."""


def clean_text(raw: str) -> str:
    """Makes what a visitor typed safe to hand to Rasa.

    Rasa takes a leading slash for an intent that the sender may choose (`/intent{...}`) and skips understanding and
    triage. Our own buttons carry plain Dutch, so no message ever needs that: leading slashes are removed.

    Args:
        raw: the text as it came in, of any length and alphabet.

    Returns:
        The text in Unicode form NFC without control characters, 1 to `MAX_TEXT` characters.

    Raises:
        TextTooLong: over `MAX_TEXT` characters, counted before cleaning.
        NoText: nothing visible is left.
    """
    if len(raw) > MAX_TEXT:
        raise TextTooLong(f"{len(raw)} characters, {MAX_TEXT} at most")
    text = unicodedata.normalize("NFC", raw.encode("utf-8", "ignore").decode("utf-8"))
    text = _COMMAND.sub("", _INVISIBLE.sub(" ", text)).strip()
    if not text:
        raise NoText("no visible character")
    return text
