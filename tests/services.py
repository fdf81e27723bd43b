"""Real services for tests: a PostgreSQL cluster of our own and a real SMTP server.

A conftest that wants them imports the fixtures: `from tests.services import mail_server, postgres  # noqa: F401`.
Where PostgreSQL is not installed, tests that need it are skipped with a reason; REQUIRE_SERVICES=1 makes them fail.
"""

from __future__ import annotations

import email
import email.policy
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import uuid
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Callable, Iterator, List, Optional, Set

import psycopg2
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

REQUIRED = os.environ.get("REQUIRE_SERVICES") == "1"
_WAIT = 30.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def missing(reason: str) -> Any:
    """Skips, or fails where services are required."""
    if REQUIRED:
        pytest.fail(reason)
    pytest.skip(reason)


# PostgreSQL


def postgres_programs() -> Optional[Path]:
    """The folder with initdb and postgres; None when it is not installed."""
    if shutil.which("initdb"):
        return Path(shutil.which("initdb") or "").resolve().parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: path.parent.parent.name)
    return found[-1].parent if found else None


class Postgres:
    """A cluster in a temporary folder, run by an ordinary user: PostgreSQL refuses root."""

    def __init__(self, programs: Path) -> None:
        self.programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="schakel-postgres-"))
        self.port = free_port()
        self.made: Set[str] = set()
        self.emptied: List[str] = []
        self.user = next((name for name in ("postgres", "nobody") if _exists(name)), None) if os.getuid() == 0 else None
        if self.user:
            shutil.chown(self.folder, self.user)
        self._run("initdb", "-D", str(self.data), "-U", "schakel", "--auth=trust", "-E", "UTF8", "--no-locale", "-N")
        self.process: Optional["subprocess.Popen[bytes]"] = None
        self.start()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        command = [str(self.programs / "postgres"), "-D", str(self.data), "-p", str(self.port), "-k", str(self.folder)]
        command += ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=60"]
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(command, stdout=log, stderr=log, user=self.user, cwd=self.folder)
        log.close()
        ready = [str(self.programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port), "-t", "1"]
        for _ in range(int(_WAIT * 20)):
            if subprocess.run(ready, check=False).returncode == 0:
                return
            assert self.process.poll() is None, (self.folder / "log").read_text()
            threading.Event().wait(0.05)
        raise AssertionError((self.folder / "log").read_text())

    def stop(self) -> None:
        """At once, as a power cut would."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(3)  # SIGQUIT: immediate shutdown
            self.process.wait(_WAIT)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_database(self) -> str:
        """The address of an empty database."""
        name = self.emptied.pop() if self.emptied else f"test_{uuid.uuid4().hex}"
        if name not in self.made:
            self._execute("postgres", f"CREATE DATABASE {name}")
            self.made.add(name)
        return f"postgresql://schakel@127.0.0.1:{self.port}/{name}"

    def take_back(self, address: str) -> None:
        """Empties a database for the next test; making one takes longer."""
        name = address.rsplit("/", 1)[1]
        self._execute(
            name,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
            "DROP SCHEMA public CASCADE",
            "CREATE SCHEMA public",
        )
        self.emptied.append(name)

    def _execute(self, database: str, *statements: str) -> None:
        connection = psycopg2.connect(host="127.0.0.1", port=self.port, user="schakel", dbname=database)
        connection.autocommit = True
        for statement in statements:
            connection.cursor().execute(statement)
        connection.close()

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        done = subprocess.run(command, capture_output=True, user=self.user, cwd=self.folder, check=False)
        assert done.returncode == 0, done.stderr.decode()


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    programs = postgres_programs()
    if programs is None:
        missing("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    assert programs is not None
    cluster = Postgres(programs)
    yield cluster
    cluster.remove()


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A cluster that a test may stop and start."""
    programs = postgres_programs()
    if programs is None:
        missing("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    assert programs is not None
    cluster = Postgres(programs)
    yield cluster
    cluster.remove()


# Mail


@dataclass
class Received:
    """A mail that the server took."""

    sender: str
    recipient: str
    message: EmailMessage
    raw: bytes

    @property
    def text(self) -> str:
        body = self.message.get_body(("plain",))
        assert body is not None
        return str(body.get_content()).replace("\r\n", "\n")


@dataclass
class MailServer:
    """A real SMTP server whose answers a test may script.

    Attributes:
        received: what it took, in order.
        rcpt_answers, data_answers, mail_answers: answers for the next commands; then "250 OK".
        drop_after: take this many mails and then break the line without an answer.
        hold: when set, the answer to a mail waits for it.
        on_data: called when a mail has come in, before the answer.
    """

    port: int = 0
    received: List[Received] = field(default_factory=list)
    mail_answers: List[str] = field(default_factory=list)
    rcpt_answers: List[str] = field(default_factory=list)
    data_answers: List[str] = field(default_factory=list)
    drop_after: int = 0
    login: Optional["tuple[str, str]"] = None
    logins: List[str] = field(default_factory=list)
    on_data: Optional[Callable[[], None]] = None
    _controller: Optional[Controller] = None

    @property
    def recipients(self) -> List[str]:
        return [mail.recipient for mail in self.received]

    @property
    def message_ids(self) -> List[str]:
        return [str(mail.message["Message-ID"]) for mail in self.received]

    def start(self, tls_context: Any = None, **options: Any) -> None:
        self.port = self.port or free_port()
        if self.login is not None:
            options.update(authenticator=self._authenticate, auth_require_tls=False)
        if tls_context is not None:
            options.update(tls_context=tls_context, require_starttls=True)
        self._controller = Controller(_Handler(self), hostname="127.0.0.1", port=self.port, ready_timeout=30, **options)
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop(no_assert=True)
            self._controller = None

    def _authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        given = (data.login.decode(), data.password.decode())
        self.logins.append(given[0])
        return AuthResult(success=given == self.login)


class _Handler:
    def __init__(self, server: MailServer) -> None:
        self.server = server

    async def handle_MAIL(self, smtp: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802
        if self.server.mail_answers:
            return self.server.mail_answers.pop(0)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, smtp: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802
        if self.server.rcpt_answers:
            answer = self.server.rcpt_answers.pop(0)
            if not answer.startswith("2"):
                return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, smtp: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.server.data_answers:
            answer = self.server.data_answers.pop(0)
            if not answer.startswith("2"):
                return answer
        raw = envelope.original_content or b""
        message = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        for recipient in envelope.rcpt_tos:
            self.server.received.append(Received(envelope.mail_from or "", recipient, message, raw))
        if self.server.on_data is not None:
            self.server.on_data()
        if self.server.drop_after:
            self.server.drop_after -= 1
            transport: Any = smtp.transport  # of asyncio or of uvloop, which Sanic brings
            transport.abort()
        return "250 OK"


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    server.start()
    yield server
    server.stop()
