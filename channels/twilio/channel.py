"""The addresses that Twilio calls under `/webhooks/twilio`: `/webhook` for messages, `/status` for what became of ours.

Both take signed forms: 200 once it is stored, 403 unsigned, 413 over 64 kB.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import Any, Callable, Dict, List, Optional
from urllib.parse import parse_qsl

from rasa.core.channels.channel import InputChannel
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse
from sqlalchemy.exc import SQLAlchemyError

from channels.base import REFERENCE, Incoming, Kind
from channels.inbox import Inbox
from channels.incoming import MAX_BODY
from channels.service import ChannelService, OnNewMessage
from channels.store import open_store
from channels.twilio.choices import open_choices
from channels.twilio.client import twilio_client
from channels.twilio.connector import NAME, TwilioConnector, as_incoming
from channels.twilio.incoming import Said, Status, read_form
from channels.twilio.outgoing import chosen
from channels.twilio.settings import PREFIX, STATUS, WEBHOOK, is_wanted, problems
from channels.twilio.signature import MAX_FIELDS, by_name, is_signed
from channels.webhooks import HEADERS, Refusals, add_health, blueprint_of, keep_status, plain, read_body
from content import texts
from shop.settings import Environment, load_environment

logger = logging.getLogger(__name__)

_NOTHING_TO_SAY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'  # the reply goes by Twilio's interface


class TwilioChannel(InputChannel):
    """Rasa connector; named in credentials.yml. Off, without a route, as long as its settings are missing."""

    @classmethod
    def name(cls) -> str:
        """Part of the address, and the channel's name in the tracker."""
        return NAME

    def blueprint(self, on_new_message: OnNewMessage) -> Blueprint:
        """The routes. `on_new_message` hands a message to Rasa and returns when it is answered."""
        environment = load_environment()
        wrong = problems(environment) if is_wanted(environment) else None
        return blueprint_of(NAME, logger, wrong, lambda routes: add_routes(routes, Twilio(environment, on_new_message)))


class Twilio:
    """The channel's work without its addresses."""

    def __init__(
        self,
        environment: Environment,
        on_new_message: OnNewMessage,
        clock: Callable[[], float] = time.time,
        **more: Any,
    ) -> None:
        """Opens the database.

        Args:
            environment: settings without `problems`.
            on_new_message: hands a message to Rasa.
            clock: seconds since 1970.
            more: for `ChannelService`.
        """
        self._environment = environment
        self._refusals = Refusals(logger, NAME)
        self._store = more.pop("store", None) or open_store(environment.channels_database)
        self._inbox = Inbox(self._store, NAME, clock=clock)
        self.connector = TwilioConnector(
            twilio_client(environment),
            environment.twilio_number,
            texts.wordings(),
            self._inbox.last_heard,
            environment.twilio_template,
            self._address(STATUS),
            clock,
        )
        self.service = ChannelService(self.connector, environment, on_new_message, store=self._store, **more)

    def _address(self, path: str, query: str = "") -> str:
        """The address as Twilio calls it. The request itself knows only what the proxy made of it."""
        outside = self._environment.public_address.rstrip("/") + PREFIX + path
        return f"{outside}?{query}" if query else outside

    async def receive(self, path: str, query: str, body: Optional[bytes], signature: Optional[str]) -> HTTPResponse:
        """Answers a call of Twilio.

        Args:
            path: `WEBHOOK` or `STATUS`.
            query: what stands behind the question mark, '' for nothing.
            body: the raw form; None when it was too large.
            signature: the X-Twilio-Signature header.
        """
        if body is None:
            return self._refusals.refuse(413, "too large")
        fields = read_fields(body)
        if fields is None:
            return self._refusals.refuse(400, "no form")
        if not is_signed(self._address(path, query), fields, signature, self._environment.twilio_token):
            return self._refusals.refuse(
                403, "its signature is missing or wrong (SCHAKEL_TWILIO_TOKEN, SCHAKEL_PUBLIC_ADDRESS)"
            )
        try:
            await self._take(read_form(fields, self._environment.twilio_number), query)
        except SQLAlchemyError as error:
            logger.error("A delivery could not be stored (%s).", type(error).__name__)
            return plain(status=503)
        return response.text(_NOTHING_TO_SAY, content_type="text/xml", headers=HEADERS)

    async def _take(self, found: "Said | Status | None", query: str) -> None:
        if isinstance(found, Said):
            message = await self.service.run(self._resolved, as_incoming(found))
            await self.service.accept([message])
        elif isinstance(found, Status):
            if found.error:
                logger.warning("Twilio: a message was not delivered, error %s.", found.error)
            error = str(found.error) if found.error else ""
            reference = dict(parse_qsl(query)).get(REFERENCE, "")
            await keep_status(self.service, found.message_id, found.status, error, reference)

    def _resolved(self, message: Incoming) -> Incoming:
        """A typed number, or the words of a choice, become the choice that they stand for; looked up when they come in,
        for that is what the customer saw."""
        if message.kind is not Kind.TEXT:
            return message
        choices = open_choices(self._store, self._inbox, message.conversation)
        number = chosen(message.text, [choice.title for choice in choices])
        if number is None:
            return message
        return replace(message, kind=Kind.PRESS, token=choices[number].token, text="")


def add_routes(routes: Blueprint, channel: Twilio) -> None:
    """The addresses."""
    channel.service.attach(routes)
    add_health(routes, lambda: "off" if channel.service.is_off else "ok")

    def add(path: str) -> None:
        @routes.post(path, stream=True, name=path.strip("/"))
        async def receive(request: Request) -> HTTPResponse:
            body = await read_body(request, MAX_BODY)
            signature = request.headers.get("x-twilio-signature")
            return await channel.receive(path, request.query_string, body, signature)

    for path in (WEBHOOK, STATUS):
        add(path)


def read_fields(body: bytes) -> Optional[Dict[str, List[str]]]:
    """A form's values by name, blank ones included; None when it is none."""
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        return None
    return by_name(pairs)
