"""Forced outages: exponential, dated, and everybody's own."""

import numpy as np
import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from agents.outages import DatedOutage, FailureRates, Outages
from tests.agents.fleets import calendar, weather

HOUR = 3600


def shares(rates, dated=(), n=24, units=1, seed=1, minutes=60):
    """Run a fleet's outages and return the share of each interval that each unit was up."""
    when = calendar(n, minutes)
    fleet = weather(1.0, n=units, when=when)
    env = simpy.Environment(initial_time=-1000)
    env.process(Outages(fleet, rates, dated, seed).process(env))
    found = []
    for interval in range(n):
        end = when.second(interval + 1)
        env.run(until=end)
        found.append(fleet.outages.share_up(end, when.interval_s))
    return np.array(found), fleet


@pytest.mark.parametrize(("mtbf", "mttr"), [(20.0, 5.0), (3.0, 9.0)])
def test_long_run_availability(mtbf, mttr):
    found, _ = shares([FailureRates(mtbf, mttr)] * 40, n=3000, units=40)
    assert found.mean() == pytest.approx(mtbf / (mtbf + mttr), rel=0.02)


def test_times_between_failures_are_exponential():
    found, _ = shares([FailureRates(50.0, 1e-3)] * 40, n=3000, units=40)
    failures = (found < 1).sum()
    assert failures == pytest.approx(40 * 3000 / 50, rel=0.1)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, HOUR, [0, 1, 1]),
        (600, 1500, [0.75, 1, 1]),
        (HOUR - 60, HOUR + 60, [1 - 1 / 60, 1 - 1 / 60, 1]),
        (HOUR, 9 * HOUR, [1, 0, 0]),
        (HOUR, HOUR, [1, 1, 1]),
    ],
)
def test_a_dated_outage_takes_its_exact_share(start, end, expected):
    found, fleet = shares([None], [DatedOutage(0, start, end)], n=3)
    assert found[:, 0] == pytest.approx(expected)
    assert fleet.outages.possible


def test_two_reasons_at_once():
    dated = [DatedOutage(0, 0, 1800), DatedOutage(0, 900, 2700), DatedOutage(0, 2700, 3000)]
    found, fleet = shares([None], dated, n=2)
    assert found[:, 0] == pytest.approx([1 - 3000 / 3600, 1])
    assert fleet.up.tolist() == [1]


@given(st.lists(st.tuples(st.integers(0, 9000), st.integers(0, 4000)), max_size=6))
def test_overlapping_outages_are_the_union_of_their_seconds(spans):
    dated = [DatedOutage(0, start, start + length) for start, length in spans]
    found, fleet = shares([None], dated, n=4)
    down = np.zeros(4 * HOUR, bool)
    for start, length in spans:
        down[start : start + length] = True
    assert found[:, 0] == pytest.approx(1 - down.reshape(4, HOUR).mean(axis=1))
    assert fleet.up[0] == 1


def test_the_up_flag_is_that_of_the_moment():
    when = calendar(24)
    fleet = weather(1.0, when=when)
    env = simpy.Environment()
    env.process(Outages(fleet, [None], [DatedOutage(0, 100, 200)], 1).process(env))
    for now, up in ((99, 1), (150, 0), (250, 1)):
        env.run(until=now)
        assert fleet.up.tolist() == [up]


def test_a_fleet_without_outages_has_no_events():
    fleet = weather(1.0)
    env = simpy.Environment()
    env.process(Outages(fleet, [None], [], 1).process(env))
    env.run()
    assert env.now == 0
    assert not fleet.outages.possible


def test_everybody_fails_by_his_own_stream():
    rates = [FailureRates(5.0, 2.0)] * 3
    alone, _ = shares(rates[:1], n=200)
    three, _ = shares(rates, n=200, units=3)
    assert np.array_equal(alone[:, 0], three[:, 0])
    assert not np.array_equal(three[:, 0], three[:, 1])
    other, _ = shares(rates[:1], n=200, seed=2)
    assert not np.array_equal(alone, other)
    with_date, _ = shares(rates, [DatedOutage(1, 0, 7200)], n=200, units=3)
    assert np.array_equal(with_date[:, [0, 2]], three[:, [0, 2]])
    assert np.array_equal(with_date[:, 1], np.where(np.arange(200) < 2, 0, three[:, 1]))
