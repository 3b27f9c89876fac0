"""Reservoir hydro and solar thermal plants: an inflow, a store and a turbine.

Both follow one law: level' = level - loss + inflow - output - spill, between empty and full.
Water and heat are counted in Wh of electricity they can give.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from agents.fleet import Fleet, FleetUnits
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

    def __init__(
        self, units: FleetUnits, plant: ReservoirPlant, inflow: FloatArray, cost: FloatArray
    ) -> None:
        super().__init__(units)
        self.plant, self.inflow, self._cost = plant, inflow, cost
        self._share = np.ones(self.n)
        self.level = plant.start_wh.copy()
        self.committed_level = plant.start_wh.copy()
        self._pending: deque[tuple[int, IntArray]] = deque()

    def look_ahead(self, block: FleetBlock) -> None:
        """Nothing is available but what will be delivered or spilled; that is filled later."""
        self.block = block

    def true_quotes(self, view: MarketView) -> Quotes:
        """Offer forced release and overflow at marginal cost, stored water at its value."""
        plant = self.plant
        water = self._water(self.committed_level, view.first)
        most = np.minimum(plant.capacity_wh * self.up, water).astype(np.int64)
        overflow = np.ceil(np.maximum(water - plant.size_wh, 0.0)).astype(np.int64)
        forced = np.minimum(np.maximum(plant.release_wh, overflow), most)
        most = np.where(most < plant.minimum_wh, 0, most)
        forced = np.minimum(np.maximum(forced, self._stable_part(most)), most)
        quantity = np.stack([forced, most - forced], axis=1)[None]
        fill = np.clip(self.committed_level / np.maximum(plant.size_wh, 1.0), 0.0, 1.0)
        value = plant.value_empty + (plant.value_full - plant.value_empty) * fill
        price = np.stack([plant.marginal_cost, value + plant.marginal_cost], axis=1)[None]
        return Quotes(ask_price=price, ask_quantity=quantity)

    def award(self, block: FleetBlock, row: int) -> None:
        """Reckon with the level after what was just sold."""
        interval = block.first + row
        sold = block.sold[row].copy()
        self._pending.append((interval, sold))
        self.committed_level, _ = self._step(self.committed_level, interval, sold)

    def meter(self, block: FleetBlock, row: int) -> bool:
        """Deliver what was sold as far as water and turbines are there."""
        possible = self._possible(block, row)
        short = block.sold[row] > possible
        if not short.any():
            return False
        block.delivered[row] = np.minimum(block.sold[row], possible)
        return True

    def flexibility(self, block: FleetBlock, row: int) -> tuple[IntArray, IntArray]:
        """Return what the turbines can still give, and all of the output."""
        return self._room(block, row) - block.delivered[row], block.delivered[row].copy()

    def commit(self, block: FleetBlock, row: int) -> None:
        """Move the level on; spilled water counts as available and curtailed."""
        interval = block.first + row
        delivered = block.delivered[row]
        self.level, spill = self._step(self.level, interval, delivered)
        block.spilled[row] = spill
        block.resource[row] = delivered + spill
        block.available[row] = block.resource[row]
        block.forecast[row] = block.resource[row]
        block.soc[row] = self.level
        _, planned = self._pending.popleft()
        if not np.array_equal(planned, delivered):
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
        return level * (1.0 - self.plant.loss) + self.inflow[:, interval]

    def _stable_part(self, most: IntArray) -> IntArray:
        return np.minimum(self.plant.minimum_wh, most)

    def _step(
        self, level: FloatArray, interval: int, output: IntArray
    ) -> tuple[FloatArray, IntArray]:
        plant = self.plant
        after = self._water(level, interval) - output
        must_go = np.maximum(plant.release_wh - output, after - plant.size_wh)
        spill = np.ceil(np.clip(must_go, 0.0, np.maximum(after, 0.0))).astype(np.int64)
        return np.maximum(after - spill, 0.0), spill

    def _possible(self, block: FleetBlock, row: int) -> IntArray:
        if self.outages.possible:
            end = self.calendar.second(block.first + row + 1)
            share = self.outages.share_up(end, self.calendar.interval_s)
            self._share = share
        return self._room(block, row)

    def _room(self, block: FleetBlock, row: int) -> IntArray:
        water = self._water(self.level, block.first + row)
        return np.minimum(self.plant.capacity_wh * self._share, water).astype(np.int64)

    def _replay(self) -> None:
        level = self.level
        for interval, sold in self._pending:
            level, _ = self._step(level, interval, sold)
        self.committed_level = level
