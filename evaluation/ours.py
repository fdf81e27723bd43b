"""Our own pipeline on the unseen sets: the trained model, parsed through Rasa as a customer's message is."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

from evaluation.assistant import Assistant, Progress, silent, to_prediction
from evaluation.datasets import Sample
from evaluation.metrics import Share
from evaluation.peers import Result

NAME = "Schakel"
SAFETY_PREFIX = "safety_"


def measure(assistant: Assistant, model: Path, texts: Sequence[str], progress: Progress = silent) -> Result:
    """A prediction per message with the time it took; training time is left to `python -m evaluation.bench`."""
    predictions, times = [], []
    for i, text in enumerate(texts, 1):
        start = time.perf_counter()
        parsed = assistant.parse(text)
        times.append((time.perf_counter() - start) * 1000)
        predictions.append(to_prediction(parsed))
        progress(i, len(texts))
    return Result(NAME, predictions, 0.0, times, model.stat().st_size)


def safety(
    assistant: Assistant, samples: Sequence[Sample], progress: Progress = silent
) -> Tuple[Dict[str, Share], List[Tuple[Sample, str]]]:
    """How messages of safety and their look-alikes are taken.

    Returns:
        {level: share recognised as a matter of safety, of whatever level}, with '' for the share of look-alikes that
        rightly pass; and the messages that went wrong with what they were taken for.
    """
    hits: Dict[str, List[bool]] = {}
    wrong = []
    for i, sample in enumerate(samples, 1):
        label = to_prediction(assistant.parse(sample.text)).label
        right = label.startswith(SAFETY_PREFIX) == bool(sample.label)
        hits.setdefault(sample.label, []).append(right)
        if not right:
            wrong.append((sample, label))
        progress(i, len(samples))
    return {label: Share(sum(of), len(of)) for label, of in sorted(hits.items())}, wrong
