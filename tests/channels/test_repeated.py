"""An answer that is in the conversation but never reached the customer is sent, not made again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, List, Optional

import pytest
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.shared.core.events import ActionExecuted, BotUttered, Event, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from channels.repeated import was_answered

BUTTONS = [{"title": "Ja", "payload": "ja"}]
ANSWERED: List[Event] = [
    UserUttered("eerder", message_id="m-1"),
    BotUttered("Dag"),
    UserUttered("en nu", message_id="m-2"),
    ActionExecuted("utter_ask"),
    BotUttered("Eerst dit.", metadata={"faq_id": "magnesium_slaap"}),
    BotUttered("Mag dat?", {"buttons": BUTTONS, "image": None}, {"vraag": "toestemming"}),
    ActionExecuted("action_listen"),
]


class Sent(CollectingOutputChannel):
    """What is sent, as it comes."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: List[Any] = []

    async def send_response(self, recipient_id: str, message: Any) -> None:
        self.sent.append(message)


def agent_with(tracker: Optional[DialogueStateTracker], error: Optional[Exception] = None) -> Any:
    """Rasa's agent as far as it is needed here."""

    async def retrieve(sender: str) -> Optional[DialogueStateTracker]:
        if error:
            raise error
        return tracker

    return SimpleNamespace(tracker_store=SimpleNamespace(retrieve=retrieve))


def message(message_id: str) -> UserMessage:
    return UserMessage("en nu", Sent(), "an", message_id=message_id)


async def test_what_was_answered_is_sent_as_it_was() -> None:
    again = message("m-2")
    assert await was_answered(agent_with(DialogueStateTracker.from_events("an", ANSWERED)), again)
    assert again.output_channel.sent == [
        {"text": "Eerst dit.", "faq_id": "magnesium_slaap"},
        {"text": "Mag dat?", "buttons": BUTTONS, "vraag": "toestemming"},
    ]


@pytest.mark.parametrize(
    "agent",
    [
        None,
        agent_with(None),
        agent_with(DialogueStateTracker.from_events("an", [])),
        agent_with(DialogueStateTracker.from_events("an", ANSWERED)),  # its last message is another one
        agent_with(DialogueStateTracker.from_events("an", [UserUttered("en nu", message_id="m-3")])),  # no reply yet
        agent_with(None, OSError("the database is away")),
    ],
)
async def test_otherwise_the_message_is_to_be_handled(agent: Any) -> None:
    again = message("m-3")
    assert not await was_answered(agent, again)
    assert again.output_channel.sent == []
