"""What every auction mechanism promises, and what it returns."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

from market.orders import OrderBook
from market.registry import Registry
from market.units import FloatArray, IntArray

TieBreak = Literal["pro-rata", "time", "random"]

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class AuctionRules:
    """What bounds every mechanism: price limits and how ties at the margin are rationed.

    Attributes
    ----------
    price_floor, price_cap : float
        Bounds of the price, currency/MWh; infinite when there is none.
    tie_break : str
        ``pro-rata``, ``time`` (row order) or ``random`` (seeded).
    """

    price_floor: float = -np.inf
    price_cap: float = np.inf
    tie_break: TieBreak = "pro-rata"


def within_limits(price: FloatArray, rules: AuctionRules) -> FloatArray:
    """Return prices clipped to floor and cap; never worse for an order that may trade.

    >>> within_limits(np.array([5.0, 50.0]), AuctionRules(price_floor=10.0))
    array([10., 50.])
    """
    return np.minimum(np.maximum(price, rules.price_floor), rules.price_cap)


class Trades(NamedTuple):
    """Who traded with whom, in the order of trading.

    Attributes
    ----------
    ask, bid : array of int
        Rows of the two orders in the book's blocks.
    quantity : array of int
        What they trade, in units of the book's quantum.
    price : array
        Currency/MWh.
    """

    ask: IntArray
    bid: IntArray
    quantity: IntArray
    price: FloatArray


@dataclass(frozen=True, slots=True)
class ClearingResult:
    """What an auction decided.

    Attributes
    ----------
    price : float
        The one clearing price; NaN when nothing trades or prices are individual.
    price_low, price_high : float
        Ends of the set of market-clearing prices; NaN where an end is unbounded.
    buy_price, sell_price : float
        What all buyers pay and all sellers receive; NaN when prices are individual.
    volume : int
        Traded quantity, in units of the book's quantum.
    ask_fill, bid_fill : array of int
        Accepted quantity of each order, aligned with the book.
    ask_pay, bid_pay : array or None
        Price of each order where prices are individual, else None.
    trades : Trades or None
        Pairs of orders where the mechanism makes pairs, else None.
    """

    price: float
    price_low: float
    price_high: float
    buy_price: float
    sell_price: float
    volume: int
    ask_fill: IntArray
    bid_fill: IntArray
    ask_pay: FloatArray | None = None
    bid_pay: FloatArray | None = None
    trades: Trades | None = None


Ends = tuple[float, float]
Sides = tuple[IntArray, IntArray]
Prices = tuple[FloatArray, FloatArray]


def at_two_prices(ends: Ends, fills: Sides, sell: float, buy: float) -> ClearingResult:
    """Return what offers and bids (`fills`) trade at a price for each side; none without trade.

    >>> at_two_prices((1.0, 2.0), (np.array([3]), np.array([3])), 1.5, 1.5).price
    1.5
    """
    volume = int(np.add.reduce(fills[0]))
    sell, buy = (sell, buy) if volume else (NAN, NAN)
    return ClearingResult(buy if buy == sell else NAN, *ends, buy, sell, volume, *fills)


def at_own_prices(
    ends: Ends, fills: Sides, pays: Prices, trades: Trades | None = None
) -> ClearingResult:
    """Return what offers and bids (`fills`) trade, each at a price of its own.

    >>> one = np.array([3])
    >>> at_own_prices((1.0, 2.0), (one, one), (np.array([1.0]), np.array([2.0]))).volume
    3
    """
    volume = int(np.add.reduce(fills[0]))
    return ClearingResult(NAN, *ends, NAN, NAN, volume, *fills, *pays, trades)


class Mechanism(Protocol):
    """A double auction: a frozen dataclass of its own parameters with one pure method.

    One that knows orders with a minimum quantity says so with a class attribute
    ``conditions = frozenset({"minimum"})``; one that never draws with ``draws = False``.
    """

    def clear(
        self, book: OrderBook, rules: AuctionRules, rng: np.random.Generator | None = None
    ) -> ClearingResult:
        """Return who trades how much at which price."""
        ...


mechanisms: Registry[Any] = Registry("market.mechanisms", "mechanism")
