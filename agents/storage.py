"""Storage owners: power, energy, two efficiencies, and never a MWh that is not there."""

from collections import deque
from dataclasses import dataclass

import numpy as np

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


@dataclass(frozen=True, slots=True)
class Promise:
    """An award that is not delivered yet, and the state of charge it will leave."""

    bought: IntArray
    sold: IntArray
    soc: FloatArray


class StorageFleet(Fleet):
    """Stations whose awards are limited by physics when they are quoted.

    `committed_soc` is the state of charge after all awards made so far, delivered or not; orders
    may only use what that leaves, so no MWh is ever sold twice, over several intervals or
    markets. What an outage then prevents is an imbalance, and is charged.
    """

    stateful = True

    def __init__(self, units: FleetUnits, plant: StoragePlant) -> None:
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
        self._limits = (
            self._discharge_limit(self.soc, self._share),
            self._charge_limit(self.soc, self._share),
        )

    def quote(self, block: FleetBlock, view: MarketView) -> None:
        """Write the strategy's orders, cut to what power and charge allow, first slots first."""
        self._limits = (
            self._discharge_limit(self.committed_soc, self.up),
            self._charge_limit(self.committed_soc, self.up),
        )
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
        self.committed_soc = self._step(self.committed_soc, bought, sold)
        self._pending.append(Promise(bought, sold, self.committed_soc))

    def meter(self, block: FleetBlock, row: int) -> bool:
        """Deliver and consume what was traded as far as power and charge allow."""
        if self.outages.possible:
            self._share = np.broadcast_to(self.share_up(block, row), self.n)
        elif not self._doubtful:  # awards were limited by physics, and nothing has happened since
            return False
        bought, sold = block.bought[row], block.sold[row]
        charged = np.minimum(bought, self._charge_limit(self.soc, self._share))
        given = np.minimum(sold, self._discharge_limit(self.soc, self._share))
        block.consumed[row], block.delivered[row] = charged, given
        return bool((charged != bought).any() or (given != sold).any())

    def flexibility(self, block: FleetBlock, row: int) -> tuple[IntArray, IntArray]:
        """Return what can be discharged on top without touching a promise, and the discharge.

        Who charges cannot discharge; the charging can be interrupted instead.
        """
        lowest = np.minimum(self.soc, self.committed_soc)
        for promise in self._pending:
            lowest = np.minimum(lowest, promise.soc)
        stock = self._discharge_limit(lowest, self._share)
        power = self._discharge_limit(self.soc, self._share) - block.delivered[row]
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
        self.soc = promise.soc if kept and not doubtful else self._step(self.soc, charged, given)
        if doubtful or not kept:
            self._replay(kept)
        block.soc[row] = self.soc

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
        if not self._leaks:
            return soc
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

    def _replay(self, kept: bool) -> None:
        """Reckon anew with what is still promised; it is checked again when it is due.

        A unit that is out is expected to stay out; when it comes back earlier, the promises it
        then keeps change the reckoning once more.
        """
        soc = self.soc
        for promise in self._pending:
            bought = np.minimum(promise.bought, self._charge_limit(soc, self.up))
            sold = np.minimum(promise.sold, self._discharge_limit(soc, self.up))
            soc = self._step(soc, bought, sold)
        changed = (soc != self.committed_soc).any()
        self.committed_soc = soc
        # What was quoted before and is awarded later was limited by what now is wrong, too.
        if changed or not kept:
            self._doubtful = len(self._pending) + self._at_gate


def _whole(wh: FloatArray) -> IntArray:
    return np.maximum(wh, 0.0).astype(np.int64)  # towards zero, so down
