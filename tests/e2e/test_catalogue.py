"""Every question of the catalogue, asked to the running servers, gets its literal answer."""

from __future__ import annotations

import random
import re
import uuid
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

from content.catalogue import FAQ_INTENT, FaqEntry, catalogue_from_responses, fill
from content.texts import load_texts
from shop.settings import load_shop
from tests.conftest import ROOT, read_yaml
from tests.e2e.conftest import Assistant

CONTRACT: Dict[str, Any] = read_yaml(ROOT / "tests/content/contract.yml")["faq"]
OTHERS = 3


@pytest.fixture(scope="module")
def catalogue(responses: Dict[str, List[Dict[str, Any]]]) -> Dict[str, FaqEntry]:
    return catalogue_from_responses(responses)


def expected_answer(entry: FaqEntry) -> str:
    """The literal text for this shop: the first variation that its settings can fill, else the honest 'unknown'."""
    values = load_shop(Path("winkel.yml")).placeholders()
    for text in entry.texts:
        filled = fill(text, values)
        if filled is not None:
            return filled
    return str(load_texts()["weet_ik_niet"][0]["text"])


def is_one_question(text: str) -> bool:
    return not re.search(r"[?.!].|\b(?:en|of|maar|want|dus)\b", text)


@pytest.mark.parametrize("faq_id", list(CONTRACT))
def test_the_question_and_three_others_get_the_literal_answer(
    faq_id: str, assistant: Assistant, catalogue: Dict[str, FaqEntry], examples: List[Tuple[str, str]]
) -> None:
    # Two questions in one message get an offer behind the answer; tests/nlu/test_conversation.py has those.
    ways = [text for text, label in examples if label == FAQ_INTENT + faq_id and is_one_question(text)]
    questions = [CONTRACT[faq_id]["vraag"], *random.Random(faq_id).sample(ways, OTHERS)]
    expected = expected_answer(catalogue[faq_id])
    note = load_texts()["algemene_informatie"][0]["text"]
    for question in questions:
        sender = uuid.uuid4().hex
        first = assistant.texts("dank je wel", sender)
        assert "digitale assistent" in first[0]
        assert "geen mens" in first[0]
        expected_text = f"{expected}\n{note}" if catalogue[faq_id].is_health else expected
        assert assistant.texts(question, sender) == [expected_text], question
