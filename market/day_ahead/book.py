"""The orders of a day as the clearing needs them: divisible orders, blocks, price bounds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from market.clearing import AuctionRules
from market.crossing import cross
from market.day_ahead.blocks import NONE, BlockOrders, CheckedBlocks, completed
from market.errors import InputError
from market.orders import OrderBook
from market.units import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class JointBook:
    """The books of several intervals whose indivisible orders all stand among the blocks.

    Attributes
    ----------
    books : tuple of OrderBook
        Divisible orders; an order with a minimum has quantity zero here.
    blocks : CheckedBlocks
        The blocks as given, then a block of one interval for each order with a minimum.
    given : int
        How many blocks were given.
    interval, row : array of int
        Where each of the other blocks comes from; rows count the offers, then the bids.
    """

    books: tuple[OrderBook, ...]
    blocks: CheckedBlocks
    given: int
    interval: IntArray
    row: IntArray


def joint_book(books: Sequence[OrderBook], blocks: BlockOrders | None) -> JointBook:
    """Return books and blocks, checked, with orders that have a minimum turned into blocks.

    >>> book = OrderBook(
    ...     np.array([10.0]), np.array([4]), np.array([30.0]), np.array([8]),
    ...     ask_minimum=np.array([0]), bid_minimum=np.array([6]),
    ... )
    >>> joint_book([book], None).blocks.minimum_ratio
    array([0.75])
    """
    if len({book.quantum for book in books}) > 1:
        raise InputError("the books of one day count in different quanta.")
    given = completed(blocks, len(books))
    found = [_with_minimum(book, at) for at, book in enumerate(books)]
    interval, row, price, quantity, ratio = (
        np.concatenate(part) for part in zip(*(columns for _, columns in found), strict=True)
    )
    own = np.zeros((len(books), row.size), np.int64)
    own[interval, np.arange(row.size)] = quantity
    free = np.full(row.size, NONE)
    every = CheckedBlocks(
        np.concatenate((given.price, price)),
        np.concatenate((given.quantity, own), axis=1),
        np.concatenate((given.minimum_ratio, ratio)),
        np.concatenate((given.parent, free)),
        np.concatenate((given.group, free)),
    )
    rest = tuple(book for book, _ in found)
    return JointBook(rest, every, given.price.size, interval, row)


def _with_minimum(
    book: OrderBook, interval: int
) -> tuple[OrderBook, tuple[IntArray, IntArray, FloatArray, IntArray, FloatArray]]:
    """Return the book without its orders that have a minimum, and those as columns."""
    price = np.concatenate((book.ask_price, book.bid_price))
    quantity = np.concatenate((-book.ask_quantity, book.bid_quantity))
    minimum = np.concatenate(
        (_given(book.ask_minimum, book.ask_price), _given(book.bid_minimum, book.bid_price))
    )
    # A minimum above the quantity can never be met: that order takes no part.
    bound = (minimum > 0) & (quantity != 0)
    rows = np.flatnonzero(bound & (minimum <= np.abs(quantity)))
    asks = book.ask_price.size
    rest = replace(
        book,
        ask_quantity=np.where(bound[:asks], 0, book.ask_quantity),
        bid_quantity=np.where(bound[asks:], 0, book.bid_quantity),
        ask_minimum=None,
        bid_minimum=None,
    )
    at = np.full(rows.size, interval)
    return rest, (at, rows, price[rows], quantity[rows], minimum[rows] / np.abs(quantity[rows]))


def _given(minimum: IntArray | None, price: FloatArray) -> IntArray:
    return np.zeros(price.size, np.int64) if minimum is None else minimum


# A limit so many price ranges beyond floor or cap counts as being there: the solver fails on
# numbers that differ by many orders of magnitude.
FAR = 100.0


@dataclass(frozen=True, slots=True)
class Scale:
    """Prices and quantities of the order of one, as the solver likes them.

    Attributes
    ----------
    floor, cap : float
        The prices between which all prices are sought: the rules' floor and cap, else the lowest
        and the highest price of all orders.
    unit : float
        The largest quantity.
    """

    floor: float
    cap: float
    unit: float

    def price(self, price: FloatArray) -> FloatArray:
        """Return prices from 0 (floor) to 1 (cap)."""
        return (price - self.floor) / self.span

    def worth(self, price: FloatArray) -> FloatArray:
        """Return limits as they count for the gains from trade, `FAR` spans away at most."""
        return price.clip(self.floor - FAR * self.span, self.cap + FAR * self.span)

    def reached(self, price: FloatArray) -> FloatArray:
        """Return limits as far as a price can follow them."""
        return price.clip(self.floor, self.cap)

    def limit(self, blocks: CheckedBlocks) -> FloatArray:
        """Return the prices at which blocks neither gain nor lose.

        A block that may be cut short is so at the floor or cap when its limit lies beyond.
        """
        return np.where(
            blocks.minimum_ratio < 1, self.reached(blocks.price), self.worth(blocks.price)
        )

    @property
    def span(self) -> float:
        """Currency/MWh from floor to cap."""
        return self.cap - self.floor or 1.0


@dataclass(frozen=True, slots=True)
class Steps:
    """Live divisible orders of all intervals; quantities positive for bids."""

    interval: IntArray
    price: FloatArray
    quantity: FloatArray


def steps_of(joint: JointBook, rules: AuctionRules) -> Steps:
    """Return the divisible orders that have a legal price, equal prices of a side together."""
    columns = [
        (np.full(price.size, at), price, sign * quantity)
        for at, book in enumerate(joint.books)
        for sign, price, quantity in (
            (-1, *_legal(book.ask_price, book.ask_quantity, book.ask_price <= rules.price_cap)),
            (+1, *_legal(book.bid_price, book.bid_quantity, book.bid_price >= rules.price_floor)),
        )
    ]
    interval, price, quantity = (np.concatenate(part) for part in zip(*columns, strict=True))
    quantity = quantity.astype(np.float64)
    bought, sold = (
        np.bincount(interval, np.maximum(side * quantity, 0), len(joint.books))
        + np.maximum(side * joint.blocks.quantity, 0).sum(axis=1)
        for side in (1, -1)
    )
    # More than twice the other side is as good as that, and easier to compute with.
    other = np.where(quantity > 0, sold[interval], bought[interval])
    return Steps(interval, price, np.sign(quantity) * np.minimum(np.abs(quantity), 2 * other + 1))


def _legal(price: FloatArray, quantity: IntArray, legal: BoolArray) -> tuple[FloatArray, IntArray]:
    """Return each price of one side once, with the quantity of all its live orders."""
    live = legal & (quantity > 0)
    prices, place = np.unique(price[live], return_inverse=True)
    total = np.zeros(prices.size, np.int64)
    np.add.at(total, place, quantity[live])
    return prices, total


def tradable(blocks: CheckedBlocks, rules: AuctionRules) -> BoolArray:
    """Return the blocks that have a legal price."""
    sells = (blocks.quantity < 0).any(axis=0)
    return np.where(sells, blocks.price <= rules.price_cap, blocks.price >= rules.price_floor)


def scale_of(steps: Steps, blocks: CheckedBlocks, rules: AuctionRules) -> Scale:
    """Return the bounds of the price search and the unit of quantity."""
    price = np.concatenate((steps.price, blocks.price))
    low, high = (price.min(), price.max()) if price.size else (0.0, 0.0)
    floor = rules.price_floor if np.isfinite(rules.price_floor) else min(low, rules.price_cap)
    cap = rules.price_cap if np.isfinite(rules.price_cap) else max(high, floor)
    unit = max(np.abs(steps.quantity).max(initial=1), np.abs(blocks.quantity).max(initial=1))
    return Scale(float(floor), float(cap), float(unit))


def with_blocks(book: OrderBook, sold: int, bought: int, scale: Scale) -> OrderBook:
    """Return the book with what blocks sell and buy in its last rows, ahead of everybody."""
    first = book.ask_price.min(initial=scale.floor, where=book.ask_quantity > 0) - 1.0
    last = book.bid_price.max(initial=scale.cap, where=book.bid_quantity > 0) + 1.0
    return OrderBook(
        np.append(book.ask_price, first),
        np.append(book.ask_quantity, sold),
        np.append(book.bid_price, last),
        np.append(book.bid_quantity, bought),
        book.quantum,
    )


def price_window(
    joint: JointBook, rules: AuctionRules, scale: Scale, able: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Return between which prices each interval clears, whichever of the blocks `able` trade.

    More sold by blocks can only lower the price, more bought can only raise it.
    """
    limits = AuctionRules(rules.price_floor, rules.price_cap)
    quantity = joint.blocks.quantity * able
    sold, bought = -np.minimum(quantity, 0).sum(axis=1), np.maximum(quantity, 0).sum(axis=1)
    low = [
        cross(with_blocks(book, int(most), 0, scale), limits).low
        for book, most in zip(joint.books, sold, strict=True)
    ]
    high = [
        cross(with_blocks(book, 0, int(most), scale), limits).high
        for book, most in zip(joint.books, bought, strict=True)
    ]
    return (
        np.where(np.isnan(low), scale.floor, low).clip(scale.floor, scale.cap),
        np.where(np.isnan(high), scale.cap, high).clip(scale.floor, scale.cap),
    )
