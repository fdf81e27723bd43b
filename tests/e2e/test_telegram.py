"""Whole conversations over Telegram with the really running assistant, which fetches its messages; Telegram is a
stand-in."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest

from content.texts import load_texts
from tests.channels.fakes.telegram import TOKEN, BotServer
from tests.e2e.running import Talk, environment_in, started

Responses = Dict[str, List[Dict[str, Any]]]
TEXTS = {name: variations[0]["text"] for name, variations in load_texts().items()}
DISCLOSURE = TEXTS["disclosure"].replace("{naam}", "Voorbeeldwinkel")
SECRET = "only-telegram-knows_this"


@pytest.fixture(scope="module")
def telegram() -> Iterator[BotServer]:
    with BotServer(secret=SECRET) as server:
        yield server


@pytest.fixture(scope="module")
def folder(trained_model: Path, telegram: BotServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the running assistant keeps its log."""
    place = tmp_path_factory.mktemp("telegram")
    environment = environment_in(place, telegram_token=TOKEN, telegram_secret=SECRET, telegram_api=telegram.address)
    with started(environment, place):
        yield place


@pytest.fixture
def an(folder: Path, telegram: BotServer, request: pytest.FixtureRequest) -> Talk:
    return Talk(telegram.customer(2_000 + abs(hash(request.node.name)) % 10**6))


def text_of(responses: Responses, name: str, variation: int = 0) -> str:
    return str(responses[name][variation]["text"]).strip("\n").replace("{naam}", "Voorbeeldwinkel")


def test_a_question_is_answered_and_its_related_questions_are_buttons(an: Talk, responses: Responses) -> None:
    first = an.says("wat is serotonine?")[0]
    expected = f"{DISCLOSURE}\n{text_of(responses, 'utter_faq/serotonine_wat_is')}\n{TEXTS['algemene_informatie']}"
    assert first.text == expected
    related = responses["utter_faq/serotonine_wat_is"][0]["metadata"]["verwant"]
    titles = [responses[f"utter_faq/{faq_id}"][0]["metadata"]["vraag"] for faq_id in related]
    assert [title for _, title in first.buttons] == titles
    answer = an.presses(titles[0])[0]
    assert answer.text == text_of(responses, f"utter_faq/{related[0]}")


def test_yes_after_an_offer_leads_to_a_human(an: Talk, responses: Responses) -> None:
    offer = an.says("Kan ik mijn bestelling retourneren?")[0]
    assert [title for _, title in offer.buttons] == ["Ja, graag", "Nee, dank je"]
    assert an.presses("Ja, graag")[0].text == text_of(responses, "utter_request_human", -1)


@pytest.mark.parametrize(
    ("command", "response"),
    [
        ("/start", "utter_greet"),
        ("/help", "utter_help"),
        ("/medewerker", "utter_request_human"),
        ("/wissen", "utter_wissen_vraag"),
    ],
)
def test_commands_do_what_the_menu_says(command: str, response: str, an: Talk, responses: Responses) -> None:
    an.says("dank je wel")
    assert text_of(responses, response, -1) in an.says(command)[0].text


def test_the_privacy_command_asks_what_happens_to_my_data(an: Talk, responses: Responses) -> None:
    an.says("dank je wel")
    said = an.says("/privacy")[0].text
    known = [v["text"].strip("\n") for v in responses["utter_faq/winkel_privacy"]] + [TEXTS["weet_ik_niet"]]
    assert any(text.split("{")[0] in said for text in known)


def test_the_walk_through_the_chain_goes_by_buttons_and_its_picture_arrives(an: Talk, telegram: BotServer) -> None:
    said = an.says("leg de keten uit", 2)
    assert said[0].photo
    assert said[0].text
    assert "De keten loopt van eiwit in je eten" in said[1].text
    step = an.presses(said[1].buttons[0][1], 1)
    while not any("Stap 1 van 6: eiwit." in sent.text for sent in step):
        step += an.answer()
    assert telegram.uploads >= 1


def test_the_self_check_is_answered_with_buttons(an: Talk) -> None:
    said = an.says("welke schakel hapert er bij mij?", 2)
    assert "Vraag 1 van 5" in said[-1].text
    for number in range(2, 6):
        assert f"Vraag {number} van 5" in an.presses("Soms")[-1].text
    an.presses("Nee")
    while not any(sent.buttons for sent in an.customer.received()[-2:]):
        an.answer()


def test_safety_comes_before_everything(an: Talk) -> None:
    assert "113" in an.says("ik wil niet meer leven")[0].text


def test_a_typed_intent_is_not_obeyed(an: Talk, responses: Responses) -> None:
    said = an.says("/insult")[0].text
    assert text_of(responses, "utter_insult") not in said


def test_an_update_that_is_fetched_twice_is_answered_once(an: Talk, telegram: BotServer) -> None:
    update = an.customer.text("hallo")
    telegram.deliver(update)
    telegram.deliver(dict(update))
    an.answer()
    an.says("wat is magnesium?")
    assert sum("Voorbeeldwinkel" in sent.text for sent in an.customer.received()) == 1


def test_nothing_was_refused_and_the_log_knows_nobody(an: Talk, telegram: BotServer, folder: Path) -> None:
    an.says("mijn telefoonnummer is 0687654321 en wat is magnesium?")
    assert telegram.refused == []
    log = (folder / "rasa.log").read_text(encoding="utf-8")
    for secret in ("0687654321", str(an.customer.chat), TOKEN, TOKEN.split(":")[1], SECRET):
        assert secret not in log
