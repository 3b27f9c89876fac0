"""Figure of a trade-off: two metrics against each other, and the arms that no other one beats."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from market import SAMPLED_DESIGNS, InputError
from plots import arm_names, intervals, metrics, pages, palettes, style
from plots.registry import NothingToDraw, experiment_figures

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from market import ExperimentResults

LOWER = {
    *("curtailment", "curtailed", "unserved", "late", "cost", "price", "penalty", "anarchy"),
    *("gap", "exploitability", "residual", "hhi", "lerner", "gini", "pivotal"),
}
HIGHER = {
    *("welfare", "efficiency", "surplus", "benefit", "served", "recovered", "finished"),
    *("profit", "revenue", "income"),
}
"""Words in a metric's name by which lower or higher values are taken to be better.

A price is seen as its payer sees it. Where both kinds occur, lower is better: a welfare gap.
"""

NAMED = 10
"""Arms that are told apart by colour and sign."""

NO_FRONT = "no Pareto front: it is not known which values are better"
FILLED = "filled: on the Pareto front"
LINES = "lines: 95 % intervals of differences"

SUFFIX = " (baseline)"

Signs = tuple[int, int]


@experiment_figures.register("tradeoff")
def tradeoff(
    results: "ExperimentResults",
    ax: "Axes",
    pair: Sequence[str] | None = None,
    better: Sequence[str] | None = None,
) -> "Axes":
    """Draw two metrics against each other, and the Pareto front where it is known what is better.

    `pair` names the metrics, by default the first two. `better` is ``lower`` or ``higher`` for
    each; by default lower for curtailment, costs, prices, gaps and concentration, higher for
    welfare, efficiency, energy served and income. Points are means; lines are the intervals of
    their differences to the baseline, which what a seed does to all arms does not widen.
    """
    both = chosen(results, pair)
    signs = directions(both, better)
    table = arm_means(results, both)
    for metric, axis in zip(both, "xy", strict=True):
        columns = [f"{axis}_{end}" for end in ("value", "low", "high")]
        scale, unit = metric.scale(table[columns].to_numpy().ravel())
        table[columns] *= scale
        pages.name_axes(ax, **{axis: metrics.quantity(metric.words, unit) + _said(signs, axis)})
    on_front = front(table, signs)
    if len(table[on_front].drop_duplicates(["x_value", "y_value"])) > 1:
        _line(ax, table[on_front], signs)
    _draw(ax, results, table, on_front)
    style.legend(ax)
    pages.title(
        ax,
        f"{both[0].words} against {both[1].words[:1].lower()}{both[1].words[1:]}",
        NO_FRONT if signs is None else FILLED * (len(table) <= NAMED),
        LINES * bool(table["x_low"].notna().any()),
        metrics.runs_of(results, intervals=False)
        + metrics.lacking(table["x_value"] + table["y_value"]),
    )
    return ax


def chosen(
    results: "ExperimentResults", asked: Sequence[str] | None
) -> tuple[metrics.Metric, metrics.Metric]:
    """Return the two metrics: those asked for, else the first ones that are left."""
    given = [asked] if isinstance(asked, str) else list(asked or ())
    names = [*given, *(name for name in results.metrics if name not in given)]
    if len(names) < 2:
        raise NothingToDraw("A trade-off needs two metrics, and this experiment has one.")
    if len(given) > 2 or len(set(names[:2])) < 2:
        raise InputError(f"pair={asked!r}: name two metrics")
    return metrics.metric_named(results, names[0]), metrics.metric_named(results, names[1])


def directions(
    pair: tuple[metrics.Metric, metrics.Metric], better: Sequence[str] | None = None
) -> Signs | None:
    """Return 1 where higher values are better and -1 where lower ones are; None if unknown.

    >>> directions((metrics.Metric("curtailed_mwh", "MWh"), metrics.Metric("welfare_amount", "")))
    (-1, 1)
    """
    known = {"lower": -1, "higher": 1}
    if better is None:
        signs = [_usual(metric.name) for metric in pair]
        return (signs[0], signs[1]) if all(signs) else None
    if isinstance(better, str) or len(better) != 2 or not set(better) <= set(known):
        raise InputError(f"better={better!r}: use 'lower' or 'higher' for each of the two metrics")
    return known[better[0]], known[better[1]]


def _usual(name: str) -> int:
    words = set(name.partition("@")[0].split("_"))
    return -1 if words & LOWER else int(bool(words & HIGHER))


def _said(signs: Signs | None, axis: str) -> str:
    if signs is None:
        return ""
    return "\n(higher is better)" if signs["xy".index(axis)] > 0 else "\n(lower is better)"


def arm_means(
    results: "ExperimentResults", pair: tuple[metrics.Metric, metrics.Metric]
) -> "pd.DataFrame":
    """Return the mean of both metrics, with the interval of its difference: an arm a row."""
    import pandas as pd

    parts = [_paired(metrics.by_arm(results, metric)) for metric in pair]
    table = pd.concat([parts[0].add_prefix("x_"), parts[1].add_prefix("y_")], axis=1)
    if not (table["x_value"] + table["y_value"]).notna().any():
        raise NothingToDraw(f"No arm has both {pair[0].words} and {pair[1].words}.")
    return table


def _paired(rows: "pd.DataFrame") -> "pd.DataFrame":
    """Return means, with the interval of the difference to the baseline moved to the mean."""
    away = rows["mean"] - rows["difference"]
    ends = rows.assign(low=away + rows["diff_low"], high=away + rows["diff_high"])
    return intervals.ends(ends, ("mean", "low", "high"))


def front(table: "pd.DataFrame", signs: Signs | None) -> "pd.Series[bool]":
    """Return which arms no other arm beats: none is as good in both and better in one."""
    import pandas as pd

    if signs is None:
        return pd.Series(data=False, index=table.index)
    good = table[["x_value", "y_value"]].to_numpy() * np.array(signs)
    beaten = [((good >= one).all(axis=1) & (good > one).any(axis=1)).any() for one in good]
    return pd.Series(~np.array(beaten) & ~np.isnan(good).any(axis=1), index=table.index)


def _line(ax: "Axes", best: "pd.DataFrame", signs: Signs | None) -> None:
    """Draw what can be had at least: steps from arm to arm, as rules in between are not known."""
    steps = "steps-post" if signs and signs[0] < 0 else "steps-pre"
    best = best.sort_values("x_value")
    look: dict[str, Any] = {"color": style.GREY, "ls": "--", "drawstyle": steps}
    ax.plot(best["x_value"], best["y_value"], label="Pareto front", **look)


def _draw(
    ax: "Axes", results: "ExperimentResults", table: "pd.DataFrame", on_front: "pd.Series[bool]"
) -> None:
    """Draw the front, and arms: few of them each with its sign, of many the front and baseline."""
    best = table[on_front].sort_values("x_value")
    there = table[(table["x_value"] + table["y_value"]).notna()]
    named = list(there.index)
    if len(there) > NAMED:
        named = [arm for arm in best.index if len(best) <= NAMED]
        if results.baseline in there.index and results.baseline not in named:
            named.append(str(results.baseline))
        rest = there.drop(index=named)
        look: dict[str, Any] = {"color": style.GREY, "marker": ".", "ls": "", "ms": 4}
        sampled = results.experiment["design"] in SAMPLED_DESIGNS
        ax.plot(
            rest["x_value"], rest["y_value"], label="samples" if sampled else "other arms", **look
        )
    _named(ax, results, there.loc[named], on_front)


def _named(
    ax: "Axes", results: "ExperimentResults", table: "pd.DataFrame", on_front: "pd.Series[bool]"
) -> None:
    """Draw arms with their intervals, filled where they are on the front."""
    letters = style.letters(ax) - 10
    texts = arm_names.arm_labels(results, letters)
    series = palettes.series(len(table))
    solid = on_front if on_front.any() else ~on_front
    for (arm, row), (colour, marker) in zip(table.iterrows(), series, strict=True):
        line: dict[str, Any] = {"color": colour, "lw": 0.8, "alpha": 0.7}
        ax.plot([row["x_low"], row["x_high"]], [row["y_value"]] * 2, **line)
        ax.plot([row["x_value"]] * 2, [row["y_low"], row["y_high"]], **line)
        text = texts[str(arm)]
        if arm == results.baseline and text != arm_names.BASELINE:
            text = arm_names.cut(text, letters - len(SUFFIX)) + SUFFIX
        look = intervals.Look(colour, text, marker, filled=bool(solid[str(arm)]))
        ax.plot([row["x_value"]], [row["y_value"]], ls="", **look.style)
