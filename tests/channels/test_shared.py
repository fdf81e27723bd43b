"""What several processes share, over a real Redis, and what happens when it goes away."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import List

import pytest

from channels.holder import own_name
from channels.shared import Alone, Together, _hidden, make_shared
from tests.redis_server import RedisServer, redis_server

__all__ = ["redis_server"]
LIMITS = {"session": 3}


async def overlap(one: Alone, two: Alone) -> List[str]:
    """What happens when both want the same lock at once."""
    events: List[str] = []
    first_is_in = asyncio.Event()

    async def hold(shared: Alone, name: str, first: bool) -> None:
        if not first:
            await first_is_in.wait()
        async with shared.lock("web-1"):
            events.append(f"{name} in")
            first_is_in.set()
            for _ in range(20):
                await asyncio.sleep(0)
            events.append(f"{name} out")

    await asyncio.gather(hold(one, "one", True), hold(two, "two", False))
    return events


async def test_two_processes_never_answer_in_one_conversation_at_once(redis_server: RedisServer) -> None:
    one, two = Together(LIMITS, redis_server.address), Together(LIMITS, redis_server.address)
    assert await overlap(one, two) == ["one in", "one out", "two in", "two out"]
    await one.close()
    await two.close()


async def test_a_lock_of_a_dead_process_runs_out(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.shared.LOCK_SECONDS", 0.2)
    one, two = Together(LIMITS, redis_server.address), Together(LIMITS, redis_server.address)
    dead = one.lock("web-1")
    monkeypatch.setattr("channels.shared.RENEW_SECONDS", 60.0)  # whoever is dead renews nothing
    await dead.__aenter__()
    async with two.lock("web-1"):
        pass
    await dead.__aexit__(None, None, None)
    await one.close()
    await two.close()


async def test_a_lock_of_a_process_that_was_killed_here_is_free_at_once(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])  # noqa: ASYNC220 (begins at once)
    stat = Path(f"/proc/{killed.pid}/stat").read_text()
    name = f"{own_name().split(':')[0]}:{killed.pid}:{stat.rpartition(')')[2].split()[19]}"
    monkeypatch.setattr("channels.shared.own_name", lambda: name)
    one = Together(LIMITS, redis_server.address)
    monkeypatch.setattr("channels.shared.own_name", own_name)
    two = Together(LIMITS, redis_server.address)
    held, wanted = one.lock("web-1"), two.lock("web-1")
    await held.__aenter__()
    taking = asyncio.create_task(wanted.__aenter__())
    await asyncio.wait([taking], timeout=0.3)
    assert not taking.done()  # it lives
    killed.kill()  # not waited for: a zombie is dead
    await asyncio.wait_for(taking, 5.0)  # by itself the lock would end after 12
    killed.wait()
    await held.__aexit__(None, None, None)
    assert await two._redis.get(f"schakel:lock:{_hidden('web-1')}") is not None  # it is the other one's now
    await wanted.__aexit__(None, None, None)
    await one.close()
    await two.close()


async def test_a_holder_that_lives_keeps_its_lock(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.shared.LOCK_SECONDS", 2.0)  # a busy machine renews late
    monkeypatch.setattr("channels.shared.RENEW_SECONDS", 0.1)
    one, two = Together(LIMITS, redis_server.address), Together(LIMITS, redis_server.address)
    async with one.lock("web-1"):
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(two.lock("web-1").__aenter__(), 3.0)
    await one.close()
    await two.close()


async def test_news_reaches_the_other_process(redis_server: RedisServer) -> None:
    one, two = Together(LIMITS, redis_server.address), Together(LIMITS, redis_server.address)
    heard: "asyncio.Queue[str]" = asyncio.Queue()
    listening = asyncio.create_task(two.listen(heard.put_nowait))

    async def repeat() -> None:
        while True:  # until the other one has subscribed
            await one.publish("web-7")
            await asyncio.sleep(0.02)

    telling = asyncio.create_task(repeat())
    assert await asyncio.wait_for(heard.get(), 120) == "web-7"
    for task in (telling, listening):
        task.cancel()
    await asyncio.gather(telling, listening, return_exceptions=True)
    await one.close()
    await two.close()


async def test_limits_count_over_all_processes(redis_server: RedisServer) -> None:
    one, two = Together(LIMITS, redis_server.address), Together(LIMITS, redis_server.address)
    waits = [await shared.wait("session", "web-1") for shared in (one, two, one, two)]
    assert waits[:3] == [0.0, 0.0, 0.0]
    assert 0 < waits[3] <= 60
    assert await one.wait("session", "web-2") == 0.0
    await one.close()
    await two.close()


async def test_without_redis_a_process_goes_on_alone(redis_server: RedisServer) -> None:
    shared = Together(LIMITS, redis_server.address)
    redis_server.stop()
    async with shared.lock("web-1"):
        await shared.publish("web-1")
    assert [await shared.wait("session", "web-1") for _ in range(3)] == [0.0, 0.0, 0.0]
    assert await shared.wait("session", "web-1") > 0
    await shared.close()


async def test_a_silent_redis_is_waited_for_once_and_keeps_no_lock_for_nobody(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("channels.shared.REDIS_TIMEOUT", 0.5)
    monkeypatch.setattr("channels.shared.LATE_SECONDS", 0.05)
    one, two = Together(LIMITS, redis_server.address), Together(LIMITS, redis_server.address)
    await one.publish("web-1")  # connects
    assert redis_server._process
    redis_server._process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    for _ in range(5):
        async with one.lock("web-1"):
            assert await one.wait("session", f"web-{_}") == 0.0
    assert time.monotonic() - began < 2.0  # each for itself would take 5
    redis_server._process.send_signal(signal.SIGCONT)
    began = time.monotonic()
    while await two._redis.get(f"schakel:lock:{_hidden('web-1')}") is not None or one._late:
        assert time.monotonic() - began < 8.0  # by itself the lock would end after 12
        await asyncio.sleep(0.05)
    await one.close()
    await two.close()


async def test_one_process_needs_no_redis() -> None:
    shared = make_shared(LIMITS, "")
    assert type(shared) is Alone
    assert await overlap(shared, shared) == ["one in", "one out", "two in", "two out"]
