"""Figure of two factors: a heat map of a metric with its numbers in the cells."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from market import SAMPLED_DESIGNS, InputError
from plots import arm_names, factors, metrics, pages, palettes, style
from plots.registry import NothingToDraw, experiment_figures

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh

    from market import ExperimentResults

GRID = 0.17
"""Inches that a row needs."""

DIGIT = 0.065
"""Inches that a digit takes at the size of the numbers in the cells."""


@experiment_figures.register("grid")
def grid(
    results: "ExperimentResults",
    ax: "Axes",
    metric: str | None = None,
    over: Sequence[str] | None = None,
    show: str = "mean",
) -> "Axes":
    """Draw a metric over two factors as a heat map, with the numbers in the cells.

    `over` names the factor across and the one down, by default the first two; other factors are
    as in the baseline. `show` is ``mean``, or ``difference`` to the baseline.
    """
    shown, column = metrics.metric_named(results, metric), metrics.columns_of(show)[0]
    pair = chosen(results, over)
    levels, note = factors.others_as_in_baseline(results, [one.name for one in pair])
    table = metrics.by_arm(results, shown, show).loc[levels.index, column]
    scale, unit = shown.scale(table)
    mesh = _fill(ax, cells(table * scale, levels, pair), show)
    _label(ax, pair)
    style.colour_bar(ax, mesh, metrics.axis(shown, unit, show))
    heading = f"{shown.words} by {pair[0].words} and {pair[1].words}"
    against = ": difference to the baseline" * (show == "difference")
    runs = metrics.runs_of(results) + metrics.lacking(table)
    height = GRID * len(pair[1].levels)
    pages.title(ax, heading + against, shown.meaning, note, runs, plot=height)
    return ax


def chosen(
    results: "ExperimentResults", over: Sequence[str] | None
) -> tuple[factors.Factor, factors.Factor]:
    """Return the factor across and the factor down."""
    known = factors.factors(results)
    if results.experiment["design"] in (*SAMPLED_DESIGNS, "one-at-a-time") or len(known) < 2:
        raise NothingToDraw("A grid needs two factors with all combinations of their levels.")
    if over is None:
        return known[0], known[1]
    if isinstance(over, str) or len(set(over)) != 2:
        raise InputError(f"over={over!r}: name two factors")
    return factors.factor_named(results, over[0]), factors.factor_named(results, over[1])


def cells(
    values: "pd.Series[float]",
    levels: "pd.DataFrame",
    pair: tuple[factors.Factor, factors.Factor],
) -> "pd.DataFrame":
    """Return values with a level of the second factor a row, and of the first one a column."""
    across, down = pair
    table = values.set_axis([levels[down.name], levels[across.name]]).unstack()
    return table.reindex(index=list(down.levels), columns=list(across.levels))


def _fill(ax: "Axes", shown: "pd.DataFrame", show: str) -> "QuadMesh":
    numbers = shown.to_numpy()
    look: dict[str, Any] = {"cmap": "cividis"}
    if show == "difference":
        largest = float(shown.abs().max().max()) or 1.0
        look = {"cmap": palettes.diverging(), "vmin": -largest, "vmax": largest}
    ax.set_facecolor(style.PALE)  # a cell without a value
    mesh = ax.pcolormesh(numbers, edgecolors="white", lw=0.6, **look)
    ax.invert_yaxis()
    _write(ax, shown, mesh)
    return mesh


def _write(ax: "Axes", shown: "pd.DataFrame", mesh: "QuadMesh") -> None:
    """Write the numbers into the cells if they have room."""
    texts = metrics.written(shown.to_numpy().ravel())
    width = style.PLOT * style.letters(ax) / style.LETTERS / shown.shape[1]
    if width < DIGIT * max(len(text) for text in texts):
        return
    colours = mesh.to_rgba(shown.to_numpy()).reshape(-1, 4)
    for place, (text, colour) in enumerate(zip(texts, colours, strict=True)):
        row, column = divmod(place, shown.shape[1])
        ink = "black" if palettes.brightness(list(colour)) > 0.5 or text == "nan" else "white"
        where: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 7}
        ax.text(column + 0.5, row + 0.5, text.replace("nan", "-"), color=ink, **where)


def _label(ax: "Axes", pair: tuple[factors.Factor, factors.Factor]) -> None:
    across, down = ([arm_names.level_name(level) for level in one.levels] for one in pair)
    letters = style.letters(ax)
    wide = max(4, int(letters * 0.55 / len(across)))
    every = -(-len(across) * 4 // int(letters * 0.55))
    places = range(0, len(across), every)
    texts = arm_names.labels(across, wide * every, 3)
    ax.set_xticks([place + 0.5 for place in places], [texts[place] for place in places])
    texts = arm_names.labels(down, letters // 4, 2 if len(down) <= 12 else 1)
    ax.set_yticks([place + 0.5 for place in range(len(down))], texts)
    ax.tick_params(length=0)
    pages.name_axes(ax, pair[0].words, pair[1].words)
