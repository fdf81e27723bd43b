"""The database: migrated once whoever comes first; locked, full or gone it says so and loses nothing."""

from __future__ import annotations

import datetime as dt
import sqlite3
import subprocess
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import IntegrityError

from desk import database as database_module
from desk import migrating, outbox
from desk.cases import count_cases, open_case
from desk.database import VERSION_TABLE, Database, DeskUnavailable, open_database
from desk.models import Base, Counter
from desk.worker import Worker
from shop.settings import Environment, Shop
from tests.desk.conftest import Clock, a_request
from tests.services import MailServer, Postgres


def test_the_migrations_make_exactly_the_tables_of_the_models(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, Base.metadata) == []


def test_a_database_that_is_up_to_date_is_opened_without_alembic(address: str) -> None:
    open_database(address).close()
    code = f"""
import sys
from desk.database import open_database
open_database({address!r}).close()
print([name for name in ("alembic", "mako", "pygments") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr[-2000:]


def test_the_version_that_is_looked_for_is_that_of_the_last_migration() -> None:
    assert migrating.newest() == database_module.NEWEST


def test_eight_processes_that_open_a_new_database_together_migrate_it_once(address: str) -> None:
    barrier = threading.Barrier(8)

    def go(_: int) -> bool:
        barrier.wait(30)
        opened = open_database(address)
        with opened.reading() as session:
            session.execute(sa.select(Counter)).all()
        opened.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(go, range(8))) == [True] * 8


def test_sqlite_is_set_up_for_safety(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'new' / 'desk.db'}")
    with database.session() as session:
        values = [session.execute(sa.text(f"PRAGMA {name}")).scalar() for name in
                  ("journal_mode", "foreign_keys", "secure_delete", "synchronous", "busy_timeout")]  # fmt: skip
    assert values == ["wal", 1, 1, 2, 2000]
    database.close()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("sqlite://", "SQLite files or PostgreSQL"),
        ("sqlite:///:memory:", "SQLite files or PostgreSQL"),
        ("mysql://x/y", "SQLite files or PostgreSQL"),
        ("nonsense", "no address"),
    ],
)
def test_an_address_that_will_not_do_is_refused(address: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        open_database(address)


def test_a_moment_without_zone_is_refused_and_others_come_back_as_utc(database: Database, shop: Shop) -> None:
    with pytest.raises(Exception, match="without a time zone"):
        open_case(database, a_request(), shop, dt.datetime(2026, 1, 1).astimezone().replace(tzinfo=None))
    assert count_cases(database) == 0


def test_a_locked_sqlite_file_is_told_and_the_same_request_works_later(
    tmp_path: Path, shop: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT", 50)
    database = open_database(f"sqlite:///{tmp_path / 'desk.db'}")
    other = sqlite3.connect(tmp_path / "desk.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DeskUnavailable) as error:
        open_case(database, a_request(question="kanarie"), shop, clock())
    assert "database is locked" in str(error.value)
    assert "kanarie" not in str(error.value)
    assert count_cases(database) == 0  # readers go on
    other.execute("ROLLBACK")
    assert open_case(database, a_request(), shop, clock()).is_new
    database.close()
    other.close()


def test_a_full_disk_is_told_and_nothing_half_is_kept(tmp_path: Path, shop: Shop, clock: Clock) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'desk.db'}")

    @sa.event.listens_for(database.engine, "begin")
    def no_room(connection: sa.engine.Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 1}")

    with pytest.raises(DeskUnavailable, match="full"):
        open_case(database, a_request(question="a" * 10_000), shop, clock())
    sa.event.remove(database.engine, "begin", no_room)
    database.close()
    database = open_database(f"sqlite:///{tmp_path / 'desk.db'}")
    assert count_cases(database) == 0
    assert outbox.counts(database) == {}
    assert open_case(database, a_request(), shop, clock()).reference == "A-2026-0001"
    database.close()


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "desk.db").write_bytes(b"niet van sqlite" * 100)
    with pytest.raises(DeskUnavailable, match="not a database"):
        open_database(f"sqlite:///{tmp_path / 'desk.db'}")


def test_postgres_that_goes_away_is_told_and_used_again_when_it_is_back(
    own_postgres: Postgres,
    shop: Shop,
    clock: Clock,
    mail_server: MailServer,
) -> None:
    address = own_postgres.new_database()
    database = open_database(address)
    open_case(database, a_request("key-1"), shop, clock())
    own_postgres.stop()
    with pytest.raises(DeskUnavailable):
        open_case(database, a_request("key-2"), shop, clock())
    with pytest.raises(DeskUnavailable):
        open_database(address)
    environment = Environment(smtp_host="127.0.0.1", smtp_port=mail_server.port, smtp_tls="none")
    worker = Worker(database, environment, lambda: shop, clock)
    with pytest.raises(DeskUnavailable):
        worker.deliver_one()
    own_postgres.start()
    assert open_case(database, a_request("key-2"), shop, clock()).reference == "A-2026-0002"
    while worker.deliver_one():
        pass
    assert sorted(mail_server.recipients) == ["info@testwinkel.nl"] * 2 + ["jan@klant.nl"] * 2
    database.close()


def test_a_database_that_goes_away_after_the_mail_was_taken_does_not_repeat_it(
    own_postgres: Postgres,
    shop: Shop,
    clock: Clock,
    mail_server: MailServer,
) -> None:
    database = open_database(own_postgres.new_database())
    open_case(database, a_request("key-1"), shop, clock())
    environment = Environment(smtp_host="127.0.0.1", smtp_port=mail_server.port, smtp_tls="none")
    worker = Worker(database, environment, lambda: shop, clock)
    worker.deliver_one()
    mail_server.on_data = own_postgres.stop
    with pytest.raises(DeskUnavailable):
        worker.deliver_one()
    mail_server.on_data = None
    own_postgres.start()
    clock.forward(minutes=10)
    while worker.deliver_one():
        pass
    assert len(mail_server.message_ids) == len(set(mail_server.message_ids)) == 2
    assert outbox.counts(database) == {"mail done": 3}
    database.close()


def test_an_error_never_quotes_what_a_customer_wrote(database: Database) -> None:
    words = "kana" + "rie"
    values = {"kind": words, "subject": words}
    with pytest.raises(IntegrityError) as error, database.session() as session:
        session.execute(sa.text("INSERT INTO attempts (kind, subject) VALUES (:kind, :subject)"), values)
    told = "".join(traceback.format_exception(type(error.value), error.value, error.value.__traceback__))
    assert "null" in str(error.value).lower()
    assert words not in told
