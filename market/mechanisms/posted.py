"""The tariff: a price fixed beforehand, no competition."""

from dataclasses import dataclass, replace
from math import isfinite
from typing import ClassVar

import numpy as np

from market.clearing import AuctionRules, ClearingResult, at_two_prices, mechanisms
from market.crossing import cross, ration
from market.orders import OrderBook
from market.units import IntArray


@mechanisms.register("posted")
@dataclass(frozen=True, slots=True)
class Posted:
    """Posted price: who agrees to the tariff trades, the longer side is rationed.

    Bids at or above `posted_price` buy at it; offers at or below `posted_price` - `margin` sell
    at that; the operator keeps the margin. Of the longer side all orders share the shorter by the
    tie-break, whatever their price. Both prices are clipped to floor and cap.

    Parameters
    ----------
    posted_price : float
        What buyers pay, currency/MWh. The default is the 0.3247 yuan/kWh at which Qinghai buys
        wind and solar power without subsidy (notice of the Northwest regulator, June 2025), equal
        to its coal benchmark price.
    margin : float
        What the operator keeps of it, currency/MWh.

    References
    ----------
    As a benchmark for double auctions: Hagerty and Rogerson (1987), Robust trading mechanisms,
    Journal of Economic Theory 42, 94-107.

    Examples
    --------
    At 20 the bid takes 6 Wh; both offers agree and share them alike, though one is cheaper.

    >>> book = OrderBook(np.array([10.0, 19.0]), np.array([6, 6]), np.array([30.0]), np.array([6]))
    >>> result = Posted(posted_price=20.0).clear(book, AuctionRules())
    >>> result.price, result.ask_fill
    (20.0, array([3, 3]))
    """

    draws: ClassVar[bool] = False
    posted_price: float = 324.7
    margin: float = 0.0

    def __post_init__(self) -> None:
        _check("posted_price", self.posted_price)
        _check("margin", self.margin)
        if self.margin < 0:
            raise ValueError(f"margin must not be negative, not {self.margin!r}")

    def clear(
        self, book: OrderBook, rules: AuctionRules, rng: np.random.Generator | None = None
    ) -> ClearingResult:
        """Return the accepted quantities at the posted prices."""
        found = cross(book, replace(rules, tie_break="time"))
        buy, sell = (
            min(max(price, rules.price_floor), rules.price_cap)
            for price in (self.posted_price, self.posted_price - self.margin)
        )
        supply = book.ask_quantity * (book.ask_price <= sell)
        demand = book.bid_quantity * (book.bid_price >= buy)
        volume = min(int(np.add.reduce(supply)), int(np.add.reduce(demand)))
        fills = _shared(supply, volume, rules, rng), _shared(demand, volume, rules, rng)
        return at_two_prices((found.low, found.high), fills, sell, buy)


def _check(name: str, value: object) -> None:
    """Raise `ValueError` unless `value` is a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ValueError(f"{name} must be a number, not {value!r}")


def _shared(
    quantity: IntArray, total: int, rules: AuctionRules, rng: np.random.Generator | None
) -> IntArray:
    """Share `total` among the orders that agree, by the tie-break."""
    parts = np.zeros_like(quantity)
    rows = quantity.nonzero()[0]
    parts[rows] = ration(quantity[rows], total, rules, rng)
    return parts
