"""What the stand-ins for other companies' servers share: a small HTTP server in a thread with a loop of its own."""

from __future__ import annotations

import asyncio
import random
import threading
import urllib.error
import urllib.request
from contextlib import suppress
from http.client import HTTPException
from types import TracebackType
from typing import Any, Callable, Dict, List, Optional, Sequence, Type, TypeVar

from aiohttp import web

PAUSE = 0.1  # seconds until a webhook that was not taken is called again
_Self = TypeVar("_Self", bound="ThreadedServer")
_Fake = TypeVar("_Fake", bound="FakeServer")


def post(address: str, body: bytes, headers: Dict[str, str]) -> int:
    """Calls a webhook as its owner does; returns the status. Headers without a value are left out."""
    given = {name: value for name, value in headers.items() if value}
    try:
        with urllib.request.urlopen(urllib.request.Request(address, body, given), timeout=60) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        return error.code


class ThreadedServer:
    """`with SomeServer() as server:`, then `server.address`; in a thread with a loop of its own."""

    port: int = 0

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Adds the addresses."""
        raise NotImplementedError

    async def started(self) -> None:
        """What else begins with it, in its loop."""

    async def stopping(self) -> None:
        """What ends before it."""

    def __enter__(self: _Self) -> _Self:
        ready = threading.Event()
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(10)
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(30)

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self.loop)
        app = web.Application(client_max_size=32 * 1024 * 1024)
        self.add_routes(app.router)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        self.loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", self.port)
        self.loop.run_until_complete(site.start())
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        self.loop.run_until_complete(self.started())
        ready.set()
        self.loop.run_forever()
        self.loop.run_until_complete(self.stopping())
        for task in asyncio.all_tasks(self.loop):  # a call that asks for news may still be waiting
            task.cancel()
        self.loop.run_until_complete(runner.cleanup())
        self.loop.close()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class FakeServer(ThreadedServer):
    """A subclass is a dataclass with the field `port` and this one."""

    _changed: threading.Condition

    def state(self) -> str:
        """What a test reads when it waited in vain."""
        raise NotImplementedError

    def deliver(self, body: Any) -> int:
        """Calls the assistant's webhook with what a customer did; returns the status."""
        raise NotImplementedError

    def deliver_all(self, bodies: Sequence[Any], duplicates: float, seed: int, window: float = 1e9) -> List[int]:
        """Delivers out of order, each within `window` places of its own, a share twice; returns the statuses."""
        chance = random.Random(seed)
        deck = [(n, body) for n, body in enumerate(bodies) for _ in range(2 if chance.random() < duplicates else 1)]
        deck.sort(key=lambda pair: pair[0] + chance.uniform(0, window))
        return [self.deliver(body) for _, body in deck]

    async def insist(self, call: Callable[[], int]) -> None:
        """Calls a webhook until it is taken, as the real ones do; `call` returns the status."""
        while True:
            with suppress(OSError, HTTPException):  # nobody listens, or the connection broke half-way
                if await self.loop.run_in_executor(None, call) == 200:
                    return
            await asyncio.sleep(PAUSE)

    def wait_for(self: _Fake, enough: Callable[[_Fake], Any], timeout: float = 120.0) -> Any:
        """Blocks until `enough(self)` is true and returns it; no sleeping, every call wakes it."""
        with self._changed:
            assert self._changed.wait_for(lambda: enough(self), timeout), self.state()
            return enough(self)
