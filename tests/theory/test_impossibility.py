"""No mechanism is efficient, voluntary, honest and balanced: Myerson and Satterthwaite (1983).

Journal of Economic Theory 29, 265-281. One buyer and one seller, value and cost uniform on
[0, 1]: without a subsidy at most 9/64 of the 1/6 can be had, and efficient trade needs a subsidy
of 1/6, as much as the whole gain. k = 1/2 attains the 9/64 (Chatterjee and Samuelson 1983, p. 844).
"""

import numpy as np
import pytest

from market import surpluses
from tests.theory.sampling import (
    assert_mean,
    auction,
    gains,
    largest_gains,
    uniform_books,
    unit_book,
)
from tests.theory.second_best import best_mechanism
from tests.theory.test_bilateral import ask_of, bid_of

RUNS = 10_000
HONEST = {"vcg": {}, "posted": {"posted_price": 0.5}, "mcafee": {}, "huang": {}, "sbba": {}}
DISHONEST = {"uniform": {}, "pay-as-bid": {}, "high-low": {}}


def extrapolated(values):
    """The limit of values on n, 2n, 4n types where the error has terms in 1/n and 1/n^2."""
    coarse, middle, fine = values
    return (4 * (2 * fine - middle) - (2 * middle - coarse)) / 3


def test_the_best_mechanism_without_a_subsidy_gains_nine_sixtyfourths():
    gained = [best_mechanism(n)[0] for n in (10, 20, 40)]
    assert gained == sorted(gained, reverse=True)
    assert extrapolated(gained) == pytest.approx(9 / 64, abs=1e-4)


def test_efficient_trade_needs_a_subsidy_of_the_whole_gain():
    taken = [best_mechanism(n, efficient=True)[1] for n in (10, 20, 40)]
    assert extrapolated(taken) == pytest.approx(-1 / 6, abs=1e-9)


def test_the_half_auction_attains_the_second_best():
    clear, rng = auction("uniform", k=0.5), np.random.default_rng(5)
    value, cost = rng.random(RUNS), rng.random(RUNS)
    quotes = zip(ask_of(cost, 0.5), bid_of(value, 0.5), strict=True)
    traded = np.array([clear(unit_book([ask], [bid])).volume for ask, bid in quotes])
    assert_mean(traded * (value - cost), 9 / 64)


def test_vcg_is_efficient_and_its_deficit_is_the_whole_gain():
    clear = auction("vcg")
    deficit = []
    for book in uniform_books(1, RUNS):
        result = clear(book)
        assert gains(book, result) == largest_gains(book)
        deficit.append(-surpluses(book, result)[2])
        assert deficit[-1] == pytest.approx(largest_gains(book))
    assert_mean(deficit, 1 / 6)


@pytest.mark.parametrize(("name", "params"), (HONEST | DISHONEST).items())
def test_every_mechanism_gives_up_one_of_the_four(name, params):
    clear = auction(name, **params)
    efficient = balanced = True
    for book in uniform_books(1, 200):
        result = clear(book)
        buyers, sellers, operator = surpluses(book, result)
        assert min(buyers, sellers) >= -1e-12  # voluntary, each of them
        efficient &= gains(book, result) == largest_gains(book)
        balanced &= operator >= -1e-12
    assert not (efficient and balanced and honest(clear))
    assert honest(clear) == (name in HONEST)
    assert (efficient, balanced) == {
        "vcg": (True, False),
        **dict.fromkeys(("posted", "mcafee", "huang", "sbba"), (False, True)),
        **dict.fromkeys(DISHONEST, (True, True)),
    }[name]


def honest(clear):
    """Whether no lie on a grid pays, for any value and cost on it, whatever the other quotes."""
    grid = np.linspace(0.05, 0.95, 10)
    for other in grid:
        results = [
            (q, clear(unit_book([other], [q])), clear(unit_book([q], [other]))) for q in grid
        ]
        for mine in grid:
            as_buyer = {q: profit(result, mine, True) for q, result, _ in results}
            as_seller = {q: profit(result, mine, False) for q, _, result in results}
            if max(as_buyer.values()) > as_buyer[mine] + 1e-12:
                return False
            if max(as_seller.values()) > as_seller[mine] + 1e-12:
                return False
    return True


def profit(result, worth, buys):
    """What the one buyer or seller gains whose unit is worth this much."""
    fill, pay = (result.bid_fill, result.bid_pay) if buys else (result.ask_fill, result.ask_pay)
    if not fill[0]:
        return 0.0
    price = (result.buy_price if buys else result.sell_price) if pay is None else pay[0]
    return worth - price if buys else price - worth
