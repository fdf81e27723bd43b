"""Follow-ups: what an elliptical message means after what was said."""

from __future__ import annotations

from typing import Sequence

import pytest

from nlu.context import Conversation, Resolution, resolve

IDS = (
    *("serotonine_wat_is", "serotonine_waar", "serotonine_duur", "serotonine_stress", "serotonine_verhogen"),
    *("magnesium_wat_is", "magnesium_slaap", "magnesium_stress", "magnesium_bijwerkingen", "magnesium_duur"),
    *("melatonine_waar", "melatonine_serotonine", "oxytocine_verhogen", "bouwstof_5htp", "microbioom_verhogen"),
)


def follow(
    intent: str,
    before: Conversation,
    named: Sequence[str] = (),
    aspects: Sequence[str] = (),
) -> str:
    return resolve(intent, before, named, aspects, IDS).utter_action


def after(onderwerp: str, aspect: str) -> Conversation:
    return Conversation(onderwerp, aspect, last_id=f"{onderwerp}_{aspect}")


@pytest.mark.parametrize(
    ("before", "named", "expected"),
    [
        (after("serotonine", "wat_is"), ["magnesium"], "utter_faq/magnesium_wat_is"),
        (after("serotonine", "waar"), ["melatonine"], "utter_faq/melatonine_waar"),
        (after("magnesium", "stress"), ["slaap"], "utter_faq/magnesium_slaap"),
        (after("magnesium", "wat_is"), ["5-HTP"], "utter_faq/bouwstof_5htp"),
        (after("serotonine", "waar"), ["magnesium"], "ontbreekt/magnesium"),
        (Conversation(), ["magnesium"], "vragen_over/magnesium"),
        (after("serotonine", "waar"), [], "follow_up_topic"),
    ],
)
def test_another_onderwerp_keeps_the_aspect(before: Conversation, named: "list[str]", expected: str) -> None:
    assert follow("follow_up_topic", before, named) == expected


@pytest.mark.parametrize(
    ("before", "aspects", "expected"),
    [
        (after("magnesium", "wat_is"), ["bijwerkingen"], "utter_faq/magnesium_bijwerkingen"),
        (after("serotonine", "verhogen"), ["duur"], "utter_faq/serotonine_duur"),
        (after("serotonine", "wat_is"), ["bijwerkingen"], "ontbreekt/serotonine"),
        (after("magnesium", "wat_is"), [], "ontbreekt/magnesium"),
        (Conversation(), ["duur"], "follow_up_aspect"),
    ],
)
def test_another_aspect_keeps_the_onderwerp(before: Conversation, aspects: "list[str]", expected: str) -> None:
    assert follow("follow_up_aspect", before, aspects=aspects) == expected


def test_more_gives_the_second_part_of_the_last_answer() -> None:
    found = resolve("follow_up_more", after("serotonine", "waar"), [], [], IDS)
    assert found == Resolution("utter_meer/serotonine_waar", "serotonine_waar")
    assert follow("follow_up_more", Conversation()) == "follow_up_more"


def test_a_side_of_the_question_before_counts_when_the_answer_was_about_another() -> None:
    before = Conversation("microbioom", "verhogen", last_id="microbioom_verhogen")
    found = resolve("follow_up_topic", before, ["magnesium"], [], IDS, sides=["microbioom", "slaap"])
    assert found.utter_action == "utter_faq/magnesium_slaap"
