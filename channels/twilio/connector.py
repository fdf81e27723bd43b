"""Twilio as the channel service sees it: answers sent, choices as numbers, the 24-hour window of WhatsApp kept."""

from __future__ import annotations

import logging
import time
from typing import Callable, Dict, List, Mapping

from channels.base import REFERENCE, Answer, Connector, Incoming, Kind, Outgoing
from channels.provider import (
    REPORTS_WITHIN,
    LastHeard,
    MediaRefused,
    WindowClosed,
    check_access,
    check_late,
    is_window_closed,
    reference_of,
)
from channels.reading import with_text
from channels.twilio import incoming
from channels.twilio.client import TwilioClient
from channels.twilio.incoming import WHATSAPP, Said
from channels.twilio.outgoing import LIMITS, addressed, as_fields, fit, templates
from content import texts

logger = logging.getLogger(__name__)

NAME = "twilio"
PREFIX = "twilio-"


def as_incoming(said: Said) -> Incoming:
    """A customer's message as the inbox takes it."""
    made = Incoming(
        channel=NAME,
        message_id=said.message_id,
        conversation=PREFIX + said.user,
        recipient=said.user,
        kind=Kind.NOTICE,
        notice=texts.ALLEEN_TEKST,
    )
    if said.kind is incoming.Kind.TEXT:
        return with_text(made, said.text)
    return made


class TwilioConnector(Connector):
    """Sends through Twilio's Messages resource."""

    name = NAME
    limits = LIMITS
    reports_within = REPORTS_WITHIN
    # Twilio's calls carry no time: one that somebody kept and plays again is told by its id only.
    keep_ids = 366 * 86_400.0

    def __init__(
        self,
        client: TwilioClient,
        sender: str,
        wordings: Mapping[str, str],
        last_heard: LastHeard,
        template: str = "",
        status_address: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Calls nothing.

        Args:
            client: the interface.
            sender: our own address, `whatsapp:+31...` or `+31...`.
            wordings: text by name, of data/gesprek/teksten.yml.
            last_heard: when a conversation's customer last wrote (seconds since 1970); may block.
            template: id of the approved template for answers after the window, '' when there is none.
            status_address: where Twilio tells what became of a message.
            clock: seconds since 1970.
        """
        self._client = client
        self._sender = sender
        self._wordings = wordings
        self._last_heard = last_heard
        self._template = template
        self._status_address = status_address
        self._clock = clock

    def render(self, answer: Answer) -> List[Outgoing]:
        """Choices as numbered lines."""
        return fit(answer, self._wordings[texts.TYP_NUMMER])

    async def send(self, conversation: str, recipient: str, message: Outgoing) -> str:
        """Delivers one message; after the window as a template. Raises `SendFailed`."""
        if await self._is_late(conversation):
            return await self._send_late(recipient, message, WindowClosed("The 24-hour window is closed."))
        reference = message.extra.get(REFERENCE, "")
        try:
            return await self._send(recipient, as_fields(message), reference)
        except WindowClosed as closed:
            return await self._send_late(recipient, message, closed)
        except MediaRefused as refused:
            # The words matter more than the picture.
            logger.warning("Twilio took no picture: %s", refused)
            fields = as_fields(message, with_picture=False)
            return await self._send(recipient, fields, reference) if fields else ""

    async def _is_late(self, conversation: str) -> bool:
        if not self._sender.startswith(WHATSAPP):  # SMS knows no window
            return False
        return await is_window_closed(self._last_heard, conversation, self._clock())

    async def _send_late(self, recipient: str, message: Outgoing, closed: WindowClosed) -> str:
        check_late(message, self._template, "SCHAKEL_TWILIO_TEMPLATE", closed)
        parts = templates(self._template, message.text)
        sent = ""
        for fields in parts:
            sent = await self._send(recipient, fields, reference_of(message, parts))
        return sent

    async def _send(self, recipient: str, fields: Dict[str, str], reference: str) -> str:
        if not fields:  # a picture without words that Twilio can't fetch
            return ""
        return await self._client.send(addressed(self._sender, recipient, fields, self._status_address, reference))

    async def started(self) -> None:
        """Asks Twilio about the account. Raises `SendFailed` that stops the channel when Twilio refuses."""
        await check_access(
            self._client.account(),
            "Check SCHAKEL_TWILIO_ACCOUNT and SCHAKEL_TWILIO_TOKEN with: python -m channels.twilio check",
        )

    async def stopped(self) -> None:
        """Closes the connections."""
        await self._client.close()
