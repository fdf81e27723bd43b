"""A channel at work in a thread of its own, behind a small HTTP server, with a scripted assistant instead of Rasa."""

from __future__ import annotations

import asyncio
import threading
import time
from types import TracebackType
from typing import Any, Awaitable, Callable, Dict, List, Optional, Tuple, Type

from aiohttp import web
from rasa.core.channels.channel import UserMessage
from sanic.response import HTTPResponse

from channels.service import ChannelService


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


class Running:
    """`with Running(service, receive) as running:`, then calls go to `running.address`."""

    def __init__(self, service: ChannelService, receive: Receive) -> None:
        self.service = service
        self._receive = receive
        self.loop = asyncio.new_event_loop()

    def __enter__(self) -> "Running":
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(10)
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(30)

    def run(self, work: Any) -> Any:
        """Runs a coroutine in the channel's loop and waits for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self.loop)
        app = web.Application(client_max_size=8 * 1024 * 1024)
        app.router.add_post("/{tail:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        self.loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        self.loop.run_until_complete(site.start())
        self.address = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[union-attr]
        self.loop.run_until_complete(self.service.start())
        ready.set()
        self.loop.run_forever()
        self.loop.run_until_complete(self.service.stop())
        self.loop.run_until_complete(runner.cleanup())
        self.loop.close()

    async def _handle(self, request: web.Request) -> web.Response:
        reply = await self._receive(request, await request.read())
        return web.Response(status=reply.status, body=reply.body)
