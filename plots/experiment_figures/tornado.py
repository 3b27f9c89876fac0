"""Figure of sensitivity: which factor moves a metric most."""

import math
from typing import TYPE_CHECKING

from market import SAMPLED_DESIGNS
from plots import arm_names, factors, intervals, metrics, pages, rows, style
from plots.registry import NothingToDraw, experiment_figures

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from market import ExperimentResults

LINEAR = 0.7
"""Share of the variance that a linear fit explains, from which on its coefficients tell enough."""

LOOKS = {
    "ST": (style.SKY, "in total (ST)"),
    "S1": (style.BLUE, "by itself (S1)"),
    "src": (style.BLUE, "standardised regression coefficient"),
    "mu_star": (style.SKY, "mean effect without signs (mu*)"),
    "sigma": (style.BLUE, "standard deviation of effects (sigma)"),
}
"""Indices that are drawn, with colour and name."""

AXES = {
    "sobol": "Share of the variance",
    "rbd_fast": "Share of the variance",
    "regression": "Standard deviations of the metric per standard deviation of the factor",
}


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
    heading = f"What moves {shown.words[:1].lower()}{shown.words[1:]}"
    pages.title(ax, heading, shown.meaning, metrics.runs_of(results), plot=height)
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
    table, method = indices(results, metric)
    scale, unit = metric.scale(table["value"]) if method == "morris" else (1.0, "")
    drawn = [index for index in LOOKS if index in set(table["index"])]
    first = table[table["index"] == drawn[0]].set_index("factor")["value"]
    order = first.abs().sort_values(ascending=False, kind="stable").index
    bars = rows.label(ax, _words(ax, list(order)), 1 + len(drawn))
    ax.axvline(0, color=style.BLACK, lw=0.6)
    height = 0.7 / len(drawn)
    for rank, index in enumerate(drawn):
        found = table[table["index"] == index].set_index("factor").loc[order]
        places = [place + (rank - (len(drawn) - 1) / 2) * height for place in range(len(order))]
        colour, name = LOOKS[index]
        ends = intervals.ends(found, ("value", "low", "high"), scale)
        ax.barh(places, ends["value"], height, color=colour, label=name)
        ax.hlines(places, ends["low"], ends["high"], color=style.BLACK, lw=0.8)
    pages.name_axes(ax, AXES.get(method) or metrics.quantity("Change over the whole range", unit))
    if len(drawn) > 1:
        style.legend(ax)
    heading = f"What moves {metric.words[:1].lower()}{metric.words[1:]}"
    runs = metrics.runs_of(results)
    pages.title(ax, heading, metric.meaning, _fit(results, metric), runs, plot=bars)
    return ax


def indices(results: "ExperimentResults", metric: metrics.Metric) -> tuple["pd.DataFrame", str]:
    """Return the rows of the table of sensitivity that are drawn, and their method.

    Of a Latin hypercube these are the coefficients of the linear fit, unless it explains too little
    and there are indices without that assumption.
    """
    table = results.sensitivity
    table = table[(table["metric"] == metric.name) & table["index"].isin(LOOKS)]
    table = table[table["value"].notna()]
    if table.empty:
        raise NothingToDraw(f"{metric.words}: the experiment has no indices of sensitivity.")
    methods = list(dict.fromkeys(table["method"]))
    method = str(methods[0])
    if len(methods) > 1 and not explained(results, metric) >= LINEAR:
        method = next(str(name) for name in methods if name != "regression")
    return table[table["method"] == method], method


def explained(results: "ExperimentResults", metric: metrics.Metric) -> float:
    """Return the share of the variance that a linear fit explains; NaN without one."""
    table = results.sensitivity
    found = table.loc[(table["metric"] == metric.name) & (table["index"] == "R2"), "value"]
    return float(found.iloc[0]) if len(found) else math.nan


def _fit(results: "ExperimentResults", metric: metrics.Metric) -> str:
    share = explained(results, metric)
    return "" if math.isnan(share) else f"a linear fit explains {100 * share:.0f} % of the variance"
