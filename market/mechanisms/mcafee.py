"""McAfee's truthful auction: all trade at a price from outside, or the last trade is given up."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from market.clearing import AuctionRules, ClearingResult, mechanisms
from market.mechanisms.huang import reduced
from market.orders import OrderBook
from market.trade_reduction import Queue, Ranked, rank, traded


@mechanisms.register("mcafee")
@dataclass(frozen=True, slots=True)
class McAfee:
    """Trade reduction on orders of one size: truthful at the cost of one trade at most.

    Let k orders of either side trade efficiently, bids ranked from the highest (b), offers from
    the lowest (a). The first pair that does not trade proposes

        p = (b[k+1] + a[k+1]) / 2.

    If a[k] <= p <= b[k], all k trade at p. Otherwise, or where one of that pair is missing, the
    k-th pair stays out: k-1 trade, buyers pay b[k], sellers receive a[k] and the operator keeps
    the difference. A book with orders of different size is cleared by `huang`.

    An order of one size cannot be split, so equal prices rank in row order, or by lot where the
    tie-break is random. Prices are clipped to floor and cap.

    References
    ----------
    McAfee (1992), A dominant strategy double auction, Journal of Economic Theory 56, 434-450.

    Examples
    --------
    Two pairs could trade. The third proposes (8 + 24) / 2 = 16, which suits the second pair.

    >>> ones = np.array([1, 1, 1])
    >>> book = OrderBook(np.array([10.0, 14.0, 24.0]), ones, np.array([30.0, 20.0, 8.0]), ones)
    >>> result = McAfee().clear(book, AuctionRules())
    >>> result.price, result.volume
    (16.0, 2)

    With a third offer at 34 it proposes 21, too much for the second bid: one pair is left.

    >>> book = OrderBook(np.array([10.0, 14.0, 34.0]), ones, np.array([30.0, 20.0, 8.0]), ones)
    >>> result = McAfee().clear(book, AuctionRules())
    >>> result.buy_price, result.sell_price, result.volume
    (20.0, 14.0, 1)
    """

    draws: ClassVar[bool] = False

    def clear(
        self, book: OrderBook, rules: AuctionRules, rng: np.random.Generator | None = None
    ) -> ClearingResult:
        """Return the accepted quantities and the price, or the two prices after a reduction."""
        ranked = rank(book, rules, rng)
        asks, bids = ranked.asks, ranked.bids
        price = _proposed(ranked)
        if price is None:
            return reduced(book, ranked, rules)
        sold, bought = asks.first(asks.accepted), bids.first(bids.accepted)
        return traded(book, ranked, sold, bought, (price, price))


def _proposed(ranked: Ranked) -> float | None:
    """Return the price of the first pair outside if it suits the last pair inside.

    Outside are a legal bid and a legal offer above it, so their middle is legal too.
    """
    asks, bids = ranked.asks, ranked.bids
    k = asks.accepted
    if not k or not _one_size(asks, bids) or k >= min(asks.price.size, bids.price.size):
        return None
    price = float(bids.price[k] + (asks.price[k] - bids.price[k]) / 2)
    return price if asks.price[k - 1] <= price <= bids.price[k - 1] else None


def _one_size(asks: Queue, bids: Queue) -> bool:
    size = asks.quantity[0]
    return bool((asks.quantity == size).all() and (bids.quantity == size).all())
