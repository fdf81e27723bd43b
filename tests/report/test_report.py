"""The owners' page: right counts, questions grouped, nothing personal."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from report import figures
from report.__main__ import write
from report.figures import ZONE, count
from report.groups import group
from review.conversations import Message

MONDAY_NINE = datetime(2026, 11, 16, 9, 30, tzinfo=ZONE).timestamp()


def said(text: str, intent: str = "faq", faq_id: str | None = None, at: float = MONDAY_NINE, **more: bool) -> Message:
    return Message(text, intent, 0.9, (), more.get("in_form", False), faq_id, (), at)


SESSIONS = [
    [said("hoi", "greet"), said("wat is serotonine", faq_id="serotonine_wat_is")],
    [
        said("verkopen jullie ook hondenbrokken", "out_of_scope"),
        said("bel me op 0612345678 over de blarf", "nlu_fallback"),
        said("ik wil een mens", "request_human"),
    ],
    [said("een persoonlijk verhaal", "nlu_fallback"), said("ik wil niet meer leven", "safety_suicide")],
    [said("Jan de Boer", "nlu_fallback", in_form=True)],
]


def test_messages_are_counted_by_outcome_onderwerp_and_dutch_hour() -> None:
    usage = count(SESSIONS)
    assert (usage.sessions, usage.messages) == (4, 8)
    assert usage.outcomes == Counter(talk=1, answered=1, outside=1, clarified=3, handed_over=1, safety=1)
    assert usage.onderwerpen == Counter(serotonine=1)
    assert usage.questions == Counter(serotonine_wat_is=1)
    assert usage.hours == Counter({(0, 9): 8})


def test_what_is_shown_is_masked_and_leaves_out_forms_and_conversations_about_safety() -> None:
    assert count(SESSIONS).unanswered == ["verkopen jullie ook hondenbrokken", "bel me op *** over de blarf"]


def test_older_messages_are_left_out() -> None:
    assert count(SESSIONS, since=MONDAY_NINE + 1).messages == 0


def test_messages_that_ask_the_same_are_one_group_the_largest_first() -> None:
    texts = ["verkopen jullie hondenbrokken"] * 2 + ["hebben jullie hondebrokken", "hoe laat gaat de trein"]
    found = group(texts)
    assert [(item.count, item.examples) for item in found] == [
        (3, ("verkopen jullie hondenbrokken", "hebben jullie hondebrokken")),
        (1, ("hoe laat gaat de trein",)),
    ]
    assert group([]) == []
    assert group(["één"])[0].count == 1


def test_the_page_shows_figures_pictures_and_escaped_messages(tmp_path: Path) -> None:
    liked = replace(SESSIONS[0][1], rating="up")
    usage = count(
        [*SESSIONS, [said("<script>alert(1)</script>", "nlu_fallback"), liked, replace(liked, rating="down")]]
    )
    page = write(usage, 30, tmp_path / "gebruik.html").read_text(encoding="utf-8")
    assert "<strong>5</strong> gesprekken" in page
    assert "<strong>36 %</strong> niet begrepen" in page
    assert "<strong>1 / 1</strong> duim omhoog / omlaag" in page
    assert '<td>Wat is serotonine?</td><td class="n">3</td><td class="n">1</td><td class="n">1</td>' in page
    assert page.count("<svg") == 6
    assert "<script>" not in page
    assert "0612345678" not in page


def test_without_conversations_the_page_says_so(tmp_path: Path) -> None:
    page = write(figures.Usage(), 30, tmp_path / "gebruik.html").read_text(encoding="utf-8")
    assert "In deze tijd heeft niemand iets gevraagd." in page
