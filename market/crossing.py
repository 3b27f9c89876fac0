"""Where supply meets demand: the market-clearing prices, the volume and who trades.

Every call auction starts here; the mechanisms differ in what is then paid.

The whole set of clearing prices comes from one ranking. Let Z(p) be all quantities, of offers
and bids alike, priced at or below p, and D the quantity of all bids. Then Z(p) - D is the
excess of offers at or below p over bids above p. So p clears the book exactly when
Z(p) >= D, and the quantity priced strictly below p is at most D: the set reaches from the
D-th to the (D+1)-th unit when all units of both sides are ranked by price. Of a large book only
the orders around these two are ranked.
"""

from typing import NamedTuple

import numpy as np

from market.clearing import AuctionRules
from market.orders import OrderBook
from market.units import BoolArray, FloatArray, IntArray, share_out

LARGE = 4096  # orders; more are first narrowed down by a sample, fewer are ranked at once
SAMPLE = 1024
MARGIN = 64  # four standard deviations of a median's rank in such a sample

Block = tuple[FloatArray, IntArray]  # price, quantity
Sides = tuple[Block, Block]


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
    asks = _live(book.ask_price, book.ask_quantity)
    bids = _live(book.bid_price, book.bid_quantity)
    if not asks[0].size or not bids[0].size:
        return float(bids[0].max(initial=-np.inf)), float(asks[0].min(initial=np.inf))
    return _neighbours((asks, bids), int(np.add.reduce(bids[1])))


def _live(price: FloatArray, quantity: IntArray) -> Block:
    """Return the rows that are orders; books of the engine are mostly empty slots."""
    if np.count_nonzero(quantity) == quantity.size:
        return price, quantity
    rows = quantity > 0
    return price.compress(rows), quantity.compress(rows)


def _neighbours(sides: Sides, unit: int) -> tuple[float, float]:
    """Return the prices of unit number `unit` and of the next when all are ranked by price."""
    size = sides[0][0].size + sides[1][0].size
    while size > LARGE:
        sides, unit = _around(sides, unit)
        before, size = size, sides[0][0].size + sides[1][0].size
        if 2 * size > before:  # one price holds most orders, or the sample misled
            break
    price, quantity = _merged(sides)
    order = price.argsort()
    reached = quantity[order].cumsum()
    first = reached.searchsorted(unit)
    second = first + 1 if reached[first] == unit else first
    return float(price[order[first]]), float(price[order[second]])


def _merged(sides: Sides) -> Block:
    (ask_price, ask_quantity), (bid_price, bid_quantity) = sides
    return np.concatenate((ask_price, bid_price)), np.concatenate((ask_quantity, bid_quantity))


def _around(sides: Sides, unit: int) -> tuple[Sides, int]:
    """Return the orders near unit number `unit`, and that unit's number among them.

    A sample says where to look. Exact sums decide: where the two units lie outside, all orders
    are returned.
    """
    whole = sum(int(np.add.reduce(quantity)) for _, quantity in sides)
    low, high = _bracket(sides, unit / whole)
    below, near = 0, []
    for price, quantity in sides:
        chosen = (price >= low) & (price <= high)
        near.append((price.compress(chosen), quantity.compress(chosen)))
        below += int(np.add.reduce(quantity.compress(price < low)))
    within = sum(int(np.add.reduce(quantity)) for _, quantity in near)
    return ((near[0], near[1]), unit - below) if below < unit < below + within else (sides, unit)


def _bracket(sides: Sides, share: float) -> tuple[float, float]:
    """Return two prices between which, by a sample, `share` of all units is reached."""
    asks, bids = sides
    step = (asks[0].size + bids[0].size) // SAMPLE
    some = slice(None, None, step)
    price, quantity = _merged(((asks[0][some], asks[1][some]), (bids[0][some], bids[1][some])))
    order = price.argsort()
    reached = quantity[order].cumsum(dtype=np.float64)
    middle = int(reached.searchsorted(share * reached[-1]))
    first, last = middle - MARGIN, middle + MARGIN
    low = price[order[first]] if first >= 0 else -np.inf
    high = price[order[last]] if last < price.size else np.inf
    return float(low), float(high)


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
    """Return volume and fills at a clearing price; the long side gives way at `level`."""
    ask_fill = book.ask_quantity * (book.ask_price <= level)
    bid_fill = book.bid_quantity * (book.bid_price >= level)
    offered, wanted = int(np.add.reduce(ask_fill)), int(np.add.reduce(bid_fill))
    if offered > wanted:
        _cut(ask_fill, book.ask_price == level, offered - wanted, rules, rng)
    elif wanted > offered:
        _cut(bid_fill, book.bid_price == level, wanted - offered, rules, rng)
    return min(offered, wanted), ask_fill, bid_fill


def _cut(
    fill: IntArray,
    marginal: BoolArray,
    excess: int,
    rules: AuctionRules,
    rng: np.random.Generator | None,
) -> None:
    """Take `excess` from the fills of the marginal orders."""
    rows = marginal.nonzero()[0]
    if rows.size == 1:
        fill[rows[0]] -= excess
        return
    rows = rows[fill[rows] > 0]
    quantity = fill[rows]
    fill[rows] = ration(quantity, int(np.add.reduce(quantity)) - excess, rules, rng)


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
