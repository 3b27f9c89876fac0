"""Forecasters of prices: what they find, and that they know only what is published."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from agents.forecasts import FORECASTERS, ONLY_PRICES, Persistence, price_forecaster
from agents.price_autoregression import Autoregressive, eliminated, ridge_weights
from agents.price_climatology import Climatology
from agents.price_days import Days, compressed, decayed_means, filled, restored
from agents.price_quantiles import Quantile
from market import stream
from tests.agents.price_worlds import series, view

HONEST = (*sorted(ONLY_PRICES), "persistence")


def of(forecast):
    """Return a forecaster that is given no outside market to look at."""
    return price_forecaster(forecast, None, stream(1))


def mean_errors(forecast, prices, per_day=24, start=40):
    """Return mean absolute and mean errors of forecasts of a day, made at midnight."""
    forecaster, errors = of(forecast), []
    for first in range(0, prices.size - per_day, per_day):
        expected = forecaster.prices(view(prices[:first], n=prices.size, per_day=per_day), per_day)
        if first >= start * per_day:
            errors.append(prices[first : first + per_day] - expected)
    return np.abs(errors).mean(), np.mean(errors)


@pytest.mark.parametrize("name", HONEST)
@pytest.mark.parametrize(
    ("known", "horizon"), [(24, 48), (25, 5), (400, 48), (409, 36), (700, 100)]
)
def test_a_forecast_has_the_length_that_is_asked_for_and_is_finite(name, known, horizon):
    found = of(FORECASTERS[name]()).prices(view(series(30)[:known], n=705), horizon)
    assert found.shape == (min(horizon, 705 - known),)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("name", HONEST)
@pytest.mark.parametrize("known", [0, 5, 23])
def test_nothing_is_known_before_a_whole_day(name, known):
    assert of(FORECASTERS[name]()).prices(view(np.arange(float(known))), 48).size == 0


@pytest.mark.parametrize("name", HONEST)
@settings(max_examples=20, deadline=None)
@given(
    arrays(float, st.integers(0, 24 * 17), elements=st.floats(-1e4, 1e4)),
    st.sampled_from([0, 3, 24]),
    st.integers(1, 60),
)
def test_strange_prices_are_survived(name, published, gap, horizon):
    published = published.copy()
    published[:gap] = np.nan
    for shown in (published, np.full(published.size, 7.0), np.full(published.size, np.nan)):
        with np.errstate(all="raise", under="ignore"):
            found = of(FORECASTERS[name]()).prices(view(shown), horizon)
        assert found.ndim == 1
        assert found.size <= horizon
        if name != "persistence":
            assert np.isfinite(found).all()


@pytest.mark.parametrize("name", sorted({*HONEST} - {"quantile"}))
def test_the_same_prices_give_the_same_forecast_whatever_was_asked_before(name):
    """But of `quantile`, which knows the errors of what it was asked."""
    prices = series(30)
    often, once = of(FORECASTERS[name]()), of(FORECASTERS[name]())
    for first in range(24 * 18, 24 * 25, 5):
        last = often.prices(view(prices[:first], n=720), 30)
    assert np.array_equal(last, once.prices(view(prices[:first], n=720), 30))


@pytest.mark.parametrize("name", HONEST)
@pytest.mark.parametrize("first", [24 * 20, 24 * 20 + 7])
def test_the_future_makes_no_difference(name, first):
    """What lies beyond the published prices is scrambled, in memory that the view looks into."""
    found = []
    for seed in (1, 2):
        prices = series(30)
        prices[first:] = np.random.default_rng(seed).uniform(-500, 900, prices.size - first)
        forecaster = of(FORECASTERS[name]())
        found.append(
            [forecaster.prices(view(prices[:t], n=720), 48) for t in range(24, first + 1, 12)]
        )
    assert all(np.array_equal(*pair) for pair in zip(*found, strict=True))


def test_a_mean_day_of_each_kind():
    prices = np.concatenate([np.full(24, price) for price in (10, 10, 10, 10, 10, 40, 40.0)])
    found = of(Climatology()).prices(view(prices), 24 * 7)
    usual = found.reshape(7, 24)
    assert usual == pytest.approx(np.tile([[10], [10], [10], [10], [10], [40], [40]], 24))
    weekdays_only = of(Climatology()).prices(view(prices[: 24 * 3]), 24 * 4)
    assert weekdays_only == pytest.approx(np.full(96, 10.0))


def test_old_days_count_half_after_the_memory():
    prices = np.repeat([100.0, 400.0], 24)
    found = of(Climatology(memory_days=1)).prices(view(prices), 1)
    assert found[0] == pytest.approx((0.5 * 100 + 400) / 1.5)


def test_regression_learns_the_week_and_what_stays():
    prices = series(110)
    autoregressive = mean_errors(Autoregressive(), prices)[0]
    persistence = mean_errors(Persistence(), prices)[0]
    # Errors of size 30 that are new each day: |error| is 24 on average, and 1.4 times as large
    # where yesterday's is repeated, not to speak of the weekend.
    assert autoregressive < 26
    assert persistence > 33


def test_the_day_so_far_corrects_the_rest_of_it():
    prices, forecaster = series(80), of(Autoregressive())
    early, late = [], []
    for day in range(40, 79):
        for hour, errors in ((0, early), (12, late)):
            first = 24 * day + hour
            expected = forecaster.prices(view(prices[:first], n=prices.size), 24 - hour)
            errors.append(np.abs(prices[24 * day + 12 : 24 * day + 18] - expected[-12:-6]).mean())
    assert np.mean(late) < 0.85 * np.mean(early)


def test_quantiles_have_the_probability_they_are_named_by():
    prices = series(120)
    for level in (0.2, 0.5, 0.8):
        forecaster, below = of(Quantile(level=level)), []
        for first in range(24, prices.size - 24, 24):
            expected = forecaster.prices(view(prices[:first], n=prices.size), 24)
            if first > 24 * 40:
                below.append(prices[first : first + 24] <= expected)
        assert np.mean(below) == pytest.approx(level, abs=0.06)


def test_the_median_corrects_a_bias():
    prices = np.cumsum(np.full(24 * 90, 0.5)) + np.tile(np.linspace(0, 90, 24), 90)
    plain = mean_errors(Climatology(), prices)[1]
    median = mean_errors(Quantile(base="climatology"), prices)[1]
    assert plain > 20
    assert abs(median) < 0.3 * plain


@pytest.mark.parametrize(
    ("forecaster", "wrong"),
    [
        (Climatology, {"memory_days": 0}),
        (Autoregressive, {"memory_days": -1}),
        (Autoregressive, {"ridge": 0}),
        (Autoregressive, {"refit_days": 0}),
        (Quantile, {"level": 1.0}),
        (Quantile, {"base": "perfect"}),
        (Quantile, {"memory_days": float("inf")}),
    ],
)
def test_parameters_are_checked(forecaster, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        forecaster(**wrong)


# --- what they are made of -------------------------------------------------------------------


@given(arrays(float, st.integers(1, 50), elements=st.floats(-1e6, 1e6)), st.floats(1e-3, 1e4))
def test_compressed_prices_are_restored(prices, scale):
    found = restored(compressed(prices, 10.0, scale), 10.0, scale)
    assert found == pytest.approx(prices, rel=1e-9, abs=1e-6)


def test_gaps_are_filled():
    nan = np.nan
    assert filled(np.array([nan, 3, nan, nan, 5, nan])).tolist() == [3, 3, 3, 3, 5, 5]
    assert filled(np.array([nan, nan])).size == 0


def test_days_of_a_view():
    days = Days.of(view(np.arange(53.0)))
    assert days.whole == 2
    assert days.start == 48
    assert days.rest.tolist() == [48, 49, 50, 51, 52]
    assert days.weekday.tolist() == [0, 1, 2]


def test_decayed_means_by_kind():
    days = np.array([[1.0], [10.0], [3.0], [20.0]])
    means, weight = decayed_means(days, 0.5, np.array([0, 1, 0, 1, 0]))
    assert means[:, 0] == pytest.approx([0, 0, 1, 10, (0.5 + 3) / 1.5])
    assert weight.tolist() == [0, 0, 1, 1, 1.5]


@settings(max_examples=30)
@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_elimination_solves(k, seed):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(5, k, k))
    system = np.einsum("mij,mkj->mik", root, root) + 0.1 * np.eye(k)
    truth = rng.normal(size=(5, k))
    right = np.einsum("mij,mj->mi", system, truth)
    both = np.concatenate([system, right[:, :, None]], axis=2).transpose(1, 2, 0)
    assert pytest.approx(truth, abs=1e-6) == eliminated(both).T


def test_ridge_weights_are_those_of_the_textbook():
    rng = np.random.default_rng(3)
    inputs, age = rng.normal(size=(4, 60, 3)), rng.uniform(0.2, 1, 60)
    targets = 2 * inputs[1] - inputs[2] + rng.normal(size=(60, 3))
    found = ridge_weights(inputs, targets, age, 0.3, 0)
    for m in range(3):
        x, y = inputs[:, :, m].T, targets[:, m]
        size = np.sqrt((age[:, None] * x * x).sum(0))
        z = x / size
        solved = np.linalg.solve((z.T * age) @ z + 0.3 * np.eye(4), (z.T * age) @ y)
        assert found[:, m] == pytest.approx(solved / size)
