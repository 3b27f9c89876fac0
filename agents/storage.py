"""Storage owners: power, energy, two efficiencies, and never a MWh that is not there."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from agents.fleet import Fleet, FleetUnits
from market import FleetBlock, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class StoragePlant:
    """Constants of storage stations, each of shape (n,).

    Attributes
    ----------
    charge_wh, discharge_wh : array
        Largest energy bought and sold in an interval, Wh on the grid side.
    energy_wh, soc_min_wh, soc_max_wh, soc_start_wh, soc_end_wh : array
        Size, limits, start and end of the state of charge, Wh; the end is NaN where free.
    efficiency_charge, efficiency_discharge : array
        Stored per bought, sold per taken out.
    self_discharge : array
        Share of the state of charge lost per interval.
    cycle_cost : array
        Currency per MWh discharged.
    segments : array of int
        Orders each way, 1 to 5.
    """

    charge_wh: FloatArray
    discharge_wh: FloatArray
    energy_wh: FloatArray
    soc_min_wh: FloatArray
    soc_max_wh: FloatArray
    soc_start_wh: FloatArray
    soc_end_wh: FloatArray
    efficiency_charge: FloatArray
    efficiency_discharge: FloatArray
    self_discharge: FloatArray
    cycle_cost: FloatArray
    segments: IntArray


class StorageFleet(Fleet):
    """Stations whose awards are limited by physics when they are quoted.

    `committed_soc` is the state of charge after all awards made so far, delivered or not; orders
    may only use what that leaves, so no MWh is ever sold twice, over several intervals or
    markets. What an outage then prevents is an imbalance, and is charged.
    """

    stateful = True
    balances = False

    def __init__(self, units: FleetUnits, plant: StoragePlant) -> None:
        super().__init__(units)
        self.plant = plant
        self.ask_slots = self.bid_slots = int(plant.segments.max())
        for name in StoragePlant.__slots__:
            setattr(self, name, getattr(plant, name))
        self.soc = plant.soc_start_wh.copy()
        self.committed_soc = plant.soc_start_wh.copy()
        self._pending: deque[tuple[IntArray, IntArray]] = deque()
        self._share = np.ones(self.n)

    def charge_limit(self) -> IntArray:
        """Return what can be bought in the quoted interval, whole Wh."""
        return self._charge_limit(self.committed_soc, self.up)

    def discharge_limit(self) -> IntArray:
        """Return what can be sold in the quoted interval, whole Wh."""
        return self._discharge_limit(self.committed_soc, self.up)

    def award(self, block: FleetBlock, row: int) -> None:
        """Commit the state of charge to what was just bought and sold."""
        bought, sold = block.bought[row].copy(), block.sold[row].copy()
        self._pending.append((bought, sold))
        self.committed_soc = self._step(self.committed_soc, bought, sold)

    def meter(self, block: FleetBlock, row: int) -> bool:
        """Deliver and consume what was traded as far as power and charge allow."""
        if self.outages.possible:
            end = self.calendar.second(block.first + row + 1)
            self._share = self.outages.share_up(end, self.calendar.interval_s)
        bought, sold = block.bought[row], block.sold[row]
        charged = np.minimum(bought, self._charge_limit(self.soc, self._share))
        given = np.minimum(sold, self._discharge_limit(self.soc, self._share))
        block.consumed[row], block.delivered[row] = charged, given
        return bool((charged != bought).any() or (given != sold).any())

    def commit(self, block: FleetBlock, row: int) -> None:
        """Move the state of charge on."""
        charged, given = block.consumed[row], block.delivered[row]
        self.soc = self._step(self.soc, charged, given)
        block.soc[row] = self.soc
        bought, sold = self._pending.popleft()
        if not (np.array_equal(bought, charged) and np.array_equal(sold, given)):
            self._replay()

    def facts(self) -> dict[str, FloatArray]:
        """Return power, size and state of charge at start and end."""
        return {
            "capacity_mw": self.plant.discharge_wh / (1e6 * self.calendar.hours),
            "energy_capacity_mwh": self.plant.energy_wh / 1e6,
            "soc_start_mwh": self.plant.soc_start_wh / 1e6,
            "soc_end_mwh": self.soc / 1e6,
        }

    def limits(self) -> dict[str, FloatArray]:
        """Return limits and laws of the state of charge."""
        plant = self.plant
        return {
            "minimum": plant.soc_min_wh,
            "maximum": plant.soc_max_wh,
            "efficiency_charge": plant.efficiency_charge,
            "efficiency_discharge": plant.efficiency_discharge,
            "self_discharge": plant.self_discharge,
            "before": plant.soc_start_wh,
        }

    def unit_cost(self) -> FloatArray:
        """Return the wear of a MWh discharged."""
        return self.plant.cycle_cost

    def _after_losses(self, soc: FloatArray) -> FloatArray:
        lost = np.minimum(soc * self.plant.self_discharge, soc - self.plant.soc_min_wh)
        return soc - np.maximum(lost, 0.0)

    def _charge_limit(self, soc: FloatArray, up: FloatArray) -> IntArray:
        plant = self.plant
        room = (plant.soc_max_wh - self._after_losses(soc)) / plant.efficiency_charge
        return _whole(np.minimum(plant.charge_wh * up, room))

    def _discharge_limit(self, soc: FloatArray, up: FloatArray) -> IntArray:
        plant = self.plant
        stock = (self._after_losses(soc) - plant.soc_min_wh) * plant.efficiency_discharge
        return _whole(np.minimum(plant.discharge_wh * up, stock))

    def _step(self, soc: FloatArray, bought: IntArray, sold: IntArray) -> FloatArray:
        plant = self.plant
        gain = bought * plant.efficiency_charge - sold / plant.efficiency_discharge
        return self._after_losses(soc) + gain

    def _replay(self) -> None:
        soc = self.soc
        for bought, sold in self._pending:
            bought = np.minimum(bought, self._charge_limit(soc, self.up))
            sold = np.minimum(sold, self._discharge_limit(soc, self.up))
            soc = self._step(soc, bought, sold)
        self.committed_soc = soc


def _whole(wh: FloatArray) -> IntArray:
    return np.maximum(np.floor(wh), 0.0).astype(np.int64)
