"""Trade reduction with one price: nothing is left to the operator, a lot decides who waits."""

from dataclasses import dataclass

import numpy as np

from market.clearing import AuctionRules, ClearingResult, mechanisms
from market.crossing import ration
from market.orders import OrderBook
from market.trade_reduction import nothing, rank, traded, within


@mechanisms.register("sbba")
@dataclass(frozen=True, slots=True)
class Sbba:
    """Strongly budget-balanced trade reduction: one price, and one seller left out by lot.

    Let k orders of either side trade efficiently, bids ranked from the highest (b), offers from
    the lowest (s). The price is the smaller of s[k+1] and b[k]. At s[k+1] all k pairs trade. At
    b[k] the k-th buyer stays out, and of the k sellers one, drawn by lot. Buyers pay what sellers
    receive.

    Orders of different size are our generalisation. With the K-th bid and the L-th offer the
    last accepted, the price is the smaller of s[L+1] and b[K], and in the second case bid K
    stays out. Buyers are served in full, sellers 1 to L in an order drawn by lot until demand is
    met, the last one perhaps in part.

    Equal prices rank in row order, or by lot where the tie-break is random. The price is clipped
    to floor and cap.

    References
    ----------
    Segal-Halevi, Hassidim and Aumann (2016), SBBA: a strongly-budget-balanced double-auction
    mechanism, Algorithmic Game Theory (SAGT), Lecture Notes in Computer Science 9928, 260-272.

    Examples
    --------
    Two pairs could trade. The third offer at 18 is below the second bid: both trade at 18.

    >>> from market.streams import stream
    >>> ones = np.array([1, 1, 1])
    >>> book = OrderBook(np.array([10.0, 14.0, 18.0]), ones, np.array([30.0, 20.0, 8.0]), ones)
    >>> result = Sbba().clear(book, AuctionRules(), stream(1))
    >>> result.price, result.volume
    (18.0, 2)

    With the third offer at 24 the second bid sets the price and stays out.

    >>> book = OrderBook(np.array([10.0, 14.0, 24.0]), ones, np.array([30.0, 20.0, 8.0]), ones)
    >>> result = Sbba().clear(book, AuctionRules(), stream(1))
    >>> result.price, result.volume, result.bid_fill
    (20.0, 1, array([1, 0, 0]))
    """

    def clear(
        self, book: OrderBook, rules: AuctionRules, rng: np.random.Generator | None = None
    ) -> ClearingResult:
        """Return the accepted quantities and the price."""
        ranked = rank(book, rules, rng)
        asks, bids = ranked.asks, ranked.bids
        if not asks.accepted:
            return nothing(book, ranked)
        outside = asks.price[asks.accepted] if asks.accepted < asks.price.size else np.inf
        marginal = bids.price[bids.accepted - 1]
        bought = bids.first(bids.accepted if outside <= marginal else bids.accepted - 1)
        rows, supply = asks.first(asks.accepted)
        lot = AuctionRules(tie_break="random")
        sold = rows, ration(supply, int(bought[1].sum()), lot, rng)
        price = within(min(outside, marginal), rules)
        return traded(book, ranked, sold, bought, (price, price))
