"""The REST channel: `POST /webhooks/rest/webhook` with {"sender": str, "message": str}, answered with a JSON list.

Same address and shapes as Rasa's own REST channel, with what that one lacks: bounds, cleaned text, no typed commands,
a deadline, and an apology in Dutch instead of silence.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Awaitable, Callable, Dict, List, Optional

from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, UserMessage
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from channels.exchange import Refusal, hand_over, parsed
from channels.human import HumanSide, human_side
from channels.incoming import MAX_BODY, MAX_SENDER, NoText, TextTooLong, clean_text
from channels.lifeline import load_lifeline
from channels.redaction import Wishes, erase_everywhere, redact
from content.texts import BERICHT_LEEG, BERICHT_TE_LANG, VERZOEK_ONGELDIG, wordings
from shop.settings import Environment, load_environment

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Incoming:
    """A checked message: cleaned text, and the sender's id or None for a sender that gave none."""

    text: str
    sender: Optional[str]


def read_request(body: bytes, payload: Any) -> Incoming:
    """Checks one request.

    Args:
        body: the raw body, for its size.
        payload: the body as parsed JSON; None when it is no JSON.

    Raises:
        Refusal: too large, no JSON object, a wrong field, too long or without text.
    """
    if len(body) > MAX_BODY:
        raise Refusal(413, "body_too_large", BERICHT_TE_LANG)
    if not isinstance(payload, dict) or not isinstance(payload.get("message"), str):
        raise Refusal(400, "message_must_be_text", VERZOEK_ONGELDIG)
    sender = payload.get("sender")
    if sender is not None and not (isinstance(sender, str) and 0 < len(sender) <= MAX_SENDER and sender.isprintable()):
        raise Refusal(400, "sender_invalid", VERZOEK_ONGELDIG)
    try:
        return Incoming(clean_text(payload["message"]), sender)
    except TextTooLong:
        raise Refusal(413, "message_too_long", BERICHT_TE_LANG) from None
    except NoText:
        raise Refusal(400, "message_empty", BERICHT_LEEG) from None


class RestChannel(InputChannel):
    """Rasa connector for other clients of the assistant; named in credentials.yml."""

    @classmethod
    def name(cls) -> str:
        """Part of the address, and the channel's name in the tracker."""
        return "rest"

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The routes. `on_new_message` hands a message to Rasa and returns when it is answered."""
        texts = wordings()
        lifeline = load_lifeline()
        environment = load_environment()
        human = human_side(environment)
        routes = Blueprint("schakel_rest")

        @routes.get("/")
        async def health(_: Request) -> HTTPResponse:
            return response.json({"status": "ok"})

        @routes.get("/ready")
        async def ready(request: Request) -> HTTPResponse:
            agent = getattr(request.app.ctx, "agent", None)
            is_ready = agent is not None and agent.is_ready()
            return response.json({"ready": is_ready}, status=200 if is_ready else 503)

        @routes.post("/webhook")
        async def receive(request: Request) -> HTTPResponse:
            try:
                incoming = read_request(request.body, parsed(request))
            except Refusal as refusal:
                return response.json({"error": refusal.code, "text": texts[refusal.text_name]}, status=refusal.status)
            collector = RestOutput()
            await answer(on_new_message, collector, incoming, environment.answer_timeout, self.name())
            agent = getattr(request.app.ctx, "agent", None)
            await after_turn(agent, environment, human, incoming.sender, collector)
            return response.json(collector.messages or _apology(incoming, lifeline.reply(incoming.text)))

        return routes


async def answer(
    on_new_message: Callable[[UserMessage], Awaitable[Any]],
    output: CollectingOutputChannel,
    incoming: Incoming,
    timeout: float,
    channel: str,
) -> None:
    """Hands the message to Rasa and waits at most `timeout` seconds; failures are logged, never raised."""
    message = UserMessage(incoming.text, output, incoming.sender, input_channel=channel)
    await hand_over(on_new_message, message, timeout)


class RestOutput(CollectingOutputChannel):
    """Collects the replies, and what they ask for afterwards."""

    def __init__(self) -> None:
        """Starts empty."""
        super().__init__()
        self.wishes = Wishes()

    async def send_response(self, recipient_id: str, message: Dict[str, Any]) -> None:
        """Takes one reply as Rasa sends it."""
        self.wishes.note(message)
        await super().send_response(recipient_id, message)


async def after_turn(
    agent: Any, environment: Environment, human: HumanSide, sender: Optional[str], output: RestOutput
) -> None:
    """Takes private texts out of the conversation, or erases it; the client has its own copy of what was said."""
    if sender is None:
        return
    for name in output.wishes.erase:
        try:
            await erase_everywhere(agent, environment, human, name)
        except Exception as error:  # the customer must get the reply; asking again tries again
            logger.error("A conversation could not be deleted everywhere (%s).", type(error).__name__)
    await redact(agent, sender, output.wishes)


def _apology(incoming: Incoming, text: str) -> List[Dict[str, Optional[str]]]:
    return [{"recipient_id": incoming.sender, "text": text}]
