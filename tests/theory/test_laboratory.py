"""The laboratories of Smith (1962) and of Gode and Sunder (1993), with traders that draw quotes.

Journal of Political Economy 70, 111-137 and 101, 119-137. Unconstrained traders (ZI-U) quote
anything, constrained ones (ZI-C) nothing that would lose them money.
"""

from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from market import clear, surpluses
from tests.theory import laboratory
from tests.theory.laboratory import alpha, efficiency, trading_period
from tests.theory.sampling import assert_mean, unit_book
from tests.theory.schedules import GODE_SUNDER, SMITH_LIMITS, SMITH_PRICE

PERIODS = 150
DOCS = Path(__file__).parents[2] / "docs"

# Smith's Table 1, test 1: mean price and alpha of periods 1 to 5, human traders.
HUMANS = [(1.80, 11.8), (1.86, 8.1), (2.02, 5.2), (2.03, 5.5), (2.03, 3.5)]


def periods(values, costs, top, count=PERIODS, **rules):
    rng = np.random.default_rng(1993)
    return [trading_period(values, costs, rng, top, **rules) for _ in range(count)]


def prices(trades):
    return [price for _, _, price in trades]


@pytest.fixture(scope="module", params=GODE_SUNDER)
def market(request):
    """Number, market, and the units of all six traders a side."""
    found = GODE_SUNDER[request.param]
    return request.param, found, [found.values] * 6, [found.costs] * 6


def test_the_competitive_price_is_the_one_stated(market):
    _, found, values, costs = market
    result = clear(unit_book([*chain(*costs)], [*chain(*values)]))
    assert result.price == found.price
    assert result.volume == found.volumes[1]  # the units worth the price itself included


def test_unconstrained_traders_trade_every_unit(market):
    _, found, values, costs = market
    for trades in periods(values, costs, 200, 20, constrained=False):
        assert len(trades) == 6 * len(found.values)
        assert efficiency(trades, values, costs) == pytest.approx(found.unconstrained, abs=0.05)


def test_constrained_traders_are_nearly_efficient(market):
    number, found, values, costs = market
    done = periods(values, costs, 200)
    reached = np.mean([efficiency(trades, values, costs) for trades in done])
    assert 97 < reached <= 100
    assert reached == pytest.approx(found.constrained, abs=1.5)  # six periods of half a minute
    assert all(cost <= price <= value for trades in done for value, cost, price in trades)
    # Where supply and demand are lopsided, their prices miss the equilibrium (as Cliff found 1997).
    typical = np.mean([np.mean(prices(trades)) for trades in done])
    if number in (3, 4):
        low, high = {3: (101, 104), 4: (148, 152)}[number]
        assert low < typical < high


def test_quotes_that_stand_set_the_price_and_a_trade_cancels_all_others():
    class Script:
        """Quotes in a given order, as draws: the trader's place in line and that of his price."""

        def random(self, shape):
            line = [(0, 90), (1, 80), (2, 85), (2, 60), (1, 70)]
            who = np.array([trader for trader, _ in line]) / 3
            return np.stack((who + 0.1, (np.array([p for _, p in line]) - 0.5) / 100), axis=1)

    # Two buyers and a seller of two units: the ask of 85 meets the bid of 90, which was earlier;
    # the bid of 80 is gone, so that the ask of 60 waits for the bid of 70.
    done = trading_period([[95], [94]], [[10, 20]], Script(), 100, constrained=False)
    assert done == [(95, 10, 90), (94, 20, 60)]


def test_the_equilibrium_of_smiths_first_test():
    limits = [*chain(*SMITH_LIMITS)]
    book = unit_book(limits, limits)
    result = clear(book)
    assert (result.price, result.volume) == (SMITH_PRICE, 6)
    assert sum(surpluses(book, result)) == 750


def test_constrained_traders_in_smiths_first_test():
    done = periods(SMITH_LIMITS, SMITH_LIMITS, 400, 1000)
    reached = [efficiency(trades, SMITH_LIMITS, SMITH_LIMITS) for trades in done]
    # Our reference for 4,000 periods: 96.2 %, standard deviation 4.6, mean price 200.2, alpha 20.0,
    # 6.28 trades; periods of 1,000 quotes leave some of the trades that gain nothing undone.
    assert_mean(reached, 96.2)
    assert np.std(reached) == pytest.approx(4.6, abs=0.5)
    assert_mean([np.mean(prices(trades)) for trades in done], 200.2)
    spread = np.mean([alpha(prices(trades), SMITH_PRICE) for trades in done])
    assert spread == pytest.approx(20, abs=1)
    assert 5.9 < np.mean([len(trades) for trades in done]) < 6.3


def test_unconstrained_traders_gain_nothing_at_all_in_smiths_first_test():
    for trades in periods(SMITH_LIMITS, SMITH_LIMITS, 400, 50, constrained=False):
        assert len(trades) == 11
        assert efficiency(trades, SMITH_LIMITS, SMITH_LIMITS) == 0.0


def test_alpha_of_the_human_periods_fits_their_mean_prices():
    assert alpha([1.0, 3.0], 2.0) == 50
    for mean, published in HUMANS:
        off = 100 * abs(mean - 2.0) / 2.0
        assert off <= published  # the mean alone already deviates by so much
        spread = np.sqrt(published**2 - off**2) * 2.0 / 100
        assert alpha([mean - spread, mean + spread], 2.0) == pytest.approx(published)
    # People learn, traders without intelligence do not.
    assert HUMANS[-1][1] < 5 < HUMANS[0][1] < 20


def test_the_page_shows_the_laboratory_as_it_is():
    page = (DOCS / "laboratory.md").read_text(encoding="utf-8")
    source = Path(laboratory.__file__).read_text(encoding="utf-8")
    assert source.split('"""\n', 1)[1].strip() in page
