"""Trade reduction for orders of any size: the last accepted order of either side stays out."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from market.clearing import AuctionRules, ClearingResult, mechanisms
from market.orders import OrderBook
from market.trade_reduction import Ranked, nothing, rank, traded, within
from market.units import IntArray


@mechanisms.register("huang")
@dataclass(frozen=True, slots=True)
class Huang:
    """Multi-unit trade reduction: the marginal bid and offer set the prices and do not trade.

    Bids are ranked from the highest, offers from the lowest. Let the K-th bid and the L-th offer
    be the last that the efficient trade accepts, in full or in part. Bids 1 to K-1 and offers 1
    to L-1 trade; buyers pay the K-th bid, sellers receive the L-th offer, the operator keeps the
    difference. Where the two sides do not match, all orders of the longer side give up the same
    quantity; who has less gives up all he has, and the others share the rest.

    Equal prices rank in row order, or by lot where the tie-break is random. Each order stands
    for itself, whoever placed it. Prices are clipped to floor and cap.

    References
    ----------
    Huang, Scheller-Wolf and Sycara (2002), Design of a multi-unit double auction e-market,
    Computational Intelligence 18, 596-617.

    Examples
    --------
    Efficient are 9 Wh; the marginal orders, a bid at 30 and an offer at 20, set the prices. Then
    6 Wh of demand face 4 Wh of supply, so each of the two other bids gives up 1 Wh.

    >>> asks = np.array([10.0, 20.0]), np.array([4, 5])
    >>> bids = np.array([50.0, 40.0, 30.0]), np.array([4, 2, 9])
    >>> book = OrderBook(*asks, *bids)
    >>> result = Huang().clear(book, AuctionRules())
    >>> result.buy_price, result.sell_price, result.bid_fill, result.ask_fill
    (30.0, 20.0, array([3, 1, 0]), array([4, 0]))
    """

    draws: ClassVar[bool] = False

    def clear(
        self, book: OrderBook, rules: AuctionRules, rng: np.random.Generator | None = None
    ) -> ClearingResult:
        """Return the accepted quantities and the two prices."""
        return reduced(book, rank(book, rules, rng), rules)


def reduced(book: OrderBook, ranked: Ranked, rules: AuctionRules) -> ClearingResult:
    """Return the trade without the last accepted bid and offer, at their prices."""
    asks, bids = ranked.asks, ranked.bids
    if not asks.accepted:
        return nothing(book, ranked)
    (ask_rows, supply), (bid_rows, demand) = (
        side.first(side.accepted - 1) for side in (asks, bids)
    )
    volume = min(int(supply.sum()), int(demand.sum()))
    sold, bought = (ask_rows, curtailed(supply, volume)), (bid_rows, curtailed(demand, volume))
    prices = asks.price[asks.accepted - 1], bids.price[bids.accepted - 1]
    return traded(book, ranked, sold, bought, (within(prices[0], rules), within(prices[1], rules)))


def curtailed(quantity: IntArray, total: int) -> IntArray:
    """Cut orders to `total`, the same quantity off each, at most all it has.

    What does not divide evenly is left to the earlier rows, so nobody's price counts.

    >>> curtailed(np.array([5, 1, 9]), 8)
    array([2, 0, 6])
    """
    surplus = int(quantity.sum()) - total
    if surplus <= 0:
        return quantity
    ascending = np.sort(quantity)
    sharing = np.arange(ascending.size, 0, -1)
    smaller = ascending.cumsum() - ascending
    # If everybody gave up as much as the j-th smallest has, this much would be given up.
    j = int((smaller + sharing * ascending).searchsorted(surplus))
    cut = -((smaller[j] - surplus) // sharing[j])
    parts: IntArray = np.maximum(quantity - cut, 0)
    spare = total - int(parts.sum())
    parts[(quantity >= cut).nonzero()[0][:spare]] += 1
    return parts
