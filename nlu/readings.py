"""Which answer a message asks for in its conversation, weighed as was learnt from chats.

A message in a chat can be read in more than one way: by itself, with the subject that was spoken about written in, and
as the question before it with another subject. The ranker reads all of them. A linear model over what the readings say
of an answer, and over what the names and aspects in the message say, picks an answer, "to that there is none", "not
understood" or what the message is by itself. Its weights stand in `data/woordenboek/lezingen.yml`;
`python -m evaluation.readings` learns them from chats. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Protocol, Sequence, Tuple

import numpy as np

from content.catalogue import FAQ_INTENT, find_answer, onderwerp_and_aspect
from nlu.context import DUAL, SHOP, STATES, Conversation, ShopFollowUps, answer_about
from nlu.features import Analysis
from nlu.gate import OUT_OF_SCOPE, Row
from nlu.lexicon import Found, Lexicon, unique_names
from nlu.rewriting import Words, joined, with_subject_replaced, written
from nlu.turns import TurnWords

TOPIC, ASPECT, MORE = "follow_up_topic", "follow_up_aspect", "follow_up_more"
SHOP_SUBJECT = "winkel"
MISSING, NOT_UNDERSTOOD = "missing", "not understood"  # choices beside answers and other intents
# What a question in a conversation may be taken for by itself.
OPEN = frozenset({"help", "cancel", "complain", "feedback_positive", MORE})
# Aspects that questions of any kind resemble: a reading as one of these says little.
GENERAL = frozenset({"wat_is", "functie", "supplement", "lichaam", "tryptofaan", "5htp"})
_CANDIDATES, _OF_OTHER = 4, 3  # best answers of a reading that are considered
_PLAUSIBLE = 0.15  # probability from which an intent of `OPEN` is considered
_FEW_WORDS, _SHORT = 6, 4
_LEAST = 1e-3  # the smallest probability that counts
_UNREAD = -3.0  # logarithm of the probability in a reading that there isn't


@dataclass(frozen=True)
class Reading:
    """A message as it is read in one way.

    Attributes:
        words: what was read.
        raw: probability per label in the ranker's order, shape [labels].
        gated: the same behind the topic gate.
    """

    words: Words
    raw: Row
    gated: Row

    @cached_property
    def best(self) -> int:
        """The place of the likeliest label."""
        return int(self.gated.argmax())

    @cached_property
    def logs(self) -> List[float]:
        """The logarithm of each probability behind the gate."""
        return _logs(self.gated)


@dataclass(frozen=True)
class Heard:
    """A message by itself.

    Attributes:
        label: the intent or `faq/<id>` it was taken for; `nlu_fallback` when it was not understood.
        confidence: of the label.
        analysis: its words.
        topics: the onderwerpen found in them.
        has_unknown: whether it holds a word that is in none of the examples.
        is_of_others: whether it names another substance, part of the body or shop.
        may_be_serious: whether the ranker thinks of a matter of safety; triage says whether it is one.
    """

    label: str
    confidence: float
    analysis: Analysis
    topics: Sequence[Found]
    has_unknown: bool = False
    is_of_others: bool = False
    may_be_serious: bool = False

    @property
    def words(self) -> Sequence[str]:
        """The normalised words."""
        return self.analysis.words

    @cached_property
    def named(self) -> List[str]:
        """The onderwerpen that it names, in order."""
        return unique_names(self.topics)

    @cached_property
    def places(self) -> FrozenSet[int]:
        """The positions of the words that name them."""
        return frozenset(i for item in self.topics for i in range(item.start, item.end))


@dataclass(frozen=True)
class Choice:
    """What was chosen: `faq/<id>`, an intent of `OPEN`, `MISSING` or `NOT_UNDERSTOOD`; and the question in full."""

    label: str
    words: Words


class Read(NamedTuple):
    """The readings of a message; with the subject it is the message by itself when that names its subject."""

    alone: Reading
    with_topic: Reading
    other: Optional[Reading]
    shop: Optional[Reading]


class OfAnswer(NamedTuple):
    """What speaks for and against an answer. Probabilities are those of the readings, logarithms are natural."""

    best_alone: bool
    best_topic: bool
    best_other: bool
    best_shop: bool
    taken_for: bool
    is_topic: bool
    about_topic: bool  # a side of it, or another subject of its questions
    names_it: bool
    names_aside: bool  # names something that the answer is about too
    names_another: bool
    both: bool  # about the subject spoken about and about what is named
    stands_for_both: bool
    names_all: bool
    has_aspect: bool
    first_aspect: bool
    other_aspect: bool
    same_aspect: bool
    names_it_same_aspect: bool
    is_last: bool
    is_shop: bool
    shop_again: bool
    from_shop: bool
    elsewhere: bool  # about another subject, which the message does not name
    elsewhere_points_back: bool
    topic_points_back: bool
    is_general: bool
    first_kind: bool  # no other aspect is likelier, whatever the subject
    other_side: bool  # what names and aspects alone point to; see `Readings._pointed`
    other_subject: bool
    shop_goes_on: bool
    shop_side: bool
    other_side_short: bool
    other_subject_short: bool
    shop_goes_on_short: bool
    shop_side_short: bool
    alone: float
    topic: float
    other: float
    shop: float
    log_alone: float
    log_topic: float
    log_other: float
    log_shop: float
    log_best: float
    log_both: float
    kind_alone: float  # logarithm of what all answers about this aspect have
    kind_topic: float
    topic_log: float  # the same for an answer about the subject only
    topic_kind_alone: float
    topic_kind: float
    names_it_kind: float
    last_log: float


class OfMessage(NamedTuple):
    """What speaks for there being no answer, whatever the answer."""

    always: bool
    is_understood: bool
    points_back: bool
    goes_on: bool
    only_names: bool
    names: bool
    has_unknown: bool
    has_aspect: bool
    has_shop_aspect: bool
    asks: bool
    words_to_3: bool
    words_to_6: bool
    words_to_10: bool
    more_words: bool
    is_pending: bool
    in_shop: bool
    has_topic: bool
    alone: float
    topic: float
    log_alone: float
    log_topic: float
    unanswered: float  # probability of the aspects to which there is no answer about the subject
    log_unanswered: float
    aspect_unanswered: bool  # the same for the aspects that are named
    out_of_scope: float
    follow_up_topic: float
    follow_up_aspect: float


class Reader(Protocol):
    """What reading needs of the trained pipeline."""

    def analyse(self, text: str) -> Analysis:
        """Normalises and corrects a message."""

    def reading(self, words: Sequence[str], conversation: Conversation) -> Reading:
        """What the ranker and the topic gate make of words."""


class Weighed(NamedTuple):
    """What may be chosen, what speaks for each (shape [candidates, features], see `FEATURES`), and the readings."""

    candidates: List[str]
    features: Row
    readings: Read


# The columns: of an answer, of a message for each other choice, of each intent by itself.
_KINDS = (MISSING, NOT_UNDERSTOOD, "intent")
_INTENTS = tuple(sorted(OPEN))
FEATURES: Tuple[str, ...] = (
    *(f"answer: {name}" for name in OfAnswer._fields),
    *(f"{kind}: {name}" for kind in _KINDS for name in OfMessage._fields),
    *(f"intent {name}" for name in _INTENTS),
    "intent: log",
)
_FIRST_OF = {kind: len(OfAnswer._fields) + i * len(OfMessage._fields) for i, kind in enumerate(_KINDS)}
_PLACE = {name: i for i, name in enumerate(FEATURES)}


class Readings:
    """Reads messages in their conversation."""

    def __init__(
        self,
        lexicon: Lexicon,
        turns: TurnWords,
        labels: Sequence[str],
        also_about: Mapping[str, FrozenSet[str]],
        reader: Reader,
    ) -> None:
        """Keeps its parts.

        Args:
            lexicon: the domain's words, and the weights.
            turns: the words of a conversation.
            labels: the ranker's labels in their order.
            also_about: onderwerpen that an id's questions often name besides those of the id itself.
            reader: the trained pipeline.
        """
        self._lexicon = lexicon
        self._turns = turns
        self.weights = np.array([lexicon.data["lezingen"].get(name, 0.0) for name in FEATURES])
        self._reader = reader
        self.place = {label: i for i, label in enumerate(labels)}
        self.faq_ids = [label[len(FAQ_INTENT) :] for label in labels if label.startswith(FAQ_INTENT)]
        self._faq = np.array([label.startswith(FAQ_INTENT) for label in labels])
        self._labels = list(labels)
        self._shop = ShopFollowUps(turns.shop_follow_ups, turns.shop_aspects)
        self._order = {name: i for i, name in enumerate(lexicon.aspect.names)}
        self._parts = {faq_id: onderwerp_and_aspect(faq_id) for faq_id in self.faq_ids}
        self._abouts = {i: frozenset({*self._parts[i], *also_about.get(i, ())}) for i in self.faq_ids}
        aspects = sorted({aspect for _, aspect in self._parts.values()})
        self._kind = {aspect: i for i, aspect in enumerate(aspects)}
        self._of_kind = np.zeros((len(aspects), len(labels)))
        for faq_id in self.faq_ids:
            self._of_kind[self._kind[self._parts[faq_id][1]], self.place[FAQ_INTENT + faq_id]] = 1.0
        self._lacks_none = np.zeros(len(aspects))
        of_shop = {aspect for onderwerp, aspect in self._parts.values() if onderwerp == SHOP_SUBJECT}
        self._lacks = {
            topic: np.array([a not in of_shop and find_answer(self.faq_ids, topic, a) is None for a in aspects], float)
            for topic in {onderwerp for onderwerp, _ in self._parts.values()} - {SHOP_SUBJECT}
        }

    def choose(self, heard: Heard, alone: Reading, conversation: Conversation) -> Choice:
        """What a message asks for in a conversation that was about something before."""
        candidates, features, readings = self.weigh(heard, alone, conversation)
        label = candidates[int((features @ self.weights).argmax())]
        return Choice(label, self.in_full(label, readings))

    def in_full(self, label: str, readings: Read) -> Words:
        """The question with what it left out written in: the reading that suits the answer best."""
        read = [reading for reading in readings if reading is not None]
        place = self.place.get(label)
        return (read[0] if place is None else max(read, key=lambda reading: float(reading.gated[place]))).words

    def weigh(self, heard: Heard, alone: Reading, conversation: Conversation) -> Weighed:
        """What may be chosen, and what speaks for it."""
        topic = conversation.onderwerp
        with_topic, other = self._with_topic(heard, conversation), self.of_other(heard, conversation)
        readings = Read(alone, with_topic or alone, other, self._in_shop(heard, conversation))
        aspects = self.aspects(heard.words)
        kinds = self._of_kind @ alone.raw
        pointed = self._pointed(heard, aspects, conversation)
        found = dict.fromkeys([*self.best(alone, _CANDIDATES), *self.best(readings.with_topic, _CANDIDATES)])
        found.update(dict.fromkeys([*self.best(other, _OF_OTHER), *self.best(readings.shop, _OF_OTHER)]))
        found.update(dict.fromkeys(filter(None, pointed)))
        others = [MISSING] if topic or heard.named else []
        others += [NOT_UNDERSTOOD, *(label for label in _INTENTS if self.probability(alone, label) > _PLAUSIBLE)]
        features = np.zeros((len(found) + len(others), len(FEATURES)))
        features[: len(found), : len(OfAnswer._fields)] = self._of_answers(
            list(found), heard, aspects, readings, kinds, pointed, conversation
        )
        said = self._of_message(heard, aspects, readings, kinds, conversation)
        for row, label in zip(features[len(found) :], others):
            first = _FIRST_OF["intent" if label in OPEN else label]
            row[first : first + len(said)] = said
            if label in OPEN:
                row[_PLACE[f"intent {label}"]] = 1.0
                row[_PLACE["intent: log"]] = alone.logs[self.place[label]]
        return Weighed([*(FAQ_INTENT + i for i in found), *others], features, readings)

    def aspects(self, words: Sequence[str]) -> List[str]:
        """Aspects that words name, the more specific ones first: of more words, then in the order of the dictionary.

        The dictionary's last one is the most general and comes last: "wat doet dat met je hart" is about the heart.
        """
        span: Dict[str, int] = {}
        for item in self._lexicon.aspect.find(words):
            span[item.name] = max(span.get(item.name, 0), item.end - item.start)
        last = len(self._order) - 1
        return sorted(span, key=lambda name: (self._order[name] == last, -span[name], self._order[name]))

    def _with_topic(self, heard: Heard, conversation: Conversation) -> Optional[Reading]:
        """The message with the subject of the conversation behind it; None when it names that itself."""
        topic = conversation.onderwerp
        if topic is None or topic in heard.named:
            return None
        return self._reader.reading((*heard.words, written(topic)), conversation)

    def _in_shop(self, heard: Heard, conversation: Conversation) -> Optional[Reading]:
        """The message as one about an order, after an answer about the shop."""
        if heard.named or not (conversation.last_id or "").startswith(SHOP):
            return None
        return self._reader.reading((*heard.words, self._turns.shop_subject), conversation)

    def of_other(self, heard: Heard, conversation: Conversation) -> Optional[Reading]:
        """The question before it with another subject, or with the subject that it lacked."""
        if not heard.named or not conversation.asked:
            return None
        before = self._reader.analyse(conversation.asked).words
        subjects = self._lexicon.onderwerp.find(before)
        if conversation.is_pending and not subjects and len(heard.words) <= _FEW_WORDS:
            words: Optional[Words] = joined(before, heard.words)
        else:
            words = with_subject_replaced(before, subjects, heard.named[-1], STATES, conversation.onderwerp)
        return self._reader.reading(words, Conversation()) if words else None

    def sides(self, conversation: Conversation) -> List[str]:
        """Onderwerpen and aspects that the question before named."""
        words = self._reader.analyse(conversation.asked).words if conversation.asked else ()
        named = unique_names(self._lexicon.onderwerp.find(words))
        return [name for name in named if name in DUAL] + self.aspects(words)

    def _pointed(
        self, heard: Heard, aspects: Sequence[str], conversation: Conversation
    ) -> Tuple[Optional[str], Optional[str], Optional[str], Optional[str]]:
        """The ids that names and aspects alone point to: another side, another subject, on in the shop, to the shop."""
        topic, named, aspect = conversation.onderwerp, heard.named, conversation.aspect
        of_topic = answer_about(topic, aspects, self.faq_ids) if topic and aspects else None
        of_other = find_answer(self.faq_ids, named[0], aspect) if named and aspect else None
        in_shop = (conversation.last_id or "").startswith(SHOP)
        shop_side = None if in_shop or of_topic else self._shop.side(aspects)
        return of_topic, of_other, self._shop.after(conversation.last_id, aspects), shop_side

    def probability(self, reading: Reading, label: str) -> float:
        """What a reading gives an intent."""
        return float(reading.gated[self.place[label]]) if label in self.place else 0.0

    def about(self, faq_id: str) -> FrozenSet[str]:
        """All that an answer is about."""
        return self._abouts[faq_id]

    def confidence(self, reading: Reading, faq_id: str) -> float:
        """How sure a reading is of an answer, before and behind the topic gate."""
        place = self.place[FAQ_INTENT + faq_id]
        return min(float(reading.raw[place]), float(reading.gated[place]))

    def best(self, reading: Optional[Reading], count: int) -> List[str]:
        """The ids that a reading finds likeliest."""
        if reading is None:
            return []
        of_faq = np.where(self._faq, reading.gated, -1.0)
        places = np.argpartition(-of_faq, count)[:count]
        return [self._labels[i][len(FAQ_INTENT) :] for i in places[np.argsort(-of_faq[places], kind="stable")]]

    def _of_answers(
        self,
        faq_ids: Sequence[str],
        heard: Heard,
        aspects: Sequence[str],
        readings: Read,
        kinds: Row,
        pointed: Tuple[Optional[str], Optional[str], Optional[str], Optional[str]],
        conversation: Conversation,
    ) -> List[OfAnswer]:
        """What speaks for and against each answer; `kinds` is what the message by itself gives each aspect."""
        alone, with_topic, other, shop = readings
        named, topic, last = set(heard.named), conversation.onderwerp, conversation.last_id
        kinds_alone, kinds_topic = _logs(kinds), _logs(self._of_kind @ with_topic.raw)
        first_kind = int(kinds.argmax())
        in_shop, is_short = (last or "").startswith(SHOP), len(heard.words) <= _SHORT
        stands = self._turns.stands_for(heard.words) or self._turns.relates(heard.words)
        points_back = self._turns.points_back(heard.words, heard.places)
        found = []
        for faq_id in faq_ids:
            onderwerp, aspect = self._parts[faq_id]
            about, place, kind = self._abouts[faq_id], self.place[FAQ_INTENT + faq_id], self._kind[aspect]
            log_alone, log_topic = alone.logs[place], with_topic.logs[place]
            log_other, log_shop = (_UNREAD if each is None else each.logs[place] for each in (other, shop))
            kind_alone, kind_topic = kinds_alone[kind], kinds_topic[kind]
            is_shop, is_topic, is_about = onderwerp == SHOP_SUBJECT, onderwerp == topic, topic in about
            names_it, is_named = onderwerp in named, not named.isdisjoint(about)
            elsewhere = not named and topic is not None and not is_about and not is_shop
            both, same_aspect, is_last = is_about and is_named, aspect == conversation.aspect, faq_id == last
            other_side, other_subject, goes_on, shop_side = (faq_id == each for each in pointed)
            of_answer = OfAnswer(
                best_alone=place == alone.best,
                best_topic=place == with_topic.best,
                best_other=other is not None and place == other.best,
                best_shop=shop is not None and place == shop.best,
                taken_for=heard.label == FAQ_INTENT + faq_id,
                is_topic=is_topic,
                about_topic=is_about and not is_topic,
                names_it=names_it,
                names_aside=is_named and not names_it,
                names_another=bool(named) and not is_named and not is_shop,
                both=both and topic not in named,
                stands_for_both=both and stands,
                names_all=bool(named) and about.issuperset(named),
                has_aspect=aspect in aspects,
                first_aspect=aspects[:1] == [aspect],
                other_aspect=bool(aspects) and aspect not in aspects and not goes_on and not shop_side,
                same_aspect=same_aspect,
                names_it_same_aspect=names_it and same_aspect,
                is_last=is_last,
                is_shop=is_shop,
                shop_again=is_shop and in_shop,
                from_shop=in_shop and not is_shop,
                elsewhere=elsewhere,
                elsewhere_points_back=elsewhere and points_back,
                topic_points_back=is_topic and points_back and not named,
                is_general=aspect in GENERAL,
                first_kind=kind == first_kind,
                other_side=other_side,
                other_subject=other_subject,
                shop_goes_on=goes_on,
                shop_side=shop_side,
                other_side_short=other_side and is_short,
                other_subject_short=other_subject and is_short,
                shop_goes_on_short=goes_on and is_short,
                shop_side_short=shop_side and is_short,
                alone=float(alone.gated[place]),
                topic=float(with_topic.gated[place]),
                other=0.0 if other is None else float(other.gated[place]),
                shop=0.0 if shop is None else float(shop.gated[place]),
                log_alone=log_alone,
                log_topic=log_topic,
                log_other=log_other,
                log_shop=log_shop,
                log_best=max(log_alone, log_topic, log_other, log_shop),
                log_both=log_alone * log_topic,
                kind_alone=kind_alone,
                kind_topic=kind_topic,
                topic_log=log_topic if is_topic else 0.0,
                topic_kind_alone=kind_alone if is_topic else 0.0,
                topic_kind=kind_topic if is_topic else 0.0,
                names_it_kind=kind_alone if names_it else 0.0,
                last_log=log_alone if is_last else 0.0,
            )
            found.append(of_answer)
        return found

    def _of_message(
        self, heard: Heard, aspects: Sequence[str], readings: Read, kinds: Row, conversation: Conversation
    ) -> OfMessage:
        """What speaks for there being no answer; `kinds` as in `_of_answers`."""
        words, length = heard.words, len(heard.words)
        alone, topic = (each.gated[self._faq].max() for each in (readings.alone, readings.with_topic))
        lacks = self._lacks.get((heard.named[-1] if heard.named else conversation.onderwerp) or "", self._lacks_none)
        unanswered = kinds @ lacks
        body = [name for name in aspects if name not in self._turns.shop_aspects]
        log_alone, log_topic, log_unanswered = _logs(np.array([alone, topic, unanswered]))
        return OfMessage(
            always=True,
            is_understood=heard.label.startswith(FAQ_INTENT),
            points_back=self._turns.points_back(words, heard.places),
            goes_on=words[0] in self._turns.joining,
            only_names=self._turns.only_names(words, heard.places),
            names=bool(heard.named),
            has_unknown=heard.has_unknown,
            has_aspect=bool(body),
            has_shop_aspect=len(body) < len(aspects),
            asks=words[0] in self._turns.asking,
            words_to_3=length <= 3,
            words_to_6=3 < length <= 6,
            words_to_10=6 < length <= 10,
            more_words=length > 10,
            is_pending=conversation.is_pending,
            in_shop=(conversation.last_id or "").startswith(SHOP),
            has_topic=conversation.onderwerp is not None,
            alone=float(alone),
            topic=float(topic),
            log_alone=log_alone,
            log_topic=log_topic,
            unanswered=float(unanswered),
            log_unanswered=log_unanswered,
            aspect_unanswered=bool(body) and all(lacks[self._kind[name]] for name in body if name in self._kind),
            out_of_scope=self.probability(readings.alone, OUT_OF_SCOPE),
            follow_up_topic=self.probability(readings.alone, TOPIC),
            follow_up_aspect=self.probability(readings.alone, ASPECT),
        )


def _logs(probabilities: Row) -> List[float]:
    logs: List[float] = np.log(np.maximum(probabilities, _LEAST)).tolist()
    return logs
