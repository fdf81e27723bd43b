"""What channels share between a checked message and the assistant: refusals, the deadline, and never silence."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any, Awaitable, Callable

from rasa.core.channels.channel import UserMessage
from sanic.exceptions import SanicException
from sanic.request import Request

from monitoring import metrics, request_id

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
    channel = message.input_channel or "unknown"
    request_id.begin_turn()
    metrics.MESSAGES.labels(channel).inc()
    try:
        with metrics.TURN.labels(channel).time():
            await asyncio.wait_for(on_new_message(message), timeout)
    except asyncio.TimeoutError:
        metrics.failed("timeout")
        logger.error("No answer within %s seconds.", timeout)
    except Exception:  # whatever breaks inside Rasa, the customer gets a reply
        metrics.failed("turn")
        logger.exception("A message could not be answered.")
