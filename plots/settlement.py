"""Figure of settlement: what each role received and paid."""

from typing import TYPE_CHECKING

from plots import style
from plots.registry import figures

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from market import Results

GROUPS = {
    "service_bilateral": "service",
    "service_auction": "service",
    "service_call": "service",
    "lease_auction": "lease",
    "lease_resale": "lease",
    "lease_energy": "lease",
}
"""Categories of the ledger that are drawn as one: one kind of business, agreed on in several ways.
"""


@figures.register("settlement")
def settlement(results: "Results", ax: "Axes") -> "Axes":
    """Draw received less paid by role, stacked by category, with the net as a diamond.

    Storage service of all modes is one category, and so are leases however they were agreed on.
    """
    heading = "Settlement by role"
    table = results.role_balances
    table = table[(table != 0).any(axis=1)]
    if table.empty:
        return style.say(ax, results, heading, "No money changed hands in this run.")
    table = _ordered(table)
    factor, unit = style.scaled(table.abs().sum(axis=1).max(), results.currency)
    for category in table.columns[(table != 0).any()]:
        _bars(ax, table, category, factor)
    net = table.sum(axis=1) * factor
    ax.plot(net, range(len(net)), ls="", marker="D", ms=4, mfc="white", mec="black", label="net")
    ax.axvline(0, color=style.BLACK, lw=0.6)
    ax.set_yticks(range(len(table)), [_name(role) for role in table.index])
    ax.invert_yaxis()
    ax.use_sticky_edges = False
    ax.margins(x=0.05)
    ax.set_xlabel(f"Received less paid ({unit})")
    style.legend(ax)
    style.entitle(ax, results, heading)
    return ax


def _name(role: str) -> str:
    return style.printable(role.replace("_", " "), "unnamed")


def _ordered(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return rows by net, largest receiver first; groups of columns in the order of the legend."""
    table = _grouped(table)
    known = [name for name in style.CATEGORY_COLOURS if name in table]
    rows = table.sum(axis=1).sort_values(ascending=False, kind="stable").index
    return table.loc[rows, [*known, *[name for name in table if name not in known]]]


def _grouped(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return `table` with categories of a group added up, to the cent."""
    cents = (table * 100).round().astype("int64")
    grouped: pd.DataFrame = cents.T.groupby(cents.columns.map(_group), sort=False).sum().T / 100
    return grouped


def _group(category: str) -> str:
    return GROUPS.get(category, category)


def _bars(ax: "Axes", table: "pd.DataFrame", category: str, factor: float) -> None:
    earlier = table.iloc[:, : table.columns.get_loc(category)]
    amounts = table[category]
    # Receipts grow to the right and payments to the left, each from where the last one ended.
    left = earlier.clip(lower=0).sum(axis=1).where(amounts > 0, earlier.clip(upper=0).sum(axis=1))
    ax.barh(
        range(len(table)),
        amounts * factor,
        0.7,
        left * factor,
        color=style.CATEGORY_COLOURS.get(category, style.PALE),
        label=category.replace("_", " "),
    )
