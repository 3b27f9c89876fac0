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
