"""Nothing is lost and nothing comes twice: broken connections, a killed server, two tabs, a slow or absent network."""

from __future__ import annotations

import random
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator

import pytest

from tests.widget.conftest import CuttableNetwork, Server, Visitor


def test_fifty_broken_connections_lose_and_double_nothing(visitor: Visitor, network: CuttableNetwork) -> None:
    visitor.open()
    chance = random.Random(7)
    for number in range(50):
        visitor.say(f"traag 0.{chance.randrange(10)} nummer {number}")
        visitor.page.wait_for_timeout(chance.randrange(120))  # the moment of the break, not a wait for something
        network.cut()
    visitor.wait_for_answers(50, timeout=120_000)
    said = visitor.questions()
    assert [text.split()[-1] for text in said] == [str(number) for number in range(50)]
    assert visitor.answers() == [f"Antwoord op: {text}" for text in said]


def test_a_killed_server_loses_and_doubles_nothing(visitor: Visitor, server: Server) -> None:
    visitor.open().ask("voor")
    visitor.say("traag 2 tijdens")
    visitor.page.wait_for_selector("schakel-chat .typing:visible")
    server.kill()
    visitor.say("na")
    visitor.page.wait_for_selector("schakel-chat .state:not(:empty)")
    server.start()
    visitor.wait_for_answers(3, timeout=60_000)
    assert visitor.questions() == ["voor", "traag 2 tijdens", "na"]
    assert visitor.answers() == ["Antwoord op: voor", "Antwoord op: traag 2 tijdens", "Antwoord op: na"]
    visitor.page.reload()
    visitor.wait_for_answers(3)
    assert visitor.answers() == ["Antwoord op: voor", "Antwoord op: traag 2 tijdens", "Antwoord op: na"]


def test_a_question_that_a_kill_interrupted_is_answered_at_the_next_start(visitor: Visitor, server: Server) -> None:
    visitor.open().say("traag 2 onderbroken")
    visitor.page.wait_for_selector("schakel-chat .typing:visible")
    server.kill()
    server.start()
    visitor.wait_for_answers(1, timeout=60_000)
    assert visitor.questions() == ["traag 2 onderbroken"]
    assert visitor.answers() == ["Antwoord op: traag 2 onderbroken"]


def test_a_message_typed_without_a_connection_is_sent_when_it_is_back(visitor: Visitor, context: Any) -> None:
    visitor.open().ask("eerst")
    context.set_offline(True)
    visitor.say("zonder net")
    visitor.page.wait_for_selector("schakel-chat .state >> text=Geen verbinding")
    context.set_offline(False)
    visitor.wait_for_answers(2)
    assert visitor.answers() == ["Antwoord op: eerst", "Antwoord op: zonder net"]
    visitor.page.wait_for_selector("schakel-chat .state:empty", state="attached")


@contextmanager
def held(database: Path) -> Iterator[None]:
    """Keeps everybody else from writing into an SQLite file."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


@pytest.mark.parametrize("is_first", [True, False], ids=["first-message", "later-message"])
def test_while_nothing_can_be_kept_who_is_in_need_reads_where_to_find_help(
    visitor: Visitor, server: Server, is_first: bool
) -> None:
    visitor.open()
    if not is_first:
        visitor.ask("eerst")
    with held(server.folder / "web.db"):
        visitor.say("ik wil niet meer leven")
        help_text = visitor.page.locator("schakel-chat .bot .bubble", has_text="113")
        help_text.wait_for(timeout=30_000)
        assert "tel:113" in help_text.locator("a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
        assert "113" in visitor.page.locator("schakel-chat [aria-live=polite].sr").inner_text()
    visitor.wait_for_answers(1 if is_first else 2, timeout=60_000)
    assert visitor.questions()[-1] == "ik wil niet meer leven"
    assert visitor.answers()[-1] == "Antwoord op: ik wil niet meer leven"


def test_what_a_busy_server_says_is_shown_once_and_the_message_is_sent_until_it_has_arrived(visitor: Visitor) -> None:
    visitor.open().ask("eerst")
    refused = []

    def refuse(route: Any) -> None:
        refused.append(1)
        if len(refused) > 2:
            route.continue_()
        else:
            route.fulfill(status=503, json={"error": "unavailable", "text": "Er gaat iets mis aan onze kant."})

    visitor.page.route("**/messages", refuse)
    visitor.say("hardnekkig")
    visitor.wait_for_answers(2)
    assert len(refused) == 3
    assert visitor.questions() == ["eerst", "hardnekkig"]
    assert visitor.answers() == ["Antwoord op: eerst", "Antwoord op: hardnekkig"]
    said = visitor.page.locator("schakel-chat .bot .bubble", has_text="Er gaat iets mis aan onze kant.")
    assert said.count() == 1


def test_a_message_still_unsent_at_a_reload_is_sent_after_it(visitor: Visitor, context: Any) -> None:
    visitor.open().ask("eerst")
    visitor.page.route("**/messages", lambda route: route.abort())
    visitor.say("nog onderweg")
    visitor.page.wait_for_selector("schakel-chat .state:not(:empty)")
    visitor.page.unroute("**/messages")
    visitor.page.reload()
    visitor.wait_for_answers(2)
    assert visitor.questions() == ["eerst", "nog onderweg"]
    assert visitor.answers() == ["Antwoord op: eerst", "Antwoord op: nog onderweg"]


def test_two_tabs_show_the_same_conversation(visitor: Visitor, context: Any, network: CuttableNetwork) -> None:
    second = Visitor(context.new_page()).visit(network.address).open()
    visitor.open().ask("van de eerste")
    second.wait_for_answers(1)
    assert second.ask("van de tweede") == "Antwoord op: van de tweede"
    visitor.wait_for_answers(2)
    for tab in (visitor, second):
        assert tab.questions() == ["van de eerste", "van de tweede"]
        assert tab.answers() == ["Antwoord op: van de eerste", "Antwoord op: van de tweede"]


def test_deleting_in_one_tab_empties_the_other(visitor: Visitor, context: Any, network: CuttableNetwork) -> None:
    visitor.open().ask("geheim")
    second = Visitor(context.new_page()).visit(network.address).open()
    second.wait_for_answers(1)
    visitor.page.click("schakel-chat .menu-button")
    visitor.page.click("schakel-chat .menu >> text=Verwijder gesprek")
    visitor.page.click("schakel-chat dialog >> text=Ja, verwijder")
    second.page.wait_for_selector("schakel-chat .note >> text=Dit gesprek bestaat niet meer.")
    assert second.questions() == []


def test_a_slow_network_shows_the_message_at_once_and_sends_it_once(visitor: Visitor, context: Any) -> None:
    visitor.open()
    session = context.new_cdp_session(visitor.page)
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 1500, "downloadThroughput": 6_000, "uploadThroughput": 6_000},
    )
    visitor.say("over een dunne lijn")
    assert visitor.questions() == ["over een dunne lijn"]
    visitor.page.press("#input", "Enter")
    visitor.wait_for_answers(1)
    assert visitor.questions() == ["over een dunne lijn"]
    assert visitor.answers() == ["Antwoord op: over een dunne lijn"]


@pytest.mark.parametrize("token", ["onzin", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ3ZWItYSJ9."])
def test_a_token_that_the_server_does_not_know_gives_a_new_conversation(visitor: Visitor, token: str) -> None:
    visitor.page.evaluate("t => localStorage.setItem(`schakel:${location.host}:token`, t)", token)
    visitor.open()
    assert visitor.ask("hallo") == "Antwoord op: hallo"
