"""The merit order is a linear program, and its dual prices are the clearing prices.

Samuelson (1952), Spatial price equilibrium and linear programming, American Economic Review 42,
283-303: the trade of most welfare takes the cheapest offers and the dearest bids, and a price
clears the book exactly if it is an optimal dual of the energy balance. The program
(`tests/oracles/merit_order.py`, HiGHS) knows nothing of the mechanisms;
`tests/scenarios/test_merit_order.py` holds whole runs against it.
"""

import numpy as np
import pytest

from market import OrderBook, clear, surpluses
from tests.oracles.merit_order import merit_order

AUCTIONS = 300
EFFICIENT = ["uniform", "pay-as-bid", "high-low", "vcg"]


@pytest.fixture(scope="module")
def books():
    """Random books of whole watt-hours with many equal prices, and their linear program."""
    rng = np.random.default_rng(12)
    sides = []
    for _ in range(2):
        size = rng.integers(1, 9, AUCTIONS)
        auction = np.repeat(np.arange(AUCTIONS), size)
        price = rng.integers(0, 30, auction.size) * 10.0
        sides.append((auction, price, rng.integers(1, 5, auction.size) * 1_000_000))
    made = []
    for number in range(AUCTIONS):
        (ask_rows, bid_rows) = (np.flatnonzero(side[0] == number) for side in sides)
        columns = *(x[ask_rows] for x in sides[0][1:]), *(x[bid_rows] for x in sides[1][1:])
        made.append(OrderBook(*columns))
    return made, merit_order(*sides, AUCTIONS)


def test_clearing_prices_are_the_optimal_duals(books):
    for number, book in enumerate(books[0]):
        result, program = clear(book), books[1]
        low, high = program.low[number], program.high[number]
        # An end that the program leaves open, the report closes with the marginal order.
        assert result.price_low == low or not np.isfinite(low)
        assert result.price_high == high or not np.isfinite(high)
        assert low - 1e-9 <= program.dual[number] <= high + 1e-9
        if result.volume:
            assert low <= result.price <= high


@pytest.mark.parametrize("name", EFFICIENT)
def test_efficient_mechanisms_reach_the_welfare_of_the_program(books, name):
    for number, book in enumerate(books[0]):
        welfare = sum(surpluses(book, clear(book, name)))
        assert welfare == pytest.approx(books[1].welfare[number], abs=1e-6)


@pytest.mark.parametrize("name", ["mcafee", "huang", "sbba", "muda", "continuous", "posted"])
def test_no_other_mechanism_exceeds_it(books, name):
    params = {"posted_price": 150.0} if name == "posted" else {}
    total = [sum(surpluses(book, clear(book, name, **params))) for book in books[0]]
    assert sum(total) > 0
    assert (np.array(total) <= books[1].welfare + 1e-6).all()
    assert sum(total) < books[1].welfare.sum()
