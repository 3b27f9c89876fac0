"""Fleets of each kind built by hand, and the steps of one interval without a clock."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from agents.external import ExternalFleet
from agents.fleet import FleetUnits
from agents.forecasts import Perfect, ResourceForecaster
from agents.loads import LoadFleet
from agents.quotes import MarketView
from agents.renewables import RenewableFleet, Resource
from agents.reservoirs import ReservoirFleet, ReservoirPlant
from agents.storage import StorageFleet, StoragePlant
from agents.strategies.truthful import Truthful
from agents.thermal import ThermalFleet, ThermalPlant
from market import Block, Calendar, lay_out

MWH = 1_000_000


def calendar(n=24, minutes=60):
    return Calendar(datetime(2023, 6, 1, tzinfo=UTC), minutes * 60, n)


def units(kind, n, when=None, strategy=None):
    names = [f"{kind}-{i}" for i in range(n)]
    return FleetUnits(kind, "main", names, names, strategy or Truthful(), when or calendar(), 1)


def column(value, n, dtype=np.float64):
    return np.broadcast_to(np.asarray(value, dtype), (n,)).copy()


def storage(n=1, when=None, strategy=None, **constants):
    """Stations of 4 MWh with 1 MWh per interval each way."""
    given = {
        "charge_wh": MWH,
        "discharge_wh": MWH,
        "energy_wh": 4 * MWH,
        "soc_min_wh": 0,
        "soc_max_wh": 4 * MWH,
        "soc_start_wh": 2 * MWH,
        "soc_end_wh": np.nan,
        "efficiency_charge": 0.9,
        "efficiency_discharge": 0.8,
        "self_discharge": 0.0,
        "cycle_cost": 0.0,
    } | constants
    columns = {name: column(value, n) for name, value in given.items()}
    plant = StoragePlant(**columns, segments=column(5, n, np.int64))
    return StorageFleet(units("storage", n, when, strategy or Greedy()), plant)


def thermal(n=1, when=None, strategy=None, **constants):
    given = {
        "capacity_wh": 10 * MWH,
        "minimum_wh": 4 * MWH,
        "ramp_wh": np.inf,
        "marginal_cost": 300.0,
        "must_run": True,
    } | constants
    kinds = {"capacity_wh": np.int64, "minimum_wh": np.int64, "must_run": bool}
    columns = {name: column(v, n, kinds.get(name, np.float64)) for name, v in given.items()}
    return ThermalFleet(units("thermal", n, when, strategy), ThermalPlant(**columns), np.zeros(n))


def reservoir(inflow, n=1, when=None, strategy=None, **constants):
    given = {
        "capacity_wh": 5 * MWH,
        "release_wh": 0,
        "minimum_wh": 0,
        "size_wh": 10 * MWH,
        "start_wh": 5 * MWH,
        "loss": 0.0,
        "marginal_cost": 0.0,
        "value_empty": 400.0,
        "value_full": 100.0,
    } | constants
    whole = ("capacity_wh", "release_wh", "minimum_wh")
    columns = {k: column(v, n, np.int64 if k in whole else np.float64) for k, v in given.items()}
    when = when or calendar()
    water = np.broadcast_to(np.asarray(inflow, np.float64), (n, when.n)).copy()
    plant = ReservoirPlant(**columns)
    return ReservoirFleet(units("hydro", n, when, strategy), plant, water, np.zeros(n))


def weather(profile, n=1, when=None, forecaster=None, strategy=None, capacity_mw=10.0):
    when = when or calendar()
    names = [f"pv-{i}" for i in range(n)]
    expected = forecaster or ResourceForecaster(Perfect(), names, when, 1, 960)
    shares = np.broadcast_to(np.asarray(profile, np.float64), (1, when.n)).copy()
    resource = Resource(shares, np.zeros(n, np.int64), column(capacity_mw, n))
    return RenewableFleet(
        units("pv", n, when, strategy), resource, expected, np.zeros(n), np.zeros(n)
    )


def load(demand, n=1, when=None, forecaster=None, strategy=None, steps=(), voll=20_000.0):
    when = when or calendar()
    names = [f"load-{i}" for i in range(n)]
    expected = forecaster or ResourceForecaster(Perfect(), names, when, 1, 960)
    share = np.array([[s for s, _ in steps]] * n).reshape(n, len(steps))
    price = np.array([[p for _, p in steps]] * n).reshape(n, len(steps))
    series = np.broadcast_to(np.asarray(demand, np.float64), (n, when.n)).copy()
    who = units("load", n, when, strategy)
    return LoadFleet(who, series, (share, price), column(voll, n), expected)


def outside(price, imports=3 * MWH, exports=2 * MWH, fee=0.0, when=None, strategy=None):
    when = when or calendar()
    columns = [np.full((1, when.n), depth, np.int64) for depth in (imports, exports)]
    series = np.broadcast_to(np.asarray(price, np.float64), (1, when.n)).copy()
    who = units("external", 1, when, strategy)
    return ExternalFleet(who, series, (columns[0], columns[1]), np.array([fee]))


@dataclass(frozen=True)
class Greedy:
    """Wants to sell and buy far more than there is."""

    kinds = frozenset({"storage", "hydro", "csp"})
    reactive = True

    def quote(self, view, fleet):
        from agents.quotes import Quotes

        wanted = np.full((1, fleet.n, fleet.ask_slots), 10**12)
        if not fleet.bid_slots:
            return Quotes(1.0, wanted)
        return Quotes(200.0, wanted, 100.0, wanted.copy())


class Desk:
    """One fleet at a block of its own, driven by hand."""

    def __init__(self, fleet, first=0, m=None):
        self.fleet = fleet
        self.whole = Block(lay_out([fleet]), first, m or fleet.calendar.n)
        self.block = self.whole.rows(self.whole.layout.fleets[0])
        fleet.look_ahead(self.block)

    def view(self, row, count=1, floor=0.0, cap=1500.0, published=()):
        first = self.block.first + row
        prices = np.array(published, np.float64)
        return MarketView(first, count, self.fleet.calendar, floor, cap, prices)

    def quote(self, row, **options):
        self.fleet.quote(self.block, self.view(row, **options))

    def award(self, row, sold=None, bought=None):
        if sold is not None:
            self.block.sold[row] = sold
        if bought is not None:
            self.block.bought[row] = bought
        if self.fleet.stateful:
            self.fleet.award(self.block, row)

    def meter(self, row):
        self.block.delivered[row] = self.block.sold[row]
        self.block.consumed[row] = self.block.bought[row]
        return self.fleet.meter(self.block, row)

    def commit(self, row):
        if self.fleet.stateful:
            self.fleet.commit(self.block, row)

    def deliver(self, row):
        deviates = self.meter(row)
        self.commit(row)
        return deviates

    def asks(self, row):
        price, quantity = self.block.ask_price[row], self.block.ask_quantity[row]
        return [
            [(float(p), int(q)) for p, q in zip(*unit, strict=True)]
            for unit in zip(price, quantity, strict=True)
        ]

    def bids(self, row):
        price, quantity = self.block.bid_price[row], self.block.bid_quantity[row]
        return [
            [(float(p), int(q)) for p, q in zip(*unit, strict=True)]
            for unit in zip(price, quantity, strict=True)
        ]

    def outage(self, unit, start_s, end_s=None):
        self.fleet.outages.fail(unit, start_s)
        self.fleet.up[unit] = 0.0
        if end_s is not None:
            self.fleet.outages.repair(unit, end_s)
            self.fleet.up[unit] = 1.0
