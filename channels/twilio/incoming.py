"""Reads Twilio's posted forms: messages and what became of ours. Never raises, whatever comes in.

Shapes: Twilio, "Twilio's request to your incoming message webhook URL" and "WhatsApp: buttons and lists".
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Mapping, Optional, Sequence, Union

_SID = re.compile(r"(?:SM|MM)[0-9a-fA-F]{32}")
# A phone number; or a business-scoped user id, for customers who hide their number behind a user name.
_PERSON = re.compile(r"\+?[0-9]{5,20}|[A-Z]{2}(?:\.ENT)?\.[A-Za-z0-9]{1,128}")
WHATSAPP = "whatsapp:"


class Kind(enum.Enum):
    """What a message is to the assistant."""

    TEXT = "text"
    IMAGE = "image"
    SOUND = "sound"
    OTHER = "other"


@dataclass(frozen=True)
class Said:
    """One message of a customer.

    Attributes:
        message_id: Twilio's id, the same in every delivery.
        user: phone number with its +, or business-scoped id; without the prefix "whatsapp:".
        kind: what it is.
        text: the text, '' when there is none.
    """

    message_id: str
    user: str
    kind: Kind
    text: str = ""


@dataclass(frozen=True)
class Status:
    """What became of a message of ours; `error` is Twilio's number, 0 for none."""

    message_id: str
    status: str
    error: int = 0


def read_form(fields: Mapping[str, Sequence[str]], sender: str) -> Optional[Union[Said, Status]]:
    """Reads one call.

    Args:
        fields: the posted form, values by name.
        sender: our own address (`whatsapp:+31...`, or `+31...` for SMS); what belongs to others is left aside.

    Returns:
        None for what needs no answer or can't be read.
    """
    message_id = _first(fields, "MessageSid") or _first(fields, "SmsMessageSid")
    if not _SID.fullmatch(message_id):
        return None
    status = _first(fields, "MessageStatus")
    if status:
        code = _first(fields, "ErrorCode")
        if not re.fullmatch(r"[a-z_-]{1,32}", status) or _first(fields, "From") != sender:
            return None
        return Status(message_id, status, int(code) if re.fullmatch(r"[0-9]{1,6}", code) else 0)
    prefix = WHATSAPP if sender.startswith(WHATSAPP) else ""
    origin = _first(fields, "From")
    user = origin[len(prefix) :] if origin.startswith(prefix) else ""
    if _first(fields, "To") != sender or not _PERSON.fullmatch(user) or _first(fields, "ReactionType"):
        return None
    text = _first(fields, "Body").strip() or _first(fields, "ButtonText").strip()
    if text:
        return Said(message_id, user, Kind.TEXT, text)
    media = _first(fields, "MediaContentType0")
    kind = Kind.IMAGE if media.startswith("image/") else Kind.SOUND if media.startswith("audio/") else Kind.OTHER
    return Said(message_id, user, kind)


def _first(fields: Mapping[str, Sequence[str]], name: str) -> str:
    values = fields.get(name) or [""]
    return values[0]
