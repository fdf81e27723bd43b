"""What endpoints share that other companies' servers call: bodies read up to a limit, refusals counted in one line."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Callable, List, Optional, Sequence

from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse
from sqlalchemy.exc import SQLAlchemyError

from channels.limits import RateLimit
from channels.service import ChannelService

STATUS_WAITS = (1.0, 5.0)  # seconds until a report about a message that is not known yet is tried again
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


async def read_body(request: Request, most: int) -> Optional[bytes]:
    """The bytes of a streamed request; None when there are more than `most`, which are not kept."""
    parts: List[bytes] = []
    size = 0
    while True:
        chunk = await request.stream.read()
        if chunk is None:
            return b"".join(parts)
        size += len(chunk)
        if size > most:
            return None
        parts.append(chunk)


def plain(text: str = "", status: int = 200) -> HTTPResponse:
    """A short answer that no browser takes for a page."""
    return response.text(text, status=status, headers=HEADERS)


class Refusals:
    """Says at most once a minute per reason that calls are refused; a flood of them must not fill the disk."""

    def __init__(self, logger: logging.Logger, channel: str) -> None:
        """Args: logger: of the channel. channel: its name."""
        self._logger = logger
        self._channel = channel
        self._limit = RateLimit(1)

    def refuse(self, status: int, reason: str) -> HTTPResponse:
        """The answer to a call that is refused; `reason` goes to the log and not to the caller."""
        if not self._limit.wait(reason):
            self._logger.warning("Channel %s refused a call: %s", self._channel, reason)
        return plain(status=status)


def add_health(routes: Blueprint, status: Callable[[], str]) -> None:
    """`GET /` under the channel's address: {"status": "ok" | "off"}."""

    @routes.get("/", name="health")
    async def health(_: Request) -> HTTPResponse:
        return response.json({"status": status()})


def blueprint_of(
    name: str, logger: logging.Logger, wrong: Optional[Sequence[str]], add_routes: Callable[[Blueprint], None]
) -> Blueprint:
    """The routes of a channel; without its settings only one that says that it is off.

    Args:
        name: the channel's.
        logger: gets one line with what is wrong.
        wrong: what is wrong with the settings; None when the channel is not wanted.
        add_routes: opens the channel and adds its addresses.
    """
    routes = Blueprint(f"schakel_{name}")
    if wrong:
        logger.error("Channel %s is off, the others go on. %s", name, " ".join(wrong))
    if wrong or wrong is None:
        add_health(routes, lambda: "off")
    else:
        add_routes(routes)
    return routes


async def keep_status(service: ChannelService, receipt: str, status: str, error: str = "", reference: str = "") -> None:
    """Keeps what a channel reports about a message of ours; see `OutgoingQueue.note_status`.

    A report may come in before the answer to the call that it is about; then it is tried again twice. Reports about
    messages that others sent from the same number are forgotten after that.
    """
    note = partial(service.queue.note_status, receipt, status, error, reference)
    if not await service.run(note):
        service.background(_keep_later(service, note))


async def _keep_later(service: ChannelService, note: Callable[[], bool]) -> None:
    for seconds in STATUS_WAITS:
        await asyncio.sleep(seconds)
        try:
            if await service.run(note):
                return
        except SQLAlchemyError:
            continue
