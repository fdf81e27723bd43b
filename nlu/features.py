"""Turns a message into weighted features: words, lemmas, word pairs, characters and the domain's concepts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Callable, List, Sequence, Tuple

from nlu.lexicon import Lexicon, unique_names
from nlu.normalise import words as split_words
from nlu.spelling import Speller

CHARACTERS = (2, 3, 4, 5)
Lemmatiser = Callable[[List[str]], List[str]]


@dataclass(frozen=True)
class Analysis:
    """A message after normalisation.

    Attributes:
        words: normalised words with spelling corrected.
        typed: the same words as typed, equally many.
        lemmas: lemmas of `words`, equally many.
    """

    words: Tuple[str, ...]
    typed: Tuple[str, ...]
    lemmas: Tuple[str, ...]


class Analyser:
    """Normalises, corrects and lemmatises; holds what training learnt about spelling."""

    def __init__(self, lexicon: Lexicon, speller: Speller, lemmatise: Lemmatiser) -> None:
        """Keeps its parts; lemmas are remembered per word, for look-up lemmas depend on the word alone."""
        self.lexicon = lexicon
        self._speller = speller
        self._lemmatise = lemmatise

    def analyse(self, text: str) -> Analysis:
        """Analyses a message of any length; only `nlu.normalise.MAX_WORDS` words count."""
        typed = split_words(text, self.lexicon.abbreviations)
        words = [self._speller.correct(word) for word in typed]
        lemmas = self._lemmatise(words) if words else []
        return Analysis(tuple(words), tuple(typed), tuple(lemmas))


def features(analysis: Analysis, lexicon: Lexicon) -> Counter[str]:
    """Counts the features of a message.

    Returns:
        {name: count}. Names begin with their kind: `w:` word, `p:` pair, `l:` lemma, `m:` pair of lemmas, `c:`
        characters, `o:` onderwerp, `a:` aspect, `s:` schakel, `b:` blokkade, `x:` another substance.
    """
    counts: Counter[str] = Counter()
    _count_words(counts, analysis.words, "w:", "p:")
    _count_words(counts, analysis.lemmas, "l:", "m:")
    for word in analysis.words:
        padded = f" {word} "
        for n in CHARACTERS:
            for i in range(len(padded) - n + 1):
                counts["c:" + padded[i : i + n]] += 1
    concepts = concept_features(analysis.words, lexicon)
    counts.update(concepts)
    return counts


def _count_words(counts: Counter[str], words: Sequence[str], single: str, pair: str) -> None:
    for word in words:
        counts[single + word] += 1
    for first, second in zip(("<", *words), (*words, ">")):
        counts[f"{pair}{first} {second}"] += 1


def concept_features(words: Sequence[str], lexicon: Lexicon) -> List[str]:
    """Names of the concepts in a message, and of each onderwerp together with each aspect."""
    topics = unique_names(lexicon.onderwerp.find(words))
    aspects = unique_names(lexicon.aspect.find(words))
    found = [f"o:{name}" for name in topics] + [f"a:{name}" for name in aspects]
    found += [f"o:{topic} a:{aspect}" for topic in topics for aspect in aspects]
    found += [f"s:{name}" for name in unique_names(lexicon.schakel.find(words))]
    found += [f"b:{name}" for name in unique_names(lexicon.blokkade.find(words))]
    if lexicon.other.find(words):
        found.append("x:")
    if not topics:
        found.append("o:")
    return found
