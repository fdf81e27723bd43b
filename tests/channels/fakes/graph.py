"""A strict stand-in for Meta's Graph API (WhatsApp Cloud API): refuses what the documented limits refuse.

Sources, read in November 2026: Meta's pages on text, image, interactive button and list messages, templates, typing
indicators, business-scoped user ids, error codes and webhooks. Runs in a thread with a loop of its own, so that plain
and asynchronous tests use it alike. Customers are played by `Customer`: what they say is signed and posted to the
assistant's webhook as Meta does, in any order and as often as a test wants.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import re
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Callable, Deque, Dict, List, Optional, Sequence, Tuple

from aiohttp import web

from tests.channels.fakes.server import FakeServer, post

WINDOW = 24 * 3600
_VERSION = re.compile(r"v\d{2}\.\d")
_SCOPED = re.compile(r"[A-Z]{2}(\.ENT)?\.[A-Za-z0-9]{1,128}")
_PHONE = re.compile(r"\d{5,20}")
_MEDIA = {"image/jpeg": 5 * 1024 * 1024, "image/png": 5 * 1024 * 1024}
_STATUS_OF = {190: 401, 10: 403, 4: 400, 80007: 400, 130429: 429, 131056: 400, 131000: 500, 131016: 503, 2: 500}


class GraphError(Exception):
    """An error in the shape of the Graph API."""

    def __init__(self, code: int, details: str, status: int = 0) -> None:
        super().__init__(details)
        self.code, self.details, self.status = code, details, status or _STATUS_OF.get(code, 400)

    def body(self) -> Dict[str, Any]:
        return {
            "error": {
                "message": f"(#{self.code}) {self.details}",
                "type": "OAuthException",
                "code": self.code,
                "error_data": {"messaging_product": "whatsapp", "details": self.details},
                "fbtrace_id": "Az8or2yhqkZfEZ-_4Qn_Bam",
            }
        }


@dataclass(frozen=True)
class Sent:
    """A message that was accepted: its id, for whom, and its payload."""

    id: str
    recipient: str
    payload: Dict[str, Any]

    @property
    def text(self) -> str:
        """The words that the customer reads above the buttons."""
        kind = self.payload["type"]
        if kind == "text":
            return str(self.payload["text"]["body"])
        if kind == "interactive":
            return str(self.payload["interactive"]["body"]["text"])
        if kind == "template":
            return "template " + str(self.payload["template"]["name"])
        return str(self.payload["image"].get("caption", ""))

    @property
    def choices(self) -> List[Tuple[str, str]]:
        """(id, title) of its buttons or rows."""
        action = self.payload.get("interactive", {}).get("action", {})
        buttons = [(button["reply"]["id"], button["reply"]["title"]) for button in action.get("buttons", [])]
        rows = [(row["id"], row["title"]) for section in action.get("sections", []) for row in section["rows"]]
        return buttons + rows


@dataclass(frozen=True)
class Template:
    """An approved template: its languages and how many values its body takes."""

    languages: Tuple[str, ...]
    values: int


@dataclass
class GraphApi(FakeServer):
    """The server. `with GraphApi(...) as api:`, then `api.address`.

    Attributes:
        version: the only one that is spoken; '' for any.
        reports: tells the webhook what became of each message, again until that is taken.
        window_by: "status" lets a message outside the window pass and reports it as failed afterwards, as Meta mostly
            does; "answer" refuses it at once.
    """

    token: str = "EAAtest"
    phone_number_id: str = "106540352242922"
    app_secret: str = "0123456789abcdef0123456789abcdef"
    port: int = 0
    templates: Dict[str, Template] = field(default_factory=dict)
    webhook: str = ""
    window_by: str = "answer"
    reports: bool = False
    version: str = ""
    clock: Callable[[], float] = time.time
    sent: List[Sent] = field(default_factory=list)
    reads: List[Dict[str, Any]] = field(default_factory=list)
    media: Dict[str, bytes] = field(default_factory=dict)
    refused: List[Tuple[int, str]] = field(default_factory=list)
    calls: int = 0
    delay: float = 0.0
    _heard: Dict[str, float] = field(default_factory=dict)
    _inbound: Dict[str, str] = field(default_factory=dict)
    _failures: Deque[Tuple[int, Dict[str, str]]] = field(default_factory=deque)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _reports: "List[asyncio.Future[None]]" = field(default_factory=list)

    # --- running ----------------------------------------------------------------------------------------------

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_post("/{version}/{number}/messages", self._guarded(self._messages))
        router.add_post("/{version}/{number}/media", self._guarded(self._upload))
        router.add_get("/{version}/{number}", self._guarded(self._about))

    def state(self) -> str:
        return f"sent: {[s.payload for s in self.sent]}"

    # --- what a test asks of it -------------------------------------------------------------------------------

    def fail(self, code: int, times: int = 1, **headers: str) -> None:
        """The next `times` sends end with this error; code 0 breaks the connection without an answer."""
        self._failures.extend([(code, {key.replace("_", "-"): value for key, value in headers.items()})] * times)

    def sent_to(self, recipient: str) -> List[Sent]:
        return [sent for sent in self.sent if sent.recipient == recipient]

    def customer(self, user: str = "", phone: str = "31612345678", name: str = "An") -> "Customer":
        """A customer; `user` is the business-scoped id, phone '' for one who hides it behind a user name."""
        return Customer(self, user, phone, name)

    def sign(self, body: bytes) -> str:
        return "sha256=" + hmac.new(self.app_secret.encode(), body, hashlib.sha256).hexdigest()

    def deliver(self, body: Dict[str, Any], signature: Optional[str] = None) -> int:
        """Posts a webhook body as Meta does (slashes and letters outside ASCII escaped); returns the status."""
        raw = json.dumps(body, separators=(",", ":")).replace("/", "\\/").encode()
        return self.post(raw, self.sign(raw) if signature is None else signature)

    def post(self, raw: bytes, signature: str) -> int:
        headers = {"Content-Type": "application/json", "User-Agent": "facebookexternalua"}
        if signature:
            headers["X-Hub-Signature-256"] = signature
        return post(self.webhook, raw, headers)

    def status(
        self, message_id: str, status: str, recipient: str, error: int = 0, reference: str = ""
    ) -> Dict[str, Any]:
        """A webhook body that tells what became of a message of ours."""
        item: Dict[str, Any] = {"id": message_id, "status": status, "timestamp": str(int(self.clock()))}
        item["recipient_user_id" if _SCOPED.fullmatch(recipient) else "recipient_id"] = recipient
        if reference:
            item["biz_opaque_callback_data"] = reference
        if error:
            item["errors"] = [{"code": error, "title": "Re-engagement message", "message": "Re-engagement message"}]
        return self.envelope({"statuses": [item]})

    def envelope(self, value: Dict[str, Any]) -> Dict[str, Any]:
        metadata = {"display_phone_number": "15550783881", "phone_number_id": self.phone_number_id}
        value = {"messaging_product": "whatsapp", "metadata": metadata, **value}
        change = {"value": value, "field": "messages"}
        return {"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": [change]}]}

    # --- the API ----------------------------------------------------------------------------------------------

    def _guarded(self, handler: Callable[[web.Request], Any]) -> Callable[[web.Request], Any]:
        async def guard(request: web.Request) -> web.StreamResponse:
            self.calls += 1
            if self.delay:
                await asyncio.sleep(self.delay)
            try:
                version = request.match_info["version"]
                if not _VERSION.fullmatch(version) or version != (self.version or version):
                    raise GraphError(2635, "The version in the path is missing or too old.")
                if request.headers.get("Authorization") != f"Bearer {self.token}":
                    raise GraphError(190, "Invalid OAuth access token - Cannot parse access token")
                if request.match_info["number"] != self.phone_number_id:
                    raise GraphError(100, "Object with this ID does not exist, or missing permissions")
                answer = await handler(request)
            except GraphError as error:
                self.refused.append((error.code, error.details))
                headers = dict(getattr(error, "headers", {}))
                answer = web.json_response(error.body(), status=error.status, headers=headers)
            except ConnectionAbortedError:
                assert request.transport
                request.transport.abort()
                raise
            with self._changed:
                self._changed.notify_all()
            return answer

        return guard

    async def _about(self, request: web.Request) -> web.Response:
        number = {"id": self.phone_number_id, "display_phone_number": "+1 555-078-3881", "verified_name": "Winkel"}
        return web.json_response(number)

    async def _upload(self, request: web.Request) -> web.Response:
        if not request.content_type.startswith("multipart/"):
            raise GraphError(100, "The parameter file is required.")
        form = await request.post()
        if form.get("messaging_product") != "whatsapp":
            raise GraphError(100, "(#100) The parameter messaging_product is required.")
        file = form.get("file")
        if not isinstance(file, web.FileField):
            raise GraphError(100, "The parameter file is required.")
        content = file.file.read()
        if file.content_type not in _MEDIA or form.get("type") != file.content_type:
            raise GraphError(131053, f"Unsupported media type {file.content_type}")
        if not content.startswith((b"\x89PNG", b"\xff\xd8")) or len(content) > _MEDIA[file.content_type]:
            raise GraphError(131053, "Not an image of its type, or too large")
        media_id = str(next(self._numbers) + 10**14)
        self.media[media_id] = content
        return web.json_response({"id": media_id})

    async def _messages(self, request: web.Request) -> web.Response:
        if request.content_type != "application/json":
            raise GraphError(100, "The parameter messaging_product is required.")
        try:
            payload = await request.json()
        except ValueError:
            raise GraphError(100, "Invalid JSON") from None
        if not isinstance(payload, dict) or payload.get("messaging_product") != "whatsapp":
            raise GraphError(100, "The parameter messaging_product is required.")
        if "status" in payload:
            return self._read(payload)
        if self._failures:
            code, headers = self._failures.popleft()
            if code == 0:
                raise ConnectionAbortedError
            failure = GraphError(code, "scripted")
            failure.headers = headers  # type: ignore[attr-defined]
            raise failure
        recipient = self._recipient(payload)
        check_message(payload, self.templates, self.media)
        message_id = f"wamid.{next(self._numbers):012d}"
        late = payload["type"] != "template" and self.clock() - self._heard.get(recipient, 0) > WINDOW
        if late and self.window_by == "answer":
            raise GraphError(131047, "More than 24 hours have passed since the recipient last replied.")
        contact = {"input": recipient, "user_id" if _SCOPED.fullmatch(recipient) else "wa_id": recipient}
        if late:
            body = self.status(message_id, "failed", recipient, 131047)
            asyncio.get_running_loop().run_in_executor(None, self.deliver, body)
            self.refused.append((131047, "reported as a status"))
        else:
            self.sent.append(Sent(message_id, recipient, payload))
            if self.reports:
                reference = payload.get("biz_opaque_callback_data", "")
                body = self.status(message_id, "sent", recipient, reference=reference)
                self._reports.append(asyncio.ensure_future(self.insist(partial(self.deliver, body))))
        return web.json_response(
            {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": message_id}]}
        )

    def _recipient(self, payload: Dict[str, Any]) -> str:
        if payload.get("recipient_type", "individual") != "individual":
            raise GraphError(100, "recipient_type must be individual")
        phone, scoped = payload.get("to"), payload.get("recipient")
        if phone is not None:
            # The real API takes a scoped id here, answers 200 and delivers nothing; a test must see that.
            if not isinstance(phone, str) or not _PHONE.fullmatch(phone):
                raise GraphError(131009, "to is no phone number")
            return phone
        if not isinstance(scoped, str) or not _SCOPED.fullmatch(scoped):
            raise GraphError(131008, "The parameter to or recipient is required.")
        return scoped

    def _read(self, payload: Dict[str, Any]) -> web.Response:
        if set(payload) - {"messaging_product", "status", "message_id", "typing_indicator"}:
            raise GraphError(100, "Unexpected key")
        if payload["status"] != "read" or payload.get("message_id") not in self._inbound:
            raise GraphError(131009, "Parameter value is not valid: message_id")
        if payload.get("typing_indicator", {"type": "text"}) != {"type": "text"}:
            raise GraphError(131009, "typing_indicator.type must be text")
        self.reads.append(payload)
        return web.json_response({"success": True})

    def heard(self, recipients: Sequence[str], message_id: str, at: float) -> None:
        """Opens the 24-hour window."""
        for recipient in filter(None, recipients):
            self._heard[recipient] = max(at, self._heard.get(recipient, 0))
            self._inbound[message_id] = recipient

    def next_number(self) -> int:
        return next(self._numbers)


@dataclass
class Customer:
    """Somebody who writes to the shop; keeps what may be pressed."""

    api: GraphApi
    user: str
    phone: str
    name: str

    @property
    def recipient(self) -> str:
        """Where answers arrive."""
        return self.user or self.phone

    @property
    def conversation(self) -> str:
        return "whatsapp-" + self.recipient

    def body(self, message: Dict[str, Any], at: Optional[float] = None) -> Dict[str, Any]:
        """A webhook body around one message, which opens the 24-hour window."""
        moment = self.api.clock() if at is None else at
        message = {"id": f"wamid.IN{self.api.next_number():010d}", "timestamp": str(int(moment)), **message}
        contact: Dict[str, Any] = {"profile": {"name": self.name}}
        if self.phone:
            message["from"] = contact["wa_id"] = self.phone
        if self.user:
            message["from_user_id"] = contact["user_id"] = self.user
        if not self.phone:
            contact["profile"]["username"] = "@" + self.name.lower()
        self.api.heard((self.user, self.phone), message["id"], moment)
        return self.api.envelope({"contacts": [contact], "messages": [message]})

    def text(self, text: str, at: Optional[float] = None) -> Dict[str, Any]:
        return self.body({"type": "text", "text": {"body": text}}, at)

    def choice(self, choice_id: str, title: str, at: Optional[float] = None) -> Dict[str, Any]:
        kind = "list_reply" if len(title) > 20 else "button_reply"
        return self.body(
            {"type": "interactive", "interactive": {"type": kind, kind: {"id": choice_id, "title": title}}}, at
        )

    def says(self, text: str) -> int:
        return self.api.deliver(self.text(text))

    def received(self) -> List[Sent]:
        return self.api.sent_to(self.recipient)

    def presses(self, title: str) -> int:
        """Presses a button or row of the newest message that shows one with this title."""
        for sent in reversed(self.received()):
            for choice_id, shown in sent.choices:
                if shown == title:
                    return self.api.deliver(self.choice(choice_id, title))
        raise AssertionError(f"nobody offered {title!r}: {[sent.choices for sent in self.received()]}")

    def hears(self, more_than: int, timeout: float = 120.0) -> List[Sent]:
        """Waits until there are more than this many messages; returns the new ones."""
        self.api.wait_for(lambda api: len(api.sent_to(self.recipient)) > more_than, timeout)
        return self.received()[more_than:]


# --- the documented limits of each kind of message ------------------------------------------------------------------


def check_message(payload: Dict[str, Any], templates: Dict[str, Template], media: Dict[str, bytes]) -> None:
    """Raises `GraphError` for what the Graph API refuses."""
    kind = payload.get("type")
    checks = {
        "text": _check_text,
        "interactive": _check_interactive,
        "image": _check_image,
        "template": _check_template,
    }
    if kind not in checks:
        raise GraphError(100, f"type {kind!r} is not one this server knows")
    allowed = "messaging_product recipient_type to recipient type context biz_opaque_callback_data"
    _only(payload, f"{allowed} {kind}", "the message")
    if "biz_opaque_callback_data" in payload:
        _length(payload["biz_opaque_callback_data"], "biz_opaque_callback_data", 512)
    content = payload.get(kind)
    if not isinstance(content, dict):
        raise GraphError(131008, f"The parameter {kind} is required.")
    if kind == "template":
        _check_template(content, templates)
    elif kind == "image":
        _check_image(content, media)
    else:
        checks[kind](content)


def _length(text: Any, name: str, most: int, least: int = 1) -> str:
    # Counted as UTF-16 does, the stricter way for emoji.
    if not isinstance(text, str) or not least <= len(text.encode("utf-16-le")) // 2 <= most:
        raise GraphError(131009, f"Parameter value is not valid: {name} must be {least} to {most} characters: {text!r}")
    if least and not text.strip():
        raise GraphError(131009, f"Parameter value is not valid: {name} is blank")
    return text


def _only(content: Dict[str, Any], allowed: str, name: str) -> None:
    extra = set(content) - set(allowed.split())
    if extra:
        raise GraphError(100, f"Unexpected key {sorted(extra)} on {name}")


def _check_text(content: Dict[str, Any]) -> None:
    _only(content, "body preview_url", "text")
    _length(content.get("body"), "text.body", 4096)


def _check_image(content: Dict[str, Any], media: Dict[str, bytes]) -> None:
    _only(content, "id link caption", "image")
    if ("id" in content) == ("link" in content):
        raise GraphError(100, "image needs either id or link")
    if "id" in content and content["id"] not in media:
        raise GraphError(131053, "Media upload error: unknown id")
    if "link" in content and not re.fullmatch(r"https?://[^\s/]+\.[^\s/]+/\S*", str(content["link"])):
        raise GraphError(131053, f"Media download error: {content['link']}")
    if "caption" in content:
        _length(content["caption"], "image.caption", 1024)


def _check_interactive(content: Dict[str, Any]) -> None:
    _only(content, "type header body footer action", "interactive")
    body, action = content.get("body"), content.get("action")
    if not isinstance(body, dict) or not isinstance(action, dict):
        raise GraphError(131008, "interactive needs body and action")
    _only(body, "text", "body")
    if "footer" in content:
        _length(content["footer"].get("text"), "footer.text", 60)
    header = content.get("header")
    if content.get("type") == "button":
        # Meta's page on lists allows 4096 in a list's body; 1024 is what it says of reply buttons.
        _length(body.get("text"), "interactive.body.text", 1024)
        if header and header.get("type") not in ("text", "image"):
            raise GraphError(131009, "header.type")
        _check_buttons(action)
    elif content.get("type") == "list":
        _length(body.get("text"), "interactive.body.text", 4096)
        if header and header.get("type") != "text":
            raise GraphError(131009, "a list takes a text header only")
        _check_rows(action)
    else:
        raise GraphError(131009, "interactive.type")
    if header and header.get("type") == "text":
        _length(header.get("text"), "header.text", 60)


def _check_buttons(action: Dict[str, Any]) -> None:
    _only(action, "buttons", "action")
    buttons = action.get("buttons")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
        raise GraphError(131009, "1 to 3 buttons")
    for button in buttons:
        if set(button) != {"type", "reply"} or button["type"] != "reply" or set(button["reply"]) != {"id", "title"}:
            raise GraphError(131009, "a button is {type: reply, reply: {id, title}}")
        _length(button["reply"]["title"], "button title", 20)
        if _length(button["reply"]["id"], "button id", 256).strip() != button["reply"]["id"]:
            raise GraphError(131009, "button id with blanks around it")
    for name in ("id", "title"):
        if len({button["reply"][name] for button in buttons}) != len(buttons):
            raise GraphError(131009, f"duplicated button {name}")


def _check_rows(action: Dict[str, Any]) -> None:
    _only(action, "button sections", "action")
    _length(action.get("button"), "action.button", 20)
    sections = action.get("sections")
    if not isinstance(sections, list) or not 1 <= len(sections) <= 10:
        raise GraphError(131009, "1 to 10 sections")
    rows = [row for section in sections for row in section.get("rows", [])]
    if not 1 <= len(rows) <= 10:
        raise GraphError(131009, f"1 to 10 rows in all sections, not {len(rows)}")
    for section in sections:
        _only(section, "title rows", "section")
        if not section.get("rows"):
            raise GraphError(131009, "a section needs rows")
        if "title" in section or len(sections) > 1:
            _length(section.get("title"), "section title", 24)
    for row in rows:
        _only(row, "id title description", "row")
        _length(row.get("title"), "row title", 24)
        _length(row.get("id"), "row id", 200)
        if "description" in row:
            _length(row["description"], "row description", 72)
    if len({row["id"] for row in rows}) != len(rows):
        raise GraphError(131009, "duplicated row id")


def _check_template(content: Dict[str, Any], templates: Optional[Dict[str, Template]] = None) -> None:
    _only(content, "name language components", "template")
    template = (templates or {}).get(str(content.get("name")))
    language = content.get("language")
    if not isinstance(language, dict) or set(language) != {"code"}:
        raise GraphError(131008, "template.language needs a code")
    if template is None or language["code"] not in template.languages:
        raise GraphError(132001, "Template name does not exist in the translation")
    components = content.get("components", [])
    values: List[Any] = []
    for component in components:
        _only(component, "type parameters", "component")
        if component.get("type") != "body":
            raise GraphError(132000, "only a body was approved")
        values = component.get("parameters", [])
    for value in values:
        if set(value) != {"type", "text"} or value["type"] != "text":
            raise GraphError(132012, "a parameter is {type: text, text}")
        text = _length(value["text"], "parameter", 1024)
        if re.search(r"[\n\t]| {5,}", text):
            raise GraphError(132018, "a parameter holds no line ends, tabs or more than four blanks in a row")
    if len(values) != template.values:
        raise GraphError(132000, f"{template.values} parameters, not {len(values)}")
