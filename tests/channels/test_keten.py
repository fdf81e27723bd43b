from __future__ import annotations

from html.parser import HTMLParser
from typing import Dict, List, Optional, Tuple

import pytest

from chain.album import load_album
from chain.model import load_chain
from channels.keten import render


class Links(HTMLParser):
    """Collects the addresses in a page, and its alt texts."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: List[str] = []
        self.alts: List[str] = []

    def handle_starttag(self, tag: str, attrs: List[Tuple[str, Optional[str]]]) -> None:
        found = dict(attrs)
        self.addresses += [str(found[key]) for key in ("href", "src", "srcset") if key in found]
        self.alts += [str(found["alt"])] if "alt" in found else []


@pytest.fixture(scope="module")
def html() -> Dict[str, str]:
    return render(load_chain())[0]


def read(page: str) -> Links:
    links = Links()
    links.feed(page)
    return links


def test_there_is_a_page_for_the_chain_every_link_and_every_blocker(html: Dict[str, str]) -> None:
    assert len(html) == 1 + 13 + 7
    assert "<h1>IJzer</h1>" in html["schakel-ijzer"]
    assert "<h1>Stress</h1>" in html["blokkade-stress"]


def test_every_address_on_every_page_exists(html: Dict[str, str]) -> None:
    known = {"/keten", "/keten/stijl.css", *(f"/keten/{name}" for name in html)}
    known |= {f"/keten/plaat/{name}" for name in load_album().entries}
    for page in html.values():
        own = [address for address in read(page).addresses if address.startswith("/")]
        assert set(own) <= known


def test_a_visitor_clicks_from_the_first_link_to_the_last_and_back(html: Dict[str, str]) -> None:
    def follow(rel: str, name: str) -> List[str]:
        seen = [name]
        while f'rel="{rel}" href="/keten/' in html[seen[-1]]:
            seen.append(html[seen[-1]].split(f'rel="{rel}" href="/keten/')[1].split('"')[0])
        return seen

    forwards = follow("next", "schakel-eiwit")
    assert len(forwards) == 13
    assert forwards[-1] == "schakel-melatonine"
    assert follow("prev", "schakel-melatonine") == forwards[::-1]


def test_each_page_has_its_alt_text_and_says_it_is_general_information(html: Dict[str, str]) -> None:
    for page in html.values():
        assert read(page).alts[0].startswith("Plaatje van de voedingsstoffenketen.")
        assert "Dit is algemene informatie en geen medisch advies." in page
    assert "IJzer is gemarkeerd." in read(html["schakel-ijzer"]).alts[0]


def test_pages_need_no_script_and_no_inline_style(html: Dict[str, str]) -> None:
    for page in html.values():
        assert "<script" not in page
        assert "style=" not in page
        assert "<style" not in page


def test_the_style_sheet_carries_the_colours_of_both_themes() -> None:
    chain = load_chain()
    style = render(chain)[1]
    assert f"--stof: {chain.beeld.kleuren['licht'].stof};" in style
    assert f"--stof: {chain.beeld.kleuren['nacht'].stof};" in style
