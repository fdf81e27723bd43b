"""Telegram over HTTP against a strict stand-in: what is said, pressed, refused, repeated, delayed."""

from __future__ import annotations

import json
import sqlite3
import urllib.request
from pathlib import Path
from typing import Any, Dict

import pytest

from content.texts import load_texts
from tests.channels.fakes.telegram import TOKEN, BotServer, Customer
from tests.channels.light_server import LightServer
from tests.channels.telegram.conftest import SECRET

TEXTS = {name: variations[0]["text"] for name, variations in load_texts().items()}


def rows(light: LightServer, table: str) -> int:
    path = Path(light.variables["SCHAKEL_CHANNELS_DATABASE"].removeprefix("sqlite:///"))
    with sqlite3.connect(path) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_a_message_is_answered_with_a_typing_sign_first(bot_server: BotServer, customer: Customer) -> None:
    assert customer.says("hallo") == 200
    assert [sent.text for sent in customer.hears(0)] == ["Antwoord op: hallo"]
    bot_server.wait_for(lambda server: customer.chat in server.actions)
    assert bot_server.refused == []


def test_messages_are_answered_in_their_order(customer: Customer) -> None:
    for text in ("traag 0.3 a", "b", "c"):
        customer.says(text)
    expected = ["Antwoord op: traag 0.3 a", "Antwoord op: b", "Antwoord op: c"]
    assert [sent.text for sent in customer.hears(2)] == expected[2:]
    assert [sent.text for sent in customer.received()] == expected


def test_somebody_elses_slow_answer_keeps_nobody_waiting(bot_server: BotServer, customer: Customer) -> None:
    slow = bot_server.customer(customer.chat + 100_000)
    slow.says("traag 2 a")
    customer.says("vlug")
    customer.hears(0)
    assert slow.received() == []
    slow.hears(0)


@pytest.mark.figures
def test_a_repeated_update_is_answered_once(customer: Customer) -> None:
    update = customer.text("hallo")
    assert [customer.server.deliver(update) for _ in range(3)] == [200, 200, 200]
    customer.says("einde")
    customer.hears(1)
    assert [sent.text for sent in customer.received()] == ["Antwoord op: hallo", "Antwoord op: einde"]
    print("telegram: of an update sent 3 times 2 changed nothing")


@pytest.mark.parametrize("secret", ["", "wrong", SECRET.upper(), SECRET + "x", SECRET[:-1], "é" * 24])
def test_a_call_without_the_secret_is_refused_and_leaves_nothing(
    secret: str, light: LightServer, customer: Customer
) -> None:
    before = rows(light, "channel_incoming")
    body = json.dumps(customer.text("hallo")).encode()
    assert customer.server.post(body, secret.encode().decode("latin-1")) == 403
    assert rows(light, "channel_incoming") == before


@pytest.mark.figures
def test_every_secret_that_differs_in_one_place_is_refused(light: LightServer, customer: Customer) -> None:
    before = rows(light, "channel_incoming")
    body = json.dumps(customer.text("hallo")).encode()
    altered = [SECRET[:place] + "~" + SECRET[place + 1 :] for place in range(len(SECRET))]
    altered += ["", "wrong", SECRET.upper(), SECRET + "x", SECRET[:-1]]
    refused = [customer.server.post(body, secret) for secret in altered].count(403)
    print(f"telegram: {refused} of {len(altered)} calls without the secret or with another one refused")
    assert refused == len(altered)
    assert rows(light, "channel_incoming") == before


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000, b"NaN", b"1e999"])
def test_a_body_that_is_no_update_gets_a_400(body: bytes, customer: Customer) -> None:
    assert customer.server.post(body, SECRET) == 400


def test_a_body_that_is_too_large_gets_a_413(customer: Customer) -> None:
    assert customer.server.post(b" " * (512 * 1024 + 1), SECRET) == 413


@pytest.mark.parametrize(
    "content",
    [
        {"edited_message": {"text": "hallo"}},
        {"channel_post": {"text": "hallo"}},
        {"my_chat_member": {}},
        {"inline_query": {"query": "hallo"}},
        {"message": None},
        {"message": {"text": "no chat"}},
        {"message": {"text": "x", "chat": {"id": "1", "type": "private"}}},
        {"message": {"text": "x", "chat": {"id": 1, "type": "channel"}}},
        {"message": {"text": "x", "chat": {"id": 1, "type": "private"}, "from": {"id": 1, "is_bot": True}}},
        {"message": {"new_chat_title": "x", "chat": {"id": 1, "type": "private"}}},
        {"callback_query": {"id": "1", "data": "x"}},
        {},
    ],
)
def test_other_updates_are_acknowledged_and_ignored(content: Dict[str, Any], customer: Customer) -> None:
    calls = len(customer.server.sent)
    assert customer.server.deliver(customer.server.update(**content)) == 200
    customer.says("einde")
    customer.hears(0)
    assert [sent.text for sent in customer.server.sent[calls:]] == ["Antwoord op: einde"]


def test_an_edit_is_not_answered_again(customer: Customer) -> None:
    customer.says("hallo")
    customer.hears(0)
    edited = customer.server.update(edited_message=customer.message(text="hallo!", edit_date=1_795_000_001))
    assert customer.server.deliver(edited) == 200
    customer.says("einde")
    assert [sent.text for sent in customer.hears(1)] == ["Antwoord op: einde"]


def test_a_pressed_button_says_its_payload(bot_server: BotServer, customer: Customer) -> None:
    customer.says("knoppen")
    offered = customer.hears(0)[0]
    assert [title for _, title in offered.buttons] == ["Wat doet B6?", "Medewerker"]
    answered = len(bot_server.answered)
    customer.presses("Wat doet B6?")
    assert [sent.text for sent in customer.hears(1)] == ["Antwoord op: wat doet b6"]
    bot_server.wait_for(lambda server: len(server.answered) == answered + 1)


def test_a_button_that_was_offered_to_somebody_else_does_nothing(bot_server: BotServer, customer: Customer) -> None:
    other = bot_server.customer(customer.chat + 200_000)
    other.says("knoppen")
    data = other.hears(0)[0].buttons[0][0]
    assert bot_server.deliver(customer.press(data)) == 200
    assert [sent.text for sent in customer.hears(0)] == [TEXTS["knop_onbekend"]]


@pytest.mark.parametrize("data", ['/greet{"a": 1}', "x", "é" * 32, "/restart"])
def test_callback_data_that_nobody_offered_reaches_no_assistant(data: str, customer: Customer) -> None:
    assert customer.server.deliver(customer.press(data)) == 200
    assert [sent.text for sent in customer.hears(0)] == [TEXTS["knop_onbekend"]]


@pytest.mark.parametrize("data", ["", "x" * 65, "é" * 33])
def test_callback_data_that_telegram_can_not_have_sent_is_left_aside(data: str, customer: Customer) -> None:
    assert customer.server.deliver(customer.press(data)) == 200
    customer.says("einde")
    assert [sent.text for sent in customer.hears(0)] == ["Antwoord op: einde"]


def test_doubled_and_shuffled_calls_are_answered_once_and_in_order(customer: Customer) -> None:
    updates = [customer.text(f"bericht {number}") for number in range(60)]
    assert set(customer.server.deliver_all(updates, 0.3, seed=8, window=4)) == {200}
    customer.hears(59)
    assert [sent.text for sent in customer.received()] == [f"Antwoord op: bericht {number}" for number in range(60)]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("/start", "hallo"),
        ("/start abc123", "hallo"),
        ("/help", "wat kan ik vragen"),
        ("/HELP@schakel_bot", "wat kan ik vragen"),
        ("/medewerker", "medewerker"),
        ("/privacy", "Wat doen jullie met mijn gegevens?"),
        ("/wissen", "verwijder mijn gegevens"),
        ("/greet", "greet"),
        ('/greet{"intent": 1}', 'greet{"intent": 1}'),
        ("/starten", "starten"),
    ],
)
def test_commands_are_plain_dutch(typed: str, said: str, customer: Customer) -> None:
    customer.says(typed)
    assert customer.hears(0)[0].text == f"Antwoord op: {said}"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ({"photo": [{"file_id": "x"}]}, "alleen_tekst"),
        ({"sticker": {"emoji": "😀"}}, "alleen_tekst"),
        ({"voice": {"file_id": "x"}}, "alleen_tekst"),
        ({"location": {"latitude": 1.0, "longitude": 2.0}}, "alleen_tekst"),
        ({"text": "x" * 2_001}, "bericht_te_lang"),
        ({"text": "\u200b\u200b"}, "bericht_leeg"),
        ({"text": "/"}, "bericht_leeg"),
    ],
)
def test_what_the_assistant_can_not_read_gets_a_kind_line(
    content: Dict[str, Any], name: str, customer: Customer
) -> None:
    customer.server.deliver(customer.server.update(message=customer.message(**content)))
    assert customer.hears(0)[0].text == TEXTS[name]


def test_the_words_under_a_photo_are_answered(customer: Customer) -> None:
    photo = customer.message(photo=[{"file_id": "x"}], caption="wat is dit")
    customer.server.deliver(customer.server.update(message=photo))
    assert customer.hears(0)[0].text == "Antwoord op: wat is dit"


def test_a_group_gets_one_polite_line(bot_server: BotServer, customer: Customer) -> None:
    group = bot_server.customer(-customer.chat, "supergroup")
    for text in ("hallo", "wat doet magnesium", "/start"):
        group.says(text)
    customer.says("einde")
    customer.hears(0)
    bot_server.wait_for(lambda server: server.sent_to(group.chat))
    assert [sent.text for sent in group.received()] == [TEXTS["alleen_prive"]]


def test_a_long_answer_comes_in_parts_that_fit(bot_server: BotServer, customer: Customer) -> None:
    from tests.channels.light_server import SPECIAL

    customer.says("lang")
    customer.server.wait_for(lambda server: any("Alinea 19" in sent.text for sent in customer.received()))
    said = SPECIAL["lang"]["text"]
    assert "".join("".join(sent.text.split()) for sent in customer.received()) == "".join(said.split())
    assert len(customer.received()) > 1
    assert bot_server.refused == []


def test_a_picture_is_uploaded_once_and_has_its_description(bot_server: BotServer, customer: Customer) -> None:
    for more_than in (0, 2):
        customer.says("plaat")
        picture, text = customer.hears(more_than + 1) and customer.received()[more_than:]
        assert picture.photo
        assert picture.text == "De keten van eiwit naar melatonine."
        assert (text.text, [title for _, title in text.buttons]) == (
            "Zo ziet het eruit.",
            ["Wat doet B6?", "Medewerker"],
        )
    assert bot_server.uploads == 1


@pytest.mark.parametrize("text", ["stil", "kapot"])
def test_an_assistant_that_fails_apologises(text: str, customer: Customer) -> None:
    customer.says(text)
    assert customer.hears(0)[0].text == TEXTS["storing"]


def test_html_in_a_message_stays_text(bot_server: BotServer, customer: Customer) -> None:
    customer.says("<b>5 < 6 & 7 > 6</b> &amp; &lt;script&gt;")
    assert customer.hears(0)[0].text == "Antwoord op: <b>5 < 6 & 7 > 6</b> &amp; &lt;script&gt;"
    assert bot_server.refused == []


@pytest.mark.parametrize(("code", "retry_after"), [(429, 1.0), (500, None), (502, None), (0, None)])
def test_a_passing_failure_delays_and_loses_nothing(
    code: int, retry_after: Any, bot_server: BotServer, customer: Customer
) -> None:
    bot_server.fail(code, 1, retry_after, customer.chat)
    for text in ("een", "twee"):
        customer.says(text)
    customer.hears(1)
    assert [sent.text for sent in customer.received()] == ["Antwoord op: een", "Antwoord op: twee"]


def test_a_customer_who_blocked_the_bot_stops_nobody_else(bot_server: BotServer, customer: Customer) -> None:
    blocked = bot_server.customer(customer.chat + 300_000)
    bot_server.blocked.add(blocked.chat)
    blocked.says("hallo")
    customer.says("hallo")
    customer.hears(0)
    bot_server.wait_for(lambda server: ("sendMessage", 403, "Forbidden: bot was blocked by the user") in server.refused)
    bot_server.blocked.discard(blocked.chat)
    blocked.says("terug")
    assert [sent.text for sent in blocked.hears(0)] == ["Antwoord op: terug"]


def test_the_menu_of_commands_is_filled(bot_server: BotServer, customer: Customer) -> None:
    bot_server.wait_for(lambda server: server.commands)
    assert [command["command"] for command in bot_server.commands] == [
        "start",
        "help",
        "medewerker",
        "privacy",
        "wissen",
    ]


def test_answered_messages_leave_no_words_behind(light: LightServer, customer: Customer) -> None:
    customer.says("mijn geheime woord is vliegenier")
    customer.hears(0)
    customer.says("einde")
    customer.hears(1)
    path = light.variables["SCHAKEL_CHANNELS_DATABASE"].removeprefix("sqlite:///")
    with sqlite3.connect(path) as connection:
        dump = "\n".join(connection.iterdump())
    assert "vliegenier" not in dump


def test_the_log_holds_no_token_no_words_and_no_customer(light: LightServer, customer: Customer) -> None:
    customer.server.fail(500, 1, None, customer.chat)
    customer.says("mijn geheime woord is zweefvlieger")
    customer.hears(0)
    log = light.log.read_text()
    assert TOKEN not in log
    assert TOKEN.split(":")[1] not in log
    assert "zweefvlieger" not in log
    assert str(customer.chat) not in log
    assert "telegram-~" in log  # the keyed name stands there instead


def test_health_is_told(light: LightServer, customer: Customer) -> None:
    with urllib.request.urlopen(f"{light.address}/webhooks/telegram/", timeout=60) as reply:
        assert json.load(reply) == {"status": "ok"}
