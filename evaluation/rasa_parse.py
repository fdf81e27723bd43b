"""Parses messages with a model of Rasa and times it; run in a process of its own.

`python -m evaluation.rasa_parse MODEL TEXTS RESULT [--one-core] [--as-served]`: TEXTS is a JSON list; RESULT becomes
{"predictions": [...], "milliseconds": [wall time per message], "cpu_milliseconds": [...], "load_seconds": s,
"megabytes": most memory used}.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from dataclasses import asdict
from pathlib import Path

WARM_UP = 20  # messages; the first ones pay for lazy imports and caches


def main() -> int:
    """Reads, parses, writes."""
    parser = argparse.ArgumentParser(
        prog="python -m evaluation.rasa_parse", description="Parses messages with a model."
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("texts", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("--one-core", action="store_true", help="use one processor core only")
    parser.add_argument(
        "--as-served", action="store_true", help="with the changes to Rasa that the assistant runs with"
    )
    arguments = parser.parse_args()
    if arguments.one_core:
        keep_to_one_core()
    # Imported after the environment is set, for it decides how many threads the libraries start.
    import rasa_patches
    from evaluation.assistant import Assistant, to_prediction

    if arguments.as_served:
        rasa_patches.apply()
    texts = json.loads(arguments.texts.read_text(encoding="utf-8"))
    start = time.perf_counter()
    assistant = Assistant(arguments.model, with_answers=False)
    load_seconds = time.perf_counter() - start
    for text in texts[:WARM_UP]:
        assistant.parse(text)
    predictions, wall, cpu = [], [], []
    for text in texts:
        start, cpu_start = time.perf_counter(), time.process_time()
        parsed = assistant.parse(text)
        wall.append((time.perf_counter() - start) * 1000)
        cpu.append((time.process_time() - cpu_start) * 1000)
        predictions.append(asdict(to_prediction(parsed)))
    result = {
        "predictions": predictions,
        "milliseconds": wall,
        "cpu_milliseconds": cpu,
        "load_seconds": load_seconds,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    arguments.result.write_text(json.dumps(result), encoding="utf-8")
    return 0


def keep_to_one_core() -> None:
    """Keeps this process, threads of its libraries included, to one core where the system can do that."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ[name] = "1"
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


if __name__ == "__main__":
    raise SystemExit(main())
