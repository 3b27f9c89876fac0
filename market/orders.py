"""Limit orders as columns."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from market.units import WH_PER_MWH, BoolArray, FloatArray, IntArray


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
    ask_owner, bid_owner : array of int or None
        Who placed each order, by any number; None: every order is somebody else's.
    ask_turn, bid_turn : array of int or None
        When each order arrived, counted over both sides; None: offers first, each side in order.
    ask_party, bid_party : array of int or None
        Orders of one party (whole numbers from 0) never meet each other; None: anybody meets.
    ask_minimum, bid_minimum : array of int or None
        Least quantity an order accepts if it trades at all; None: none.
    ask_green, bid_green : array of bool or None
        Offers of clean energy, and bids that take nothing else; None: nobody asks.
    """

    ask_price: FloatArray
    ask_quantity: IntArray
    bid_price: FloatArray
    bid_quantity: IntArray
    quantum: float = 1 / WH_PER_MWH
    ask_owner: IntArray | None = None
    bid_owner: IntArray | None = None
    ask_turn: IntArray | None = None
    bid_turn: IntArray | None = None
    ask_party: IntArray | None = None
    bid_party: IntArray | None = None
    ask_minimum: IntArray | None = None
    bid_minimum: IntArray | None = None
    ask_green: BoolArray | None = None
    bid_green: BoolArray | None = None


def owners(book: OrderBook) -> tuple[IntArray, IntArray]:
    """Return who placed each offer and each bid; where nobody is named, each order is its own.

    >>> owners(OrderBook(np.array([1.0]), np.array([1]), np.array([2.0]), np.array([1])))
    (array([0]), array([1]))
    """
    if book.ask_owner is not None and book.bid_owner is not None:
        return book.ask_owner, book.bid_owner
    asks = book.ask_price.size
    return np.arange(asks), np.arange(asks, asks + book.bid_price.size)


def turns(book: OrderBook) -> tuple[IntArray, IntArray]:
    """Return when each offer and each bid arrived; where it is not said, offers came first.

    >>> turns(OrderBook(np.array([1.0]), np.array([1]), np.array([2.0]), np.array([1])))
    (array([0]), array([1]))
    """
    if book.ask_turn is not None and book.bid_turn is not None:
        return book.ask_turn, book.bid_turn
    asks = book.ask_price.size
    return np.arange(asks), np.arange(asks, asks + book.bid_price.size)


def part(book: OrderBook, asks: BoolArray, bids: BoolArray) -> OrderBook:
    """Return the book of some of the orders, with all that is known of them.

    >>> two = OrderBook(np.array([1.0, 2.0]), np.array([3, 4]), np.array([]), np.array([]))
    >>> part(two, np.array([False, True]), np.array([], bool)).ask_quantity
    array([4])
    """
    chosen: dict[str, Any] = {}
    for field in fields(book):
        column = getattr(book, field.name)
        rows = asks if field.name.startswith("ask") else bids
        chosen[field.name] = column[rows] if isinstance(column, np.ndarray) else column
    return OrderBook(**chosen)
