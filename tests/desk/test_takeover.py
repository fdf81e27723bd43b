"""Takeover: who talks, who was first, what is delivered when, and how it ends. On SQLite and on PostgreSQL."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any, List, Optional, Tuple

import pytest

from desk import cases, privacy, takeover
from desk.database import Database, DeskUnavailable
from desk.models import ChatMessage, HumanRequest, OutboxRow, Takeover
from desk.takeover import AlreadyTaken, ChatOut, HumanSide, NotTaken, Person
from shop.settings import Shop
from tests.desk.conftest import TUESDAY, Clock, a_request

MARIEKE, STEPHAN = Person("marieke", "Marieke"), Person("stephan", "Stephan")
SILENCE = dt.timedelta(minutes=15)
BEGIN = (
    "Je praat nu met Marieke, een mens. De assistent is even stil. Gaat het om een noodgeval, bel dan 112.",
    "mens",
    "",
)
END = ("Marieke heeft het gesprek afgerond. De assistent is er weer: een computer, geen mens.", "open", "")
SILENT = (
    "Marieke is even niet beschikbaar. De assistent is er weer: een computer, geen mens. "
    "Typ 'medewerker' als je liever op een mens wacht.",
    "open",
    "",
)


@pytest.fixture
def human(database: Database, clock: Clock) -> HumanSide:
    return HumanSide(database, clock, lambda text: "dood" in text)


def begin(database: Database, person: Person = MARIEKE, conversation: str = "web-1", now: dt.datetime = TUESDAY) -> int:
    return takeover.start(database, conversation, "web", person, SILENCE, now)


def deliver(human: HumanSide, channel: str = "web") -> List[Tuple[str, Optional[str], str]]:
    """Everything that can be delivered now, in the order in which a channel gets it."""
    found: List[ChatOut] = []
    while batch := human.chat_to_deliver(channel):
        for line in batch:
            human.delivered(line.id)
        found += batch
    return [(line.text, line.state, line.sender) for line in found]


def said(database: Database, number: int) -> List[Tuple[str, str]]:
    return [(line.author, line.text) for line in takeover.messages(database, number)]


def test_a_conversation_is_taken_over_and_given_back(database: Database, human: HumanSide) -> None:
    assert not human.is_taken_over("web-1")
    number = begin(database)
    assert human.is_taken_over("web-1")
    assert not human.is_taken_over("web-2")
    assert human.customer_said("web-1", "web", "dag", "m1")
    assert takeover.say(database, number, MARIEKE, "Dag! Waarmee kan ik helpen?", "k1", TUESDAY)
    assert takeover.release(database, number, MARIEKE, TUESDAY)
    assert not human.is_taken_over("web-1")
    assert not human.customer_said("web-1", "web", "en nu?", "m2")
    assert deliver(human) == [BEGIN, ("Dag! Waarmee kan ik helpen?", None, "Marieke"), END]
    assert said(database, number) == [
        ("notice", BEGIN[0]),
        ("customer", "dag"),
        ("staff", "Dag! Waarmee kan ik helpen?"),
        ("notice", END[0]),
    ]
    assert takeover.running(database) == []


def test_of_two_owners_who_press_at_once_one_wins_and_the_other_hears_who(database: Database) -> None:
    for round_number in range(5):
        conversation = f"web-{round_number}"
        together = threading.Barrier(2)
        outcomes: List[Any] = []

        def press(person: Person, conversation: str, together: Any, outcomes: List[Any]) -> None:
            together.wait()
            try:
                outcomes.append((person.name, begin(database, person, conversation)))
            except AlreadyTaken as taken:
                outcomes.append(("refused", taken.name))

        threads = [
            threading.Thread(target=press, args=(person, conversation, together, outcomes))
            for person in (MARIEKE, STEPHAN)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        won = [outcome for outcome in outcomes if outcome[0] != "refused"]
        assert len(won) == 1
        assert [outcome for outcome in outcomes if outcome[0] == "refused"] == [("refused", won[0][0])]


def test_taking_over_twice_is_one_takeover(database: Database, human: HumanSide) -> None:
    assert begin(database) == begin(database)
    assert deliver(human) == [BEGIN]


def test_only_who_took_over_talks_and_gives_back(database: Database) -> None:
    number = begin(database)
    with pytest.raises(AlreadyTaken, match="Marieke"):
        takeover.say(database, number, STEPHAN, "hoi", "k", TUESDAY)
    with pytest.raises(AlreadyTaken, match="Marieke"):
        takeover.release(database, number, STEPHAN, TUESDAY)
    takeover.release(database, number, MARIEKE, TUESDAY)
    with pytest.raises(NotTaken):
        takeover.say(database, number, MARIEKE, "nog iets", "k2", TUESDAY)
    assert not takeover.release(database, number, MARIEKE, TUESDAY)


def test_the_same_said_twice_is_said_once(database: Database, human: HumanSide) -> None:
    number = begin(database)
    assert takeover.say(database, number, MARIEKE, "hoi", "same", TUESDAY)
    assert not takeover.say(database, number, MARIEKE, "hoi", "same", TUESDAY)
    for _ in range(2):
        assert human.customer_said("web-1", "web", "dag", "m1")
    assert deliver(human) == [BEGIN, ("hoi", None, "Marieke")]
    assert [text for author, text in said(database, number) if author == "customer"] == ["dag"]


def test_a_message_that_was_stored_counts_as_passed_on_after_the_end_too(database: Database, human: HumanSide) -> None:
    number = begin(database)
    human.customer_said("web-1", "web", "dag", "m1")
    takeover.release(database, number, MARIEKE, TUESDAY)
    assert human.customer_said("web-1", "web", "dag", "m1")


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 2_001])
def test_empty_and_too_long_words_are_refused(database: Database, text: str) -> None:
    with pytest.raises(ValueError):
        takeover.say(database, begin(database), MARIEKE, text, "k", TUESDAY)


def test_after_silence_the_assistant_is_back_and_the_line_says_so(
    database: Database, human: HumanSide, clock: Clock
) -> None:
    number = begin(database)
    clock.forward(minutes=14)
    assert human.is_taken_over("web-1")
    takeover.say(database, number, MARIEKE, "ik zoek het op", "k", clock.now)
    clock.forward(minutes=14)
    assert human.is_taken_over("web-1")
    clock.forward(minutes=1)
    assert not human.is_taken_over("web-1")
    with pytest.raises(NotTaken):
        takeover.say(database, number, MARIEKE, "gevonden", "k2", clock.now)
    assert deliver(human) == [BEGIN, ("ik zoek het op", None, "Marieke"), SILENT]
    assert takeover.get(database, number).end_reason == "silence"  # type: ignore[union-attr]


def test_a_customer_who_keeps_writing_does_not_wait_for_ever(
    database: Database, human: HumanSide, clock: Clock
) -> None:
    begin(database)
    clock.forward(minutes=10)
    assert human.customer_said("web-1", "web", "bent u daar?", "m1")
    clock.forward(minutes=10)
    assert human.customer_said("web-1", "web", "hallo?", "m2")
    clock.forward(minutes=5)
    assert not human.customer_said("web-1", "web", "laat maar", "m3")
    assert deliver(human) == [BEGIN, SILENT]


def test_silence_is_seen_without_any_message(database: Database, human: HumanSide, clock: Clock) -> None:
    begin(database)
    deliver(human)
    clock.forward(minutes=15)
    assert deliver(human) == [SILENT]
    assert takeover.expire(database, clock.now) == 0
    assert begin(database, STEPHAN, now=clock.now)


def test_somebody_else_can_take_over_after_silence(database: Database, clock: Clock) -> None:
    begin(database)
    clock.forward(minutes=15)
    begin(database, STEPHAN, now=clock.now)
    assert [one.shown_name for one in takeover.running(database)] == ["Stephan"]


def test_lines_of_one_conversation_come_in_order_and_wait_for_each_other(
    database: Database, human: HumanSide, clock: Clock
) -> None:
    number = begin(database)
    begin(database, STEPHAN, "web-2")
    takeover.say(database, number, MARIEKE, "een", "k1", TUESDAY)
    first = human.chat_to_deliver("web")
    assert [line.conversation for line in first] == ["web-1", "web-2"]
    assert human.chat_to_deliver("web") == []
    human.failed(first[0].id, "timeout", retry_after=5)
    human.delivered(first[1].id)
    assert human.chat_to_deliver("web") == []
    clock.forward(seconds=6)
    assert [line[0] for line in deliver(human)] == [BEGIN[0], "een"]


def test_each_channel_gets_its_own(database: Database, human: HumanSide) -> None:
    begin(database)
    takeover.start(database, "telegram-7", "telegram", STEPHAN, SILENCE, TUESDAY)
    assert [line.conversation for line in human.chat_to_deliver("telegram")] == ["telegram-7"]
    assert [line.conversation for line in human.chat_to_deliver("web")] == ["web-1"]


def test_two_pollers_never_get_the_same_line(database: Database, clock: Clock) -> None:
    for number in range(20):
        begin(database, conversation=f"web-{number}")
    got: List[int] = []

    def poll() -> None:
        side = HumanSide(database, clock)
        while batch := side.chat_to_deliver("web", limit=3):
            got.extend(line.id for line in batch)

    threads = [threading.Thread(target=poll) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 20
    assert len(set(got)) == 20


def test_a_line_that_was_never_reported_comes_again(database: Database, human: HumanSide, clock: Clock) -> None:
    begin(database)
    assert len(human.chat_to_deliver("web")) == 1
    again = HumanSide(database, clock)
    clock.forward(seconds=200)
    assert [line.text for line in again.chat_to_deliver("web")] == [BEGIN[0]]


def test_a_conversation_that_is_gone_ends_the_takeover(database: Database, human: HumanSide) -> None:
    number = begin(database)
    (line,) = human.chat_to_deliver("web")
    human.failed(line.id, "session gone", permanent=True)
    assert not human.is_taken_over("web-1")
    assert takeover.get(database, number).end_reason == "gone"  # type: ignore[union-attr]
    assert takeover.undelivered(database, number) == {takeover.messages(database, number)[0].id: "dead"}


def test_urgent_messages_are_marked_until_the_owner_saw_them(database: Database, human: HumanSide) -> None:
    number = begin(database)
    human.customer_said("web-1", "web", "hallo", "m1")
    human.customer_said("web-1", "web", "ik wil dood", "m2")
    assert takeover.unseen(database) == {number: takeover.Waiting(2, True)}
    lines = takeover.messages(database, number)
    assert [line.urgent for line in lines] == [False, False, True]
    takeover.mark_seen(database, number, lines[-1].id, TUESDAY)
    assert takeover.unseen(database) == {}


@pytest.mark.parametrize(
    ("text", "urgent"),
    [
        ("ik wil niet meer leven", True),
        ("mijn kind heeft pillen geslikt", True),
        ("ik lach me dood", False),
        ("welke magnesium raad je aan?", False),
    ],
)
def test_urgent_is_what_triage_says(text: str, urgent: bool) -> None:
    assert takeover.is_urgent_text(text) is urgent


def test_what_the_assistant_held_back_is_shown_to_the_owner(database: Database, human: HumanSide) -> None:
    number = begin(database)
    for _ in range(2):
        assert human.customer_said("web-1", "web", "waar zit het in?", "m1", ["Magnesium zit", "", "in noten."])
    assert human.customer_said("web-1", "web", "hallo?", "m2", [])
    assert said(database, number)[1:] == [
        ("customer", "waar zit het in?"),
        ("held", "Magnesium zit\nin noten."),
        ("customer", "hallo?"),
    ]


def test_what_was_held_back_comes_with_the_repeat_when_the_first_try_had_none(
    database: Database, human: HumanSide
) -> None:
    number = begin(database)
    assert human.customer_said("web-1", "web", "dag", "m1")
    assert human.customer_said("web-1", "web", "dag", "m1", ["Dag!"])
    assert said(database, number)[1:] == [("customer", "dag"), ("held", "Dag!")]


def test_the_owner_gets_message_and_held_back_answer_or_neither(
    database: Database, human: HumanSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The desk goes between the two: the channel tries again, and then both are there."""
    number = begin(database)
    monkeypatch.setattr(takeover, "GRACE", 0.0)
    with monkeypatch.context() as patch:

        def gone(*_: Any) -> None:
            raise DeskUnavailable("gone")

        patch.setattr(takeover, "_keep_held_back", gone)
        assert not human.customer_said("web-1", "web", "dag", "m1", ["Dag!"])
    assert said(database, number)[1:] == []
    monkeypatch.setattr(takeover, "REST_AFTER_FAILURE", 0.0)
    assert human.customer_said("web-1", "web", "dag", "m1", ["Dag!"])
    assert said(database, number)[1:] == [("customer", "dag"), ("held", "Dag!")]


def test_asking_for_a_human_twice_is_one_request_and_ends_with_the_takeover(database: Database) -> None:
    assert takeover.request(database, "web-1", "web", TUESDAY)
    assert not takeover.request(database, "web-1", "web", TUESDAY)
    takeover.request(database, "web-2", "web", TUESDAY + dt.timedelta(minutes=1))
    assert [one.conversation for one in takeover.requests(database, TUESDAY)] == ["web-1", "web-2"]
    begin(database)
    takeover.dismiss(database, "web-2", TUESDAY)
    assert takeover.requests(database, TUESDAY) == []
    assert takeover.request(database, "web-2", "web", TUESDAY)


def test_a_request_of_yesterday_is_not_shown(database: Database) -> None:
    takeover.request(database, "web-1", "web", TUESDAY)
    assert takeover.requests(database, TUESDAY + dt.timedelta(hours=25)) == []


def test_an_answer_to_a_request_comes_into_the_chat_with_its_reference(
    database: Database, human: HumanSide, shop: Shop
) -> None:
    from desk.accounts import add_account

    add_account(database, "marieke", "Marieke", "", "een lang wachtwoord", TUESDAY)
    request = a_request(contact=cases.Contact("here"))
    reference = cases.open_case(database, request, shop, TUESDAY).reference
    cases.answer(database, reference, "Neem eens contact op met je huisarts.", "marieke", shop, TUESDAY, key="k")
    assert deliver(human) == [
        (
            "Antwoord van Marieke, een mens, op je aanvraag A-2026-0001:\n\nNeem eens contact op met je huisarts.",
            None,
            "Marieke",
        )
    ]


def test_forgetting_leaves_nothing_of_the_conversation(database: Database, human: HumanSide) -> None:
    takeover.request(database, "web-1", "web", TUESDAY)
    number = begin(database)
    other = begin(database, STEPHAN, "web-2")
    human.customer_said("web-1", "web", "KANARIE", "m1")
    takeover.say(database, number, MARIEKE, "KANARIE", "k1", TUESDAY)
    human.forget("web-1")
    assert not human.is_taken_over("web-1")
    with database.reading() as session:
        for table in (Takeover, ChatMessage, HumanRequest, OutboxRow):
            left = session.query(table).all()
            assert [row for row in left if row.conversation == "web-1"] == []
        assert "KANARIE" not in str([row.payload for row in session.query(OutboxRow)])
    assert said(database, other) != []


def test_erasing_a_customer_reaches_their_requests_for_a_human(database: Database) -> None:
    takeover.request(database, "web-1", "web", TUESDAY)
    counts = privacy.erase(database, privacy.Subject(conversation="web-1"), TUESDAY)
    assert counts["human_requests"] == 1
    takeover.request(database, "web-1", "web", TUESDAY)
    assert privacy.purge(database, TUESDAY + dt.timedelta(days=31))["human_requests"] == 1


class Broken:
    """A database that does not answer until it is mended."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.is_broken = True
        self.tries = 0

    def __getattr__(self, name: str) -> Any:
        self.tries += 1
        if self.is_broken:
            raise DeskUnavailable("it is gone")
        return getattr(self.database, name)


def test_without_the_database_nothing_is_taken_over_and_few_tries_are_made(database: Database, clock: Clock) -> None:
    broken = Broken(database)
    side = HumanSide(broken, clock)  # type: ignore[arg-type]
    assert not side.is_taken_over("web-1")
    for _ in range(50):
        assert not side.is_taken_over("web-1")
        assert not side.customer_said("web-1", "web", "dag", "m1")
        assert side.chat_to_deliver("web") == []
    assert broken.tries == 1
    with pytest.raises(DeskUnavailable):
        side.forget("web-1")


def test_an_address_that_can_not_be_used_does_not_stop_the_assistant(clock: Clock) -> None:
    side = HumanSide("oracle://nowhere/x", clock)
    assert not side.is_taken_over("web-1")
    assert side.chat_to_deliver("web") == []


def test_a_hiccup_does_not_make_the_assistant_talk_in_a_humans_conversation(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Broken(database)
    broken.is_broken = False
    side = HumanSide(broken, clock)  # type: ignore[arg-type]
    number = begin(database)
    assert side.is_taken_over("web-1")
    broken.is_broken = True
    waits: List[float] = []

    def mend(seconds: float) -> None:
        waits.append(seconds)
        broken.is_broken = False

    monkeypatch.setattr("desk.takeover.time.sleep", mend)
    assert side.customer_said("web-1", "web", "bent u er nog?", "m1")
    assert len(waits) == 1
    assert said(database, number)[-1] == ("customer", "bent u er nog?")


def test_after_ten_seconds_without_the_database_the_assistant_answers(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Broken(database)
    broken.is_broken = False
    side = HumanSide(broken, clock)  # type: ignore[arg-type]
    begin(database)
    assert side.is_taken_over("web-1")
    broken.is_broken = True
    monkeypatch.setattr("desk.takeover.GRACE", 0.0)
    assert not side.customer_said("web-1", "web", "bent u er nog?", "m1")
    assert not side.is_taken_over("web-1")


def test_what_waits_is_measured_and_dead_letters_are_not(database: Database, human: HumanSide, clock: Clock) -> None:
    assert human.backlog() == (0, 0.0)
    number = begin(database)
    takeover.say(database, number, MARIEKE, "dag", "k1", TUESDAY)
    clock.forward(seconds=90)
    assert human.backlog() == (2, 90.0)
    for line in human.chat_to_deliver("web"):
        human.failed(line.id, "gone", permanent=True)
    assert human.backlog() == (1, 90.0)
