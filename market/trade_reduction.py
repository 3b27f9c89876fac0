"""Ranked queues of offers and bids: where every trade-reduction auction starts.

Trade reduction gives up the last efficient trade, so that no price depends on an order that
trades at it. What it needs is the rank of every order and which order is the last accepted.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from market.clearing import NAN, AuctionRules, ClearingResult, at_two_prices
from market.crossing import cross
from market.orders import OrderBook
from market.units import FloatArray, IntArray

Parts = tuple[IntArray, IntArray]
"""Rows of orders and a quantity for each."""


class Queue(NamedTuple):
    """The orders of one side that may trade, best price first.

    Attributes
    ----------
    rows : array of int
        Rows of the orders in the book's block.
    price : array
        Currency/MWh.
    quantity : array of int
        In units of the book's quantum.
    accepted : int
        How many of them, from the front, the efficient trade fills at least in part.
    """

    rows: IntArray
    price: FloatArray
    quantity: IntArray
    accepted: int

    def first(self, n: int) -> Parts:
        """Return rows and quantities of the first `n` orders, by row, not by price."""
        by_row = self.rows[:n].argsort()
        return self.rows[:n][by_row], self.quantity[:n][by_row]


class Ranked(NamedTuple):
    """Both sides of a book in rank order, and the ends of its set of clearing prices."""

    asks: Queue
    bids: Queue
    low: float
    high: float


def rank(book: OrderBook, rules: AuctionRules, rng: np.random.Generator | None = None) -> Ranked:
    """Return both queues up to the last efficient trade and beyond.

    Orders without a legal price take no part. A rank is a place, so equal prices need an order
    too: that of the rows, or drawn by lot where the tie-break is random.

    >>> book = OrderBook(np.array([30.0, 10.0]), np.array([4, 4]), np.array([40.0]), np.array([6]))
    >>> asks, bids, low, high = rank(book, AuctionRules())
    >>> asks.rows, asks.accepted, bids.accepted
    (array([1, 0]), 2, 1)
    """
    found = cross(book, replace(rules, tie_break="time"))
    legal_asks = book.ask_quantity * (book.ask_price <= rules.price_cap)
    legal_bids = book.bid_quantity * (book.bid_price >= rules.price_floor)
    ask_rows, bid_rows = _in_turn(legal_asks, rules, rng), _in_turn(legal_bids, rules, rng)
    ask_rows = ask_rows[book.ask_price[ask_rows].argsort(kind="stable")]
    bid_rows = bid_rows[(-book.bid_price[bid_rows]).argsort(kind="stable")]
    return Ranked(
        _queue(ask_rows, book.ask_price, book.ask_quantity, found.volume),
        _queue(bid_rows, book.bid_price, book.bid_quantity, found.volume),
        found.low,
        found.high,
    )


def _in_turn(quantity: IntArray, rules: AuctionRules, rng: np.random.Generator | None) -> IntArray:
    """Return the rows that are orders, in the order in which equal prices rank."""
    rows: IntArray = quantity.nonzero()[0]
    if rules.tie_break == "random":
        if rng is None:
            raise ValueError("the random tie-break needs a random generator")
        rng.shuffle(rows)
    return rows


def _queue(rows: IntArray, price: FloatArray, quantity: IntArray, volume: int) -> Queue:
    """Return ranked rows as a queue, accepted as far as `volume` reaches."""
    amounts = quantity[rows]
    accepted = int(amounts.cumsum().searchsorted(volume)) + 1 if volume else 0
    return Queue(rows, price[rows], amounts, accepted)


def within(price: float, rules: AuctionRules) -> float:
    """Return a price clipped to floor and cap.

    >>> within(2000.0, AuctionRules(price_cap=1500.0))
    1500.0
    """
    return float(min(max(price, rules.price_floor), rules.price_cap))


def traded(
    book: OrderBook, ranked: Ranked, sold: Parts, bought: Parts, prices: tuple[float, float]
) -> ClearingResult:
    """Return the result in which these orders trade; `prices` are the sellers' and the buyers'.

    A price is reported only where something trades.
    """
    ask_fill, bid_fill = np.zeros_like(book.ask_quantity), np.zeros_like(book.bid_quantity)
    ask_fill[sold[0]], bid_fill[bought[0]] = sold[1], bought[1]
    return at_two_prices((ranked.low, ranked.high), (ask_fill, bid_fill), *prices)


def nothing(book: OrderBook, ranked: Ranked) -> ClearingResult:
    """Return the result in which nobody trades."""
    none = np.empty(0, np.int64), np.empty(0, np.int64)
    return traded(book, ranked, none, none, (NAN, NAN))
