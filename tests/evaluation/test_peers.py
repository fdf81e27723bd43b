"""The peers: how their output is read, and what happens when one can't be measured."""

from __future__ import annotations

from pathlib import Path
from typing import List

import pytest

from evaluation import peers
from evaluation.assistant import to_prediction
from evaluation.commands import Unavailable, run_to_end
from evaluation.metrics import Prediction
from evaluation.peers import Result, from_scores, remembered, tfidf_svm

EXAMPLES = [
    *[(f"waar wordt {x} gemaakt", "faq/stof_waar") for x in ("serotonine", "melatonine", "oxytocine")],
    *[(f"wat kost {x}", "faq/winkel_prijs") for x in ("verzending", "een potje", "retour")],
    *[(x, "greet") for x in ("hallo", "goedemorgen", "hoi daar")],
]


def silent(_: str) -> None:
    """Says nothing."""


@pytest.mark.parametrize("characters", [False, True])
def test_the_svm_learns_and_ranks(characters: bool) -> None:
    result = tfidf_svm(EXAMPLES, ["waar wordt magnesium gemaakt?", "hallo"], characters)
    assert [p.label for p in result.predictions] == ["faq/stof_waar", "greet"]
    assert result.predictions[0].top == ("stof_waar", "winkel_prijs")
    assert len(result.parse_milliseconds) == 2
    assert result.predictions[1].faq_confidence < result.predictions[1].confidence


def test_below_its_threshold_a_peer_falls_back() -> None:
    ranking = [("greet", 0.4), ("faq/a", 0.3), ("faq/b", 0.2)]
    assert from_scores(ranking, 0.5) == Prediction("nlu_fallback", 0.4, ("a", "b"), 0.3)
    assert from_scores(ranking) == Prediction("greet", 0.4, ("a", "b"), 0.3)
    assert from_scores([]) == Prediction("nlu_fallback", 0.0, (), 0.0)


def test_the_confidence_of_stock_rasas_answer_is_that_of_intent_and_answer_together() -> None:
    ranking = [
        {"intent_response_key": "faq/a", "confidence": 0.5},
        {"intent_response_key": "faq/b", "confidence": 0.25},
    ]
    parsed = {
        "intent": {"name": "faq", "confidence": 0.8},
        "intent_ranking": [{"name": "faq", "confidence": 0.8}, {"name": "greet", "confidence": 0.2}],
        "response_selector": {"faq": {"response": {"intent_response_key": "faq/a"}, "ranking": ranking}},
    }
    assert to_prediction(parsed) == Prediction("faq/a", 0.4, ("a", "b"), 0.4)


def test_the_confidence_of_our_answer_is_taken_as_it_is() -> None:
    parsed = {
        "intent": {"name": "faq", "confidence": 0.7},
        "intent_ranking": [{"name": "faq/a", "confidence": 0.7}, {"name": "greet", "confidence": 0.1}],
        "response_selector": {
            "faq": {
                "response": {"intent_response_key": "faq/a"},
                "ranking": [{"intent_response_key": "faq/a", "confidence": 0.7}],
            }
        },
    }
    assert to_prediction(parsed) == Prediction("faq/a", 0.7, ("a",), 0.7)


def test_the_same_work_is_done_once(tmp_path: Path) -> None:
    done: List[str] = []

    def work() -> Result:
        done.append("x")
        return Result("naam", [Prediction("faq/a", 0.5, ("a", "b"), 0.5)], 1.5, [2.0], 10, "let op")

    first = remembered("peer", "work", work, tmp_path)
    assert remembered("peer", "work", work, tmp_path) == first
    assert done == ["x"]
    remembered("peer", "other work", work, tmp_path)
    assert done == ["x", "x"]


def test_without_node_nlp_js_is_left_out_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="node and npm are not installed"):
        peers.nlp_js(EXAMPLES, ["hoi"], silent, tmp_path)


def test_a_peer_that_fails_says_what_it_wrote(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"Naam failed: .*kapot"):
        run_to_end(["sh", "-c", "echo kapot; exit 3"], "Naam", 10)
    with pytest.raises(Unavailable, match="more than 0 seconds"):
        run_to_end(["sh", "-c", "while :; do :; done"], "Naam", 0.2)


def test_the_lock_file_names_no_registry() -> None:
    lock = (peers.NLPJS / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') > 20
