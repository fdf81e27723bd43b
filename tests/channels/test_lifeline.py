"""When the assistant can't answer, a matter of safety still gets its numbers, and everything else an apology."""

from __future__ import annotations

import pytest

from channels import lifeline
from channels.lifeline import Lifeline, load_lifeline
from content.texts import STORING, load_texts

APOLOGY = load_texts()[STORING][0]["text"]


def test_every_level_has_a_reply_that_needs_no_conversation() -> None:
    found = load_lifeline()._replies
    assert set(found) == {
        *("suicide", "emergency", "violence", "reaction", "medication", "pregnancy", "child", "condition"),
    }
    assert "113" in found["suicide"]
    assert "112" in found["emergency"]


def test_a_matter_of_safety_gets_its_numbers_and_a_question_an_apology() -> None:
    line = load_lifeline()
    assert line.reply("ik wil niet meer leven") == line._replies["suicide"]
    assert line.reply("wat is serotonine") == APOLOGY


def test_even_broken_triage_leaves_the_apology(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str) -> None:
        raise RuntimeError

    monkeypatch.setattr(lifeline, "assess_alone", broken)
    assert Lifeline("sorry", {}).reply("wat dan ook") == "sorry"


@pytest.mark.parametrize("text", ["ik wil dood", "Ik wil dood!!", "help... IK WIL DOOD, nu meteen", "hij slaat mij"])
def test_the_plainest_words_get_help_without_a_model(text: str) -> None:
    assert "112" in load_lifeline().reply(text)
    assert not load_lifeline().reply(text).startswith("Er gaat iets mis")
