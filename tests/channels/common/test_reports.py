"""A message of which nobody knows whether it arrived: the channel's report says so, and it is not sent again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Iterator

import pytest

from channels.base import REFERENCE, Answer, Outgoing, SendFailed
from channels.outgoing import Delivery
from channels.service import ChannelService
from tests.channels.common.parts import Echo, RecordingConnector, eventually, said, service_of

LEASE = 60.0


class ReportingConnector(RecordingConnector):
    """Its channel reports for an hour what became of messages that were on their way when a process died."""

    reports_within = 3_600.0


@pytest.fixture
def connector() -> ReportingConnector:
    return ReportingConnector()


@pytest.fixture
def service(connector: ReportingConnector, tmp_path: Path) -> Iterator[ChannelService]:
    made = service_of(tmp_path, connector, Echo())
    yield made
    made.store.close()


async def on_its_way(service: ChannelService, lease: float = LEASE, *more: str) -> Delivery:
    """A message that a process took, which then died; others of the same conversation wait behind it."""
    await service.accept([said(1)])
    service.inbox.claim("gone", LEASE, 5)
    for text in ("onderweg", *more):
        assert service.inbox.deliver("proef-1", service.connector.render(Answer(text)))
    (delivery,) = service.queue.claim("gone", lease, 5)
    return delivery


async def test_a_report_takes_it_off_the_queue(service: ChannelService) -> None:
    delivery = await on_its_way(service)
    assert service.queue.note_status("wamid.1", "sent", "", delivery.reference)
    assert service.queue.counts() == {"done": 1}
    assert service.queue.note_status("wamid.1", "read")
    assert not service.queue.note_status("wamid.2", "sent", "", delivery.reference), "it is known by now"


async def test_a_report_about_something_else_changes_nothing(service: ChannelService) -> None:
    right = (await on_its_way(service)).reference
    number, _, made = right.partition("-")
    for reference in (
        "",
        number,
        made,
        right + "0",
        "9" + right,
        f"{number}-1",
        f"{int(number) + 1}-{made}",
        "x" + right,
    ):
        assert not service.queue.note_status("wamid.1", "sent", "", reference)
    assert service.queue.counts() == {"waiting": 1}


async def test_a_call_that_broke_off_is_not_repeated_when_the_report_is_faster(service: ChannelService) -> None:
    delivery = await on_its_way(service, LEASE, "daarna")
    assert service.queue.note_status("wamid.1", "sent", "", delivery.reference)
    state, following = service.queue.failed(delivery, "no answer in time", None, False, "gone")
    assert (state, following and following.message.text) == ("done", "daarna")
    assert service.queue.counts() == {"done": 1, "waiting": 1}


async def test_what_a_dead_process_left_waits_for_its_report(
    service: ChannelService, connector: ReportingConnector
) -> None:
    delivery = await on_its_way(service, -1.0, "daarna")  # the claim has run out
    await service.start()
    await service.accept([said(2, "proef-2")])
    await connector.until(lambda: connector.texts("proef-2"))
    assert connector.texts("proef-1") == []
    assert service.queue.note_status("wamid.1", "sent", "", delivery.reference)
    await connector.until(lambda: connector.texts("proef-1"))
    assert connector.texts("proef-1") == ["daarna"]
    await service.stop()


async def test_without_a_report_it_is_sent_again_in_the_end(
    service: ChannelService, connector: ReportingConnector
) -> None:
    await on_its_way(service, -1.0, "daarna")
    assert service.queue.claim("other", LEASE, 5, takes_over=False) == []
    connector.reports_within = 0.0
    await service.start()
    await connector.until(lambda: len(connector.sent) == 2)
    assert connector.texts("proef-1") == ["onderweg", "daarna"]
    await service.stop()


async def test_each_message_goes_with_a_reference_of_its_own(
    service: ChannelService, connector: ReportingConnector
) -> None:
    await service.start()
    await service.accept([said(1), said(2)])
    await connector.until(lambda: len(connector.sent) == 2)
    references = {message.extra[REFERENCE] for _, message in connector.sent}
    assert len(references) == 2
    assert "" not in references
    await service.stop()


class SlowConnector(RecordingConnector):
    """Delivers when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go = asyncio.Event(), asyncio.Event()

    async def send(self, conversation: str, recipient: str, message: Outgoing) -> str:
        self.begun.set()
        await self.go.wait()
        return await super().send(conversation, recipient, message)


async def test_a_stop_waits_for_what_is_on_its_way_and_begins_nothing_new(tmp_path: Path) -> None:
    connector = SlowConnector()
    service = service_of(tmp_path, connector, Echo())
    await service.start()
    await service.accept([said(1), said(2)])
    await connector.begun.wait()
    await eventually(lambda: not service.inbox.waiting())
    stopping = asyncio.ensure_future(service.stop())
    await eventually(lambda: service.is_stopping)
    connector.go.set()
    await stopping
    assert connector.texts("proef-1") == ["Antwoord op: bericht 1"]
    assert service.queue.counts() == {"done": 1, "waiting": 1}


async def test_a_stop_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.service.STOP_SECONDS", 0.05)
    connector = SlowConnector()
    service = service_of(tmp_path, connector, Echo())
    await service.start()
    await service.accept([said(1)])
    await connector.begun.wait()
    await asyncio.wait_for(service.stop(), 30)
    assert service.queue.counts() == {"waiting": 1}


async def test_a_message_that_arrived_though_the_call_failed_is_told_to_nobody_twice(
    service: ChannelService, connector: ReportingConnector
) -> None:
    async def arrives_without_an_answer(conversation: str, recipient: str, message: Outgoing) -> str:
        connector.sent.append((conversation, message))
        assert service.queue.note_status("wamid.1", "delivered", "", str(message.extra[REFERENCE]))
        raise SendFailed("no answer in time")

    connector.send = arrives_without_an_answer  # type: ignore[method-assign]
    await service.start()
    await service.accept([said(1)])
    await eventually(lambda: service.queue.counts() == {"done": 1} and not service._delivering)
    assert connector.texts("proef-1") == ["Antwoord op: bericht 1"]
    await service.stop()
