import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from agents.quotes import strategies
from agents.strategies.opportunity_value import OpportunityValue
from tests.agents.storage_stand_in import Foresight, Stations, a_view, accepted, trade
from tests.oracles.storage_optimum import optimum

PRICES = Path(__file__).parents[2].parent / "shared" / "data"
JEPX = "jepx_spot_fy2024/jepx_spot_fy2024_30min.csv"
CHINA = "china_spot_2022_15min/china_spot_2022_15min.csv"

any_prices = arrays(float, st.integers(1, 40), elements=st.floats(-150, 600))


@st.composite
def fleets(draw):
    n = draw(st.integers(1, 4))

    def each(low, high):
        return draw(arrays(float, n, elements=st.floats(low, high)))

    return Stations(
        n=n,
        power=each(0.01, 50),
        energy=each(0.01, 200),
        efficiency_charge=each(0.6, 1),
        efficiency_discharge=each(0.6, 1),
        cycle_cost=each(0, 100),
        self_discharge=each(0, 0.05),
        soc_min=each(0, 0.3),
        soc_max=each(0.5, 1),
        soc_start=each(0.3, 0.5),
        soc_end=draw(st.sampled_from([np.nan, 0.4])),
        segments=draw(arrays(np.int64, n, elements=st.integers(1, 5))),
    )


def read(name, column, scale=1.0):
    path = PRICES / name
    if not path.exists():
        pytest.skip(f"price series not here: {path}")
    with path.open() as file:
        return scale * np.array([float(row[column]) for row in csv.DictReader(file)])


def physical_optimum(prices, stations, **options):
    first = {
        "charge": stations.charge_wh[0] / 1e6,
        "discharge": stations.discharge_wh[0] / 1e6,
        "efficiency_charge": stations.efficiency_charge[0],
        "efficiency_discharge": stations.efficiency_discharge[0],
        "soc_min": stations.soc_min_wh[0] / 1e6,
        "soc_max": stations.soc_max_wh[0] / 1e6,
        "soc_start": stations.committed_soc[0] / 1e6,
        "cycle_cost": stations.cycle_cost[0],
        "self_discharge": stations.self_discharge[0],
    }
    return optimum(prices, **(first | options))


def test_it_is_registered():
    assert strategies.get("opportunity_value") is OpportunityValue


@settings(max_examples=150, deadline=None)
@given(
    fleets(), any_prices, st.integers(0, 30), st.sampled_from([(-1e3, 5e3), (0, 300), (-80, 80)])
)
def test_orders_keep_the_rules(fleet, prices, extra, limits):
    view = a_view(0, len(prices) + extra, Foresight(prices), floor=limits[0], cap=limits[1])
    strategy = OpportunityValue(grid=32)
    quotes = strategy.quote(view, fleet)
    bids, buy = quotes.bid_price, quotes.bid_quantity
    asks, sell = quotes.ask_price, quotes.ask_quantity
    assert bids.shape == buy.shape == asks.shape == sell.shape == (fleet.n, fleet.ask_slots)
    assert (buy >= 0).all()
    assert (sell >= 0).all()
    assert (buy.sum(axis=1) <= fleet.charge_limit()).all()
    assert (sell.sum(axis=1) <= fleet.discharge_limit()).all()
    assert ((buy > 0).sum(axis=1) <= fleet.segments).all()
    assert ((sell > 0).sum(axis=1) <= fleet.segments).all()
    for price in (bids[buy > 0], asks[sell > 0]):
        assert ((price >= limits[0]) & (price <= limits[1])).all()
    for unit in range(fleet.n):
        own_bids, own_asks = bids[unit][buy[unit] > 0], asks[unit][sell[unit] > 0]
        assert (np.diff(own_bids) <= 0).all()
        assert (np.diff(own_asks) >= 0).all()
        if own_bids.size and own_asks.size:
            assert own_bids.max() < own_asks.min()
    again = [strategy.quote(view, fleet), OpportunityValue(grid=32).quote(view, fleet)]
    for other in again:
        assert np.array_equal(other.bid_price, bids)
        assert np.array_equal(other.ask_price, asks)
        assert np.array_equal(other.bid_quantity, buy)
        assert np.array_equal(other.ask_quantity, sell)


@settings(max_examples=40, deadline=None)
@given(
    arrays(float, st.integers(2, 36), elements=st.floats(-100, 400)),
    st.floats(0.2, 12),
    st.floats(0.7, 1),
    st.floats(0.7, 1),
    st.sampled_from([0.0, 40.0]),
    st.sampled_from([(0.0, 0.0), (0.01, 0.0), (0.0, 0.2)]),
    st.integers(1, 5),
)
def test_a_perfect_forecast_earns_the_optimum(prices, hours, eff_c, eff_d, cost, losses, segments):
    leak, soc_min = losses
    stations = Stations(
        energy=hours,
        efficiency_charge=eff_c,
        efficiency_discharge=eff_d,
        cycle_cost=cost,
        self_discharge=leak,
        soc_min=soc_min,
        segments=segments,
    )
    best, bound = physical_optimum(prices, stations)
    profit = trade(prices, stations, OpportunityValue(grid=512))[0]
    scale = np.abs(prices).max() * min(hours, len(prices)) + 1e-3
    assert profit <= bound + 1e-5 * scale + 1e-3
    assert profit >= best - 0.01 * scale


@pytest.mark.parametrize("end", [0.0, 0.3, 0.77, 1.0])
@pytest.mark.parametrize("horizon", [24.0, 48.0])
def test_the_end_state_is_reached(end, horizon):
    rng = np.random.default_rng(7)
    prices = 300 + 200 * np.sin(np.arange(480) / 96 * 2 * np.pi) + rng.normal(0, 60, 480)
    stations = Stations(soc_end=end, hours=0.25, soc_start=0.5)
    best, _ = physical_optimum(prices, stations, soc_end=2 * end)
    profit = trade(prices, stations, OpportunityValue(horizon_hours=horizon), minutes=15)
    assert stations.committed_soc[0] >= 2e6 * end - 2
    assert stations.committed_soc[0] <= 2e6 * end + 0.04e6
    assert best * 0.99 <= profit[0] <= best + 1


def test_a_long_store_prepares_its_end_state_before_the_horizon_shows_it():
    prices = np.tile(np.concatenate([np.full(12, 100.0), np.full(12, 300.0)]), 20)
    stations = Stations(energy=300.0, soc_start=0.1, soc_end=0.9)
    trade(prices, stations, OpportunityValue())
    assert stations.committed_soc[0] >= 0.9 * 300e6 - 2


def test_without_a_known_price_there_are_no_orders():
    strategy, fleet = OpportunityValue(), Stations()
    for forecaster in (None, Foresight(np.empty(0)), Foresight(np.full(5, np.nan))):
        quotes = strategy.quote(a_view(0, 48, forecaster), fleet)
        assert quotes.bid_quantity is None
        assert quotes.ask_quantity is None
    assert (
        strategy.quote(a_view(1, 48, Foresight(np.full(48, 9.0))), fleet).ask_quantity is not None
    )


def test_a_missing_price_is_taken_to_be_the_mean():
    known = np.array([100.0, 300.0, 100.0, 300.0])
    gap = np.array([100.0, np.nan, 100.0, 400.0])
    filled = np.array([100.0, 200.0, 100.0, 400.0])
    quotes = [
        OpportunityValue().quote(a_view(0, 4, Foresight(p)), Stations()).bid_price
        for p in (gap, filled, known)
    ]
    assert np.array_equal(quotes[0], quotes[1])
    assert not np.array_equal(quotes[0], quotes[2])


def test_a_worked_example():
    """Empty now, 400 in the next hour: energy bought now is worth 400 x 0.9 x 0.8 - wear."""
    stations = Stations(
        efficiency_charge=0.9, efficiency_discharge=0.8, cycle_cost=10.0, soc_start=0.0
    )
    quotes = OpportunityValue().quote(a_view(0, 2, Foresight(np.array([50.0, 400.0]))), stations)
    assert quotes.bid_price[0] == pytest.approx(np.full(5, (400 - 10) * 0.8 * 0.9))
    assert quotes.bid_quantity.sum() == 1_000_000
    assert quotes.ask_quantity.sum() == 0


def test_a_full_store_and_a_negative_price_ahead_give_energy_away():
    stations = Stations(soc_start=1.0)
    quotes = OpportunityValue().quote(a_view(0, 2, Foresight(np.array([10.0, -80.0]))), stations)
    # Room for what can be bought in the next interval is worth 80 / 0.95 per MWh stored.
    assert quotes.ask_price[0, 0] == pytest.approx(-80 / 0.95 / 0.95)


def test_both_sides_wanted_at_negative_prices_never_cross():
    """Paid to charge in this interval or the next: at each price only one direction is bid."""
    stations = Stations(efficiency_charge=0.8, efficiency_discharge=0.8)
    prices = np.array([-50.0, -80.0, -80.0, -80.0, -80.0])
    quotes = OpportunityValue().quote(a_view(0, 5, Foresight(prices)), stations)
    assert quotes.bid_quantity.sum() > 0
    assert quotes.ask_quantity.sum() > 0
    for price in np.linspace(-200, 200, 801):
        bought, sold = accepted(quotes, price)
        assert bought[0] == 0 or sold[0] == 0


def test_units_of_one_fleet_bid_as_if_alone():
    rng = np.random.default_rng(5)
    prices = rng.uniform(-50, 400, 60)
    sizes = {"power": rng.uniform(1, 9, 6), "energy": rng.uniform(1, 40, 6)}
    together = OpportunityValue(grid=64).quote(
        a_view(0, 60, Foresight(prices)), Stations(n=6, **sizes)
    )
    for k in range(6):
        one = Stations(**{name: values[k] for name, values in sizes.items()})
        alone = OpportunityValue(grid=64).quote(a_view(0, 60, Foresight(prices)), one)
        assert together.bid_price[k] == pytest.approx(alone.bid_price[0])
        assert together.ask_quantity[k].tolist() == alone.ask_quantity[0].tolist()


def test_values_are_planned_once_a_block():
    class Counting(Foresight):
        asked = 0

        def prices(self, view, horizon):
            self.asked += 1
            return super().prices(view, horizon)

    prices = np.tile(np.linspace(100, 300, 24), 4)
    forecaster = Counting(prices)
    trade(prices, Stations(), OpportunityValue(replan_hours=12), forecaster)
    assert forecaster.asked == 8


@pytest.mark.parametrize(
    "parameters",
    [
        {"horizon_hours": 0},
        {"horizon_hours": 12},
        {"replan_hours": -1},
        {"replan_hours": float("nan")},
        {"grid": 3},
        {"grid": 20.5},
    ],
)
def test_parameters_are_checked(parameters):
    with pytest.raises(ValueError, match=r"required|grid must be"):
        OpportunityValue(**parameters)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "series", "hours", "round_trip", "cost"),
    [
        (JEPX, "system_jpy_kwh", 2, 0.90, 0.0),
        (JEPX, "system_jpy_kwh", 4, 0.85, 50.0),
        (JEPX, "kyushu", 2, 0.85, 1000.0),
        (JEPX, "kyushu", 4, 0.90, 0.0),
        (CHINA, "price_cny_mwh", 2, 0.85, 50.0),
        (CHINA, "price_cny_mwh", 4, 0.90, 0.0),
    ],
)
def test_a_year_with_perfect_foresight_earns_the_physical_optimum(
    name, series, hours, round_trip, cost
):
    minutes, scale = (30, 1000.0) if name == JEPX else (15, 1.0)
    prices = read(name, series, scale)
    stations = Stations(
        energy=hours,
        efficiency_charge=round_trip**0.5,
        efficiency_discharge=round_trip**0.5,
        cycle_cost=cost,
        hours=minutes / 60,
    )
    _, bound = physical_optimum(prices, stations, gap=5e-4)
    profit = trade(prices, stations, OpportunityValue(), minutes=minutes)[0]
    assert 0.995 * bound <= profit <= bound
