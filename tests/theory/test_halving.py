"""MUDA, example 1 of Segal-Halevi, Hassidim and Aumann (2018), from the outside.

AAAI Conference on Artificial Intelligence 32. A buyer values six units at 100 to 20; two sellers
have five units each; the price 50 is given by the other half of the market, here a pair whose
only price it is. `tests/market/test_muda.py` checks the same example inside the mechanism.
"""

import numpy as np
import pytest

from market import book_from_frame, clear, surpluses

pd = pytest.importorskip("pandas")
SIDES = [
    *[("buy", value, 1, "buyer") for value in (100, 90, 80, 60, 40, 20)],
    *[("sell", cost, 1, "first") for cost in (10, 20, 40, 60, 70)],
    *[("sell", cost, 1, "second") for cost in (15, 25, 35, 45, 65)],
    *[("buy", 50, 1, "other half"), ("sell", 50, 1, "the other half")],
]
DRAWS = 640


@pytest.fixture(scope="module")
def outcomes():
    """What the example gives where chance puts exactly the pair into the other half."""
    book = book_from_frame(
        pd.DataFrame(SIDES, columns=["side", "price", "quantity", "participant"])
    )
    drawn = [clear(book, "muda", variant="vickrey", seed=seed) for seed in range(DRAWS)]
    return book, [r for r in drawn if r.bid_fill[3] and (r.bid_pay[:4] == 50).all()]


def test_four_units_trade_and_the_fees_are_twenty_and_ten(outcomes):
    book, found = outcomes
    assert found
    for result in found:
        assert result.volume == 4 * 10**9
        sold = result.ask_fill[:10].reshape(2, 5) // 10**9
        assert sold.tolist() == [[1, 1, 0, 0, 0], [1, 1, 0, 0, 0]]
        fees = (sold * (50 - result.ask_pay[:10].reshape(2, 5))).sum(axis=1)
        # Without the first seller the second would gain 15 and 5; without him the first gains 10.
        assert fees.tolist() == [20, 10]
        assert surpluses(book, result) == pytest.approx((130, 100, 30))


def test_each_owner_falls_into_either_half_with_probability_one_half(outcomes):
    share, expected = len(outcomes[1]) / DRAWS, 2 * 0.5**5
    assert abs(share - expected) <= 4 * np.sqrt(expected * (1 - expected) / DRAWS)
