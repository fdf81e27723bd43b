"""Follow-ups: what "en magnesium?", "hoe lang duurt dat?" and "vertel meer" mean after what was said before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Optional, Sequence

from content.catalogue import FAQ_RESPONSE, MORE_RESPONSE, find_answer, onderwerp_and_aspect

MISSING_RESPONSE = "ontbreekt/"
QUESTIONS_RESPONSE = "vragen_over/"
# Names that stand for an onderwerp and for an aspect of another one.
_DUAL = frozenset({"slaap", "stress", "serotonine", "darmen", "microbioom"})
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


@dataclass(frozen=True)
class Resolution:
    """The response to give, and the answer's id when there is one."""

    utter_action: str
    faq_id: Optional[str] = None


def resolve(
    intent: str,
    conversation: Conversation,
    named: Sequence[str],
    aspects: Sequence[str],
    faq_ids: Sequence[str],
    best_about: Callable[[str], Optional[str]],
) -> Resolution:
    """Finds the answer that a follow-up asks for.

    Args:
        intent: one of `FOLLOW_UPS`.
        conversation: what was said before.
        named: onderwerpen that the message names, in order.
        aspects: aspects that the message names, in order.
        faq_ids: all ids.
        best_about: gives the id about an onderwerp that suits the whole message best, None when none does.

    Returns:
        An answer, its longer second part, the questions that do exist, or a question back.
    """
    if intent == "follow_up_more":
        if conversation.last_id is None:
            return Resolution("follow_up_more")
        return Resolution(MORE_RESPONSE + conversation.last_id, conversation.last_id)
    if intent == "follow_up_topic":
        return _other_topic(conversation, named, faq_ids)
    return _other_aspect(conversation, named, aspects, faq_ids, best_about)


def _answer(faq_id: str) -> Resolution:
    return Resolution(FAQ_RESPONSE + faq_id, faq_id)


def _other_topic(conversation: Conversation, named: Sequence[str], faq_ids: Sequence[str]) -> Resolution:
    if not named:
        return Resolution("follow_up_topic")
    topic = named[0]
    same_topic = find_answer(faq_ids, conversation.onderwerp, topic) if conversation.onderwerp else None
    same_aspect = find_answer(faq_ids, topic, conversation.aspect) if conversation.aspect else None
    # After "magnesium bij stress?" the question "en slaap?" keeps magnesium; after "wat is magnesium?" it does not.
    if topic in _DUAL and conversation.aspect in _DUAL and same_topic:
        return _answer(same_topic)
    found = same_aspect or (same_topic if topic in _DUAL else None)
    if found:
        return _answer(found)
    prefix = MISSING_RESPONSE if conversation.aspect else QUESTIONS_RESPONSE
    return Resolution(prefix + topic)


def _other_aspect(
    conversation: Conversation,
    named: Sequence[str],
    aspects: Sequence[str],
    faq_ids: Sequence[str],
    best_about: Callable[[str], Optional[str]],
) -> Resolution:
    topic = conversation.onderwerp
    if topic is None:
        others = [name for name in named if name not in _DUAL]
        if not others:
            return Resolution("follow_up_aspect")
        topic = others[0]
    for aspect in aspects:
        found = find_answer(faq_ids, topic, aspect)
        if found and onderwerp_and_aspect(found)[0] == topic:
            return _answer(found)
    best = None if aspects else best_about(topic)
    return _answer(best) if best else Resolution(MISSING_RESPONSE + topic)
