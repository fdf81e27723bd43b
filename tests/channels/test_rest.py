"""The REST channel: shapes, bounds, and an apology instead of silence."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage

from channels.rest import Incoming, Refusal, answer, read_request


def test_a_right_request_is_read() -> None:
    assert read_request(b"{}", {"sender": "an", "message": " hoi "}) == Incoming("hoi", "an")
    assert read_request(b"{}", {"message": "hoi"}).sender is None


@pytest.mark.parametrize(
    ("payload", "status", "code"),
    [
        (None, 400, "message_must_be_text"),
        ([], 400, "message_must_be_text"),
        ({"sender": "an"}, 400, "message_must_be_text"),
        ({"sender": "an", "message": 5}, 400, "message_must_be_text"),
        ({"sender": 5, "message": "hoi"}, 400, "sender_invalid"),
        ({"sender": "", "message": "hoi"}, 400, "sender_invalid"),
        ({"sender": "a" * 201, "message": "hoi"}, 400, "sender_invalid"),
        ({"sender": "a\nb", "message": "hoi"}, 400, "sender_invalid"),
        ({"sender": "an", "message": " "}, 400, "message_empty"),
        ({"sender": "an", "message": "a" * 2001}, 413, "message_too_long"),
    ],
)
def test_a_wrong_request_is_refused_with_a_code(payload: Any, status: int, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        read_request(b"{}", payload)
    assert (refusal.value.status, refusal.value.code) == (status, code)


def test_a_body_over_64_kilobytes_is_refused() -> None:
    with pytest.raises(Refusal) as refusal:
        read_request(b"x" * 65_537, {"message": "hoi"})
    assert refusal.value.status == 413


async def test_a_failure_inside_rasa_is_not_raised_to_the_visitor() -> None:
    async def broken(message: UserMessage) -> None:
        raise RuntimeError("database gone")

    output = CollectingOutputChannel()
    await answer(broken, output, Incoming("hoi", "an"), 1, "rest")
    assert output.messages == []


async def test_an_answer_that_takes_too_long_is_given_up() -> None:
    async def hanging(message: UserMessage) -> None:
        await asyncio.Event().wait()

    output = CollectingOutputChannel()
    await answer(hanging, output, Incoming("hoi", "an"), 0.01, "rest")
    assert output.messages == []
