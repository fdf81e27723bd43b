"""The way of a message through Rasa without going through the whole conversation at each step.

A subclass of Rasa's MessageProcessor; each method gives what the original gives.
"""

from __future__ import annotations

import logging
from typing import Any, Dict, List, Optional, Tuple

from rasa.core.channels.channel import CollectingOutputChannel, OutputChannel, UserMessage
from rasa.core.processor import MessageProcessor
from rasa.plugin import plugin_manager
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.events import ActionExecuted
from rasa.shared.core.trackers import DialogueStateTracker

from rasa_patches import collector
from tracking.tracker import ConversationTracker

logger = logging.getLogger("rasa.core.processor")


class HeldBack(OutputChannel):
    """Keeps replies until the conversation is saved, then hands them on in order.

    Nobody reads an answer that a crash could still undo. A reply that can't be saved is handed on all the same.
    """

    def __init__(self, channel: OutputChannel) -> None:
        """Takes the channel that the replies are for."""
        self._channel = channel
        self._replies: List[Tuple[str, Dict[str, Any]]] = []

    def name(self) -> str:  # type: ignore[override]
        """The channel's name, which responses may depend on."""
        return str(self._channel.name())

    async def send_response(self, recipient_id: str, message: Dict[str, Any]) -> None:
        """Keeps one reply."""
        self._replies.append((recipient_id, message))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)

    async def hand_on(self) -> None:
        """Sends what was kept."""
        replies, self._replies = self._replies, []
        for recipient_id, message in replies:
            await self._channel.send_response(recipient_id, message)


class ShortWayProcessor(MessageProcessor):
    """What Rasa's agent hands messages to."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Loads the model, as Rasa's does; what a start loads is complete then."""
        super().__init__(*args, **kwargs)
        collector.go_on()

    async def handle_message(self, message: UserMessage) -> Optional[List[Dict[str, Any]]]:
        """Handles a message; replies go out when the conversation is saved."""
        channel = message.output_channel
        if channel is None or isinstance(channel, CollectingOutputChannel):  # read when this returns, so after saving
            collected: Optional[List[Dict[str, Any]]] = await super().handle_message(message)
            return collected
        held = message.output_channel = HeldBack(channel)
        try:
            await super().handle_message(message)
        finally:
            message.output_channel = channel
            await held.hand_on()
        return None

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
