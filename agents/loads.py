"""Loads: demand with a value, part of it elastic."""

import numpy as np

from agents.fleet import Fleet, FleetUnits
from agents.quotes import MarketView, Quotes
from agents.renewables import AvailabilityForecaster
from market import WH_PER_MWH, FleetBlock, FloatArray, IntArray, to_wh


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
        falling = 1 + np.argsort(-price, axis=1, kind="stable")
        self._by_value = np.concatenate([np.zeros((self.n, 1), np.int64), falling], axis=1)
        self._firm: IntArray | None = None

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
        quantity = self._parts(expected)
        return Quotes(bid_price=np.minimum(self.value, view.cap)[None], bid_quantity=quantity)

    def meter(self, block: FleetBlock, row: int) -> bool:
        """Consume what is demanded now of each part that was bought.

        Who bought all that was bid for consumes the actual demand, whatever was expected; an
        elastic part that was not taken stays out, and inelastic demand that could not be bought
        is unserved, unless the system operator finds an offer that the auction left over.
        """
        self._firm = None
        if not self.outages.possible and self._as_bought(block, row):
            return False
        actual = self._now(block, row)
        firm = self._firm = self._parts(actual)[:, 0]
        bids = block.bid_quantity[row]
        bought = block.bought[row]
        missed = bought < bids[:, 0]
        some = np.minimum(firm + np.maximum(bought - bids[:, 0], 0), actual)
        wanted = np.where(bought >= bids.sum(axis=1), actual, some)
        wanted = np.where(missed, np.minimum(bought, firm), wanted)
        block.consumed[row] = wanted
        block.unserved[row] = np.where(missed, firm - wanted, 0)
        return bool((wanted != bought).any() or block.unserved[row].any())

    def interruptible(self, block: FleetBlock, row: int) -> IntArray:
        """Return the elastic part: it bought, and would not have at a higher price."""
        firm = self._firm
        if firm is None:
            firm = self._parts(self.demand[:, block.first + row])[:, 0]
        elastic: IntArray = np.maximum(block.consumed[row] - firm, 0)
        return elastic

    def shed_order(self) -> FloatArray:
        """Return the value of lost load."""
        return self.voll

    def worth(self, block: FleetBlock) -> FloatArray:
        """Return the area under the true demand curve up to what was consumed, currency.

        The curve of each interval is that of the demand there was: the inelastic part at the
        value of lost load, then the elastic steps, the highest price first; whatever was expected
        or bid. A load cut off by an outage consumes less, and what it does counts from the top.

        Of 10 MWh, 7 at 20,000, 2 at 400 and 1 at 250, a consumption of 8 MWh is worth 140,400.
        """
        demand = self.demand[:, block.first : block.first + block.m].T
        parts = np.take_along_axis(self._parts(demand), self._by_value[None], axis=2)
        value = np.take_along_axis(self.value, self._by_value, axis=1)
        before = np.cumsum(parts, axis=2) - parts
        taken = np.clip(block.consumed[..., None] - before, 0, parts)
        total: FloatArray = np.add.reduce(taken * value, axis=(0, 2)) / WH_PER_MWH
        return total

    def _parts(self, demand: IntArray) -> IntArray:
        """Split demand into the inelastic part and the elastic steps, on a new last axis."""
        elastic = np.floor(demand[..., None] * self.share).astype(np.int64)
        firm = demand - elastic.sum(axis=-1)
        return np.concatenate([firm[..., None], elastic], axis=-1)

    def _as_bought(self, block: FleetBlock, row: int) -> bool:
        """Tell the usual case, in which demand is what was expected, bid for and bought."""
        actual, bought = self.demand[:, block.first + row], block.bought[row]
        return bool((actual == bought).all() and (block.forecast[row] == bought).all())

    def _now(self, block: FleetBlock, row: int) -> IntArray:
        """Return the actual demand, less that of loads cut off by an outage."""
        actual: IntArray = self.demand[:, block.first + row]
        up: IntArray = np.floor(actual * self.share_up(block, row)).astype(np.int64)
        return up

    def facts(self) -> dict[str, FloatArray]:
        """Return the largest demand as capacity."""
        peak: FloatArray = self.demand.max(axis=1) / (1e6 * self.calendar.hours)
        return {"capacity_mw": peak}
