"""The one patch of Rasa's internals: it refuses what Rasa refuses, and fails loudly when Rasa changes."""

from __future__ import annotations

import hashlib
import inspect
from typing import Any, Dict

import pytest
from jsonschema import ValidationError
from rasa.core.actions.action import RemoteAction

from answering.action_results import check_schema_once

ORIGINAL = "fdc6ac0b1792aba5"


def validate(result: Any) -> bool:
    check_schema_once()
    return RemoteAction("action_x", None)._validate_action_result(result)


def test_a_right_answer_of_the_action_server_passes() -> None:
    good: Dict[str, Any] = {"events": [{"event": "slot", "name": "a", "value": 1}], "responses": [{"text": "hoi"}]}
    assert validate(good)


@pytest.mark.parametrize("bad", [{"events": 5}, {"events": [{"no": "event"}]}, {"responses": "hoi"}, [1], "x"])
def test_a_wrong_answer_is_refused(bad: Any) -> None:
    with pytest.raises(ValidationError):
        validate(bad)


def test_the_original_is_the_one_that_was_replaced() -> None:
    module = inspect.getsource(inspect.getmodule(RemoteAction))  # type: ignore[arg-type]
    start = module.index("    def _validate_action_result")
    source = module[start : module.index("    @staticmethod", start)]
    assert hashlib.sha256(source.encode()).hexdigest()[:16] == ORIGINAL, (
        "Rasa changed: look at answering/action_results.py"
    )
