"""What Rasa says, as the web chat gets it: plain text, buttons, a picture. Never HTML."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from rasa.core.channels.channel import OutputChannel

from channels.event_log import STATES
from channels.redaction import Wishes


class WebOutput(OutputChannel):
    """Collects the replies to one message, so that they can be stored together."""

    def __init__(self) -> None:
        """Starts empty."""
        self.replies: List[Dict[str, Any]] = []
        self.state = ""
        self.wishes = Wishes()

    @classmethod
    def name(cls) -> str:
        """The channel's name."""
        return "web"

    async def send_response(self, recipient_id: str, message: Dict[str, Any]) -> None:
        """Takes one reply: text, buttons, picture and metadata in one mapping, as Rasa sends it."""
        self.wishes.note(message)
        reply = as_reply(message)
        if reply:
            self.replies.append(reply)
        state = message.get("gesprek")
        if state in STATES:
            self.state = state

    async def send_text_message(self, recipient_id: str, text: str, **kwargs: Any) -> None:
        """Takes a bare text, which Rasa sends for its own notices."""
        await self.send_response(recipient_id, {**kwargs, "text": text})


def as_reply(message: Mapping[str, Any]) -> Dict[str, Any]:
    """Keeps what the chat shows: {"text", "buttons", "image": {"url", "alt"}, "faq_id"}, each only when there is one.

    A response's metadata arrives on the same level: `alt` describes the picture, `nacht` is the address of the same
    picture for dark screens, `faq_id` names the answer.
    """
    reply: Dict[str, Any] = {}
    text = str(message.get("text") or "").strip()
    if text:
        reply["text"] = text
    buttons = [
        {"title": str(button["title"]), "payload": str(button.get("payload") or button["title"])}
        for button in message.get("buttons") or message.get("quick_replies") or []
        if button.get("title")
    ]
    if buttons:
        reply["buttons"] = buttons
    if message.get("image"):
        reply["image"] = {"url": str(message["image"]), "alt": str(message.get("alt") or "")}
        if message.get("nacht"):
            reply["image"]["nacht"] = str(message["nacht"])
    if reply and message.get("faq_id"):
        reply["faq_id"] = str(message["faq_id"])
    return reply
