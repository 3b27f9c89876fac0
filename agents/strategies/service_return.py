"""A pool gives back what it holds in the best hours before the next surplus."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from agents.quotes import MarketView, Quotes, strategies
from agents.shapes import StorageColumns
from market import FloatArray, IntArray


@strategies.register("service_return")
@dataclass(frozen=True)
class ServiceReturn:
    """Storage that only sells: full power in the best hours before the next surplus.

    The pool of a shared station is filled by storage service, never in the energy auction. What
    it holds takes k intervals of full power to sell. It is sold in the k intervals with the
    highest expected prices of the window, that is: now, if the price expected now is among them.
    The order is for all that power allows, at `discount` times the k-th highest expected price;
    so it trades although prices come out lower than expected, and the price of the market is
    what it is paid.

    The window reaches `horizon_hours` ahead, but not beyond the next *surplus*: an interval with
    an expected price of `surplus_price` or less, in which wind and sun set the price and the pool
    can be filled again. So a pool is empty when the next surplus comes. In a surplus there are no
    orders; in one that was not expected the discounted price keeps them from trading.

    There are no orders until the forecaster knows a price: a day of `persistence`.

    Parameters
    ----------
    horizon_hours : float
        How far ahead prices are looked at.
    discount : float
        Ask over the k-th highest expected price, above 0 and at most 1.
    surplus_price : float
        Highest expected price, currency/MWh, that counts as a surplus.

    Examples
    --------
    A pool of 4 MWh that sells 2 MWh an hour without losses needs k = 2 hours. Expected are 300,
    420, 390, 1, 500: the window ends before the 1, the two best hours are the second and the
    third, and nothing is offered now. An hour later 420 is among the best, and 2 MWh are asked
    for at 0.5 x 390 = 195.

    References
    ----------
    Between two times at which it is full or empty, a store that takes prices sells above one
    level of price and buys below another: Flatley, MacKay, Waterson, "Optimal strategies for
    operating energy storage in an arbitrage market", arXiv 1412.0829. The k-th highest price is
    that level for a store which is emptied; the discount is this project's own.
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"storage"})
    reactive: ClassVar[bool] = True

    horizon_hours: float = 24.0
    discount: float = 0.5
    surplus_price: float = 10.0

    def __post_init__(self) -> None:
        if not 0 < self.horizon_hours < np.inf:
            raise ValueError(f"horizon_hours must be above 0, got {self.horizon_hours}")
        if not 0 < self.discount <= 1:
            raise ValueError(f"discount must be above 0 and at most 1, got {self.discount}")
        if not np.isfinite(self.surplus_price):
            raise ValueError(f"surplus_price must be a number, got {self.surplus_price}")

    def quote(self, view: MarketView, fleet: StorageColumns) -> Quotes:
        """Return one ask per unit for interval `view.first`, or none."""
        limit = fleet.discharge_limit()
        if not limit.any():
            return Quotes()
        window = self._window(view)
        if window.size == 0:
            return Quotes()
        best = np.sort(window)[::-1]
        worst_used = best[np.minimum(_intervals(fleet), best.size) - 1]
        price = np.zeros((fleet.n, fleet.ask_slots))
        quantity = np.zeros((fleet.n, fleet.ask_slots), np.int64)
        price[:, 0] = np.clip(self.discount * worst_used, view.floor, view.cap)
        quantity[:, 0] = np.where(window[0] >= worst_used, limit, 0)
        return Quotes(ask_price=price, ask_quantity=quantity)

    def _window(self, view: MarketView) -> FloatArray:
        """Return the expected prices from now to the next surplus; none in a surplus."""
        prices = view.price_forecast(max(round(self.horizon_hours / view.calendar.hours), 1))
        # Not (above): a price that is not a number is no price to wait for.
        surplus = ~(prices > self.surplus_price)
        return prices[: int(surplus.argmax())] if surplus.any() else prices


def _intervals(fleet: StorageColumns) -> IntArray:
    """Return how many intervals of full power each unit can sell, at least one."""
    held = (fleet.committed_soc - fleet.soc_min_wh) * fleet.efficiency_discharge
    power = np.maximum(fleet.discharge_wh, 1.0)
    # A watt-hour that rounding left over is not worth an interval.
    return np.maximum(np.ceil((held - 1.0) / power), 1).astype(np.int64)
