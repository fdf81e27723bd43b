"""The topic gate: an answer about X is only given when X is what the message, or the conversation, is about.

A linear ranker hears the shape of a question louder than its subject: "waar wordt adrenaline gemaakt?" looks like
"waar wordt serotonine gemaakt?". The gate compares the subject of the best answer with what the message names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, FrozenSet, Mapping, Optional, Set

from content.catalogue import FAQ_INTENT, onderwerp_and_aspect

# Onderwerpen that a question about them practically has to name.
SUBSTANCES: FrozenSet[str] = frozenset(
    {"serotonine", "melatonine", "magnesium", "oxytocine", "microbioom", "tryptofaan", "5-HTP"}
)
_NEIGHBOURS = {"darmen": "microbioom", "microbioom": "darmen"}
# Answers that compare with other substances by their nature.
_ABOUT_OTHERS = frozenset({"magnesium_vergelijken", "magnesium_combineren"})
OUT_OF_SCOPE = "out_of_scope"
NOTHING_ELSE: Mapping[str, FrozenSet[str]] = {}
UNNAMED = 0.6  # what is left of an answer's probability when nothing in sight names its onderwerp


@dataclass(frozen=True)
class Subject:
    """What a message is about: the onderwerpen it names, the one of the conversation, other substances and shops."""

    named: FrozenSet[str]
    conversation: Optional[str]
    names_other: bool
    names_shop: bool = False


def apply_gate(
    probabilities: Mapping[str, float], subject: Subject, also_about: Mapping[str, FrozenSet[str]] = NOTHING_ELSE
) -> Dict[str, float]:
    """Moves probability away from answers about another onderwerp than the message's.

    Args:
        probabilities: label to probability, summing to 1.
        subject: see `Subject`.
        also_about: ids whose question is about more onderwerpen than their id names, and which.

    Returns:
        New probabilities, summing to at most 1. What is taken from answers about the wrong onderwerp goes to those
        about the right one; with another substance as the subject it goes to `out_of_scope`; otherwise it is lost, so
        that the confidence falls.
    """
    result = dict(probabilities)
    named = subject.named & SUBSTANCES
    freed = 0.0
    for label, probability in probabilities.items():
        if not label.startswith(FAQ_INTENT):
            continue
        faq_id = label[len(FAQ_INTENT) :]
        onderwerp, aspect = onderwerp_and_aspect(faq_id)
        if onderwerp == "winkel" and subject.names_shop:
            freed += probability
            result[label] = 0.0
        if onderwerp == "winkel" or faq_id in _ABOUT_OTHERS:
            continue
        about = {onderwerp, aspect, _NEIGHBOURS.get(onderwerp, onderwerp), _NEIGHBOURS.get(aspect, aspect)}
        about |= also_about.get(faq_id, frozenset())
        if named:
            keep = 1.0 if about & named else 0.0
        elif subject.names_other:
            keep = 0.0
        elif onderwerp in SUBSTANCES and subject.conversation not in about and not _lay_words(about, subject):
            keep = UNNAMED
        else:
            keep = 1.0
        if keep < 1.0:
            result[label] = probability * keep
            freed += probability * (1.0 - keep)
    if named:
        _share(result, named, freed, also_about)
    elif freed and (subject.names_other or subject.names_shop):
        result[OUT_OF_SCOPE] = result.get(OUT_OF_SCOPE, 0.0) + freed
    return result


def _lay_words(about: Set[str], subject: Subject) -> bool:
    """Whether the message names the answer's other side: 'slaap' for melatonine_slaap is half of the subject."""
    return bool((about & subject.named) - {"stress", "slaap", "winkel"})


def _share(
    result: Dict[str, float], named: FrozenSet[str], freed: float, also_about: Mapping[str, FrozenSet[str]]
) -> None:
    """Divides freed probability over the answers about what is named, in proportion to what they have."""
    right = [
        label
        for label in result
        if label.startswith(FAQ_INTENT)
        and {*onderwerp_and_aspect(label[len(FAQ_INTENT) :]), *also_about.get(label[len(FAQ_INTENT) :], ())} & named
    ]
    total = sum(result[label] for label in right)
    if total > 0:
        for label in right:
            result[label] += freed * result[label] / total
