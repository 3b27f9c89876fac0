"""What a party may send to an auction instead of its true orders: markups, less quantity, a lie.

Every deviation asks for more or offers less than the truth: an offer is never cheaper and never
larger than it truly is, a bid never dearer and never larger. So no deviation trades energy that
the party does not have or does not want.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from market.units import BoolArray, FloatArray, IntArray

MARKUPS = (0.05, 0.1, 0.2, 0.5, 1.0)
ADDERS = (5.0, 20.0, 50.0, 100.0, 200.0)
WITHHELD = (0.1, 0.25, 0.5, 0.75)
FALSE_CHARGE = (0.25, 0.5, 0.75, 1.0)
STEPS = (1.0, 2.0, 3.0, 4.0)

Orders = tuple[FloatArray, IntArray]
"""Prices and quantities."""


@dataclass(frozen=True)
class OwnOrders:
    """The true orders of one party in many books, book by book.

    Attributes
    ----------
    price, sent : array, shape (n_rows,)
        True cost or value, and what the party did ask or bid, currency/MWh.
    quantity : array of int
        In units of the books' quantum.
    buys : array of bool
    book : array of int
        Which of the party's books each order is in, from 0, ascending.
    floor, cap : float
        Price limits of the auctions.
    """

    price: FloatArray
    sent: FloatArray
    quantity: IntArray
    buys: BoolArray
    book: IntArray
    floor: float
    cap: float

    @cached_property
    def books(self) -> int:
        """Number of books."""
        return int(self.book[-1]) + 1 if self.book.size else 0

    @cached_property
    def side(self) -> IntArray:
        """Each order's side, counted over all books."""
        return 2 * self.book + self.buys

    @cached_property
    def queue(self) -> IntArray:
        """The rows side by side, each from the order that trades first to the last."""
        return np.lexsort((np.where(self.buys, -self.price, self.price), self.side))

    @cached_property
    def before(self) -> IntArray:
        """What of its side trades before each order, if all trade at one price."""
        quantity, side = self.quantity[self.queue], self.side[self.queue]
        reached = quantity.cumsum() - quantity
        start = side.searchsorted(side)  # the first row of each side
        before = np.empty_like(quantity)
        before[self.queue] = reached - reached[start]
        return before

    @cached_property
    def total(self) -> IntArray:
        """Quantity of each side, shape (2 books,)."""
        return self.sums(self.quantity)

    def sums(self, quantity: IntArray) -> IntArray:
        """Return the sum of a quantity over each side of each book."""
        found = np.zeros(2 * self.books, np.int64)
        np.add.at(found, self.side, quantity)
        return found

    def utility(self, fill: IntArray, pay: FloatArray) -> FloatArray:
        """Return what trades are worth to the party, by book, in price x quantum.

        What is sold in all comes from the cheapest true offers, whatever the orders said;
        what is bought serves the most valuable true needs.
        """
        traded = self.sums(fill)[self.side]
        used = np.minimum(np.maximum(traded - self.before, 0), self.quantity)
        gain = np.where(self.buys, used * self.price - fill * pay, fill * pay - used * self.price)
        found: FloatArray = np.bincount(self.book, gain, self.books).astype(np.float64)
        return found


def as_sent(own: OwnOrders, _: float) -> Orders:
    """Return what was sent, as far as it asks for no less than the truth."""
    return one_price(own, own.sent)


def markup(own: OwnOrders, share: float) -> Orders:
    """Return offers dearer and bids cheaper by a share of their price, within floor and cap."""
    return _within(own, own.price + _up(own) * share * np.abs(own.price)), own.quantity


def adder(own: OwnOrders, amount: float) -> Orders:
    """Return offers dearer and bids cheaper by an amount, within floor and cap."""
    return _within(own, own.price + _up(own) * amount), own.quantity


def one_price(own: OwnOrders, price: FloatArray | float) -> Orders:
    """Return offers at no less, bids at no more than a price; one for each row, or for all."""
    shown = np.where(own.buys, np.minimum(own.price, price), np.maximum(own.price, price))
    return _within(own, shown), own.quantity


def withhold(own: OwnOrders, share: float) -> Orders:
    """Return orders without a share of the quantity: the dearest offers, the lowest bids."""
    kept = np.floor(own.total * (1 - share)).astype(np.int64)
    left = np.minimum(np.maximum(kept[own.side] - own.before, 0), own.quantity)
    return own.price, left


def emptier(own: OwnOrders, share: float) -> Orders:
    """Return orders of a store that pretends to be emptier: a share of its best offers is out."""
    return own.price, _cut(own, share, ~own.buys)


def fuller(own: OwnOrders, share: float) -> Orders:
    """Return orders of a store that pretends to be fuller: a share of its best bids is out."""
    return own.price, _cut(own, share, own.buys)


def emptier_ladder(own: OwnOrders, steps: float) -> Orders:
    """Return offers of a store at the price of a later segment each, as if it were emptier."""
    return _within(own, np.where(own.buys, own.price, _shifted(own, int(steps)))), own.quantity


def fuller_ladder(own: OwnOrders, steps: float) -> Orders:
    """Return bids of a store at the price of a later segment each, as if it were fuller."""
    return _within(own, np.where(own.buys, _shifted(own, int(steps)), own.price)), own.quantity


def _up(own: OwnOrders) -> FloatArray:
    return np.where(own.buys, -1.0, 1.0)


def _within(own: OwnOrders, price: FloatArray) -> FloatArray:
    """Return prices kept at the limit that they would pass; beyond it an order never trades."""
    ask = np.maximum(own.price, np.minimum(price, own.cap))
    bid = np.minimum(own.price, np.maximum(price, own.floor))
    return np.where(own.buys, bid, ask)


def _cut(own: OwnOrders, share: float, rows: BoolArray) -> IntArray:
    removed = np.ceil(own.total * share).astype(np.int64)[own.side]
    left = own.quantity - np.minimum(np.maximum(removed - own.before, 0), own.quantity)
    return np.where(rows, left, own.quantity)


def _shifted(own: OwnOrders, steps: int) -> FloatArray:
    """Return the price of the order that is so many steps later in its queue, or of the last."""
    side = own.side[own.queue]
    last = side.searchsorted(side, "right") - 1
    later = np.minimum(np.arange(side.size) + steps, last)
    price = np.empty_like(own.price)
    price[own.queue] = own.price[own.queue[later]]
    return price


FAMILIES: dict[str, tuple[Callable[[OwnOrders, float], Orders], str]] = {
    "as_sent": (as_sent, "as sent"),
    "markup": (markup, "markup of {:.0%}"),
    "adder": (adder, "adder of {:g}"),
    "one_price": (one_price, "all at {:.6g}"),
    "withhold": (withhold, "{:.0%} withheld"),
    "emptier": (emptier, "{:.0%} emptier"),
    "fuller": (fuller, "{:.0%} fuller"),
    "emptier_ladder": (emptier_ladder, "{:g} segments emptier"),
    "fuller_ladder": (fuller_ladder, "{:g} segments fuller"),
}
"""Deviations by name, and how each is described."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """A way to deviate and its one parameter.

    >>> str(Deviation("withhold", 0.25))
    '25% withheld'
    """

    family: str
    value: float

    def __str__(self) -> str:
        return FAMILIES[self.family][1].format(self.value)

    def orders(self, own: OwnOrders) -> Orders:
        """Return the prices and quantities that are sent instead of the true ones."""
        return FAMILIES[self.family][0](own, self.value)


def deviations(prices: FloatArray, stores: bool) -> list[Deviation]:
    """Return what is tried with one parameter for all books.

    Parameters
    ----------
    prices : array
        To ask or bid for everything, currency/MWh.
    stores : bool
        Whether the party owns storage, and may lie about its state of charge.

    Examples
    --------
    >>> [str(each) for each in deviations(np.array([295.0]), stores=False)][-5:]
    ['all at 295', '10% withheld', '25% withheld', '50% withheld', '75% withheld']
    """
    grid = {
        "markup": MARKUPS,
        "adder": ADDERS,
        "one_price": tuple(prices.tolist()),
        "withhold": WITHHELD,
    }
    if stores:
        grid |= {"emptier": FALSE_CHARGE, "fuller": FALSE_CHARGE}
        grid |= {"emptier_ladder": STEPS, "fuller_ladder": STEPS}
    return [Deviation(family, value) for family, values in grid.items() for value in values]
