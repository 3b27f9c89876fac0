"""How a station's pool bids in the energy auction: for those it serves, or for its owner."""

from dataclasses import dataclass
from typing import ClassVar

from agents.quotes import MarketView, Quotes, Strategy
from agents.shapes import StorageColumns


@dataclass
class PoolBids:
    """A pool gives back what it holds for others; without a service market it is a battery.

    Attributes
    ----------
    serving : Strategy
        While storage service is in force.
    trading : Strategy
        Else: how the station's owner trades.
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"storage"})
    reactive: ClassVar[bool] = True

    serving: Strategy
    trading: Strategy

    def quote(self, view: MarketView, fleet: StorageColumns) -> Quotes:
        """Return the orders of the strategy that the rules in force ask for."""
        serves = view.rules is None or view.rules.service.in_force
        return (self.serving if serves else self.trading).quote(view, fleet)
