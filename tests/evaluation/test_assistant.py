"""The assistant inside this process answers as the running one does."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

from evaluation.assistant import Assistant


@pytest.fixture(scope="module")
def assistant(trained_model: Path) -> Iterator[Assistant]:
    loaded = Assistant(trained_model)
    yield loaded
    loaded.close()


def test_a_conversation_keeps_its_topic(assistant: Assistant) -> None:
    first, second = assistant.converse(["Wat is magnesium?", "vertel meer"])
    assert first.replies[0]["utter_action"] == "utter_faq/magnesium_wat_is"
    assert second.replies[0]["utter_action"] == "utter_meer/magnesium_wat_is"
    assert second.texts[0]


def test_conversations_know_nothing_of_each_other(assistant: Assistant) -> None:
    assistant.converse(["Wat is magnesium?"])
    turn = assistant.converse(["vertel meer"])[0]
    assert turn.replies[0]["utter_action"] == "follow_up_more"


def test_actions_run_in_this_process(assistant: Assistant) -> None:
    turn = assistant.converse(["leg de keten uit"])[0]
    assert turn.intent == "explain_chain"
    assert turn.replies[0]["keten"]["vraag"] == "overzicht"


def test_predictions_keep_the_order_of_the_messages(assistant: Assistant) -> None:
    found = assistant.predict(["Wat is magnesium?", "hallo", "waar wordt adrenaline gemaakt?"])
    assert [p.label for p in found] == ["faq/magnesium_wat_is", "greet", "out_of_scope"]
    assert found[0].top[0] == "magnesium_wat_is"
    assert not found[2].answers
