"""Values of stored energy in each state of the price, and the orders that follow from them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from agents.shapes import lay_grid
from agents.state_plan import StatePlan, own_price
from agents.state_values import averaged, state_values
from agents.valuation import value_functions
from agents.value_plan import Grids, Units
from tests.agents.storage_stand_in import Stations, shapes


@st.composite
def chains(draw, low=-200.0):
    steps, states = draw(st.integers(1, 8)), draw(st.integers(1, 4))
    prices = draw(arrays(float, (steps, states), elements=st.floats(low, 500)))
    odds = draw(arrays(float, (steps - 1, states, states), elements=st.floats(0.01, 1)))
    return prices, odds / odds.sum(axis=2, keepdims=True)


@st.composite
def stores(draw, leak=True):
    n = draw(st.integers(1, 3))

    def each(low, high):
        return draw(arrays(float, n, elements=st.floats(low, high)))

    return shapes(
        each(0.05, 1.5),
        each(0.05, 1.5),
        efficiency_charge=each(0.6, 1),
        efficiency_discharge=each(0.6, 1),
        cycle_cost=each(0, 60),
        self_discharge=each(0, 0.05) if leak and draw(st.booleans()) else 0.0,
        target=draw(st.sampled_from([np.nan, 0.5])),
    )


def of_state(found, n, state):
    return found.values[:, :, state * n : (state + 1) * n]


@settings(max_examples=60, deadline=None)
@given(stores(), arrays(float, st.integers(1, 12), elements=st.floats(-200, 500)))
def test_with_one_state_it_is_the_value_of_the_expected_price(stores, prices):
    worth = np.full(len(stores.charge), 50.0)
    odds = np.ones((prices.size - 1, 1, 1))
    found = state_values(stores, (prices[:, None], odds), (worth, 1e4), prices.size, 40)
    known = value_functions(stores, prices, worth, prices.size, 40, 1e4)
    reachable = known.values > -1e20
    rise = [each.values - each.values[:, :1] for each in (found, known)]
    assert np.array_equal(reachable, found.values > -1e20)
    assert rise[0][reachable] == pytest.approx(rise[1][reachable], rel=1e-7, abs=1e-5)
    assert np.array_equal(found.concave, known.concave)


@settings(max_examples=60, deadline=None)
@given(stores(leak=False), chains(low=0.0))
def test_the_update_of_slopes_is_the_same_recursion(stores, chain):
    """One price of -1e-9 switches to the recursion on values."""
    prices, odds = chain
    worth, n = np.full(len(stores.charge), 50.0), len(stores.charge)
    found = []
    for shift in (0.0, -1e-9):
        moved = prices.copy()
        moved[0, 0] = min(moved[0, 0], 0.0) + shift
        one = state_values(stores, (moved, odds), (worth, 1e4), len(prices), 40)
        found.append(one.values - one.values[:, :1])
    reachable = found[0] > -1e20
    assert found[0][reachable] == pytest.approx(found[1][reachable], rel=1e-7, abs=1e-4)
    assert n == len(one.cells)


@settings(max_examples=40, deadline=None)
@given(chains())
def test_it_is_the_best_of_all_policies_of_a_small_store(chain):
    """Three levels, an interval moves one: all choices in all states, one by one."""
    prices, odds = chain
    steps, states = prices.shape
    store = shapes(0.5, 0.5, efficiency_charge=0.8, efficiency_discharge=0.9, cycle_cost=7.0)
    cells = int(lay_grid(store, 3)[0].cells[0])
    assert cells == 2

    def after(t, state, level):
        """Value at the end of interval t, given its state."""
        if t == steps - 1:
            return 20.0 * level / 2
        total = 0.0
        for then in range(states):
            price, best = prices[t + 1, then], -np.inf
            for end in range(max(level - 1, 0), min(level + 1, 2) + 1):
                moved = abs(end - level) / 2
                paid = price * moved / 0.8 if end > level else -(price - 7) * moved * 0.9
                best = max(best, after(t + 1, then, end) - paid)
            total += odds[t, state, then] * best
        return total

    if steps > 5:
        return
    found = state_values(store, (prices, odds), (np.full(1, 20.0), 1e4), 1, 3)
    for state in range(states):
        values = of_state(found, 1, state)[0, :3, 0]
        known = [after(0, state, level) for level in range(3)]
        assert np.diff(values) == pytest.approx(np.diff(known), abs=1e-6)


def test_averages_are_taken_over_the_states_of_each_unit():
    values = np.array([[1.0, 10.0, 3.0, 30.0]])  # two states of two units
    odds = np.array([[0.5, 0.5], [0.0, 1.0]])
    assert averaged(values, odds).tolist() == [[2, 20, 3, 30]]


# --- orders ----------------------------------------------------------------------------------


@settings(max_examples=100)
@given(
    arrays(float, st.integers(2, 8), elements=st.floats(-100, 100), unique=True),
    st.data(),
    st.booleans(),
)
def test_the_own_price_is_where_worth_and_price_meet(prices, data, last):
    prices = np.sort(prices)
    worth = data.draw(arrays(float, prices.size, elements=st.floats(-200, 200)))
    found = float(own_price(prices, worth, last=last))
    if prices[0] < found < prices[-1]:
        assert np.interp(found, prices, worth) == pytest.approx(found, abs=1e-6)
    elif found <= prices[0]:
        assert found == pytest.approx(worth[0]) or worth[0] == pytest.approx(prices[0])
    else:
        assert found == pytest.approx(worth[-1]) or worth[-1] == pytest.approx(prices[-1])
    over = worth - prices
    if last:  # an ask: at all states that clear it the price is above the worth
        assert (over[prices > found + 1e-9] <= 1e-9).all()
    else:  # a bid: at all states that clear it the worth is above the price
        assert (over[prices < found - 1e-9] >= -1e-9).all()


def plan_of(stations, prices, odds, worth=50.0):
    units = Units.of(stations)
    values = state_values(
        units.shapes, (prices, odds), (np.full(len(units.shapes.charge), worth), 1e5), 1, 64
    )
    return units, StatePlan(0, 0, prices[:1], values, Grids.of(units, values.cells))


def test_a_bid_is_the_worth_in_the_state_of_its_own_price():
    """One hour left, a high price follows a high one: energy is worth 90 after 40, 190 after 140.

    Bought at p it is sold an hour later at an expected 50 + p. Without losses it pays to buy up to
    any price that has been seen; after 300, which stays 300, there is nothing to gain.
    """
    stations = Stations(efficiency_charge=1.0, efficiency_discharge=1.0, soc_start=0.0, power=2.0)
    prices = np.array([[40.0, 140.0, 300.0], [90.0, 190.0, 270.0]])
    units, plan = plan_of(stations, prices, np.eye(3)[None], worth=0.0)
    price, quantity = plan.orders(units, 0)
    # Worth less price: 50, 50, -30; it is zero at 5/8 of the way from 140 to 300.
    assert price[0, 0] == pytest.approx(np.full(5, 240.0), abs=1e-4)
    assert quantity[0].sum() == 2_000_000
    assert quantity[1].sum() == 0


@settings(max_examples=40, deadline=None)
@given(chains(), st.floats(0, 1), st.floats(0.2, 6), st.floats(0.7, 1), st.integers(1, 5))
def test_what_trades_at_the_price_of_a_state_is_right_for_that_state(
    chain, start, hours, efficiency, segments
):
    prices, odds = chain
    if prices.shape[1] < 2:
        return
    prices = np.sort(prices, axis=1) + np.arange(prices.shape[1])
    stations = Stations(
        energy=hours,
        efficiency_charge=efficiency,
        efficiency_discharge=efficiency,
        soc_start=start,
        segments=segments,
    )
    units, plan = plan_of(stations, prices, odds)
    price, quantity = plan.orders(units, 0)
    assert (np.diff(price[0, 0][quantity[0, 0] > 0]) <= 0).all()
    assert (np.diff(price[1, 0][quantity[1, 0] > 0]) >= 0).all()
    bought, sold = quantity[0, 0].sum(), quantity[1, 0].sum()
    assert bought <= stations.charge_limit()[0]
    assert sold <= stations.discharge_limit()[0]
    if prices.shape[0] == 1:
        # Nothing follows: a MWh stored is worth 50 whatever the state.
        worth = np.array([50 * efficiency, 50 / efficiency])
        for side, total in enumerate((bought, sold)):
            own = price[side, 0][quantity[side, 0] > 0]
            assert total == 0 or own == pytest.approx(np.full(own.size, worth[side]), abs=1e-3)
