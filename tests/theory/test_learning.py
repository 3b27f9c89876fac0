"""Electricity traders who learn: Nicolaisen, Petrov and Tesfatsion (2001).

IEEE Transactions on Evolutionary Computation 5, 504-523: "high market efficiency is generally
attained". The schedule, K = 40 and the bound of 87 % on the mean efficiency are those of the
replication in the public program JASA; the paper's own tables were not at hand.
"""

import numpy as np
import pytest

from market import clear
from tests.theory.learning import COSTS, VALUES, RothErev, competitive, season
from tests.theory.sampling import unit_book

SEEDS = range(20)
CAPACITIES = [(10, 10), (20, 10), (10, 20)]


@pytest.mark.parametrize(
    ("costs", "values"), [(COSTS, VALUES), ((37.0, 17.0, 12.0), (11.0, 16.0, 37.0))]
)
def test_competitive_prices_reach_from_16_to_17(costs, values):
    result = clear(unit_book(costs, values))
    assert (result.price_low, result.price, result.price_high) == (16, 16.5, 17)


def test_honest_traders_meet_at_the_midpoint_of_their_quotes():
    result = clear(unit_book(COSTS, VALUES), "high-low", k=0.5)
    assert result.trades is not None
    pairs = sorted(zip(result.trades.ask.tolist(), result.trades.bid.tolist(), strict=True))
    assert pairs == [(1, 1), (2, 0)]
    assert result.ask_pay[[1, 2]].tolist() == [16.5, 24.0]


def test_one_step_of_learning_by_hand():
    trader = RothErev(np.random.default_rng(0), actions=3, propensity=4.0)
    trader.action = 1
    trader.learn(profit=10.0)
    # 0.9 x 4 + 4 x 0.2 / 2 for the others, 0.9 x 4 + 10 x 0.8 for the action taken.
    assert trader.propensity == pytest.approx([4.0, 11.6, 4.0])


@pytest.fixture(scope="module", params=CAPACITIES)
def played(request):
    """Capacities, competitive profits a round, and mean profits a round by seed and trader."""
    fair = competitive(*request.param)
    return request.param, fair, np.array([season(*request.param, s).mean(axis=0) for s in SEEDS])


def test_learning_traders_are_efficient(played):
    _, fair, profits = played
    reached = 100 * profits.sum(axis=1) / fair.sum()
    assert (profits >= 0).all()
    assert reached.max() <= 100 + 1e-9
    assert reached.mean() >= 87
    assert reached.std() <= 20


def test_sellers_gain_from_discriminatory_pricing_unless_they_are_short(played):
    capacities, fair, profits = played
    buyers = (profits[:, :3].sum(axis=1) / fair[:3].sum() - 1).mean()
    sellers = (profits[:, 3:].sum(axis=1) / fair[3:].sum() - 1).mean()
    if capacities[1] <= capacities[0]:
        # The signs that JASA asserts.
        assert buyers < 0 < sellers
    assert abs(buyers) < 1
    assert abs(sellers) < 1.5
