"""Proof in a message, and what is told of what is kept."""

from __future__ import annotations

import datetime as dt

import pytest

from advice.content import FormContent
from advice.own_data import counted, in_part, overview
from advice.proof import find_proof

NOW = dt.datetime(2026, 11, 23, 10, 0, tzinfo=dt.timezone.utc)


@pytest.mark.parametrize(
    ("text", "reference", "email", "phone"),
    [
        ("A-2026-0042", "A-2026-0042", None, None),
        ("a 2026 0042 en jan@voorbeeld.nl", "A-2026-0042", "jan@voorbeeld.nl", None),
        ("A-2026-0042, 06 12345678", "A-2026-0042", None, "+31612345678"),
        ("jan@voorbeeld.nl", None, "jan@voorbeeld.nl", None),
        ("hoe staat het ermee", None, None, None),
        ("A-2026-0042 jan@", "A-2026-0042", None, None),
    ],
)
def test_reference_and_address_are_found(text: str, reference: str, email: str, phone: str) -> None:
    found = find_proof(text)
    assert (found.reference, found.email, found.phone) == (reference, email, phone)


def test_what_was_typed_as_proof_is_private_and_the_reference_is_not() -> None:
    assert find_proof("A-2026-0042 jan@voorbeeld.nl").private == ("jan@voorbeeld.nl",)
    assert find_proof("A-2026-0042 06 12345678").private == ("+31612345678", "06 12345678")
    assert find_proof("A-2026-0042").private == ()
    assert "jan@" in " ".join(find_proof("A-2026-0042 jan@").private)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("jan@voorbeeld.nl", "j…@voorbeeld.nl"), ("+31612345678", "+3…78"), ("Jan", "J…"), ("88", "8…")],
)
def test_addresses_are_shown_in_part(text: str, shown: str) -> None:
    assert in_part(text) == shown


def test_the_overview_names_every_kind(content: FormContent) -> None:
    case = {
        "reference": "A-2026-0001",
        "created_at": "2026-11-23T09:00:00+00:00",
        "retain_until": "2027-11-23T09:00:00+00:00",
        "subject": "slaap",
        "question": "x" * 12,
        "name": "Jan",
        "contact": "jan@voorbeeld.nl",
        "order_number": "",
    }
    text = overview({"cases": [case], "outbox": [{}, {}], "consents": [{}]}, 7, content, NOW)
    assert text == (
        "Dit gesprek: 7 berichten. Het verdwijnt vanzelf als je een tijd niets zegt.\n"
        "Aanvraag A-2026-0001 van vandaag, over slaap: je vraag van 12 tekens.\n"
        "Naam: J…\nAntwoord naar: j…@voorbeeld.nl\n"
        "Wordt gewist op dinsdag 23 november of eerder.\n"
        "Daarbij bewaard: 1 toestemming en 2 berichten in de wachtrij."
    )
    assert overview({}, 2, content, NOW).endswith("Aanvragen voor advies: geen.")


def test_what_was_erased_is_counted_in_words(content: FormContent) -> None:
    assert counted({}, content) == ""
    assert counted({"cases": 2}, content) == "2 aanvragen"
    assert counted({"outbox": 3, "cases": 1, "consents": 1}, content) == (
        "1 aanvraag, 1 toestemming en 3 berichten in de wachtrij"
    )
