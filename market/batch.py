"""Many order books at once: one crossing for all of them, the same as one by one.

The sides of all books are laid end to end: the offers of the first book, its bids, the offers of
the second, and so on. Everything of `market.crossing` then becomes a sum over such segments.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from market.clearing import AuctionRules
from market.sums import segment_sums, share_out_each
from market.units import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class Books:
    """Order books laid end to end.

    Attributes
    ----------
    price : array, shape (n_rows,)
        Currency/MWh.
    quantity : array of int
        Units of `quantum`; zero means no order.
    edge : array of int, shape (2 n_books + 1,)
        First row of each side of a book, and the end; even sides are offers, odd ones bids.
    quantum : float
        Energy of one unit of quantity in MWh.

    Examples
    --------
    >>> books = Books(np.array([10.0, 30.0]), np.array([5, 5]), np.array([0, 1, 2]), 1e-6)
    >>> books.buys
    array([False,  True])
    """

    price: FloatArray
    quantity: IntArray
    edge: IntArray
    quantum: float

    @cached_property
    def side(self) -> IntArray:
        """Each row's side, counted over all books."""
        return np.repeat(np.arange(self.edge.size - 1), np.diff(self.edge))

    @cached_property
    def book(self) -> IntArray:
        """Each row's book."""
        return self.side >> 1

    @cached_property
    def buys(self) -> BoolArray:
        """Which rows are bids."""
        return (self.side & 1).astype(np.bool_)

    @cached_property
    def size(self) -> IntArray:
        """Rows of each book."""
        return np.diff(self.edge[::2])

    def __len__(self) -> int:
        return self.edge.size // 2


class Crossings(NamedTuple):
    """What `market.crossing.Crossing` says, for many books.

    Attributes
    ----------
    low, high : array, shape (n_books,)
        Ends of the set of market-clearing prices within floor and cap; NaN when unbounded.
    volume : array of int, shape (n_books,)
        The largest quantity that can trade.
    fill : array of int, shape (n_rows,)
        Accepted quantity of each order, aligned with the books' rows.
    """

    low: FloatArray
    high: FloatArray
    volume: IntArray
    fill: IntArray


def cross_many(books: Books, rules: AuctionRules) -> Crossings:
    """Return what `market.crossing.cross` does for each book; ties by `pro-rata` or `time`.

    >>> two = np.array([10.0, 40.0, 20.0, 15.0]), np.array([4, 6, 5, 5]), np.arange(5)
    >>> cross_many(Books(*two, 1e-6), AuctionRules()).volume
    array([4, 0])
    """
    if rules.tie_break == "random":
        raise ValueError("random ties are drawn book by book")
    legal = np.where(books.buys, books.price >= rules.price_floor, books.price <= rules.price_cap)
    quantity = books.quantity * legal
    low, high = _clearing_prices(books, quantity)
    meet = high - low < np.inf
    level = np.where(meet, np.maximum(low, np.minimum(high, rules.price_floor)), np.nan)
    volume, fill = _fills(books, quantity, level, rules)
    return Crossings(*_bounded(low, high, meet, rules), volume, fill)


def _clearing_prices(books: Books, quantity: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return the ends of each book's set of clearing prices, infinite where unbounded."""
    supply, demand = segment_sums(quantity, books.edge).reshape(-1, 2).T
    both = (supply > 0) & (demand > 0)
    low, high = _best_orders(books, (quantity > 0) & ~np.repeat(both, books.size))
    start, rank = books.edge[::2], _ranks(books)
    reached, units = _running_sums(quantity[rank], start), np.repeat(demand, books.size)
    first = start[:-1] + segment_sums(reached < units, start)
    second = start[:-1] + segment_sums(reached <= units, start)
    low[both], high[both] = books.price[rank[first[both]]], books.price[rank[second[both]]]
    return low, high


def _best_orders(books: Books, rows: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Return the highest bid and the lowest offer of each book among some rows."""
    bids, asks = rows & books.buys, rows & ~books.buys
    highest, lowest = np.full(len(books), -np.inf), np.full(len(books), np.inf)
    np.maximum.at(highest, books.book[bids], books.price[bids])
    np.minimum.at(lowest, books.book[asks], books.price[asks])
    return highest, lowest


def _ranks(books: Books) -> IntArray:
    """Return the rows book by book, in each by price."""
    start = books.edge[::2]
    rank = np.repeat(start[:-1], books.size)
    # Many short sorts are faster than one long one.
    for first, last in pairwise(start.tolist()):
        rank[first:last] += books.price[first:last].argsort()
    return rank


def _running_sums(quantity: IntArray, start: IntArray) -> IntArray:
    """Return the sum from the start of each segment up to and with each row."""
    reached = np.concatenate(([0], quantity.cumsum()))
    # Sums over all books may wrap around; the differences of a book never do.
    found: IntArray = reached[1:] - np.repeat(reached[start[:-1]], np.diff(start))
    return found


def _bounded(
    low: FloatArray, high: FloatArray, meet: BoolArray, rules: AuctionRules
) -> tuple[FloatArray, FloatArray]:
    """Return the ends within floor and cap; an open end takes those, else the marginal order."""
    floor, cap = rules.price_floor, rules.price_cap
    low, high = (
        np.where(meet, low, _closed(low, high, floor)),
        np.where(meet, high, _closed(high, low, cap)),
    )
    return np.clip(low, floor, cap), np.clip(high, floor, cap)


def _closed(end: FloatArray, other: FloatArray, limit: float) -> FloatArray:
    """Return an end of the set; where it is open the limit, else the marginal order, else NaN."""
    marginal = np.where(np.isfinite(other), other, np.nan)
    open_end = np.full_like(end, limit) if np.isfinite(limit) else marginal
    return np.where(np.isfinite(end), end, open_end)


def _fills(
    books: Books, quantity: IntArray, level: FloatArray, rules: AuctionRules
) -> tuple[IntArray, IntArray]:
    """Return volumes and fills at each book's clearing price; nothing trades where it is NaN."""
    here = level[books.book]
    fill = quantity * np.where(books.buys, books.price >= here, books.price <= here)
    total = segment_sums(fill, books.edge)
    volume = np.minimum(total[::2], total[1::2])
    excess = total - np.repeat(volume, 2)
    rows = ((books.price == here) & (excess > 0)[books.side]).nonzero()[0]
    _cut(books, fill, rows, excess, rules)
    return volume, fill


def _cut(
    books: Books, fill: IntArray, rows: IntArray, excess: IntArray, rules: AuctionRules
) -> None:
    """Take each side's excess from the fills of its marginal orders."""
    side, start = np.unique(books.side[rows], return_index=True)
    edge = np.append(start, rows.size)
    marginal = fill[rows]
    total = segment_sums(marginal, edge) - excess[side]
    if rules.tie_break == "pro-rata":
        fill[rows] = share_out_each(total, marginal, edge)
        return
    before = _running_sums(marginal, edge) - marginal
    fill[rows] = np.clip(np.repeat(total, np.diff(edge)) - before, 0, marginal)


class ClearedBooks(NamedTuple):
    """What `market.clearing.ClearingResult` says, for many books.

    Attributes
    ----------
    price_low, price_high, volume : array, shape (n_books,)
        As in `ClearingResult`.
    fill : array of int, shape (n_rows,)
        Accepted quantity of each order.
    price : array, shape (n_books,)
        What buyers pay and sellers receive; NaN where nothing trades or prices are individual.
    pay : array, shape (n_rows,)
        Price of each order that trades, whatever it is for the others.
    """

    price_low: FloatArray
    price_high: FloatArray
    volume: IntArray
    fill: IntArray
    price: FloatArray
    pay: FloatArray
