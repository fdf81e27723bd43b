"""What the assistant says, as Twilio takes it: texts of 1600 characters, choices as numbered lines."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Dict, List, Optional, Sequence
from urllib.parse import urlencode

from channels.base import REFERENCE, Answer, ChannelLimits, Outgoing, Style, utf16_units
from channels.render import render, split_text
from channels.twilio.incoming import WHATSAPP

# Twilio, error 21617: 1600 characters, with a picture or without.
LIMITS = ChannelLimits(text=1600, caption=1600, buttons=0, button_title=0, measure=utf16_units)
TEMPLATE_VALUE = 800  # of the 1024 characters that a template's whole body may have
_NUMBER = re.compile("[(#]?([0-9]{1,2})[.):!]?(?:\ufe0f?\u20e3)?")  # 2, 2., (2), #2, and the emoji of a key

_WORD = re.compile(r"\w+")


def fit(answer: Answer, type_number: str) -> List[Outgoing]:
    """The messages that say an answer; `type_number` is the line that explains how to choose."""
    messages = render(answer, LIMITS)
    if messages and messages[-1].style is Style.NUMBERS:
        text = f"{messages[-1].text}\n\n{type_number}"
        if LIMITS.measure(text) <= LIMITS.text:
            messages[-1] = replace(messages[-1], text=text)
    return messages


def chosen(text: str, titles: Sequence[str]) -> Optional[int]:
    """The choice that a typed text means by its number ("2", "2.") or its words, from 0; None when it means none."""
    found = _NUMBER.fullmatch(text)
    if found:
        number = int(found[1])
        return number - 1 if 1 <= number <= len(titles) else None
    words = _WORD.findall(text.casefold())
    return next((n for n, title in enumerate(titles) if words and words == _WORD.findall(title.casefold())), None)


def addressed(
    sender: str, user: str, fields: Dict[str, str], status_address: str = "", reference: str = ""
) -> Dict[str, str]:
    """The form of Twilio's Messages resource for one customer; what becomes of it is told to `status_address`, with
    `reference` in its query."""
    prefix = WHATSAPP if sender.startswith(WHATSAPP) else ""
    query = "?" + urlencode({REFERENCE: reference}) if reference else ""
    callback = {"StatusCallback": status_address + query} if status_address else {}
    return {"From": sender, "To": prefix + user, **fields, **callback}


def as_fields(message: Outgoing, with_picture: bool = True) -> Dict[str, str]:
    """A text, with its picture when that has a public address."""
    fields = {"Body": message.text} if message.text else {}
    if with_picture and message.image is not None and message.image.url.startswith("https://"):
        fields["MediaUrl"] = message.image.url
    return fields


def templates(content_sid: str, text: str) -> List[Dict[str, str]]:
    """An approved template around a text, the only thing that may be sent 24 hours after the customer's last message.

    A template's value holds no line ends; a long text goes in several templates.
    """
    parts = split_text(" ".join(text.split()), TEMPLATE_VALUE, utf16_units)
    return [{"ContentSid": content_sid, "ContentVariables": json.dumps({"1": part})} for part in parts]
