"""All figures of one system on the unseen sets, made from its predictions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Sequence, Tuple

from evaluation import metrics
from evaluation.datasets import Sample, UnseenSets
from evaluation.metrics import Pairs, Prediction, Share
from evaluation.peers import Result
from evaluation.typos import misspelt


@dataclass(frozen=True)
class Work:
    """The messages that every system gets, in one fixed order: FAQ, one slip, two slips, intents, off-topic."""

    faq: List[Sample]
    typo1: List[Sample]
    typo2: List[Sample]
    intents: List[Sample]
    off_topic: List[Sample]

    @classmethod
    def of(cls, sets: UnseenSets) -> Work:
        """The work that the unseen sets make, misspelt versions included."""
        return cls(sets.faq, misspelt(sets.faq, 1), misspelt(sets.faq, 2), sets.intents, sets.off_topic)

    @property
    def groups(self) -> Tuple[List[Sample], ...]:
        """The five groups in order."""
        return self.faq, self.typo1, self.typo2, self.intents, self.off_topic

    @property
    def texts(self) -> List[str]:
        """Every message."""
        return [sample.text for group in self.groups for sample in group]

    def pair(self, predictions: Sequence[Prediction]) -> List[Pairs]:
        """Samples with their predictions, per group. Raises ValueError when their numbers differ."""
        if len(predictions) != len(self.texts):
            raise ValueError(f"{len(predictions)} predictions for {len(self.texts)} messages.")
        pairs: List[Pairs] = []
        start = 0
        for group in self.groups:
            pairs.append(list(zip(group, predictions[start : start + len(group)])))
            start += len(group)
        return pairs


@dataclass(frozen=True)
class Figures:
    """What one system reaches. Shares carry their counts; `result` has the timings."""

    result: Result
    accuracy: Share
    top3: Share
    macro_f1: float
    weakest: float
    typo1: Share
    typo2: Share
    intents: Share
    not_answered: Share
    auroc: float
    calibration_error: float
    per_kind: Dict[str, Share]
    per_id: Dict[str, Share]
    per_intent: Dict[str, Share]
    off_topic_per_kind: Dict[str, Share]
    curve: List[Tuple[float, float, float]]
    confusions: List[metrics.Confusion]
    intent_confusions: List[metrics.Confusion]
    confused_pairs: List[Tuple[str, str, int]]
    answered_off_topic: List[metrics.Confusion]
    labels: List[Tuple[str, str]] = field(default_factory=list)

    @property
    def median_milliseconds(self) -> float:
        """Wall time of parsing a message."""
        return percentile(self.result.parse_milliseconds, 50)

    @property
    def p99_milliseconds(self) -> float:
        """Wall time that 99 in 100 messages stay below."""
        return percentile(self.result.parse_milliseconds, 99)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` per cent of the values stay at or below; 0 without values."""
    import numpy as np

    return float(np.percentile(values, share)) if len(values) else 0.0


def figures(result: Result, work: Work) -> Figures:
    """Computes everything from a system's predictions for `work.texts`."""
    faq, typo1, typo2, intents, off_topic = work.pair(result.predictions)
    answered = [
        metrics.Confusion(sample.text, sample.kind, prediction.label, prediction.confidence)
        for sample, prediction in off_topic
        if prediction.answers
    ]
    return Figures(
        result=result,
        accuracy=metrics.accuracy(faq),
        top3=metrics.among_first(faq),
        macro_f1=metrics.macro_f1(faq),
        weakest=metrics.weakest(faq),
        typo1=metrics.accuracy(typo1),
        typo2=metrics.accuracy(typo2),
        intents=metrics.accuracy(intents),
        not_answered=metrics.not_answered(off_topic),
        auroc=metrics.auroc(faq, off_topic),
        calibration_error=metrics.calibration_error(faq),
        per_kind=metrics.per_kind(faq),
        per_id=metrics.per_label(faq),
        per_intent=metrics.per_label(intents),
        off_topic_per_kind=metrics.not_answered_per_kind(off_topic),
        curve=metrics.off_topic_curve(faq, off_topic),
        confusions=metrics.confusions(faq),
        intent_confusions=metrics.confusions(intents),
        confused_pairs=metrics.confused_pairs([*faq, *intents]),
        answered_off_topic=sorted(answered, key=lambda item: -item.confidence),
        labels=[(sample.label, prediction.label) for sample, prediction in (*faq, *intents, *off_topic)],
    )
