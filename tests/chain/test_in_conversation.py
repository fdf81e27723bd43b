"""What short messages mean after a reply about the chain: nlu/chain.py with the real dictionary, without the model."""

from __future__ import annotations

from typing import Any, Dict, Optional

import pytest

from nlu.chain import ChainWords, in_chain
from nlu.lexicon import Lexicon, read_data, unique_names
from nlu.normalise import words

STEP = {"vraag": "stap", "schakel": "tryptofaan", "stap": 3}
ANSWER = {"vraag": "wat", "schakel": "ijzer"}
QUESTION = {"vraag": "check", "open": "slaap"}
OVERVIEW = {"vraag": "overzicht", "stap": 0}
ASIDE = {"vraag": "wat", "schakel": "vitamine B6", "stap": 4}
BLOCKERS = {"vraag": "blokkades"}
BETWEEN = {"vraag": "tussen", "schakel": "melatonine", "over": "serotonine"}


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon.load()


@pytest.fixture(scope="module")
def chain_words() -> ChainWords:
    return ChainWords(read_data())


def hear(chain_words: ChainWords, lexicon: Lexicon, text: str) -> Any:
    found = words(text, lexicon.abbreviations)
    return chain_words.hear(
        found, unique_names(lexicon.schakel.find(found)), unique_names(lexicon.blokkade.find(found))
    )


@pytest.mark.parametrize(
    ("focus", "label", "text", "intent"),
    [
        (STEP, "follow_up_more", "ga verder", "chain_next"),
        (STEP, "follow_up_more", "vertel meer", "explain_chain_link"),
        (STEP, "follow_up_topic", "en dan?", "chain_next"),
        (STEP, "explain_chain_link", "wat komt daarna?", "chain_next"),
        (STEP, "explain_chain_link", "wat komt ervoor?", "chain_previous"),
        (STEP, "explain_chain_link", "wat komt na ijzer?", None),
        (STEP, "cancel", "stop", "chain_stop"),
        (STEP, "help", "ik wil terug naar het begin", "explain_chain"),
        (STEP, "cancel", "terug", "chain_previous"),
        (STEP, "cancel", "sla over", "chain_next"),
        (STEP, "nlu_fallback", "stap 5", "chain_goto"),
        (STEP, "nlu_fallback", "2", "chain_goto"),
        (STEP, "faq/winkel_levertijd", "hoe lang duurt de bezorging", None),
        (STEP, "follow_up_topic", "en ijzer", "explain_chain_link"),
        (ANSWER, "follow_up_topic", "en magnesium?", "explain_chain_link"),
        (ANSWER, "follow_up_topic", "en stress?", "explain_chain_blocker"),
        (ANSWER, "follow_up_topic", "en oxytocine?", None),
        (ANSWER, "faq/magnesium_wat_is", "en magnesium?", "explain_chain_link"),
        (ANSWER, "faq/magnesium_wat_is", "wat is magnesium?", None),
        (ANSWER, "follow_up_aspect", "waar zit het in?", "explain_chain_link"),
        (ANSWER, "follow_up_aspect", "en als ik er te weinig van heb", "explain_chain_link"),
        (ANSWER, "follow_up_aspect", "wat zijn de bijwerkingen?", None),
        (ANSWER, "nlu_fallback", "en daarna?", "explain_chain_link"),
        (ANSWER, "cancel", "stop", None),
        (ANSWER, "safety_suicide", "en ijzer", None),
        (ANSWER, "affirm", "en ervoor?", "explain_chain_link"),
        (ANSWER, "affirm", "is dat zeker", "explain_chain_link"),
        (ANSWER, "affirm", "waarom is dat onzeker", "explain_chain_link"),
        (ANSWER, "affirm", "ja zeker", None),
        (ANSWER, "out_of_scope", "bron?", "explain_chain_link"),
        (ANSWER, "faq/winkel_kwaliteit", "welke hulpstoffen", "explain_chain_link"),
        (ANSWER, "faq/microbioom_functie", "wat doen b vitamines", "explain_chain_link"),
        (OVERVIEW, "follow_up_more", "vertel meer", "chain_next"),
        (ASIDE, "follow_up_more", "ga verder", "chain_resume"),
        (ASIDE, "follow_up_more", "vertel meer", "explain_chain_link"),
        ({"vraag": "", "stap": 4}, "follow_up_more", "verder", "chain_resume"),
        (BETWEEN, "faq/winkel_retour", "en terug?", "explain_chain_link"),
        (ANSWER, "faq/winkel_retour", "en terug?", None),
        (BLOCKERS, "faq/stress_verminderen", "stress", "explain_chain_blocker"),
        (BLOCKERS, "follow_up_topic", "en slaap?", "explain_chain_blocker"),
        (BLOCKERS, "faq/stress_verminderen", "stress verminderen", None),
        (BLOCKERS, "faq/slaap_verbeteren", "hoe kan ik beter slapen?", None),
        (STEP, "faq/stress_verminderen", "wat doe stress daar", "explain_chain_blocker"),
        (STEP, "faq/winkel_aanbod", "kan ik daar magnesium kopen", None),
        (QUESTION, "follow_up_more", "hoezo wil je dat weten?", "nlu_fallback"),
        (QUESTION, "faq/slaap_verbeteren", "waarom slaap ik slecht", None),
        (QUESTION, "greet", "goedemiddag", None),
        (QUESTION, "greet", "'s middags even wandelen", "nlu_fallback"),
        (QUESTION, "affirm", "ja, meestal", "check_answer"),
        (QUESTION, "nlu_fallback", "wisselend", "check_answer"),
        (QUESTION, "faq/slaap_verbeteren", "ik slaap altijd op vaste tijden", "check_answer"),
        (QUESTION, "faq/magnesium_wat_is", "wat is magnesium", None),
        (QUESTION, "cancel", "stop", None),
        (QUESTION, "safety_suicide", "ja ik wil niet meer", None),
        ({"vraag": "check"}, "affirm", "ja", None),
        ({}, "affirm", "ja", None),
        ({}, "faq/melatonine_productie", "wat als ik te weinig melatonine heb voor de keten", "explain_chain_link"),
        ({}, "faq/melatonine_productie", "wat als ik te weinig melatonine heb", None),
        ({}, "faq/microbioom_wat_is", "wat zijn korte keten vetzuren", None),
        ({}, "nlu_fallback", "en de vitamine b6 in dat rijtje", "explain_chain_link"),
        ({}, "faq/microbioom_dysbiose", "wat doet een slechte darmflora met dat rijtje", "explain_chain_blocker"),
        (
            ANSWER,
            "faq/serotonine_stress",
            "en als ik altijd stress heb op mijn werk, loopt dat dan vast",
            "explain_chain_blocker",
        ),
        (ANSWER, "faq/serotonine_stress", "helpt serotonine als ik altijd stress heb op mijn werk", None),
    ],
)
def test_what_a_message_means_after_a_reply_about_the_chain(
    chain_words: ChainWords, lexicon: Lexicon, focus: Dict[str, Any], label: str, text: str, intent: Optional[str]
) -> None:
    turn = in_chain(label, focus, hear(chain_words, lexicon, text))
    assert (turn.intent if turn else None) == intent


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("ja, meestal", "ja"),
        ("soms", "soms"),
        ("nee", "nee"),
        ("Nee, bijna nooit", "nee"),
        ("ja hoor, elke dag", "ja"),
        ("ja maar niet altijd", "soms"),
        ("weet ik niet", "weet niet"),
        ("geen idee", "weet niet"),
        ("gaat wel", "soms"),
        ("niet echt", "nee"),
        ("best wel veel", "ja"),
        ("nogal", "ja"),
        ("mwah", "soms"),
        ("banaan", None),
    ],
)
def test_answers_to_the_self_check(chain_words: ChainWords, lexicon: Lexicon, text: str, answer: Optional[str]) -> None:
    assert hear(chain_words, lexicon, text).answer == answer


@pytest.mark.parametrize(
    ("text", "step"),
    [("wat was stap 2 ook alweer", "2"), ("de derde stap graag", "3"), ("laatste stap", "laatste"), ("4", "4")],
)
def test_steps_by_number(chain_words: ChainWords, lexicon: Lexicon, text: str, step: str) -> None:
    assert hear(chain_words, lexicon, text).step == step


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("wat komt na tryptofaan", {"na"}),
        ("wat komt er voor serotonine", {"voor"}),
        ("waar is b6 goed voor", set()),
        ("van 5-htp naar serotonine", {"van", "tussen"}),
        ("in welk eten zit ijzer", {"voeding"}),
        ("oke en ijzer dan", {"vervolg", "verder"}),
        ("en dan?", {"na", "vervolg", "verder"}),
        ("en wat dan met b12", {"vervolg", "verder"}),
        ("wat doen b12 en foliumzuur", set()),
        ("en wat gebeurt er daarvoor", {"vervolg", "voor"}),
        ("waar gaat het mis in de keten", {"keten", "hapert"}),
        ("wat als ik te weinig b6 binnenkrijg", {"te_weinig"}),
    ],
)
def test_what_is_asked(chain_words: ChainWords, lexicon: Lexicon, text: str, asked: set[str]) -> None:
    assert hear(chain_words, lexicon, text).asked == asked
