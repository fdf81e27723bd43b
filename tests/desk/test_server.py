"""`python -m desk serve` as it really runs: delivers, answers, stops, survives its database being away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Optional, Tuple
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

from desk.cases import get_case, open_case
from desk.database import open_database
from desk.privacy import purge_every
from desk.worker import utc_now
from shop.settings import Shop
from tests.desk.conftest import Clock, a_request
from tests.services import MailServer, Postgres, free_port

Serve = Callable[..., "Desk"]
_DEADLINE = 60.0


class Desk:
    """A running desk."""

    def __init__(self, folder: Path, variables: Dict[str, str]) -> None:
        self.port = free_port()
        self.log = folder / "desk.log"
        winkel = folder / "winkel.yml"
        winkel.write_text('naam: "T"\neigenaren: "An en Jo"\nemail: "info@testwinkel.nl"\n', encoding="utf-8")
        known = {name: value for name, value in os.environ.items() if not name.startswith("SCHAKEL_")}
        own = {"SCHAKEL_DESK_PORT": str(self.port), "SCHAKEL_SHOP_FILE": str(winkel), "SCHAKEL_SECRET": "s" * 32}
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "desk", "serve"]
            self.process = subprocess.Popen(command, env={**known, **own, **variables}, stdout=log, stderr=log)

    def health(self) -> Optional[Tuple[int, Any]]:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5) as reply:
                return reply.status, json.load(reply)
        except HTTPError as error:
            return error.code, json.load(error)
        except (URLError, OSError):
            return None

    def until(self, right: Callable[[], bool]) -> None:
        pause = threading.Event()
        for _ in range(int(_DEADLINE / 0.1)):
            if right():
                return
            assert self.process.poll() is None, self.log.read_text()
            pause.wait(0.1)
        raise AssertionError(self.log.read_text())

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_DEADLINE)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    running = []

    def start(**variables: str) -> Desk:
        running.append(Desk(tmp_path, variables))
        return running[-1]

    yield start
    for desk in running:
        if desk.process.poll() is None:
            desk.process.kill()
            desk.process.wait()


def test_the_desk_delivers_tells_its_health_and_stops_when_asked(
    serve: Serve, address: str, shop: Shop, mail_server: MailServer
) -> None:
    database = open_database(address)
    desk = serve(
        SCHAKEL_DESK_DATABASE=address,
        SCHAKEL_SMTP_HOST="127.0.0.1",
        SCHAKEL_SMTP_PORT=str(mail_server.port),
        SCHAKEL_SMTP_TLS="none",
    )
    desk.until(lambda: desk.health() is not None)
    open_case(database, a_request(), shop, utc_now())
    desk.until(lambda: desk.health() == (200, {"problems": [], "outbox": {"mail done": 3}}))
    assert sorted(mail_server.recipients) == ["info@testwinkel.nl", "jan@klant.nl"]
    with urlopen(f"http://127.0.0.1:{desk.port}/", timeout=5) as page:
        assert "text/html" in page.headers["Content-Type"]
    assert desk.stop() == 0
    assert "jan@klant.nl" not in desk.log.read_text()
    database.close()


def test_what_waits_is_told_by_the_health_page(serve: Serve, tmp_path: Path) -> None:
    desk = serve(SCHAKEL_DESK_DATABASE=f"sqlite:///{tmp_path / 'desk.db'}")
    desk.until(
        lambda: desk.health() == (503, {"problems": ["mail waits: SCHAKEL_SMTP_HOST is not set."], "outbox": {}})
    )
    assert desk.stop() == 0


def test_a_desk_that_is_killed_leaves_nothing_undone(
    serve: Serve, tmp_path: Path, shop: Shop, mail_server: MailServer
) -> None:
    address = f"sqlite:///{tmp_path / 'desk.db'}"
    variables = {
        "SCHAKEL_DESK_DATABASE": address,
        "SCHAKEL_SMTP_HOST": "127.0.0.1",
        "SCHAKEL_SMTP_PORT": str(mail_server.port),
        "SCHAKEL_SMTP_TLS": "none",
    }
    desk = serve(**variables)
    desk.until(lambda: desk.health() is not None)
    desk.process.kill()
    desk.process.wait()
    database = open_database(address)
    open_case(database, a_request(), shop, utc_now())
    desk = serve(**variables)
    desk.until(lambda: len(mail_server.received) == 2)
    assert desk.stop() == 0
    assert get_case(database, f"A-{utc_now().year}-0001").status == "new"
    database.close()


def test_a_database_that_is_away_at_start_is_waited_for(
    serve: Serve,
    own_postgres: Postgres,
) -> None:
    address = own_postgres.new_database()
    own_postgres.stop()
    desk = serve(SCHAKEL_DESK_DATABASE=address)
    desk.until(lambda: "Trying again" in desk.log.read_text())
    assert desk.health() is None
    own_postgres.start()
    desk.until(lambda: desk.health() is not None)
    assert desk.stop() == 0


def test_a_database_that_goes_away_is_told_and_does_not_end_the_desk(
    serve: Serve,
    own_postgres: Postgres,
) -> None:
    desk = serve(SCHAKEL_DESK_DATABASE=own_postgres.new_database(), SCHAKEL_SMTP_HOST="127.0.0.1")
    desk.until(lambda: desk.health() == (200, {"problems": [], "outbox": {}}))
    own_postgres.stop()
    desk.until(lambda: (desk.health() or (0,))[0] == 503)
    own_postgres.start()
    desk.until(lambda: desk.health() == (200, {"problems": [], "outbox": {}}))
    assert desk.stop() == 0


def test_a_port_that_is_taken_is_told_in_one_line(serve: Serve, tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        desk = serve(
            SCHAKEL_DESK_PORT=str(taken.getsockname()[1]), SCHAKEL_DESK_DATABASE=f"sqlite:///{tmp_path / 'desk.db'}"
        )
        assert desk.process.wait(_DEADLINE) == 1
    assert "SCHAKEL_DESK_PORT=... in .env" in desk.log.read_text()
    assert "Traceback" not in desk.log.read_text()


def test_the_purge_runs_at_start_and_every_hour_and_outlives_trouble(tmp_path: Path, shop: Shop, clock: Clock) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'desk.db'}")
    open_case(database, a_request(), shop, clock())
    waits = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        clock.forward(days=200)
        return len(waits) == 3

    def broken_once() -> Shop:
        if len(waits) == 1:
            raise RuntimeError("kanarie")
        return shop

    purge_every(database, clock, wait, broken_once)
    assert waits == [3600.0, 3600.0, 3600.0]
    from desk.cases import count_cases

    assert count_cases(database) == 0
    database.close()
