"""A matter of safety that a customer told a human: the assistant must know of it when it is back.

During a takeover no message reaches Rasa, so its triage does not see them. What triage finds is noted in the
conversation all the same, or the assistant would come back with answers as if nothing had been said.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from rasa.shared.core.events import SlotSet

from nlu.triage_component import LEVEL_SLOT, assess_alone, current_flag, level_to_note

logger = logging.getLogger(__name__)


async def note_safety(agent: Any, conversation: str, text: str) -> None:
    """Sets the session's safety level when the message calls for one; failures are logged, never raised.

    Args:
        agent: Rasa's, None when no model is loaded.
        conversation: the sender id.
        text: what the customer said.
    """
    try:
        hit = await asyncio.get_running_loop().run_in_executor(None, assess_alone, text)
        if hit is None or agent is None:
            return
        async with agent.lock_store.lock(conversation):
            tracker = await agent.tracker_store.retrieve(conversation)
            if tracker is None or LEVEL_SLOT not in tracker.slots:
                return
            level = level_to_note(hit, current_flag(tracker))
            if tracker.get_slot(LEVEL_SLOT) != level:
                tracker.update(SlotSet(LEVEL_SLOT, level))
                await agent.tracker_store.save(tracker)
    except Exception:  # the human has the message; that counts most
        logger.exception("A safety level could not be noted.")
