"""Indices of sensitivity of a sampled design: which are shown, and what they are called."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from plots import metrics
from plots.registry import NothingToDraw

if TYPE_CHECKING:
    import pandas as pd

    from market import ExperimentResults

LINEAR = 0.7
"""Share of the variance that a linear fit must explain for its coefficients to tell enough."""

NAMES = {
    "ST": "total share of the variance (ST)",
    "S1": "share of the variance by itself (S1)",
    "src": "standardised regression coefficient (src)",
    "mu_star": "mean effect without signs (mu*)",
    "sigma": "standard deviation of effects (sigma)",
}
"""Indices that are shown; the first that there is ranks the factors."""

AXES = {
    "sobol": "Share of the variance",
    "rbd_fast": "Share of the variance by itself (S1)",
    "regression": "Standard deviations per standard deviation of the factor",
}
"""What the axis of a method is called; that of Morris has the unit of the metric."""


@dataclass(frozen=True, slots=True)
class Indices:
    """The indices of a metric that are shown.

    Attributes
    ----------
    table : DataFrame
        Factor, index, value, low and high.
    method : str
        ``sobol``, ``morris``, ``regression`` or ``rbd_fast``.
    note : str
        What to know about the method, for the title.
    """

    table: "pd.DataFrame"
    method: str
    note: str

    @property
    def names(self) -> list[str]:
        """Names of the indices, the ranking one first."""
        there = set(self.table["index"])
        return [index for index in NAMES if index in there]

    def of(self, index: str) -> "pd.DataFrame":
        """Return value, low and high of an index, by factor, the strongest factor first."""
        rows = self.table.set_index("factor")
        ranking = rows.loc[rows["index"] == self.names[0], "value"].abs()
        order = ranking.sort_values(ascending=False, kind="stable").index
        found: pd.DataFrame = rows.loc[rows["index"] == index, ["value", "low", "high"]]
        return found.reindex(order)


def indices(results: "ExperimentResults", metric: metrics.Metric) -> Indices:
    """Return the indices to show.

    Of a Latin hypercube these are the coefficients of the linear fit, unless it explains too
    little and there are indices without that assumption.
    """
    table = results.sensitivity
    table = table[table["metric"] == metric.name]
    fit = table.loc[table["index"] == "R2", "value"]
    explained = float(fit.iloc[0]) if len(fit) else math.nan
    table = table[table["index"].isin(NAMES) & table["value"].notna()]
    methods = [str(name) for name in dict.fromkeys(table["method"])]
    if not methods:
        raise NothingToDraw(f"{metric.words}: the experiment has no indices of sensitivity.")
    method, note = methods[0], ""
    if method == "regression":
        note = f"a linear fit explains {100 * explained:.0f} % of the variance"
        if explained < LINEAR and len(methods) > 1:
            method, note = methods[1], f"{note}, too little for its coefficients"
    return Indices(table[table["method"] == method], method, note)
