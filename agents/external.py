"""Outside markets: a price series with a depth in MW each way."""

import numpy as np

from agents.fleet import Fleet, FleetUnits
from agents.quotes import MarketView, Quotes
from market import WH_PER_MWH, FleetBlock, FloatArray, IntArray


class ExternalFleet(Fleet):
    """Markets beyond a line that sell imports and buy exports at their own price.

    Parameters
    ----------
    units : FleetUnits
    price : array, shape (n, N)
        Currency/MWh.
    depth_wh : tuple of array of int, shape (n, N)
        Import and export depth per interval.
    fee : array, shape (n,)
        Currency/MWh, on top of imports and off exports.
    """

    bid_slots = 1

    def __init__(
        self,
        units: FleetUnits,
        price: FloatArray,
        depth_wh: tuple[IntArray, IntArray],
        fee: FloatArray,
    ) -> None:
        super().__init__(units)
        self.price, self.fee = price, fee
        self.imports, self.exports = depth_wh
        self._room = np.zeros(self.n, np.int64)

    def true_quotes(self, view: MarketView) -> Quotes:
        """Sell and buy the whole depth at the outside price."""
        rows = slice(view.first, view.first + view.count)
        price = self.price[:, rows].T
        return Quotes(
            price + self.fee, self.imports[:, rows].T, price - self.fee, self.exports[:, rows].T
        )

    def meter(self, block: FleetBlock, row: int) -> bool:
        """Deliver and take what was traded as far as the line is up."""
        share = self.share_up(block, row)
        self._room, most = self.imports[:, block.first + row], self.exports[:, block.first + row]
        if self.outages.possible:
            self._room = np.floor(self._room * share).astype(np.int64)
            most = np.floor(most * share).astype(np.int64)
        elif (block.sold[row] <= self._room).all() and (block.bought[row] <= most).all():
            return False
        block.delivered[row] = np.minimum(block.sold[row], self._room)
        block.consumed[row] = np.minimum(block.bought[row], most)
        position = block.sold[row] - block.bought[row]
        return bool((block.delivered[row] - block.consumed[row] != position).any())

    def worth(self, block: FleetBlock) -> FloatArray:
        """Return revenue outside less cost outside, currency, shape (n,).

        That is exports x (price - fee) - imports x (price + fee), interval by interval, of what
        was delivered: an export of 2 MWh and an import of 3 MWh at 100 and a fee of 5 give -125.
        """
        price = self._price(block)
        revenue = block.consumed * (price - self.fee) - block.delivered * (price + self.fee)
        total: FloatArray = np.add.reduce(revenue, axis=0) / WH_PER_MWH
        return total

    def marginal_cost(self, block: FleetBlock) -> FloatArray:
        """Return what a MWh from outside costs: price and fee."""
        return self._price(block) + self.fee

    def _price(self, block: FleetBlock) -> FloatArray:
        return self.price[:, block.first : block.first + block.m].T

    def interruptible(self, block: FleetBlock, row: int) -> IntArray:
        """Return the exports."""
        return np.array(block.consumed[row])

    def flexibility(self, block: FleetBlock, row: int) -> tuple[IntArray, IntArray]:
        """Return what could still be imported, and the imports that can be turned down."""
        left = self._room - block.delivered[row]
        return np.where(block.consumed[row] > 0, 0, left), block.delivered[row].copy()
