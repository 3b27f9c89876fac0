"""Loads: demand with a value, part of it elastic."""

import numpy as np

from agents.fleet import Fleet, FleetUnits
from agents.quotes import MarketView, Quotes
from agents.renewables import AvailabilityForecaster
from market import FleetBlock, FloatArray, IntArray, to_wh


class LoadFleet(Fleet):
    """Consumers: elastic steps at their own prices, the rest at the value of lost load.

    Parameters
    ----------
    units : FleetUnits
    demand_mw : array, shape (n, N)
    steps : tuple of array, shape (n, S)
        Share of demand and price (currency/MWh) of each elastic step; unused steps have share 0.
    voll : array, shape (n,)
        Value of lost load, currency/MWh.
    forecaster : AvailabilityForecaster
        Of demand.
    """

    ask_slots = 0
    balances = False

    def __init__(
        self,
        units: FleetUnits,
        demand_mw: FloatArray,
        steps: tuple[FloatArray, FloatArray],
        voll: FloatArray,
        forecaster: AvailabilityForecaster,
    ) -> None:
        super().__init__(units)
        self.demand = to_wh(demand_mw * self.calendar.hours)
        share, price = steps
        self.share, self.voll, self.expectation = share, voll, forecaster
        self.value = np.concatenate([voll[:, None], price], axis=1)
        self.bid_slots = 1 + share.shape[1]

    def look_ahead(self, block: FleetBlock) -> None:
        """Fill the demand that is expected."""
        super().look_ahead(block)
        actual = self.demand[:, block.first : block.first + block.m].T
        block.forecast[:] = self.expectation.expected(block.first, actual)

    def true_quotes(self, view: MarketView) -> Quotes:
        """Bid the expected demand at its value, at most at the price cap."""
        assert self.block is not None  # look_ahead comes first
        rows = slice(view.first - self.block.first, view.first - self.block.first + view.count)
        expected = self.block.forecast[rows]
        elastic = np.floor(expected[:, :, None] * self.share).astype(np.int64)
        firm = expected - elastic.sum(axis=2)
        quantity = np.concatenate([firm[:, :, None], elastic], axis=2)
        return Quotes(bid_price=np.minimum(self.value, view.cap), bid_quantity=quantity)

    def meter(self, block: FleetBlock, row: int) -> bool:
        """Consume the actual demand where all of it was bought, else what was bought."""
        actual = self.demand[:, block.first + row]
        bought, bid = block.bought[row], block.bid_quantity[row].sum(axis=1)
        firm_bid = block.bid_quantity[row, :, 0]
        wanted = np.where(bought >= bid, actual, np.minimum(bought, actual))
        block.consumed[row] = wanted
        block.unserved[row] = np.where(bought < firm_bid, firm_bid - bought, 0)
        return bool((wanted != bought).any())

    def shed_order(self) -> FloatArray:
        """Return the value of lost load."""
        return self.voll

    def facts(self) -> dict[str, FloatArray]:
        """Return the largest demand as capacity."""
        peak: FloatArray = self.demand.max(axis=1) / (1e6 * self.calendar.hours)
        return {"capacity_mw": peak}
