"""The web chat's log: numbered, stored once, answered once, deleted whole."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any, List

import pytest

from channels.event_log import EventLog, SessionGone


@pytest.fixture
def log(tmp_path: Path) -> Any:
    made = EventLog(f"sqlite:///{tmp_path / 'new' / 'web.db'}")
    made.open_session("web-a")
    yield made
    made.close()


def test_the_same_message_is_stored_once(log: EventLog) -> None:
    assert log.add_question("web-a", "id-000001", "hallo") == (1, True)
    assert log.add_question("web-a", "id-000001", "hallo") == (1, False)
    assert log.add_question("web-a", "id-000002", "hallo") == (2, True)
    assert [event["n"] for event in log.events("web-a", 0)[0]] == [1, 2]


def test_a_message_is_answered_once(log: EventLog) -> None:
    log.add_question("web-a", "id-000001", "hallo")
    log.add_replies("web-a", 1, [{"text": "een"}, {"text": "twee"}])
    log.add_replies("web-a", 1, [{"text": "nog eens"}])
    events, waiting = log.events("web-a", 1)
    assert [(event["n"], event["text"], event["reply_to"]) for event in events] == [(2, "een", 1), (3, "twee", 1)]
    assert waiting is False


def test_what_was_not_answered_is_found_again_after_a_restart(log: EventLog, tmp_path: Path) -> None:
    log.add_question("web-a", "id-000001", "eerste")
    log.add_question("web-a", "id-000002", "tweede")
    log.close()
    again = EventLog(f"sqlite:///{tmp_path / 'new' / 'web.db'}")
    assert again.sessions_with_questions() == ["web-a"]
    first = again.next_question("web-a")
    assert first is not None
    assert (first.number, first.text, first.attempts) == (1, "eerste", 0)
    second_try = again.next_question("web-a")
    assert second_try is not None
    assert second_try.attempts == 1
    again.close()


def test_events_are_resumed_after_a_number(log: EventLog) -> None:
    for number in range(5):
        log.deliver("web-a", f"key-{number}", str(number))
    assert [event["text"] for event in log.events("web-a", 3)[0]] == ["3", "4"]
    assert log.events("web-a", 99)[0] == []


def test_messages_that_come_at_once_get_numbers_of_their_own(log: EventLog) -> None:
    results: List[Any] = []

    def send(number: int) -> None:
        results.append(log.add_question("web-a", f"id-{number % 10:06}", "tegelijk"))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(number for number, is_new in results if is_new) == list(range(1, 11))
    assert len(results) == 30


def test_a_tapped_button_is_shown_by_its_title(log: EventLog) -> None:
    first, _ = log.add_question("web-a", "id-000000", "hallo")
    log.add_replies(
        "web-a", first, [{"text": "Kies", "buttons": [{"title": "Wat doet B6?", "payload": "wat doet b6"}]}]
    )
    log.add_question("web-a", "id-000001", "wat doet b6")
    log.add_question("web-a", "id-000002", "iets anders")
    labels = [event.get("label") for event in log.events("web-a", 2)[0]]
    assert labels == ["Wat doet B6?", None]


def test_a_change_of_state_is_told_once(log: EventLog) -> None:
    log.set_state("web-a", "overname")
    log.set_state("web-a", "overname")
    assert log.state("web-a") == "overname"
    assert [event["state"] for event in log.events("web-a", 0)[0]] == ["overname"]
    with pytest.raises(ValueError, match="kapot"):
        log.set_state("web-a", "kapot")


def test_only_answers_can_be_rated(log: EventLog) -> None:
    log.add_question("web-a", "id-000001", "hallo")
    log.add_replies("web-a", 1, [{"text": "dag"}])
    assert log.rate("web-a", 2, "up") is True
    assert log.rate("web-a", 1, "up") is False
    assert log.rate("web-b", 2, "down") is False
    assert log.events("web-a", 1)[0][0]["rating"] == "up"


def test_a_deleted_session_takes_and_tells_nothing(log: EventLog) -> None:
    log.add_question("web-a", "id-000001", "geheim")
    log.delete("web-a")
    log.add_replies("web-a", 1, [{"text": "te laat"}])
    with pytest.raises(SessionGone):
        log.events("web-a", 0)
    with pytest.raises(SessionGone):
        log.add_question("web-a", "id-000002", "hallo")
    assert log.sessions_with_questions() == []


def test_deleted_words_are_gone_from_the_file(log: EventLog, tmp_path: Path) -> None:
    log.add_question("web-a", "id-000001", "zeerbijzonderwoord")
    log.delete("web-a")
    log.close()
    assert all(b"zeerbijzonderwoord" not in path.read_bytes() for path in (tmp_path / "new").iterdir())


def test_sessions_grow_old_by_their_last_message(log: EventLog) -> None:
    now = time.time()
    assert log.sessions_unseen_since(now - 60) == []
    assert log.sessions_unseen_since(now + 60) == ["web-a"]
