"""Fitting an answer into a channel: split where one would pause, nothing lost, nothing cut in two."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import List

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.base import Answer, Button, ChannelLimits, Image, Outgoing, Style, utf16_units
from channels.outgoing import token_of
from channels.render import render, shorten, split_text
from channels.telegram.connector import LIMITS as TELEGRAM
from channels.telegram.connector import escaped

SMALL = ChannelLimits(
    text=60, caption=30, text_with_choices=40, buttons=3, button_title=10, list_rows=4, row_title=12, row_description=30
)
letters = st.text(
    st.sampled_from("ab é😀&<>.\n\u0301\u200d👨🏽") | st.characters(blacklist_categories=["Cs"]), max_size=300
)


def options(*titles: str) -> "tuple[Button, ...]":
    return tuple(Button(title, f"payload {title}") for title in titles)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Een alinea hier.\n\nNog een alinea.", ["Een alinea hier.", "Nog een alinea."]),
        ("Een regel die lang is\nen nog een", ["Een regel die lang is", "en nog een"]),
        ("Eerste zin is dit. Tweede zin komt.", ["Eerste zin is dit.", "Tweede zin komt."]),
        ("woorden zonder enig leesteken erin", ["woorden zonder enig", "leesteken erin"]),
        ("x" * 50, ["x" * 24, "x" * 24, "xx"]),
        ("  \n ", []),
        ("", []),
        ("past precies in dit hokje", ["past precies in dit", "hokje"]),
        ("past precies in hokje 24", ["past precies in hokje 24"]),
    ],
)
def test_a_text_is_split_where_one_would_pause(text: str, parts: List[str]) -> None:
    assert split_text(text, 24) == parts


def test_an_emoji_of_several_characters_stays_whole() -> None:
    family = "👨\u200d👩\u200d👧"
    assert split_text("x" * 8 + family, 10, utf16_units) == ["x" * 8, family]
    assert split_text("x" * 9 + "👍🏽", 12, utf16_units) == ["x" * 9, "👍🏽"]
    assert split_text("x" * 9 + "e\u0301", 10) == ["x" * 9, "e\u0301"]


@settings(max_examples=300)
@given(text=letters, limit=st.integers(8, 80))
def test_parts_fit_and_lose_nothing_but_spaces(text: str, limit: int) -> None:
    parts = split_text(text, limit, utf16_units)
    assert all(part.strip() and utf16_units(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())
    for part in parts:
        part.encode("utf-16-le")  # no half of a surrogate pair
        assert escaped(part).count("&") == part.count("&") + part.count("<") + part.count(">")


@settings(max_examples=200)
@given(
    text=letters,
    titles=st.lists(st.text(min_size=1, max_size=40).filter(str.strip), max_size=8, unique=True),
    alt=st.none() | st.text(max_size=60),
)
def test_whatever_is_said_fits_and_every_choice_is_there(text: str, titles: List[str], alt: "str | None") -> None:
    image = None if alt is None else Image("/keten/plaat/x.png", alt)
    for limits in (SMALL, TELEGRAM):
        messages = render(Answer(text, options(*titles), image), limits)
        for message in messages:
            most = limits.caption if message.image else limits.text
            if message.style in (Style.BUTTONS, Style.LIST):
                most = limits.text_with_choices or limits.text
                assert message.text
            assert limits.measure(message.text) <= most
            assert Outgoing.from_dict(message.as_dict()) == message
        offered = [choice.payload for message in messages for choice in message.choices]
        assert offered == [f"payload {title}" for title in titles]


def test_the_style_follows_from_what_fits() -> None:
    def style(*titles: str, limits: ChannelLimits = SMALL) -> Style:
        return render(Answer("Kies.", options(*titles)), limits)[-1].style

    assert style() is Style.NONE
    assert style("ja", "nee") is Style.BUTTONS
    assert style("ja", "een te lange titel") is Style.LIST
    assert style("1", "2", "3", "4") is Style.LIST
    assert style("1", "2", "3", "4", "5") is Style.NUMBERS
    assert style("ja", limits=replace(SMALL, buttons=0, list_rows=0)) is Style.NUMBERS


def test_numbers_stand_in_the_text_and_rows_go_on_below() -> None:
    numbers = render(Answer("Kies.", options("a", "b", "c", "d", "e")), SMALL)[0]
    assert numbers.text == "Kies.\n\n1. a\n2. b\n3. c\n4. d\n5. e"
    row = render(Answer("Kies.", options("ja", "Wat doet magnesium?")), SMALL)[0].choices[1]
    assert (row.title, row.description) == ("Wat doet…", "Wat doet magnesium?")


def test_a_picture_comes_before_a_text_that_does_not_fit_below_it() -> None:
    image = Image("/keten/plaat/keten.png", "De keten")
    assert image.file_name == "keten.png"
    assert render(Answer("Kort.", (), image), SMALL) == [Outgoing(text="Kort.", image=image)]
    long = render(Answer("Een tekst die niet onder een plaat past.", (), image), SMALL)
    assert [(message.text, message.image) for message in long] == [
        ("De keten", image),
        ("Een tekst die niet onder een plaat past.", None),
    ]


def test_a_button_that_says_the_same_twice_is_shown_once() -> None:
    buttons = (Button("Ja", "ja"), Button("Ja, graag", "ja"), Button("Nee", "nee"))
    assert [choice.title for choice in render(Answer("Wil je?", buttons), SMALL)[0].choices] == ["Ja", "Nee"]


def test_tokens_are_short_and_tell_payloads_apart() -> None:
    assert len(token_of("x" * 500 + "\ud800").encode()) == 20
    assert token_of("ja") == token_of("ja") != token_of("nee")


def test_shortening_keeps_whole_words() -> None:
    assert shorten("Wat doet magnesium?", 12) == "Wat doet…"
    assert shorten("kort", 12) == "kort"
    assert unicodedata.normalize("NFC", shorten("x" * 40, 12)) == "x" * 11 + "…"
