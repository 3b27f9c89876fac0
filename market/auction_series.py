"""Auctions one after another: their books laid end to end, and what else decides their outcome."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from market.auction import hold
from market.batch import Books
from market.clearing import AuctionRules, ClearingResult
from market.orders import OrderBook
from market.streams import stream
from market.units import BoolArray, FloatArray, IntArray

Lot = Mapping[str, Any]
"""State of a random generator just before an auction draws from it."""


class Terms(NamedTuple):
    """A mechanism with its parameters, and the rules that bound it."""

    mechanism: Any
    rules: AuctionRules


@dataclass(frozen=True)
class AuctionSeries:
    """The books of many auctions, and all that decides their outcomes.

    Attributes
    ----------
    books : Books
        Laid end to end.
    owner : array of int, shape (n_rows,)
        Who placed each order.
    terms : tuple of Terms
        The different terms that auctions were held under.
    term : array of int, shape (n_books,)
        Place of each auction's terms.
    party : array of int or None
        Orders of one party never meet; None: anybody meets.
    green : array of bool or None
        Offers of clean energy, and bids that take nothing else; None: nobody asks.
    turn : array of int or None
        When each order arrived; None: offers first.
    lots : tuple, length n_books, or empty
        What each auction draws from; empty or None where nothing is drawn.
    """

    books: Books
    owner: IntArray
    terms: tuple[Terms, ...]
    term: IntArray
    party: IntArray | None = None
    green: BoolArray | None = None
    turn: IntArray | None = None
    lots: tuple[Lot | None, ...] = ()

    def __len__(self) -> int:
        return len(self.books)

    def book(self, number: int, price: FloatArray, quantity: IntArray) -> OrderBook:
        """Return the book of an auction, at other prices and quantities of all rows if need be."""
        first, middle, last = self.books.edge[2 * number : 2 * number + 3].tolist()
        asks, bids = slice(first, middle), slice(middle, last)
        known: dict[str, Any] = {}
        for name in ("owner", "party", "green", "turn"):
            column = getattr(self, name)
            if column is not None:
                known |= {f"ask_{name}": column[asks], f"bid_{name}": column[bids]}
        orders = price[asks], quantity[asks], price[bids], quantity[bids]
        return OrderBook(*orders, quantum=self.books.quantum, **known)

    def outcome(self, number: int, price: FloatArray, quantity: IntArray) -> ClearingResult:
        """Clear the book of an auction as it was held; the lot falls the same way each time."""
        mechanism, rules = self.terms[self.term[number]]
        return hold(mechanism, self.book(number, price, quantity), rules, self.draws(number))

    def draws(self, number: int) -> np.random.Generator | None:
        """Return what the auction draws from, as it was before its first draw."""
        lot = self.lots[number] if self.lots else None
        if lot is None:
            return None
        generator = stream(0)
        generator.bit_generator.state = lot
        return generator

    def some(self, chosen: BoolArray) -> "AuctionSeries":
        """Return the chosen auctions, with the terms they were held under."""
        rows = chosen[self.books.book]
        used, term = np.unique(self.term[chosen], return_inverse=True)
        return AuctionSeries(
            some_books(self.books, chosen, self.books.price, self.books.quantity),
            self.owner[rows],
            tuple(self.terms[index] for index in used.tolist()),
            term,
            None if self.party is None else self.party[rows],
            None if self.green is None else self.green[rows],
            None if self.turn is None else self.turn[rows],
            tuple(self.lots[index] for index in chosen.nonzero()[0].tolist()) if self.lots else (),
        )

    def unconditional(self) -> "AuctionSeries":
        """Return the same orders without conditions on whom they meet."""
        return replace(self, party=None, green=None)


def some_books(books: Books, chosen: BoolArray, price: FloatArray, quantity: IntArray) -> Books:
    """Return the chosen books with these prices and quantities of all rows.

    >>> books = Books(np.array([1.0, 2.0, 3.0]), np.array([4, 5, 6]), np.array([0, 1, 2, 3, 3]), 1)
    >>> some_books(books, np.array([False, True]), books.price, books.quantity).edge
    array([0, 1, 1])
    """
    rows = chosen[books.book]
    sizes = np.diff(books.edge).reshape(-1, 2)[chosen].ravel()
    edge = np.concatenate(([0], sizes.cumsum()))
    return Books(price[rows], quantity[rows], edge, books.quantum)


def settle(
    series: AuctionSeries, chosen: BoolArray, price: FloatArray, quantity: IntArray
) -> tuple[IntArray, FloatArray]:
    """Return what each order trades and its price, in the chosen auctions of a series.

    Auctions without conditions are cleared together where the mechanism can, else one by one;
    the results are the same. Orders of other auctions, and orders that do not trade, are at 0.

    Parameters
    ----------
    price, quantity : array, shape (n_rows,)
        Of all orders of the series.
    """
    fill, pay = np.zeros_like(quantity), np.zeros_like(price)
    for place, (mechanism, rules) in enumerate(series.terms):
        wanted = chosen & (series.term == place)
        plain = series.party is None and series.green is None and rules.tie_break != "random"
        if plain and hasattr(mechanism, "clear_books"):
            rows = wanted[series.books.book]
            books = some_books(series.books, wanted, price, quantity)
            found = mechanism.clear_books(books, rules)
            fill[rows], pay[rows] = found.fill, np.where(found.fill > 0, found.pay, 0.0)
            continue
        for number in wanted.nonzero()[0].tolist():
            rows = slice(*series.books.edge[[2 * number, 2 * number + 2]].tolist())
            _note(series.outcome(number, price, quantity), fill[rows], pay[rows])
    return fill, pay


def _note(result: ClearingResult, fill: IntArray, pay: FloatArray) -> None:
    """Write fills and prices of a book's offers, then its bids."""
    asks = result.ask_fill.size
    fill[:asks], fill[asks:] = result.ask_fill, result.bid_fill
    pay[:asks] = result.sell_price if result.ask_pay is None else result.ask_pay
    pay[asks:] = result.buy_price if result.bid_pay is None else result.bid_pay
    pay[fill == 0] = 0.0


def lot_of(generator: np.random.Generator) -> Lot:
    """Return the state of a generator, to draw the same again.

    >>> draws = stream(1, "lot")
    >>> lot, first = lot_of(draws), draws.random()
    >>> draws.bit_generator.state = lot
    >>> bool(draws.random() == first)
    True
    """
    state: Lot = generator.bit_generator.state
    return state


def series_of(
    book: OrderBook, terms: Terms, draws: np.random.Generator | None = None
) -> AuctionSeries:
    """Return a single book as a series of one.

    >>> book = OrderBook(np.array([10.0]), np.array([5]), np.array([30.0]), np.array([4]))
    >>> series = series_of(book, Terms(None, AuctionRules()))
    >>> series.books.edge, series.owner
    (array([0, 1, 2]), array([0, 1]))
    """
    asks, bids = book.ask_price.size, book.bid_price.size
    edge = np.array([0, asks, asks + bids])
    price = np.concatenate((book.ask_price, book.bid_price)).astype(np.float64)
    quantity = np.concatenate((book.ask_quantity, book.bid_quantity)).astype(np.int64)
    owner = _both(book.ask_owner, book.bid_owner)
    return AuctionSeries(
        Books(price, quantity, edge, book.quantum),
        np.arange(asks + bids) if owner is None else owner,
        (terms,),
        np.zeros(1, np.int64),
        _both(book.ask_party, book.bid_party),
        _green(book),
        _both(book.ask_turn, book.bid_turn),
        () if draws is None else (lot_of(draws),),
    )


def _both(asks: IntArray | None, bids: IntArray | None) -> IntArray | None:
    return None if asks is None or bids is None else np.concatenate((asks, bids))


def _green(book: OrderBook) -> BoolArray | None:
    if book.bid_green is None or not book.bid_green.any():
        return None
    clean = book.ask_green
    clean = np.zeros(book.ask_price.size, np.bool_) if clean is None else clean
    return np.concatenate((clean, book.bid_green))
