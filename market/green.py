"""Clean energy as a product: green buyers are served by clean sellers."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from market.clearing import AuctionRules, ClearingResult, Trades, at_own_prices
from market.orders import OrderBook, part
from market.pairs import joined, paired
from market.units import BoolArray, FloatArray, IntArray

Meet = Callable[[OrderBook], ClearingResult]
"""Clears a book, whatever the mechanism."""


class Product(NamedTuple):
    """Some orders of a book, by side, and what they trade among themselves."""

    asks: BoolArray
    bids: BoolArray
    result: ClearingResult


def clear_green(
    meet: Meet, book: OrderBook, picky: BoolArray, rules: AuctionRules
) -> ClearingResult:
    """Clear a book in which some bids (`picky`) take clean energy only.

    All orders are cleared together first; where green buyers would get more than clean sellers
    sell, clean energy is a product of its own, cleared between clean offers and green bids, and
    the others trade among themselves. Clean energy then costs a premium: with market-clearing
    prices it is never the cheaper one, and the gains from trade are the largest there are, as in
    the coupling of two market areas by a line that carries one way.
    """
    clean = np.zeros(book.ask_price.size, np.bool_) if book.ask_green is None else book.ask_green
    together = meet(book)
    if together.bid_fill[picky].sum() <= together.ask_fill[clean].sum():
        return _paired_by_product(meet, book, (clean, picky), rules, together)
    green = Product(clean, picky, meet(part(book, clean, picky)))
    rest = Product(~clean, ~picky, meet(part(book, ~clean, ~picky)))
    return _side_by_side(book, green, rest)


def _paired_by_product(
    meet: Meet,
    book: OrderBook,
    wanted: tuple[BoolArray, BoolArray],
    rules: AuctionRules,
    together: ClearingResult,
) -> ClearingResult:
    """Return a result whose pairs serve green buyers from clean sellers, the cheapest of them.

    Who trades stays; pairs, and with them prices, are formed anew for each product.
    """
    (clean, picky), trades = wanted, together.trades
    if trades is None or not (picky[trades.bid] & ~clean[trades.ask]).any():
        return together
    served = _cheapest(book, together.ask_fill, clean, int(together.bid_fill[picky].sum()))
    all_asks, pairs = np.ones_like(clean), []
    for bids, sold in ((picky, served), (~picky, together.ask_fill - served)):
        orders = replace(book, ask_quantity=sold, bid_quantity=together.bid_fill)
        pairs.append(_pairs(Product(all_asks, bids, meet(part(orders, all_asks, bids)))))
    found = joined(*(each for each in pairs if each is not None))
    ends = together.price_low, together.price_high
    return at_own_prices(ends, *paired(book, rules, found), found)


def _cheapest(book: OrderBook, fill: IntArray, clean: BoolArray, total: int) -> IntArray:
    """Return `total` of what clean sellers sell, cheapest first."""
    rows = clean.nonzero()[0][book.ask_price[clean].argsort(kind="stable")]
    before = fill[rows].cumsum() - fill[rows]
    served = np.zeros_like(fill)
    served[rows] = (total - before).clip(0, fill[rows])
    return served


def _side_by_side(book: OrderBook, green: Product, rest: Product) -> ClearingResult:
    """Return two products as one result; the set of prices is that of the other product.

    Where clean energy trades, prices are individual.
    """
    fills = np.zeros_like(book.ask_quantity), np.zeros_like(book.bid_quantity)
    pays = book.ask_price.copy(), book.bid_price.copy()
    for asks, bids, result in (green, rest):
        fills[0][asks], fills[1][bids] = result.ask_fill, result.bid_fill
        sell = result.sell_price if result.ask_pay is None else result.ask_pay
        buy = result.buy_price if result.bid_pay is None else result.bid_pay
        pays[0][asks] = _own_without_trade(sell, result.ask_fill, pays[0][asks])
        pays[1][bids] = _own_without_trade(buy, result.bid_fill, pays[1][bids])
    if not green.result.volume and rest.result.ask_pay is None:
        return replace(rest.result, ask_fill=fills[0], bid_fill=fills[1])
    pairs = _pairs(green), _pairs(rest)
    trades = None if pairs[0] is None or pairs[1] is None else joined(pairs[0], pairs[1])
    ends = rest.result.price_low, rest.result.price_high
    return at_own_prices(ends, fills, pays, trades)


def _own_without_trade(price: FloatArray | float, fill: IntArray, own: FloatArray) -> FloatArray:
    return np.where(fill > 0, price, own)


def _pairs(product: Product) -> Trades | None:
    """Return the pairs of a product by their rows in the whole book."""
    trades = product.result.trades
    if trades is None:
        return None
    asks, bids = product.asks.nonzero()[0], product.bids.nonzero()[0]
    return trades._replace(ask=asks[trades.ask], bid=bids[trades.bid])
