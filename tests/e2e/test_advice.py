"""Personal advice through the really running servers: form, desk, status, own data, faults, canaries in every file."""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple
from urllib.request import Request, urlopen

import pytest

from desk import cases, takeover
from desk.database import Database, open_database
from server.pair import Pair, process_environment
from tests.e2e.conftest import Assistant
from tests.e2e.running import ALWAYS_OPEN, environment_in, files_with

Responses = Dict[str, List[Dict[str, Any]]]
CONSENT = "Mag de winkel je antwoorden hiervoor gebruiken?"
NUMBERS = ("113", "112", "1813")
CANARY = "Kanarie-vraag: ik slaap slecht sinds mijn verhuizing"
TO_SUMMARY = ["persoonlijk advies", "ja, dat mag", "Ik slaap slecht", "slaap", "Jan", "jan@voorbeeld.nl"]


class Desk:
    """The running pair with a shop file of its own, which the tests change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shop = folder / "winkel.yml"
        self.write_shop("openingstijden: {}")
        self.environment = environment_in(folder, shop_file=str(self.shop), public_address="https://chat.voorbeeld.nl")
        self.pair = Pair(self.environment, folder / "log")
        self.assistant = Assistant(self.environment)

    def write_shop(self, hours: str, *more: str) -> None:
        text = Path("winkel.yml").read_text(encoding="utf-8")
        text = text.replace('email: ""', 'email: "info@voorbeeldwinkel.nl"').replace(
            'telefoon: ""', 'telefoon: "0101234567"'
        )
        text = text.replace("openingstijden: {}", hours).replace("feestdagen: [NL, BE]", "feestdagen: []")
        for line in more:
            text = re.sub(rf"^{line.partition(':')[0]}:.*$", line, text, flags=re.MULTILINE)
        self.shop.write_text(text, encoding="utf-8")
        os.utime(self.shop, (self.shop.stat().st_atime, self.shop.stat().st_mtime + uuid.uuid4().int % 10_000))

    def database(self) -> Database:
        return open_database(self.environment.desk_database)

    def cases_of(self, sender: str) -> List[cases.CaseView]:
        database = self.database()
        try:
            return [cases.get_case(database, case.reference) for case in cases.cases_of(database, sender)]
        finally:
            database.close()

    def say(self, text: str, sender: str) -> str:
        return "\n".join(message.get("text") or "" for message in self.assistant.ask(text, sender))

    def talk(self, sender: str, *texts: str) -> str:
        reply = ""
        for text in texts:
            reply = self.say(text, sender)
        return reply

    def expect(self, sender: str, turns: List[Tuple[str, str]]) -> None:
        for number, (customer, expected) in enumerate(turns, 1):
            reply = self.say(customer, sender)
            assert expected in reply, f"turn {number}: {customer}\n{reply}"

    def kill_actions(self) -> None:
        process = self.pair.processes["actions"]
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def start_actions(self) -> None:
        self.pair._spawn("actions", [sys.executable, "-m", "actions.server"])
        self.pair._wait("actions", f"http://127.0.0.1:{self.environment.actions_port}/health")

    def files_with(self, text: str) -> List[str]:
        """See `running.files_with`."""
        return files_with(self.folder, text)


@pytest.fixture(scope="module")
def desk(trained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    desk = Desk(tmp_path_factory.mktemp("desk"))
    desk.pair.start()
    yield desk
    desk.pair.stop()


@pytest.fixture
def sender() -> str:
    return f"klant-{uuid.uuid4().hex}"


def test_a_request_from_the_first_question_to_its_case(desk: Desk, sender: str) -> None:
    desk.write_shop("openingstijden: {}")
    desk.expect(
        sender,
        [
            ("wat is magnesium?", "Magnesium is een essentieel mineraal"),
            ("persoonlijk advies", CONSENT),
            ("ja, dat mag", "Wat wil je vragen?"),
            ("Wat is magnesium? En <b>helpt</b> het bij mij?", "Waar gaat je vraag vooral over?"),
            ("een bestelling", "Hoe mogen zij je noemen?"),
            ("ik heet Jan", "Waar mag het antwoord heen?"),
            ("jan@voorbeeld.nl", "Wat is je bestelnummer?"),
            ("NL-88", "Mag wat we hiervoor in dit gesprek hebben besproken mee"),
            ("ja, stuur mee", "Er is nog niets verstuurd."),
            ("versturen", "Je referentie is A-20"),
        ],
    )
    (case,) = desk.cases_of(sender)
    assert (case.question, case.subject) == ("Wat is magnesium? En <b>helpt</b> het bij mij?", "bestelling")
    assert (case.name, case.contact, case.order_number) == ("Jan", "jan@voorbeeld.nl", "NL-88")
    assert (case.consent_version, case.transcript_agreed, case.urgent) == ("2026-11", True, False)
    assert case.transcript[0].text == "wat is magnesium?"
    assert case.transcript[-1].text == "persoonlijk advies"


def test_who_asks_for_advice_within_the_form_gets_its_question_again(desk: Desk, sender: str) -> None:
    desk.expect(
        sender,
        [
            ("persoonlijk advies", CONSENT),
            ("ja, dat mag", "Wat wil je vragen?"),
            ("Ik slaap slecht", "Waar gaat je vraag vooral over?"),
            ("slaap", "Hoe mogen zij je noemen?"),
            ("persoonlijk advies", "Hoe mogen zij je noemen?"),
            ("Jan", "Waar mag het antwoord heen?"),
            ("persoonlijk advies", "Waar mag het antwoord heen?"),
        ],
    )


def test_a_refusal_gets_phone_and_mail_address_and_nothing_is_kept(desk: Desk, sender: str) -> None:
    desk.write_shop("openingstijden: {}")
    reply = desk.talk(sender, "persoonlijk advies", "nee, liever niet")
    assert "info@voorbeeldwinkel.nl" in reply
    assert "0101234567" in reply
    assert desk.cases_of(sender) == []
    assert "Wat wil je vragen?" not in desk.say("ja", sender)


def test_questions_in_between_are_answered_and_the_form_asks_again(desk: Desk, sender: str) -> None:
    desk.talk(sender, "persoonlijk advies", "ja", "Ik slaap slecht", "slaap")
    for question, answer in (
        ("Wat is melatonine?", "Melatonine is het hormoon"),
        ("wat zijn de verzendkosten?", "€ 60"),
        ("wat doet ijzer in de keten?", "IJzer hoort bij de eerste omzetting"),
        ("ben je een mens?", "geen mens"),
        ("medewerker", "Natuurlijk."),
    ):
        reply = desk.say(question, sender)
        assert answer in reply, question
        assert reply.endswith("en overslaan mag ook."), reply
    assert "Waar mag het antwoord heen?" in desk.say("Jan", sender)


@pytest.mark.parametrize("count", range(1, len(TO_SUMMARY) + 1))
def test_stop_works_at_every_step_and_leaves_nothing(desk: Desk, sender: str, count: int) -> None:
    desk.talk(sender, *TO_SUMMARY[:count])
    assert desk.say("stop", sender) == "Goed, we stoppen. Er is niets verstuurd en je antwoorden zijn gewist."
    assert "nog eens" not in desk.say("versturen", sender)
    assert desk.cases_of(sender) == []


@pytest.mark.parametrize(
    "text", ["ik wil niet meer leven", "ik krijg geen lucht en heb pijn op de borst", "mijn man slaat mij"]
)
@pytest.mark.parametrize("count", [2, 4, 6])
def test_an_urgent_matter_ends_the_form_at_any_step_and_makes_a_later_case_urgent(
    desk: Desk, sender: str, count: int, text: str
) -> None:
    desk.talk(sender, *TO_SUMMARY[:count])
    reply = desk.say(text, sender)
    assert "112" in reply
    assert "?" not in reply.splitlines()[-1]
    assert "Typ je e-mailadres" not in reply
    assert "Versturen" not in reply
    assert "vraag" not in desk.say("wat is magnesium?", sender).splitlines()[-1].lower()
    if count == 4:
        reply = desk.talk(sender, *TO_SUMMARY, "nee, niet meesturen", "versturen")
        assert "Je referentie is" in reply
        (case,) = desk.cases_of(sender)
        assert case.urgent
        assert case.notes[0].text.startswith("Dringend:")


@pytest.mark.parametrize(
    ("text", "safety", "note"),
    [
        ("mag ik magnesium bij mijn antidepressiva sertraline?", "arts of apotheker", "medicijnen"),
        ("ik ben zwanger, wat mag ik slikken?", "verloskundige", "zwangerschap"),
        ("mijn dochter van 9 slaapt slecht, mag zij melatonine?", "huisarts", "onder de 18"),
        ("ik heb nierfalen, is magnesium dan veilig?", "apotheker", "aandoening"),
    ],
)
def test_levels_five_and_six_are_answered_noted_and_the_form_goes_on(
    desk: Desk, sender: str, text: str, safety: str, note: str
) -> None:
    desk.talk(sender, "persoonlijk advies", "ja")
    reply = desk.say(text, sender)
    assert safety in reply
    assert "Waar gaat je vraag vooral over?" in reply
    desk.talk(sender, "iets anders", "overslaan", "antwoord hier", "versturen")
    (case,) = desk.cases_of(sender)
    assert (case.question, case.urgent) == (text, False)
    assert note in case.notes[0].text


def test_three_wrong_answers_bring_the_offer_to_skip_or_stop(desk: Desk, sender: str) -> None:
    desk.talk(sender, *TO_SUMMARY[:5])
    for wrong in ("jan@", "06-1"):
        assert "overslaan?" not in desk.say(wrong, sender)
    messages = desk.assistant.ask("jan apestaartje", sender)
    assert [b["title"] for m in messages for b in m.get("buttons", [])] == ["Overslaan", "Stoppen", "Antwoord hier"]
    assert "Antwoord: hier in deze chat" in desk.say("overslaan", sender)


def test_any_part_can_be_changed_before_it_is_sent(desk: Desk, sender: str) -> None:
    desk.talk(sender, *TO_SUMMARY)
    desk.expect(
        sender,
        [
            ("aanpassen", "Wat wil je aanpassen?"),
            ("mijn naam", "Hoe mogen zij je noemen?"),
            ("Piet", "Naam: Piet"),
            ("mijn vraag klopt niet", "Wat wil je vragen?"),
            ("Ik ben erg moe", "Vraag: Ik ben erg moe"),
            ("terug", "Waar mag het antwoord heen?"),
            ("+32 470 12 34 56", "Antwoord per telefoon op: +32470123456"),
            ("annuleren", "Er is niets verstuurd"),
        ],
    )


def test_pressing_send_twice_or_in_two_tabs_makes_one_case(desk: Desk, sender: str) -> None:
    desk.talk(sender, *TO_SUMMARY)
    first = desk.say("versturen", sender)
    again = [desk.say("versturen", sender) for _ in range(2)]
    (case,) = desk.cases_of(sender)
    assert case.reference in first
    assert again == [f"Je aanvraag is al verstuurd, precies één keer. Je referentie is {case.reference}."] * 2


def test_a_second_request_in_the_same_conversation_is_a_second_case(desk: Desk, sender: str) -> None:
    for _ in range(2):
        desk.talk(sender, *TO_SUMMARY)
        desk.talk(sender, "nee, niet meesturen", "versturen")
    assert len(desk.cases_of(sender)) == 2


def test_the_self_check_goes_along_when_the_customer_wants_it(desk: Desk, sender: str) -> None:
    desk.talk(sender, "ketencheck", "nee", "ja", "ja", "soms", "ja", "persoonlijk advies", "ja", "Wat past bij mij?")
    desk.talk(sender, "iets anders", "overslaan", "antwoord hier", "nee, niet meesturen")
    reply = desk.say("ja, stuur mee", sender)
    assert "Je antwoorden uit de zelfcheck gaan mee" in reply
    desk.say("versturen", sender)
    (case,) = desk.cases_of(sender)
    assert case.self_check == {
        **{"Slaapritme": "nee", "Eiwit bij maaltijden": "ja", "Stress": "ja", "Buik": "soms", "Daglicht": "ja"}
    }
    assert not case.transcript_agreed


def test_the_promise_comes_from_the_opening_hours(desk: Desk, sender: str) -> None:
    desk.write_shop(ALWAYS_OPEN)
    assert "antwoorden voor morgen 23:59 per mail" in desk.talk(sender, *TO_SUMMARY, "versturen")
    assert "Dat krijg je voor morgen 23:59." in desk.say("hoe staat het met mijn aanvraag?", sender)


def test_asking_for_a_human_while_the_shop_is_open_reaches_the_owners(desk: Desk, sender: str) -> None:
    desk.write_shop(ALWAYS_OPEN)
    assert "Ik heb Stephan van Went en Marieke laten weten dat je op iemand wacht" in desk.say("medewerker", sender)
    database = desk.database()
    waiting = [r.conversation for r in takeover.requests(database, dt.datetime.now(dt.timezone.utc))]
    database.close()
    assert sender in waiting


def test_asking_for_a_human_outside_opening_hours_says_when_and_offers_the_form(desk: Desk, sender: str) -> None:
    until = dt.date.today() + dt.timedelta(days=3)
    desk.write_shop(ALWAYS_OPEN, f'sluitingsdagen: ["2020-01-01..{until}"]')
    reply = desk.say("medewerker", sender)
    assert "Op dit moment is er niemand" in reply
    assert f"{(until + dt.timedelta(days=1)).day}" in reply
    assert CONSENT in desk.say("ja graag", sender)


def test_without_opening_hours_it_admits_not_to_know(desk: Desk, sender: str) -> None:
    desk.write_shop("openingstijden: {}")
    assert "de winkel heeft mij geen openingstijden gegeven" in desk.say("medewerker", sender)


def test_the_status_is_told_in_the_same_conversation_and_elsewhere_only_after_proof(desk: Desk, sender: str) -> None:
    desk.write_shop("openingstijden: {}")
    desk.talk(sender, *TO_SUMMARY, "versturen")
    reference = desk.cases_of(sender)[0].reference
    other = f"{sender}-anders"
    desk.expect(
        other,
        [
            ("hoe staat het met mijn aanvraag?", "Wat is je referentie"),
            (reference, "Bij welk e-mailadres of telefoonnummer"),
            ("piet@voorbeeld.nl", "Bij die gegevens vind ik geen aanvraag."),
            (f"{reference} jan@voorbeeld.nl", f"Je aanvraag {reference} is ontvangen"),
            ("A-2020-0001 jan@voorbeeld.nl", "Bij die gegevens vind ik geen aanvraag."),
        ],
    )
    assert f"Je aanvraag {reference} is ontvangen" in desk.say("hoe staat het met mijn aanvraag?", sender)


def test_wrong_proofs_are_limited(desk: Desk, sender: str) -> None:
    replies = [desk.say(f"A-2020-000{i} piet@voorbeeld.nl", sender) for i in range(7)]
    assert replies[-1].startswith("Dat klopte te vaak niet.")


def test_contact_details_and_the_question_are_nowhere_but_in_the_case(desk: Desk, sender: str) -> None:
    canaries = {
        "question": CANARY,
        "name": "Kanariënaam",
        "email": "kanarie.mail@voorbeeld.nl",
        "wrong": "kanarie.fout@voorbeeld",
        "order": "KANARIE-4711",
    }
    desk.talk(sender, "persoonlijk advies", "ja", canaries["question"], "een bestelling", f"ik heet {canaries['name']}")
    desk.talk(sender, canaries["wrong"], f"mail naar {canaries['email']}", canaries["order"])
    assert desk.files_with("kanarie.mail") != []
    assert "Je referentie is" in desk.say("versturen", sender)
    for canary in canaries.values():
        assert set(desk.files_with(canary)) <= {"desk.db", "desk.db-wal"}, canary
    stored = sqlite3.connect(desk.environment.conversations)
    texts = "".join(row[0] for row in stored.execute("select data from events where sender_id = ?", (sender,)))
    stored.close()
    assert texts.count("[verwijderd]") > 5


@pytest.mark.parametrize("end", ["stop", "ik wil niet meer leven"])
def test_nothing_private_stays_when_the_form_ends_otherwise(desk: Desk, sender: str, end: str) -> None:
    canary = f"kanarie.{uuid.uuid4().hex}@voorbeeld.nl"
    desk.talk(sender, "persoonlijk advies", "ja", "Kort", "slaap", "overslaan", canary)
    assert desk.files_with(canary) != []
    desk.say(end, sender)
    assert desk.files_with(canary) == []


def test_the_address_typed_as_proof_does_not_stay(desk: Desk, sender: str) -> None:
    canary = f"kanarie.{uuid.uuid4().hex}@voorbeeld.nl"
    desk.say(f"A-2026-9999 {canary}", sender)
    assert desk.files_with(canary) == []


def test_own_data_are_shown_and_erased_after_a_yes(desk: Desk, sender: str) -> None:
    desk.talk(sender, *TO_SUMMARY, "versturen")
    reference = desk.cases_of(sender)[0].reference
    assert "Zal ik het tonen?" in desk.say("welke gegevens hebben jullie van mij?", sender)
    shown = desk.say("ja graag", sender)
    assert f"Aanvraag {reference}" in shown
    assert "j…@voorbeeld.nl" in shown
    assert "Zal ik alles wissen?" in desk.say("verwijder al mijn gegevens", sender)
    desk.say("nee dank je", sender)
    assert len(desk.cases_of(sender)) == 1
    assert desk.talk(sender, "verwijder al mijn gegevens", "ja graag").startswith(
        "Alles is gewist: dit gesprek en 1 aanvraag"
    )
    assert desk.cases_of(sender) == []
    stored = sqlite3.connect(desk.environment.conversations)
    assert stored.execute("select count(*) from events where sender_id = ?", (sender,)).fetchone() == (0,)
    stored.close()


def test_a_request_of_another_conversation_is_erased_with_reference_and_address(desk: Desk, sender: str) -> None:
    desk.talk(sender, *TO_SUMMARY, "versturen")
    reference = desk.cases_of(sender)[0].reference
    other = f"{sender}-anders"
    assert "vind ik niets" in desk.say(f"verwijder mijn gegevens {reference} piet@voorbeeld.nl", other)
    assert len(desk.cases_of(sender)) == 1
    assert f"Aanvraag {reference} is gewist" in desk.say(f"verwijder mijn gegevens {reference} jan@voorbeeld.nl", other)
    assert desk.cases_of(sender) == []


def test_the_form_survives_the_action_server_killed_at_every_step(desk: Desk, sender: str) -> None:
    turns = [*TO_SUMMARY, "versturen"]
    for number, text in enumerate(turns):
        desk.kill_actions()
        broken = desk.say(text, sender)
        assert "Er gaat iets mis aan onze kant" in broken, (number, broken)
        if 0 < number < len(turns) - 1 and number != 2:
            faq = desk.say("Wat is melatonine?", sender)
            assert "Melatonine is het hormoon" in faq, "answers and safety need no action server"
        desk.start_actions()
        assert "mis aan onze kant" not in desk.say(text, sender), text
    (case,) = desk.cases_of(sender)
    assert (case.question, case.subject, case.name, case.contact) == (
        *("Ik slaap slecht", "slaap", "Jan", "jan@voorbeeld.nl"),
    )


@pytest.mark.parametrize("text", ["ik wil niet meer leven", "mag ik magnesium bij sertraline?"])
def test_a_safety_reply_within_the_form_needs_no_action_server(desk: Desk, sender: str, text: str) -> None:
    desk.talk(sender, *TO_SUMMARY[:2])
    desk.kill_actions()
    reply = desk.say(text, sender)
    desk.start_actions()
    assert "arts" in reply or "113" in reply
    assert "mis aan onze kant" not in reply


def test_a_half_filled_form_survives_a_restart_of_everything(desk: Desk, sender: str) -> None:
    desk.talk(sender, *TO_SUMMARY[:4])
    desk.pair.stop()
    desk.pair.start()
    reply = desk.talk(sender, "Jan", "jan@voorbeeld.nl")
    assert "Vraag: Ik slaap slecht\nOnderwerp: slaap\nNaam: Jan\nAntwoord per mail naar: jan@voorbeeld.nl" in reply


def test_a_locked_database_keeps_the_answers_and_send_works_afterwards(desk: Desk, sender: str) -> None:
    desk.talk(sender, *TO_SUMMARY)
    lock = sqlite3.connect(desk.folder / "desk.db", isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    try:
        reply = desk.say("versturen", sender)
    finally:
        lock.execute("ROLLBACK")
        lock.close()
    assert "Je antwoorden staan nog klaar: druk over een minuut nog eens op Versturen." in reply
    assert "Je referentie is" in desk.say("versturen", sender)
    assert len(desk.cases_of(sender)) == 1


def test_script_in_every_field_is_kept_as_text_or_refused(desk: Desk, sender: str) -> None:
    script = "<script>alert(1)</script> help"
    desk.talk(sender, "persoonlijk advies", "ja", script)
    for text, expected in (
        (script, "Dat onderwerp ken ik niet."),
        ("een bestelling", "Hoe mogen zij je noemen?"),
        (script, "Dat lijkt geen naam."),
        ("overslaan", "Waar mag het antwoord heen?"),
        ("<script>alert(1)</script>@voorbeeld.nl", "klopt niet helemaal"),
        ("jan@voorbeeld.nl\r\nBcc: piet@voorbeeld.nl", "Ik zie er meer dan één."),
        ("antwoord hier", "Wat is je bestelnummer?"),
        ("overslaan", "Er is nog niets verstuurd."),
        ("versturen", "Je referentie is"),
    ):
        assert expected in desk.say(text, sender), text
    assert desk.cases_of(sender)[0].question == script


def test_a_question_that_is_much_too_long_gets_a_clear_message_and_the_form_stays(desk: Desk, sender: str) -> None:
    desk.talk(sender, "persoonlijk advies", "ja")
    status, body = desk.assistant.post(json.dumps({"sender": sender, "message": "a" * 10_000}).encode())
    assert (status, "minder dan 2000 tekens" in body["text"]) == (413, True)
    assert "Waar gaat je vraag vooral over?" in desk.say("slaap " * 333, sender)


def test_the_settings_reach_the_action_server(desk: Desk) -> None:
    command = [sys.executable, "-c", "from shop.settings import load_environment as e; print(e().outside)"]
    output = subprocess.run(
        command, capture_output=True, text=True, env=process_environment(desk.environment), check=True
    )
    assert output.stdout.strip() == "https://chat.voorbeeld.nl"


class Visitor:
    """A visitor of the web chat, without a browser."""

    def __init__(self, desk: Desk) -> None:
        self.address = f"{desk.assistant.address}/webhooks/web"
        self.origin = desk.assistant.address
        self.token = self.call("POST", "/session", {})["token"]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Content-Type": "application/json", "Origin": self.origin}
        if path != "/session":
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(self.address + path, data, headers, method=method), timeout=60) as reply:
            return json.load(reply)

    def history(self) -> List[Dict[str, Any]]:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            found = self.call("GET", "/history")
            events: List[Dict[str, Any]] = found["events"]
            if not found["busy"] and (not events or events[-1]["kind"] != "user"):
                return events
        raise AssertionError("no answer")

    def say(self, *texts: str) -> str:
        for text in texts:
            self.call("POST", "/messages", {"id": uuid.uuid4().hex, "text": text})
            events = self.history()
        return str(events[-1].get("text"))


def test_in_the_web_chat_nothing_private_stays_either(desk: Desk) -> None:
    canary = f"kanarie.{uuid.uuid4().hex}@voorbeeld.nl"
    visitor = Visitor(desk)
    assert "Er is nog niets verstuurd." in visitor.say(*TO_SUMMARY[:5], canary)
    assert "Je referentie is" in visitor.say("versturen")
    assert set(desk.files_with(canary)) <= {"desk.db", "desk.db-wal"}
    said = [event.get("text", "") for event in visitor.history()]
    assert "[verwijderd]" in said
    assert any("Antwoord per mail naar: [verwijderd]" in text for text in said)


def test_erasing_in_the_web_chat_leaves_only_the_reply_that_says_so(desk: Desk) -> None:
    visitor = Visitor(desk)
    visitor.say(*TO_SUMMARY, "versturen", "verwijder al mijn gegevens")
    assert visitor.say("ja graag").startswith("Alles is gewist:")
    (left,) = visitor.history()
    assert left["text"].startswith("Alles is gewist:")
    assert "Ik ben de digitale assistent" in visitor.say("hallo")


FAULT_RUNS = int(os.environ.get("FAULT_RUNS", "5"))


def test_killing_the_action_server_at_any_moment_of_sending_loses_and_doubles_nothing(desk: Desk) -> None:
    moments = random.Random(2026)
    seen = {"reply before the kill": 0, "apology": 0}
    for number in range(FAULT_RUNS):
        sender = f"storing-{uuid.uuid4().hex}"
        desk.talk(sender, *TO_SUMMARY)
        kill = threading.Timer(moments.uniform(0, 0.3), desk.kill_actions)
        kill.start()
        first = desk.say("versturen", sender)
        kill.join()
        desk.start_actions()
        seen["reply before the kill" if "Je referentie is" in first else "apology"] += 1
        last = desk.say("versturen", sender)
        (case,) = desk.cases_of(sender)
        assert case.reference in last, (number, first, last)
        assert case.contact == "jan@voorbeeld.nl"
    assert sum(seen.values()) == FAULT_RUNS
    print(seen)


def test_killing_everything_while_sending_in_the_web_chat_loses_and_doubles_nothing(desk: Desk) -> None:
    moments = random.Random(11)
    for _ in range(max(1, FAULT_RUNS // 5)):
        canary = f"kanarie.{uuid.uuid4().hex}@voorbeeld.nl"
        visitor = Visitor(desk)
        visitor.say(*TO_SUMMARY[:5], canary)
        visitor.call("POST", "/messages", {"id": uuid.uuid4().hex, "text": "versturen"})  # accepted
        killed = threading.Event()
        killed.wait(moments.uniform(0, 0.15))
        for name in ("rasa", "actions", "desk"):
            os.killpg(desk.pair.processes[name].pid, signal.SIGKILL)
            desk.pair.processes[name].wait()
        desk.pair.start()
        said = [str(event.get("text")) for event in visitor.history()]
        assert any("Je referentie is" in text for text in said), said[-2:]
        database = desk.database()
        found = cases.list_cases(database, search=canary)
        database.close()
        assert len(found) == 1
        soon = threading.Event()
        for _ in range(200):  # the log is cleaned right after the reply, and waits for whoever reads it just then
            if set(desk.files_with(canary)) <= {"desk.db", "desk.db-wal"} or soon.wait(0.1):
                break
        assert set(desk.files_with(canary)) <= {"desk.db", "desk.db-wal"}
