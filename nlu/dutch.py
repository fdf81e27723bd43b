"""The Dutch spaCy pipeline: `nl_core_news_sm` when it is installed, else blank Dutch with look-up lemmas.

A model trained with one of the two must not run with the other, for its lemmas differ; `DutchPipeline.name` is stored
with the model and compared when it is loaded.
"""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from functools import cache
from typing import Callable, Dict, List

from nlu.lookup import LookupLemmas, load_lookup

PACKAGE = "nl_core_news_sm"
FALLBACK = "blank_nl_lookup"
Lemmatiser = Callable[[List[str]], List[str]]
WordTest = Callable[[str], bool]


@dataclass
class DutchPipeline:
    """A loaded spaCy pipeline for Dutch.

    Attributes:
        name: `nl_core_news_sm-<version>` or `blank_nl_lookup`.
        nlp: the spaCy Language; the bare table instead of spaCy's blank pipeline (see `nlu.lookup`).
    """

    name: str
    nlp: "object"

    def lemmas(self, words: List[str]) -> List[str]:
        """Lemmas of normalised words, one each, in lower case."""
        if isinstance(self.nlp, LookupLemmas):
            return self.nlp.lemmas(words)
        from spacy.tokens import Doc

        doc = Doc(self.nlp.vocab, words=words)  # type: ignore[attr-defined]
        for _, component in self.nlp.pipeline:  # type: ignore[attr-defined]
            doc = component(doc)
        return [token.lemma_.lower() or token.text for token in doc]


@cache
def load_dutch() -> DutchPipeline:
    """Loads the pipeline once per process.

    Raises:
        RuntimeError: neither the model nor the look-up tables are installed.
    """
    if importlib.util.find_spec(PACKAGE) is not None:
        nlp = importlib.import_module(PACKAGE).load(exclude=["ner", "parser"])
        return DutchPipeline(f"{PACKAGE}-{nlp.meta['version']}", nlp)
    try:
        return DutchPipeline(FALLBACK, load_lookup())
    except FileNotFoundError as error:
        raise RuntimeError(
            "Dutch look-up lemmas are missing. Run `make setup` to install spacy-lookups-data."
        ) from error


@cache
def load_table() -> LookupLemmas:
    """The look-up table, also where the full Dutch model gives the lemmas."""
    dutch = load_dutch()
    return dutch.nlp if isinstance(dutch.nlp, LookupLemmas) else load_lookup()


def load_word_list() -> WordTest:
    """Tells whether a normalised word is one of about 300,000 forms and lemmas in spacy-lookups-data."""
    return load_table().__contains__


def installed_name() -> str:
    """Which pipeline `load_dutch` would give, as far as can be told without loading it."""
    return PACKAGE if importlib.util.find_spec(PACKAGE) is not None else FALLBACK


def remembering(lemmatise: Lemmatiser, size: int = 20_000) -> Lemmatiser:
    """Looks each word up once, for lemmas here don't depend on the sentence; forgets all when `size` is reached."""
    known: Dict[str, str] = {}

    def look_up(words: List[str]) -> List[str]:
        new = [word for word in dict.fromkeys(words) if word not in known]
        if len(known) + len(new) > size:
            known.clear()
            new = list(dict.fromkeys(words))
        if new:
            known.update(zip(new, lemmatise(new)))
        return [known[word] for word in words]

    return look_up
