"""The desk's database, on SQLite and on PostgreSQL, and a shop with opening hours."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Iterator
from zoneinfo import ZoneInfo

import pytest

from desk.cases import AdviceRequest, Consent, Contact
from desk.database import Database, open_database
from desk.worker import Worker
from shop.settings import Environment, Shop
from tests.services import MailServer, mail_server, own_postgres, postgres  # noqa: F401

TUESDAY = dt.datetime(2026, 11, 24, 14, 0, tzinfo=ZoneInfo("Europe/Amsterdam"))
WEEKDAYS = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag")
REQUEST = AdviceRequest(
    key="key-1",
    conversation="web-1",
    channel="web",
    question="Ik slaap slecht. Wat kan ik doen?",
    subject="slaap",
    name="Jan de Vries",
    contact=Contact("email", "jan@klant.nl"),
    order_number="",
    consent=Consent("2026-11", TUESDAY),
)


class Clock:
    """A clock that a test sets."""

    def __init__(self, now: dt.datetime = TUESDAY) -> None:
        self.now = now

    def __call__(self) -> dt.datetime:
        return self.now

    def forward(self, **amount: float) -> None:
        self.now += dt.timedelta(**amount)


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'desk.db'}"
        return
    cluster = request.getfixturevalue("postgres")
    found: str = cluster.new_database()
    yield found
    cluster.take_back(found)


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    # A busy machine may need long for what thirty writers do at once; who tests a lock says so.
    opened = open_database(address, wait=60)
    yield opened
    opened.close()


@pytest.fixture
def shop() -> Shop:
    return Shop(
        naam="Testwinkel",
        eigenaren="An en Jo",
        email="info@testwinkel.nl",
        openingstijden=dict.fromkeys(WEEKDAYS, "09:00-17:00"),
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def environment(mail_server: MailServer) -> Environment:  # noqa: F811
    return Environment(smtp_host="127.0.0.1", smtp_port=mail_server.port, smtp_tls="none")


@pytest.fixture
def worker(database: Database, environment: Environment, shop: Shop, clock: Clock) -> Worker:
    return Worker(database, environment, lambda: shop, clock)


@pytest.fixture
def deliver(worker: Worker) -> Callable[[], None]:
    """Delivers everything that is due."""

    def all_of_it() -> None:
        while worker.deliver_one():
            pass

    return all_of_it


def a_request(key: str = "key-1", **changes: Any) -> AdviceRequest:
    return replace(REQUEST, key=key, **changes)
