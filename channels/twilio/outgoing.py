"""What the assistant says, as Twilio takes it: one text of 1600 characters, choices as numbered lines."""

from __future__ import annotations

import json
import re
from typing import Dict, List, Optional, Sequence

from channels.twilio.incoming import WHATSAPP

TEXT = 1600  # Twilio, "Message body must not exceed 1600 characters" (error 21617)
_NUMBER = re.compile(r"\W*([0-9]{1,2})\W*")


def numbered(titles: Sequence[str], line: str) -> str:
    """The choices as lines that are typed or read out.

    Args:
        titles: what can be chosen.
        line: the wording of one, with {nummer} and {keuze}.
    """
    return "\n".join(line.format(nummer=number, keuze=title) for number, title in enumerate(titles, 1))


def chosen(text: str, count: int) -> Optional[int]:
    """The choice that a typed text means, from 0; None when it is no number of the `count` choices offered last."""
    found = _NUMBER.fullmatch(text)
    number = int(found[1]) if found else 0
    return number - 1 if 1 <= number <= count else None


def addressed(sender: str, user: str, **fields: str) -> Dict[str, str]:
    """The form of Twilio's Messages resource for one customer."""
    prefix = WHATSAPP if sender.startswith(WHATSAPP) else ""
    return {"From": sender, "To": prefix + user, **fields}


def text_fields(text: str, picture: str = "") -> Dict[str, str]:
    """A text, with a picture when it has a public address."""
    return {"Body": text, **({"MediaUrl": picture} if picture else {})}


def template_fields(content_sid: str, values: List[str]) -> Dict[str, str]:
    """An approved template, the only thing that may be sent 24 hours after the customer's last message."""
    variables = {str(number): " ".join(value.split()) for number, value in enumerate(values, 1)}
    return {"ContentSid": content_sid, **({"ContentVariables": json.dumps(variables)} if variables else {})}
