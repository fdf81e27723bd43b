"""Finds messages that the assistant could learn from, and says for each what it might have meant and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple

from content.catalogue import FAQ_INTENT
from nlu.lexicon import Lexicon
from nlu.normalise import key
from review.conversations import Message
from review.masking import mask

FALLBACK = "nlu_fallback"
SAFETY_PREFIX = "safety_"
# After one of these nothing of the session is looked at any more: it is no material for examples.
_SERIOUS = frozenset({"safety_suicide", "safety_emergency", "safety_violence", "safety_reaction"})
_UP, _DOWN = "feedback_positive", "feedback_negative"
_RATINGS = {"up": _UP, "down": _DOWN}
_THUMBS = {"\U0001f44d": _UP, "\U0001f44e": _DOWN}
_SURE = 0.8  # a message asked again must be understood this well to explain the one before
_GUESS = 0.1  # below this a best guess is no help
_LONGEST = 300  # characters; what is longer is a story and no example
_KNOWN = 0.9  # an answer this sure needs no further example

# Strongest first: the reason that is shown when a message comes for several.
CHOSEN = "not understood; the customer chose this question"
CORRECTED = "answered with something else; the customer chose this question"
THUMB_UP = "answered with doubt; the customer was content"
ASKED_AGAIN = "not understood; asked again in other words"
THUMB_DOWN = "answered with this, and the customer said it was not right"
GUESSED = "not understood; this is the best guess"
OTHER = "not understood; none of the questions offered was right"
_ORDER = (CHOSEN, CORRECTED, THUMB_UP, ASKED_AGAIN, THUMB_DOWN, OTHER, GUESSED)


@dataclass(frozen=True)
class Proposal:
    """A possible example.

    Attributes:
        text: the message, personal data masked.
        id: an id of the catalogue or the name of an intent, '' when there is no idea.
        why: where it comes from, for the owner.
        count: how many times it was seen.
        answer: what an owner answered, '' when it comes from a conversation.
        desk_id: number of the owner's proposal, 0 without one.
    """

    text: str
    id: str
    why: str
    count: int = 1
    answer: str = ""
    desk_id: int = 0


def find(sessions: Iterable[Sequence[Message]], questions: Mapping[str, str], lexicon: Lexicon) -> List[Proposal]:
    """All proposals, the most frequent first.

    Args:
        sessions: what was said.
        questions: {canonical question: id}; a button that asks one carries its text.
        lexicon: for what counts as the same message.
    """
    merged: Dict[str, Proposal] = {}
    for session in sessions:
        for proposal in _of_session(session, questions):
            form = key(proposal.text, lexicon.abbreviations)
            if not form:
                continue
            before = merged.get(form)
            merged[form] = proposal if before is None else _merge(before, proposal)
    return sorted(merged.values(), key=lambda item: (-item.count, _ORDER.index(item.why), item.text))


def _merge(one: Proposal, two: Proposal) -> Proposal:
    better = min(one, two, key=lambda item: _ORDER.index(item.why))
    return Proposal(better.text, better.id, better.why, one.count + two.count)


def _of_session(session: Sequence[Message], questions: Mapping[str, str]) -> Iterator[Proposal]:
    if any(message.intent in _SERIOUS for message in session):
        return
    offered: Tuple[str, ...] = ()
    for i, message in enumerate(session):
        following = session[i + 1] if i + 1 < len(session) else None
        afterwards = session[i + 2] if i + 2 < len(session) else None
        is_click = message.text in offered
        offered = message.offered
        if is_click or not _usable(message):
            continue
        found = _learnable(message, following, afterwards, questions)
        if found:
            yield Proposal(mask(message.text), *found)


def _usable(message: Message) -> bool:
    return (
        not message.in_form
        and not message.intent.startswith(SAFETY_PREFIX)
        and 0 < len(message.text) <= _LONGEST
        and not message.text.startswith("/")
        and feedback(message) is None
    )


def feedback(message: Message) -> Optional[str]:
    """`feedback_positive` or `feedback_negative` for a thumb or words to that effect, None for anything else."""
    return _THUMBS.get(message.text.strip()[:1]) or (message.intent if message.intent in (_UP, _DOWN) else None)


def _learnable(
    message: Message, following: Optional[Message], afterwards: Optional[Message], questions: Mapping[str, str]
) -> Optional[Tuple[str, str]]:
    """(id, why) when there is something to learn."""
    if message.intent == FALLBACK:
        return _after_fallback(message, following, questions)
    if message.intent == "faq" and message.faq_id:
        given = (feedback(following) if following else None) or _RATINGS.get(message.rating or "")
        if given == _DOWN and following and afterwards and afterwards.text in following.offered:
            chosen = questions.get(afterwards.text)
            if chosen and chosen != message.faq_id:
                return chosen, CORRECTED
        if given == _UP and message.confidence < _KNOWN:
            return message.faq_id, THUMB_UP
        if given == _DOWN:
            return message.faq_id, THUMB_DOWN
    return None


def _after_fallback(message: Message, following: Optional[Message], questions: Mapping[str, str]) -> Tuple[str, str]:
    guess = _best_guess(message)
    if following is None:
        return guess, GUESSED
    if following.text in message.offered:
        chosen = questions.get(following.text)
        return (chosen, CHOSEN) if chosen else ("", OTHER)
    if following.intent == "faq" and following.faq_id and following.confidence >= _SURE and not following.in_form:
        return following.faq_id, ASKED_AGAIN
    return guess, GUESSED


def _best_guess(message: Message) -> str:
    for label, confidence in message.ranking:
        if label == FALLBACK or label.startswith(SAFETY_PREFIX):
            continue
        if confidence < _GUESS:
            break
        return label[len(FAQ_INTENT) :] if label.startswith(FAQ_INTENT) else label
    return ""
