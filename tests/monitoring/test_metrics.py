"""What is counted, and that a broken part does not take the metrics with it."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.request import urlopen

import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import UserUttered

from answering.generator import AnswerGenerator
from monitoring import metrics
from tracking.store import ConversationStore


def value(name: str, **labels: str) -> float:
    return metrics.REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.mark.parametrize(
    ("intent", "outcome"),
    [
        ("faq", "answered"),
        ("follow_up_topic", "answered"),
        ("nlu_fallback", "clarified"),
        ("out_of_scope", "outside"),
        ("request_human", "handed_over"),
        ("safety_suicide", "safety"),
        ("greet", "talk"),
    ],
)
def test_every_intent_counts_as_one_outcome(intent: str, outcome: str) -> None:
    before = value("schakel_outcomes_total", outcome=outcome)
    metrics.understood(intent, 0.75)
    assert value("schakel_outcomes_total", outcome=outcome) == before + 1


def test_fallbacks_handoffs_and_alarms_have_counters_of_their_own() -> None:
    names = [
        ("schakel_fallbacks_total", {}, "nlu_fallback"),
        ("schakel_handoffs_total", {"intent": "complain"}, "complain"),
        ("schakel_safety_total", {"level": "emergency"}, "safety_emergency"),
    ]
    for name, labels, intent in names:
        before = value(name, **labels)
        metrics.understood(intent, 1.0)
        assert value(name, **labels) == before + 1


def test_a_part_that_fails_is_timed_too() -> None:
    before = value("schakel_part_seconds_count", part="test")
    with pytest.raises(KeyError), metrics.timed("test"):
        raise KeyError
    assert value("schakel_part_seconds_count", part="test") == before + 1


async def test_reading_saving_and_the_text_of_an_answer_are_timed_each(tmp_path: Path) -> None:
    parts = ("store_read", "store_save", "reply")
    before = [value("schakel_part_seconds_count", part=part) for part in parts]
    store = ConversationStore(Domain.empty(), host=str(tmp_path / "conversations.db"))
    tracker = await store.get_or_create_tracker("web-1", append_action_listen=False)
    tracker.update(UserUttered("hallo"))
    await store.save(tracker)
    await store.retrieve("web-1")
    store.close()
    assert await AnswerGenerator(None, Domain.empty()).generate("utter_greet", tracker, "rest")
    assert [value("schakel_part_seconds_count", part=part) for part in parts] == [
        before[0] + 2,
        before[1] + 1,
        before[2] + 1,
    ]


def test_an_outbox_that_cannot_be_read_is_counted_and_the_others_are_shown() -> None:
    def broken() -> metrics.Waiting:
        raise OSError("no database")

    outboxes = metrics.Outboxes()
    outboxes.add("mail", broken)
    outboxes.add("chat", lambda: (3, 12.5))
    before = value("schakel_errors_total", part="outbox")
    assert outboxes.state() == {"chat": (3, 12.5)}
    assert value("schakel_errors_total", part="outbox") == before + 1
    samples = [(s.name, s.labels, s.value) for family in outboxes.collect() for s in family.samples]
    assert samples == [
        ("schakel_outbox_waiting", {"outbox": "chat"}, 3),
        ("schakel_outbox_oldest_seconds", {"outbox": "chat"}, 12.5),
    ]


def test_metrics_are_served_on_a_private_port_and_a_taken_port_stops_nothing() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert metrics.serve(taken.getsockname()[1]) is False
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert metrics.serve(0) is False
    assert metrics.serve(port) is True
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as reply:
        page = reply.read().decode()
    assert "schakel_messages_total" in page
    assert "process_resident_memory_bytes" in page
