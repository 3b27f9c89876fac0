"""Errors of forecasts: kept, fitted as a chain, scored."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from agents.forecast_scores import ScoredPrices, scores_of
from agents.past_forecasts import PastForecasts
from agents.price_chain import FittedChains, fitted_chain, weighted_quantiles
from tests.agents.price_worlds import view

errors_of_forecasts = arrays(
    float, st.tuples(st.integers(2, 20), st.integers(2, 8)), elements=st.floats(-1e4, 1e4)
)


def lasting_errors(forecasts, steps, stays, seed=1):
    rng = np.random.default_rng(seed)
    found = np.empty((forecasts, steps))
    found[:, 0] = rng.normal(size=forecasts)
    for t in range(1, steps):
        shock = rng.normal(size=forecasts)
        found[:, t] = stays * found[:, t - 1] + np.sqrt(1 - stays**2) * shock
    return found


@settings(max_examples=60, deadline=None)
@given(errors_of_forecasts, st.integers(2, 15), st.floats(0, 2), st.floats(0.5, 1))
def test_states_rise_and_odds_are_odds(errors, states, noise, fade):
    weight = fade ** np.arange(len(errors))
    chain = fitted_chain(errors, weight, states, noise)
    assert chain.errors.shape == (errors.shape[1], states)
    assert chain.odds.shape == (errors.shape[1] - 1, states, states)
    assert (np.diff(chain.errors, axis=1) > 0).all()
    assert (chain.odds >= 0).all()
    assert chain.odds.sum(axis=2) == pytest.approx(1.0)


@pytest.mark.parametrize("stays", [0.3, 0.9])
def test_errors_stay_as_long_as_they_did(stays):
    chain = fitted_chain(lasting_errors(3000, 6, stays), np.ones(3000), 15)
    nodes, following = chain.errors, chain.errors[1:, None]
    expected = (chain.odds * following).sum(axis=2)
    middle = slice(4, 11)  # at the ends there is nowhere further to go
    assert expected[:, middle] == pytest.approx(stays * nodes[:-1, middle], abs=0.08)
    spread = np.sqrt((chain.odds * (following - expected[:, :, None]) ** 2).sum(axis=2))
    assert spread[:, 7] == pytest.approx(np.sqrt(1 - stays**2), abs=0.15)


def test_forecasts_that_are_right_make_a_chain_that_is_certain():
    chain = fitted_chain(np.zeros((20, 5)), np.ones(20), 7)
    assert chain.errors == pytest.approx(np.zeros((5, 7)), abs=1e-7)
    assert chain.odds.sum(axis=2) == pytest.approx(1.0)


@given(arrays(float, st.integers(1, 40), elements=st.floats(-100, 100)))
def test_quantiles_without_weights_are_the_usual_ones(samples):
    shares = np.array([0.1, 0.5, 0.9])
    found = weighted_quantiles(samples[:, None], np.ones(samples.size), shares)[:, 0]
    assert found == pytest.approx(np.quantile(samples, shares, method="hazen"))


def test_errors_are_kept_by_time_of_day_once_all_prices_are_out():
    past = PastForecasts(per_day=4, length=3)
    prices = np.arange(20.0)
    for first in (0, 2, 4, 8, 10):
        past.note(first, prices[first : first + 3] - first, prices[:first])
    past.note(12, np.zeros(2), prices[:12])  # too short to count
    past.note(12, np.zeros(3), prices[:12])
    past.note(12, np.ones(3), prices[:12])  # noted already
    assert past.count(16) == 3
    assert past.errors(16).tolist() == [[0, 0, 0], [4, 4, 4], [8, 8, 8]]
    assert past.errors(2).tolist() == [[2, 2, 2]]  # that of 10 needs the price of 12
    past.note(16, np.zeros(3), prices[:16])
    assert past.errors(2).tolist() == [[2, 2, 2], [10, 10, 10]]
    assert past.errors(0)[-1].tolist() == [12, 13, 14]


def test_a_forecast_of_an_interval_without_a_price_is_left_out():
    past = PastForecasts(per_day=2, length=2)
    past.note(0, np.zeros(2), np.empty(0))
    past.note(2, np.zeros(2), np.array([5.0, np.nan]))
    past.note(4, np.zeros(2), np.array([5.0, np.nan, 1.0, 2.0]))
    assert past.errors(0).tolist() == [[1, 2]]


def test_chains_are_fitted_from_two_weeks_on_and_every_week():
    chains, prices = FittedChains.of(2, 2, 30.0, 1.0), np.random.default_rng(1).normal(size=99)
    fits = {}
    for day in range(30):
        chains.note(2 * day, np.zeros(2), prices[: 2 * day])
        fits[day] = chains.chain(2 * day, 5)
    assert fits[13] is None
    assert fits[14] is not None
    assert fits[20] is fits[14]
    assert fits[21] is not fits[14]
    assert chains.chain(1, 5) is None  # never made at that time of day


class Flat:
    """Expects the same price always."""

    def prices(self, view, horizon):
        return np.full(horizon, 100.0)


def test_scores_are_the_errors_of_what_was_forecast():
    """Prices are 110 in the first half of each day and 70 in the second; forecasts at midnight."""
    scored = ScoredPrices(Flat())
    prices = np.tile(np.repeat([110.0, 70.0], 12), 5)
    for first in range(0, 120, 24):
        assert scored.prices(view(prices[:first], n=120), 48).size == 48
    found = scored.scores()
    assert found["forecast_mae_1h_price"] == 10
    assert found["forecast_mae_6h_price"] == 10
    assert found["forecast_mae_24h_price"] == pytest.approx((6 * 10 + 12 * 30) / 18)
    assert found["forecast_bias_price"] == pytest.approx(-10)


def test_without_a_price_there_is_no_score_and_others_are_not_scored():
    scored = ScoredPrices(Flat())
    scored.prices(view(np.empty(0)), 24)
    assert all(np.isnan(score) for score in scored.scores().values())
    assert {name: column.shape for name, column in scores_of(scored, 3).items()} == dict.fromkeys(
        scored.scores(), (3,)
    )
    assert scores_of(Flat(), 3) == {}
    assert scores_of(None, 3) == {}
