"""Bid what it costs or what it is worth."""

from dataclasses import dataclass
from typing import ClassVar

from agents.fleet import Fleet
from agents.quotes import MarketView, Quotes, strategies


@strategies.register("truthful")
@dataclass(frozen=True)
class Truthful:
    """Marginal cost for sellers, value for buyers.

    Dominant for price takers: where no bidder moves the price, nothing is gained by asking for
    more than cost or bidding less than value. The merit order is the supply curve it makes.
    """

    kinds: ClassVar[frozenset[str]] = frozenset(
        {"pv", "wind", "hydro", "csp", "thermal", "load", "external"}
    )
    reactive: ClassVar[bool] = False

    def quote(self, view: MarketView, fleet: Fleet) -> Quotes:
        """Pass the fleet's own cost and value on."""
        return fleet.true_quotes(view)
