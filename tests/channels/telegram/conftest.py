"""Telegram's stand-in and the channel on a real server, with an assistant whose answers tests can predict."""

from __future__ import annotations

import itertools
from typing import Iterator

import pytest

from tests.channels.fakes.telegram import TOKEN, BotServer, Customer
from tests.channels.light_server import LightServer

SECRET = "only-telegram-knows_this"
_chats = itertools.count(5_001)


@pytest.fixture(scope="module")
def bot_server() -> Iterator[BotServer]:
    with BotServer(secret=SECRET) as server:
        yield server


@pytest.fixture(scope="module")
def light(bot_server: BotServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LightServer]:
    server = LightServer(
        tmp_path_factory.mktemp("telegram"),
        SCHAKEL_TELEGRAM_TOKEN=TOKEN,
        SCHAKEL_TELEGRAM_SECRET=SECRET,
        SCHAKEL_TELEGRAM_API=bot_server.address,
        SCHAKEL_TELEGRAM_UPDATES="webhook",
    )
    server.start()
    bot_server.webhook = f"{server.address}/webhooks/telegram/webhook"
    yield server
    server.stop()


@pytest.fixture
def customer(bot_server: BotServer, light: LightServer) -> Customer:
    """Somebody new."""
    bot_server.refused.clear()
    return bot_server.customer(next(_chats))
