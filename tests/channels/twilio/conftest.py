"""A Twilio channel with a scripted assistant, behind what a proxy would make of the address."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Iterator, Optional

import pytest
from aiohttp import web
from sanic.response import HTTPResponse

from channels.store import Store
from channels.twilio.channel import Twilio
from shop.settings import Environment
from tests.channels.fakes.running import Assistant, Clock, Running
from tests.channels.fakes.twilio import TwilioApi

OUTSIDE = "https://chat.mijnwinkel.example"
TEMPLATE = "HX" + "a" * 32


def settings(folder: Path, api: TwilioApi, **more: Any) -> Environment:
    values = {
        "secret": "x" * 40,
        "channels_database": f"sqlite:///{folder / 'channels.db'}",
        "channels_per_minute": 100_000,
        "public_address": OUTSIDE,
        "twilio_account": api.account,
        "twilio_token": api.auth_token,
        "twilio_number": api.sender,
        "twilio_api": api.address,
    }
    return Environment(**{**values, **more})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def api(clock: Clock) -> Iterator[TwilioApi]:
    with TwilioApi(templates={TEMPLATE: 1}, clock=clock) as server:
        server.public_webhook = OUTSIDE + "/webhooks/twilio/webhook"
        yield server


@pytest.fixture
def assistant() -> Assistant:
    return Assistant()


Start = Callable[..., Running]


@pytest.fixture
def start(api: TwilioApi, assistant: Assistant, clock: Clock, tmp_path: Path) -> Iterator[Start]:
    """Starts a channel; keyword arguments are settings, `human` is the desk's side."""
    opened = []

    def started(human: Optional[Any] = None, **more: Any) -> Running:
        environment = settings(tmp_path, api, **more)
        channel = Twilio(environment, assistant, clock, human=human, store=Store(environment.channels_database))

        async def receive(request: web.Request, body: bytes) -> HTTPResponse:
            path = "/" + request.path.rpartition("/")[2]
            return await channel.receive(path, request.query_string, body, request.headers.get("X-Twilio-Signature"))

        running = Running(channel.service, receive).__enter__()
        opened.append(running)
        api.webhook = running.address + "/webhooks/twilio/webhook"
        return running

    yield started
    for running in opened:
        running.__exit__(None, None, None)
