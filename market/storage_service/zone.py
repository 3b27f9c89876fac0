"""Storage service in one zone: what is promised, stored, held for others and given back."""

from dataclasses import dataclass

import numpy as np

from market.block import Block
from market.calendar import DAY_SECONDS, Calendar
from market.gate import Delivery, Gate
from market.layout import Layout
from market.rules import MarketRules
from market.storage_service.auction import ServiceDay, hold_day
from market.storage_service.claims import Awards, Claims, ServiceContracts, Slices
from market.storage_service.expectation import CurtailmentRecord, ReturnedPrice
from market.storage_service.flows import Flows
from market.storage_service.form import ServiceForm
from market.storage_service.holdings import Holdings
from market.storage_service.rules import MODES
from market.storage_service.storing import modes_in_force, store
from market.units import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class ServiceTerms:
    """What the service market has to know of the units of a run.

    Attributes
    ----------
    eligible : array of bool, shape (U,)
        Plants whose would-be curtailment may be stored: wind and solar.
    efficiency_charge, round_trip : array, shape (U,)
        Of slices of stations; NaN elsewhere.
    charge_wh, size_wh, soc : array, shape (U,)
        Power of charging per interval, size and state of charge of slices at the start, Wh.
    contracts : tuple of ServiceContracts, one per zone
    """

    eligible: BoolArray
    efficiency_charge: FloatArray
    round_trip: FloatArray
    charge_wh: FloatArray
    size_wh: FloatArray
    soc: FloatArray
    contracts: tuple[ServiceContracts, ...]


class ZoneService:
    """One zone's part of the service market.

    Parameters
    ----------
    layout : Layout
    calendar : Calendar
    index : int
        Place of the zone in the tables.
    terms : ServiceTerms
    reference : array, shape (N,)
        The zone's prices; filled in by the energy market as it goes.
    rng : numpy Generator
    """

    def __init__(
        self,
        layout: Layout,
        calendar: Calendar,
        index: int,
        terms: ServiceTerms,
        reference: FloatArray,
        rng: np.random.Generator,
    ) -> None:
        self._calendar, self._terms, self._rng = calendar, terms, rng
        self._name, self._units = layout.zones[index].name, layout.zones[index].units
        self._owner_of, self._reference = layout.owner_of, reference
        self.slices = Slices.of_zone(layout, layout.zones[index], terms.round_trip)
        self._plants = np.flatnonzero(terms.eligible[self._units]) + self._units.start
        self._contracts = terms.contracts[index]
        pools = self.slices.pools
        self._stores = np.concatenate((pools, self.slices.leases))
        self._holdings = Holdings(layout.units, self._stores, terms.efficiency_charge, terms.soc)
        power = terms.charge_wh[pools]
        weighted = np.add.reduce(terms.round_trip[pools] * power)
        self._round_trip = float(weighted / np.add.reduce(power)) if power.any() else 0.0
        self._record = CurtailmentRecord(calendar.per_day)
        self._returned = ReturnedPrice(calendar.per_day)
        self._clock = calendar.local_seconds() % DAY_SECONDS
        # By interval that is not delivered yet: awards, and what contracts may store, shape (U,).
        self._awards: dict[int, Awards] = {}
        self._agreed: dict[int, IntArray] = {}
        self._flows = Flows.joined([])
        self._charge = terms.soc.copy()

    @property
    def exists(self) -> bool:
        """True when the zone has a slice that stores what would be curtailed."""
        return bool(self.slices.pools.size + self.slices.leases.size)

    # --- auctions ------------------------------------------------------------------------------

    def may_trade(self, gate: Gate) -> bool:
        """Return whether any plant expects to be curtailed after the auction of the gate."""
        block, plants = gate.block, self._plants
        return bool((block.forecast[gate.row, plants] > block.sold[gate.row, plants]).any())

    def fill_in(self, form: ServiceForm, known: int) -> None:
        """Write into a form what everybody may know, and what is promised already.

        Parameters
        ----------
        known : int
            How many clearing prices are published.
        """
        first = form.block.first + form.first
        form.expected[self._name] = self._record.expected_share(first, form.count)
        form.round_trip[self._name] = self._round_trip
        form.returned_price[self._name] = self._returned.expected(self._reference[:known])
        for row in range(form.count):
            form.promised[row] += self._promised(first + row, form.rules)

    def hold(self, form: ServiceForm) -> None:
        """Hold the auctions of a form and keep the awards until they are due."""
        pools, plants = self.slices.pools, self._plants
        reserved = np.add.reduce(form.promised[:, pools], axis=0)
        if form.intraday:
            reserved += self._due_elsewhere(form)
        day = ServiceDay(
            plants,
            form.bid_price[plants],
            form.bid_quantity[:, plants],
            pools,
            form.ask_price[pools],
            np.maximum(form.ask_quantity[:, pools] - form.promised[:, pools], 0),
            np.maximum(form.room[pools] - reserved, 0),
        )
        first = form.block.first + form.first
        for row, new in hold_day(form.rules.service, day, self._owner_of, self._rng).items():
            before = self._awards.get(first + row, Awards.none())
            self._awards[first + row] = Awards.joined(before, new)

    def begin(self, block: Block) -> None:
        """Reckon what contracts may store on a new day, as far as their buyers expect to have it.

        A company shares its contract among its plants in proportion to what they expect.
        """
        plants, contracts = self._plants, self._contracts
        agreed = np.zeros(block.sold.shape, np.int64)
        limits = np.array([self._limits(block.first + row) for row in range(block.m)])
        for contract in np.flatnonzero(limits.any(axis=0)).tolist():
            own = plants[self._owner_of[plants] == contracts.buyer[contract]]
            expected = block.forecast[:, own]
            total = np.add.reduce(expected, axis=1)
            part = np.minimum(limits[:, contract], total) / np.maximum(total, 1)
            each = np.floor(expected * part[:, None]).astype(np.int64)
            agreed[:, own] += each
            agreed[:, contracts.pool[contract]] += np.add.reduce(each, axis=1)
        for row in np.flatnonzero(agreed.any(axis=1)).tolist():
            self._agreed[block.first + row] = agreed[row]

    def _promised(self, interval: int, rules: MarketRules) -> IntArray:
        """Return what each unit has agreed on for an interval, Wh charged, shape (U,)."""
        found = np.zeros(self._owner_of.size, np.int64)
        if (awards := self._awards.get(interval)) is not None:
            np.add.at(found, awards.plant, awards.wh)
            np.add.at(found, awards.pool, awards.wh)
        if "bilateral" in rules.service.modes and interval in self._agreed:
            found += self._agreed[interval]
        return found

    def _due_elsewhere(self, form: ServiceForm) -> IntArray:
        """Return what pools have promised for other intervals that are not delivered yet, Wh."""
        now, pools = form.block.first + form.first, self.slices.pools
        due = np.zeros(pools.size, np.int64)
        for interval in (self._awards.keys() | self._agreed.keys()) - {now}:
            due += self._promised(interval, form.rules)[pools]
        return due

    def _limits(self, interval: int) -> IntArray:
        calendar = self._calendar
        return self._contracts.limits(
            calendar.hours, int(self._clock[interval]), calendar.second(interval)
        )

    # --- delivery ------------------------------------------------------------------------------

    def wanted(self, delivery: Delivery) -> bool:
        """Return whether anything is curtailed that a station may store."""
        block, row, plants = delivery.block, delivery.row, self._plants
        rules = block.rules[row]
        if rules is None or not modes_in_force(rules.service):
            return False
        return bool((block.available[row, plants] > block.delivered[row, plants]).any())

    def store(self, delivery: Delivery) -> None:
        """Store would-be curtailment, by the rules of the interval, in what room there is."""
        block, row, plants = delivery.block, delivery.row, self._plants
        rules, interval = block.rules[row], delivery.interval
        assert rules is not None  # see `wanted`
        assert delivery.headroom is not None
        unused = np.zeros(self._owner_of.size, np.int64)
        unused[plants] = np.maximum(block.available[row, plants] - block.delivered[row, plants], 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            charge = self._charge / self._terms.size_wh
        awards = self._awards.get(interval, Awards.none())
        claims = Claims(self._contracts, self._limits(interval), awards, charge)
        flows = store(rules.service, self.slices, claims, unused, delivery.headroom)
        self._flows = flows
        if flows.wh.size:
            self._carry_out(block, row, flows)

    @staticmethod
    def _carry_out(block: Block, row: int, flows: Flows) -> None:
        """Let the plants deliver and the stores charge."""
        np.add.at(block.delivered[row], flows.plant, flows.wh)
        np.add.at(block.consumed[row], flows.store, flows.wh)
        np.add.at(block.stored[row], flows.plant, flows.wh)
        np.subtract.at(block.stored[row], flows.store, flows.wh)
        for index in np.unique(flows.mode).tolist():
            columns = block.recovered.setdefault(MODES[index], np.zeros_like(block.stored))
            chosen = flows.mode == index
            np.add.at(columns[row], flows.plant[chosen], flows.wh[chosen])
        block.service.stored.append((row, flows))

    def close(self, delivery: Delivery) -> None:
        """Note whose energy the stores hold now, and on whose behalf some was given back."""
        block, row, interval = delivery.block, delivery.row, delivery.interval
        self._awards.pop(interval, None)
        self._agreed.pop(interval, None)
        self._publish(block, row, interval)
        if block.taken_over[row].any():
            self._holdings.take_over(block.taken_over[row])
        self._give_back(block, row)
        bought = block.consumed[row] + block.stored[row]
        own = bought * self._terms.efficiency_charge if bought[self._stores].any() else None
        soc = self._charge = block.soc[row]
        self._holdings.after(soc, self._flows, own)
        self._holdings.check(soc, self._calendar.time(interval))
        self._flows = Flows.joined([])

    def _give_back(self, block: Block, row: int) -> None:
        """Note on whose behalf stores delivered, and what that of pools was worth."""
        given = block.delivered[row, self._stores]
        for unit, wh in zip(self._stores.tolist(), given.tolist(), strict=True):
            if wh:
                block.service.returned.append((row, self._holdings.give_back(unit, wh)))
        pools = given[: self.slices.pools.size]
        interval = block.first + row
        price = float(self._reference[interval])
        self._returned.note(interval, int(np.add.reduce(pools)), price)

    def _publish(self, block: Block, row: int, interval: int) -> None:
        """Add the interval to the public record of what would have been curtailed."""
        plants = self._plants
        available = int(np.add.reduce(block.available[row, plants]))
        taken = int(np.add.reduce(block.delivered[row, plants])) - self._flows.total
        self._record.note(interval, available - taken, available)
