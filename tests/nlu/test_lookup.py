"""The look-up table without spaCy gives what spaCy's own look-up lemmatiser gives."""

from __future__ import annotations

import json
import os
from typing import Dict, List

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from evaluation.datasets import load_examples
from nlu.lookup import LookupLemmas, load_lookup
from nlu.normalise import words

_AT_ONCE = 20_000
_EVERY = 1 if os.environ.get("FULL") else 20  # of the table's words; FULL=1 takes half a minute


@pytest.fixture(scope="module")
def lookup() -> LookupLemmas:
    return load_lookup()


@pytest.fixture(scope="module")
def spacys() -> Language:
    nlp = spacy.blank("nl")
    nlp.add_pipe("lemmatizer", config={"mode": "lookup"})
    nlp.initialize()
    return nlp


def lemmas_of_spacy(nlp: Language, given: List[str]) -> List[str]:
    lemmatise = nlp.get_pipe("lemmatizer")
    parts = [given[start : start + _AT_ONCE] for start in range(0, len(given), _AT_ONCE)]
    return [token.lemma_.lower() for part in parts for token in lemmatise(Doc(nlp.vocab, words=part))]


def test_words_of_the_table_have_the_same_lemma(lookup: LookupLemmas, spacys: Language) -> None:
    table: Dict[str, str] = json.loads(lookup._content)
    assert len(table) > 100_000
    given = sorted({word.lower() for word in table if word.strip()})[::_EVERY]
    assert dict(zip(given, lookup.lemmas(given))) == dict(zip(given, lemmas_of_spacy(spacys, given)))


def test_every_word_of_the_examples_has_the_same_lemma(lookup: LookupLemmas, spacys: Language) -> None:
    given = sorted({word for text, _ in load_examples() for word in words(text, {})})
    assert len(given) > 1_000
    assert dict(zip(given, lookup.lemmas(given))) == dict(zip(given, lemmas_of_spacy(spacys, given)))


def test_forms_and_lemmas_of_the_table_are_words_and_misspellings_are_not(lookup: LookupLemmas) -> None:
    table: Dict[str, str] = json.loads(lookup._content)
    lemmas = sorted({lemma for lemma in table.values() if lemma.islower() and lemma not in table})[::_EVERY]
    assert lemmas
    assert all(lemma in lookup for lemma in lemmas)
    assert "bijwerkingen" in lookup
    assert "bijwekringen" not in lookup
    assert lookup.lemma("bijwekringen") == "bijwekringen"
