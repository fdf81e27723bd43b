"""The form as pure steps: every answer, every command, at every step."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Optional

import pytest

from advice import steps
from advice.content import FormContent
from advice.draft import Draft
from advice.steps import Given, Possible, Turn
from tests.advice.conftest import NOW

ALL = Possible(transcript=True, self_check=True)
NOTHING = Possible()


def say(draft: Draft, content: FormContent, *given: Given, possible: Possible = NOTHING) -> Turn:
    turn = Turn(draft)
    for answer in given:
        assert not turn.end
        turn = steps.answer(turn.draft, answer, possible, content, NOW)
    return turn


def word(text: str) -> Given:
    return Given(text, text)


FILLED = (
    word("ja"),
    Given("Ik slaap slecht"),
    word("bestelling"),
    Given("Jan"),
    Given("jan@voorbeeld.nl"),
    Given("NL-88"),
    word("ja"),
    word("nee"),
)


def test_a_filled_form_ends_at_the_summary_with_everything_in_it(draft: Draft, content: FormContent) -> None:
    done = say(draft, content, *FILLED, possible=ALL).draft
    assert done.stap == "overzicht"
    assert done.toestemming == {"versie": "2026-11", "tijd": "2026-11-23T10:00:00+00:00"}
    assert steps.summary(done, ALL, content) == (
        "Vraag: Ik slaap slecht\nOnderwerp: bestelling\nNaam: Jan\nAntwoord per mail naar: jan@voorbeeld.nl\n"
        "Bestelnummer: NL-88\nDit gesprek gaat mee\nJe antwoorden uit de zelfcheck gaan niet mee"
    )
    assert say(done, content, word("versturen"), possible=ALL).end == "versturen"


def test_only_what_there_is_is_asked(draft: Draft, content: FormContent) -> None:
    turn = say(draft, content, word("ja"), Given("Ik slaap slecht"), word("slaap"), Given("Jan"), word("hier"))
    assert turn.draft.stap == "overzicht"
    assert turn.draft.contact == {"soort": "here", "waarde": ""}


def test_no_consent_ends_the_form_with_nothing_kept(draft: Draft, content: FormContent) -> None:
    turn = say(draft, content, word("nee"))
    assert turn.end == "geweigerd"
    assert turn.draft.toestemming is None


@pytest.mark.parametrize("unclear", [Given("misschien"), Given("ja maar niet mijn naam"), Given("mwah")])
def test_an_unclear_answer_is_no_consent(draft: Draft, content: FormContent, unclear: Given) -> None:
    turn = say(draft, content, unclear)
    assert (turn.draft.stap, turn.say) == ("toestemming", ("utter_advies_fout_toestemming",))


@pytest.mark.parametrize("count", range(len(FILLED) + 1))
def test_stop_ends_the_form_at_every_step(draft: Draft, content: FormContent, count: int) -> None:
    assert say(draft, content, *FILLED[:count], word("stop"), possible=ALL).end == "gestopt"


@pytest.mark.parametrize("count", range(1, len(FILLED) + 1))
def test_back_asks_the_question_before_again_at_every_step(draft: Draft, content: FormContent, count: int) -> None:
    before = say(draft, content, *FILLED[: count - 1], possible=ALL).draft.stap
    turn = say(draft, content, *FILLED[:count], word("terug"), possible=ALL)
    assert turn.draft.stap == before
    assert getattr(turn.draft, before) is None


def test_back_at_the_first_step_says_so(draft: Draft, content: FormContent) -> None:
    assert say(draft, content, word("terug")).say == ("utter_advies_eerste",)


def test_skip_leaves_out_what_is_not_needed(draft: Draft, content: FormContent) -> None:
    skip = word("overslaan")
    done = say(draft, content, word("ja"), Given("Mijn pakket"), word("bestelling"), *[skip] * 5, possible=ALL).draft
    assert done.stap == "overzicht"
    assert (done.naam, done.bestelnummer, done.gesprek, done.zelfcheck) == ("", "", False, False)
    assert done.contact == {"soort": "here", "waarde": ""}
    assert say(draft, content, word("ja"), Given("Vraag"), skip).draft.onderwerp == "iets anders"


@pytest.mark.parametrize(
    ("count", "reply"),
    [(0, "utter_advies_nodig_toestemming"), (1, "utter_advies_nodig_vraag")],
)
def test_skip_explains_what_can_not_be_skipped(draft: Draft, content: FormContent, count: int, reply: str) -> None:
    turn = say(draft, content, *FILLED[:count], word("overslaan"))
    assert turn.say == (reply,)
    assert turn.draft.stap == ("toestemming", "vraag")[count]


def test_skip_at_the_summary_sends_nothing(complete: Draft, content: FormContent) -> None:
    turn = say(complete, content, word("overslaan"))
    assert (turn.end, turn.say) == ("", ("utter_advies_nodig_overzicht",))


@pytest.mark.parametrize(
    ("count", "wrong", "offer"),
    [
        (0, Given("eh"), "utter_advies_hulp_verplicht"),
        (1, Given("?"), "utter_advies_hulp_verplicht"),
        (2, Given("eh"), "utter_advies_hulp"),
        (3, Given("@@"), "utter_advies_hulp"),
        (4, Given("eh"), "utter_advies_hulp"),
        (5, Given("eh"), "utter_advies_hulp"),
        (6, Given("eh"), "utter_advies_hulp"),
        (7, Given("eh"), "utter_advies_hulp"),
        (8, Given("eh"), "utter_advies_hulp_verplicht"),
    ],
)
def test_three_wrong_answers_in_a_row_bring_the_offer_to_skip_or_stop(
    draft: Draft, content: FormContent, count: int, wrong: Given, offer: str
) -> None:
    replies: List[str] = []
    turn = say(draft, content, *FILLED[:count], possible=ALL)
    for _ in range(3):
        turn = say(turn.draft, content, wrong, possible=ALL)
        replies.append(turn.say[-1])
    assert replies[2] == offer
    assert offer not in replies[:2]


@pytest.mark.parametrize("pressed", ["ja", "nee"])
def test_the_button_of_the_consent_pressed_twice_is_no_question(
    draft: Draft, content: FormContent, pressed: str
) -> None:
    turn = say(draft, content, word("ja"), Given("ja, dat mag", pressed))
    assert (turn.draft.stap, turn.say, turn.draft.prive) == ("vraag", ("utter_advies_fout_vraag",), ())


def test_a_right_answer_starts_the_count_anew(draft: Draft, content: FormContent) -> None:
    turn = say(
        draft, content, *FILLED[:4], Given("eh"), Given("eh"), Given("jan@voorbeeld.nl"), Given("eh"), possible=ALL
    )
    assert turn.draft.fouten == 1


@pytest.mark.parametrize(
    ("part", "answer", "field", "expected"),
    [
        ("vraag", Given("Iets anders dan eerst"), "vraag", "Iets anders dan eerst"),
        ("onderwerp", word("stemming"), "onderwerp", "stemming"),
        ("naam", word("overslaan"), "naam", ""),
        ("contact", Given("+32470123456"), "contact", {"soort": "phone", "waarde": "+32470123456"}),
        ("gesprek", word("ja"), "gesprek", True),
        ("zelfcheck", word("ja"), "zelfcheck", True),
    ],
)
def test_any_part_can_be_changed_from_the_summary(
    complete: Draft, content: FormContent, part: str, answer: Given, field: str, expected: object
) -> None:
    ready = replace(complete, gesprek=False, zelfcheck=False)
    for way in ([Given("aanpassen", "aanpassen"), Given(part, "aanpassen", part)], [Given(part, "aanpassen", part)]):
        turn = say(ready, content, *way, answer, possible=ALL)
        assert turn.draft.stap == "overzicht"
        assert getattr(turn.draft, field) == expected


def test_another_subject_brings_the_question_that_belongs_to_it(complete: Draft, content: FormContent) -> None:
    turn = say(complete, content, Given("onderwerp", "aanpassen", "onderwerp"), word("bestelling"))
    assert turn.draft.stap == "bestelnummer"


def test_a_part_that_the_request_does_not_have_can_not_be_changed(complete: Draft, content: FormContent) -> None:
    menu = say(complete, content, Given("bestelnummer", "aanpassen", "bestelnummer")).draft
    assert menu.stap == "aanpassen"
    assert [b["title"] for b in steps.change_buttons(menu, NOTHING, content)] == [
        *("Mijn vraag", "Onderwerp", "Naam", "Waar het antwoord heen gaat")
    ]
    assert say(menu, content, word("terug")).draft.stap == "overzicht"
    assert say(menu, content, word("versturen")).end == "versturen"


@pytest.mark.parametrize(
    ("text", "part", "expected"),
    [
        ("nee mijn mail is piet@voorbeeld.be", "contact", {"soort": "email", "waarde": "piet@voorbeeld.be"}),
        ("nee ik bedoel 06-87654321", "contact", {"soort": "phone", "waarde": "+31687654321"}),
    ],
)
@pytest.mark.parametrize("stap", ["overzicht", "aanpassen"])
def test_another_address_told_at_the_summary_is_in_the_next_one(
    complete: Draft, content: FormContent, text: str, part: str, expected: Dict[str, str], stap: str
) -> None:
    turn = say(replace(complete, stap=stap), content, Given(text, "aanpassen", part))
    assert (turn.draft.stap, turn.draft.contact, turn.end) == ("overzicht", expected, "")
    assert set(steps.private_values(turn.draft)) >= {text.split()[-1], expected["waarde"]}


def test_another_name_told_at_the_summary_is_in_the_next_one(complete: Draft, content: FormContent) -> None:
    turn = say(complete, content, Given("verander mijn naam in Thomas de Wit", "aanpassen", "naam"))
    assert (turn.draft.stap, turn.draft.naam) == ("overzicht", "Thomas de Wit")
    asked = say(complete, content, Given("mijn naam klopt niet", "aanpassen", "naam"))
    assert (asked.draft.stap, asked.draft.naam) == ("naam", None)


def test_an_address_told_at_another_question_is_kept_and_not_asked_again(draft: Draft, content: FormContent) -> None:
    at_name = say(draft, content, *FILLED[:2], word("slaap")).draft
    told = say(at_name, content, Given("mijn mail is jan@voorbeeld.nl", "aanpassen", "contact"))
    assert (told.draft.stap, told.say) == ("naam", ("utter_advies_genoteerd",))
    assert say(told.draft, content, Given("Jan")).draft.stap == "overzicht"


def test_a_wrong_address_told_at_the_summary_is_asked(complete: Draft, content: FormContent) -> None:
    turn = say(complete, content, Given("nee mijn mail is piet@", "aanpassen", "contact"))
    assert (turn.draft.stap, turn.draft.contact) == ("contact", None)


def test_an_address_in_the_question_is_not_asked_again(draft: Draft, content: FormContent) -> None:
    turn = say(
        draft, content, word("ja"), Given("Ik slaap slecht. Mail: jan@voorbeeld.nl"), word("slaap"), Given("Jan")
    )
    assert turn.draft.stap == "overzicht"
    assert turn.draft.contact == {"soort": "email", "waarde": "jan@voorbeeld.nl"}
    assert "jan@voorbeeld.nl" in steps.private_values(turn.draft)


@pytest.mark.parametrize("given", [word("versturen"), word("hier"), Given("doe maar per telefoon", None, "contact")])
def test_what_belongs_to_another_question_is_no_name(draft: Draft, content: FormContent, given: Given) -> None:
    at_name = say(draft, content, *FILLED[:2], word("slaap")).draft
    assert say(at_name, content, given).say == ("utter_advies_fout_naam",)


def test_an_address_typed_where_it_is_not_asked_leaves_the_conversation_too(draft: Draft, content: FormContent) -> None:
    turn = say(draft, content, *FILLED[:2], Given("jan@elders.nl"))
    assert "jan@elders.nl" in steps.private_values(turn.draft)


@pytest.mark.parametrize("step", [*steps.STEPS, "overzicht", "aanpassen"])
def test_why_is_answered_at_every_step_and_changes_nothing(
    complete: Draft, content: FormContent, responses: "dict[str, object]", step: str
) -> None:
    turn = say(replace(complete, stap=step), content, word("waarom"), possible=ALL)
    assert turn.say == (f"utter_advies_waarom_{step}",)
    assert turn.draft.stap == step
    assert turn.say[0] in responses


def test_everything_typed_at_a_private_question_is_remembered_to_be_removed(draft: Draft, content: FormContent) -> None:
    turn = say(
        draft, content, word("ja"), Given("Mijn verhaal"), word("bestelling"), Given("ik heet Jan"), Given("jan@fout"),
        Given("bel 06 12345678"), Given("order NL-88"),
    )  # fmt: skip
    values = steps.private_values(turn.draft)
    for private in (
        *("Mijn verhaal", "ik heet Jan", "Jan", "jan@fout", "bel 06 12345678", "06 12345678", "+31612345678"),
        *("order NL-88", "NL-88"),
    ):
        assert private in values
    assert "ja" not in values
    assert "bestelling" not in values


def test_the_shortened_question_of_the_summary_is_private_too(complete: Draft, content: FormContent) -> None:
    long = replace(complete, vraag="woord " * 200)
    shown = steps.summary(long, NOTHING, content).splitlines()[0].removeprefix("Vraag: ")
    assert len(shown) <= 301
    assert shown in steps.private_values(long)


def test_products_are_no_subject_after_a_matter_of_safety(content: FormContent) -> None:
    assert "Een product kiezen" in [b["title"] for b in steps.subject_buttons(content, with_products=True)]
    assert "Een product kiezen" not in [b["title"] for b in steps.subject_buttons(content, with_products=False)]


DAMAGED = (
    *(None, "x", {}, {"key": 1}, {"key": "a", "stap": "b"}),
    *({"key": "a", "stap": "vraag", "begonnen": "b", "prive": 3},),
)


@pytest.mark.parametrize("damaged", DAMAGED)
def test_a_damaged_slot_is_no_draft(damaged: Optional[object]) -> None:
    assert Draft.from_slot(damaged) is None


def test_a_draft_survives_the_slot(complete: Draft) -> None:
    assert Draft.from_slot(complete.with_private("a", "b").as_slot()) == complete.with_private("a", "b")


def test_the_key_is_the_same_for_one_form_only(draft: Draft) -> None:
    from datetime import timedelta

    from advice.draft import new_draft

    assert new_draft("web-1", NOW, "toestemming").key == draft.key
    assert new_draft("web-2", NOW, "toestemming").key != draft.key
    assert new_draft("web-1", NOW + timedelta(milliseconds=1), "toestemming").key != draft.key
