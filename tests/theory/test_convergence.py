"""How fast strategic traders come near efficiency as the market grows.

Rustichini, Satterthwaite and Williams (1994), Econometrica 62, 1041-1063: in an equilibrium of the
k-double auction with m traders a side lies are O(1/m) and the share of lost gains is O(1/m^2); a
dual price loses O(1/m), a fixed price O(1/sqrt(m)). Checked here on the auctions with k = 1 and
k = 0, whose equilibrium for uniform values and costs has a closed form (`bidders.py`); for k = 1/2
only m = 1 is (`test_bilateral.py`).
"""

from math import comb, pi, sqrt

import numpy as np
import pytest

from market import surpluses
from tests.theory.bidders import equilibrium_bid, expected_profits, inefficiency
from tests.theory.sampling import auction, gains, largest_gains, share, uniform_books, unit_book
from tests.theory.test_bilateral import bid_of

SIZES = (1, 2, 4, 8, 16, 32)


@pytest.mark.parametrize("m", [1, 2, 3, 6])
def test_the_bid_is_the_best_reply(m):
    bids = np.linspace(0, 1, 301)
    for value in (0.3, 0.6, 0.9, 1.0):
        best = bids[np.argmax(expected_profits(bids, value, m))]
        assert abs(best - equilibrium_bid(value, m)) <= bids[1]
    # The lie is exactly O(1/m), and with one pair it is that of Chatterjee and Samuelson.
    assert 1 - equilibrium_bid(1.0, m) == pytest.approx(1 / (m + 1))
    assert equilibrium_bid(0.7, 1) == pytest.approx(float(bid_of(0.7, 1.0)))


def test_lost_gains_fall_with_the_square_of_the_market():
    lost = np.array([inefficiency(m) for m in SIZES])
    assert lost[:2] == pytest.approx([1 / 4, 2 / 27])
    assert (lost * np.square(SIZES) < 0.3).all()
    slopes = np.diff(np.log(lost)) / np.diff(np.log(SIZES))
    assert slopes[2:] == pytest.approx(-2, abs=0.1)


@pytest.mark.parametrize("m", [1, 2, 4, 8])
@pytest.mark.parametrize("k", [0, 1])
def test_the_mechanism_realises_what_the_equilibrium_leaves(m, k):
    clear = auction("uniform", k=k)
    rows = []
    for book in uniform_books(m, 8000, seed=4):
        costs, values = book.ask_price, book.bid_price
        if k == 1:
            quoted = unit_book(costs, equilibrium_bid(values, m))
        else:  # the mirror image: buyers are honest, sellers mark up
            quoted = unit_book(1 - equilibrium_bid(1 - costs, m), values)
        rows.append((gains(book, clear(quoted)), largest_gains(book)))
    ratio, error = share(*np.array(rows).T)
    assert abs(ratio - (1 - inefficiency(m))) <= 4 * error


@pytest.mark.parametrize("m", [1, 5, 10, 50, 100, 500])
def test_a_posted_price_loses_with_the_square_root(m):
    # Of Binomial(m, 1/2) buyers and sellers who agree to 1/2 the fewer trade, whoever they are,
    # and a trade gains 3/4 - 1/4 on average (derived here); 75 % for one pair.
    exact = (2 * m + 1) / (2 * m) * (1 - comb(2 * m, m) / 4**m)
    clear = auction("posted", posted_price=0.5)
    rows = [
        (gains(book, clear(book)), largest_gains(book))
        for book in uniform_books(m, 3000 if m < 100 else 800, seed=5)
    ]
    ratio, error = share(*np.array(rows).T)
    assert abs(ratio - exact) <= 4 * error
    if m >= 50:
        assert 0.85 < (1 - exact) * sqrt(pi * m) < 1  # tends to 1


@pytest.mark.parametrize("m", [25, 50, 100])
def test_two_prices_lose_with_the_first_power(m):
    clear = auction("mcafee")
    rows = []
    for book in uniform_books(m, 2000, seed=6):
        result = clear(book)
        rows.append((gains(book, result) - surpluses(book, result)[2], largest_gains(book)))
    ratio, _ = share(*np.array(rows).T)
    assert 0.7 < (1 - ratio) * m < 1.2
