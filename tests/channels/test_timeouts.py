"""Every wait within a turn is shorter than the turn, the turn than a customer's patience, and that than a lock."""

from __future__ import annotations

import pytest

from channels import provider, service, shared, store
from desk import database
from rasa_patches import remote_action
from shop.settings import Environment
from storage import engine
from tracking import store as conversations

PATIENCE = 5.0  # seconds until a customer must hear something
TURN = Environment().answer_timeout


@pytest.mark.parametrize(
    "seconds",
    [
        remote_action.TIMEOUT,
        remote_action.CONNECT_TIMEOUT,
        conversations.WAIT,
        engine.WAIT,
        store.BUSY_TIMEOUT,
        service.STORE_SECONDS,
        provider.STORE_SECONDS,
        database.BUSY_TIMEOUT / 1000,
        shared.REDIS_TIMEOUT,
    ],
)
def test_what_a_turn_waits_for_is_given_up_before_the_turn_is(seconds: float) -> None:
    assert seconds < TURN < PATIENCE


@pytest.mark.parametrize("lock", [shared.LOCK_SECONDS, service.LEASE])
def test_a_lock_outlives_a_turn_and_is_prolonged_in_time(lock: float) -> None:
    assert lock > TURN + PATIENCE
    assert lock > 3 * shared.RENEW_SECONDS
