"""A WhatsApp channel with a scripted assistant, over the strict stand-in of Meta's interface."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Iterator, Optional

import pytest
from aiohttp import web
from sanic.response import HTTPResponse

from channels.store import Store
from channels.whatsapp.channel import WhatsApp
from shop.settings import Environment
from tests.channels.fakes.graph import GraphApi, Template
from tests.channels.fakes.running import Assistant, Clock, Running

VERIFY = "een-woord-van-ons"


def settings(folder: Path, api: GraphApi, **more: Any) -> Environment:
    values = {
        "secret": "x" * 40,
        "channels_database": f"sqlite:///{folder / 'channels.db'}",
        "channels_per_minute": 100_000,
        "whatsapp_token": api.token,
        "whatsapp_number_id": api.phone_number_id,
        "whatsapp_app_secret": api.app_secret,
        "whatsapp_verify_token": VERIFY,
        "whatsapp_api": api.address,
    }
    return Environment(**{**values, **more})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def api(clock: Clock) -> Iterator[GraphApi]:
    with GraphApi(templates={"antwoord": Template(("nl",), 1)}, clock=clock) as server:
        yield server


@pytest.fixture
def assistant() -> Assistant:
    return Assistant()


Start = Callable[..., Running]


@pytest.fixture
def start(api: GraphApi, assistant: Assistant, clock: Clock, tmp_path: Path) -> Iterator[Start]:
    """Starts a channel; keyword arguments are settings, `human` is the desk's side."""
    opened = []

    def started(human: Optional[Any] = None, **more: Any) -> Running:
        environment = settings(tmp_path, api, **more)
        channel = WhatsApp(environment, assistant, clock, human=human, store=Store(environment.channels_database))

        async def receive(request: web.Request, body: bytes) -> HTTPResponse:
            return await channel.receive(body, request.headers.get("X-Hub-Signature-256"))

        running = Running(channel.service, receive).__enter__()
        opened.append(running)
        api.webhook = running.address + "/webhooks/whatsapp/webhook"
        return running

    yield started
    for running in opened:
        running.__exit__(None, None, None)
