"""Reads Meta's webhook bodies: every entry and change, messages and statuses. Never raises, whatever comes in.

Shapes: Meta, WhatsApp Business Platform, "messages webhook reference" and "business-scoped user IDs".
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

_PHONE = re.compile(r"\d{5,20}")
_SCOPED = re.compile(r"[A-Z]{2}(?:\.ENT)?\.[A-Za-z0-9]{1,128}")
_ID = re.compile(r"[\x21-\x7e]{1,256}")  # of messages, of buttons as we make them, and of what we send along


class Kind(enum.Enum):
    """What a message is to the assistant."""

    TEXT = "text"
    CHOICE = "choice"  # a button or a row of a list that we offered
    IMAGE = "image"
    SOUND = "sound"
    OTHER = "other"  # video, file, place, sticker, contact, order, and what WhatsApp itself can't pass on


# Captions are read as what the customer says; without one the kind decides the reply.
_KINDS = {
    "image": Kind.IMAGE,
    "audio": Kind.SOUND,
    "voice": Kind.SOUND,
    "video": Kind.OTHER,
    "document": Kind.OTHER,
    "sticker": Kind.OTHER,
    "location": Kind.OTHER,
    "contacts": Kind.OTHER,
    "order": Kind.OTHER,
    "unsupported": Kind.OTHER,
    "unknown": Kind.OTHER,
}
_WITH_CAPTION = ("image", "video", "document")
# Nobody waits for an answer to these: a thumb, a changed number, a corrected or withdrawn message, an opened chat.
_SILENT = frozenset({"reaction", "system", "edit", "revoke", "request_welcome", "ephemeral"})


@dataclass(frozen=True)
class Said:
    """One message of a customer.

    Attributes:
        message_id: Meta's id, the same in every delivery.
        user: the business-scoped user id; the phone number where Meta gave no such id.
        at: seconds since 1970, 0 when unknown.
        kind: what it is.
        text: what was said: the text, a caption, or the title of the choice; may be ''.
        choice: id of the button or row; '' for other kinds, and for an id that none of ours can be.
    """

    message_id: str
    user: str
    at: int
    kind: Kind
    text: str = ""
    choice: str = ""


@dataclass(frozen=True)
class Status:
    """What became of a message of ours: sent, delivered, read, played or failed; `reference` as we sent it along."""

    message_id: str
    status: str
    at: int
    error: int = 0
    detail: str = ""
    reference: str = ""


@dataclass(frozen=True)
class Delivery:
    """One webhook body.

    Attributes:
        messages: what customers said, in the order of the body.
        statuses: what became of our messages.
        problems: errors that Meta reports about the account, as (code, title).
        ignored: how many things were left aside: other numbers, other fields, reactions, what can't be read.
    """

    messages: Tuple[Said, ...] = ()
    statuses: Tuple[Status, ...] = ()
    problems: Tuple[Tuple[int, str], ...] = ()
    ignored: int = 0


def read_delivery(body: Any, phone_number_id: str) -> Delivery:
    """Reads a webhook body.

    Args:
        body: parsed JSON of any shape.
        phone_number_id: our number's id; what belongs to other numbers of the same app is left aside.
    """
    messages: List[Said] = []
    statuses: List[Status] = []
    problems: List[Tuple[int, str]] = []
    ignored = 0
    if not isinstance(body, dict) or body.get("object") != "whatsapp_business_account":
        return Delivery(ignored=1)
    for value in _values(body):
        if value is None or str(_mapping(value.get("metadata")).get("phone_number_id")) != phone_number_id:
            ignored += 1
            continue
        contacts = [contact for contact in _list(value.get("contacts")) if isinstance(contact, dict)]
        for raw in _list(value.get("messages")):
            said = _said(raw, contacts)
            if said:
                messages.append(said)
            else:
                ignored += 1
        for raw in _list(value.get("statuses")):
            status = _status(raw)
            if status:
                statuses.append(status)
            else:
                ignored += 1
        problems += [_error(raw) for raw in _list(value.get("errors"))]
    return Delivery(tuple(messages), tuple(statuses), tuple(problems), ignored)


def is_scoped(user: str) -> bool:
    """Whether this is a business-scoped user id (`NL.13491208655302741918`) and no phone number."""
    return bool(_SCOPED.fullmatch(user))


def _values(body: Mapping[str, Any]) -> Iterator[Optional[Dict[str, Any]]]:
    for entry in _list(body.get("entry")):
        for change in _list(_mapping(entry).get("changes")):
            change = _mapping(change)
            value = change.get("value")
            yield value if change.get("field") == "messages" and isinstance(value, dict) else None


def _said(raw: Any, contacts: List[Dict[str, Any]]) -> Optional[Said]:
    raw = _mapping(raw)
    message_id, kind = raw.get("id"), raw.get("type")
    user = _user(raw, contacts)
    if not isinstance(message_id, str) or not _ID.fullmatch(message_id) or not user:
        return None
    if not isinstance(kind, str) or kind in _SILENT or "group_id" in raw:
        return None
    at = _whole(raw.get("timestamp"))
    content = _mapping(raw.get(kind))
    if kind == "text":
        return Said(message_id, user, at, Kind.TEXT, _text(content.get("body")))
    if kind == "button":  # a quick reply of a template: its words are all that we put on it
        return Said(message_id, user, at, Kind.TEXT, _text(content.get("text")))
    if kind == "interactive":
        reply = _mapping(content.get("button_reply")) or _mapping(content.get("list_reply"))
        if "id" not in reply:
            return Said(message_id, user, at, Kind.OTHER)
        return Said(message_id, user, at, Kind.CHOICE, _text(reply.get("title")), _known(reply["id"], _ID))
    caption = _text(content.get("caption")).strip() if kind in _WITH_CAPTION else ""
    if caption:
        return Said(message_id, user, at, Kind.TEXT, caption)
    return Said(message_id, user, at, _KINDS.get(kind, Kind.OTHER))


def _user(raw: Mapping[str, Any], contacts: List[Dict[str, Any]]) -> str:
    """The sender: business-scoped id of the message, of its contact, else the phone number; '' when there is none."""
    phone = _known(raw.get("from"), _PHONE)
    own = [c for c in contacts if phone and c.get("wa_id") == phone] or (contacts if len(contacts) == 1 else [])
    scoped = _known(raw.get("from_user_id"), _SCOPED) or _known(raw.get("from"), _SCOPED)
    for contact in own:
        scoped = scoped or _known(contact.get("user_id"), _SCOPED)
    return scoped or phone


def _status(raw: Any) -> Optional[Status]:
    raw = _mapping(raw)
    message_id, name = raw.get("id"), raw.get("status")
    if not isinstance(message_id, str) or not _ID.fullmatch(message_id):
        return None
    if not isinstance(name, str) or not re.fullmatch(r"[a-z_]{1,32}", name):
        return None
    errors = [_error(error) for error in _list(raw.get("errors"))]
    code, detail = errors[0] if errors else (0, "")
    reference = _known(raw.get("biz_opaque_callback_data"), _ID)
    return Status(message_id, name, _whole(raw.get("timestamp")), code, detail, reference)


def _error(raw: Any) -> Tuple[int, str]:
    raw = _mapping(raw)
    title = _text(raw.get("title")) or _text(raw.get("message"))
    return _whole(raw.get("code")), " ".join(title.split())[:200]


def _known(value: Any, pattern: "re.Pattern[str]") -> str:
    return value if isinstance(value, str) and pattern.fullmatch(value) else ""


def _mapping(value: Any) -> Dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> List[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    """A text that can be stored: JSON may name half characters, which no database takes."""
    return value.encode("utf-8", "ignore").decode("utf-8") if isinstance(value, str) else ""


def _whole(value: Any) -> int:
    """A number of at most 12 digits, as Meta writes it: with or without quotes; 0 for anything else."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**12:
        return value
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,12}", value) else 0
