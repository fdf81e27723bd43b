"""Reads Telegram's updates: what a customer said, pressed or sent, as the service takes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Mapping, Optional

from ruamel.yaml import YAML

from channels.base import Incoming, Kind
from channels.incoming import NoText, TextTooLong, clean_text
from content import texts

NAME = "telegram"
COMMANDS = Path("data/gesprek/opdrachten.yml")
_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@[A-Za-z0-9_]{1,64})?(?:\s|$)")
_MAX_ID = 2**53
MAX_DATA = 64  # bytes of a button; Telegram sends no more, so more is not of Telegram
# Messages without words of the customer's that still ask for an answer.
_OTHER_KINDS = (
    *("animation", "audio", "contact", "dice", "document", "game", "live_photo", "location", "paid_media", "photo"),
    *("poll", "sticker", "story", "venue", "video", "video_note", "voice", "checklist"),
)


@dataclass(frozen=True)
class Command:
    """What a command says in plain Dutch, and what Telegram's menu shows beside it."""

    says: str
    explanation: str


def load_commands(path: Path = COMMANDS) -> Dict[str, Command]:
    """The commands of chat apps by name."""
    found = YAML(typ="safe").load(path.read_text(encoding="utf-8"))["opdrachten"]
    return {name: Command(command["zegt"], command["uitleg"]) for name, command in found.items()}


def read_update(update: Any, bot: str, commands: Mapping[str, Command]) -> Optional[Incoming]:
    """Makes a message of an update.

    Args:
        update: an `Update` as parsed JSON, from whoever knows the secret; anything is possible.
        bot: the bot's number, for another bot counts its updates anew.
        commands: see `load_commands`.

    Returns:
        The message; of kind IGNORED for an update that needs no answer (edits, members, other bots), so that the
        order of the others is known; None for what is no update.
    """
    number = _number(update.get("update_id")) if isinstance(update, dict) else None
    if number is None or number < 0:
        return None
    values: Dict[str, Any] = {"channel": NAME, "message_id": f"{bot}:{number}", "sequence": number}
    found = _message(update.get("message"), commands) or _press(update.get("callback_query"))
    if found is None:
        return Incoming(conversation="", recipient="", kind=Kind.IGNORED, **values)
    chat = found.pop("chat")
    return Incoming(conversation=f"{NAME}-{chat}", recipient=str(chat), **found, **values)


def _message(message: Any, commands: Mapping[str, Command]) -> Optional[Dict[str, Any]]:
    chat = _chat(message)
    if chat is None or (message.get("from") or {}).get("is_bot"):
        return None
    number, kind = chat
    if kind in ("group", "supergroup"):
        return {"chat": number, "kind": Kind.NOTICE, "notice": texts.ALLEEN_PRIVE, "once": True}
    if kind != "private":
        return None
    text = message.get("text", message.get("caption"))
    if not isinstance(text, str):
        if not any(name in message for name in _OTHER_KINDS):
            return None  # a notice of Telegram's own
        return {"chat": number, "kind": Kind.NOTICE, "notice": texts.ALLEEN_TEKST}
    command = _COMMAND.match(text)
    known = commands.get(command.group(1).lower()) if command else None
    try:
        return {"chat": number, "kind": Kind.TEXT, "text": known.says if known else clean_text(text)}
    except TextTooLong:
        return {"chat": number, "kind": Kind.NOTICE, "notice": texts.BERICHT_TE_LANG}
    except NoText:
        return {"chat": number, "kind": Kind.NOTICE, "notice": texts.BERICHT_LEEG}


def _press(query: Any) -> Optional[Dict[str, Any]]:
    if not isinstance(query, dict):
        return None
    chat = _chat(query.get("message"))
    data, query_id = query.get("data"), query.get("id")
    if chat is None or not isinstance(data, str) or not isinstance(query_id, str) or chat[1] != "private":
        return None
    if not 0 < len(data.encode("utf-8", "surrogatepass")) <= MAX_DATA or not 0 < len(query_id) <= 200:
        return None
    return {"chat": chat[0], "kind": Kind.PRESS, "token": data, "extra": {"callback": query_id}}


def _chat(message: Any) -> Any:
    """(number, type) of the chat that a message is in, None when it says neither."""
    if not isinstance(message, dict) or not isinstance(message.get("from") or {}, dict):
        return None
    chat = message.get("chat")
    if not isinstance(chat, dict) or not isinstance(chat.get("type"), str):
        return None
    number = _number(chat.get("id"))
    return None if number is None else (number, chat["type"])


def _number(value: Any) -> Optional[int]:
    is_number = isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MAX_ID
    return value if is_number else None
