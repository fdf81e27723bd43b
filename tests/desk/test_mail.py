"""Mail to the owners and the customer, over a real SMTP server."""

from __future__ import annotations

import datetime as dt
import itertools
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Callable, List

import pytest

from desk import mail as mail_module
from desk import outbox, takeover
from desk.cases import Contact, answer, close, get_case, open_case
from desk.database import Database
from desk.mail import NotConfigured, smtp_settings
from desk.worker import Worker
from shop.settings import Environment, Shop
from tests.desk.conftest import Clock, a_request
from tests.services import MailServer

Deliver = Callable[[], None]


def test_the_owners_and_the_customer_each_get_one_mail(
    database: Database, shop: Shop, clock: Clock, deliver: Deliver, mail_server: MailServer
) -> None:
    open_case(database, a_request(), shop, clock())
    deliver()
    deliver()
    assert sorted(mail_server.recipients) == ["info@testwinkel.nl", "jan@klant.nl"]
    assert outbox.counts(database) == {"mail done": 3}


def test_the_mail_to_the_owners_tells_the_case_and_a_reply_goes_to_the_customer(
    database: Database, shop: Shop, clock: Clock, deliver: Deliver, mail_server: MailServer
) -> None:
    shop.advies_email = ["an@testwinkel.nl", "jo@testwinkel.nl"]
    open_case(database, a_request(order_number="1234"), shop, clock())
    deliver()
    to_owners = [mail for mail in mail_server.received if mail.recipient != "jan@klant.nl"]
    assert sorted(mail.recipient for mail in to_owners) == ["an@testwinkel.nl", "jo@testwinkel.nl"]
    mail = to_owners[0]
    assert mail.sender == "info@testwinkel.nl"
    assert mail.message["Subject"] == "Nieuwe adviesaanvraag A-2026-0001: slaap"
    assert mail.message["From"] == "Testwinkel <info@testwinkel.nl>"
    assert mail.message["Reply-To"] == "Jan de Vries <jan@klant.nl>"
    assert "Beloofd:      antwoord voor woensdag 25 november 17:00\n" in mail.text
    assert "Antwoord via: e-mail jan@klant.nl\nBestelnummer: 1234\n" in mail.text
    assert "Vraag:\n\nIk slaap slecht. Wat kan ik doen?\n" in mail.text


def test_an_urgent_case_says_so_first(
    database: Database, shop: Shop, clock: Clock, deliver: Deliver, mail_server: MailServer
) -> None:
    open_case(database, a_request(urgent=True, contact=Contact("phone", "0612345678")), shop, clock())
    deliver()
    (mail,) = mail_server.received
    assert mail.message["Subject"] == "DRINGEND: Nieuwe adviesaanvraag A-2026-0001: slaap"
    assert mail.message["Reply-To"] is None
    assert "Antwoord via: telefoon +31612345678\n" in mail.text


def test_the_confirmation_tells_reference_and_promise_and_repeats_nothing_of_the_question(
    database: Database, shop: Shop, clock: Clock, deliver: Deliver, mail_server: MailServer
) -> None:
    open_case(database, a_request(), shop, clock())
    deliver()
    mail = next(mail for mail in mail_server.received if mail.recipient == "jan@klant.nl")
    assert mail.message["Subject"] == "Je vraag aan Testwinkel is aangekomen (A-2026-0001)"
    assert mail.message["To"] == "Jan de Vries <jan@klant.nl>"
    assert mail.text.startswith("Hallo Jan de Vries,\n\nJe vraag om persoonlijk advies is aangekomen bij An en Jo. ")
    assert "Je krijgt antwoord voor woensdag 25 november 17:00." in mail.text
    assert "uiterlijk op woensdag 24 november 2027 verwijderd" in mail.text
    assert "slaap" not in mail.raw.decode().lower()


def test_without_opening_hours_nothing_is_promised_but_as_soon_as_possible(
    database: Database, shop: Shop, clock: Clock, deliver: Deliver, mail_server: MailServer
) -> None:
    shop.openingstijden = {}
    assert open_case(database, a_request(), shop, clock()).promise is None
    deliver()
    mail = next(mail for mail in mail_server.received if mail.recipient == "jan@klant.nl")
    assert "Je krijgt antwoord zo snel mogelijk." in mail.text


def test_an_answer_by_mail_belongs_to_the_confirmation_and_is_signed(
    database: Database, shop: Shop, clock: Clock, deliver: Deliver, mail_server: MailServer
) -> None:
    open_case(database, a_request(), shop, clock())
    answer(database, "A-2026-0001", "Ga eens wat vroeger naar bed.", "an", shop, clock(), key="1")
    answer(database, "A-2026-0001", "Ga eens wat vroeger naar bed.", "an", shop, clock(), key="1")
    deliver()
    confirmation, mail = (mail for mail in mail_server.received if mail.recipient == "jan@klant.nl")
    assert mail.message["In-Reply-To"] == confirmation.message["Message-ID"]
    assert mail.message["Reply-To"] == "info@testwinkel.nl"
    assert "\n\nGa eens wat vroeger naar bed.\n\nAn en Jo\nTestwinkel\n" in mail.text


@pytest.mark.parametrize(
    "name",
    [
        "Jan\r\nBcc: slachtoffer@elders.nl",
        "Jan\nSubject: anders",
        "Jan\x00\x0b\x0c\u2028Bcc: x@y.nl",
        '"Jan" <ander@elders.nl>, iemand@elders.nl',
        "=?utf-8?q?Jan=0ABcc=3A_x=40y=2Enl?=",
        "<script>alert(1)</script>",
        "Ж" * 100,
    ],
)
def test_a_name_can_add_no_header_and_no_recipient(
    database: Database, shop: Shop, clock: Clock, deliver: Deliver, mail_server: MailServer, name: str
) -> None:
    open_case(database, a_request(name=name, subject=name), shop, clock())
    deliver()
    assert sorted(mail_server.recipients) == ["info@testwinkel.nl", "jan@klant.nl"]
    for mail in mail_server.received:
        headers = [header.lower() for header in mail.message]
        assert "bcc" not in headers
        assert sorted(headers) == sorted(set(headers))
        assert [address.addr_spec for address in mail.message["To"].addresses] == [mail.recipient]
        assert (
            mail.message["Subject"].strip().startswith(("Nieuwe adviesaanvraag A-2026-0001", "Je vraag aan Testwinkel"))
        )


def test_a_question_of_ten_thousand_characters_with_markup_arrives_whole(
    database: Database, shop: Shop, clock: Clock, deliver: Deliver, mail_server: MailServer
) -> None:
    question = ("<script>alert('ë')</script> {{ case.contact }} {% raw %} " * 200)[:10_000].strip()
    open_case(database, a_request(question=question, contact=Contact("here")), shop, clock())
    deliver()
    (mail,) = mail_server.received
    assert question in mail.text
    assert mail.message.get_content_type() == "text/plain"


def test_a_dot_alone_on_a_line_does_not_end_the_mail(
    database: Database, shop: Shop, clock: Clock, deliver: Deliver, mail_server: MailServer
) -> None:
    question = "regel\n.\nRCPT TO:<x@elders.nl>\n.\nQUIT"
    open_case(database, a_request(question=question, contact=Contact("here")), shop, clock())
    deliver()
    (mail,) = mail_server.received
    assert question in mail.text
    assert "Verwijder deze mail als de zaak klaar is" in mail.text


def test_a_server_that_is_down_loses_nothing_and_is_tried_later_and_later(
    database: Database, shop: Shop, clock: Clock, deliver: Deliver, mail_server: MailServer, worker: Worker
) -> None:
    open_case(database, a_request(contact=Contact("here")), shop, clock())
    mail_server.stop()
    tries: List[dt.datetime] = []
    start = clock()
    while clock() < start + dt.timedelta(hours=3):
        before = worker._server_failures
        deliver()
        if worker._server_failures != before:
            tries.append(clock())
        clock.forward(seconds=10)
    waits = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(tries)]
    assert 7 <= waits[0] <= 30
    assert waits[-1] >= 900
    assert len(tries) < 15
    assert worker.problem == "the mail server does not take mail (ConnectionRefusedError)"
    mail_server.start()
    clock.forward(hours=1)
    deliver()
    assert mail_server.recipients == ["info@testwinkel.nl"]
    assert worker.problem == ""


@pytest.mark.parametrize("step", ["mail_answers", "rcpt_answers", "data_answers"])
def test_a_temporary_refusal_is_tried_again_with_the_same_mail(
    database: Database, shop: Shop, clock: Clock, deliver: Deliver, mail_server: MailServer, step: str
) -> None:
    open_case(database, a_request(contact=Contact("here")), shop, clock())
    getattr(mail_server, step).append("451 4.3.0 <info@testwinkel.nl> later please")
    deliver()
    assert mail_server.received == []
    assert outbox.counts(database) == {"mail done": 1, "mail waiting": 1}
    deliver()
    assert mail_server.received == []
    clock.forward(minutes=1)
    deliver()
    assert mail_server.recipients == ["info@testwinkel.nl"]


@pytest.mark.parametrize("step", ["rcpt_answers", "data_answers"])
def test_a_final_refusal_becomes_a_dead_letter_that_can_be_tried_again(
    database: Database, shop: Shop, clock: Clock, deliver: Deliver, mail_server: MailServer, step: str
) -> None:
    open_case(database, a_request(), shop, clock())
    getattr(mail_server, step).append("550 5.1.1 <jan@klant.nl> is unknown here")
    deliver()
    clock.forward(days=2)
    deliver()
    (letter,) = outbox.dead_letters(database)
    assert letter.last_error == f"{'recipient' if step == 'rcpt_answers' else 'mail'} refused: 550 5.1.1"
    assert len(mail_server.received) == 1
    events = [(event.text, event.detail) for event in get_case(database, "A-2026-0001").events]
    assert events[-1][0] == "undeliverable"
    assert outbox.retry(database, clock()) == 1
    deliver()
    assert sorted(mail_server.recipients) == ["info@testwinkel.nl", "jan@klant.nl"]


def test_a_refused_sender_is_a_setting_to_mend_and_kills_nothing(
    database: Database, shop: Shop, clock: Clock, deliver: Deliver, mail_server: MailServer
) -> None:
    open_case(database, a_request(contact=Contact("here")), shop, clock())
    mail_server.mail_answers.append("553 5.7.1 not your address")
    deliver()
    assert outbox.dead_letters(database) == []


def test_what_can_not_be_delivered_for_three_days_is_given_up(
    database: Database, shop: Shop, clock: Clock, deliver: Deliver, mail_server: MailServer
) -> None:
    open_case(database, a_request(contact=Contact("here")), shop, clock())
    deliver()
    mail_server.received.clear()
    answer(database, "A-2026-0001", "Hallo", "an", shop, clock(), key="1", way="phone")
    open_case(database, a_request("key-2", contact=Contact("here")), shop, clock())
    mail_server.rcpt_answers.extend(["450 4.2.0 greylisted"] * 1_000)
    for _ in range(80):
        deliver()
        clock.forward(hours=1)
    assert outbox.counts(database)["mail dead"] == 1


def test_a_broken_line_after_the_mail_repeats_it_with_the_same_message_id_and_not_for_ever(
    database: Database, shop: Shop, clock: Clock, deliver: Deliver, mail_server: MailServer
) -> None:
    open_case(database, a_request(contact=Contact("here")), shop, clock())
    mail_server.drop_after = 1
    deliver()
    clock.forward(minutes=10)
    deliver()
    assert len(mail_server.received) == 2
    assert len(set(mail_server.message_ids)) == 1
    assert mail_server.received[0].raw == mail_server.received[1].raw
    open_case(database, a_request("key-2", contact=Contact("here")), shop, clock())
    mail_server.received.clear()
    mail_server.drop_after = 100
    for _ in range(50):
        deliver()
        clock.forward(hours=2)
    assert len(mail_server.received) == 5
    assert outbox.counts(database)["mail dead"] == 1


def test_without_a_mail_server_mail_waits_and_does_not_grow_old(
    database: Database, shop: Shop, clock: Clock, mail_server: MailServer
) -> None:
    open_case(database, a_request(contact=Contact("here")), shop, clock())
    unset = Worker(database, Environment(), lambda: shop, clock)
    clock.forward(days=30)
    assert unset.deliver_one() is False
    assert unset.problem == "mail waits: SCHAKEL_SMTP_HOST is not set."
    assert outbox.counts(database) == {"mail waiting": 1}


def test_an_owners_address_that_is_filled_in_later_gets_the_mail(
    database: Database, shop: Shop, clock: Clock, deliver: Deliver, mail_server: MailServer, worker: Worker
) -> None:
    shop.email = ""
    worker._environment = Environment(
        smtp_host="127.0.0.1", smtp_port=mail_server.port, smtp_tls="none", smtp_from="chat@testwinkel.nl"
    )
    open_case(database, a_request(contact=Contact("here")), shop, clock())
    deliver()
    assert worker.problem == "mail waits: there is no address for the owners in winkel.yml"
    clock.forward(days=5)
    deliver()
    shop.advies_email = ["an@testwinkel.nl"]
    clock.forward(minutes=2)
    deliver()
    assert mail_server.recipients == ["an@testwinkel.nl"]
    assert mail_server.received[0].sender == "chat@testwinkel.nl"


def test_a_closed_case_keeps_its_mail(
    database: Database, shop: Shop, clock: Clock, deliver: Deliver, mail_server: MailServer
) -> None:
    open_case(database, a_request(), shop, clock())
    close(database, "A-2026-0001", "al gebeld", "an", shop, clock())
    deliver()
    assert len(mail_server.received) == 2


def test_login_is_used_when_it_is_set(database: Database, shop: Shop, clock: Clock) -> None:
    server = MailServer(login=("schakel", "geheim wachtwoord"))
    server.start()
    try:
        environment = Environment(
            smtp_host="127.0.0.1",
            smtp_port=server.port,
            smtp_tls="none",
            smtp_user="schakel",
            smtp_password="geheim wachtwoord",
        )
        worker = Worker(database, environment, lambda: shop, clock)
        open_case(database, a_request(contact=Contact("here")), shop, clock())
        while worker.deliver_one():
            pass
        assert server.logins == ["schakel"]
        assert server.recipients == ["info@testwinkel.nl"]
    finally:
        server.stop()


def test_tls_that_can_not_be_trusted_stops_before_anything_is_said(
    database: Database, shop: Shop, clock: Clock, mail_server: MailServer
) -> None:
    environment = Environment(smtp_host="127.0.0.1", smtp_port=mail_server.port, smtp_tls="starttls")
    worker = Worker(database, environment, lambda: shop, clock)
    open_case(database, a_request(contact=Contact("here")), shop, clock())
    while worker.deliver_one():
        pass
    assert mail_server.received == []
    assert worker.problem == "the mail server does not take mail (SMTPNotSupportedError)"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for localhost, signed by itself, with its key in the same file."""
    file = tmp_path / "localhost.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(file), "-out", f"{file}.crt"]
    subprocess.run(command, check=True, capture_output=True)
    with file.open("ab") as both:
        both.write(Path(f"{file}.crt").read_bytes())
    return file


@pytest.mark.parametrize("trusted", [True, False])
def test_starttls_is_used_with_a_certificate_that_is_trusted_and_only_then(
    database: Database,
    shop: Shop,
    clock: Clock,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    trusted: bool,
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = MailServer()
    server.start(tls_context=context)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
    try:
        environment = Environment(smtp_host="localhost", smtp_port=server.port, smtp_tls="starttls")
        worker = Worker(database, environment, lambda: shop, clock)
        open_case(database, a_request(contact=Contact("here")), shop, clock())
        while worker.deliver_one():
            pass
        assert server.recipients == (["info@testwinkel.nl"] if trusted else [])
        assert worker.problem == ("" if trusted else "the mail server does not take mail (SSLCertVerificationError)")
    finally:
        server.stop()


class OddServer:
    """Answers as it is told to, on a bare socket: nothing at all, or without end."""

    def __init__(self, say: Callable[[socket.socket, threading.Event], None]) -> None:
        self.over = threading.Event()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listening.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, args=(say,))
        self.thread.start()

    def _serve(self, say: Callable[[socket.socket, threading.Event], None]) -> None:
        try:
            connection, _ = self.listening.accept()
            with connection:
                say(connection, self.over)
        except OSError:
            pass

    def stop(self) -> None:
        self.over.set()
        self.listening.close()
        self.thread.join()


def says_nothing(connection: socket.socket, over: threading.Event) -> None:
    over.wait(30)


def says_line_after_line(connection: socket.socket, over: threading.Event) -> None:
    while not over.wait(0.05):
        connection.sendall(b"220-one moment please\r\n")


def talks_another_language(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def hangs_up(connection: socket.socket, over: threading.Event) -> None:
    return


@pytest.mark.parametrize(
    ("say", "reason"),
    [
        (says_nothing, "SMTPServerDisconnected"),
        (says_line_after_line, "SMTPServerDisconnected"),
        (talks_another_language, "server answered -1"),
        (hangs_up, "SMTPServerDisconnected"),
    ],
)
def test_a_server_that_is_slow_or_strange_holds_the_worker_up_for_a_bounded_time(
    database: Database, shop: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch, say: Any, reason: str
) -> None:
    monkeypatch.setattr(mail_module, "STEP_TIMEOUT", 0.3)
    monkeypatch.setattr(mail_module, "TOTAL_TIMEOUT", 1.0)
    server = OddServer(say)
    environment = Environment(smtp_host="127.0.0.1", smtp_port=server.port, smtp_tls="none")
    worker = Worker(database, environment, lambda: shop, clock)
    open_case(database, a_request(contact=Contact("here")), shop, clock())
    began = time.monotonic()
    while worker.deliver_one():
        pass
    assert time.monotonic() - began < 60  # the odd servers would hold it up for ever
    server.stop()
    assert worker.problem == f"the mail server does not take mail ({reason})"
    assert outbox.counts(database) == {"mail done": 1, "mail waiting": 1}


def test_one_delivery_ends_before_its_lease_does() -> None:
    assert outbox.LEASE.total_seconds() > mail_module.TOTAL_TIMEOUT + mail_module.STEP_TIMEOUT


def test_missing_settings_are_named(shop: Shop) -> None:
    with pytest.raises(NotConfigured, match="SCHAKEL_SMTP_HOST"):
        smtp_settings(Environment(), shop)
    shop.email = ""
    with pytest.raises(NotConfigured, match="SCHAKEL_SMTP_FROM"):
        smtp_settings(Environment(smtp_host="mail.testwinkel.nl"), shop)


# --- a customer who waits for a human


def test_the_owners_get_one_mail_when_a_customer_asks_for_a_human(
    database: Database, shop: Shop, clock: Clock, deliver: Deliver, mail_server: MailServer
) -> None:
    shop.advies_email = ["an@testwinkel.nl", "jo@testwinkel.nl"]
    for _ in range(3):
        takeover.request(database, "telegram-4711", "telegram", clock(), mail_domain="testwinkel.nl")
        deliver()
    assert sorted(mail_server.recipients) == ["an@testwinkel.nl", "jo@testwinkel.nl"]
    mail = mail_server.received[0]
    assert mail.message["Subject"] == "Een klant wacht op een mens in de chat"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert "gevraagd op dinsdag 24 november 14:00, via kanaal telegram." in mail.text
    assert "4711" not in mail.message.as_string()


def test_nobody_is_mailed_about_a_customer_who_is_helped_already(
    database: Database, shop: Shop, clock: Clock, deliver: Deliver, mail_server: MailServer
) -> None:
    takeover.request(database, "web-1", "web", clock(), mail_domain="testwinkel.nl")
    takeover.dismiss(database, "web-1", clock())
    takeover.request(database, "web-2", "web", clock(), mail_domain="testwinkel.nl")
    takeover.forget(database, "web-2", clock())
    deliver()
    assert mail_server.received == []


def test_many_who_ask_at_once_fill_the_page_and_not_the_mailbox(
    database: Database, shop: Shop, clock: Clock, deliver: Deliver, mail_server: MailServer
) -> None:
    for number in range(30):
        takeover.request(database, f"web-{number}", "web", clock(), mail_domain="testwinkel.nl")
    deliver()
    assert len(mail_server.received) == 20
    assert len(takeover.requests(database, clock())) == 30
    clock.forward(hours=2)
    takeover.request(database, "web-99", "web", clock(), mail_domain="testwinkel.nl")
    deliver()
    assert len(mail_server.received) == 21


def test_somebody_who_waited_in_vain_yesterday_can_ask_again(database: Database, clock: Clock) -> None:
    assert takeover.request(database, "web-1", "web", clock())
    clock.forward(hours=25)
    assert takeover.request(database, "web-1", "web", clock())
    assert [one.conversation for one in takeover.requests(database, clock())] == ["web-1"]
