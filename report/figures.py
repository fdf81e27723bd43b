"""Counts what happened in conversations, without keeping who said it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Counter as CounterOf
from typing import Iterable, List, Sequence, Tuple
from zoneinfo import ZoneInfo

from content.catalogue import onderwerp_and_aspect
from monitoring.metrics import CLARIFIED, HANDED_OVER, NOT_OURS, SAFETY, outcome_of
from review.conversations import Message
from review.masking import mask

ZONE = ZoneInfo("Europe/Amsterdam")
LONGEST = 200  # characters of a message that is shown
# After one of these nothing of the session is shown to anybody.
_SERIOUS = frozenset({"safety_suicide", "safety_emergency", "safety_violence", "safety_reaction"})


@dataclass
class Usage:
    """What was counted.

    Attributes:
        sessions: conversations with at least one message.
        messages: of customers.
        outcomes: messages by `monitoring.metrics.outcome_of`.
        onderwerpen: answers by onderwerp.
        questions: answers by faq id.
        ratings: thumbs by (faq id, "up" or "down"); the id is '' for a reply that was no answer.
        unanswered: messages that got no answer, masked, at most `LONGEST` characters each.
        hours: messages by (day of the week from 0 for Monday, hour), Dutch time.
        days: messages by date.
    """

    sessions: int = 0
    messages: int = 0
    outcomes: CounterOf[str] = field(default_factory=Counter)
    onderwerpen: CounterOf[str] = field(default_factory=Counter)
    questions: CounterOf[str] = field(default_factory=Counter)
    ratings: CounterOf[Tuple[str, str]] = field(default_factory=Counter)
    unanswered: List[str] = field(default_factory=list)
    hours: CounterOf[Tuple[int, int]] = field(default_factory=Counter)
    days: CounterOf[date] = field(default_factory=Counter)


def count(sessions: Iterable[Sequence[Message]], since: float = 0.0) -> Usage:
    """Counts the messages that are not older than `since` (seconds since 1970)."""
    usage = Usage()
    for session in sessions:
        recent = [message for message in session if message.at >= since]
        if not recent:
            continue
        usage.sessions += 1
        is_private = any(message.intent in _SERIOUS for message in session)
        for message in recent:
            _count_one(usage, message, is_private)
    return usage


def _count_one(usage: Usage, message: Message, is_private: bool) -> None:
    usage.messages += 1
    outcome = outcome_of(message.intent)
    usage.outcomes[outcome] += 1
    if message.at:
        moment = datetime.fromtimestamp(message.at, ZONE)
        usage.hours[moment.weekday(), moment.hour] += 1
        usage.days[moment.date()] += 1
    if message.rating:
        usage.ratings[message.faq_id or "", message.rating] += 1
    if message.faq_id:
        usage.questions[message.faq_id] += 1
        usage.onderwerpen[onderwerp_and_aspect(message.faq_id)[0]] += 1
    # What somebody answers to a form is personal and no question.
    if outcome in (CLARIFIED, NOT_OURS) and not message.in_form and not is_private:
        text = mask(message.text)[:LONGEST]
        if text:
            usage.unanswered.append(text)


def share(usage: Usage, outcome: str) -> float:
    """Share of the messages with this outcome, 0 when there are none."""
    return usage.outcomes[outcome] / usage.messages if usage.messages else 0.0


OUTCOMES = (CLARIFIED, NOT_OURS, HANDED_OVER, SAFETY)
