"""`python -m evaluation.bench [--peers]`: speed and size, as ratios against stock Rasa measured in the same run.

Parsing is timed in a process of its own that keeps to one core, on the unseen messages, through Rasa's whole pipeline.
Wall time depends on what else the machine does; processor time much less, so both are shown.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

from evaluation.commands import Unavailable, run_to_end

os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

MESSAGES = 600
TRAIN_TIMEOUT = 12 * 3600  # seconds, for stock Rasa
OUR_CONFIG, STOCK_CONFIG = Path("config.yml"), Path("config.diet.yml")


@dataclass(frozen=True)
class Measured:
    """One system. Times of parsing are milliseconds per message, of training seconds."""

    name: str
    parse_median: float
    parse_p99: float
    cpu_median: float
    cpu_p99: float
    train_wall: float
    train_cpu: float
    model_bytes: int
    load_seconds: float
    megabytes: float


def train_whole(config: Path, folder: Path) -> Dict[str, float]:
    """Trains the whole bot (understanding and rules) without Rasa's cache, in a process of its own.

    Returns:
        {"wall": seconds, "cpu": seconds of processor time}.

    Raises:
        Unavailable: training failed; with the end of its output.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    start_module = "rasa_patches" if config == OUR_CONFIG else "rasa"  # ours as `make train` does it
    command = [sys.executable, "-m", start_module, "train", "--force", "--skip-validation", "--config", str(config)]
    command += ["--out", str(folder), "--fixed-model-name", "bench"]
    environment = {**os.environ, "RASA_CACHE_DIRECTORY": str(folder / "cache")}
    run_to_end(command, f"Training with {config}", TRAIN_TIMEOUT, environment=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": time.perf_counter() - start, "cpu": cpu}


def messages() -> List[str]:
    """Unseen messages of all kinds, always the same ones."""
    from evaluation.datasets import all_texts, load_unseen

    texts = sorted(set(all_texts(load_unseen())))
    return texts[:: max(1, len(texts) // MESSAGES)][:MESSAGES]


def measure(
    name: str, config: Path, texts: Sequence[str], say: Callable[[str], None], kept: Optional[Path] = None
) -> Measured:
    """Trains and parses with one configuration; with `kept`, a model trained earlier, training takes 0 seconds."""
    from evaluation.figures import percentile
    from evaluation.peers import parse_in_process

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        trained = {"wall": 0.0, "cpu": 0.0}
        if kept is None:
            say(f"{name}: training ...")
            trained = train_whole(config, folder)
            say(f"{name}: trained in {trained['wall']:.0f} s.")
        model = kept or folder / "bench.tar.gz"
        say(f"{name}: parsing {len(texts)} messages on one core ...")
        parsed: Mapping[str, Any] = parse_in_process(
            model, texts, folder, one_core=True, as_served=config == OUR_CONFIG
        )
        wall, cpu = parsed["milliseconds"], parsed["cpu_milliseconds"]
        return Measured(
            name=name,
            parse_median=percentile(wall, 50),
            parse_p99=percentile(wall, 99),
            cpu_median=percentile(cpu, 50),
            cpu_p99=percentile(cpu, 99),
            train_wall=trained["wall"],
            train_cpu=trained["cpu"],
            model_bytes=model.stat().st_size,
            load_seconds=parsed["load_seconds"],
            megabytes=parsed["megabytes"],
        )


def understanding_alone(texts: Sequence[str], model: Path) -> List[float]:
    """Milliseconds of processor time per message of our pipeline without Rasa's graph around it."""
    from rasa.engine.storage.local_model_storage import LocalModelStorage

    from nlu.component import DutchUnderstanding

    with tempfile.TemporaryDirectory() as folder:
        storage, metadata = LocalModelStorage.from_model_archive(Path(folder), model)
        node = next(n for n in metadata.predict_schema.nodes.values() if n.uses is DutchUnderstanding)
        config = {**DutchUnderstanding.get_default_config(), **node.config}
        understanding = DutchUnderstanding.load(config, storage, node.resource, None)._understanding
    assert understanding is not None
    for text in texts:  # first time: fills the memory of lemmas, as in a running assistant
        understanding.understand(text)
    times = []
    for text in texts:
        start = time.process_time()
        understanding.understand(text)
        times.append((time.process_time() - start) * 1000)
    return times


def rows(ours: Measured, stock: Optional[Measured]) -> List[List[str]]:
    """The table's rows: what, goal, ours, stock Rasa, how many times less ours is."""

    def row(what: str, goal: str, pick: Callable[[Measured], float], shape: str) -> List[str]:
        mine = pick(ours)
        cells = [what, goal, shape.format(mine)]
        if stock is None:
            return cells
        other = pick(stock)
        return [*cells, shape.format(other) if other else "-", f"{other / mine:.1f} x" if mine and other else "-"]

    return [
        row("parse, median (ms)", "3", lambda m: m.parse_median, "{:.2f}"),
        row("parse, p99 (ms)", "6", lambda m: m.parse_p99, "{:.2f}"),
        row("parse, median (ms of processor)", "", lambda m: m.cpu_median, "{:.2f}"),
        row("parse, p99 (ms of processor)", "", lambda m: m.cpu_p99, "{:.2f}"),
        row("training the whole bot (s)", "25", lambda m: m.train_wall, "{:.1f}"),
        row("training (s of processor)", "", lambda m: m.train_cpu, "{:.1f}"),
        row("model (MB)", "5", lambda m: m.model_bytes / 1e6, "{:.2f}"),
        row("loading the model (s)", "", lambda m: m.load_seconds, "{:.1f}"),
        row("memory while parsing (MB)", "", lambda m: m.megabytes, "{:.0f}"),
    ]


def main() -> int:
    """Measures and prints; exit code 1 with one message when something can't be measured."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.bench", description="Measures speed and size.")
    parser.add_argument("--peers", action="store_true", help="also train and measure stock Rasa (slow)")
    parser.add_argument("--reuse", action="store_true", help="with the stock Rasa that `python -m evaluation` trained")
    arguments = parser.parse_args()
    from evaluation.figures import percentile
    from evaluation.peers import CACHE, KEPT_MODEL
    from evaluation.report import table
    from server.training import MODEL, train

    def say(text: str) -> None:
        print(text, flush=True)

    texts = messages()
    try:
        ours = measure("Schakel", OUR_CONFIG, texts, say)
        kept = CACHE / KEPT_MODEL if arguments.reuse else None
        if kept and not kept.exists():
            raise RuntimeError(f"{kept} does not exist; `make evaluate PEERS=1` makes it.")
        stock = measure("Stock Rasa", STOCK_CONFIG, texts, say, kept) if arguments.peers or kept else None
        train()
        alone = understanding_alone(texts, MODEL)
    except (Unavailable, RuntimeError, subprocess.TimeoutExpired) as error:
        print(error, file=sys.stderr)
        return 1
    head = ["", "goal", "Schakel", *(["stock Rasa", "times less"] if stock else [])]
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    say(f"\n{platform.machine()} with {os.cpu_count()} cores, load {load:.1f}; {len(texts)} messages.")
    say(table(head, rows(ours, stock)))
    median, p99 = percentile(alone, 50), percentile(alone, 99)
    say(f"Our understanding without Rasa around it: median {median:.2f}, p99 {p99:.2f} ms of processor.")
    if stock is None:
        say("Stock Rasa was left out: `make bench PEERS=1` measures it in the same run (takes long).")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
