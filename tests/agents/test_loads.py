"""Loads: inelastic at the value of lost load, elastic in steps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.agents.fleets import MWH, Desk, load

STEPS = ((0.2, 400.0), (0.1, 250.0))


class Expects:
    """Expects a fixed demand, in Wh."""

    def __init__(self, wh):
        self.wh = wh

    def expected(self, first, actual):
        return np.full_like(actual, self.wh)


def test_bids_by_hand():
    desk = Desk(load(10.0, steps=STEPS))
    desk.quote(0, count=24)
    assert desk.bids(3) == [[(1500.0, 7 * MWH), (400.0, 2 * MWH), (250.0, MWH)]]
    desk.quote(0, count=24, cap=300.0)
    assert desk.bids(0)[0] == [(300.0, 7 * MWH), (300.0, 2 * MWH), (250.0, MWH)]
    assert Desk(load(10.0)).fleet.bid_slots == 1


def metered(bought, actual_mw=10.0, expected=None, steps=STEPS):
    forecaster = Expects(expected) if expected else None
    desk = Desk(load(actual_mw, steps=steps, forecaster=forecaster))
    desk.quote(0, count=24)
    desk.award(0, bought=[bought])
    deviates = desk.deliver(0)
    return int(desk.block.consumed[0, 0]), int(desk.block.unserved[0, 0]), deviates


@pytest.mark.parametrize(
    ("bought", "consumed", "unserved"),
    [
        (10 * MWH, 10 * MWH, 0),
        (9 * MWH, 9 * MWH, 0),  # the last step is out of the money: not unserved
        (7 * MWH, 7 * MWH, 0),
        (4 * MWH, 4 * MWH, 3 * MWH),
        (0, 0, 7 * MWH),
    ],
)
def test_with_perfect_foresight_only_unserved_demand_calls_the_operator(bought, consumed, unserved):
    assert metered(bought) == (consumed, unserved, unserved > 0)


@pytest.mark.parametrize(
    ("bought", "actual", "consumed", "unserved"),
    [
        (10 * MWH, 12.0, 12 * MWH, 0),  # all bought: the actual demand is taken
        (10 * MWH, 8.0, 8 * MWH, 0),
        (7 * MWH, 12.0, 8_400_000, 0),  # the elastic part stays out, the rest is what it is
        (7 * MWH, 8.0, 5_600_000, 0),
        (9 * MWH, 12.0, 10_400_000, 0),
        (6 * MWH, 8.0, 5_600_000, 0),  # less was sold than bid, and still it was enough
        (5 * MWH, 8.0, 5 * MWH, 600_000),
        (6 * MWH, 12.0, 6 * MWH, 2_400_000),
    ],
)
def test_a_wrong_forecast(bought, actual, consumed, unserved):
    found = metered(bought, actual, 10 * MWH)
    assert found == (consumed, unserved, consumed != bought or unserved > 0)


@given(st.floats(0, 1), st.floats(0, 30), st.integers(1, 20 * MWH))
def test_consumption_is_never_more_than_demand(share, actual, expected):
    consumed, unserved, _ = metered(int(expected * share), actual, expected)
    demand = int(actual * MWH + 1e-4)
    assert 0 <= consumed <= demand
    assert 0 <= unserved <= demand - consumed + 1


def test_an_outage_is_the_load_s_own_and_not_unserved():
    desk = Desk(load(10.0))
    desk.quote(0, count=24)
    desk.award(0, bought=[10 * MWH])
    desk.outage(0, 1800)
    assert desk.deliver(0)
    assert desk.block.consumed[0, 0] == 5 * MWH
    assert desk.block.unserved[0, 0] == 0
    desk.fleet.reduce_for_outages(desk.block, 1)
    assert not desk.block.bid_quantity[1].any()
    assert desk.block.bid_quantity[2].any()


def test_value_of_lost_load():
    assert load(1.0, n=2, voll=[5.0, 7.0]).shed_order().tolist() == [5.0, 7.0]
    assert load(np.arange(24.0)).facts()["capacity_mw"].tolist() == [23.0]


def worth(consumed, demand_mw=10.0, steps=STEPS, voll=20_000.0):
    desk = Desk(load(demand_mw, steps=steps, voll=voll))
    desk.block.consumed[3] = consumed
    return float(desk.fleet.worth(desk.block)[0])


def test_worth_by_hand():
    assert worth(0) == 0
    assert worth(6 * MWH) == 120_000
    assert worth(8 * MWH) == 7 * 20_000 + 400
    assert worth(10 * MWH) == 7 * 20_000 + 2 * 400 + 250
    assert worth(10 * MWH, steps=()) == 200_000


def test_the_order_of_steps_in_the_file_does_not_matter():
    turned = ((0.1, 250.0), (0.2, 400.0))
    assert worth(8 * MWH, steps=turned) == worth(8 * MWH, steps=STEPS)
    # The inelastic part comes first, even where a step pays more.
    assert worth(8 * MWH, voll=300.0) == 7 * 300 + 400


def test_worth_does_not_depend_on_what_was_bid_or_expected():
    desk = Desk(load(10.0, steps=STEPS, forecaster=Expects(5 * MWH)))
    desk.quote(3, cap=100.0)
    desk.block.consumed[3] = 8 * MWH
    assert desk.fleet.worth(desk.block)[0] == 140_400


@given(
    st.lists(st.tuples(st.floats(0.01, 0.3), st.floats(-50, 900)), max_size=3),
    st.floats(0, 1),
    st.floats(0.00001, 0.01),
)
def test_worth_is_the_area_under_the_demand_curve(steps, share, demand_mw):
    demand = int(demand_mw * MWH + 1e-4)
    consumed = int(demand * share)
    elastic = [(price, int(demand * part)) for part, price in steps]
    units = [20_000.0] * (demand - sum(wh for _, wh in elastic))
    for price, wh in sorted(elastic, reverse=True):
        units += [price] * wh
    assert worth(consumed, demand_mw, tuple(steps)) == pytest.approx(
        sum(units[:consumed]) / MWH, abs=1e-9
    )


def test_a_load_has_no_marginal_cost():
    desk = Desk(load(10.0, n=2))
    assert np.isnan(desk.fleet.marginal_cost(desk.block)).all()
