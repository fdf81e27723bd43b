"""Generated bodies against the running endpoint: never a 5xx. `FULL=1` sends fifty thousand."""

from __future__ import annotations

import json
import os
from http.client import HTTPConnection, HTTPException
from typing import Any, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.channels.fakes.telegram import BotServer, Customer
from tests.channels.light_server import LightServer
from tests.channels.telegram.conftest import SECRET

BODIES = 50_000 if os.environ.get("FULL") else 300
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
words = st.text(max_size=60) | st.sampled_from(["hallo", "/start", "/", "\u0000", "\ud800", "😀" * 1500, "x" * 4096])
chat = st.fixed_dictionaries(
    {"id": st.integers() | st.integers(1, 50) | anything},
    optional={"type": st.sampled_from(["private", "group", "supergroup", "channel"]) | anything},
)
message = st.fixed_dictionaries(
    {},
    optional={
        "message_id": st.integers(),
        "from": st.fixed_dictionaries({}, optional={"id": st.integers(), "is_bot": anything}) | anything,
        "chat": chat | anything,
        "text": words | anything,
        "caption": words | anything,
        "photo": anything,
        "voice": anything,
        "entities": anything,
    },
)
query = st.fixed_dictionaries(
    {}, optional={"id": words | anything, "data": words | anything, "message": message | anything, "from": anything}
)
update = st.fixed_dictionaries(
    {"update_id": st.integers(0, 10**9) | anything},
    optional={
        "message": message | anything,
        "callback_query": query | anything,
        "edited_message": message,
        "channel_post": message,
    },
)
bodies = (
    st.binary(max_size=200)
    | anything.map(lambda value: json.dumps(value).encode())
    | update.map(lambda value: json.dumps(value).encode())
    | st.tuples(update, st.integers(0, 200)).map(lambda pair: json.dumps(pair[0]).encode()[: pair[1]])
)


class Line:
    """One connection that stays open; opened again when the server closes it after a refusal."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connection = HTTPConnection("127.0.0.1", port, timeout=120)
        self.count = 0

    def post(self, body: bytes, headers: Any) -> int:
        self.count += 1
        for attempt in range(2):
            try:
                self.connection.request("POST", "/webhooks/telegram/webhook", body, headers)
                reply = self.connection.getresponse()
                reply.read()
                return reply.status
            except (HTTPException, OSError):
                self.connection.close()
                self.connection = HTTPConnection("127.0.0.1", self.port, timeout=120)
                if attempt:
                    raise
        raise AssertionError("unreachable")


@pytest.fixture(scope="module")
def line(light: LightServer) -> Iterator[Line]:
    opened = Line(light.port)
    yield opened
    opened.connection.close()


@pytest.mark.figures
@settings(
    max_examples=BODIES,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(body=bodies)
def test_no_body_leads_to_a_5xx(body: bytes, line: Line) -> None:
    status = line.post(body, {"X-Telegram-Bot-Api-Secret-Token": SECRET, "Content-Type": "application/json"})
    assert status in (200, 400), body


@pytest.mark.figures
def test_the_channel_still_answers_after_all_that(line: Line, bot_server: BotServer, customer: Customer) -> None:
    print(f"telegram: {line.count} generated bodies without a 5xx")
    assert customer.says("hallo") == 200
    assert [sent.text for sent in customer.hears(0, timeout=300)] == ["Antwoord op: hallo"]
