"""A TCP proxy between the assistant and a server, which can be cut, slowed down and silenced."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Any, Coroutine, Optional, Set

PASS, CUT, SILENT = "pass", "cut", "silent"


class Proxy:
    """Listens on loopback in a thread of its own."""

    def __init__(self, target: int, port: int) -> None:
        """Args: target: port of the server. port: where to listen."""
        self.port = port
        self._target = target
        self._delay = 0.0
        self._loop = asyncio.new_event_loop()
        self._server: Optional[asyncio.AbstractServer] = None
        self._writers: Set[asyncio.StreamWriter] = set()
        self._flows = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def start(self) -> None:
        """Begins to pass on."""
        self._thread.start()
        self._run(self._open())

    def stop(self) -> None:
        """Closes everything."""
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def set(self, mode: str, delay: float = 0.0) -> None:
        """Changes what happens.

        Args:
            mode: PASS; CUT breaks all connections and refuses new ones; SILENT takes everything and passes on nothing
                until it is set to PASS.
            delay: seconds before each piece is passed on.
        """
        self._run(self._set(mode, delay))

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _set(self, mode: str, delay: float) -> None:
        self._delay = delay
        if mode == SILENT:
            self._flows.clear()
            return
        self._flows.set()
        if mode == CUT:
            await self._close()
        elif self._server is None:
            await self._open()

    async def _open(self) -> None:
        self._flows.set()
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port, reuse_address=True)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._flows.wait()
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            self._writers.discard(writer)
            return
        self._writers.add(back)
        await asyncio.gather(self._pipe(reader, back), self._pipe(there, writer))
        self._writers -= {writer, back}

    async def _pipe(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while True:
                piece = await source.read(65_536)
                if not piece:
                    break
                if self._delay:
                    await asyncio.sleep(self._delay)
                await self._flows.wait()
                sink.write(piece)
                await sink.drain()
        with contextlib.suppress(OSError, RuntimeError):
            sink.close()
