"""One buyer and one seller: the equilibrium of Chatterjee and Samuelson (1983).

Operations Research 31, 835-851. Value and cost are uniform on [0, 1] and private; the buyer bids,
the seller asks, and they trade at k bid + (1 - k) ask if the bid reaches the ask. The linear
equilibrium for every k is that of the paper's parts a to c; k = 1/2 is its Example 1.
"""

import numpy as np
import pytest

from tests.theory.sampling import assert_mean, auction, unit_book

RUNS = 20_000
WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)


def bid_of(value, k):
    """The buyer's linear strategy; who cannot trade anyway is truthful."""
    shaded = value / (1 + k) + k * (1 - k) / (2 * (1 + k))
    return np.where(value >= (1 - k) / 2, shaded, value)


def ask_of(cost, k):
    """The seller's linear strategy; who cannot trade anyway is truthful."""
    return np.where(cost <= (2 - k) / 2, cost / (2 - k) + (1 - k) / 2, cost)


def met(asks, bids, k):
    """What the auction makes of each pair: whether they trade, and the price."""
    clear = auction("uniform", k=k)
    found = [clear(unit_book([ask], [bid])) for ask, bid in zip(asks, bids, strict=True)]
    return np.array([r.volume for r in found]), np.array([r.price for r in found])


@pytest.fixture(scope="module", params=WEIGHTS)
def market(request):
    """Pairs who play the equilibrium for one k."""
    rng, k = np.random.default_rng(7), request.param
    value, cost = rng.random(RUNS), rng.random(RUNS)
    traded, price = met(ask_of(cost, k), bid_of(value, k), k)
    return k, value, cost, traded, np.where(traded > 0, price, 0.0)


def test_means_are_those_of_the_equilibrium(market):
    k, value, cost, traded, price = market
    assert_mean(traded, (2 + k - k**2) / 8)
    assert_mean(traded * value - price, (1 + k) ** 2 * (2 - k) / 48)
    assert_mean(price - traded * cost, (2 - k) ** 2 * (1 + k) / 48)
    assert_mean(traded * (value - cost), (1 + k) * (2 - k) / 16)


def test_they_trade_exactly_when_value_exceeds_cost_by_a_quarter():
    rng = np.random.default_rng(8)
    value, cost = rng.random(RUNS), rng.random(RUNS)
    traded, price = met(ask_of(cost, 0.5), bid_of(value, 0.5), 0.5)
    assert np.array_equal(traded > 0, value >= cost + 0.25)
    # P(trade) = 9/32, gains 9/64 = 27/32 of the 1/6 there is, mean price 1/2.
    assert_mean(traded, 9 / 32)
    assert_mean(traded * (value - cost) * 6, 27 / 32)
    assert_mean(price[traded > 0], 1 / 2)


@pytest.mark.parametrize("k", WEIGHTS)
def test_published_strategies_of_example_one_are_the_general_ones(k):
    value, cost = np.linspace(0.25, 1, 7), np.linspace(0, 0.75, 7)
    if k == 0.5:
        assert bid_of(value, k) == pytest.approx(2 * value / 3 + 1 / 12)
        assert ask_of(cost, k) == pytest.approx(2 * cost / 3 + 1 / 4)
    # The highest ask that trades is the highest bid, and the lowest bid that trades the lowest ask.
    assert ask_of((2 - k) / 2, k) == pytest.approx(bid_of(1.0, k))
    assert bid_of((1 - k) / 2, k) == pytest.approx(ask_of(0.0, k))


@pytest.mark.parametrize("k", [0.25, 0.5, 0.75])
def test_each_strategy_is_the_best_reply_to_the_other(k):
    # Every quote that can trade, in steps that each pass a whole number of 400 opponents' quotes.
    quotes, others = (1 - k) / 2 + np.linspace(0, 0.5, 51), (np.arange(400) + 0.5) / 400
    traded, price = met(np.tile(ask_of(others, k), quotes.size), quotes.repeat(others.size), k)
    wins, pays = _by_quote(traded, price, quotes.size)
    for value in (0.5, 0.7, 0.9, 1.0):
        best = quotes[np.argmax(value * wins - pays)]
        assert abs(best - bid_of(value, k)) < 0.01
    traded, price = met(quotes.repeat(others.size), np.tile(bid_of(others, k), quotes.size), k)
    wins, earns = _by_quote(traded, price, quotes.size)
    for cost in (0.0, 0.1, 0.3, 0.5):
        best = quotes[np.argmax(earns - cost * wins)]
        assert abs(best - ask_of(cost, k)) < 0.01


def _by_quote(traded, price, quotes):
    """Probability of trade and expected payment by quote."""
    paid = np.where(traded > 0, price, 0.0)
    return traded.reshape(quotes, -1).mean(axis=1), paid.reshape(quotes, -1).mean(axis=1)
