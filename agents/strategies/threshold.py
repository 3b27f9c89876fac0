"""Storage buys below one price and sells above another."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from agents.quotes import MarketView, Quotes, strategies
from agents.shapes import StorageColumns
from market import FloatArray


@strategies.register("threshold")
@dataclass
class Threshold:
    """Storage: buy at or below a low price, sell at or above a high one.

    The two prices are either given (`buy_below`, `sell_above`, for all units) or quantiles of the
    clearing prices published in the last `window_hours`. Quantiles know nothing of losses, so
    there the ask is at least the price at which energy bought at the bid and sold again breaks
    even: bid / (efficiency_charge x efficiency_discharge) + cycle_cost. Given prices are used as
    they are: a person may want to trade at a loss.

    The whole possible energy is offered each way in one order. Bids are always below asks. In
    quantile mode there are no orders until a price has been published.

    Parameters
    ----------
    buy_below, sell_above : float or None
        Prices, currency/MWh; both or none.
    buy_quantile, sell_quantile : float
        Used when no prices are given; from 0 to 1.
    window_hours : float
        How far back published prices are looked at.

    Examples
    --------
    With published prices from 100 to 500, quantiles 0.25 and 0.75, efficiencies of 0.9 and a
    cycle cost of 20 the unit buys below 200 and sells above max(400, 200 / 0.81 + 20) = 400.
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"storage"})
    reactive: ClassVar[bool] = True

    buy_below: float | None = None
    sell_above: float | None = None
    buy_quantile: float = 0.25
    sell_quantile: float = 0.75
    window_hours: float = 168.0

    def __post_init__(self) -> None:
        if (self.buy_below is None) != (self.sell_above is None):
            raise ValueError("buy_below and sell_above are given together or not at all")
        low, high = self.buy_below or 0.0, self.sell_above or 0.0
        if self.buy_below is not None and not -np.inf < low < high < np.inf:
            raise ValueError(
                "buy_below must be below sell_above, got "
                f"buy_below={self.buy_below}, sell_above={self.sell_above}"
            )
        if not 0 <= self.buy_quantile < self.sell_quantile <= 1:
            raise ValueError(
                "0 <= buy_quantile < sell_quantile <= 1 is required, got "
                f"buy_quantile={self.buy_quantile}, sell_quantile={self.sell_quantile}"
            )
        if not 0 < self.window_hours < np.inf:
            raise ValueError(f"window_hours must be above 0, got {self.window_hours}")

    def quote(self, view: MarketView, fleet: StorageColumns) -> Quotes:
        """Return one bid and one ask per unit for interval `view.first`."""
        limits = self._limits(view, fleet)
        if limits is None:
            return Quotes()
        buy, sell = limits
        price = np.zeros((2, fleet.n, fleet.ask_slots))
        quantity = np.zeros((2, fleet.n, fleet.ask_slots), np.int64)
        # A bid below the floor or an ask above the cap could only trade at a loss.
        price[0, :, 0] = np.minimum(buy, view.cap)
        price[1, :, 0] = np.maximum(sell, view.floor)
        quantity[0, :, 0] = fleet.charge_limit() * (buy >= view.floor)
        quantity[1, :, 0] = fleet.discharge_limit() * (sell <= view.cap)
        return Quotes(price[1], quantity[1], price[0], quantity[0])

    def _limits(
        self, view: MarketView, fleet: StorageColumns
    ) -> tuple[float | FloatArray, float | FloatArray] | None:
        """Return what each unit buys below and sells above, bids strictly below asks."""
        if self.buy_below is not None and self.sell_above is not None:
            return self.buy_below, self.sell_above
        recent = view.published[-max(round(self.window_hours / view.calendar.hours), 1) :]
        recent = recent[np.isfinite(recent)]
        if recent.size == 0:
            return None
        buy, sell = np.quantile(recent, (self.buy_quantile, self.sell_quantile))
        round_trip = fleet.efficiency_charge * fleet.efficiency_discharge
        even = buy / round_trip + fleet.cycle_cost
        return buy, np.maximum(np.maximum(sell, even), np.nextafter(buy, np.inf))
