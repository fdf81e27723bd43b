"""Calls to Twilio's interface, each with a timeout, and what its errors mean for the queue."""

from __future__ import annotations

from typing import Any, Mapping

import aiohttp

from channels.base import SendFailed
from channels.provider import TIMEOUT, ApiClient, Codes
from shop.settings import Environment

# Twilio, "error and warning dictionary". What is not named here is a fault of this one message.
_CODES = Codes(
    access=frozenset({20003, 20005, 10001, 63007}),
    passing=frozenset({20429, 14107, 30001, 63018, 63038}),
    window=63016,
    media=frozenset({21620, 63005, 63019}),
    statuses=frozenset({401, 403}),
)


class TwilioClient(ApiClient):
    """Twilio's interface for one account."""

    provider = "Twilio"
    successes = frozenset({200, 201})

    def __init__(self, address: str, account: str, token: str, timeout: float = TIMEOUT) -> None:
        """Args: address: of the interface. account, token: the credentials. timeout: of one call, seconds."""
        base = f"{address.rstrip('/')}/2010-04-01/Accounts/{account}"
        super().__init__(base, timeout, auth=aiohttp.BasicAuth(account, token))

    async def send(self, fields: Mapping[str, str]) -> str:
        """Sends one message; returns its id. Raises `SendFailed`."""
        return str((await self.call("POST", "/Messages.json", data=dict(fields))).get("sid", ""))

    async def account(self) -> Mapping[str, Any]:
        """What Twilio knows about the account. Raises `SendFailed`."""
        return await self.call("GET", ".json")

    def failed(self, status: int, answer: Mapping[str, Any], headers: Mapping[str, str]) -> SendFailed:
        """See `failure`."""
        return failure(status, answer)


def twilio_client(environment: Environment) -> TwilioClient:
    """Twilio's interface with these settings."""
    return TwilioClient(environment.twilio_api, environment.twilio_account, environment.twilio_token)


def failure(status: int, answer: Mapping[str, Any]) -> SendFailed:
    """What an answer other than 201 means; Twilio's own words are left out, for they may repeat the number."""
    code = answer.get("code")
    code = code if isinstance(code, int) else 0
    return _CODES.failure(status, code, f"Twilio answered {status}, error {code}.")
