"""What visitors type is made safe before Rasa sees it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.incoming import MAX_TEXT, NoText, TextTooLong, clean_text


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  Wat is serotonine? ", "Wat is serotonine?"),
        ("/greet", "greet"),
        ('/safety_suicide{"a": "b"}', 'safety_suicide{"a": "b"}'),
        (" / /intent", "intent"),
        ("\u200b/greet", "greet"),
        ("a\x00b\x1bc", "a b c"),
        ("regel 1\nregel 2", "regel 1 regel 2"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("\ud800half een teken", "half een teken"),
        ("👍", "👍"),
    ],
)
def test_text_is_cleaned_and_commands_lose_their_slash(raw: str, clean: str) -> None:
    assert clean_text(raw) == clean


@pytest.mark.parametrize("raw", ["", "   ", "\x00\x01", "/", "// /", "\u200b\u200e"])
def test_a_message_without_text_is_refused(raw: str) -> None:
    with pytest.raises(NoText):
        clean_text(raw)


def test_a_message_of_100_000_characters_is_refused() -> None:
    with pytest.raises(TextTooLong):
        clean_text("a" * 100_000)
    assert len(clean_text("a" * MAX_TEXT)) == MAX_TEXT


@given(st.text(max_size=MAX_TEXT))
def test_no_text_can_reach_rasa_as_a_command(raw: str) -> None:
    try:
        clean = clean_text(raw)
    except NoText:
        return
    assert clean
    assert not clean.startswith("/")
    assert not clean[0].isspace()
