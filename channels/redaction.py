"""After a turn: takes what was private out of the conversation, or erases the conversation, as an action asked for.

An action or a reply of safety asks by the metadata of its message (`Wishes`); a channel calls `redact` before it stores
its replies as answered, so that a stop in between is made good when the message is answered again.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

from advice.draft import Draft
from advice.steps import private_values
from answering.redact import REMOVED, redact_data, redactor
from channels.erase import erase_tracker
from channels.human import HumanSide
from desk import stores
from nlu.advice import DRAFT_SLOT, FORM
from shop.settings import Environment

logger = logging.getLogger(__name__)

WIPE_SLOT = "advies_wissen"
WIPE, ERASE, SAFETY = "advies_wissen", "gesprek_wissen", "veiligheid"  # keys of a message's metadata
Store = Callable[[str, Sequence[str]], object]


class Wishes:
    """What the replies of one turn ask for."""

    def __init__(self) -> None:
        """Starts without any."""
        self.redact = False
        self.erase: List[str] = []

    def note(self, message: Mapping[str, Any]) -> None:
        """Takes one reply as Rasa sends it. A reply of safety may have ended a form with private answers."""
        self.redact = self.redact or bool(message.get(WIPE) or message.get(SAFETY))
        names = message.get(ERASE)
        if isinstance(names, list):
            self.erase += [str(name) for name in names if str(name) not in self.erase]


async def redact(
    agent: Any, conversation: str, wishes: Wishes, stores: Sequence[Store] = (), replies: Sequence[Dict[str, Any]] = ()
) -> List[Dict[str, Any]]:
    """Takes the private texts of a closed request out of the tracker store and the channel's own stores.

    Args:
        agent: Rasa's, None before it is loaded.
        conversation: whose.
        wishes: of the replies of this turn.
        stores: further places: functions of (conversation, values) that block, such as `EventLog.redact`.
        replies: of this turn, not stored yet.

    Returns:
        The replies without the private texts. Failures are logged without them; nothing is raised, for the customer
        must get the reply: the next turn of the conversation that asks for it tries again.
    """
    if agent is None or not wishes.redact:
        return list(replies)
    values: List[str] = []
    try:
        async with agent.lock_store.lock(conversation):
            values = private_in(await agent.tracker_store.retrieve(conversation))
            # The tracker last: it is what tells the values. After a stop in between, the message is answered again
            # and the values are still known; the same goes for a channel's log that fails.
            if values and await _redacted_in(stores, conversation, values):
                await _redact_tracker(agent.tracker_store, conversation, values)
    except Exception as error:
        logger.error("Private texts could not be taken out of the tracker store (%s).", type(error).__name__)
    cleaned: List[Dict[str, Any]] = redact_data(list(replies), redactor(values))
    return cleaned


async def erase(agent: Any, conversation: str) -> bool:
    """Deletes a conversation out of the tracker store; whether that could be done."""
    if agent is None:
        return True
    async with agent.lock_store.lock(conversation):
        return bool(await _aside(erase_tracker, agent.tracker_store, conversation))


async def erase_everywhere(agent: Any, environment: Environment, human: HumanSide, conversation: str) -> None:
    """Deletes a conversation of any channel: what owners said in it, the tracker, the channels' databases.

    Args:
        agent: Rasa's, None before it is loaded.
        environment: where the databases are.
        human: the desk's side.
        conversation: whose.

    Raises:
        desk.database.DeskUnavailable: the desk's database does not answer.
        RuntimeError: the tracker store is none that can be erased from.
        sqlalchemy.exc.SQLAlchemyError: another database does not answer.
    """
    await erase_talk(agent, human, conversation)
    await _aside(stores.erase_logs, environment, [conversation])


async def erase_talk(agent: Any, human: HumanSide, conversation: str) -> None:
    """As `erase_everywhere`, without the channels' databases."""
    await _aside(human.forget, conversation)
    if not await erase(agent, conversation):
        raise RuntimeError("Rasa's tracker store is no SQL store: a conversation could not be deleted from it.")


def private_in(tracker: Any) -> List[str]:
    """The private texts of requests that are closed, and proofs, in Rasa's tracker of a conversation.

    A request that is still being filled in keeps its answers.
    """
    if tracker is None:
        return []
    is_open = tracker.active_loop_name == FORM
    current = tracker.get_slot(DRAFT_SLOT) if is_open else None
    key = current.get("key") if isinstance(current, dict) else None
    values: List[str] = []
    for event in tracker.events:
        name, value = getattr(event, "key", None), getattr(event, "value", None)
        if name == WIPE_SLOT and isinstance(value, list):
            values += [str(item) for item in value]
        draft = Draft.from_slot(value) if name == DRAFT_SLOT else None
        if draft is not None and draft.key != key:
            values += private_values(draft)
    return [value for value in dict.fromkeys(values) if value != REMOVED]


async def _redacted_in(stores: Sequence[Store], conversation: str, values: Sequence[str]) -> bool:
    """Takes the values out of every store; whether all of them did."""
    is_done = True
    for store in stores:
        try:
            await _aside(store, conversation, values)
        except Exception as error:
            is_done = False
            logger.error("Private texts could not be taken out of a channel's log (%s).", type(error).__name__)
    return is_done


async def _redact_tracker(tracker_store: Any, conversation: str, values: Sequence[str]) -> None:
    """By the store's own `redact`, under whatever Rasa has wrapped around it."""
    store: Optional[Any] = tracker_store
    while store is not None:
        if hasattr(store, "redact"):
            if inspect.iscoroutinefunction(store.redact):
                await store.redact(conversation, list(values))
            else:
                await _aside(store.redact, conversation, list(values))
            return
        store = getattr(store, "_tracker_store", None)
    raise TypeError("The tracker store can't be redacted.")


async def _aside(function: Callable[..., Any], *arguments: Any) -> Any:
    return await asyncio.get_running_loop().run_in_executor(None, functools.partial(function, *arguments))
