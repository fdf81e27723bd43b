"""Twilio's signature, forms and limits, without a server."""

from __future__ import annotations

from typing import Dict, List, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.base import Answer, Button, Image
from channels.provider import MediaRefused, WindowClosed
from channels.twilio.channel import read_fields
from channels.twilio.client import failure
from channels.twilio.incoming import Kind, Said, Status, read_form
from channels.twilio.outgoing import addressed, as_fields, chosen, fit, templates
from channels.twilio.signature import is_signed

# Twilio's own example ("Security", validating signatures from Twilio).
TOKEN = "12345"
ADDRESS = "https://example.com/myapp.php?foo=1&bar=2"
FORM = {
    "Digits": ["1234"],
    "To": ["+18005551212"],
    "From": ["+14158675310"],
    "Caller": ["+14158675310"],
    "CallSid": ["CA1234567890ABCDE"],
}
SIGNATURE = "L/OH5YylLD5NRKLltdqwSvS0BnU="
SENDER = "whatsapp:+14155238886"
SID = "SM" + "0" * 32


def test_twilios_own_example_is_signed() -> None:
    assert is_signed(ADDRESS, FORM, SIGNATURE, TOKEN)


@pytest.mark.parametrize(
    ("address", "form", "header", "token"),
    [
        (ADDRESS, FORM, None, TOKEN),
        (ADDRESS, FORM, "", TOKEN),
        (ADDRESS, FORM, SIGNATURE[:-1], TOKEN),
        (ADDRESS, FORM, SIGNATURE + " ", TOKEN),
        (ADDRESS, FORM, "é" * 28, TOKEN),
        (ADDRESS, FORM, SIGNATURE, "12346"),
        (ADDRESS, FORM, SIGNATURE, ""),
        (ADDRESS.replace("https", "http"), FORM, SIGNATURE, TOKEN),
        (ADDRESS.replace("foo=1", "foo=2"), FORM, SIGNATURE, TOKEN),
        (ADDRESS, {**FORM, "Digits": ["1235"]}, SIGNATURE, TOKEN),
        (ADDRESS, {**FORM, "Extra": ["1"]}, SIGNATURE, TOKEN),
        (ADDRESS, {k: v for k, v in FORM.items() if k != "To"}, SIGNATURE, TOKEN),
    ],
)
def test_anything_else_is_not(address: str, form: Mapping[str, Sequence[str]], header: str, token: str) -> None:
    assert not is_signed(address, form, header, token)


def form(**more: str) -> Dict[str, List[str]]:
    fields = {"MessageSid": SID, "From": "whatsapp:+31612345678", "To": SENDER, "Body": "hoi", "NumMedia": "0"}
    return {name: [value] for name, value in {**fields, **more}.items()}


def test_a_text_is_read() -> None:
    assert read_form(form(), SENDER) == Said(SID, "+31612345678", Kind.TEXT, "hoi")


def test_somebody_who_hides_the_number_is_known_by_the_scoped_id() -> None:
    assert read_form(form(From="whatsapp:NL.1349"), SENDER) == Said(SID, "NL.1349", Kind.TEXT, "hoi")


@pytest.mark.parametrize(
    ("media", "kind"),
    [("image/jpeg", Kind.IMAGE), ("audio/ogg", Kind.SOUND), ("application/pdf", Kind.OTHER), ("", Kind.OTHER)],
)
def test_other_kinds_are_told_apart(media: str, kind: Kind) -> None:
    assert read_form(form(Body="", MediaContentType0=media), SENDER) == Said(SID, "+31612345678", kind)


@pytest.mark.parametrize(
    "changed",
    [
        {"MessageSid": "SM1"},
        {"MessageSid": ""},
        {"To": "whatsapp:+31600000000"},
        {"From": "+31612345678"},
        {"From": "whatsapp:iemand"},
        {"ReactionType": "emoji"},
    ],
)
def test_what_is_not_for_us_is_left_aside(changed: Dict[str, str]) -> None:
    assert read_form(form(**changed), SENDER) is None


def test_sms_has_no_prefix() -> None:
    fields = form(From="+31612345678", To="+31201234567")
    assert read_form(fields, "+31201234567") == Said(SID, "+31612345678", Kind.TEXT, "hoi")
    assert addressed("+31201234567", "+31612345678", {"Body": "x"})["To"] == "+31612345678"


def test_a_status_is_read_with_its_error() -> None:
    fields = form(MessageStatus="undelivered", ErrorCode="63016", From=SENDER, To="whatsapp:+31612345678")
    assert read_form(fields, SENDER) == Status(SID, "undelivered", 63016)


@given(
    st.dictionaries(
        st.sampled_from([*form(), "MessageStatus", "ErrorCode", "ButtonText"]), st.lists(st.text(), min_size=1)
    )
)
def test_no_form_is_too_much(fields: Dict[str, List[str]]) -> None:
    assert isinstance(read_form(fields, SENDER), (Said, Status, type(None)))


@given(st.binary(max_size=300))
def test_no_body_is_too_much(body: bytes) -> None:
    assert isinstance(read_fields(body), (dict, type(None)))


@pytest.mark.parametrize(("text", "number"), [("2", 1), ("2.", 1), ("(2)", 1), ("#2", 1), ("2️⃣", 1), ("1", 0), ("3", 2)])
def test_a_number_is_a_choice(text: str, number: int) -> None:
    assert chosen(text, ["Ja", "Nee", "Later"]) == number


@pytest.mark.parametrize("text", ["Ja, graag", "ja graag", "JA GRAAG!"])
def test_the_words_of_a_choice_are_that_choice(text: str) -> None:
    assert chosen(text, ["Nee", "Ja, graag"]) == 1


@pytest.mark.parametrize(
    "text", ["0", "4", "-2", "2%", "2 keer", "twee", "1-2", "2,5", "", "100", "²", "nee hoor", "?"]
)
def test_anything_else_is_what_it_says(text: str) -> None:
    assert chosen(text, ["Ja", "Nee", "..."]) is None


def test_choices_are_numbered_below_the_text() -> None:
    (message,) = fit(Answer("Zal ik het vragen?", (Button("Ja", "ja"), Button("Nee", "nee"))), "Typ het nummer.")
    assert message.text == "Zal ik het vragen?\n\n1. Ja\n2. Nee\n\nTyp het nummer."
    assert [choice.payload for choice in message.choices] == ["ja", "nee"]


def test_a_long_answer_is_split_at_1600_characters() -> None:
    messages = fit(Answer("Een zin over slaap. " * 200, (Button("Ja", "ja"),)), "Typ het nummer.")
    assert [len(message.text) <= 1600 for message in messages] == [True, True, True]
    assert messages[-1].text.endswith("1. Ja\n\nTyp het nummer.")


def test_a_picture_travels_with_the_text_when_it_has_a_public_address() -> None:
    picture = Image("https://chat.mijnwinkel.example/keten/plaat/keten.png", "De keten")
    (message,) = fit(Answer("De keten.", (), picture), "")
    assert as_fields(message) == {"Body": "De keten.", "MediaUrl": picture.url}
    (message,) = fit(Answer("De keten.", (), Image("/keten/plaat/keten.png", "De keten")), "")
    assert as_fields(message) == {"Body": "De keten."}


def test_a_template_carries_the_whole_answer_on_one_line() -> None:
    assert templates("HX1", "Beste An,\n\nja.") == [{"ContentSid": "HX1", "ContentVariables": '{"1": "Beste An, ja."}'}]


def test_errors_mean_what_twilio_says() -> None:
    assert failure(401, {"code": 20003}).stops_channel
    assert failure(404, {"code": 20404}).is_permanent
    assert isinstance(failure(400, {"code": 63016}), WindowClosed)
    assert isinstance(failure(400, {"code": 21620}), MediaRefused)
    for status, code in ((429, 20429), (500, 20500), (400, 63018)):
        found = failure(status, {"code": code, "message": "+31612345678"})
        assert (found.is_permanent, found.stops_channel, str(found)) == (
            False,
            False,
            f"Twilio answered {status}, error {code}.",
        )
