"""Follow-ups: what "en magnesium?", "hoe lang duurt dat?" and "vertel meer" mean after what was said before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping, Optional, Sequence, Tuple

from content.catalogue import FAQ_RESPONSE, MORE_RESPONSE, find_answer, onderwerp_and_aspect

MISSING_RESPONSE = "ontbreekt/"
QUESTIONS_RESPONSE = "vragen_over/"
# Names that stand for an onderwerp and for an aspect of another one.
DUAL = frozenset({"slaap", "stress", "serotonine", "darmen", "microbioom"})
STATES = frozenset({"slaap", "stress"})  # of a person; the others are substances and places, which have aspects too
_GENERAL = "wat_is"  # an aspect that only counts when no other is named
SHOP = "winkel_"
FOLLOW_UPS = frozenset({"follow_up_more", "follow_up_topic", "follow_up_aspect"})


@dataclass(frozen=True)
class Conversation:
    """What the conversation was about before this message; None where there was nothing."""

    onderwerp: Optional[str] = None
    aspect: Optional[str] = None
    last_id: Optional[str] = None
    last_intent: Optional[str] = None
    bij_ja: Optional[str] = None
    bij_nee: Optional[str] = None
    keten: Mapping[str, Any] = field(default_factory=dict)  # of the last reply, when that was about the chain
    advies: str = ""  # what the desk asked last: a step of the advice form, see nlu/advice.py
    choices: Tuple[str, ...] = ()  # ids of the questions that the last reply offered, in order
    asked: str = ""  # the last question with what it left out written in, see nlu/rewriting.py
    is_pending: bool = False  # whether that question is still without an answer
    earlier: Tuple[str, ...] = ()  # onderwerpen of earlier answers in the session, in order, the present one left out


@dataclass(frozen=True)
class Resolution:
    """The response to give, the answer's id when there is one, and what was asked about when there is none."""

    utter_action: str
    faq_id: Optional[str] = None
    onderwerp: Optional[str] = None
    aspect: Optional[str] = None


@dataclass(frozen=True)
class ShopFollowUps:
    """Questions without a subject that the shop answers.

    Attributes:
        follow_ups: {aspect: {id answered last: id, "anders": id}}, after an answer about the shop.
        sides: {aspect: id}, after an answer about health.
    """

    follow_ups: Mapping[str, Mapping[str, str]]
    sides: Mapping[str, str]

    def after(self, last_id: Optional[str], aspects: Sequence[str]) -> Optional[str]:
        """The id when the last answer was about the shop."""
        if not (last_id or "").startswith(SHOP):
            return None
        tables = [self.follow_ups[aspect] for aspect in aspects if aspect in self.follow_ups]
        return tables[0].get(str(last_id), tables[0].get("anders")) if tables else None

    def side(self, aspects: Sequence[str]) -> Optional[str]:
        """The id when a substance's side is the shop's."""
        return next((self.sides[aspect] for aspect in aspects if aspect in self.sides), None)


def resolve(
    intent: str,
    conversation: Conversation,
    named: Sequence[str],
    aspects: Sequence[str],
    faq_ids: Sequence[str],
    sides: Sequence[str] = (),
) -> Resolution:
    """Finds the answer that a follow-up asks for by its names and aspects alone.

    Args:
        intent: one of `FOLLOW_UPS`.
        conversation: what was said before.
        named: onderwerpen that the message names, in order.
        aspects: aspects that the message names, in order.
        faq_ids: all ids.
        sides: onderwerpen and aspects that the question before it named, in order.

    Returns:
        An answer, its longer second part, the questions that do exist, or a question back.
    """
    if intent == "follow_up_more":
        if conversation.last_id is None:
            return Resolution("follow_up_more")
        return Resolution(MORE_RESPONSE + conversation.last_id, conversation.last_id)
    if intent == "follow_up_topic" and (named or not aspects):
        return _other_topic(conversation, named, faq_ids, sides)
    return _other_aspect(conversation, named, aspects, faq_ids)


def _answer(faq_id: str) -> Resolution:
    return Resolution(FAQ_RESPONSE + faq_id, faq_id)


def _other_topic(
    conversation: Conversation, named: Sequence[str], faq_ids: Sequence[str], sides: Sequence[str]
) -> Resolution:
    if not named:
        return Resolution("follow_up_topic")
    topic = named[0]
    same_topic = find_answer(faq_ids, conversation.onderwerp, topic) if conversation.onderwerp else None
    same_aspect = find_answer(faq_ids, topic, conversation.aspect) if conversation.aspect else None
    # After "magnesium bij stress?" the question "en slaap?" keeps magnesium; after "wat is magnesium?" it does not.
    if topic in DUAL and conversation.aspect in DUAL and same_topic and not (same_aspect and topic not in STATES):
        return _answer(same_topic)
    # "doen probiotica iets voor je nachtrust?", answered as one about probiotics, still asked about sleep.
    other_sides = [side for side in sides if side not in (topic, conversation.onderwerp, _GENERAL)]
    found = same_aspect or (same_topic if topic in DUAL else None) or answer_about(topic, other_sides, faq_ids)
    if found:
        return _answer(found)
    prefix = MISSING_RESPONSE if conversation.aspect else QUESTIONS_RESPONSE
    return Resolution(prefix + topic, onderwerp=topic)


def _other_aspect(
    conversation: Conversation, named: Sequence[str], aspects: Sequence[str], faq_ids: Sequence[str]
) -> Resolution:
    topic = conversation.onderwerp or next((name for name in named if name not in DUAL), None)
    if topic is None:
        return Resolution("follow_up_aspect")
    found = answer_about(topic, aspects, faq_ids)
    if found:
        return _answer(found)
    return Resolution(MISSING_RESPONSE + topic, onderwerp=topic, aspect=aspects[0] if aspects else None)


def answer_about(topic: str, aspects: Sequence[str], faq_ids: Sequence[str]) -> Optional[str]:
    """The id about `topic` that answers the first of these aspects which has an answer."""
    for aspect in aspects:
        found = find_answer(faq_ids, topic, aspect)
        if found and topic in onderwerp_and_aspect(found):
            return found
    return None
