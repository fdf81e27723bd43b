"""Turns in a conversation: in order, at once, and given up with their deadline."""

from __future__ import annotations

import asyncio
import time
from typing import List

import pytest

from tests.redis_server import RedisServer, redis_server
from tracking.locks import ConversationLocks

__all__ = ["redis_server"]


async def twenty(locks: ConversationLocks) -> List[int]:
    order: List[int] = []

    async def message(number: int) -> None:
        async with locks.lock("web-1"):
            await asyncio.sleep(0.001)
            order.append(number)

    await asyncio.gather(*(message(number) for number in range(20)))
    return order


async def test_twenty_messages_at_once_keep_their_order_without_waiting_seconds() -> None:
    start = time.monotonic()
    assert await twenty(ConversationLocks()) == list(range(20))
    assert time.monotonic() - start < 5  # Rasa's own would take 19 seconds


async def test_the_order_holds_with_redis_too(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHAKEL_REDIS", redis_server.address)
    assert await twenty(ConversationLocks()) == list(range(20))


async def test_whoever_gives_up_waiting_leaves_the_queue() -> None:
    locks = ConversationLocks()
    async with locks.lock("web-1"):
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(locks.lock("web-1").__aenter__(), 0.02)
    async with locks.lock("web-1"):
        pass


async def test_other_conversations_do_not_wait() -> None:
    locks = ConversationLocks()
    async with locks.lock("web-1"), locks.lock("web-2"):
        pass
