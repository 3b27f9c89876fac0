"""What a fleet sends to a gate, what it may know there, and who decides."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np

from market import BookTop, Calendar, FloatArray, IntArray, MarketRules, Registry


@dataclass(slots=True)
class Quotes:
    """Orders of a whole fleet for one or more intervals.

    Attributes
    ----------
    ask_price, bid_price : array or float
        Currency/MWh: a number, shape (n,) or (count, n) for the same in each slot, or
        (count, n, slots), or (n, slots) when one interval is quoted.
    ask_quantity, bid_quantity : array of int or None
        Wh in the interval, same shapes; zero or None means no order.
    """

    ask_price: FloatArray | float = 0.0
    ask_quantity: IntArray | None = None
    bid_price: FloatArray | float = 0.0
    bid_quantity: IntArray | None = None


class PriceForecaster(Protocol):
    """Says what it expects prices to be, from what it may know."""

    def prices(self, view: "MarketView", horizon: int) -> FloatArray:
        """Return expected prices of the `horizon` intervals from `view.first` on.

        Currency/MWh, shape (h,) with h <= horizon (shorter at the end of what is known);
        empty when the forecaster knows nothing yet.
        """
        ...


@dataclass(slots=True)
class MarketView:
    """What may be known when orders for an interval are due.

    Attributes
    ----------
    first : int
        First delivery interval that is quoted.
    count : int
        How many intervals are quoted at once: a block of them, or 1 for reactive strategies.
    calendar : Calendar
        Intervals of the run.
    floor, cap : float
        Price limits in force, currency/MWh.
    published : array, shape (known,)
        Clearing prices published so far; interval `known` and later are not.
    forecaster : PriceForecaster
        The fleet's own price forecaster.
    rules : MarketRules or None
        All rules in force.
    """

    first: int
    count: int
    calendar: Calendar
    floor: float
    cap: float
    published: FloatArray = field(default_factory=lambda: np.empty(0))
    forecaster: PriceForecaster | None = None
    rules: MarketRules | None = None

    def price_forecast(self, horizon: int) -> FloatArray:
        """Return expected prices from `first` on (see `PriceForecaster.prices`)."""
        if self.forecaster is None:
            return np.empty(0)
        return self.forecaster.prices(self, horizon)


@dataclass(frozen=True, slots=True)
class Standing:
    """A fleet's own orders in a continuous market that is trading, and the best of the others'.

    Attributes
    ----------
    step : int
        How often the book was shown before, in this gate.
    book : BookTop
        Best bid and offer of the fleet's zone, and the last price.
    ask_open, bid_open : array of int, shape (n, slots)
        What is left of each order, Wh.
    """

    step: int
    book: BookTop
    ask_open: IntArray
    bid_open: IntArray


class Strategy(Protocol):
    """How a fleet bids: a dataclass of its parameters with one method.

    A strategy may have a second method, ``revise(view, fleet, standing) -> Quotes``. In a
    continuous market it is asked, while the gate is open, for prices and for quantities of what
    has not traded (see `Standing`); it may take quantity back, not add any.

    Attributes
    ----------
    kinds : frozenset of str
        The kinds of unit it can bid for.
    reactive : bool
        True: it is asked interval by interval and sees the newest prices and states.
        False: it is asked once per block of intervals, which is much faster.
    """

    kinds: ClassVar[frozenset[str]]
    reactive: ClassVar[bool]

    def quote(self, view: MarketView, fleet: Any) -> Quotes:
        """Return the orders of all units of `fleet` for the viewed intervals."""
        ...


strategies: Registry[Any] = Registry("agents.strategies", "strategy")
