"""Limit orders as columns."""

from dataclasses import dataclass

from market.units import WH_PER_MWH, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class OrderBook:
    """The orders of one auction as two blocks of columns: offers (asks), then bids.

    Attributes
    ----------
    ask_price, bid_price : array, shape (n_asks,), (n_bids,)
        Limit prices, currency/MWh.
    ask_quantity, bid_quantity : array of int
        Whole units of `quantum`; zero means no order.
    quantum : float
        Energy of one unit of quantity in MWh; a watt-hour unless said otherwise.
    """

    ask_price: FloatArray
    ask_quantity: IntArray
    bid_price: FloatArray
    bid_quantity: IntArray
    quantum: float = 1 / WH_PER_MWH
