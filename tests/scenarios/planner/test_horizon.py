"""A horizon in parts: bounds from any prices, schedules that are possible."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scenarios.planner import horizon
from scenarios.planner.coarse import coarsened
from scenarios.planner.horizon import Cut, Outlook, at_once, in_parts
from scenarios.planner.stages import Builder, Pair, Unknown
from scenarios.planner.windows import Windows

N = 24
NEVER = Cut(6, 2, -np.inf)  # the market is so far from the bound that all is close enough


def system(demand, free, *, price=300.0, size=20.0, efficiency=0.9, end=0.0):
    """Demand worth 2,000, a free resource, coal with a ramp, and a store of `size` MWh."""
    builder = Builder(len(demand))
    balance = builder.sum(0.0, 0.0)
    last = np.zeros(len(demand))
    last[-1] = end
    served = np.minimum(demand, free)
    names = {
        "town": Unknown("town", "consumed", 0.0, demand, 2000.0, served),
        "sun": Unknown("sun", "delivered", 0.0, free, 0.0, served),
        "coal": Unknown("coal", "delivered", 0.0, 12.0, -price, 0.0, (2.0, 2.0)),
        "in": Unknown("store", "consumed", 0.0, 4.0, 0.0, 0.0),
        "out": Unknown("store", "delivered", 0.0, 4.0, -10.0, 0.0),
        "soc": Unknown("store", "soc", last, size, 0.0, 5.0, (5.0, 5.0)),
    }
    at = {name: builder.unknown(unknown) for name, unknown in names.items()}
    for name, sign in (("town", -1), ("sun", 1), ("coal", 1), ("in", -1), ("out", 1)):
        builder.put(balance, at[name], sign)
    law = builder.sum(0.0, 0.0, "law")
    builder.put(law, at["soc"], 1.0)
    builder.put(law, at["soc"], -1.0, lagged=True)
    builder.put(law, at["in"], -efficiency)
    builder.put(law, at["out"], 1 / efficiency)
    ramp = builder.sum(-2.0, 2.0, "drop")
    builder.put(ramp, at["coal"], 1.0)
    builder.put(ramp, at["coal"], -1.0, lagged=True)
    builder.pair(Pair(at["in"], at["out"], single=True))
    return builder.stages()


series = arrays(float, N, elements=st.floats(0, 20))


@settings(deadline=None, max_examples=40)
@given(series, series, st.sampled_from([0.0, 5.0]), st.integers(3, 11))
def test_parts_bound_the_whole_from_both_sides(demand, free, end, length):
    stages = system(demand, free, end=end)
    whole = at_once(stages)
    parts = in_parts(stages, Cut(length, 3, -np.inf))
    assert whole is not None
    assert parts is not None
    slack = 1e-7 * abs(whole.bound) + 1e-4
    assert parts.bound >= whole.bound - slack
    assert stages.worth(parts.schedule) <= whole.bound + slack
    beyond, wrong = stages.breaches(parts.schedule)
    assert max(beyond.max(), wrong.max()) < 1e-6


@settings(deadline=None, max_examples=40)
@given(series, series, arrays(float, (2, N), elements=st.floats(-900, 900)))
def test_any_price_of_levels_gives_a_bound(demand, free, prices):
    stages = system(demand, free)
    whole = at_once(stages)
    assert whole is not None
    outlook = Outlook(prices, np.zeros((2, N)))
    bound = horizon._bound(Windows(stages, 1.0), [0, 7, 15, N], outlook)
    assert bound >= whole.bound - 1e-7 * abs(whole.bound) - 1e-4


hours = np.arange(N)
DEMAND, FREE = 8 + 4 * np.sin(hours / 4), np.maximum(0, 16 * np.sin((hours % 12) / 3))


def test_it_looks_closer_until_bound_and_schedule_meet():
    stages = system(DEMAND, FREE)
    whole = at_once(stages)
    assert whole is not None
    found = in_parts(stages, Cut(6, 2, whole.bound))
    assert found is not None
    distance = found.bound - stages.worth(found.schedule)
    assert distance <= horizon.EXACT * abs(found.bound)
    assert found.bound == pytest.approx(whole.bound, rel=1e-8)


def test_a_horizon_too_large_to_look_closer_keeps_what_it_has(monkeypatch):
    monkeypatch.setattr(horizon, "LARGEST", 1)
    monkeypatch.setattr(horizon, "at_once", lambda stages: pytest.fail("too large"))
    found = in_parts(system(DEMAND, FREE), Cut(6, 0, np.inf))
    assert found is not None
    assert found.bound > 0


def test_where_a_part_cannot_go_on_it_ends_as_the_market_did(monkeypatch):
    """No resource but the store: what is used up cannot be bought back, and 5 MWh must be left."""
    stages = _without_coal(system(np.full(N, 3.0), np.zeros(N), end=5.0))
    forward, tried = horizon._forward, []

    def shortsighted(windows, edges, ahead, outlook):
        if outlook is None:
            return forward(windows, edges, ahead, None)
        nothing = np.zeros_like(outlook.prices)
        tried.append(forward(windows, edges, ahead, Outlook(nothing, nothing)))
        return tried[-1]

    monkeypatch.setattr(horizon, "_forward", shortsighted)
    found = in_parts(stages, NEVER)
    assert tried == [None]
    assert found is not None
    soc = stages.names.index(("store", "soc"))
    assert found.schedule[soc, [5, 11, 17, 23]] == pytest.approx(5.0)


def _is(stages, group):
    return np.array([name[0] == group for name in stages.names])[:, None]


def _without_coal(stages):
    bounds = (np.where(_is(stages, "coal"), 0.0, each) for each in (stages.low, stages.high))
    wide = np.array([kind == "drop" for kind in stages.coarse])[:, None]
    return replace(
        stages.within(*bounds),
        row_low=np.where(wide, -np.inf, stages.row_low),
        row_high=np.where(wide, np.inf, stages.row_high),
    )


def test_long_steps_keep_energy_and_levels():
    stages = system(DEMAND, FREE)
    long = coarsened(stages, 5)
    assert long.n == 5
    town = long.names.index(("town", "consumed"))
    soc = long.names.index(("store", "soc"))
    assert long.high[town].tolist() == pytest.approx(np.add.reduceat(DEMAND, [0, 5, 10, 15, 20]))
    assert long.high[soc].tolist() == [20.0] * 5
    assert long.pairs == ()


def test_a_store_chooses_a_direction_where_burning_would_pay():
    """Each MWh of sun brings 100, and the store is soon full; a linear program burns the rest."""
    stages = system(np.full(12, 1.0), np.full(12, 6.0), size=8.0)
    paid = replace(stages, value=np.where(_is(stages, "sun"), 100.0, stages.value))
    burning, honest = at_once(replace(paid, pairs=())), at_once(paid)
    assert burning is not None
    assert honest is not None
    ways = [paid.names.index(("store", what)) for what in ("consumed", "delivered")]
    assert burning.schedule[ways].min(axis=0).max() > 0.1
    assert honest.schedule[ways].min(axis=0).max() < 1e-6
    assert paid.worth(honest.schedule) <= honest.bound <= burning.bound - 1
    assert honest.bound == pytest.approx(paid.worth(honest.schedule), rel=1e-6)


def test_several_stores_share_their_power_also_when_some_hours_have_none():
    stages = system(np.full(N, 1.0), np.full(N, 6.0), size=8.0)
    ways = [stages.names.index(("store", what)) for what in ("consumed", "delivered")]
    high = stages.high.copy()
    high[ways, 4] = 0.0  # out of order
    paid = replace(
        stages.within(stages.low, high),
        value=np.where(_is(stages, "sun"), 100.0, stages.value),
        pairs=(Pair(*ways, single=False),),
    )
    shared, free = at_once(paid), at_once(replace(paid, pairs=()))
    assert shared is not None
    assert free is not None
    used = shared.schedule[ways].sum(axis=0) / 4.0
    assert used.max() == pytest.approx(1.0, abs=1e-6)
    assert used[4] == pytest.approx(0.0, abs=1e-9)
    assert shared.bound < free.bound - 1
