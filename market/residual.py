"""What of a book one party's deviations can touch: the orders near the margin, and no others.

A party that offers less or asks for more moves the clearing prices up, at most to where they
are without its offers; with its bids it moves them down, at most to where they are without its
bids. Offers of others below all of these prices trade in full whatever the party does, and bids
below them never trade; above them it is the other way round. So the first can be one order, and
the second can be left out: the party's fills and prices stay the same to the last bit wherever
its price depends on the margin only.
"""

from dataclasses import replace

import numpy as np

from market.auction_series import AuctionSeries
from market.batch import Books, cross_many
from market.clearing import AuctionRules
from market.mechanisms.high_low import HighLow
from market.mechanisms.huang import Huang
from market.mechanisms.mcafee import McAfee
from market.mechanisms.pay_as_bid import PayAsBid
from market.mechanisms.sbba import Sbba
from market.mechanisms.uniform import Uniform
from market.mechanisms.vcg import Vcg
from market.sums import segment_sums
from market.units import BoolArray, FloatArray, IntArray

MARGINAL = (Uniform, PayAsBid, Vcg)
"""Mechanisms in which a party's trades and prices depend on the orders near the margin only."""
EFFICIENT = (*MARGINAL, HighLow, Huang, McAfee, Sbba)
"""Mechanisms in which nobody trades who has no part in the efficient trade."""
OTHERS = -1  # owner of what many others offer or want

Range = tuple[FloatArray, FloatArray]


def at_margin(mechanism: object) -> bool:
    """Tell whether a party's prices do not depend on its own orders off the margin either.

    >>> at_margin(Uniform()), at_margin(Uniform(price_rule="midpoint")), at_margin(PayAsBid())
    (True, False, False)
    """
    common = isinstance(mechanism, Uniform) and mechanism.price_rule == "k"
    return common or isinstance(mechanism, Vcg)


def reach(series: AuctionSeries, own: BoolArray) -> Range:
    """Return the prices between which a party can move each book's clearing prices.

    All auctions are held under the same terms. Infinite where nothing bounds a price, and where
    floor or cap does: orders beyond these still have their rank.
    """
    books, rules = series.books, series.terms[0].rules
    _, high = _ends(books, books.quantity * ~(own & ~books.buys), rules)
    low, _ = _ends(books, books.quantity * ~(own & books.buys), rules)
    low = np.where(low > rules.price_floor, low, -np.inf)
    return low, np.where(high < rules.price_cap, high, np.inf)


def clearing_ends(series: AuctionSeries) -> Range:
    """Return the ends of each book's set of clearing prices, infinite for a one-sided book."""
    return _ends(series.books, series.books.quantity, series.terms[0].rules)


def _ends(books: Books, quantity: IntArray, rules: AuctionRules) -> Range:
    found = cross_many(replace(books, quantity=quantity), replace(rules, tie_break="time"))
    legal = np.where(books.buys, books.price >= rules.price_floor, books.price <= rules.price_cap)
    sums = segment_sums(quantity * legal, books.edge).reshape(-1, 2)
    both = (sums > 0).all(axis=1)
    return np.where(both, found.low, -np.inf), np.where(both, found.high, np.inf)


def residual(series: AuctionSeries, own: BoolArray, ends: Range) -> tuple[AuctionSeries, BoolArray]:
    """Return books with what is out of a party's reach (`ends`) as one order, and its own rows.

    Examples
    --------
    The offers at 10 and 20 trade whatever the owner of the offer at 50 does; that at 90 never.

    >>> from market.auction_series import Terms, series_of
    >>> from market.orders import OrderBook
    >>> ask_price = np.array([10.0, 20.0, 50.0, 90.0])
    >>> book = OrderBook(ask_price, np.full(4, 5), np.array([99.0]), np.array([12]))
    >>> series = series_of(book, Terms(Uniform(), AuctionRules()))
    >>> own = np.array([False, False, True, False, False])
    >>> small, own = residual(series, own, (np.array([50.0]), np.array([89.0])))
    >>> small.books.price, small.books.quantity, own
    (array([50., 20., 99.]), array([ 5, 10, 12]), array([ True, False, False]))
    """
    books = series.books
    below = ~own & (books.price < ends[0][books.book])
    above = ~own & (books.price > ends[1][books.book])
    merged = ((below & ~books.buys) | (above & books.buys)) & (books.quantity > 0)
    kept = np.flatnonzero(~(below | above))
    side, price, quantity = _one_order(books, merged)
    sides = np.concatenate((books.side[kept], side))
    rows = sides.argsort(kind="stable")
    found = Books(
        np.concatenate((books.price[kept], price))[rows],
        np.concatenate((books.quantity[kept], quantity))[rows],
        sides[rows].searchsorted(np.arange(books.edge.size)),
        books.quantum,
    )
    owner = np.concatenate((series.owner[kept], np.full(side.size, OTHERS)))[rows]
    mine = np.concatenate((own[kept], np.zeros(side.size, np.bool_)))[rows]
    return replace(series, books=found, owner=owner, turn=None), mine


def _one_order(books: Books, rows: BoolArray) -> tuple[IntArray, FloatArray, IntArray]:
    """Return side, price and quantity of some orders of each side as one.

    Its price is that of the order nearest to the margin.
    """
    side, price = books.side[rows], books.price[rows]
    known, place = np.unique(side, return_inverse=True)
    quantity = np.zeros(known.size, np.int64)
    np.add.at(quantity, place, books.quantity[rows])
    bids = (known & 1).astype(np.bool_)
    nearest = np.where(bids, np.inf, -np.inf)
    np.maximum.at(nearest, place, np.where(bids[place], -np.inf, price))
    lowest = np.full(known.size, np.inf)
    np.minimum.at(lowest, place, price)
    return known, np.where(bids, lowest, nearest), quantity
