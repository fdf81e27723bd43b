"""Visitors of the web chat for load and fault tests: they post messages and read the stream until all is answered."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

import aiohttp

BASE = "/webhooks/web"
PATIENCE = 60.0  # seconds until an accepted message without an answer counts as lost
QUESTIONS = ("wat is serotonine", "bijwerkingen van magnesium", "wat doet melatonine", "hoe lang duurt verzenden")


@dataclass
class Visitor:
    """One visitor.

    Attributes:
        address: where the chat is, without a path.
        accepted: number in the log of every message that was accepted, in order of sending.
        replies: for every number the texts that answered it.
        order: the numbers in the order in which they were answered.
        said: when a message was first sent, per number, by `time.monotonic`.
        heard: when its first answer came, per number.
    """

    address: str
    http: aiohttp.ClientSession
    accepted: List[int] = field(default_factory=list)
    replies: Dict[int, List[str]] = field(default_factory=dict)
    order: List[int] = field(default_factory=list)
    said: Dict[int, float] = field(default_factory=dict)
    heard: Dict[int, float] = field(default_factory=dict)
    _headers: Dict[str, str] = field(default_factory=dict)
    _seen: int = 0

    async def begin(self) -> None:
        """Opens a session."""
        self._headers = {"Origin": self.address}
        answer = await self._try("POST", "/session")
        self._headers["Authorization"] = f"Bearer {answer['token']}"

    async def say(self, text: str) -> int:
        """Posts a message until it is accepted; the same id each time, so that it counts once."""
        body = {"id": uuid.uuid4().hex, "text": text}
        start = time.monotonic()
        answer = await self._try("POST", "/messages", body)
        number = int(answer["n"])
        self.said[number] = start
        if number not in self.accepted:
            self.accepted.append(number)
        return number

    async def _try(self, method: str, path: str, body: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                timeout = aiohttp.ClientTimeout(total=10)
                call = self.http.request(
                    method, self.address + BASE + path, json=body, headers=self._headers, timeout=timeout
                )
                async with call as reply:
                    if reply.status < 500 and reply.status != 429:
                        found: Dict[str, Any] = await reply.json()
                        return found
            except (aiohttp.ClientError, asyncio.TimeoutError):
                pass
            if time.monotonic() > deadline:
                raise TimeoutError(f"{path} was not accepted within {PATIENCE} seconds")
            await asyncio.sleep(0.2)

    async def read(self, seconds: float = PATIENCE) -> None:
        """Reads the stream, again after a break, until every accepted message is answered or the time is over."""
        deadline = time.monotonic() + seconds
        while self.unanswered() and time.monotonic() < deadline:
            try:
                await asyncio.wait_for(self._read_once(), max(0.1, deadline - time.monotonic()))
            except (aiohttp.ClientError, asyncio.TimeoutError):
                await asyncio.sleep(0.1)

    async def _read_once(self) -> None:
        headers = {**self._headers, "Last-Event-ID": str(self._seen)}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=20)
        async with self.http.get(self.address + BASE + "/events", headers=headers, timeout=timeout) as reply:
            if reply.status != 200:
                await asyncio.sleep(0.2)
                return
            async for raw in reply.content:
                line = raw.decode().rstrip("\n")
                if line.startswith("data: {"):
                    self._take(json.loads(line[6:]))
                elif line == "data: false" and not self.unanswered():  # not busy: all parts of the answers are here
                    return

    def _take(self, event: Dict[str, Any]) -> None:
        self._seen = max(self._seen, int(event["n"]))
        number = event.get("reply_to")
        if number is None:
            return
        if number not in self.replies:
            self.order.append(number)
            self.heard[number] = time.monotonic()
        self.replies.setdefault(number, []).append(str(event.get("text", "")))

    def unanswered(self) -> List[int]:
        """Accepted messages without an answer so far."""
        return [number for number in self.accepted if number not in self.replies]

    async def doubled(self) -> List[int]:
        """Messages that the history holds two rounds of answers for."""
        answer = await self._try("GET", "/history")
        seen: Dict[int, List[str]] = {}
        for event in answer["events"]:
            if event.get("reply_to") is not None:
                seen.setdefault(event["reply_to"], []).append(json.dumps(event.get("text")))
        return [number for number, texts in seen.items() if len(texts) != len(set(texts))]


async def _talk(port: int, visitors: int, messages: int) -> Dict[str, int]:
    address = f"http://127.0.0.1:{port}"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        people = [Visitor(address, http) for _ in range(visitors)]

        async def one(person: Visitor, index: int) -> None:
            await person.begin()
            for number in range(messages):
                await person.say(QUESTIONS[(index + number) % len(QUESTIONS)])
                await person.read()

        await asyncio.gather(*(one(person, index) for index, person in enumerate(people)))
        doubled = [len(found) for found in await asyncio.gather(*(person.doubled() for person in people))]
    return {
        "accepted": sum(len(person.accepted) for person in people),
        "lost": sum(len(person.unanswered()) for person in people),
        "doubled": sum(doubled),
    }


def talk_while(port: int, visitors: int, messages: int) -> Dict[str, int]:
    """All visitors talk at the same time.

    Returns:
        How many messages were accepted, how many of them never got an answer, and how many got it twice.
    """
    return asyncio.run(_talk(port, visitors, messages))
