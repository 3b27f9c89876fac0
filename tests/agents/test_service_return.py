import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.forecasts import PersistentPrices
from agents.quotes import strategies
from agents.strategies.service_return import ServiceReturn
from tests.agents.storage_stand_in import Foresight, Stations, a_view

prices = st.lists(st.floats(-50, 900).map(lambda p: round(p, 1)), min_size=1, max_size=40)


def quoted(expected, fleet=None, first=0, **parameters):
    """Return price and quantity of each unit's ask at the first of the expected prices."""
    expected = np.asarray(expected, np.float64)
    view = a_view(first, first + expected.size, Foresight(expected), floor=0.0, cap=1000.0)
    quotes = ServiceReturn(**parameters).quote(view, fleet or pool())
    assert quotes.bid_quantity is None
    if quotes.ask_quantity is None:
        return [], []
    return quotes.ask_price[:, 0].tolist(), quotes.ask_quantity[:, 0].tolist()


def pool(**columns):
    """Return a pool of 4 MWh that sells 2 MWh an hour without losses."""
    given_ = {"power": 2.0, "energy": 4.0, "soc_start": 1.0, "segments": 1}
    without_losses = {"efficiency_charge": 1.0, "efficiency_discharge": 1.0}
    return Stations(**(given_ | without_losses | columns))


def test_it_is_registered():
    assert strategies.get("service_return") is ServiceReturn


def test_the_example_of_its_docstring():
    assert quoted([300, 420, 390, 1, 500])[1] == [0]
    assert quoted([420, 390, 1, 500]) == ([195.0], [2_000_000])


def test_it_waits_for_better_hours_and_takes_the_first_of_equal_ones():
    assert quoted([300, 200, 400, 500])[1] == [0]
    assert quoted([400, 200, 300, 500]) == ([200.0], [2_000_000])
    assert quoted([400, 400, 400, 400]) == ([200.0], [2_000_000])


def test_what_it_holds_decides_how_many_hours_it_needs():
    expected = [300, 400, 200, 500]
    assert quoted(expected, pool(soc_start=0.5))[1] == [0]
    assert quoted(expected, pool(energy=6.0)) == ([150.0], [2_000_000])
    lossy = pool(energy=6.0, efficiency_discharge=0.6)  # 3.6 MWh on the grid side: two hours
    assert quoted(expected, lossy)[1] == [0]
    part = pool(energy=6.0, soc_min=0.3, soc_start=0.9)  # 3.6 MWh above the lowest level
    assert quoted(expected, part)[1] == [0]


def test_a_watt_hour_that_rounding_left_is_not_worth_an_hour():
    fleet = pool()
    fleet.committed_soc[0] = 2e6 + 0.9
    assert quoted([300, 400], fleet)[1] == [0]


def test_units_of_one_fleet_decide_alone():
    fleet = pool(n=3, energy=[2.0, 6.0, 6.0], soc_start=[1.0, 1.0, 0.0])
    assert quoted([300, 400, 200, 500], fleet)[1] == [0, 2_000_000, 0]


def test_there_are_no_orders_in_a_surplus_or_when_empty():
    assert quoted([1, 400, 500]) == ([], [])
    assert quoted([10, 400, 500]) == ([], [])
    assert quoted([11, 10, 500]) == ([5.5], [2_000_000])
    assert quoted([400], pool(soc_start=0.0)) == ([], [])


def test_a_surplus_is_what_the_parameter_says():
    assert quoted([30, 400, 500], surplus_price=40.0) == ([], [])
    assert quoted([60, 30, 500], surplus_price=40.0) == ([30.0], [2_000_000])


def test_the_window_ends_with_the_horizon():
    assert quoted([300, 400, 500], horizon_hours=24)[1] == [0]
    assert quoted([300, 400, 500], horizon_hours=2)[1] == [2_000_000]


def test_a_price_that_is_not_known_ends_the_window():
    assert quoted([300, np.nan, 500])[1] == [2_000_000]
    assert quoted([np.nan, 300, 500]) == ([], [])


def test_nothing_is_offered_until_a_day_of_prices_is_known():
    published = np.full(30, 300.0)
    for known, orders in ((0, False), (23, False), (24, True), (30, True)):
        view = a_view(known, 60, PersistentPrices(), published=published[:known], cap=1000.0)
        assert (ServiceReturn().quote(view, pool()).ask_quantity is not None) == orders
    assert ServiceReturn().quote(a_view(30, 60), pool()).ask_quantity is None


@given(
    prices,
    st.floats(0.1, 1),
    st.floats(0.5, 9),
    st.floats(0.5, 1),
    st.integers(1, 5),
    st.sampled_from([(0.0, 1000.0), (20.0, 300.0)]),
)
def test_orders_keep_the_rules(expected, soc, hours, efficiency, segments, limits):
    fleet = pool(
        energy=2 * hours, soc_start=soc, efficiency_discharge=efficiency, segments=segments
    )
    view = a_view(0, len(expected), Foresight(np.array(expected)), floor=limits[0], cap=limits[1])
    quotes = ServiceReturn().quote(view, fleet)
    if expected[0] <= 10:
        assert quotes.ask_quantity is None
        return
    assert quotes.ask_quantity.shape == (1, segments)
    assert quotes.ask_quantity[0, 1:].sum() == 0
    assert quotes.ask_quantity[0, 0] in (0, fleet.discharge_limit()[0])
    assert limits[0] <= quotes.ask_price[0, 0] <= limits[1]
    ahead = expected[: next((i for i, p in enumerate(expected) if p <= 10), None)]
    power = fleet.discharge_wh[0]
    held = fleet.committed_soc[0] * efficiency
    better = sum(price > expected[0] for price in ahead)
    # An hour is used unless the hours that are better take everything.
    if better * power < held - 2:
        assert quotes.ask_quantity[0, 0] > 0
    if better * power >= held + 2:
        assert quotes.ask_quantity[0, 0] == 0


@given(
    st.lists(st.floats(11, 900), min_size=1, max_size=40),
    st.floats(0.5, 6),
    st.floats(0.6, 1),
)
def test_with_a_correct_forecast_it_sells_in_the_best_hours(expected, hours, efficiency):
    series = np.round(np.array(expected), 1)
    fleet = pool(energy=2 * hours, efficiency_discharge=efficiency)
    held, power = 2e6 * hours * efficiency, 2e6
    earned = sell(series, fleet)
    each = np.minimum(power, np.maximum(held - power * np.arange(series.size), 0))
    best = np.add.reduce(np.sort(series)[::-1] * each) / 1e6
    # The last, broken hour may be any of the hours used.
    k = min(-int(-held // power), series.size)
    used = np.sort(series)[::-1][:k]
    worst = best - (used[0] - used[-1]) * power / 1e6
    assert worst - 1e-3 <= earned <= best + 1e-3


def sell(series, fleet, forecaster=None, start=0):
    """Offer in each hour from `start` on; return what was earned."""
    forecaster = forecaster or Foresight(series)
    earned = 0.0
    for hour in range(start, series.size):
        view = a_view(hour, series.size, forecaster, published=series[:hour], floor=0.0, cap=1000.0)
        quotes = ServiceReturn().quote(view, fleet)
        if quotes.ask_quantity is None:
            continue
        sold = np.where(quotes.ask_price <= series[hour], quotes.ask_quantity, 0).sum(axis=1)
        assert not (sold.any() and series[hour] <= 10)
        fleet.move(0, sold)
        earned += float((sold * series[hour]).sum()) / 1e6
    return earned


def test_a_wrong_forecast_still_sells_before_the_next_surplus_and_never_in_one():
    """Days of surplus at noon whose prices are nothing like those of the day before."""
    rng = np.random.default_rng(3)
    days = []
    for _ in range(40):
        day = rng.uniform(150, 290, 24)
        begin, length = rng.integers(9, 13), rng.integers(2, 7)
        day[begin : begin + length] = 1.0
        days.append(day)
    series = np.concatenate(days)
    fleet = pool()
    for day in range(1, 39):
        after = 24 * day + int(np.flatnonzero(days[day] == 1.0)[-1]) + 1
        until = 24 * (day + 1) + int(np.flatnonzero(days[day + 1] == 1.0)[0])
        fleet.committed_soc[:] = fleet.soc_max_wh
        assert sell(series[:until], fleet, PersistentPrices(), after) > 0
        assert fleet.committed_soc[0] == 0


@pytest.mark.parametrize(
    "parameters",
    [
        {"horizon_hours": 0},
        {"horizon_hours": float("inf")},
        {"discount": 0},
        {"discount": 1.1},
        {"discount": float("nan")},
        {"surplus_price": float("nan")},
    ],
)
def test_parameters_are_checked(parameters):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        ServiceReturn(**parameters)
