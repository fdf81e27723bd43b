"""kill -9 of the process that opens cases, and of the one that delivers: nothing lost, nothing twice."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Dict, List

import pytest
import sqlalchemy as sa

from desk import outbox
from desk.cases import open_case
from desk.database import Database, open_database
from desk.models import Case, OutboxRow
from shop.settings import Environment, Shop
from tests.desk.conftest import Clock, a_request
from tests.desk.killing import deliver_all, moments, open_all, run
from tests.services import MailServer

KEYS = ["key-1", "key-2", "key-3"]


def cases_by_key(database: Database) -> Dict[str, str]:
    with database.reading() as session:
        rows = session.execute(sa.select(Case.key, Case.reference)).all()
    assert len(rows) == len({key for key, _ in rows})
    return dict(rows)


def check_cases(database: Database, acknowledged: Dict[str, str], keys: List[str]) -> None:
    """Every case that was acknowledged is there, each once, whole, with its two mails."""
    found = cases_by_key(database)
    assert set(acknowledged.items()) <= set(found.items())
    assert sorted(found) == sorted(keys)
    assert sorted(found.values()) == [f"A-2026-{n + 1:04d}" for n in range(len(keys))]
    with database.reading() as session:
        mails = session.execute(
            sa.select(Case.reference, sa.func.count(OutboxRow.id)).join(OutboxRow).group_by(Case.reference)
        ).all()
        for case in session.execute(sa.select(Case)).scalars():
            assert case.question == f"vraag {case.key}"
            assert case.consent.version == "2026-11"
            assert len(case.events) == 1
    assert dict(mails) == dict.fromkeys(found.values(), 2)


def open_with_kills(address: str, shop: Shop, clock: Clock, kills: List[Dict[str, float]]) -> None:
    """The channel repeats what got no receipt; each repeat may be killed again."""
    acknowledged: Dict[str, str] = {}
    killed = 0
    for kill in [*kills, {}]:
        open_keys = [key for key in KEYS if key not in acknowledged]
        step = kill.get("step")
        sent, dead = run(
            open_all, address, open_keys, shop, clock(), None if step is None else int(step), after=kill.get("after")
        )
        acknowledged.update(sent)
        killed += dead
    database = open_database(address, wait=60)
    check_cases(database, acknowledged, KEYS)
    database.close()


@pytest.mark.parametrize("step", range(2, 62, 4))
def test_killed_at_any_step_of_opening_a_case(address: str, shop: Shop, clock: Clock, step: int) -> None:
    open_with_kills(address, shop, clock, [{"step": step}])


@pytest.mark.parametrize("seed", range(10))
def test_killed_at_random_moments_while_cases_are_opened(address: str, shop: Shop, clock: Clock, seed: int) -> None:
    open_with_kills(address, shop, clock, [{"after": after} for after in moments(seed, 3, 0.06)])


def deliver_with_kills(
    address: str, environment: Environment, shop: Shop, clock: Clock, kills: List[Dict[str, float]]
) -> None:
    run(open_all, address, KEYS, shop, clock(), None)
    for kill in [*kills, {}]:
        step = kill.get("step")
        run(
            deliver_all, address, environment, shop, clock(), None if step is None else int(step),
            after=kill.get("after"),
        )  # fmt: skip
        clock.forward(seconds=outbox.LEASE.total_seconds() + 1)


def check_mail(address: str, mail_server: MailServer, doubles: int) -> None:
    """Each mail arrived; what arrived again is the same mail with the same Message-ID."""
    assert len(set(mail_server.message_ids)) == 6
    assert sorted(Counter(mail_server.recipients)) == ["info@testwinkel.nl", "jan@klant.nl"]
    assert len(mail_server.received) - 6 <= doubles
    for mail in mail_server.received:
        number = mail.message["Message-ID"]
        assert len({other.raw for other in mail_server.received if other.message["Message-ID"] == number}) == 1
    database = open_database(address, wait=60)
    assert outbox.counts(database) == {"mail done": 9}
    database.close()


@pytest.mark.parametrize("step", range(2, 122, 8))
def test_killed_at_any_step_of_delivering(
    address: str, environment: Environment, shop: Shop, clock: Clock, mail_server: MailServer, step: int
) -> None:
    deliver_with_kills(address, environment, shop, clock, [{"step": step}])
    check_mail(address, mail_server, doubles=1)


@pytest.mark.parametrize("seed", range(5))
def test_killed_at_random_moments_while_delivering(
    address: str, environment: Environment, shop: Shop, clock: Clock, mail_server: MailServer, seed: int
) -> None:
    deliver_with_kills(address, environment, shop, clock, [{"after": after} for after in moments(seed, 4, 0.12)])
    check_mail(address, mail_server, doubles=4)


def test_a_mail_is_repeated_only_when_it_may_not_have_arrived(
    address: str, environment: Environment, shop: Shop, clock: Clock, mail_server: MailServer
) -> None:
    """Killed before the handing over was noted: sent once. In between: the same mail again, and it is known."""
    run(open_all, address, ["key-1"], shop, clock(), None)
    database = open_database(address, wait=60)
    with database.session() as session:
        session.execute(sa.delete(OutboxRow.__table__).where(OutboxRow.dedupe.like("% owners")))
    doubles = []
    for step in range(1, 40):
        mail_server.received.clear()
        with database.session() as session:
            session.execute(
                sa.update(OutboxRow).values(state="waiting", next_try=clock(), attempts=0, handed_over=False)
            )
        _, killed = run(deliver_all, address, environment, shop, clock(), step)
        with database.reading() as session:
            row = session.execute(sa.select(OutboxRow)).scalar_one()
            noted = row.handed_over
        arrived = len(mail_server.received)
        clock.forward(seconds=outbox.LEASE.total_seconds() + 1)
        run(deliver_all, address, environment, shop, clock(), None)
        assert len(set(mail_server.message_ids)) == 1
        if arrived:
            assert noted
        if len(mail_server.received) == 2:
            doubles.append(step)
        if not killed:
            break
    else:
        raise AssertionError("the last step was not reached")
    assert len(mail_server.received) == 1
    assert doubles, "no step lies between taking the mail and marking it"
    assert len(doubles) <= 6
    database.close()


def test_two_workers_at_once_send_everything_once(
    address: str, environment: Environment, shop: Shop, clock: Clock, mail_server: MailServer
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    run(open_all, address, [f"key-{n}" for n in range(6)], shop, clock(), None)
    with ThreadPoolExecutor(3) as pool:
        for future in [pool.submit(run, deliver_all, address, environment, shop, clock(), None) for _ in range(3)]:
            future.result(60)
    run(deliver_all, address, environment, shop, clock(), None)
    assert len(mail_server.message_ids) == len(set(mail_server.message_ids)) == 6 + 5


def test_what_one_worker_holds_no_other_gets_until_the_lease_ends(database: Database, shop: Shop, clock: Clock) -> None:
    open_case(database, a_request(), shop, clock())
    assert len(outbox.claim(database, "mail", clock(), limit=10)) == 2
    clock.forward(seconds=outbox.LEASE.total_seconds() - 1)
    assert outbox.claim(database, "mail", clock(), limit=10) == []
    clock.forward(seconds=1)
    again = outbox.claim(database, "mail", clock(), limit=10)
    assert [item.attempts for item in again] == [2, 2]


def test_a_worker_that_slept_through_its_lease_does_not_send(
    address: str, environment: Environment, shop: Shop, clock: Clock, mail_server: MailServer
) -> None:
    run(open_all, address, ["key-1"], shop, clock(), None)
    database = open_database(address, wait=60)
    (slow,) = outbox.claim(database, "mail", clock())
    later = clock() + outbox.LEASE + dt.timedelta(seconds=1)
    (taken,) = outbox.claim(database, "mail", later)
    assert taken.id == slow.id
    assert outbox.hand_over(database, slow, later) is False
    assert outbox.done(database, slow, later) is False
    assert outbox.failed(database, slow, "too late", later) == ""
    assert outbox.hand_over(database, taken, later) is True
    assert outbox.done(database, taken, later) is True
    database.close()
