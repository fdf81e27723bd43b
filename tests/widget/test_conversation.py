"""A conversation in a real browser: everything a visitor can do with the chat."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, List

from tests.widget.conftest import CuttableNetwork, Server, Visitor


def test_nothing_is_loaded_or_stored_before_the_chat_is_opened(context: Any, network: CuttableNetwork) -> None:
    page = context.new_page()
    asked: List[str] = []
    page.on("request", lambda request: asked.append(request.url.replace(network.address, "")))
    visitor = Visitor(page).visit(network.address)
    page.wait_for_load_state("networkidle")
    assert [path for path in asked if "widget" in path or "webhooks" in path] == ["/widget.js"]
    assert visitor.stored() == {}
    assert context.cookies() == []


def test_opening_starts_no_session_and_the_first_message_does(visitor: Visitor) -> None:
    visitor.open()
    assert [key for key in visitor.stored() if key.endswith("token")] == []
    assert visitor.ask("Wat is dat?") == "Antwoord op: Wat is dat?"
    assert len([key for key in visitor.stored() if key.endswith("token")]) == 1
    assert visitor.problems == []


def test_the_first_thing_shown_says_that_this_is_a_computer(visitor: Visitor) -> None:
    visitor.open()
    assert "Digitale assistent, geen mens" in visitor.page.locator("schakel-chat .head").inner_text()


def test_quick_replies_say_their_payload_and_show_their_title(visitor: Visitor) -> None:
    visitor.open().ask("knoppen")
    visitor.page.click(".choices >> text=Wat doet B6?")
    visitor.wait_for_answers(2)
    assert visitor.answers()[-1] == "Antwoord op: wat doet b6"
    assert visitor.questions() == ["knoppen", "Wat doet B6?"]
    assert visitor.page.locator("schakel-chat .choices").count() == 0
    assert visitor.focused == "input"


def test_after_a_reload_the_conversation_and_its_quick_replies_are_back(visitor: Visitor) -> None:
    visitor.open().ask("hallo")
    visitor.ask("knoppen")
    visitor.page.click(".choices >> text=Wat doet B6?")
    visitor.wait_for_answers(3)
    visitor.ask("knoppen")
    visitor.page.reload()
    visitor.wait_for_answers(4)
    assert visitor.questions() == ["hallo", "knoppen", "Wat doet B6?", "knoppen"]
    assert visitor.answers() == ["Antwoord op: hallo", "Kies maar.", "Antwoord op: wat doet b6", "Kies maar."]
    assert visitor.page.locator("schakel-chat .choices button").all_inner_texts() == ["Wat doet B6?", "Medewerker"]


def test_lists_are_lists(visitor: Visitor) -> None:
    visitor.open().ask("lijst")
    bubble = visitor.page.locator("schakel-chat .bot:has(.meta) .bubble")
    assert bubble.locator("ul li").all_inner_texts() == ["een", "twee", "drie"]
    assert bubble.locator("ol li").all_inner_texts() == ["eerst", "dan"]


def test_only_web_mail_and_telephone_addresses_become_links(visitor: Visitor) -> None:
    visitor.open().ask("links")
    links = visitor.page.locator("schakel-chat .bot:has(.meta) .bubble a")
    assert links.evaluate_all("all => all.map(one => one.getAttribute('href'))") == [
        "https://voorbeeld.nl/pad?x=1",
        "tel:112",
        "tel:08000113",
        "https://113.nl/",
        "mailto:hulp@voorbeeld.nl",
    ]
    assert links.first.get_attribute("rel") == "noopener noreferrer"


def test_the_picture_has_its_alt_text_and_opens_large(visitor: Visitor) -> None:
    visitor.open().ask("plaat")
    picture = visitor.page.locator("schakel-chat .picture")
    assert picture.locator("img").get_attribute("alt") == "De keten van eiwit naar melatonine."
    picture.focus()
    visitor.page.keyboard.press("Enter")
    zoom = visitor.page.locator("schakel-chat dialog.zoom")
    zoom.wait_for()
    frame, image = zoom.locator(".frame").bounding_box(), zoom.locator("img").bounding_box()
    assert image["y"] + image["height"] <= frame["y"] + frame["height"]  # all of it is in sight
    fitted = image["width"]
    zoom.get_by_text("Groter").click()
    assert zoom.locator("img").bounding_box()["width"] > 2 * fitted
    visitor.page.keyboard.press("Escape")
    zoom.wait_for(state="detached")
    assert visitor.focused == "picture"
    assert visitor.page.locator("schakel-chat .panel").is_visible()


def test_a_picture_keeps_its_place_before_it_has_come(visitor: Visitor) -> None:
    visitor.page.route("**/pot.svg*", lambda route: None)  # never comes
    visitor.open().ask("plaat")
    box = visitor.page.locator("schakel-chat .picture").bounding_box()
    assert box["width"] > 200
    assert box["height"] > 250


def test_dark_screens_get_the_dark_picture(browser: Any, network: CuttableNetwork, server: Server) -> None:
    for scheme, expected in (("light", "/demo/pot.svg"), ("dark", "/demo/icon.svg")):
        context = browser.new_context(color_scheme=scheme)
        visitor = Visitor(context.new_page()).visit(network.address).open()
        visitor.ask("plaat")
        script = "() => document.querySelector('schakel-chat').shadowRoot.querySelector('.picture img').currentSrc"
        visitor.page.wait_for_function(script)
        assert visitor.page.evaluate(script).endswith(expected)
        visitor.page.click("schakel-chat .picture")
        assert visitor.page.locator("schakel-chat dialog.zoom img").get_attribute("src").endswith(expected)
        context.close()


def test_thumbs_are_kept(visitor: Visitor) -> None:
    visitor.open().ask("hallo")
    with visitor.page.expect_response("**/rating"):
        visitor.page.click("schakel-chat [aria-label='Geen nuttig antwoord']")
    visitor.page.reload()
    visitor.wait_for_answers(1)
    pressed = visitor.page.locator("schakel-chat .meta [aria-pressed=true]")
    assert pressed.evaluate_all("all => all.map(one => one.getAttribute('aria-label'))") == ["Geen nuttig antwoord"]


def test_an_employee_is_one_click_away_at_every_turn(visitor: Visitor) -> None:
    visitor.open()
    for turn in (1, 2):
        visitor.page.click("schakel-chat .head >> text=Medewerker")
        visitor.wait_for_answers(turn)
    assert visitor.answers() == ["Antwoord op: medewerker"] * 2


def test_typing_is_shown_while_an_answer_is_made(visitor: Visitor) -> None:
    visitor.open().say("traag 1.5")
    visitor.page.wait_for_selector("schakel-chat .typing:visible")
    visitor.wait_for_answers(1)
    visitor.page.wait_for_selector("schakel-chat .typing", state="hidden")


def test_silence_and_failure_of_the_assistant_end_in_an_apology(visitor: Visitor) -> None:
    visitor.open()
    for text in ("stil", "kapot"):
        assert visitor.ask(text).startswith("Er gaat iets mis aan onze kant, sorry.")


def test_a_message_counts_as_unread_while_the_chat_is_closed(visitor: Visitor) -> None:
    visitor.open().say("traag 1")
    visitor.page.keyboard.press("Escape")
    badge = visitor.page.locator("schakel-chat .badge")
    badge.wait_for()
    assert badge.inner_text() == "1"
    assert visitor.page.get_attribute(".launch", "aria-label") == "Stel je vraag, 1 nieuw bericht"
    visitor.open()
    assert badge.is_hidden()


def test_a_new_conversation_starts_empty_and_leaves_the_old_one(visitor: Visitor) -> None:
    visitor.open().ask("eerste")
    visitor.page.click("schakel-chat .menu-button")
    visitor.page.click("schakel-chat .menu >> text=Nieuw gesprek")
    visitor.page.click("schakel-chat dialog >> text=Ja, begin opnieuw")
    assert visitor.questions() == []
    assert visitor.ask("tweede") == "Antwoord op: tweede"
    visitor.page.reload()
    visitor.wait_for_answers(1)
    assert visitor.questions() == ["tweede"]


def test_the_conversation_can_be_downloaded(visitor: Visitor) -> None:
    visitor.open().ask("plaat")
    visitor.page.click("schakel-chat .menu-button")
    with visitor.page.expect_download() as download:
        visitor.page.click("schakel-chat .menu >> text=Download gesprek")
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert "Jij: plaat" in text
    assert "Assistent: Zo ziet het eruit.\nDe keten van eiwit naar melatonine." in text
    assert download.value.suggested_filename.endswith(".txt")


def test_deleting_leaves_nothing_on_the_server_or_the_device(visitor: Visitor, server: Server) -> None:
    visitor.open().ask("weg met dit geheim")
    visitor.page.click("schakel-chat .menu-button")
    visitor.page.click("schakel-chat .menu >> text=Verwijder gesprek")
    with visitor.page.expect_response("**/conversation") as response:
        visitor.page.click("schakel-chat dialog >> text=Ja, verwijder")
    assert response.value.status == 200
    visitor.page.wait_for_selector("schakel-chat .note >> text=Het gesprek is verwijderd.")
    assert visitor.questions() == []
    assert [key for key in visitor.stored() if key.endswith("token")] == []
    database = sqlite3.connect(server.folder / "web.db")
    assert database.execute("select count(*) from web_events where body like '%geheim%'").fetchone() == (0,)
    database.close()


def test_a_takeover_makes_the_chat_read_only(visitor: Visitor) -> None:
    visitor.open().ask("overname")
    visitor.page.wait_for_selector("schakel-chat #input:disabled")
    assert "Een medewerker neemt het gesprek over" in visitor.page.locator("schakel-chat .state").inner_text()
    visitor.page.reload()
    visitor.page.wait_for_selector("schakel-chat #input:disabled")


def test_an_ended_conversation_is_read_only_and_offers_a_new_one(visitor: Visitor) -> None:
    visitor.open().ask("einde")
    visitor.page.wait_for_selector("schakel-chat #input:disabled")
    visitor.page.click("schakel-chat .state >> text=Nieuw gesprek")
    assert visitor.ask("weer terug") == "Antwoord op: weer terug"


def test_suggestions_forgive_typing_errors_and_obey_the_keyboard(visitor: Visitor) -> None:
    visitor.open()
    with visitor.page.expect_response("**/questions"):
        visitor.page.reload()
        visitor.page.wait_for_selector(".panel:visible")
        visitor.page.focus("#input")
    visitor.page.keyboard.type("waar serotonnie")
    options = visitor.page.locator("schakel-chat [role=option]")
    assert options.all_inner_texts() == ["Waar wordt serotonine gemaakt?", "Wat is serotonine?"]
    assert visitor.page.get_attribute("#input", "aria-expanded") == "true"
    visitor.page.keyboard.press("ArrowDown")
    assert visitor.page.get_attribute("#input", "aria-activedescendant") == "option-0"
    visitor.page.keyboard.press("Escape")
    assert options.count() == 0
    assert visitor.page.locator("schakel-chat .panel").is_visible()
    visitor.page.keyboard.type(" g")
    visitor.page.keyboard.press("ArrowDown")
    visitor.page.keyboard.press("Enter")
    visitor.wait_for_answers(1)
    assert visitor.questions() == ["Waar wordt serotonine gemaakt?"]


def test_too_long_a_message_cannot_be_typed(visitor: Visitor) -> None:
    visitor.open()
    visitor.page.focus("#input")
    visitor.page.keyboard.insert_text("a" * 2500)
    assert len(visitor.page.input_value("#input")) == 2000


def test_a_long_answer_is_read_from_its_beginning(visitor: Visitor) -> None:
    visitor.open().ask("hallo")
    visitor.ask("woord " * 300)
    script = """all => { const log = all[0].closest('.log').getBoundingClientRect();
        return all.at(-1).getBoundingClientRect().top - log.top }"""
    assert 0 <= visitor.page.locator("schakel-chat .turn.user").evaluate_all(script) < 40
