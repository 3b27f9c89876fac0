"""Outside markets: a price series with a depth in MW each way."""

import numpy as np

from agents.fleet import Fleet, FleetUnits
from agents.quotes import MarketView, Quotes
from market import FleetBlock, FloatArray, IntArray


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

    def true_quotes(self, view: MarketView) -> Quotes:
        """Sell and buy the whole depth at the outside price."""
        rows = slice(view.first, view.first + view.count)
        price = self.price[:, rows].T
        return Quotes(
            price + self.fee, self.imports[:, rows].T, price - self.fee, self.exports[:, rows].T
        )

    def flexibility(self, block: FleetBlock, row: int) -> tuple[IntArray, IntArray]:
        """Return the depth left for imports, and the imports that can be turned down."""
        interval = block.first + row
        left = self.imports[:, interval] - block.delivered[row]
        return np.where(block.consumed[row] > 0, 0, left), block.delivered[row].copy()
