"""What a message is in its conversation, beside what it says by itself: a choice, a courtesy before a question, a
question without its subject, two questions at once. Pure; the words stand in `data/woordenboek/gesprekswoorden.yml`.
"""

from __future__ import annotations

import re
from typing import Any, FrozenSet, List, Mapping, Optional, Sequence, Tuple

from nlu.lexicon import Concepts, unique_names

# A message of one of these kinds may carry a question behind the courtesy.
COURTESIES = frozenset(
    {"greet", "thank", "affirm", "deny", "goodbye", "feedback_positive", "feedback_negative", "cancel"}
)
_MOST_CHOICE_WORDS = 6
_MOST_CORRECTION_WORDS = 8
_SHORT_CORRECTION = 6
_SENTENCE = re.compile(r"[^?!.;\n]+[?!.;\n]*")
_AND = re.compile(r",?\s+(?:en|maar|of)\s+(?:ook\s+|dan\s+|nog\s+)?", re.I)
_WORD = re.compile(r"\w+")
_ENDS = re.compile(r"(?<=[?!.;\n,])\s+")


class TurnWords:
    """Looks up the words of a conversation."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        """Takes the joined content of the dictionary files. Raises KeyError when a list is missing."""
        self._polite = frozenset(data["beleefd"])
        self._pointing = frozenset(data["verwijzing"])
        self._numbers = Concepts(data["volgnummers"])
        self._choosing = frozenset(data["keuzewoorden"])
        self.asking = frozenset(data["vraagwoorden"])
        self.asking_about = frozenset(data["vraagt_naar"])
        self._correcting = frozenset(data["verbetering"])
        self.joining = frozenset(data["sluit_aan"])
        self._going_on = frozenset(data["vervolg"]) | self._correcting | self._polite
        self._small = frozenset(data["kleine_woorden"])
        self._standing = frozenset(data["staat_voor"])
        self._relating = frozenset(data["verhouding"])
        self._references = {
            which: re.compile(
                rf"\b(?:{_any(data['voor_terugwijzing'])})\s+(?:{_any(names)})"
                rf"(?=\s*$|\s*[?!.,;]|\s+(?:{_any(data['na_terugwijzing'])})\b)",
                re.I,
            )
            for which, names in data["terugwijzing"].items()
        }
        self.data_subject = str(data["gegevenswoord"])
        self._filling = frozenset(data["vulwoorden"])
        self.filling = self._going_on | self._small | self._filling
        self.shop_subject = str(data["winkelwoord"])
        self._announcing = frozenset(data["aankondiging"])
        self._announcement = frozenset(data["aankondiging_kern"])
        self.shop_follow_ups: Mapping[str, Mapping[str, str]] = data["winkelvervolg"]
        self.shop_aspects: Mapping[str, str] = data["winkelaspecten"]

    def chosen(self, words: Sequence[str], choices: Sequence[str]) -> Optional[str]:
        """Which of the questions offered is meant by "de tweede"; None when the message is no such choice."""
        if not choices or not 0 < len(words) <= _MOST_CHOICE_WORDS:
            return None
        found = self._numbers.find(words)
        taken = {i for item in found for i in range(item.start, item.end)}
        if not found or any(i not in taken and word not in self._choosing for i, word in enumerate(words)):
            return None
        number = unique_names(found)[0]
        if number == "laatste":
            return choices[-1]
        return choices[int(number) - 1] if int(number) <= len(choices) else None

    def without_courtesy(self, words: Sequence[str]) -> int:
        """How many words at the beginning are courtesy: 2 in "dank je, en magnesium?"."""
        count = 0
        while count < len(words) and words[count] in self._polite:
            count += 1
        return count

    def without_filling(self, sentence: str) -> str:
        """A normalised sentence without the words at its ends that say nothing: "trouwens, wat kost verzenden"."""
        words = sentence.split(" ")
        first, last = 0, len(words)
        while first < last and words[first] in self._filling:
            first += 1
        while last > first and words[last - 1] in self._filling:
            last -= 1
        return " ".join(words[first:last])

    def points_back(self, words: Sequence[str], topics: FrozenSet[int]) -> bool:
        """Whether a word stands for what was spoken about. "Dat" right before a noun of ours is no such word."""
        return any(word in self._pointing and i + 1 not in topics for i, word in enumerate(words))

    def corrects(self, words: Sequence[str], topics: FrozenSet[int]) -> bool:
        """Whether nothing but another subject is named: "oh wacht, ik bedoelde serotonine", "en magnesium dan"."""
        rest = [word for i, word in enumerate(words) if i not in topics]
        return len(words) <= _MOST_CORRECTION_WORDS and all(word in self._going_on for word in rest) and bool(rest)

    def only_names(self, words: Sequence[str], topics: FrozenSet[int]) -> bool:
        """Whether a message only names another subject: "en voor je darmen?"."""
        rest = [word for i, word in enumerate(words) if i not in topics]
        if len(words) <= _SHORT_CORRECTION and any(word in self._correcting for word in rest):
            return True
        return len(words) <= _MOST_CORRECTION_WORDS and all(
            word in self._going_on or word in self._small for word in rest
        )

    def stands_for(self, words: Sequence[str]) -> bool:
        """Whether a word certainly stands for what was spoken about: "daar" in "is magnesium daar goed voor"."""
        return any(word in self._standing for word in words)

    def relates(self, words: Sequence[str]) -> bool:
        """Whether a message asks how two things belong together, one of them by "dat"."""
        return "dat" in words and any(word in self._relating for word in words)

    def with_reference(self, text: str, subjects: Sequence[str]) -> str:
        """A message with the subject written in that "dat eerste" or "die andere" stands for.

        Args:
            text: the message.
            subjects: the onderwerpen spoken about, in order; with fewer than two nothing is written in.
        """
        places = {"eerste": 0, "tweede": 1, "laatste": -1, "vorige": -2}
        for which, pattern in self._references.items() if len(subjects) > 1 else ():
            text = pattern.sub(subjects[places[which]], text, count=1)
        return text

    def announces(self, words: Sequence[str], topics: FrozenSet[int]) -> bool:
        """Whether a question about something is only announced: "ik had een vraagje over magnesium"."""
        rest = [word for i, word in enumerate(words) if i not in topics and word not in self._polite]
        return any(word in self._announcement for word in rest) and all(word in self._announcing for word in rest)

    def questions(self, text: str) -> List[str]:
        """The questions in a message when there may be two: at "?" and at "en" before a word that asks."""
        sentences = [part.strip() for part in _SENTENCE.findall(text) if part.strip()]
        asked = [part for part in sentences if part.endswith("?")] or sentences
        found: List[str] = []
        for sentence in asked:
            found += self._split_at_and(sentence)
        return found

    def _split_at_and(self, sentence: str) -> List[str]:
        for match in _AND.finditer(sentence):
            word = _WORD.match(sentence, match.end())
            if word is None or word.group().lower() not in self.asking:
                continue
            first, second = sentence[: match.start()], sentence[match.end() :]
            if len(first.split()) > 1 and len(second.split()) > 1:
                return [first, *self._split_at_and(second)]
        return [sentence]


def _any(words: Sequence[str]) -> str:
    return "|".join(re.escape(str(word)) for word in words)


def question_sentences(text: str) -> List[str]:
    """The sentences of a text that end in a question mark."""
    return [part.strip() for part in _SENTENCE.findall(text) if part.rstrip().endswith("?")]


def clauses(text: str) -> Tuple[str, ...]:
    """A text in pieces, at each sign of punctuation that is followed by a space."""
    return tuple(part for part in _ENDS.split(text.strip()) if part)
