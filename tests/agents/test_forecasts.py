"""Forecasters: each says what it may know, and no more."""

import numpy as np
import pytest

from agents.forecasts import (
    Noisy,
    NoisyPrices,
    Perfect,
    PerfectPrices,
    Persistence,
    PersistentPrices,
    ResourceForecaster,
    lead_spread,
    price_forecaster,
)
from agents.quotes import MarketView
from market import stream
from tests.agents.fleets import calendar

DAY = 86_400


def days(forecast, n, lead_s=960, units=1, names=None, minutes=60, size=10**7):
    """Return (actual, expected) of n days, shape (n, per_day, units)."""
    when = calendar(24 * n, minutes)
    names = names or [f"u{i}" for i in range(units)]
    forecaster = ResourceForecaster(forecast, names, when, 1, lead_s)
    rng = np.random.default_rng(0)
    actual = rng.integers(size // 2, size, (n, when.per_day, len(names)))
    expected = [forecaster.expected(d * when.per_day, actual[d]) for d in range(n)]
    return actual, np.array(expected)


def test_perfect_sees_the_future():
    actual, expected = days(Perfect(), 3)
    assert np.array_equal(actual, expected)


@pytest.mark.parametrize(
    ("lead_s", "back"), [(960, 1), (DAY - 3600, 1), (DAY - 3599, 2), (DAY, 2), (2 * DAY, 3)]
)
def test_persistence_uses_only_intervals_that_are_over(lead_s, back):
    actual, expected = days(Persistence(), 6, lead_s)
    assert np.array_equal(expected[back:], actual[:-back])
    # An interval of hour h, asked for at h - lead, has seen the same hour `back` days ago whole.
    assert back * DAY - 3600 >= lead_s


def test_persistence_of_a_short_last_day():
    forecaster = ResourceForecaster(Persistence(), ["u"], calendar(30), 1, 960)
    first = np.arange(24)[:, None]
    assert np.array_equal(forecaster.expected(0, first), first)
    assert forecaster.expected(24, np.zeros((6, 1), np.int64))[:, 0].tolist() == list(range(6))


@pytest.mark.parametrize(("lead_h", "sd"), [(6.0, 0.1), (24.0, 0.2), (48.0, 0.2)])
def test_the_error_grows_with_the_lead_and_has_its_size(lead_h, sd):
    assert float(lead_spread(Noisy(sd=0.2), lead_h)) == pytest.approx(sd)
    actual, expected = days(Noisy(sd=0.2), 40, round(lead_h * 3600), units=60)
    error = expected / actual - 1
    assert error.std() == pytest.approx(sd, rel=0.05)
    assert abs(error.mean()) < sd / 10


def test_the_error_remembers():
    actual, expected = days(Noisy(sd=0.2, memory_hours=3.0), 60, DAY, units=40)
    error = (expected / actual - 1).reshape(-1, 40)
    correlation = (error[1:] * error[:-1]).mean() / (error**2).mean()
    assert correlation == pytest.approx(np.exp(-1 / 3), abs=0.03)


def test_forecasts_are_whole_and_never_negative():
    _, expected = days(Noisy(sd=9.0), 5, DAY)
    assert expected.dtype == np.int64
    assert (expected >= 0).all()


def test_everybody_errs_by_his_own_stream():
    _, alone = days(Noisy(), 3, names=["b"], size=10**7)
    when = calendar(72)
    both = ResourceForecaster(Noisy(), ["a", "b"], when, 1, 960)
    flat = np.full((24, 2), 10**6)
    one = ResourceForecaster(Noisy(), ["b"], when, 1, 960)
    for day in range(3):
        pair = both.expected(24 * day, flat)
        assert np.array_equal(pair[:, 1], one.expected(24 * day, flat[:, :1])[:, 0])
        assert not np.array_equal(pair[:, 0], pair[:, 1])
    assert alone.shape == (3, 24, 1)


@pytest.mark.parametrize("wrong", [{"sd": -0.1}, {"sd": 10}, {"memory_hours": 0}])
def test_impossible_parameters(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Noisy(**wrong)


# --- prices ----------------------------------------------------------------------------------


def view(first, published, n=96):
    return MarketView(first, 1, calendar(n), 0.0, 1500.0, np.asarray(published, np.float64))


def test_persistent_prices_repeat_the_last_day():
    forecaster = PersistentPrices()
    assert forecaster.prices(view(10, np.arange(10)), 48).size == 0
    known = np.arange(30.0)
    found = forecaster.prices(view(30, known), 48)
    assert found.tolist() == [*range(6, 30), *range(6, 30)]
    assert forecaster.prices(view(90, np.arange(90.0)), 48).tolist() == [*range(66, 72)]


@pytest.mark.parametrize("known", [24, 25, 47, 50])
def test_persistent_prices_read_what_is_published_only(known):
    published = np.arange(float(known))
    found = PersistentPrices().prices(view(known, published, 200), 100)
    ahead = np.arange(known, known + 100)
    assert (found < known).all()
    assert ((ahead - found) % 24 == 0).all()
    assert (found >= known - 24).all()


def test_perfect_prices_are_the_outside_market_s():
    series = np.arange(96.0)
    found = price_forecaster(Perfect(), series, stream(1)).prices(view(90, []), 48)
    assert found.tolist() == [90, 91, 92, 93, 94, 95]
    assert isinstance(price_forecaster(Persistence(), None, stream(1)), PersistentPrices)


@pytest.mark.parametrize("forecast", [Perfect(), Noisy()])
def test_who_reads_an_outside_price_needs_one(forecast):
    with pytest.raises(ValueError, match="external"):
        price_forecaster(forecast, None, stream(1))
    assert isinstance(
        price_forecaster(forecast, np.ones(9), stream(1)), PerfectPrices | NoisyPrices
    )


def test_noisy_prices_are_worse_the_further_ahead():
    series = np.full(5000, 200.0)
    forecaster = price_forecaster(Noisy(sd=0.3), series, stream(3))
    draws = np.array([forecaster.prices(view(0, [], 5000), 48) for _ in range(1500)]) - 200
    spread = draws.std(axis=0)
    assert spread[0] == pytest.approx(200 * 0.3 * np.sqrt(1 / 24), rel=0.08)
    assert spread[23:] == pytest.approx(200 * 0.3, rel=0.08)
