"""What channels share between a checked message and the assistant: refusals, the deadline, and never silence."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any, Awaitable, Callable

from rasa.core.channels.channel import UserMessage
from sanic.exceptions import SanicException
from sanic.request import Request

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refusal(Exception):
    """A request that is not handled: HTTP status, short code for programs, name of the Dutch text for people."""

    status: int
    code: str
    text_name: str


def parsed(request: Request) -> Any:
    """The body as JSON; None when it is none."""
    try:
        return request.json
    except (SanicException, ValueError, RecursionError):
        return None


async def hand_over(
    on_new_message: Callable[[UserMessage], Awaitable[Any]], message: UserMessage, timeout: float
) -> None:
    """Hands the message to Rasa and waits at most `timeout` seconds; failures are logged, never raised."""
    try:
        await asyncio.wait_for(on_new_message(message), timeout)
    except asyncio.TimeoutError:
        logger.error("No answer within %s seconds.", timeout)
    except Exception:  # whatever breaks inside Rasa, the customer gets a reply
        logger.exception("A message could not be answered.")
