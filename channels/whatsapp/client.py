"""Calls to the Graph API, each with a timeout, and what its errors mean for the queue."""

from __future__ import annotations

import asyncio
from typing import Any, Dict, Mapping, Optional

import aiohttp

from channels.base import SendFailed
from channels.whatsapp.outgoing import Message

TIMEOUT = 15.0  # seconds; Meta answers within one
MAX_WAIT = 3600.0

# Meta, "error codes". What is not named here is a fault of this one message, which another try does not mend.
_ACCESS = frozenset({0, 3, 10, 190, 368, 131005, 131031, 131042, 133010, *range(200, 300)})
_PASSING = frozenset({1, 2, 4, 80007, 130429, 131000, 131016, 131048, 131056, 131057, 133004})
_WINDOW = 131047
_MEDIA = frozenset({131052, 131053})


class WindowClosed(SendFailed):
    """More than 24 hours have passed since the customer's last message: only a template may be sent."""


class MediaRefused(SendFailed):
    """Meta could not take the picture."""


class GraphClient:
    """Meta's API for one business phone number."""

    def __init__(self, address: str, version: str, number: str, token: str, timeout: float = TIMEOUT) -> None:
        """Args: address: of the API, without version. number: the phone number's id. timeout: of one call, seconds."""
        self._number = f"{address.rstrip('/')}/{version}/{number}"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._session: Optional[aiohttp.ClientSession] = None

    async def send(self, message: Message) -> str:
        """Sends one message; returns its id. Raises `SendFailed`."""
        answer = await self._call("POST", "/messages", json=message)
        messages = answer.get("messages")
        first = messages[0] if isinstance(messages, list) and messages else {}
        return str(first.get("id", "")) if isinstance(first, dict) else ""

    async def upload(self, content: bytes, content_type: str) -> str:
        """Hands Meta a picture; returns its id, which is valid for 30 days. Raises `SendFailed`."""
        form = aiohttp.FormData()
        form.add_field("messaging_product", "whatsapp")
        form.add_field("type", content_type)
        form.add_field("file", content, filename="plaat", content_type=content_type)
        return str((await self._call("POST", "/media", data=form)).get("id", ""))

    async def number(self) -> Mapping[str, Any]:
        """What Meta knows about our number. Raises `SendFailed`."""
        return await self._call("GET", "?fields=display_phone_number,verified_name")

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _call(self, method: str, path: str, **what: Any) -> Dict[str, Any]:
        if self._session is None:
            self._session = aiohttp.ClientSession(headers=self._headers, timeout=self._timeout)
        try:
            async with self._session.request(method, self._number + path, allow_redirects=False, **what) as reply:
                answer = await _json(reply)
                if reply.status == 200:
                    return answer
                raise failure(reply.status, answer, reply.headers.get("Retry-After"))
        except asyncio.TimeoutError:
            raise SendFailed("Meta did not answer in time.") from None
        except aiohttp.ClientError as error:
            raise SendFailed(f"Meta could not be reached ({type(error).__name__}).") from None


def failure(status: int, answer: Mapping[str, Any], retry_after: Optional[str] = None) -> SendFailed:
    """What an answer other than 200 means.

    Args:
        status: of HTTP.
        answer: the body as JSON, {} when it is none.
        retry_after: the header of that name.
    """
    error = answer.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    code = code if isinstance(code, int) else -1
    # Meta's own words are left out: they may repeat the number or the text.
    reason = f"Meta answered {status}, error {code}." if code >= 0 else f"Meta answered {status}."
    if code == _WINDOW:
        return WindowClosed(reason, is_permanent=True)
    if code in _MEDIA:
        return MediaRefused(reason, is_permanent=True)
    if code in _ACCESS or status == 401:
        return SendFailed(reason, stops_channel=True)
    if code in _PASSING or status == 429 or status >= 500:
        return SendFailed(reason, retry_after=_seconds(retry_after))
    return SendFailed(reason, is_permanent=True)


async def _json(reply: aiohttp.ClientResponse) -> Dict[str, Any]:
    try:
        answer = await reply.json(content_type=None)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _seconds(text: Optional[str]) -> Optional[float]:
    return min(float(text), MAX_WAIT) if text and text.isascii() and text.isdigit() else None
