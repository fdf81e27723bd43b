"""A client of the REST channel that costs little itself: raw HTTP/1.1 over kept connections."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Sequence, Tuple

PATH = "/webhooks/rest/webhook"


class BadAnswer(Exception):
    """The assistant answered with something else than a list of messages."""


@dataclass
class Connection:
    """One kept connection, one message at a time."""

    port: int
    host: str = "127.0.0.1"
    path: str = PATH
    _streams: Optional[Tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default=None, repr=False)

    async def ask(self, sender: str, text: str) -> Tuple[float, List[Dict[str, Any]]]:
        """Sends one message; gives the seconds until the whole answer was there, and the answer.

        Raises:
            BadAnswer: no messages in it, or an error status.
        """
        if self._streams is None:
            self._streams = await asyncio.open_connection(self.host, self.port)
        reader, writer = self._streams
        body = json.dumps({"sender": sender, "message": text}).encode()
        head = f"POST {self.path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        start = time.perf_counter()
        writer.write(head.encode() + b"\r\n\r\n" + body)
        answer_head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1]) for line in answer_head.split(b"\r\n") if line[:15].lower() == b"content-length:"
        )
        answer = await reader.readexactly(length)
        seconds = time.perf_counter() - start
        if b" 200 " not in answer_head[:20]:
            raise BadAnswer(f"{answer_head[:40]!r}: {answer[:200]!r}")
        messages = json.loads(answer)
        if not messages:
            raise BadAnswer(f"no answer to {text!r}")
        return seconds, messages

    async def close(self) -> None:
        """Ends the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


@dataclass(frozen=True)
class Load:
    """What a number of simultaneous senders met.

    Attributes:
        senders: how many wrote at the same time, each waiting for its answer.
        seconds: from the first message to the last answer.
        latencies: seconds per message, sorted.
        failures: messages without an answer.
    """

    senders: int
    seconds: float
    latencies: List[float]
    failures: int

    @property
    def per_second(self) -> float:
        """Answered messages per second."""
        return len(self.latencies) / self.seconds


async def _senders(
    port: int, texts: Sequence[str], senders: int, messages: int, turns: int, prefix: str, path: str
) -> Load:
    """Each sender asks `messages` messages, `turns` per conversation."""
    latencies: List[float] = []
    failures = 0

    async def one(number: int) -> None:
        nonlocal failures
        connection = Connection(port, path=path)
        for i in range(messages):
            sender = f"{prefix}-{number}-{i // turns}"
            try:
                seconds, _ = await connection.ask(sender, texts[(number * 37 + i) % len(texts)])
                latencies.append(seconds)
            except (BadAnswer, OSError, asyncio.IncompleteReadError):
                failures += 1
                await connection.close()
        await connection.close()

    start = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(senders)))
    return Load(senders, time.perf_counter() - start, sorted(latencies), failures)


def load(
    port: int,
    texts: Sequence[str],
    senders: int,
    messages: int,
    turns: int = 10,
    prefix: str = "load",
    path: str = PATH,
) -> Load:
    """Puts load on the assistant.

    Args:
        port: where it listens.
        texts: what is asked, in turn.
        senders: how many write at the same time.
        messages: how many each of them sends.
        turns: after how many messages a sender begins a new conversation.
        prefix: of the conversations' names.
        path: of the REST channel.
    """
    return asyncio.run(_senders(port, texts, senders, messages, turns, prefix, path))


def dialogue(port: int, texts: Sequence[str], sender: str, path: str = PATH) -> List[float]:
    """One conversation over one connection: seconds per message, in order.

    Raises:
        BadAnswer: a message got none.
    """

    async def run() -> List[float]:
        connection = Connection(port, path=path)
        times = [(await connection.ask(sender, text))[0] for text in texts]
        await connection.close()
        return times

    return asyncio.run(run())


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that `percent` of the values don't exceed (nearest rank)."""
    ordered = sorted(values)
    rank = max(0, min(len(ordered) - 1, round(percent / 100 * len(ordered)) - 1))
    return ordered[rank]
