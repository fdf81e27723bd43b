"""Are follow-ups resolved? Holds the unseen conversations with the assistant and compares what was answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Mapping, Sequence, Tuple

from content.catalogue import FAQ_RESPONSE, MORE_RESPONSE
from evaluation.assistant import Assistant, Progress, Turn, silent
from evaluation.datasets import Dialogue, Expectation, Step
from evaluation.metrics import Share
from nlu.context import MISSING_RESPONSE, QUESTIONS_RESPONSE

_NO_ANSWER = "geen"
_MORE, _MISSING, _QUESTIONS, _BOTH, _INTENT = "meer", "ontbreekt", "vragen", "beide", "intent"


@dataclass(frozen=True)
class Outcome:
    """A dialogue that was held.

    Attributes:
        dialogue: what was said and expected.
        turns: what came of it, one per step.
        right: whether each step ended as expected.
    """

    dialogue: Dialogue
    turns: Tuple[Turn, ...]
    right: Tuple[bool, ...]

    @property
    def resolved(self) -> bool:
        """Whether every step ended as expected."""
        return all(self.right)


def hold(assistant: Assistant, dialogues: Sequence[Dialogue], progress: Progress = silent) -> List[Outcome]:
    """Holds every dialogue as a conversation of its own."""
    outcomes = []
    for i, dialogue in enumerate(dialogues, 1):
        turns = tuple(assistant.converse(step.text for step in dialogue.steps))
        right = tuple(meets(step, turn) for step, turn in zip(dialogue.steps, turns))
        outcomes.append(Outcome(dialogue, turns, right))
        progress(i, len(dialogues))
    return outcomes


def meets(step: Step, turn: Turn) -> bool:
    """Whether a turn is what was expected of its message."""
    return any(_is(expected, turn) for expected in step.expected)


def _is(expected: Expectation, turn: Turn) -> bool:
    said = {str(reply.get("utter_action")) for reply in turn.replies}
    if expected == _NO_ANSWER:
        return not any(action.startswith(FAQ_RESPONSE) for action in said)
    if isinstance(expected, str):
        return FAQ_RESPONSE + expected in said or expected == turn.intent
    if _MORE in expected:
        return MORE_RESPONSE + expected[_MORE] in said
    if _MISSING in expected:
        return MISSING_RESPONSE + expected[_MISSING] in said
    if _QUESTIONS in expected:
        return QUESTIONS_RESPONSE + expected[_QUESTIONS] in said
    if _BOTH in expected:
        answered_ids = {name for name in expected[_BOTH] if FAQ_RESPONSE + name in said}
        offered = {str(reply.get("ook_gevraagd")) for reply in turn.replies}
        return bool(answered_ids) and answered_ids | offered >= set(expected[_BOTH])
    if expected.get(_INTENT, turn.intent) != turn.intent:
        return False
    answered: Dict[str, object] = {}
    for reply in turn.replies:
        answered.update(reply.get("keten") or {})
    wanted = {name: value for name, value in expected.items() if name != _INTENT}
    return all(answered.get(name) == value for name, value in wanted.items())


def said(turn: Turn) -> str:
    """What came of a message in a few words: the responses given and what the chain's answers were about."""
    parts = []
    for reply in turn.replies:
        about: Mapping[str, object] = reply.get("keten") or {}
        detail = ", ".join(str(value) for value in about.values() if value)
        parts.append(f"{reply.get('utter_action')}{f' ({detail})' if detail else ''}")
    return f"{turn.intent}: {'; '.join(parts) or 'nothing'}"


def wanted(step: Step) -> str:
    """What was expected of a message, in a few words."""
    texts = []
    for expected in step.expected:
        texts.append(expected if isinstance(expected, str) else ", ".join(f"{k} {v}" for k, v in expected.items()))
    return " or ".join(texts)


def resolved(outcomes: Sequence[Outcome]) -> Share:
    """Share of dialogues in which every message was answered as expected."""
    return Share(sum(outcome.resolved for outcome in outcomes), len(outcomes))


def resolved_steps(outcomes: Sequence[Outcome]) -> Share:
    """Share of messages after the first of their dialogue that were answered as expected."""
    later = [right for outcome in outcomes for right in outcome.right[1:]]
    return Share(sum(later), len(later))


def resolved_per_kind(outcomes: Sequence[Outcome]) -> Dict[str, Share]:
    """The share of dialogues per kind."""
    kinds = sorted({outcome.dialogue.kind for outcome in outcomes})
    return {kind: resolved([o for o in outcomes if o.dialogue.kind == kind]) for kind in kinds}


@dataclass(frozen=True)
class Failure:
    """A step that was not answered as expected."""

    kind: str
    before: str
    text: str
    expected: str
    came: str


def failures(outcomes: Sequence[Outcome]) -> List[Failure]:
    """Every step that went wrong, with the message before it."""
    found = []
    for outcome in outcomes:
        texts = [step.text for step in outcome.dialogue.steps]
        for i, (step, turn, right) in enumerate(zip(outcome.dialogue.steps, outcome.turns, outcome.right)):
            if not right:
                before = texts[i - 1] if i else ""
                found.append(Failure(outcome.dialogue.kind, before, step.text, wanted(step), said(turn)))
    return found
