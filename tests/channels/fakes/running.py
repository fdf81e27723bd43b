"""A channel at work in a thread of its own, behind a small HTTP server, with a scripted assistant instead of Rasa."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any, Awaitable, Callable, Dict, List, Optional, Tuple

from aiohttp import web
from rasa.core.channels.channel import UserMessage
from sanic.response import HTTPResponse

from channels.service import ChannelService
from tests.channels.fakes.server import ThreadedServer


def until(condition: Callable[[], Any], timeout: float = 120.0) -> None:
    """Looks again and again, at most `timeout` seconds, until the condition holds."""
    pause = threading.Event()
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        pause.wait(0.02)


class Clock:
    """Time that a test may move."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


Receive = Callable[[web.Request, bytes], Awaitable[HTTPResponse]]
Reply = Callable[[str], List[Dict[str, Any]]]


class Assistant:
    """Stands in for Rasa: notes what it is asked and answers by a function of the text."""

    def __init__(self, reply: Reply = lambda text: [{"text": f"Je zei: {text}"}]) -> None:
        self.heard: List[Tuple[str, str]] = []
        self.reply = reply
        self.gate: Optional[asyncio.Event] = None

    async def __call__(self, message: UserMessage) -> None:
        if self.gate is not None:
            await self.gate.wait()
        self.heard.append((message.sender_id, message.text))
        for reply in self.reply(message.text):
            await message.output_channel.send_response(message.sender_id, reply)

    def texts(self, conversation: str) -> List[str]:
        return [text for sender, text in self.heard if sender == conversation]


class Running(ThreadedServer):
    """`with Running(service, receive) as running:`, then calls go to `running.address`."""

    def __init__(self, service: ChannelService, receive: Receive) -> None:
        self.service = service
        self._receive = receive

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_post("/{tail:.*}", self._handle)

    async def started(self) -> None:
        await self.service.start()

    async def stopping(self) -> None:
        await self.service.stop()

    def run(self, work: Any) -> Any:
        """Runs a coroutine in the channel's loop and waits for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    async def _handle(self, request: web.Request) -> web.Response:
        reply = await self._receive(request, await request.read())
        return web.Response(status=reply.status, body=reply.body)
