"""The channel at work: what is accepted, answered once and in order, and what Meta's refusals lead to."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import random
from collections import defaultdict
from typing import Any, Dict, List

import pytest

from desk.takeover import ChatOut
from tests.channels.fakes.graph import GraphApi
from tests.channels.fakes.running import Assistant, Clock, Running, until
from tests.channels.whatsapp.conftest import Start

BUTTONS = [{"title": "Ja, graag", "payload": "ja graag"}, {"title": "Nee", "payload": "nee dank je"}]


def test_a_text_is_answered_with_a_read_receipt_and_typing(api: GraphApi, start: Start, assistant: Assistant) -> None:
    start()
    customer = api.customer(user="NL.134912")
    assert customer.says("Wat is serotonine?") == 200
    assert [sent.text for sent in customer.hears(0)] == ["Je zei: Wat is serotonine?"]
    assert customer.received()[0].payload["recipient"] == "NL.134912"
    assert assistant.heard == [("whatsapp-NL.134912", "Wat is serotonine?")]
    api.wait_for(lambda api: len(api.reads) >= 2)
    assert sorted("typing_indicator" in read for read in api.reads) == [False, True]


def test_somebody_without_a_scoped_id_is_answered_at_the_number(api: GraphApi, start: Start) -> None:
    start()
    customer = api.customer(phone="31611111111")
    customer.says("hoi")
    assert customer.hears(0)[0].payload["to"] == "31611111111"


def test_a_pressed_button_says_what_it_stands_for(api: GraphApi, start: Start, assistant: Assistant) -> None:
    assistant.reply = lambda text: [{"text": "Zal ik het vragen?", "buttons": BUTTONS}]
    start()
    customer = api.customer(user="NL.1")
    customer.says("hoi")
    customer.hears(0)
    customer.presses("Ja, graag")
    customer.hears(1)
    assert assistant.texts("whatsapp-NL.1") == ["hoi", "ja graag"]


def test_a_button_that_nobody_offered_stands_for_nothing(api: GraphApi, start: Start, assistant: Assistant) -> None:
    start()
    customer = api.customer(user="NL.1")
    api.deliver(customer.choice("/restart", "Opnieuw"))
    assert [sent.text for sent in customer.hears(0)] == [
        "Deze knop werkt niet meer. Typ je vraag in gewone woorden, dan help ik je graag."
    ]
    assert assistant.heard == []


def test_a_button_of_somebody_else_stands_for_nothing(api: GraphApi, start: Start, assistant: Assistant) -> None:
    assistant.reply = lambda text: [{"text": "Zal ik het vragen?", "buttons": BUTTONS}]
    start()
    first, second = api.customer(user="NL.1"), api.customer(user="NL.2", phone="31622222222")
    first.says("hoi")
    token, title = first.hears(0)[0].choices[0]
    api.deliver(second.choice(token, title))
    second.hears(0)
    assert assistant.heard == [("whatsapp-NL.1", "hoi")]


def test_more_than_ten_choices_are_paged_without_asking_the_assistant(
    api: GraphApi, start: Start, assistant: Assistant
) -> None:
    many = [{"title": f"Vraag {number}", "payload": f"vraag {number}"} for number in range(1, 15)]
    assistant.reply = lambda text: [{"text": "Kies maar.", "buttons": many}] if text == "hoi" else [{"text": "goed"}]
    start()
    customer = api.customer(user="NL.1")
    customer.says("hoi")
    assert [title for _, title in customer.hears(0)[0].choices] == [f"Vraag {n}" for n in range(1, 10)] + ["Meer ..."]
    customer.presses("Meer ...")
    (page,) = customer.hears(1)
    assert (page.text, [title for _, title in page.choices]) == (
        "Je kunt ook hieruit kiezen:",
        [f"Vraag {number}" for number in range(10, 15)],
    )
    customer.presses("Vraag 12")
    customer.hears(2)
    assert assistant.texts("whatsapp-NL.1") == ["hoi", "vraag 12"]


@pytest.mark.parametrize(
    "message",
    [
        {"type": "image", "image": {"id": "1", "mime_type": "image/jpeg"}},
        {"type": "audio", "audio": {"id": "1", "voice": True}},
        {"type": "location", "location": {"latitude": 51.2, "longitude": 4.4}},
        {"type": "unsupported", "errors": [{"code": 131051, "title": "Message type unknown"}]},
    ],
)
def test_other_kinds_are_answered_kindly(api: GraphApi, start: Start, message: Dict[str, Any]) -> None:
    start()
    customer = api.customer(user="NL.1")
    assert api.deliver(customer.body(message)) == 200
    assert customer.hears(0)[0].text.startswith("Ik kan alleen tekst lezen, geen foto's, spraak of bestanden.")


def test_a_thumb_gets_no_answer(api: GraphApi, start: Start, assistant: Assistant) -> None:
    start()
    customer = api.customer(user="NL.1")
    assert api.deliver(customer.body({"type": "reaction", "reaction": {"message_id": "wamid.X", "emoji": "👍"}})) == 200
    customer.says("hoi")
    assert len(customer.hears(0)) == 1
    assert assistant.texts("whatsapp-NL.1") == ["hoi"]


def test_a_picture_of_ours_is_uploaded_once(api: GraphApi, start: Start, assistant: Assistant) -> None:
    assistant.reply = lambda text: [{"text": "De keten.", "image": "/keten/plaat/keten.png", "alt": "De keten"}]
    start()
    customer = api.customer(user="NL.1")
    customer.says("een")
    customer.hears(0, timeout=60)
    customer.says("twee")
    customer.hears(1)
    ids = [sent.payload["image"]["id"] for sent in customer.received()]
    assert [sent.text for sent in customer.received()] == ["De keten.", "De keten."]
    assert list(api.media) == [ids[0]] == [ids[1]]


def test_a_picture_that_meta_refuses_costs_the_picture_and_not_the_words(
    api: GraphApi, start: Start, assistant: Assistant
) -> None:
    assistant.reply = lambda text: [{"text": "De keten.", "image": "https://elders.invalid/x.png", "alt": "De keten"}]
    start()
    customer = api.customer(user="NL.1")
    api.fail(131053)
    customer.says("een")
    assert [sent.payload["type"] for sent in customer.hears(0)] == ["text"]
    assert customer.received()[0].text == "De keten."


# --- who is believed ------------------------------------------------------------------------------------------------


@pytest.mark.figures
def test_every_unsigned_wrongly_signed_or_altered_call_is_refused(
    api: GraphApi, start: Start, assistant: Assistant
) -> None:
    start()
    raw = json.dumps(api.customer(user="NL.1").text("hoi")).encode()
    right = api.sign(raw)
    wrong_key = "sha256=" + hmac.new(b"another secret", raw, hashlib.sha256).hexdigest()
    sha1 = "sha1=" + hmac.new(api.app_secret.encode(), raw, hashlib.sha1).hexdigest()
    calls = [(raw, ""), (raw, wrong_key), (raw, sha1), (raw, right[7:]), (raw, right[:-1]), (raw, right + "00")]
    chance = random.Random(8)
    for _ in range(300):
        position = chance.randrange(len(raw))
        calls.append(
            (raw[:position] + bytes([raw[position] ^ (1 << chance.randrange(7))]) + raw[position + 1 :], right)
        )
        digits = list(right)
        place = chance.randrange(7, len(digits))
        digits[place] = chance.choice([d for d in "0123456789abcdef" if d != digits[place]])
        calls.append((raw, "".join(digits)))
    refused = [api.post(body, signature) for body, signature in calls].count(403)
    print(f"whatsapp: {refused} of {len(calls)} unsigned, wrongly signed or altered calls refused")
    assert refused == len(calls)
    assert assistant.heard == []


@pytest.mark.figures
def test_a_call_that_is_played_again_changes_nothing(api: GraphApi, start: Start, assistant: Assistant) -> None:
    start()
    customer = api.customer(user="NL.1")
    body = customer.text("hoi")
    assert [api.deliver(body) for _ in range(20)] == [200] * 20
    customer.says("nog iets")
    api.wait_for(lambda api: len(api.sent) >= 2)
    assert [sent.text for sent in customer.received()] == ["Je zei: hoi", "Je zei: nog iets"]
    print("whatsapp: of a call played 20 times 19 changed nothing")


def test_a_call_of_two_days_ago_is_not_answered(
    api: GraphApi, start: Start, assistant: Assistant, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    start()
    customer = api.customer(user="NL.1")
    assert api.deliver(customer.text("oud", at=clock() - 2 * 86_400)) == 200
    customer.says("nieuw")
    customer.hears(0)
    assert assistant.texts("whatsapp-NL.1") == ["nieuw"]


def test_too_large_a_body_and_no_json_are_refused(api: GraphApi, start: Start) -> None:
    start()
    assert api.post(b"{", api.sign(b"{")) == 400
    assert api.post(b"[" * 100_000, api.sign(b"[" * 100_000)) == 400


def test_a_text_over_two_thousand_characters_is_not_passed_on(
    api: GraphApi, start: Start, assistant: Assistant
) -> None:
    start()
    customer = api.customer(user="NL.1")
    customer.says("a" * 2001)
    assert customer.hears(0)[0].text.startswith("Je bericht is te lang voor mij.")
    assert assistant.heard == []


def test_a_typed_command_is_no_command(api: GraphApi, start: Start, assistant: Assistant) -> None:
    start()
    customer = api.customer(user="NL.1")
    customer.says("/restart")
    customer.hears(0)
    assert assistant.texts("whatsapp-NL.1") == ["restart"]


# --- once and in order ----------------------------------------------------------------------------------------------


@pytest.mark.figures
def test_shuffled_and_doubled_deliveries_are_handled_once_and_in_order_per_sender(
    api: GraphApi, start: Start, assistant: Assistant, clock: Clock
) -> None:
    senders, each = (77, 100) if os.environ.get("FULL") else (20, 15)
    running = start(answer_timeout=3_600)  # the assistant is kept waiting until everything has come in
    heard = deliver_shuffled(api, running, assistant, clock, senders, each)
    assert heard == {f"whatsapp-NL.{n}": [str(number) for number in range(each)] for n in range(senders)}
    print(f"whatsapp: {senders * each} messages of {senders} senders, 30 % twice, shuffled: each once and in order")


def deliver_shuffled(
    api: GraphApi, running: Running, assistant: Assistant, clock: Clock, senders: int, each: int
) -> Dict[str, List[str]]:
    """Everything comes in shuffled, 30 % of it twice, while the assistant is busy; then it answers."""
    import asyncio

    bodies = []
    start = clock() - senders * each
    for sender in range(senders):
        customer = api.customer(user=f"NL.{sender}", phone=f"316{sender:08d}")
        bodies += [customer.text(str(number), at=start + number) for number in range(each)]

    async def gate() -> asyncio.Event:
        return asyncio.Event()

    assistant.gate = running.run(gate())
    for sender in range(senders):  # the first message of each waits in the assistant: what follows comes in behind it
        assert api.deliver(bodies[sender * each]) == 200
    assert set(api.deliver_all(bodies, 0.3, seed=8)) == {200}
    running.loop.call_soon_threadsafe(assistant.gate.set)
    api.wait_for(lambda api: len(api.sent) >= senders * each, timeout=600)
    heard: Dict[str, List[str]] = defaultdict(list)
    for conversation, text in assistant.heard:
        heard[conversation].append(text)
    for sender in range(senders):
        answers = [sent.text for sent in api.sent_to(f"NL.{sender}")]
        assert answers == [f"Je zei: {number}" for number in range(each)]
    return dict(heard)


# --- what Meta's refusals lead to -----------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [130429, 131056, 131000, 131016, 2, 0])
def test_a_passing_failure_is_tried_again(api: GraphApi, start: Start, code: int) -> None:
    start()
    api.fail(code, 1, Retry_After="1")
    customer = api.customer(user="NL.1")
    customer.says("een")
    customer.says("twee")
    api.wait_for(lambda api: len(api.sent) == 2)
    assert [sent.text for sent in customer.received()] == ["Je zei: een", "Je zei: twee"]


def test_a_message_that_can_never_be_delivered_does_not_hold_up_the_next(api: GraphApi, start: Start) -> None:
    running = start()
    api.fail(131026)
    customer = api.customer(user="NL.1")
    customer.says("een")
    customer.says("twee")
    assert customer.hears(0)[0].text == "Je zei: twee"
    assert running.run(running.service.run(running.service.queue.counts))["dead"] == 1


def test_a_refused_token_switches_the_channel_off_with_one_line_and_loses_nothing(
    api: GraphApi, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    running = start(whatsapp_token="EAAwrong")
    customer = api.customer(user="NL.1")
    with caplog.at_level(logging.INFO):
        for number in range(5):
            assert customer.says(f"bericht {number}") == 200
        api.wait_for(lambda api: len(api.refused) >= 1)
        until(lambda: running.run(running.service.run(running.service.queue.counts)) == {"waiting": 5})
        until(lambda: running.service.is_off)
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(lines) == 1
    assert lines[0].startswith("Channel whatsapp is off, the others go on. Meta answered 401, error 190.")
    assert "EAAwrong" not in caplog.text


def test_statuses_are_kept_with_the_message(api: GraphApi, start: Start) -> None:
    running = start()
    customer = api.customer(user="NL.1")
    customer.says("hoi")
    (sent,) = customer.hears(0)

    def kept(status: str) -> bool:  # the queue learns the id a moment after the stand-in gave it
        assert api.deliver(api.status(sent.id, status, "NL.1")) == 200
        return bool(running.run(running.service.run(status_of, running, sent.id)) == status)

    until(lambda: kept("read"))
    assert api.deliver(api.status(sent.id, "failed", "NL.1", 131026)) == 200
    assert running.run(running.service.run(status_of, running, sent.id)) == "failed"
    assert api.deliver(api.status(sent.id, "delivered", "NL.1")) == 200  # late, and less than what is known
    assert running.run(running.service.run(status_of, running, sent.id)) == "failed"


def status_of(running: Running, receipt: str) -> str:
    import sqlalchemy as sa

    from channels.store import outgoing

    with running.service.store.reading() as connection:
        return str(connection.execute(sa.select(outgoing.c.status).where(outgoing.c.receipt == receipt)).scalar())


# --- after 24 hours -------------------------------------------------------------------------------------------------


class Desk:
    """The owners' side: hears what customers of a conversation say that was taken over, and has something to say."""

    def __init__(self) -> None:
        self.taken = ""  # the conversation that an owner has
        self.said: List[str] = []
        self.waiting: List[Any] = []
        self.done: List[int] = []
        self.lost: List[int] = []

    def is_taken_over(self, conversation: str) -> bool:
        return conversation == self.taken

    def customer_said(self, conversation: str, channel: str, text: str, message_id: str, held_back: Any = ()) -> bool:
        if conversation != self.taken:
            return False
        self.said.append(text)
        return True

    def chat_to_deliver(self, channel: str, limit: int = 20) -> List[Any]:
        return [chat for chat in self.waiting if chat.id not in self.done + self.lost]

    def delivered(self, id: int) -> None:
        self.done.append(id)

    def failed(self, id: int, error: str, retry_after: Any = None, permanent: bool = False) -> None:
        self.lost.append(id)

    def forget(self, conversation: str) -> None:
        pass

    def close(self) -> None:
        pass


def test_an_answer_to_a_case_goes_as_it_is_within_24_hours(api: GraphApi, start: Start) -> None:
    desk = Desk()
    start(human=desk, whatsapp_template="antwoord")
    customer = api.customer(user="NL.1")
    customer.says("hoi")
    customer.hears(0)
    desk.waiting.append(ChatOut(1, "whatsapp-NL.1", "Beste An,\n\nja, dat mag."))
    assert [sent.text for sent in customer.hears(1)] == ["Beste An,\n\nja, dat mag."]


def test_an_answer_to_a_case_after_24_hours_goes_as_the_approved_template(
    api: GraphApi, start: Start, clock: Clock
) -> None:
    desk = Desk()
    start(human=desk, whatsapp_template="antwoord")
    customer = api.customer(user="NL.1")
    customer.says("hoi")
    customer.hears(0)
    clock.ahead = 25 * 3600
    desk.waiting.append(ChatOut(1, "whatsapp-NL.1", "Beste An,\n\nja, dat mag."))
    (sent,) = customer.hears(1)
    assert sent.payload["template"] == {
        "name": "antwoord",
        "language": {"code": "nl"},
        "components": [{"type": "body", "parameters": [{"type": "text", "text": "Beste An, ja, dat mag."}]}],
    }
    assert api.refused == []


def test_without_a_template_the_desk_is_told_that_a_late_answer_was_not_delivered(
    api: GraphApi, start: Start, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk()
    start(human=desk)
    customer = api.customer(user="NL.1")
    customer.says("hoi")
    customer.hears(0)
    clock.ahead = 25 * 3600
    desk.waiting.append(ChatOut(1, "whatsapp-NL.1", "Beste An, ja."))
    until(lambda: desk.lost)
    assert (desk.lost, desk.done) == ([1], [])
    assert "SCHAKEL_WHATSAPP_TEMPLATE names no template to answer with" in caplog.text


def test_a_failure_that_meta_reports_afterwards_is_kept_and_logged(
    api: GraphApi, start: Start, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk()
    running = start(human=desk)
    customer = api.customer(user="NL.1")
    customer.says("hoi")
    customer.hears(0)
    api.window_by = "status"
    api.clock = lambda: clock() + 25 * 3600  # Meta's clock is ahead of ours
    desk.waiting.append(ChatOut(1, "whatsapp-NL.1", "Beste An, ja."))
    api.wait_for(lambda api: api.refused == [(131047, "reported as a status")])
    until(lambda: running.run(running.service.run(states_of, running)) == ["", "failed"])
    assert "WhatsApp: a message was not delivered, error 131047." in caplog.text


def states_of(running: Running) -> List[str]:
    import sqlalchemy as sa

    from channels.store import outgoing

    with running.service.store.reading() as connection:
        return [
            str(status) for status in connection.execute(sa.select(outgoing.c.status).order_by(outgoing.c.id)).scalars()
        ]


def test_when_meta_closes_the_window_earlier_the_template_goes_too(api: GraphApi, start: Start, clock: Clock) -> None:
    desk = Desk()
    start(human=desk, whatsapp_template="antwoord")
    customer = api.customer(user="NL.1")
    customer.says("hoi")
    customer.hears(0)
    api.fail(131047)
    desk.waiting.append(ChatOut(1, "whatsapp-NL.1", "Beste An, ja."))
    assert [sent.text for sent in customer.hears(1)] == ["template antwoord"]


def test_during_a_takeover_the_owner_is_heard_and_the_assistant_is_silent(
    api: GraphApi, start: Start, assistant: Assistant
) -> None:
    assistant.reply = lambda text: [{"text": "Zal ik het vragen?", "buttons": BUTTONS}]
    desk = Desk()
    start(human=desk)
    customer = api.customer(user="NL.1")
    customer.says("hoi")
    customer.hears(0)
    desk.taken = "whatsapp-NL.1"
    desk.waiting.append(ChatOut(1, "whatsapp-NL.1", "Je praat nu met Sanne van de winkel."))
    assert [sent.text for sent in customer.hears(1)] == ["Je praat nu met Sanne van de winkel."]
    customer.says("fijn, mag ik magnesium bij mijn pillen?")
    customer.presses("Ja, graag")
    api.deliver(customer.body({"type": "image", "image": {"id": "1"}}))
    until(lambda: len(desk.said) == 3)
    assert desk.said == [
        "fijn, mag ik magnesium bij mijn pillen?",
        "ja graag",
        "[De klant stuurde iets anders dan tekst. Dat is hier niet te zien.]",
    ]
    desk.taken = ""
    customer.says("dank je")
    customer.hears(2)
    assert assistant.texts("whatsapp-NL.1") == ["hoi", "dank je"]
