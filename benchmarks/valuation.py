"""Times the valuation of storage: a day at five minutes, for one station and for many.

`python -m benchmarks.valuation` prints milliseconds: of the value functions of a day (288
intervals) alone, on prices that are never and that are sometimes negative, where the recursion is
on slopes and on values; and of all orders of that day, plans included.
"""

import time
from datetime import UTC, datetime

import numpy as np

from agents.price_chain import fitted_chain
from agents.quotes import MarketView
from agents.shapes import shapes_of
from agents.state_values import state_values
from agents.strategies.opportunity_value import (
    ALL_POINTS,
    ALL_WITH_STATES,
    FEWEST_POINTS,
    FEWEST_WITH_STATES,
    MANY,
    MOST_POINTS,
    MOST_WITH_STATES,
    STATES,
    STATES_OF_MANY,
    OpportunityValue,
)
from agents.valuation import value_functions
from market import Calendar

STEPS, MINUTES = 288, 5


class Fleet:
    """Stations of different shapes with nothing but their columns."""

    def __init__(self, n):
        rng = np.random.default_rng(1)
        self.n, hours = n, MINUTES / 60
        self.energy_wh = rng.uniform(1.5, 6, n) * 1e6
        self.charge_wh = np.full(n, 1e6 * hours)
        self.discharge_wh = self.charge_wh.copy()
        self.efficiency_charge = self.efficiency_discharge = rng.uniform(0.9, 0.97, n)
        self.soc_min_wh, self.soc_max_wh = np.zeros(n), self.energy_wh
        self.soc_end_wh = np.full(n, np.nan)
        self.plan_scale, self.cycle_cost, self.self_discharge = np.ones(n), np.zeros(n), np.zeros(n)
        self.segments, self.ask_slots = np.full(n, 5), 5
        self.committed_soc = 0.5 * self.energy_wh

    def charge_limit(self):
        return np.full(self.n, 80_000)

    def discharge_limit(self):
        return np.full(self.n, 80_000)


class Known:
    """A forecaster that has been right about so much."""

    def __init__(self, prices):
        self.series = prices

    def prices(self, view, horizon):
        return self.series[view.first : view.first + horizon]


def prices_of(days, low):
    """Return prices of days with a noon and an evening, the lowest about `low`."""
    hour = np.arange(days * STEPS) * MINUTES / 60
    rng = np.random.default_rng(2)
    return low + 150 * (1 + np.sin(hour / 6 * np.pi)) + rng.uniform(0, 40, hour.size)


def best_of(work, times=5):
    """Return the shortest time, ms."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        found.append(1000 * (time.perf_counter() - start))
    return min(found)


def valued(n, low, markov):
    """Return the time of the value functions of a day, ms."""
    shapes, _ = shapes_of(Fleet(n))
    prices, worth = prices_of(1, low), np.full(n, 100.0)
    if not markov:
        points = int(np.clip(ALL_POINTS // n, FEWEST_POINTS, MOST_POINTS))
        return best_of(
            lambda: value_functions(shapes, prices, worth, STEPS, points, 1e5), 5 if n < 9 else 1
        )
    states = STATES_OF_MANY if n > MANY else STATES
    errors = np.cumsum(np.random.default_rng(3).normal(0, 2, (60, STEPS)), axis=1)
    chain = fitted_chain(errors, np.ones(60), states)
    points = int(np.clip(ALL_WITH_STATES // n, FEWEST_WITH_STATES, MOST_WITH_STATES))
    both = np.maximum(prices[:, None] + chain.errors, min(low, 0.0)), chain.odds
    return best_of(
        lambda: state_values(shapes, both, (worth, 1e5), STEPS, points), 5 if n < 9 else 1
    )


def quoted(n, prices):
    """Return the time of all orders of a day, ms; a chain has learned for 18 days."""
    series, fleet = prices_of(22, 50.0), Fleet(n)
    strategy = OpportunityValue(prices=prices, horizon_hours=24)
    calendar = Calendar(datetime(2024, 4, 1, tzinfo=UTC), MINUTES * 60, 22 * STEPS)
    forecaster = Known(series + np.random.default_rng(4).normal(0, 5, series.size))

    def ask(first):
        strategy.quote(
            MarketView(first, 1, calendar, -100.0, 900.0, series[:first], forecaster), fleet
        )

    for day in range(18):
        ask(day * STEPS)
    start = time.perf_counter()
    for step in range(STEPS):
        ask(18 * STEPS + step)
    return 1000 * (time.perf_counter() - start)


def main():
    """Print the table."""
    print("| stations | prices | value functions, never negative | sometimes | orders of a day |")
    print("| --- | --- | --- | --- | --- |")
    for n in (1, 1000):
        for prices in ("expected", "markov"):
            markov = prices == "markov"
            times = valued(n, 50.0, markov), valued(n, -40.0, markov), quoted(n, prices)
            print(f"| {n} | {prices} | " + " | ".join(f"{one:.0f} ms" for one in times) + " |")


if __name__ == "__main__":
    main()
