"""The advice desk from Telegram and WhatsApp: form, takeover, own data, over the really running servers.

Telegram and Meta are stand-ins that refuse what the real ones refuse.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import sqlite3
import time
import uuid
from pathlib import Path
from typing import Any, Callable, Iterator, List, Tuple

import pytest

from content.texts import load_texts
from desk import accounts, cases, takeover
from desk.database import Database, open_database
from desk.takeover import Person
from shop.settings import load_shop
from tests.channels.fakes import graph as meta
from tests.channels.fakes.graph import GraphApi, Template
from tests.channels.fakes.telegram import TOKEN, BotServer
from tests.e2e.running import ALWAYS_OPEN, environment_in, files_with, started

MARIEKE = Person("marieke", "Marieke")
SILENCE = dt.timedelta(minutes=15)
OUTSIDE = "https://chat.mijnwinkel.example"
BEGIN = "Je praat nu met Marieke, een mens. De assistent is even stil. Gaat het om een noodgeval, bel dan 112."
END = "Marieke heeft het gesprek afgerond. De assistent is er weer: een computer, geen mens."
TEXTS = {name: variations[0]["text"] for name, variations in load_texts().items()}


def now() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc)


class Running:
    """All three servers with both channels, and where they keep things."""

    def __init__(self, folder: Path, telegram: BotServer, graph: GraphApi) -> None:
        self.folder, self.telegram, self.graph = folder, telegram, graph
        shop = Path("winkel.yml").read_text(encoding="utf-8").replace("openingstijden: {}", ALWAYS_OPEN)
        shop = shop.replace("feestdagen: [NL, BE]", "feestdagen: []")
        (folder / "winkel.yml").write_text(shop, encoding="utf-8")
        self.environment = environment_in(
            folder,
            shop_file=str(folder / "winkel.yml"),
            public_address=OUTSIDE,
            telegram_token=TOKEN,
            telegram_api=telegram.address,
            whatsapp_token=graph.token,
            whatsapp_number_id=graph.phone_number_id,
            whatsapp_app_secret=graph.app_secret,
            whatsapp_verify_token="een-woord-van-ons",
            whatsapp_api=graph.address,
            whatsapp_template="antwoord",
        )

    def rows_with(self, text: str) -> List[str]:
        """Statements that would make the rows of all databases that hold the text."""
        found: List[str] = []
        for path in sorted(self.folder.glob("*.db")):
            with contextlib.closing(sqlite3.connect(path)) as connection:
                found += [f"{path.name}: {line}" for line in connection.iterdump() if text in line]
        return found

    def only_in(self, text: str, *files: str) -> None:
        """Waits until no other file than these holds the text."""
        deadline = time.monotonic() + 10
        while not set(found := files_with(self.folder, text)) <= set(files):
            assert time.monotonic() < deadline, (text, found)


@pytest.fixture(scope="module")
def running(trained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with BotServer(reachable=(OUTSIDE,)) as telegram, GraphApi(templates={"antwoord": Template(("nl",), 1)}) as graph:
        made = Running(tmp_path_factory.mktemp("apps"), telegram, graph)
        graph.webhook = f"http://{made.environment.host}:{made.environment.port}/webhooks/whatsapp/webhook"
        with started(made.environment, made.folder / "log"):
            yield made


@pytest.fixture
def database(running: Running) -> Iterator[Database]:
    opened = open_database(running.environment.desk_database)
    if not accounts.list_accounts(opened):
        accounts.add_account(opened, "marieke", "Marieke", "", "een goed wachtwoord", now())
    yield opened
    opened.close()


class Talk:
    """A customer's conversation on either channel."""

    def __init__(self, customer: Any, channel: str) -> None:
        self.customer, self.channel = customer, channel
        self.conversation = str(customer.conversation)
        self._read = 0

    def texts(self) -> List[str]:
        return [sent.text for sent in self.customer.received()]

    def wait_for(self, text: str) -> str:
        """The first message not read yet that holds this text; all up to it count as read."""
        while True:
            new = self.texts()[self._read :]
            for number, found in enumerate(new, 1):
                if text in found:
                    self._read += number
                    return found
            try:
                self.customer.hears(self._read + len(new), timeout=30)
            except AssertionError:
                raise AssertionError(f"{text!r} did not come: {new}") from None

    def says(self, text: str, expected: str) -> str:
        self.customer.says(text)
        return self.wait_for(expected)

    def presses(self, title: str, expected: str) -> str:
        self.customer.presses(title)
        return self.wait_for(expected)

    @property
    def unread(self) -> List[str]:
        return self.texts()[self._read :]


@pytest.fixture
def on_telegram(running: Running) -> Talk:
    return Talk(running.telegram.customer(4_000_000 + uuid.uuid4().int % 10**6), "telegram")


@pytest.fixture
def on_whatsapp(running: Running) -> Talk:
    number = uuid.uuid4().int % 10**7
    customer: meta.Customer = running.graph.customer(user=f"NL.{number}", phone=f"3161{number:07d}")
    return Talk(customer, "whatsapp")


def eventually(check: Callable[[], Any], timeout: float = 20) -> Any:
    """Looks again and again until the check gives something."""
    deadline = time.monotonic() + timeout
    while not (found := check()):
        assert time.monotonic() < deadline, found
        os.sched_yield()
    return found


def fill_in(talk: Talk, *, mail: str, name: str = "Jan", question: str = "Ik slaap slecht") -> None:
    """The form up to its summary."""
    talk.says("persoonlijk advies", "Mag de winkel je antwoorden hiervoor gebruiken?")
    talk.says("ja, dat mag", "Wat wil je vragen?")
    talk.says(question, "Waar gaat je vraag vooral over?")
    talk.presses("Slaap", "Hoe mogen zij je noemen?")
    talk.says(f"ik heet {name}", "Waar mag het antwoord heen?")
    talk.says("kanarie.fout@voorbeeld", "klopt niet helemaal")
    talk.says(mail, "Er is nog niets verstuurd.")


# --- the form --------------------------------------------------------------------------------------------------------


def test_the_advice_form_over_telegram_leaves_private_words_only_in_the_case(
    running: Running, database: Database, on_telegram: Talk
) -> None:
    canaries = ["Kanarie-vraag over slapen", "Kanarienaam", "kanarie.mail@voorbeeld.nl", "kanarie.fout@voorbeeld"]
    fill_in(on_telegram, mail=canaries[2], name=canaries[1], question=canaries[0])
    assert files_with(running.folder, canaries[2]) != []
    on_telegram.presses("Versturen", "Je referentie is A-20")
    (case,) = cases.cases_of(database, on_telegram.conversation)
    view = cases.get_case(database, case.reference)
    assert (view.question, view.name, view.contact, view.channel) == (*canaries[:3], "telegram")
    for canary in canaries:
        running.only_in(canary, "desk.db", "desk.db-wal")
    assert running.telegram.refused == []
    # What waits is sent once: pressing again makes no second case.
    on_telegram.says("versturen", "al verstuurd, precies één keer")
    assert len(cases.cases_of(database, on_telegram.conversation)) == 1


def test_stopping_the_form_over_telegram_leaves_nothing(running: Running, on_telegram: Talk) -> None:
    canary = f"kanarie.{uuid.uuid4().hex}@voorbeeld.nl"
    fill_in(on_telegram, mail=canary)
    on_telegram.says("stop", "Er is niets verstuurd")
    running.only_in(canary)


def test_whatsapp_gets_the_address_of_the_web_form_and_no_questions(
    running: Running, database: Database, on_whatsapp: Talk
) -> None:
    assert OUTSIDE in on_whatsapp.says("persoonlijk advies", OUTSIDE)
    on_whatsapp.says("ik slaap slecht, wat is magnesium?", "agnesium")
    assert not any("Waar gaat je vraag" in text for text in on_whatsapp.texts())
    assert cases.cases_of(database, on_whatsapp.conversation) == []
    assert running.graph.refused == []


# --- takeover --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["telegram", "whatsapp"])
def test_an_owner_takes_over_both_sides_talk_and_the_assistant_comes_back(
    running: Running, database: Database, request: pytest.FixtureRequest, channel: str
) -> None:
    talk: Talk = request.getfixturevalue(f"on_{channel}")
    talk.says("wat is magnesium?", "agnesium")
    talk.says("medewerker", "laten weten dat je op iemand wacht")
    waiting = {(one.conversation, one.channel) for one in takeover.requests(database, now())}
    assert (talk.conversation, channel) in waiting
    number = takeover.start(database, talk.conversation, channel, MARIEKE, SILENCE, now())
    talk.wait_for(BEGIN)
    assert talk.unread == []
    talk.customer.says("wat is serotonine?")
    talk.customer.says("ik wil niet meer leven")
    heard = eventually(lambda: _said(database, number, "customer", 2))
    assert heard == [("wat is serotonine?", False), ("ik wil niet meer leven", True)]
    takeover.say(database, number, MARIEKE, "Ik ben er. Bel 113.\n\nWat is er?", "k1", now())
    takeover.say(database, number, MARIEKE, "Ik blijf bij je.", "k2", now())
    assert talk.wait_for("Ik ben er.") == "Marieke: Ik ben er. Bel 113.\n\nWat is er?"
    assert talk.wait_for("Ik blijf") == "Marieke: Ik blijf bij je."
    eventually(lambda: takeover.undelivered(database, number) == {})
    takeover.release(database, number, MARIEKE, now())
    talk.customer.says("wat doet ijzer?")  # before or after the line that says who is back: never ahead of it
    talk.wait_for(END)
    eventually(lambda: talk.unread)
    talk.says("welke producten hebben jullie?", "")
    said = talk.texts()
    between = said[said.index(BEGIN) + 1 : said.index(END)]
    assert between == ["Marieke: Ik ben er. Bel 113.\n\nWat is er?", "Marieke: Ik blijf bij je."]
    assert said.count(END) == said.count(BEGIN) == 1
    assert (running.telegram.refused, running.graph.refused) == ([], [])


def _said(database: Database, number: int, author: str, most: int) -> List[Tuple[str, bool]]:
    found = [(m.text, bool(m.urgent)) for m in takeover.messages(database, number) if m.author == author]
    return found if len(found) >= most else []


def test_an_answer_to_a_request_arrives_in_telegram_with_its_reference(
    running: Running, database: Database, on_telegram: Talk
) -> None:
    on_telegram.says("persoonlijk advies", "Mag de winkel")
    for text, expected in (
        ("ja", "Wat wil je vragen?"),
        ("Ik ben moe", "Waar gaat je vraag"),
        ("slaap", "Hoe mogen zij"),
        ("overslaan", "Waar mag het antwoord heen?"),
        ("antwoord hier", "Er is nog niets verstuurd"),
        ("versturen", "Je referentie is"),
    ):
        on_telegram.says(text, expected)
    (case,) = cases.cases_of(database, on_telegram.conversation)
    shop = load_shop(running.folder / "winkel.yml")
    cases.answer(database, case.reference, "Bel je huisarts eens.", "marieke", shop, now(), key="k", way="chat")
    text = on_telegram.wait_for("Bel je huisarts eens.")
    assert text == f"Antwoord van Marieke, een mens, op je aanvraag {case.reference}:\n\nBel je huisarts eens."


# --- own data --------------------------------------------------------------------------------------------------------


def test_own_data_are_shown_and_erased_over_telegram(running: Running, database: Database, on_telegram: Talk) -> None:
    canary = f"kanarie.{uuid.uuid4().hex}@voorbeeld.nl"
    fill_in(on_telegram, mail=canary)
    on_telegram.says("versturen", "Je referentie is A-20")
    reference = cases.cases_of(database, on_telegram.conversation)[0].reference
    number = takeover.start(database, on_telegram.conversation, "telegram", MARIEKE, SILENCE, now())
    on_telegram.wait_for(BEGIN)
    takeover.say(database, number, MARIEKE, "Kanarie-antwoord van de eigenaar", "k1", now())
    on_telegram.wait_for("Kanarie-antwoord")
    eventually(lambda: takeover.undelivered(database, number) == {})
    takeover.release(database, number, MARIEKE, now())
    on_telegram.wait_for(END)
    on_telegram.says("welke gegevens hebben jullie van mij?", "Zal ik het tonen?")
    assert f"Aanvraag {reference}" in on_telegram.says("ja graag", "Aanvraag")
    on_telegram.says("/wissen", "Zal ik alles wissen?")
    heard = len(on_telegram.texts())
    on_telegram.says("ja graag", "Alles is gewist: dit gesprek en 1 aanvraag")
    assert len(on_telegram.texts()) == heard + 1
    assert cases.cases_of(database, on_telegram.conversation) == []
    for gone in (canary, "Kanarie-antwoord"):
        running.only_in(gone)
    # Of the id SQLite may keep a piece in the slack of an index page; no row has it.
    eventually(lambda: running.rows_with(str(on_telegram.customer.chat)) == [])
    assert TEXTS["disclosure"].split("{")[0] in on_telegram.says("wat is magnesium?", "agnesium")
    assert sum("Alles is gewist" in text for text in on_telegram.texts()) == 1
