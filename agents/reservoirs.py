"""Reservoir hydro and solar thermal plants: an inflow, a store and a turbine.

Both follow one law: level' = level - loss + inflow - output - spill, between empty and full.
Water and heat are counted in Wh of electricity they can give.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from agents.fleet import Fleet, FleetUnits, cut_to
from agents.quotes import MarketView, Quotes
from market import FleetBlock, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class ReservoirPlant:
    """Constants of reservoir plants, each of shape (n,).

    Attributes
    ----------
    capacity_wh, release_wh, minimum_wh : array of int
        Largest output, minimum release and minimum stable output of an interval, Wh.
    size_wh, start_wh : array
        Reservoir and its level at the start, Wh.
    loss : array
        Share of the level lost per interval.
    marginal_cost : array
        Currency/MWh of output that costs no stored water (what would spill or must be released);
        negative where subsidy or certificates come with each MWh.
    value_empty, value_full : array
        Value of stored water at an empty and at a full reservoir, currency/MWh.
    """

    capacity_wh: IntArray
    release_wh: IntArray
    minimum_wh: IntArray
    size_wh: FloatArray
    start_wh: FloatArray
    loss: FloatArray
    marginal_cost: FloatArray
    value_empty: FloatArray
    value_full: FloatArray


@dataclass(frozen=True, slots=True)
class Release:
    """Output that is sold and not delivered yet, the level and the spill it will leave."""

    interval: int
    sold: IntArray
    level: FloatArray
    spill: IntArray


class ReservoirFleet(Fleet):
    """Plants that can keep what flows in for later, up to a full reservoir.

    Parameters
    ----------
    units : FleetUnits
    plant : ReservoirPlant
    inflow : array, shape (n, N)
        Inflow of each interval, Wh.
    cost : array, shape (n,)
        Marginal cost of a MWh, currency, water value and subsidies left out.
    """

    ask_slots = 2
    stateful = True
    clean = True

    def __init__(
        self, units: FleetUnits, plant: ReservoirPlant, inflow: FloatArray, cost: FloatArray
    ) -> None:
        super().__init__(units)
        self.plant, self.inflow, self._cost = plant, inflow, cost
        self._share = np.ones(self.n)
        self.level = plant.start_wh.copy()
        self.committed_level = plant.start_wh.copy()
        self._pending: deque[Release] = deque()
        self._doubtful = 0
        self._at_gate = 0
        self._always_stable = not plant.minimum_wh.any()
        self._kept = 1.0 - plant.loss
        self._value_slope = (plant.value_full - plant.value_empty) / np.maximum(plant.size_wh, 1.0)
        self._quoted = self._water(self.level, 0)
        self._limit = self._most(self._quoted)

    def look_ahead(self, block: FleetBlock) -> None:
        """Nothing is available but what will be delivered or spilled; that is filled later."""
        self.block = block

    def quote(self, block: FleetBlock, view: MarketView) -> None:
        """Write the strategy's orders, cut to what water and turbines allow."""
        self._at_gate = 1
        self._quoted = self._water(self.committed_level, view.first)
        self._limit = self._most(self._quoted)
        super().quote(block, view)
        cut_to(block.ask_quantity[view.first - block.first], self._limit)

    def true_quotes(self, view: MarketView) -> Quotes:
        """Offer forced release and overflow at marginal cost, stored water at its value."""
        plant, most = self.plant, self._limit
        overflow = np.ceil(np.maximum(self._quoted - plant.size_wh, 0.0)).astype(np.int64)
        least = np.maximum(np.maximum(plant.release_wh, overflow), plant.minimum_wh)
        quantity = np.empty((1, self.n, 2), np.int64)
        quantity[0, :, 0] = np.minimum(least, most)
        quantity[0, :, 1] = most - quantity[0, :, 0]
        price = np.empty((1, self.n, 2))
        price[0, :, 0] = plant.marginal_cost
        price[0, :, 1] = plant.marginal_cost + self._water_value(self.committed_level)
        return Quotes(ask_price=price, ask_quantity=quantity)

    def award(self, block: FleetBlock, row: int) -> None:
        """Reckon with the level after what was just sold."""
        self._at_gate = 0
        interval = block.first + row
        sold = block.sold[row]
        self.committed_level, spill = self._step(self.committed_level, interval, sold)
        self._pending.append(Release(interval, sold, self.committed_level, spill))

    def meter(self, block: FleetBlock, row: int) -> bool:
        """Deliver what was sold as far as water and turbines are there.

        A plant that sold less than its minimum stable output does not run.
        """
        if self.outages.possible:
            self._share = np.broadcast_to(self.share_up(block, row), self.n)
        elif self._always_stable and not self._doubtful:
            return False
        sold = block.sold[row]
        delivered = np.minimum(sold, self._room(block, row))
        delivered *= delivered >= self.plant.minimum_wh
        block.delivered[row] = delivered
        return bool((delivered != sold).any())

    def flexibility(self, block: FleetBlock, row: int) -> tuple[IntArray, IntArray]:
        """Return what the turbines can still give, and all of the output."""
        return self._room(block, row) - block.delivered[row], block.delivered[row].copy()

    def commit(self, block: FleetBlock, row: int) -> None:
        """Move the level on; spilled water counts as available and curtailed."""
        delivered = block.delivered[row]
        release = self._pending.popleft()
        doubtful = self._doubtful > 0
        self._doubtful -= doubtful
        kept = (release.sold == delivered).all()
        if kept and not doubtful:
            self.level, spill = release.level, release.spill
        else:
            self.level, spill = self._step(self.level, block.first + row, delivered)
        block.spilled[row] = spill
        block.resource[row] = delivered + spill
        block.available[row] = block.resource[row]
        block.forecast[row] = block.resource[row]
        block.soc[row] = self.level
        if not kept:
            self._replay()

    def facts(self) -> dict[str, FloatArray]:
        """Return capacity, reservoir and levels."""
        hours = self.calendar.hours
        return {
            "capacity_mw": self.plant.capacity_wh / (1e6 * hours),
            "energy_capacity_mwh": self.plant.size_wh / 1e6,
            "soc_start_mwh": self.plant.start_wh / 1e6,
            "soc_end_mwh": self.level / 1e6,
        }

    def limits(self) -> dict[str, FloatArray]:
        """Return the limits of the level."""
        return {"minimum": np.zeros(self.n), "maximum": self.plant.size_wh}

    def unit_cost(self) -> FloatArray:
        """Return the marginal cost."""
        return self._cost

    def _water(self, level: FloatArray, interval: int) -> FloatArray:
        """Return what could be turned into output in an interval, Wh."""
        return level * self._kept + self.inflow[:, interval]

    def _most(self, water: FloatArray) -> IntArray:
        """Return what can be sold of so much water, Wh; nothing below stable output."""
        most = np.minimum(self.plant.capacity_wh * self.up, water).astype(np.int64)
        if not self._always_stable:
            most *= most >= self.plant.minimum_wh
        return most

    def _water_value(self, level: FloatArray) -> FloatArray:
        """Return the value of stored water at a level, currency/MWh."""
        return self.plant.value_empty + self._value_slope * np.minimum(level, self.plant.size_wh)

    def _step(
        self, level: FloatArray, interval: int, output: IntArray
    ) -> tuple[FloatArray, IntArray]:
        plant = self.plant
        after = self._water(level, interval) - output
        must_go = np.maximum(plant.release_wh - output, after - plant.size_wh)
        spill = np.ceil(np.maximum(np.minimum(must_go, after), 0.0)).astype(np.int64)
        return np.maximum(after - spill, 0.0), spill

    def _room(self, block: FleetBlock, row: int) -> IntArray:
        water = self._water(self.level, block.first + row)
        return np.minimum(self.plant.capacity_wh * self._share, water).astype(np.int64)

    def _replay(self) -> None:
        """Reckon anew with what is still sold; it is checked again when it is due."""
        level = self.level
        for release in self._pending:
            level, _ = self._step(level, release.interval, release.sold)
        self.committed_level = level
        # What was quoted before and is awarded later was limited by what now is wrong, too.
        self._doubtful = len(self._pending) + self._at_gate
