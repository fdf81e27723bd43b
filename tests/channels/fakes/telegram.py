"""A strict stand-in for Telegram's Bot API: refuses what the documented limits refuse.

Source: core.telegram.org/bots/api as of November 2026 (sendMessage, sendPhoto, sendChatAction, answerCallbackQuery,
setWebhook, getUpdates, formatting options, error responses). Runs in a thread with a loop of its own, so that plain and
asynchronous tests use it alike. Customers are played by `Customer`: what they say is posted to the assistant's webhook,
or fetched by it, in any order and as often as a test wants.
"""

from __future__ import annotations

import asyncio
import html
import json
import re
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Deque, Dict, List, Optional, Sequence, Tuple

from aiohttp import web

from tests.channels.fakes.server import FakeServer, post

TOKEN = "123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc"
MAX_TEXT, MAX_CAPTION, MAX_PHOTO, MAX_BUTTONS, MAX_PER_ROW = 4_096, 1_024, 10 * 1024 * 1024, 100, 8
PARAMETERS = {
    "getMe": set(),
    "setMyCommands": {"commands"},
    "setWebhook": {"url", "secret_token", "allowed_updates", "max_connections", "drop_pending_updates"},
    "deleteWebhook": {"drop_pending_updates"},
    "getWebhookInfo": set(),
    "getUpdates": {"offset", "limit", "timeout", "allowed_updates"},
    "sendMessage": {"chat_id", "text", "parse_mode", "link_preview_options", "reply_markup"},
    "sendPhoto": {"chat_id", "photo", "caption", "parse_mode", "reply_markup"},
    "sendChatAction": {"chat_id", "action"},
    "answerCallbackQuery": {"callback_query_id", "text", "show_alert"},
}
ACTIONS = {"typing", "upload_photo", "record_voice", "upload_document", "choose_sticker", "find_location"}
_TAGS = re.compile(r"</?(b|strong|i|em|u|ins|s|strike|del|code|pre|a|tg-spoiler|blockquote)(\s[^<>]*)?>")
_ENTITY = re.compile(r"&(#\d{1,7}|#x[0-9a-fA-F]{1,6}|lt|gt|amp|quot);")


class Refused(Exception):
    """An error in the shape of the Bot API."""

    def __init__(self, code: int, description: str, retry_after: Optional[float] = None) -> None:
        super().__init__(description)
        self.code, self.description, self.retry_after = code, description, retry_after

    def response(self) -> web.Response:
        body: Dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        if self.retry_after is not None:
            body["parameters"] = {"retry_after": self.retry_after}
        return web.json_response(body, status=self.code)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def shown(text: Any, parse_mode: Any, limit: int, what: str) -> str:
    """The text as a customer reads it; refuses HTML that is none and what is too long after reading it."""
    if not isinstance(text, str):
        raise Refused(400, f"Bad Request: {what} must be a string")
    if parse_mode is not None:
        if parse_mode != "HTML":
            raise Refused(400, "Bad Request: unsupported parse_mode")
        bare = _TAGS.sub("", text)
        left = _ENTITY.sub("", bare)
        if "<" in left or "&" in left:
            raise Refused(400, f"Bad Request: can't parse entities: unsupported start tag in {text[:20]!r}")
        text = html.unescape(bare)
    if units(text) > limit:
        raise Refused(400, f"Bad Request: {what} is too long")
    return text


def checked_buttons(markup: Any) -> List[Tuple[str, str]]:
    """(data, title) of an inline keyboard; refuses what the documentation does not allow."""
    if markup is None:
        return []
    rows = markup.get("inline_keyboard") if isinstance(markup, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, list) and 0 < len(row) <= MAX_PER_ROW for row in rows):
        raise Refused(400, "Bad Request: object expected as reply markup")
    buttons = [button for row in rows for button in row]
    if len(buttons) > MAX_BUTTONS:
        raise Refused(400, "Bad Request: reply markup is too long")
    for button in buttons:
        if set(button) != {"text", "callback_data"} or not button["text"].strip():
            raise Refused(400, "Bad Request: can't parse inline keyboard button")
        if not 1 <= len(button["callback_data"].encode()) <= 64:
            raise Refused(400, "Bad Request: BUTTON_DATA_INVALID")
    return [(button["callback_data"], button["text"]) for button in buttons]


def check_png(content: bytes) -> None:
    if not content.startswith(b"\x89PNG\r\n\x1a\n") or len(content) > MAX_PHOTO:
        raise Refused(400, "Bad Request: IMAGE_PROCESS_FAILED")
    width, height = struct.unpack(">II", content[16:24])
    if width + height > 10_000 or max(width, height) > 20 * min(width, height):
        raise Refused(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")


@dataclass(frozen=True)
class Sent:
    """What a customer has on the screen; `photo` is '' or the file id of the picture."""

    id: int
    chat: int
    text: str
    buttons: List[Tuple[str, str]]
    photo: str = ""


@dataclass
class BotServer(FakeServer):
    """The server. `with BotServer() as telegram:`, then `telegram.address`."""

    token: str = TOKEN
    port: int = 0
    webhook: str = ""
    secret: str = ""
    delay: float = 0.0
    reachable: Tuple[str, ...] = ()  # beginnings of addresses from which it can fetch pictures
    sent: List[Sent] = field(default_factory=list)
    answered: List[str] = field(default_factory=list)
    actions: List[int] = field(default_factory=list)
    commands: List[Dict[str, str]] = field(default_factory=list)
    refused: List[Tuple[str, int, str]] = field(default_factory=list)
    calls: List[str] = field(default_factory=list)
    uploads: int = 0
    blocked: "set[int]" = field(default_factory=set)
    pending: List[Dict[str, Any]] = field(default_factory=list)
    registered: Dict[str, Any] = field(default_factory=dict)
    _files: "set[str]" = field(default_factory=set)
    _queries: "set[str]" = field(default_factory=set)
    _failures: Deque[Tuple[int, Optional[float], int]] = field(default_factory=deque)
    _next_update: int = 700_000_000
    _next_message: int = 1
    _changed: threading.Condition = field(default_factory=threading.Condition)

    # --- running ----------------------------------------------------------------------------------------------------

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_route("*", "/{bot}/{method}", self._answer)

    def state(self) -> str:
        return f"{self.sent[-3:]} {self.refused[-3:]}"

    # --- what a test asks of it -------------------------------------------------------------------------------------

    def fail(self, code: int, times: int = 1, retry_after: Optional[float] = None, chat: int = 0) -> None:
        """The next `times` messages (to this chat) end with this error; code 0 breaks the connection."""
        self._failures.extend([(code, retry_after, chat)] * times)

    def sent_to(self, chat: int) -> List[Sent]:
        return [sent for sent in self.sent if sent.chat == chat]

    def customer(self, chat: int = 1001, kind: str = "private") -> "Customer":
        return Customer(self, chat, kind)

    def update(self, **content: Any) -> Dict[str, Any]:
        """An update with the next number around some content."""
        self._next_update += 1
        return {"update_id": self._next_update, **content}

    def deliver(self, update: Dict[str, Any], secret: Optional[str] = None) -> int:
        """Posts an update to the webhook, or keeps it for getUpdates; returns the status."""
        if not self.webhook:
            with self._changed:
                self.pending.append(update)
            self.loop.call_soon_threadsafe(lambda: None)
            return 200
        return self.post(json.dumps(update).encode(), self.secret if secret is None else secret)

    def post(self, body: bytes, secret: str) -> int:
        headers = {"Content-Type": "application/json"}
        if secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = secret
        return post(self.webhook, body, headers)

    # --- the API ----------------------------------------------------------------------------------------------------

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        if self.delay:
            await asyncio.sleep(self.delay)
        try:
            if request.match_info["bot"] != f"bot{self.token}":
                raise Refused(401, "Unauthorized")
            if method not in PARAMETERS:
                raise Refused(404, "Not Found: method not found")
            values = await self._values(request)
            unknown = set(values) - PARAMETERS[method]
            if unknown:
                raise Refused(400, f"Bad Request: {sorted(unknown)} are no parameters that this test knows")
            self.calls.append(method)
            result = await getattr(self, f"_{method}")(values)
            answer: web.StreamResponse = web.json_response({"ok": True, "result": result})
        except Refused as refusal:
            self.refused.append((method, refusal.code, refusal.description))
            answer = refusal.response()
        except ConnectionAbortedError:
            assert request.transport
            request.transport.abort()
            raise
        with self._changed:
            self._changed.notify_all()
        return answer

    @staticmethod
    async def _values(request: web.Request) -> Dict[str, Any]:
        if request.content_type == "application/json":
            values = await request.json()
            if not isinstance(values, dict):
                raise Refused(400, "Bad Request: object expected")
            return values
        if request.content_type != "multipart/form-data":
            raise Refused(400, "Bad Request: unknown content type")
        form = await request.post()
        found: Dict[str, Any] = {}
        for name, value in form.items():
            if isinstance(value, web.FileField):
                found[name] = value.file.read()
            elif name in ("chat_id", "reply_markup"):
                found[name] = json.loads(str(value))
            else:
                found[name] = value
        return found

    def _fail_as_asked(self, chat: int) -> None:
        if chat in self.blocked:
            raise Refused(403, "Forbidden: bot was blocked by the user")
        if not self._failures or self._failures[0][2] not in (0, chat):
            return
        code, retry_after, _ = self._failures.popleft()
        if code == 0:
            raise ConnectionAbortedError
        raise Refused(code, "Too Many Requests: retry later" if code == 429 else "as asked", retry_after)

    @staticmethod
    def _chat(values: Dict[str, Any]) -> int:
        chat = values.get("chat_id")
        if not isinstance(chat, int) or isinstance(chat, bool):
            raise Refused(400, "Bad Request: chat not found")
        return chat

    async def _getMe(self, values: Dict[str, Any]) -> Any:  # noqa: N802
        return {"id": int(self.token.split(":")[0]), "is_bot": True, "first_name": "Schakel", "username": "schakel_bot"}

    async def _setMyCommands(self, values: Dict[str, Any]) -> Any:  # noqa: N802
        for command in values["commands"]:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]) or not 1 <= len(command["description"]) <= 256:
                raise Refused(400, "Bad Request: BOT_COMMAND_INVALID")
        self.commands = values["commands"]
        return True

    async def _setWebhook(self, values: Dict[str, Any]) -> Any:  # noqa: N802
        if not re.fullmatch(r"https://[^/:]+(:(443|80|88|8443))?/.*", values.get("url", "")):
            raise Refused(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", values.get("secret_token", "x")):
            raise Refused(400, "Bad Request: secret token contains unallowed characters")
        if not 1 <= values.get("max_connections", 40) <= 100:
            raise Refused(400, "Bad Request: max_connections")
        self.registered = values
        return True

    async def _deleteWebhook(self, values: Dict[str, Any]) -> Any:  # noqa: N802
        self.registered = {}
        return True

    async def _getWebhookInfo(self, values: Dict[str, Any]) -> Any:  # noqa: N802
        return {"url": self.registered.get("url", ""), "pending_update_count": len(self.pending)}

    async def _getUpdates(self, values: Dict[str, Any]) -> Any:  # noqa: N802
        if self.registered:
            raise Refused(409, "Conflict: can't use getUpdates method while webhook is active")
        if not 0 <= values.get("timeout", 0) <= 50 or not 1 <= values.get("limit", 100) <= 100:
            raise Refused(400, "Bad Request: timeout or limit")
        offset = values.get("offset", 0)
        until = time.monotonic() + values.get("timeout", 0)
        while True:
            with self._changed:
                self.pending = [update for update in self.pending if update["update_id"] >= offset]
                found = sorted(self.pending, key=lambda update: int(update["update_id"]))[: values.get("limit", 100)]
            if found or time.monotonic() >= until:
                return found
            await asyncio.sleep(0.02)

    async def _sendMessage(self, values: Dict[str, Any]) -> Any:  # noqa: N802
        chat = self._chat(values)
        self._fail_as_asked(chat)
        text = shown(values.get("text"), values.get("parse_mode"), MAX_TEXT, "message")
        if not text.strip():
            raise Refused(400, "Bad Request: message text is empty")
        return self._keep(chat, text, checked_buttons(values.get("reply_markup")))

    async def _sendPhoto(self, values: Dict[str, Any]) -> Any:  # noqa: N802
        chat = self._chat(values)
        self._fail_as_asked(chat)
        caption = shown(values.get("caption", ""), values.get("parse_mode"), MAX_CAPTION, "message caption")
        photo = values.get("photo")
        if isinstance(photo, bytes):
            check_png(photo)
            self.uploads += 1
            file_id = f"AgACAgQ{self.uploads:06d}"
            self._files.add(file_id)
        elif photo in self._files:
            file_id = str(photo)
        elif isinstance(photo, str) and photo.startswith("http"):
            if not self.reachable or not photo.startswith(self.reachable):
                raise Refused(400, "Bad Request: failed to get HTTP URL content")
            file_id = "AgACfetched" + photo.rpartition("/")[2]
            self._files.add(file_id)
        else:
            raise Refused(400, "Bad Request: wrong file identifier/HTTP URL specified")
        message = self._keep(chat, caption, checked_buttons(values.get("reply_markup")), file_id)
        return {**message, "photo": [{"file_id": "small" + file_id}, {"file_id": file_id}]}

    def _keep(self, chat: int, text: str, buttons: List[Tuple[str, str]], photo: str = "") -> Dict[str, Any]:
        sent = Sent(self._next_message, chat, text, buttons, photo)
        self._next_message += 1
        self.sent.append(sent)
        return {"message_id": sent.id, "date": 1, "chat": {"id": chat, "type": "private"}}

    async def _sendChatAction(self, values: Dict[str, Any]) -> Any:  # noqa: N802
        if values.get("action") not in ACTIONS:
            raise Refused(400, "Bad Request: wrong parameter action in request")
        self.actions.append(self._chat(values))
        return True

    async def _answerCallbackQuery(self, values: Dict[str, Any]) -> Any:  # noqa: N802
        query = values.get("callback_query_id")
        if query not in self._queries or len(values.get("text", "")) > 200:
            raise Refused(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        self._queries.discard(str(query))
        self.answered.append(str(query))
        return True

    def new_query(self) -> str:
        query = str(4_000_000_000_000 + len(self._queries) + len(self.answered))
        self._queries.add(query)
        return query


@dataclass
class Customer:
    """Somebody who chats with the bot."""

    server: BotServer
    chat: int
    kind: str = "private"
    _messages: int = 0

    @property
    def conversation(self) -> str:
        return f"telegram-{self.chat}"

    def message(self, **content: Any) -> Dict[str, Any]:
        """A message of any kind, such as text="hallo"."""
        self._messages += 1
        return {
            "message_id": self._messages,
            "from": {"id": abs(self.chat), "is_bot": False, "first_name": "An"},
            "chat": {"id": self.chat, "type": self.kind},
            "date": 1_795_000_000,
            **content,
        }

    def text(self, text: str) -> Dict[str, Any]:
        """An update with a text."""
        return self.server.update(message=self.message(text=text))

    def press(self, data: str) -> Dict[str, Any]:
        """An update with a press on a button."""
        query = {
            "id": self.server.new_query(),
            "from": {"id": abs(self.chat), "is_bot": False, "first_name": "An"},
            "message": self.message(text="eerder"),
            "chat_instance": "1",
            "data": data,
        }
        return self.server.update(callback_query=query)

    def says(self, text: str) -> int:
        return self.server.deliver(self.text(text))

    def presses(self, title: str) -> int:
        """Presses the button with this title on the newest message that shows one."""
        for sent in reversed(self.received()):
            for data, shown_title in sent.buttons:
                if shown_title == title:
                    return self.server.deliver(self.press(data))
        raise AssertionError(f"nobody offered {title!r}: {[sent.buttons for sent in self.received()]}")

    def received(self) -> List[Sent]:
        return self.server.sent_to(self.chat)

    def hears(self, more_than: int, timeout: float = 120.0) -> Sequence[Sent]:
        """Waits until there are more than this many messages; returns the new ones."""
        self.server.wait_for(lambda server: len(server.sent_to(self.chat)) > more_than, timeout)
        return self.received()[more_than:]
