"""Calls to Twilio's interface, each with a timeout, and what its errors mean for the queue."""

from __future__ import annotations

import asyncio
from typing import Any, Dict, Mapping, Optional

import aiohttp

from channels.base import SendFailed

TIMEOUT = 15.0  # seconds

# Twilio, "error and warning dictionary". What is not named here is a fault of this one message.
_ACCESS = frozenset({20003, 20005, 10001, 63007})
_PASSING = frozenset({20429, 14107, 30001, 63018, 63038})
_WINDOW = 63016
_MEDIA = frozenset({21620, 63005, 63019})


class WindowClosed(SendFailed):
    """More than 24 hours have passed since the customer's last message: only a template may be sent."""


class MediaRefused(SendFailed):
    """Twilio could not take the picture."""


class TwilioClient:
    """Twilio's interface for one account."""

    def __init__(self, address: str, account: str, token: str, timeout: float = TIMEOUT) -> None:
        """Args: address: of the interface. account, token: the credentials. timeout: of one call, seconds."""
        self._account = f"{address.rstrip('/')}/2010-04-01/Accounts/{account}"
        self._login = aiohttp.BasicAuth(account, token)
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._session: Optional[aiohttp.ClientSession] = None

    async def send(self, fields: Mapping[str, str]) -> str:
        """Sends one message; returns its id. Raises `SendFailed`."""
        return str((await self._call("POST", "/Messages.json", data=dict(fields))).get("sid", ""))

    async def account(self) -> Mapping[str, Any]:
        """What Twilio knows about the account. Raises `SendFailed`."""
        return await self._call("GET", ".json")

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _call(self, method: str, path: str, **what: Any) -> Dict[str, Any]:
        if self._session is None:
            self._session = aiohttp.ClientSession(auth=self._login, timeout=self._timeout)
        try:
            async with self._session.request(method, self._account + path, allow_redirects=False, **what) as reply:
                answer = await _json(reply)
                if reply.status in (200, 201):
                    return answer
                raise failure(reply.status, answer)
        except asyncio.TimeoutError:
            raise SendFailed("Twilio did not answer in time.") from None
        except aiohttp.ClientError as error:
            raise SendFailed(f"Twilio could not be reached ({type(error).__name__}).") from None


def failure(status: int, answer: Mapping[str, Any]) -> SendFailed:
    """What an answer other than 201 means; Twilio's own words are left out, for they may repeat the number."""
    code = answer.get("code")
    code = code if isinstance(code, int) else 0
    reason = f"Twilio answered {status}, error {code}."
    if code == _WINDOW:
        return WindowClosed(reason, is_permanent=True)
    if code in _MEDIA:
        return MediaRefused(reason, is_permanent=True)
    if code in _ACCESS or status in (401, 403):
        return SendFailed(reason, stops_channel=True)
    if code in _PASSING or status == 429 or status >= 500:
        return SendFailed(reason)
    return SendFailed(reason, is_permanent=True)


async def _json(reply: aiohttp.ClientResponse) -> Dict[str, Any]:
    try:
        answer = await reply.json(content_type=None)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
