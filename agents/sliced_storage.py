"""What slices of stations promise: netting, charge that changes hands, service on top.

A slice is a battery of its own within its station (`agents.slices`); here is how its state of
charge goes on, on the path of all promises and at delivery.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from agents.fleet import FleetUnits
from agents.netting import StationNetting
from agents.promises import Limits, Promise
from agents.quotes import MarketView
from agents.slices import Division
from agents.station_parts import divided
from agents.storage import StorageFleet, StoragePlant, whole
from market import BoolArray, ConservationError, FleetBlock, FloatArray, Handover, IntArray

SOC_TOLERANCE_WH = 0.5  # as in the market's own check of stores
SPARE_WH = 1.0  # what storage service leaves free, so that rounding breaks no promise
FITS_WH = 1e-3  # charge above a limit by less is there by rounding


class SlicedStorage(StorageFleet):
    """Slices of stations, of sizes that are given: what they promise, and what is delivered.

    Parameters
    ----------
    units : FleetUnits
        All slices.
    plant : StoragePlant
        Of the stations as wholes, S rows, when new.
    division : Division

    Attributes
    ----------
    handed : list of (interval, Handover)
        Charge that has changed hands, units counted within the fleet; who settles it takes it out.
    """

    def __init__(self, units: FleetUnits, plant: StoragePlant, division: Division) -> None:
        super().__init__(units, divided(plant, division.station, division.sizes))
        self._station, self._count = division.station, len(division.stations)
        self._netting = StationNetting(plant, division, self.seed)
        self._idle = np.isin(np.arange(self.n), division.used("service", "lease"), invert=True)
        self.handed: list[tuple[int, Handover]] = []
        self._gate: tuple[FleetBlock, int] | None = None
        self._spare: FloatArray | None = None

    def quote(self, block: FleetBlock, view: MarketView) -> None:
        """Write the orders of the slices, cut to what power and charge allow."""
        self._gate, self._spare = (block, view.first - block.first), None
        super().quote(block, view)

    def award(self, block: FleetBlock, row: int) -> None:
        """Commit the state of charge to what was bought and sold, netted and handed over."""
        self._at_gate, self._spare, limits = 0, None, self._limits
        bought, sold, soc = block.bought[row], block.sold[row], self.committed_soc
        promise = self._carried(soc, Promise(block.first + row, bought, sold, limits, soc))
        self._pending.append(promise)
        self.committed_soc = promise.soc

    def flexibility(self, block: FleetBlock, row: int) -> tuple[IntArray, IntArray]:
        """Return what can be discharged on top without touching a promise, and the discharge."""
        path = self._outlook(block, row)
        spare = np.minimum.reduce([promise.soc - promise.limits.low for promise in path])
        if path[0].credit is not None:
            # Credits of the interval fall where charging is interrupted.
            np.minimum(spare, path[0].soc - path[0].credit - path[0].limits.low, out=spare)
        spare[self._hands_over(path)] = 0.0
        power = whole(path[0].limits.discharge * self._share) - block.delivered[row]
        up = np.minimum(whole(spare * self.plant.efficiency_discharge), power)
        up[block.consumed[row] > 0] = 0
        return np.maximum(up, 0), block.delivered[row].copy()

    def headroom(self, block: FleetBlock, row: int) -> IntArray:
        """Return what slices for service and leased ones could charge, and keep all promises.

        Who discharges cannot charge. What netting would save comes on top of what is charged, so
        there is room for it, too.
        """
        path = self._outlook(block, row)
        room = np.minimum.reduce([self._room(p.soc, p.limits) for p in path])
        if self._at_gate:
            np.minimum(room, self._room_after_bids(path[-1].soc), out=room)
        room = np.maximum(room - SPARE_WH, 0.0)
        room[self._hands_over(path)] = 0.0
        self._spare = room
        charged, given = block.consumed[row], block.delivered[row]
        power = whole(path[0].limits.charge * self._share) - charged
        most = np.minimum(self._chargeable(room, charged, given), power)
        most[self._idle | (given > 0)] = 0
        found: IntArray = np.maximum(most, 0)
        return found

    def commit(self, block: FleetBlock, row: int) -> None:
        """Move the state of charge on, by what was stored for others, too."""
        promise = self._pending.popleft()
        doubtful = self._doubtful > 0
        self._doubtful -= doubtful
        served, given = -block.stored[row], block.delivered[row]
        agreed = block.consumed[row] - served
        kept = bool((promise.bought == agreed).all() and (promise.sold == given).all())
        serves, sure = bool(served.any()), kept and not doubtful
        before = self.soc
        if not sure:
            promise = self._delivered(promise, agreed, given)
        if serves:
            sure = sure and self._spare is not None
            spare = self._spare if sure else None
            promise = self._with_more(promise, served, np.zeros_like(given), spare)
        self.soc, self._spare = promise.soc, None
        if not sure:
            self._replay(kept)
        elif serves:
            self._lift()
        self._note(block, row, before, promise)

    def _room(self, held: FloatArray, limits: Limits) -> FloatArray:
        """Return what each slice can store; less where a station holds more than fits into it."""
        room = limits.high - held
        if self._ageing is None or (room >= -FITS_WH).all():
            return room
        open_ = np.maximum(room, 0.0)
        most, wanted = np.maximum(self._by_station(room), 0.0), self._by_station(open_)
        share = np.divide(most, wanted, out=np.zeros(self._count), where=wanted > 0)
        return np.where(room > 0, room * share[self._station], room)

    def _carried(self, soc: FloatArray, promise: Promise) -> Promise:
        """Return the promise with the charge it leaves of `soc`, and its credits."""
        bought, sold, limits = promise.bought, promise.sold, promise.limits
        held = self._held(soc, limits)
        after, credit = held + self._stored(bought, sold), None
        if bought.any() and sold.any():
            # What discharged makes room, even where more is stored than fits by now.
            room = np.maximum(np.maximum(limits.high, held) - after, 0.0)
            credit = self._netting.credits(promise.interval, bought, sold, room, sold)
        if credit is not None:
            after = after + credit
        return Promise(promise.interval, bought, sold, limits, after, credit)

    def _delivered(self, promise: Promise, charged: IntArray, given: IntArray) -> Promise:
        """Return a promise as it was kept, with what the operator called on top."""
        sold = np.minimum(promise.sold, given)
        kept = self._carried(self.soc, replace(promise, bought=charged, sold=sold))
        called = given - sold
        return self._with_more(kept, np.zeros_like(called), called) if called.any() else kept

    def _with_more(
        self,
        promise: Promise,
        served: IntArray,
        called: IntArray,
        spare: FloatArray | None = None,
    ) -> Promise:
        """Return a promise with what came on top, and the credits of what that nets.

        Parameters
        ----------
        promise : Promise
        served, called : array of int, shape (n,)
            Charged and discharged on top, Wh.
        spare : array or None, shape (n,)
            Room that no later promise needs; None: it is not known.
        """
        if spare is None:
            spare = np.maximum(self._room(promise.soc, promise.limits), 0.0)
        bought, sold, stored = promise.bought, promise.sold, self._stored(served, called)
        charge = served + self._netting.not_netted(sold, bought)
        discharge = called + self._netting.not_netted(bought, sold)
        room, last = np.maximum(spare - stored, 0.0), served + called
        more = self._netting.credits(promise.interval, charge, discharge, room, last)
        credit = promise.credit
        if more is not None:
            stored, credit = stored + more, more if credit is None else credit + more
        soc = promise.soc + stored
        return Promise(
            promise.interval, bought + served, sold + called, promise.limits, soc, credit
        )

    def _outlook(self, block: FleetBlock, row: int) -> list[Promise]:
        """Return what the delivered interval and all promises after it leave, as things are."""
        path = list(self._pending)
        charged, given = block.consumed[row], block.delivered[row]
        kept = (path[0].bought == charged).all() and (path[0].sold == given).all()
        if kept and not self._doubtful:
            return path
        first = self._delivered(path[0], charged, given)
        return [first, *self._replayed(first.soc, path[1:])]

    def _replayed(self, soc: FloatArray, promises: Iterable[Promise]) -> Iterator[Promise]:
        """Yield promises with the charge they will leave, as far as they can be kept."""
        for promise in promises:
            limits = promise.limits
            bought = np.minimum(promise.bought, self._charge_limit(soc, self.up, limits))
            sold = np.minimum(promise.sold, self._discharge_limit(soc, self.up, limits))
            kept = self._carried(soc, replace(promise, bought=bought, sold=sold))
            soc = kept.soc
            yield replace(promise, soc=soc, credit=kept.credit)

    def _replay(self, kept: bool) -> None:
        """Reckon anew with what is still promised; it is checked again when it is due."""
        self._pending = deque(self._replayed(self.soc, self._pending))
        soc = self._pending[-1].soc if self._pending else self.soc
        changed = (soc != self.committed_soc).any()
        self.committed_soc = soc
        if changed or not kept:
            self._doubtful = len(self._pending) + self._at_gate

    def _lift(self) -> None:
        """Reckon with what was stored on top of promises that will all be kept."""
        soc, lifted = self.soc, deque[Promise]()
        for promise in self._pending:
            soc = self._step(soc, promise.bought, promise.sold, promise.limits)
            if promise.credit is not None:
                soc = soc + promise.credit
            lifted.append(replace(promise, soc=soc))
        self._pending, self.committed_soc = lifted, soc

    def _hands_over(self, path: Sequence[Promise]) -> BoolArray:
        """Return who gives charge to others after the first interval of a path."""
        giving = np.zeros(self.n, np.bool_)
        ahead = [promise.limits for promise in path[1:]]
        for limits in (*ahead, self._limits) if self._at_gate else ahead:
            if limits.redivision is not None:
                giving |= limits.redivision.shrinks
        return giving

    def _room_after_bids(self, soc: FloatArray) -> FloatArray:
        """Return the room that is left if all bids at the open gate are filled."""
        assert self._gate is not None  # a gate is open
        block, row = self._gate
        bids = np.add.reduce(block.bid_quantity[row], axis=1)
        room = self._room(self._held(soc, self._limits), self._limits)
        return np.asarray(room - bids * self.plant.efficiency_charge)

    def _chargeable(self, room: FloatArray, charged: IntArray, given: IntArray) -> IntArray:
        """Return what of the grid's energy fills a room, with what netting would save."""
        plant, rest = self.plant, self._by_station(given - charged)[self._station]
        netted = room * plant.efficiency_discharge
        saved = np.maximum(rest, 0.0) * self._netting.rate[self._station]
        return whole(np.where(netted <= rest, netted, (room - saved) / plant.efficiency_charge))

    def _note(self, block: FleetBlock, row: int, before: FloatArray, promise: Promise) -> None:
        """Write and check the state of charge, and what moved without being charged."""
        limits = promise.limits
        block.soc[row] = self.soc
        if self._leaks:
            block.soc_floor[row] = limits.floor
        if promise.credit is not None:
            block.moved[row] = promise.credit
        if limits.redivision is not None:
            held = self._after_losses(before, limits)
            handed = limits.redivision.moved(held)
            block.moved[row] += handed
            block.taken_over[row] = np.maximum(handed, 0.0)
            self._hand_over(promise.interval, limits.redivision.pairs(held))
        self._check(before, promise)
        if self._ageing is not None:
            self._ageing.note(self._by_station(self.soc))

    def _hand_over(self, interval: int, pairs: Iterable[tuple[int, int, float]]) -> None:
        efficiency = self.plant.efficiency_discharge
        self.handed += [
            (interval, Handover(giver, taker, wh, float(efficiency[giver])))
            for giver, taker, wh in pairs
        ]

    def _check(self, before: FloatArray, promise: Promise) -> None:
        """Raise `ConservationError` where a slice is not within its part of the station."""
        limits, soc = promise.limits, self.soc
        beyond = (promise.bought > limits.charge) | (promise.sold > limits.discharge)
        full = soc > limits.high + SOC_TOLERANCE_WH
        wrong = beyond | full | ~(soc >= limits.low - SOC_TOLERANCE_WH)
        if not wrong.any():
            return
        if self._ageing is not None:
            # What no longer fits into an aged store stays until it is used, and never grows.
            stays = soc <= self._held(before, limits) + SOC_TOLERANCE_WH
            wrong &= ~(full & stays) | beyond
        if wrong.any():
            unit = int(wrong.argmax())
            moment = self.calendar.time(promise.interval).isoformat()
            what = "power" if beyond[unit] else "state of charge"
            raise ConservationError(
                f"{moment}, unit {self.names[unit]}: {what} is not within its part of the station"
            )

    def _by_station(self, values: FloatArray | IntArray) -> FloatArray:
        """Return the sums over the slices of each station, shape (S,)."""
        return np.bincount(self._station, values, self._count).astype(np.float64)
