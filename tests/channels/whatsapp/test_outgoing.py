"""Answers fitted into WhatsApp; the strict stand-in of the Graph API says what is refused."""

from __future__ import annotations

import json
from typing import Any, Dict, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.base import Answer, Button, Image, Outgoing, Style
from channels.whatsapp.outgoing import addressed, as_message, fit, read_receipt, rest_of, templates
from tests.channels.fakes.graph import GraphError, Template, check_message

TEMPLATES = {"antwoord": Template(("nl",), 1)}


def shown(answer: Answer) -> List[Dict[str, Any]]:
    messages = [as_message(m, {"id": "1"} if m.image else None) for m in fit(answer, "Maak een keuze", "Meer ...")]
    for message in messages:
        check_message(addressed("31612345678", message), TEMPLATES, {"1": b""})
    return messages


def test_three_short_titles_are_buttons_below_the_text() -> None:
    answer = Answer("Zal ik het vragen?", (Button("Ja, graag", "ja graag"), Button("Nee, dank je", "nee dank je")))
    (message,) = shown(answer)
    assert message["interactive"]["type"] == "button"
    assert message["interactive"]["body"] == {"text": "Zal ik het vragen?"}
    assert [b["reply"]["title"] for b in message["interactive"]["action"]["buttons"]] == ["Ja, graag", "Nee, dank je"]


@pytest.mark.parametrize(
    "titles", [["een", "twee", "drie", "vier"], ["Wat is serotonine eigenlijk?"], ["een titel van 21 tek."]]
)
def test_four_titles_or_a_long_one_are_a_list(titles: List[str]) -> None:
    (message,) = shown(Answer("Kies maar.", tuple(Button(title, title) for title in titles)))
    action = message["interactive"]["action"]
    assert (message["interactive"]["type"], action["button"]) == ("list", "Maak een keuze")
    assert [len(section["rows"]) for section in action["sections"]] == [len(titles)]


def test_a_long_title_stands_in_full_below_its_first_words() -> None:
    (message,) = shown(Answer("Kies maar.", (Button("Hoe lang duurt het voordat magnesium werkt?", "x"),)))
    (row,) = message["interactive"]["action"]["sections"][0]["rows"]
    assert row["title"] == "Hoe lang duurt het…"
    assert row["description"] == "Hoe lang duurt het voordat magnesium werkt?"


def test_what_does_not_fit_in_ten_rows_comes_with_more() -> None:
    buttons = tuple(Button(f"Vraag {number}", f"vraag {number}") for number in range(1, 24))
    seen: List[str] = []
    page = fit(Answer("Kies maar.", buttons), "Maak een keuze", "Meer ...")
    sizes = []
    while page:
        (message,) = page
        check_message(addressed("31612345678", as_message(message)), TEMPLATES, {})
        sizes.append(len(message.choices))
        rest = rest_of(message.choices[-1].payload)
        seen += [choice.payload for choice in message.choices if rest_of(choice.payload) is None]
        assert rest is None or message.choices[-1].title == "Meer ..."
        page = fit(Answer("Verder:", tuple(rest)), "Maak een keuze", "Meer ...") if rest else []
    assert sizes == [10, 10, 5]
    assert seen == [f"vraag {number}" for number in range(1, 24)]


def test_what_a_customer_types_never_asks_for_more_rows() -> None:
    assert rest_of("meer") is None
    assert rest_of('meer:[["a","b"]]') is None


def test_two_buttons_with_the_same_words_become_a_list() -> None:
    (message,) = shown(Answer("Kies maar.", (Button("Meer", "meer slaap"), Button("Meer", "meer stress"))))
    assert message["interactive"]["type"] == "list"


def test_a_long_answer_is_split_and_the_choices_stand_below_its_end() -> None:
    paragraphs = "\n\n".join(f"Alinea {number}. " + "Een zin over slaap. " * 40 for number in range(1, 9))
    messages = shown(Answer(paragraphs, (Button("Ja", "ja"),)))
    assert [message["type"] for message in messages] == ["text", "text", "text", "interactive"]
    assert messages[-1]["interactive"]["body"]["text"].startswith("Alinea 8.")


def test_a_picture_carries_a_short_text_and_comes_before_choices() -> None:
    image = Image("/keten/plaat/keten.png", "De keten als plaat")
    (message,) = shown(Answer("Dit is de keten.", (), image))
    assert message == {"type": "image", "image": {"id": "1", "caption": "Dit is de keten."}}
    first, second = shown(Answer("Dit is de keten.", (Button("Verder", "verder"),), image))
    assert first["image"]["caption"] == "De keten als plaat"
    assert second["interactive"]["body"]["text"] == "Dit is de keten."


def test_a_scoped_id_and_a_number_go_to_their_own_fields() -> None:
    assert addressed("NL.134", {"type": "text"}) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "recipient": "NL.134",
        "type": "text",
    }
    assert "recipient" not in addressed("31612345678", {"type": "text"})
    assert addressed("31612345678", {"type": "text"})["to"] == "31612345678"


def test_a_template_carries_the_whole_answer_on_one_line_in_as_many_as_it_takes() -> None:
    (message,) = templates("antwoord", "nl", "Beste An,\n\nmagnesium mag.\tGroet")
    check_message(addressed("31612345678", message), TEMPLATES, {})
    (parameter,) = message["template"]["components"][0]["parameters"]
    assert parameter == {"type": "text", "text": "Beste An, magnesium mag. Groet"}
    long = " ".join(f"woord{number}" for number in range(400))
    parts = templates("antwoord", "nl", long)
    for part in parts:
        check_message(addressed("31612345678", part), TEMPLATES, {})
    words = [part["template"]["components"][0]["parameters"][0]["text"] for part in parts]
    assert (len(words), " ".join(words)) == (5, long)


def test_a_read_receipt_shows_typing_only_when_an_answer_comes() -> None:
    assert read_receipt("wamid.A", True)["typing_indicator"] == {"type": "text"}
    assert "typing_indicator" not in read_receipt("wamid.A", False)


TEXTS = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=0, max_size=6000)
TITLES = st.text(
    st.characters(blacklist_categories=["Cs", "Cc", "Zs", "Zl", "Zp", "Mn", "Cf"]), min_size=1, max_size=120
)


@given(TEXTS, st.lists(TITLES, max_size=25), st.booleans())
def test_every_answer_is_within_the_limits(text: str, titles: List[str], has_image: bool) -> None:
    image = Image("/keten/plaat/keten.png", "Een plaat") if has_image else None
    answer = Answer(text, tuple(Button(title, f"{number} {title}") for number, title in enumerate(titles)), image)
    messages = fit(answer, "Maak een keuze", "Meer ...")
    for message in messages:
        check_message(
            addressed("31612345678", as_message(message, {"id": "1"} if message.image else None)), {}, {"1": b""}
        )
        assert Outgoing.from_dict(json.loads(json.dumps(message.as_dict()))) == message


def test_the_stand_in_refuses_what_the_interface_refuses() -> None:
    too_long = Outgoing("a" * 4097)
    with pytest.raises(GraphError, match="4096"):
        check_message(addressed("31612345678", as_message(too_long)), {}, {})
    assert Outgoing(style=Style.NONE).choices == ()
