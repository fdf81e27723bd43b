"""Conversations with the running servers: follow-ups, fallbacks, bad input, the pages."""

from __future__ import annotations

import json
import uuid
from typing import Any, Dict, List

import pytest

from content.texts import load_texts
from tests.e2e.conftest import Assistant

Responses = Dict[str, List[Dict[str, Any]]]
TEXTS = {name: variations[0]["text"] for name, variations in load_texts().items()}
DISCLOSURE = TEXTS["disclosure"].replace("{naam}", "Voorbeeldwinkel")


def text_of(responses: Responses, name: str) -> str:
    text: str = next(variation["text"] for variation in responses[name] if "condition" not in variation)
    return text.strip("\n").replace("{naam}", "Voorbeeldwinkel")


def answer(responses: Responses, faq_id: str) -> str:
    return text_of(responses, f"utter_faq/{faq_id}")


def test_follow_ups_keep_topic_or_aspect_and_more_gives_the_second_part(
    assistant: Assistant, responses: Responses
) -> None:
    more = responses["utter_faq/magnesium_bijwerkingen"][0]["metadata"]["meer"].strip("\n")
    assistant.verify_dialog(
        [
            ("hallo", text_of(responses, "utter_greet")),
            ("wat is seratonine?", f"{answer(responses, 'serotonine_wat_is')}\n{TEXTS['algemene_informatie']}"),
            ("en magnesium?", answer(responses, "magnesium_wat_is")),
            ("wat zijn de bijwerkingen?", answer(responses, "magnesium_bijwerkingen")),
            ("vertel meer", more),
            ("Wat zijn de verzendkosten?", answer_of_shop(responses)),
            ("en hoe lang duurt dat dan voor je iets merkt?", answer(responses, "magnesium_duur")),
        ]
    )


def answer_of_shop(responses: Responses) -> str:
    second = responses["utter_faq/winkel_verzendkosten"][1]["text"]
    return str(second).strip("\n").replace("{gratis_verzending_vanaf}", "€ 60")


def test_an_unknown_policy_is_admitted_and_yes_leads_to_a_human(assistant: Assistant, responses: Responses) -> None:
    sender = uuid.uuid4().hex
    message = assistant.ask("Kan ik mijn bestelling retourneren?", sender)[0]
    assert message["text"] == f"{DISCLOSURE}\n{TEXTS['weet_ik_niet']}"
    yes = message["buttons"][0]["payload"]
    last_resort = responses["utter_request_human"][-1]["text"].strip("\n")
    assert assistant.texts(yes, sender)[0] == last_resort


def test_medewerker_works_at_every_turn(assistant: Assistant, responses: Responses) -> None:
    sender = uuid.uuid4().hex
    last_resort = responses["utter_request_human"][-1]["text"].strip("\n")
    no_hours = responses["utter_mens_later"][-1]["text"].strip("\n")
    assert assistant.texts("medewerker", sender) == [f"{DISCLOSURE}\n{last_resort}", no_hours]
    assistant.ask("wat is magnesium", sender)
    assert assistant.texts("Medewerker", sender) == [last_resort, no_hours]


def test_another_substance_is_not_answered_from_the_catalogue(assistant: Assistant, responses: Responses) -> None:
    expected = text_of(responses, "utter_out_of_scope")
    for text in ("waar wordt adrenaline gemaakt", "bijwerkingen van creatine", "hoe verhoog ik dopamine"):
        assert assistant.texts(text) == [f"{DISCLOSURE}\n{expected}"], text


def test_who_tells_of_a_death_is_not_told_that_it_is_not_understood(assistant: Assistant) -> None:
    (reply,) = assistant.texts("mijn man is vorige week overleden en ik slaap niet meer")
    assert reply.startswith("Wat verdrietig, en veel sterkte met je verlies. Ik ben een computer")
    assert reply.endswith(DISCLOSURE)


def test_three_messages_that_are_not_understood_end_in_the_offer_of_a_human(assistant: Assistant) -> None:
    sender = uuid.uuid4().hex
    replies = [assistant.ask(text, sender)[0] for text in ("xqzw", "🙈", "🤷")]
    assert replies[0]["text"] == f"{DISCLOSURE}\n{TEXTS['ask_rephrase']}"
    assert replies[2]["text"] == TEXTS["offer_human"]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '{"intent": "faq", "message": [1, 2]}',
        "a" * 2000,
        "?" * 500,
        "\u202eomgekeerd",
        "What is serotonin and do you ship to Germany?",
        "SELECT * FROM klanten; --",
        "{naam} {email} %s ${HOME}",
        "مرحبا كيف حالك",
        "\ud83d\ude00 " * 300,
        "/safety_suicide",
        '/faq/serotonine_wat_is{"onderwerp": "x"}',
        "/restart",
        "/session_start",
    ],
)
def test_odd_input_gets_a_friendly_reply(assistant: Assistant, text: str) -> None:
    replies = assistant.texts(text)
    assert replies
    assert all(replies)
    assert "Traceback" not in "".join(replies)
    assert TEXTS["storing"] not in "".join(replies)


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        (b"geen json", 400, "verzoek_ongeldig"),
        (b"[1, 2]", 400, "verzoek_ongeldig"),
        (b'{"sender": "a"}', 400, "verzoek_ongeldig"),
        (b'{"sender": "a", "message": ""}', 400, "bericht_leeg"),
        (b'{"sender": "a", "message": "\\u0000\\u200b"}', 400, "bericht_leeg"),
        (b"[" * 60_000, 400, "verzoek_ongeldig"),
        (json.dumps({"message": "a" * 100_000}).encode(), 413, "bericht_te_lang"),
        (json.dumps({"message": "a" * 2_001}).encode(), 413, "bericht_te_lang"),
    ],
)
def test_a_wrong_request_gets_a_clear_4xx_in_dutch(assistant: Assistant, body: bytes, status: int, text: str) -> None:
    assert assistant.post(body)[0] == status
    assert assistant.post(body)[1]["text"] == TEXTS[text]


def test_typed_commands_do_not_choose_an_intent(assistant: Assistant, responses: Responses) -> None:
    for intent in ("follow_up_more", "safety_violence", "safety_child", "explain_chain_blocker"):
        reply = "\n".join(assistant.texts(f"/{intent}"))
        known = [v["text"].strip("\n")[-60:] for v in responses.get(f"utter_{intent}", [])]
        assert not [text for text in known if text in reply], intent


def test_rasas_own_api_is_not_there(assistant: Assistant) -> None:
    for path in ("/conversations/x/tracker", "/model/parse", "/status", "/domain"):
        assert assistant.get(path)[0] == 404, path


def test_the_demo_shop_is_served_with_strict_headers(assistant: Assistant) -> None:
    status, page, headers = assistant.get("/")
    assert status == 200
    assert '<html lang="nl"' in page
    assert "Content-Security-Policy" in headers or "content-security-policy" in headers
