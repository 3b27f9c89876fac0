"""What a metric of an experiment is called in a figure, its unit, and its numbers by arm."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from market import SAMPLED_DESIGNS, InputError
from plots import style
from plots.registry import NothingToDraw

if TYPE_CHECKING:
    import pandas as pd

    from market import ExperimentResults

SUFFIXES = {"%": "_pct", "MWh": "_mwh", "h": "_h", "MW": "_mw"}
"""Ends of names that say no more than the unit does."""

MINUS, NO_BREAK = "\N{MINUS SIGN}", "\N{NO-BREAK SPACE}"

SHOWN = {
    "mean": ("mean", "mean_low", "mean_high"),
    "difference": ("difference", "diff_low", "diff_high"),
}
"""What can be shown of an arm, with the columns of the summary that have it."""

LONG = 10_000
"""Beyond this numbers are written in thousands, millions, ..."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of an experiment.

    Attributes
    ----------
    name : str
        As in the tables, for example ``mean_price`` or ``mean_price@before``.
    unit : str
        Empty where it is a plain number.
    meaning : str
        One line; empty where the experiment does not say.
    """

    name: str
    unit: str
    meaning: str = ""

    @property
    def words(self) -> str:
        """The name as words, without its unit.

        >>> Metric("curtailment_wind_solar_pct", "%").words
        'Curtailment wind solar'
        >>> Metric("mean_price@before", "CNY/MWh").words
        'Mean price (before)'
        """
        name, _, period = self.name.partition("@")
        ends = [SUFFIXES.get(self.unit, "" if "/" in self.unit else "_amount")]
        for suffix in ends if self.unit else SUFFIXES.values():
            name = name.removesuffix(suffix)
        words = name.replace("_", " ")
        of = f" ({style.printable(period, 'period')})" if period else ""
        return words[:1].upper() + words[1:] + of

    def scale(self, values: Iterable[float]) -> tuple[float, str]:
        """Return a factor and a unit that keep the numbers of an axis short."""
        largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
        if largest <= LONG and not self.unit.startswith("MW"):
            return 1.0, self.unit
        factor, unit = style.scaled(largest, self.unit)
        return factor, unit.strip()


def metric_named(results: "ExperimentResults", name: str | None = None) -> Metric:
    """Return a metric of an experiment, the first one where none is named."""
    units = dict(zip(results.summary["metric"], results.summary["unit"], strict=True))
    meanings = {entry["name"]: str(entry["meaning"]) for entry in results.experiment["metrics"]}
    known = [metric for metric in meanings if metric in units]
    known += [metric for metric in units if metric not in meanings]
    if name is not None and name not in known:
        close = get_close_matches(name, known, 1)
        hint = f"; did you mean {close[0]!r}?" if close else "."
        raise InputError(
            f"this experiment has no metric {name!r}{hint} It has: {', '.join(known)}."
        )
    chosen = name or known[0]
    return Metric(chosen, str(units[chosen]), meanings.get(chosen, ""))


def quantity(words: str, unit: str) -> str:
    """Return the text of an axis.

    >>> quantity("Efficiency", "")
    'Efficiency'
    """
    return f"{words} ({unit.replace(' ', NO_BREAK)})" if unit else words


def of_points(unit: str) -> str:
    """Return the unit of a difference: that of two percentages is percentage points."""
    return "percentage points" if unit == "%" else unit


def written(values: Iterable[float], of_range: int = 3) -> list[str]:
    """Return numbers with as many decimals as give the largest three digits.

    Numbers that differ little have more, so that their range has `of_range` digits.

    >>> written([0.51234, 12.3])
    ['0.5', '12.3']
    >>> written([310.256, 321.7])
    ['310.3', '321.7']
    """
    listed = [float(value) for value in values]
    finite = [value for value in listed if math.isfinite(value)] or [0.0]
    largest, spread = max(abs(value) for value in finite), max(finite) - min(finite)
    places = 2 - _magnitude(largest)
    if spread:  # but no more than five digits
        places = min(max(places, of_range - 1 - _magnitude(spread)), places + 2)
    texts = [f"{value:,.{max(0, places)}f}" for value in listed]
    return [text.lstrip("-") if _is_zero(text) else text.replace("-", MINUS) for text in texts]


def _magnitude(value: float) -> int:
    return math.floor(math.log10(value)) if value else 0


def _is_zero(text: str) -> bool:
    return set(text) <= set("-0.")


def columns_of(show: str) -> list[str]:
    """Return the columns of the summary with what is shown and the ends of its interval."""
    if show not in SHOWN:
        raise InputError(f"show={show!r}: use {' or '.join(SHOWN)}")
    return list(SHOWN[show])


def axis(metric: Metric, unit: str, show: str) -> str:
    """Return the text of an axis for what is shown."""
    if show == "mean":
        return quantity(metric.words, unit)
    return quantity("Difference to the baseline", of_points(unit))


def by_arm(results: "ExperimentResults", metric: Metric, show: str | None = None) -> "pd.DataFrame":
    """Return the rows of the summary for a metric: an arm each, in the order of the experiment.

    Where differences are shown, that of the baseline is zero. `NothingToDraw` where what is shown
    has no value in any arm.
    """
    table = results.summary
    rows: pd.DataFrame = table[table["metric"] == metric.name].set_index("arm")
    rows = rows.reindex(results.arms)
    if show == "difference" and rows["mean"].notna()[str(results.baseline)]:
        rows.loc[str(results.baseline), "difference"] = 0.0
    if show is not None and not rows[show].notna().any():
        raise NothingToDraw(f"{metric.words}: no arm has a value.")
    return rows


def runs_of(results: "ExperimentResults", intervals: bool = True) -> str:
    """Return what the numbers rest on, for the title; `intervals` where there are some."""
    name = style.printable(str(results.experiment["name"]), "experiment")
    arms, seeds = len(results.arms), len(results.experiment["seeds"])
    design = results.experiment["design"]
    what = "sample" if design in SAMPLED_DESIGNS else "arm"
    several = f"{arms} {what}" + "s" * (arms != 1)
    if design in ("full", "list") and len(results.factors) > 1:
        # Labels of arms are levels in this order.
        several += f" ({', '.join(name.replace('_', ' ') for name in results.factors)})"
    runs = "one seed" if seeds == 1 else f"{seeds} seeds"
    if intervals:
        runs += " (no intervals)" if seeds == 1 else ", 95 % intervals"
    return f"{name}: {several}, {runs}"


def lacking(values: "pd.Series[float]") -> str:
    """Return how many arms have no value, for the end of the title; nothing where all have."""
    count = int(values.isna().sum())
    return f"; {count} without a value" if count else ""
