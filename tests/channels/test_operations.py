"""/health and /ready: what each part's failure means for whoever sends messages here."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rasa.core.agent import Agent
from rasa.shared.core.domain import Domain

from channels import operations
from channels.operations import DOWN, OK, State, Watch, store_answers
from monitoring import metrics
from shop.settings import Environment
from tracking.store import ConversationStore


def no_database() -> None:
    raise OSError("no database")


def app(is_loaded: bool = True, store_works: bool = True) -> Any:
    store = SimpleNamespace() if store_works else SimpleNamespace(engine=SimpleNamespace(connect=no_database))
    agent = SimpleNamespace(is_ready=lambda: is_loaded, tracker_store=store)
    return SimpleNamespace(ctx=SimpleNamespace(agent=agent))


def look(monkeypatch: pytest.MonkeyPatch, application: Any, actions: bool = True) -> State:
    monkeypatch.setattr(operations, "reach", lambda address: actions)
    return asyncio.run(Watch(Environment()).state(application))


def test_all_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    state = look(monkeypatch, app())
    assert state.is_ready
    assert state.parts == {"model": OK, "conversations": OK, "actions": OK}


def test_without_model_or_conversations_it_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not look(monkeypatch, app(is_loaded=False)).is_ready
    state = look(monkeypatch, app(store_works=False))
    assert not state.is_ready
    assert state.parts["conversations"] == DOWN
    assert not look(monkeypatch, SimpleNamespace(ctx=SimpleNamespace())).is_ready


def test_the_database_is_seen_within_the_wrappers_that_rasa_puts_around_the_store(tmp_path: Path) -> None:
    store = ConversationStore(Domain.empty(), host=str(tmp_path / "there/conversations.db"))
    wrapped = Agent(domain=Domain.empty(), tracker_store=store).tracker_store
    assert wrapped is not store
    assert store_answers(wrapped)
    shutil.rmtree(tmp_path / "there")
    assert not store_answers(wrapped)
    store.close()


def test_without_actions_it_stays_ready_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    state = look(monkeypatch, app(), actions=False)
    assert state.is_ready
    assert state.parts["actions"] == DOWN


def test_the_age_of_what_waits_to_be_sent_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    outboxes = metrics.Outboxes()
    outboxes.add("mail", lambda: (2, 61.04))
    monkeypatch.setattr(metrics, "OUTBOXES", outboxes)
    state = look(monkeypatch, app())
    assert state.as_dict()["outboxes"] == {"mail": {"waiting": 2, "oldest_seconds": 61.0}}


def test_asking_often_looks_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(operations, "reach", lambda address: asked.append(address) or True)

    async def thrice() -> None:
        watch, application = Watch(Environment()), app()
        await asyncio.gather(*(watch.state(application) for _ in range(3)))

    asyncio.run(thrice())
    assert asked == ["http://127.0.0.1:5055/health"]
