"""Export, erasure and retention reach every table, every file and every log."""

from __future__ import annotations

import datetime as dt
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, Dict, List, Set

import pytest
import sqlalchemy as sa

from channels.base import Choice, Incoming, Kind, Outgoing
from channels.event_log import EventLog
from channels.inbox import Inbox
from channels.store import Store
from desk import outbox, privacy, stores
from desk.cases import (
    Contact,
    Line,
    NoSuchCase,
    TooManyTries,
    answer,
    close,
    count_cases,
    get_case,
    note,
    open_case,
    status_for,
)
from desk.database import Database
from desk.models import Attempt, Base, ChatMessage, FaqProposal, HumanRequest, Takeover
from desk.privacy import NotProven, Subject
from shop.settings import Environment, Shop
from tests.desk.conftest import TUESDAY, Clock, a_request
from tests.services import MailServer, Postgres

CANARY = "kanarie7f3a"


def plant(database: Database, shop: Shop, now: dt.datetime, key: str = "key-1", conversation: str = "web-1") -> str:
    """A case with a canary wherever a customer's words can come; returns its reference."""
    mark = CANARY if key == "key-1" else "ander"
    request = a_request(
        key,
        conversation=conversation,
        question=f"{mark} vraag",
        name=f"{mark} naam",
        subject=f"{mark} onderwerp",
        order_number=f"{mark} 12",
        contact=Contact("email", f"{mark}@klant.nl"),
        transcript=[Line("customer", f"{mark} zin")],
        self_check={"antwoord": f"{mark} check"},
        notes=(f"{mark} wens",),
    )
    reference = open_case(database, request, shop, now).reference
    note(database, reference, f"{mark} notitie", "an", now)
    answer(database, reference, f"{mark} antwoord", "an", shop, now, key="1")
    answer(database, reference, f"{mark} in de chat", "an", shop, now, key="2", way="chat")
    case_id = get_case(database, reference).id
    with database.session() as session:
        takeover = Takeover(
            conversation=conversation,
            channel="web",
            case_id=case_id,
            staff="an",
            shown_name="An",
            started_at=now,
            last_activity_at=now,
            silence_seconds=300,
        )
        session.add(takeover)
        session.flush()
        said = {"conversation": conversation, "channel": "web", "created_at": now}
        session.add(
            ChatMessage(
                takeover_id=takeover.id, author="customer", text=f"{mark} gezegd", message_id=f"{mark} 1", **said
            )
        )
        session.add(FaqProposal(case_id=case_id, question=f"{mark} v", answer=f"{mark} a", author="an", created_at=now))
        session.add(HumanRequest(conversation=conversation, channel="web", asked_at=now))
        outbox.add(
            session,
            "chat",
            f"{mark} los bericht",
            {"text": f"{mark} getypt"},
            now=now,
            channel="web",
            conversation=conversation,
        )
    status_for(database, reference, email="fout@klant.nl", conversation=conversation + "9", now=now)
    return reference


def everything(database: Database) -> str:
    """All rows of all tables as one text."""
    with database.reading() as session:
        return "\n".join(
            json.dumps([str(value) for value in row], ensure_ascii=False)
            for table in Base.metadata.sorted_tables
            for row in session.execute(sa.select(table))
        )


def files_with(mark: str, *folders: Path) -> List[str]:
    return sorted(
        path.name
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and mark.encode() in path.read_bytes()
    )


def test_every_table_is_erased_from_or_holds_nothing_of_customers() -> None:
    erased = {"cases", "attempts", "chat_messages"}
    erased |= {table.__tablename__ for table in (*privacy.OF_A_CASE, *privacy.OF_BOTH, *privacy.OF_A_CONVERSATION)}
    assert set(Base.metadata.tables) == erased | set(privacy.NOT_OF_CUSTOMERS)


@pytest.mark.parametrize(
    "subject",
    [
        Subject(conversation="web-1"),
        Subject(reference="a 2026 1", email=f"{CANARY}@KLANT.nl"),
        Subject(reference="A-2026-0001", conversation="web-1"),
        Subject(reference="A-2026-0001", by_owner=True),
        Subject(email=f"{CANARY}@klant.nl", by_owner=True),
    ],
    ids=["conversation", "reference and address", "reference and conversation", "owner", "owner by address"],
)
def test_after_erasure_no_table_and_no_file_holds_a_trace(
    database: Database,
    shop: Shop,
    clock: Clock,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    worker: Any,
    mail_server: MailServer,
    subject: Subject,
) -> None:
    caplog.set_level(logging.DEBUG)
    plant(database, shop, clock())
    plant(database, shop, clock(), "key-2", "web-2")
    mail_server.rcpt_answers.append(f"550 5.1.1 <{CANARY}@klant.nl> unknown")
    mail_server.data_answers.append(f"451 4.3.0 {CANARY} later")
    worker.deliver_one()
    worker.deliver_one()
    worker.deliver_one()
    before = everything(database)
    assert CANARY in before
    others = before.count("ander")
    counts = privacy.erase(database, subject, clock())
    assert counts == {
        "cases": 1,
        "consents": 1,
        "transcript_lines": 1,
        "notes": 2,
        "answers": 2,
        "case_events": counts["case_events"],
        "outbox": counts["outbox"],
        "takeovers": 1,
        "chat_messages": 1,
        "faq_proposals": 1,
        "human_requests": 1,
        "attempts": 1,
    }
    left = everything(database)
    assert CANARY not in left
    assert "A-2026-0001" not in left
    assert left.count("ander") == others
    assert get_case(database, "A-2026-0002").question == "ander vraag"
    if database.is_sqlite:
        assert files_with("ander", tmp_path) != []
        assert files_with(CANARY, tmp_path) == []
    ours = [record.getMessage() for record in caplog.records if record.name != "mail.log"]  # that is the test's server
    assert "Mail 2 was not delivered" in "\n".join(ours)
    assert CANARY not in "\n".join(ours)


def test_what_was_erased_is_not_sent_afterwards(
    database: Database, shop: Shop, clock: Clock, deliver: Callable[[], None], mail_server: MailServer
) -> None:
    plant(database, shop, clock())
    privacy.erase(database, Subject(conversation="web-1"), clock())
    clock.forward(days=1)
    deliver()
    assert mail_server.received == []
    assert outbox.claim(database, "chat", clock(), limit=10) == []


def test_what_was_erased_while_it_was_on_its_way_leaves_nothing_behind(
    database: Database, shop: Shop, clock: Clock, worker: Any, mail_server: MailServer
) -> None:
    open_case(database, a_request(contact=Contact("here")), shop, clock())
    mail_server.on_data = lambda: privacy.erase(database, Subject(conversation="web-1"), clock()) and None
    while worker.deliver_one():
        pass
    assert len(mail_server.received) == 1
    assert outbox.counts(database) == {}
    assert worker.deliver_one() is False


def test_the_number_of_an_erased_case_is_not_given_out_again(database: Database, shop: Shop, clock: Clock) -> None:
    plant(database, shop, clock())
    privacy.erase(database, Subject(conversation="web-1"), clock())
    assert open_case(database, a_request("key-5"), shop, clock()).reference == "A-2026-0002"


def test_postgres_writes_nothing_of_customers_into_its_own_log(
    postgres: Postgres,
    shop: Shop,
    clock: Clock,
) -> None:
    from desk.database import open_database

    database = open_database(postgres.new_database())
    mark = "kanarieindepglog"
    request = a_request("key-1", question=mark, name=mark)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: open_case(database, request, shop, clock()), range(24)))
    assert count_cases(database) == 1
    assert mark not in (postgres.folder / "log").read_text()
    database.close()


@pytest.mark.parametrize(
    "subject",
    [
        Subject(reference="A-2026-0001"),
        Subject(reference="A-2026-0001", email="jan@klant.nl"),
        Subject(reference="A-2026-0001", conversation="web-2"),
        Subject(reference="A-2026-0007", conversation="web-1"),
        Subject(email=f"{CANARY}@klant.nl"),
        Subject(phone="0612345678"),
        Subject(),
    ],
)
def test_without_proof_nothing_is_told_or_erased(
    database: Database, shop: Shop, clock: Clock, subject: Subject
) -> None:
    plant(database, shop, clock())
    before = everything(database).count(CANARY)
    for act in (privacy.export, privacy.erase):
        with pytest.raises(NotProven):
            act(database, subject, clock())
    assert everything(database).count(CANARY) == before


def test_guessing_at_erasure_is_stopped(database: Database, shop: Shop, clock: Clock) -> None:
    plant(database, shop, clock())
    guess = Subject(reference="A-2026-0001", email="x@y.nl", conversation="web-7")
    for _ in range(5):
        with pytest.raises(NotProven):
            privacy.erase(database, guess, clock())
    with pytest.raises(TooManyTries):
        privacy.erase(database, guess, clock())


def test_an_owner_hears_that_there_is_nothing(database: Database, clock: Clock) -> None:
    for subject in (Subject(reference="A-2026-0001", by_owner=True), Subject(email="x@klant.nl", by_owner=True)):
        with pytest.raises(NoSuchCase):
            privacy.erase(database, subject, clock())
    assert privacy.erase(database, Subject(conversation="web-5", by_owner=True), clock()) == {}


def test_an_export_tells_everything_and_nothing_of_others(database: Database, shop: Shop, clock: Clock) -> None:
    plant(database, shop, clock())
    plant(database, shop, clock(), "key-2", "web-2")
    told = privacy.export(database, Subject(conversation="web-1"), clock())
    text = json.dumps(told, ensure_ascii=False)
    for word in (
        *("vraag", "naam", "onderwerp", "12", "zin", "check", "wens", "notitie"),
        *("antwoord", "in de chat", "gezegd", "getypt"),
    ):
        assert f"{CANARY} {word}" in text
    assert "ander" not in text
    (case,) = told["cases"]
    assert case["created_at"] == "2026-11-24T13:00:00+00:00"
    assert told["consents"][0]["version"] == "2026-11"
    assert "key" not in case


def test_the_log_of_privacy_counts_without_names(database: Database, shop: Shop, clock: Clock) -> None:
    plant(database, shop, clock())
    privacy.export(database, Subject(conversation="web-1"), clock())
    privacy.erase(database, Subject(conversation="web-1"), clock(), "an")
    with database.reading() as session:
        rows = session.execute(sa.text("SELECT action, actor, counts FROM privacy_log ORDER BY id")).all()
    assert [(row.action, row.actor) for row in rows] == [("export", "customer"), ("erase", "an")]
    assert CANARY not in str(rows)


def test_a_case_is_purged_on_its_day_and_not_before(
    database: Database, shop: Shop, clock: Clock, tmp_path: Path
) -> None:
    plant(database, shop, clock())
    plant(database, shop, clock(), "key-2", "web-2")
    close(database, "A-2026-0001", "klaar", "an", shop, clock())
    clock.forward(days=89)
    privacy.purge(database, clock())
    assert count_cases(database) == 2
    clock.forward(days=2)
    assert privacy.purge(database, clock())["cases"] == 1
    case_tables: Set[str] = {"cases", "consents", "transcript_lines", "notes", "answers", "faq_proposals"}
    with database.reading() as session:
        for table in case_tables:
            column = "id" if table == "cases" else "case_id"
            assert session.execute(sa.text(f"SELECT count(*) FROM {table} WHERE {column} = 1")).scalar() == 0
    clock.forward(days=275)
    assert privacy.purge(database, clock())["cases"] == 1
    assert CANARY not in everything(database)
    if database.is_sqlite:
        assert files_with(CANARY, tmp_path) == []


def test_chat_of_a_takeover_without_a_case_goes_after_thirty_days(database: Database, clock: Clock) -> None:
    now = clock()
    with database.session() as session:
        takeover = Takeover(
            conversation="web-1",
            channel="web",
            staff="an",
            shown_name="An",
            started_at=now,
            last_activity_at=now,
            silence_seconds=300,
            ended_at=now,
        )
        session.add(takeover)
        session.flush()
        session.add(
            ChatMessage(
                takeover_id=takeover.id,
                conversation="web-1",
                channel="web",
                author="customer",
                text=CANARY,
                message_id="1",
                created_at=now,
            )
        )
        session.add(Attempt(kind="status", subject="x", at=now))
    clock.forward(days=29)
    assert privacy.purge(database, clock()) == {"attempts": 1}
    clock.forward(days=2)
    assert privacy.purge(database, clock()) == {"takeovers": 1, "chat_messages": 1}
    assert CANARY not in everything(database)


def test_shorter_retention_in_the_settings_counts_for_old_cases_too(
    database: Database, shop: Shop, clock: Clock
) -> None:
    plant(database, shop, clock())
    plant(database, shop, clock(), "key-2", "web-2")
    close(database, "A-2026-0002", "klaar", "an", shop, clock())
    shop.advies_bewaren_hoogstens, shop.advies_bewaren_dagen = 30, 7
    assert privacy.apply_retention(database, shop) == 2
    assert get_case(database, "A-2026-0001").retain_until == TUESDAY + dt.timedelta(days=30)
    assert get_case(database, "A-2026-0002").retain_until == TUESDAY + dt.timedelta(days=7)
    shop.advies_bewaren_hoogstens, shop.advies_bewaren_dagen = 300, 300
    assert privacy.apply_retention(database, shop) == 0


def test_the_other_stores_lose_the_conversation_too(tmp_path: Path) -> None:
    conversations = tmp_path / "conversations.db"
    environment = Environment(
        conversations=str(conversations),
        web_database=f"sqlite:///{tmp_path / 'web.db'}",
        desk_database=f"sqlite:///{tmp_path / 'desk.db'}",
    )
    engine = sa.create_engine(f"sqlite:///{conversations}", future=True)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE events (id INTEGER PRIMARY KEY, sender_id TEXT, data TEXT)")
        for sender in ("web-1", "web-1", "web-2"):
            values: Dict[str, str] = {"s": sender, "d": f"{CANARY} van {sender}"}
            connection.execute(sa.text("INSERT INTO events (sender_id, data) VALUES (:s, :d)"), values)
    engine.dispose()
    log = EventLog(environment.web_database)
    log.open_session("web-1")
    log.add_question("web-1", "1", f"{CANARY} in het weblog")
    log.close()
    told = stores.export(environment, ["web-1"])
    assert len(told["events"]) == 2
    assert stores.erase(environment, ["web-1"]) == {"events": 2, "web_events": 1, "web_sessions": 1}
    assert stores.erase(environment, []) == {}
    assert files_with(f"{CANARY} van web-1", tmp_path) == []
    assert files_with(f"{CANARY} in het weblog", tmp_path) == []
    assert files_with(f"{CANARY} van web-2", tmp_path) == ["conversations.db"]


def test_the_channels_database_loses_the_conversation_and_knows_a_repeat(tmp_path: Path) -> None:
    environment = Environment(
        conversations=str(tmp_path / "conversations.db"),
        web_database=f"sqlite:///{tmp_path / 'web.db'}",
        channels_database=f"sqlite:///{tmp_path / 'channels.db'}",
        desk_database=f"sqlite:///{tmp_path / 'desk.db'}",
    )
    store = Store(environment.channels_database)
    inbox = Inbox(store, "telegram")
    messages = [
        Incoming("telegram", f"m-{chat}", f"telegram-{chat}", chat, Kind.TEXT, f"{CANARY} van {chat}")
        for chat in ("4711", "4712")
    ]
    inbox.store(messages)
    choice = Choice("Ja", f"{CANARY} keuze", "token")
    inbox.deliver("telegram-4711", [Outgoing(f"{CANARY} antwoord", (choice,))], is_human=True)
    assert sorted(stores.export(environment, ["telegram-4711"])) == [
        *("channel_conversations", "channel_humans", "channel_incoming", "channel_offers", "channel_outgoing")
    ]
    assert stores.erase_logs(environment, ["telegram-4711"]) == {
        **{"channel_conversations": 1, "channel_humans": 1, "channel_incoming": 1, "channel_offers": 1},
        **{"channel_outgoing": 1},
    }
    assert inbox.store(messages[:1]) == []
    store.close()
    for gone in (f"{CANARY} van 4711", f"{CANARY} keuze", f"{CANARY} antwoord", "telegram-4711"):
        assert files_with(gone, tmp_path) == []
    assert files_with(f"{CANARY} van 4712", tmp_path) == ["channels.db"]
