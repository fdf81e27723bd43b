"""What a message means because of what was spoken about: by itself it leaves out its subject, or the question.

The message is read in full first (`nlu.rewriting`) and the ranker says what that asks; where the ranker has nothing to
say, the words that point back and the aspects decide (`nlu.context.resolve`). Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Dict, FrozenSet, List, Mapping, Optional, Protocol, Sequence, Tuple

from content.catalogue import FAQ_INTENT, FAQ_RESPONSE, onderwerp_and_aspect
from nlu.context import (
    DUAL,
    MISSING_RESPONSE,
    NO_SHOP,
    QUESTIONS_RESPONSE,
    SHOP,
    STATES,
    Conversation,
    Resolution,
    ShopFollowUps,
    answer_about,
    resolve,
)
from nlu.features import Analysis
from nlu.gate import SUBSTANCES
from nlu.lexicon import Found, Lexicon, unique_names
from nlu.rewriting import joined, with_subject_replaced, written
from nlu.turns import TurnWords

FALLBACK = "nlu_fallback"
TOPIC, ASPECT, MORE = "follow_up_topic", "follow_up_aspect", "follow_up_more"
VAGUE = frozenset({"help", "cancel", ASPECT, TOPIC})  # what a question without its subject is taken for
FEW_WORDS, SHORT, NOT_LONG = 6, 8, 12
SURE_BY_ITSELF = 0.9  # a message that is understood this well needs no conversation
_CLEAR = 0.6  # confidence that a message with the conversation's subject added must reach
_OWN_DATA = frozenset({"data_export", "data_delete"})
# Aspects that questions of any kind resemble: a reading in full as one of these says little.
_GENERAL = frozenset({"wat_is", "functie", "supplement", "lichaam", "tryptofaan", "5htp"})
SELLS = "winkel_verkoop"
_GUTS = frozenset({"darmen", "microbioom"})  # which customers don't tell apart
# How a message is read in full: the question before with another subject; the message with the subject spoken about;
# with that and another one it names; the question that found no answer with what is added to it now.
_OTHER_TOPIC, _OWN_TOPIC, _TWO_TOPICS, _ADDED = "other_topic", "own_topic", "two_topics", "added"
_REQUIRED = {_OTHER_TOPIC: 0.5, _OWN_TOPIC: 0.7, _TWO_TOPICS: 0.5, _ADDED: 0.4}  # confidence that a reading must reach
_NEVER = 2.0


@dataclass(frozen=True)
class Heard:
    """A message as it was understood by itself.

    Attributes:
        label: the intent or `faq/<id>` it was taken for; `nlu_fallback` when it was not understood.
        confidence: of the label.
        analysis: its words.
        topics: the onderwerpen found in them.
    """

    label: str
    confidence: float
    analysis: Analysis
    topics: Sequence[Found]

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
class Full:
    """A message with what it left out written in: in what way, the words, and the onderwerp that they are about."""

    way: str
    words: Tuple[str, ...]
    topic: str


class Reader(Protocol):
    """What following up needs of the trained pipeline."""

    def analyse(self, text: str) -> Analysis:
        """Normalises and corrects a message."""

    def ranked(self, analysis: Analysis, added: Sequence[str]) -> Mapping[str, float]:
        """Probability per label of a message as if words had been added to it, without the topic gate."""

    def read(self, words: Sequence[str]) -> Optional[Tuple[str, float]]:
        """The id that words by themselves are about, with its probability behind the topic gate."""


class FollowUps:
    """Finds what a message means in its conversation."""

    def __init__(
        self,
        lexicon: Lexicon,
        turns: TurnWords,
        faq_ids: Sequence[str],
        also_about: Mapping[str, FrozenSet[str]],
        reader: Reader,
    ) -> None:
        """Keeps its parts.

        Args:
            lexicon: the domain's words.
            turns: the words of a conversation.
            faq_ids: all ids.
            also_about: onderwerpen that an id's questions often name besides those of the id itself.
            reader: the trained pipeline.
        """
        self._lexicon = lexicon
        self._turns = turns
        self._faq_ids = faq_ids
        self._also_about = also_about
        self._reader = reader
        self._shop = ShopFollowUps(turns.shop_follow_ups, turns.shop_aspects)
        self._order = {name: i for i, name in enumerate(lexicon.aspect.names)}

    def in_full(self, heard: Heard, conversation: Conversation) -> Optional[Full]:
        """What a message asks with the conversation in mind; None when it leaves nothing out."""
        words, named = heard.words, heard.named
        if named and "winkel" not in named and conversation.asked:
            before = self._reader.analyse(conversation.asked).words
            subjects = self._lexicon.onderwerp.find(before)
            if conversation.is_pending and len(words) <= FEW_WORDS and not subjects:
                return Full(_ADDED, joined(before, words), named[-1])
            if self._turns.only_names(words, heard.places):
                replaced = with_subject_replaced(before, subjects, named[-1], STATES, conversation.onderwerp)
                if replaced:
                    return Full(_OTHER_TOPIC, replaced, named[-1])
        topic = conversation.onderwerp
        if topic is None or topic == "winkel" or topic in named or len(words) > NOT_LONG:
            return None
        if not named:
            return Full(_OWN_TOPIC, (*words, written(topic)), topic)
        if self._turns.stands_for(words) or self._turns.relates(words):
            return Full(_TWO_TOPICS, (*words, written(topic)), topic)
        return None

    def find(self, heard: Heard, full: Optional[Full], conversation: Conversation) -> Optional[Tuple[str, Resolution]]:
        """The follow-up intent that a message is, with what it resolves to; None when it stands by itself.

        Args:
            heard: the message.
            full: what `in_full` gave for it.
            conversation: what was said before.
        """
        read = self._sold_too(heard, conversation) or (self._read(heard, full, conversation) if full else None)
        return read or self._announced(heard) or self._pointed_back(heard, conversation)

    def resolve(self, intent: str, heard: Heard, conversation: Conversation) -> Resolution:
        """What a follow-up of this intent resolves to, by the names and aspects in it; see `nlu.context.resolve`."""

        def best_about(topic: str) -> Optional[str]:
            about = {i: 0.0 for i in self._faq_ids if onderwerp_and_aspect(i)[0] == topic}
            if not about:
                return None
            ranked = self._reader.ranked(heard.analysis, [topic])
            about = {i: ranked.get(FAQ_INTENT + i, 0.0) for i in about}
            best = max(about, key=lambda i: about[i])
            return best if about[best] > 0.5 * sum(about.values()) else None

        of_body = conversation.onderwerp and any(word in self._turns.of_body for word in heard.words)
        shop = NO_SHOP if of_body else self._shop
        sides = self._sides(conversation) if intent == TOPIC else []
        aspects = self.aspects(heard.words)
        return resolve(intent, conversation, heard.named, aspects, self._faq_ids, best_about, shop, sides)

    def aspects(self, words: Sequence[str]) -> List[str]:
        """Aspects that words name, the more specific ones first: of more words, then in the order of the dictionary.

        The dictionary's last one is the most general and comes last: "wat doet dat met je hart" is about the heart.
        """
        span: Dict[str, int] = {}
        for item in self._lexicon.aspect.find(words):
            span[item.name] = max(span.get(item.name, 0), item.end - item.start)
        last = len(self._order) - 1
        return sorted(span, key=lambda name: (self._order[name] == last, -span[name], self._order[name]))

    def _read(self, heard: Heard, full: Full, conversation: Conversation) -> Optional[Tuple[str, Resolution]]:
        """What the message asks when it is read in full, None when the ranker is not sure enough of that."""
        label = heard.label
        if not (label == FALLBACK or label in VAGUE or label.startswith(FAQ_INTENT)):
            return None
        is_health = label.startswith(FAQ_INTENT) and not label.startswith(FAQ_INTENT + SHOP)
        if is_health and heard.confidence >= SURE_BY_ITSELF and full.way in (_OWN_TOPIC, _ADDED):
            return None
        aspects = self.aspects(heard.words)
        of_shop = [name for name in aspects if name in self._turns.shop_aspects]
        of_body = [name for name in aspects if name not in self._turns.shop_aspects]
        if full.way == _OWN_TOPIC and of_shop and not answer_about(full.topic, of_body, self._faq_ids):
            own = answer_about(full.topic, of_shop, self._faq_ids)
            return (ASPECT, _answered(own)) if own else None
        read = self._reader.read(full.words)
        if read is None:
            return None
        faq_id, confidence = read
        about = self._about(faq_id)
        if full.topic not in about and not (about & _GUTS and full.topic in _GUTS):
            return None
        if full.way == _TWO_TOPICS and not about & set(heard.named):
            return None
        if confidence < self._required(full, faq_id, aspects, conversation):
            return None
        return (TOPIC if full.way == _OTHER_TOPIC else ASPECT), _answered(faq_id)

    def _required(self, full: Full, faq_id: str, aspects: Sequence[str], conversation: Conversation) -> float:
        """The confidence from which a reading in full counts; more than 1 when it can't be what was meant."""
        onderwerp, aspect = onderwerp_and_aspect(faq_id)
        if full.way == _OTHER_TOPIC and (aspect in _GENERAL or onderwerp not in (full.topic, *DUAL)):
            return _REQUIRED[_OTHER_TOPIC] if conversation.aspect in _GENERAL else _NEVER
        if full.way == _OWN_TOPIC:
            if aspect in _GENERAL and aspect not in aspects:
                return _NEVER
            if aspects and not answer_about(full.topic, aspects, self._faq_ids):
                return SURE_BY_ITSELF
        return _REQUIRED[full.way]

    def _sold_too(self, heard: Heard, conversation: Conversation) -> Optional[Tuple[str, Resolution]]:
        """ "En oxytocine?" after "verkopen jullie magnesium": whether that is sold."""
        named = heard.named
        if conversation.last_id != SELLS or len(named) != 1 or named[0] not in SUBSTANCES:
            return None
        if not self._turns.corrects(heard.words, heard.places):
            return None
        return TOPIC, _answered(answer_about(named[0], ["kopen"], self._faq_ids) or SELLS)

    def _announced(self, heard: Heard) -> Optional[Tuple[str, Resolution]]:
        """ "Ik had een vraagje over magnesium": the questions that there are about it."""
        named = heard.named
        if not _is_plain(heard) or len(named) != 1 or named[0] == "winkel":
            return None
        if not self._turns.announces(heard.words, heard.places):
            return None
        return TOPIC, Resolution(QUESTIONS_RESPONSE + named[0], onderwerp=named[0])

    def _pointed_back(self, heard: Heard, conversation: Conversation) -> Optional[Tuple[str, Resolution]]:
        """What words that point back, aspects and a subject alone mean after what was said."""
        if conversation.onderwerp is None and conversation.last_id is None:
            return None
        words, label = heard.words, heard.label
        own = [name for name in heard.named if name not in DUAL]
        is_of_shop = label == FALLBACK or label.startswith(FAQ_INTENT + SHOP)
        if is_of_shop and len(words) <= SHORT and set(own) <= {"winkel"}:
            of_shop = self._in_the_shop(heard, conversation)
            if of_shop:
                return ASPECT, _answered(of_shop)
        if _is_plain(heard) and own and conversation.aspect and self._turns.corrects(words, heard.places):
            return TOPIC, self.resolve(TOPIC, heard, conversation)
        if label == FALLBACK:
            return self._not_understood(heard, own, conversation)
        if label in VAGUE and not heard.named and (conversation.last_id or "").startswith(SHOP):
            return self._with_subject(heard, conversation)
        if label.startswith(FAQ_INTENT) and not own:
            return self._about_another(heard, conversation)
        return None

    def _not_understood(
        self, heard: Heard, own: Sequence[str], conversation: Conversation
    ) -> Optional[Tuple[str, Resolution]]:
        """A message that means nothing by itself."""
        words = heard.words
        if len(words) > NOT_LONG:
            return None
        if own and (len(words) > FEW_WORDS or own[0] in ("winkel", conversation.onderwerp)):
            return None
        if not own and not self.aspects(words):
            return self._with_subject(heard, conversation)
        intent = TOPIC if own else ASPECT
        found = self.resolve(intent, heard, conversation)
        return (intent, found) if found.faq_id else None

    def _about_another(self, heard: Heard, conversation: Conversation) -> Optional[Tuple[str, Resolution]]:
        """A message that names no substance and looks like a question about another one than was spoken about."""
        topic, words, named = conversation.onderwerp, heard.words, heard.named
        if topic is None or topic == "winkel":
            return None
        faq_id = heard.label[len(FAQ_INTENT) :]
        onderwerp, aspect = onderwerp_and_aspect(faq_id)
        if onderwerp == "winkel" or topic in self._about(faq_id) or len(words) > NOT_LONG:
            return None
        points_back = self._turns.points_back(words, heard.places)
        if named and points_back:  # "wat doet dat met slaap" after oxytocine is no question about slaap
            both = answer_about(topic, named, self._faq_ids)
            return (ASPECT, _answered(both)) if both else None
        if named or not (points_back or onderwerp in SUBSTANCES):
            return None
        same = answer_about(topic, [aspect], self._faq_ids)
        if same:
            return ASPECT, _answered(same)
        aspects = self.aspects(words)
        if points_back and aspects and len(words) <= SHORT:
            return ASPECT, Resolution(MISSING_RESPONSE + topic, onderwerp=topic, aspect=aspects[0])
        return None

    def _in_the_shop(self, heard: Heard, conversation: Conversation) -> Optional[str]:
        """What "wie betaalt dat" means after an answer about the shop."""
        nouns = frozenset(item.start for item in heard.topics if item.name != "winkel")
        last = conversation.last_id or ""
        if not last.startswith(SHOP) or not self._turns.points_back(heard.words, nouns):
            return None
        aspects = self.aspects(heard.words)
        of_aspect = self._shop.after(last, aspects)
        if of_aspect or heard.label != FALLBACK or any(aspect not in self._turns.shop_sides for aspect in aspects):
            return of_aspect
        # "Wie regelt dat dan" after the answer about sending back: that answer is all there is about it.
        ranked = self._reader.ranked(heard.analysis, [onderwerp_and_aspect(last)[1]])
        return last if ranked.get(FAQ_INTENT + last, 0.0) >= SURE_BY_ITSELF else None

    def _with_subject(self, heard: Heard, conversation: Conversation) -> Optional[Tuple[str, Resolution]]:
        """What a message is clearly about as soon as the subject of the conversation is added to its words."""
        in_shop = (conversation.last_id or "").startswith(SHOP)
        subject = self._turns.shop_subject if in_shop else conversation.onderwerp
        if conversation.last_intent in _OWN_DATA:
            in_shop, subject = True, self._turns.data_subject
        if not subject:
            return None
        ranked = self._reader.ranked(heard.analysis, [subject])
        label = max(ranked, key=lambda name: ranked[name])
        if not label.startswith(FAQ_INTENT) or ranked[label] < _CLEAR:
            return None
        faq_id = label[len(FAQ_INTENT) :]
        fits = faq_id.startswith(SHOP) if in_shop else subject in onderwerp_and_aspect(faq_id)
        return (ASPECT, _answered(faq_id)) if fits else None

    def _about(self, faq_id: str) -> FrozenSet[str]:
        """All that an answer is about."""
        return frozenset({*onderwerp_and_aspect(faq_id), *self._also_about.get(faq_id, ())})

    def _sides(self, conversation: Conversation) -> List[str]:
        """Onderwerpen and aspects that the question before named."""
        words = self._reader.analyse(conversation.asked).words if conversation.asked else ()
        named = unique_names(self._lexicon.onderwerp.find(words))
        return [name for name in named if name in DUAL] + self.aspects(words)


def _is_plain(heard: Heard) -> bool:
    """Whether a message may be nothing but a subject that is named."""
    label = heard.label
    return label in (FALLBACK, TOPIC) or (label.startswith(FAQ_INTENT) and heard.confidence < SURE_BY_ITSELF)


def _answered(faq_id: str) -> Resolution:
    return Resolution(FAQ_RESPONSE + faq_id, faq_id)
