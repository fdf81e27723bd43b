from __future__ import annotations

import io
import re
import threading
from pathlib import Path
from typing import List
from xml.etree import ElementTree

import pytest
from PIL import Image

from chain import gallery, picture
from chain.album import Album, address, file_name
from chain.gallery import Picture
from chain.model import Chain

SVG_NS = "{http://www.w3.org/2000/svg}"


def svg(chain: Chain, name: str, theme: str = "licht") -> str:
    return picture.draw(chain, gallery.pictures(chain)[name], theme, "svg").decode()


def test_there_is_a_picture_for_everything_that_can_be_marked(chain: Chain) -> None:
    names = set(gallery.pictures(chain))
    some = {"keten", "schakel-ijzer", "tekort-vitamine-b6", "blokkade-stress", "check-slaap-eiwit-stress-buik-daglicht"}
    assert some <= names
    assert len(names) == 1 + 13 + 13 + 7 + 31
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in names)


def test_alt_text_tells_what_the_picture_shows(chain: Chain) -> None:
    assert gallery.pictures(chain)["tekort-ijzer"].alt == (
        "Plaatje van de voedingsstoffenketen. Van eiwit naar tryptofaan, met maagzuur. Van tryptofaan naar 5-HTP, met "
        "ijzer, foliumzuur, vitamine B12 en vitamine D. Van 5-HTP naar serotonine, met vitamine B6 en magnesium. Van "
        "serotonine naar melatonine, met donker. IJzer is gemarkeerd als te weinig; wat erna komt, is vaag getekend: "
        "5-HTP, serotonine en melatonine."
    )


def test_every_link_stands_in_the_svg_as_text_and_the_alt_text_as_its_title(chain: Chain) -> None:
    root = ElementTree.fromstring(svg(chain, "schakel-ijzer"))
    shown = {"".join(element.itertext()).strip() for element in root.iter(f"{SVG_NS}text")}
    assert {entry.titel for entry in chain.schakels.values()} <= shown
    assert root.findtext(f"{SVG_NS}title") == gallery.pictures(chain)["schakel-ijzer"].alt


def test_marked_blocked_and_faded_links_look_different(chain: Chain) -> None:
    colours = chain.beeld.kleuren["licht"]
    assert colours.nadruk not in svg(chain, "keten")
    assert colours.nadruk in svg(chain, "schakel-ijzer")
    blocked = svg(chain, "tekort-vitamine-b6")
    assert colours.blokkade in blocked
    assert "✕ te weinig" in blocked
    assert colours.vaag in blocked
    assert "! let op" in svg(chain, "check-stress")
    assert "Genetische aanleg" in svg(chain, "blokkade-genetische-aanleg")
    assert "De keten van eiwit tot melatonine" in svg(chain, "keten")


def test_an_indirect_helper_is_marked_but_holds_nothing_up(chain: Chain) -> None:
    found = gallery.pictures(chain)
    assert found["tekort-magnesium"].blocked == {"magnesium"}
    assert found["tekort-magnesium"].faded == frozenset()
    assert found["tekort-ijzer"].faded == {"5-HTP", "serotonine", "melatonine"}
    assert found["blokkade-genetische-aanleg"].alt.endswith("De blokkade genetische aanleg raakt foliumzuur.")
    assert found["blokkade-onregelmatige-slaap"].faded == {"melatonine"}


def test_light_and_dark_have_their_own_background(chain: Chain) -> None:
    assert "#ffffff" in svg(chain, "keten", "licht")
    assert chain.beeld.kleuren["nacht"].achtergrond in svg(chain, "keten", "nacht")


def test_a_png_is_twice_as_wide_as_a_phone_shows_it(chain: Chain) -> None:
    content = picture.draw(chain, gallery.pictures(chain)["keten"], "licht", "png")
    image = Image.open(io.BytesIO(content))
    plan = picture.layout(chain)
    assert image.size == (plan.width * 2, plan.height * 2) == (720, plan.height * 2)


def test_nothing_falls_off_a_phone_and_no_two_links_stand_on_each_other(chain: Chain) -> None:
    plan = picture.layout(chain)
    places = [plan.places[link] for link in chain.schakels]
    assert all(0 < x < 360 and 0 < y < plan.height for x, y in places)
    for number, (x, y) in enumerate(places):
        for other_x, other_y in places[number + 1 :]:
            assert abs(x - other_x) >= 100 or abs(y - other_y) >= 40


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["licht", "nacht"])
@pytest.mark.parametrize("part", ["stof", "hulp", "nadruk", "blokkade", "vaag"])
def test_texts_can_be_read_on_their_box(chain: Chain, theme: str, part: str) -> None:
    colours = chain.beeld.kleuren[theme].dict()
    light, dark = sorted((luminance(colours[part]), luminance(colours[f"{part}_tekst"])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_the_same_data_gives_the_same_picture(chain: Chain) -> None:
    assert svg(chain, "schakel-donker") == svg(chain, "schakel-donker")


# --- the album ---


class Drawer:
    def __init__(self) -> None:
        self.drawn: List[str] = []

    def __call__(self, chain: Chain, found: Picture, theme: str, file_format: str) -> bytes:
        self.drawn.append(f"{found.name} {theme} {file_format}")
        return found.name.encode()


def test_a_picture_is_drawn_once_and_then_read_from_disk_or_memory(chain: Chain, tmp_path: Path) -> None:
    drawer = Drawer()
    first = Album(chain, tmp_path, drawer)
    assert first.at_hand("keten.png") is None
    assert first.content("keten.png") == first.content("keten.png") == b"keten"
    assert Album(chain, tmp_path, drawer).content("keten.png") == b"keten"
    assert drawer.drawn == ["keten licht png"]
    assert first.content("keten--nacht.svg") == b"keten"
    assert drawer.drawn == ["keten licht png", "keten nacht svg"]


@pytest.mark.parametrize(
    "name", ["../keten.png", "keten", "keten.gif", "schakel-goud.png", "", "keten.png/../x", "%2e%2e"]
)
def test_only_known_names_are_drawn_or_read(chain: Chain, tmp_path: Path, name: str) -> None:
    album = Album(chain, tmp_path, Drawer())
    with pytest.raises(KeyError):
        album.content(name)
    assert list(tmp_path.iterdir()) == []


def test_changed_data_never_shows_an_old_picture(chain: Chain, tmp_path: Path) -> None:
    drawer = Drawer()
    Album(chain, tmp_path, drawer).content("keten.png")
    other = chain.copy(update={"gecontroleerd": "2031-01-01"})
    Album(other, tmp_path, drawer).content("keten.png")
    assert len(drawer.drawn) == 2


def test_a_disk_that_cannot_be_written_costs_no_picture(chain: Chain, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert Album(chain, tmp_path / "file", Drawer()).content("keten.png") == b"keten"


def test_two_visitors_at_once_both_get_the_whole_picture(chain: Chain, tmp_path: Path) -> None:
    album = Album(chain, tmp_path)
    got: List[bytes] = []
    threads = [threading.Thread(target=lambda: got.append(album.content("schakel-ijzer.svg"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 3
    assert all(content.endswith(b"</svg>\n") for content in got)


def test_addresses_stand_under_the_public_address() -> None:
    assert file_name("keten", "svg", "nacht") == "keten--nacht.svg"
    assert address("keten", "png", "https://bot.example/") == "https://bot.example/keten/plaat/keten.png"
    assert address("keten", "svg") == "/keten/plaat/keten.svg"
