"""Raw requests around valid ones: each path has a good request, and what differs from it is drawn from a seed."""

from __future__ import annotations

import asyncio
import copy
import json
import random
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple
from urllib.parse import quote, urlencode

from channels.twilio.signature import by_name
from channels.twilio.signature import sign as twilio_sign
from channels.whatsapp.signature import sign as meta_sign

TELEGRAM_SECRET = "geheim-woord"
META_SECRET = "c0ffee" * 6
TWILIO_TOKEN = "0123456789abcdef" * 2
PUBLIC = "https://chat.voorbeeld.nl"
SETTINGS = {
    "SCHAKEL_PUBLIC_ADDRESS": PUBLIC,
    "SCHAKEL_TELEGRAM_TOKEN": "123456789:" + "A" * 35,
    "SCHAKEL_TELEGRAM_SECRET": TELEGRAM_SECRET,
    "SCHAKEL_TELEGRAM_UPDATES": "webhook",
    "SCHAKEL_WHATSAPP_TOKEN": "een-toegang",
    "SCHAKEL_WHATSAPP_NUMBER_ID": "106540352242922",
    "SCHAKEL_WHATSAPP_APP_SECRET": META_SECRET,
    "SCHAKEL_WHATSAPP_VERIFY_TOKEN": "een-woord-van-ons",
    "SCHAKEL_TWILIO_ACCOUNT": "AC" + "0" * 32,
    "SCHAKEL_TWILIO_TOKEN": TWILIO_TOKEN,
    "SCHAKEL_TWILIO_NUMBER": "whatsapp:+31201234567",
}
STRANGE: Tuple[Any, ...] = (
    None, True, -1, 0, 2**63, 10**400, 1e308, "", " ", "\x00", "\ud800", "\u202e😀é", "/intent{}", "' OR 1=1 --",
    "<script>", "%s%n", "../../etc/passwd", "x" * 2_001, [], {}, [[[[]]]], {"a": {"b": None}}, ["x"], "NaN",
    "ik wil dood",
)  # fmt: skip
HEADERS = (
    "Origin", "Authorization", "Content-Type", "Last-Event-ID", "If-None-Match", "X-Forwarded-For", "X-Request-ID",
    "Accept-Encoding", "Accept", "Cookie", "X-Hub-Signature-256", "X-Telegram-Bot-Api-Secret-Token",
    "X-Twilio-Signature", "Range", "Upgrade", "Referer", "Accept-Language", "If-Modified-Since",
)  # fmt: skip
METHODS = ("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH")


@dataclass(frozen=True)
class Path:
    """A public address.

    Attributes:
        method, path: of a good request.
        body: JSON of a good one, None for none; makes ids of its own.
        form: whether the body is sent as a form.
        variable: whether what stands behind the last slash may be anything.
        sign: adds the headers that prove who calls, given body and query.
    """

    method: str
    path: str
    body: Optional[Callable[[random.Random], Any]] = None
    form: bool = False
    variable: bool = False
    sign: Optional[Callable[[bytes, str], Dict[str, str]]] = None


def _update(chance: random.Random) -> Any:
    who = {"id": chance.randrange(1, 60), "is_bot": False, "first_name": "Jan", "language_code": "nl"}
    chat = {"id": who["id"], "type": "private"}
    message = {"message_id": chance.randrange(10**9), "date": 1_763_800_000, "chat": chat, "from": who}
    return {"update_id": chance.randrange(10**9), "message": {**message, "text": "wat is serotonine"}}


def _delivery(chance: random.Random) -> Any:
    number = f"3161234{chance.randrange(60):04d}"
    message = {"from": number, "id": f"wamid.{chance.randrange(10**12)}", "timestamp": "1763800000"}
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "31201234567", "phone_number_id": "106540352242922"},
        "contacts": [{"profile": {"name": "Jan"}, "wa_id": number}],
        "messages": [{**message, "type": "text", "text": {"body": "wat is serotonine"}}],
    }
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}],
    }


def _form(chance: random.Random) -> Any:
    who = f"whatsapp:+3161234{chance.randrange(60):04d}"
    return {"MessageSid": f"SM{chance.randrange(16**32):032x}", "From": who, "To": "whatsapp:+31201234567", "Body": "1"}


def _said(chance: random.Random) -> Any:
    return {"id": f"{chance.randrange(16**12):012x}", "text": "wat is serotonine"}


def _telegram(_: bytes, __: str) -> Dict[str, str]:
    return {"X-Telegram-Bot-Api-Secret-Token": TELEGRAM_SECRET}


def _meta(body: bytes, _: str) -> Dict[str, str]:
    return {"X-Hub-Signature-256": meta_sign(body, META_SECRET)}


def _twilio(body: bytes, query: str) -> Dict[str, str]:
    from channels.twilio.channel import read_fields

    fields = read_fields(body)
    address = f"{PUBLIC}/webhooks/twilio/webhook" + (f"?{query}" if query else "")
    return {"X-Twilio-Signature": twilio_sign(address, fields if fields is not None else by_name([]), TWILIO_TOKEN)}


PATHS = (
    Path("POST", "/webhooks/rest/webhook", lambda c: {"sender": f"s{c.randrange(99)}", "message": "wat is serotonine"}),
    Path("GET", "/health"),
    Path("GET", "/ready"),
    Path("POST", "/webhooks/web/session"),
    Path("GET", "/webhooks/web/history"),
    Path("POST", "/webhooks/web/messages", _said),
    Path("POST", "/webhooks/web/rating", lambda c: {"n": c.randrange(1, 40), "rating": "up"}),
    Path("DELETE", "/webhooks/web/conversation"),
    Path("GET", "/webhooks/web/questions"),
    Path("GET", "/webhooks/web/events"),
    Path("POST", "/webhooks/telegram/webhook", _update, sign=_telegram),
    Path("POST", "/webhooks/whatsapp/webhook", _delivery, sign=_meta),
    Path("GET", "/webhooks/whatsapp/webhook?hub.mode=subscribe&hub.verify_token=een-woord-van-ons&hub.challenge=1"),
    Path("POST", "/webhooks/twilio/webhook", _form, form=True, sign=_twilio),
    Path("GET", "/widget.js"),
    Path("GET", "/widget/icon.svg", variable=True),
    Path("GET", "/"),
    Path("GET", "/demo/pot.svg", variable=True),
    Path("GET", "/keten"),
    Path("GET", "/keten/serotonine", variable=True),
    Path("GET", "/keten/plaat/serotonine.svg", variable=True),
)  # fmt: skip


@dataclass(frozen=True)
class Raw:
    """A request as it goes over the line."""

    method: str
    target: str
    headers: Sequence[Tuple[str, str]] = field(default_factory=tuple)
    body: bytes = b""

    @property
    def data(self) -> bytes:
        """All its bytes."""
        head = [f"{self.method} {self.target} HTTP/1.1", *(f"{name}: {value}" for name, value in self.headers)]
        return "\r\n".join(head).encode("latin-1", "replace") + b"\r\n\r\n" + self.body


def make(path: Path, chance: random.Random, origin: str, token: str) -> Raw:
    """A request to a path: one in eight is good, the others differ from it in one to four ways."""
    method, target = path.method, path.path
    value = path.body(chance) if path.body else None
    headers = {"Host": origin.partition("//")[2], "Origin": origin, "Authorization": f"Bearer {token}"}
    changes = chance.choice((0, 1, 1, 1, 2, 2, 3, 4))
    raw_body: Optional[bytes] = None
    is_signed = chance.random() < 0.9
    for _ in range(changes):
        kind = chance.randrange(6)
        if kind == 0:
            name = chance.choice(HEADERS)
            headers[name] = _word(chance, 300)
            is_signed = is_signed and not name.startswith("X-")
        elif kind == 1 and chance.random() < 0.3:
            method = chance.choice(METHODS)
        elif kind == 2:
            glue = "&" if "?" in target else "?"
            target += glue + urlencode({_word(chance, 20): _word(chance, 200)}, errors="replace")
        elif kind == 3 and path.variable:
            target = (
                path.path.rpartition("/")[0]
                + "/"
                + quote(_word(chance, 60), safe=chance.choice(("", "/%")), errors="replace")
            )
        elif value is not None:
            value = _changed(value, chance)
            if chance.random() < 0.1:
                raw_body = _broken(value, chance, path.form)
    body = b"" if value is None else raw_body if raw_body is not None else _encoded(value, path.form)
    if value is None and chance.random() < 0.1:
        body = _broken({"a": 1}, chance, False)
    if is_signed and path.sign:
        headers.update(path.sign(body, target.partition("?")[2]))
    kind_of_body = "application/x-www-form-urlencoded" if path.form else "application/json"
    headers = {"Content-Type": kind_of_body, **headers, "Content-Length": str(len(body))}
    return Raw(method, target, list(headers.items()), body)


def _word(chance: random.Random, most: int) -> str:
    """Text without line ends, which would end a header."""
    kind = chance.randrange(4)
    if kind == 0:
        return str(chance.choice(STRANGE))[:most].replace("\r", "").replace("\n", "")
    low, high = ((33, 126), (32, 255), (0x100, 0x2FFF))[kind - 1]
    return "".join(chr(chance.randint(low, high)) for _ in range(chance.randrange(most)))


def _changed(value: Any, chance: random.Random) -> Any:
    """A copy with one node replaced, removed or added."""
    if not isinstance(value, (dict, list)) or not value or chance.random() < 0.1:
        return chance.choice(STRANGE) if chance.random() < 0.7 else _word(chance, 3_000)
    found = copy.copy(value)
    key: Any = chance.choice(list(found)) if isinstance(found, dict) else chance.randrange(len(found))
    how = chance.random()
    if how < 0.15:
        del found[key]
    elif how < 0.25 and isinstance(found, dict):
        found[_word(chance, 20)] = chance.choice(STRANGE)
    elif how < 0.3 and isinstance(found, list):
        found += found
    else:
        found[key] = _changed(found[key], chance)
    return found


def _encoded(value: Any, is_form: bool) -> bytes:
    if is_form and isinstance(value, dict):
        return urlencode({str(key): str(one) for key, one in value.items()}, errors="replace").encode()
    return json.dumps(value).encode()


def _broken(value: Any, chance: random.Random, is_form: bool) -> bytes:
    body = bytearray(_encoded(value, is_form) or b"{")  # an empty form encodes to nothing
    kind = chance.randrange(5)
    if kind == 0:
        return bytes(body[: chance.randrange(len(body) + 1)])
    if kind == 1:
        for _ in range(chance.randrange(1, 6)):
            body[chance.randrange(len(body))] = chance.randrange(256)
        return bytes(body)
    if kind == 2:
        return b"[" * chance.choice((10, 5_000))
    if kind == 3:
        return chance.randbytes(chance.randrange(200))
    return bytes(body) + b" " * chance.choice((1, 70_000))


class Line:
    """A kept connection that is opened again when the server closed it."""

    def __init__(self, port: int) -> None:
        """Args: port: on loopback."""
        self._port = port
        self._streams: Optional[Tuple[asyncio.StreamReader, asyncio.StreamWriter]] = None

    async def status(self, raw: Raw) -> int:
        """The status of the answer; 0 when the server closed the line without one."""
        for fresh in (False, True):
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self._port)
                fresh = True
            reader, writer = self._streams
            try:
                writer.write(raw.data)
                await writer.drain()
                found, is_open = await asyncio.wait_for(self._read(reader, raw), 20)
            except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                self.close()
                if fresh:
                    return 0
                continue  # an idle line may be closed at any time
            if not is_open:
                self.close()
            return found
        return 0

    async def _read(self, reader: asyncio.StreamReader, raw: Raw) -> Tuple[int, bool]:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        status = int(head.split(" ", 2)[1])
        if "text/event-stream" in head:
            return status, False
        if raw.method == "HEAD" or status in (204, 304):
            return status, "connection: close" not in head
        if "transfer-encoding: chunked" in head:
            return status, False
        length = next((line[15:] for line in head.split("\r\n") if line.startswith("content-length:")), "0")
        await reader.readexactly(int(length))
        return status, "connection: close" not in head

    def close(self) -> None:
        """Breaks it off."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None


async def send_all(port: int, raws: List[Raw], lines: int = 8) -> List[Tuple[int, Raw]]:
    """Sends requests over some lines at once; gives (status, request) of each."""
    waiting = list(reversed(raws))
    answered: List[Tuple[int, Raw]] = []

    async def one() -> None:
        line = Line(port)
        while waiting:
            raw = waiting.pop()
            answered.append((await line.status(raw), raw))
        line.close()

    await asyncio.gather(*(one() for _ in range(lines)))
    return answered
