"""Many deliveries, 30 % of them repeated, out of order: each handled once, in order per sender.

`FULL=1` makes it the requirement's ten thousand; a tenth of that is enough to see it break.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import defaultdict
from pathlib import Path
from typing import Dict, List

import pytest

from channels.base import Incoming
from channels.telegram.connector import TelegramConnector
from channels.telegram.updates import load_commands, read_update
from tests.channels.common.parts import Echo, RecordingConnector, service_of

DELIVERIES = 10_000 if os.environ.get("FULL") else 1_000
UNIQUE, SENDERS = DELIVERIES * 7 // 10, DELIVERIES // 100
WINDOW = 40  # how far a delivery may come from its place while the channel is at work


def deck(chance: random.Random, window: int) -> "List[Incoming]":
    """Telegram updates of many senders, 30 % of the deliveries repeated, shuffled within a window."""
    updates = []
    for number in range(UNIQUE):
        chat = 1_000 + chance.randrange(SENDERS)
        message = {"message_id": number, "chat": {"id": chat, "type": "private"}, "text": f"bericht {number}"}
        updates.append({"update_id": 500_000 + number, "message": message})
    updates += [updates[chance.randrange(UNIQUE)] for _ in range(DELIVERIES - UNIQUE)]
    places = {id(update): number for number, update in enumerate(updates[:UNIQUE])}
    updates.sort(key=lambda update: places[id(update)] + chance.uniform(0, window))
    commands = load_commands()
    messages = [read_update(update, "1", commands) for update in updates]
    assert len(messages) == DELIVERIES
    return [message for message in messages if message is not None]


def by_sender(pairs: "List[tuple[str, str]]") -> Dict[str, List[int]]:
    found: Dict[str, List[int]] = defaultdict(list)
    for sender, text in pairs:
        found[sender].append(int(text.rpartition(" ")[2]))
    return found


class TelegramLike(RecordingConnector):
    name = "telegram"


async def test_an_update_of_months_ago_is_still_known_when_it_is_played_again(tmp_path: Path) -> None:
    connector, echo = TelegramLike(is_consecutive=True), Echo()
    connector.keep_ids = TelegramConnector.keep_ids
    service = service_of(tmp_path, connector, echo)
    (message,) = deck(random.Random(8), WINDOW)[:1]
    await service.start()
    await service.accept([message])
    await connector.until(lambda: connector.sent)
    service.inbox._clock = lambda: time.time() + 300 * 86_400
    await service.run(service.inbox.forget_ids, connector.keep_ids)
    assert await service.accept([message]) == []
    await service.stop()


@pytest.mark.figures
@pytest.mark.parametrize("is_backlog", [False, True], ids=["while at work", "after a pause"])
async def test_each_is_handled_once_and_in_order(tmp_path: Path, is_backlog: bool) -> None:
    connector, echo = TelegramLike(is_consecutive=True), Echo()
    service = service_of(tmp_path, connector, echo)
    messages = deck(random.Random(8), 10 * DELIVERIES if is_backlog else WINDOW)
    if not is_backlog:
        await service.start()
    for start in range(0, DELIVERIES, 20):
        await asyncio.gather(*(service.accept([message]) for message in messages[start : start + 20]))
    if is_backlog:
        await service.start()
    await connector.until(lambda: len(connector.sent) >= UNIQUE, 240)
    await service.stop()
    heard = by_sender(echo.heard)
    said = by_sender([(whose, message.text) for whose, message in connector.sent])
    assert sorted(number for numbers in heard.values() for number in numbers) == list(range(UNIQUE))
    assert all(numbers == sorted(numbers) for numbers in heard.values())
    assert said == heard
    print(f"telegram: {DELIVERIES} deliveries of {SENDERS} senders, 30 % twice, shuffled: each once and in order")
