"""Figure of differences: what each arm changes against the baseline, with its interval."""

from typing import TYPE_CHECKING

from market import SAMPLED_DESIGNS
from plots import arm_names, intervals, metrics, pages, rows, style
from plots.registry import NothingToDraw, experiment_figures

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from market import ExperimentResults

MOST = 50
"""Rows that fit a page."""

SIGNIFICANT = 0.05
"""Largest p after Holm's correction that counts as a difference."""

LOOKS = (
    (True, intervals.Look(label="differs (p < 0.05 by Holm)")),
    (False, intervals.Look(label="not shown to differ", filled=False)),
)


@experiment_figures.register("differences")
def differences(results: "ExperimentResults", ax: "Axes", metric: str | None = None) -> "Axes":
    """Draw each arm's paired difference to the baseline, with its interval.

    Where there are more arms than a page has room for, those with the largest differences.
    """
    shown = metrics.metric_named(results, metric)
    table = compared(results, shown)
    factor, unit = shown.scale(table[["difference", "diff_low", "diff_high"]].to_numpy().ravel())
    ends = intervals.ends(table, ("difference", "diff_low", "diff_high"), factor)
    height = _label(ax, results, shown, table)
    words = metrics.quantity("Difference to the baseline", metrics.of_points(unit))
    pages.name_axes(ax, words)
    ax.axvline(0, color=style.BLACK, lw=0.6)
    _draw(ax, ends, table["p_holm"])
    rows.note_absent(ax, results, ends["value"], "not defined")
    rows.note_numbers(ax, ends)
    pages.title(ax, *_texts(results, shown, table), plot=height)
    return ax


def compared(results: "ExperimentResults", metric: metrics.Metric) -> "pd.DataFrame":
    """Return the summary of all arms but the baseline, or of those that change most."""
    if results.experiment["design"] in SAMPLED_DESIGNS:
        raise NothingToDraw("A sampled design compares no arms; see scatter and tornado.")
    table = metrics.by_arm(results, metric)
    baseline = results.experiment["baseline"]
    others: pd.DataFrame = table.drop(index=baseline)
    if others.empty:
        raise NothingToDraw("This experiment has one arm: there is nothing to compare.")
    if not others["difference"].notna().any():
        name = style.printable(str(baseline), "the baseline")
        raise NothingToDraw(f"{metric.words}: no arm has a difference to {name}.")
    if len(others) <= MOST:
        return others
    largest = others["difference"].abs().nlargest(MOST).index
    kept: pd.DataFrame = others[others.index.isin(largest)]
    return kept


def _label(
    ax: "Axes", results: "ExperimentResults", metric: metrics.Metric, table: "pd.DataFrame"
) -> float:
    counts = metrics.by_arm(results, metric)["n"]
    lines = rows.lines_of(len(table))
    texts = arm_names.arm_labels(results, rows.letters_of(ax), lines, counts)
    return rows.label(ax, [texts[str(arm)] for arm in table.index])


def _draw(ax: "Axes", ends: "pd.DataFrame", p_values: "pd.Series[float]") -> None:
    """Draw the differences, those that are significant filled; without tests all alike."""
    if not p_values.notna().any():
        intervals.across(ax, range(len(ends)), ends, intervals.Look())
        return
    differs = (p_values < SIGNIFICANT).to_numpy()
    for significant, look in LOOKS:
        places = [place for place, differ in enumerate(differs) if differ == significant]
        intervals.across(ax, places, ends.iloc[places], look)
    style.legend(ax)


def _texts(
    results: "ExperimentResults", metric: metrics.Metric, table: "pd.DataFrame"
) -> tuple[str, ...]:
    baseline = metrics.by_arm(results, metric).loc[results.experiment["baseline"]]
    factor, unit = metric.scale([baseline["mean"]])
    (mean,) = metrics.written([baseline["mean"] * factor])
    short = arm_names.arm_names(results)[str(baseline.name)]
    name = str(baseline.name) if short == arm_names.BASELINE else short
    name = style.printable(name, "the first arm")
    all_arms = len(results.experiment["arms"]) - 1
    some = f"; the {len(table)} arms that differ most of {all_arms}" * (len(table) < all_arms)
    return (
        f"{metric.words}: difference to the baseline{some}",
        metric.meaning,
        f"baseline: {name}; mean {mean}{metrics.NO_BREAK}{unit}".rstrip(),
        metrics.runs_of(results),
    )
