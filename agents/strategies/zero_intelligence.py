"""Random orders that never lose money."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from agents.fleet import Fleet
from agents.quotes import MarketView, Quotes, Standing, strategies
from market import FloatArray


@strategies.register("zero_intelligence")
@dataclass(frozen=True)
class ZeroIntelligence:
    """Zero-intelligence traders with a budget constraint (ZI-C).

    Each offer is drawn uniformly between cost and the price cap, each bid between the price
    floor and value, so nobody trades at a loss; there is no other purpose in the draw. In a
    continuous market each goes on drawing while the gate is open, for what it has not traded. The
    yardstick for how much of a market's efficiency comes from its rules alone.

    References
    ----------
    Gode and Sunder, "Allocative efficiency of markets with zero-intelligence traders",
    Journal of Political Economy 101 (1993) 119-137.
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"pv", "wind", "hydro", "csp", "thermal", "load"})
    reactive: ClassVar[bool] = False

    def quote(self, view: MarketView, fleet: Fleet) -> Quotes:
        """Draw a price for each order of each unit."""
        return self._drawn(view, fleet)

    def revise(self, view: MarketView, fleet: Fleet, standing: Standing) -> Quotes:
        """Draw a new price for what has not traded, whatever the market did."""
        quotes = self._drawn(view, fleet, "revision", str(standing.step))
        quotes.ask_quantity, quotes.bid_quantity = standing.ask_open, standing.bid_open
        return quotes

    def _drawn(self, view: MarketView, fleet: Fleet, *purpose: str) -> Quotes:
        """Return true quantities at drawn prices; each purpose has draws of its own."""
        true = fleet.true_quotes(view)
        slots = fleet.ask_slots + fleet.bid_slots
        draws = fleet.uniform(view, slots, *purpose)
        cap, floor = _finite(view)
        ask = _spread(true.ask_price, cap, draws[..., : fleet.ask_slots])
        bid = _spread(true.bid_price, floor, draws[..., fleet.ask_slots :])
        return Quotes(ask, true.ask_quantity, bid, true.bid_quantity)


def _finite(view: MarketView) -> tuple[float, float]:
    """Return cap and floor; without them there is nothing to draw from but the cost itself."""
    cap = view.cap if np.isfinite(view.cap) else np.nan
    floor = view.floor if np.isfinite(view.floor) else np.nan
    return cap, floor


def _spread(price: FloatArray | float, limit: float, draws: FloatArray) -> FloatArray | float:
    """Return a price between cost (or value) and the limit, limit beyond it or none: cost."""
    if draws.shape[-1] == 0:
        return price
    own = np.asarray(price, np.float64)
    if 0 < own.ndim < 3:
        own = own[..., None]
    end = own if np.isnan(limit) else np.full_like(own, limit)
    drawn: FloatArray = own + draws * (end - own)
    return drawn
