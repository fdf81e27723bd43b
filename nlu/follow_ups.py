"""What a message means because of what was spoken about: by itself it leaves out its subject, or the question.

`nlu.readings` weighs the ways in which it can be read; what was chosen becomes a response here. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Optional, Sequence

from content.catalogue import FAQ_INTENT, FAQ_RESPONSE, onderwerp_and_aspect
from nlu.context import (
    DUAL,
    FOLLOW_UPS,
    MISSING_RESPONSE,
    QUESTIONS_RESPONSE,
    SHOP,
    Conversation,
    Resolution,
    answer_about,
    resolve,
)
from nlu.gate import OUT_OF_SCOPE, SUBSTANCES
from nlu.readings import ASPECT, GENERAL, MISSING, NOT_UNDERSTOOD, OPEN, SHOP_SUBJECT, TOPIC, Heard, Reading, Readings
from nlu.rewriting import Words
from nlu.turns import TurnWords

FALLBACK = "nlu_fallback"
SELLS = "winkel_verkoop"
_OWN_DATA = frozenset({"data_export", "data_delete"})
_SURE_BY_ITSELF = 0.9
_FEW_WORDS = 8
_CERTAIN = 0.9
_CLEAR = 0.5  # confidence from which the question before counts as asked about another subject


@dataclass(frozen=True)
class Meaning:
    """What a message means in its conversation.

    Attributes:
        intent: a follow-up when there is a resolution; else what it is taken for, `faq/<id>` or an intent.
        words: the question with what it left out written in.
        resolution: of a follow-up.
    """

    intent: str
    words: Words
    resolution: Optional[Resolution] = None


class FollowUps:
    """Finds what a message means in its conversation."""

    def __init__(self, turns: TurnWords, readings: Readings) -> None:
        """Keeps its parts: the words of a conversation, and what weighs the readings of a message."""
        self._turns = turns
        self._readings = readings

    def find(self, heard: Heard, alone: Reading, conversation: Conversation) -> Optional[Meaning]:
        """What a message means because of what was said before; None when it has to do with nothing before it.

        Args:
            heard: the message by itself.
            alone: what the ranker and the topic gate make of it by itself.
            conversation: what was said before.
        """
        if heard.is_of_others:
            return None
        rule = self._sold_too(heard, conversation) or self._announced(heard)
        if rule:
            return rule
        if self._is_same_question(heard, conversation):
            return self._same_question(heard, conversation)
        if conversation.last_intent in _OWN_DATA:
            conversation = replace(conversation, onderwerp=self._turns.data_subject)
        if not self.is_weighed(heard, conversation):
            return None
        label = heard.label
        choice = self._readings.choose(heard, alone, conversation)
        if choice.label == MISSING:
            return self._missing(heard, choice.words, conversation)
        if choice.label == NOT_UNDERSTOOD:
            return Meaning(label if label == OUT_OF_SCOPE else FALLBACK, choice.words)
        if choice.label == label or choice.label in OPEN:
            return Meaning(choice.label, choice.words)
        intent = TOPIC if heard.named else ASPECT
        return Meaning(intent, choice.words, _answered(choice.label[len(FAQ_INTENT) :]))

    def is_weighed(self, heard: Heard, conversation: Conversation) -> bool:
        """Whether the readings decide: a message may leave something out, and there is something to go back to."""
        label = heard.label
        may_leave_out = label in (FALLBACK, OUT_OF_SCOPE, *FOLLOW_UPS, *OPEN) or label.startswith(FAQ_INTENT)
        is_new = conversation.onderwerp is None and conversation.last_id is None
        is_decided = heard.is_of_others or self._is_same_question(heard, conversation) or self._is_whole(heard)
        is_story = heard.may_be_serious and len(heard.words) > _FEW_WORDS  # what triage may have missed gets no guess
        return may_leave_out and not is_new and not is_decided and not is_story

    def _is_whole(self, heard: Heard) -> bool:
        """Whether a message names its subject and is so clear by itself that nothing said before can change it."""
        if not heard.named or heard.confidence < _CERTAIN or not heard.label.startswith(FAQ_INTENT):
            return False
        return not self._turns.stands_for(heard.words) and not self._turns.relates(heard.words)

    def resolve(self, intent: str, heard: Heard, conversation: Conversation) -> Resolution:
        """What a follow-up of this intent resolves to, by the names and aspects in it; see `nlu.context.resolve`."""
        sides = self._readings.sides(conversation) if intent == TOPIC else []
        aspects = self._readings.aspects(heard.words)
        return resolve(intent, conversation, heard.named, aspects, self._readings.faq_ids, sides)

    def aspects(self, words: Sequence[str]) -> Sequence[str]:
        """Aspects that words name, see `Readings.aspects`."""
        return self._readings.aspects(words)

    def _missing(self, heard: Heard, words: Words, conversation: Conversation) -> Meaning:
        """A question about a subject of ours to which there is no answer: what is there about it."""
        named = [name for name in heard.named if name != SHOP_SUBJECT]
        own = [name for name in named if name not in DUAL] or named
        topic = own[0] if own else conversation.onderwerp
        if topic is None or topic == self._turns.data_subject:
            return Meaning(FALLBACK, words)
        aspects = self._readings.aspects(heard.words)
        is_open = not aspects and conversation.aspect is None
        resolution = Resolution(
            (QUESTIONS_RESPONSE if is_open else MISSING_RESPONSE) + topic,
            onderwerp=topic,
            aspect=aspects[0] if aspects and not heard.named else None,
        )
        return Meaning(TOPIC if heard.named else ASPECT, words, resolution)

    def _sold_too(self, heard: Heard, conversation: Conversation) -> Optional[Meaning]:
        """ "En oxytocine?" after "verkopen jullie magnesium": whether that is sold."""
        named = heard.named
        if conversation.last_id != SELLS or len(named) != 1 or named[0] not in SUBSTANCES:
            return None
        if not self._turns.corrects(heard.words, heard.places):
            return None
        sold = answer_about(named[0], ["kopen"], self._readings.faq_ids) or SELLS
        return Meaning(TOPIC, tuple(heard.words), _answered(sold))

    def _is_same_question(self, heard: Heard, conversation: Conversation) -> bool:
        """Whether nothing but another subject is named: "en voor je darmen dan?"."""
        named = [name for name in heard.named if name != SHOP_SUBJECT]
        in_shop = (conversation.last_id or "").startswith(SHOP)
        asked = conversation.aspect is not None or conversation.is_pending or in_shop
        is_plain = _is_plain(heard) or (_is_bare(heard) and conversation.aspect not in (None, *GENERAL))
        return bool(named) and asked and is_plain and self._turns.only_names(heard.words, heard.places)

    def _same_question(self, heard: Heard, conversation: Conversation) -> Meaning:
        """The question before, about the subject that is named now."""
        other = self._readings.of_other(heard, conversation)
        if other:
            best = self._readings.best(other, 1)[0]
            onderwerp, aspect = onderwerp_and_aspect(best)
            suits = onderwerp in (heard.named[-1], *DUAL) and heard.named[-1] in self._readings.about(best)
            is_vague = aspect in GENERAL and conversation.aspect not in GENERAL
            if suits and not is_vague and self._readings.confidence(other, best) >= _CLEAR:
                return Meaning(TOPIC, other.words, _answered(best))
        words = other.words if other else tuple(heard.words)
        return Meaning(TOPIC, words, self.resolve(TOPIC, heard, conversation))

    def _announced(self, heard: Heard) -> Optional[Meaning]:
        """ "Ik had een vraagje over magnesium": the questions that there are about it."""
        named = heard.named
        if not _is_plain(heard) or len(named) != 1 or named[0] == SHOP_SUBJECT:
            return None
        if not self._turns.announces(heard.words, heard.places):
            return None
        questions = Resolution(QUESTIONS_RESPONSE + named[0], onderwerp=named[0])
        return Meaning(TOPIC, tuple(heard.words), questions)


def _is_plain(heard: Heard) -> bool:
    """Whether a message may be nothing but a subject that is named."""
    label = heard.label
    return label in (FALLBACK, TOPIC) or (label.startswith(FAQ_INTENT) and heard.confidence < _SURE_BY_ITSELF)


def _is_bare(heard: Heard) -> bool:
    """Whether a message is only names: "magnesium?" goes on with what was asked, "threonaat?" is a side of it."""
    return list(heard.words) == heard.named


def _answered(faq_id: str) -> Resolution:
    return Resolution(FAQ_RESPONSE + faq_id, faq_id)
