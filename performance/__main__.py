"""`python -m performance [--peers]`: the running assistant in figures, next to stock Rasa in the same run.

Rasa and the action server share one core, the client has others. Each system answers the same messages, which nobody
trained on, with a durable store (SQLite on disk), over the REST channel.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, List, Optional, Tuple

from evaluation.commands import Unavailable
from performance import stock
from performance.client import dialogue, load, percentile
from performance.running import NotStarted, Running, schakel

CHAIN = ("leg de keten uit", "volgende", "volgende", "vorige")  # answered by custom actions
POPULAR = 60  # messages that come again and again, as buttons and what many customers ask do
Say = Callable[[str], None]


@dataclass(frozen=True)
class Figures:
    """One system; times in milliseconds, start in seconds, memory in MB."""

    start: float
    memory_rasa: float
    memory_actions: float
    median: float
    p99: float
    processor: float
    action_more: float
    per_second_8: float
    per_second_32: float
    median_again: float
    per_second_again: float
    growth: float
    failures: int


@dataclass(frozen=True)
class Size:
    """How much is measured: messages of one sender, per sender under load, turns of the long conversation."""

    alone: int = 600
    each: int = 60
    turns: int = 1000


QUICK = Size(60, 10, 100)


@dataclass(frozen=True)
class StockModel:
    """Stock Rasa as it was trained here: the seconds that it took, and the model's file."""

    seconds: float
    archive: bytes


def measure(running: Running, texts: List[str], size: Size, say: Say) -> Figures:
    """Starts the assistant, measures everything, stops it."""
    port, path = running.port, running.path
    with running:
        say(f"  first answer after {running.start_seconds:.1f} s")
        load(port, texts, 1, size.alone // 3, prefix="warm", path=path)
        before = running.processor_seconds()["rasa"]
        alone = load(port, texts, 1, size.alone, prefix="alone", path=path)
        processor = (running.processor_seconds()["rasa"] - before) / size.alone * 1000
        median = percentile(alone.latencies, 50) * 1000
        say(f"  one sender: median {median:.1f} ms")
        action = dialogue(port, [*CHAIN * max(1, size.alone // 24)], "chain", path)
        eight = load(port, _new(texts, 1), 8, size.each, prefix="eight", path=path)
        many = load(port, _new(texts, 2), 32, size.each, prefix="many", path=path)
        say(f"  8 senders: {eight.per_second:.0f}/s, 32 senders: {many.per_second:.0f}/s")
        popular = texts[:POPULAR]
        load(port, popular, 1, 2 * POPULAR, prefix="known", path=path)
        again = load(port, popular, 1, size.alone // 2, prefix="again", path=path)
        eight_again = load(port, popular, 8, size.each, prefix="popular", path=path)
        say(f"  messages that many send: median {percentile(again.latencies, 50) * 1000:.1f} ms")
        long = dialogue(port, (_new(texts, 3) * (size.turns // len(texts) + 1))[: size.turns], "long", path)
        part = max(1, size.turns // 10)
        memory = running.megabytes()
    return Figures(
        running.start_seconds,
        memory["rasa"],
        memory["actions"],
        median,
        percentile(alone.latencies, 99) * 1000,
        processor,
        percentile(action, 50) * 1000 - median,
        eight.per_second,
        many.per_second,
        percentile(again.latencies, 50) * 1000,
        eight_again.per_second,
        percentile(long[-part:], 50) / percentile(long[:part], 50),
        sum(each.failures for each in (alone, eight, many, again, eight_again)),
    )


def _new(texts: List[str], number: int) -> List[str]:
    """The texts as nobody typed them yet: what an assistant remembers of a text helps it with none of them."""
    return [text + "." * number for text in texts]


ROWS = (
    ("start to the first answer (s)", "4", "start", "{:.1f}"),
    ("memory of Rasa (MB)", "220", "memory_rasa", "{:.0f}"),
    ("memory of the action server (MB)", "220", "memory_actions", "{:.0f}"),
    ("FAQ answer, median (ms)", "4", "median", "{:.1f}"),
    ("FAQ answer, p99 (ms)", "15", "p99", "{:.1f}"),
    ("processor time per message (ms)", "", "processor", "{:.1f}"),
    ("custom action: more than that (ms)", "3", "action_more", "{:.1f}"),
    ("messages a second, 8 senders", "300", "per_second_8", "{:.0f}"),
    ("messages a second, 32 senders", "300", "per_second_32", "{:.0f}"),
    ("messages that many send: median (ms)", "4", "median_again", "{:.1f}"),
    ("... a second, 8 senders", "300", "per_second_again", "{:.0f}"),
    ("long conversation: last tenth / first", "1.2", "growth", "{:.2f}"),
    ("messages without an answer", "0", "failures", "{:.0f}"),
)


def rows(ours: Figures, theirs: Optional[Figures]) -> List[List[str]]:
    """The table: what, goal, ours, stock Rasa, how many times better ours is."""
    table = []
    for what, goal, name, shape in ROWS:
        mine = float(getattr(ours, name))
        row = [what, goal, shape.format(mine)]
        if theirs is not None:
            other = float(getattr(theirs, name))
            better = mine / other if name.startswith("per_second") and other else other / mine if mine > 0 else 0.0
            row += [shape.format(other), f"{better:.1f} x" if better else "-"]
        table.append(row)
    return table


def collect(say: Say, peers: bool, size: Size, port: int) -> Tuple[Dict[str, Figures], Optional[StockModel]]:
    """Measures the assistant, and with `peers` stock Rasa, trained on a part of the data.

    Returns:
        Figures of "ours" and "stock", and what is known of stock Rasa's training.

    Raises:
        NotStarted: an assistant did not come up.
        Unavailable: stock Rasa could not be trained.
    """
    from evaluation.datasets import load_unseen
    from server.training import train

    cores = sorted(os.sched_getaffinity(0))
    server_cores = frozenset(cores[:1])
    texts = [sample.text for sample in load_unseen().faq]
    measured: Dict[str, Figures] = {}
    trained: Optional[StockModel] = None
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        train()
        if peers:
            say(f"Stock Rasa, {stock.PER_LABEL} examples per label, {stock.EPOCHS} epochs: training ...")
            project = stock.make_project(folder / "stock")
            trained = StockModel(stock.train(project), (project / "models" / "stock.tar.gz").read_bytes())
            say(f"  trained in {trained.seconds:.0f} s")
        if len(cores) > 1:
            os.sched_setaffinity(0, set(cores[1:]))
        try:
            say("Schakel:")
            ours = schakel(folder, port, port + 1, server_cores)
            measured["ours"] = measure(ours, texts, size, say)
            if peers:
                say("Stock Rasa:")
                smaller = Size(size.alone // 4, max(5, size.each // 6), size.turns // 5)
                measured["stock"] = measure(stock.running(project, port, port + 1, server_cores), texts, smaller, say)
        finally:
            os.sched_setaffinity(0, set(cores))
    return measured, trained


def read_arguments(program: str, what: str) -> argparse.Namespace:
    """The options of the command line: `peers`, `port` and `quick`."""
    parser = argparse.ArgumentParser(prog=program, description=what)
    parser.add_argument("--peers", action="store_true", help="also train and measure stock Rasa on a part of the data")
    parser.add_argument("--port", type=int, default=6300, help="this port and the next are used")
    parser.add_argument("--quick", action="store_true", help="a tenth of the messages")
    return parser.parse_args()


def main() -> int:
    """Measures and prints; exit code 1 with one message when something can't be measured."""
    arguments = read_arguments("python -m performance", "Measures the running assistant.")
    from evaluation.report import table

    def say(text: str) -> None:
        print(text, flush=True)

    try:
        measured, _ = collect(say, arguments.peers, QUICK if arguments.quick else Size(), arguments.port)
    except (NotStarted, Unavailable) as error:
        print(error, file=sys.stderr)
        return 1
    busy = os.getloadavg()[0]
    say(f"\n{platform.machine()}, {os.cpu_count()} cores, both servers on one of them; load {busy:.1f}.")
    theirs = measured.get("stock")
    head = ["", "goal", "Schakel", *(["stock Rasa", "better"] if theirs else [])]
    say(table(head, rows(measured["ours"], theirs)))
    if busy > len(os.sched_getaffinity(0)):
        say("The machine was busy with other work: times are longer than on an idle one.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
