"""High-low matching: the highest bid meets the lowest offer, then the next two."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from market.clearing import (
    AuctionRules,
    ClearingResult,
    Trades,
    at_own_prices,
    mechanisms,
    within_limits,
)
from market.crossing import Crossing, cross
from market.mechanisms.uniform import check_k
from market.orders import OrderBook
from market.pairs import paired, side_by_side
from market.units import FloatArray, IntArray


@mechanisms.register("high-low")
@dataclass(frozen=True, slots=True)
class HighLow:
    """High-low matching: highest bid with lowest offer, each pair at its own k-point.

    The volume is that of `uniform`; a pair pays ask + k (bid - ask), within floor and cap.
    An order that meets several others pays or receives the mean of its pairs, weighted by
    quantity. The operator keeps nothing. There is no common price.

    Parameters
    ----------
    k : float
        Position of a pair's price between its offer (0) and its bid (1).

    References
    ----------
    The matching of a clearing house with discriminatory pricing, as in Nicolaisen, Petrov
    and Tesfatsion (2001), IEEE Transactions on Evolutionary Computation 5, 504-523;
    k = 1/2 gives their midpoint pricing.

    Examples
    --------
    A bid of 6 Wh at 30 meets 4 Wh at 10 (price 20), then 2 of 4 Wh at 20 (price 25).

    >>> book = OrderBook(np.array([10.0, 20.0]), np.array([4, 4]), np.array([30.0]), np.array([6]))
    >>> result = HighLow(k=0.5).clear(book, AuctionRules())
    >>> result.ask_fill, result.ask_pay, result.bid_pay.round(2)
    (array([4, 2]), array([20., 25.]), array([21.67]))
    >>> result.trades
    Trades(ask=array([0, 1]), bid=array([0, 0]), quantity=array([4, 2]), price=array([20., 25.]))
    """

    draws: ClassVar[bool] = False
    k: float = 0.5

    def __post_init__(self) -> None:
        check_k(self.k)

    def clear(
        self, book: OrderBook, rules: AuctionRules, rng: np.random.Generator | None = None
    ) -> ClearingResult:
        """Return the accepted quantities and each order's mean price."""
        found = cross(book, rules, rng)
        trades = self._pairs(book, found, rules)
        ends = found.low, found.high
        return at_own_prices(ends, *paired(book, rules, trades), trades)

    def _pairs(self, book: OrderBook, found: Crossing, rules: AuctionRules) -> Trades:
        """Return the accepted quantities in pairs, best with best."""
        asks, bids = _queue(book.ask_price, found.ask_fill), _queue(-book.bid_price, found.bid_fill)
        ask, bid, quantity = side_by_side(asks, found.ask_fill[asks], bids, found.bid_fill[bids])
        low, high = book.ask_price[ask], book.bid_price[bid]
        price = within_limits(np.minimum(low + self.k * (high - low), high), rules)
        return Trades(ask, bid, quantity, price)


def _queue(rank: FloatArray, fill: IntArray) -> IntArray:
    """Return the accepted rows, best first."""
    rows = fill.nonzero()[0]
    return rows[rank[rows].argsort(kind="stable")]
