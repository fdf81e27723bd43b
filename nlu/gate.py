"""The topic gate: an answer about X is only given when X is what the message, or the conversation, is about.

A linear ranker hears the shape of a question louder than its subject: "waar wordt adrenaline gemaakt?" looks like
"waar wordt serotonine gemaakt?". The gate compares the subject of the best answer with what the message names.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Dict, FrozenSet, Mapping, Optional, Tuple

from content.catalogue import FAQ_INTENT, onderwerp_and_aspect

# Onderwerpen that a question about them practically has to name.
SUBSTANCES: FrozenSet[str] = frozenset(
    {"serotonine", "melatonine", "magnesium", "oxytocine", "microbioom", "tryptofaan", "5-HTP"}
)
_NEIGHBOURS = {"darmen": "microbioom", "microbioom": "darmen"}
# Answers that compare with other substances by their nature.
_ABOUT_OTHERS = frozenset({"magnesium_vergelijken", "magnesium_combineren"})
# Answers to which any product or place may be named.
_ABOUT_ANYTHING = frozenset(
    {"winkel_verkoop", "winkel_buitenland", "winkel_verzendkosten", "winkel_levertijd", "winkel_betalen"}
)
OUT_OF_SCOPE = "out_of_scope"
NOTHING_ELSE: Mapping[str, FrozenSet[str]] = {}
UNNAMED = 0.6  # what is left of an answer's probability when nothing in sight names its onderwerp
UNKNOWN, UNKNOWN_IN_SHOP = 0.3, 0.52  # ... when besides a word stands there that no example has ("hoofdluis")
_NONE: FrozenSet[str] = frozenset()
ANOTHER_LINK = 0.2  # ... when besides a link of the chain is named that no example of the answer mentions
ASIDE = 0.1  # ... when the question is about another substance and the onderwerp is only mentioned


@dataclass(frozen=True)
class Subject:
    """What a message is about.

    Attributes:
        named: the onderwerpen it names.
        conversation: the onderwerp of the conversation.
        names_other: whether it names another substance or part of the body.
        names_shop: whether it names another shop.
        other_first: other substances that are the subject of the question: "is spirulina goed voor je darmflora".
        has_unknown: whether a short message holds a word that is in none of the examples.
        links: links of the chain that are no onderwerp: "welke vorm van ijzer".
    """

    named: FrozenSet[str]
    conversation: Optional[str]
    names_other: bool
    names_shop: bool = False
    other_first: FrozenSet[str] = frozenset()
    has_unknown: bool = False
    links: FrozenSet[str] = frozenset()


def apply_gate(
    probabilities: Mapping[str, float],
    subject: Subject,
    also_about: Mapping[str, FrozenSet[str]] = NOTHING_ELSE,
    mentions: Mapping[str, FrozenSet[str]] = NOTHING_ELSE,
) -> Dict[str, float]:
    """Moves probability away from answers about another onderwerp than the message's.

    Args:
        probabilities: label to probability, summing to 1.
        subject: see `Subject`.
        also_about: ids whose question is about more onderwerpen than their id names, and which.
        mentions: other substances and links of the chain that the examples of an id mention.

    Returns:
        New probabilities, summing to at most 1. What is taken from answers about the wrong onderwerp goes to those
        about the right one; with another substance as the subject it goes to `out_of_scope`; otherwise it is lost, so
        that the confidence falls.
    """
    result = dict(probabilities)
    named = subject.named & SUBSTANCES
    freed, aside = 0.0, 0.0
    for label, probability in probabilities.items():
        if not label.startswith(FAQ_INTENT):
            continue
        faq_id, onderwerp, about = _about(label)
        if onderwerp == "winkel":
            if subject.names_shop:
                aside += probability
                result[label] = 0.0
            elif subject.has_unknown and faq_id not in _ABOUT_ANYTHING:
                result[label] = probability * UNKNOWN_IN_SHOP
            continue
        if faq_id in _ABOUT_OTHERS:
            continue
        also = also_about.get(faq_id, _NONE)
        if named and subject.other_first - mentions.get(faq_id, _NONE):
            aside += probability * (1.0 - ASIDE)
            result[label] = probability * ASIDE
            continue
        keep = _share_kept(onderwerp, about | also if also else about, named, subject)
        if not named and subject.links and onderwerp in SUBSTANCES and subject.links - mentions.get(faq_id, _NONE):
            keep *= ANOTHER_LINK
        if keep < 1.0:
            result[label] = probability * keep
            freed += probability * (1.0 - keep)
    if named:
        _share(result, named, freed, also_about)
    elif freed and subject.names_other:
        result[OUT_OF_SCOPE] = result.get(OUT_OF_SCOPE, 0.0) + freed
    if aside:
        result[OUT_OF_SCOPE] = result.get(OUT_OF_SCOPE, 0.0) + aside
    return result


@cache
def _about(label: str) -> Tuple[str, str, FrozenSet[str]]:
    """Id, onderwerp and all that an answer is about by its id."""
    faq_id = label[len(FAQ_INTENT) :]
    onderwerp, aspect = onderwerp_and_aspect(faq_id)
    near = {_NEIGHBOURS.get(onderwerp, onderwerp), _NEIGHBOURS.get(aspect, aspect)}
    return faq_id, onderwerp, frozenset({onderwerp, aspect} | near)


@cache
def _id_and_parts(label: str) -> Tuple[str, Tuple[str, str]]:
    faq_id = label[len(FAQ_INTENT) :]
    return faq_id, onderwerp_and_aspect(faq_id)


def _share_kept(onderwerp: str, about: FrozenSet[str], named: FrozenSet[str], subject: Subject) -> float:
    """What an answer about `about` keeps of its probability."""
    if named:
        return 1.0 if about & named else 0.0
    if subject.names_other:
        return 0.0
    keep = UNKNOWN if subject.has_unknown else 1.0
    if onderwerp in SUBSTANCES and subject.conversation not in about and not _lay_words(about, subject):
        keep *= UNNAMED
    return keep


def _lay_words(about: FrozenSet[str], subject: Subject) -> bool:
    """Whether the message names the answer's other side: 'slaap' for melatonine_slaap is half of the subject."""
    return bool((about & subject.named) - {"stress", "slaap", "winkel"})


def _share(
    result: Dict[str, float], named: FrozenSet[str], freed: float, also_about: Mapping[str, FrozenSet[str]]
) -> None:
    """Divides freed probability over the answers about what is named, in proportion to what they have."""
    right = []
    for label in result:
        if label.startswith(FAQ_INTENT):
            faq_id, own = _id_and_parts(label)
            if not named.isdisjoint(own) or named & also_about.get(faq_id, _NONE):
                right.append(label)
    total = sum(result[label] for label in right)
    if total > 0:
        for label in right:
            result[label] += freed * result[label] / total
