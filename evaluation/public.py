"""`python -m evaluation.public FOLDER`: the ranker on a public intent set, next to TF-IDF with a linear SVM.

FOLDER holds `train.jsonl` and `test.jsonl` with lines {"text", "intent"}, and optionally `typo1.jsonl`, `typo2.jsonl`
(the same messages misspelt) and `oos.jsonl` (messages of no intent). No set is part of this repository; MASSIVE (CC BY
4.0) and xSID (CC BY-SA 4.0) have Dutch messages in this shape or one near it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Callable, Dict, List, Sequence, Tuple

import numpy as np

from evaluation import peers
from evaluation.datasets import Example
from evaluation.report import table
from nlu import understanding
from nlu.dutch import load_dutch, remembering
from nlu.features import features
from nlu.lexicon import Lexicon

# Messages in, (best label, its confidence) out.
Ranked = List[Tuple[str, float]]
MISSPELT = ("typo1", "typo2")


def read(file: Path) -> List[Example]:
    """(text, intent) pairs. Raises OSError or KeyError when the file is missing or not in its shape."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [(item["text"], item.get("intent", "")) for item in map(json.loads, lines)]


def our_ranker(examples: Sequence[Example]) -> Callable[[Sequence[str]], Ranked]:
    """Normaliser, spelling, features and ranker of the product, without gate, follow-ups and remembered sentences."""
    lexicon = Lexicon.load()
    lemmatise = remembering(load_dutch().lemmas)
    trained = understanding.train(list(examples), lexicon, lemmatise)
    analyser = understanding.make_analyser(lexicon, trained.spelling, lemmatise)

    def rank(texts: Sequence[str]) -> Ranked:
        found = []
        for text in texts:
            shares = trained.ranker.probabilities(features(analyser.analyse(text), lexicon))
            best = int(np.argmax(shares))
            found.append((trained.ranker.labels[best], float(shares[best])))
        return found

    return rank


def svm(examples: Sequence[Example]) -> Callable[[Sequence[str]], Ranked]:
    """TF-IDF of words with a linear SVM."""

    def rank(texts: Sequence[str]) -> Ranked:
        return [(p.label, p.confidence) for p in peers.tfidf_svm(examples, texts).predictions]

    return rank


def measure(folder: Path, make: Callable[[Sequence[Example]], Callable[[Sequence[str]], Ranked]]) -> Dict[str, float]:
    """Accuracy on the test set and its misspelt versions, AUROC between it and the messages of no intent, seconds."""
    from sklearn.metrics import roc_auc_score

    start = time.perf_counter()
    rank = make(read(folder / "train.jsonl"))
    figures: Dict[str, float] = {}
    confidences: List[float] = []
    for name in ("test", *MISSPELT):
        if (folder / f"{name}.jsonl").exists() or name == "test":
            samples = read(folder / f"{name}.jsonl")
            found = rank([text for text, _ in samples])
            figures[name] = sum(label == best for (_, label), (best, _) in zip(samples, found)) / len(samples)
            confidences = confidences or [share for _, share in found]
    if (folder / "oos.jsonl").exists():
        outside = [share for _, share in rank([text for text, _ in read(folder / "oos.jsonl")])]
        truth = [1] * len(confidences) + [0] * len(outside)
        figures["off-topic AUROC"] = float(roc_auc_score(truth, [*confidences, *outside]))
    figures["seconds"] = time.perf_counter() - start
    return figures


def main() -> int:
    """Prints a table."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.public", description="Measures on a public set.")
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    rows = []
    try:
        for name, make in (("our ranker", our_ranker), ("TF-IDF words, SVM", svm)):
            figures = measure(arguments.folder, make)
            rows.append([name, *(f"{value:.3f}" for value in figures.values())])
    except (OSError, KeyError, ValueError) as error:
        print(f"{arguments.folder}: {error}", file=sys.stderr)
        return 1
    print(table(["", *figures], rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
