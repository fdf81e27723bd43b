"""The page results/understanding.html and the summary in the terminal."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from evaluation import dialogues as talk
from evaluation.datasets import Sample
from evaluation.dialogues import Outcome
from evaluation.figures import Figures
from evaluation.metrics import Share
from evaluation.pictures import confusion_picture, off_topic_picture

PAGE = Path("results/understanding.html")
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Goal:
    """A figure that was asked for and what is reached, both between 0 and 1."""

    name: str
    wanted: float
    value: float

    @property
    def met(self) -> bool:
        """Whether it is reached."""
        return self.value >= self.wanted


@dataclass(frozen=True)
class Report:
    """What one run measured.

    Attributes:
        systems: ours first, then the peers.
        outcomes: the dialogues, held with ours.
        examples: how many examples the systems learnt.
        labels: of how many labels.
        dutch: name of the Dutch language pipeline.
        made: date, time and machine, for the head of the page.
        skipped: peers that were not measured, each with the reason.
        fresh: shares of right ones among the messages that do not also stand among the examples, by kind of set.
        safety: see `ours.safety`.
        safety_wrong: the messages of safety and look-alikes that went wrong, with what they were taken for.
    """

    systems: List[Figures]
    outcomes: List[Outcome]
    examples: int
    labels: int
    dutch: str
    made: str
    skipped: List[str] = field(default_factory=list)
    fresh: Mapping[str, Share] = field(default_factory=dict)
    safety: Mapping[str, Share] = field(default_factory=dict)
    safety_wrong: List[Tuple[Sample, str]] = field(default_factory=list)

    @property
    def ours(self) -> Figures:
        """Our own figures."""
        return self.systems[0]

    def goals(self) -> List[Goal]:
        """The goals of the product and what is reached."""
        ours = self.ours
        return [
            Goal("the right answer first", 0.95, ours.accuracy.value),
            Goal("the right answer among the first three", 0.99, ours.top3.value),
            Goal("misspelt (one slip): at most 2 points lower", ours.accuracy.value - 0.02, ours.typo1.value),
            Goal("misspelt (two slips): at most 2 points lower", ours.accuracy.value - 0.02, ours.typo2.value),
            Goal("off-topic not answered from the catalogue", 0.95, ours.not_answered.value),
            Goal("other intents", 0.95, ours.intents.value),
            Goal("dialogues resolved", 0.95, talk.resolved(self.outcomes).value),
        ]


def percent(value: float) -> str:
    """0.953 as '95.3 %'."""
    return f"{value * 100:.1f} %"


def write(report: Report, page: Path = PAGE) -> Path:
    """Writes the page, self-contained, and gives its path."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    ours = report.ours
    points = [(f.result.name, 1 - f.not_answered.value, f.accuracy.value) for f in report.systems]
    per_label: Dict[str, Share] = dict(
        sorted({**ours.per_id, **ours.per_intent}.items(), key=lambda item: (item[1].value, item[0]))
    )
    values: Dict[str, Any] = {
        "pct": percent,
        "ours": ours,
        "systems": report.systems,
        "goals": report.goals(),
        "per_label": per_label,
        "curve_svg": off_topic_picture([(f.result.name, f.curve) for f in report.systems], points),
        "confusion_svg": confusion_picture(ours.labels),
        "dialogues": talk.resolved(report.outcomes),
        "follow_ups": talk.resolved_steps(report.outcomes),
        "dialogues_per_kind": talk.resolved_per_kind(report.outcomes),
        "dialogue_failures": talk.failures(report.outcomes),
        **{name: getattr(report, name) for name in ("examples", "labels", "dutch", "made", "skipped", "fresh")},
        "safety": report.safety,
        "safety_wrong": report.safety_wrong,
    }
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(environment.get_template("page.html.j2").render(values), encoding="utf-8")
    return page


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in plain text, the first column to the left and the others to the right."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = [
        "  ".join(cell.ljust(widths[i]) if i == 0 else cell.rjust(widths[i]) for i, cell in enumerate(row)).rstrip()
        for row in (head, *rows)
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def summary(report: Report) -> str:
    """The most important figures as text."""
    head = ["", "first", "of 3", "F1", "weakest 10", "1 slip", "2 slips", "intents", "off-topic", "AUROC", "ms"]
    rows = [
        [
            f.result.name,
            *(percent(share.value) for share in (f.accuracy, f.top3)),
            f"{f.macro_f1:.3f}",
            percent(f.weakest),
            *(percent(share.value) for share in (f.typo1, f.typo2, f.intents, f.not_answered)),
            f"{f.auroc:.3f}",
            f"{f.median_milliseconds:.1f}",
        ]
        for f in report.systems
    ]
    goals = [
        [goal.name, percent(goal.wanted), percent(goal.value), "" if goal.met else "NOT MET"] for goal in report.goals()
    ]
    kinds = ", ".join(
        f"{kind} {share.hits}/{share.total}" for kind, share in talk.resolved_per_kind(report.outcomes).items()
    )
    parts = [table(head, rows), *report.skipped, "", table(["Goals", "wanted", "reached", ""], goals)]
    parts += ["", f"Dialogues resolved: {talk.resolved(report.outcomes)} ({kinds})"]
    parts += [f"Follow-ups resolved: {talk.resolved_steps(report.outcomes)}"]
    if report.safety:
        safety = ", ".join(f"{label or 'look-alikes'} {s.hits}/{s.total}" for label, s in report.safety.items())
        parts += [f"Safety: {safety}"]
    fresh = ", ".join(f"{what} {percent(s.value)} ({s.hits}/{s.total})" for what, s in report.fresh.items())
    parts += [f"Without the messages that coincide with an example: {fresh}"]
    return "\n".join(parts)
