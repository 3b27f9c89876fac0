"""Where supply meets demand: the market-clearing prices, the volume and who trades.

Every call auction starts here; the mechanisms differ in what is then paid.

The whole set of clearing prices comes from one sort. Let Z(p) be all quantities, of offers
and bids alike, priced at or below p, and D the quantity of all bids. Then Z(p) - D is the
excess of offers at or below p over bids above p. So p clears the book exactly when
Z(p) >= D, and the quantity priced strictly below p is at most D: the set reaches from the
D-th to the (D+1)-th unit when all units of both sides are ranked by price.
"""

from typing import NamedTuple

import numpy as np

from market.clearing import AuctionRules
from market.orders import OrderBook
from market.units import FloatArray, IntArray, share_out


class Crossing(NamedTuple):
    """What every call auction on a book agrees on.

    Attributes
    ----------
    low, high : float
        Ends of the set of market-clearing prices within floor and cap; NaN when unbounded.
    volume : int
        The largest quantity that can trade, in units of the book's quantum.
    ask_fill, bid_fill : array of int
        Accepted quantity of each order, aligned with the book.
    """

    low: float
    high: float
    volume: int
    ask_fill: IntArray
    bid_fill: IntArray


def cross(book: OrderBook, rules: AuctionRules, rng: np.random.Generator | None = None) -> Crossing:
    """Return the market-clearing prices, the largest volume and the accepted quantities.

    Offers above the cap and bids below the floor can never trade at a legal price and take
    no part. The best-priced orders trade in full; on the long side the orders at the margin
    share what is left by `rules.tie_break`.

    >>> book = OrderBook(np.array([10.0, 30.0]), np.array([4, 4]), np.array([40.0]), np.array([6]))
    >>> found = cross(book, AuctionRules())
    >>> found.low, found.high, found.volume, found.ask_fill
    (30.0, 30.0, 6, array([4, 2]))
    """
    low, high = clearing_prices(book)
    if low > rules.price_cap or high < rules.price_floor or high - low == np.inf:
        book = _tradable(book, rules)
        low, high = clearing_prices(book)
    ends = _bounded(low, high, rules)
    if high - low == np.inf:
        nothing = np.zeros_like(book.ask_quantity), np.zeros_like(book.bid_quantity)
        return Crossing(*ends, 0, *nothing)
    # No order lies strictly between the ends, so any clearing price gives the same trades;
    # but only a legal one keeps bids below the floor out.
    level = max(low, min(high, rules.price_floor))
    volume, ask_fill, bid_fill = _fills(book, level, rules, rng)
    return Crossing(*ends, volume, ask_fill, bid_fill)


def clearing_prices(book: OrderBook) -> tuple[float, float]:
    """Return both ends of the set of market-clearing prices, infinite where unbounded.

    >>> clearing_prices(OrderBook(np.array([10.0]), np.array([5]), np.array([40.0]), np.array([5])))
    (10.0, 40.0)
    """
    ask_price, ask_quantity = _live(book.ask_price, book.ask_quantity)
    bid_price, bid_quantity = _live(book.bid_price, book.bid_quantity)
    if not ask_price.size or not bid_price.size:
        low = float(bid_price.max()) if bid_price.size else -np.inf
        high = float(ask_price.min()) if ask_price.size else np.inf
        return low, high
    price = np.concatenate((ask_price, bid_price))
    order = price.argsort()
    reached = np.concatenate((ask_quantity, bid_quantity))[order].cumsum()
    demand = np.add.reduce(bid_quantity)
    low = price[order[reached.searchsorted(demand)]]
    high = price[order[reached.searchsorted(demand, "right")]]
    return float(low), float(high)


def _live(price: FloatArray, quantity: IntArray) -> tuple[FloatArray, IntArray]:
    """Return the rows that are orders; books of the engine are mostly empty slots."""
    rows = (quantity > 0).nonzero()[0]
    if rows.size == quantity.size:
        return price, quantity
    return price[rows], quantity[rows]


def _tradable(book: OrderBook, rules: AuctionRules) -> OrderBook:
    """Return the book with the orders that have no legal price at quantity zero."""
    return OrderBook(
        book.ask_price,
        book.ask_quantity * (book.ask_price <= rules.price_cap),
        book.bid_price,
        book.bid_quantity * (book.bid_price >= rules.price_floor),
        book.quantum,
    )


def _bounded(low: float, high: float, rules: AuctionRules) -> tuple[float, float]:
    """Return the ends within floor and cap; an open end takes those, else the marginal order."""
    floor, cap = rules.price_floor, rules.price_cap
    if high - low == np.inf:
        low, high = _closed(low, high, floor), _closed(high, low, cap)
    # min and max keep a NaN that comes first.
    return min(max(low, floor), cap), min(max(high, floor), cap)


def _closed(end: float, other: float, limit: float) -> float:
    """Return an end of the set; where it is open the limit, else the marginal order, else NaN."""
    for bound in (end, limit, other):
        if np.isfinite(bound):
            return bound
    return float("nan")


def _fills(
    book: OrderBook, level: float, rules: AuctionRules, rng: np.random.Generator | None
) -> tuple[int, IntArray, IntArray]:
    """Return volume and fills at a clearing price; only orders at `level` can be rationed."""
    ask_fill = book.ask_quantity * (book.ask_price < level)
    bid_fill = book.bid_quantity * (book.bid_price > level)
    ask_rows = _marginal(book.ask_price, book.ask_quantity, level)
    bid_rows = _marginal(book.bid_price, book.bid_quantity, level)
    ask_level, bid_level = book.ask_quantity[ask_rows], book.bid_quantity[bid_rows]
    better_asks, better_bids = int(np.add.reduce(ask_fill)), int(np.add.reduce(bid_fill))
    volume = min(
        better_asks + int(np.add.reduce(ask_level)), better_bids + int(np.add.reduce(bid_level))
    )
    ask_fill[ask_rows] = ration(ask_level, volume - better_asks, rules, rng)
    bid_fill[bid_rows] = ration(bid_level, volume - better_bids, rules, rng)
    return volume, ask_fill, bid_fill


def _marginal(price: FloatArray, quantity: IntArray, level: float) -> IntArray:
    """Return the rows of the orders priced exactly at `level`."""
    rows: IntArray = ((price == level) & (quantity > 0)).nonzero()[0]
    return rows


def ration(
    quantity: IntArray, total: int, rules: AuctionRules, rng: np.random.Generator | None
) -> IntArray:
    """Share `total` among orders of one price by the rules' tie-break.

    >>> ration(np.array([4, 4]), 5, AuctionRules(tie_break="time"), None)
    array([4, 1])
    """
    if quantity.size < 2:
        return np.minimum(quantity, total)
    if rules.tie_break == "pro-rata":
        return share_out(total, quantity)
    if rules.tie_break == "time":
        return _in_turn(quantity, total)
    if rng is None:
        raise ValueError("the random tie-break needs a random generator")
    turn = rng.permutation(quantity.size)
    parts = np.empty_like(quantity)
    parts[turn] = _in_turn(quantity[turn], total)
    return parts


def _in_turn(quantity: IntArray, total: int) -> IntArray:
    """Fill the orders one after another until `total` is used up."""
    before = quantity.cumsum() - quantity
    return np.minimum(np.maximum(total - before, 0), quantity)
