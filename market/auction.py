"""An auction as it is held: the mechanism, and the conditions that orders carry for all of them.

Partner exclusion and clean energy work with every mechanism, because they only decide which
orders meet; a minimum quantity needs a mechanism that knows it.
"""

from dataclasses import replace

import numpy as np

from market.clearing import NAN, AuctionRules, ClearingResult, Mechanism, Trades
from market.orders import OrderBook, part
from market.own_trades import clear_apart
from market.units import BoolArray, FloatArray, IntArray


def hold(
    mechanism: Mechanism,
    book: OrderBook,
    rules: AuctionRules,
    rng: np.random.Generator | None = None,
) -> ClearingResult:
    """Clear a book with the conditions of its orders.

    Orders of one party never meet (`market.own_trades`). Bids for clean energy only are served
    by clean offers: all orders are cleared together first; where green buyers would get more
    than clean sellers sell, clean energy is a product of its own, cleared between clean offers
    and green bids, and the others trade among themselves. Clean energy then costs a premium:
    with market-clearing prices it is never the cheaper one, and the gains from trade are the
    largest there are, as in the coupling of two market areas by a line that carries one way.

    Examples
    --------
    One clean and one other seller; the first buyer takes clean energy only.

    >>> from market.mechanisms.uniform import Uniform
    >>> book = OrderBook(
    ...     np.array([10.0, 10.0]), np.array([5, 5]), np.array([90.0, 30.0]), np.array([6, 4]),
    ...     ask_green=np.array([True, False]), bid_green=np.array([True, False]),
    ... )
    >>> result = hold(Uniform(), book, AuctionRules())
    >>> result.ask_pay, result.bid_pay, result.bid_fill
    (array([90., 10.]), array([90., 10.]), array([5, 4]))
    """
    if book.bid_green is None or not book.bid_green.any():
        return _meet(mechanism, book, rules, rng)
    clean = _none(book.ask_price) if book.ask_green is None else book.ask_green
    together = _meet(mechanism, book, rules, rng)
    if together.bid_fill[book.bid_green].sum() <= together.ask_fill[clean].sum():
        return _paired_by_product(mechanism, book, rules, rng, clean, together)
    green = part(book, clean, book.bid_green)
    rest = part(book, ~clean, ~book.bid_green)
    return _joined(
        book,
        (clean, book.bid_green, _meet(mechanism, green, rules, rng)),
        (~clean, ~book.bid_green, _meet(mechanism, rest, rules, rng)),
    )


def _paired_by_product(
    mechanism: Mechanism,
    book: OrderBook,
    rules: AuctionRules,
    rng: np.random.Generator | None,
    clean: BoolArray,
    together: ClearingResult,
) -> ClearingResult:
    """Return a result whose pairs serve green buyers from clean sellers, the cheapest of them.

    Who trades stays; pairs, and with them prices, are formed anew for each product.
    """
    trades, picky = together.trades, book.bid_green
    if trades is None or picky is None or not (picky[trades.bid] & ~clean[trades.ask]).any():
        return together
    served = np.zeros_like(together.ask_fill)
    rows = clean.nonzero()[0][book.ask_price[clean].argsort(kind="stable")]
    before = together.ask_fill[rows].cumsum() - together.ask_fill[rows]
    wanted = int(together.bid_fill[picky].sum())
    served[rows] = (wanted - before).clip(0, together.ask_fill[rows])
    all_asks, left = np.ones_like(clean), together.ask_fill - served
    green = replace(book, ask_quantity=served, bid_quantity=together.bid_fill * picky)
    rest = replace(book, ask_quantity=left, bid_quantity=together.bid_fill * ~picky)
    return _merged(
        book,
        _meet(mechanism, part(green, all_asks, picky), rules, rng),
        _meet(mechanism, part(rest, all_asks, ~picky), rules, rng),
        together,
    )


def _merged(
    book: OrderBook, green: ClearingResult, rest: ClearingResult, together: ClearingResult
) -> ClearingResult:
    """Return two products that may share a seller as one result, each order at its mean price."""
    assert green.trades is not None  # asked for by the caller
    assert rest.trades is not None
    assert book.bid_green is not None
    picky = book.bid_green.nonzero()[0], (~book.bid_green).nonzero()[0]
    pairs = Trades(
        np.concatenate((green.trades.ask, rest.trades.ask)),
        np.concatenate((picky[0][green.trades.bid], picky[1][rest.trades.bid])),
        np.concatenate((green.trades.quantity, rest.trades.quantity)),
        np.concatenate((green.trades.price, rest.trades.price)),
    )
    ask_fill, ask_pay = _mean(pairs.ask, pairs, book.ask_price)
    bid_fill, bid_pay = _mean(pairs.bid, pairs, book.bid_price)
    return replace(
        together,
        volume=green.volume + rest.volume,
        ask_fill=ask_fill,
        bid_fill=bid_fill,
        ask_pay=np.maximum(ask_pay, book.ask_price),
        bid_pay=np.minimum(bid_pay, book.bid_price),
        trades=pairs,
    )


def _mean(rows: IntArray, pairs: Trades, own: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return quantity and mean price of each order; its own price where it does not trade."""
    fill, value = np.zeros(own.size, np.int64), np.zeros(own.size)
    np.add.at(fill, rows, pairs.quantity)
    np.add.at(value, rows, pairs.quantity * pairs.price)
    return fill, np.where(fill > 0, value / np.maximum(fill, 1), own)


Product = tuple[BoolArray, BoolArray, ClearingResult]


def _none(column: FloatArray) -> BoolArray:
    return np.zeros(column.size, np.bool_)


def _meet(
    mechanism: Mechanism, book: OrderBook, rules: AuctionRules, rng: np.random.Generator | None
) -> ClearingResult:
    if book.ask_party is None or book.bid_party is None:
        return mechanism.clear(book, rules, rng)
    return clear_apart(mechanism, book, rules, rng, (book.ask_party, book.bid_party))


def _joined(book: OrderBook, green: Product, rest: Product) -> ClearingResult:
    """Return two products as one result; the set of prices is that of the other product.

    Where both trade, prices are individual.
    """
    ask_fill, bid_fill = np.zeros_like(book.ask_quantity), np.zeros_like(book.bid_quantity)
    if not green[2].volume and rest[2].ask_pay is None:
        ask_fill[rest[0]], bid_fill[rest[1]] = rest[2].ask_fill, rest[2].bid_fill
        return replace(rest[2], ask_fill=ask_fill, bid_fill=bid_fill)
    ask_pay, bid_pay = book.ask_price.copy(), book.bid_price.copy()
    for asks, bids, result in (green, rest):
        ask_fill[asks], bid_fill[bids] = result.ask_fill, result.bid_fill
        ask_pay[asks] = _paid(result.ask_pay, result.sell_price, result.ask_fill, ask_pay[asks])
        bid_pay[bids] = _paid(result.bid_pay, result.buy_price, result.bid_fill, bid_pay[bids])
    return replace(
        rest[2],
        price=NAN,
        buy_price=NAN,
        sell_price=NAN,
        volume=green[2].volume + rest[2].volume,
        ask_fill=ask_fill,
        bid_fill=bid_fill,
        ask_pay=ask_pay,
        bid_pay=bid_pay,
        trades=_all_trades(green, rest),
    )


def _paid(
    pay: FloatArray | None, price: float, fill: IntArray, own: FloatArray
) -> FloatArray | float:
    """Return each order's price: its own where it does not trade."""
    return np.where(fill > 0, price, own) if pay is None else pay


def _all_trades(*products: Product) -> Trades | None:
    """Return the pairs of both products by their rows in the whole book."""
    found = []
    for asks, bids, result in products:
        if result.trades is None:
            return None
        ask, bid, quantity, price = result.trades
        found.append((asks.nonzero()[0][ask], bids.nonzero()[0][bid], quantity, price))
    return Trades(*(np.concatenate(columns) for columns in zip(*found, strict=True)))
