"""On somebody else's page: another origin, a strict policy, hostile styles; and text that tries to be markup."""

from __future__ import annotations

import gzip
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest

from tests.widget.conftest import CuttableNetwork, Visitor
from tests.widget.injections import INJECTIONS

HOSTILE = """
* { display: none !important; color: red !important; font-size: 2px !important; position: static !important; }
html, head ~ body, main { display: block !important; }
button { transform: rotate(180deg) !important; } schakel-chat { opacity: 0 !important; width: 1px !important; }
"""


class Shop(BaseHTTPRequestHandler):
    """A page with a policy that allows the chat's server and nothing else."""

    chat = ""

    def do_GET(self) -> None:
        is_style = self.path == "/hostile.css"
        option = self.path.partition("?")[2].replace("%23", "#").replace("&", " ")
        page = (
            "<!doctype html><html lang=nl><head><title>Winkel</title><link rel=stylesheet href=/hostile.css></head>"
            "<body><main><p id=own>Eigen tekst</p></main>"
            f"<script src={self.chat}/widget.js defer {option}></script></body>"
        )
        body = (HOSTILE if is_style else page).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/css" if is_style else "text/html; charset=utf-8")
        self.send_header(
            "Content-Security-Policy",
            f"default-src 'none'; style-src 'self'; script-src {self.chat}; connect-src {self.chat}; "
            f"img-src {self.chat}; require-trusted-types-for 'script'; trusted-types 'none'",
        )
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def shop(server: Any, network: CuttableNetwork, ports: Dict[str, int]) -> Iterator[str]:
    handler = type("ThisShop", (Shop,), {"chat": network.address})
    running = ThreadingHTTPServer(("127.0.0.1", ports["shop"]), handler)
    threading.Thread(target=partial(running.serve_forever, 0.05), daemon=True).start()
    yield f"http://127.0.0.1:{ports['shop']}/"
    running.shutdown()
    running.server_close()


def test_it_works_on_another_origin_under_a_strict_policy_and_hostile_styles(context: Any, shop: str) -> None:
    visitor = Visitor(context.new_page()).visit(shop).open()
    assert visitor.ask("plaat").startswith("Zo ziet het eruit.")
    visitor.page.wait_for_function(
        "() => document.querySelector('schakel-chat').shadowRoot.querySelector('.picture img').naturalWidth > 0"
    )
    assert [problem for problem in visitor.problems if "favicon" not in problem and "404" not in problem] == []
    box = visitor.page.locator("schakel-chat .send").bounding_box()
    assert box["width"] >= 44
    assert visitor.page.evaluate("getComputedStyle(document.querySelector('schakel-chat')).opacity") == "1"


def test_it_changes_nothing_of_the_page(context: Any, shop: str) -> None:
    page = context.new_page()
    page.route("**/widget.js", lambda route: route.abort())
    page.goto(shop)
    globals_before = set(page.evaluate("Object.getOwnPropertyNames(window)"))
    style = "JSON.stringify(Object.fromEntries([...getComputedStyle(document.getElementById('own'))].map(n => [n, 1])))"
    before = page.evaluate(style)
    page.unroute("**/widget.js")
    visitor = Visitor(page).visit(shop).open()
    visitor.ask("hallo")
    assert set(page.evaluate("Object.getOwnPropertyNames(window)")) == globals_before
    assert page.evaluate(style) == before
    assert page.evaluate("document.body.children.length") == 3  # main, script, schakel-chat
    assert page.evaluate("document.head.children.length") == 2


def test_options_set_colour_side_greeting_and_what_opens_it(context: Any, shop: str) -> None:
    options = "data-kleur=%23ffee00&data-positie=links&data-begroeting=Dag!&data-openen-bij=%23own"
    visitor = Visitor(context.new_page()).visit(f"{shop}?{options}")
    assert visitor.page.locator("schakel-chat .launch").bounding_box()["x"] < 40
    style = "getComputedStyle(document.querySelector('schakel-chat').shadowRoot.querySelector('.launch')).{}"
    assert visitor.page.evaluate(style.format("backgroundColor")) == "rgb(255, 238, 0)"
    assert visitor.page.evaluate(style.format("color")) == "rgb(0, 0, 0)"
    visitor.page.evaluate("document.getElementById('own').click()")
    visitor.page.wait_for_selector(".panel:visible")
    assert visitor.page.locator("schakel-chat .bot .bubble").first.inner_text() == "Dag!"


def test_english_buttons_for_english_pages(context: Any, shop: str) -> None:
    visitor = Visitor(context.new_page()).visit(f"{shop}?data-taal=en").open()
    assert visitor.page.get_attribute("#input", "aria-label") == "Your question, in Dutch"


def test_a_page_that_is_not_allowed_gets_nothing(context: Any, shop: str, network: CuttableNetwork) -> None:
    elsewhere = shop.replace("127.0.0.1", "localhost")
    visitor = Visitor(context.new_page()).visit(elsewhere).open()
    visitor.say("hallo")
    visitor.page.wait_for_selector("schakel-chat .state:not(:empty)")
    assert visitor.answers() == []


def test_200_injections_stay_text(visitor: Visitor) -> None:
    assert len(INJECTIONS) == 200
    assert len(set(INJECTIONS)) == 200
    fired: List[str] = []
    visitor.page.on("dialog", lambda dialog: (fired.append(dialog.message), dialog.dismiss()))
    visitor.open()
    allowed = set("a button div form h2 i input li ol p path section span svg time ul".split())  # noqa: SIM905
    for number, text in enumerate(INJECTIONS, 1):
        visitor.say(text)
        visitor.wait_for_answers(number)
    inside = visitor.page.evaluate(
        """() => { const root = document.querySelector('schakel-chat').shadowRoot; return {
            tags: [...new Set([...root.querySelectorAll('*')].map(one => one.localName))],
            bubbles: [...new Set([...root.querySelectorAll('.bubble *')].map(one => one.localName))],
            handlers: [...root.querySelectorAll('*')].flatMap(one => one.getAttributeNames())
                .filter(name => /^on/i.test(name)).length,
            links: [...root.querySelectorAll('a')].map(one => new URL(one.href).protocol),
            hit: window.hit ?? null, title: document.title } }"""
    )
    assert set(inside["tags"]) <= allowed
    assert set(inside["bubbles"]) <= {"a", "i", "li", "ol", "p", "span", "ul"}
    assert inside["handlers"] == 0
    assert set(inside["links"]) <= {"http:", "https:", "mailto:", "tel:"}
    assert inside["hit"] is None
    assert fired == []
    assert visitor.problems == []
    visitor.page.reload()
    visitor.wait_for_answers(200)
    assert visitor.page.evaluate("window.hit ?? null") is None
    assert fired == []


def test_all_code_together_is_at_most_20_kilobytes_compressed() -> None:
    sizes = {path.name: len(gzip.compress(path.read_bytes())) for path in Path("widget").glob("*.js")}
    assert "widget.js" in sizes
    assert sum(sizes.values()) <= 20_000, sizes
    assert sizes["widget.js"] <= 3_500


def test_the_launcher_moves_nothing_on_the_page(visitor: Visitor) -> None:
    script = """() => new Promise(done => { let sum = 0;
        new PerformanceObserver(list => list.getEntries().forEach(entry => sum += entry.value))
          .observe({type: 'layout-shift', buffered: true});
        requestAnimationFrame(() => requestAnimationFrame(() => done(sum))) })"""
    assert visitor.page.evaluate(script) == 0
    visitor.open().ask("hallo")
    assert visitor.page.evaluate(script) < 0.01
