"""What the customer reads: chosen, filled, completed; never silence and never made up."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, SessionStarted, UserUttered
from rasa.shared.core.slots import TextSlot
from rasa.shared.core.trackers import DialogueStateTracker

from answering.generator import AnswerGenerator

DISCLOSURE = "Ik ben de digitale assistent van Testwinkel, geen mens."
NOTE = "Dit is algemene informatie en geen medisch advies."
STORING = (
    "Er gaat iets mis aan onze kant, sorry. Probeer het over een minuut nog eens. "
    "Gaat het om een noodgeval, bel dan 112."
)
UNKNOWN = (
    "Dat weet ik niet: de winkel heeft het mij niet verteld, en ik verzin niets. "
    "Zal ik het doorvragen aan een medewerker?"
)


def faq(text: str, vraag: str, verwant: "list[str]", meer: str = "") -> Dict[str, Any]:
    metadata = {"vraag": vraag, "verwant": verwant, "bron": "000", "gecontroleerd": "2026-11-22", "meer": meer}
    return {"text": text, "metadata": metadata}


RESPONSES: Dict[str, List[Dict[str, Any]]] = {
    "utter_faq/serotonine_wat_is": [faq("Een stof.", "Wat is serotonine?", ["serotonine_waar"], "Nog meer.")],
    "utter_faq/serotonine_waar": [faq("In de darm.", "Waar wordt serotonine aangemaakt?", ["serotonine_wat_is"])],
    "utter_faq/winkel_retour": [faq("{retour}", "Kan ik retourneren?", ["serotonine_waar"])],
    "utter_faq/winkel_contact": [faq("Mail {email}.", "Contact?", []), {"text": "Typ medewerker."}],
    "utter_greet": [{"text": "Hallo, ik ben geen mens.", "metadata": {"disclosure": "included"}}],
    "utter_safety": [{"text": "Bel 112.", "metadata": {"disclosure": "after"}}],
    "utter_thank": [{"text": "Graag gedaan."}],
    "utter_feedback_negative": [{"text": "Sorry.", "buttons": [{"title": "Medewerker", "payload": "medewerker"}]}],
    "utter_clarify": [{"text": "Bedoel je:", "buttons": [{"title": "Iets anders", "payload": "iets anders"}]}],
}


@pytest.fixture
def shop_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "winkel.yml"
    path.write_text('naam: "Testwinkel"\neigenaren: "An en Jo"\n', encoding="utf-8")
    monkeypatch.setenv("SCHAKEL_SHOP_FILE", str(path))
    return path


@pytest.fixture
def generator(shop_file: Path) -> AnswerGenerator:
    return AnswerGenerator(None, Domain.empty())


class Talk:
    """A conversation with the generator alone: each `say` is one message of the customer and its reply."""

    def __init__(self, generator: AnswerGenerator) -> None:
        self.generator = generator
        self.events: List[Any] = [SessionStarted()]

    async def say(
        self, action: str, intent: str = "faq", ranking: Optional[List[str]] = None, also: Optional[str] = None
    ) -> Dict[str, Any]:
        of_faq: Dict[str, Any] = {
            "ranking": [{"intent_response_key": f"faq/{i}", "confidence": 0.2} for i in ranking or []]
        }
        selector = {"faq": {**of_faq, "also": also} if also else of_faq}
        self.events.append(UserUttered("x", {"name": intent}, parse_data={"response_selector": selector}))
        tracker = DialogueStateTracker.from_events("an", self.events)
        message = await self.generator.generate(action, tracker, "rest", domain_responses=RESPONSES)
        assert message is not None
        metadata = {k: v for k, v in message.items() if k not in ("text", "buttons")}
        self.events.append(BotUttered(message["text"], {"buttons": message.get("buttons")}, metadata))
        return message

    def new_session(self) -> None:
        self.events.append(SessionStarted())


async def test_the_first_message_of_each_session_says_that_this_is_no_human(generator: AnswerGenerator) -> None:
    talk = Talk(generator)
    assert (await talk.say("utter_thank"))["text"] == f"{DISCLOSURE}\nGraag gedaan."
    assert (await talk.say("utter_thank"))["text"] == "Graag gedaan."
    talk.new_session()
    assert (await talk.say("utter_thank"))["text"] == f"{DISCLOSURE}\nGraag gedaan."


async def test_a_text_that_says_so_itself_is_not_said_twice(generator: AnswerGenerator) -> None:
    assert (await Talk(generator).say("utter_greet"))["text"] == "Hallo, ik ben geen mens."


async def test_a_safety_reply_comes_before_the_disclosure(generator: AnswerGenerator) -> None:
    assert (await Talk(generator).say("utter_safety"))["text"] == f"Bel 112.\n{DISCLOSURE}"


async def test_the_medical_note_comes_once_with_the_first_health_answer(generator: AnswerGenerator) -> None:
    talk = Talk(generator)
    await talk.say("utter_thank")
    assert (await talk.say("utter_faq/serotonine_wat_is"))["text"] == f"Een stof.\n{NOTE}"
    assert (await talk.say("utter_faq/serotonine_waar"))["text"] == "In de darm."


async def test_an_answer_offers_related_questions_as_plain_dutch_buttons(generator: AnswerGenerator) -> None:
    message = await Talk(generator).say("utter_faq/serotonine_wat_is")
    question = "Waar wordt serotonine aangemaakt?"
    assert message["buttons"] == [{"title": question, "payload": question}]
    assert (message["faq_id"], message["bron"]) == ("serotonine_wat_is", "000")


async def test_an_empty_setting_is_admitted_and_a_filled_one_answers_without_training(
    generator: AnswerGenerator, shop_file: Path
) -> None:
    talk = Talk(generator)
    first = await talk.say("utter_faq/winkel_retour")
    assert first["text"] == f"{DISCLOSURE}\n{UNKNOWN}"
    assert first["bij_ja"] == "request_human"
    shop_file.write_text('naam: "Testwinkel"\neigenaren: "An"\nretour: "Binnen 14 dagen."\n', encoding="utf-8")
    assert (await talk.say("utter_faq/winkel_retour"))["text"] == "Binnen 14 dagen."


async def test_a_broken_change_of_the_settings_keeps_the_last_good_ones(
    generator: AnswerGenerator, shop_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    talk = Talk(generator)
    await talk.say("utter_thank")
    shop_file.write_text("naam: [", encoding="utf-8")
    with caplog.at_level(logging.ERROR):
        assert (await talk.say("utter_faq/winkel_retour"))["text"] == UNKNOWN
    assert "Keeping the shop's last good settings" in caplog.text


async def test_the_first_variation_that_can_be_filled_is_given(generator: AnswerGenerator) -> None:
    talk = Talk(generator)
    await talk.say("utter_thank")
    assert (await talk.say("utter_faq/winkel_contact"))["text"] == "Typ medewerker."


@pytest.mark.parametrize(
    ("level", "titles"),
    [
        (None, ["Kan ik retourneren?", "Wat is serotonine?"]),
        ("suicide", ["Wat is serotonine?"]),
        ("medication", ["Wat is serotonine?"]),
        ("condition", ["Wat is serotonine?"]),
    ],
)
async def test_after_a_matter_of_safety_no_button_leads_to_the_shop_until_the_session_ends(
    generator: AnswerGenerator, level: Optional[str], titles: List[str]
) -> None:
    linked = faq("In de darm.", "Waar wordt serotonine aangemaakt?", ["winkel_retour", "serotonine_wat_is"])
    message = await say_at_level(generator, level, "utter_faq/serotonine_waar", {"utter_faq/serotonine_waar": [linked]})
    assert [button["title"] for button in message["buttons"]] == titles


@pytest.mark.parametrize(
    ("level", "name", "expected"),
    [
        ("pregnancy", "utter_faq/magnesium_dosering", "Vraag je verloskundige."),
        ("pregnancy", "utter_meer/magnesium_dosering", "Vraag je verloskundige."),
        ("pregnancy", "utter_faq/serotonine_waar", f"In de darm.\n{NOTE}"),
        (None, "utter_faq/magnesium_dosering", f"350 mg.\n{NOTE}"),
    ],
)
async def test_no_amount_is_named_in_a_session_with_a_matter_of_safety(
    generator: AnswerGenerator, level: Optional[str], name: str, expected: str
) -> None:
    dose = faq("350 mg.", "Hoeveel magnesium?", [], "Tot 250 mg erbij.")
    dose["metadata"]["let_op"] = ["dosering"]
    responses = {
        "utter_faq/magnesium_dosering": [dose],
        "utter_safety_pregnancy": [{"text": "Vraag je verloskundige."}],
    }
    assert (await say_at_level(generator, level, name, responses))["text"] == expected


async def say_at_level(
    generator: AnswerGenerator, level: Optional[str], name: str, responses: Dict[str, List[Dict[str, Any]]]
) -> Dict[str, Any]:
    """A later reply of a session in which triage noted a level."""
    events = [SessionStarted(), BotUttered("Hallo."), UserUttered("x", {"name": "faq"})]
    slot = TextSlot("veiligheid", [], initial_value=level)
    tracker = DialogueStateTracker.from_events("an", events, slots=[slot])
    message = await generator.generate(name, tracker, "rest", domain_responses={**RESPONSES, **responses})
    assert message is not None
    return message


async def test_more_gives_the_second_part_and_says_so_when_there_is_none(generator: AnswerGenerator) -> None:
    talk = Talk(generator)
    await talk.say("utter_faq/serotonine_wat_is")
    assert (await talk.say("utter_meer/serotonine_wat_is"))["text"] == "Nog meer."
    assert (await talk.say("utter_meer/serotonine_waar"))["text"].startswith("Meer dan dit weet ik er niet over.")


async def test_a_missing_combination_shows_what_there_is(generator: AnswerGenerator) -> None:
    talk = Talk(generator)
    await talk.say("utter_thank")
    message = await talk.say("ontbreekt/serotonine")
    assert message["text"] == (
        "Daar heb ik over serotonine geen antwoord op. Deze vragen over serotonine kan ik wel beantwoorden:"
    )
    assert [b["title"] for b in message["buttons"]] == ["Wat is serotonine?", "Waar wordt serotonine aangemaakt?"]


async def test_clarification_offers_questions_and_after_two_in_a_row_a_human(generator: AnswerGenerator) -> None:
    talk = Talk(generator)
    await talk.say("utter_thank", intent="thank")
    ranking = ["serotonine_waar", "serotonine_wat_is"]
    first = await talk.say("utter_clarify", "nlu_fallback", ranking)
    assert first["text"] == "Bedoel je:"
    titles = ["Waar wordt serotonine aangemaakt?", "Wat is serotonine?", "Iets anders"]
    assert [b["title"] for b in first["buttons"]] == titles
    second = await talk.say("utter_clarify", "nlu_fallback", ranking)
    assert "Medewerker" in [b["title"] for b in second["buttons"]]
    third = await talk.say("utter_clarify", "nlu_fallback", ranking)
    assert third["bij_ja"] == "request_human"
    await talk.say("utter_thank", intent="thank")
    assert (await talk.say("utter_clarify", "nlu_fallback", ranking))["text"] == "Bedoel je:"


async def test_nonsense_without_candidates_gets_a_question_back(generator: AnswerGenerator) -> None:
    talk = Talk(generator)
    await talk.say("utter_thank")
    message = await talk.say("utter_clarify", "nlu_fallback", [])
    assert message["text"] == "Dat begrijp ik niet. Kun je je vraag met andere woorden stellen?"


async def test_a_response_that_does_not_exist_is_an_apology_and_not_silence(generator: AnswerGenerator) -> None:
    talk = Talk(generator)
    await talk.say("utter_thank")
    assert (await talk.say("utter_bestaat_niet"))["text"] == STORING


async def test_values_of_a_customer_never_become_placeholders(generator: AnswerGenerator) -> None:
    talk = Talk(generator)
    await talk.say("utter_thank")
    assert "{naam}" in (await talk.say("ontbreekt/{naam}"))["text"]


async def test_a_second_question_is_offered_and_yes_means_that_one(generator: AnswerGenerator) -> None:
    message = await Talk(generator).say("utter_faq/serotonine_wat_is", also="serotonine_waar")
    assert message["text"].endswith(
        "Je vroeg nog iets: 'Waar wordt serotonine aangemaakt?' Zal ik dat ook beantwoorden?\n" + NOTE
    )
    assert [button["payload"] for button in message["buttons"]] == ["Waar wordt serotonine aangemaakt?"]
    assert (message["bij_ja"], message["ook_gevraagd"]) == ("faq/serotonine_waar", "serotonine_waar")
    alone = await Talk(generator).say("utter_faq/serotonine_wat_is", also="serotonine_wat_is")
    assert "Je vroeg" not in alone["text"]


async def test_after_a_wrong_answer_the_other_questions_that_were_likely_are_offered(
    generator: AnswerGenerator,
) -> None:
    talk = Talk(generator)
    await talk.say("utter_faq/serotonine_wat_is", ranking=["serotonine_wat_is", "serotonine_waar"])
    message = await talk.say("utter_feedback_negative", intent="feedback_negative")
    assert [button["payload"] for button in message["buttons"]] == ["Waar wordt serotonine aangemaakt?", "medewerker"]
    first = await Talk(generator).say("utter_feedback_negative", intent="feedback_negative")
    assert [button["payload"] for button in first["buttons"]] == ["medewerker"]


async def test_questions_offered_are_kept_in_order_for_the_one_that_is_chosen_by_number(
    generator: AnswerGenerator,
) -> None:
    talk = Talk(generator)
    message = await talk.say("utter_clarify", intent="nlu_fallback", ranking=["winkel_retour", "serotonine_waar"])
    assert message["keuzes"] == ["winkel_retour", "serotonine_waar"]
    assert "keuzes" not in await talk.say("utter_thank", intent="thank")
