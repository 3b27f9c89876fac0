"""Thermal plants: minimum stable output, ramps, days on and off line."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.thermal import FreeThermalFleet
from tests.agents.fleets import MWH, Desk, calendar, thermal, units


def test_the_unavoidable_part_is_offered_at_the_floor():
    desk = Desk(thermal())
    desk.quote(0, floor=-50.0)
    assert desk.asks(0) == [[(-50.0, 4 * MWH), (300.0, 6 * MWH)]]
    desk.quote(1, floor=-np.inf)
    assert desk.asks(1)[0][0] == (0.0, 4 * MWH)
    cheap = Desk(thermal(marginal_cost=-80.0))
    cheap.quote(0, floor=-50.0)
    assert cheap.asks(0)[0][0] == (-80.0, 4 * MWH)


def test_output_that_nobody_bought_runs_all_the_same():
    desk = Desk(thermal())
    desk.quote(0)
    desk.award(0, [0])
    assert desk.deliver(0)
    assert desk.block.delivered[0, 0] == 4 * MWH


def test_ramps_bound_the_offers_up_and_down():
    desk = Desk(thermal(ramp_wh=1.5 * MWH))
    desk.quote(0)
    assert desk.asks(0)[0] == [(0.0, 4 * MWH), (300.0, 1_500_000)]
    desk.award(0, [5_500_000])
    desk.quote(1)
    assert [q for _, q in desk.asks(1)[0]] == [4 * MWH, 3 * MWH]
    desk.award(1, [7 * MWH])
    desk.quote(2)
    assert [q for _, q in desk.asks(2)[0]] == [5_500_000, 3 * MWH]


def test_it_goes_off_line_for_a_day_when_prices_do_not_cover_its_cost():
    desk = Desk(thermal(must_run=False), m=24)
    desk.quote(0)  # nothing is published yet: on line
    assert sum(q for _, q in desk.asks(0)[0]) == 10 * MWH
    later = Desk(thermal(must_run=False, when=calendar(72)), first=24, m=24)
    later.quote(0, published=[299.0] * 24)
    assert sum(q for _, q in later.asks(0)[0]) == 0
    later.award(0, [0])
    later.quote(1, published=[999.0] * 25)  # the decision stands for the day
    assert sum(q for _, q in later.asks(1)[0]) == 0
    later = Desk(thermal(must_run=False, when=calendar(72)), first=24, m=24)
    later.quote(0, published=[301.0] * 24)
    assert sum(q for _, q in later.asks(0)[0]) == 10 * MWH


def test_a_plant_ramps_down_when_it_goes_off_line():
    desk = Desk(thermal(must_run=False, ramp_wh=3 * MWH, when=calendar(72)), first=24, m=24)
    desk.quote(0, published=[1.0] * 24)
    assert [q for _, q in desk.asks(0)[0]] == [MWH, 0]
    desk.award(0, [MWH])
    desk.quote(1)
    assert [q for _, q in desk.asks(1)[0]] == [0, 0]


def test_an_outage_of_part_of_an_interval():
    desk = Desk(thermal(minimum_wh=0))
    desk.quote(0)
    desk.award(0, [10 * MWH])
    desk.outage(0, 900, 1800)
    assert desk.deliver(0)
    assert desk.block.delivered[0, 0] == 7_500_000
    desk.quote(1)
    assert sum(q for _, q in desk.asks(1)[0]) == 10 * MWH


def test_what_the_operator_may_call_and_turn_down():
    desk = Desk(thermal(ramp_wh=2 * MWH))
    desk.quote(0)
    desk.award(0, [5 * MWH])
    desk.meter(0)
    up, down = desk.fleet.flexibility(desk.block, 0)
    assert (up.tolist(), down.tolist()) == ([MWH], [MWH])


def free(**constants):
    bound = thermal(**constants)
    units_ = units("thermal", 1, bound.calendar)
    return FreeThermalFleet(units_, bound.plant, np.zeros(1))


@pytest.mark.parametrize(("sold", "delivered"), [(0, 4), (3, 4), (5, 5), (10, 10), (12, 10)])
def test_without_ramps_it_keeps_to_its_range_all_the_same(sold, delivered):
    desk = Desk(free())
    desk.quote(0, count=24)
    assert desk.asks(7)[0] == [(0.0, 4 * MWH), (300.0, 6 * MWH)]
    desk.award(0, [sold * MWH])
    assert desk.deliver(0) == (sold != delivered)
    assert desk.block.delivered[0, 0] == delivered * MWH
    up, down = desk.fleet.flexibility(desk.block, 0)
    assert (up[0], down[0]) == ((10 - delivered) * MWH, (delivered - 4) * MWH)


def test_without_ramps_an_outage_takes_its_share():
    desk = Desk(free())
    desk.quote(0, count=24)
    desk.award(0, [10 * MWH])
    desk.outage(0, 900)
    assert desk.deliver(0)
    assert desk.block.delivered[0, 0] == 2_500_000
    desk.fleet.reduce_for_outages(desk.block, 1)
    assert not desk.block.ask_quantity[1].any()


@pytest.mark.parametrize("lead", [0, 1, 5])
@settings(max_examples=60)
@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=15),
    st.sampled_from([0.7 * MWH, 3 * MWH, np.inf]),
    st.data(),
)
def test_delivery_keeps_to_ramps_and_limits_whatever_is_sold(lead, shares, ramp, data):
    n = len(shares)
    desk = Desk(thermal(ramp_wh=ramp, when=calendar(n)))
    before = 4 * MWH
    called = data.draw(st.integers(-1, n - 1))
    for step in range(n + lead):
        if step < n:
            desk.quote(step)
            offered = int(desk.block.ask_quantity[step].sum())
            sold = int(offered * shares[step])
        row = step - lead
        if row >= 0:
            if row == step:
                desk.award(step, [sold])
            desk.meter(row)
            if row == called:
                up, _ = desk.fleet.flexibility(desk.block, row)
                desk.block.delivered[row] += up
            desk.commit(row)
            output = int(desk.block.delivered[row, 0])
            assert abs(output - before) <= ramp
            assert 4 * MWH <= output <= 10 * MWH
            before = output
        if step < n and row != step:
            desk.award(step, [sold])  # closes after the delivery of another interval
