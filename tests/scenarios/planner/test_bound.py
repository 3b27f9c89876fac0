"""The bound is one: what the market did is possible, and nothing is worth more than the planner."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from market import physical_welfare
from scenarios.loader import load_text
from scenarios.planner.planner import Planner, PlanOptions
from scenarios.planner.programs import GAP
from scenarios.planner.stores import Battery
from scenarios.planner.windows import Ends, Windows
from scenarios.runs import execute, prepare
from tests.scenarios.planner.planned import cents, recorded_worth
from tests.scenarios.shared_worlds import shared
from tests.scenarios.small_worlds import (
    computing,
    load,
    market,
    scenarios,
    thermal,
    weather_plant,
)

CALM = {
    "phases": [Phase.generate, Phase.shrink],
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}
SOLVER = 1e-9  # of the bound: the solver's tolerance and sums of many floats


def executed(text, base, place):
    loaded = load_text(text, base)
    prepare(place, force=False, resume=False)
    return execute(loaded, place), loaded


@settings(max_examples=20, **CALM)
@given(text=scenarios())
def test_no_market_beats_the_planner(base, text):
    with tempfile.TemporaryDirectory() as place:
        results, loaded = executed(text, base, Path(place) / "run")
        planner = Planner.of(results, loaded, PlanOptions())
        found, reached = planner.solve(), physical_welfare(results)
        several = in_parts(planner).solve()
        computing = bool((results.participants["kind"] == "data_center").any())
        rounding = cents(results)
    least_of_all = SOLVER * abs(found.bound) + rounding
    assert reached <= found.bound + least_of_all
    assert found.welfare == pytest.approx(found.bound, rel=2 * GAP, abs=0.01)
    # Parts bound it from above, and their schedule from below.
    assert several.bound >= found.welfare - least_of_all
    assert several.welfare <= found.bound + least_of_all
    if computing:
        assert sum(map(best_beside_it, planner.zones)) >= reached - least_of_all
    else:
        assert recorded_worth(planner) == pytest.approx(reached, abs=rounding)


@st.composite
def computing_worlds(draw):
    """A day of one or two data centres, some of them failing, beside what is scarce at times."""
    texts = [
        f'[scenario]\nname = "computing"\nseed = {draw(st.integers(0, 999))}',
        '[time]\nstart = "2023-06-01T00:00:00+08:00"\ninterval = 30\ndays = 1',
        draw(market(30)),
        '[[zone]]\nname = "main"',
        "[recording]\nunits = true",
        draw(load("town", "main")),
        draw(thermal("coal", "main")),
        draw(weather_plant("wind", "main")),
        *(draw(computing(f"site{number}", "main")) for number in range(draw(st.integers(1, 2)))),
    ]
    return "\n".join(texts)


@settings(max_examples=10, **CALM)
@given(text=computing_worlds())
def test_no_queue_of_whole_jobs_beats_the_fluid(base, text):
    with tempfile.TemporaryDirectory() as place:
        results, loaded = executed(text, base, Path(place) / "run")
        planner = Planner.of(results, loaded, PlanOptions())
        found, reached, rounding = planner.solve(), physical_welfare(results), cents(results)
    least = sum(map(best_beside_it, planner.zones))
    assert reached <= least + SOLVER * abs(found.bound) + rounding
    assert least <= found.bound + SOLVER * abs(found.bound) + rounding


def in_parts(planner):
    """The same planner with the horizon in four."""
    calendar = planner.loaded.calendar
    days = calendar.n * calendar.hours / 24 / 4
    return Planner(planner.results, planner.loaded, PlanOptions(days), planner.zones)


def best_beside_it(zone):
    """What the market's schedule is worth, with what no table tells of it chosen best."""
    stages = zone.stages
    known = np.isfinite(stages.recorded)
    low = np.where(known, stages.recorded - 1e-6, stages.low)
    high = np.where(known, stages.recorded + 1e-6, stages.high)
    none = np.zeros(stages.carried.size)
    fixed = Windows(stages.within(low, high), 1.0)
    part = fixed.solve(0, stages.n, Ends(*stages.before, none, none))
    assert part is not None
    return stages.worth(part.schedule)


@settings(max_examples=8, **CALM)
@given(text=shared())
def test_shared_storage_is_one_store(base, text):
    with tempfile.TemporaryDirectory() as place:
        results, loaded = executed(text, base, Path(place) / "run")
        planner = Planner.of(results, loaded, PlanOptions())
        found, reached, units = planner.solve(), physical_welfare(results), results.units
        participants, rounding = results.participants, cents(results)
    assert reached <= found.bound + SOLVER * abs(found.bound) + rounding
    # The planner counts no wear, and no cost of what slices trade with each other.
    wear = participants["wear_amount"].sum() if "wear_amount" in participants else 0.0
    spared = wear + netted_cost(planner, units)
    assert recorded_worth(planner) == pytest.approx(reached + spared, abs=rounding)


def netted_cost(planner, units):
    """Cycle cost of energy that slices discharge into each other."""
    costs = {
        name: group.form.cost
        for zone in planner.zones
        for group in zone.groups
        if isinstance(group.form, Battery)
        for name in group.members
    }
    station = units["unit"].astype(str).str.partition("/")[0]
    flows = units.groupby([station, "start"], observed=True)[["delivered_mwh", "consumed_mwh"]]
    both = flows.sum().min(axis=1).groupby(level=0).sum()
    return sum(cost * float(both.get(name, 0.0)) for name, cost in costs.items())
