"""A message whose answer was made and saved with the conversation, but never stored for the customer.

A process may die in between. The message still waits then; handing it to Rasa again would make the advice form hear it
as the answer to its next question. What was answered is sent from the conversation instead.
"""

from __future__ import annotations

import logging
from typing import Any, Dict, List

from rasa.core.channels.channel import UserMessage
from rasa.shared.core.events import BotUttered, UserUttered

logger = logging.getLogger(__name__)


async def was_answered(agent: Any, message: UserMessage) -> bool:
    """Sends what the assistant answered to this message before, found by its id, to its output channel.

    Args:
        agent: Rasa's, None when no model is loaded.
        message: one that was begun with before.

    Returns:
        False when there is no such answer, or none can be read: the message is to be handled then.
    """
    if agent is None:
        return False
    try:
        tracker = await agent.tracker_store.retrieve(message.sender_id)
    except Exception as error:
        logger.error("Whether a message was answered before could not be read (%s).", type(error).__name__)
        return False
    replies: List[Dict[str, Any]] = []
    for event in reversed(tracker.events if tracker else ()):
        if isinstance(event, BotUttered):
            replies.append(_as_sent(event))
        elif isinstance(event, UserUttered):
            if event.message_id != message.message_id:
                return False
            break
    else:
        return False
    for reply in reversed(replies):
        await message.output_channel.send_response(message.sender_id, reply)
    return bool(replies)


def _as_sent(event: BotUttered) -> Dict[str, Any]:
    """A reply as an output channel got it; Rasa keeps what it does not know of a reply as metadata."""
    parts = {name: value for name, value in (event.data or {}).items() if value}
    return {**parts, "text": event.text, **(event.metadata or {})}
