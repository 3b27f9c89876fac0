"""Who gains and who loses: the net benefit of every account, and how unequal benefits are.

The physical welfare of a run is what consumption was worth less what it cost to serve it,

    sum over units of value_amount - variable_cost_amount  (participants.parquet),

with outside markets counted as revenue outside less cost outside. It is by true values and costs,
whatever was bid. What accounts pay each other (prices, fees, subsidies, penalties) moves benefits
from one to another and adds nothing: the ledger sums to zero. So

    benefit = value - cost + balance,

added up over all accounts, is the physical welfare, to the cent.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from market.errors import InputError
from market.ledger import COUNTERPARTIES
from market.results import Results
from market.units import CENTS

if TYPE_CHECKING:
    import pandas as pd

BENEFIT_COLUMNS = (
    *("account", "role"),
    *("value_amount", "cost_amount", "balance_amount", "benefit_amount"),
)


def benefits(results: Results) -> "pd.DataFrame":
    """Return what every account gained in a run: a row each, owners first.

    Returns
    -------
    DataFrame
        ``account``; ``role`` (of owners as in `Results.roles`, of all others their own name);
        ``value_amount``: what consumption of the account was worth; ``cost_amount``: variable
        cost of its units; ``balance_amount``: received less paid; ``benefit_amount``: value less
        cost plus balance. Currency, whole cents. The seven accounts that own no unit (`market`,
        `government`, ...) are always there.

    Notes
    -----
    Units of data centres are worth less by the harm of strict jobs missed. That harm is their
    customers', whom the penalty pays for it; so it stands with the account ``customers`` here,
    and the data centre bears it once, as the penalty in its balance.

    Raises
    ------
    InputError
        The run is of an older version that did not note what consumption was worth.
    """
    import pandas as pd

    value, cost = (_by_owner(results, name) for name in ("value", "variable_cost"))
    paid = (results.balances * CENTS).round().astype("int64")
    names = list(dict.fromkeys([*sorted(value.index), *COUNTERPARTIES, *paid.index]))
    table = pd.DataFrame({"value": value, "cost": cost}).reindex(names, fill_value=0)
    table["balance"] = paid.sum(axis=1).reindex(names, fill_value=0)
    if "sla_penalty" in paid:
        table["value"] -= paid["sla_penalty"].reindex(names, fill_value=0)
    table["benefit"] = table["value"] - table["cost"] + table["balance"]
    table = (table / CENTS).add_suffix("_amount").rename_axis("account").reset_index()
    table.insert(1, "role", [results.roles.get(name, name) for name in names])
    return table


def physical_welfare(results: Results) -> float:
    """Return what consumption was worth less what it cost, by true values, currency."""
    value, cost = (_by_owner(results, name) for name in ("value", "variable_cost"))
    return float(value.sum() - cost.sum()) / CENTS


def gini(values: ArrayLike) -> float:
    """Return how unequally an amount is spread: 0 where all have the same, towards 1 otherwise.

    Where all values are positive or zero it is the usual coefficient, half the mean absolute
    difference over the mean. Where some are negative, the mean of absolute values takes the place
    of the mean, so that it stays between 0 and (n - 1) / n: the most unequal case is the one in
    which one member has all gains, and another one all losses. NaN where everybody has zero, and
    for fewer than two values.

    Parameters
    ----------
    values : array-like
        One per member; NaN is refused.

    Examples
    --------
    >>> gini([1, 1, 1, 1]), gini([0, 0, 0, 8]), gini([-4, 0, 0, 4])
    (0.0, 0.75, 0.75)

    References
    ----------
    E. Raffinetti, E. Siletti and A. Vernizzi, On the Gini coefficient normalization when
    attributes with negative values are considered, Statistical Methods & Applications 24 (2015),
    507-521; without their factor n / (n - 1).
    """
    ranked = np.sort(np.asarray(values, np.float64))
    if np.isnan(ranked).any():
        raise InputError("the Gini coefficient of values that are not numbers is not defined")
    n, total = ranked.size, float(np.abs(ranked).sum())
    if n < 2 or total == 0:
        return float("nan")
    # Twice the sum of all differences, each pair once, by rank: (2i - n - 1) times the i-th.
    weight = 2 * np.arange(1, n + 1) - n - 1
    return float((weight * ranked).sum()) / (n * total)


def _by_owner(results: Results, name: str) -> "pd.Series[int]":
    """Return an amount of participants.parquet by owner, whole cents."""
    units, column = results.participants, f"{name}_amount"
    if column not in units:
        raise InputError(
            f"{results.path / 'participants.parquet'}: no column {column}: the run is of an older "
            "version that did not note what consumption was worth; run it again"
        )
    cents = (units[column].fillna(0) * CENTS).round().astype("int64")
    return cents.groupby(units["owner"].astype(str)).sum()
