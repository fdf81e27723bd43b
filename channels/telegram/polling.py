"""Fetches updates, for an assistant that Telegram can't call because it has no public address."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from typing import Any, Awaitable, Callable, List

from channels.telegram.client import ALLOWED_UPDATES, ApiError, BotApi

logger = logging.getLogger(__name__)

WAIT = 25  # seconds that Telegram keeps the call open when there is nothing
PAUSE = 3.0  # after a failure
STORE_WAIT = 1.0  # seconds for the database
STORE_PAUSE = 0.5  # after a failure of it
CONFLICT_PAUSE = 30.0
# After a week without updates Telegram numbers them anew, perhaps lower: an old number would hide them all.
OFFSET_LASTS = 5 * 86_400.0
_TURN = 5.0  # seconds; a process that was killed keeps it no longer, its customers wait
RENEW = 1.5
TURN_PAUSE = 1.0
Run = Callable[..., Awaitable[Any]]


async def call_directly(function: Callable[..., Any], *arguments: Any) -> Any:
    """A `Run` for a program that does nothing else meanwhile."""
    return function(*arguments)


class Poller:
    """Asks for updates, hands them on, and only then tells Telegram that they have arrived."""

    def __init__(
        self,
        api: BotApi,
        bot: str,
        deliver: Callable[[List[Any]], Awaitable[None]],
        store: Any,
        run: Run,
        wait: int = WAIT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Sets up.

        Args:
            api: the client.
            bot: the bot's number.
            deliver: stores updates durably before it returns; raises when it could not.
            store: a `channels.store.Store`; keeps which update is next, and whose turn it is to ask.
            run: runs the store's blocking functions.
            wait: seconds that Telegram keeps a call open.
            clock: seconds since 1970.
        """
        self._api = api
        self._mark = f"telegram-{bot}-next"
        self._turn = f"telegram-{bot}-turn"
        self._deliver = deliver
        self._store = store
        self._run = run
        self._wait = wait
        self._clock = clock
        self._owner = uuid.uuid4().hex
        self._last_failure = ""
        self._asking: Any = None

    async def run(self) -> None:
        """Fetches until it is cancelled."""
        keeping = asyncio.get_running_loop().create_task(self._keep_turn())
        try:
            while True:
                pause = await self.once()
                await asyncio.sleep(pause)
        finally:
            keeping.cancel()

    async def _keep_turn(self) -> None:
        """While a call is open, which takes longer than a turn."""
        while True:
            await asyncio.sleep(RENEW)
            if self._asking is not None:
                with contextlib.suppress(Exception):  # the database is away: nobody else gets the turn either
                    await self._run(self._store.take_turn, self._turn, self._owner, _TURN)

    async def once(self) -> float:
        """Asks once; returns the seconds to wait before the next time."""
        try:
            # Of several processes over one database one asks; Telegram allows no two.
            if not await self._asked_store():
                return TURN_PAUSE
            updates = await self._api.call("getUpdates", self._asking, self._wait + 15.0)
            if isinstance(updates, list) and updates:
                await self._deliver(updates)
                await self._remember(updates)
        except ApiError as error:
            if not error.stops_channel:  # about a wrong token the channel itself has said one line
                self._note(str(error))
            return CONFLICT_PAUSE if error.code in (401, 404, 409) else max(PAUSE, error.retry_after or 0.0)
        except Exception as error:  # the database is gone for a moment: the same updates come again
            self._note(type(error).__name__)
            return STORE_PAUSE
        self._last_failure = ""
        return 0.0

    async def _asked_store(self) -> bool:
        """Whether it is this process's turn, and what to ask. While the database is away who had the turn keeps it, and
        asks for the same again and briefly: nothing can be stored, but who is in need must be heard."""
        try:
            is_ours = await asyncio.wait_for(
                self._run(self._store.take_turn, self._turn, self._owner, _TURN), STORE_WAIT
            )
            if is_ours:
                self._asking = await asyncio.wait_for(self._question(), STORE_WAIT)
        except Exception:
            if self._asking is None:
                raise
            self._asking = {**self._asking, "timeout": 1}
            return True
        if not is_ours:
            self._asking = None
        return bool(is_ours)

    async def _question(self) -> Any:
        number, _, at = (await self._run(self._store.mark, self._mark)).partition(" ")
        question = {"timeout": self._wait, "limit": 100, "allowed_updates": list(ALLOWED_UPDATES)}
        if number and self._clock() - float(at) < OFFSET_LASTS:
            question["offset"] = int(number)
        return question

    async def _remember(self, updates: List[Any]) -> None:
        numbers = [update.get("update_id") for update in updates if isinstance(update, dict)]
        last = max((number for number in numbers if isinstance(number, int)), default=None)
        if last is not None:
            await self._run(self._store.set_mark, self._mark, f"{last + 1} {self._clock():.0f}")

    def _note(self, failure: str) -> None:
        if failure != self._last_failure:  # once, not every three seconds
            logger.warning("No messages can be fetched from Telegram: %s", failure)
        self._last_failure = failure
