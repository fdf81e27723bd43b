"""Turns a message into weighted features: words, lemmas, word pairs, characters and the domain's concepts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Sequence, Tuple

from nlu.dutch import Lemmatiser
from nlu.lexicon import Lexicon, unique_names
from nlu.nicknames import Nicknames
from nlu.normalise import words as split_words
from nlu.rows import Features
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


def features(analysis: Analysis, lexicon: Lexicon) -> Features:
    """The features of a message.

    Names begin with their kind: `w:` word, `p:` pair of words, `l:` lemma, `c:` characters, `o:` onderwerp, `a:`
    aspect, `s:` schakel, `b:` blokkade, `x:` another substance or an organ. Those of one word alone: see `of_word`.
    """
    words = analysis.words
    names = ["l:" + lemma for lemma in analysis.lemmas]
    names += [f"p:{first} {second}" for first, second in zip(("<", *words), (*words, ">"))]
    return Features(words, names + concept_features(words, lexicon))


def of_word(word: str) -> List[str]:
    """Names of the features of one word: itself and its characters."""
    padded = f" {word} "
    return ["w:" + word, *("c:" + padded[i : i + n] for n in CHARACTERS for i in range(len(padded) - n + 1))]


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
