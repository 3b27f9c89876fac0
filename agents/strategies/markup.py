"""Ask for more than it costs, bid less than it is worth."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from agents.fleet import Fleet
from agents.quotes import MarketView, Quotes, strategies


@strategies.register("markup")
@dataclass(frozen=True)
class Markup:
    """A fixed markup on cost and markdown on value.

    Parameters
    ----------
    factor : float
        Offers are made at cost + (factor - 1) * |cost|, bids at value - (factor - 1) * |value|;
        1.1 asks for ten per cent more than cost.
    adder : float
        Currency/MWh added to offers and taken off bids, so that plants with zero cost can mark
        up as well.

    Notes
    -----
    Offers are kept at or below the price cap and bids at or above the floor: an order beyond
    them could never trade. Source: the linear markup of Nicolaisen, Petrov and Tesfatsion,
    IEEE Trans. Evolutionary Computation 5 (2001) 504-523.
    """

    factor: float = 1.1
    adder: float = 0.0

    kinds: ClassVar[frozenset[str]] = frozenset(
        {"pv", "wind", "hydro", "csp", "thermal", "load", "external"}
    )
    reactive: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not 1 <= self.factor < 1000:
            raise ValueError("factor must be at least 1 and below 1000")
        if not 0 <= self.adder < 1e6:
            raise ValueError("adder must be at least 0")

    def quote(self, view: MarketView, fleet: Fleet) -> Quotes:
        """Move the true orders away from the market by the markup."""
        true = fleet.true_quotes(view)
        extra = self.factor - 1
        ask, bid = np.asarray(true.ask_price), np.asarray(true.bid_price)
        dearer = ask + extra * np.abs(ask) + self.adder
        cheaper = bid - extra * np.abs(bid) - self.adder
        return Quotes(
            np.where(ask <= view.cap, np.minimum(dearer, view.cap), ask),
            true.ask_quantity,
            np.where(bid >= view.floor, np.maximum(cheaper, view.floor), bid),
            true.bid_quantity,
        )
