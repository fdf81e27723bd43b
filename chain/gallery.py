"""Which pictures of the chain exist, by name, what is marked in each, and its alt text. Draws nothing itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Dict, FrozenSet, List, Sequence

from chain import route
from chain.model import HELPS, NEEDED, Chain, load_chain
from chain.wording import link_values, listing

WHOLE = "keten"


@dataclass(frozen=True)
class Picture:
    """One picture of the whole chain with something marked.

    Attributes:
        name: its name in addresses; lower-case letters, digits and hyphens.
        marked: links drawn with emphasis.
        blocked: links drawn as blocked.
        faded: links that come after a blocked one.
        label: a word at the marked or blocked links, '' for none.
        alt: the alt text.
        caption: a heading in the picture, '' for none.
    """

    name: str
    marked: FrozenSet[str]
    blocked: FrozenSet[str]
    faded: FrozenSet[str]
    label: str
    alt: str
    caption: str = ""


def of_link(chain: Chain, link: str) -> str:
    """Name of the picture with one link highlighted."""
    return f"schakel-{chain.schakels[link].slug}"


def too_little_of(chain: Chain, link: str) -> str:
    """Name of the picture with one link blocked and what follows faded."""
    return f"tekort-{chain.schakels[link].slug}"


def of_blocker(chain: Chain, blocker: str) -> str:
    """Name of the picture with the link that a blocker hits."""
    return f"blokkade-{chain.blokkades[blocker].slug}"


def of_check(chain: Chain, attention: Sequence[str]) -> str:
    """Name of the picture with the links of those questions of the self-check that ask for attention."""
    ids = [question_id for question_id in chain.check.vragen if question_id in attention]
    return "-".join(["check", *ids]) if ids else WHOLE


def pictures(chain: Chain) -> Dict[str, Picture]:
    """All pictures by name."""
    found = [_whole(chain)]
    for link in chain.schakels:
        found += [_with_link(chain, link), _with_too_little(chain, link)]
    found += [_with_blocker(chain, blocker) for blocker in chain.blokkades]
    ids = list(chain.check.vragen)
    for size in range(1, len(ids) + 1):
        found += [_with_check(chain, chosen) for chosen in combinations(ids, size)]
    return {picture.name: picture for picture in found}


@cache
def load_pictures() -> Dict[str, Picture]:
    """The pictures of the product's own chain, listed once per process."""
    return pictures(load_chain())


def _alt(chain: Chain, emphasis: str) -> str:
    steps: List[str] = []
    for _, conversion in route.main_conversions(chain):
        helpers = listing(chain, list(conversion.met))
        steps.append(chain.beeld.alt_stap.format(van=conversion.van, doel=conversion.naar, helpers=helpers))
    return chain.beeld.alt.format(stappen=" ".join(steps), nadruk=emphasis)


def _whole(chain: Chain) -> Picture:
    nothing: FrozenSet[str] = frozenset()
    return Picture(WHOLE, nothing, nothing, nothing, "", _alt(chain, ""))


def _with_link(chain: Chain, link: str) -> Picture:
    alt = _alt(chain, chain.beeld.alt_schakel.format(**link_values(chain, link)))
    return Picture(of_link(chain, link), frozenset([link]), frozenset(), frozenset(), "", alt)


def _held_up(chain: Chain, link: str) -> List[str]:
    """Links after this one when the chain can't do without it; of an indirect helper that is not known."""
    conversion = route.conversion_of(chain, link)
    kind = chain.omzettingen[conversion].met.get(link, NEEDED) if conversion else NEEDED
    return route.downstream(chain, link) if kind in (NEEDED, HELPS) else []


def _with_too_little(chain: Chain, link: str) -> Picture:
    after = _held_up(chain, link)
    template = chain.beeld.alt_tekort if after else chain.beeld.alt_tekort_laatste
    alt = _alt(chain, template.format(**link_values(chain, link), lijst=listing(chain, after)))
    name = too_little_of(chain, link)
    return Picture(name, frozenset(), frozenset([link]), frozenset(after), chain.beeld.te_weinig, alt)


def _with_blocker(chain: Chain, blocker: str) -> Picture:
    hit = chain.blokkades[blocker].raakt
    name, title = of_blocker(chain, blocker), chain.blokkades[blocker].titel
    if not hit:
        alt = _alt(chain, chain.beeld.alt_blokkade_los.format(blokkade=blocker))
        return Picture(name, frozenset(), frozenset(), frozenset(), "", alt, title)
    after = _held_up(chain, hit)
    template = chain.beeld.alt_blokkade if after else chain.beeld.alt_blokkade_zonder
    alt = _alt(chain, template.format(blokkade=blocker, schakel=hit, lijst=listing(chain, after)))
    return Picture(name, frozenset(), frozenset([hit]), frozenset(after), chain.beeld.hapert, alt, title)


def _with_check(chain: Chain, ids: Sequence[str]) -> Picture:
    links = {link for question_id in ids for link in chain.check.vragen[question_id].schakels}
    ordered = [link for link in route.order(chain) if link in links]
    alt = _alt(chain, chain.beeld.alt_check.format(lijst=listing(chain, ordered)))
    return Picture(of_check(chain, ids), frozenset(links), frozenset(), frozenset(), chain.beeld.let_op, alt)
