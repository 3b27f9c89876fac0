"""Key figures of market power: could the largest seller be done without, and prices above cost.

The residual supply index of an interval and zone is

    (energy offered - that of the largest seller) / demand,

with all units of an owner together, and energy traded as demand: what buyers bid for and did not
get does not count, so a price-sensitive buyer makes no seller pivotal. Below 1 the largest seller
is pivotal: without it the trade could not have taken place. The Lerner index is

    (price - marginal cost) / price,

with the price that sellers receive and the true marginal cost of the costliest unit that sold:
a perfectly competitive market in which that unit sets the price has 0. Stored energy and water
have no cost of their own, so where they set the price the index also holds what they are worth at
another time. It is below zero where units that cannot stop sell below their cost.

References: A. Sheffrin, Predicting Market Power Using the Residual Supply Index, FERC Market
Monitoring Workshop, December 2002. A. P. Lerner, The Concept of Monopoly and the Measurement of
Monopoly Power, Review of Economic Studies 1 (1934), 157-175.
"""

from typing import TYPE_CHECKING

from market.key_figures import KeyFigure, key_figures, period_groups, ratio
from market.results import Results

if TYPE_CHECKING:
    import pandas as pd

NAMES = (
    *("residual_supply_index", "residual_supply_index_min", "pivotal_seller_pct"),
    "lerner_index",
)


@period_groups.register("market_power", *NAMES)
@key_figures.register("market_power", *NAMES)
def market_power(results: Results) -> list[KeyFigure]:
    """Give the residual supply index, hours with a pivotal seller, and the Lerner index."""
    table = results.intervals
    if "largest_offered_mwh" not in table:  # a run of an older version
        return []
    traded = table[table["volume_mwh"] > 0]
    others = traded["offered_mwh"] - traded["largest_offered_mwh"]
    index = others / traded["volume_mwh"]
    return [
        KeyFigure(
            "residual_supply_index",
            index.mean(),
            "ratio",
            "Offers of all but the largest seller over energy traded, mean of intervals and zones",
        ),
        KeyFigure("residual_supply_index_min", index.min(), "ratio", "The lowest of the same"),
        KeyFigure(
            "pivotal_seller_pct",
            ratio((index < 1).sum(), index.size, 100),
            "%",
            "Time with trade in which the largest seller could not be done without",
        ),
        KeyFigure(
            "lerner_index",
            _lerner(traded),
            "ratio",
            "Price of sellers less marginal cost of the costliest unit that sold, over the price; "
            "means weighted by traded energy",
        ),
    ]


def _lerner(table: "pd.DataFrame") -> float:
    """Return the Lerner index of the mean price and cost; NaN where the mean price is not above 0.

    Means come first, since single prices near zero would make any number of it.
    """
    price = table["sell_price"] if "sell_price" in table else table["price"]
    both = table[price.notna() & table["marginal_cost_price"].notna()]
    paid = (price[both.index] * both["volume_mwh"]).sum()
    cost = (both["marginal_cost_price"] * both["volume_mwh"]).sum()
    return ratio(paid - cost, paid) if paid > 0 else float("nan")
