"""A strict stand-in for Twilio's Messages resource; signs and posts what customers say. Style: see `graph.py`."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import re
import threading
import time
import urllib.parse
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Callable, Deque, Dict, List, Optional, Sequence, Tuple

from aiohttp import BasicAuth, web

from tests.channels.fakes.server import FakeServer, post

WINDOW = 24 * 3600
_ALLOWED = {"From", "To", "Body", "MediaUrl", "ContentSid", "ContentVariables", "StatusCallback"}
_PERSON = re.compile(r"whatsapp:(\+\d{5,20}|[A-Z]{2}(\.ENT)?\.[A-Za-z0-9]{1,128})")
_STATUS_OF = {20003: 401, 20429: 429, 20500: 500, 20503: 503}


class TwilioError(Exception):
    """An error as Twilio writes it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, _STATUS_OF.get(code, 400)


@dataclass
class TwilioApi(FakeServer):
    """The server. `with TwilioApi(...) as api:`, then `api.address`. `webhook` is where it really posts to,
    `public_webhook` the address that it was told and signs."""

    account: str = "AC" + "0" * 32
    auth_token: str = "12345678901234567890123456789012"
    sender: str = "whatsapp:+14155238886"
    port: int = 0
    reports: bool = False  # tells the status callback what became of each message, again until that is taken
    webhook: str = ""
    public_webhook: str = ""
    templates: Dict[str, int] = field(default_factory=dict)
    clock: Callable[[], float] = time.time
    sent: List[Tuple[str, Dict[str, str]]] = field(default_factory=list)
    refused: List[Tuple[int, str]] = field(default_factory=list)
    calls: int = 0
    _heard: Dict[str, float] = field(default_factory=dict)
    _failures: Deque[int] = field(default_factory=deque)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _reports: "List[asyncio.Future[None]]" = field(default_factory=list)

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_post("/2010-04-01/Accounts/{account}/Messages.json", self._guarded(self._messages))
        router.add_get("/2010-04-01/Accounts/{account}.json", self._guarded(self._about))

    def state(self) -> str:
        return f"sent: {self.sent}"

    def fail(self, code: int, times: int = 1) -> None:
        self._failures.extend([code] * times)

    def sign(self, fields: Sequence[Tuple[str, str]], address: str = "") -> str:
        """Written out here and not taken from a library, so that the assistant's own way is checked against it."""
        text = (address or self.public_webhook or self.webhook) + "".join(k + v for k, v in sorted(fields))
        return base64.b64encode(hmac.new(self.auth_token.encode(), text.encode(), hashlib.sha1).digest()).decode()

    def deliver(self, fields: Dict[str, str], signature: Optional[str] = None) -> int:
        raw = urllib.parse.urlencode(fields).encode()
        return self.post(raw, self.sign(list(fields.items())) if signature is None else signature)

    def post(self, raw: bytes, signature: str, address: str = "") -> int:
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8", "User-Agent": "TwilioProxy/1.1"}
        if signature:
            headers["X-Twilio-Signature"] = signature
        return post(address or self.webhook, raw, headers)

    def _report(self, sid: str, sent: Dict[str, str]) -> int:
        """Calls the status callback of a message, at the assistant's real address."""
        address = sent["StatusCallback"]
        fields = {"MessageSid": sid, "MessageStatus": "sent", "From": sent["From"], "To": sent["To"]}
        signature = self.sign(list(fields.items()), address)
        place = self.webhook.rpartition("/")[0] + "/" + address.rpartition("/")[2]
        return self.post(urllib.parse.urlencode(fields).encode(), signature, place)

    def message(self, user: str, text: str, **more: str) -> Dict[str, str]:
        """The form of one message, which opens the 24-hour window."""
        sid = f"SM{next(self._numbers):032x}"
        self._heard["whatsapp:" + user] = self.clock()
        return {
            **{"SmsMessageSid": sid, "NumMedia": "0", "ProfileName": "An", "SmsSid": sid, "WaId": user.lstrip("+")},
            **{"SmsStatus": "received", "Body": text, "To": self.sender, "NumSegments": "1", "MessageSid": sid},
            **{"AccountSid": self.account, "From": "whatsapp:" + user, "ApiVersion": "2010-04-01", **more},
        }

    def says(self, user: str, text: str) -> int:
        return self.deliver(self.message(user, text))

    def received(self, user: str) -> List[Dict[str, str]]:
        return [fields for _, fields in self.sent if fields["To"] == "whatsapp:" + user]

    def hears(self, user: str, more_than: int, timeout: float = 120.0) -> List[str]:
        self.wait_for(lambda api: len(api.received(user)) > more_than, timeout)
        return [fields.get("Body", "") for fields in self.received(user)[more_than:]]

    def _guarded(self, handler: Callable[[web.Request], Any]) -> Callable[[web.Request], Any]:
        async def guard(request: web.Request) -> web.StreamResponse:
            self.calls += 1
            try:
                expected = BasicAuth(self.account, self.auth_token).encode()
                if request.headers.get("Authorization") != expected or request.match_info["account"] != self.account:
                    raise TwilioError(20003, "Authenticate")
                answer = await handler(request)
            except TwilioError as error:
                self.refused.append((error.code, error.message))
                body = {"code": error.code, "message": error.message, "status": error.status}
                answer = web.json_response({**body, "more_info": ""}, status=error.status)
            with self._changed:
                self._changed.notify_all()
            return answer

        return guard

    async def _about(self, request: web.Request) -> web.Response:
        return web.json_response({"sid": self.account, "status": "active"})

    async def _messages(self, request: web.Request) -> web.Response:
        form = await request.post()
        fields = {name: str(value) for name, value in form.items()}
        if self._failures:
            raise TwilioError(self._failures.popleft(), "scripted")
        if set(fields) - _ALLOWED:
            raise TwilioError(20001, f"unknown fields {sorted(set(fields) - _ALLOWED)}")
        if fields.get("From") != self.sender:
            raise TwilioError(63007, "Could not find a Channel with the specified From address")
        if not _PERSON.fullmatch(fields.get("To", "")):
            raise TwilioError(21211, "The 'To' number is not a valid phone number.")
        late = self.clock() - self._heard.get(fields["To"], 0) > WINDOW
        if "ContentSid" in fields:
            if fields["ContentSid"] not in self.templates or "Body" in fields:
                raise TwilioError(20404, "There is no such content")
            variables = json.loads(fields.get("ContentVariables", "{}"))
            if sorted(variables) != [str(n + 1) for n in range(self.templates[fields["ContentSid"]])]:
                raise TwilioError(21656, "The ContentVariables parameter is invalid")
        elif late:
            raise TwilioError(63016, "Failed to send freeform message because you are outside the allowed window.")
        else:
            check_content(fields)
        sid = f"SM{next(self._numbers):032x}"
        self.sent.append((sid, fields))
        if self.reports:
            self._reports.append(asyncio.ensure_future(self.insist(partial(self._report, sid, fields))))
        return web.json_response({"sid": sid, "status": "queued", "error_code": None}, status=201)


def check_content(fields: Dict[str, str]) -> None:
    """Raises `TwilioError` for a body or a picture that Twilio refuses."""
    if not fields.get("Body", "").strip() and "MediaUrl" not in fields:
        raise TwilioError(21619, "A text message body or media urls must be specified")
    if len(fields.get("Body", "").encode("utf-16-le")) // 2 > 1600:
        raise TwilioError(21617, "The concatenated message body exceeds the 1600 character limit")
    if "MediaUrl" in fields and not re.fullmatch(r"https?://[^\s/]+\.[^\s/]+/\S*", fields["MediaUrl"]):
        raise TwilioError(21620, "Invalid media URL(s)")
