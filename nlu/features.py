"""Turns a message into weighted features: words, lemmas, word pairs, characters and the domain's concepts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import List, Sequence, Tuple

from nlu.dutch import Lemmatiser
from nlu.lexicon import Lexicon, unique_names
from nlu.nicknames import Nicknames
from nlu.normalise import words as split_words
from nlu.spelling import Speller

CHARACTERS = (3, 4)


@dataclass(frozen=True)
class Analysis:
    """A message after normalisation.

    Attributes:
        words: normalised words with spelling corrected.
        typed: for each word what was typed there, equally many; of two words joined the first.
        lemmas: lemmas of `words`, equally many.
        form: what `nlu.normalise.key` gives for the message.
    """

    words: Tuple[str, ...]
    typed: Tuple[str, ...]
    lemmas: Tuple[str, ...]
    form: str = ""


class Analyser:
    """Normalises, corrects and lemmatises; holds what training learnt about spelling."""

    def __init__(self, lexicon: Lexicon, speller: Speller, lemmatise: Lemmatiser, nicknames: Nicknames) -> None:
        """Keeps its parts; lemmas are remembered per word, for look-up lemmas depend on the word alone."""
        self.lexicon = lexicon
        self._speller = speller
        self._nicknames = nicknames
        self._lemmatise = lemmatise

    def knows(self, word: str) -> bool:
        """Whether a normalised word occurs in the examples."""
        return self._speller.knows(word)

    def analyse(self, text: str) -> Analysis:
        """Analyses a message of any length; only `nlu.normalise.MAX_WORDS` words count."""
        return self.analyse_words(split_words(text, self.lexicon.abbreviations))

    def analyse_words(self, typed: Sequence[str]) -> Analysis:
        """Analyses the normalised words of a message."""
        words, origin = self._nicknames.written_out(*self._speller.correct_all(typed))
        lemmas = self._lemmatise(words) if words else []
        return Analysis(tuple(words), tuple(origin), tuple(lemmas), " ".join(typed))


def features(analysis: Analysis, lexicon: Lexicon) -> Counter[str]:
    """Counts the features of a message.

    Returns:
        {name: count}. Names begin with their kind: `w:` word, `p:` pair of words, `l:` lemma, `c:` characters,
        `o:` onderwerp, `a:` aspect, `s:` schakel, `b:` blokkade, `x:` another substance or an organ.
    """
    counts: Counter[str] = Counter()
    counts.update("w:" + word for word in analysis.words)
    counts.update("l:" + lemma for lemma in analysis.lemmas)
    counts.update(f"p:{first} {second}" for first, second in zip(("<", *analysis.words), (*analysis.words, ">")))
    for word in analysis.words:
        counts.update(_characters(word))
    counts.update(concept_features(analysis.words, lexicon))
    return counts


@lru_cache(maxsize=50_000)  # customers use the same words again and again
def _characters(word: str) -> Tuple[str, ...]:
    padded = f" {word} "
    return tuple("c:" + padded[i : i + n] for n in CHARACTERS for i in range(len(padded) - n + 1))


def concept_features(words: Sequence[str], lexicon: Lexicon) -> List[str]:
    """Names of the concepts in a message; `o:` alone stands for no onderwerp."""
    topics = unique_names(lexicon.onderwerp.find(words))
    found = [f"o:{name}" for name in topics or [""]]
    found += [f"a:{name}" for name in unique_names(lexicon.aspect.find(words))]
    found += [f"s:{name}" for name in unique_names(lexicon.schakel.find(words))]
    found += [f"b:{name}" for name in unique_names(lexicon.blokkade.find(words))]
    if lexicon.other.find(words):
        found.append("x:")
    if lexicon.organ.find(words):
        found.append("x:organ")
    return found
