"""Gates over all content: they fail on anything a customer would stumble over, before any training."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

from content.catalogue import FAQ_INTENT, FAQ_RESPONSE, catalogue_from_responses, placeholders_in
from content.texts import load_texts
from nlu.lexicon import Lexicon
from nlu.normalise import key
from shop.settings import load_shop

Responses = Dict[str, List[Dict[str, Any]]]
MAX_TEXT, MAX_MORE, MIN_EXAMPLES = 500, 700, 20


def test_every_id_of_the_contract_has_one_answer_and_no_other_id_exists(
    contract: Dict[str, Any], responses: Responses
) -> None:
    answers = [name[len(FAQ_RESPONSE) :] for name in responses if name.startswith(FAQ_RESPONSE)]
    assert sorted(answers) == sorted(contract["faq"])


def test_every_id_and_intent_of_the_contract_has_varied_examples(
    contract: Dict[str, Any], examples: List[Tuple[str, str]]
) -> None:
    counts = Counter(label for _, label in examples)
    intents = [name for names in contract["intents"].values() for name in names]
    labels = [*intents, *(FAQ_INTENT + faq_id for faq_id in contract["faq"])]
    too_few = {label: counts[label] for label in labels if counts[label] < MIN_EXAMPLES}
    assert not too_few


def test_the_canonical_question_and_the_wording_codes_are_those_of_the_contract(
    contract: Dict[str, Any], responses: Responses
) -> None:
    catalogue = catalogue_from_responses(responses)
    wrong = {
        faq_id: (entry.vraag, sorted(entry.let_op))
        for faq_id, entry in catalogue.items()
        if entry.vraag != contract["faq"][faq_id]["vraag"]
        or sorted(entry.let_op) != sorted(contract["faq"][faq_id]["let_op"])
    }
    assert not wrong


def test_the_same_sentence_never_stands_under_two_labels_nor_twice_under_one(examples: List[Tuple[str, str]]) -> None:
    lexicon = Lexicon.load()
    label_of: Dict[str, str] = {}
    written = set()
    double = []
    for text, label in examples:
        normalised = re.sub(r"[^\w\s]", "", key(text, lexicon.abbreviations)) or text
        literal = re.sub(r"[^\w\s]", "", text.lower()).strip() or text
        if label_of.setdefault(normalised, label) != label or literal in written:
            double.append((text, label_of[normalised], label))
        written.add(literal)
    assert not double


def test_answers_keep_to_their_length_and_have_no_blank_lines(responses: Responses) -> None:
    catalogue = catalogue_from_responses(responses)
    too_long = [
        (entry.id, len(text)) for entry in catalogue.values() for text in entry.texts if len(text) > MAX_TEXT
    ] + [(entry.id, len(entry.meer)) for entry in catalogue.values() if len(entry.meer) > MAX_MORE]
    other = [
        (name, len(v["text"]))
        for name, variations in responses.items()
        for v in variations
        if len(v["text"]) > MAX_TEXT
    ]
    blank = [name for name, variations in responses.items() for v in variations if "\n\n" in v["text"].strip("\n")]
    assert not too_long
    assert not other
    assert not blank


def test_related_questions_exist_and_are_not_the_question_itself(responses: Responses) -> None:
    catalogue = catalogue_from_responses(responses)
    wrong = {
        entry.id: entry.verwant
        for entry in catalogue.values()
        if len(entry.verwant) > 3
        or len(set(entry.verwant)) < len(entry.verwant)
        or entry.id in entry.verwant
        or not set(entry.verwant) <= set(catalogue)
    }
    assert not wrong


def test_every_answer_names_its_source_and_the_date_of_its_last_check(responses: Responses) -> None:
    for entry in catalogue_from_responses(responses).values():
        assert entry.bron, entry.id
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", entry.gecontroleerd), entry.id


def test_every_placeholder_in_a_text_can_be_filled(responses: Responses) -> None:
    from content.helplines import helpline_placeholders

    known = {*load_shop(Path("winkel.yml")).placeholders(), *helpline_placeholders(), "onderwerp", "vraag"}
    everything = {**responses, **load_texts()}
    unknown = {
        name: set(placeholders_in(v["text"])) - known
        for name, variations in everything.items()
        for v in variations
        if set(placeholders_in(v["text"])) - known
    }
    assert not {n: p for n, p in unknown.items() if not n.startswith(CHAIN_RESPONSES)}


CHAIN_RESPONSES = (
    *("utter_schakel", "utter_keten", "utter_check", "utter_ask"),
    *("utter_advies", "utter_mens", "utter_status", "utter_inzage", "utter_gewist"),  # filled by actions
)


# Chosen by step, way or status; tests/advice/test_content.py checks that each is there.
NAMED_BY_STEP = ("utter_advies_waarom_", "utter_advies_nodig_", "utter_advies_verstuurd_", "utter_status_")


def test_every_rule_names_a_response_that_exists_and_every_response_is_used(
    data_files: Dict[Path, Dict[str, Any]], responses: Responses
) -> None:
    named = {
        step["action"]
        for content in data_files.values()
        for rule in content.get("rules") or []
        for step in rule["steps"]
        if "action" in step
    }
    utterances = {name for name in named if name.startswith("utter_")}
    assert utterances - set(responses) == {"utter_faq"}
    code = "".join(
        p.read_text() for folder in ("actions", "advice", "answering", "chain") for p in Path(folder).rglob("*.py")
    )
    dead = [
        name
        for name in responses
        if not name.startswith(FAQ_RESPONSE)
        and name not in named
        and name not in code
        and not name.startswith(("utter_ask_", *NAMED_BY_STEP))
    ]
    assert not dead


def test_every_intent_has_exactly_one_rule_that_starts_with_it(
    data_files: Dict[Path, Dict[str, Any]], contract: Dict[str, Any]
) -> None:
    first = Counter(
        rule["steps"][0]["intent"]
        for content in data_files.values()
        for rule in content.get("rules") or []
        if "intent" in rule["steps"][0] and "condition" not in rule
    )
    intents = {name for names in contract["intents"].values() for name in names} | {"faq", "nlu_fallback"}
    assert {name: first[name] for name in intents if first[name] != 1} == {}


def test_every_button_asks_something_that_the_assistant_was_taught(
    responses: Responses, examples: List[Tuple[str, str]], understanding: Any
) -> None:
    lexicon = Lexicon.load()
    payloads = {
        button["payload"]
        for name, variations in {**responses, **load_texts()}.items()
        if not name.startswith(
            ("utter_ask_", "utter_advies_hulp", "utter_advies_niet_verstuurd")
        )  # answers to a form's question, understood by the form
        for v in variations
        for button in v.get("buttons") or []
    } | {entry.vraag for entry in catalogue_from_responses(responses).values()}
    taught = {key(text, lexicon.abbreviations) for text, _ in examples}
    assert not [p for p in payloads if key(p, lexicon.abbreviations) not in taught]
    assert not [p for p in payloads if understanding.understand(p).intent == "nlu_fallback"]


@pytest.mark.parametrize("path", sorted(Path("data").rglob("*.yml")), ids=str)
def test_no_content_is_marked_unfinished(path: Path) -> None:
    assert not re.search(
        r"\b(TODO|FIXME|XXX|lorem ipsum dolor sit amet consectetur)\b", path.read_text(encoding="utf-8")
    )
