"""Nobody trades with himself: what a party would sell to itself is cancelled."""

from dataclasses import replace

import numpy as np

from market.clearing import NAN, AuctionRules, ClearingResult, Mechanism
from market.orders import OrderBook
from market.units import FloatArray, IntArray

Sides = tuple[IntArray, IntArray]


def clear_apart(
    mechanism: Mechanism,
    book: OrderBook,
    rules: AuctionRules,
    rng: np.random.Generator | None,
    parties: Sides,
) -> ClearingResult:
    """Clear a book without trades of a party with itself.

    An outside market that sells and buys at one price would otherwise trade its whole depth
    with itself. What a party would sell to itself is cancelled, its dearest offers and lowest
    bids first. Where all pay one price it stays: both sides lose the same quantity, so it still
    clears the book. Individual prices are formed anew among the orders that are left.

    Parameters
    ----------
    parties : tuple of array of int
        Who placed each offer and each bid, by whole numbers from 0.

    Examples
    --------
    Party 0 offers 5 Wh at 20 and bids 9 Wh at 30; party 1 offers 5 Wh at 10.

    >>> from market.mechanisms.uniform import Uniform
    >>> book = OrderBook(np.array([20.0, 10.0]), np.array([5, 5]), np.array([30.0]), np.array([9]))
    >>> parties = np.array([0, 1]), np.array([0])
    >>> result = clear_apart(Uniform(), book, AuctionRules(), None, parties)
    >>> result.price, result.ask_fill, result.bid_fill
    (20.0, array([0, 5]), array([5]))
    """
    while True:
        result = mechanism.clear(book, rules, rng)
        own = _own(result, parties)
        if not own.any():
            return result
        asks, bids = _without(book, result, parties, own)
        if result.ask_pay is None and result.bid_pay is None:
            volume = result.volume - int(own.sum())
            left = replace(result, ask_fill=asks, bid_fill=bids, volume=volume)
            return left if volume else replace(left, price=NAN, buy_price=NAN, sell_price=NAN)
        book = replace(
            book,
            ask_quantity=book.ask_quantity - (result.ask_fill - asks),
            bid_quantity=book.bid_quantity - (result.bid_fill - bids),
        )


def _own(result: ClearingResult, parties: Sides) -> IntArray:
    """Return what each party both sells and buys."""
    sellers, buyers = parties
    n = max(sellers.max(initial=-1), buyers.max(initial=-1)) + 1
    sold, bought = np.zeros(n, np.int64), np.zeros(n, np.int64)
    # Not a weighted count: that adds floats, which lose single quanta of huge orders.
    np.add.at(sold, sellers, result.ask_fill)
    np.add.at(bought, buyers, result.bid_fill)
    return np.minimum(sold, bought)


def _without(book: OrderBook, result: ClearingResult, parties: Sides, own: IntArray) -> Sides:
    """Return the fills less what each party traded with itself."""
    return (
        _cut(result.ask_fill, -book.ask_price, parties[0], own),
        _cut(result.bid_fill, book.bid_price, parties[1], own),
    )


def _cut(fill: IntArray, rank: FloatArray, party: IntArray, own: IntArray) -> IntArray:
    """Take each party's own quantity from its fills, lowest rank first, equal ones in row order."""
    kept, left = fill.copy(), own.tolist()
    concerned = np.flatnonzero((own[party] > 0) & (fill > 0))
    for row in concerned[np.argsort(rank[concerned], kind="stable")].tolist():
        part = min(int(kept[row]), left[party[row]])
        kept[row] -= part
        left[party[row]] -= part
    return kept
