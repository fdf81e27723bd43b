"""`python -m performance.bench [--peers]`: every figure that has a goal, in one table (`make bench`).

With --peers stock Rasa is trained once, on the first `stock.PER_LABEL` examples of each label with `stock.EPOCHS`
epochs, for on all examples it would take hours. What a message costs afterwards does not depend on that; its training
time does.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import List, Optional

from evaluation.commands import Unavailable
from performance import stock
from performance.__main__ import QUICK, Size, StockModel, collect, read_arguments
from performance.__main__ import rows as rows_running
from performance.running import NotStarted

LAUNCHER, ALL_GOAL = "widget.js", "20"  # kB compressed


def say(text: str) -> None:
    """Progress, at once."""
    print(text, flush=True)


def understanding(peer: Optional[StockModel]) -> List[List[str]]:
    """Rows of training, parsing and the model."""
    from evaluation import bench

    texts = bench.messages()
    ours = bench.measure("Schakel", bench.OUR_CONFIG, texts, say)
    if peer is None:
        return bench.rows(ours, None)
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "stock.tar.gz"
        archive.write_bytes(peer.archive)
        theirs = bench.measure("Stock Rasa", bench.STOCK_CONFIG, texts, say, archive)
    return bench.rows(ours, replace(theirs, train_wall=peer.seconds))


def widget(runs: int) -> List[List[str]]:
    """Rows of the chat in a browser; sizes alone without one."""
    from tests.widget import bench

    sizes = bench.sizes()
    found = [
        ["chat: launcher (kB compressed)", "", f"{sizes[LAUNCHER] / 1000:.1f}"],
        ["chat: all modules (kB compressed)", ALL_GOAL, f"{sum(sizes.values()) / 1000:.1f}"],
    ]
    for name, values in bench.visits(runs).items():
        found.append([f"chat: {name}, median", "", f"{statistics.median(values):.2f}"])
    return found


def main() -> int:
    """Measures all and prints one table; exit code 1 with one message when something can't be measured."""
    arguments = read_arguments("python -m performance.bench", "All figures in one table.")
    from evaluation.report import table

    try:
        size = QUICK if arguments.quick else Size()
        measured, peer = collect(say, arguments.peers, size, arguments.port)
        found = rows_running(measured["ours"], measured.get("stock"))
        found += understanding(peer)
        say("The chat in a browser ...")
        found += widget(3 if arguments.quick else 9)
    except (NotStarted, Unavailable, RuntimeError, subprocess.TimeoutExpired) as error:
        print(error, file=sys.stderr)
        return 1
    head = ["", "goal", "Schakel", *(["stock Rasa", "better"] if peer else [])]
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    say(f"\n{machine}; Rasa and the action server share one core.")
    say(table(head, [[*row, *["-"] * (len(head) - len(row))] for row in found]))
    if peer:
        say(f"Stock Rasa learnt from {stock.PER_LABEL} examples per label in {stock.EPOCHS} epochs, Schakel from all.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
