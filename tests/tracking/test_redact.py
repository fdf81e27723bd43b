"""Values that must not be kept are replaced wherever they stand in serialised events."""

from __future__ import annotations

from tracking.redact import redact_events


def test_a_value_goes_out_of_every_text_at_any_depth() -> None:
    events = [
        {
            "event": "user",
            "text": "Mail mij: Jan@Voorbeeld.nl graag",
            "parse_data": {
                "text": "mail mij: jan@voorbeeld.nl",
                "entities": [{"entity": "email", "value": "jan@voorbeeld.nl", "start": 10}],
            },
            "metadata": {"typed": ["jan@voorbeeld.nl"]},
        },
        {"event": "slot", "name": "advies_contact", "value": "jan@voorbeeld.nl"},
        {
            "event": "bot",
            "text": "We mailen naar jan@voorbeeld.nl.",
            "data": {"buttons": [{"title": "JAN@VOORBEELD.NL"}]},
        },
    ]
    cleaned = redact_events(events, ["jan@voorbeeld.nl"])
    assert cleaned == [
        {
            "event": "user",
            "text": "Mail mij: [verwijderd] graag",
            "parse_data": {
                "text": "mail mij: [verwijderd]",
                "entities": [{"entity": "email", "value": "[verwijderd]", "start": 10}],
            },
            "metadata": {"typed": ["[verwijderd]"]},
        },
        {"event": "slot", "name": "advies_contact", "value": "[verwijderd]"},
        {"event": "bot", "text": "We mailen naar [verwijderd].", "data": {"buttons": [{"title": "[verwijderd]"}]}},
    ]
    assert events[1]["value"] == "jan@voorbeeld.nl"


def test_the_longest_value_goes_first_and_blanks_may_differ() -> None:
    events = [{"event": "user", "text": "Ik ben Jan de\n Boer, of gewoon jan"}]
    assert redact_events(events, ["Jan", "Jan de Boer"]) == [
        {"event": "user", "text": "Ik ben [verwijderd], of gewoon [verwijderd]"}
    ]


def test_a_number_kept_as_a_number_goes_too() -> None:
    assert redact_events([{"event": "slot", "value": 612345678, "timestamp": 1.5}], ["612345678"]) == [
        {"event": "slot", "value": "[verwijderd]", "timestamp": 1.5}
    ]


def test_nothing_to_remove_changes_nothing() -> None:
    events = [{"event": "user", "text": "hoi"}]
    assert redact_events(events, ["", "  "]) == events
