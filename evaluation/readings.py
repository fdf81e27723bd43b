"""`python -m evaluation.readings`: learns the weights of `nlu/readings.py` and writes `data/woordenboek/lezingen.yml`.

What is learnt from: the chats of `data/gesprekken/`, and some examples that are no question of ours, after an answer.
The pipeline that reads them is trained without those messages, so that it is no surer of them than of a customer's.
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Dict, FrozenSet, Iterator, List, Optional, Sequence, Tuple

import numpy as np
from scipy.optimize import minimize

from content.catalogue import FAQ_INTENT, onderwerp_and_aspect
from evaluation.datasets import Dialogue, Example, Step, load_dialogues, load_examples
from nlu.context import SHOP, Conversation
from nlu.dutch import load_dutch, remembering
from nlu.follow_ups import FALLBACK
from nlu.gate import OUT_OF_SCOPE, Row
from nlu.lexicon import FOLDER, Lexicon
from nlu.readings import FEATURES, MISSING, MORE, NOT_UNDERSTOOD, OPEN
from nlu.understanding import Understanding, train

CHATS = Path("data/gesprekken")
WEIGHTS = FOLDER / "lezingen.yml"
_SEED = 5
_NO_QUESTION = frozenset({OUT_OF_SCOPE, *OPEN})
_KEPT_APART = 0.06  # share of their examples
_STRENGTH = 1.0  # of the L2 penalty
_STEPS = 200
_TINY = 1e-12
# What was expected of a message by name; see `evaluation.datasets.Step`.
_BY_NAME = {"ontbreekt": MISSING, "vragen": MISSING, "meer": MORE}
_NOTHING = frozenset({FALLBACK, OUT_OF_SCOPE, "follow_up_topic", "follow_up_aspect"})


@dataclass(frozen=True)
class Turn:
    """A message in a conversation, and the choices that are right."""

    text: str
    conversation: Conversation
    right: FrozenSet[str]


def apart(
    examples: Sequence[Example], said: FrozenSet[str], chance: random.Random
) -> Tuple[List[Example], List[Example]]:
    """Examples to train on, and those that are no question of ours to learn from; none is said in a chat."""
    trained: List[Example] = []
    held: List[Example] = []
    for text, label in examples:
        if _bare(text) not in said:
            is_held = label in _NO_QUESTION and chance.random() < _KEPT_APART
            (held if is_held else trained).append((text, label))
    return trained, held


def _bare(text: str) -> str:
    """A message without capitals and the mark at its end: how it is found again among the examples."""
    return text.lower().rstrip("?.! ")


class Chats:
    """Makes turns; the conversation before each is what it would be after the right answers."""

    def __init__(self, understanding: Understanding) -> None:
        """Keeps the pipeline that reads."""
        self._reader = understanding
        self._ids = understanding.readings.faq_ids

    def after_answers(self, examples: Sequence[Example], chance: random.Random) -> Iterator[Turn]:
        """Messages that are no question of ours, each after an answer."""
        for text, label in examples:
            conversation = self._answered(chance.choice(self._ids), (), Conversation())
            yield Turn(text, conversation, frozenset({NOT_UNDERSTOOD if label == OUT_OF_SCOPE else label}))

    def from_dialogue(self, dialogue: Dialogue) -> Iterator[Turn]:
        """The turns of a chat, as far as it is about answers."""
        conversation = Conversation()
        for step in dialogue.steps:
            right = choices(step, self._ids)
            if right is None:  # the chain, advice or safety: what comes next is not for the readings
                return
            if conversation.onderwerp or conversation.last_id:
                yield Turn(step.text, conversation, right)
            conversation = self._then(step, sorted(right), conversation)

    def _answered(self, faq_id: str, words: Sequence[str], before: Conversation) -> Conversation:
        before = replace(before, last_id=faq_id, last_intent="faq", is_pending=False)
        if faq_id.startswith(SHOP):
            return replace(before, asked="")
        onderwerp, aspect = onderwerp_and_aspect(faq_id)
        return replace(before, onderwerp=onderwerp, aspect=aspect, asked=" ".join(words))

    def _then(self, step: Step, right: Sequence[str], before: Conversation) -> Conversation:
        """The conversation after the right answer."""
        answers = [label for label in right if label.startswith(FAQ_INTENT)]
        heard, alone = self._reader.hear(step.text, before)
        if not answers:
            named = [name for name in heard.named if name != "winkel"]
            if MISSING in right and (named or before.onderwerp):
                asked = " ".join(heard.words)
                subject = named[0] if named else before.onderwerp
                return replace(before, onderwerp=subject, asked=asked, is_pending=True)
            return before
        wanted = next(name for name in step.expected if isinstance(name, str) and FAQ_INTENT + name in answers)
        words: Sequence[str] = heard.words
        if before.onderwerp or before.last_id:
            readings = self._reader.readings.weigh(heard, alone, before)[2]
            words = self._reader.readings.in_full(FAQ_INTENT + wanted, readings)
        return self._answered(wanted, words, before)


def choices(step: Step, faq_ids: Sequence[str]) -> Optional[FrozenSet[str]]:
    """The choices that are right for a message; None when the readings have nothing to choose there."""
    found: set[str] = set()
    for expected in step.expected:
        if not isinstance(expected, str):
            found.update(label for name, label in _BY_NAME.items() if name in expected)
        elif expected in faq_ids:
            found.add(FAQ_INTENT + expected)
        elif expected == "geen":
            found.add(MISSING)
        elif expected in _NOTHING:
            found.add(NOT_UNDERSTOOD)
        elif expected in OPEN:
            found.add(expected)
        elif expected.startswith(("safety_", "explain_", "check_", "chain_", "request_", "advice_")):
            return None
    return frozenset(found)


def fit(rows: Sequence[Tuple[Row, Sequence[bool]]]) -> Row:
    """Weights with which the right candidates of each message win, by maximum likelihood with a penalty.

    Args:
        rows: for each message the features of its candidates, shape [candidates, features], and which are right.

    Returns:
        A weight per feature.
    """
    matrix = np.concatenate([features for features, _ in rows])
    scale = np.maximum(np.abs(matrix).max(axis=0), _TINY)
    matrix /= scale
    right = np.array([is_right for _, flags in rows for is_right in flags], dtype=float)
    sizes = np.array([len(flags) for _, flags in rows])
    starts, message = np.concatenate([[0], np.cumsum(sizes)[:-1]]), np.repeat(np.arange(len(rows)), sizes)

    def loss(weights: Row) -> Tuple[float, Row]:
        scores = matrix @ weights
        odds = np.exp(scores - np.maximum.reduceat(scores, starts)[message])
        total, won = np.add.reduceat(odds, starts), np.add.reduceat(odds * right, starts) + _TINY
        gradient = matrix.T @ (odds / total[message] - odds * right / won[message])
        penalty = _STRENGTH * float(weights @ weights) / 2
        return float(-np.log(won / total).sum()) + penalty, gradient + _STRENGTH * weights

    found: Row = minimize(loss, np.zeros(len(scale)), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS}).x
    return np.asarray(found / scale)


def rows_of(understanding: Understanding, turns: Sequence[Turn]) -> List[Tuple[Row, List[bool]]]:
    """The candidates of every message that the readings decide, as far as one of them is right."""
    rows = []
    for turn in turns:
        heard, alone = understanding.hear(turn.text, turn.conversation)
        if not heard.words or not understanding.follow_ups.is_weighed(heard, turn.conversation):
            continue
        candidates, features, _ = understanding.readings.weigh(heard, alone, turn.conversation)
        wanted = turn.right if MISSING in candidates else {NOT_UNDERSTOOD if i == MISSING else i for i in turn.right}
        right = [candidate in wanted for candidate in candidates]
        if any(right):
            rows.append((features, right))
    return rows


def learn(say: Callable[[str], None]) -> Dict[str, float]:
    """The weights."""
    dialogues = load_dialogues(CHATS)
    said = frozenset(_bare(step.text) for dialogue in dialogues for step in dialogue.steps)
    chance = random.Random(_SEED)  # noqa: S311
    examples, held = apart(load_examples(), said, chance)
    understanding = train(examples, Lexicon.load(), remembering(load_dutch().lemmas))
    say(f"trained on {len(examples)} examples, {len(held)} kept apart")
    chats = Chats(understanding)
    turns = [turn for dialogue in dialogues for turn in chats.from_dialogue(dialogue)]
    turns += chats.after_answers(held, chance)
    rows = rows_of(understanding, turns)
    most = max(len(right) for _, right in rows)
    say(f"{len(turns)} messages in a conversation, {len(rows)} for the readings; up to {most} candidates")
    return {name: round(float(weight), 4) for name, weight in zip(FEATURES, fit(rows))}


def main() -> int:
    """Learns and writes the weights."""
    weights = learn(print)
    lines = [f"  {name!r}: {weight}" for name, weight in weights.items()]
    head = "# Weights of nlu/readings.py, learnt by `python -m evaluation.readings`: not to be changed by hand.\n"
    WEIGHTS.write_text(head + "lezingen:\n" + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"wrote {len(lines)} weights to {WEIGHTS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
