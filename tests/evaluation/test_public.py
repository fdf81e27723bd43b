"""The ranker on a set that somebody else made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import List, Tuple

import pytest

from evaluation.public import measure, our_ranker, read, svm

TRAIN = [
    *[(f"zet een wekker om {n} uur", "alarm") for n in range(1, 9)],
    *[(f"speel een lied van {name}", "muziek") for name in ("abba", "queen", "doe maar", "k3", "clouseau", "bach")],
]


def write(file: Path, pairs: List[Tuple[str, str]]) -> None:
    file.write_text("\n".join(json.dumps({"text": text, "intent": intent}) for text, intent in pairs), encoding="utf-8")


@pytest.mark.parametrize("make", [our_ranker, svm])
def test_figures_of_a_public_set(tmp_path: Path, make: "object") -> None:
    write(tmp_path / "train.jsonl", TRAIN)
    write(tmp_path / "test.jsonl", [("wekker om half acht zetten", "alarm"), ("speel het lied", "muziek")])
    write(tmp_path / "typo2.jsonl", [("zet een wekker om tien uur", "muziek"), ("speel een lied", "muziek")])
    write(tmp_path / "oos.jsonl", [("xyz", "")])
    figures = measure(tmp_path, make)  # type: ignore[arg-type]
    assert {name: value for name, value in figures.items() if name != "seconds"} == {
        "test": 1.0,
        "typo2": 0.5,
        "off-topic AUROC": 1.0,
    }


def test_messages_are_read_with_their_intent(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", [("hoi", "greet")])
    assert read(tmp_path / "a.jsonl") == [("hoi", "greet")]
