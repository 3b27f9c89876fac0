import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from agents.quotes import strategies
from agents.strategies.opportunity_value import OpportunityValue
from agents.strategies.virtual_battery import VirtualBattery
from tests.agents.storage_stand_in import Foresight, Stations, a_view, accepted, column, trade

DAYS = np.tile(np.concatenate([np.full(12, 100.0), np.full(12, 300.0)]), 6)


class Counting(Foresight):
    asked = 0

    def prices(self, view, horizon):
        self.asked += 1
        return super().prices(view, horizon)


def orders(quotes):
    return quotes.bid_price, quotes.bid_quantity, quotes.ask_price, quotes.ask_quantity


def leased(ends, **columns):
    fleet = Stations(**columns)
    fleet.lease_end = column(ends, fleet.n)
    return fleet


def resize(fleet, rows, power, energy):
    """Give some units another size; what they hold stays as far as it fits."""
    for name, value in (("charge_wh", power), ("discharge_wh", power), ("soc_max_wh", energy)):
        sizes = getattr(fleet, name).copy()
        sizes[rows] = value * 1e6
        setattr(fleet, name, sizes)
    fleet.committed_soc = np.minimum(fleet.committed_soc, fleet.soc_max_wh)


def test_it_is_registered_with_the_parameters_of_opportunity_value():
    assert strategies.get("virtual_battery") is VirtualBattery
    assert VirtualBattery(horizon_hours=72.0, replan_hours=12.0, grid=64).horizon_hours == 72
    with pytest.raises(ValueError, match="required"):
        VirtualBattery(horizon_hours=12.0)


@settings(max_examples=30, deadline=None)
@given(
    arrays(float, st.integers(1, 60), elements=st.floats(-80, 500)),
    arrays(float, 3, elements=st.floats(0.1, 9)),
    st.floats(0.1, 0.9),
    st.sampled_from([None, np.inf, 1000.0]),
    st.sampled_from([0, 5]),
)
def test_without_an_end_it_bids_what_opportunity_value_bids(prices, hours, soc, end, later):
    fleet = Stations(n=3, energy=hours, soc_start=soc, soc_end=0.9)
    if end is not None:
        fleet.lease_end = column(end, 3)
    view = a_view(0, len(prices) + later, Foresight(prices))
    mine, theirs = (kind().quote(view, fleet) for kind in (VirtualBattery, OpportunityValue))
    for one, other in zip(orders(mine), orders(theirs), strict=True):
        assert np.array_equal(one, other)


@settings(max_examples=30, deadline=None)
@given(
    arrays(float, st.integers(30, 80), elements=st.floats(50, 500)),
    st.lists(st.integers(1, 29), min_size=3, max_size=3),
    st.floats(0.5, 6),
)
def test_a_lease_that_ends_is_bid_like_a_run_that_ends(prices, ends, hours):
    fleet = leased(ends, n=3, energy=hours, soc_end=[np.nan, 0.5, 1.0])
    mine = orders(VirtualBattery().quote(a_view(0, len(prices), Foresight(prices)), fleet))
    for unit, end in enumerate(ends):
        view = a_view(0, end, Foresight(prices[:end]))
        alone = orders(OpportunityValue().quote(view, Stations(energy=hours)))
        for one, other in zip(mine, alone, strict=True):
            assert np.array_equal(one[unit], other[0])


def test_the_battery_is_empty_when_its_lease_ends():
    fleet = leased([100, np.inf], n=2, soc_start=1.0)
    trade(DAYS, fleet, VirtualBattery())
    assert fleet.committed_soc[0] <= 2
    for end in (95, 96, 101, 117):
        fleet = leased(end, soc_start=0.5, cycle_cost=20.0)
        trade(DAYS[: end + 5], fleet, VirtualBattery())
        assert fleet.committed_soc[0] <= 2


def test_a_lease_beyond_the_run_ends_as_the_unit_has_to():
    fleet = leased([144, 1000, np.inf, 143], n=4, soc_end=0.9)
    trade(DAYS, fleet, VirtualBattery())
    assert (fleet.committed_soc[:3] >= 0.9 * 2e6 - 2).all()
    assert fleet.committed_soc[3] <= 2


def test_an_hour_before_the_end_it_asks_its_cycle_cost():
    fleet = leased(10, soc_start=1.0, cycle_cost=20.0)
    quotes = VirtualBattery().quote(a_view(9, 48, Foresight(DAYS)), fleet)
    assert quotes.ask_price[0, 0] == pytest.approx(20.0)
    assert quotes.ask_quantity.sum() == 1_000_000
    assert quotes.bid_quantity[quotes.bid_price > 0].sum() == 0


def test_a_lease_that_is_over_or_has_no_size_has_no_orders():
    fleet = leased([5, 40, 40, np.inf], n=4)
    resize(fleet, [1], 0.0, 2.0)
    resize(fleet, [2], 1.0, 0.0)
    strategy = VirtualBattery()
    for first in (5, 6):
        quotes = strategy.quote(a_view(first, 48, Foresight(DAYS)), fleet)
        assert quotes.ask_quantity[:3].sum() == quotes.bid_quantity[:3].sum() == 0
        assert quotes.ask_quantity[3].sum() + quotes.bid_quantity[3].sum() > 0


def test_nobody_has_a_lease_yet_so_nothing_is_planned():
    fleet = leased(np.inf, n=2, power=[0.0, 1.0], energy=[2.0, 0.0])
    forecaster = Counting(DAYS)
    quotes = VirtualBattery().quote(a_view(0, 48, forecaster), fleet)
    assert forecaster.asked == 0
    assert quotes.bid_quantity.shape == (2, 5)
    assert quotes.bid_quantity.sum() == quotes.ask_quantity.sum() == 0


def test_without_a_known_price_there_are_no_orders():
    quotes = VirtualBattery().quote(a_view(0, 48), leased(40))
    assert quotes.bid_quantity.sum() == quotes.ask_quantity.sum() == 0


def test_a_new_size_is_planned_for_at_once_and_a_new_end_too():
    """Values belong to a size: those of the old one would count the new slice as empty or full."""
    strategy, fleet = VirtualBattery(), leased([np.inf, 30.0], n=2)
    strategy.quote(a_view(0, 144, Foresight(DAYS)), fleet)
    resize(fleet, [0], 3.0, 9.0)
    fleet.lease_end = column([20.0, np.inf], 2)
    view = a_view(7, 144, Foresight(DAYS))
    for one, other in zip(
        orders(strategy.quote(view, fleet)),
        orders(VirtualBattery().quote(view, fleet)),
        strict=True,
    ):
        assert np.array_equal(one, other)


def test_values_are_planned_once_a_block_while_nothing_changes():
    forecaster = Counting(DAYS)
    trade(DAYS, leased([100, 60, 60], n=3), VirtualBattery(), forecaster)
    assert forecaster.asked == 5 + 3  # days until hours 100 and 60


@settings(max_examples=25, deadline=None)
@given(
    arrays(float, 48, elements=st.floats(-50, 400)),
    st.lists(
        st.tuples(st.integers(0, 47), st.integers(0, 2), st.floats(0, 3), st.floats(0, 6)),
        max_size=6,
    ),
    st.lists(st.integers(1, 60), min_size=3, max_size=3),
)
def test_orders_keep_the_rules_while_sizes_change(prices, changes, ends):
    fleet = leased(ends, n=3, self_discharge=0.01, cycle_cost=10.0)
    strategy, forecaster = VirtualBattery(grid=32), Foresight(prices)
    for hour in range(48):
        for when, row, power, energy in changes:
            if when == hour:
                resize(fleet, [row], power, energy)
        quotes = strategy.quote(a_view(hour, 48, forecaster, floor=-100.0, cap=500.0), fleet)
        for quantity, limit in (
            (quotes.bid_quantity, fleet.charge_limit()),
            (quotes.ask_quantity, fleet.discharge_limit()),
        ):
            assert (quantity >= 0).all()
            assert (quantity.sum(axis=1) <= limit).all()
            assert (quantity[np.array(ends) <= hour] == 0).all()
        fleet.move(*accepted(quotes, prices[hour]))
