"""A channel without a network, and an assistant that repeats what it hears."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Awaitable, Callable, Dict, List, Optional, Sequence, Tuple

from rasa.core.channels.channel import UserMessage

from channels.base import ChannelLimits, Connector, Incoming, Kind, Outgoing, SendFailed
from channels.service import LEASE, ChannelService
from channels.store import Store
from shop.settings import Environment

LIMITS = ChannelLimits(text=200, caption=50, buttons=3, button_title=20)


class RecordingConnector(Connector):
    """Keeps what it is asked to deliver; fails as a test asks."""

    name = "proef"
    limits = LIMITS

    def __init__(self, is_consecutive: bool = False) -> None:
        self.is_consecutive = is_consecutive
        self.sent: List[Tuple[str, Outgoing]] = []
        self.failures: Dict[str, List[Exception]] = {}
        self.presses: List[bool] = []
        self.refuses = False
        self.changed = asyncio.Condition()

    async def send(self, conversation: str, recipient: str, message: Outgoing) -> str:
        if self.refuses:
            raise SendFailed("refused", stops_channel=True)
        if self.failures.get(conversation):
            raise self.failures[conversation].pop(0)
        async with self.changed:
            self.sent.append((conversation, message))
            self.changed.notify_all()
        return f"id-{len(self.sent)}"

    async def received(self, message: Incoming, is_known_press: bool) -> None:
        self.presses.append(is_known_press)

    async def started(self) -> None:
        if self.refuses:
            raise SendFailed("The token is wrong.", stops_channel=True)

    async def until(self, enough: Callable[[], Any], timeout: float = 120.0) -> None:
        """Waits until something was delivered that makes `enough()` true."""
        async with self.changed:
            await asyncio.wait_for(self.changed.wait_for(enough), timeout)

    def texts(self, conversation: str) -> List[str]:
        return [message.text for whose, message in self.sent if whose == conversation]


async def eventually(check: Callable[[], Any], timeout: float = 120.0) -> None:
    """Lets others work until `check()` is true."""

    async def look() -> None:
        while not check():  # noqa: ASYNC110  nothing announces what a thread has stored
            await asyncio.sleep(0)

    await asyncio.wait_for(look(), timeout)


class Echo:
    """Rasa's part: repeats, and keeps what it heard in order."""

    def __init__(self) -> None:
        self.heard: List[Tuple[str, str]] = []
        self.now: Dict[str, int] = {}

    async def __call__(self, message: UserMessage) -> None:
        assert self.now.setdefault(message.sender_id, 0) == 0, "two at once in one conversation"
        self.now[message.sender_id] = 1
        await asyncio.sleep(0)
        self.heard.append((message.sender_id, message.text))
        await message.output_channel.send_response(message.sender_id, {"text": f"Antwoord op: {message.text}"})
        self.now[message.sender_id] = 0


def environment_of(folder: Path, **settings: Any) -> Environment:
    return Environment(
        channels_database=f"sqlite:///{folder / 'channels.db'}",
        secret="a secret that only these tests know, long enough",
        **{"channels_per_minute": 100_000, **settings},
    )


def said(number: int, conversation: str = "proef-1", text: str = "", **values: Any) -> Incoming:
    """A message with an id."""
    return Incoming(
        **{
            "channel": "proef",
            "message_id": str(number),
            "conversation": conversation,
            "recipient": conversation.partition("-")[2],
            "kind": Kind.TEXT,
            "text": text or (f"bericht {number}" if values.get("kind", Kind.TEXT) is Kind.TEXT else ""),
            "sequence": number,
            **values,
        }
    )


def service_of(
    folder: Path,
    connector: Connector,
    answer: Callable[[UserMessage], Awaitable[Any]],
    human: Optional[Any] = None,
    address: str = "",
    lease: float = LEASE,
    **settings: Any,
) -> ChannelService:
    environment = environment_of(folder, **settings)
    store = Store(address or environment.channels_database)
    return ChannelService(connector, environment, answer, human, store, lease)


class Owner:
    """The desk's side, as a test plays it."""

    def __init__(self) -> None:
        self.taken: "set[str]" = set()
        self.said: List[Tuple[str, str]] = []
        self.waiting: List[Any] = []
        self.reported: List[Tuple[str, int]] = []
        self.held: List[str] = []
        self.broken = False
        self.forgotten: List[str] = []

    def is_taken_over(self, conversation: str) -> bool:
        return conversation in self.taken

    def customer_said(
        self, conversation: str, channel: str, text: str, message_id: str, held_back: Sequence[str] = ()
    ) -> bool:
        if self.broken:
            raise RuntimeError("no database")
        if conversation in self.taken:
            self.said.append((conversation, text))
            self.held += held_back
        return conversation in self.taken

    def chat_to_deliver(self, channel: str, limit: int = 20) -> Sequence[Any]:
        return list(self.waiting)

    def delivered(self, id: int) -> None:
        self.reported.append(("delivered", id))
        self.waiting = [chat for chat in self.waiting if chat.id != id]

    def failed(self, id: int, error: str, retry_after: Optional[float] = None, permanent: bool = False) -> None:
        self.reported.append(("failed", id))
        self.waiting = [chat for chat in self.waiting if chat.id != id]

    def forget(self, conversation: str) -> None:
        if self.broken:
            raise RuntimeError("no database")
        self.forgotten.append(conversation)

    def backlog(self) -> Tuple[int, float]:
        return 0, 0.0

    def close(self) -> None:
        pass
