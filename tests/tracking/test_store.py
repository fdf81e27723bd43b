"""Conversations are kept as Rasa's own store keeps them, in SQLite and in PostgreSQL, and what must go is gone."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from pathlib import Path
from typing import Any, List

import pytest
import sqlalchemy as sa
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, SessionStarted, SlotSet, UserUttered

from channels.erase import erase_tracker
from tests.policies.dialogues import DOMAIN, random_events
from tests.tracking.conftest import Open
from tracking.store import ConversationStore


def turn(text: str, session: bool = False) -> List[Any]:
    start = [ActionExecuted("action_session_start"), SessionStarted(), ActionExecuted("action_listen")]
    said = [
        UserUttered(text, {"name": "ask"}),
        ActionExecuted("utter_ask"),
        BotUttered("antwoord"),
        SlotSet("note", text),
    ]
    return [*(start if session else []), *said, ActionExecuted("action_listen")]


async def say(store: Any, sender: str, text: str, session: bool = False) -> Any:
    tracker = await store.get_or_create_tracker(sender, append_action_listen=False)
    for event in turn(text, session):
        tracker.update(event)
    await store.save(tracker)
    return tracker


def texts(tracker: Any) -> List[str]:
    return [event.text for event in tracker.events if isinstance(event, UserUttered)]


async def test_a_conversation_is_read_back_by_another_process(open_store: Open) -> None:
    store = open_store()
    await say(store, "a", "een", session=True)
    await say(store, "a", "twee")
    await say(store, "b", "iets anders", session=True)
    found = await open_store().retrieve("a")
    assert found is not None
    assert texts(found) == ["een", "twee"]
    assert found.get_slot("note") == "twee"
    assert await store.retrieve("nobody") is None
    assert list(await store.keys()) == ["a", "b"]


async def test_only_the_latest_session_is_loaded(open_store: Open) -> None:
    store = open_store()
    await say(store, "a", "een", session=True)
    await say(store, "a", "twee", session=True)
    for reader in (store, open_store()):
        found = await reader.retrieve("a")
        assert found is not None
        assert texts(found) == ["twee"]
        assert isinstance(found.events[0], SessionStarted)
        full = await reader.retrieve_full_tracker("a")
        assert full is not None
        assert texts(full) == ["een", "twee"]


async def test_texts_and_numbers_of_all_kinds_come_back_as_they_were(open_store: Open) -> None:
    here, there = open_store(), open_store()
    odd = {"text": 'é\u2028 "\\/" \ud83d\x7f\t', "numbers": [0.1, 1e-7, -0.0, 10**30, True, None], "": {"a": []}}
    await say(here, "a", "een", session=True)
    tracker = await here.retrieve("a")
    assert tracker is not None
    tracker.update(SlotSet("note", odd))
    await here.save(tracker)
    found = await there.retrieve("a")
    assert found is not None
    assert found.events[-1].value == odd


async def test_what_another_process_wrote_is_seen(open_store: Open) -> None:
    here, there = open_store(), open_store()
    await say(here, "a", "een", session=True)
    await say(there, "a", "twee")
    assert texts(await say(here, "a", "drie")) == ["een", "twee", "drie"]
    there.delete("a")
    assert await here.retrieve("a") is None


async def test_a_message_that_failed_halfway_leaves_no_trace(open_store: Open) -> None:
    store = open_store()
    await say(store, "a", "een", session=True)
    broken = await store.retrieve("a")
    assert broken is not None
    broken.update(UserUttered("nooit bewaard", {"name": "ask"}))
    assert texts(await say(store, "a", "twee")) == ["een", "twee"]


async def test_many_conversations_at_once_each_keep_their_own_order(open_store: Open) -> None:
    store = open_store()

    async def talk(sender: str) -> None:
        for number in range(10):
            await say(store, sender, f"{sender}-{number}", session=number == 0)

    await asyncio.gather(*(talk(f"s{number}") for number in range(20)))
    reader = open_store()
    for number in range(20):
        found = await reader.retrieve(f"s{number}")
        assert found is not None
        assert texts(found) == [f"s{number}-{i}" for i in range(10)]


async def test_redacted_values_are_gone_from_memory_and_database(open_store: Open) -> None:
    store = open_store()
    await say(store, "a", "bel mij op 0612345678", session=True)
    await say(store, "b", "0612345678 is ook mijn nummer", session=True)
    store.redact("a", ["0612345678"])
    for reader in (store, open_store()):
        found = await reader.retrieve("a")
        assert found is not None
        assert texts(found) == ["bel mij op [verwijderd]"]
        assert found.get_slot("note") == "bel mij op [verwijderd]"
    other = await store.retrieve("b")
    assert other is not None
    assert texts(other) == ["0612345678 is ook mijn nummer"]


async def test_what_is_in_hand_while_it_is_redacted_is_not_kept(open_store: Open) -> None:
    store = open_store()
    await say(store, "a", "mijn naam is Geheim", session=True)
    in_hand = await store.retrieve("a")
    assert in_hand is not None
    store.redact("a", ["geheim"])
    in_hand.update(UserUttered("verder", {"name": "ask"}))
    await store.save(in_hand)
    found = await store.retrieve("a")
    assert found is not None
    assert texts(found) == ["mijn naam is [verwijderd]", "verder"]


async def test_redacted_and_deleted_texts_are_gone_from_sqlites_files(tmp_path: Path) -> None:
    store = ConversationStore(Domain.from_yaml(DOMAIN), host=str(tmp_path / "c.db"))
    await say(store, "a", "mijn nummer is 0612345678", session=True)
    await say(store, "b", "ik heet Rumoerig", session=True)
    store.redact("a", ["0612345678"])
    assert store.delete("b") == 8
    content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"0612345678" not in content
    assert b"Rumoerig" not in content
    assert b"[verwijderd]" in content
    store.close()


async def test_erasing_a_conversation_uses_it(open_store: Open) -> None:
    store = open_store()
    await say(store, "a", "een", session=True)
    assert erase_tracker(store, "a")
    assert await store.retrieve("a") is None


async def test_a_database_of_rasas_own_store_is_taken_over(tmp_path: Path) -> None:
    domain = Domain.from_yaml(DOMAIN)
    theirs = SQLTrackerStore(domain, dialect="sqlite", db=str(tmp_path / "c.db"))
    await say(theirs, "a", "een", session=True)
    ours = ConversationStore(domain, host=str(tmp_path / "c.db"))
    assert texts(await say(ours, "a", "twee")) == ["een", "twee"]
    found = await theirs.retrieve("a")
    assert found is not None
    assert texts(found) == ["een", "twee"]
    ours.close()


@pytest.mark.parametrize("seed", range(40))
async def test_random_dialogues_come_back_as_rasas_store_gives_them(tmp_path: Path, seed: int) -> None:
    domain = Domain.from_yaml(DOMAIN)
    random_ = random.Random(seed)
    ours = ConversationStore(domain, host=str(tmp_path / "ours.db"))
    theirs = SQLTrackerStore(domain, dialect="sqlite", db=str(tmp_path / "theirs.db"))
    for _ in range(4):
        events = [SessionStarted(), *random_events(random_, domain)] if random_.random() < 0.5 else turn("x")
        found = []
        for store in (ours, theirs):
            tracker = await store.get_or_create_tracker("a", append_action_listen=False)  # type: ignore[attr-defined]
            tracker.update_with_events(events, domain)
            await store.save(tracker)  # type: ignore[attr-defined]
            found.append(await store.retrieve("a"))  # type: ignore[attr-defined]
        assert list(found[0].events) == list(found[1].events)
        assert found[0].current_slot_values() == found[1].current_slot_values()
        assert found[0].active_loop == found[1].active_loop
    ours.close()


async def test_saved_means_on_disk(tmp_path: Path) -> None:
    store = ConversationStore(Domain.from_yaml(DOMAIN), host=str(tmp_path / "c.db"))
    with store.engine.connect() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2}
    await say(store, "a", "een", session=True)
    other = sqlite3.connect(tmp_path / "c.db")
    assert other.execute("select count(*) from events").fetchone() == (8,)
    other.close()
    store.close()


async def test_a_locked_database_fails_soon_and_works_again_afterwards(tmp_path: Path) -> None:
    store = ConversationStore(Domain.from_yaml(DOMAIN), host=str(tmp_path / "c.db"))
    await say(store, "a", "een", session=True)
    lock = sqlite3.connect(tmp_path / "c.db", isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sa.exc.OperationalError):
        await asyncio.wait_for(say(store, "a", "twee"), 5)
    lock.execute("ROLLBACK")
    lock.close()
    assert texts(await say(store, "a", "drie")) == ["een", "drie"]
    store.close()


async def test_memory_is_bounded_and_nothing_is_lost_by_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracking.store.KEPT_CONVERSATIONS", 3)
    store = ConversationStore(Domain.from_yaml(DOMAIN), host=str(tmp_path / "c.db"))
    for number in range(10):
        await say(store, f"s{number}", f"tekst {number}", session=True)
    assert len(store._kept) == 3
    assert texts(await say(store, "s0", "weer")) == ["tekst 0", "weer"]
    store.close()
