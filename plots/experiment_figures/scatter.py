"""Figure of samples: a metric against a factor, a point for each sample."""

import math
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from market import SAMPLED_DESIGNS
from plots import factors, metrics, pages, sensitivity, style
from plots.registry import NothingToDraw, experiment_figures

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from market import ExperimentResults

GROUP = 10
"""Fewest samples that a mean of neighbours stands for."""

FEW = 8
"""Places of samples up to which each has a mean of its own."""


@experiment_figures.register("scatter")
def scatter(
    results: "ExperimentResults",
    ax: "Axes",
    metric: str | None = None,
    factor: str | None = None,
) -> "Axes":
    """Draw a metric of sampled arms against a factor, and means of neighbouring samples.

    The factor is the one that moves the metric most, unless one is named.
    """
    if results.experiment["design"] not in SAMPLED_DESIGNS:
        raise NothingToDraw("Only sampled designs have points to scatter; see response.")
    shown = metrics.metric_named(results, metric)
    summary = metrics.by_arm(results, shown)
    if not summary["mean"].notna().any():
        raise NothingToDraw(f"{shown.words}: no sample has a value.")
    scale, unit = shown.scale(summary["mean"])
    values = summary["mean"] * scale
    first, why = strongest(results, shown) if factor is None else (factor, "")
    across = factors.factor_named(results, first)
    places = factors.level_table(results)[across.name].astype(float)
    pages.name_axes(ax, across.words, metrics.quantity(shown.words, unit))
    ax.plot(places, values, ls="", marker="o", ms=3, color=style.BLUE, label="sample")
    _groups(ax, places, values)
    if factors.is_logarithmic(results, across.name):
        ax.set_xscale("log")
    runs = metrics.runs_of(results, intervals=False) + metrics.lacking(values)
    pages.title(ax, f"{shown.words} against {across.words}", shown.meaning, why, runs)
    return ax


def strongest(results: "ExperimentResults", metric: metrics.Metric) -> tuple[str, str]:
    """Return the factor that moves a metric most, and by which measure."""
    with suppress(NothingToDraw):
        found = sensitivity.indices(results, metric)
        index = found.names[0]
        best = str(found.of(index).index[0])
        return best, f"the factor that moves it most: largest {sensitivity.NAMES[index]}"
    levels = factors.level_table(results).astype(float).rank()
    ranks = metrics.by_arm(results, metric)["mean"].rank()
    strength = levels.corrwith(ranks).abs()
    if strength.isna().all():
        return str(levels.columns[0]), ""
    return str(strength.idxmax()), "the factor that moves it most: largest correlation of ranks"


def neighbours(
    places: "pd.Series[float]", values: "pd.Series[float]"
) -> tuple["pd.DataFrame", str]:
    """Return the mean place and value of groups of neighbouring samples, and what they are.

    Samples on few places are grouped by place; others are in groups of equal size, of which there
    are none where there are too few samples for three.
    """
    import pandas as pd

    points = pd.DataFrame({"place": places, "value": values}).dropna().sort_values("place")
    if points["place"].nunique() <= FEW:
        group = points["place"].rank(method="dense")
        return points.groupby(group.to_numpy()).mean(), "mean of the samples at a place"
    count = min(12, len(points) // GROUP)
    if count < 3:
        return points.iloc[:0], ""
    rank = np.arange(len(points))
    size = math.ceil(len(points) / count)
    means = points.groupby(rank * count // len(points)).mean()
    return means, f"mean of {size} neighbouring samples"


def _groups(ax: "Axes", places: "pd.Series[float]", values: "pd.Series[float]") -> None:
    means, name = neighbours(places, values)
    if means.empty:
        return
    ax.plot(means["place"], means["value"], marker="D", ms=4, color=style.VERMILLION, label=name)
    style.legend(ax)
