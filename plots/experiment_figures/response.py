"""Figure of response: a metric against a factor, with the interval of each mean."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from market import SAMPLED_DESIGNS, InputError
from plots import arm_names, factors, intervals, metrics, pages, palettes, rows, style
from plots.registry import NothingToDraw, experiment_figures

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from market import ExperimentResults

MOST = 2
"""Factors that can be seen in one figure."""


@experiment_figures.register("response")
def response(
    results: "ExperimentResults",
    ax: "Axes",
    metric: str | None = None,
    over: str | Sequence[str] | None = None,
    show: str = "mean",
) -> "Axes":
    """Draw the mean of a metric against a factor, a line for each level of a second one.

    `over` names the factor, or the factor and that of the lines; by default the first whose levels
    are numbers, and where all combinations were run the first other one. Factors that are not shown
    are as in the baseline. `show` is ``mean``, or ``difference`` to the baseline. Levels that are
    names give dots in rows.
    """
    shown, columns = metrics.metric_named(results, metric), metrics.columns_of(show)
    varied = chosen(results, over)
    levels, note = factors.others_as_in_baseline(results, [one.name for one in varied])
    table = metrics.by_arm(results, shown, show).loc[levels.index]
    scale, unit = shown.scale(table[columns].to_numpy().ravel())
    ends = intervals.ends(table, columns, scale)
    words = metrics.axis(shown, unit, show)
    if varied[0].is_numeric:
        pages.name_axes(ax, varied[0].words, words)
        height = _lines(ax, varied, levels, ends)
    else:
        pages.name_axes(ax, words)
        height = _rows(ax, varied, levels, ends)
        if len(varied) == 1:
            by_arm = ends["value"].loc[_arms_in_order(varied[0], levels)]
            rows.note_absent(ax, results, by_arm, "not defined")
    against = ": difference to the baseline" * (show == "difference")
    heading = f"{shown.words} by {' and '.join(one.words for one in varied)}{against}"
    lacking = metrics.lacking(ends["value"])
    runs = metrics.runs_of(results) + lacking
    pages.title(ax, heading, shown.meaning, note, runs, plot=height)
    return ax


def chosen(results: "ExperimentResults", over: str | Sequence[str] | None) -> list[factors.Factor]:
    """Return the factor of the axis, and that of the lines if there is one."""
    design = results.experiment["design"]
    if design in SAMPLED_DESIGNS:
        raise NothingToDraw("A sampled design has no levels; see scatter.")
    if over is not None:
        names = [over] if isinstance(over, str) else list(over)
        if len(set(names)) != len(names) or not 1 <= len(names) <= MOST:
            raise InputError(f"over={over!r}: name one or two factors")
        return [factors.factor_named(results, name) for name in names]
    known = factors.factors(results)
    first = next((one for one in known if one.is_numeric), known[0])
    others = [one for one in known if one.name != first.name]
    return [first, *others[:1]] if design == "full" else [first]


def groups(
    varied: list[factors.Factor], levels: "pd.DataFrame", ends: "pd.DataFrame"
) -> list[tuple[str, "pd.DataFrame"]]:
    """Return a name and the estimates of each line, in the order of the levels of the factor."""
    first = varied[0]
    if len(varied) == 1:
        return [("", _in_order(first, levels[first.name], ends))]
    second = varied[1]
    names = [f"{second.words} {arm_names.level_name(level)}" for level in second.levels]
    found = []
    for name, level in zip(arm_names.labels(names, 30, 1), second.levels, strict=True):
        rows = levels[levels[second.name] == level]
        found.append((name, _in_order(first, rows[first.name], ends.loc[rows.index])))
    return found


def _in_order(
    factor: factors.Factor, levels: "pd.Series[float]", ends: "pd.DataFrame"
) -> "pd.DataFrame":
    return ends.set_axis(list(levels)).reindex(list(factor.levels))


def _arms_in_order(factor: factors.Factor, levels: "pd.DataFrame") -> list[str]:
    order = {level: place for place, level in enumerate(factor.levels)}
    return sorted(levels.index, key=lambda arm: order[levels[factor.name][arm]])


def _lines(
    ax: "Axes", varied: list[factors.Factor], levels: "pd.DataFrame", ends: "pd.DataFrame"
) -> float:
    """Draw a line for each group, and return the inches that the plot needs.

    One line has a band; several stand side by side, so that equal ones can both be seen.
    """
    lines = groups(varied, levels, ends)
    for order, ((name, shown), look) in enumerate(
        zip(lines, palettes.series(len(lines)), strict=True)
    ):
        places, seen = list(shown.index), intervals.Look(look[0], name, look[1])
        if len(lines) == 1:
            intervals.banded(ax, places, shown, seen)
        else:
            intervals.upright(ax, places, shown, seen, order - (len(lines) - 1) / 2)
            ax.margins(x=0.05 + intervals.share_aside(ax, len(lines)))
    factors.number_axis(ax, varied[0])
    if len(lines) > 1:
        style.legend(ax)
    return pages.PLOT


def _rows(
    ax: "Axes", varied: list[factors.Factor], levels: "pd.DataFrame", ends: "pd.DataFrame"
) -> float:
    """Draw a row for each level, in it a dot for each group, and return the inches needed."""
    lines = groups(varied, levels, ends)
    names = [arm_names.level_name(level) for level in varied[0].levels]
    noun = "arm" if levels.shape[1] == 1 else "level"
    texts = arm_names.labels(names, rows.letters_of(ax), rows.lines_of(len(names)), noun)
    height = rows.label(ax, texts, len(lines))
    step = 0.7 / len(lines)
    for order, ((name, shown), look) in enumerate(
        zip(lines, palettes.series(len(lines)), strict=True)
    ):
        shift = (order - (len(lines) - 1) / 2) * step
        places = [place + shift for place in range(len(shown))]
        intervals.across(ax, places, shown, intervals.Look(look[0], name, look[1]))
    if len(lines) > 1:
        style.legend(ax)
    return height
