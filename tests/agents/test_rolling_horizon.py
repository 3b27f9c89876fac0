"""Plans by linear programming: what they find, and the orders around them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from agents.quotes import strategies
from agents.storage_program import StorageProgram
from agents.strategies.opportunity_value import OpportunityValue
from agents.strategies.rolling_horizon import RollingHorizon
from tests.agents.storage_stand_in import Foresight, Stations, a_view, shapes, trade
from tests.oracles.storage_optimum import optimum


def test_it_is_registered():
    assert strategies.get("rolling_horizon") is RollingHorizon


@settings(max_examples=40, deadline=None)
@given(
    arrays(float, st.integers(1, 24), elements=st.floats(-100, 500)),
    st.floats(0.1, 1.2),
    st.floats(0.6, 1),
    st.sampled_from([0.0, 30.0]),
    st.floats(0, 1),
)
def test_the_program_finds_the_optimum(prices, rate, efficiency, wear, level):
    """Where it pays to burn energy, half an interval of each is the best a program can do."""
    store = shapes(
        rate, rate, efficiency_charge=efficiency, efficiency_discharge=efficiency, cycle_cost=wear
    )
    found = StorageProgram(store, 0, prices.size).best(prices, level, (0.0, -1.0, 1e4))
    profit = np.sum(found.sold * (prices - wear) - found.bought * prices)
    most, _ = optimum(
        np.abs(prices),
        charge=rate / efficiency,
        discharge=rate * efficiency,
        efficiency_charge=efficiency,
        efficiency_discharge=efficiency,
        soc_max=1.0,
        soc_start=level,
        cycle_cost=wear,
    )
    stock = level + np.cumsum(found.bought * efficiency - found.sold / efficiency)
    assert ((stock >= -1e-6) & (stock <= 1 + 1e-6)).all()
    assert (np.minimum(found.bought, found.sold) < 1e-9).all()
    if (prices >= 0).all():
        assert profit == pytest.approx(most, rel=1e-6, abs=1e-5)


def test_the_worth_is_what_a_little_more_energy_brings():
    prices, store = np.array([100.0, 300.0, 250.0]), shapes(0.5, 0.5)
    program, end = StorageProgram(store, 0, 3), (40.0, -1.0, 1e4)

    def profit(level):
        found = program.best(prices, level, end)
        stock = level + (found.bought * 0.9 - found.sold / 0.95).sum()
        return np.sum((found.sold - found.bought) * prices) + 40 * stock

    rise = (profit(0.2001) - profit(0.2)) / 0.0001
    assert program.best(prices, 0.2, end).worth[0] == pytest.approx(rise, rel=1e-4)


def test_plans_do_not_depend_on_the_plans_before():
    rng, store = np.random.default_rng(4), shapes(0.3, 0.4)
    used = StorageProgram(store, 0, 24)
    for _ in range(5):
        prices, level = rng.uniform(0, 500, 24), rng.uniform(0, 1)
        warm = used.best(prices, level, (0.0, -1.0, 1e4))
        cold = StorageProgram(store, 0, 24).best(prices, level, (0.0, -1.0, 1e4))
        assert warm.bought == pytest.approx(cold.bought, abs=1e-9)
        assert warm.sold == pytest.approx(cold.sold, abs=1e-9)


@pytest.mark.parametrize("segments", [1, 5])
def test_with_perfect_prices_it_earns_what_dynamic_programming_does(segments):
    rng = np.random.default_rng(2)
    prices = 300 + 150 * np.sin(np.arange(24 * 8) / 12 * np.pi) + rng.normal(0, 60, 24 * 8)
    earned = {
        strategy: trade(prices, Stations(n=2, energy=[2, 5], segments=segments), strategy())
        for strategy in (RollingHorizon, OpportunityValue)
    }
    assert earned[RollingHorizon] == pytest.approx(earned[OpportunityValue], rel=0.01)


def test_the_end_state_is_reached():
    prices = 300 + 150 * np.sin(np.arange(24 * 5) / 12 * np.pi)
    stations = Stations(soc_end=0.8, soc_start=0.2, segments=3)
    trade(prices, stations, RollingHorizon(horizon_hours=24))
    assert stations.committed_soc[0] >= 0.8 * 2e6 - 2


@settings(max_examples=60, deadline=None)
@given(
    arrays(float, st.integers(1, 30), elements=st.floats(-150, 600)),
    st.integers(0, 20),
    st.lists(st.integers(1, 5), min_size=1, max_size=3),
    st.floats(0, 1),
)
def test_orders_keep_the_rules(prices, extra, segments, start):
    n = len(segments)
    stations = Stations(n=n, segments=segments, soc_start=start, self_discharge=0.01)
    view = a_view(0, prices.size + extra, Foresight(prices), floor=-80.0, cap=300.0)
    quotes = RollingHorizon().quote(view, stations)
    assert (quotes.bid_quantity.sum(axis=1) <= stations.charge_limit()).all()
    assert (quotes.ask_quantity.sum(axis=1) <= stations.discharge_limit()).all()
    for price, quantity in (
        (quotes.bid_price, quotes.bid_quantity),
        (quotes.ask_price, quotes.ask_quantity),
    ):
        assert (quantity >= 0).all()
        assert ((quantity > 0).sum(axis=1) <= stations.segments).all()
        assert ((price >= -80) & (price <= 300))[quantity > 0].all()
    for unit in range(n):
        bids = quotes.bid_price[unit][quotes.bid_quantity[unit] > 0]
        asks = quotes.ask_price[unit][quotes.ask_quantity[unit] > 0]
        assert not (bids.size and asks.size) or bids.max() < asks.min()


def test_without_a_known_price_there_are_no_orders():
    for forecaster in (None, Foresight(np.empty(0)), Foresight(np.full(5, np.nan))):
        assert RollingHorizon().quote(a_view(0, 48, forecaster), Stations()).bid_quantity is None


@pytest.mark.parametrize("wrong", [{"horizon_hours": 0}, {"replan_hours": 0}, {"replan_hours": 50}])
def test_parameters_are_checked(wrong):
    with pytest.raises(ValueError, match="required"):
        RollingHorizon(**wrong)
