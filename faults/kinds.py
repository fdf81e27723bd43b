"""What can break: how each fault begins, how it ends, and what a customer may expect meanwhile."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sqlite3
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Callable, ContextManager, Iterator, List

import psutil
import psycopg2

from faults.proxy import CUT, PASS, SILENT
from faults.world import World, until

TABLES = ("events", "web_events", "web_sessions", "channel_incoming", "channel_conversations", "channel_outgoing")
HELD = 6.0  # seconds that most faults last: longer than a customer's patience
SLOW = 0.02  # seconds for each piece in each direction


@dataclass(frozen=True)
class Fault:
    """Something that breaks.

    Attributes:
        name: as the table shows it.
        breaks: breaks it on entering, mends it on leaving.
        postgres: in which world it happens.
        held: seconds that it lasts.
        counts_from_healing: whether customers hear nothing before it is mended, and the five seconds begin then.
        chat_apps_wait: the same for Telegram, WhatsApp and Twilio only.
        is_short: part of the quick run.
        needs_clock: needs a clock that can be moved.
    """

    name: str
    breaks: Callable[[World], ContextManager[None]]
    postgres: bool = True
    held: float = HELD
    counts_from_healing: bool = False
    chat_apps_wait: bool = False
    is_short: bool = False
    needs_clock: bool = False


@contextlib.contextmanager
def database_gone(world: World) -> Iterator[None]:
    """All connections break, new ones are refused."""
    world.proxies["main"].set(CUT)
    yield
    world.proxies["main"].set(PASS)


@contextlib.contextmanager
def database_silent(world: World) -> Iterator[None]:
    """The network swallows what is said to the database."""
    world.proxies["main"].set(SILENT)
    yield
    world.proxies["main"].set(PASS)


@contextlib.contextmanager
def database_slow(world: World) -> Iterator[None]:
    """Every piece takes its time, in both directions."""
    for proxy in world.proxies.values():
        proxy.set(PASS, SLOW)
    yield
    for proxy in world.proxies.values():
        proxy.set(PASS)


@contextlib.contextmanager
def desk_database_gone(world: World) -> Iterator[None]:
    """The desk's database alone."""
    world.proxies["desk"].set(CUT)
    yield
    world.proxies["desk"].set(PASS)


@contextlib.contextmanager
def database_locked(world: World) -> Iterator[None]:
    """Somebody holds every table of the assistant's database."""
    connection = psycopg2.connect(world.direct["conversations"])
    try:
        connection.cursor().execute(f"LOCK TABLE {', '.join(TABLES)} IN ACCESS EXCLUSIVE MODE")
        yield
    finally:
        connection.rollback()
        connection.close()


@contextlib.contextmanager
def files_locked(world: World) -> Iterator[None]:
    """Somebody writes to every SQLite file and does not finish."""
    with contextlib.ExitStack() as stack:
        for address in world.direct.values():
            connection = sqlite3.connect(address.replace("sqlite:///", ""), timeout=20, isolation_level=None)
            stack.callback(connection.close)
            connection.execute("BEGIN IMMEDIATE")
            stack.callback(connection.execute, "ROLLBACK")
        yield


@contextlib.contextmanager
def disk_full(world: World) -> Iterator[None]:
    """No file of the assistant's processes may grow: SQLite gets an error as from a full disk."""
    pids = [world.pid(name) for name in ("rasa", "actions", "desk")]
    was = [resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in pids]
    for pid, (_, hard) in zip(pids, was):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (4_096, hard))
    yield
    for pid, limits in zip(pids, was):
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


@contextlib.contextmanager
def actions_killed(world: World) -> Iterator[None]:
    """The action server is killed; `make run` starts it again."""
    world.kill("actions")
    yield
    world.wait_until_ready()


@contextlib.contextmanager
def actions_slow(world: World) -> Iterator[None]:
    """The action server takes calls and says nothing."""
    process = psutil.Process(world.pid("actions"))
    process.send_signal(signal.SIGSTOP)
    yield
    process.send_signal(signal.SIGCONT)


class _Nonsense(BaseHTTPRequestHandler):
    answers = (b"<html>Welkom bij nginx!</html>", b"[]", b'{"events": 1, "responses": "x"}', b"")
    count = 0

    def do_POST(self) -> None:
        """Answers every call with 200 and something else each time."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        _Nonsense.count += 1
        answer = self.answers[_Nonsense.count % len(self.answers)]
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextlib.contextmanager
def actions_nonsense(world: World) -> Iterator[None]:
    """Another server has the action server's port."""
    world.kill("actions")
    found: List[ThreadingHTTPServer] = []

    def taken() -> bool:
        with contextlib.suppress(OSError):
            found.append(ThreadingHTTPServer(("127.0.0.1", world.environment.actions_port), _Nonsense))
        return bool(found)

    until(taken, 5.0)
    threading.Thread(target=found[0].serve_forever, daemon=True).start()
    yield
    found[0].shutdown()
    found[0].server_close()
    world.wait_until_ready()


@contextlib.contextmanager
def mail_down(world: World) -> Iterator[None]:
    """The mail server refuses connections."""
    world.mail.stop()
    yield
    world.mail.start()


@contextlib.contextmanager
def channels_down(world: World) -> Iterator[None]:
    """Telegram answers 500, WhatsApp breaks every connection, Twilio says that it is overloaded."""
    world.telegram.fail(500, times=100_000)
    world.graph.fail(0, times=100_000)
    world.twilio.fail(20_503, times=100_000)
    yield
    for service in (world.telegram, world.graph, world.twilio):
        service._failures.clear()


@contextlib.contextmanager
def redis_gone(world: World) -> Iterator[None]:
    """Redis is killed."""
    assert world.redis
    world.redis.stop()
    yield
    world.redis.start()


@contextlib.contextmanager
def redis_silent(world: World) -> Iterator[None]:
    """Redis takes calls and says nothing."""
    assert world.redis
    process = world.redis._process
    assert process
    process.send_signal(signal.SIGSTOP)
    yield
    process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def stopped_in_order(world: World) -> Iterator[None]:
    """Everything is stopped with SIGTERM in mid-turn, and started again."""
    timer = threading.Timer(0.02, world.stop)
    timer.start()
    yield
    timer.join()
    world.start()


@contextlib.contextmanager
def assistant_terminated(world: World) -> Iterator[None]:
    """Rasa alone gets SIGTERM in mid-turn; `make run` starts it again."""
    yield from _rasa_gets(world, signal.SIGTERM)


@contextlib.contextmanager
def assistant_killed(world: World) -> Iterator[None]:
    """Rasa is killed in mid-turn; `make run` starts it again."""
    yield from _rasa_gets(world, signal.SIGKILL)


def _rasa_gets(world: World, number: int) -> Iterator[None]:
    pid = world.pid("rasa")
    timer = threading.Timer(0.03, os.kill, (pid, number))
    timer.start()
    yield
    timer.join()
    until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE, 30)
    world.wait_until_ready()


def clock_moved(seconds: float) -> Callable[[World], ContextManager[None]]:
    """The clock of all processes jumps, and jumps back."""

    @contextlib.contextmanager
    def move(world: World) -> Iterator[None]:
        assert world.clock
        world.clock.move(seconds)
        yield
        world.clock.move(0)

    return move


FAULTS = (
    Fault("database gone", database_gone, is_short=True, chat_apps_wait=True),
    Fault("database locked", database_locked, chat_apps_wait=True),
    Fault("database slow", database_slow),
    Fault("database silent", database_silent, chat_apps_wait=True),
    Fault("desk database gone", desk_database_gone),
    Fault("action server killed", actions_killed, is_short=True),
    Fault("action server slow", actions_slow),
    Fault("action server nonsense", actions_nonsense),
    Fault("mail server down", mail_down),
    Fault("channel service down", channels_down, chat_apps_wait=True),
    Fault("Redis gone", redis_gone),
    Fault("Redis silent", redis_silent),
    Fault("SIGTERM, all", stopped_in_order, held=0.5, counts_from_healing=True),
    Fault("SIGTERM, Rasa", assistant_terminated, held=0.5, counts_from_healing=True),
    Fault("SIGKILL, Rasa", assistant_killed, held=0.5, counts_from_healing=True, is_short=True),
    Fault("SQLite: files locked", files_locked, postgres=False, chat_apps_wait=True),
    Fault("SQLite: disk full", disk_full, postgres=False, chat_apps_wait=True),
    Fault("SQLite: SIGKILL, Rasa", assistant_killed, postgres=False, held=0.5, counts_from_healing=True),
    Fault("clock 50 minutes ahead", clock_moved(50 * 60), postgres=False, needs_clock=True),
    Fault("clock three hours ahead", clock_moved(3 * 3_600), postgres=False, needs_clock=True),
    Fault("clock three hours back", clock_moved(-3 * 3_600), postgres=False, needs_clock=True),
)
