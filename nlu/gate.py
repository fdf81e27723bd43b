"""The topic gate: an answer about X is only given when X is what the message, or the conversation, is about.

A linear ranker hears the shape of a question louder than its subject: "waar wordt adrenaline gemaakt?" looks like
"waar wordt serotonine gemaakt?". The gate compares the subject of the best answer with what the message names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Dict, FrozenSet, Iterable, Mapping, Optional, Sequence

import numpy as np
from numpy.typing import NDArray

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
Row = NDArray[np.float64]
Mask = NDArray[np.bool_]
OUT_OF_SCOPE = "out_of_scope"
NOTHING_ELSE: Mapping[str, FrozenSet[str]] = {}
UNNAMED = 0.6  # what is left of an answer's probability when nothing in sight names its onderwerp
UNKNOWN, UNKNOWN_IN_SHOP = 0.3, 0.52  # ... when besides a word stands there that no example has ("hoofdluis")
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


class Gate:
    """Moves probability away from answers about another onderwerp than the message's.

    What it has to know of the answers is kept in a row per name: a message costs a few operations on whole rows.
    """

    def __init__(
        self,
        labels: Sequence[str],
        also_about: Mapping[str, FrozenSet[str]] = NOTHING_ELSE,
        mentions: Mapping[str, FrozenSet[str]] = NOTHING_ELSE,
    ) -> None:
        """Makes the rows.

        Args:
            labels: intents and `faq/<id>`.
            also_about: ids whose question is about more onderwerpen than their id names, and which.
            mentions: other substances and links of the chain that the examples of an id mention.
        """
        self._labels = list(labels)
        self._out_of_scope = self._labels.index(OUT_OF_SCOPE) if OUT_OF_SCOPE in self._labels else None
        self._nobody = self._where(lambda faq_id: False)
        self._shop = self._where(lambda faq_id: _onderwerp(faq_id) == "winkel")
        self._shop_only = self._shop & self._where(lambda faq_id: faq_id not in _ABOUT_ANYTHING)
        self._gated = ~self._shop & self._where(lambda faq_id: faq_id not in _ABOUT_OTHERS)
        self._substances = self._where(lambda faq_id: _onderwerp(faq_id) in SUBSTANCES)
        self._about = self._rows(lambda faq_id: {*_near(faq_id), *also_about.get(faq_id, ())})
        self._named = self._rows(lambda faq_id: {*onderwerp_and_aspect(faq_id), *also_about.get(faq_id, ())})
        self._mentions = self._rows(lambda faq_id: mentions.get(faq_id, ()))

    def apply(self, before: Row, subject: Subject) -> Row:
        """Applies the gate to one message.

        Args:
            before: probability per label in their order, shape [labels], summing to 1.
            subject: see `Subject`.

        Returns:
            New probabilities of that shape, summing to at most 1. What is taken from answers about the wrong
            onderwerp goes to those about the right one; with another substance as the subject it goes to
            `out_of_scope`; otherwise it is lost, so that the confidence falls.
        """
        kept = np.ones(len(before))
        named = subject.named & SUBSTANCES
        gated, aside = self._gated, 0.0
        if subject.names_shop:
            kept[self._shop] = 0.0
            aside += float(before[self._shop].sum())
        elif subject.has_unknown:
            kept[self._shop_only] = UNKNOWN_IN_SHOP
        if named and subject.other_first:
            put_aside = gated & ~self._all_mentioned(subject.other_first)
            kept[put_aside] = ASIDE
            aside += float(before[put_aside].sum()) * (1.0 - ASIDE)
            gated = gated & ~put_aside
        kept[gated] = self._share_kept(named, subject)[gated]
        freed = float((before * (1.0 - kept))[gated].sum())
        after = before * kept
        if named:
            self._share(after, named, freed)
        if self._out_of_scope is not None:
            after[self._out_of_scope] += aside + (freed if subject.names_other and not named else 0.0)
        return after

    def _share_kept(self, named: FrozenSet[str], subject: Subject) -> Row:
        """What each answer keeps of its probability."""
        if named:
            return self._any(self._about, named).astype(np.float64)
        if subject.names_other:
            return np.zeros(len(self._labels))
        kept = np.full(len(self._labels), UNKNOWN if subject.has_unknown else 1.0)
        # "Slaap" for melatonine_slaap is half of the subject, but many things are about sleep or stress.
        in_sight = {*(subject.named - {"stress", "slaap", "winkel"}), subject.conversation or ""}
        kept[self._substances & ~self._any(self._about, in_sight)] *= UNNAMED
        if subject.links:
            kept[self._substances & ~self._all_mentioned(subject.links)] *= ANOTHER_LINK
        return kept

    def _share(self, result: Row, named: FrozenSet[str], freed: float) -> None:
        """Divides freed probability over the answers about what is named, in proportion to what they have."""
        right = self._any(self._named, named)
        total = float(result[right].sum())
        if total > 0:
            result[right] *= 1.0 + freed / total

    def _any(self, rows: Mapping[str, Mask], names: Iterable[str]) -> Mask:
        """The answers that have one of the names."""
        found = self._nobody
        for name in names:
            if name in rows:
                found = found | rows[name]
        return found

    def _all_mentioned(self, names: Iterable[str]) -> Mask:
        """The answers of which the examples mention all of the names."""
        found = ~self._nobody
        for name in names:
            found = found & self._mentions.get(name, self._nobody)
        return found

    def _where(self, test: Callable[[str], bool]) -> Mask:
        """The labels of answers whose id passes a test."""
        passed = [name.startswith(FAQ_INTENT) and test(name[len(FAQ_INTENT) :]) for name in self._labels]
        return np.array(passed, dtype=bool)

    def _rows(self, names_of: Callable[[str], Iterable[str]]) -> Dict[str, Mask]:
        """A row per name: the answers that have it."""
        rows: Dict[str, Mask] = {}
        for number, label in enumerate(self._labels):
            if label.startswith(FAQ_INTENT):
                for name in names_of(label[len(FAQ_INTENT) :]):
                    rows.setdefault(name, self._nobody.copy())[number] = True
        return rows


def _onderwerp(faq_id: str) -> str:
    return onderwerp_and_aspect(faq_id)[0]


def _near(faq_id: str) -> FrozenSet[str]:
    """All that an answer is about by its id."""
    own = onderwerp_and_aspect(faq_id)
    return frozenset({*own, *(_NEIGHBOURS.get(name, name) for name in own)})
