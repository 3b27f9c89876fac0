"""Storage owners: power, energy, two efficiencies, and never a MWh that is not there."""

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from agents.ageing import Ageing, AgeingLaw
from agents.fleet import Fleet, FleetUnits, cut_to
from agents.quotes import MarketView
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


class Bounds(NamedTuple):
    """Limits of the state of charge, Wh, that orders of an interval have to respect."""

    low: FloatArray
    high: FloatArray


@dataclass(frozen=True, slots=True)
class Promise:
    """An award that is not delivered yet, the limits it was made under, and what it will leave."""

    bought: IntArray
    sold: IntArray
    soc: FloatArray
    bounds: Bounds


class StorageFleet(Fleet):
    """Stations whose awards are limited by physics when they are quoted.

    `committed_soc` is the state of charge after all awards made so far, delivered or not; orders
    may only use what that leaves, so no MWh is ever sold twice, over several intervals or
    markets. What an outage then prevents is an imbalance, and is charged.

    Units that age have smaller limits every day, all shares being of the capacity that is left;
    their power stays. New limits hold for what is quoted from then on: awards made before are
    kept, and charge that no longer fits stays until it is sold, lost or no longer too much.

    Parameters
    ----------
    units : FleetUnits
    plant : StoragePlant
        When new.
    law : AgeingLaw or None
        None: the units do not age.
    """

    stateful = True

    def __init__(
        self, units: FleetUnits, plant: StoragePlant, law: AgeingLaw | None = None
    ) -> None:
        super().__init__(units)
        self.plant = plant
        self.ask_slots = self.bid_slots = int(plant.segments.max())
        for name in StoragePlant.__slots__:
            setattr(self, name, getattr(plant, name))
        self.soc = plant.soc_start_wh.copy()
        self.committed_soc = plant.soc_start_wh.copy()
        self._pending: deque[Promise] = deque()
        self._doubtful = 0
        self._at_gate = 0
        self._share = np.ones(self.n)
        self._leaks = bool(plant.self_discharge.any())
        self.plan_scale = np.ones(self.n)
        self._bounds = Bounds(plant.soc_min_wh, plant.soc_max_wh)
        self._ageing = _ageing(plant, law) if law is not None else None
        self._limits = self._both_limits(self.soc, self._share)

    def look_ahead(self, block: FleetBlock) -> None:
        """Take the wear so far off the capacity, and put its cost on the cycles."""
        super().look_ahead(block)
        if self._ageing is None:
            return
        plant, ageing = self.plant, self._ageing
        ageing.count(self.calendar.second(block.first))
        left = ageing.remaining
        self.soc_min_wh, self.soc_max_wh = plant.soc_min_wh * left, plant.soc_max_wh * left
        self.soc_end_wh = plant.soc_end_wh * left
        self.plan_scale = np.divide(np.round(left, 3), left, out=np.ones(self.n), where=left > 0)
        self._bounds = Bounds(self.soc_min_wh, self.soc_max_wh)
        self.cycle_cost = plant.cycle_cost + ageing.cost(plant.efficiency_discharge)
        block.capacity_left[:] = left

    def quote(self, block: FleetBlock, view: MarketView) -> None:
        """Write the strategy's orders, cut to what power and charge allow, first slots first."""
        self._limits = self._both_limits(self.committed_soc, self.up)
        super().quote(block, view)
        self._at_gate = 1
        row = view.first - block.first
        # At the cap a bid would share with load that goes unserved; charging comes after it.
        below_cap = np.nextafter(view.cap, -np.inf)
        np.minimum(block.bid_price[row], below_cap, out=block.bid_price[row])
        quantities = block.ask_quantity[row], block.bid_quantity[row]
        for quantity, limit in zip(quantities, self._limits, strict=True):
            cut_to(quantity, limit)

    def charge_limit(self) -> IntArray:
        """Return what can be bought in the quoted interval, whole Wh."""
        return self._limits[1]

    def discharge_limit(self) -> IntArray:
        """Return what can be sold in the quoted interval, whole Wh."""
        return self._limits[0]

    def award(self, block: FleetBlock, row: int) -> None:
        """Commit the state of charge to what was just bought and sold."""
        self._at_gate = 0
        bought, sold = block.bought[row], block.sold[row]
        bounds = self._bounds
        self.committed_soc = self._step(self.committed_soc, bought, sold, bounds)
        self._pending.append(Promise(bought, sold, self.committed_soc, bounds))

    def meter(self, block: FleetBlock, row: int) -> bool:
        """Deliver and consume what was traded as far as power and charge allow."""
        if self.outages.possible:
            self._share = np.broadcast_to(self.share_up(block, row), self.n)
        elif not self._doubtful:  # awards were limited by physics, and nothing has happened since
            return False
        bought, sold = block.bought[row], block.sold[row]
        bounds = self._pending[0].bounds
        charged = np.minimum(bought, self._charge_limit(self.soc, self._share, bounds))
        given = np.minimum(sold, self._discharge_limit(self.soc, self._share, bounds))
        block.consumed[row], block.delivered[row] = charged, given
        return bool((charged != bought).any() or (given != sold).any())

    def flexibility(self, block: FleetBlock, row: int) -> tuple[IntArray, IntArray]:
        """Return what can be discharged on top without touching a promise, and the discharge.

        Who charges cannot discharge; the charging can be interrupted instead.
        """
        lowest = np.minimum(self.soc, self.committed_soc)
        for promise in self._pending:
            lowest = np.minimum(lowest, promise.soc)
        bounds = self._pending[0].bounds
        stock = self._discharge_limit(lowest, self._share, bounds)
        power = self._discharge_limit(self.soc, self._share, bounds) - block.delivered[row]
        up = np.where(block.consumed[row] > 0, 0, np.minimum(stock, power))
        return np.maximum(up, 0), block.delivered[row].copy()

    def interruptible(self, block: FleetBlock, row: int) -> IntArray:
        """Return the charging."""
        return np.array(block.consumed[row])

    def commit(self, block: FleetBlock, row: int) -> None:
        """Move the state of charge on."""
        charged, given = block.consumed[row], block.delivered[row]
        promise = self._pending.popleft()
        doubtful = self._doubtful > 0
        self._doubtful -= doubtful
        kept = (promise.bought == charged).all() and (promise.sold == given).all()
        if kept and not doubtful:
            self.soc = promise.soc
        else:
            self.soc = self._step(self.soc, charged, given, promise.bounds)
            self._replay(kept)
        block.soc[row] = self.soc
        if self._ageing is not None:
            self._ageing.note(self.soc)

    def facts(self) -> dict[str, FloatArray]:
        """Return power, size, state of charge at start and end, and how the units have aged."""
        ageing = self._ageing
        if ageing is not None:
            ageing.count(self.calendar.second(self.calendar.n))
        return {
            "capacity_mw": self.plant.discharge_wh / (1e6 * self.calendar.hours),
            "energy_capacity_mwh": self.plant.energy_wh / 1e6,
            "soc_start_mwh": self.plant.soc_start_wh / 1e6,
            "soc_end_mwh": self.soc / 1e6,
            **(ageing.facts() if ageing is not None else {}),
        }

    def limits(self) -> dict[str, FloatArray]:
        """Return limits, when new, and laws of the state of charge."""
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
        """Return the wear of a MWh discharged, without what is counted in `facts`."""
        return self.plant.cycle_cost

    def _after_losses(self, soc: FloatArray, bounds: Bounds) -> FloatArray:
        if not self._leaks:
            return soc
        lost = np.minimum(soc * self.plant.self_discharge, soc - bounds.low)
        return soc - np.maximum(lost, 0.0)

    def _both_limits(self, soc: FloatArray, up: FloatArray) -> tuple[IntArray, IntArray]:
        return (
            self._discharge_limit(soc, up, self._bounds),
            self._charge_limit(soc, up, self._bounds),
        )

    def _charge_limit(self, soc: FloatArray, up: FloatArray, bounds: Bounds) -> IntArray:
        plant = self.plant
        room = (bounds.high - self._after_losses(soc, bounds)) / plant.efficiency_charge
        return _whole(np.minimum(plant.charge_wh * up, room))

    def _discharge_limit(self, soc: FloatArray, up: FloatArray, bounds: Bounds) -> IntArray:
        plant = self.plant
        stock = (self._after_losses(soc, bounds) - bounds.low) * plant.efficiency_discharge
        return _whole(np.minimum(plant.discharge_wh * up, stock))

    def _step(
        self, soc: FloatArray, bought: IntArray, sold: IntArray, bounds: Bounds
    ) -> FloatArray:
        plant = self.plant
        gain = bought * plant.efficiency_charge - sold / plant.efficiency_discharge
        return self._after_losses(soc, bounds) + gain

    def _replay(self, kept: bool) -> None:
        """Reckon anew with what is still promised; it is checked again when it is due.

        A unit that is out is expected to stay out; when it comes back earlier, the promises it
        then keeps change the reckoning once more.
        """
        soc = self.soc
        for promise in self._pending:
            bounds = promise.bounds
            bought = np.minimum(promise.bought, self._charge_limit(soc, self.up, bounds))
            sold = np.minimum(promise.sold, self._discharge_limit(soc, self.up, bounds))
            soc = self._step(soc, bought, sold, bounds)
        changed = (soc != self.committed_soc).any()
        self.committed_soc = soc
        # What was quoted before and is awarded later was limited by what now is wrong, too.
        if changed or not kept:
            self._doubtful = len(self._pending) + self._at_gate


def _ageing(plant: StoragePlant, law: AgeingLaw) -> Ageing:
    usable = (plant.soc_max_wh - plant.soc_min_wh) / plant.energy_wh
    return Ageing(law, plant.energy_wh, usable, plant.soc_start_wh)


def _whole(wh: FloatArray) -> IntArray:
    return np.maximum(wh, 0.0).astype(np.int64)  # towards zero, so down
