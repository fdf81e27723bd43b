"""Every answer, list and step of a form, rendered for every channel: no limit is broken, no choice is cut off."""

from __future__ import annotations

import itertools
import pydoc
from dataclasses import replace
from typing import Any, Dict, Iterator, List

import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import SessionStarted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from advice import steps
from advice.checks import MAX_NAME, MAX_ORDER
from advice.content import ORDER as ORDER_KIND
from advice.content import load_content
from advice.draft import EMAIL, Draft
from answering.generator import AnswerGenerator
from chain import check, explain, walk
from chain.explain import Question
from chain.model import load_chain
from channels.base import Answer, Outgoing, Style
from channels.render import render
from channels.service import as_answer
from channels.telegram.connector import LIMITS as TELEGRAM
from channels.telegram.connector import escaped, keyboard
from channels.twilio.outgoing import as_fields
from channels.twilio.outgoing import fit as fit_twilio
from channels.whatsapp.outgoing import addressed, as_message, fit, rest_of
from content.texts import load_texts
from nlu.advice import SUMMARY
from tests.channels.fakes.graph import GraphError, check_message
from tests.channels.fakes.telegram import Refused, checked_buttons, shown
from tests.channels.fakes.twilio import TwilioError, check_content

Responses = Dict[str, List[Dict[str, Any]]]
TEXTS = {name: variations[0]["text"] for name, variations in load_texts().items()}
LABEL, MORE, NUMBER = TEXTS["kies_uit_lijst"], TEXTS["meer_keuzes"], TEXTS["typ_nummer"]


def whatsapp(answer: Answer) -> None:
    pages = [fit(answer, LABEL, MORE)]
    while pages:
        for message in pages.pop():
            picture = {"id": "1"} if message.image else None
            check_message(addressed("NL.1", as_message(message, picture)), {}, {"1": b""})
            for choice in message.choices:
                rest = rest_of(choice.payload)
                if rest is not None:
                    pages.append(fit(Answer(TEXTS["nog_meer_keuzes"], tuple(rest)), LABEL, MORE))
                elif message.style is Style.LIST and choice.title.endswith("…"):
                    assert not choice.description.endswith("…"), f"over 72 characters: {choice.description}"


def telegram(answer: Answer) -> None:
    for message in render(answer, TELEGRAM):
        if message.text:
            shown(escaped(message.text), "HTML", 1024 if message.image else 4096, "text")
        if message.choices:
            checked_buttons({"inline_keyboard": keyboard(message)})


def twilio(answer: Answer) -> None:
    messages: List[Outgoing] = fit_twilio(answer, NUMBER)
    for message in messages:
        fields = as_fields(message)
        if fields:
            check_content(fields)
    for number, choice in enumerate(messages[-1].choices if messages else (), 1):
        assert f"{number}. {choice.title}" in "\n".join(message.text for message in messages)


KINDS = (explain.WHAT, explain.AFTER, explain.BEFORE, explain.TOO_LITTLE, explain.FOOD, explain.CERTAINTY, explain.MORE)
WITHOUT_LINK = (explain.OVERVIEW, explain.BLOCKERS, explain.HELPERS, explain.WHICH)
CHANNELS = pytest.mark.parametrize("channel", [whatsapp, telegram, twilio])


@CHANNELS
async def test_every_response_fits(channel: Any, responses: Responses) -> None:
    generator = AnswerGenerator(None, Domain.empty())
    for name in responses:
        tracker = DialogueStateTracker.from_events("an", [SessionStarted(), UserUttered("x", {"name": "faq"})])
        message = await generator.generate(name, tracker, channel.__name__, domain_responses=responses)
        assert message is not None
        channel(as_answer(message))


@CHANNELS
def test_every_variation_fits_with_all_its_buttons(channel: Any, responses: Responses) -> None:
    for variations in [*responses.values(), *load_texts().values()]:
        for variation in variations:
            channel(as_answer({"text": variation.get("text") or "x", "buttons": variation.get("buttons")}))


@CHANNELS
def test_every_question_of_the_catalogue_fits_on_what_is_pressed(channel: Any, responses: Responses) -> None:
    questions = [
        v["metadata"]["vraag"] for vs in responses.values() for v in vs if (v.get("metadata") or {}).get("vraag")
    ]
    buttons = [{"title": question, "payload": question} for question in questions]
    assert len(buttons) > 50
    channel(as_answer({"text": "Kies maar.", "buttons": buttons[:60]}))
    for button in buttons:
        channel(as_answer({"text": "Kies maar.", "buttons": [button]}))


@CHANNELS
def test_everything_about_the_chain_fits(channel: Any) -> None:
    for answer in chain_answers():
        picture = f"https://chat.mijnwinkel.example/keten/plaat/{answer.picture}.png" if answer.picture else None
        buttons = [button.as_dict() for button in answer.buttons]
        channel(as_answer({"text": answer.text, "buttons": buttons, "image": picture, "alt": "Een plaat"}))


@CHANNELS
def test_every_outcome_of_the_self_check_fits(channel: Any) -> None:
    chain = load_chain()
    for given in itertools.product(chain.check.antwoorden, repeat=len(chain.check.vragen)):
        answer = check.outcome(chain, dict(zip(chain.check.vragen, given))).answer
        picture = f"https://chat.mijnwinkel.example/keten/plaat/{answer.picture}.png"
        buttons = [button.as_dict() for button in answer.buttons]
        channel(as_answer({"text": answer.text, "buttons": buttons, "image": picture, "alt": "Een plaat"}))


@CHANNELS
def test_every_step_of_the_advice_form_fits_with_what_is_filled_in(channel: Any, responses: Responses) -> None:
    """The choices that are made while the form is filled in, and the longest summary; the rest are responses."""
    content = load_content()
    order = next(choice.naam for choice in content.onderwerpen if choice.soort == ORDER_KIND)
    draft = Draft(
        *("key", SUMMARY, "2026-11-22T12:00:00+00:00"),
        vraag="<vraag> & meer 😀 " * 200,
        onderwerp=order,
        naam="N" * MAX_NAME,
        contact={"soort": EMAIL, "waarde": "m" * 240 + "@voorbeeld.nl"},
        bestelnummer="1" * MAX_ORDER,
    )
    everything = steps.Possible(True, True)
    filled = {
        "onderwerp": {"buttons": steps.subject_buttons(content, True)},
        "aanpassen": {"buttons": steps.change_buttons(draft, everything, content)},
        "overzicht": {"overzicht": steps.summary(draft, everything, content)},
    }
    assert len(filled["aanpassen"]["buttons"]) == 7
    for name, values in filled.items():
        (variation,) = responses[f"utter_ask_advies_{name}"]
        text = variation["text"].replace("{overzicht}", str(values.get("overzicht")))
        channel(as_answer({"text": text, "buttons": values.get("buttons") or variation["buttons"]}))


def chain_answers() -> Iterator[explain.Answer]:
    chain = load_chain()
    for kind in KINDS:
        for link in chain.schakels:
            yield explain.answer(chain, Question(kind, (link,)))
    for blocker in chain.blokkades:
        yield explain.answer(chain, Question("blokkade", (), blocker))
    for kind in WITHOUT_LINK:
        yield explain.answer(chain, Question(kind, ()))
    for pair in itertools.permutations(chain.schakels, 2):
        yield explain.answer(chain, Question(explain.BETWEEN, pair))
    turn = walk.start(chain)
    for _ in range(20):
        yield turn.answer
        turn = walk.forward(chain, turn.step)


@CHANNELS
def test_a_breach_is_seen(channel: Any) -> None:
    """The gate itself: what is cut off or refused fails it."""
    title = "Een heel lange vraag die op geen enkele rij van een lijst past, hoe klein je de letters ook maakt"
    if channel is whatsapp:
        with pytest.raises(AssertionError, match="over 72 characters"):
            channel(as_answer({"text": "x", "buttons": [{"title": title, "payload": "x"}]}))
    else:
        channel(as_answer({"text": "x", "buttons": [{"title": title, "payload": "x"}]}))


@pytest.mark.parametrize(
    ("channel", "limits"),
    [
        (whatsapp, "channels.whatsapp.outgoing.LIMITS"),
        (telegram, "tests.channels.test_parity.TELEGRAM"),
        (twilio, "channels.twilio.outgoing.LIMITS"),
    ],
)
def test_a_limit_that_is_not_the_apps_own_is_seen(channel: Any, limits: str, monkeypatch: pytest.MonkeyPatch) -> None:
    long = as_answer({"text": "woord " * 1_000})
    channel(long)
    monkeypatch.setattr(limits, replace(pydoc.locate(limits), text=10_000))  # type: ignore[type-var]
    with pytest.raises((GraphError, Refused, TwilioError)):
        channel(long)
