"""Whole conversations over WhatsApp and Twilio with the really running assistant; Meta and Twilio are stand-ins."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Iterator, List
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from hypothesis import HealthCheck, given, settings

from channels.whatsapp.__main__ import check
from content.texts import load_texts
from shop.settings import Environment
from tests.channels.fakes.graph import GraphApi, Template
from tests.channels.fakes.twilio import TwilioApi
from tests.channels.whatsapp.test_generated import BODIES
from tests.e2e.running import Talk, environment_in, started

Responses = Dict[str, List[Dict[str, Any]]]
TEXTS = {name: variations[0]["text"] for name, variations in load_texts().items()}
DISCLOSURE = TEXTS["disclosure"].replace("{naam}", "Voorbeeldwinkel")
OUTSIDE = "https://chat.mijnwinkel.example"
VERIFY = "een-woord-van-ons"
AN = "+31612345678"


@pytest.fixture(scope="module")
def graph() -> Iterator[GraphApi]:
    with GraphApi(templates={"antwoord": Template(("nl",), 1)}) as api:
        yield api


@pytest.fixture(scope="module")
def twilio() -> Iterator[TwilioApi]:
    with TwilioApi() as api:
        yield api


@pytest.fixture(scope="module")
def environment(graph: GraphApi, twilio: TwilioApi, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return environment_in(
        tmp_path_factory.mktemp("chat_apps"),
        public_address=OUTSIDE,
        whatsapp_token=graph.token,
        whatsapp_number_id=graph.phone_number_id,
        whatsapp_app_secret=graph.app_secret,
        whatsapp_verify_token=VERIFY,
        whatsapp_api=graph.address,
        whatsapp_template="antwoord",
        twilio_account=twilio.account,
        twilio_token=twilio.auth_token,
        twilio_number=twilio.sender,
        twilio_api=twilio.address,
    )


@pytest.fixture(scope="module")
def address(trained_model: Path, environment: Environment, graph: GraphApi, twilio: TwilioApi) -> Iterator[str]:
    found = f"http://{environment.host}:{environment.port}"
    graph.webhook = found + "/webhooks/whatsapp/webhook"
    twilio.webhook = found + "/webhooks/twilio/webhook"
    twilio.public_webhook = OUTSIDE + "/webhooks/twilio/webhook"
    with started(environment, Path(environment.conversations).parent):
        yield found


def talk(graph: GraphApi, number: int) -> Talk:
    return Talk(graph.customer(user=f"NL.{number}", phone=f"316{number:08d}"))


def text_of(responses: Responses, name: str) -> str:
    return str(responses[name][0]["text"]).strip("\n").replace("{naam}", "Voorbeeldwinkel")


def test_a_question_is_answered_with_its_related_questions_as_a_list(
    address: str, graph: GraphApi, responses: Responses
) -> None:
    an = talk(graph, 1)
    first = an.says("wat is serotonine?")[0]
    expected = f"{DISCLOSURE}\n{text_of(responses, 'utter_faq/serotonine_wat_is')}\n{TEXTS['algemene_informatie']}"
    assert first.text == expected
    assert first.payload["interactive"]["type"] == "list"
    assert first.payload["interactive"]["action"]["button"] == "Maak een keuze"


def test_a_row_of_the_list_asks_its_question(address: str, graph: GraphApi) -> None:
    an = talk(graph, 2)
    first = an.says("wat is magnesium?")[-1]
    for _, title in first.choices:
        (answer, *_) = an.presses(title)
        assert answer.text
        assert TEXTS["ask_rephrase"] not in answer.text
        assert TEXTS["knop_onbekend"] not in answer.text


def test_the_walk_through_the_chain_goes_by_buttons_and_its_pictures_arrive(address: str, graph: GraphApi) -> None:
    an = talk(graph, 3)
    said = an.says("leg de keten uit")
    while not any(sent.choices for sent in said):
        said += an.answer()
    assert any("De keten loopt van eiwit in je eten" in sent.text for sent in said)
    said = an.says("volgende")
    while not any("Stap 1 van 6: eiwit." in sent.text for sent in said):
        said += an.answer()
    pictures = [sent for sent in an.customer.received() if sent.payload["type"] == "image"]
    assert pictures
    assert all(graph.media[sent.payload["image"]["id"]].startswith(b"\x89PNG") for sent in pictures)


def test_nobody_is_asked_on_whatsapp_how_they_are_doing(address: str, graph: GraphApi) -> None:
    an = talk(graph, 4)
    (only,) = an.says("welke schakel hapert er bij mij?")
    assert OUTSIDE + "/keten" in only.text
    assert only.choices == []
    (after,) = an.says("wat is magnesium?")
    assert "Vraag" not in after.text.split("\n")[0]


def test_yes_after_an_offer_leads_to_a_human(address: str, graph: GraphApi, responses: Responses) -> None:
    an = talk(graph, 5)
    (offer,) = an.says("Kan ik mijn bestelling retourneren?")
    assert [title for _, title in offer.choices] == ["Ja, graag", "Nee, dank je"]
    assert offer.payload["interactive"]["type"] == "button"
    assert an.presses("Ja, graag")[0].text == text_of({"x": [responses["utter_request_human"][-1]]}, "x")


def test_safety_comes_before_everything_on_whatsapp_too(address: str, graph: GraphApi) -> None:
    an = talk(graph, 6)
    (answer, *_) = an.says("ik wil niet meer leven")
    assert "113" in answer.text


def test_a_typed_intent_is_not_obeyed(address: str, graph: GraphApi) -> None:
    an = talk(graph, 7)
    (answer, *_) = an.says('/faq{"faq_id": "serotonine_wat_is"}')
    assert answer.text
    (kind, *_) = [sent for sent in an.says("/restart") if sent.text]
    assert kind.text


def test_a_photo_and_a_voice_message_are_answered_kindly(address: str, graph: GraphApi) -> None:
    an = talk(graph, 8)
    graph.deliver(an.customer.body({"type": "audio", "audio": {"id": "1", "voice": True}}))
    assert [sent.text for sent in an.answer()] == [TEXTS["alleen_tekst"]]


def test_a_message_delivered_three_times_is_answered_once(address: str, graph: GraphApi) -> None:
    an = talk(graph, 9)
    body = an.customer.text("hallo")
    assert [graph.deliver(body) for _ in range(3)] == [200, 200, 200]
    an.answer()
    an.says("wat is magnesium?")
    assert sum("Voorbeeldwinkel" in sent.text for sent in an.customer.received()) == 1


def test_the_first_registration_is_answered_and_strangers_are_not(address: str) -> None:
    right = f"hub.mode=subscribe&hub.verify_token={VERIFY}&hub.challenge=1158201444"
    with urlopen(f"{address}/webhooks/whatsapp/webhook?{right}", timeout=10) as reply:
        assert reply.read() == b"1158201444"
    for wrong in (right.replace(VERIFY, "iets-anders"), "hub.mode=subscribe", ""):
        with pytest.raises(HTTPError, match="403"):
            urlopen(f"{address}/webhooks/whatsapp/webhook?{wrong}", timeout=10)


async def test_check_tries_the_webhook_as_meta_does(
    address: str, environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    here = replace(environment, public_address=address)
    assert await check(here) == []
    assert f"The webhook answers at {address}/webhooks/whatsapp/webhook." in capsys.readouterr().out
    assert await check(replace(here, whatsapp_verify_token="een-ander-woord")) == [
        f"{address}/webhooks/whatsapp/webhook: answered 403. Is the assistant running, and does the proxy lead there?"
    ]


def test_calls_without_a_right_signature_are_refused_at_the_door(
    address: str, graph: GraphApi, twilio: TwilioApi
) -> None:
    raw = json.dumps(talk(graph, 10).customer.text("hoi")).encode()
    assert [graph.post(raw, signature) for signature in ("", "sha256=" + "0" * 64, graph.sign(raw)[:-1])] == [403] * 3
    assert graph.post(b"x" * (3 * 1024 * 1024 + 1), "") == 413
    fields = twilio.message(AN, "hoi")
    assert twilio.deliver(fields, "") == 403
    assert twilio.deliver(fields, twilio.sign(list(fields.items()), twilio.webhook)) == 403
    assert twilio.post(b"x=" + b"y" * 70_000, "") == 413


def test_what_customers_write_stands_in_no_log(address: str, graph: GraphApi, environment: Environment) -> None:
    an = talk(graph, 11)
    an.says("mijn telefoonnummer is 0687654321 en wat is magnesium?")
    log = (Path(environment.conversations).parent / "rasa.log").read_text(encoding="utf-8")
    for secret in ("0687654321", "NL.11", "31600000011", graph.token, graph.app_secret, VERIFY):
        assert secret not in log


def test_twilio_answers_and_a_typed_number_chooses(address: str, twilio: TwilioApi, responses: Responses) -> None:
    twilio.says(AN, "Kan ik mijn bestelling retourneren?")
    offer = "\n".join(twilio.hears(AN, 0, timeout=60))
    assert offer == f"{DISCLOSURE}\n{TEXTS['weet_ik_niet']}\n\n1. Ja, graag\n2. Nee, dank je\n\n{TEXTS['typ_nummer']}"
    twilio.says(AN, "1")
    assert twilio.hears(AN, 1, timeout=60) == [text_of({"x": [responses["utter_request_human"][-1]]}, "x")]


def test_nobody_is_asked_over_twilio_how_they_are_doing(address: str, twilio: TwilioApi) -> None:
    twilio.says("+31600000001", "welke schakel hapert er bij mij?")
    (only,) = twilio.hears("+31600000001", 0, timeout=60)
    assert OUTSIDE + "/keten" in only


def test_pictures_reach_twilio_by_their_public_address(address: str, twilio: TwilioApi) -> None:
    twilio.says("+31600000002", "wat als ik te weinig b6 binnenkrijg?")
    twilio.wait_for(lambda api: any("MediaUrl" in fields for fields in api.received("+31600000002")), timeout=60)
    urls = [fields["MediaUrl"] for fields in twilio.received("+31600000002") if "MediaUrl" in fields]
    assert urls == [OUTSIDE + "/keten/plaat/tekort-vitamine-b6.png"]


def test_nothing_was_refused_by_the_stand_ins(address: str, graph: GraphApi, twilio: TwilioApi) -> None:
    assert (graph.refused, twilio.refused) == ([], [])


@settings(max_examples=100, database=None, suppress_health_check=list(HealthCheck))
@given(body=BODIES)
def test_no_generated_body_leads_to_a_failure_of_the_server(address: str, graph: GraphApi, body: bytes) -> None:
    assert graph.post(body, graph.sign(body)) in (200, 400)
    assert graph.post(body, graph.sign(body + b"x")) == 403
