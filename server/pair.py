"""Runs the action server, Rasa and the advice desk together: starts them, waits until they are ready, stops them."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import FrameType
from typing import Dict, List, Optional

from server import signature
from server.checks import CannotStart, check_port
from server.training import MODEL
from shop.settings import Environment

logger = logging.getLogger(__name__)

START_TIMEOUT = 120  # seconds; a cold disk reads Rasa's libraries slowly
STOP_TIMEOUT = 20
DESK = "desk"
DESK_PAUSE = 10.0  # seconds at least between two starts of a desk that keeps ending
RESTARTS = 5  # of a process that customers need within `RESTARTS_WITHIN` seconds; then all is stopped
RESTARTS_WITHIN = 120.0
RESTART_PAUSES = (0.0, 1.0, 2.0, 4.0, 8.0)  # seconds before each of them
_POLL = 0.1


@dataclass
class Pair:
    """The running processes: the two that answer customers, and the desk. One that ends is started again.

    Attributes:
        environment: the settings both run with.
        log_folder: where their output goes; None leaves it on this terminal.
        with_desk: False where several assistants share one desk that runs elsewhere.
    """

    environment: Environment
    log_folder: Optional[Path] = None
    with_desk: bool = True
    processes: Dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start(self) -> None:
        """Starts all three and returns when the two that customers need answer.

        Raises:
            CannotStart: a port is taken, the model is missing, or a process ended before it was ready.
        """
        env = self.environment
        if not MODEL.exists():
            raise CannotStart(f"There is no trained model ({MODEL}). Run `make train`.")
        signature.check(MODEL)
        check_port("127.0.0.1", env.actions_port, "SCHAKEL_ACTIONS_PORT")
        check_port(env.host, env.port, "SCHAKEL_PORT")
        if self.with_desk:
            check_port(env.desk_host, env.desk_port, "SCHAKEL_DESK_PORT")
            self._spawn(DESK, desk_command())
        self._spawn("actions", actions_command())
        self._spawn("rasa", rasa_command(env))
        try:
            self._wait("actions", f"http://127.0.0.1:{env.actions_port}/health")
            self._wait("rasa", f"http://{env.host}:{env.port}/webhooks/rest/ready")
            if self.with_desk and self.processes[DESK].poll() is not None:
                where = f" Its log is {self.log_folder / DESK}.log." if self.log_folder else ""
                raise CannotStart(f"The desk stopped while starting.{where}")
        except BaseException:
            self.stop()
            raise

    def _spawn(self, name: str, command: List[str]) -> None:
        output = None
        if self.log_folder:
            self.log_folder.mkdir(parents=True, exist_ok=True)
            output = (self.log_folder / f"{name}.log").open("ab" if name in self.processes else "wb")
        # A session of its own: Ctrl-C reaches only this process, which then stops both in order.
        self.processes[name] = subprocess.Popen(
            command, env=process_environment(self.environment), stdout=output, stderr=output, start_new_session=True
        )
        if output:
            output.close()

    def _wait(self, name: str, address: str) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            if self.processes[name].poll() is not None:
                where = f" Its log is {self.log_folder / name}.log." if self.log_folder else ""
                raise CannotStart(f"The {name} server stopped while starting.{where}")
            try:
                with urllib.request.urlopen(address, timeout=2) as reply:
                    if reply.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(_POLL)
        raise CannotStart(f"The {name} server was not ready within {START_TIMEOUT} seconds.")

    def wait(self) -> str:
        """Blocks as long as all can be kept running; returns the name of the one that customers need and that can't."""
        ended: Dict[str, List[float]] = {}
        due: Dict[str, float] = {}
        while True:
            now = time.monotonic()
            for name, process in list(self.processes.items()):
                if process.poll() is None:
                    continue
                if name not in due:
                    before = [moment for moment in ended.get(name, ()) if now - moment < RESTARTS_WITHIN]
                    if name != DESK and len(before) >= RESTARTS:
                        return name
                    ended[name] = [*before, now]
                    pause = RESTART_PAUSES[min(len(before), RESTARTS - 1)] if RESTARTS else 0.0
                    due[name] = now + (DESK_PAUSE if name == DESK and before else pause)
                    logger.error("The %s server ended (%s); it is started again.", name, process.returncode)
                if now >= due[name]:
                    del due[name]
                    self._spawn(name, self._command(name))
            time.sleep(_POLL)

    def _command(self, name: str) -> List[str]:
        if name == DESK:
            return desk_command()
        return actions_command() if name == "actions" else rasa_command(self.environment)

    def stop(self) -> None:
        """Asks all to stop, Rasa first so that its last message can still run an action; kills after a while."""
        for name in ("rasa", "actions", DESK):
            process = self.processes.get(name)
            if process is None or process.poll() is not None:
                continue
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def rasa_command(environment: Environment) -> List[str]:
    """The command that starts Rasa's server. Its HTTP API stays off: it has no place on a public port."""
    return [
        *(sys.executable, "-m", "rasa_patches", "run", "--model", str(MODEL)),
        *("--interface", environment.host, "--port", str(environment.port)),
        *("--endpoints", "endpoints.yml", "--credentials", "credentials.yml"),
    ]


def actions_command() -> List[str]:
    """The command that starts the action server."""
    return [sys.executable, "-m", "actions.server"]


def desk_command() -> List[str]:
    """The command that starts the desk: the owners' page, mail, the purge."""
    return [sys.executable, "-m", "desk", "serve"]


def process_environment(environment: Environment) -> Dict[str, str]:
    """The variables that both processes get: this process's own, the settings, no telemetry."""
    variables = dict(os.environ)
    for setting in fields(environment):
        variables[setting.metadata["env"]] = str(getattr(environment, setting.name))
    variables.update(RASA_TELEMETRY_ENABLED="false", TF_CPP_MIN_LOG_LEVEL="3", SANIC_MOTD="false")
    variables.pop("PYTHONDONTWRITEBYTECODE", None)  # or every start compiles 2,000 modules anew: half of its time
    variables.setdefault("MALLOC_ARENA_MAX", "2")  # threads share memory instead of each keeping its own
    variables.setdefault("MALLOC_TRIM_THRESHOLD_", "131072")  # glibc raises it by itself, and then gives little back
    variables.setdefault("SETUPTOOLS_USE_DISTUTILS", "stdlib")  # Sanic needs one function of it, not all of setuptools
    variables.setdefault("OPENBLAS_NUM_THREADS", "1")  # messages are small: more threads only cost memory and switches
    variables["PYTHONPATH"] = os.pathsep.join(filter(None, [os.getcwd(), variables.get("PYTHONPATH", "")]))
    return variables


class Interrupted(Exception):
    """The process was told to stop (SIGTERM or Ctrl-C)."""


def raise_on_signals() -> None:
    """Turns SIGTERM and SIGINT into `Interrupted`, so that both servers are stopped on the way out."""

    def handler(number: int, frame: Optional[FrameType]) -> None:
        raise Interrupted

    signal.signal(signal.SIGTERM, handler)
    signal.signal(signal.SIGINT, handler)
