"""What stands on each page of the chain (`/keten`, `/keten/schakel-ijzer`, ...), as plain values for a template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple

from chain import gallery, route
from chain.model import Chain, Source, Statement


@dataclass(frozen=True)
class Section:
    """A text with its heading, '' for none."""

    title: str
    text: str


@dataclass(frozen=True)
class Item:
    """One entry of the navigation: path after the page's root ('' or '/<name>'), title, whether it is this page."""

    path: str
    title: str
    here: bool


@dataclass(frozen=True)
class Page:
    """One page. `previous` and `next` are names of pages, None at the ends; `sources` stand under `certainty`."""

    name: str
    heading: str
    progress: str
    alt: str
    sections: Tuple[Section, ...]
    certainty: str
    sources: Tuple[Source, ...]
    previous: Optional[str]
    next: Optional[str]
    links: Tuple[Item, ...]
    blockers: Tuple[Item, ...]


def pages(chain: Chain) -> Dict[str, Page]:
    """All pages by name: `keten` for the whole chain, then the names of the pictures of links and blockers."""
    alts = {name: found.alt for name, found in gallery.pictures(chain).items()}
    names = route.order(chain)
    found = [_whole(chain, alts[gallery.WHOLE], names)]
    found += [_of_link(chain, alts, names, link) for link in names]
    found += [_of_blocker(chain, alts, blocker) for blocker in chain.blokkades]
    return {page.name: page for page in found}


def _whole(chain: Chain, alt: str, names: List[str]) -> Page:
    first = gallery.of_link(chain, names[0])
    links, blockers = _navigation(chain, gallery.WHOLE)
    return Page(gallery.WHOLE, chain.pagina["titel"], "", alt, (), "", (), None, first, links, blockers)


def _of_link(chain: Chain, alts: Dict[str, str], names: List[str], link: str) -> Page:
    entry, place, words = chain.schakels[link], names.index(link), chain.pagina
    name = gallery.of_link(chain, link)
    sections = (
        Section("", entry.wat.tekst),
        Section(words["voeding"], entry.voeding.tekst),
        Section(words["te_weinig"], entry.te_weinig.tekst),
    )
    before = gallery.of_link(chain, names[place - 1]) if place else None
    after = gallery.of_link(chain, names[place + 1]) if place + 1 < len(names) else None
    progress = f"{words['plek']}: {place + 1} / {len(names)}"
    certainty, sources = _ground(chain, (entry.wat, entry.voeding, entry.te_weinig))
    return Page(
        name, entry.titel, progress, alts[name], sections, certainty, sources, before, after, *_navigation(chain, name)
    )


def _of_blocker(chain: Chain, alts: Dict[str, str], blocker: str) -> Page:
    entry, name = chain.blokkades[blocker], gallery.of_blocker(chain, blocker)
    certainty, sources = _ground(chain, (entry.uitleg,))
    sections = (Section("", entry.uitleg.tekst),)
    hit = gallery.of_link(chain, entry.raakt) if entry.raakt else None
    return Page(name, entry.titel, "", alts[name], sections, certainty, sources, None, hit, *_navigation(chain, name))


def _ground(chain: Chain, statements: Tuple[Statement, ...]) -> Tuple[str, Tuple[Source, ...]]:
    """How sure the first and main statement is, and the sources of all."""
    ids = dict.fromkeys(source for statement in statements for source in statement.bron)
    how = chain.zekerheid[statements[0].zekerheid]
    return how[0].upper() + how[1:] + ".", tuple(chain.bronnen[source] for source in ids)


def _navigation(chain: Chain, here: str) -> Tuple[Tuple[Item, ...], Tuple[Item, ...]]:
    links = [Item("", chain.pagina["alle"], here == gallery.WHOLE)]
    for link in route.order(chain):
        name = gallery.of_link(chain, link)
        links.append(Item(f"/{name}", chain.schakels[link].titel, here == name))
    blockers = []
    for blocker, entry in chain.blokkades.items():
        name = gallery.of_blocker(chain, blocker)
        blockers.append(Item(f"/{name}", entry.titel, here == name))
    return tuple(links), tuple(blockers)
