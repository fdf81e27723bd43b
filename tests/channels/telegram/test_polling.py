"""Fetching messages: confirmed only after they are stored, never hidden by an old number, one process at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any, AsyncIterator, List

import pytest

from channels.base import SendFailed
from channels.store import Store
from channels.telegram.client import BotApi
from channels.telegram.polling import CONFLICT_PAUSE, OFFSET_LASTS, STORE_PAUSE, Poller, call_directly
from tests.channels.fakes.telegram import TOKEN, BotServer


class Arrivals:
    """Where updates are handed to."""

    def __init__(self) -> None:
        self.texts: List[str] = []
        self.fails = False

    async def __call__(self, updates: List[Any]) -> None:
        if self.fails:
            raise RuntimeError("the database is gone")
        self.texts += [update["message"]["text"] for update in updates]


@pytest.fixture
def server() -> Any:
    with BotServer() as running:
        yield running


@pytest.fixture
async def api(server: BotServer) -> AsyncIterator[BotApi]:
    opened = BotApi(TOKEN, server.address)
    yield opened
    await opened.close()


def poller(api: BotApi, arrivals: Arrivals, folder: Path, now: "List[float]") -> Poller:
    store = Store(f"sqlite:///{folder / 'channels.db'}")
    return Poller(api, "123456789", arrivals, store, call_directly, wait=0, clock=lambda: now[0])


async def test_what_was_handed_on_is_confirmed_and_not_fetched_again(
    server: BotServer, api: BotApi, tmp_path: Path
) -> None:
    arrivals, now = Arrivals(), [1_000.0]
    first = poller(api, arrivals, tmp_path, now)
    server.customer().says("een")
    server.customer().says("twee")
    assert [await first.once(), await first.once()] == [0.0, 0.0]
    assert arrivals.texts == ["een", "twee"]
    assert server.pending == []


async def test_what_could_not_be_stored_comes_again(server: BotServer, api: BotApi, tmp_path: Path) -> None:
    arrivals, now = Arrivals(), [1_000.0]
    one = poller(api, arrivals, tmp_path, now)
    server.customer().says("een")
    arrivals.fails = True
    assert await one.once() == STORE_PAUSE
    arrivals.fails = False
    assert await one.once() == 0.0
    assert arrivals.texts == ["een"]


async def test_a_number_of_last_week_hides_no_new_messages(server: BotServer, api: BotApi, tmp_path: Path) -> None:
    arrivals, now = Arrivals(), [1_000.0]
    one = poller(api, arrivals, tmp_path, now)
    server.customer().says("een")
    assert [await one.once(), await one.once()] == [0.0, 0.0]
    server._next_update = 5  # Telegram starts counting anew, lower
    now[0] += OFFSET_LASTS
    server.customer().says("twee")
    await one.once()
    assert arrivals.texts == ["een", "twee"]


async def test_of_two_processes_one_fetches(server: BotServer, api: BotApi, tmp_path: Path) -> None:
    arrivals, now = Arrivals(), [1_000.0]
    one, other = poller(api, arrivals, tmp_path, now), poller(api, arrivals, tmp_path, now)
    await one.once()
    await other.once()
    assert server.calls.count("getUpdates") == 1


async def test_a_webhook_that_is_set_is_said_once(
    server: BotServer, api: BotApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.registered = {"url": "https://chat.mijnwinkel.nl/"}
    one = poller(api, Arrivals(), tmp_path, [1_000.0])
    assert [await one.once(), await one.once()] == [CONFLICT_PAUSE, CONFLICT_PAUSE]
    assert caplog.text.count("webhook is active") == 1


@pytest.mark.parametrize(
    ("code", "retry_after", "expected"),
    [
        (429, 7.0, (7.0, False, False)),
        (500, None, (None, False, False)),
        (400, None, (None, True, False)),
        (403, None, (None, True, False)),
        (401, None, (None, False, True)),
        (404, None, (None, False, True)),
        (0, None, (None, False, False)),
    ],
)
async def test_refusals_are_told_apart(
    code: int, retry_after: Any, expected: Any, server: BotServer, api: BotApi
) -> None:
    server.fail(code, 1, retry_after)
    with pytest.raises(SendFailed) as caught:
        await api.call("sendMessage", {"chat_id": 1, "text": "geheim woord"})
    failure = caught.value
    assert (failure.retry_after, failure.is_permanent, failure.stops_channel) == expected
    assert TOKEN not in str(failure)
    assert "geheim" not in str(failure)


async def test_a_server_that_is_away_or_hangs_is_a_passing_failure(server: BotServer, api: BotApi) -> None:
    server.delay = 5.0
    with pytest.raises(SendFailed, match="getMe: no answer"):
        await api.call("getMe", {}, timeout=0.2)
    nobody = BotApi(TOKEN, "http://127.0.0.1:9")
    with pytest.raises(SendFailed, match="getMe: no answer") as caught:
        await nobody.call("getMe", {})
    assert not caught.value.stops_channel
    await nobody.close()
