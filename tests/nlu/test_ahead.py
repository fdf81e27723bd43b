"""Training begun ahead: its result is taken only by who would learn from the same examples."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, List

import pytest

from nlu import ahead

EXAMPLES = [("wat is melatonine", "faq/melatonine_wat"), ("hoi", "greet")]


class _Process:
    """Stands for the process beside Rasa's, which has ended."""

    def poll(self) -> int:
        return 0


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(ahead, "_begun", [ahead._Begun(_Process(), tmp_path)])
    return tmp_path


def _learn(marks: List[str], mark: str) -> Any:
    def learn(folder: Path) -> None:
        marks.append(mark)
        (folder / "model.txt").write_text(mark, encoding="ascii")

    return learn


def test_what_was_learnt_from_the_same_examples_is_taken(begun: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    marks: List[str] = []
    ahead.write(begun, "part", EXAMPLES, _learn(marks, "ahead"))
    target = tmp_path_factory.mktemp("model")
    ahead.learn_into(target, "part", EXAMPLES, _learn(marks, "itself"))
    assert marks == ["ahead"]
    assert {file.name: file.read_text() for file in target.iterdir()} == {"model.txt": "ahead"}


def test_other_examples_are_learnt_anew(begun: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    marks: List[str] = []
    ahead.write(begun, "part", EXAMPLES, _learn(marks, "ahead"))
    target = tmp_path_factory.mktemp("model")
    ahead.learn_into(target, "part", [*EXAMPLES, ("doei", "goodbye")], _learn(marks, "itself"))
    assert (target / "model.txt").read_text() == "itself"


def test_a_process_that_ended_early_is_no_loss(begun: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    marks: List[str] = []
    target = tmp_path_factory.mktemp("model")
    ahead.learn_into(target, "part", EXAMPLES, _learn(marks, "itself"))
    assert marks == ["itself"]


def test_a_result_counts_only_when_it_is_complete(begun: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    def breaks(folder: Path) -> None:
        (folder / "model.txt").write_text("half", encoding="ascii")
        raise MemoryError

    with pytest.raises(MemoryError):
        ahead.write(begun, "part", EXAMPLES, breaks)
    target = tmp_path_factory.mktemp("model")
    ahead.learn_into(target, "part", EXAMPLES, _learn([], "itself"))
    assert (target / "model.txt").read_text() == "itself"


def test_one_core_gets_no_second_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_begun", [])
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    ahead.begin()
    assert ahead._begun == []


def test_the_order_of_examples_matters() -> None:
    assert ahead.fingerprint(EXAMPLES) != ahead.fingerprint(EXAMPLES[::-1])
