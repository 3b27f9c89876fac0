"""Pairs of orders: who trades with whom, and the mean price that makes for each order."""

from typing import NamedTuple

import numpy as np

from market.clearing import AuctionRules, Trades, within_limits
from market.orders import OrderBook
from market.units import FloatArray, IntArray


class Paired(NamedTuple):
    """What pairs come to: quantities and prices of all offers, of all bids."""

    fills: tuple[IntArray, IntArray]
    pays: tuple[FloatArray, FloatArray]


def side_by_side(
    asks: IntArray, ask_part: IntArray, bids: IntArray, bid_part: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """Return offer, bid and quantity of each pair: two queues laid side by side, cut at every edge.

    >>> side_by_side(np.array([0, 1]), np.array([4, 2]), np.array([7]), np.array([6]))
    (array([0, 1]), array([7, 7]), array([4, 2]))
    """
    ask_edge, bid_edge = ask_part.cumsum(), bid_part.cumsum()
    edges = np.union1d(ask_edge, bid_edge)
    ask, bid = asks[ask_edge.searchsorted(edges)], bids[bid_edge.searchsorted(edges)]
    return ask, bid, np.diff(edges, prepend=0)


def joined(*parts: Trades) -> Trades:
    """Return the pairs of several parts as one list."""
    return Trades(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def paired(book: OrderBook, rules: AuctionRules, trades: Trades) -> Paired:
    """Return what each order trades, at the mean price of its pairs; its own without any."""
    value = trades.price * trades.quantity
    ask_fill, ask_mean = _mean(trades.ask, trades.quantity, value, book.ask_price, rules)
    bid_fill, bid_mean = _mean(trades.bid, trades.quantity, value, book.bid_price, rules)
    # A mean of prices that respect a limit respects it too, but for the last bit.
    pays = np.maximum(ask_mean, book.ask_price), np.minimum(bid_mean, book.bid_price)
    return Paired((ask_fill, bid_fill), pays)


def _mean(
    rows: IntArray, part: IntArray, value: FloatArray, own: FloatArray, rules: AuctionRules
) -> tuple[IntArray, FloatArray]:
    fill = np.zeros(own.size, np.int64)
    np.add.at(fill, rows, part)
    total = np.bincount(rows, weights=value, minlength=own.size)
    mean = within_limits(total / np.maximum(fill, 1), rules)
    return fill, np.where(fill > 0, mean, own)
