"""The way of a message through Rasa without going through the whole conversation at each step.

A subclass of Rasa's MessageProcessor; each method gives what the original gives.
"""

from __future__ import annotations

import logging
from typing import Any, Dict, List, Optional

from rasa.core.processor import MessageProcessor
from rasa.plugin import plugin_manager
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.events import ActionExecuted
from rasa.shared.core.trackers import DialogueStateTracker

from tracking.tracker import ConversationTracker

logger = logging.getLogger("rasa.core.processor")


class ShortWayProcessor(MessageProcessor):
    """What Rasa's agent hands messages to."""

    async def _update_tracker_session(
        self, tracker: DialogueStateTracker, output_channel: Any, metadata: Optional[Dict[str, Any]] = None
    ) -> None:
        is_running = isinstance(tracker, ConversationTracker) and tracker.has_applied_events()
        if is_running and not self._has_session_expired(tracker):
            return
        await super()._update_tracker_session(tracker, output_channel, metadata)

    def is_action_limit_reached(self, tracker: DialogueStateTracker, should_predict_another_action: bool) -> bool:
        """Whether the bot has acted too often since it last listened; looks back to that point only."""
        if not should_predict_another_action:
            return False
        acted = 0
        for event in reversed(tracker.events):
            if isinstance(event, ActionExecuted):
                if event.action_name in (ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME):
                    break
                acted += 1
        return bool(acted >= self.max_number_of_predictions)

    @staticmethod
    def _log_slots(tracker: DialogueStateTracker) -> None:
        if logger.isEnabledFor(logging.DEBUG):
            MessageProcessor._log_slots(tracker)

    def _check_for_unseen_features(self, parse_data: Dict[str, Any]) -> None:
        """Nothing to warn about when all names are the domain's; looked up in sets instead of in lists."""
        known = self.__dict__.get("_known_names")
        if known is None or known[0] is not self.domain:
            known = (self.domain, frozenset(self.domain.intents), frozenset(self.domain.entities))
            self.__dict__["_known_names"] = known
        names = {entity["entity"] for entity in parse_data["entities"] or ()}
        if parse_data["intent"]["name"] not in known[1] or not names <= known[2]:
            super()._check_for_unseen_features(parse_data)

    async def run_anonymization_pipeline(self, tracker: DialogueStateTracker) -> None:
        """Asks for the pipeline as the original does, and only once there is one reads the stored conversation."""
        if plugin_manager().get_plugins():
            await super().run_anonymization_pipeline(tracker)


def apply() -> None:
    """Makes Rasa's agent use it."""
    import rasa.core.agent

    rasa.core.agent.MessageProcessor = ShortWayProcessor
