"""Vickrey-Clarke-Groves: the efficient trades, and everybody pays what the others lose by him."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from market.clearing import AuctionRules, ClearingResult, at_own_prices, mechanisms, within_limits
from market.crossing import Crossing, cross
from market.mechanisms.uniform import k_point
from market.orders import OrderBook, owners
from market.units import FloatArray, IntArray


@mechanisms.register("vcg")
@dataclass(frozen=True, slots=True)
class Vcg:
    """Vickrey-Clarke-Groves: volume as `uniform`, each owner pays what the others lose by him.

    An owner's payment is the gains from trade the others would have without him, less what
    they have with him; negative for a seller. All his accepted orders of one side pay the same
    price. Who both buys and sells trades the lesser of the two at the middle of the clearing
    prices; the other side carries the rest. Honest orders are best for every owner whose
    orders carry decreasing values. Sellers receive more than buyers pay: the operator bears
    the difference. Prices are kept within floor and cap; where that binds, honesty may no
    longer be best.

    References
    ----------
    Vickrey (1961), Journal of Finance 16, 8-37; Clarke (1971), Public Choice 11, 17-33;
    Groves (1973), Econometrica 41, 617-631.

    Examples
    --------
    A bid of 5 Wh at 30 meets 5 Wh at 10; 5 Wh at 20 and a bid of 5 Wh at 12 are left. Without
    the buyer the bid at 12 would have the energy, without the seller the offer at 20 would
    serve the bid at 30.

    >>> five = np.array([5, 5])
    >>> book = OrderBook(np.array([10.0, 20.0]), five, np.array([30.0, 12.0]), five)
    >>> result = Vcg().clear(book, AuctionRules())
    >>> result.volume, result.ask_pay, result.bid_pay
    (5, array([20., 20.]), array([12., 12.]))
    """

    draws: ClassVar[bool] = False

    def clear(
        self, book: OrderBook, rules: AuctionRules, rng: np.random.Generator | None = None
    ) -> ClearingResult:
        """Return the accepted quantities and each order's price."""
        found = cross(book, rules, rng)
        fills = found.ask_fill, found.bid_fill
        return at_own_prices((found.low, found.high), fills, _prices(book, found, rules))


def _prices(book: OrderBook, found: Crossing, rules: AuctionRules) -> tuple[FloatArray, FloatArray]:
    """Return each order's price; its own where it does not trade."""
    if not found.volume:
        return book.ask_price.copy(), book.bid_price.copy()
    asks = np.flatnonzero((book.ask_quantity > 0) & (book.ask_price <= rules.price_cap))
    bids = np.flatnonzero((book.bid_quantity > 0) & (book.bid_price >= rules.price_floor))
    sellers, buyers, count = number_owners(book, asks, bids)
    sold = total_by_owner(sellers, found.ask_fill[asks], count)
    bought = total_by_owner(buyers, found.bid_fill[bids], count)
    # Money is counted from a clearing price on, so that sums of large quantities keep their
    # bits; who nets to zero then trades at that price on both sides.
    level = k_point(found.low, found.high, 0.5)
    owner = np.concatenate((sellers, buyers))
    less, more = _effects(book, found, (asks, bids), owner, bought - sold, level)
    ask_price = level + (more / np.maximum(sold, 1))[sellers]
    bid_price = level - (less / np.maximum(bought, 1))[buyers]
    ask_pay, bid_pay = book.ask_price.copy(), book.bid_price.copy()
    ask_pay[asks] = paid(ask_pay[asks], found.ask_fill[asks], ask_price, rules, np.maximum)
    bid_pay[bids] = paid(bid_pay[bids], found.bid_fill[bids], bid_price, rules, np.minimum)
    return ask_pay, bid_pay


def _effects(
    book: OrderBook,
    found: Crossing,
    rows: tuple[IntArray, IntArray],
    owner: IntArray,
    net: IntArray,
    level: float,
) -> tuple[FloatArray, FloatArray]:
    """Return what each net buyer pays less, and each net seller receives more, than `level`.

    Rank the units of both sides by price. With S units offered, the efficient trades leave
    the energy with the S dearest units: accepted bids and unsold offers. Without an owner who
    buys n units net the others have n more: the dearest of theirs that went without. Without
    one who sells n net they lose n: the cheapest of theirs that had the energy. All of these
    lie beyond the margin, so no accepted order trades at a price worse than its own.
    """
    asks, bids = rows
    price = np.concatenate((book.ask_price[asks], book.bid_price[bids]))
    sold, bought = found.ask_fill[asks], found.bid_fill[bids]
    without = np.concatenate((sold, book.bid_quantity[bids] - bought))
    having = np.concatenate((book.ask_quantity[asks] - sold, bought))
    less = displaced(-price, level - price, without, owner, np.maximum(net, 0))
    more = displaced(price, price - level, having, owner, np.maximum(-net, 0))
    return less, more


def number_owners(
    book: OrderBook, asks: IntArray, bids: IntArray
) -> tuple[IntArray, IntArray, int]:
    """Return who placed the named offers and bids, counted from 0, and how many owners they are.

    >>> book = OrderBook(*[np.array([1, 1])] * 4, quantum=1.0)
    >>> number_owners(book, np.array([1]), np.array([0, 1]))
    (array([0]), array([1, 2]), 3)
    """
    sellers, buyers = owners(book)
    names, number = np.unique(np.concatenate((sellers[asks], buyers[bids])), return_inverse=True)
    return number[: asks.size], number[asks.size :], names.size


def total_by_owner(owner: IntArray, quantity: IntArray, count: int) -> IntArray:
    """Return the quantity of each owner.

    >>> total_by_owner(np.array([1, 0, 1]), np.array([5, 6, 7]), 3)
    array([ 6, 12,  0])
    """
    return np.bincount(owner, quantity, count).astype(np.int64)


def paid(
    own: FloatArray, fill: IntArray, price: FloatArray, rules: AuctionRules, better: np.ufunc
) -> FloatArray:
    """Return prices within floor and cap; the order's own where it does not trade.

    Rounding must not carry a price past the order's own by its last bit: `better` of the two
    is the higher for offers, the lower for bids.

    >>> own, price = np.array([5.0, 7.0]), np.array([4.0, 4.0])
    >>> paid(own, np.array([1, 0]), price, AuctionRules(price_floor=4.5), np.minimum)
    array([4.5, 7. ])
    """
    within: FloatArray = np.where(fill > 0, better(within_limits(price, rules), own), own)
    return within


def displaced(
    rank: FloatArray, value: FloatArray, quantity: IntArray, owner: IntArray, needed: IntArray
) -> FloatArray:
    """Return, for each owner, what the next units of the others are worth.

    Parameters
    ----------
    rank, value, quantity, owner : array, shape (n,)
        Queue of orders, lowest rank first, and what one unit of each is worth.
    needed : array of int, shape (owners,)
        How many units of others each owner displaces. Units that do not exist are worth nothing.

    Examples
    --------
    Owner 0 displaces 3 units; his own first order does not count.

    >>> queue = np.array([[1.0, 2.0, 3.0], [9.0, 8.0, 7.0]])
    >>> displaced(*queue, np.array([5, 2, 2]), np.array([0, 1, 2]), np.array([3, 0, 0]))
    array([23.,  0.,  0.])
    """
    rows = np.flatnonzero(quantity)
    if not rows.size or not needed.any():
        return np.zeros(needed.size)
    rows = rows[rank[rows].argsort(kind="stable")]
    value, quantity, owner = value[rows], quantity[rows], owner[rows]
    reached = quantity.cumsum()
    # An own order is passed over if others' units before it do not suffice.
    passed = reached - quantity - _own_before(owner, quantity) < needed[owner]
    end = needed + total_by_owner(owner, quantity * passed, needed.size)
    end = np.minimum(end, reached[-1])
    row = reached.searchsorted(end)
    amount = value * quantity
    before = np.concatenate(([0.0], amount.cumsum()))[row]
    within = (end - (reached - quantity)[row]) * value[row]
    worth: FloatArray = before + within - np.bincount(owner, amount * passed, needed.size)
    return worth


def _own_before(owner: IntArray, quantity: IntArray) -> IntArray:
    """Return for each order how much of its owner stands before it in the queue."""
    rows = owner.argsort(kind="stable")
    sums = quantity[rows].cumsum() - quantity[rows]
    starts = np.flatnonzero(np.diff(owner[rows], prepend=-1))
    before = np.empty_like(quantity)
    before[rows] = sums - np.repeat(sums[starts], np.diff(starts, append=rows.size))
    return before
