"""What the form accepts as an answer."""

from __future__ import annotations

from typing import Dict, Optional

import pytest

from advice import checks
from advice.checks import Unusable
from advice.content import load_content

BEGINNINGS = load_content().naam_begin


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("jan@voorbeeld.nl", {"soort": "email", "waarde": "jan@voorbeeld.nl"}),
        ("Mijn mail is Jan.Jansen@Voorbeeld.nl.", {"soort": "email", "waarde": "jan.jansen@voorbeeld.nl"}),
        ("<jan@voorbeeld.nl>", {"soort": "email", "waarde": "jan@voorbeeld.nl"}),
        ("06 12345678", {"soort": "phone", "waarde": "+31612345678"}),
        ("bel maar op 06-12 34 56 78", {"soort": "phone", "waarde": "+31612345678"}),
        ("(010) 123 45 67", {"soort": "phone", "waarde": "+31101234567"}),
        ("+32 470 12 34 56", {"soort": "phone", "waarde": "+32470123456"}),
        ("0032 470 12 34 56", {"soort": "phone", "waarde": "+32470123456"}),
        ("0470/12.34.56", {"soort": "phone", "waarde": "+32470123456"}),
        ("jan apenstaartje voorbeeld punt nl", {"soort": "email", "waarde": "jan@voorbeeld.nl"}),
        ("jan@voorbeeld,nl", {"soort": "email", "waarde": "jan@voorbeeld.nl"}),
    ],
)
def test_an_address_or_a_dutch_or_belgian_number_is_taken_in_one_shape(typed: str, expected: Dict[str, str]) -> None:
    assert checks.contact(typed) == expected


@pytest.mark.parametrize(
    ("typed", "reply"),
    [
        ("jan@", "utter_advies_fout_email"),
        ("jan@voorbeeld", "utter_advies_fout_email"),
        ("@", "utter_advies_fout_email"),
        ("jan@voorbeeld.nl,piet@voorbeeld.nl", "utter_advies_fout_email"),
        ("jan@voorbeeld.nl of piet@voorbeeld.nl", "utter_advies_fout_contact_twee"),
        ("jan@voorbeeld.nl%0aBcc:piet@voorbeeld.nl", "utter_advies_fout_email"),
        ('"<script>"@voorbeeld.nl', "utter_advies_fout_email"),
        ("0612345", "utter_advies_fout_telefoon"),
        ("+44 20 7946 0958", "utter_advies_fout_telefoon"),
        ("0900 1234", "utter_advies_fout_telefoon"),
        ("mail maar", "utter_advies_fout_contact"),
        ("", "utter_advies_fout_contact"),
        ("<script>alert(1)</script>", "utter_advies_fout_telefoon"),
    ],
)
def test_anything_else_is_refused_with_what_is_wrong(typed: str, reply: str) -> None:
    with pytest.raises(Unusable) as refused:
        checks.contact(typed)
    assert refused.value.reply == reply


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("Jan", "Jan"),
        ("  Anne-Marie   de Vries ", "Anne-Marie de Vries"),
        ("ik heet Zoë", "Zoë"),
        ("Mijn naam is O'Neill", "O'Neill"),
        ("Stephan.", "Stephan"),
        ("Ikram", "Ikram"),
        ("Метка", "Метка"),
    ],
)
def test_a_name_is_taken_without_the_sentence_around_it(typed: str, expected: str) -> None:
    assert checks.name(typed, BEGINNINGS) == expected


@pytest.mark.parametrize(
    "typed",
    ["jan@voorbeeld.nl", "06 12345678", "<script>alert(1)</script>", "x" * 61, "?!", "www.winkel.nl", "{naam}", "a=b"],
)
def test_what_is_no_name_is_refused(typed: str) -> None:
    with pytest.raises(Unusable):
        checks.name(typed, BEGINNINGS)


def test_a_question_is_kept_as_it_was_typed_up_to_two_thousand_characters() -> None:
    typed = "  <b>Help</b>, ik slaap slecht!  " + "a" * (2_000 - 33)
    assert len(typed) == 2_000
    assert checks.question(typed) == typed
    with pytest.raises(Unusable) as refused:
        checks.question(typed + "a")
    assert refused.value.reply == "utter_advies_fout_vraag_lang"


@pytest.mark.parametrize("typed", ["?", "123", "👍", "a"])
def test_a_question_holds_at_least_a_word(typed: str) -> None:
    with pytest.raises(Unusable) as refused:
        checks.question(typed)
    assert refused.value.reply == "utter_advies_fout_vraag"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("12345", "12345"), ("#10023", "10023"), ("het is WEB-2026/12.", "WEB-2026/12"), ("nummer NL88", "NL88")],
)
def test_an_order_number_is_found_in_a_sentence(typed: str, expected: str) -> None:
    assert checks.order_number(typed) == expected


@pytest.mark.parametrize("typed", ["weet ik niet", "12 of 13", "9" * 31])
def test_no_order_number_or_more_than_one_is_refused(typed: str) -> None:
    with pytest.raises(Unusable):
        checks.order_number(typed)


def test_the_private_forms_of_a_text_hold_the_address_and_the_number_in_it() -> None:
    assert checks.private_forms("mail jan@voorbeeld.nl, of bel 06 12345678") == (
        "mail jan@voorbeeld.nl, of bel 06 12345678",
        "jan@voorbeeld.nl",
        "06 12345678",
    )


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("nee, mijn naam is Peter.", "Peter"),
        ("verander mijn naam in Thomas de Wit", "Thomas de Wit"),
        ("ik heet An", "An"),
        ("mijn naam klopt niet", None),
        ("mijn naam is 12", None),
        ("mijn naam is iets dat ik liever niet vertel hoor", None),
    ],
)
def test_a_new_name_is_taken_out_of_a_correction(typed: str, expected: Optional[str]) -> None:
    assert checks.new_name(typed, load_content().naam_anders) == expected


def test_addresses_and_numbers_are_found_in_any_text_and_other_digits_are_none() -> None:
    said = "advies graag, mail jan@voorbeeld.nl of bel 06 12345678, bestelling 10000 20000"
    assert checks.contacts_in(said) == ("jan@voorbeeld.nl", "06 12345678")
