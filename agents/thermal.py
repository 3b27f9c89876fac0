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


@dataclass(frozen=True, slots=True)
class Schedule:
    """Output that is sold and not delivered yet.

    Attributes
    ----------
    sold, output, low : array of int, shape (n,)
        Sold; what the plant will run at; what it cannot go below.
    online : array of bool
    """

    sold: IntArray
    output: IntArray
    low: IntArray
    online: BoolArray


class ThermalFleet(Fleet):
    """Plants that burn fuel; on line they run at minimum stable output or above.

    What they cannot avoid (minimum stable output, ramping down) is offered at the price floor,
    the rest at marginal cost. A plant with a minimum that need not run decides for a day at a
    time whether to be on line: if it would have earned anything at the last day's prices.

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
        self._pending: deque[Schedule] = deque()
        self._doubtful = 0
        self._at_gate = 0
        self._forced = plant.minimum_wh
        self._quoted = plant.minimum_wh, plant.capacity_wh
        self._most = plant.capacity_wh
        self._share = np.ones(self.n)

    def quote(self, block: FleetBlock, view: MarketView) -> None:
        """Decide once a day whether to be on line, then ask the strategy."""
        if view.first % self.calendar.per_day == 0:
            self._decide(view)
        self._quoted = self._range(self.committed_output, self.online, self.up)
        self._at_gate = 1
        super().quote(block, view)

    def true_quotes(self, view: MarketView) -> Quotes:
        """Offer the unavoidable part at the floor, the rest at marginal cost."""
        low, high = self._quoted
        quantity = np.empty((1, self.n, 2), np.int64)
        quantity[0, :, 0] = low
        quantity[0, :, 1] = high - low
        price = np.empty((1, self.n, 2))
        floor = view.floor if np.isfinite(view.floor) else 0.0
        price[0, :, 0] = np.minimum(self.plant.marginal_cost, floor)
        price[0, :, 1] = self.plant.marginal_cost
        return Quotes(ask_price=price, ask_quantity=quantity)

    def award(self, block: FleetBlock, row: int) -> None:
        """Reckon with ramps from what was just sold."""
        self._at_gate = 0
        low, high = self._quoted
        output = np.minimum(np.maximum(block.sold[row], low), high)
        self._pending.append(Schedule(block.sold[row], output, low, self.online))
        self.committed_output = output

    def meter(self, block: FleetBlock, row: int) -> bool:
        """Run at what was sold, within what the plant can do."""
        schedule = self._pending[0]
        if self.outages.possible:
            self._share = np.broadcast_to(self.share_up(block, row), self.n)
        elif not self._doubtful and (schedule.sold == schedule.output).all():
            self._forced = schedule.low
            return False
        low, high = self._range(self.output, schedule.online, self._share)
        self._forced = low
        delivered = np.clip(block.sold[row], low, high)
        block.delivered[row] = delivered
        return bool((delivered != block.sold[row]).any())

    def flexibility(self, block: FleetBlock, row: int) -> tuple[IntArray, IntArray]:
        """Return the room up to ramp and capacity, and down to the unavoidable part."""
        _, high = self._range(self.output, self._pending[0].online, self._share)
        delivered = block.delivered[row]
        return np.maximum(high - delivered, 0), np.maximum(delivered - self._forced, 0)

    def commit(self, block: FleetBlock, row: int) -> None:
        """Remember the output for the ramp."""
        schedule = self._pending.popleft()
        doubtful = self._doubtful > 0
        self._doubtful -= doubtful
        self.output = block.delivered[row]
        kept = bool((schedule.output == self.output).all())
        if doubtful or not kept:
            self._replay(kept)

    def facts(self) -> dict[str, FloatArray]:
        """Return the capacity."""
        return {"capacity_mw": self.plant.capacity_wh / (1e6 * self.calendar.hours)}

    def unit_cost(self) -> FloatArray:
        """Return the fuel cost."""
        return self._cost

    def marginal_cost(self, block: FleetBlock) -> FloatArray:
        """Return the fuel cost, which does not change with output."""
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
        plant = self.plant
        gap = day[:, None] - plant.marginal_cost
        above = np.maximum(gap, 0.0) * (plant.capacity_wh - plant.minimum_wh)
        profit = (gap * plant.minimum_wh + above).sum(axis=0)
        stops = ~plant.must_run & (plant.minimum_wh > 0)
        # A new array: schedules that are not delivered yet keep theirs.
        self.online = ~stops | (profit > 0) | (day.size == 0)

    def _replay(self, kept: bool) -> None:
        """Reckon anew with what is still sold; it is checked again when it is due."""
        output = self.output
        for schedule in self._pending:
            low, high = self._range(output, schedule.online, self.up)
            output = np.clip(schedule.sold, low, high)
        changed = (output != self.committed_output).any()
        self.committed_output = output
        # What was quoted before and is awarded later was limited by what now is wrong, too.
        if changed or not kept:
            self._doubtful = len(self._pending) + self._at_gate


class FreeThermalFleet(ThermalFleet):
    """Thermal plants that are always on line and have no ramp limit: nothing to remember.

    Their offers do not depend on what was awarded, so they are quoted a block at a time.
    """

    stateful = False

    def quote(self, block: FleetBlock, view: MarketView) -> None:
        """Ask the strategy; the range is always the whole one."""
        Fleet.quote(self, block, view)

    def award(self, block: FleetBlock, row: int) -> None:
        """Nothing to reckon with."""

    def meter(self, block: FleetBlock, row: int) -> bool:
        """Run at what was sold, at least at the minimum stable output."""
        sold = block.sold[row]
        possible = (sold >= self.plant.minimum_wh) & (sold <= self.plant.capacity_wh)
        if not self.outages.possible and possible.all():
            return False
        most = np.floor(self.plant.capacity_wh * self.share_up(block, row)).astype(np.int64)
        self._most = most
        self._forced = np.minimum(self.plant.minimum_wh, most)
        block.delivered[row] = np.clip(sold, self._forced, most)
        return bool((block.delivered[row] != sold).any())

    def flexibility(self, block: FleetBlock, row: int) -> tuple[IntArray, IntArray]:
        """Return the room up to capacity, and down to the minimum stable output."""
        delivered = block.delivered[row]
        return self._most - delivered, delivered - self._forced

    def commit(self, block: FleetBlock, row: int) -> None:
        """Nothing to remember."""
