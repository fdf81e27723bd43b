"""The page and the summary, made from a small run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import List

import pytest

from evaluation.assistant import Turn
from evaluation.bench import Measured, rows
from evaluation.datasets import Dialogue, Sample, Step, UnseenSets
from evaluation.dialogues import Outcome
from evaluation.figures import Figures, Work, figures
from evaluation.metrics import Prediction, Share
from evaluation.peers import Result
from evaluation.report import Report, summary, table, write

SETS = UnseenSets(
    faq=[
        Sample("waar komt <b>serotonine</b> vandaan", "faq/serotonine_waar", "kort"),
        Sample("hoe slaap ik beter", "faq/slaap_verbeteren", "leek"),
    ],
    intents=[Sample("hallo", "greet", "kort")],
    off_topic=[Sample("wat doet creatine", "", "andere_stof"), Sample("hoe laat is het", "", "dagelijks")],
    dialogues=[],
)


def system(name: str, first: str) -> Figures:
    work = Work.of(SETS)
    of = {"serotonine_waar": Prediction("faq/serotonine_waar", 0.9, ("serotonine_waar",), 0.9)}
    predictions: List[Prediction] = []
    for sample in (s for group in work.groups for s in group):
        if sample.label == "faq/serotonine_waar":
            predictions.append(of["serotonine_waar"])
        elif sample.label == "faq/slaap_verbeteren":
            predictions.append(Prediction(first, 0.8, (first[4:],), 0.8))
        elif sample.label == "greet":
            predictions.append(Prediction("greet", 1.0, (), 0.0))
        else:
            answered = sample.kind == "dagelijks"
            predictions.append(
                Prediction("faq/winkel_contact" if answered else "out_of_scope", 0.7, ("winkel_contact",), 0.4)
            )
    return figures(Result(name, predictions, 1.0, [1.0] * len(predictions)), work)


@pytest.fixture
def report() -> Report:
    dialogue = Dialogue((Step("en magnesium?", ("magnesium_waar",)),), "onderwerp")
    turn = Turn("follow_up_topic", (), ({"utter_action": "ontbreekt/magnesium"},), ("tekst",))
    return Report(
        systems=[system("Schakel", "faq/slaap_verbeteren"), system("Ander", "faq/stress_omgaan")],
        outcomes=[Outcome(dialogue, (turn,), (False,))],
        examples=12,
        labels=3,
        dutch="blank_nl_lookup",
        made="2026-11-22 12:00",
        skipped=["Not measured: nlp.js, for node is absent."],
        fresh={"questions": Share(1, 1)},
        safety={"": Share(9, 10), "safety_child": Share(3, 4)},
        safety_wrong=[(Sample("doodmoe van het wachten", "", "figuurlijk"), "safety_suicide")],
    )


def test_the_figures_of_a_system(report: Report) -> None:
    ours, other = report.systems
    assert (ours.accuracy, other.accuracy) == (Share(2, 2), Share(1, 2))
    assert ours.not_answered == Share(1, 2)
    assert [c.predicted for c in ours.answered_off_topic] == ["faq/winkel_contact"]
    assert other.confused_pairs == [("faq/slaap_verbeteren", "faq/stress_omgaan", 1)]


def test_the_page_is_complete_and_stands_alone(report: Report, tmp_path: Path) -> None:
    page = write(report, tmp_path / "results" / "understanding.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2
    assert "waar komt &lt;b&gt;" not in page  # it was right, so it is not listed
    for text in (
        "Schakel",
        "Ander",
        "hoe laat is het",
        "nlp.js, for node is absent",
        "ontbreekt/magnesium",
        "safety_child",
        "doodmoe",
    ):
        assert text in page
    assert "not met" in page
    assert re.findall(r'(?:src|href)="(?!#|data:)[^"]*"', page) == []
    assert "<script" not in page


def test_messages_are_escaped(report: Report, tmp_path: Path) -> None:
    wrong = system("Schakel", "faq/<script>alert(1)</script>")
    page = write(Report(**{**vars(report), "systems": [wrong]}), tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_the_summary_says_which_goals_are_not_met(report: Report) -> None:
    lines = summary(report).splitlines()
    goal = next(line for line in lines if line.startswith("off-topic not answered"))
    assert re.split(r"\s{2,}", goal)[1:] == ["95.0 %", "50.0 %", "NOT MET"]
    assert any(line.startswith("Not measured: nlp.js") for line in lines)


def test_predictions_must_be_as_many_as_messages() -> None:
    with pytest.raises(ValueError, match="1 predictions for 9 messages"):
        Work.of(SETS).pair([Prediction("greet", 1.0, (), 0.0)])


def test_the_same_run_gives_the_same_page(report: Report, tmp_path: Path) -> None:
    assert write(report, tmp_path / "a.html").read_bytes() == write(report, tmp_path / "b.html").read_bytes()


def test_tables_are_aligned() -> None:
    assert table(["", "n"], [["een", "1"], ["e", "100"]]) == "       n\n--------\nein".replace(
        "ein", "een    1\ne    100"
    )


def test_the_bench_gives_ratios() -> None:
    ours = Measured("a", 2.0, 4.0, 2.0, 4.0, 20.0, 20.0, 2_000_000, 1.0, 300.0)
    stock = Measured("b", 10.0, 20.0, 10.0, 20.0, 0.0, 0.0, 20_000_000, 5.0, 900.0)
    made = {row[0]: row[1:] for row in rows(ours, stock)}
    assert made["parse, median (ms)"] == ["3", "2.00", "10.00", "5.0 x"]
    assert made["training the whole bot (s)"] == ["25", "20.0", "-", "-"]
    assert made["model (MB)"] == ["5", "2.00", "20.00", "10.0 x"]
    assert len(rows(ours, None)[0]) == 3
