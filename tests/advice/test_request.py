"""From the draft and the conversation to what the desk stores."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any, Dict, List

import pytest

from advice.content import FormContent
from advice.draft import Draft
from advice.request import earlier_lines, make_request, self_check_answers, soft_level
from desk.cases import AdviceRequest, Contact, Line
from tests.advice.conftest import NOW

BEGAN = NOW.timestamp()


def at(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(BEGAN + seconds, dt.timezone.utc)


def said(event: str, text: str, seconds: float) -> Dict[str, Any]:
    return {"event": event, "text": text, "timestamp": BEGAN + seconds}


ASKS: Dict[str, Any] = {"parse_data": {"intent": {"name": "request_advice"}}}
CONVERSATION: List[Dict[str, Any]] = [
    said("user", "uit een eerdere sessie", -500),
    {"event": "session_started", "timestamp": BEGAN - 400},
    said("user", "wat is magnesium?", -300),
    said("bot", "Een mineraal.", -299),
    {**said("user", "persoonlijk advies", -1), **ASKS},
    said("bot", "Mag dat?", 1),
    said("user", "ja", 2),
]


def request(draft: Draft, content: FormContent, slots: "Dict[str, Any] | None" = None) -> AdviceRequest:
    return make_request(
        draft,
        conversation="web-1",
        channel="web",
        events=CONVERSATION,
        slots=slots or {},
        titles={"slaap": "Slaapritme"},
        content=content,
    )


def test_the_request_holds_what_was_filled_in_and_the_consent(complete: Draft, content: FormContent) -> None:
    found = request(complete, content)
    assert (found.key, found.conversation, found.channel) == (complete.key, "web-1", "web")
    assert (found.question, found.subject, found.name) == ("Wat helpt bij slecht slapen?", "slaap", "Jan")
    assert found.contact == Contact("email", "jan@voorbeeld.nl")
    assert (found.consent.version, found.consent.given_at) == ("2026-11", NOW)
    assert (found.transcript, found.self_check, found.urgent, found.notes) == (None, None, False, ())


def test_without_consent_there_is_no_request(complete: Draft, content: FormContent) -> None:
    with pytest.raises(ValueError):
        request(replace(complete, toestemming=None), content)


def test_the_conversation_goes_along_only_when_agreed_and_without_the_form(
    complete: Draft, content: FormContent
) -> None:
    agreed = request(replace(complete, gesprek=True), content)
    assert agreed.transcript == [
        Line("customer", "wat is magnesium?", at(-300)),
        Line("bot", "Een mineraal.", at(-299)),
        Line("customer", "persoonlijk advies", at(-1)),
    ]
    assert request(replace(complete, gesprek=False), content).transcript is None


def test_asking_for_advice_alone_is_no_conversation_to_send_along() -> None:
    asked_twice = [{**said("user", "persoonlijk advies", -9), **ASKS}, {**said("user", "advies", -1), **ASKS}]
    assert earlier_lines([*asked_twice, said("bot", "Mag dat?", 1)], NOW) == []


def test_the_self_check_goes_along_only_when_agreed(complete: Draft, content: FormContent) -> None:
    slots = {"check_slaap": "nee", "check_buik": None, "onderwerp": "slaap"}
    assert self_check_answers(slots) == {"slaap": "nee"}
    assert request(replace(complete, zelfcheck=True), content, slots).self_check == {"Slaapritme": "nee"}
    assert request(replace(complete, zelfcheck=False), content, slots).self_check is None


@pytest.mark.parametrize("level", ["suicide", "emergency", "violence", "reaction"])
def test_an_urgent_matter_of_the_session_makes_the_case_urgent_and_is_noted(
    complete: Draft, content: FormContent, level: str
) -> None:
    found = request(complete, content, {"veiligheid": level})
    assert found.urgent
    assert found.notes[0].startswith("Dringend:")


@pytest.mark.parametrize("level", ["medication", "pregnancy", "child", "condition"])
def test_other_matters_of_safety_are_noted_without_urgency(complete: Draft, content: FormContent, level: str) -> None:
    for found in (
        request(replace(complete, let_op=(level,)), content),
        request(complete, content, {"veiligheid": level}),
    ):
        assert not found.urgent
        assert found.notes == (content.let_op[level],)


@pytest.mark.parametrize(
    ("intent", "level"),
    [("safety_medication", "medication"), ("safety_child", "child"), ("safety_suicide", None), ("faq", None)],
)
def test_the_form_goes_on_after_levels_five_and_six_only(intent: str, level: "str | None") -> None:
    assert soft_level(intent) == level
