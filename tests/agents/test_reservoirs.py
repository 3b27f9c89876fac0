"""Reservoirs and heat stores: the law of the level, spill, release, stable output."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.agents.fleets import MWH, Desk, Greedy, calendar, reservoir


def run(fleet, sold):
    desk = Desk(fleet)
    for row, wh in enumerate(sold):
        desk.quote(row)
        desk.award(row, [wh])
        desk.deliver(row)
    return desk


def test_stored_water_has_its_value_and_overflow_the_marginal_cost():
    desk = Desk(reservoir(7 * MWH, marginal_cost=-20.0))
    desk.quote(0)  # 5 + 7 = 12 of 10: 2 would spill
    assert desk.asks(0) == [[(-20.0, 2 * MWH), (230.0, 3 * MWH)]]


def test_the_level_by_hand():
    desk = run(reservoir(2 * MWH), [0, 5 * MWH, MWH])
    assert desk.block.soc[:3, 0].tolist() == [7 * MWH, 4 * MWH, 5 * MWH]
    assert not desk.block.spilled.any()
    assert desk.block.available[:3, 0].tolist() == [0, 5 * MWH, MWH]


def test_a_full_reservoir_spills_and_the_spill_was_available():
    desk = run(reservoir(8 * MWH), [MWH, 0])
    assert desk.block.soc[:2, 0].tolist() == [10 * MWH, 10 * MWH]
    assert desk.block.spilled[:2, 0].tolist() == [2 * MWH, 8 * MWH]
    assert desk.block.available[:2, 0].tolist() == [3 * MWH, 8 * MWH]


def test_minimum_release_is_offered_first_and_let_go_unsold():
    desk = run(reservoir(0.0, release_wh=2 * MWH), [MWH, 0, 0, 0])
    assert desk.asks(0)[0] == [(0.0, 2 * MWH), (250.0, 3 * MWH)]
    assert desk.block.spilled[:4, 0].tolist() == [MWH, 2 * MWH, MWH, 0]
    assert desk.block.soc[:4, 0].tolist() == [3 * MWH, MWH, 0, 0]


def test_losses_of_heat():
    desk = run(reservoir(0.0, loss=0.1), [0, 0])
    assert desk.block.soc[:2, 0] == pytest.approx([4.5 * MWH, 4.05 * MWH])


def test_below_stable_output_the_turbine_stands():
    desk = Desk(reservoir(0.0, minimum_wh=2 * MWH, start_wh=3.5 * MWH))
    desk.quote(0)
    assert [q for _, q in desk.asks(0)[0]] == [2 * MWH, 1_500_000]
    desk.award(0, [2 * MWH])
    assert not desk.deliver(0)
    desk.quote(1)  # 1.5 MWh are left: not enough
    assert [q for _, q in desk.asks(1)[0]] == [0, 0]
    sold_too_little = Desk(reservoir(0.0, minimum_wh=2 * MWH))
    sold_too_little.quote(0)
    sold_too_little.award(0, [MWH])
    assert sold_too_little.deliver(0)
    assert sold_too_little.block.delivered[0, 0] == 0


def test_water_that_is_promised_cannot_be_offered_again():
    desk = Desk(reservoir(0.0, strategy=Greedy(), start_wh=7 * MWH))
    offered = []
    for row in range(3):
        desk.quote(row)
        offered.append(int(desk.block.ask_quantity[row].sum()))
        desk.award(row, [offered[-1]])
    assert offered == [5 * MWH, 2 * MWH, 0]
    assert not any(desk.deliver(row) for row in range(3))


def test_an_outage_keeps_the_water():
    desk = Desk(reservoir(0.0))
    desk.quote(0)
    desk.award(0, [5 * MWH])
    desk.outage(0, 0, 1800)
    assert desk.deliver(0)
    assert desk.block.delivered[0, 0] == 2_500_000
    assert desk.block.soc[0, 0] == 2_500_000


@pytest.mark.parametrize("lead", [0, 1, 4])
@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, 9 * MWH), st.floats(0, 1), st.floats(0, 1)),
        min_size=1,
        max_size=15,
    ),
    st.sampled_from([0, MWH]),
    st.sampled_from([0.0, 0.03]),
    st.data(),
)
def test_no_water_appears_or_is_lost(lead, steps, release, loss, data):
    """Gates close after other deliveries; the operator turns one delivery up."""
    n = len(steps)
    inflow = [water for water, _, _ in steps]
    desk = Desk(reservoir(inflow, release_wh=release, loss=loss, when=calendar(n)))
    called = data.draw(st.integers(-1, n - 1))
    level = 5.0 * MWH
    for step in range(n + lead):
        if step < n:
            desk.quote(step)
            sold = int(desk.block.ask_quantity[step].sum() * steps[step][1])
        row = step - lead
        if row >= 0:
            if row == step:
                desk.award(step, [sold])
            desk.meter(row)
            if row == called:
                up, _ = desk.fleet.flexibility(desk.block, row)
                assert (up >= 0).all()
                desk.block.delivered[row] += np.floor(up * steps[row][2]).astype(np.int64)
            desk.commit(row)
            given_, spilled = int(desk.block.delivered[row, 0]), int(desk.block.spilled[row, 0])
            assert 0 <= given_ <= 5 * MWH
            level = level * (1 - loss) + inflow[row] - given_ - spilled
            assert desk.block.soc[row, 0] == pytest.approx(level, abs=row + 2)
            assert 0 <= desk.block.soc[row, 0] <= 10 * MWH
            level = desk.block.soc[row, 0]
            assert desk.block.available[row, 0] == given_ + spilled
        if step < n and row != step:
            desk.award(step, [sold])
