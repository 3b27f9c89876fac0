"""Key figures: a run in numbers, each with its unit and what it means."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from market.figure_names import FigureGroups, nearest_name
from market.results import Results

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One number about a run.

    Attributes
    ----------
    name : str
        Ends with its unit where it has one: ``_mwh``, ``_price``, ``_amount``, ``_pct``, ``_h``.
    value : float
        NaN where it is not defined; `summary` then leaves it out, so absent never reads as zero.
    unit : str
    meaning : str
        One line for a reader who has not seen the code.
    """

    name: str
    value: float
    unit: str
    meaning: str


Group = Callable[[Results], list[KeyFigure]]

key_figures: FigureGroups[Group] = FigureGroups("market.kpis", "group of key figures")
"""Groups by name; each declares the names its figures may have, see `figure_names`."""
period_groups: FigureGroups[Group] = FigureGroups("market.kpis", "group of figures of a period")
"""Groups that need intervals, kinds and stations only, so that they hold for a part of a run."""


HEADLINES = (
    *("curtailment_wind_solar_pct", "curtailment_pv_pct", "curtailment_wind_pct"),
    *("curtailed_mwh", "recovered_mwh", "mean_price", "time_mean_price", "min_price", "max_price"),
    *("energy_traded_mwh", "load_served_mwh", "data_center_served_mwh", "unserved_mwh"),
    *("import_mwh", "export_mwh", "storage_charged_mwh", "storage_discharged_mwh"),
    *("recovered_own_mwh", "recovered_lease_mwh", "recovered_bilateral_mwh"),
    "recovered_auction_mwh",
    *("recovered_call_mwh", "service_trades", "service_full_charges_per_day"),
    *("storage_round_trip_pct", "storage_cycles_per_day", "service_fees_amount"),
    *("jobs_finished", "jobs_late", "welfare_amount", "ledger_residual_amount"),
    "energy_residual_max_mwh",
)
"""Figures that a summary starts with; the rest follow by group."""


def summary(results: Results) -> dict[str, dict[str, Any]]:
    """Return every defined key figure of a run: name -> value, unit, meaning."""
    found = [figure for name in key_figures.names() for figure in key_figures.get(name)(results)]
    figures = {figure.name: figure for figure in found if math.isfinite(figure.value)}
    first = [name for name in HEADLINES if name in figures]
    return {
        name: {
            "value": float(figures[name].value),
            "unit": figures[name].unit,
            "meaning": figures[name].meaning,
        }
        for name in dict.fromkeys([*first, *figures])
    }


def known_figure(name: str, groups: FigureGroups[Group] = key_figures) -> bool:
    """Tell whether a run may have a key figure of this name.

    >>> known_figure("wind_capture_price"), known_figure("wind_capture_pric")
    (True, False)
    """
    return groups.known(name)


def figure_patterns(groups: FigureGroups[Group] = key_figures) -> dict[str, str]:
    """Return the names that key figures may have, as patterns, and the group of each."""
    return groups.patterns()


def unknown_figure(
    name: str, more: Iterable[str] = (), groups: FigureGroups[Group] = key_figures
) -> str:
    """Return the sentence for a name that no figure has, with the nearest one that some has.

    Parameters
    ----------
    name : str
    more : iterable of str
        Names of other figures that would be accepted in its place.
    groups : FigureGroups

    Examples
    --------
    >>> unknown_figure("mean_pric")
    'unknown key figure "mean_pric" (did you mean "mean_price"?)'
    """
    return f'unknown key figure "{name}"{nearest_name(name, [*groups.all_names(), *more])}'


def compare(runs: Sequence[Results]) -> "pd.DataFrame":
    """Return the key figures of several runs side by side, as their files state them.

    Returns
    -------
    DataFrame
        A row per key figure that any run has; columns ``unit`` and one per run, named by its
        directory, or by its whole path where two directories have the same name. NaN where a
        run lacks the figure.
    """
    import pandas as pd

    names = [run.path.name for run in runs]
    labels = [str(r.path) if names.count(n) > 1 else n for r, n in zip(runs, names, strict=True)]
    rows = list(dict.fromkeys(name for run in runs for name in run.summary.index))
    units = {name: unit for run in runs for name, unit in run.summary["unit"].items()}
    table = pd.DataFrame({"unit": [units[name] for name in rows]}, index=pd.Index(rows))
    for label, run in zip(labels, runs, strict=True):
        table[label] = run.summary["value"].reindex(rows)
    return table


def ratio(part: float, whole: float, scale: float = 1.0) -> float:
    """Return scale * part / whole, NaN where `whole` is zero.

    >>> ratio(1, 4, 100)
    25.0
    """
    return scale * float(part) / float(whole) if whole else math.nan
