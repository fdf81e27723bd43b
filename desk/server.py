"""`python -m desk serve`: the staff page, the worker that delivers mail, and the purge, in one process."""

from __future__ import annotations

import json
import logging
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any, Callable, Iterable, List, Optional

import sqlalchemy as sa
from waitress.server import create_server

from desk import outbox, privacy, takeover
from desk.database import Database, DeskUnavailable, open_database
from desk.live_shop import LiveShop
from desk.worker import Worker, utc_now
from server.checks import check_port
from shop.settings import Environment

logger = logging.getLogger(__name__)

HEALTH = "/health"
THREADS = 8
_OPEN_WAIT = 5.0  # seconds between tries to open a database that is not there yet
_SILENCE_POLL = 5.0
Application = Callable[..., Iterable[bytes]]


def serve(environment: Environment, stop: Optional[threading.Event] = None) -> None:
    """Runs until SIGTERM, Ctrl-C or `stop`.

    Raises:
        CannotStart: the port is taken.
        ValueError: SCHAKEL_DESK_DATABASE is no address.
        SettingsError: `winkel.yml` is wrong.
    """
    stop = stop or threading.Event()
    if threading.current_thread() is threading.main_thread():
        _stop_on_signals(stop)
    check_port(environment.desk_host, environment.desk_port, "SCHAKEL_DESK_PORT")
    shop = LiveShop(Path(environment.shop_file))
    database = _open(environment.desk_database, stop)
    if database is None:
        return
    worker = Worker(database, environment, shop)
    application = with_health(staff_application(database, environment, shop), database, worker)
    server = create_server(
        application,
        host=environment.desk_host,
        port=environment.desk_port,
        threads=THREADS,
        ident=None,
        max_request_body_size=1_000_000,
        channel_timeout=60,
    )
    background = [
        threading.Thread(target=worker.run, args=(stop,), name="outbox"),
        threading.Thread(target=_end_silent_takeovers, args=(database, stop), name="silence"),
        threading.Thread(target=privacy.purge_every, args=(database, utc_now, stop.wait, shop), name="purge"),
    ]
    # A daemon: browsers keep connections open, and a stop doesn't wait for them.
    pages = threading.Thread(target=_run_pages, args=(server, stop), name="pages", daemon=True)
    for thread in (*background, pages):
        thread.start()
    logger.info("The desk listens on %s:%d.", environment.desk_host, environment.desk_port)
    try:
        stop.wait()
    finally:
        stop.set()
        server.trigger.pull_trigger(server.close)
        for thread in background:
            thread.join()
        database.close()


def _end_silent_takeovers(database: Database, stop: threading.Event) -> None:
    """Brings the assistant back in conversations where the owner went silent, also when nobody looks."""
    while not stop.wait(_SILENCE_POLL):
        try:
            takeover.expire(database, utc_now())
        except DeskUnavailable:
            continue  # the worker tells
        except Exception as error:  # its text could hold what a customer wrote
            logger.error("Silent takeovers could not be ended (%s).", type(error).__name__)


def _run_pages(server: Any, stop: threading.Event) -> None:
    try:
        server.run()
    finally:
        stop.set()


def staff_application(database: Database, environment: Environment, shop: LiveShop) -> Application:
    """The staff page."""
    from desk.staff import create_app

    application: Application = create_app(database, environment, shop)
    return application


def with_health(application: Application, database: Database, worker: Worker) -> Application:
    """Answers /health in front of the application: 200 when all is well, 503 when an owner should look."""

    def answer(variables: Any, start_response: Any) -> Iterable[bytes]:
        if variables.get("PATH_INFO") != HEALTH:
            return application(variables, start_response)
        told = health(database, worker)
        status = "200 OK" if not told["problems"] else "503 Service Unavailable"
        start_response(status, [("Content-Type", "application/json"), ("Cache-Control", "no-store")])
        return [json.dumps(told).encode()]

    return answer


def health(database: Database, worker: Worker) -> Any:
    """{"problems": [...], "outbox": {"mail waiting": 1 ...}}; nothing personal in it."""
    problems: List[str] = [worker.problem] if worker.problem else []
    counts = {}
    try:
        with database.session() as session:  # a writer: a full disk or a lock shows here
            session.execute(sa.text("SELECT 1"))
        counts = outbox.counts(database)
    except DeskUnavailable as error:
        problems.append(str(error))
    if any(name.endswith(" dead") for name in counts):
        problems.append("some deliveries were given up; see python -m desk retry --list")
    return {"problems": problems, "outbox": counts}


def _open(address: str, stop: threading.Event) -> Optional[Database]:
    """The database; one that is down at start is waited for, so that the desk comes up after it. None when stopped."""
    told = ""
    while not stop.is_set():
        try:
            return open_database(address)
        except DeskUnavailable as error:
            if str(error) != told:
                logger.error("%s Trying again.", error)
                told = str(error)
            stop.wait(_OPEN_WAIT)
    return None


def _stop_on_signals(stop: threading.Event) -> None:
    def handler(number: int, frame: Optional[FrameType]) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, handler)
    signal.signal(signal.SIGINT, handler)
