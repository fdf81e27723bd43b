"""A small client of Telegram's Bot API (https://core.telegram.org/bots/api), with timeouts and one kind of error."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Mapping, Optional

import aiohttp

from channels.base import SendFailed

TIMEOUT = 15.0
UPLOAD_TIMEOUT = 35.0
ALLOWED_UPDATES = ("message", "callback_query")
# What Telegram says is logged only when it is one of these, for it may quote what the customer or the assistant said.
_KNOWN_REASONS = (
    "bot was blocked by the user",
    "bot was kicked",
    "bot can't initiate conversation",
    "can't parse entities",
    "chat not found",
    "failed to get HTTP URL content",
    "message caption is too long",
    "message is too long",
    "message text is empty",
    "query is too old",
    "terminated by other getUpdates request",
    "user is deactivated",
    "webhook is active",
    "wrong file identifier",
    "BUTTON_DATA_INVALID",
    "IMAGE_PROCESS_FAILED",
    "PHOTO_INVALID_DIMENSIONS",
)


class ApiError(SendFailed):
    """The Bot API refused a call; `code` is its error code, 0 when there was no readable answer."""

    def __init__(self, method: str, code: int, reason: str = "", retry_after: Optional[float] = None) -> None:
        """Args: method: what was called. code, reason, retry_after: what was answered."""
        known = next((known for known in _KNOWN_REASONS if known.lower() in reason.lower()), "")
        text = f"{method}: {code or 'no answer'}{f', {known}' if known else ''}"
        if code in (401, 404):
            text = f"Telegram does not know the bot of SCHAKEL_TELEGRAM_TOKEN ({text}); see docs/telegram.md."
        super().__init__(
            text,
            retry_after=retry_after,
            is_permanent=code in (400, 403, 413),
            stops_channel=code in (401, 404),
        )
        self.code = code


class BotApi:
    """The Bot API for one bot. Opens its connections with the first call."""

    def __init__(self, token: str, address: str) -> None:
        """Args: token: from @BotFather. address: of the API, without the token."""
        self._base = f"{address.rstrip('/')}/bot{token}/"
        self._session: Optional[aiohttp.ClientSession] = None

    async def call(self, method: str, values: Mapping[str, Any], timeout: float = TIMEOUT) -> Any:
        """Calls a method.

        Args:
            method: such as `sendMessage`.
            values: its parameters; `bytes` are uploaded as a file.
            timeout: seconds for all of it.

        Returns:
            The result.

        Raises:
            ApiError: it was refused, or there was no readable answer in time.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession()
        limit = aiohttp.ClientTimeout(total=timeout)
        body: Any = {"json": dict(values)}
        if any(isinstance(value, bytes) for value in values.values()):
            body = {"data": _form(values)}
        try:
            # The address holds the token: nothing of an error of the connection may reach a log.
            async with self._session.post(self._base + method, timeout=limit, allow_redirects=False, **body) as reply:
                status, data = reply.status, await reply.read()
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError):
            raise ApiError(method, 0) from None
        return _result(method, status, data)

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def _form(values: Mapping[str, Any]) -> aiohttp.FormData:
    form = aiohttp.FormData()
    for name, value in values.items():
        if isinstance(value, bytes):
            form.add_field(name, value, filename=f"{name}.png", content_type="image/png")
        else:
            form.add_field(name, value if isinstance(value, str) else json.dumps(value))
    return form


def _result(method: str, status: int, data: bytes) -> Any:
    try:
        answer = json.loads(data)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        # A proxy in between may answer in Telegram's place; its 404 says nothing about the token.
        raise ApiError(method, status if status >= 500 else 0)
    if answer.get("ok") is True:
        return answer.get("result")
    code = answer.get("error_code")
    code = code if isinstance(code, int) else status
    parameters = answer.get("parameters")
    wait = parameters.get("retry_after") if isinstance(parameters, dict) else None
    if code == 429:
        wait = float(wait) if isinstance(wait, (int, float)) else 3.0
    raise ApiError(method, code, str(answer.get("description") or ""), wait if code == 429 else None)
