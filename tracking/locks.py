"""One message at a time per conversation (`lock_store:` in endpoints.yml).

Rasa's own lock stores ask once a second whether it is their turn, so that the twentieth of twenty messages waits twenty
seconds. Here whoever is next goes on at once, in the order of arrival; between processes the turn is in Redis.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import Any, AsyncGenerator, Optional

from rasa.core.lock import TicketLock
from rasa.core.lock_store import LOCK_LIFETIME, LockStore
from rasa.utils.endpoints import EndpointConfig

from channels.shared import make_shared
from shop.settings import load_environment


class ConversationLocks(LockStore):
    """Rasa lock store over `channels.shared`; nothing is kept of a conversation that nobody waits for."""

    def __init__(self, endpoint_config: Optional[EndpointConfig] = None) -> None:
        """Connects to Redis on first use, when the settings name one."""
        self._shared = make_shared({}, load_environment().redis)
        super().__init__()

    @asynccontextmanager
    async def lock(
        self, conversation_id: str, lock_lifetime: float = LOCK_LIFETIME, wait_time_in_seconds: float = 1
    ) -> AsyncGenerator[TicketLock, None]:
        """Waits for the conversation's turn. Whoever gives up waiting (a deadline) leaves the queue.

        Args:
            conversation_id: the tracker's sender id.
            lock_lifetime: not used: a process that lives keeps its turn, one that died loses it after seconds.
            wait_time_in_seconds: not used: nobody waits longer than needed.
        """
        # A channel may hold a turn of its own in the same conversation; this is another queue.
        async with self._shared.lock(f"tracker:{conversation_id}"):
            yield TicketLock(conversation_id)

    def get_lock(self, conversation_id: str) -> Optional[TicketLock]:
        """Rasa asks this of stores that keep tickets; there are none here."""
        return None

    def delete_lock(self, conversation_id: str) -> None:
        """Nothing is kept."""

    def save_lock(self, lock: Any) -> None:
        """Nothing is kept."""
