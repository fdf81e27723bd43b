"""`python -m performance.load`: what steady load, a full store and a burst do; pictures in results/load.html.

The load is open: every message has its planned moment, and its latency counts from there, so that an assistant which
falls behind can't hide it by making the senders wait.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import io
import os
import random
import sqlite3
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

import aiohttp

from evaluation.datasets import load_unseen
from performance.client import BadAnswer, Connection, dialogue, percentile
from performance.running import Running, schakel
from performance.webchat import Visitor
from tests.services import free_port

QUESTIONS = ("wat is serotonine", "bijwerkingen van magnesium", "hoe maak ik melatonine aan", "wat kost verzenden")
REPORT = Path("results/load.html")
BURST = 20
PATIENCE = 30.0  # seconds after which a message counts as lost
STEP = 10.0  # seconds for one point of the curves


@dataclass(frozen=True)
class Steady:
    """What steady load met: (planned moment, latency) in seconds per answered message, how many were lost, memory."""

    answered: List[Tuple[float, float]]
    lost: int
    megabytes: List[Tuple[float, float]]

    @property
    def latencies(self) -> List[float]:
        """Seconds per answered message."""
        return [latency for _, latency in self.answered]


async def steady(
    running: Running, per_second: float, seconds: float, conversations: int, texts: Sequence[str]
) -> Steady:
    """Sends messages, the texts in turn, at planned moments over REST, never two of one conversation at once."""
    total = int(per_second * seconds)
    queues: "List[asyncio.Queue[Any]]" = [asyncio.Queue() for _ in range(conversations)]
    answered: List[Tuple[float, float]] = []
    memory: List[Tuple[float, float]] = []
    lost = 0
    start = time.perf_counter() + 0.5

    async def converse(number: int) -> None:
        nonlocal lost
        connection = Connection(running.port)
        while True:
            planned = await queues[number].get()
            if planned is None:
                await connection.close()
                return
            text = texts[int(planned * per_second) % len(texts)]
            try:
                await asyncio.wait_for(connection.ask(f"steady-{number}", text), PATIENCE)
                answered.append((planned, time.perf_counter() - start - planned))
            except (BadAnswer, OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
                lost += 1
                await connection.close()

    talking = [asyncio.create_task(converse(number)) for number in range(conversations)]
    for message in range(total):
        planned = message / per_second
        wait = start + planned - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        queues[message % conversations].put_nowait(planned)
        if message % int(per_second * STEP) == 0:
            memory.append((planned, running.megabytes()["rasa"]))
    for queue in queues:
        queue.put_nowait(None)
    await asyncio.gather(*talking)
    return Steady(sorted(answered), lost, memory)


async def burst(address: str) -> bool:
    """Says many messages at once in one web chat; whether they were answered once each, in the order they came in."""
    async with aiohttp.ClientSession() as http:
        person = Visitor(address, http)
        await person.begin()
        await asyncio.gather(*(person.say(f"{QUESTIONS[i % 4]} {i}") for i in range(BURST)))
        await person.read()
        return (
            person.order == sorted(person.accepted)
            and len(person.order) == BURST
            and not person.unanswered()
            and not await person.doubled()
        )


def fill(database: Path, events: int) -> None:
    """Adds copies of the events that are there, under other senders, until there are so many."""
    connection = sqlite3.connect(database)
    columns = "type_name, timestamp, intent_name, action_name, data"
    sample = connection.execute(f"SELECT {columns} FROM events LIMIT 2000").fetchall()  # noqa: S608
    chance = random.Random(9)  # noqa: S311
    rows = ((f"old-{number // 20}", *chance.choice(sample)) for number in range(events))
    connection.executemany(f"INSERT INTO events (sender_id, {columns}) VALUES (?, ?, ?, ?, ?, ?)", rows)  # noqa: S608
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def median_of(port: int, name: str, messages: int = 300) -> float:
    """Median seconds of a message in new conversations of ten."""
    times: List[float] = []
    for number in range(messages // 10):
        times += dialogue(port, [QUESTIONS[i % 4] for i in range(10)], f"{name}-{number}")
    return percentile(times, 50)


def picture(title: str, what: str, points: Sequence[Tuple[float, float]]) -> str:
    """A curve as an <img>."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 3))
    axes.plot([x for x, _ in points], [y for _, y in points])
    axes.set(title=title, xlabel="seconds", ylabel=what, ylim=(0, None))
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", bbox_inches="tight")
    pyplot.close(figure)
    return f'<img alt="{title}" src="data:image/svg+xml;base64,{base64.b64encode(buffer.getvalue()).decode()}">'


def curve(answered: Sequence[Tuple[float, float]], percent: float) -> List[Tuple[float, float]]:
    """A percentile in milliseconds for each step of time."""
    steps: Dict[int, List[float]] = {}
    for planned, latency in answered:
        steps.setdefault(int(planned // STEP), []).append(latency * 1000)
    return [(step * STEP, percentile(found, percent)) for step, found in sorted(steps.items())]


def main() -> int:
    """Measures, prints and writes the report; exit code 1 when something was lost or out of order."""
    parser = argparse.ArgumentParser(prog="python -m performance.load", description="Load on the running assistant.")
    parser.add_argument("--seconds", type=float, default=300.0, help="of steady load")
    parser.add_argument("--per-second", type=float, default=50.0, help="messages")
    parser.add_argument("--conversations", type=int, default=200)
    parser.add_argument("--events", type=int, default=1_000_000, help="to fill the store with; 0 leaves it out")
    parser.add_argument("--port", type=int, default=0, help="first of two free ports")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), arguments.port or free_port()
        cores = frozenset(sorted(os.sched_getaffinity(0))[:2])
        with schakel(folder, port, arguments.port + 1 if arguments.port else free_port(), cores) as running:
            load = (arguments.per_second, arguments.seconds, arguments.conversations)
            met = asyncio.run(steady(running, *load, [sample.text for sample in load_unseen().faq]))
            in_order = asyncio.run(burst(f"http://127.0.0.1:{port}"))
            before = after = 0.0
            if arguments.events:
                before = median_of(port, "before")
                fill(folder / "conversations.db", arguments.events)
                after = median_of(port, "after")
    lines = [
        f"{len(os.sched_getaffinity(0))} cores here, 2 for the assistant; load average {os.getloadavg()[0]:.1f}",
        f"{arguments.per_second:.0f} messages/s for {arguments.seconds:.0f} s in "
        f"{arguments.conversations} conversations: {len(met.answered)} answered, {met.lost} lost, "
        f"median {percentile(met.latencies, 50) * 1000:.1f} ms, "
        f"p95 {percentile(met.latencies, 95) * 1000:.1f} ms, p99 {percentile(met.latencies, 99) * 1000:.1f} ms",
        f"{BURST} messages at once in one web chat: {'in order, once each' if in_order else 'NOT in order'}",
    ]
    if arguments.events:
        lines.append(
            f"median with {arguments.events} more events in the store: {after * 1000:.1f} ms, before "
            f"{before * 1000:.1f} ms, ratio {after / before:.2f}"
        )
    print("\n".join(lines))
    pictures = [
        picture("Median", "ms", curve(met.answered, 50)),
        picture("95th percentile", "ms", curve(met.answered, 95)),
        picture("Memory of the assistant", "MB", met.megabytes),
    ]
    REPORT.parent.mkdir(exist_ok=True)
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Load</title><h1>Load</h1>'
    REPORT.write_text(head + "".join(f"<p>{line}</p>" for line in lines) + "".join(pictures), encoding="utf-8")
    return 0 if not met.lost and in_order else 1


if __name__ == "__main__":
    raise SystemExit(main())
