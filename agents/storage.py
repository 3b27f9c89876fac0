"""Storage owners: power, energy, two efficiencies, and never a MWh that is not there."""

from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from agents.ageing import Ageing, AgeingLaw
from agents.fleet import Fleet, FleetUnits, cut_to
from agents.forecast_scores import scores_of
from agents.promises import Limits, Promise
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
        low, high = plant.soc_min_wh, plant.soc_max_wh
        self._limits = Limits(low, high, plant.charge_wh, plant.discharge_wh, low)
        self._ageing = ageing_of(plant, law) if law is not None else None
        self._quoted = self._both_limits(self.soc, self._share)

    def look_ahead(self, block: FleetBlock) -> None:
        """Take the wear so far off the capacity, and put its cost on the cycles."""
        super().look_ahead(block)
        if self._ageing is not None:
            self._ageing.count(self.calendar.second(block.first))
            self._wear(self._ageing, block)

    def quote(self, block: FleetBlock, view: MarketView) -> None:
        """Write the strategy's orders, cut to what power and charge allow, first slots first."""
        self._quoted = self._both_limits(self.committed_soc, self.up)
        self._ask(block, view)
        self._at_gate = 1
        row = view.first - block.first
        # At the cap a bid would share with load that goes unserved; charging comes after it.
        below_cap = np.nextafter(view.cap, -np.inf)
        np.minimum(block.bid_price[row], below_cap, out=block.bid_price[row])
        quantities = block.ask_quantity[row], block.bid_quantity[row]
        for quantity, limit in zip(quantities, self._quoted, strict=True):
            cut_to(quantity, limit)

    def charge_limit(self) -> IntArray:
        """Return what can be bought in the quoted interval, whole Wh."""
        return self._quoted[1]

    def discharge_limit(self) -> IntArray:
        """Return what can be sold in the quoted interval, whole Wh."""
        return self._quoted[0]

    def award(self, block: FleetBlock, row: int) -> None:
        """Commit the state of charge to what was just bought and sold."""
        self._at_gate = 0
        bought, sold, limits = block.bought[row], block.sold[row], self._limits
        self.committed_soc = self._step(self.committed_soc, bought, sold, limits)
        promise = Promise(block.first + row, bought, sold, limits, self.committed_soc)
        self._pending.append(promise)

    def meter(self, block: FleetBlock, row: int) -> bool:
        """Deliver and consume what was traded as far as power and charge allow."""
        if self.outages.possible:
            self._share = np.broadcast_to(self.share_up(block, row), self.n)
        elif not self._doubtful:  # awards were limited by physics, and nothing has happened since
            return False
        bought, sold = block.bought[row], block.sold[row]
        limits = self._pending[0].limits
        charged = np.minimum(bought, self._charge_limit(self.soc, self._share, limits))
        given = np.minimum(sold, self._discharge_limit(self.soc, self._share, limits))
        block.consumed[row], block.delivered[row] = charged, given
        return bool((charged != bought).any() or (given != sold).any())

    def flexibility(self, block: FleetBlock, row: int) -> tuple[IntArray, IntArray]:
        """Return what can be discharged on top without touching a promise, and the discharge.

        Who charges cannot discharge; the charging can be interrupted instead.
        """
        lowest = np.minimum(self.soc, self.committed_soc)
        for promise in self._pending:
            lowest = np.minimum(lowest, promise.soc)
        limits = self._pending[0].limits
        stock = self._discharge_limit(lowest, self._share, limits)
        power = self._discharge_limit(self.soc, self._share, limits) - block.delivered[row]
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
            self.soc = self._step(self.soc, charged, given, promise.limits)
            self._replay(kept)
        block.soc[row] = self.soc
        if self._ageing is not None:
            self._ageing.note(self.soc)

    def facts(self) -> dict[str, FloatArray]:
        """Return power, size, state of charge, how the units have aged and forecasts were."""
        ageing = self._ageing
        if ageing is not None:
            ageing.count(self.calendar.second(self.calendar.n))
        return {
            "capacity_mw": self.plant.discharge_wh / (1e6 * self.calendar.hours),
            "energy_capacity_mwh": self.plant.energy_wh / 1e6,
            "soc_start_mwh": self.plant.soc_start_wh / 1e6,
            "soc_end_mwh": self.soc / 1e6,
            **(ageing.facts() if ageing is not None else {}),
            **scores_of(self.forecaster, self.n),
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

    def _wear(self, ageing: Ageing, block: FleetBlock) -> None:
        plant, left = self.plant, ageing.remaining
        self.soc_min_wh, self.soc_max_wh = plant.soc_min_wh * left, plant.soc_max_wh * left
        self.soc_end_wh = plant.soc_end_wh * left
        self.plan_scale = np.divide(np.round(left, 3), left, out=np.ones(self.n), where=left > 0)
        low, high = self.soc_min_wh, self.soc_max_wh
        self._limits = replace(self._limits, low=low, high=high, floor=low)
        self.cycle_cost = plant.cycle_cost + ageing.cost(plant.efficiency_discharge)
        block.capacity_left[:] = left

    def _ask(self, block: FleetBlock, view: MarketView) -> None:
        """Write what the strategy wants, which may be more than there is."""
        super().quote(block, view)

    def _after_losses(self, soc: FloatArray, limits: Limits) -> FloatArray:
        if not self._leaks:
            return soc
        lost = np.minimum(soc * self.plant.self_discharge, soc - limits.floor)
        return soc - np.maximum(lost, 0.0)

    def _held(self, soc: FloatArray, limits: Limits) -> FloatArray:
        """Return the state of charge after self-discharge and what changes hands."""
        soc = self._after_losses(soc, limits)
        return soc if limits.redivision is None else soc + limits.redivision.moved(soc)

    def _room(self, held: FloatArray, limits: Limits) -> FloatArray:
        """Return what can be stored on top of a state of charge, Wh; below zero where too full."""
        return limits.high - held

    def _both_limits(self, soc: FloatArray, up: FloatArray) -> tuple[IntArray, IntArray]:
        return (
            self._discharge_limit(soc, up, self._limits),
            self._charge_limit(soc, up, self._limits),
        )

    def _charge_limit(self, soc: FloatArray, up: FloatArray, limits: Limits) -> IntArray:
        room = self._room(self._held(soc, limits), limits) / self.plant.efficiency_charge
        return whole(np.minimum(limits.charge * up, room))

    def _discharge_limit(self, soc: FloatArray, up: FloatArray, limits: Limits) -> IntArray:
        stock = (self._held(soc, limits) - limits.low) * self.plant.efficiency_discharge
        return whole(np.minimum(limits.discharge * up, stock))

    def _step(
        self, soc: FloatArray, bought: IntArray, sold: IntArray, limits: Limits
    ) -> FloatArray:
        return self._held(soc, limits) + self._stored(bought, sold)

    def _stored(self, bought: IntArray, sold: IntArray) -> FloatArray:
        """Return what buying and selling change, stored Wh."""
        plant = self.plant
        return bought * plant.efficiency_charge - sold / plant.efficiency_discharge

    def _replay(self, kept: bool) -> None:
        """Reckon anew with what is still promised; it is checked again when it is due.

        A unit that is out is expected to stay out; when it comes back earlier, the promises it
        then keeps change the reckoning once more.
        """
        soc = self.soc
        for promise in self._pending:
            limits = promise.limits
            bought = np.minimum(promise.bought, self._charge_limit(soc, self.up, limits))
            sold = np.minimum(promise.sold, self._discharge_limit(soc, self.up, limits))
            soc = self._step(soc, bought, sold, limits)
        changed = (soc != self.committed_soc).any()
        self.committed_soc = soc
        # What was quoted before and is awarded later was limited by what now is wrong, too.
        if changed or not kept:
            self._doubtful = len(self._pending) + self._at_gate


def ageing_of(plant: StoragePlant, law: AgeingLaw) -> Ageing:
    """Return the wear of stations that are new."""
    usable = (plant.soc_max_wh - plant.soc_min_wh) / plant.energy_wh
    return Ageing(law, plant.energy_wh, usable, plant.soc_start_wh)


def whole(wh: FloatArray) -> IntArray:
    """Return energy in whole Wh, rounded down; nothing where it is below zero."""
    return np.maximum(wh, 0.0).astype(np.int64)  # towards zero, so down
