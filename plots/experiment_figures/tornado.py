"""Figure of sensitivity: which factor moves a metric most."""

import math
from typing import TYPE_CHECKING

from market import SAMPLED_DESIGNS
from plots import arm_names, factors, intervals, metrics, pages, rows, sensitivity, style
from plots.registry import NothingToDraw, experiment_figures

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from market import ExperimentResults

COLOURS = (style.SKY, style.BLUE)
"""Of the indices of a method, in the order of their names."""


@experiment_figures.register("tornado")
def tornado(results: "ExperimentResults", ax: "Axes", metric: str | None = None) -> "Axes":
    """Draw how much each factor moves a metric, the strongest on top.

    One at a time: differences to the baseline. All combinations: main effects, the mean of a
    level's arms less the mean of all arms. Samples: indices of sensitivity.
    """
    shown = metrics.metric_named(results, metric)
    if results.experiment["design"] in SAMPLED_DESIGNS:
        return _indices(results, ax, shown)
    table = effects(results, shown)
    if not table["value"].notna().any():
        raise NothingToDraw(f"{shown.words}: no effect could be computed, for lack of values.")
    scale, unit = shown.scale(table[["value", "low", "high"]].to_numpy().ravel())
    table = _strongest_first(table.assign(**(table[["value", "low", "high"]] * scale)))
    height = _bars(ax, table)
    one = results.experiment["design"] == "one-at-a-time"
    against = "Difference to the baseline" if one else "Mean of the level less mean of all arms"
    pages.name_axes(ax, metrics.quantity(against, metrics.of_points(unit)))
    pages.title(ax, _heading(shown), shown.meaning, metrics.runs_of(results), plot=height)
    return ax


def effects(results: "ExperimentResults", metric: metrics.Metric) -> "pd.DataFrame":
    """Return factor, level, value, low and high: what each level of each factor changes."""
    design, known = results.experiment["design"], factors.factors(results)
    if len(known) < 2 or design == "list":
        raise NothingToDraw("A tornado compares factors, and needs two; see response.")
    if design == "one-at-a-time":
        return _one_at_a_time(results, metric, known)
    table = results.effects
    names = [factor.name for factor in known]
    found = table[(table["metric"] == metric.name) & table["term"].isin(names)]
    found = found.rename(columns={"term": "factor", "effect": "value"})
    # The table writes levels as they are in names of arms, 500.0 rather than 500.
    said = {
        arm_names.said(level): arm_names.level_name(level) for one in known for level in one.levels
    }
    return found.assign(level=found["level"].map(said))[["factor", "level", "value", "low", "high"]]


def _one_at_a_time(
    results: "ExperimentResults", metric: metrics.Metric, known: list[factors.Factor]
) -> "pd.DataFrame":
    import pandas as pd

    summary, parts = metrics.by_arm(results, metric), []
    for factor in known:
        levels, _ = factors.others_as_in_baseline(results, [factor.name])
        arms = levels.index.drop(str(results.baseline))
        found = intervals.ends(summary.loc[arms], ("difference", "diff_low", "diff_high"))
        texts = [arm_names.level_name(level) for level in levels.loc[arms, factor.name]]
        parts.append(found.assign(factor=factor.name, level=texts))
    return pd.concat(parts, ignore_index=True)


def _strongest_first(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return rows by the span of their factor, widest first; zero belongs to the span."""
    groups = table.groupby("factor", sort=False)["value"]
    span = groups.max().clip(lower=0) - groups.min().clip(upper=0)
    order = span.sort_values(ascending=False, kind="stable").index
    return table.set_index("factor").loc[order].reset_index()


def _bars(ax: "Axes", table: "pd.DataFrame") -> float:
    """Draw a bar from the lowest to the highest level of each factor; return the inches needed."""
    names = list(dict.fromkeys(table["factor"]))
    height = rows.label(ax, _words(ax, names), 2)
    ax.axvline(0, color=style.BLACK, lw=0.6)
    levels = [table[table["factor"] == name].dropna(subset="value") for name in names]
    for place, found in enumerate(levels):
        low, high = min(0.0, found["value"].min()), max(0.0, found["value"].max())
        ax.barh(place, high - low, 0.5, low, color=style.SKY)
        ax.hlines([place] * len(found), found["low"], found["high"], color=style.BLACK, lw=0.8)
        ax.plot(found["value"], [place] * len(found), ls="", marker="|", ms=9, color=style.BLUE)
    _name_ends(ax, levels)
    return height


def _words(ax: "Axes", names: list[str]) -> list[str]:
    words = [name.replace("_", " ") for name in names]
    return arm_names.labels(words, rows.letters_of(ax), 2, "factor")


def _name_ends(ax: "Axes", levels: list["pd.DataFrame"]) -> None:
    """Write beside each bar which levels its two ends are, and make room for that."""
    letters: dict[int, int] = {-1: 1, 1: 1}
    for place, found in enumerate(levels):
        for side, end in ((-1, "low"), (1, "high")):
            outer = found[found["value"] * side > 0]
            if outer.empty:
                continue
            last = outer.iloc[int((outer["value"] * side).to_numpy().argmax())]
            x = last["value"] if math.isnan(last[end]) else last[end]
            text = arm_names.cut(style.printable(last["level"], "level"), style.letters(ax) // 4)
            rows.beside(ax, (x, place), text, side)
            letters[side] = max(letters[side], len(text))
    rows.make_room(ax, letters[-1], letters[1])


def _indices(results: "ExperimentResults", ax: "Axes", metric: metrics.Metric) -> "Axes":
    """Draw indices of sensitivity with their intervals."""
    found = sensitivity.indices(results, metric)
    scale, unit = metric.scale(found.table["value"]) if found.method == "morris" else (1.0, "")
    order = list(found.of(found.names[0]).index)
    inches = rows.label(ax, _words(ax, order), 1 + len(found.names))
    change = metrics.quantity("Change over the whole range", metrics.of_points(unit))
    pages.name_axes(ax, sensitivity.AXES.get(found.method, change))
    ax.axvline(0, color=style.BLACK, lw=0.6)
    height = 0.7 / len(found.names)
    for rank, (index, colour) in enumerate(zip(found.names, COLOURS, strict=False)):
        ends = intervals.ends(found.of(index), ("value", "low", "high"), scale)
        places = [
            place + (rank - (len(found.names) - 1) / 2) * height for place in range(len(order))
        ]
        ax.barh(places, ends["value"], height, color=colour, label=sensitivity.NAMES[index])
        ax.hlines(places, ends["low"], ends["high"], color=style.BLACK, lw=0.8)
    if len(found.names) > 1:
        style.legend(ax)
    runs = metrics.runs_of(results, intervals=False)
    if found.table["low"].notna().any():
        runs += "; 95 % intervals over samples"
    pages.title(ax, _heading(metric), metric.meaning, found.note, runs, plot=inches)
    return ax


def _heading(metric: metrics.Metric) -> str:
    return f"What moves {metric.words[:1].lower()}{metric.words[1:]}"
