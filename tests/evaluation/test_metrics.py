"""Figures on predictions that are made up here, so that every number can be checked by hand."""

from __future__ import annotations

import pytest

from evaluation import metrics
from evaluation.datasets import Sample
from evaluation.metrics import Prediction, Share


def said(label: str, *top: str, confidence: float = 0.9, faq: float = 0.9) -> Prediction:
    return Prediction(label, confidence, top, faq)


PAIRS = [
    (Sample("a", "faq/een", "kort"), said("faq/een", "een")),
    (Sample("b", "faq/een", "kort"), said("faq/twee", "twee", "drie", "een")),
    (Sample("c", "faq/twee", "leek"), said("faq/twee", "twee")),
    (Sample("d", "faq/drie", "leek"), said("nlu_fallback", "twee", "een", "vier", "drie", confidence=0.6, faq=0.2)),
]
OFF_TOPIC = [
    (Sample("x", "", "onzin"), said("out_of_scope", "een", faq=0.1)),
    (Sample("y", "", "andere_stof"), said("faq/een", "een", faq=0.8)),
]


def test_accuracy_and_the_first_three() -> None:
    assert metrics.accuracy(PAIRS) == Share(2, 4)
    assert metrics.among_first(PAIRS) == Share(3, 4)


def test_macro_f1_counts_every_label_the_same() -> None:
    # een: precision 1, recall 1/2; twee: precision 1/2, recall 1; drie: nothing right
    assert metrics.macro_f1(PAIRS) == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)


def test_the_weakest_come_first() -> None:
    shares = metrics.per_label(PAIRS)
    assert list(shares) == ["faq/drie", "faq/een", "faq/twee"]
    assert metrics.weakest(PAIRS, count=2) == pytest.approx((0 + 0.5) / 2)
    assert metrics.per_kind(PAIRS) == {"kort": Share(1, 2), "leek": Share(1, 2)}


def test_confusions_name_what_was_taken_for_what() -> None:
    assert metrics.confused_pairs(PAIRS) == [("faq/drie", "nlu_fallback", 1), ("faq/een", "faq/twee", 1)]
    assert [c.text for c in metrics.confusions(PAIRS)] == ["d", "b"]


def test_off_topic_messages_count_as_wrong_only_when_answered() -> None:
    assert metrics.not_answered(OFF_TOPIC) == Share(1, 2)
    assert metrics.not_answered_per_kind(OFF_TOPIC) == {"andere_stof": Share(0, 1), "onzin": Share(1, 1)}


def test_the_curve_runs_from_answering_all_to_answering_nothing() -> None:
    curve = metrics.off_topic_curve(PAIRS, OFF_TOPIC)
    assert curve[0] == (0.0, 1.0, 0.5)
    assert curve[50] == (0.5, 0.5, 0.5)
    assert curve[100] == (1.0, 0.0, 0.0)


def test_auroc_is_the_chance_of_the_right_order() -> None:
    # of 4 x 2 pairs only 0.2 against 0.8 stands the wrong way round
    assert metrics.auroc(PAIRS, OFF_TOPIC) == pytest.approx(7 / 8)


def test_calibration_compares_confidence_with_what_was_right() -> None:
    # three at 0.9 of which two right, one at 0.6 of which none right
    assert metrics.calibration_error(PAIRS) == pytest.approx((3 * (0.9 - 2 / 3) + 0.6) / 4)


def test_wilson_bounds() -> None:
    low, high = Share(855, 900).bounds
    assert (round(low, 4), round(high, 4)) == (0.9338, 0.9624)
    assert Share(0, 0).bounds == (0.0, 1.0)
    assert str(Share(1, 2)) == "50.0% (1/2, 95 % between 9.5% and 90.5%)"
