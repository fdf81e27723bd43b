"""The check of action results: it refuses what Rasa refuses, and fails loudly when Rasa changes."""

from __future__ import annotations

import hashlib
import inspect
from typing import Any, Dict, List

import jsonschema
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


EVENTS: List[Any] = [
    {"event": "slot", "name": "a", "value": None},
    {"event": "slot", "name": 3, "value": 1},
    {"event": "slot", "name": "a"},
    {"event": "slot", "name": "a", "value": 1, "timestamp": "now"},
    {"event": "slot", "name": "a", "value": 1, "metadata": []},
    {"event": "action", "name": "action_x", "confidence": 1},
    {"event": "action", "confidence": "high"},
    {"event": "bot", "text": "hoi"},
    {"event": "active_loop", "name": None},
    {"event": "user", "text": 5},
    {"event": "user", "text": "hoi", "parse_data": {"entities": [{"entity": "a"}]}},
    {"event": "entities"},
    {"event": "nonsense"},
    {"event": None},
    {"name": "a", "value": 1},
    "slot",
    None,
]
OUTCOMES = [True, False, False, False, False, True, False, True, True, False, False, *[False] * 6]


@pytest.mark.parametrize(("event", "is_right"), list(zip(EVENTS, OUTCOMES)))
def test_an_event_passes_exactly_when_it_passes_rasas_whole_schema(event: Any, is_right: bool) -> None:
    result = {"events": [{"event": "slot", "name": "b", "value": 2}, event], "responses": []}
    reference = jsonschema.Draft7Validator(RemoteAction.action_response_format_spec())
    assert reference.is_valid(result) == is_right
    if is_right:
        assert validate(result)
    else:
        with pytest.raises(ValidationError):
            validate(result)


def test_the_original_is_the_one_that_was_replaced() -> None:
    module = inspect.getsource(inspect.getmodule(RemoteAction))  # type: ignore[arg-type]
    start = module.index("    def _validate_action_result")
    source = module[start : module.index("    @staticmethod", start)]
    assert hashlib.sha256(source.encode()).hexdigest()[:16] == ORIGINAL, (
        "Rasa changed: look at answering/action_results.py"
    )
