"""Personal data are taken out; what belongs to the question stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.masking import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("mail me op jan.jansen+x@gmail.com", "mail me op ***"),
        ("bel 06-12345678 of +31 6 1234 5678", "bel *** of ***"),
        ("bel (0470) 12 34 56", "bel (***"),
        ("zie https://winkel.nl/x?y=1 of www.mijn.be/a", "zie *** of ***"),
        ("ik ben @jan_de_bakker", "ik ben ***"),
        ("Kerkstraat 12a, 1234 AB Utrecht", "***, *** Utrecht"),
        ("1234ab", "***"),
        ("bestelnummer 123", "bestelnummer ***"),
        ("mijn order NL-2024-0012 is weg", "mijn order *** is weg"),
        ("track en trace 3SABC1234567", "track en trace ***"),
        ("IBAN NL91ABNA0417164300", "IBAN ***"),
        ("geboren 12-03-1980", "geboren ***"),
        ("mijn naam is Jan de Vries en ik slaap slecht", "mijn naam is *** en ik slaap slecht"),
        ("ik heet fatima, wat is serotonine", "ik heet ***, wat is serotonine"),
        ("wat is 5-htp? groetjes Marieke", "wat is 5-htp? groetjes ***"),
        ("mevrouw De Wit", "mevrouw ***"),
        ("wat is [serotonine](onderwerp)\nen {dit}", "wat is serotonine (onderwerp) en dit"),
    ],
)
def test_personal_data_are_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "hoeveel is 1000 mg magnesium of 2000 ie vitamine d3",
        "1000mg magnesium, 5-htp, b12 en omega-3",
        "250-500 mg per dag",
        "ik slaap sinds 2019 slecht",
        "na 10 dagen op weg naar huis, 3 keer per week",
        "besteld voor 15:30, morgen in huis?",
        "bestelling is niet aangekomen",
        "meneer zei dat het helpt",
        "wat kost verzending boven 60 euro",
    ],
)
def test_what_belongs_to_the_question_stays(text: str) -> None:
    assert mask(text) == text


@given(st.text(max_size=400))
def test_any_text_becomes_one_line_without_markup(text: str) -> None:
    assert not set(mask(text)) & set("[]{}\n\r\t")
