"""The page's pictures as inline SVG, drawn with matplotlib."""

from __future__ import annotations

import io
import re
from typing import Callable, List, Sequence, Tuple

import numpy as np

from content.catalogue import FAQ_INTENT, onderwerp_and_aspect

Curve = Tuple[str, Sequence[Tuple[float, float, float]]]
OFF_TOPIC = "off-topic"
_REFUSALS = frozenset({"out_of_scope", "nlu_fallback"})
_GOOD, _BAD = (0.2, 0.6, 0.35), (0.85, 0.3, 0.2)


def as_svg(figure: object) -> str:
    """A figure as an <svg> element without the XML prologue, and without the date."""
    import matplotlib

    matplotlib.rcParams["svg.hashsalt"] = "schakel"
    text = io.StringIO()
    figure.savefig(text, format="svg", bbox_inches="tight", metadata={"Date": None})  # type: ignore[attr-defined]
    return re.sub(r"^.*?(?=<svg)", "", text.getvalue(), flags=re.DOTALL)


def new_figure(width: float, height: float) -> Tuple[object, object]:
    """A figure of this size in inches and its axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    return figure, figure.add_subplot()


def group_of(label: str) -> str:
    """What a label belongs to in the picture: its onderwerp, its intent, or off-topic."""
    if label.startswith(FAQ_INTENT):
        return onderwerp_and_aspect(label[len(FAQ_INTENT) :])[0]
    return label or OFF_TOPIC


def _rightly_refused(row: str, column: str) -> bool:
    return row == OFF_TOPIC and column in _REFUSALS


def confusion_picture(labels: Sequence[Tuple[str, str]]) -> str:
    """Messages by what they are (rows) and what they were taken for (columns), by onderwerp and intent.

    Right answers are green; among the FAQ a wrong id of the right onderwerp counts in the same cell, so the cell says
    'right/all'.
    """
    rows = sorted({group_of(expected) for expected, _ in labels}, key=_order(labels))
    extra = {group_of(predicted) for _, predicted in labels} - set(rows)
    columns = [*rows, *sorted(extra)]
    counts = np.zeros((len(rows), len(columns)), dtype=int)
    exact = np.zeros(len(rows), dtype=int)
    for expected, predicted in labels:
        row = rows.index(group_of(expected))
        counts[row, columns.index(group_of(predicted))] += 1
        exact[row] += expected == predicted
    figure, axes = new_figure(0.42 * len(columns) + 2, 0.34 * len(rows) + 2)
    shares = counts / counts.sum(axis=1, keepdims=True)
    colours = np.ones((*counts.shape, 3))
    for i in range(len(rows)):
        for j in range(len(columns)):
            strength = float(shares[i, j]) ** 0.5
            tint = np.array(_GOOD if rows[i] == columns[j] or _rightly_refused(rows[i], columns[j]) else _BAD)
            colours[i, j] = 1 - strength * (1 - tint) if counts[i, j] else 1
    axes.imshow(colours, aspect="auto", interpolation="nearest")  # type: ignore[attr-defined]
    for i, j in zip(*np.nonzero(counts)):
        whole = rows[i] == columns[j] and rows[i] != OFF_TOPIC and exact[i] != counts[i, j]
        text = f"{exact[i]}/{counts[i, j]}" if whole else str(counts[i, j])
        axes.text(j, i, text, ha="center", va="center", fontsize=6)  # type: ignore[attr-defined]
    axes.set_xticks(range(len(columns)), columns, rotation=90, fontsize=7)  # type: ignore[attr-defined]
    axes.set_yticks(range(len(rows)), rows, fontsize=7)  # type: ignore[attr-defined]
    axes.set_xlabel("taken for")  # type: ignore[attr-defined]
    axes.set_ylabel("is")  # type: ignore[attr-defined]
    return as_svg(figure)


def _order(labels: Sequence[Tuple[str, str]]) -> Callable[[str], Tuple[bool, bool, str]]:
    """Sort key: onderwerpen of the FAQ first, then intents, off-topic last."""
    of_faq = {group_of(expected) for expected, _ in labels if expected.startswith(FAQ_INTENT)}
    return lambda group: (group == OFF_TOPIC, group not in of_faq, group)


def off_topic_picture(curves: Sequence[Curve], points: Sequence[Tuple[str, float, float]]) -> str:
    """Right answers against off-topic answers as the threshold moves, a line per system.

    Args:
        curves: (name, points of `metrics.off_topic_curve`).
        points: (name, share of off-topic answered, share of FAQ right) at each system's own threshold.
    """
    figure, axes = new_figure(7.5, 4.5)
    colours: List[str] = ["#1f6f4a", "#b5452c", "#3b5b92", "#8a6d1f", "#6b3f87"]
    for (name, curve), colour in zip(curves, colours):
        wrong, right = [x for _, x, _ in curve], [y for _, _, y in curve]
        axes.plot(wrong, right, label=name, color=colour)  # type: ignore[attr-defined]
        own = next((p for p in points if p[0] == name), None)
        if own:
            axes.plot([own[1]], [own[2]], "o", color=colour)  # type: ignore[attr-defined]
    axes.set_xlim(-0.02, 1.02)  # type: ignore[attr-defined]
    axes.set_ylim(0, 1.02)  # type: ignore[attr-defined]
    axes.set_xlabel("share of off-topic messages answered from the catalogue")  # type: ignore[attr-defined]
    axes.set_ylabel("share of FAQ messages answered rightly")  # type: ignore[attr-defined]
    axes.grid(alpha=0.3)  # type: ignore[attr-defined]
    axes.legend(fontsize=8, loc="lower right")  # type: ignore[attr-defined]
    return as_svg(figure)
