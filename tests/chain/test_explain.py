from __future__ import annotations

from itertools import product
from typing import FrozenSet, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain import explain, gallery, route
from chain.explain import NO_FOCUS, Focus, Heard, Question
from chain.model import Chain, load_chain

LINKS = list(load_chain().schakels)
BLOCKERS = list(load_chain().blokkades)
KINDS = ("wat", "na", "voor", "te_weinig", "voeding", "zekerheid", "meer")


def heard(*links: str, blockers: str = "", asked: str = "") -> Heard:
    return Heard(links, tuple(filter(None, blockers.split("|"))), frozenset(asked.split()))


def text(chain: Chain, question: Question) -> str:
    return explain.answer(chain, question).text


def test_what_a_link_does_with_its_picture_and_sources(chain: Chain) -> None:
    answer = explain.answer(chain, Question("wat", ("ijzer",)))
    assert answer.text.startswith("IJzer hoort bij de eerste omzetting: van tryptofaan naar 5-HTP.")
    assert answer.picture == "schakel-ijzer"
    assert answer.sources == ("maffei", "eu432")
    assert [b.title for b in answer.buttons] == ["Wat komt erna?", "Te weinig ervan?", "Waar zit het in?"]


def test_after_and_before_a_substance_a_helper_and_the_ends(chain: Chain) -> None:
    assert text(chain, Question("na", ("tryptofaan",))).startswith("Na tryptofaan komt 5-HTP.")
    assert text(chain, Question("voor", ("serotonine",))).startswith("Voor serotonine komt 5-HTP.")
    assert (
        text(chain, Question("na", ("ijzer",)))
        == "IJzer hoort bij de stap van tryptofaan naar 5-HTP. Daarna komt dus 5-HTP."
    )
    assert (
        text(chain, Question("voor", ("donker",)))
        == "Donker hoort bij de stap van serotonine naar melatonine. Daarvoor zit dus serotonine."
    )
    assert text(chain, Question("na", ("melatonine",))).startswith("Melatonine is de laatste schakel.")
    assert text(chain, Question("voor", ("eiwit",))).startswith("Eiwit is de eerste schakel.")


def test_what_is_needed_between_two_links_in_either_direction(chain: Chain) -> None:
    assert (
        text(chain, Question("tussen", ("5-HTP", "serotonine")))
        == "Van 5-HTP naar serotonine is vitamine B6 nodig. Magnesium helpt indirect."
    )
    assert text(chain, Question("tussen", ("tryptofaan", "serotonine"))).startswith(
        "Van tryptofaan naar serotonine zijn het 2 stappen. Van tryptofaan naar 5-HTP is ijzer nodig."
    )
    assert text(chain, Question("tussen", ("melatonine", "serotonine"))).startswith(
        "De keten loopt één kant op: van serotonine naar melatonine."
    )


def test_too_little_says_what_follows_and_marks_the_link(chain: Chain) -> None:
    answer = explain.answer(chain, Question("te_weinig", ("vitamine B6",)))
    assert "Daarna volgt in de keten nog: serotonine en melatonine." in answer.text
    assert "Of dit bij jou speelt, kan ik niet zeggen." in answer.text
    assert answer.picture == "tekort-vitamine-b6"


def test_a_blocker_names_the_link_it_hits(chain: Chain) -> None:
    answer = explain.answer(chain, Question("blokkade", blocker="stress"))
    assert answer.text.endswith("Het raakt in de keten vooral: maagzuur.")
    assert answer.picture == "blokkade-stress"
    assert explain.answer(chain, Question("blokkades")).buttons[0].payload == "wat doet stress in de keten"


def test_how_sure_names_the_sources(chain: Chain) -> None:
    assert (
        text(chain, Question("zekerheid", ("vitamine D",)))
        == "Hoe zeker is dit? Nog in onderzoek. Ik baseer me op: Patrick en Ames, FASEB J. 2014, 28, 2398 (hypothese "
        "over vitamine D); Verordening (EU) 432/2012, lijst van toegestane gezondheidsclaims."
    )


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (heard("ijzer"), Question("wat", ("ijzer",))),
        (heard("ijzer", "serotonine", asked="maken oorzaak"), Question("wat", ("ijzer",))),
        (heard("vitamine B12", "foliumzuur"), Question("wat", ("vitamine B12", "foliumzuur"))),
        (heard("tryptofaan", asked="na"), Question("na", ("tryptofaan",))),
        (heard("tryptofaan", asked="tussen"), Question("na", ("tryptofaan",))),
        (heard("melatonine", asked="tussen"), Question("voor", ("melatonine",))),
        (heard("serotonine", asked="maken"), Question("voor", ("serotonine",))),
        (heard("5-HTP", "serotonine", asked="van tussen"), Question("tussen", ("5-HTP", "serotonine"))),
        (heard("5-HTP", "serotonine", asked="van maken"), Question("tussen", ("5-HTP", "serotonine"))),
        (heard("eiwit", "serotonine", asked="maken oorzaak"), Question("wat", ("eiwit",))),
        (heard("ijzer", "tryptofaan", "5-HTP", asked="van tussen"), Question("wat", ("ijzer",))),
        (heard("maagzuur", blockers="te weinig maagzuur"), Question("wat", ("maagzuur",))),
        (
            heard("maagzuur", blockers="te weinig maagzuur", asked="te_weinig"),
            Question("blokkade", (), "te weinig maagzuur"),
        ),
        (heard(blockers="stress"), Question("blokkade", (), "stress")),
        (heard("serotonine", blockers="stress"), Question("blokkade", (), "stress")),
        (heard("ijzer", asked="te_weinig"), Question("te_weinig", ("ijzer",))),
        (heard("ijzer", asked="voeding"), Question("voeding", ("ijzer",))),
        (heard(asked="b_vitamines"), Question("wat", ("vitamine B6", "vitamine B12", "foliumzuur"))),
        (heard(asked="hulpstof"), Question("hulpstof")),
        (heard(asked="laatste"), Question("wat", ("melatonine",))),
        (heard(asked="eerste"), Question("wat", ("eiwit",))),
        (heard(), Question("welke")),
    ],
)
def test_what_a_question_about_links_asks(chain: Chain, said: Heard, expected: Question) -> None:
    assert explain.question_about_links(chain, said) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (heard(), Question("blokkades")),
        (heard("serotonine", asked="oorzaak"), Question("blokkades")),
        (heard("serotonine", blockers="tekort aan een schakel", asked="oorzaak te_weinig"), Question("blokkades")),
        (
            heard("serotonine", blockers="tekort aan een schakel", asked="te_weinig"),
            Question("te_weinig", ("serotonine",)),
        ),
        (heard("vitamine B6", blockers="tekort aan een schakel"), Question("te_weinig", ("vitamine B6",))),
        (heard("ijzer", "serotonine"), Question("te_weinig", ("ijzer",))),
        (heard(blockers="tekort aan een schakel"), Question("blokkade", (), "tekort aan een schakel")),
        (heard("maagzuur", blockers="stress|te weinig maagzuur"), Question("blokkade", (), "stress")),
        (heard(blockers="bloedsuiker"), Question("blokkade", (), "bloedsuiker")),
    ],
)
def test_what_a_question_about_blockers_asks(chain: Chain, said: Heard, expected: Question) -> None:
    assert explain.question_about_blockers(chain, said) == expected


@pytest.mark.parametrize(
    ("said", "focus", "expected"),
    [
        (heard(asked="na"), Focus("wat", "ijzer"), Question("na", ("ijzer",))),
        (heard(asked="voor"), Focus("na", "5-HTP"), Question("voor", ("5-HTP",))),
        (heard("magnesium", asked="vervolg"), Focus("wat", "ijzer"), Question("wat", ("magnesium",))),
        (heard("magnesium", asked="vervolg"), Focus("te_weinig", "ijzer"), Question("te_weinig", ("magnesium",))),
        (heard("serotonine", asked="vervolg"), Focus("na", "5-HTP"), Question("na", ("serotonine",))),
        (heard(asked="voeding"), Focus("wat", "ijzer"), Question("voeding", ("ijzer",))),
        (heard(asked="meer"), Focus("wat", "ijzer"), Question("meer", ("ijzer",))),
        (heard(asked="meer"), Focus("stap", "serotonine"), Question("wat", ("serotonine",))),
        (heard(asked="meer"), Focus("meer", "ijzer"), Question("zekerheid", ("ijzer",))),
        (heard(asked="zekerheid"), Focus("blokkade", "maagzuur", "stress"), Question("zekerheid", (), "stress")),
        (heard(blockers="tekort aan een schakel"), Focus("wat", "ijzer"), Question("te_weinig", ("ijzer",))),
    ],
)
def test_follow_ups_take_up_the_last_reply(chain: Chain, said: Heard, focus: Focus, expected: Question) -> None:
    assert explain.question_about_links(chain, said, focus) == expected


def test_after_an_answer_what_comes_next_goes_on_from_there(chain: Chain) -> None:
    first = explain.answer(chain, Question("na", ("tryptofaan",)))
    focus = Focus.from_metadata({"keten": first.metadata()}, chain)
    second = explain.answer(chain, explain.question_about_links(chain, heard(asked="na"), focus))
    assert second.text.startswith("Na 5-HTP komt serotonine.")


def test_metadata_of_another_reply_is_no_focus(chain: Chain) -> None:
    assert Focus.from_metadata({"faq_id": "magnesium_wat_is"}, chain) == NO_FOCUS
    assert Focus.from_metadata({"keten": {"vraag": "wat", "schakel": "goud"}}, chain) == Focus("wat")


# --- everything in the data can be reached, and every answer fits ---

asks: st.SearchStrategy[FrozenSet[str]] = st.frozensets(
    st.sampled_from(
        [
            "na",
            "voor",
            "tussen",
            "maken",
            "van",
            "te_weinig",
            "voeding",
            "zekerheid",
            "vervolg",
            "oorzaak",
            "eerste",
            "laatste",
            "hulpstof",
            "b_vitamines",
            "meer",
            "verder",
            "terug",
            "overslaan",
        ]
    )
)
some_links = st.lists(st.sampled_from(LINKS), unique=True, max_size=4).map(tuple)
some_blockers = st.lists(st.sampled_from(BLOCKERS), unique=True, max_size=3).map(tuple)
anything = st.builds(Heard, some_links, some_blockers, asks)
focuses = st.builds(
    Focus,
    st.sampled_from(["", *KINDS, "stap", "overzicht", "blokkade", "check"]),
    st.sampled_from(["", *LINKS]),
    st.sampled_from(["", *BLOCKERS]),
)


@given(said=anything, focus=focuses, about_links=st.booleans())
def test_whatever_is_asked_there_is_an_answer_that_fits(said: Heard, focus: Focus, about_links: bool) -> None:
    chain = load_chain()
    find = explain.question_about_links if about_links else explain.question_about_blockers
    answer = explain.answer(chain, find(chain, said, focus))
    assert 0 < len(answer.text) <= 500
    assert "{" not in answer.text
    assert answer.picture in {"", *gallery.pictures(chain)}
    assert len(answer.buttons) <= 7
    assert all(len(b.title) <= 20 and len(b.payload.encode()) <= 64 for b in answer.buttons)


@given(link=st.sampled_from(LINKS), kind=st.sampled_from(KINDS))
def test_every_link_is_reached_by_naming_it_and_by_walking_from_any_other(link: str, kind: str) -> None:
    chain = load_chain()
    direct = explain.question_about_links(chain, heard(link, asked="" if kind == "wat" else kind))
    assert link in direct.links or direct.blocker == "te weinig maagzuur"
    seen = {link}
    focus = Focus("wat", link)
    for asked in ("na", "voor"):
        here = focus
        for _ in LINKS:
            answer = explain.answer(chain, explain.question_about_links(chain, heard(asked=asked), here))
            here = Focus.from_metadata({"keten": answer.metadata()}, chain)
            seen.add(here.link)
    substances = {name for name, entry in chain.schakels.items() if entry.rol == "stof"}
    assert substances <= seen


@pytest.mark.parametrize("link", LINKS)
def test_every_link_is_offered_by_some_answer(chain: Chain, link: str) -> None:
    offered: List[str] = []
    for kind, other in product((*KINDS, "tussen"), LINKS):
        links = (other, "melatonine") if kind == "tussen" else (other,)
        offered += [b.payload for b in explain.answer(chain, Question(kind, links)).buttons]
    mentioned = "\n".join(explain.answer(chain, Question("welke")).text for _ in (1,))
    assert any(link in payload for payload in offered)
    assert link in mentioned


@pytest.mark.parametrize("blocker", BLOCKERS)
def test_every_blocker_is_reached_by_name_and_offered(chain: Chain, blocker: str) -> None:
    question = explain.question_about_blockers(chain, Heard((), (blocker,)))
    assert question == Question("blokkade", (), blocker)
    titles = [b.title for b in explain.answer(chain, Question("blokkades")).buttons]
    assert chain.blokkades[blocker].knop in titles


def test_every_conversion_is_explained_between_its_ends(chain: Chain) -> None:
    for _, conversion in route.main_conversions(chain):
        assert text(chain, Question("tussen", (conversion.van, conversion.naar))) == conversion.uitleg.tekst
