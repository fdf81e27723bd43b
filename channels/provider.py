"""What the two ways to WhatsApp, Meta's and Twilio's, share: calls with their errors, the 24-hour window, settings."""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from dataclasses import dataclass
from typing import Any, Callable, Coroutine, Dict, FrozenSet, List, Mapping, Optional, Sequence, Tuple

import aiohttp
from sqlalchemy.exc import SQLAlchemyError

from channels.base import FROM_DESK, REFERENCE, Outgoing, SendFailed
from shop.settings import Environment, SettingsError, environment_variables, load_environment

TIMEOUT = 15.0  # seconds; both answer within one
WINDOW = 86_400.0  # seconds after a customer's message in which WhatsApp lets anything be sent
MARGIN = 300.0  # seconds before its end that the window counts as closed: clocks differ, queues take a moment
STORE_SECONDS = 1.0
REPORTS_WITHIN = 15.0  # seconds; both report on a message within two, and repeat what nobody took
LastHeard = Callable[[str], Optional[float]]
# Field of Environment: what it has to look like, and what that means in words.
Fields = Mapping[str, Tuple["re.Pattern[str]", str]]


def reference_of(message: Outgoing, parts: Sequence[Any]) -> str:
    """What is sent along to be repeated in reports; '' for one of several parts, of which a report tells only its own
    fate."""
    return str(message.extra.get(REFERENCE, "")) if len(parts) == 1 else ""


class WindowClosed(SendFailed):
    """More than 24 hours have passed since the customer's last message: only a template may be sent."""


class MediaRefused(SendFailed):
    """The provider could not take the picture."""


@dataclass(frozen=True)
class Codes:
    """A provider's error codes by what they mean for the queue; any other is a fault of one message.

    Attributes:
        access: nothing can be sent until the shop changes something.
        passing: another try may mend it.
        window: the 24 hours are over.
        media: the picture was not taken.
        statuses: statuses of HTTP that mean the same as `access`.
    """

    access: FrozenSet[int]
    passing: FrozenSet[int]
    window: int
    media: FrozenSet[int]
    statuses: FrozenSet[int]

    def failure(self, status: int, code: int, reason: str, retry_after: Optional[float] = None) -> SendFailed:
        """What an error means. `reason` must not hold the provider's own words: they may repeat number or text."""
        if code == self.window:
            return WindowClosed(reason, is_permanent=True)
        if code in self.media:
            return MediaRefused(reason, is_permanent=True)
        if code in self.access or status in self.statuses:
            return SendFailed(reason, stops_channel=True)
        if code in self.passing or status == 429 or status >= 500:
            return SendFailed(reason, retry_after=retry_after)
        return SendFailed(reason, is_permanent=True)


class ApiClient:
    """Calls to one provider's interface. Opens its connections with the first call."""

    provider = ""
    successes: FrozenSet[int] = frozenset({200})

    def __init__(self, base: str, timeout: float, **session: Any) -> None:
        """Args: base: what every address begins with. timeout: of one call, seconds. session: for aiohttp."""
        self._base = base
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._options = session
        self._session: Optional[aiohttp.ClientSession] = None

    def failed(self, status: int, answer: Mapping[str, Any], headers: Mapping[str, str]) -> SendFailed:
        """What an answer that is no success means."""
        raise NotImplementedError

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(self, method: str, path: str, **what: Any) -> Dict[str, Any]:
        """The answer as JSON, {} when it is none. Raises `SendFailed`."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout, **self._options)
        try:
            async with self._session.request(method, self._base + path, allow_redirects=False, **what) as reply:
                answer = await _json(reply)
                if reply.status in self.successes:
                    return answer
                raise self.failed(reply.status, answer, reply.headers)
        except asyncio.TimeoutError:
            raise SendFailed(f"{self.provider} did not answer in time.") from None
        except aiohttp.ClientError as error:
            raise SendFailed(f"{self.provider} could not be reached ({type(error).__name__}).") from None


async def _json(reply: aiohttp.ClientResponse) -> Dict[str, Any]:
    try:
        answer = await reply.json(content_type=None)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


async def is_window_closed(last_heard: LastHeard, conversation: str, now: float) -> bool:
    """Whether the 24 hours are over as far as we know; a store that is away decides nothing, the provider knows too."""
    try:
        heard = await asyncio.wait_for(aside(last_heard, conversation), STORE_SECONDS)
    except (SQLAlchemyError, asyncio.TimeoutError):
        return False
    return heard is not None and now - heard > WINDOW - MARGIN


def check_late(message: Outgoing, template: str, setting: str, closed: WindowClosed) -> None:
    """Lets through what may go as a template after the window: an owner's words. Raises `WindowClosed` for the rest."""
    if not template or not message.text or not message.extra.get(FROM_DESK):
        why = "" if template else f" {setting} names no template to answer with."
        raise WindowClosed(f"{closed}{why}", is_permanent=True)


async def check_access(call: Coroutine[Any, Any, Any], hint: str) -> None:
    """Waits for a first call; what can't mend itself stops the channel, with `hint` on what to look at."""
    try:
        await call
    except SendFailed as failed:
        if failed.stops_channel or failed.is_permanent:
            raise SendFailed(f"{failed} {hint}", stops_channel=True) from None
        raise


async def aside(function: Callable[..., Any], *arguments: Any) -> Any:
    """Runs what may block outside the event loop."""
    return await asyncio.get_running_loop().run_in_executor(None, function, *arguments)


def problems_of(environment: Environment, needed: Fields, others: Fields) -> List[str]:
    """What is missing or wrong, one line each without the values; [] when the channel can run."""
    variables = {attribute: name for name, attribute in environment_variables().items()}
    found = []
    for name, (pattern, meaning) in {**needed, **others}.items():
        value = getattr(environment, name)
        if name in needed and not value:
            found.append(f"{variables[name]} is missing ({meaning}).")
        elif not pattern.fullmatch(value):
            found.append(f"{variables[name]} should be {meaning}.")
    return found


def run_check(
    program: str, description: Optional[str], check: Callable[[Environment], Coroutine[Any, Any, List[str]]]
) -> int:
    """The command `check` of a channel. Returns the exit code: 0 when everything works."""
    parser = argparse.ArgumentParser(prog=program, description=description)
    parser.add_argument("command", choices=["check"])
    parser.parse_args()
    try:
        wrong = asyncio.run(check(load_environment()))
    except SettingsError as error:
        wrong = [str(error)]
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0
