"""One party among orders that stay: what it has of its true orders, and of any others it sends."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from market.auction_series import AuctionSeries, settle
from market.deviations import Orders, OwnOrders, one_price
from market.residual import EFFICIENT, MARGINAL, at_margin, clearing_ends, reach, residual
from market.units import BoolArray, FloatArray, IntArray

ROUNDING = 1e-9  # of quantity times the largest price: what sums of such products may err
BEFORE, AROUND = (-1,), (-1, 0, 1)
"""Where to place an order beside that of a rival: just before it; before, at and behind it."""


class LoneBidder:
    """A party in auctions that were held under the same terms.

    Parameters
    ----------
    series : AuctionSeries
        Auctions in which the party has orders, at their true prices; one of `terms`.
    own : array of bool, shape (n_rows,)
        The party's orders.
    sent : array, shape (n_rows,)
        Prices that were sent.
    """

    def __init__(self, series: AuctionSeries, own: BoolArray, sent: FloatArray) -> None:
        mechanism = series.terms[0].mechanism
        self.n, self.own = len(series), _own_orders(series, own, sent)
        self._rounding = ROUNDING * _largest(series) * self.own.total.reshape(-1, 2).sum(axis=1)
        self._active = np.ones(len(series), np.bool_)
        self._reach = np.full(len(series), -np.inf), np.full(len(series), np.inf)
        plain = series.party is None and series.green is None
        self._at_margin = plain and at_margin(mechanism)
        if plain and isinstance(mechanism, EFFICIENT):
            self._active = _may_trade(series, self.own)
            self._reach = reach(series, own)
        if plain and isinstance(mechanism, MARGINAL):
            series, own = residual(series, own, self._reach)
        self._series, self._own = series, own
        self._places = own.nonzero()[0]
        truth = self._settled(self._active, (self.own.price, self.own.quantity))
        self.fill, self.surplus = truth[0], self.own.utility(*truth)

    def gains(self, orders: Orders) -> FloatArray:
        """Return what the party gains by sending other orders, by book, in price x quantum."""
        gain, chosen = np.zeros(self.n), np.zeros(self.n, np.bool_)
        price, quantity = self._felt(orders)
        true_price, true_quantity = self._felt((self.own.price, self.own.quantity))
        chosen[self.own.book[(price != true_price) | (quantity != true_quantity)]] = True
        chosen &= self._active
        if not chosen.any():
            return gain
        surplus = self.own.utility(*self._settled(chosen, orders))
        gain[chosen] = (surplus - self.surplus)[chosen]
        gain[np.abs(gain) <= self._rounding] = 0.0
        return gain

    def beside_rivals(self, steps: tuple[int, ...]) -> Iterator[tuple[FloatArray, FloatArray]]:
        """Yield a price for each book, NaN where it has no more, and the gains by asking it.

        All offers ask, or all bids bid, for one price beside that of another order. In between
        two others' prices ranks stay the same, and what is paid moves with the price if at all.
        """
        for buys in (False, True):
            for rival in self._rivals(buys):
                for step in steps:
                    price = _moved(rival, -step if buys else step)
                    yield price, self.gains(self._one_side(buys, price))

    def _felt(self, orders: Orders) -> Orders:
        """Return orders such that two which are equal have the same outcome.

        Where prices are made at the margin, what trades in any case does so at whatever price,
        and what never trades might as well not be there.
        """
        price, quantity = orders
        if not self._at_margin:
            return orders
        low, high = (ends[self.own.book] for ends in self._reach)
        below, above, buys = price < low, price > high, self.own.buys
        never = np.where(buys, below, above)
        price = np.where(below, -np.inf, np.where(above, np.inf, price))
        return np.where(never, 0.0, price), np.where(never, 0, quantity)

    def _one_side(self, buys: bool, price: FloatArray) -> Orders:
        """Return the offers, or the bids, at a price for each book; all others as they are."""
        own, price = self.own, price[self.own.book]
        as_it_is = np.where(own.buys, np.inf, -np.inf)
        return one_price(own, np.where((own.buys == buys) & (price == price), price, as_it_is))

    def _rivals(self, buys: bool) -> Iterator[FloatArray]:
        """Yield prices that the party's offers, or bids, could be moved to, one for each book."""
        books, own = self._series.books, self.own
        mine = own.buys == buys
        best = np.full(self.n, -np.inf if buys else np.inf)
        (np.maximum if buys else np.minimum).at(best, own.book[mine], own.price[mine])
        low, high = (self._reach[0], best) if buys else (best, self._reach[1])
        inside = (books.price >= low[books.book]) & (books.price <= high[books.book])
        other = ~self._own | (books.buys != buys)
        rows = inside & other & (books.quantity > 0) & self._active[books.book]
        book, price = _distinct(books.book[rows], books.price[rows])
        rank = np.arange(book.size) - book.searchsorted(book)
        for turn in range(int(rank.max(initial=-1)) + 1):
            found, now = np.full(self.n, np.nan), rank == turn
            found[book[now]] = price[now]
            yield found

    def _settled(self, chosen: BoolArray, orders: Orders) -> tuple[IntArray, FloatArray]:
        """Return fills and prices of the party's orders in the chosen auctions, else 0."""
        books = self._series.books
        price, quantity = books.price.copy(), books.quantity.copy()
        price[self._places], quantity[self._places] = orders
        fill, pay = settle(self._series, chosen, price, quantity)
        return fill[self._places], pay[self._places]


def _own_orders(series: AuctionSeries, own: BoolArray, sent: FloatArray) -> OwnOrders:
    books, rules = series.books, series.terms[0].rules
    return OwnOrders(
        books.price[own],
        sent[own],
        books.quantity[own],
        books.buys[own],
        books.book[own],
        rules.price_floor,
        rules.price_cap,
    )


def _largest(series: AuctionSeries) -> FloatArray:
    """Return the largest price of each book, whatever its sign."""
    found = np.zeros(len(series))
    np.maximum.at(found, series.books.book, np.abs(series.books.price))
    return found


def _may_trade(series: AuctionSeries, own: OwnOrders) -> BoolArray:
    """Return the books in which a party has an order at the margin or better.

    In the others no order of his has a part in the efficient trade, and asking for more or
    offering less gives him none.
    """
    low, high = clearing_ends(series)
    near = np.where(own.buys, own.price >= high[own.book], own.price <= low[own.book])
    found = np.zeros(len(series), np.bool_)
    found[own.book[near]] = True
    return found


def _distinct(book: IntArray, price: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return the different prices of each book, book by book in ascending order."""
    rows = np.lexsort((price, book))
    book, price = book[rows], price[rows]
    new = np.ones(book.size, np.bool_)
    new[1:] = (np.diff(book) > 0) | (np.diff(price) > 0)
    return book[new], price[new]


def _moved(price: FloatArray, step: int) -> FloatArray:
    """Return the next number above or below each price, or the price itself for no step."""
    return np.nextafter(price, step * np.inf) if step else price


def lone_bidders(series: AuctionSeries, own: BoolArray, true_price: FloatArray) -> list[LoneBidder]:
    """Return a party's part in a series, a bidder for each of the terms it was held under.

    Auctions in which conditions of orders may matter stand apart from the others.
    """
    sent = series.books.price
    own = own & (series.books.quantity > 0)
    true = replace(series.books, price=np.where(own, true_price, sent))
    series = replace(series, books=true)
    present = np.zeros(len(series), np.bool_)
    present[series.books.book[own]] = True
    free = _free(series)
    found = []
    for place in range(len(series.terms)):
        for plain in (True, False):
            chosen = present & (free == plain) & (series.term == place)
            if chosen.any():
                rows, part = chosen[series.books.book], series.some(chosen)
                part = part.unconditional() if plain else part
                found.append(LoneBidder(part, own[rows], sent[rows]))
    return found


def _free(series: AuctionSeries) -> BoolArray:
    """Return the books in which nobody could trade with himself and nobody asks for green.

    Nobody's offers are as cheap as his own bids are dear; asking for more keeps it so.
    """
    books, orders = series.books, series.books.quantity > 0
    free = np.ones(len(series), np.bool_)
    if series.green is not None:
        free[books.book[orders & books.buys & series.green]] = False
    if series.party is None:
        return free
    known, party = np.unique(series.party, return_inverse=True)
    place = books.book * known.size + party
    ask, bid = np.full(free.size * known.size, np.inf), np.full(free.size * known.size, -np.inf)
    for rows, best, of_two in (
        (orders & ~books.buys, ask, np.minimum),
        (orders & books.buys, bid, np.maximum),
    ):
        of_two.at(best, place[rows], books.price[rows])
    return free & ~(ask <= bid).reshape(free.size, known.size).any(axis=1)
