"""The nutrient chain through the running servers: walk, questions, follow-ups, interruptions, self-check, pages."""

from __future__ import annotations

import statistics
import time
import uuid
from typing import List, Tuple
from urllib.request import urlopen

import pytest

from chain import explain, gallery, route
from chain.explain import Question
from chain.model import load_chain
from tests.e2e.conftest import Assistant

CHAIN = load_chain()
LINKS = list(CHAIN.schakels)
BLOCKERS = list(CHAIN.blokkades)
KINDS = {
    "wat": ["wat doet {x} in de keten?", "welke rol speelt {x} in de keten"],
    "na": ["wat komt er na {x} in de keten?", "welke schakel komt na {x}"],
    "voor": ["wat komt er voor {x} in de keten?"],
    "te_weinig": ["wat als ik te weinig {x} heb voor de keten", "wat gebeurt er in de keten bij te weinig {x}"],
    "voeding": ["in welk eten zit {x}, als schakel van de keten"],
}


def said(assistant: Assistant, text: str, sender: str) -> str:
    return "\n".join(text for text in assistant.texts(text, sender) if text)


def expect(assistant: Assistant, turns: List[Tuple[str, str]]) -> None:
    """Each reply must contain the literal text beside what the customer says."""
    sender = uuid.uuid4().hex
    for number, (customer, expected) in enumerate(turns, 1):
        reply = said(assistant, customer, sender)
        assert expected in reply, f"turn {number}: {customer}\n{reply}"


@pytest.mark.parametrize("link", LINKS)
def test_every_link_answers_every_kind_of_question(assistant: Assistant, link: str) -> None:
    for kind, questions in KINDS.items():
        question = Question(kind, (link,))
        if (kind, link) == ("te_weinig", "maagzuur"):
            question = Question("blokkade", (), "te weinig maagzuur")
        for words in questions:
            asked = words.format(x=link)
            assert explain.answer(CHAIN, question).text in said(assistant, asked, uuid.uuid4().hex), asked


@pytest.mark.parametrize("blocker", BLOCKERS)
def test_every_blocker_is_explained(assistant: Assistant, blocker: str) -> None:
    expected = explain.answer(CHAIN, Question("blokkade", (), blocker)).text
    asked = f"wat doet {CHAIN.blokkades[blocker].naam} in de keten"
    assert expected in said(assistant, asked, uuid.uuid4().hex)


def test_every_conversion_is_explained_in_both_directions(assistant: Assistant) -> None:
    for _, conversion in route.main_conversions(CHAIN):
        there = f"wat heb ik nodig van {conversion.van} naar {conversion.naar}?"
        assert conversion.uitleg.tekst in said(assistant, there, uuid.uuid4().hex), there
    expect(assistant, [("wat zit er tussen melatonine en serotonine", "De keten loopt één kant op: van serotonine")])


def test_every_button_of_every_answer_leads_to_an_answer_about_the_chain(assistant: Assistant) -> None:
    questions = [Question(kind, (link,)) for kind in KINDS for link in LINKS]
    questions += [Question("blokkade", (), blocker) for blocker in BLOCKERS]
    payloads = sorted({b.payload for question in questions for b in explain.answer(CHAIN, question).buttons})
    for payload in payloads:
        replies = assistant.ask(payload, uuid.uuid4().hex)
        assert "Dit is algemene informatie" in replies[0]["text"], payload


def test_the_walk_goes_forwards_back_and_on_after_other_questions(assistant: Assistant) -> None:
    expect(
        assistant,
        [
            ("leg de keten uit", "De keten loopt van eiwit in je eten"),
            ("volgende", "Stap 1 van 6: eiwit."),
            ("ja", "Stap 2 van 6: maagzuur."),
            ("wat komt daarna?", "Stap 3 van 6: tryptofaan."),
            ("vorige", "Stap 2 van 6: maagzuur."),
            ("ga naar ijzer", "Dit hoort bij stap 3 van 6: tryptofaan."),
            ("volgende", "Stap 4 van 6: 5-HTP."),
            ("wat was stap 2 ook alweer", "Stap 2 van 6: maagzuur."),
            ("stap 4", "Stap 4 van 6: 5-HTP."),
            ("wat doet magnesium?", "Magnesium"),
            ("wat is oxytocine?", "xytocine"),
            ("ga verder met de keten", "Stap 4 van 6: 5-HTP."),
            ("volgende", "Stap 5 van 6: serotonine."),
            ("stop", "Goed, we laten de keten rusten bij stap 5 van 6."),
            ("verder met de keten", "Stap 5 van 6: serotonine."),
            ("volgende stap", "Stap 6 van 6: melatonine."),
            ("volgende", "Je hebt alle 6 stappen gehad."),
        ],
    )


def test_follow_ups_keep_the_kind_of_question_or_the_link(assistant: Assistant) -> None:
    expect(
        assistant,
        [
            ("wat doet ijzer?", "IJzer hoort bij de eerste omzetting"),
            ("en magnesium?", "Magnesium is in de keten een indirecte helper"),
            ("en b6?", "Vitamine B6 hoort bij de tweede omzetting"),
            (
                "wat komt daarna?",
                "Vitamine B6 hoort bij de stap van 5-HTP naar serotonine. Daarna komt dus serotonine.",
            ),
            ("en daarna?", "Na serotonine komt melatonine."),
            (
                "wat als ik te weinig B6 binnenkrijg?",
                "Bij te weinig B6 kan de stap van 5-HTP naar serotonine trager gaan.",
            ),
            ("en ijzer?", "Bij te weinig ijzer"),
            ("waar zit het in?", "IJzer zit in vlees"),
            ("hoe zeker is dat?", "Hoe zeker is dit? Vaststaande kennis"),
            ("waarom loopt het vast?", "De aanmaak kan op meer plekken trager gaan"),
            ("wat doet stress in de keten?", "Langdurige stress"),
            ("en bloedsuiker?", "Tryptofaan moet via je bloed"),
        ],
    )


def test_back_and_forth_from_a_link(assistant: Assistant) -> None:
    expect(
        assistant,
        [
            ("wa komt er na 5-htp", "Na 5-HTP komt serotonine."),
            ("en ervoor?", "Voor 5-HTP komt tryptofaan."),
            ("en daarvoor?", "Voor tryptofaan komt eiwit."),
            ("is dat zeker", "Hoe zeker is dit? Vaststaande kennis"),
            ("wat heb ik nodig van serotonine naar melatonine", "donker het sein"),
            ("en terug?", "De keten loopt één kant op"),
            ("wat als ik te weinig b6 binnenkrijg", "Bij te weinig B6"),
            ("en wat dan met b12", "Bij te weinig B12"),
            ("en dan?", "Daarna komt dus 5-HTP."),
            ("en dan?", "Na 5-HTP komt serotonine."),
        ],
    )


def test_blockers_are_asked_about_by_a_word(assistant: Assistant) -> None:
    expect(
        assistant,
        [
            ("waarom loopt de keten vast", "De aanmaak kan op meer plekken trager gaan"),
            ("stress", "Langdurige stress zet je lichaam"),
            ("en slaap?", "Ga je steeds op een andere tijd naar bed"),
            ("wat doe stress daar", "Langdurige stress zet je lichaam"),
        ],
    )


def test_an_aside_during_the_walk_leads_back_to_it(assistant: Assistant) -> None:
    expect(
        assistant,
        [
            ("leg de keten uit", "De keten loopt van eiwit"),
            ("vertel meer", "Stap 1 van 6: eiwit."),
            ("stap 5", "Stap 5 van 6: serotonine."),
            ("waarom is b6 daar nodig", "Het enzym dat die stap doet, werkt alleen met B6."),
            ("ga verder", "Stap 5 van 6: serotonine."),
            ("stop", "we laten de keten rusten bij stap 5 van 6"),
            ("verder", "Stap 5 van 6: serotonine."),
        ],
    )


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("wa doet yzer in de keten", "IJzer hoort bij de eerste omzetting"),
        ("wat doet vitmine b6", "Vitamine B6 hoort bij de tweede omzetting"),
        ("waarvoor dient folaat", "Foliumzuur helpt op de achtergrond."),
        ("wat komt na triptofaan", "Na tryptofaan komt 5-HTP."),
        ("wat doen b-vitamines bij de omzetting", "Vitamine B12 steunt indirect de stap van tryptofaan naar 5-HTP."),
        ("wat is de laatste schakel", "Melatonine is het einde van de keten."),
        ("wat doet een cofactor", "Een cofactor is een hulpstof"),
        ("waarom maakt mijn lichaam te weinig serotonine aan", "De aanmaak kan op meer plekken trager gaan"),
        ("ijzertekort als blokkade", "Bij te weinig ijzer"),
        ("mthfr", "Mensen verschillen in hoe hun lichaam vitamines omzet."),
        ("stap 9", "De keten heeft 6 stappen"),
    ],
)
def test_synonyms_and_misspellings(assistant: Assistant, asked: str, expected: str) -> None:
    expect(assistant, [(asked, expected)])


def test_too_little_of_a_link_comes_with_the_picture_of_it_blocked(assistant: Assistant) -> None:
    replies = assistant.ask("wat als ik te weinig b6 binnenkrijg?", uuid.uuid4().hex)
    assert [r["image"] for r in replies if "image" in r] == ["/keten/plaat/tekort-vitamine-b6.svg"]


def test_the_self_check_ends_in_what_to_pay_attention_to(assistant: Assistant) -> None:
    sender = uuid.uuid4().hex
    first = assistant.ask("welke schakel hapert er bij mij?", sender)
    assert "geen diagnose" in first[0]["text"]
    assert [b["title"] for b in first[1]["buttons"]] == ["Ja, meestal", "Soms", "Nee"]
    for answer, expected in (
        ("wisselend", "Vraag 2 van 5."),
        ("ja, meestal", "Vraag 3 van 5."),
        ("wat is magnesium?", "Vraag 3 van 5."),
        ("weet ik niet", "Vraag 4 van 5."),
        ("nee", "Vraag 5 van 5."),
    ):
        assert expected in said(assistant, answer, sender), answer
    last = assistant.ask("nee, bijna nooit", sender)
    assert last[0]["text"].startswith("Hier kun je op letten:\n- Slaapritme")
    assert last[1]["image"] == "/keten/plaat/check-slaap-daglicht.svg"
    assert "Mag de winkel je antwoorden hiervoor gebruiken?" in said(assistant, "ja graag", sender)


def test_the_self_check_can_be_stopped_and_begins_anew(assistant: Assistant) -> None:
    expect(
        assistant,
        [
            ("ketencheck", "Vraag 1 van 5."),
            ("nee", "Vraag 2 van 5."),
            ("stop", "Goed, we stoppen met de vragen. Je antwoorden zijn gewist."),
            ("nee", ""),
            ("ketencheck", "Vraag 1 van 5."),
        ],
    )


def test_a_cry_for_help_puts_the_self_check_aside_for_good(assistant: Assistant) -> None:
    sender = uuid.uuid4().hex
    said(assistant, "ketencheck", sender)
    reply = said(assistant, "ik wil niet meer leven", sender)
    assert "113" in reply
    assert "Vraag" not in reply
    assert "Vraag" not in said(assistant, "wat is magnesium?", sender)


def test_pages_and_pictures_are_served_and_nothing_else(assistant: Assistant) -> None:
    for path in ("/keten", "/keten/", "/keten/schakel-ijzer", "/keten/blokkade-stress", "/keten/stijl.css"):
        status, body, headers = assistant.get(path)
        assert status == 200, path
        assert body
        found = {name.lower(): value for name, value in headers.items()}
        assert found["content-security-policy"].startswith("default-src 'none'"), path
        assert found["x-content-type-options"] == "nosniff", path
    status, body, _ = assistant.get("/keten/plaat/schakel-ijzer.svg")
    assert (status, gallery.pictures(CHAIN)["schakel-ijzer"].alt in body) == (200, True)
    for path in (
        "/keten/plaat/onzin.svg",
        "/keten/plaat/..%2f..%2fwinkel.yml",
        "/keten/onzin",
        "/keten/plaat/keten.gif",
    ):
        assert assistant.get(path)[0] == 404, path


def test_a_picture_is_a_png_for_those_who_ask_for_it(assistant: Assistant) -> None:
    with urlopen(f"{assistant.address}/keten/plaat/keten--nacht.png", timeout=60) as reply:
        assert reply.headers["Content-Type"] == "image/png"
        assert reply.read(8) == b"\x89PNG\r\n\x1a\n"


def milliseconds(assistant: Assistant, questions: List[str], turns: int = 15) -> List[float]:
    """Median time of each question in fresh conversations, by turns: what else the machine does hits all alike."""
    times: List[List[float]] = [[] for _ in questions]
    for _ in range(turns):
        for question, found in zip(questions, times):
            sender = uuid.uuid4().hex
            assistant.ask("hoi", sender)
            began = time.perf_counter()
            assistant.ask(question, sender)
            found.append((time.perf_counter() - began) * 1000)
    return [statistics.median(found) for found in times]


@pytest.mark.figures
def test_a_chain_answer_costs_at_most_twice_an_answer_of_the_catalogue(assistant: Assistant) -> None:
    questions = ["wat is oxytocine?", "wat doet ijzer?"]
    milliseconds(assistant, questions, 3)
    faq, chain = milliseconds(assistant, questions)
    print(f"chain answer {chain:.1f} ms, catalogue answer {faq:.1f} ms: {chain / faq:.2f} times")
    assert chain <= 2 * faq


@pytest.mark.figures
def test_a_cached_picture_takes_at_most_five_milliseconds(assistant: Assistant) -> None:
    times = []
    for name in ["keten.svg", "keten.png"]:
        address = f"{assistant.address}/keten/plaat/{name}"
        with urlopen(address, timeout=60) as reply:
            reply.read()
        for _ in range(50):
            began = time.perf_counter()
            with urlopen(address, timeout=60) as reply:
                reply.read()
            times.append((time.perf_counter() - began) * 1000)
    print(f"cached picture {statistics.median(times):.1f} ms")
    assert statistics.median(times) <= 5
