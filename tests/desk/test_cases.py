"""Cases: opened once, numbered without gaps, worked on, looked up with proof."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, List

import pytest

from desk import outbox
from desk.accounts import AccountError, add_account, check_password, set_active, set_password
from desk.cases import (
    Consent,
    Contact,
    InvalidRequest,
    Line,
    NoSuchCase,
    NotPossible,
    TooManyTries,
    answer,
    assign,
    cases_of,
    close,
    count_cases,
    get_case,
    list_cases,
    normal_reference,
    note,
    open_case,
    reopen,
    status_for,
)
from desk.database import Database, open_database
from shop.settings import Shop
from tests.desk.conftest import TUESDAY, Clock, a_request

PASSWORD = "een lang wachtwoord"


def test_a_request_becomes_a_case_with_everything_on_it(database: Database, shop: Shop, clock: Clock) -> None:
    receipt = open_case(
        database,
        a_request(
            transcript=[Line("customer", "hoi"), Line("bot", "Hallo!")],
            self_check={"schakel": "ijzer", "antwoorden": [1, 2]},
            notes=("Wil weten wat het kost.",),
        ),
        shop,
        clock(),
    )
    assert (receipt.reference, receipt.is_new) == ("A-2026-0001", True)
    assert receipt.promise == dt.datetime(2026, 11, 25, 16, 0, tzinfo=dt.timezone.utc)
    case = get_case(database, "A-2026-0001")
    assert (case.status, case.owner, case.question) == ("new", "", "Ik slaap slecht. Wat kan ik doen?")
    assert (case.contact_kind, case.contact, case.name) == ("email", "jan@klant.nl", "Jan de Vries")
    assert (case.consent_version, case.consent_at) == ("2026-11", TUESDAY)
    assert case.transcript_agreed
    assert [(line.by, line.text) for line in case.transcript] == [("customer", "hoi"), ("bot", "Hallo!")]
    assert case.self_check == {"schakel": "ijzer", "antwoorden": [1, 2]}
    assert [entry.text for entry in case.notes] == ["Wil weten wat het kost."]
    assert case.retain_until == TUESDAY + dt.timedelta(days=365)


def test_without_consent_for_it_no_line_of_the_conversation_is_kept(
    database: Database, shop: Shop, clock: Clock
) -> None:
    open_case(database, a_request(), shop, clock())
    case = get_case(database, "A-2026-0001")
    assert case.transcript == ()
    assert not case.transcript_agreed


def test_the_same_request_again_is_the_same_case(database: Database, shop: Shop, clock: Clock) -> None:
    first = open_case(database, a_request(), shop, clock())
    clock.forward(days=3)
    again = open_case(database, a_request(question="anders"), shop, clock())
    assert (again.reference, again.promise, again.is_new) == (first.reference, first.promise, False)
    assert count_cases(database) == 1
    assert outbox.counts(database) == {"mail waiting": 2}


def test_ten_threads_that_send_the_same_three_requests_make_three_cases(
    address: str, database: Database, shop: Shop, clock: Clock
) -> None:
    others = [open_database(address, wait=60) for _ in range(3)]
    barrier = threading.Barrier(9)

    def send(number: int) -> Any:
        barrier.wait(120)
        return open_case(others[number // 3], a_request(f"key-{number % 3}"), shop, clock())

    with ThreadPoolExecutor(9) as pool:
        receipts = list(pool.map(send, range(9)))
    assert sum(receipt.is_new for receipt in receipts) == 3
    assert sorted({receipt.reference for receipt in receipts}) == ["A-2026-0001", "A-2026-0002", "A-2026-0003"]
    assert count_cases(database) == 3
    assert outbox.counts(database) == {"mail waiting": 6}
    for other in others:
        other.close()


def test_thirty_requests_at_once_get_thirty_numbers_in_a_row(database: Database, shop: Shop, clock: Clock) -> None:
    with ThreadPoolExecutor(6) as pool:
        receipts = list(pool.map(lambda n: open_case(database, a_request(f"key-{n}"), shop, clock()), range(30)))
    assert sorted(receipt.reference for receipt in receipts) == [f"A-2026-{n:04d}" for n in range(1, 31)]


def test_numbers_begin_again_with_the_shops_new_year(database: Database, shop: Shop, clock: Clock) -> None:
    open_case(database, a_request("key-1"), shop, dt.datetime(2026, 12, 31, 22, 59, tzinfo=dt.timezone.utc))
    receipt = open_case(database, a_request("key-2"), shop, dt.datetime(2026, 12, 31, 23, 1, tzinfo=dt.timezone.utc))
    assert receipt.reference == "A-2027-0001"


@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        ({"question": " \n\x00 "}, "question", "missing"),
        ({"question": "a" * 10_001}, "question", "too_long"),
        ({"contact": Contact("email", "geen adres")}, "contact", "wrong"),
        ({"contact": Contact("email", "jan@klant.nl\nBcc: x@y.nl")}, "contact", "wrong"),
        ({"contact": Contact("email", "")}, "contact", "missing"),
        ({"contact": Contact("phone", "0031")}, "contact", "wrong"),
        ({"contact": Contact("phone", "+49 30 1234567")}, "contact", "wrong"),
        ({"contact": Contact("fax", "1")}, "contact", "wrong"),
        ({"consent": Consent("", TUESDAY)}, "consent", "missing"),
        ({"consent": Consent("1", dt.datetime(2026, 1, 1))}, "consent", "missing"),
        ({"self_check": {"a": "b" * 20_001}}, "self_check", "too_long"),
        ({"key": ""}, "key", "wrong"),
    ],
)
def test_what_can_not_be_kept_is_refused_by_the_name_of_its_field(
    database: Database, shop: Shop, clock: Clock, changes: Any, field: str, problem: str
) -> None:
    with pytest.raises(InvalidRequest) as error:
        open_case(database, a_request(**changes), shop, clock())
    assert (error.value.field, error.value.problem) == (field, problem)
    assert count_cases(database) == 0


def test_ten_thousand_characters_are_kept_whole(database: Database, shop: Shop, clock: Clock) -> None:
    question = ("'; DROP TABLE cases; -- <script>ë😀</script>\n" * 300)[:10_000].strip()
    open_case(database, a_request(question=question), shop, clock())
    assert get_case(database, "A-2026-0001").question == question


def test_control_characters_half_characters_and_turned_text_are_taken_out_everywhere(
    database: Database, shop: Shop, clock: Clock
) -> None:
    nasty = "a\x00b\x1b[31mc\ud800d\u202ee\r\nf"
    open_case(
        database,
        a_request(
            question=nasty,
            name=nasty,
            subject=nasty,
            order_number=nasty,
            self_check={nasty: [nasty]},
            transcript=[Line("customer", nasty)],
        ),
        shop,
        clock(),
    )
    case = get_case(database, "A-2026-0001")
    assert case.question == "ab[31mcde\nf"
    assert (case.name, case.subject, case.order_number) == ("ab[31mcde f",) * 3
    assert case.self_check == {"ab[31mcde f": ["ab[31mcde\nf"]}
    assert case.transcript[0].text == "ab[31mcde\nf"


def test_one_address_gets_no_more_than_five_confirmations_a_day_but_every_case_is_kept(
    database: Database, shop: Shop, clock: Clock
) -> None:
    for number in range(8):
        open_case(database, a_request(f"key-{number}"), shop, clock())
    assert count_cases(database) == 8
    assert outbox.counts(database) == {"mail waiting": 8 + 5}


def test_status_needs_the_reference_and_the_same_address_number_or_conversation(
    database: Database, shop: Shop, clock: Clock
) -> None:
    open_case(database, a_request(), shop, clock())
    open_case(database, a_request("key-2", contact=Contact("phone", "0470 12 34 56")), shop, clock())
    first = status_for(database, "a 2026 1", email=" Jan@Klant.NL ", conversation="web-9", now=clock())
    assert first is not None
    assert (first.reference, first.status) == ("A-2026-0001", "new")
    assert first.promise == dt.datetime(2026, 11, 25, 16, 0, tzinfo=dt.timezone.utc)
    second = status_for(database, "2026-0002", phone="+32 470 12 34 56", conversation="web-9", now=clock())
    assert second is not None
    assert second.reference == "A-2026-0002"
    assert status_for(database, "A-2026-0001", conversation="web-1", now=clock()) is not None
    assert status_for(database, "A-2026-0001", email="piet@klant.nl", conversation="web-9", now=clock()) is None
    assert status_for(database, "A-2026-0002", email="jan@klant.nl", conversation="web-9", now=clock()) is None
    assert status_for(database, "A-2026-0001", conversation="web-9", now=clock()) is None
    assert status_for(database, "A-2026-0099", email="jan@klant.nl", conversation="web-8", now=clock()) is None
    assert status_for(database, "geen", email="", phone="", conversation="", now=clock()) is None


def test_an_empty_contact_is_no_proof_for_a_case_without_one(database: Database, shop: Shop, clock: Clock) -> None:
    open_case(database, a_request(contact=Contact("here")), shop, clock())
    assert status_for(database, "A-2026-0001", email="", phone="", conversation="web-9", now=clock()) is None


def test_guessing_is_stopped_after_five_wrong_tries_for_a_quarter_of_an_hour(
    database: Database, shop: Shop, clock: Clock
) -> None:
    open_case(database, a_request(), shop, clock())
    for number in range(5):
        wrong = status_for(database, f"A-2026-000{number + 1}", email="x@y.nl", conversation="web-9", now=clock())
        assert wrong is None
    with pytest.raises(TooManyTries):
        status_for(database, "A-2026-0001", email="jan@klant.nl", conversation="web-9", now=clock())
    clock.forward(minutes=16)
    assert status_for(database, "A-2026-0001", email="jan@klant.nl", conversation="web-9", now=clock()) is not None


def test_guesses_from_many_conversations_do_not_lock_out_the_customers_own(
    database: Database, shop: Shop, clock: Clock
) -> None:
    open_case(database, a_request(), shop, clock())
    for number in range(30):
        status_for(database, "A-2026-0001", email="x@y.nl", conversation=f"rest-{number}", now=clock())
    with pytest.raises(TooManyTries):
        status_for(database, "A-2026-0001", email="jan@klant.nl", conversation="rest-99", now=clock())
    assert status_for(database, "A-2026-0001", conversation="web-1", now=clock()) is not None


def test_a_conversation_knows_its_own_cases(database: Database, shop: Shop, clock: Clock) -> None:
    open_case(database, a_request("key-1"), shop, clock())
    open_case(database, a_request("key-2", conversation="web-2"), shop, clock())
    open_case(database, a_request("key-3"), shop, clock())
    assert [case.reference for case in cases_of(database, "web-1")] == ["A-2026-0003", "A-2026-0001"]


def test_the_way_of_a_case_from_new_to_closed(database: Database, shop: Shop, clock: Clock) -> None:
    add_account(database, "an", "An van de winkel", "", PASSWORD, clock())
    open_case(database, a_request(contact=Contact("here")), shop, clock())
    assign(database, "A-2026-0001", "an", "an", clock())
    status = cases_of(database, "web-1")[0]
    assert (status.status, status.owner) == ("assigned", "An van de winkel")
    note(database, "A-2026-0001", "Belt liever.", "an", clock())
    assert answer(database, "A-2026-0001", "Hallo!", "an", shop, clock(), key="1") == "chat"
    assert answer(database, "A-2026-0001", "Hallo!", "an", shop, clock(), key="1") == "chat"
    assert cases_of(database, "web-1")[0].answer_way == "chat"
    (chat,) = outbox.claim(database, "chat", clock(), channel="web", limit=5)
    assert (chat.conversation, chat.payload["text"], chat.payload["by"]) == ("web-1", "Hallo!", "An van de winkel")
    close(database, "A-2026-0001", "beantwoord", "an", shop, clock())
    case = get_case(database, "A-2026-0001")
    assert (case.status, case.close_reason) == ("closed", "beantwoord")
    assert case.retain_until == TUESDAY + dt.timedelta(days=90)
    assert [event.text for event in case.events] == ["opened", "assigned", "answered", "closed"]
    reopen(database, "A-2026-0001", "an", shop, clock())
    assert get_case(database, "A-2026-0001").status == "answered"
    assert get_case(database, "A-2026-0001").retain_until == TUESDAY + dt.timedelta(days=365)


def test_what_does_not_fit_the_state_of_a_case_is_refused(database: Database, shop: Shop, clock: Clock) -> None:
    add_account(database, "an", "An", "", PASSWORD, clock())
    add_account(database, "jo", "Jo", "", PASSWORD, clock())
    open_case(database, a_request(contact=Contact("phone", "0612345678")), shop, clock())
    with pytest.raises(NotPossible, match="no active account niemand"):
        assign(database, "A-2026-0001", "niemand", "an", clock())
    assign(database, "A-2026-0001", "an", "an", clock())
    with pytest.raises(NotPossible, match="already belongs to an"):
        assign(database, "A-2026-0001", "jo", "jo", clock())
    assign(database, "A-2026-0001", "jo", "jo", clock(), force=True)
    with pytest.raises(NotPossible, match="no e-mail address"):
        answer(database, "A-2026-0001", "Hallo", "jo", shop, clock(), key="1", way="mail")
    assert answer(database, "A-2026-0001", "Gebeld.", "jo", shop, clock(), key="1") == "phone"
    with pytest.raises(InvalidRequest, match="answer is missing"):
        answer(database, "A-2026-0001", "  ", "jo", shop, clock(), key="2")
    close(database, "A-2026-0001", "klaar", "jo", shop, clock())
    for refused in (
        lambda: close(database, "A-2026-0001", "klaar", "jo", shop, clock()),
        lambda: answer(database, "A-2026-0001", "Hallo", "jo", shop, clock(), key="3"),
        lambda: assign(database, "A-2026-0001", "an", "an", clock()),
    ):
        with pytest.raises(NotPossible, match="closed"):
            refused()
    with pytest.raises(NoSuchCase):
        get_case(database, "A-2026-0002")


def test_an_answer_sent_by_two_owners_at_once_goes_out_once_for_each_key(
    database: Database, shop: Shop, clock: Clock
) -> None:
    open_case(database, a_request(), shop, clock())
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(lambda n: answer(database, "A-2026-0001", "Hallo", "an", shop, clock(), key=f"{n % 2}"), range(8))
        )
    assert len(get_case(database, "A-2026-0001").answers) == 2
    assert outbox.counts(database) == {"mail waiting": 4}


def test_cases_are_listed_urgent_first_and_filtered(database: Database, shop: Shop, clock: Clock) -> None:
    add_account(database, "an", "An", "", PASSWORD, clock())
    open_case(database, a_request("key-1", name="Piet 100%"), shop, clock())
    clock.forward(days=1)
    open_case(database, a_request("key-2", urgent=True), shop, clock())
    open_case(database, a_request("key-3"), shop, clock())
    assign(database, "A-2026-0003", "an", "an", clock())

    def references(**filters: Any) -> List[str]:
        found = [case.reference[-1] for case in list_cases(database, **filters)]
        assert count_cases(database, **{k: v for k, v in filters.items() if k != "limit"}) >= len(found)
        return found

    assert references() == ["2", "1", "3"]
    assert references(limit=1) == ["2"]
    assert references(statuses=("assigned",)) == ["3"]
    assert references(owner="an") == ["3"]
    assert references(owner="") == ["2", "1"]
    assert references(urgent=False) == ["1", "3"]
    assert references(search="100%") == ["1"]
    assert references(search="%") == ["1"]
    assert references(search="2026-0002") == ["2"]
    assert references(search="JAN@KLANT") == ["2", "1", "3"]
    clock.forward(days=1)
    assert references(overdue_at=clock()) == ["1"]


@pytest.mark.parametrize(
    ("typed", "reference"),
    [
        ("A-2026-0042", "A-2026-0042"),
        (" a-2026-42 ", "A-2026-0042"),
        ("a 2026 0042", "A-2026-0042"),
        ("2026-42", "A-2026-0042"),
        ("A20260042", "A-2026-0042"),
        ("A-2026-12345", "A-2026-12345"),
        ("B-2026-0042", None),
        ("A-26-42", None),
        ("", None),
    ],
)
def test_a_reference_is_understood_as_people_type_it(typed: str, reference: str) -> None:
    assert normal_reference(typed) == reference


def test_passwords_are_kept_as_hashes_and_a_new_one_ends_old_logins(database: Database, clock: Clock) -> None:
    account = add_account(database, "an", "An", "an@testwinkel.nl", PASSWORD, clock())
    assert check_password(database, "an", PASSWORD, clock()) == account
    assert check_password(database, "an", PASSWORD + "!", clock()) is None
    assert check_password(database, "jo", PASSWORD, clock()) is None
    set_password(database, "an", "een ander wachtwoord")
    changed = check_password(database, "an", "een ander wachtwoord", clock())
    assert changed is not None
    assert changed.session_version == 2
    set_active(database, "an", False)
    assert check_password(database, "an", "een ander wachtwoord", clock()) is None


@pytest.mark.parametrize(
    ("username", "name", "email", "password", "words"),
    [
        ("An", "An", "", PASSWORD, "A username"),
        ("desk", "An", "", PASSWORD, "A username"),
        ("an", " ", "", PASSWORD, "The name"),
        ("an", "An", "nergens", PASSWORD, "e-mail"),
        ("an", "An", "", "kort", "A password"),
        ("jo", "Jo", "", PASSWORD, "already"),
    ],
)
def test_an_account_that_is_wrong_is_refused(
    database: Database, clock: Clock, username: str, name: str, email: str, password: str, words: str
) -> None:
    add_account(database, "jo", "Jo", "", PASSWORD, clock())
    with pytest.raises(AccountError, match=words):
        add_account(database, username, name, email, password, clock())
