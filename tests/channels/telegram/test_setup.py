"""Setting Telegram up: the command, wrong settings, and a channel that is off without disturbing the others."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any, Iterator

import pytest

from channels.base import SendFailed
from channels.telegram import __main__ as command
from channels.telegram.account import load_account
from channels.telegram.channel import TelegramChannel
from shop.settings import Environment, SettingsError, load_environment
from tests.channels.fakes.telegram import TOKEN, BotServer
from tests.channels.light_server import LightServer

LONG = "a secret that only these tests know, long enough"


@pytest.fixture
def server() -> Iterator[BotServer]:
    with BotServer() as running:
        yield running


def settings(server: BotServer, **more: Any) -> Environment:
    values = {
        "telegram_token": TOKEN,
        "telegram_api": server.address,
        "secret": LONG,
        "channels_database": "sqlite://",
    }
    return Environment(**{**values, **more})


async def run(name: str, environment: Environment) -> None:
    account = load_account(environment)
    assert account is not None
    await command.run(name, environment, account)


async def test_set_webhook_tells_address_secret_and_kinds(
    server: BotServer, capsys: pytest.CaptureFixture[str]
) -> None:
    await run("set-webhook", settings(server, public_address="https://chat.mijnwinkel.nl/", telegram_updates="webhook"))
    assert server.registered["url"] == "https://chat.mijnwinkel.nl/webhooks/telegram/webhook"
    assert server.registered["allowed_updates"] == ["message", "callback_query"]
    assert len(server.registered["secret_token"]) == 64
    await run("info", settings(server, telegram_updates="webhook"))
    await run("retry", settings(server))
    await run("delete-webhook", settings(server))
    assert server.registered == {}
    printed = capsys.readouterr().out
    assert "Bot: @schakel_bot" in printed
    assert "0 wait for an answer, 0 to be delivered, 0 could not be delivered." in printed
    assert "0 messages are in the queue again." in printed
    assert TOKEN.split(":")[1] not in printed


@pytest.mark.parametrize("address", ["", "http://chat.nl", "https://chat.nl:9000"])
async def test_an_address_that_telegram_can_not_call_is_named(address: str, server: BotServer) -> None:
    with pytest.raises(SettingsError, match="SCHAKEL_PUBLIC_ADDRESS"):
        await run("set-webhook", settings(server, public_address=address))


async def test_fetching_by_command_begins_with_whether_the_token_is_known(server: BotServer) -> None:
    wrong = settings(server, telegram_token="999999999:" + "x" * 35, telegram_updates="webhook")
    with pytest.raises(SendFailed, match="Telegram does not know the bot"):
        await run("poll", wrong)
    assert [method for method, *_ in server.refused] == ["getMe"]


def test_the_secret_follows_from_token_and_secret_and_is_none_of_them() -> None:
    first, again, other = (
        load_account(Environment(telegram_token=token, secret=LONG)) for token in (TOKEN, TOKEN, TOKEN + "x")
    )
    assert first is not None
    assert again is not None
    assert other is not None
    assert first.secret == again.secret != other.secret
    assert TOKEN.split(":")[1] not in first.secret


@pytest.mark.parametrize("token", ["x", "123:abc", "bot" + TOKEN, TOKEN + " x"])
def test_a_token_that_is_none_is_named_and_not_shown(token: str) -> None:
    with pytest.raises(SettingsError, match="SCHAKEL_TELEGRAM_TOKEN") as caught:
        load_account(Environment(telegram_token=token, secret=LONG))
    assert token not in str(caught.value)


def test_settings_are_checked() -> None:
    assert load_environment({"SCHAKEL_TELEGRAM_TOKEN": ""}, Path("/nowhere")).telegram_token == ""
    with pytest.raises(SettingsError, match="poll, webhook"):
        load_environment({"SCHAKEL_TELEGRAM_UPDATES": "both"}, Path("/nowhere"))
    with pytest.raises(SettingsError, match="SCHAKEL_PUBLIC_ADDRESS"):
        load_environment({"SCHAKEL_PUBLIC_ADDRESS": "chat.mijnwinkel.nl/x"}, Path("/nowhere"))


def test_a_token_telegram_does_not_know_stops_only_this_channel_with_one_line(
    server: BotServer, tmp_path: Path
) -> None:
    token = "999999999:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-xx"
    light = LightServer(tmp_path, SCHAKEL_TELEGRAM_TOKEN=token, SCHAKEL_TELEGRAM_API=server.address)
    light.start()
    try:
        server.wait_for(lambda running: len(running.refused) >= 2)  # the check, and fetching
        with urllib.request.urlopen(f"{light.address}/webhooks/telegram/", timeout=60) as reply:
            assert json.load(reply) == {"status": "off"}
        with urllib.request.urlopen(light.address, timeout=60) as reply:
            assert reply.status == 200
    finally:
        light.stop()
    log = light.log.read_text()
    assert log.count("Channel telegram is off, the others go on. Telegram does not know the bot") == 1
    assert log.count("Telegram does not know the bot") == 1  # and fetching says nothing more
    assert token not in log


@pytest.mark.parametrize(("token", "lines"), [("nonsense", 1), ("", 0)])
def test_a_token_that_is_none_or_missing_leaves_the_channel_off(
    token: str, lines: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SCHAKEL_TELEGRAM_TOKEN", token)
    routes = TelegramChannel().blueprint(nobody)
    assert [route.uri for route in routes._future_routes] == ["/"]
    assert caplog.text.count("Channel telegram is off, the others go on.") == lines
    assert "nonsense" not in caplog.text


async def nobody(_: Any) -> None:
    """An assistant that is never asked."""
