"""The endpoint that Meta calls, under `/webhooks/whatsapp/webhook`: GET once at registration, POST for what happens.

    GET   hub.mode, hub.verify_token, hub.challenge    the challenge, or 403
    POST  signed JSON                                  200 once it is stored; 403 unsigned; 413 over 3 MB

Meta repeats a call for up to a week until it gets a 200; what comes again is recognised by its message id.
"""

from __future__ import annotations

import json
import logging
import time
from typing import Any, Callable, Mapping, Optional

from rasa.core.channels.channel import InputChannel
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse
from sqlalchemy.exc import SQLAlchemyError

from chain.album import load_album
from channels.inbox import Inbox
from channels.provider import WINDOW
from channels.service import ChannelService, OnNewMessage
from channels.store import open_store
from channels.webhooks import Refusals, add_health, blueprint_of, keep_status, plain, read_body
from channels.whatsapp.client import graph_client
from channels.whatsapp.connector import NAME, WhatsAppConnector, as_incoming
from channels.whatsapp.incoming import Delivery, read_delivery
from channels.whatsapp.settings import is_wanted, problems
from channels.whatsapp.signature import challenge, is_signed
from content import texts
from shop.settings import Environment, load_environment

logger = logging.getLogger(__name__)

MAX_BODY = 3 * 1024 * 1024  # Meta: "payloads can be up to 3 MB"


class WhatsAppChannel(InputChannel):
    """Rasa connector; named in credentials.yml. Off, without a route, as long as its settings are missing."""

    @classmethod
    def name(cls) -> str:
        """Part of the address, and the channel's name in the tracker."""
        return NAME

    def blueprint(self, on_new_message: OnNewMessage) -> Blueprint:
        """The routes. `on_new_message` hands a message to Rasa and returns when it is answered."""
        environment = load_environment()
        wrong = problems(environment) if is_wanted(environment) else None
        return blueprint_of(
            NAME, logger, wrong, lambda routes: add_routes(routes, WhatsApp(environment, on_new_message))
        )


class WhatsApp:
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
        self._clock = clock
        self._refusals = Refusals(logger, NAME)
        store = more.pop("store", None) or open_store(environment.channels_database)
        self.connector = WhatsAppConnector(
            graph_client(environment),
            texts.wordings(),
            Inbox(store, NAME, clock=clock).last_heard,
            own_picture,
            environment.whatsapp_template,
            environment.whatsapp_template_language,
            clock,
        )
        self.service = ChannelService(self.connector, environment, on_new_message, store=store, **more)

    def register(self, arguments: Mapping[str, Optional[str]]) -> HTTPResponse:
        """Answers Meta's GET."""
        get = arguments.get
        answer = challenge(
            get("hub.mode"), get("hub.verify_token"), get("hub.challenge"), self._environment.whatsapp_verify_token
        )
        return self._refusals.refuse(403, "wrong verify token") if answer is None else plain(answer)

    async def receive(self, body: Optional[bytes], signature: Optional[str]) -> HTTPResponse:
        """Answers Meta's POST.

        Args:
            body: the raw bytes; None when there were too many.
            signature: the X-Hub-Signature-256 header.
        """
        if body is None:
            return self._refusals.refuse(413, "too large")
        if not is_signed(body, signature, self._environment.whatsapp_app_secret):
            return self._refusals.refuse(403, "its signature is missing or wrong (SCHAKEL_WHATSAPP_APP_SECRET)")
        try:
            payload = json.loads(body)
        except (ValueError, RecursionError):
            return self._refusals.refuse(400, "no JSON")
        try:
            await self._take(read_delivery(payload, self._environment.whatsapp_number_id))
        except SQLAlchemyError as error:
            logger.error("A delivery could not be stored (%s); Meta sends it again.", type(error).__name__)
            return plain(status=503)
        return plain("ok")

    async def _take(self, delivery: Delivery) -> None:
        # An old call that somebody kept and plays again is older than the ids that are remembered; and to a message of
        # more than 24 hours ago nothing may be said anyway.
        recent = [said for said in delivery.messages if not said.at or said.at > self._clock() - WINDOW]
        if len(recent) < len(delivery.messages):
            logger.warning("WhatsApp: %s messages of over a day ago left aside.", len(delivery.messages) - len(recent))
        await self.service.accept([as_incoming(said) for said in recent])
        for status in delivery.statuses:
            if status.error:
                logger.warning("WhatsApp: a message was not delivered, error %s.", status.error)
            error = f"{status.error} {status.detail}".strip() if status.error else ""
            await keep_status(self.service, status.message_id, status.status, error, status.reference)
        for code, title in delivery.problems:
            logger.error("WhatsApp reports a problem: error %s (%s).", code, title)


def add_routes(routes: Blueprint, channel: WhatsApp) -> None:
    """The addresses."""
    channel.service.attach(routes)
    add_health(routes, lambda: "off" if channel.service.is_off else "ok")

    @routes.get("/webhook", name="register")
    async def register(request: Request) -> HTTPResponse:
        return channel.register({name: values[0] for name, values in request.args.items()})

    @routes.post("/webhook", stream=True, name="receive")
    async def receive(request: Request) -> HTTPResponse:
        body = await read_body(request, MAX_BODY)
        return await channel.receive(body, request.headers.get("x-hub-signature-256"))


def own_picture(file_name: str) -> Optional[bytes]:
    """One of our pictures as PNG, None for another; may draw it."""
    album = load_album()
    return album.content(file_name) if file_name in album.entries and file_name.endswith(".png") else None
