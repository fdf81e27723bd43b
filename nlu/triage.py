"""Triage: does a message hold a matter of safety, and which one? Pure functions over data/veiligheid, without Rasa.

Looked at before anything else is done with a message, on every channel. It needs no classifier, no action server and no
database; a classifier's opinion can be added with `combine`.
"""

from __future__ import annotations

import math
import re
import unicodedata
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from heapq import heappop, heappush
from itertools import pairwise
from pathlib import Path
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Sequence, Set, Tuple

from ruamel.yaml import YAML

from nlu.levels import ORDER, PREFIX, level_of
from nlu.patterns import (
    SENTENCE_STEP,
    Index,
    PatternError,
    Phrase,
    Positions,
    Query,
    Span,
    Vocabulary,
    build_vocabulary,
    compile_phrase,
    compile_query,
    overlaps,
    sentence_of,
)
from nlu.typos import TypoFinder

FOLDER = Path("data/veiligheid")
PATTERNS = "patronen.yml"
MEDICINES = "medicijnen.yml"
REAL_WORDS = "geen_typefout.yml"
FILES = (PATTERNS, MEDICINES, REAL_WORDS)

MAX_LEARNT_WORDS = 120  # a longer story says what it is about within this, and the patterns read all of it
UNKNOWN_GROUP = "overig"
NO_INTERACTION = "algemeen"

# A level fires when its score reaches this: what triage's own classifier gives it above "nothing the matter", and what
# follows below is added (docs/safety.md says how the numbers were chosen). Lower where a miss is worst.
THRESHOLDS: Mapping[str, float] = {
    "suicide": 0.05,
    "emergency": -0.05,
    "violence": 0.05,
    "reaction": 0.0,
    "medication": -0.05,
    "pregnancy": 0.05,
    "child": 0.1,
    "condition": 0.05,
}
# A pattern decides by itself unless the classifier is sure that a message is ordinary; one of the
# section `zeker` always does.
PATTERN_BONUS = 1.0
SURE_PATTERNS = "zeker"
# The classifier of all intents: how likely it thinks any matter of safety, in logits of at most `MOST_LOGIT`.
LOGIT_BONUS = 0.15
MOST_LOGIT = 5.8
# Figurative speech ("ik lach me dood") looks like the real thing to a classifier.
FIGURATIVE_PENALTY = 0.2
# Neighbouring levels score too, so the best one wins; but one of the first two that leads in a part of the message by
# this much comes first ("mag ik dit bij sertraline? ik wil niet meer leven"): by the classifier alone, with a pattern.
SURE: Mapping[str, Tuple[float, float]] = {"suicide": (1.0, 0.0), "emergency": (2.0, 0.5)}
ORDINARY = "gewoon"
CLASSIFIER = "classifier"


@dataclass(frozen=True)
class TriageHit:
    """What triage found in one message.

    Attributes:
        intent: `safety_<name>`.
        level: 1 (suicide) to 6, as numbered in docs/safety.md.
        pattern: id of the pattern that matched, or `CLASSIFIER`.
        medicine_group: group of data/veiligheid/medicijnen.yml, None when no medicine was named.
        interaction: id of the known interaction, which chooses the reply about medicines.
        also: names of further levels that the message holds, in order.
    """

    intent: str
    level: int
    pattern: str
    medicine_group: Optional[str] = None
    interaction: str = NO_INTERACTION
    also: Tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The level's name, such as `suicide`."""
        return self.intent[len(PREFIX) :]


@dataclass(frozen=True)
class Examination:
    """Everything seen in one message: pattern id per level, the medicine side, whether figurative speech was met.

    `sure` names the levels of which a pattern was found that can mean nothing else; `loss` is the kind of death that is
    told of (`verlies:` of the patterns), which is no matter of safety, but nothing to answer with a product either.
    """

    found: Mapping[str, str]
    medicine_group: Optional[str] = None
    interaction: str = NO_INTERACTION
    changes_medicine: bool = False
    figurative: bool = False
    sure: FrozenSet[str] = frozenset()
    loss: Optional[str] = None


@dataclass(frozen=True)
class Judgement:
    """What triage's own classifier makes of a message; both empty when there is no classifier or no word.

    Attributes:
        margins: how far each level stands above an ordinary message, as {level: margin}.
        leading: the same for the levels that are the likeliest one of some part of the message.
    """

    margins: Mapping[str, float]
    leading: Mapping[str, float]


@dataclass(frozen=True)
class Clause:
    """A stretch of a sentence.

    Attributes:
        words: plain words, typing errors corrected where triage knows the word.
        concepts: (place in the clause, concept) of every concept, in order.
    """

    words: Tuple[str, ...]
    concepts: Tuple[Tuple[int, str], ...]


@dataclass(frozen=True)
class _Read:
    rows: List[Tuple[int, str]]
    written: int  # how many of the rows are words as written; the rest are two of them joined
    starts: List[int]
    ends: List[int]
    positions: Positions
    figurative: bool


@dataclass(frozen=True)
class _Pattern:
    id: str
    level: str
    queries: Tuple[Query, ...]
    unless_overlapping: Tuple[Phrase, ...]
    unless_present: Tuple[Phrase, ...]
    whole_message: bool
    sure: bool


def _within(spans: Sequence[Tuple[int, str]], first: int, end: int) -> Tuple[Tuple[int, str], ...]:
    begin = bisect_left(spans, (first, ""))
    return tuple((place - first, name) for place, name in spans[begin : bisect_left(spans, (end, ""))])


def _merged(query: Query) -> Phrase:
    """All parts as one phrase, only to find the rarest step."""
    return Phrase("", tuple(step for part in query.parts for step in part.steps))


class Triage:
    """The loaded patterns. Immutable after loading, safe to share between threads."""

    def __init__(
        self, patterns: Mapping[str, Any], medicines: Mapping[str, Any], real_words: Mapping[str, Any]
    ) -> None:
        """Compiles the content of the three data files.

        Raises:
            PatternError: a pattern, concept or rule is written wrongly; the message names it.
        """
        self._replace: Dict[str, List[str]] = {k: str(v).split() for k, v in patterns["vervang"].items()}
        self._medicines = Medicines(medicines)
        concepts = {name: [str(entry) for entry in entries] for name, entries in patterns["begrippen"].items()}
        concepts.update(self._medicines.concepts())
        self._masks: List[Phrase] = [compile_phrase(text) for text in patterns["maskeren"]]
        self._losses: List[Tuple[str, Phrase]] = [
            (kind, compile_phrase(text.replace("WIE", who)))
            for kind, who in patterns["verlies"]["wie"].items()
            for text in patterns["verlies"]["zoek"]
        ]
        self._patterns: List[_Pattern] = [
            _compile_pattern(level, item, section == SURE_PATTERNS)
            for level in ORDER
            for section in (SURE_PATTERNS, "patronen")
            for item in patterns.get(section, {}).get(level, ())
        ]
        wrong = {*patterns["patronen"], *patterns.get(SURE_PATTERNS, {})} - set(ORDER)
        if wrong:
            raise PatternError(f"These levels do not exist: {', '.join(sorted(wrong))}.")
        phrases = [part for p in self._patterns for q in p.queries for part in q.parts]
        vetoes = [phrase for p in self._patterns for phrase in (*p.unless_overlapping, *p.unless_present)]
        losses = [phrase for _, phrase in self._losses]
        self._vocabulary: Vocabulary = build_vocabulary(concepts, [*phrases, *vetoes, *self._masks, *losses])
        wanted = set(self._vocabulary.names_of_word) | {p for p in self._vocabulary.names_of_prefix if len(p) > 5}
        real = frozenset(str(w) for w in [*(real_words["woorden"] or ()), *(real_words["met_de_hand"] or ())])
        self._typos = TypoFinder(wanted, real)
        weights = self._vocabulary.weights()
        self._mask_index = Index(self._masks, weights)
        self._loss_index = Index(losses, weights)
        self._concepts: List[Tuple[str, Phrase]] = list(self._vocabulary.phrases)
        self._concept_index = Index([phrase for _, phrase in self._concepts], weights)
        # One number per query, in the order of the patterns; the rarest part of a query stands for it.
        self._queries: List[Tuple[_Pattern, Query]] = [(p, query) for p in self._patterns for query in p.queries]
        self._query_index = Index([_merged(query) for _, query in self._queries], weights)
        self._meant = lru_cache(maxsize=_REMEMBERED)(self._typos.correct)
        self._word_names = lru_cache(maxsize=_REMEMBERED)(self._names_of)
        self._corrected = lru_cache(maxsize=_REMEMBERED)(self._correct)
        self._joined: FrozenSet[str] = frozenset(w for w in wanted if len(w) >= 7)

    # --- words ---------------------------------------------------------------------------------------------------

    def sentences(self, text: str) -> List[List[str]]:
        """The message as sentences of plain words, typing errors corrected; '' stands for a comma."""
        return [words for words in (self._words(part) for part in _split(text)) if any(words)]

    def _words(self, sentence: str) -> List[str]:
        words: List[str] = []
        for part in _WORD_OR_COMMA.findall(sentence):
            if part == ",":
                words.append("")
            else:
                words += self._replace.get(part) or [part]
        return words

    def _names_of(self, word: str) -> FrozenSet[str]:
        """What a word counts as: itself, else the word that was probably meant, else two words written as one."""
        names = self._vocabulary.names(word)
        if not names:
            meant = self._meant(word)
            if meant is not None:
                names = self._vocabulary.names(meant)
        return frozenset(names)

    def _glued(self, word: str) -> Optional[Tuple[str, str]]:
        if len(word) > _LONGEST_GLUED:
            return None
        for length in range(2, len(word) - 1):
            first, second = word[:length], word[length:]
            known = self._vocabulary.names_of_word
            if (first in _GLUE and second in known) or (second in _GLUED_AFTER and first in known and length > 3):
                return first, second
        return None

    def takes_for(self, word: str) -> Optional[str]:
        """The word of ours that an unknown word is taken for, None when it is known or far from all of ours."""
        return None if self._vocabulary.names(word) else self._meant(word)

    # --- looking -------------------------------------------------------------------------------------------------

    def examine(self, text: str) -> Examination:
        """Looks for everything in a message of any length; linear in its length."""
        return self._examine(self._read(text))

    def _examine(self, read: "_Read") -> Examination:
        positions, starts = read.positions, read.starts
        found: Dict[str, str] = {}
        sure: Set[str] = set()
        vetoes: Dict[str, List[Span]] = {}
        for number in self._query_index.candidates(positions.present):
            pattern, query = self._queries[number]
            if pattern.level in sure or (pattern.level in found and not pattern.sure):
                continue
            if self._holds(pattern, query, positions, starts, vetoes):
                found[pattern.level] = pattern.id
                if pattern.sure:
                    sure.add(pattern.level)
        group, interaction, changes = self._medicines.about(read.rows, positions, self._word_names)
        losses = (self._losses[number] for number in self._loss_index.candidates(positions.present))
        loss = next((kind for kind, phrase in losses if positions.find(phrase)), None)
        return Examination(found, group, interaction, changes, read.figurative, frozenset(sure), loss)

    def clauses(self, text: str) -> List[Clause]:
        """What triage's own classifier reads: the message in clauses, and nothing of what the patterns found."""
        return self._clauses(self._read(text))

    def study(self, text: str) -> Tuple[Examination, List[Clause]]:
        """`examine` and `clauses` in one go."""
        read = self._read(text)
        return self._examine(read), self._clauses(read)

    def _clauses(self, read: "_Read") -> List[Clause]:
        """Cuts at sentences, commas and conjunctions, and no piece much longer than `_LONG_CLAUSE` words."""
        spans = read.positions.concepts()
        breaks = {*read.ends, *read.starts}
        clauses: List[Clause] = []
        words: List[str] = []
        first = 0
        for place, word in read.rows[: min(read.written, MAX_LEARNT_WORDS)]:
            long_enough = len(words) >= _SHORT_CLAUSE
            if words and (
                (place in breaks and (long_enough or place in read.starts))
                or (word in _CONJUNCTIONS and long_enough)
                or len(words) >= _LONG_CLAUSE
            ):
                clauses.append(Clause(tuple(words), _within(spans, first, place)))
                words = []
            if not words:
                first = place
            words.append(self._corrected(word))
        if words:
            clauses.append(Clause(tuple(words), _within(spans, first, first + len(words))))
        return clauses

    def _correct(self, word: str) -> str:
        return self.takes_for(word) or word

    def _read(self, text: str) -> "_Read":
        rows: List[Tuple[int, str]] = []
        starts: List[int] = []
        ends: List[int] = []
        offset = 0
        for words in self.sentences(text):
            starts.append(offset)
            for word in words:
                if not word:
                    if offset > starts[-1]:
                        ends.append(offset)
                    continue
                pieces: Sequence[str] = (word,)
                if len(word) >= 5 and not self._word_names(word):
                    pieces = self._glued(word) or (word,)
                for piece in pieces:
                    rows.append((offset, piece))
                    offset += 1
            ends.append(offset)
            offset += SENTENCE_STEP
        joined = [
            (place, first + second)
            for (place, first), (next_place, second) in pairwise(rows)
            if next_place == place + 1 and first + second in self._joined
        ]
        positions, figurative = self._positions(rows, joined, starts, ends)
        return _Read([*rows, *joined], len(rows), starts, ends, positions, figurative)

    def _positions(
        self,
        rows: Sequence[Tuple[int, str]],
        joined: Sequence[Tuple[int, str]],
        starts: Sequence[int],
        ends: Sequence[int],
    ) -> Tuple[Positions, bool]:
        # "zelf moord" counts as its two words and as the one that was meant.
        spans = [*((word, (place, place + 1)) for place, word in rows), *((w, (p, p + 2)) for p, w in joined)]
        positions = Positions()
        positions.add_words(spans, self._word_names)
        hidden: Set[int] = set()
        for number in self._mask_index.candidates(positions.present):
            for start, end in positions.find(self._masks[number]):
                hidden.update(range(start, end))
        if hidden:
            positions = Positions()
            seen = [(word, span) for word, span in spans if hidden.isdisjoint(range(*span))]
            positions.add_words(seen, self._word_names)
        for start in starts:
            positions.add("^", (start, start))
        for end in ends:
            positions.add("$", (end, end))
        waiting = self._concept_index.candidates(positions.present)
        done: Set[int] = set()
        while waiting:
            number = heappop(waiting)
            if number in done:
                continue
            done.add(number)
            concept, phrase = self._concepts[number]
            places = positions.find(phrase)
            for place_found in places:
                positions.add(concept, place_found)
            if places:
                for later in self._concept_index.under(concept):
                    heappush(waiting, later)
        return positions, bool(hidden)

    def _holds(
        self,
        pattern: _Pattern,
        query: Query,
        positions: Positions,
        starts: Sequence[int],
        vetoes: Dict[str, List[Span]],
    ) -> bool:
        for span in positions.search(query, pattern.whole_message):
            if pattern.id not in vetoes:
                vetoes[pattern.id] = [veto for phrase in pattern.unless_overlapping for veto in positions.find(phrase)]
            if any(overlaps(span, veto) for veto in vetoes[pattern.id]):
                continue
            if not self._excepted(pattern, span, positions, starts):
                return True
        return False

    def _excepted(self, pattern: _Pattern, span: Span, positions: Positions, starts: Sequence[int]) -> bool:
        here = sentence_of(span, starts)
        for phrase in pattern.unless_present:
            for exception in positions.find(phrase):
                if pattern.whole_message or sentence_of(exception, starts) == here:
                    return True
        return False

    def assess(self, text: str) -> Optional[TriageHit]:
        """The most urgent matter of safety in a message, None when there is none."""
        return decide(self.examine(text))


def decide(
    seen: Examination, fired: Optional[Mapping[str, str]] = None, also: Optional[Mapping[str, str]] = None
) -> Optional[TriageHit]:
    """Chooses the level that wins.

    Args:
        seen: what the patterns saw.
        fired: {level: pattern id or `CLASSIFIER`} of the levels that may win; those of the patterns when None.
        also: the same for all levels that the message holds; `fired` when None.
    """
    levels = seen.found if fired is None else fired
    if not levels:
        return None
    winner = _prefer([name for name in ORDER if name in levels], seen)
    others = levels if also is None else also
    return TriageHit(
        intent=PREFIX + winner,
        level=level_of(winner),
        pattern=levels[winner],
        medicine_group=seen.medicine_group or (UNKNOWN_GROUP if winner == "medication" else None),
        interaction=seen.interaction,
        also=tuple(name for name in ORDER if name in others and name != winner),
    )


def _prefer(ordered: Sequence[str], seen: Examination) -> str:
    """The first level; a pregnancy or a child wins over a medicine that is only mentioned."""
    if ordered[0] == "medication" and not seen.changes_medicine:
        for name in ("pregnancy", "child"):
            if name in ordered:
                return name
    return ordered[0]


def combine(seen: Examination, judgement: Judgement, probabilities: Mapping[str, float]) -> Optional[TriageHit]:
    """Patterns, triage's own classifier and that of all intents together.

    Args:
        seen: what the patterns saw.
        judgement: of triage's own classifier; an empty one lets the patterns decide alone.
        probabilities: of the intents of safety, by the classifier of all intents; {} when it has no opinion.
    """
    if not judgement.margins:
        return decide(seen)
    common = _opinion_of_all(probabilities) - (FIGURATIVE_PENALTY if seen.figurative else 0.0)
    scores = {name: judgement.margins.get(name, -3.0) + common for name in ORDER}
    fired = {
        name: seen.found.get(name, CLASSIFIER)
        for name in ORDER
        if name in seen.sure or scores[name] + (PATTERN_BONUS if name in seen.found else 0.0) >= THRESHOLDS[name]
    }
    if not fired:
        return None
    above = {name: scores[name] - THRESHOLDS[name] for name in fired}
    best = max(above.values())
    sure = {
        name
        for name, margins in SURE.items()
        if judgement.leading.get(name, -3.0) + common - THRESHOLDS[name] >= margins[name in seen.found]
    }
    likely = {name: by for name, by in fired.items() if above[name] >= best or name in sure}
    return decide(seen, likely, fired)


def _opinion_of_all(probabilities: Mapping[str, float]) -> float:
    if not probabilities:
        return 0.0
    likely = sum(probabilities.get(PREFIX + name, 0.0) for name in ORDER)
    logit = math.log(max(likely, 1e-6) / max(1.0 - likely, 1e-6))
    return LOGIT_BONUS * max(-MOST_LOGIT, min(MOST_LOGIT, logit))


# --- medicines -----------------------------------------------------------------------------------------------------


class Medicines:
    """The names of medicines by group, and what is known to interact."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        """Reads the content of medicijnen.yml. Raises `PatternError` when a rule names an unknown group."""
        self._group_of: Dict[str, str] = {}
        self._names: List[str] = []
        self._classes: List[str] = []
        self._endings: Dict[str, str] = {}
        self._doubtful: FrozenSet[str] = frozenset(plain(name) for name in data["dubbelzinnig"])
        self._precedence: List[str] = list(data["voorrang"])
        self._substances: Dict[str, str] = {plain(n): g for g, names in data["middelen"].items() for n in names}
        self._rules: List[Mapping[str, Any]] = list(data["wisselwerkingen"])
        groups: Mapping[str, Any] = data["groepen"]
        for group, content in groups.items():
            for kind in ("stoffen", "merken_nl", "merken_be", "klassen"):
                for name in content[kind]:
                    self._group_of.setdefault(plain(str(name)), group)
                    (self._classes if kind == "klassen" else self._names).append(plain(str(name)))
            for ending in content.get("uitgangen") or ():
                self._endings["*" + plain(str(ending))] = group
        used = {g for rule in self._rules for g in rule.get("groep", ())} | set(self._precedence)
        if used - set(groups):
            raise PatternError(f"{MEDICINES}: unknown groups {', '.join(sorted(used - set(groups)))}.")

    def concepts(self) -> Dict[str, List[str]]:
        """MEDNAAM and MEDKLASSE for the patterns. A name that is also a word counts only after a word of use."""
        sure = [name for name in self._names if name not in self._doubtful]
        unsure = [f"SLIK ~3 {name}" for name in self._names if name in self._doubtful]
        return {"MEDNAAM": [*sure, *unsure, *self._endings], "MEDKLASSE": list(self._classes)}

    def about(
        self, rows: Sequence[Tuple[int, str]], positions: Positions, names_of: Any
    ) -> Tuple[Optional[str], str, bool]:
        """Group, interaction and whether the medicine is combined, stopped or replaced rather than just mentioned."""
        groups: Set[str] = set()
        substances: Set[str] = set()
        for place, _ in positions.spans(frozenset({"MEDNAAM", "MEDKLASSE"})):
            for word in (word for at, word in rows if at == place):
                known = {word, *names_of(word)}
                groups |= {self._group_of[n] for n in known if n in self._group_of}
                groups |= {self._endings[n] for n in known if n in self._endings}
        for _, word in rows:
            substances |= {self._substances[n] for n in {word, *names_of(word)} if n in self._substances}
        if positions.holds_any(frozenset({"MEDPIL"})):
            groups.add("anticonceptie")
        changes = bool(positions.spans(frozenset({"STOP", "VERVANG"})))
        combines = changes or bool(positions.spans(frozenset({"COMBI"})))
        group = next((name for name in self._precedence if name in groups), None)
        return group, self._interaction(groups, substances, changes), combines

    def _interaction(self, groups: Set[str], substances: Set[str], changes: bool) -> str:
        for rule in self._rules:
            if rule.get("stoppen") and not changes:
                continue
            if "groep" in rule and not groups & set(rule["groep"]):
                continue
            if "middel" in rule:
                wanted = set(rule["middel"])
                if (wanted and not wanted & substances) or (not wanted and substances):
                    continue
            return str(rule["id"])
        return NO_INTERACTION


# --- text ------------------------------------------------------------------------------------------------------------

_WORD_OR_COMMA = re.compile(r"[a-z0-9]+|,")
_SENTENCE_END = re.compile(r"[.!?;:\n\r…]+(?=\s|$)|\n")
_REMEMBERED = 50_000  # words; customers use the same ones again and again
_SHORT_CLAUSE = 4  # words; a comma or conjunction after fewer does not end a clause
_LONG_CLAUSE = 16
_CONJUNCTIONS = frozenset(["maar", "want", "omdat", "dus", "en", "terwijl", "of", "nu", "sinds", "toen"])
_LONGEST_GLUED = 60  # splitting is quadratic in the length; nobody writes two words of this size as one
_GLUE = frozenset(
    ["ik", "wil", "niet", "er", "het", "is", "ben", "heb", "mag", "kan", "zo", "te", "me", "mijn", "geen", "een", "dit"]
)
_GLUED_AFTER = frozenset(["me", "mij", "meer", "dood", "niet"])
_NAMES = [
    (re.compile(r"\b5[\s-]*h[\s-]*t[\s-]*p\b|\b5[\s-]*(?:hpt|thp|hydroxytr[iy]pto\w+)\b"), "5htp"),
    (re.compile(r"\bs(?:in)?t[\s.-]*jan[\s'-]*s?[\s-]*kruid\w*"), "sintjanskruid"),
    (re.compile(r"\bsint[\s-]*jan\b"), "sintjanskruid"),
    (re.compile(r"\bl[\s-]+(?=tr[iy]|thea)"), ""),
    (re.compile(r"(?<=\d)[.,](?=\d)"), " "),
    (re.compile(r"['`’‘´*_]"), ""),
]
_MAY_NAME = re.compile(r"[\d'`’‘´*_]|jan|\bl[\s-]")  # what one of those needs
_REPEATED = re.compile(r"([a-z])\1{2,}")
_NO_PART = re.compile(r"[^a-z0-9,.!?;:\n\r…]+")
# Figures that stand for letters inside a word ("z3lfm00rd"); words such as b12, 5htp and 16e stay.
_HIDDEN_WORD = re.compile(r"\b(?=[a-z0-9@$]*[a-z][a-z0-9@$]*[0-9@$][a-z0-9@$]*[a-z])[a-z][a-z0-9@$]{4,}\b")
_MAY_STAND_FOR_LETTER = re.compile(r"[0-9@$]")
_LEET = str.maketrans("013457@$", "oieastas")


def plain(text: str) -> str:
    """Lower case without accents or apostrophes; names of substances in one spelling."""
    result = text.lower()
    if not result.isascii():
        decomposed = unicodedata.normalize("NFD", result)
        result = "".join(char for char in decomposed if not unicodedata.combining(char))
    if _MAY_NAME.search(result):
        for expression, replacement in _NAMES:
            result = expression.sub(replacement, result)
    result = _REPEATED.sub(r"\1\1", result)
    if _MAY_STAND_FOR_LETTER.search(result):
        result = _HIDDEN_WORD.sub(_letters, result)
    return _NO_PART.sub(" ", result).strip()


def _letters(match: "re.Match[str]") -> str:
    return match.group(0).translate(_LEET)


def _split(text: str) -> List[str]:
    return _SENTENCE_END.split(plain(text))


# --- files -----------------------------------------------------------------------------------------------------------


def _compile_pattern(level: str, item: Mapping[str, Any], sure: bool) -> _Pattern:
    unknown = set(item) - {"id", "zoek", "niet", "behalve", "bereik"}
    if unknown or not item.get("id") or not item.get("zoek"):
        raise PatternError(
            f"{PATTERNS}, {level}, {item.get('id')}: needs id and zoek; unknown keys: {sorted(unknown)}."
        )
    if item.get("bereik", "zin") not in ("zin", "bericht"):
        raise PatternError(f"{PATTERNS}, {item['id']}: bereik is 'zin' or 'bericht'.")
    return _Pattern(
        id=item["id"],
        level=level,
        queries=tuple(compile_query(str(text)) for text in item["zoek"]),
        unless_overlapping=tuple(compile_phrase(str(text)) for text in item.get("niet", ())),
        unless_present=tuple(compile_phrase(str(text)) for text in item.get("behalve", ())),
        whole_message=item.get("bereik") == "bericht",
        sure=sure,
    )


def read_files(folder: Path = FOLDER) -> Dict[str, str]:
    """The data files as {name: text}. Raises `OSError` when one is missing."""
    return {name: (folder / name).read_text(encoding="utf-8") for name in FILES}


def load_triage(texts: Mapping[str, str]) -> Triage:
    """Builds triage from the texts of its data files (see `read_files`). Raises `PatternError` on a mistake in them."""
    return _triage_of(*(texts[name] for name in FILES))


@lru_cache(maxsize=1)
def _triage_of(*texts: str) -> Triage:
    """Built once for the channels and the model, which as a rule hold the same texts: it takes half a second."""
    yaml = YAML(typ="safe")
    return Triage(*(yaml.load(text) for text in texts))


@lru_cache(maxsize=1)
def default_triage() -> Triage:
    """Triage from data/veiligheid, loaded once."""
    return load_triage(read_files())


def assess(text: str) -> Optional[TriageHit]:
    """The most urgent matter of safety in a message by the patterns of data/veiligheid, None when there is none."""
    return default_triage().assess(text)
