"""Rows with labels: what stands beside them, and how much room they need."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from plots import metrics, pages, style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from market import ExperimentResults

SHARE = 0.36
"""Of the width of a figure, for the labels of its rows."""

LINE = 0.15
"""Inches that a line of a label needs."""

MANY = 24
"""Rows from which on labels have one line and no space between them."""

LETTER = 0.058
"""Inches that a letter beside a point takes."""


def lines_of(count: int) -> int:
    """Return how many lines the labels of so many rows may have."""
    return 1 if count > MANY else 2


def letters_of(ax: "Axes") -> int:
    """Return how many letters a line of a label may have."""
    return int(style.letters(ax) * SHARE)


def label(ax: "Axes", texts: Sequence[str], per_row: int = 1) -> float:
    """Write labels beside the rows, the first on top, and return the inches that rows need.

    `per_row` is how many things stand in a row below each other.
    """
    ax.set_yticks(range(len(texts)), texts)
    ax.set_ylim(len(texts) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    space = 1.0 if len(texts) > MANY else 1.4
    return LINE * sum(max(space, 1.2 + text.count("\n"), 0.9 * per_row) for text in texts)


def note_absent(
    ax: "Axes", results: "ExperimentResults", values: "pd.Series[float]", reason: str
) -> None:
    """Write into rows without a value why they have none."""
    runs = results.table
    finished = set(runs.loc[runs["status"] == "finished", "arm"])
    where: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "va": "center", "ha": "right"}
    for place, (arm, value) in enumerate(values.items()):
        if math.isnan(value):
            text = reason if arm in finished else "no run finished"
            ax.text(0.99, place, text, color=style.GREY, fontsize="small", **where)


def note_numbers(ax: "Axes", shown: "pd.DataFrame") -> None:
    """Write the numbers of each row at its right, where the figure is wide enough."""
    if style.letters(ax) < pages.WIDE or not pages.is_ours(ax):
        return
    if shown["low"].notna().any():
        cells = [metrics.written(numbers, 2) for numbers in shown.to_numpy()]
    else:
        cells = [[value, *["nan"] * 2] for value in metrics.written(shown["value"])]
    right = ax.twinx()
    right.set_ylim(ax.get_ylim())
    right.set_yticks(range(len(cells)), [_cell(*cell) for cell in cells])
    right.tick_params(axis="y", length=0)


def _cell(value: str, low: str, high: str) -> str:
    if value == "nan":
        return ""
    return value if low == "nan" else f"{value}  [{low}, {high}]"


def beside(ax: "Axes", point: tuple[float, float], text: str, side: int) -> None:
    """Write beside a point, at its right (`side` 1) or left (-1)."""
    ax.annotate(
        text,
        point,
        xytext=(4 * side, 0),
        textcoords="offset points",
        ha="left" if side > 0 else "right",
        va="center",
        fontsize="small",
    )


def make_room(ax: "Axes", left: int, right: int) -> None:
    """Widen the horizontal axis for so many letters beside the outermost points."""
    each = LETTER / (style.PLOT * style.letters(ax) / style.LETTERS)
    low, high = ax.dataLim.intervalx
    low, high = min(low, 0.0), max(high, 0.0)
    width = (high - low or 1.0) / max(0.3, 1 - each * (left + right + 4))
    ax.set_xlim(low - width * each * (left + 2), high + width * each * (right + 2))
