"""n buyers and n sellers of one unit, truthful, values and costs uniform on [0, 1].

Order statistics of 2n uniform numbers (derived here): the buyers hold k of the n highest with
the hypergeometric mean n/2, so n/2 trades are efficient; the clearing prices lie between the two
middle numbers; the mean of the gains is n^2 / (2 (2n + 1)).
"""

import numpy as np
import pytest

from market import surpluses
from tests.theory.sampling import assert_mean, auction, gains, largest_gains, share, uniform_books

RUNS = 4000


@pytest.mark.parametrize("n", [1, 2, 5, 10, 25])
def test_trades_gains_and_prices_of_the_call_auction(n):
    clear = auction("uniform")
    books = list(uniform_books(n, RUNS))
    found = [clear(book) for book in books]
    low, high = np.array([(r.price_low, r.price_high) for r in found]).T
    middle = (low + high) / 2
    assert_mean([r.volume for r in found], n / 2)
    assert_mean([gains(b, r) for b, r in zip(books, found, strict=True)], n**2 / (4 * n + 2))
    assert_mean(high - low, 1 / (2 * n + 1))
    assert_mean(middle, 1 / 2)
    assert_mean((middle - 1 / 2) ** 2, n / (4 * (2 * n + 1) * (n + 1)))


def test_clearing_prices_are_the_two_middle_numbers():
    clear = auction("uniform")
    for book in uniform_books(6, 200):
        found = clear(book)
        ranked = np.sort(np.concatenate((book.ask_price, book.bid_price)))
        assert (found.price_low, found.price_high) == (ranked[5], ranked[6])
        assert gains(book, found) == pytest.approx(largest_gains(book), abs=1e-12)


@pytest.mark.parametrize("n", [1, 2, 5, 10, 25])
def test_the_vcg_deficit_is_one_nth_of_the_gains(n):
    # Each of the k buyers pays the low end of the clearing prices, each of the k sellers receives
    # the high end. Who holds which rank says nothing of the spacing, so the deficit is on average
    # the mean of k, n/2, times the mean width, 1/(2n + 1).
    clear = auction("vcg")
    deficit, gained = [], []
    for book in uniform_books(n, 3000, seed=1):
        result = clear(book)
        deficit.append(-surpluses(book, result)[2])
        gained.append(gains(book, result))
        width = result.price_high - result.price_low
        assert deficit[-1] == pytest.approx(result.volume * width, abs=1e-9)
    assert_mean(deficit, n / (2 * (2 * n + 1)))
    ratio, error = share(deficit, gained)
    assert abs(ratio - 1 / n) <= 4 * error
