"""The catalogue of questions: what each `faq/<id>` asks, answers and is about. Free of Rasa's classes.

An entry stands in `data/faq/<onderwerp>.yml` under `responses: utter_faq/<id>`; Rasa hands the same mapping to the
running assistant as `domain.responses`, so both are read by the functions here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Sequence, Tuple

FAQ_RESPONSE = "utter_faq/"
FAQ_INTENT = "faq/"
MORE_RESPONSE = "utter_meer/"

# Ids that a customer knows as an onderwerp of their own, though the id starts with another word.
_ONDERWERP_OF_ID = {"bouwstof_tryptofaan": ("tryptofaan", "wat_is"), "bouwstof_5htp": ("5-HTP", "wat_is")}

# Aspects that are the same to a customer; the order is the order of preference.
SAME_ASPECT: Tuple[Tuple[str, ...], ...] = (
    ("wat_is", "functie", "lichaam", "werking"),
    ("verhogen", "verbeteren", "aanvullen", "leefstijl"),
    ("voeding", "eten"),
    ("duur", "hoe_snel"),
    ("waar", "aangemaakt"),
    ("meten", "testen"),
    ("scherm", "blauw_licht"),
    ("supplement", "slikken", "kopen"),
    ("stress", "verminderen"),
    ("darmen", "microbioom", "hersenas"),
)

_TO_BUY = "kopen"
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True)
class FaqEntry:
    """One question with its answer.

    Attributes:
        id: `<onderwerp>_<aspect>`, the contract with tests, analytics and links.
        onderwerp: what it is about, in the customer's terms (`5-HTP` for `bouwstof_5htp`).
        aspect: which side of the onderwerp.
        vraag: the canonical question, shown on buttons.
        texts: the answer's variations in order of preference; the first whose placeholders are filled is given.
        meer: the longer second part for "vertel meer", '' when there is none.
        verwant: ids of related questions, at most three.
        bron: the source document and section of the facts.
        gecontroleerd: date of the last check, ISO 8601.
        let_op: codes of the wording rules that the answer follows.
    """

    id: str
    onderwerp: str
    aspect: str
    vraag: str
    texts: Tuple[str, ...]
    meer: str
    verwant: Tuple[str, ...]
    bron: str
    gecontroleerd: str
    let_op: FrozenSet[str]

    @property
    def is_health(self) -> bool:
        """Whether the answer is about health rather than about the shop."""
        return self.onderwerp != "winkel"


@cache
def onderwerp_and_aspect(faq_id: str) -> Tuple[str, str]:
    """Splits an id: 'serotonine_wat_is' gives ('serotonine', 'wat_is')."""
    if faq_id in _ONDERWERP_OF_ID:
        return _ONDERWERP_OF_ID[faq_id]
    onderwerp, _, aspect = faq_id.partition("_")
    return onderwerp, aspect


def catalogue_from_responses(responses: Mapping[str, Sequence[Mapping[str, Any]]]) -> Dict[str, FaqEntry]:
    """Builds the catalogue from Rasa's `responses` mapping, in its order.

    Raises:
        ValueError: an FAQ answer lacks its metadata; names the answer.
    """
    catalogue: Dict[str, FaqEntry] = {}
    for name, variations in responses.items():
        if not name.startswith(FAQ_RESPONSE):
            continue
        faq_id = name[len(FAQ_RESPONSE) :]
        metadata = variations[0].get("metadata") or {}
        missing = {"vraag", "bron", "gecontroleerd", "verwant"} - set(metadata)
        if missing:
            raise ValueError(f"{name}: metadata lacks {', '.join(sorted(missing))} (see data/faq/).")
        onderwerp, aspect = onderwerp_and_aspect(faq_id)
        catalogue[faq_id] = FaqEntry(
            id=faq_id,
            onderwerp=onderwerp,
            aspect=aspect,
            vraag=metadata["vraag"],
            texts=tuple(variation["text"] for variation in variations),
            meer=metadata.get("meer") or "",
            verwant=tuple(metadata["verwant"]),
            bron=str(metadata["bron"]),
            gecontroleerd=str(metadata["gecontroleerd"]),
            let_op=frozenset(metadata.get("let_op") or ()),
        )
    return catalogue


def find_answer(faq_ids: Sequence[str], onderwerp: str, aspect: str) -> Optional[str]:
    """The id that answers this aspect of this onderwerp, also under another name for the same aspect.

    Returns:
        An id out of `faq_ids`, or None when there is no such answer.
    """
    by_pair = _by_pair(tuple(faq_ids))
    for candidate in [aspect, *_equal_aspects(aspect)]:
        if (onderwerp, candidate) in by_pair:
            return by_pair[onderwerp, candidate]
    # 'melatonine' about 'serotonine' is the same question as 'serotonine' about 'melatonine'.
    return by_pair.get((aspect, onderwerp))


@lru_cache(maxsize=8)
def _by_pair(faq_ids: Tuple[str, ...]) -> Mapping[Tuple[str, str], str]:
    return {onderwerp_and_aspect(faq_id): faq_id for faq_id in faq_ids}


def _equal_aspects(aspect: str) -> List[str]:
    if aspect == _TO_BUY:  # "verkopen jullie dat?" does not ask whether pills help
        return []
    return [other for group in SAME_ASPECT if aspect in group for other in group if other != aspect]


def placeholders_in(text: str) -> List[str]:
    """Names of the `{placeholders}` in a text, in order."""
    return _PLACEHOLDER.findall(text)


def fill(text: str, values: Mapping[str, str]) -> Optional[str]:
    """Fills a text's placeholders; None when one of them is unknown or empty, so that nothing is made up."""
    for name in placeholders_in(text):
        if not values.get(name):
            return None
    return _PLACEHOLDER.sub(lambda match: values[match.group(1)], text)
