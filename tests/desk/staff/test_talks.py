"""Conversations on the staff page: who waits, taking over, talking, giving back; with and without script."""

from __future__ import annotations

import re
from typing import Any, Dict, List

import pytest

from desk import takeover
from desk.database import Database
from desk.takeover import HumanSide
from shop.settings import Shop
from tests.desk.conftest import TUESDAY, Clock
from tests.desk.staff.conftest import Owner, open_here
from tests.desk.staff.test_cases import SCRIPT
from tests.desk.test_takeover import SILENCE


@pytest.fixture
def human(database: Database, clock: Clock) -> HumanSide:
    return HumanSide(database, clock)


@pytest.fixture
def taken(owner: Owner, database: Database) -> str:
    """The address of a conversation that Marieke just took over."""
    takeover.request(database, "web-1", "web", TUESDAY)
    owner.get("/gesprekken")
    owner.post("/gesprekken/overnemen", conversation="web-1")
    assert owner.told() == "Je praat nu met de klant. De assistent is stil."
    return str(owner.response.request.path)


def lines(page: str) -> List[str]:
    return [" ".join(re.sub("<[^>]+>", " ", item).split()) for item in re.findall(r"<li class=.*?</li>", page, re.S)]


def test_who_asked_for_a_human_is_listed_and_can_be_taken_over(owner: Owner, database: Database, taken: str) -> None:
    assert takeover.running(database)[0].shown_name == "Marieke"
    assert takeover.requests(database, TUESDAY) == []
    assert "De assistent is stil en komt terug als je 15 minuten niets zegt." in owner.page


def test_a_request_can_be_taken_off_the_list(owner: Owner, database: Database) -> None:
    takeover.request(database, "web-1", "web", TUESDAY)
    assert "webchat</strong>, gevraagd zojuist" in owner.get("/gesprekken")
    owner.post("/gesprekken/afwijzen", conversation="web-1")
    assert owner.told() == "Het verzoek is van de lijst. De klant praat verder met de assistent."
    assert "Niemand wacht op een mens." in owner.page


def test_who_is_late_hears_who_was_first(owner: Owner, other: Owner, database: Database) -> None:
    takeover.request(database, "web-1", "web", TUESDAY)
    for one in (owner, other):
        one.get("/gesprekken")
    owner.post("/gesprekken/overnemen", conversation="web-1")
    other.post("/gesprekken/overnemen", conversation="web-1")
    assert other.told() == "Marieke praat al met deze klant."


def test_only_who_asked_can_be_taken_over(owner: Owner, database: Database) -> None:
    owner.get("/gesprekken")
    for conversation in ("web-unknown", "", "x" * 500):
        owner.post("/gesprekken/overnemen", conversation=conversation)
        assert owner.told() == "Dit gesprek kan niet worden overgenomen."
    assert takeover.running(database) == []


def test_a_request_on_a_channel_where_nobody_can_talk_is_not_offered(owner: Owner, database: Database) -> None:
    takeover.request(database, "rest-1", "rest", TUESDAY)
    assert "Niemand wacht op een mens." in owner.get("/gesprekken")


def test_from_a_request_that_is_answered_here_the_conversation_is_reached(
    owner: Owner, database: Database, shop: Shop
) -> None:
    reference = open_here(database, shop)
    owner.get(f"/aanvraag/{reference}")
    owner.post(f"/aanvraag/{reference}/overnemen")
    assert owner.response.request.path == "/gesprek/1"
    assert f"<summary>Aanvraag {reference}</summary>" in owner.page
    assert "Marieke is nu in gesprek." in owner.get(f"/aanvraag/{reference}")


def test_both_sides_are_seen_in_order(owner: Owner, human: HumanSide, taken: str, clock: Clock) -> None:
    human.customer_said("web-1", "web", "dag mevrouw", "m1")
    owner.get(taken)
    owner.post(f"{taken}/zeg", text="Dag! Zegt u het maar.", key=owner.field("key"))
    seen = lines(owner.page)
    assert "Je praat nu met Marieke, een mens." in seen[0]
    assert seen[1] == "klant vandaag 14:00 dag mevrouw"
    assert seen[2] == "Marieke vandaag 14:00 nog niet bezorgd Dag! Zegt u het maar."
    for _ in range(2):
        for line in human.chat_to_deliver("web"):
            human.delivered(line.id)
    assert lines(owner.get(taken))[2] == "Marieke vandaag 14:00 Dag! Zegt u het maar."


def test_a_form_sent_twice_says_it_once(owner: Owner, database: Database, taken: str) -> None:
    key = owner.field("key")
    for _ in range(2):
        owner.post(f"{taken}/zeg", text="hoi", key=key)
    assert [line.text for line in takeover.messages(database, 1)][1:] == ["hoi"]


@pytest.mark.parametrize(
    ("text", "told"), [("", "Vul een tekst in."), ("  ", "Vul een tekst in."), ("x" * 2_001, "Deze tekst is te lang.")]
)
def test_what_can_not_be_said_stays_in_the_field(owner: Owner, taken: str, text: str, told: str) -> None:
    owner.post(f"{taken}/zeg", text=text, key="k")
    assert (owner.status, owner.told()) == (400, told)
    assert f"{text}</textarea>" in owner.page


def test_giving_back(owner: Owner, database: Database, taken: str) -> None:
    owner.post(f"{taken}/vrijgeven")
    assert owner.told() == "De assistent is er weer in dit gesprek."
    assert takeover.running(database) == []
    page = owner.get(taken)
    assert "vrijgegeven." in page
    assert "Verstuur</button>" not in page


def test_talking_after_the_silence_says_that_nothing_was_sent(owner: Owner, taken: str, clock: Clock) -> None:
    clock.forward(minutes=15)
    owner.post(f"{taken}/zeg", text="sorry, was even weg", key="k")
    assert owner.status == 409
    assert owner.told() == "Dit gesprek is al terug bij de assistent. Je bericht is niet verstuurd."
    assert "door stilte terug naar de assistent" in owner.page


def test_somebody_else_may_look_but_not_talk(owner: Owner, other: Owner, human: HumanSide, taken: str) -> None:
    human.customer_said("web-1", "web", "dag", "m1")
    page = other.get(taken)
    assert "Marieke heeft dit gesprek." in page
    assert "Verstuur</button>" not in page
    other.post(f"{taken}/zeg", text="ik ook", key="k")
    assert (other.status, other.told()) == (409, "Marieke praat al met deze klant.")
    other.post(f"{taken}/vrijgeven")
    assert other.status == 409
    assert takeover.unseen(human._opened()) != {}  # a look of somebody else is not hers


def test_an_urgent_message_shows_the_numbers_and_can_be_passed_on_with_one_button(
    owner: Owner, database: Database, human: HumanSide, taken: str
) -> None:
    human.customer_said("web-1", "web", "ik wil niet meer leven", "m1")
    assert "Dringend, 1 nieuw" in owner.get("/gesprekken")
    page = owner.get(taken)
    assert "De assistent zegt nu niets. Geef deze nummers door:" in page
    assert "bel 113 (gratis, anoniem, 24/7)" in page
    assert "typ dan medewerker" not in page
    form = re.search(r'class="pass">.*?</form>', page, re.S).group()  # type: ignore[union-attr]
    fields: Dict[str, Any] = dict(re.findall(r'name="(key|text)" value="([^"]*)"', form))
    owner.post(f"{taken}/zeg", **fields)
    assert "Nederland: bel 113" in takeover.messages(database, 1)[-1].text
    assert "Dringend, 1 nieuw" not in owner.get("/gesprekken")


def test_what_the_assistant_held_back_is_told(owner: Owner, human: HumanSide, taken: str) -> None:
    human.customer_said("web-1", "web", "waar zit het in?", "m1", ["Magnesium zit in noten."])
    expected = "De assistent was hier nog mee bezig. Dit antwoord is niet verstuurd: Magnesium zit in noten."
    assert expected in owner.get(taken)


def test_the_number_in_the_menu_counts_who_waits(owner: Owner, database: Database, human: HumanSide) -> None:
    assert owner.client.get("/stand", base_url=owner.base_url).json == {"count": 0, "text": ""}
    takeover.request(database, "web-1", "web", TUESDAY)
    found = owner.client.get("/stand", base_url=owner.base_url).json
    assert found == {"count": 1, "text": "Er wacht 1 klant in een gesprek."}
    takeover.request(database, "web-2", "web", TUESDAY)
    takeover.start(database, "web-2", "web", takeover.Person("stephan", "S"), SILENCE, TUESDAY)
    human.customer_said("web-2", "web", "ik heb een overdosis genomen", "m1")
    found = owner.client.get("/stand", base_url=owner.base_url).json
    assert found == {"count": 2, "text": "Er is een dringend bericht in een gesprek."}


class Script:
    """The page's own script, as far as the server can tell."""

    def __init__(self, owner: Owner, path: str) -> None:
        self.owner, self.path = owner, path

    def news(self, after: int = 0) -> Any:
        return self.owner.client.get(f"{self.path}/nieuw?na={after}", base_url=self.owner.base_url).json

    def say(self, text: str, key: str = "k") -> Any:
        data = {"csrf_token": self.owner.token(), "text": text, "key": key}
        headers = {"Accept": "application/json"}
        return self.owner.client.post(f"{self.path}/zeg", base_url=self.owner.base_url, data=data, headers=headers)


def test_the_script_gets_only_what_is_new(owner: Owner, human: HumanSide, taken: str) -> None:
    script = Script(owner, taken)
    first = script.news()
    assert [(line["who"], line["notice"]) for line in first["lines"]] == [("", True)]
    human.customer_said("web-1", "web", "ik wil dood", "m1")
    news = script.news(first["lines"][-1]["n"])
    (line,) = news["lines"]
    assert (line["who"], line["text"], line["urgent"], line["time"]) == ("klant", "ik wil dood", True, "14:00")
    assert "bel 113" in line["help"]
    assert news["undelivered"] == {str(first["lines"][0]["n"]): "nog niet bezorgd"}
    assert news["ended"] is False
    assert script.news(line["n"])["lines"] == []


def test_the_script_says_things_and_hears_why_not(owner: Owner, other: Owner, taken: str) -> None:
    script = Script(owner, taken)
    said = script.say("hoi")
    assert (said.status_code, len(said.json["key"])) == (200, 32)
    assert script.say("").json == {"error": "Vul een tekst in."}
    other.get("/")
    assert Script(other, taken).say("ik ook").json == {"error": "Marieke praat al met deze klant."}
    owner.post(f"{taken}/vrijgeven")
    refused = script.say("nog iets", "k2")
    assert refused.status_code == 409
    assert refused.json["error"].endswith("Je bericht is niet verstuurd.")
    assert script.news()["ended"] is True


def test_what_customers_say_never_becomes_markup(owner: Owner, human: HumanSide, taken: str) -> None:
    human.customer_said("web-1", "web", SCRIPT, "m1", [SCRIPT])
    owner.get(taken)
    owner.post(f"{taken}/zeg", text=SCRIPT, key="k")
    assert "alert(" in owner.page
    assert "<script>" not in owner.page
    assert "<img" not in owner.page
    assert Script(owner, taken).news()["lines"][1]["text"] == SCRIPT
