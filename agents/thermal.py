"""Thermal plants: marginal cost, minimum stable output, ramps."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from agents.fleet import Fleet, FleetUnits
from agents.quotes import MarketView, Quotes
from market import BoolArray, FleetBlock, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class ThermalPlant:
    """Constants of thermal plants, each of shape (n,).

    Attributes
    ----------
    capacity_wh, minimum_wh : array of int
        Largest and minimum stable output of an interval, Wh.
    ramp_wh : array
        Largest change from one interval to the next, Wh; infinite when there is no limit.
    marginal_cost : array
        Currency/MWh, less what a MWh earns outside the market.
    must_run : array of bool
        True: always on line. False: on line on days whose expected mean price covers the cost.
    """

    capacity_wh: IntArray
    minimum_wh: IntArray
    ramp_wh: FloatArray
    marginal_cost: FloatArray
    must_run: BoolArray


class ThermalFleet(Fleet):
    """Plants that burn fuel; on line they run at minimum stable output or above.

    What they cannot avoid (minimum stable output, ramping down) is offered at the price floor,
    the rest at marginal cost. A plant that need not run decides for a day at a time, on the
    prices published last, whether to be on line.

    Parameters
    ----------
    units : FleetUnits
    plant : ThermalPlant
    cost : array, shape (n,)
        Fuel cost of a MWh, currency.
    """

    ask_slots = 2
    stateful = True

    def __init__(self, units: FleetUnits, plant: ThermalPlant, cost: FloatArray) -> None:
        super().__init__(units)
        self.plant, self._cost = plant, cost
        self.output = plant.minimum_wh.copy()
        self.committed_output = plant.minimum_wh.copy()
        self.online = np.ones(self.n, bool)
        self._pending: deque[tuple[int, IntArray, BoolArray]] = deque()
        self._forced = np.zeros(self.n, np.int64)
        self._share = np.ones(self.n)

    def true_quotes(self, view: MarketView) -> Quotes:
        """Offer the unavoidable part at the floor, the rest at marginal cost."""
        if view.first % self.calendar.per_day == 0:
            self._decide(view)
        low, high = self._range(self.committed_output, self.online, self.up)
        quantity = np.stack([low, high - low], axis=1)[None]
        floor = view.floor if np.isfinite(view.floor) else 0.0
        unavoidable = np.minimum(self.plant.marginal_cost, floor)
        price = np.stack([unavoidable, self.plant.marginal_cost], axis=1)[None]
        return Quotes(ask_price=price, ask_quantity=quantity)

    def award(self, block: FleetBlock, row: int) -> None:
        """Reckon with ramps from what was just sold."""
        low, high = self._range(self.committed_output, self.online, self.up)
        self._pending.append((block.first + row, block.sold[row].copy(), self.online.copy()))
        self.committed_output = np.clip(block.sold[row], low, high)

    def meter(self, block: FleetBlock, row: int) -> bool:
        """Run at what was sold, within what the plant can do."""
        if self.outages.possible:
            end = self.calendar.second(block.first + row + 1)
            self._share = self.outages.share_up(end, self.calendar.interval_s)
        low, high = self._range(self.output, self._pending[0][2], self._share)
        self._forced = low
        delivered = np.clip(block.sold[row], low, high)
        block.delivered[row] = delivered
        return bool((delivered != block.sold[row]).any())

    def flexibility(self, block: FleetBlock, row: int) -> tuple[IntArray, IntArray]:
        """Return the room up to ramp and capacity, and down to the unavoidable part."""
        _, high = self._range(self.output, self._pending[0][2], self._share)
        delivered = block.delivered[row]
        return np.maximum(high - delivered, 0), np.maximum(delivered - self._forced, 0)

    def commit(self, block: FleetBlock, row: int) -> None:
        """Remember the output for the ramp."""
        _, planned, _ = self._pending.popleft()
        self.output = block.delivered[row].copy()
        if not np.array_equal(planned, self.output):
            self._replay()

    def facts(self) -> dict[str, FloatArray]:
        """Return the capacity."""
        return {"capacity_mw": self.plant.capacity_wh / (1e6 * self.calendar.hours)}

    def unit_cost(self) -> FloatArray:
        """Return the fuel cost."""
        return self._cost

    def _range(
        self, before: IntArray, online: BoolArray, up: FloatArray
    ) -> tuple[IntArray, IntArray]:
        plant = self.plant
        most = np.floor(plant.capacity_wh * up).astype(np.int64)
        high = np.minimum(most, np.floor(before + plant.ramp_wh)) * online
        falling = np.ceil(np.maximum(before - plant.ramp_wh, 0.0))
        low = np.minimum(np.maximum(plant.minimum_wh * online, falling), most)
        # A plant that starts or comes back reaches its minimum stable output at once.
        return low.astype(np.int64), np.maximum(high, low).astype(np.int64)

    def _decide(self, view: MarketView) -> None:
        day = view.published[-self.calendar.per_day :]
        mean = float(np.mean(day)) if day.size else np.inf
        self.online = self.plant.must_run | (mean >= self.plant.marginal_cost)

    def _replay(self) -> None:
        output = self.output
        for _, sold, online in self._pending:
            low, high = self._range(output, online, self.up)
            output = np.clip(sold, low, high)
        self.committed_output = output
