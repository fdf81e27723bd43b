"""`python -m performance.scale`: throughput against processes, with PostgreSQL, Redis and nginx from Debian's packages.

Everything runs on this machine and stops by itself. Every assistant process has one core; PostgreSQL, nginx and the
senders share what is left, so on a machine with four cores the last step measures the machine more than the assistant.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from string import Template
from typing import Dict, Iterator, List, Optional, Sequence

from performance.client import Load, load, percentile
from performance.running import Running, schakel
from shop.settings import Environment
from tests.redis_server import RedisServer
from tests.services import Postgres, free_port, postgres_programs

TEMPLATE = Path("deploy/nginx.conf.template")
REST = "location = /webhooks/rest/webhook { proxy_pass http://assistants; proxy_next_upstream off; }\n"
QUESTIONS = ("wat is serotonine", "bijwerkingen van magnesium", "hoe maak ik melatonine aan", "wat kost verzenden")


class Missing(Exception):
    """A program that is needed is not installed; the message names the package."""


@dataclass(frozen=True)
class Step:
    """What one number of processes reached."""

    processes: int
    load: Load


class Nginx:
    """nginx with our configuration in front of some ports."""

    def __init__(self, folder: Path, port: int, ports: Sequence[int]) -> None:
        """Writes the configuration; REST is let in, which the real one does not do."""
        self.port = port
        values = {
            "SCHAKEL_LISTEN": f"127.0.0.1:{self.port}",
            "SCHAKEL_UPSTREAMS": " ".join(f"server 127.0.0.1:{port};" for port in ports),
            "SCHAKEL_NGINX_DIR": str(folder),
            "SCHAKEL_ZONE_RATE": "100000",
        }
        text = Template(TEMPLATE.read_text(encoding="utf-8")).safe_substitute(values)
        text = text.replace("    location / { return 404; }", "    " + REST + "    location / { return 404; }")
        self._file = folder / "nginx.conf"
        self._file.write_text(
            text.replace("limit_conn connections 40", "limit_conn connections 4000"), encoding="utf-8"
        )
        self._process: Optional["subprocess.Popen[bytes]"] = None

    def __enter__(self) -> Nginx:
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        self._process = subprocess.Popen([program, "-c", str(self._file), "-g", "daemon off;"])
        return self

    def __exit__(self, *error: object) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait()


def check_programs() -> None:
    """Raises Missing when PostgreSQL, Redis or nginx is not there."""
    if postgres_programs() is None:
        raise Missing("PostgreSQL is not installed (Debian's package postgresql).")
    for program, package in (("redis-server", "redis-server"), ("nginx", "nginx")):
        if not shutil.which(program) and not Path(f"/usr/sbin/{program}").exists():
            raise Missing(f"{program} is not installed (Debian's package {package}).")


def processes(count: int, folder: Path, database: str, redis: str, proxy_port: int) -> List[Running]:
    """That many assistants, each on a core of its own as far as there are any, with one action server for all."""
    from server.pair import process_environment

    cores = sorted(os.sched_getaffinity(0))
    actions_port = free_port()
    found = []
    for number in range(count):
        own = folder / str(number)
        own.mkdir()
        running = schakel(own, free_port(), actions_port, frozenset({cores[number % len(cores)]}))
        settings = replace(
            Environment(),
            port=running.port,
            actions_port=actions_port,
            conversations=database,
            web_database=database,
            desk_database=f"sqlite:///{folder / 'desk.db'}",
            channels_database=f"sqlite:///{folder / 'channels.db'}",
            redis=redis,
            web_origins=f"http://127.0.0.1:{proxy_port}",
            web_per_minute=100_000,
            web_address_per_minute=100_000,
            secret="x" * 40,
        )
        environment = process_environment(settings)
        found.append(replace(running, environment=environment, actions=running.actions if number == 0 else []))
    return found


def measure(count: int, cluster: Postgres, redis: RedisServer, senders: int, messages: int) -> Step:
    """Starts that many processes and puts load on them through nginx."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        port = free_port()
        running = processes(count, folder, cluster.new_database(), redis.address, port)
        for one in running:
            stack.enter_context(one)
        proxy = stack.enter_context(Nginx(folder, port, [one.port for one in running]))
        time.sleep(0.5)
        load(proxy.port, QUESTIONS, senders, 40, prefix="warm")
        return Step(count, load(proxy.port, QUESTIONS, senders, messages, prefix=f"scale-{count}"))


def kill_one(cluster: Postgres, redis: RedisServer) -> Dict[str, int]:
    """Two processes under load through the web chat; one is killed. Counts what was accepted and what was answered."""
    from performance.webchat import talk_while

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        port = free_port()
        running = processes(2, folder, cluster.new_database(), redis.address, port)
        for one in running:
            stack.enter_context(one)
        proxy = stack.enter_context(Nginx(folder, port, [one.port for one in running]))
        victim = running[1].processes["rasa"]
        timer = threading.Timer(3.0, os.killpg, (victim.pid, signal.SIGKILL))
        timer.start()
        return talk_while(proxy.port, visitors=40, messages=6)


def table(steps: Sequence[Step]) -> Iterator[str]:
    """Lines of the table: processes, messages a second, share of linear, median, p95, failures."""
    yield f"{'processes':>9} {'messages/s':>11} {'of linear':>10} {'median ms':>10} {'p95 ms':>8} {'failed':>7}"
    for step in steps:
        linear = step.load.per_second / (steps[0].load.per_second * step.processes)
        median, p95 = percentile(step.load.latencies, 50) * 1000, percentile(step.load.latencies, 95) * 1000
        yield (
            f"{step.processes:>9} {step.load.per_second:>11.0f} {linear:>10.2f} {median:>10.1f} {p95:>8.1f} "
            f"{step.load.failures:>7}"
        )


def main() -> int:
    """Measures and prints; exit code 1 with one message when a program is missing."""
    parser = argparse.ArgumentParser(prog="python -m performance.scale", description="Throughput against processes.")
    parser.add_argument("--processes", default="1,2,4", help="how many, with commas between")
    parser.add_argument("--senders", type=int, default=16, help="simultaneous senders per process")
    parser.add_argument("--messages", type=int, default=200, help="messages per sender")
    arguments = parser.parse_args()
    try:
        check_programs()
    except Missing as error:
        print(error, file=sys.stderr)
        return 1
    cluster = Postgres(postgres_programs() or Path())
    redis = RedisServer(cluster.folder)
    try:
        redis.start()
        steps = []
        for count in (int(part) for part in arguments.processes.split(",")):
            print(f"{count} process(es) ...", flush=True)
            steps.append(measure(count, cluster, redis, arguments.senders * count, arguments.messages))
        print(f"\n{os.cpu_count()} cores; PostgreSQL, Redis, nginx and the senders on the same machine.")
        print("\n".join(table(steps)))
        counted = kill_one(cluster, redis)
        print(f"One of two processes killed under load: {counted}")
        return 0 if counted["lost"] == 0 and counted["doubled"] == 0 else 1
    finally:
        redis.stop()
        cluster.remove()


if __name__ == "__main__":
    raise SystemExit(main())
