"""What Meta's errors mean for the queue."""

from __future__ import annotations

import pytest

from channels.base import SendFailed
from channels.provider import MediaRefused, WindowClosed
from channels.whatsapp.client import GraphClient, failure
from channels.whatsapp.outgoing import addressed
from tests.channels.fakes.graph import GraphApi

TEXT = addressed("31612345678", {"type": "text", "text": {"body": "hoi"}})


def error(code: int) -> dict[str, object]:
    return {"error": {"code": code, "message": "31612345678 zei iets geheims"}}


@pytest.mark.parametrize("code", [0, 3, 10, 190, 200, 299, 368, 131031, 133010])
def test_refused_credentials_and_blocked_accounts_stop_the_channel(code: int) -> None:
    assert failure(400, error(code)).stops_channel


@pytest.mark.parametrize("code", [1, 2, 4, 80007, 130429, 131000, 131016, 131048, 131056, 133004])
def test_limits_and_outages_pass(code: int) -> None:
    found = failure(400, error(code))
    assert (found.stops_channel, found.is_permanent) == (False, False)


@pytest.mark.parametrize("code", [100, 131008, 131009, 131021, 131026, 131051, 132001])
def test_anything_else_is_this_messages_own_fault(code: int) -> None:
    assert failure(400, error(code)).is_permanent


def test_statuses_count_where_there_is_no_code() -> None:
    assert failure(401, {}).stops_channel
    assert not failure(503, {}).is_permanent
    assert not failure(429, {}).is_permanent
    assert failure(404, {}).is_permanent
    assert failure(400, {"error": "x"}).is_permanent


def test_the_closed_window_and_refused_media_are_told_apart() -> None:
    assert isinstance(failure(400, error(131047)), WindowClosed)
    assert isinstance(failure(400, error(131053)), MediaRefused)


def test_the_wait_that_is_asked_for_is_kept_within_an_hour() -> None:
    assert failure(429, error(130429), "7").retry_after == 7
    assert failure(429, error(130429), "86400").retry_after == 3600
    assert failure(429, error(130429), "tomorrow").retry_after is None


def test_reasons_repeat_nothing_that_meta_wrote() -> None:
    assert str(failure(400, error(131026))) == "Meta answered 400, error 131026."


async def test_silence_ends_after_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    with GraphApi(delay=5) as api:
        client = GraphClient(api.address, "v25.0", api.phone_number_id, api.token, timeout=0.1)
        with pytest.raises(SendFailed, match="did not answer in time"):
            await client.send(TEXT)
        await client.close()


async def test_an_address_where_nobody_listens_is_a_passing_failure() -> None:
    client = GraphClient("http://127.0.0.1:9", "v25.0", "106540352242922", "EAA")
    with pytest.raises(SendFailed, match="could not be reached") as failed:
        await client.send(TEXT)
    assert not failed.value.is_permanent
    await client.close()


async def test_a_wrong_version_or_number_is_refused_by_the_stand_in() -> None:
    with GraphApi() as api:
        for version, number in (("25.0", api.phone_number_id), ("v25.0", "1")):
            client = GraphClient(api.address, version, number, api.token)
            with pytest.raises(SendFailed) as failed:
                await client.number()
            assert failed.value.is_permanent
            await client.close()
