"""Meta's webhook bodies, in the shapes of its documentation, and in shapes that nobody documented."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.whatsapp.incoming import Delivery, Kind, Said, Status, is_scoped, read_delivery

NUMBER = "106540352242922"


def body(*values: Dict[str, Any]) -> Dict[str, Any]:
    metadata = {"display_phone_number": "15550783881", "phone_number_id": NUMBER}
    changes = [
        {"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
        for value in values
    ]
    return {"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": changes}]}


def message(kind: str, content: Any = None, **more: Any) -> Dict[str, Any]:
    base = {"from": "31612345678", "id": "wamid.A", "timestamp": "1749416383", "type": kind}
    return {**base, **({kind: content} if content is not None else {}), **more}


def said(raw: Dict[str, Any], contacts: Any = ()) -> List[Said]:
    return list(read_delivery(body({"contacts": list(contacts), "messages": [raw]}), NUMBER).messages)


def test_a_text_is_read_with_its_sender_and_time() -> None:
    assert said(message("text", {"body": "Wat is serotonine?"})) == [
        Said("wamid.A", "31612345678", 1749416383, Kind.TEXT, "Wat is serotonine?")
    ]


def test_the_scoped_id_is_who_somebody_is_even_when_the_number_is_known() -> None:
    contact = {"profile": {"name": "An"}, "wa_id": "31612345678", "user_id": "NL.13491208655302741918"}
    assert said(message("text", {"body": "hoi"}), [contact])[0].user == "NL.13491208655302741918"
    own = message("text", {"body": "hoi"}, from_user_id="NL.13491208655302741918")
    assert said(own)[0].user == "NL.13491208655302741918"


def test_somebody_who_hides_the_number_is_known_by_the_scoped_id_alone() -> None:
    hidden = {"id": "wamid.A", "timestamp": "1", "type": "text", "text": {"body": "hoi"}}
    contact = {"profile": {"name": "An", "username": "@an"}, "user_id": "NL.ENT.11815799212886844830"}
    assert said(hidden, [contact])[0].user == "NL.ENT.11815799212886844830"


def test_one_of_two_contacts_is_not_mixed_up_with_the_other() -> None:
    contacts = [{"wa_id": "31600000001", "user_id": "NL.1"}, {"wa_id": "31612345678", "user_id": "NL.2"}]
    assert said(message("text", {"body": "hoi"}), contacts)[0].user == "NL.2"


def test_a_button_and_a_row_are_choices() -> None:
    for kind in ("button_reply", "list_reply"):
        content = {"type": kind, kind: {"id": "3f1c", "title": "Ja, graag", "description": "x"}}
        assert said(message("interactive", content)) == [
            Said("wamid.A", "31612345678", 1749416383, Kind.CHOICE, "Ja, graag", "3f1c")
        ]


def test_an_id_that_none_of_our_buttons_has_is_no_choice_of_ours() -> None:
    for strange in ("\ud800", "met spaties", "x" * 257, 5, None):
        content = {"type": "button_reply", "button_reply": {"id": strange, "title": "Ja"}}
        assert [(item.kind, item.choice) for item in said(message("interactive", content))] == [(Kind.CHOICE, "")]


def test_half_characters_do_not_come_through() -> None:
    assert said(message("text", {"body": "ho\ud800i"}))[0].text == "hoi"


def test_a_quick_reply_of_a_template_is_its_words() -> None:
    assert said(message("button", {"payload": "/restart", "text": "Ja"}))[0] == Said(
        "wamid.A", "31612345678", 1749416383, Kind.TEXT, "Ja"
    )


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        ("image", {"mime_type": "image/jpeg", "sha256": "x", "id": "1"}, Kind.IMAGE),
        ("audio", {"mime_type": "audio/ogg", "voice": True, "id": "1"}, Kind.SOUND),
        ("video", {"id": "1"}, Kind.OTHER),
        ("document", {"filename": "a.pdf", "id": "1"}, Kind.OTHER),
        ("sticker", {"id": "1", "animated": False}, Kind.OTHER),
        ("location", {"latitude": 51.0, "longitude": 4.0}, Kind.OTHER),
        ("contacts", [{"name": {"formatted_name": "An"}}], Kind.OTHER),
        ("order", {"catalog_id": "1", "product_items": []}, Kind.OTHER),
        ("unsupported", None, Kind.OTHER),
        ("something_new", {"a": 1}, Kind.OTHER),
        ("interactive", {"type": "nfm_reply", "nfm_reply": {"response_json": "{}"}}, Kind.OTHER),
    ],
)
def test_other_kinds_are_told_apart(kind: str, content: Any, expected: Kind) -> None:
    assert [(item.kind, item.text) for item in said(message(kind, content))] == [(expected, "")]


def test_words_below_a_picture_are_what_was_said() -> None:
    found = said(message("image", {"id": "1", "caption": " Wat is dit voor pil? "}))
    assert [(item.kind, item.text) for item in found] == [(Kind.TEXT, "Wat is dit voor pil?")]


@pytest.mark.parametrize("kind", ["reaction", "system", "edit", "revoke", "request_welcome"])
def test_what_waits_for_no_answer_is_left_aside(kind: str) -> None:
    assert read_delivery(body({"messages": [message(kind, {"emoji": "x"})]}), NUMBER) == Delivery(ignored=1)


def test_all_entries_and_changes_are_read_in_order() -> None:
    first = body(
        {"messages": [message("text", {"body": "een"}, id="wamid.1"), message("text", {"body": "twee"}, id="wamid.2")]}
    )
    second = body(
        {"messages": [message("text", {"body": "drie"}, id="wamid.3")]},
        {"messages": [message("text", {"body": "vier"}, id="wamid.4")]},
    )
    first["entry"] += second["entry"]
    assert [item.text for item in read_delivery(first, NUMBER).messages] == ["een", "twee", "drie", "vier"]


def test_other_numbers_and_other_fields_are_left_aside() -> None:
    delivery = body({"messages": [message("text", {"body": "hoi"})]})
    assert read_delivery(delivery, "999") == Delivery(ignored=1)
    delivery["entry"][0]["changes"][0]["field"] = "account_update"
    assert read_delivery(delivery, NUMBER) == Delivery(ignored=1)
    assert read_delivery({"object": "page", "entry": []}, NUMBER) == Delivery(ignored=1)


def test_messages_in_groups_are_left_aside() -> None:
    assert said(message("text", {"body": "hoi"}, group_id="Y2FwaV9ncm91cDox")) == []


def test_statuses_are_read_with_their_error() -> None:
    sent = {"id": "wamid.B", "status": "sent", "timestamp": "1749416400", "recipient_id": "31612345678"}
    error = {"code": 131047, "title": "Re-engagement message", "message": "Re-engagement message"}
    failed = {"id": "wamid.C", "status": "failed", "timestamp": 1749416401, "errors": [error]}
    assert read_delivery(body({"statuses": [sent, failed]}), NUMBER).statuses == (
        Status("wamid.B", "sent", 1749416400),
        Status("wamid.C", "failed", 1749416401, 131047, "Re-engagement message"),
    )


def test_problems_of_the_account_are_read() -> None:
    found = read_delivery(body({"errors": [{"code": 130429, "title": "Rate limit hit"}]}), NUMBER)
    assert found.problems == ((130429, "Rate limit hit"),)


def test_scoped_ids_are_told_from_numbers() -> None:
    assert is_scoped("NL.13491208655302741918")
    assert not is_scoped("31612345678")
    assert not is_scoped("nl.1")
    assert not is_scoped("NL.")


NAMES = [
    "id",
    "from",
    "type",
    "text",
    "body",
    "timestamp",
    "interactive",
    "button_reply",
    "title",
    "errors",
    "code",
    "status",
    "wa_id",
    "user_id",
    "metadata",
    "phone_number_id",
    "image",
    "caption",
    "from_user_id",
    "list_reply",
    "group_id",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(NAMES),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON)
def test_no_body_of_any_shape_is_too_much(anything: Any) -> None:
    assert isinstance(read_delivery(anything, NUMBER), Delivery)


@given(
    st.dictionaries(st.sampled_from(["contacts", "messages", "statuses", "errors"]), st.lists(JSON, max_size=3) | JSON)
)
def test_no_value_inside_a_right_body_is_too_much(value: Dict[str, Any]) -> None:
    found = read_delivery(body(value), NUMBER)
    for item in found.messages:
        assert 1 <= len(item.message_id) <= 256
        assert item.user.isascii()
        assert 0 <= item.at < 10**12
