"""The desk as channels see it: an owner may talk in a conversation instead of the assistant."""

from __future__ import annotations

import importlib
import logging
from typing import List, Optional, Protocol, Sequence, Tuple, cast

from shop.settings import Environment

logger = logging.getLogger(__name__)

DESK = "desk.takeover"


class ChatOut(Protocol):
    """Something to deliver: an owner's words, or a line that says who is talking."""

    @property
    def id(self) -> int:
        """For `delivered` and `failed`."""

    @property
    def conversation(self) -> str:
        """Rasa's sender id."""

    @property
    def text(self) -> str:
        """Plain text."""

    @property
    def state(self) -> Optional[str]:
        """ "mens" when a human talks from this line on, "open" when the assistant does, else None."""

    @property
    def sender(self) -> str:
        """The owner's name, '' for a line about the conversation."""

    @property
    def introduced(self) -> bool:
        """Whether the text itself says who speaks."""


class HumanSide(Protocol):
    """Plain synchronous functions over the desk's database: call them in an executor.

    None raises because the desk's database is gone: then nothing is taken over and nothing is to be delivered.
    """

    def is_taken_over(self, conversation: str) -> bool:
        """Whether an owner has the conversation."""

    def customer_said(
        self, conversation: str, channel: str, text: str, message_id: str, held_back: Sequence[str] = ()
    ) -> bool:
        """Passes a message on to the owner, once per `message_id`. False: nobody has it, the assistant answers.

        `held_back` is what the assistant was about to say when the takeover came first: the owner sees it too.
        """

    def chat_to_deliver(self, channel: str, limit: int = 20) -> Sequence[ChatOut]:
        """What to deliver now, oldest first per conversation; leased, and offered again when it is not reported."""

    def delivered(self, id: int) -> None:
        """It reached the customer."""

    def failed(self, id: int, error: str, retry_after: Optional[float] = None, permanent: bool = False) -> None:
        """It did not."""

    def forget(self, conversation: str) -> None:
        """Deletes what was said to and by owners in this conversation. Raises `desk.database.DeskUnavailable`."""

    def backlog(self) -> Tuple[int, float]:
        """How much the desk still has to send, and seconds of the oldest. Raises `desk.database.DeskUnavailable`."""

    def close(self) -> None:
        """Closes the desk's database."""


class NobodyThere:
    """For an assistant without a desk: no conversation is ever taken over."""

    def is_taken_over(self, conversation: str) -> bool:
        """Never."""
        return False

    def customer_said(
        self, conversation: str, channel: str, text: str, message_id: str, held_back: Sequence[str] = ()
    ) -> bool:
        """Nobody listens."""
        return False

    def chat_to_deliver(self, channel: str, limit: int = 20) -> List[ChatOut]:
        """Nothing."""
        return []

    def delivered(self, id: int) -> None:
        """Nothing to report to."""

    def failed(self, id: int, error: str, retry_after: Optional[float] = None, permanent: bool = False) -> None:
        """Nothing to report to."""

    def forget(self, conversation: str) -> None:
        """Nothing is known."""

    def backlog(self) -> Tuple[int, float]:
        """Nothing."""
        return 0, 0.0

    def close(self) -> None:
        """Nothing is open."""


def human_side(environment: Environment) -> HumanSide:
    """The desk's takeover when the product has a desk, else nobody."""
    try:
        takeover = importlib.import_module(DESK)
    except ModuleNotFoundError as error:
        if error.name not in (DESK, "desk"):  # the desk is there, and something it needs is not
            logger.error("The desk can't be used: %s is not installed. Takeover is off.", error.name)
        return NobodyThere()
    address = environment.desk_database  # type: ignore[attr-defined,unused-ignore]  # comes with the desk
    return cast(HumanSide, takeover.HumanSide(address))
