"""A storage fleet with nothing but its physics, and a market that takes any quantity."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from agents.quotes import MarketView
from agents.shapes import Shapes
from market import Calendar


def column(value, n):
    return np.broadcast_to(np.asarray(value, np.float64), (n,)).copy()


@dataclass
class Stations:
    """n stations; powers in MW, energies in MWh, SoC as fractions."""

    power: object = 1.0
    energy: object = 2.0
    efficiency_charge: object = 0.95
    efficiency_discharge: object = 0.95
    cycle_cost: object = 0.0
    self_discharge: object = 0.0
    soc_min: object = 0.0
    soc_max: object = 1.0
    soc_start: object = 0.5
    soc_end: object = np.nan
    segments: object = 5
    hours: float = 1.0
    n: int = 1
    ask_slots: int = field(init=False)

    def __post_init__(self):
        wh = 1e6
        self.energy_wh = column(self.energy, self.n) * wh
        self.charge_wh = column(self.power, self.n) * wh * self.hours
        self.discharge_wh = self.charge_wh.copy()
        self.plan_scale = np.ones(self.n)
        for name in ("efficiency_charge", "efficiency_discharge", "cycle_cost", "self_discharge"):
            setattr(self, name, column(getattr(self, name), self.n))
        for name in ("soc_min", "soc_max", "soc_end"):
            setattr(self, f"{name}_wh", column(getattr(self, name), self.n) * self.energy_wh)
        self.committed_soc = column(self.soc_start, self.n) * self.energy_wh
        self.segments = column(self.segments, self.n).astype(np.int64)
        self.ask_slots = self.bid_slots = int(self.segments.max())

    def held(self):
        lost = np.minimum(
            self.committed_soc * self.self_discharge, self.committed_soc - self.soc_min_wh
        )
        return self.committed_soc - np.maximum(lost, 0.0)

    def charge_limit(self):
        room = (self.soc_max_wh - self.held()) / self.efficiency_charge
        return np.maximum(np.floor(np.minimum(self.charge_wh, room)), 0).astype(np.int64)

    def discharge_limit(self):
        stock = (self.held() - self.soc_min_wh) * self.efficiency_discharge
        return np.maximum(np.floor(np.minimum(self.discharge_wh, stock)), 0).astype(np.int64)

    def move(self, bought, sold):
        self.committed_soc = (
            self.held() + bought * self.efficiency_charge - sold / self.efficiency_discharge
        )


@dataclass
class Foresight:
    """Knows all prices."""

    series: np.ndarray

    def prices(self, view, horizon):
        return self.series[view.first : view.first + horizon]


def a_view(first, n, forecaster=None, published=(), floor=-1000.0, cap=5000.0, minutes=60):
    calendar = Calendar(datetime(2024, 4, 1, tzinfo=UTC), minutes * 60, n)
    published = np.asarray(published, np.float64)
    return MarketView(first, 1, calendar, floor, cap, published, forecaster)


def accepted(quotes, price):
    """Return what each unit buys and sells at `price`, Wh."""
    if quotes.bid_quantity is None:
        return np.zeros((2, 1))
    bought = (quotes.bid_quantity * (quotes.bid_price >= price)).sum(axis=-1)
    sold = (quotes.ask_quantity * (quotes.ask_price <= price)).sum(axis=-1)
    return bought, sold


def trade(prices, stations, strategy, forecaster=None, minutes=60):
    """Run a price-taker through `prices`; return each unit's profit in currency."""
    forecaster = forecaster or Foresight(prices)
    profit = np.zeros(stations.n)
    calendar = Calendar(datetime(2024, 4, 1, tzinfo=UTC), minutes * 60, len(prices))
    low, high = float(prices.min()), float(prices.max())
    for t, price in enumerate(prices):
        view = MarketView(t, 1, calendar, low - 1, high + 1, prices[:t], forecaster)
        bought, sold = accepted(strategy.quote(view, stations), price)
        assert not ((bought > 0) & (sold > 0)).any()
        stations.move(bought, sold)
        assert (stations.committed_soc >= stations.soc_min_wh - 1).all()
        assert (stations.committed_soc <= stations.soc_max_wh + 1).all()
        profit += (sold * (price - stations.cycle_cost) - bought * price) / 1e6
    return profit


def shapes(charge, discharge, **other):
    columns = {
        "efficiency_charge": 0.9,
        "efficiency_discharge": 0.95,
        "cycle_cost": 0.0,
        "self_discharge": 0.0,
        "dead": 0.0,
        "target": np.nan,
    } | other
    n = np.size(charge)
    every = {"charge": charge, "discharge": discharge} | columns
    return Shapes(
        **{k: np.broadcast_to(np.asarray(v, float), (n,)).copy() for k, v in every.items()}
    )
