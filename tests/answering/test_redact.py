"""Private texts leave serialised events and nothing else changes."""

from __future__ import annotations

from typing import Any, Dict

import pytest

from answering.redact import redact_events, redactor

USER: Dict[str, Any] = {
    "event": "user",
    "timestamp": 1.0,
    "text": "mail naar JAN@voorbeeld.nl",
    "input_channel": "jan",
    "message_id": "jan",
    "parse_data": {
        "text": "mail naar JAN@voorbeeld.nl",
        "intent": {"name": "jan", "confidence": 1.0},
        "entities": [{"entity": "contact", "value": "jan@voorbeeld.nl"}],
        "intent_ranking": [{"name": "jan"}],
        "response_selector": {"faq": {"asked": "help jan bij stress", "ranking": [{"intent_response_key": "faq/jan"}]}},
    },
    "metadata": {"overzicht": "Naam: Jan\nAntwoord naar: jan@voorbeeld.nl"},
}


def test_text_parse_data_and_metadata_lose_the_value_and_structure_stays() -> None:
    (changed,) = redact_events([USER], ["jan@voorbeeld.nl", "Jan"])
    assert changed["text"] == "mail naar [verwijderd]"
    assert changed["parse_data"]["text"] == "mail naar [verwijderd]"
    assert changed["parse_data"]["entities"] == [{"entity": "contact", "value": "[verwijderd]"}]
    assert changed["metadata"] == {"overzicht": "Naam: [verwijderd]\nAntwoord naar: [verwijderd]"}
    assert (changed["parse_data"]["intent"]["name"], changed["input_channel"], changed["message_id"]) == ("jan",) * 3
    assert changed["parse_data"]["intent_ranking"] == [{"name": "jan"}]
    assert changed["parse_data"]["response_selector"] == {
        "faq": {"asked": "help [verwijderd] bij stress", "ranking": [{"intent_response_key": "faq/jan"}]}
    }
    assert USER["text"] == "mail naar JAN@voorbeeld.nl"


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            {"event": "slot", "name": "advies", "value": {"naam": "Jan", "stap": "naam"}},
            {"naam": "[verwijderd]", "stap": "naam"},
        ),
        ({"event": "slot", "name": "advies_wissen", "value": ["Jan", True, None, 3]}, ["[verwijderd]", True, None, 3]),
        ({"event": "slot", "name": "x", "value": "jan"}, "[verwijderd]"),
        ({"event": "slot", "name": "x", "value": 612345678}, "[verwijderd]"),
    ],
)  # fmt: skip
def test_slots_of_any_shape(event: Dict[str, Any], expected: Any) -> None:
    (changed,) = redact_events([event], ["Jan", "612345678"])
    assert changed["value"] == expected


def test_buttons_and_texts_of_the_assistant() -> None:
    bot = {"event": "bot", "text": "Dag Jan!", "data": {"buttons": [{"title": "Ik ben Jan", "payload": "jan"}]}}
    (changed,) = redact_events([bot], ["Jan"])
    assert changed["text"] == "Dag [verwijderd]!"
    assert changed["data"]["buttons"] == [{"title": "Ik ben [verwijderd]", "payload": "[verwijderd]"}]


@pytest.mark.parametrize(
    ("values", "text", "expected"),
    [
        (["Jan"], "in januari was Jan er, Jan-Willem niet", "in januari was [verwijderd] er, [verwijderd]-Willem niet"),
        (["+31612345678"], "bel:+31612345678.", "bel:[verwijderd]."),
        (["jan@voorbeeld.nl"], "mailto:jan@voorbeeld.nl", "mailto:[verwijderd]"),
        (["Ik slaap", "Ik slaap slecht"], "Vraag: ik slaap slecht", "Vraag: [verwijderd]"),
        (["Jan", "Jan de Boer"], "Ik ben Jan de\n Boer, of jan", "Ik ben [verwijderd], of [verwijderd]"),
        (["a.c (x)*"], "a.c (x)* en abc", "[verwijderd] en abc"),
        (["", "  ", "[verwijderd]"], "niets [verwijderd]", "niets [verwijderd]"),
        ([], "niets", "niets"),
    ],
)
def test_whole_words_only_but_addresses_and_numbers_everywhere(values: "list[str]", text: str, expected: str) -> None:
    assert redactor(values)(text) == expected


def test_an_event_without_a_private_text_is_left_alone() -> None:
    events = [{"event": "user", "text": "hallo", "timestamp": 1.5}]
    assert redact_events(events, ["Jan", " "]) == events
