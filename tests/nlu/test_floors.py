"""The gate: understanding on messages that nobody trained on must not fall below what it reached before.

Floors stand in floors.yml. A failure prints what went wrong, message by message.
"""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Iterator, List

import pytest

from evaluation import metrics
from evaluation.assistant import Assistant
from evaluation.datasets import Sample, UnseenSets, leaked, load_examples, load_rounds, load_unseen, read_yaml
from evaluation.dialogues import Outcome, failures, hold, resolved, resolved_steps
from evaluation.metrics import Pairs
from evaluation.typos import misspelt
from nlu.lexicon import Lexicon

FLOORS: Dict[str, float] = read_yaml(Path(__file__).parent / "floors.yml")


@pytest.fixture(scope="module")
def sets() -> UnseenSets:
    return load_unseen()


@pytest.fixture(scope="module")
def assistant(trained_model: Path) -> Iterator[Assistant]:
    loaded = Assistant(trained_model)
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def faq(assistant: Assistant, sets: UnseenSets) -> Pairs:
    return pair(assistant, sets.faq)


@pytest.fixture(scope="module")
def outcomes(assistant: Assistant, sets: UnseenSets) -> List[Outcome]:
    return hold(assistant, sets.dialogues)


def pair(assistant: Assistant, samples: List[Sample]) -> Pairs:
    return list(zip(samples, assistant.predict([sample.text for sample in samples])))


def show(pairs: Pairs) -> str:
    lines = [f"{c.expected} taken for {c.predicted} ({c.confidence:.2f}): {c.text}" for c in metrics.confusions(pairs)]
    return "\n".join(["", *lines])


def test_the_right_question_comes_first(faq: Pairs) -> None:
    assert metrics.accuracy(faq).value >= FLOORS["faq_first"], show(faq)


def test_the_right_question_is_among_three(faq: Pairs) -> None:
    assert metrics.among_first(faq).value >= FLOORS["faq_top3"], show(faq)


def test_the_weakest_ten_ids(faq: Pairs) -> None:
    assert metrics.weakest(faq) >= FLOORS["weakest_ten"], show(faq)


@pytest.mark.parametrize(("edits", "floor"), [(1, "one_slip"), (2, "two_slips")])
def test_misspelt_questions(assistant: Assistant, sets: UnseenSets, edits: int, floor: str) -> None:
    pairs = pair(assistant, misspelt(sets.faq, edits))
    assert metrics.accuracy(pairs).value >= FLOORS[floor], show(pairs)


def test_other_intents(assistant: Assistant, sets: UnseenSets) -> None:
    pairs = pair(assistant, sets.intents)
    assert metrics.accuracy(pairs).value >= FLOORS["intents"], show(pairs)


def test_off_topic_messages_are_not_answered(assistant: Assistant, sets: UnseenSets) -> None:
    pairs = pair(assistant, sets.off_topic)
    answered = [f"{p.label} ({p.confidence:.2f}): {s.text}" for s, p in pairs if p.answers]
    assert metrics.not_answered(pairs).value >= FLOORS["off_topic"], "\n".join(["", *answered])


def test_follow_ups_are_resolved(outcomes: List[Outcome]) -> None:
    wrong = "\n".join(
        f"\n{f.kind}, after '{f.before}': '{f.text}': {f.expected}, came {f.came}" for f in failures(outcomes)
    )
    assert resolved(outcomes).value >= FLOORS["dialogues"], wrong
    assert resolved_steps(outcomes).value >= FLOORS["follow_ups"], wrong


def test_follow_ups_of_long_dialogues_are_resolved(assistant: Assistant) -> None:
    held = hold(assistant, load_rounds())
    wrong = "\n".join(f"\n{f.kind}, '{f.text}': {f.expected}, came {f.came}" for f in failures(held))
    assert resolved(held).value >= FLOORS["long_dialogues"], wrong
    assert resolved_steps(held).value >= FLOORS["long_follow_ups"], wrong


def test_the_unseen_messages_are_unseen(sets: UnseenSets) -> None:
    """Short messages coincide by chance; whole sentences only when they were copied."""
    assert leaked(sets, load_examples(), Lexicon.load(), shortest=8) == []
