"""Several processes over one database, an SQLite file or PostgreSQL: once, in order, and one's work is taken over."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from pathlib import Path
from typing import Dict, Iterator, List

import pytest

from channels.base import Answer
from channels.inbox import Inbox
from channels.service import ChannelService
from channels.store import Store
from tests.channels.common.parts import Echo, RecordingConnector, eventually, said, service_of
from tests.services import Postgres, postgres  # noqa: F401

MESSAGES, SENDERS, PROCESSES = 240, 12, 3
LONG = 300.0


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'shared.db'}"
        return
    cluster: Postgres = request.getfixturevalue("postgres")
    made = cluster.new_database()
    yield made
    cluster.take_back(made)


async def test_each_message_is_handled_once_and_in_order_by_whichever_process(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A statement that is cut off on a busy machine would be a fault of the database, after which a message is repeated.
    monkeypatch.setattr("channels.store.BUSY_TIMEOUT", 60)
    monkeypatch.setattr("channels.store._LIMITS", "-c statement_timeout=60000 -c lock_timeout=60000 -c timezone=UTC")
    chance = random.Random(3)
    connector, echo = RecordingConnector(), Echo()
    # Nor is a process that waits for a processor a dead one.
    services: List[ChannelService] = [
        service_of(tmp_path, connector, echo, address=address, lease=LONG) for _ in range(PROCESSES)
    ]
    for service in services:
        await service.start()
    for number in range(MESSAGES):
        message = said(number, f"proef-{chance.randrange(SENDERS)}", f"bericht {number}")
        await asyncio.gather(*(service.accept([message]) for service in chance.sample(services, 2)))
    await connector.until(lambda: len(connector.sent) >= MESSAGES, 60)
    await eventually(lambda: not services[0].inbox.waiting())
    for service in services:
        await service.stop()
    found: Dict[str, List[int]] = defaultdict(list)
    for conversation, message_out in connector.sent:
        found[conversation].append(int(message_out.text.rpartition(" ")[2]))
    assert sorted(number for numbers in found.values() for number in numbers) == list(range(MESSAGES))
    assert all(numbers == sorted(numbers) for numbers in found.values())
    assert len(echo.heard) == MESSAGES


async def test_what_a_killed_process_held_is_taken_over_when_its_lease_ends(address: str, tmp_path: Path) -> None:
    connector = RecordingConnector()
    service = service_of(tmp_path, connector, Echo(), address=address)
    await service.accept([said(1), said(2)])
    assert len(service.inbox.claim("killed", 1.0, 5)) == 1
    assert service.inbox.deliver("proef-1", connector.render(Answer("eerder gezegd")))
    assert len(service.queue.claim("killed", 1.0, 5)) == 1
    await service.start()
    await connector.until(lambda: len(connector.sent) == 3)
    await service.stop()
    assert connector.texts("proef-1") == ["eerder gezegd", "Antwoord op: bericht 1", "Antwoord op: bericht 2"]


def test_two_processes_may_make_the_tables_at_once_and_take_turns(address: str) -> None:
    one, other = Store(address), Store(address)
    assert one.take_turn("fetching", "one", 60.0)
    assert not other.take_turn("fetching", "other", 60.0)
    assert one.take_turn("fetching", "one", -1.0)
    assert other.take_turn("fetching", "other", 60.0)
    assert Inbox(one, "proef").store([said(1)])
    assert Inbox(other, "proef").store([said(1)]) == []
    one.set_mark("next", "5")
    other.set_mark("next", "6")
    assert one.mark("next") == "6"
    one.close()
    other.close()


async def test_erasing_redacting_and_purging_work_on_both_databases(address: str, tmp_path: Path) -> None:
    connector = RecordingConnector()
    service = service_of(tmp_path, connector, Echo(), address=address)
    await service.accept([said(1), said(2, "proef-2")])
    assert service.inbox.deliver("proef-1", connector.render(Answer("Mail naar An@voorbeeld.nl")), "sleutel")
    delivery = service.queue.claim("x", 60.0, 5)[0]
    assert service.queue.failed(delivery, "no", None, True, "x") == ("dead", None)
    assert service.inbox.redact("proef-1", ["an@VOORBEELD.nl"]) == 1
    assert service.queue.state_of("sleutel") == "dead"
    assert service.inbox.erase("proef-1") == {
        **{"incoming": 1, "outgoing": 1, "offers": 0, "humans": 0, "conversations": 1}
    }
    await service.purge()
    assert service.inbox.waiting() == 1
    service.store.close()
