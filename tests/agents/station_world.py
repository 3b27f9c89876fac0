"""Stations that are split, and a world that trades with them at random and keeps its own books."""

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from agents.fleet import FleetUnits
from agents.slices import Division, Sizes
from agents.stations import StationFleet
from agents.storage import StoragePlant
from market import Block, check_block, check_stations, lay_out, netted
from market.metering import Stores
from tests.agents.fleets import MWH, Desk, Greedy, calendar, column
from tests.market.blocks import Shape


def plant(n=1, **constants):
    """Stations of 10 MWh with 4 MWh per interval each way."""
    given = {
        "charge_wh": 4 * MWH,
        "discharge_wh": 4 * MWH,
        "energy_wh": 10 * MWH,
        "soc_min_wh": 0,
        "soc_max_wh": 10 * MWH,
        "soc_start_wh": 5 * MWH,
        "soc_end_wh": np.nan,
        "efficiency_charge": 0.9,
        "efficiency_discharge": 0.9,
        "self_discharge": 0.0,
        "cycle_cost": 0.0,
    } | constants
    columns = {name: column(value, n) for name, value in given.items()}
    return StoragePlant(**columns, segments=column(5, n, np.int64))


def sizes(power, energy=None):
    return Sizes(np.array(power, float), np.array(power if energy is None else energy, float))


def stations(uses=(("own", "service", "lease"),), shares=None, when=None, **given):
    """Stations s0, s1, ..., each with a slice for each of its uses; parts by use."""
    strategies, forecasters = given.pop("strategies", {}), given.pop("forecasters", {})
    netting, law = given.pop("netting", "proportional"), given.pop("law", None)
    slices = [(use, s, k) for s, own in enumerate(uses) for k, use in enumerate(own)]
    slices.sort(key=lambda one: ("own", "service", "lease").index(one[0]))
    names = [f"s{s}" if use == "own" else f"s{s}/{use}-{k}" for use, s, k in slices]
    station = np.array([s for _, s, _ in slices])
    if shares is None:
        shares = [1 / len(uses[s]) for _, s, _ in slices]
    if not isinstance(shares, Sizes):
        shares = sizes(shares)
    when = when or calendar()
    parts = []
    for use in dict.fromkeys(one[0] for one in slices):
        own = [name for name, one in zip(names, slices, strict=True) if one[0] == use]
        strategy = strategies.get(use) or Greedy()
        told = forecasters.get(use)
        parts.append(FleetUnits("storage", "main", own, own, strategy, when, 1, told))
    division = Division(
        tuple(f"s{s}" for s in range(len(uses))),
        station,
        tuple(use for use, _, _ in slices),
        shares,
        netting,
    )
    return StationFleet(parts, plant(len(uses), **given), division, law)


class StationDesk(Desk):
    """A fleet of stations beside a load, `grid`, that balances whatever they do."""

    def __init__(self, fleet, first=0, m=None):
        self.fleet = fleet
        self.layout = lay_out([fleet, Shape("load", ["grid"])])
        self.whole = Block(self.layout, first, m or fleet.calendar.n)
        self.block = self.whole.rows(self.layout.fleets[0])
        fleet.look_ahead(self.block)

    def serve(self, row, wh):
        """Store `wh` (by slice) of what would have been curtailed."""
        self.block.consumed[row] += wh
        self.block.stored[row] -= wh

    def check(self, stores, limits):
        """Hold the block against the market's own laws."""
        surplus = self.block.delivered.sum(axis=1) - self.block.consumed.sum(axis=1)
        self.whole.consumed[:, -1] = np.maximum(surplus, 0)
        self.whole.delivered[:, -1] = np.maximum(-surplus, 0)
        check_block(self.whole, self.fleet.calendar, stores)
        check_stations(self.whole, self.fleet.calendar, self.layout, limits)


def stores_of(fleet):
    """What the market knows of a fleet's limits, with a load after it."""
    columns = {name: np.full(fleet.n + 1, np.nan) for name in Stores.__dataclass_fields__}
    columns["minimum"][:], columns["maximum"][:] = -np.inf, np.inf
    for name, values in fleet.limits().items():
        columns[name][: fleet.n] = values
    return Stores(**columns)


@dataclass
class World:
    """Trades at random with a fleet of stations, and integrates what stations physically do.

    Attributes
    ----------
    fleet : StationFleet
    rng : numpy Generator
        What happens.
    lead : int
        Intervals between an award and its delivery.
    open_gate : bool
        The next gate is open while an interval is delivered.
    mishaps : bool
        The operator now and then interrupts charging, calls discharge or turns it down.
    """

    fleet: StationFleet
    rng: np.random.Generator
    lead: int = 1
    open_gate: bool = False
    serves: bool = True
    resizes: bool = True
    mishaps: bool = False
    fails: bool = False
    m: int = 24
    desks: dict = field(default_factory=dict)
    awards: deque = field(default_factory=deque)
    shares: list = field(default_factory=list)
    served: int = 0
    gained: float = 0.0

    def __post_init__(self):
        fleet = self.fleet
        fleet.outages.possible = self.fails
        self.station = np.array([int(name[1:]) for name in fleet.stations])
        self.stores, self.limits = stores_of(fleet), fleet.station_limits()
        self.physical = self._sums(fleet.soc)
        self.now = fleet._division.sizes

    def run(self, steps):
        for step in range(steps + self.lead + self.open_gate):
            due = step - self.lead - self.open_gate
            actions = [(self.quote, step), (self.award, step), (self.deliver, due)]
            if self.open_gate:
                actions[1:] = actions[:0:-1]
            for action, interval in actions:
                if 0 <= interval < steps:
                    action(interval)

    def desk(self, step):
        day, row = divmod(step, self.m)
        if day not in self.desks:
            self.desks[day] = StationDesk(self.fleet, day * self.m, self.m)
        return self.desks[day], row

    def quote(self, step):
        desk, row = self.desk(step)
        if self.resizes and self.rng.random() < 0.2:
            self.now = sizes(self._division(), self._division())
            self.fleet.resize(self.now.power, self.now.energy)
        self.shares.append(self.now)
        self.ask(desk, row, step)

    def ask(self, desk, row, step):
        desk.quote(row)

    def award(self, step):
        desk, row = self.desk(step)
        way = self.rng.integers(-1, 2, self.fleet.n)
        share = self.rng.choice([0.0, 0.3, 1.0], self.fleet.n)
        asks, bids = desk.block.ask_quantity[row], desk.block.bid_quantity[row]
        sold = (asks.sum(axis=1) * share * (way > 0)).astype(np.int64)
        bought = (bids.sum(axis=1) * share * (way < 0)).astype(np.int64)
        desk.award(row, sold, bought)
        self.awards.append((sold, bought))

    def deliver(self, step):
        desk, row = self.desk(step)
        fleet, block = self.fleet, desk.block
        if self.fails and self.rng.random() < 0.15:
            start = fleet.calendar.second(step)
            unit = int(np.flatnonzero(np.array(fleet.uses) == "own")[0])
            desk.outage(unit, start, start + int(self.rng.integers(1, 3600)))
        desk.meter(row)
        sold, bought = self.awards.popleft()
        if not (self.fails or self.mishaps):
            assert (block.delivered[row] == sold).all()
            assert (block.consumed[row] == bought).all()
        if self.mishaps and self.rng.random() < 0.2:
            self._mishap(block, row)
        assert (fleet.interruptible(block, row) == block.consumed[row]).all()
        if self.serves and self.rng.random() < 0.6:
            self._serve(desk, row)
        before = fleet.soc
        desk.commit(row)
        self._book(block, row, step, before)
        if row == self.m - 1:
            self._close(desk)
            del self.desks[step // self.m]

    def _close(self, desk):
        desk.check(self.stores, self.limits)

    def _mishap(self, block, row):
        up, down = self.fleet.flexibility(block, row)
        part = self.rng.choice([0.0, 0.5, 1.0], self.fleet.n)
        kind = self.rng.integers(3)
        if kind == 0:
            block.consumed[row] -= (block.consumed[row] * part).astype(np.int64)
        elif kind == 1:
            block.delivered[row] += (up * part).astype(np.int64)
        else:
            block.delivered[row] -= (down * part).astype(np.int64)

    def _serve(self, desk, row):
        room = self.fleet.headroom(desk.block, row)
        assert (room >= 0).all()
        assert (room[np.array(self.fleet.uses) == "own"] == 0).all()
        assert (room[desk.block.delivered[row] > 0] == 0).all()
        wh = (room * self.rng.choice([0.0, 0.01, 0.5, 1.0], self.fleet.n)).astype(np.int64)
        self.served += int(wh.sum())
        desk.serve(row, wh)

    def _book(self, block, row, step, before):
        fleet, plant = self.fleet, self.fleet._stations
        charged, given = block.consumed[row], block.delivered[row]
        share = self.shares[step]
        assert (charged <= plant.charge_wh[self.station] * share.power + 1e-6).all()
        assert (given <= plant.discharge_wh[self.station] * share.power + 1e-6).all()
        flows = netted(charged, given, self.station, plant.energy_wh.size)
        assert (flows.charge + flows.netted == self._sums(charged)).all()
        assert (flows.discharge + flows.netted == self._sums(given)).all()
        rate = 1 / plant.efficiency_discharge - plant.efficiency_charge
        lost = np.minimum(
            before * plant.self_discharge[self.station], before - block.soc_floor[row]
        )
        self.physical += flows.charge * plant.efficiency_charge
        self.physical -= flows.discharge / plant.efficiency_discharge + self._sums(lost)
        assert np.abs(self._sums(fleet.soc) - self.physical).max() < 1.0  # Wh, 1e-6 MWh
        gain = flows.netted * rate
        self.gained += float(gain.sum())
        assert np.abs(self._sums(block.moved[row]) - gain).max() < 1e-3
        if not (self.fails or self.mishaps):
            assert fleet._doubtful == 0

    def _division(self):
        """Draw shares that add up to 1 in every station; some slices get nothing."""
        drawn = self.rng.random(self.fleet.n) * (self.rng.random(self.fleet.n) < 0.7)
        drawn[np.array(self.fleet.uses) == "own"] += 0.1
        return drawn / self._sums(drawn)[self.station]

    def _sums(self, values):
        return np.bincount(self.station, values)
