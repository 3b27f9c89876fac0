"""Key figures of curtailment: rates by kind, energy and shares by cause.

Published curtailment rates count energy that the system could not take, not what a plant
lost through its own outages or did not offer. So the causes `economic`, `network` and
`forecast` are the system's, `withheld` and `outage` are the plant's; `curtailment_*_pct` is

    100 x system causes / (delivered + system causes)

and `curtailment_*_all_causes_pct` is 100 x curtailed / available.
"""

from typing import TYPE_CHECKING

from market.key_figures import KeyFigure, key_figures, period_groups, ratio
from market.results import Results
from market.run_files import CAUSES

if TYPE_CHECKING:
    import pandas as pd

SYSTEM = [f"curtailed_{cause}_mwh" for cause in ("economic", "network", "forecast")]
GROUPS = {"wind_solar": ["pv", "wind"], "pv": ["pv"], "wind": ["wind"], "hydro": ["hydro"]}

NAMES = (
    *(f"curtailment_{name}{suffix}" for name in GROUPS for suffix in ("_pct", "_all_causes_pct")),
    *("curtailed_mwh", "curtailed_{cause}_mwh", "curtailed_{cause}_pct", "recovered_mwh"),
)


@key_figures.register("curtailment", *NAMES)
def curtailment(results: Results) -> list[KeyFigure]:
    """Give rates by kind, energy and shares by cause, what storage recovered."""
    totals = results.participants.groupby("kind", observed=True).sum(numeric_only=True)
    return _figures(totals, SYSTEM, results.intervals)


@period_groups.register("curtailment", *NAMES)
def _of_period(results: Results) -> list[KeyFigure]:
    """Give the same figures by what kinds of units delivered in each interval."""
    totals = results.kinds.groupby("kind", observed=True).sum(numeric_only=True)
    return _figures(totals, ["curtailed_system_mwh"], results.intervals)


def _figures(
    totals: "pd.DataFrame", system: list[str], intervals: "pd.DataFrame"
) -> list[KeyFigure]:
    present = {name: totals.index.intersection(kinds) for name, kinds in GROUPS.items()}
    sums = {name: totals.loc[rows].sum() for name, rows in present.items() if not rows.empty}
    rates = [
        figure
        for name, total in sums.items()
        for figure in _rates(total, total[system].sum(), name)
    ]
    return [*rates, *(_causes(intervals) if rates else [])]


def _rates(total: "pd.Series[float]", lost: float, name: str) -> list[KeyFigure]:
    kinds = GROUPS[name]
    return [
        KeyFigure(
            f"curtailment_{name}_pct",
            ratio(lost, total["delivered_mwh"] + lost, 100),
            "%",
            f"Curtailed for the system's reasons, of delivered plus that: {' and '.join(kinds)}",
        ),
        KeyFigure(
            f"curtailment_{name}_all_causes_pct",
            ratio(total["curtailed_mwh"], total["available_mwh"], 100),
            "%",
            f"Curtailed for any reason, own outages too, of available: {' and '.join(kinds)}",
        ),
    ]


def _causes(intervals: "pd.DataFrame") -> list[KeyFigure]:
    total = intervals["curtailed_mwh"].sum()
    return [
        KeyFigure("curtailed_mwh", total, "MWh", "Available from wind, sun, water; not delivered"),
        *(figure for cause in CAUSES for figure in _cause(intervals, cause, total)),
        KeyFigure(
            "recovered_mwh",
            intervals["recovered_mwh"].sum(),
            "MWh",
            "Would have been curtailed, but storage service took it",
        ),
    ]


def _cause(intervals: "pd.DataFrame", cause: str, total: float) -> list[KeyFigure]:
    column = f"curtailed_{cause}_mwh"
    lost = intervals[column].sum()
    share = ratio(lost, total, 100)
    return [
        KeyFigure(column, lost, "MWh", f"Curtailed, cause: {cause}"),
        KeyFigure(f"curtailed_{cause}_pct", share, "%", f"Share of curtailment, cause: {cause}"),
    ]
