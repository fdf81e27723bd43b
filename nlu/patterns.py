"""A small language for phrases over words, used by triage. Free of Rasa; see the head of data/veiligheid/patronen.yml.

A phrase is compiled once to steps; matching looks words up in an index of positions, so its time grows with the length
of the message and not with the number of words a concept holds.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Callable, Dict, FrozenSet, Iterable, List, Mapping, Sequence, Set, Tuple

Span = Tuple[int, int]

# Between two sentences this many positions are left free: larger than any gap, so that no phrase crosses.
SENTENCE_STEP = 100
_NO_WINDOW = SENTENCE_STEP - 1
_MAX_STATES = 256
# Words that are in many messages are a bad first test of whether a phrase can hold.
_COMMON = frozenset(
    [
        "ik",
        "je",
        "het",
        "de",
        "een",
        "en",
        "in",
        "is",
        "van",
        "op",
        "te",
        "aan",
        "met",
        "voor",
        "dat",
        "die",
        "niet",
        "mijn",
        "mag",
        "kan",
        "kun",
        "heb",
        "heeft",
        "ben",
        "als",
        "wat",
        "hoe",
        "welke",
        "welk",
        "zijn",
        "dan",
        "om",
        "bij",
        "ook",
        "nu",
        "er",
        "dit",
        "deze",
        "wil",
        "wou",
        "moet",
        "meer",
        "iets",
        "nog",
        "me",
        "door",
        "uit",
        "over",
        "naar",
        "magnesium",
        "serotonine",
        "melatonine",
        "oxytocine",
        "slaap",
        "stress",
        "jullie",
        "doet",
        "werkt",
        "goed",
        "veel",
        "geen",
        "neem",
        "nemen",
        "gebruiken",
        "doen",
        "zo",
        "maar",
        "of",
        "na",
        "was",
        "had",
        "^",
        "$",
    ]
)
_RARE = 0.02


class PatternError(ValueError):
    """A phrase or concept is written wrongly; the message names it."""


@dataclass(frozen=True)
class Step:
    """One place of a phrase: any of `names`, at most `gap` words after the place before."""

    names: FrozenSet[str]
    gap: int
    optional: bool


@dataclass(frozen=True)
class Phrase:
    """A compiled phrase: steps in order."""

    text: str
    steps: Tuple[Step, ...]

    def names(self) -> Set[str]:
        """All words and concepts that it mentions."""
        return {name for step in self.steps for name in step.names}


@dataclass(frozen=True)
class Query:
    """Phrases that must all be there, in any order, within `window` words (one phrase: just that one)."""

    parts: Tuple[Phrase, ...]
    window: int


def compile_phrase(text: str) -> Phrase:
    """Compiles `wil ~4 dood|sterven`.

    Raises:
        PatternError: empty, or a gap without a word after it.
    """
    steps: List[Step] = []
    gap = 0
    for piece in text.split():
        if piece.startswith("~"):
            if not piece[1:].isdigit() or int(piece[1:]) >= SENTENCE_STEP:
                raise PatternError(f"'{text}': '{piece}' should be ~ and a small number.")
            gap = int(piece[1:])
            continue
        optional = piece.endswith("?")
        names = frozenset(name for name in piece.rstrip("?").split("|") if name)
        if not names:
            raise PatternError(f"'{text}': '{piece}' names no word.")
        steps.append(Step(names, gap, optional))
        gap = 0
    if not steps or all(step.optional for step in steps):
        raise PatternError(f"'{text}' holds no word that must be there.")
    return Phrase(text, tuple(steps))


def compile_query(text: str) -> Query:
    """Compiles a phrase, or several joined by `&`, with `@n` at the end for the window in words."""
    body, _, window = text.partition("@")
    if window and not window.strip().isdigit():
        raise PatternError(f"'{text}': after @ a number of words is expected.")
    parts = tuple(compile_phrase(part) for part in body.split("&"))
    return Query(parts, int(window) if window else _NO_WINDOW)


class Positions:
    """Where each word and concept stands in one message.

    Positions count words; every sentence starts at a multiple of `SENTENCE_STEP` beyond the end of the one before.
    """

    def __init__(self) -> None:
        """Starts empty."""
        self._spans: Dict[str, List[Span]] = {}
        self._merged: Dict[FrozenSet[str], List[Span]] = {}

    def add(self, name: str, span: Span) -> None:
        """Notes one occurrence."""
        self._spans.setdefault(name, []).append(span)
        if self._merged:
            self._merged.clear()

    def add_words(self, words: Iterable[Tuple[str, Span]], names_of: Callable[[str], Iterable[str]]) -> None:
        """Notes words with where they stand, under each name that they have."""
        spans = self._spans
        for word, span in words:
            for name in names_of(word):
                if name in spans:
                    spans[name].append(span)
                else:
                    spans[name] = [span]
        self._merged.clear()

    def concepts(self) -> List[Tuple[int, str]]:
        """(place, name) of all concepts that occur, in order; '^' and '$' are none."""
        return sorted({(start, name) for name, spans in self._spans.items() if name.isupper() for start, _ in spans})

    @property
    def present(self) -> Iterable[str]:
        """Names that occur, as a set-like view."""
        return self._spans.keys()

    def holds_any(self, names: FrozenSet[str]) -> bool:
        """Whether one of the names occurs."""
        return not names.isdisjoint(self._spans)

    def spans(self, names: FrozenSet[str]) -> List[Span]:
        """All occurrences of any of the names, sorted."""
        found = self._merged.get(names)
        if found is None:
            found = sorted({span for name in names for span in self._spans.get(name, ())})
            self._merged[names] = found
        return found

    def find(self, phrase: Phrase) -> List[Span]:
        """All places where the phrase holds (at most a few hundred), as (first word, word after the last)."""
        for step in phrase.steps:
            if not step.optional and not self.holds_any(step.names):
                return []
        states: Set[Span] = set()
        for number, step in enumerate(phrase.steps):
            spans = self.spans(step.names)
            if number == 0:
                reached = set(spans)
                if step.optional:
                    reached |= {(s, s) for s, _ in self.spans(phrase.steps[1].names)}
            else:
                reached = set(states) if step.optional else set()
                for start, end in states:
                    for i in range(bisect_left(spans, (end, -1)), len(spans)):
                        if spans[i][0] > end + step.gap:
                            break
                        reached.add((start, spans[i][1]))
                    if len(reached) > _MAX_STATES:
                        break
            if not reached:
                return []
            states = reached
        return sorted(states)

    def search(self, query: Query, whole_message: bool) -> List[Span]:
        """All places where the query holds; several parts give the stretch from the first to the last.

        Args:
            query: what to look for.
            whole_message: parts may stand in different sentences.
        """
        found: List[List[Span]] = []
        for part in query.parts:
            spans = self.find(part)
            if not spans:
                return []
            found.append(spans)
        if len(found) == 1:
            return found[0]
        together: List[Span] = []
        for base in found[0]:
            low, high = base
            for others in found[1:]:
                nearest = min(others, key=lambda span: abs(span[0] - base[0]))
                low, high = min(low, nearest[0]), max(high, nearest[1])
            if whole_message or high - low <= query.window:
                together.append((low, high))
        return together


@dataclass(frozen=True)
class Vocabulary:
    """What a word of a message stands for.

    Attributes:
        names_of_word: the words, concepts and prefixes that a word counts as.
        names_of_prefix: the same for words that begin so.
        names_of_suffix: the same for longer words that end so.
        phrases: concepts with phrases of several words, in an order in which each one's parts come first.
    """

    names_of_word: Mapping[str, FrozenSet[str]]
    names_of_prefix: Mapping[str, FrozenSet[str]]
    names_of_suffix: Mapping[str, FrozenSet[str]]
    phrases: Sequence[Tuple[str, Phrase]]

    def weights(self) -> Dict[str, float]:
        """How often each word or concept can be expected in a message, for `Index`."""
        weights: Dict[str, float] = {}
        for table in (self.names_of_word, self.names_of_prefix, self.names_of_suffix):
            for word, names in table.items():
                for name in names:
                    weights[name] = weights.get(name, 0.0) + (1.0 if word in _COMMON else _RARE)
        for concept, _ in self.phrases:
            weights[concept] = weights.get(concept, 0.0) + _RARE
        weights.update({"^": 9.0, "$": 9.0})
        return weights

    def names(self, word: str) -> Set[str]:
        """Everything that this word counts as; empty for a word of no interest."""
        names = set(self.names_of_word.get(word, ()))
        for length in range(2, len(word) + 1):
            names |= self.names_of_prefix.get(word[:length], frozenset())
        for length in range(3, len(word) - 2):  # something of a word must stand before its ending
            names |= self.names_of_suffix.get(word[-length:], frozenset())
        return names


def build_vocabulary(concepts: Mapping[str, Sequence[str]], phrases: Iterable[Phrase]) -> Vocabulary:
    """Gathers all words of the concepts and of the phrases that use them.

    Args:
        concepts: {name in capitals: [word, prefix*, other concept or phrase]}.
        phrases: the compiled phrases outside the concepts.

    Raises:
        PatternError: a concept is used that does not exist, or concepts need each other in a circle.
    """
    parents: Dict[str, Set[str]] = {}
    sequences: Dict[str, List[Phrase]] = {name: [] for name in concepts}
    mentioned: Set[str] = set()
    for concept, entries in concepts.items():
        for entry in entries:
            phrase = compile_phrase(str(entry))
            mentioned |= phrase.names()
            if len(phrase.steps) == 1:
                for name in phrase.steps[0].names:
                    parents.setdefault(name, set()).add(concept)
            else:
                sequences[concept].append(phrase)
    for phrase in phrases:
        mentioned |= phrase.names()
    unknown = sorted(name for name in mentioned if name.isupper() and name.isalpha() and name not in concepts)
    if unknown:
        raise PatternError(f"These concepts do not exist: {', '.join(unknown)}.")
    # "te_koop" among alternatives stands for two words.
    ordered: List[Tuple[str, Phrase]] = [
        (name, compile_phrase(name.replace("_", " "))) for name in sorted(mentioned) if "_" in name
    ]
    mentioned |= {name for _, phrase in ordered for name in phrase.names()}
    words: Dict[str, FrozenSet[str]] = {}
    prefixes: Dict[str, FrozenSet[str]] = {}
    suffixes: Dict[str, FrozenSet[str]] = {}
    for name in mentioned:
        if name in concepts or name in ("^", "$") or "_" in name:
            continue
        target, key = words, name
        if name.endswith("*"):
            target, key = prefixes, name[:-1]
        elif name.startswith("*"):
            target, key = suffixes, name[1:]
        target[key] = frozenset({name} | _ancestors(name, parents))
    for concept in _in_order(concepts, sequences, parents):
        ordered += [(concept, phrase) for phrase in sequences[concept]]
        # A concept that stands as a whole in another one hands its phrases on.
        ordered += [(parent, compile_phrase(concept)) for parent in sorted(parents.get(concept, ()))]
    ordered += [
        (parent, compile_phrase(n)) for n in sorted(mentioned) if "_" in n for parent in sorted(_ancestors(n, parents))
    ]
    return Vocabulary(words, prefixes, suffixes, ordered)


def _ancestors(name: str, parents: Mapping[str, Set[str]]) -> Set[str]:
    found: Set[str] = set()
    todo = [name]
    while todo:
        for parent in parents.get(todo.pop(), ()):
            if parent not in found:
                found.add(parent)
                todo.append(parent)
    return found


def _in_order(
    concepts: Mapping[str, Sequence[str]], sequences: Mapping[str, Sequence[Phrase]], parents: Mapping[str, Set[str]]
) -> List[str]:
    needs: Dict[str, Set[str]] = {name: set() for name in concepts}
    for name, phrases in sequences.items():
        for phrase in phrases:
            needs[name] |= phrase.names() & set(concepts)
    for child, owners in parents.items():
        if child in concepts:
            for owner in owners:
                needs[owner].add(child)
    done: List[str] = []
    state: Dict[str, int] = {}

    def visit(name: str, path: Tuple[str, ...]) -> None:
        if state.get(name) == 2:
            return
        if state.get(name) == 1:
            raise PatternError(f"These concepts need each other: {' - '.join((*path, name))}.")
        state[name] = 1
        for other in sorted(needs[name]):
            visit(other, (*path, name))
        state[name] = 2
        done.append(name)

    for name in concepts:
        visit(name, ())
    return done


class Index:
    """Which phrases are worth trying on a message: those whose rarest word or concept occurs in it."""

    def __init__(self, phrases: Sequence[Phrase], weights: Mapping[str, float]) -> None:
        """Files every phrase under the names of its rarest step."""
        self._numbers: Dict[str, List[int]] = {}
        for number, phrase in enumerate(phrases):
            needed = [step for step in phrase.steps if not step.optional]
            rarest = min(needed, key=lambda step: sum(weights.get(name, _RARE) for name in step.names))
            for name in rarest.names:
                self._numbers.setdefault(name, []).append(number)

    def under(self, name: str) -> Sequence[int]:
        """Numbers of the phrases filed under one name."""
        return self._numbers.get(name, ())

    def candidates(self, names: Iterable[str]) -> List[int]:
        """Numbers of the phrases filed under any of the names, in order."""
        found: Set[int] = set()
        for name in names:
            found.update(self._numbers.get(name, ()))
        return sorted(found)


def overlaps(span: Span, other: Span) -> bool:
    """Whether two stretches share a word."""
    return span[0] < other[1] and other[0] < span[1]


def sentence_of(span: Span, starts: Sequence[int]) -> int:
    """The number of the sentence in which a stretch begins; `starts` are the sentences' first positions."""
    return max(0, bisect_left(starts, span[0] + 1) - 1)
