"""WCAG 2.2 AA: axe's rules in every state, and what axe can't see: keyboard, focus, reflow, motion, announcements."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import pytest

from tests.widget.conftest import AXE, CuttableNetwork, Visitor, missing

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(visitor: Visitor) -> List[str]:
    """What axe finds on the whole page, the demo shop included."""
    if not AXE.exists():
        missing("axe-core is not installed (npm ci in tests/widget).")
    visitor.page.evaluate(AXE.read_text(encoding="utf-8"))
    script = "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})"
    result: Dict[str, Any] = visitor.page.evaluate(script, TAGS)
    assert len(result["passes"]) > 15
    return [
        f"{item['id']}: {node['html']} {node['failureSummary']}"
        for item in result["violations"]
        for node in item["nodes"]
    ]


@pytest.mark.parametrize(
    "look",
    [
        {},
        {"color_scheme": "dark"},
        {"forced_colors": "active"},
        {"viewport": {"width": 320, "height": 640}},
        {"viewport": {"width": 320, "height": 256}},
    ],
    ids=["light", "dark", "forced-colours", "320-px", "400-percent"],
)
def test_axe_finds_nothing_in_any_state(
    browser: Any, network: CuttableNetwork, server: Any, look: Dict[str, Any]
) -> None:
    context = browser.new_context(locale="nl-NL", **look)
    visitor = Visitor(context.new_page()).visit(network.address)
    assert violations(visitor) == []
    visitor.open()
    assert violations(visitor) == []
    for text in ("lijst", "links", "plaat", "knoppen"):
        visitor.ask(text)
    assert violations(visitor) == []
    visitor.page.fill("#input", "serotonine")
    visitor.page.wait_for_selector("schakel-chat [role=option]")
    visitor.page.keyboard.press("ArrowDown")
    assert violations(visitor) == []
    visitor.page.keyboard.press("Escape")
    visitor.page.click("schakel-chat .menu-button")
    assert violations(visitor) == []
    visitor.page.click("schakel-chat .menu >> text=Verwijder gesprek")
    assert violations(visitor) == []
    visitor.page.keyboard.press("Escape")
    visitor.page.click("schakel-chat .picture")
    assert violations(visitor) == []
    visitor.page.keyboard.press("Escape")
    visitor.ask("einde")
    assert violations(visitor) == []
    context.close()


def test_the_whole_chat_works_with_the_keyboard_alone(visitor: Visitor) -> None:
    keyboard = visitor.page.keyboard
    visitor.page.focus(".launch")
    keyboard.press("Enter")
    visitor.page.wait_for_selector(".panel:visible")
    assert visitor.focused == "input"
    keyboard.type("knoppen")
    keyboard.press("Enter")
    visitor.wait_for_answers(1)
    assert visitor.focused == "input"
    for expected in ("Medewerker", "Wat doet B6?"):
        keyboard.press("Shift+Tab")
        assert visitor.focused == expected
    keyboard.press("Enter")
    visitor.wait_for_answers(2)
    assert visitor.focused == "input"
    visitor.page.focus("schakel-chat .menu-button")
    keyboard.press("Enter")
    assert visitor.focused == "Nieuw gesprek"
    keyboard.press("Escape")
    assert visitor.focused == "menu-button"
    keyboard.press("Escape")
    assert visitor.focused == "launch"
    assert visitor.page.locator("schakel-chat .panel").is_hidden()


def test_focus_stays_inside_where_the_chat_fills_the_screen(
    browser: Any, network: CuttableNetwork, server: Any
) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740})
    visitor = Visitor(context.new_page()).visit(network.address).open()
    assert visitor.page.get_attribute("schakel-chat .panel", "aria-modal") == "true"
    for key in ("Tab", "Shift+Tab"):
        for _ in range(20):
            visitor.page.keyboard.press(key)
            assert visitor.focused not in ("", "launch")
    context.close()


def test_only_new_answers_are_announced(visitor: Visitor) -> None:
    visitor.open().ask("hallo")
    announcer = visitor.page.locator("schakel-chat [aria-live=polite].sr")
    assert announcer.inner_text() == "Assistent: Antwoord op: hallo"
    assert visitor.page.get_attribute("schakel-chat [role=log]", "aria-live") == "off"
    visitor.page.reload()
    visitor.wait_for_answers(1)
    assert announcer.inner_text() == ""


def test_every_target_is_24_pixels_or_more(visitor: Visitor) -> None:
    visitor.open().ask("plaat")
    visitor.ask("knoppen")
    visitor.page.click("schakel-chat .menu-button")
    boxes = visitor.page.locator("schakel-chat button:visible").evaluate_all(
        "all => all.map(one => [one.getBoundingClientRect().width, one.getBoundingClientRect().height])"
    )
    assert len(boxes) > 10
    assert [box for box in boxes if min(box) < 24] == []


@pytest.mark.parametrize("height", [640, 256])
def test_at_320_pixels_nothing_scrolls_sideways_and_all_can_be_reached(
    browser: Any, network: CuttableNetwork, server: Any, height: int
) -> None:
    context = browser.new_context(viewport={"width": 320, "height": height})
    visitor = Visitor(context.new_page()).visit(network.address).open()
    visitor.ask("links")
    visitor.ask("x" * 300)
    for selector in (".panel", ".log"):
        script = "one => one.scrollWidth - one.clientWidth"
        assert visitor.page.locator(f"schakel-chat {selector}").evaluate(script) <= 0
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 320
    for selector in (".head button >> nth=0", "#input", ".send"):
        visitor.page.locator(f"schakel-chat {selector}").scroll_into_view_if_needed()
        assert visitor.page.locator(f"schakel-chat {selector}").is_visible()
    context.close()


def test_nothing_moves_for_who_asked_for_less_motion(browser: Any, network: CuttableNetwork, server: Any) -> None:
    context = browser.new_context(reduced_motion="reduce")
    visitor = Visitor(context.new_page()).visit(network.address).open()
    visitor.say("traag 1")
    visitor.page.wait_for_selector("schakel-chat .typing:visible")
    script = "() => document.querySelector('schakel-chat').shadowRoot.getAnimations().length"
    assert visitor.page.evaluate(script) == 0
    visitor.wait_for_answers(1)
    context.close()


@pytest.mark.parametrize("size", [(1280, 900), (390, 844), (320, 640)])
def test_after_a_long_conversation_the_frame_is_still_in_place(
    browser: Any, network: CuttableNetwork, server: Any, size: Tuple[int, int]
) -> None:
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    visitor = Visitor(context.new_page()).visit(network.address).open()
    for text in ("plaat", "lijst", "plaat", "knoppen"):
        visitor.ask(text)
    visitor.page.wait_for_function(
        "() => [...document.querySelector('schakel-chat').shadowRoot.querySelectorAll('img')].every(i => i.complete)"
    )
    script = """all => all.map(one => { const box = one.getBoundingClientRect();
        return box.top >= 0 && box.bottom <= innerHeight && box.left >= 0 && box.right <= innerWidth })"""
    for selector in (".head", "#input", ".send", ".choices"):
        assert visitor.page.locator(f"schakel-chat {selector}").evaluate_all(script) == [True], selector
    context.close()
