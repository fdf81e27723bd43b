"""WhatsApp as the channel service sees it: pictures uploaded, answers sent, the 24-hour window kept."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from channels.base import REFERENCE, Answer, Connector, Image, Incoming, Kind, Outgoing, SendFailed
from channels.provider import (
    REPORTS_WITHIN,
    LastHeard,
    MediaRefused,
    WindowClosed,
    aside,
    check_access,
    check_late,
    is_window_closed,
    reference_of,
)
from channels.reading import with_text
from channels.whatsapp import incoming
from channels.whatsapp.client import GraphClient
from channels.whatsapp.incoming import Said
from channels.whatsapp.outgoing import LIMITS, Message, addressed, as_message, fit, read_receipt, rest_of, templates
from content import texts

logger = logging.getLogger(__name__)

NAME = "whatsapp"
PREFIX = "whatsapp-"
MEDIA_SECONDS = 29 * 86_400.0  # Meta keeps what was uploaded for 30 days
TYPING = 20.0
MAX_TYPING = 10_000
PNG = "image/png"
Picture = Callable[[str], Optional[bytes]]


def as_incoming(said: Said) -> Incoming:
    """A customer's message as the inbox takes it."""
    made = Incoming(
        channel=NAME,
        message_id=said.message_id,
        conversation=PREFIX + said.user,
        recipient=said.user,
        kind=Kind.NOTICE,
        notice=texts.ALLEEN_TEKST,
        sequence=said.at,
        extra={"id": said.message_id},
    )
    if said.kind is incoming.Kind.CHOICE:
        return replace(made, kind=Kind.PRESS, token=said.choice, notice="")
    if said.kind is incoming.Kind.TEXT:
        return with_text(made, said.text)
    return made


class WhatsAppConnector(Connector):
    """Sends through the Graph API."""

    name = NAME
    limits = LIMITS
    reports_within = REPORTS_WITHIN

    def __init__(
        self,
        client: GraphClient,
        wordings: Mapping[str, str],
        last_heard: LastHeard,
        picture: Picture,
        template: str = "",
        language: str = "nl",
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Calls nothing.

        Args:
            client: the Graph API.
            wordings: text by name, of data/gesprek/teksten.yml.
            last_heard: when a conversation's customer last wrote (seconds since 1970); may block.
            picture: content of a picture (PNG) by file name, None for one that is not ours; may take seconds.
            template: name of the approved template for answers after the window, '' when there is none.
            language: its language.
            clock: seconds since 1970.
        """
        self._client = client
        self._wordings = wordings
        self._last_heard = last_heard
        self._picture = picture
        self._template = template
        self._language = language
        self._clock = clock
        self._uploaded: Dict[str, Tuple[str, float]] = {}
        self._typing: Dict[str, float] = {}

    def render(self, answer: Answer) -> List[Outgoing]:
        """Buttons, else a list, else a list with "more"."""
        return fit(answer, self._wordings[texts.KIES_UIT_LIJST], self._wordings[texts.MEER_KEUZES])

    async def send(self, conversation: str, recipient: str, message: Outgoing) -> str:
        """Delivers one message; after the window as a template. Raises `SendFailed`."""
        if await is_window_closed(self._last_heard, conversation, self._clock()):
            return await self._send_late(recipient, message, WindowClosed("The 24-hour window is closed."))
        try:
            return await self._send_now(recipient, message)
        except WindowClosed as closed:
            return await self._send_late(recipient, message, closed)

    async def _send_now(self, recipient: str, message: Outgoing) -> str:
        reference = message.extra.get(REFERENCE, "")
        if message.image is not None:
            try:
                source = await self._source(message.image)
                if source is not None:
                    return await self._client.send(addressed(recipient, as_message(message, source), reference))
            except MediaRefused as refused:
                # The words matter more than the picture, and what Meta forgot is uploaded again next time.
                self._uploaded.pop(message.image.file_name, None)
                logger.warning("WhatsApp took no picture: %s", refused)
            if not message.text:
                return ""
        return await self._client.send(addressed(recipient, as_message(message), reference))

    async def _send_late(self, recipient: str, message: Outgoing, closed: WindowClosed) -> str:
        check_late(message, self._template, "SCHAKEL_WHATSAPP_TEMPLATE", closed)
        parts = templates(self._template, self._language, message.text)
        sent = ""
        for part in parts:
            sent = await self._client.send(addressed(recipient, part, reference_of(message, parts)))
        return sent

    async def _source(self, image: Image) -> Optional[Message]:
        """Where Meta gets a picture: one of ours is uploaded, once a month."""
        known, until = self._uploaded.get(image.file_name, ("", 0.0))
        if known and self._clock() < until:
            return {"id": known}
        content = await aside(self._picture, image.file_name)
        if content is None:
            return {"link": image.url} if image.url.startswith("https://") else None
        media = await self._client.upload(content, PNG)
        self._uploaded[image.file_name] = (media, self._clock() + MEDIA_SECONDS)
        return {"id": media}

    async def received(self, message: Incoming, is_known_press: bool) -> None:
        """Two blue ticks."""
        await self._receipt(message, typing=False)

    async def working(self, message: Incoming) -> None:
        """Shows "typing", which lasts 25 seconds."""
        now = self._clock()
        if now - self._typing.get(message.conversation, 0.0) < TYPING:
            return
        if len(self._typing) > MAX_TYPING:
            self._typing.clear()
        self._typing[message.conversation] = now
        await self._receipt(message, typing=True)

    async def _receipt(self, message: Incoming, typing: bool) -> None:
        try:
            await self._client.send(read_receipt(str(message.extra["id"]), typing))
        except SendFailed as failed:
            logger.debug("No read receipt: %s", failed)

    async def reply_itself(self, message: Incoming, payload: str) -> Optional[Sequence[Outgoing]]:
        """A press on "more" shows the next rows."""
        rest = rest_of(payload) if message.kind is Kind.PRESS else None
        if rest is None:
            return None
        return self.render(Answer(self._wordings[texts.NOG_MEER_KEUZES], tuple(rest)))

    async def started(self) -> None:
        """Asks Meta about our number. Raises `SendFailed` that stops the channel when Meta refuses."""
        await check_access(
            self._client.number(),
            "Check SCHAKEL_WHATSAPP_TOKEN, SCHAKEL_WHATSAPP_NUMBER_ID and SCHAKEL_WHATSAPP_VERSION "
            "with: python -m channels.whatsapp check",
        )

    async def stopped(self) -> None:
        """Closes the connections."""
        await self._client.close()
