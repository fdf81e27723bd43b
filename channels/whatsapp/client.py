"""Calls to the Graph API, each with a timeout, and what its errors mean for the queue."""

from __future__ import annotations

from typing import Any, Mapping, Optional

import aiohttp

from channels.base import SendFailed
from channels.provider import TIMEOUT, ApiClient, Codes
from channels.whatsapp.outgoing import Message
from shop.settings import Environment

MAX_WAIT = 3600.0

# Meta, "error codes". What is not named here is a fault of this one message, which another try does not mend.
_CODES = Codes(
    access=frozenset({0, 3, 10, 190, 368, 131005, 131031, 131042, 133010, *range(200, 300)}),
    passing=frozenset({1, 2, 4, 80007, 130429, 131000, 131016, 131048, 131056, 131057, 133004}),
    window=131047,
    media=frozenset({131052, 131053}),
    statuses=frozenset({401}),
)


class GraphClient(ApiClient):
    """Meta's API for one business phone number."""

    provider = "Meta"

    def __init__(self, address: str, version: str, number: str, token: str, timeout: float = TIMEOUT) -> None:
        """Args: address: of the API, without version. number: the phone number's id. timeout: of one call, seconds."""
        base = f"{address.rstrip('/')}/{version}/{number}"
        super().__init__(base, timeout, headers={"Authorization": f"Bearer {token}"})

    async def send(self, message: Message) -> str:
        """Sends one message; returns its id. Raises `SendFailed`."""
        answer = await self.call("POST", "/messages", json=message)
        messages = answer.get("messages")
        first = messages[0] if isinstance(messages, list) and messages else {}
        return str(first.get("id", "")) if isinstance(first, dict) else ""

    async def upload(self, content: bytes, content_type: str) -> str:
        """Hands Meta a picture; returns its id, which is valid for 30 days. Raises `SendFailed`."""
        form = aiohttp.FormData()
        form.add_field("messaging_product", "whatsapp")
        form.add_field("type", content_type)
        form.add_field("file", content, filename="plaat", content_type=content_type)
        return str((await self.call("POST", "/media", data=form)).get("id", ""))

    async def number(self) -> Mapping[str, Any]:
        """What Meta knows about our number. Raises `SendFailed`."""
        return await self.call("GET", "?fields=display_phone_number,verified_name")

    def failed(self, status: int, answer: Mapping[str, Any], headers: Mapping[str, str]) -> SendFailed:
        """See `failure`."""
        return failure(status, answer, headers.get("Retry-After"))


def graph_client(environment: Environment) -> GraphClient:
    """Meta's interface with these settings."""
    return GraphClient(
        environment.whatsapp_api,
        environment.whatsapp_version,
        environment.whatsapp_number_id,
        environment.whatsapp_token,
    )


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
    return _CODES.failure(status, code, reason, _seconds(retry_after))


def _seconds(text: Optional[str]) -> Optional[float]:
    return min(float(text), MAX_WAIT) if text and text.isascii() and text.isdigit() else None
