"""Answers to the advice form told from questions in between, by what the form asked."""

from __future__ import annotations

from typing import Any, Optional

import pytest

from nlu.context import Conversation


def read(understanding: Any, step: str, text: str) -> "tuple[str, Optional[str], Optional[str]]":
    found = understanding.understand(text, Conversation(advies=step))
    named = {entity.entity: entity.value for entity in found.entities}
    return found.intent, named.get("advies_woord"), named.get("advies_deel")


STEPS = (
    *("toestemming", "vraag", "onderwerp", "naam", "contact", "bestelnummer", "gesprek", "zelfcheck"),
    *("overzicht", "aanpassen"),
)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("stop", "stop"),
        ("Stop maar", "stop"),
        ("annuleren", "stop"),
        ("laat maar zitten", "stop"),
        ("terug", "terug"),
        ("vorige vraag", "terug"),
        ("overslaan", "overslaan"),
        ("sla maar over", "overslaan"),
        ("waarom vraag je dat?", "waarom"),
    ],
)
def test_a_command_works_at_every_step(understanding: Any, step: str, text: str, word: str) -> None:
    assert read(understanding, step, text) == ("advice_answer", word, None)


@pytest.mark.parametrize(
    "text",
    [
        "Wat is magnesium?",
        "hoi, ik ben Jan en ik slaap slecht. Wat zijn de verzendkosten?",
        "ik wil niet stoppen met werken maar het moet wel minder",
        "nee ik slaap al weken niet goed meer",
        "ik ga niet terug naar mijn oude ritme",
        "serotonine",
        "kunnen jullie mij bellen over mijn klachten, ik kom er niet uit",
    ],
)
def test_at_the_free_question_the_text_is_the_answer(understanding: Any, text: str) -> None:
    assert read(understanding, "vraag", text) == ("advice_answer", None, None)


@pytest.mark.parametrize("step", [step for step in STEPS if step != "vraag"])
@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Wat is magnesium?", "faq"),
        ("wat zijn de verzendkosten?", "faq"),
        ("Hoe kan ik beter slapen?", "faq"),
        ("medewerker", "request_human"),
        ("wat kan ik vragen", "help"),
        ("ben je een robot?", "bot_challenge"),
        ("wat doet ijzer in de keten?", "explain_chain_link"),
    ],
)
def test_a_question_in_between_stays_one(understanding: Any, step: str, text: str, intent: str) -> None:
    assert read(understanding, step, text)[0] == intent


def test_a_human_is_one_word_away_at_the_free_question_too(understanding: Any) -> None:
    assert read(understanding, "vraag", "medewerker")[0] == "request_human"


@pytest.mark.parametrize("step", ["toestemming", "gesprek"])
@pytest.mark.parametrize(
    "text",
    [
        "oke en is wat jullie zeggen dan medisch advies",
        "ja maar hoe lang bewaren jullie mijn gegevens",
        "ok en wat zijn de bijwerkingen van magnesium",
        "goed, wat kost verzenden?",
    ],
)
def test_a_question_behind_a_yes_is_no_consent(understanding: Any, step: str, text: str) -> None:
    intent, word, _ = read(understanding, step, text)
    assert (intent, word) == ("faq", None)


@pytest.mark.parametrize("text", ["ja dat is goed", "oke, gebruik ze maar", "ja hoor prima", "mag", "ja graag dank je"])
def test_a_plain_yes_is_consent(understanding: Any, text: str) -> None:
    assert read(understanding, "toestemming", text) == ("advice_answer", "ja", None)


@pytest.mark.parametrize("step", ["toestemming", "gesprek", "zelfcheck"])
@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("ja", "ja"),
        ("ja hoor, prima", "ja"),
        ("is goed", "ja"),
        ("akkoord", "ja"),
        ("nee", "nee"),
        ("liever niet hoor", "nee"),
        ("nee dank je", "nee"),
        ("ik ga niet akkoord", "nee"),
        ("ja maar niet mijn naam", None),
        ("eh", None),
    ],
)
def test_yes_and_no(understanding: Any, step: str, text: str, word: Optional[str]) -> None:
    assert read(understanding, step, text)[:2] == ("advice_answer", word)


@pytest.mark.parametrize(
    ("step", "text", "word", "part"),
    [
        ("vraag", "ja, dat mag", "ja", None),
        ("vraag", "nee", "nee", None),
        ("onderwerp", "slaap", "slaap", None),
        ("onderwerp", "ik slaap slecht en ben moe", "slaap", None),
        ("onderwerp", "mijn bestelling", "bestelling", None),
        ("onderwerp", "stress", "stress en onrust", None),
        ("onderwerp", "wat anders", "iets anders", None),
        ("onderwerp", "iets met vissen", None, None),
        ("naam", "Jan", None, None),
        ("naam", "Marieke", None, None),
        ("naam", "Stephan van Went", None, None),
        ("naam", "Rob Otto", None, None),
        ("naam", "nee", "overslaan", None),
        ("contact", "jan@voorbeeld.nl", None, None),
        ("contact", "06 12345678", None, None),
        ("contact", "+32 470 12 34 56", None, None),
        ("contact", "kun je mailen naar jan@voorbeeld.nl?", None, None),
        ("contact", "antwoord hier", "hier", None),
        ("contact", "blabla", None, None),
        ("bestelnummer", "NL-88", None, None),
        ("bestelnummer", "die heb ik niet", "overslaan", None),
        ("overzicht", "versturen", "versturen", None),
        ("overzicht", "ja klopt", "versturen", None),
        ("overzicht", "aanpassen", "aanpassen", None),
        ("overzicht", "mijn naam klopt niet", "aanpassen", "naam"),
        ("overzicht", "onderwerp", "aanpassen", "onderwerp"),
        ("overzicht", "nee", "aanpassen", None),
        ("aanpassen", "mijn vraag", "aanpassen", "vraag"),
        ("aanpassen", "e-mailadres", "aanpassen", "contact"),
    ],
)
def test_the_answer_of_each_step(
    understanding: Any, step: str, text: str, word: Optional[str], part: Optional[str]
) -> None:
    assert read(understanding, step, text) == ("advice_answer", word, part)


@pytest.mark.parametrize(
    ("step", "text", "intent"),
    [
        ("", "A-2026-0042", "request_status"),
        ("", "hoe staat het met mijn aanvraag", "request_status"),
        ("bewijs", "jan@voorbeeld.nl", "request_status"),
        ("bewijs", "wat is magnesium?", "faq"),
        ("", "verwijder mijn gegevens, A-2026-0042 jan@voorbeeld.nl", "data_delete"),
        ("verstuurd", "versturen", "advice_answer"),
        ("verstuurd", "wat is magnesium?", "faq"),
    ],
)
def test_outside_the_form(understanding: Any, step: str, text: str, intent: str) -> None:
    assert read(understanding, step, text)[0] == intent


def test_an_answer_changes_no_topic_of_the_conversation(understanding: Any) -> None:
    found = understanding.understand("vraag over serotonine en stress", Conversation(advies="vraag"))
    assert {entity.entity for entity in found.entities} <= {"advies_woord", "advies_deel"}


@pytest.mark.parametrize(
    ("step", "text", "expected"),
    [
        # A correction is heard at once; nothing goes out with what was taken back.
        ("overzicht", "nee mijn mail is piet@voorbeeld.be", ("advice_answer", "aanpassen", "contact")),
        ("overzicht", "nee ik bedoel 06-87654321", ("advice_answer", "aanpassen", "contact")),
        ("overzicht", "nee mijn naam is Peter", ("advice_answer", "aanpassen", "naam")),
        ("naam", "nee wacht mijn mail is piet@voorbeeld.be", ("advice_answer", "aanpassen", "contact")),
        ("onderwerp", "mail naar piet@voorbeeld.be", ("advice_answer", "aanpassen", "contact")),
        ("contact", "ik wil mijn vraag veranderen", ("advice_answer", "aanpassen", "vraag")),
        ("contact", "aanpassen", ("advice_answer", "terug", None)),
        ("naam", "doe maar per telefoon", ("advice_answer", None, "contact")),
        ("naam", "versturen", ("advice_answer", "versturen", None)),
        # Sent is sent: only a yes with nothing beside it that could mean something else.
        ("overzicht", "is goed versturen maar", ("advice_answer", "versturen", None)),
        ("overzicht", "ja hoor, ziet er goed uit", ("advice_answer", "versturen", None)),
        ("overzicht", "goed, wacht er nog mee", ("advice_answer", None, None)),
        ("overzicht", "ja versturen aan mijn man ook", ("advice_answer", None, None)),
        ("aanpassen", "akkoord", ("advice_answer", "terug", None)),
        ("aanpassen", "versturen", ("advice_answer", "versturen", None)),
        ("overzicht", "nog niet versturen", ("advice_answer", "aanpassen", None)),
        ("contact", "ja hier", ("advice_answer", "hier", None)),
        ("contact", "kan dat ook gewoon hier?", ("advice_answer", "hier", None)),
        # What it is for.
        ("toestemming", "wat gebeurt er dan met mijn gegevens?", ("advice_answer", "waarom", None)),
        ("toestemming", "waarom moet ik toestemming geven?", ("advice_answer", "waarom", None)),
        ("naam", "hoezo wil je mijn naam weten", ("advice_answer", "waarom", None)),
        ("contact", "waarom heb je mijn mail nodig?", ("advice_answer", "waarom", None)),
    ],
)
def test_what_real_customers_say_in_the_form(
    understanding: Any, step: str, text: str, expected: "tuple[str, Optional[str], Optional[str]]"
) -> None:
    assert read(understanding, step, text) == expected
