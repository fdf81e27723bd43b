"""Figures about predictions. Free of any system: takes what was expected and what was predicted."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Dict, List, Sequence, Tuple

from content.catalogue import FAQ_INTENT
from evaluation.datasets import Sample

FALLBACK = "nlu_fallback"
WEAKEST = 10


@dataclass(frozen=True)
class Prediction:
    """What a system makes of one message.

    Attributes:
        label: `faq/<id>`, an intent, or `nlu_fallback`.
        confidence: that of the label, 0 to 1.
        top: the best ids, best first, at most ten, whatever the label.
        faq_confidence: confidence of the best id, 0 to 1, whatever the label.
    """

    label: str
    confidence: float
    top: Tuple[str, ...]
    faq_confidence: float

    @property
    def answers(self) -> bool:
        """Whether the customer gets an answer of the catalogue."""
        return self.label.startswith(FAQ_INTENT)


@dataclass(frozen=True)
class Share:
    """How many of how many, with Wilson's 95 % bounds."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        """Between 0 and 1; 0 when there was nothing to count."""
        return self.hits / self.total if self.total else 0.0

    @property
    def bounds(self) -> Tuple[float, float]:
        """Lower and upper bound of the share, had there been more messages of this kind."""
        if not self.total:
            return 0.0, 1.0
        from scipy.stats import binomtest

        interval = binomtest(self.hits, self.total).proportion_ci(0.95, method="wilson")
        return float(interval.low), float(interval.high)

    def __str__(self) -> str:
        low, high = self.bounds
        return f"{self.value:.1%} ({self.hits}/{self.total}, 95 % between {low:.1%} and {high:.1%})"


@dataclass(frozen=True)
class Confusion:
    """A message that went wrong."""

    text: str
    expected: str
    predicted: str
    confidence: float


Pairs = Sequence[Tuple[Sample, Prediction]]


def accuracy(pairs: Pairs) -> Share:
    """Share of messages whose label is right."""
    return Share(sum(sample.label == prediction.label for sample, prediction in pairs), len(pairs))


def among_first(pairs: Pairs, count: int = 3) -> Share:
    """Share of FAQ messages whose id is answered or stands among the first `count`, as 'Bedoel je' would offer."""
    hits = sum(
        sample.label == prediction.label or sample.label[len(FAQ_INTENT) :] in prediction.top[:count]
        for sample, prediction in pairs
    )
    return Share(hits, len(pairs))


def macro_f1(pairs: Pairs) -> float:
    """Mean F1 over the labels that occur, every label counting the same."""
    from sklearn.metrics import f1_score

    truth = [sample.label for sample, _ in pairs]
    predicted = [prediction.label for _, prediction in pairs]
    return float(f1_score(truth, predicted, labels=sorted(set(truth)), average="macro", zero_division=0))


def per_label(pairs: Pairs) -> Dict[str, Share]:
    """Accuracy per label, the weakest first."""
    grouped: Dict[str, List[bool]] = defaultdict(list)
    for sample, prediction in pairs:
        grouped[sample.label].append(sample.label == prediction.label)
    shares = {label: Share(sum(hits), len(hits)) for label, hits in grouped.items()}
    return dict(sorted(shares.items(), key=lambda item: (item[1].value, item[0])))


def per_kind(pairs: Pairs) -> Dict[str, Share]:
    """Accuracy per kind of message."""
    grouped: Dict[str, List[bool]] = defaultdict(list)
    for sample, prediction in pairs:
        grouped[sample.kind].append(sample.label == prediction.label)
    return {kind: Share(sum(hits), len(hits)) for kind, hits in sorted(grouped.items())}


def weakest(pairs: Pairs, count: int = WEAKEST) -> float:
    """Mean accuracy of the `count` labels that do worst."""
    values = [share.value for share in per_label(pairs).values()][:count]
    return sum(values) / len(values) if values else 0.0


def confusions(pairs: Pairs) -> List[Confusion]:
    """Messages that went wrong, ordered by what they were taken for."""
    wrong = [
        Confusion(sample.text, sample.label, prediction.label, prediction.confidence)
        for sample, prediction in pairs
        if sample.label != prediction.label
    ]
    return sorted(wrong, key=lambda item: (item.expected, item.predicted, item.text))


def confused_pairs(pairs: Pairs) -> List[Tuple[str, str, int]]:
    """(expected, predicted, count), most frequent first."""
    counts = Counter((item.expected, item.predicted) for item in confusions(pairs))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(expected, predicted, count) for (expected, predicted), count in ordered]


def not_answered(pairs: Pairs) -> Share:
    """Share of off-topic messages that get no answer of the catalogue."""
    return Share(sum(not prediction.answers for _, prediction in pairs), len(pairs))


def not_answered_per_kind(pairs: Pairs) -> Dict[str, Share]:
    """The same per kind of off-topic message."""
    grouped: Dict[str, List[bool]] = defaultdict(list)
    for sample, prediction in pairs:
        grouped[sample.kind].append(not prediction.answers)
    return {kind: Share(sum(hits), len(hits)) for kind, hits in sorted(grouped.items())}


def auroc(on_topic: Pairs, off_topic: Pairs) -> float:
    """Chance that a message for the catalogue gets a higher `faq_confidence` than an off-topic one."""
    from sklearn.metrics import roc_auc_score

    scores = [prediction.faq_confidence for _, prediction in (*on_topic, *off_topic)]
    return float(roc_auc_score([1] * len(on_topic) + [0] * len(off_topic), scores))


def off_topic_curve(on_topic: Pairs, off_topic: Pairs) -> List[Tuple[float, float, float]]:
    """What happens when the threshold of confidence rises from 0 to 1.

    Returns:
        (threshold, share of off-topic messages answered, share of FAQ messages answered rightly) per threshold.
    """
    points = []
    for step in range(0, 101):
        threshold = step / 100
        wrong = sum(p.faq_confidence >= threshold for _, p in off_topic) / len(off_topic)
        right = sum(
            p.faq_confidence >= threshold and p.top[:1] == (s.label[len(FAQ_INTENT) :],) for s, p in on_topic
        ) / len(on_topic)
        points.append((threshold, wrong, right))
    return points


def calibration_error(pairs: Pairs, bins: int = 10) -> float:
    """Mean distance between confidence and share of right answers, over bins of confidence weighed by their size."""
    grouped: Dict[int, List[Tuple[float, bool]]] = defaultdict(list)
    for sample, prediction in pairs:
        place = min(int(prediction.confidence * bins), bins - 1)
        grouped[place].append((prediction.confidence, sample.label == prediction.label))
    total = 0.0
    for members in grouped.values():
        confidence = sum(c for c, _ in members) / len(members)
        right = sum(r for _, r in members) / len(members)
        total += len(members) * abs(confidence - right)
    return total / len(pairs) if pairs else 0.0
