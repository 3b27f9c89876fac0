"""Storage: exact charge, no MWh sold twice, and outages that cost."""

from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.agents.fleets import MWH, Desk, calendar, storage

EFFICIENCY = st.sampled_from([1.0, 0.95, 0.63])


@st.composite
def stations(draw):
    low = draw(st.sampled_from([0.0, 0.4 * MWH]))
    return {
        "soc_min_wh": low,
        "soc_start_wh": draw(st.floats(low, 4 * MWH)),
        "charge_wh": draw(st.floats(1, 3 * MWH)),
        "discharge_wh": draw(st.floats(1, 3 * MWH)),
        "efficiency_charge": draw(EFFICIENCY),
        "efficiency_discharge": draw(EFFICIENCY),
        "self_discharge": draw(st.sampled_from([0.0, 0.02, 0.5])),
    }


MOVES = st.lists(st.tuples(st.sampled_from([-1, 0, 1]), st.floats(0, 1)), min_size=1, max_size=30)


@pytest.mark.parametrize("lead", [0, 1, 4, 96])
@settings(max_examples=60)
@given(stations(), MOVES, st.data())
def test_charge_is_exact_and_nothing_is_sold_twice(lead, constants, moves, data):
    """Gates close `lead` intervals ahead; awards are anything within the limits at the gate."""
    n = len(moves)
    fleet = storage(when=calendar(n + 1), **constants)
    desk = Desk(fleet)
    awarded, soc = deque(), constants["soc_start_wh"]
    broken = data.draw(st.integers(-1, n - 1))
    for step in range(n + lead):
        if step < n:
            desk.quote(step)
            way, share = moves[step]
            sold = int(fleet.discharge_limit()[0] * share) if way > 0 else 0
            bought = int(fleet.charge_limit()[0] * share) if way < 0 else 0
            desk.award(step, [sold], [bought])
            awarded.append((sold, bought))
        row = step - lead
        if row < 0:
            continue
        if row == broken:
            desk.outage(0, 3600 * row, 3600 * row + 1800)
        desk.deliver(row)
        sold, bought = awarded.popleft()
        given, taken = int(desk.block.delivered[row, 0]), int(desk.block.consumed[row, 0])
        if broken < 0:
            assert (given, taken) == (sold, bought)
        assert given <= sold
        assert taken <= bought
        low = constants["soc_min_wh"]
        soc -= max(min(soc * constants["self_discharge"], soc - low), 0.0)
        soc += taken * constants["efficiency_charge"] - given / constants["efficiency_discharge"]
        assert desk.block.soc[row, 0] == pytest.approx(soc, abs=1e-3)
        assert low - 0.01 <= desk.block.soc[row, 0] <= 4 * MWH + 0.01


def test_limits_by_hand():
    fleet = storage(soc_start_wh=3.9 * MWH)
    desk = Desk(fleet)
    desk.quote(0)
    assert fleet.charge_limit().tolist() == [int(0.1 * MWH / 0.9)]
    assert fleet.discharge_limit().tolist() == [MWH]
    full = storage(soc_start_wh=0.5 * MWH)
    Desk(full).quote(0)
    assert full.discharge_limit().tolist() == [int(0.5 * MWH * 0.8)]
    lossless = storage(
        soc_start_wh=0.5 * MWH, efficiency_charge=1.0, efficiency_discharge=1.0, charge_wh=9 * MWH
    )
    Desk(lossless).quote(0)
    assert lossless.discharge_limit().tolist() == [MWH // 2]
    assert lossless.charge_limit().tolist() == [int(3.5 * MWH)]


def test_orders_are_cut_to_what_is_there_whatever_the_strategy_wants():
    fleet = storage(n=2, soc_start_wh=[0.5 * MWH, 4 * MWH])
    desk = Desk(fleet)
    desk.quote(0)
    assert desk.block.ask_quantity[0].sum(axis=1).tolist() == [400_000, MWH]
    assert desk.block.bid_quantity[0].sum(axis=1).tolist() == [MWH, 0]


def test_a_mwh_that_is_promised_cannot_be_offered_again():
    fleet = storage(soc_start_wh=2 * MWH, discharge_wh=1.2 * MWH)
    desk = Desk(fleet)
    offered = []
    for row in range(3):  # three gates before the first delivery
        desk.quote(row)
        offered.append(int(desk.block.ask_quantity[row].sum()))
        desk.award(row, [offered[-1]], [0])
    assert offered == [1_200_000, 400_000, 0]
    assert not any(desk.deliver(row) for row in range(3))
    assert desk.block.soc[2, 0] == pytest.approx(0)


def test_an_outage_leaves_an_imbalance_and_later_promises_are_met_from_what_is_left():
    fleet = storage(soc_start_wh=0.0, efficiency_charge=1.0, efficiency_discharge=1.0)
    desk = Desk(fleet)
    for row, (sold, bought) in enumerate([(0, MWH), (MWH, 0), (0, MWH), (MWH, 0)]):
        desk.quote(row)
        desk.award(row, [sold], [bought])
    desk.outage(0, 900, 3600)  # three quarters of the first hour
    assert desk.deliver(0)
    assert desk.block.consumed[0, 0] == MWH // 4
    assert desk.deliver(1)
    assert desk.block.delivered[1, 0] == MWH // 4
    assert not desk.deliver(2)
    assert not desk.deliver(3)
    assert desk.block.soc[:4, 0].tolist() == [MWH / 4, 0, MWH, 0]


@pytest.mark.parametrize("lead", [0, 1, 3])
def test_a_quote_that_was_open_when_plans_failed_is_checked_at_delivery(lead):
    """The operator interrupts charging after the next gate opened and before it closed."""
    fleet = storage(soc_start_wh=0.0, efficiency_charge=1.0, efficiency_discharge=1.0)
    desk = Desk(fleet)
    desk.quote(0)
    desk.award(0, [0], [MWH])
    for row in range(1, 1 + lead):
        desk.quote(row)
        desk.award(row, [0], [0])
    desk.quote(1 + lead)  # sees a full MWh
    desk.meter(0)
    desk.block.consumed[0] = 300_000
    desk.commit(0)
    desk.award(1 + lead, [MWH], [0])
    for row in range(1, 1 + lead):
        desk.deliver(row)
    assert desk.deliver(1 + lead)
    assert desk.block.delivered[1 + lead, 0] == 300_000
    assert desk.block.soc[1 + lead, 0] == 0
    desk.quote(2 + lead)
    assert desk.block.ask_quantity[2 + lead].sum() == 0


def test_self_discharge_stops_at_the_minimum():
    fleet = storage(soc_start_wh=MWH, soc_min_wh=0.9 * MWH, self_discharge=0.5)
    desk = Desk(fleet)
    for row in range(2):
        desk.quote(row)
        desk.award(row, [0], [0])
        desk.deliver(row)
    assert desk.block.soc[:2, 0].tolist() == [0.9 * MWH, 0.9 * MWH]


def test_facts_and_limits():
    fleet = storage(soc_min_wh=MWH)
    assert fleet.facts()["energy_capacity_mwh"].tolist() == [4]
    assert fleet.facts()["soc_start_mwh"].tolist() == [2]
    assert fleet.limits()["minimum"].tolist() == [MWH]
    assert np.isinf(fleet.shed_order()).all()
    assert np.array_equal(fleet.unit_cost(), [0.0])
