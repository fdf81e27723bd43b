"""A walk through the staff page in a real browser, with the really running desk, web channel and widget."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
import sqlalchemy as sa

from desk import accounts, takeover
from desk.database import Database, open_database
from shop.settings import Shop
from tests.desk.staff.conftest import PASSWORD, open_case, open_here
from tests.desk.staff.test_cases import SCRIPT
from tests.processes import ServerProcess
from tests.widget.conftest import AXE, Server, Visitor, browser, free_port, missing  # noqa: F401
from tests.widget.test_accessibility import TAGS

PICTURES = os.environ.get("STAFF_PICTURES")  # a folder; then the walk leaves pictures of what it sees


class Running:
    """The desk and the web channel, each in its own process, on one folder."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.web = Server(folder, free_port(), "self")
        variables = {
            **self.web.variables,
            "SCHAKEL_DESK_PORT": str(self.port),
            "SCHAKEL_SHOP_FILE": str(folder / "winkel.yml"),
        }
        (folder / "winkel.yml").write_text('naam: "Testwinkel"\neigenaren: "An en Jo"\nemail: "info@testwinkel.nl"\n')
        self._desk = ServerProcess(["desk", "serve"], self.address, variables, folder / "desk.log")

    def start(self) -> None:
        self._desk.begin()
        self.web.start()
        self._desk.wait()

    def stop(self) -> None:
        self.web.stop()
        self._desk.stop()


@pytest.fixture(scope="module")
def running(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:  # noqa: F811
    servers = Running(tmp_path_factory.mktemp("walk"))
    try:
        servers.start()
        yield servers
    finally:
        servers.stop()


@pytest.fixture(scope="module")
def desk(running: Running) -> Iterator[Database]:
    opened = open_database(running.web.variables["SCHAKEL_DESK_DATABASE"])
    for username, name in {"marieke": "Marieke", "stephan": "Stephan van Went"}.items():
        accounts.add_account(opened, username, name, "", PASSWORD, now())
    yield opened
    opened.close()


@pytest.fixture
def database(desk: Database) -> Database:
    return desk


def now() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc)


class Walker:
    """An owner with a browser."""

    def __init__(self, context: Any, address: str) -> None:
        context.set_default_timeout(20_000)
        self.page = context.new_page()
        self.address = address
        self.problems: List[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda message: message.type == "error" and self.problems.append(message.text))

    def log_in(self, username: str = "marieke") -> "Walker":
        self.page.goto(self.address)
        self.page.get_by_label("Gebruikersnaam").fill(username)
        self.page.get_by_label("Wachtwoord").fill(PASSWORD)
        self.page.get_by_role("button", name="Inloggen").click()
        self.page.wait_for_selector("h1:has-text('Aanvragen')")
        return self

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def told(self) -> str:
        return str(self.page.locator(".told:visible").first.inner_text())

    def picture(self, name: str) -> None:
        if PICTURES:
            Path(PICTURES).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)

    def violations(self) -> List[str]:
        """What axe finds, and whether the page scrolls sideways."""
        if not AXE.exists():
            missing("axe-core is not installed (npm ci in tests/widget).")
        # Under the page's own policy no script can be added to it; axe goes in past the page.
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        result: Dict[str, Any] = self.page.evaluate(
            "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", TAGS
        )
        assert len(result["passes"]) > 10
        found = [f"{i['id']}: {n['html']} {n['failureSummary']}" for i in result["violations"] for n in i["nodes"]]
        if self.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append("the page scrolls sideways")
        return found


LOOKS: Dict[str, Dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 900}},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "has_touch": True},
    "narrow": {"viewport": {"width": 320, "height": 256}},
}


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_on_any_page(
    browser: Any,  # noqa: F811
    running: Running,
    database: Database,
    shop: Shop,
    look: str,
) -> None:
    context = browser.new_context(locale="nl-NL", **LOOKS[look])
    first = open_case(database, shop, f"{look}-1", urgent=True, question=SCRIPT, name="", subject="slaap", now=now())
    here = open_here(database, shop, key=f"{look}-2", conversation=f"telegram-{look}", channel="telegram", now=now())
    takeover.request(database, f"telegram-ask-{look}", "telegram", now())
    walker = Walker(context, running.address)
    page = walker.page
    page.goto(running.address)
    assert walker.violations() == []
    walker.picture(f"{look}-1-inloggen")
    walker.log_in()
    assert walker.violations() == []
    walker.picture(f"{look}-2-aanvragen")
    for name, path in {
        "3-aanvraag": f"/aanvraag/{first}",
        "4-hier": f"/aanvraag/{here}",
        "5-faq": f"/aanvraag/{first}/faq",
        "6-wachtwoord": "/wachtwoord",
        "7-gesprekken": "/gesprekken",
        "8-fout": "/bestaat-niet",
    }.items():
        page.goto(running.address + path)
        assert walker.violations() == [], path
        walker.picture(f"{look}-{name}")
    page.goto(f"{running.address}/aanvraag/{here}")
    walker.press("Overnemen")
    page.wait_for_selector("h1:has-text('Gesprek op Telegram')")
    takeover.HumanSide(database).customer_said(
        f"telegram-{look}", "telegram", "ik wil niet meer leven " + "x" * 200, "m1"
    )
    page.wait_for_selector(".help")
    assert walker.violations() == []
    walker.picture(f"{look}-9-gesprek")
    boxes = page.locator("button:visible, a:visible, input:visible").evaluate_all(
        "all => all.filter(one => getComputedStyle(one).display !== 'inline')"
        ".map(one => [one.outerHTML, one.getBoundingClientRect().width, one.getBoundingClientRect().height])"
    )
    assert [box for box in boxes if min(box[1], box[2]) < 22] == []
    walker.press("Vrijgeven")
    page.wait_for_selector("text=De assistent is er weer in dit gesprek.")
    assert walker.problems == ["Failed to load resource: the server responded with a status of 404 (NOT FOUND)"]
    context.close()


def test_a_request_from_the_list_to_its_end(browser: Any, running: Running, database: Database, shop: Shop) -> None:  # noqa: F811
    reference = open_case(database, shop, "walk-1", now=now())
    context = browser.new_context(locale="nl-NL")
    walker = Walker(context, running.address).log_in()
    page = walker.page
    page.get_by_role("searchbox", name="Zoeken").fill(reference)
    walker.press("Toon")
    page.get_by_role("link", name=reference).click()
    walker.press("Ik pak deze op")
    assert walker.told() == f"{reference} is van Marieke."
    page.get_by_label("Notitie voor jullie zelf").fill("Eerst even opzoeken.")
    walker.press("Notitie bewaren")
    page.get_by_label("Je antwoord").fill("Ga op tijd naar bed.\nEn slaap lekker!")
    walker.press("Antwoord versturen")
    assert walker.told() == "Het antwoord wordt gemaild."
    page.get_by_role("link", name="Maak hier een FAQ van").click()
    page.get_by_label("De vraag, in één zin").fill("Wat helpt bij slecht slapen?")
    walker.press("Voorstel bewaren")
    assert walker.told().startswith("Het voorstel is bewaard.")
    page.get_by_label("Reden").fill("beantwoord")
    walker.press("Sluiten")
    assert walker.told() == f"{reference} is gesloten."
    history = page.locator(".history").inner_text()
    for what in ("toegewezen", "schreef een notitie", "antwoordde per mail", "gesloten"):
        assert what in history
    walker.picture("walk-closed")
    assert walker.problems == []
    context.close()


def newest_session(running: Running) -> str:
    engine = sa.create_engine(running.web.variables["SCHAKEL_WEB_DATABASE"], future=True)
    with engine.connect() as connection:
        found = connection.execute(sa.text("select id from web_sessions order by seen desc limit 1")).scalar_one()
    engine.dispose()
    return str(found)


def test_an_owner_and_a_visitor_talk_from_browser_to_browser(
    browser: Any,  # noqa: F811
    running: Running,
    database: Database,
) -> None:
    customer, owner = browser.new_context(locale="nl-NL"), browser.new_context(locale="nl-NL")
    visitor = Visitor(customer.new_page()).visit(running.web.address).open()
    visitor.ask("medewerker")
    takeover.request(database, newest_session(running), "web", now())
    walker = Walker(owner, running.address).log_in()
    page = walker.page
    assert page.locator("#aantal").inner_text().split()[0].isdigit()
    page.get_by_role("link", name="Gesprekken").click()
    page.locator("button", has_text="Overnemen").last.click()
    page.wait_for_selector("h1:has-text('Gesprek op webchat')")
    chat = visitor.page
    chat.wait_for_selector("schakel-chat .note:has-text('Je praat nu met Marieke, een mens.')")
    assert chat.locator("schakel-chat .head p").inner_text() == "Je praat nu met een mens"
    assert chat.locator("schakel-chat .human").is_disabled()

    visitor.say("Mag magnesium bij mijn ontbijt?")
    page.wait_for_selector("#gesprek .customer:has-text('Mag magnesium bij mijn ontbijt?')")
    page.get_by_label("Je bericht aan de klant").fill("Ja hoor, dat kan.")
    page.keyboard.press("Control+Enter")
    visitor.wait_for_answers(2)
    assert visitor.answers()[-1] == "Ja hoor, dat kan."
    assert chat.locator("schakel-chat .from").inner_text() == "Marieke"
    page.wait_for_function("document.querySelector('#tekst').value === ''")
    assert page.evaluate("document.activeElement.id") == "tekst"
    walker.picture("talk-owner")
    if PICTURES:
        chat.screenshot(path=str(Path(PICTURES) / "talk-visitor.png"))

    chat.reload()
    chat.wait_for_selector("schakel-chat .from")
    assert chat.locator("schakel-chat .head p").inner_text() == "Je praat nu met een mens"
    assert chat.locator("schakel-chat .note").count() == 1
    walker.press("Vrijgeven")
    chat.wait_for_selector("schakel-chat .note:has-text('De assistent is er weer')")
    assert chat.locator("schakel-chat .head p").inner_text() == "Digitale assistent, geen mens"
    assert visitor.ask("nog een vraag") == "Antwoord op: nog een vraag"
    assert (walker.problems, visitor.problems) == ([], [])
    for context in (customer, owner):
        context.close()


def test_without_scripts_everything_but_the_refresh_works(
    browser: Any,  # noqa: F811
    running: Running,
    database: Database,
) -> None:
    takeover.request(database, "telegram-noscript", "telegram", now())  # nobody delivers there
    context = browser.new_context(locale="nl-NL", java_script_enabled=False)
    walker = Walker(context, running.address).log_in()
    page = walker.page
    page.get_by_role("link", name="Gesprekken").click()
    page.locator("button", has_text="Overnemen").last.click()
    takeover.HumanSide(database).customer_said("telegram-noscript", "telegram", "dag", "m1")
    page.get_by_role("link", name="Vernieuwen").click()
    assert page.locator("#gesprek .customer .words").inner_text() == "dag"
    page.get_by_label("Je bericht aan de klant").fill("dag terug")
    walker.press("Verstuur")
    assert page.locator("#gesprek .staff .words").inner_text() == "dag terug"
    walker.press("Vrijgeven")
    assert walker.told() == "De assistent is er weer in dit gesprek."
    context.close()


def test_with_the_keyboard_alone(browser: Any, running: Running, database: Database) -> None:  # noqa: F811
    takeover.request(database, "telegram-keys", "telegram", now())  # nobody delivers there
    context = browser.new_context(locale="nl-NL")
    walker = Walker(context, running.address).log_in()
    page, keys = walker.page, walker.page.keyboard

    def tab_to(wanted: str) -> None:
        focused = "document.activeElement.getAttribute('aria-label') || document.activeElement.textContent.trim()"
        for _ in range(60):
            keys.press("Tab")
            if page.evaluate(focused).startswith(wanted):
                return
        pytest.fail(f"{wanted} is out of reach")

    keys.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Naar de inhoud"
    tab_to("Gesprekken")
    keys.press("Enter")
    page.wait_for_selector("h1:has-text('Gesprekken')")
    tab_to("Overnemen: Telegram")
    keys.press("Enter")
    page.wait_for_selector("#tekst")
    assert page.evaluate("document.activeElement.id") == "tekst"
    keys.type("met de toetsen")
    tab_to("Verstuur")
    keys.press("Enter")
    page.wait_for_selector("#gesprek .staff:has-text('met de toetsen')")
    tab_to("Vrijgeven")
    keys.press("Enter")
    page.wait_for_selector("text=De assistent is er weer in dit gesprek.")
    context.close()


def test_a_page_whose_login_ended_says_so_and_sends_nothing(
    browser: Any,  # noqa: F811
    running: Running,
    database: Database,
) -> None:
    from playwright.sync_api import TimeoutError as NotSeen

    takeover.request(database, "telegram-ended", "telegram", now())  # nobody delivers there
    context = browser.new_context(locale="nl-NL")
    walker = Walker(context, running.address).log_in("stephan")
    walker.page.get_by_role("link", name="Gesprekken").click()
    walker.page.locator("button", has_text="Overnemen").last.click()
    walker.page.wait_for_selector("#tekst")
    for left in reversed(range(20)):
        context.clear_cookies()
        try:
            walker.page.wait_for_selector("#stoornis:visible", timeout=3_000)
            break
        except NotSeen:  # the answer to a look that was on its way brought the cookie back
            assert left
    told = walker.page.locator("#stoornis").inner_text()
    assert told == "Je bent uitgelogd. Ververs de pagina om verder te gaan."
    walker.page.get_by_label("Je bericht aan de klant").fill("gaat dit weg?")
    walker.press("Verstuur")
    assert walker.page.locator("#tekst").input_value() == "gaat dit weg?"
    context.close()
