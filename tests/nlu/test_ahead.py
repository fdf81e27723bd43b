"""Training begun ahead: its result is taken only by who would learn from the same examples."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest
from rasa.shared.exceptions import RasaException

import server.ahead
from nlu import ahead
from server import importer

EXAMPLES = [("wat is melatonine", "faq/melatonine_wat"), ("hoi", "greet")]


@pytest.fixture(autouse=True)
def begun() -> Iterator[None]:
    yield
    for begun in list(ahead._begun.values()):
        ahead._end(begun.folder)


def _learn(mark: str) -> Any:
    def learn(folder: Path, ask: ahead.Ask) -> None:
        (folder / "model.txt").write_text(f"{mark} from {len(ask())}", encoding="ascii")

    return learn


def _breaks(folder: Path, ask: ahead.Ask) -> None:
    (folder / "model.txt").write_text("half", encoding="ascii")
    os._exit(1)


def _learnt(folder: Path) -> Dict[str, str]:
    return {file.name: file.read_text(encoding="ascii") for file in folder.iterdir()}


def test_what_was_learnt_from_the_same_examples_is_taken(tmp_path: Path) -> None:
    ahead.begin({"part": _learn("ahead"), "other": _learn("other")})
    ahead.give(EXAMPLES)
    ahead.learn_into(tmp_path, "part", EXAMPLES, _learn("itself"))
    assert _learnt(tmp_path) == {"model.txt": "ahead from 2"}


def test_other_examples_are_learnt_anew(tmp_path: Path) -> None:
    ahead.begin({"part": _learn("ahead")})
    ahead.give(EXAMPLES)
    ahead.learn_into(tmp_path, "part", [*EXAMPLES, ("doei", "goodbye")], _learn("itself"))
    assert _learnt(tmp_path) == {"model.txt": "itself from 3"}


def test_a_process_that_ended_early_is_no_loss(tmp_path: Path) -> None:
    ahead.begin({"part": _breaks})
    ahead.give(EXAMPLES)
    ahead.learn_into(tmp_path, "part", EXAMPLES, _learn("itself"))
    assert _learnt(tmp_path) == {"model.txt": "itself from 2"}


def test_what_was_not_begun_is_learnt_here(tmp_path: Path) -> None:
    ahead.learn_into(tmp_path, "part", EXAMPLES, _learn("itself"))
    assert _learnt(tmp_path) == {"model.txt": "itself from 2"}


def test_nothing_is_left_when_training_ends() -> None:
    ahead.begin({"part": _learn("ahead")})  # waits for examples that never come
    process, folder, _ = ahead._begun["part"]
    ahead._end(folder)
    assert not process.is_alive()
    assert not folder.exists()


def test_one_core_gets_no_second_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    server.ahead.begin()
    assert ahead._begun == {}


def test_a_damaged_example_file_ends_a_training_with_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: Any) -> None:
        raise RasaException("faq.yml is damaged")

    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    monkeypatch.setattr(ahead, "begin", lambda parts: None)
    monkeypatch.setattr(importer, "read_ahead", read)
    with pytest.raises(SystemExit, match=r"^faq\.yml is damaged$"):
        server.ahead.begin()


def test_the_order_of_examples_matters() -> None:
    assert ahead.fingerprint(EXAMPLES) != ahead.fingerprint(EXAMPLES[::-1])
