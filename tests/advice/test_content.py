"""The form's content fits together: buttons, words, replies, the consent's version."""

from __future__ import annotations

import hashlib
from typing import Any, Dict, List

from advice import steps
from advice.content import FormContent
from nlu.advice import Said, in_advice
from nlu.lexicon import Lexicon
from nlu.normalise import words
from nlu.understanding import AdviceWords

Responses = Dict[str, List[Dict[str, Any]]]
LEXICON = Lexicon.load()
LISTS = AdviceWords(LEXICON.data)


def heard(step: str, text: str) -> Said:
    return Said(text, tuple(words(text, LEXICON.abbreviations)), "nlu_fallback")


def test_a_changed_text_of_the_consent_has_a_new_version(content: FormContent, responses: Responses) -> None:
    text = responses["utter_ask_advies_toestemming"][0]["text"]
    found = hashlib.sha256(text.encode()).hexdigest()
    assert content.toestemming.afdruk == found, f"new version in formulier.yml, with afdruk {found}"


def test_the_consent_says_what_it_must(responses: Responses) -> None:
    assert len(responses["utter_ask_advies_toestemming"]) == 1
    text = responses["utter_ask_advies_toestemming"][0]["text"]
    for part in ("gezondheid", "toestemming", "minder vertellen", "wissen", "geen diagnose"):
        assert part in text


def test_every_button_of_every_question_is_an_answer_to_it(content: FormContent, responses: Responses) -> None:
    for step in (*steps.STEPS, "overzicht", "aanpassen"):
        for button in responses[f"utter_ask_advies_{step}"][0].get("buttons") or []:
            turn = in_advice(step, heard(step, button["payload"]), LISTS)
            assert turn is not None, (step, button)
            assert turn.word is not None, (step, button)
    for choice in content.onderwerpen:
        turn = in_advice("onderwerp", heard("onderwerp", choice.zegt), LISTS)
        assert turn is not None
        assert turn.word == choice.naam
    for part, button in content.aanpassen.items():
        turn = in_advice("aanpassen", heard("aanpassen", button.zegt), LISTS)
        assert turn is not None
        assert turn.part == part


def test_every_subject_that_is_understood_can_be_chosen(content: FormContent) -> None:
    assert {choice.naam for choice in content.onderwerpen} == set(LEXICON.data["adviesonderwerpen"])
    assert content.ander_onderwerp in {choice.naam for choice in content.onderwerpen}


def test_every_reply_that_the_code_can_name_exists(responses: Responses, content: FormContent) -> None:
    for step in (*steps.STEPS, "overzicht", "aanpassen"):
        assert f"utter_ask_advies_{step}" in responses
        assert f"utter_advies_waarom_{step}" in responses
        assert step in steps.OPTIONAL or f"utter_advies_nodig_{step}" in responses
    for name in ("email", "phone", "here"):
        assert f"utter_advies_verstuurd_{name}" in responses
    for status in ("new", "assigned", "answered", "closed"):
        assert f"utter_status_{status}" in responses


def test_everything_the_desk_keeps_of_a_customer_has_a_name(content: FormContent) -> None:
    from desk import models, privacy

    tables = {table.name for table in models.Base.metadata.sorted_tables} - set(privacy.NOT_OF_CUSTOMERS)
    assert tables - set(content.soorten) == set()
