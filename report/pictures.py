"""The page's pictures as inline SVG, drawn with matplotlib."""

from __future__ import annotations

from typing import Any, Mapping, Sequence, Tuple

import numpy as np

from evaluation.pictures import as_svg, new_figure

GREEN, GREY = "#1f6f4a", "#8a9a93"


def bars(items: Sequence[Tuple[str, int]]) -> str:
    """Horizontal bars, the first on top, each with its number."""
    figure, axes = new_figure(7.5, 0.32 * max(len(items), 1) + 0.6)
    plot: Any = axes
    names = [name for name, _ in items][::-1]
    counts = [count for _, count in items][::-1]
    plot.barh(names, counts, color=GREEN)
    for row, number in enumerate(counts):
        plot.text(number, row, f" {number}", va="center", fontsize=8)
    plot.spines[["top", "right", "bottom"]].set_visible(False)
    plot.set_xticks([])
    plot.tick_params(axis="y", labelsize=8, length=0)
    plot.margins(x=0.12)
    return as_svg(figure)


def week(hours: Mapping[Tuple[int, int], int], days: Sequence[str]) -> str:
    """Messages by hour (columns) and day of the week (rows), darker where there were more."""
    grid = np.zeros((7, 24), dtype=int)
    for (day, hour), count in hours.items():
        grid[day, hour] = count
    figure, axes = new_figure(8.5, 2.6)
    plot: Any = axes
    plot.imshow(grid, aspect="auto", cmap="Greens", interpolation="nearest")
    for day, hour in zip(*np.nonzero(grid)):
        dark = grid[day, hour] > 0.6 * grid.max()
        plot.text(hour, day, str(grid[day, hour]), ha="center", va="center", fontsize=6, color="w" if dark else "k")
    plot.set_xticks(range(24), [str(hour) for hour in range(24)], fontsize=7)
    plot.set_yticks(range(7), days, fontsize=8)
    return as_svg(figure)


def line(values: Sequence[Tuple[str, int]]) -> str:
    """Messages a day."""
    figure, axes = new_figure(8.5, 2.4)
    plot: Any = axes
    plot.plot([name for name, _ in values], [count for _, count in values], color=GREEN, marker="o", markersize=3)
    step = max(1, len(values) // 12)
    plot.set_xticks(range(0, len(values), step), [name for name, _ in values][::step], fontsize=7)
    plot.set_ylim(bottom=0)
    plot.grid(alpha=0.3)
    plot.spines[["top", "right"]].set_visible(False)
    return as_svg(figure)
