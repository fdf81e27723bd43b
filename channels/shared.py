"""What several processes that serve one chat share: a lock per conversation, news of events, limits.

With one process (`Alone`) all of it is in memory. With SCHAKEL_REDIS it is in Redis (`Together`), which holds nothing
that was said. When Redis is away every process goes on alone and says so in the log: the database still keeps a message
from getting two answers in the stored conversation.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import secrets
import time
from typing import Any, AsyncIterator, Callable, Dict, Set

from channels.holder import is_dead, own_name
from channels.limits import WINDOW, RateLimit
from monitoring import metrics

logger = logging.getLogger(__name__)

LOCK_SECONDS = 12.0  # a process that dies where nobody can see it holds a conversation this long at most
RENEW_SECONDS = 3.0
RETRY_SECONDS = 0.05
REDIS_TIMEOUT = 1.0
PAUSE_SECONDS = 5.0  # for which nobody asks a Redis that did not answer in time: waiting for it adds up
LATE_SECONDS = 0.5  # between two tries to give a lock back that nobody knows of
NEWS = "schakel:web:news"

# Takes a lock that is free or held by who is known to be dead (the third argument); else gives who holds it.
_TAKE = """
local held = redis.call('get', KEYS[1])
if held and held ~= ARGV[3] then return held end
redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
return ''
"""
# Releases or renews a lock only for who holds it.
_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"
_RENEW = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0"
# Counts an event in a sliding window: seconds to wait, "0" when it was counted.
_COUNT = """
redis.call('zremrangebyscore', KEYS[1], 0, ARGV[1] - ARGV[2])
if redis.call('zcard', KEYS[1]) >= tonumber(ARGV[3]) then
  return tostring(redis.call('zrange', KEYS[1], 0, 0, 'withscores')[2] + ARGV[2] - ARGV[1])
end
redis.call('zadd', KEYS[1], ARGV[1], ARGV[4])
redis.call('expire', KEYS[1], math.ceil(ARGV[2]))
return '0'
"""


class Alone:
    """One process: locks and limits in memory, no news from others."""

    def __init__(self, limits: Dict[str, int]) -> None:
        """Args: limits: events per minute by kind of key."""
        self._limits = {kind: RateLimit(most) for kind, most in limits.items()}
        self._locks: Dict[str, asyncio.Lock] = {}

    @contextlib.asynccontextmanager
    async def lock(self, name: str) -> AsyncIterator[None]:
        """One holder at a time per name; forgets locks that nobody waits for."""
        lock = self._locks.setdefault(name, asyncio.Lock())
        try:
            async with lock:
                yield
        finally:
            if not lock.locked() and not getattr(lock, "_waiters", None):
                self._locks.pop(name, None)

    async def wait(self, kind: str, key: str) -> float:
        """Counts one event: 0.0 when it is within the limit, else the seconds until the next one is."""
        return self._limits[kind].wait(key)

    async def publish(self, session: str) -> None:
        """Tells the other processes that there is something new in a session."""

    async def listen(self, heard: Callable[[str], None]) -> None:
        """Calls `heard` with every session that another process has news of, until it is cancelled."""

    async def close(self) -> None:
        """Closes connections."""


class Together(Alone):
    """Several processes that share a Redis."""

    def __init__(self, limits: Dict[str, int], address: str) -> None:
        """Args: limits: as for `Alone`. address: redis://host:port/number."""
        from redis import asyncio as redis

        super().__init__(limits)
        self._most = limits
        self._redis = redis.from_url(address, socket_timeout=REDIS_TIMEOUT, socket_connect_timeout=REDIS_TIMEOUT)
        # Waiting for news takes as long as it takes.
        self._news = redis.from_url(address, socket_connect_timeout=REDIS_TIMEOUT, health_check_interval=10)
        self._holder = own_name()
        self._pause = _PAUSES.setdefault(address, _Pause())
        self._late: "Set[asyncio.Task[None]]" = set()

    @contextlib.asynccontextmanager
    async def lock(self, name: str) -> AsyncIterator[None]:
        """One holder among all processes. One that dies loses it, at once to a process that sees it is dead."""
        async with super().lock(name):
            key, token = f"schakel:lock:{_hidden(name)}", f"{self._holder}:{secrets.token_hex(8)}"
            renewing = None
            if await self._acquire(key, token):
                renewing = asyncio.get_running_loop().create_task(self._renew(key, token))
            try:
                yield
            finally:
                if renewing:
                    renewing.cancel()
                    if await self._safely(lambda: self._redis.eval(_RELEASE, 1, key, token)) is None:
                        self._release_late(key, token)

    async def _acquire(self, key: str, token: str) -> bool:
        """True when the lock is held; False when Redis is away."""
        milliseconds = int(LOCK_SECONDS * 1000)
        dead = ""
        while True:
            asked = not self._pause.is_on
            try:
                held = await self._safely(lambda: self._redis.eval(_TAKE, 1, key, token, milliseconds, dead))  # noqa: B023
            except asyncio.CancelledError:
                self._release_late(key, token)
                raise
            if held is None and asked:
                # A Redis that was only silent may still do what it was asked, for nobody.
                self._release_late(key, token)
            if not held:
                return held is not None
            holder = held.decode()
            if is_dead(holder) and holder != dead:
                dead = holder
            else:
                await asyncio.sleep(RETRY_SECONDS)

    def _release_late(self, key: str, token: str) -> None:
        task = asyncio.get_running_loop().create_task(self._release_surely(key, token))
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _release_surely(self, key: str, token: str) -> None:
        """Asks until Redis answers twice: what it was asked before may be done in another order."""
        deadline = time.monotonic() + 10 * LOCK_SECONDS
        answers = 0
        while answers < 2 and time.monotonic() < deadline:
            await asyncio.sleep(LATE_SECONDS)
            done = await self._safely(lambda: self._redis.eval(_RELEASE, 1, key, token), is_quiet=True)
            answers += done is not None

    async def _renew(self, key: str, token: str) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            await self._safely(lambda: self._redis.eval(_RENEW, 1, key, token, int(LOCK_SECONDS * 1000)))

    async def wait(self, kind: str, key: str) -> float:
        """Counts one event of all processes together; alone when Redis is away."""
        name = f"schakel:limit:{kind}:{_hidden(key)}"
        arguments = (time.time(), WINDOW, self._most[kind], secrets.token_hex(8))
        counted = await self._safely(lambda: self._redis.eval(_COUNT, 1, name, *arguments), away=b"")
        return float(counted) if counted else await super().wait(kind, key)

    async def publish(self, session: str) -> None:
        """Tells the other processes."""
        await self._safely(lambda: self._redis.publish(NEWS, session))

    async def listen(self, heard: Callable[[str], None]) -> None:
        """Listens, and again when the connection broke; meanwhile streams look for events by themselves."""
        from redis.exceptions import RedisError

        while True:
            try:
                async with self._news.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(NEWS)
                    async for message in channel.listen():
                        heard(message["data"].decode("utf-8", "replace"))
            except (RedisError, OSError) as error:
                _away(error)
            await asyncio.sleep(1.0)

    async def close(self) -> None:
        """Closes both connections."""
        for task in list(self._late):  # the lock ends by itself
            task.cancel()
        for connection in (self._redis, self._news):
            with contextlib.suppress(Exception):
                await connection.close()

    async def _safely(self, ask: Callable[[], Any], away: Any = None, is_quiet: bool = False) -> Any:
        """The answer to a call, `away` when there is none.

        Args:
            ask: begins the call.
            away: what is given when Redis does not answer.
            is_quiet: asks during a pause too, and logs nothing: for a call that nobody waits for.
        """
        from redis.exceptions import RedisError, TimeoutError

        if self._pause.is_on and not is_quiet:
            return away
        try:
            answer = await ask()
            self._pause.until = 0.0
            return answer
        except (RedisError, OSError, asyncio.TimeoutError) as error:
            if isinstance(error, (TimeoutError, asyncio.TimeoutError)):
                self._pause.until = time.monotonic() + PAUSE_SECONDS
            if not is_quiet:
                _away(error)
            return away


class _Pause:
    """Of everything in this process that uses one Redis: until when it is left alone."""

    until = 0.0

    @property
    def is_on(self) -> bool:
        return time.monotonic() < self.until


_PAUSES: Dict[str, _Pause] = {}


def _away(error: Exception) -> None:
    metrics.failed("redis")
    logger.warning("Redis does not answer (%s); this process goes on alone.", type(error).__name__)


def _hidden(key: str) -> str:
    """Keys may be network addresses: Redis needs to tell them apart and nothing more."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def make_shared(limits: Dict[str, int], redis_address: str) -> Alone:
    """`Together` when a Redis is set, else `Alone`."""
    return Together(limits, redis_address) if redis_address else Alone(limits)
