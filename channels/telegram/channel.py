"""The Rasa connector: `POST /webhooks/telegram/webhook` for Telegram's calls, or fetching without a public address."""

from __future__ import annotations

import hmac
import json
import logging
from typing import Any, Awaitable, Callable, List, Optional

from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint, Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse
from sqlalchemy.exc import SQLAlchemyError

from channels.service import ChannelService
from channels.telegram.account import POLL, SECRET_HEADER, Account, load_account
from channels.telegram.client import BotApi
from channels.telegram.connector import TelegramConnector
from channels.telegram.polling import Poller
from channels.telegram.updates import NAME, load_commands, read_update
from channels.webhooks import Refusals, plain, read_body
from shop.settings import SettingsError, load_environment

logger = logging.getLogger(__name__)

MAX_BODY = 512 * 1024  # bytes; an update is a message, the one it replies to, and their details


class TelegramChannel(InputChannel):
    """Rasa connector; named in credentials.yml, on when there is a token."""

    @classmethod
    def name(cls) -> str:
        """Part of the address, and the channel's name in the tracker."""
        return NAME

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The routes; without an account only one that says so."""
        environment = load_environment()
        try:
            account = load_account(environment)
        except SettingsError as error:  # stops this channel only
            logger.error("Channel telegram is off, the others go on. %s", error)
            account = None
        if account is None:
            return off_routes()
        connector = TelegramConnector(BotApi(account.token, environment.telegram_api))
        service = ChannelService(connector, environment, on_new_message)
        return make_routes(service, account, is_polling=environment.telegram_updates == POLL)


def off_routes() -> Blueprint:
    """Routes of a channel that is off."""
    routes = Blueprint("schakel_telegram")

    @routes.get("/")
    async def health(_: Request) -> HTTPResponse:
        return response.json({"status": "off"})

    return routes


def make_routes(service: ChannelService, account: Account, is_polling: bool = False) -> Blueprint:
    """The addresses over a service, which starts and stops with the server."""
    routes = Blueprint("schakel_telegram")
    commands = load_commands()

    async def take_in(updates: List[Any]) -> None:
        messages = [read_update(update, account.bot, commands) for update in updates]
        await service.accept([message for message in messages if message is not None])

    @routes.get("/")
    async def health(_: Request) -> HTTPResponse:
        return response.json({"status": "off" if service.is_off else "ok"})

    refusals = Refusals(logger, NAME)

    @routes.post("/webhook", stream=True)
    async def receive(request: Request) -> HTTPResponse:
        if not is_same(request.headers.get(SECRET_HEADER), account.secret):
            return refusals.refuse(403, "its secret is missing or wrong")
        body = await read_body(request, MAX_BODY)
        if body is None:
            return refusals.refuse(413, "its body is too large")
        update = _parsed(body)
        if not isinstance(update, dict):
            return refusals.refuse(400, "its body is no update")
        try:
            await take_in([update])
        except SQLAlchemyError as error:  # not stored, so not acknowledged: Telegram sends it again
            logger.error("A message from Telegram could not be stored (%s).", type(error).__name__)
            return plain(status=503)
        return plain()

    service.attach(routes)
    if is_polling:

        @routes.listener("after_server_start")
        async def fetch(_: Sanic, __: Any) -> None:
            poller = Poller(_api_of(service), account.bot, take_in, service.store, service.run)
            service.background(poller.run())

    return routes


def is_same(given: Optional[str], expected: str) -> bool:
    """Compares secrets without telling by its time how much was right."""
    return hmac.compare_digest((given or "").encode("utf-8", "surrogatepass"), expected.encode())


def _parsed(body: bytes) -> Any:
    """The body as JSON, None when it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _api_of(service: ChannelService) -> BotApi:
    connector = service.connector
    assert isinstance(connector, TelegramConnector)
    return connector.api
