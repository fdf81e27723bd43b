"""Fits one answer into a channel: text split where one would pause, buttons, a list or numbers, a picture."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import Callable, Iterator, List, Sequence, Tuple

from channels.base import Answer, Button, ChannelLimits, Choice, Outgoing, Style
from channels.outgoing import token_of

# Where a text may be split, best first. The mark itself stays with the part before it, spaces and line ends go.
_BREAKS = (re.compile(r"\n\s*\n"), re.compile(r"\n"), re.compile(r"(?<=[.!?…:;])\s+"), re.compile(r"\s+"))
_LEAST = 0.4  # a break this far into the part, or further, is preferred over a worse break that is later
_ZERO_WIDTH_JOINER = "\u200d"
_ELLIPSIS = "…"


def split_text(text: str, limit: int, measure: Callable[[str], int] = len) -> List[str]:
    """Splits a text into parts within a limit.

    Args:
        text: plain text, not escaped: entities of HTML are made afterwards, from whole characters.
        limit: the most that `measure` may say of a part; 2 or more.
        measure: counts a text.

    Returns:
        The parts in order, none empty; [] for a text without visible characters. Between paragraphs where that is
        possible, else lines, sentences, words, characters; never inside a character or what is drawn as one.
    """
    parts: List[str] = []
    rest = text.strip()
    while rest and measure(rest) > limit:
        end, next_start = _split_point(rest, _longest(rest, limit, measure))
        parts.append(rest[:end].rstrip())
        rest = rest[next_start:].lstrip()
    return [*parts, rest] if rest else parts


def _longest(text: str, limit: int, measure: Callable[[str], int]) -> int:
    """How many characters from the start fit; at least one."""
    low, high = 1, min(len(text), limit)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if measure(text[:middle]) <= limit else (low, middle - 1)
    return low


def _split_point(text: str, fits: int) -> Tuple[int, int]:
    """(where the part ends, where the rest starts); the part has `fits` characters at most."""
    window = text[: fits + 1]  # a break right behind the last character that fits counts too
    for pattern in _BREAKS:
        last = None
        for found in pattern.finditer(window):
            if fits * _LEAST <= found.start() <= fits and found.start() > 0:
                last = found
        if last is not None:
            return last.start(), last.end()
    end = fits
    while end > 1 and _belongs_together(text[end - 1], text[end]):
        end -= 1
    return (end, end) if end > 1 else (fits, fits)


def _belongs_together(before: str, after: str) -> bool:
    return (
        unicodedata.combining(after) != 0
        or unicodedata.category(after) in ("Mn", "Me")
        or _ZERO_WIDTH_JOINER in (before, after)
        or "\U0001f3fb" <= after <= "\U0001f3ff"
        or ("\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff")
    )


def shorten(text: str, limit: int, measure: Callable[[str], int] = len) -> str:
    """The text, or as many of its words as fit with an ellipsis behind."""
    if measure(text) <= limit:
        return text
    return split_text(text, limit - measure(_ELLIPSIS), measure)[0].rstrip(" ,;:.") + _ELLIPSIS


def render(answer: Answer, limits: ChannelLimits, list_label: str = "") -> List[Outgoing]:
    """The messages that say an answer: the picture first, then the text, the choices with the last part.

    Args:
        answer: what the assistant said; [] for an empty one.
        limits: the channel's.
        list_label: what stands on the button that opens a list.
    """
    choices = _choices(answer.buttons)
    style = choose_style(choices, limits)
    text = answer.text.strip()
    if style is Style.NUMBERS:
        text = "\n\n".join(filter(None, (text, numbered(choices))))
    if choices and not text:
        text = answer.image.alt if answer.image and answer.image.alt else _ELLIPSIS
    messages: List[Outgoing] = []
    if answer.image is not None:
        fits = style in (Style.NONE, Style.NUMBERS) and limits.measure(text) <= limits.caption
        caption = text if fits else shorten(answer.image.alt, limits.caption, limits.measure)
        messages.append(Outgoing(text=caption, image=answer.image))
        if fits:
            return [replace(messages[0], choices=choices, style=style)]
    messages += [Outgoing(text=part) for part in _parts(text, style, limits)]
    if choices and messages:
        shown = tuple(_shown(choices, style, limits))
        messages[-1] = replace(messages[-1], choices=shown, style=style, list_label=list_label)
    return messages


def _parts(text: str, style: Style, limits: ChannelLimits) -> List[str]:
    parts = split_text(text, limits.text, limits.measure)
    last = limits.text_with_choices or limits.text
    if style in (Style.BUTTONS, Style.LIST) and parts and limits.measure(parts[-1]) > last:
        parts[-1:] = split_text(parts[-1], last, limits.measure)
    return parts


def _choices(buttons: Sequence[Button]) -> Tuple[Choice, ...]:
    """Each payload once, in order."""
    seen = {button.payload: button for button in reversed(buttons)}
    unique = [button for button in buttons if seen[button.payload] is button]
    return tuple(Choice(button.title, button.payload, token_of(button.payload)) for button in unique)


def choose_style(choices: Sequence[Choice], limits: ChannelLimits) -> Style:
    """Buttons when they fit, else a list when that fits, else numbers."""
    if not choices:
        return Style.NONE
    titles_fit = all(limits.measure(choice.title) <= limits.button_title for choice in choices)
    if len(choices) <= limits.buttons and titles_fit:
        return Style.BUTTONS
    if 0 < len(choices) <= limits.list_rows:
        return Style.LIST
    return Style.NUMBERS


def _shown(choices: Sequence[Choice], style: Style, limits: ChannelLimits) -> Iterator[Choice]:
    for choice in choices:
        yield as_row(choice, limits) if style is Style.LIST else choice


def as_row(choice: Choice, limits: ChannelLimits) -> Choice:
    """A choice as a row of a list: a title that is too long goes on in the description."""
    title = shorten(choice.title, limits.row_title, limits.measure)
    if title == choice.title:
        return choice
    return replace(choice, title=title, description=shorten(choice.title, limits.row_description, limits.measure))


def numbered(choices: Sequence[Choice], start: int = 1) -> str:
    """The choices as lines "1. ..."."""
    return "\n".join(f"{number}. {choice.title}" for number, choice in enumerate(choices, start))
