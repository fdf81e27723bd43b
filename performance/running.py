"""Starts an assistant for measuring: its processes on given cores, their memory, and when the first answer came."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, FrozenSet, List, Mapping, Optional, Type

from performance.client import PATH, BadAnswer, Connection

START_TIMEOUT = 300  # seconds; stock Rasa loads TensorFlow
STOP_TIMEOUT = 15


class NotStarted(Exception):
    """A process ended or did not answer in time; the message says where its output is."""


@dataclass
class Running:
    """An assistant that runs for a measurement; use it as a context manager.

    Attributes:
        rasa: the command that starts Rasa.
        actions: the command that starts the action server; empty when another one's is used.
        environment: variables of both.
        port: where Rasa listens.
        folder: for the processes' output.
        cores: which the processes may use.
        where: the folder they run in.
        path: of the REST channel.
    """

    rasa: List[str]
    actions: List[str]
    environment: Mapping[str, str]
    port: int
    folder: Path
    cores: FrozenSet[int] = frozenset({0})
    where: Path = Path(".")
    path: str = PATH
    processes: Dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    start_seconds: float = 0.0

    def __enter__(self) -> Running:
        start = time.perf_counter()
        try:
            if self.actions:  # several assistants may share one
                self._spawn("actions", self.actions)
            self._spawn("rasa", self.rasa)
            asyncio.run(self._first_answer())
        except BaseException:
            self.stop()
            raise
        self.start_seconds = time.perf_counter() - start
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Any, trace: Any) -> None:
        self.stop()

    def _spawn(self, name: str, command: List[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as output:
            self.processes[name] = subprocess.Popen(
                command,
                cwd=self.where,
                env=dict(self.environment),
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=_on_cores(self.cores),
            )

    async def _first_answer(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            for name, process in self.processes.items():
                if process.poll() is not None:
                    raise NotStarted(f"{name} ended while starting; see {self.folder}/{name}.log")
            connection = Connection(self.port, path=self.path)
            try:
                await connection.ask("first", "hallo")
                return
            except (OSError, asyncio.IncompleteReadError, BadAnswer):
                await asyncio.sleep(0.02)
            finally:
                await connection.close()
        raise NotStarted(f"no answer within {START_TIMEOUT} s; see {self.folder}")

    def megabytes(self) -> Dict[str, float]:
        """Resident memory of each process now, {name: MB}."""
        found = {}
        for name, process in self.processes.items():
            status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
            line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
            found[name] = int(line.split()[1]) / 1024
        return found

    def processor_seconds(self) -> Dict[str, float]:
        """Processor time that each process has used, {name: seconds}."""
        tick = os.sysconf("SC_CLK_TCK")
        found = {}
        for name, process in self.processes.items():
            fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
            found[name] = (int(fields[11]) + int(fields[12])) / tick
        return found

    def stop(self) -> None:
        """Ends the processes, by force when they don't go."""
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        for process in self.processes.values():
            try:
                process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _on_cores(cores: FrozenSet[int]) -> Callable[[], None]:
    def settle() -> None:
        os.sched_setaffinity(0, cores)

    return settle


def schakel(folder: Path, port: int, actions_port: int, cores: FrozenSet[int], python: str = sys.executable) -> Running:
    """The assistant of this repository as `make run` starts it, with its databases in `folder`.

    Args:
        folder: for databases and output.
        port: for Rasa.
        actions_port: for the action server.
        cores: which both may use.
        python: the interpreter of the environment.
    """
    from server.pair import process_environment, rasa_command
    from shop.settings import Environment

    environment = Environment(
        port=port,
        actions_port=actions_port,
        conversations=str(folder / "conversations.db"),
        web_database=f"sqlite:///{folder / 'web.db'}",
        secret="x" * 40,
    )
    actions = [python, "-m", "actions.server"]
    return Running(rasa_command(environment), actions, process_environment(environment), port, folder, cores)
