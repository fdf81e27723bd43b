"""The Twilio channel at work, over the strict stand-in."""

from __future__ import annotations

import logging
import os
import random
import re
import time
import urllib.parse
from pathlib import Path
from typing import List

import pytest

from channels.twilio import channel as module
from channels.twilio.__main__ import check
from channels.twilio.channel import TwilioChannel
from channels.twilio.settings import problems
from desk.takeover import ChatOut
from shop.settings import Environment
from tests.channels.fakes.running import Assistant, Clock, until
from tests.channels.fakes.twilio import TwilioApi
from tests.channels.twilio.conftest import TEMPLATE, Start, settings
from tests.channels.whatsapp.test_channel import Desk, status_of

AN = "+31612345678"
BUTTONS = [{"title": "Ja, graag", "payload": "ja graag"}, {"title": "Nee", "payload": "nee dank je"}]


def test_a_text_is_answered_through_twilios_interface(api: TwilioApi, start: Start, assistant: Assistant) -> None:
    start()
    assert api.says(AN, "Wat is serotonine?") == 200
    assert api.hears(AN, 0) == ["Je zei: Wat is serotonine?"]
    assert assistant.heard == [("twilio-+31612345678", "Wat is serotonine?")]
    callback, _, query = api.received(AN)[0]["StatusCallback"].partition("?")
    assert callback == "https://chat.mijnwinkel.example/webhooks/twilio/status"
    assert re.fullmatch(r"reference=1-[0-9]{13}", query)


def test_a_typed_number_says_what_was_offered_with_it(api: TwilioApi, start: Start, assistant: Assistant) -> None:
    assistant.reply = lambda text: (
        [{"text": "Zal ik het vragen?", "buttons": BUTTONS}] if text == "hoi" else [{"text": "goed"}]
    )
    start()
    api.says(AN, "hoi")
    assert api.hears(AN, 0) == [
        "Zal ik het vragen?\n\n1. Ja, graag\n2. Nee\n\nTyp het nummer van je keuze, of gewoon je vraag."
    ]
    api.says(AN, "2")
    api.hears(AN, 1)
    assert assistant.texts("twilio-" + AN) == ["hoi", "nee dank je"]


def test_a_typed_title_says_what_was_offered_with_it(api: TwilioApi, start: Start, assistant: Assistant) -> None:
    assistant.reply = lambda text: [{"text": "Kies.", "buttons": BUTTONS}] if text == "hoi" else [{"text": "goed"}]
    start()
    for number, text in enumerate(["hoi", "nee", "nee"]):
        api.says(AN, text)
        api.hears(AN, number)
    assert assistant.texts("twilio-" + AN) == ["hoi", "nee dank je", "nee"]  # the last one was offered by nothing


def test_a_number_is_only_a_number_when_the_newest_answer_offered_nothing(
    api: TwilioApi, start: Start, assistant: Assistant
) -> None:
    assistant.reply = lambda text: [{"text": "Kies.", "buttons": BUTTONS}] if text == "hoi" else [{"text": "Hoeveel?"}]
    start()
    for number, text in enumerate(["hoi", "iets anders", "2"]):
        api.says(AN, text)
        api.hears(AN, number)
    assert assistant.texts("twilio-" + AN) == ["hoi", "iets anders", "2"]


def test_a_number_beyond_the_choices_or_before_any_is_only_a_number(
    api: TwilioApi, start: Start, assistant: Assistant
) -> None:
    assistant.reply = lambda text: [{"text": "Kies.", "buttons": BUTTONS}]
    start()
    for number, text in enumerate(["2", "3"]):
        api.says(AN, text)
        api.hears(AN, number)
    assert assistant.texts("twilio-" + AN) == ["2", "3"]


def test_choices_of_somebody_else_do_not_count(api: TwilioApi, start: Start, assistant: Assistant) -> None:
    assistant.reply = lambda text: [{"text": "Kies.", "buttons": BUTTONS}]
    start()
    api.says(AN, "hoi")
    api.hears(AN, 0)
    api.says("+31699999999", "1")
    api.hears("+31699999999", 0)
    assert assistant.texts("twilio-+31699999999") == ["1"]


def test_a_photo_is_answered_kindly(api: TwilioApi, start: Start) -> None:
    start()
    api.deliver(api.message(AN, "", NumMedia="1", MediaContentType0="image/jpeg", MediaUrl0="https://api.twilio.com/1"))
    assert api.hears(AN, 0)[0].startswith("Ik kan alleen tekst lezen")


@pytest.mark.figures
def test_every_unsigned_wrongly_signed_or_altered_call_is_refused(
    api: TwilioApi, start: Start, assistant: Assistant
) -> None:
    start()
    fields = api.message(AN, "hoi")
    right = api.sign(list(fields.items()))
    raw = urllib.parse.urlencode(fields).encode()
    for_other_address = api.sign(list(fields.items()), api.webhook)
    other = TwilioApi(auth_token="f" * 32, public_webhook=api.public_webhook).sign(list(fields.items()))
    calls = [
        (raw, ""),
        (raw, other),
        (raw, for_other_address),
        (raw, right[:-1]),
        (raw + b"&x=", right),
        (raw, "x" * 28),
    ]
    for name in fields:
        calls.append((urllib.parse.urlencode({**fields, name: fields[name] + "1"}).encode(), right))
        calls.append((urllib.parse.urlencode({k: v for k, v in fields.items() if k != name}).encode(), right))
    chance = random.Random(8)
    for _ in range(100):
        digits = list(right)
        place = chance.randrange(len(digits) - 1)
        digits[place] = chance.choice([d for d in "abcdefghijkXYZ" if d != digits[place]])
        calls.append((raw, "".join(digits)))
    refused = [api.post(body, signature) for body, signature in calls].count(403)
    print(f"twilio: {refused} of {len(calls)} unsigned, wrongly signed or altered calls refused")
    assert refused == len(calls)
    assert assistant.heard == []


@pytest.mark.figures
def test_a_call_that_is_played_again_changes_nothing(api: TwilioApi, start: Start, assistant: Assistant) -> None:
    start()
    fields = api.message(AN, "hoi")
    assert [api.deliver(fields) for _ in range(10)] == [200] * 10
    api.says(AN, "nog iets")
    api.wait_for(lambda api: len(api.sent) == 2)
    assert assistant.texts("twilio-" + AN) == ["hoi", "nog iets"]
    print("twilio: of a call played 10 times 9 changed nothing")


def test_a_call_of_months_ago_is_still_known_when_it_is_played_again(
    api: TwilioApi, start: Start, assistant: Assistant
) -> None:
    running = start()
    fields = api.message(AN, "hoi")
    api.deliver(fields)
    api.hears(AN, 0)
    running.service.inbox._clock = lambda: time.time() + 300 * 86_400
    running.run(running.service.run(running.service.inbox.forget_ids, running.service.connector.keep_ids))
    api.deliver(fields)
    api.says(AN, "nieuw")
    api.hears(AN, 1)
    assert assistant.texts("twilio-" + AN) == ["hoi", "nieuw"]


@pytest.mark.figures
def test_doubled_deliveries_of_many_are_handled_once_and_in_order_per_sender(
    api: TwilioApi, start: Start, assistant: Assistant
) -> None:
    start(answer_timeout=60)
    senders, each = (77, 100) if os.environ.get("FULL") else (10, 10)
    people = [f"+316000000{number:02d}" for number in range(senders)]
    chance = random.Random(8)
    deck = [(person, str(number)) for number in range(each) for person in people]
    earlier = []
    for person, text in deck:
        fields = api.message(person, text)
        earlier.append(fields)
        assert api.deliver(fields) == 200
        if chance.random() < 0.3:
            assert api.deliver(chance.choice(earlier)) == 200
    api.wait_for(lambda api: len(api.sent) >= senders * each, timeout=600)
    for person in people:
        assert assistant.texts("twilio-" + person) == [str(number) for number in range(each)]
        assert [fields["Body"] for fields in api.received(person)] == [f"Je zei: {number}" for number in range(each)]
    print(f"twilio: {senders * each} messages of {senders} senders, 30 % twice: each once and in order")


@pytest.mark.parametrize("code", [20429, 20500, 20503])
def test_a_passing_failure_is_tried_again(api: TwilioApi, start: Start, code: int) -> None:
    start()
    api.fail(code)
    api.says(AN, "hoi")
    assert api.hears(AN, 0) == ["Je zei: hoi"]


def test_a_refused_token_switches_the_channel_off_with_one_line_and_loses_nothing(
    api: TwilioApi, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    running = start()
    known = api.account
    api.account = "AC" + "f" * 32  # the account that the assistant knows is gone
    with caplog.at_level(logging.INFO):
        api.says(AN, "hoi")
        until(lambda: running.service.is_off)
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(lines) == 1
    assert lines[0].startswith("Channel twilio is off, the others go on. Twilio answered 401, error 20003.")
    assert known not in caplog.text
    until(lambda: running.run(running.service.run(running.service.queue.counts)) == {"waiting": 1})


def test_an_answer_to_a_case_after_24_hours_goes_as_the_approved_template(
    api: TwilioApi, start: Start, clock: Clock
) -> None:
    desk = Desk()
    start(human=desk, twilio_template=TEMPLATE)
    api.says(AN, "hoi")
    api.hears(AN, 0)
    clock.ahead = 25 * 3600
    desk.waiting.append(ChatOut(1, "twilio-" + AN, "Beste An,\n\nja."))
    api.hears(AN, 1)
    assert api.received(AN)[1]["ContentVariables"] == '{"1": "Beste An, ja."}'
    assert api.refused == []  # our own clock knew; a refusal may come too late to send anything else
    until(lambda: desk.done == [1])


def test_a_status_is_kept_with_the_message(api: TwilioApi, start: Start) -> None:
    running = start()
    api.says(AN, "hoi")
    api.hears(AN, 0)
    sid, _ = api.sent[0]
    api.webhook = api.webhook.removesuffix("/webhook") + "/status"
    address = api.public_webhook.removesuffix("/webhook") + "/status"
    fields = {"MessageSid": sid, "MessageStatus": "read", "From": api.sender, "To": "whatsapp:" + AN}

    def kept() -> bool:
        assert api.deliver(fields, api.sign(list(fields.items()), address)) == 200
        return bool(running.run(running.service.run(status_of, running, sid)) == "read")

    until(kept)
    assert api.deliver(fields) == 403  # signed for the other address


def test_settings_are_checked_line_by_line(tmp_path: Path) -> None:
    api = TwilioApi(port=1)
    assert problems(settings(tmp_path, api)) == []
    assert problems(settings(tmp_path, api, public_address="", twilio_number="0612345678")) == [
        "SCHAKEL_TWILIO_NUMBER should be your number, such as whatsapp:+31201234567.",
        "SCHAKEL_PUBLIC_ADDRESS is missing (where Twilio calls the assistant; the signature is made over it).",
    ]


def test_a_missing_setting_switches_off_without_stopping_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    lines: List[str] = []
    for environment in (settings(tmp_path, TwilioApi(port=1), twilio_token=""), Environment()):
        monkeypatch.setattr(module, "load_environment", lambda environment=environment: environment)
        routes = TwilioChannel().blueprint(None)  # type: ignore[arg-type]
        assert [route.uri for route in routes._future_routes] == ["/"]
        lines += [record.getMessage() for record in caplog.records]
        caplog.clear()
    assert lines == [
        "Channel twilio is off, the others go on. SCHAKEL_TWILIO_TOKEN is missing (the account's auth token)."
    ]


async def test_check_asks_twilio_and_says_which_addresses_to_enter(
    api: TwilioApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await check(settings(tmp_path, api)) == []
    out = capsys.readouterr().out
    assert "https://chat.mijnwinkel.example/webhooks/twilio/webhook for messages" in out
    assert await check(settings(tmp_path, api, twilio_token="f" * 32)) == [
        "Twilio answered 401, error 20003. Check SCHAKEL_TWILIO_ACCOUNT and SCHAKEL_TWILIO_TOKEN."
    ]
