"""The really running assistant, as `make run` starts it, with every server that it needs around it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Callable, Dict, List, Optional, Type

import psutil

from faults.clock import Clock
from faults.proxy import Proxy
from server.pair import process_environment
from shop.settings import Environment
from tests.channels.fakes.graph import GraphApi
from tests.channels.fakes.telegram import TOKEN, BotServer
from tests.channels.fakes.twilio import TwilioApi
from tests.redis_server import RedisServer
from tests.services import MailServer, Postgres, postgres_programs

START_SECONDS = 180.0
MODULES = {"rasa": "rasa_patches", "actions": "actions.server", "desk": "desk"}


class NotRunning(Exception):
    """The assistant or a server that it needs did not start; the message says where to look."""


@dataclass
class World:
    """Use it as a context manager.

    Attributes:
        folder: for databases and output.
        first_port: of a block of ten that are free.
        uses_postgres: PostgreSQL behind proxies and Redis; else SQLite files and one process alone.
        has_clock: whether the processes' clock can be moved.
    """

    folder: Path
    first_port: int
    uses_postgres: bool = True
    has_clock: bool = False
    telegram: BotServer = field(init=False)
    graph: GraphApi = field(init=False)
    twilio: TwilioApi = field(init=False)
    mail: MailServer = field(init=False)
    environment: Environment = field(init=False)
    cluster: Optional[Postgres] = None
    redis: Optional[RedisServer] = None
    clock: Optional[Clock] = None
    proxies: Dict[str, Proxy] = field(default_factory=dict)
    direct: Dict[str, str] = field(default_factory=dict)
    _supervisor: "Optional[subprocess.Popen[bytes]]" = None
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> World:
        try:
            self._prepare()
            self.start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.stop()
        self._stack.close()

    @property
    def address(self) -> str:
        """Where customers reach it."""
        return f"http://127.0.0.1:{self.environment.port}"

    # --- what is around it -------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        port = self.first_port
        self.folder.mkdir(parents=True, exist_ok=True)
        self.clock = Clock(self.folder) if self.has_clock else None
        self.telegram = self._stack.enter_context(BotServer(port=port + 3))
        self.graph = self._stack.enter_context(GraphApi(port=port + 4))
        self.twilio = self._stack.enter_context(TwilioApi(port=port + 8))
        self.mail = MailServer(port=port + 5)
        self.mail.start()
        self._stack.callback(self.mail.stop)
        addresses, redis = self._postgres() if self.uses_postgres else (self._files(), "")
        basic = Environment(**addresses)  # type: ignore[arg-type]  # all of them are texts
        self.environment = replace(
            basic,
            port=port,
            actions_port=port + 1,
            desk_port=port + 2,
            shop_file=str(self._shop()),
            redis=redis,
            web_per_minute=100_000,
            web_address_per_minute=100_000,
            channels_per_minute=100_000,
            smtp_host="127.0.0.1",
            smtp_port=self.mail.port,
            smtp_tls="none",
            public_address="https://chat.voorbeeld.nl",
            web_origins=f"http://127.0.0.1:{port}",
            telegram_token=TOKEN,
            telegram_api=self.telegram.address,
            whatsapp_token=self.graph.token,
            whatsapp_number_id=self.graph.phone_number_id,
            whatsapp_app_secret=self.graph.app_secret,
            whatsapp_verify_token="een-woord-van-ons",  # noqa: S106
            whatsapp_api=self.graph.address,
            twilio_account=self.twilio.account,
            twilio_token=self.twilio.auth_token,
            twilio_number=self.twilio.sender,
            twilio_api=self.twilio.address,
        )
        self.graph.webhook = f"{self.address}/webhooks/whatsapp/webhook"
        self.twilio.webhook = f"{self.address}/webhooks/twilio/webhook"
        self.twilio.public_webhook = f"{self.environment.public_address}/webhooks/twilio/webhook"

    def _shop(self) -> Path:
        path = self.folder / "winkel.yml"
        text = Path("winkel.yml").read_text(encoding="utf-8")
        path.write_text(text.replace('email: ""', 'email: "info@voorbeeldwinkel.nl"'), encoding="utf-8")
        return path

    def _files(self) -> Dict[str, str]:
        names = {"conversations": "conversations", "web_database": "web", "channels_database": "channels"}
        names["desk_database"] = "desk"
        found = {setting: f"sqlite:///{self.folder / name}.db" for setting, name in names.items()}
        self.direct = dict(found)
        return found

    def _postgres(self) -> "tuple[Dict[str, str], str]":
        programs = postgres_programs()
        if programs is None or not shutil.which("redis-server"):
            raise NotRunning("PostgreSQL and Redis are needed (Debian: apt-get install postgresql redis-server).")
        self.cluster = Postgres(programs)
        self._stack.callback(self.cluster.remove)
        self.redis = RedisServer(self.folder)
        self.redis.start()
        self._stack.callback(self.redis.stop)
        found: Dict[str, str] = {}
        for number, name in ((6, "main"), (7, "desk")):
            proxy = Proxy(self.cluster.port, self.first_port + number)
            proxy.start()
            self._stack.callback(proxy.stop)
            self.proxies[name] = proxy
            direct = self.cluster.new_database()
            through = direct.replace(f":{self.cluster.port}/", f":{proxy.port}/")
            settings = ("conversations", "web_database", "channels_database") if name == "main" else ("desk_database",)
            for setting in settings:
                found[setting], self.direct[setting] = through, direct
        return found, self.redis.address

    # --- its processes -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Starts everything as `make run` does; returns when it is ready."""
        variables = process_environment(self.environment)
        variables.update(self.clock.variables if self.clock else {})
        with (self.folder / "run.log").open("ab") as output:
            self._supervisor = subprocess.Popen(
                [sys.executable, "-m", "server", "run"],
                env=variables,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.wait_until_ready()

    def stop(self) -> None:
        """Ends it as Ctrl-C does."""
        if self._supervisor is None:
            return
        self._supervisor.terminate()
        try:
            self._supervisor.wait(60)
        except subprocess.TimeoutExpired:
            children = psutil.Process(self._supervisor.pid).children(recursive=True)
            for process in (*children, self._supervisor):
                process.kill()
            self._supervisor.wait()
        self._supervisor = None

    @property
    def is_running(self) -> bool:
        """Whether `make run` is still there."""
        return self._supervisor is not None and self._supervisor.poll() is None

    def wait_until_ready(self, seconds: float = START_SECONDS) -> float:
        """Waits until /ready says yes; gives the seconds that it took.

        Raises:
            NotRunning: it ended, or it takes too long.
        """
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            if self._supervisor is None or self._supervisor.poll() is not None:
                raise NotRunning(f"The assistant ended; see {self.folder}/run.log and var/log.")
            try:
                with urllib.request.urlopen(f"{self.address}/ready", timeout=5) as reply:
                    if b'"actions":"ok"' in reply.read().replace(b" ", b""):
                        return time.monotonic() - start
            except (urllib.error.URLError, OSError):
                pass
            time.sleep(0.1)
        raise NotRunning(f"The assistant was not ready within {seconds:.0f} s; see {self.folder}/run.log and var/log.")

    def pid(self, name: str) -> int:
        """Process id of "rasa", "actions" or "desk".

        Raises:
            NotRunning: there is none just now.
        """
        assert self._supervisor
        for process in psutil.Process(self._supervisor.pid).children():
            try:
                command = process.cmdline()
            except psutil.Error:
                continue
            if len(command) > 2 and command[1:3] == ["-m", MODULES[name]]:
                return int(process.pid)
        raise NotRunning(f"There is no process {name}.")

    def signal(self, name: str, number: int) -> None:
        """Sends a signal to one of the processes."""
        os.kill(self.pid(name), number)

    def kill(self, name: str) -> None:
        """As the machine's out-of-memory killer would."""
        self.signal(name, signal.SIGKILL)


def until(condition: Callable[[], object], seconds: float) -> bool:
    """Looks again and again; whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def lines(path: Path) -> List[str]:
    """The lines of a file, none when it is not there."""
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
