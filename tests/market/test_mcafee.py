"""McAfee's auction against its definition, by hand, against lies and against his own table."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market import AuctionRules, OrderBook, stream, surpluses
from market.crossing import cross
from market.mechanisms.huang import Huang
from market.mechanisms.mcafee import McAfee
from tests.oracles.books import LIMITS, ORDERS, TIES, book_of, check_two_prices, rules_of
from tests.oracles.mcafee import mcafee

OPEN = AuctionRules()
SIDE = st.sampled_from(["buy", "sell"])


@st.composite
def one_size(draw, rows=14, empty=True):
    """Orders of one size, some rows empty."""
    size = draw(st.integers(1, 3))
    sizes = st.sampled_from([0, size, size, size]) if empty else st.just(size)
    return draw(st.lists(st.tuples(SIDE, st.integers(-3, 9), sizes), max_size=rows))


def clear(orders, rules=OPEN, rng=None):
    return McAfee().clear(book_of(orders), rules, rng)


def ones(asks, bids):
    return [("sell", x, 1) for x in asks] + [("buy", x, 1) for x in bids]


def unit_book(ask, bid):
    n = np.ones(len(ask), np.int64), np.ones(len(bid), np.int64)
    return OrderBook(np.array(ask, float), n[0], np.array(bid, float), n[1], 1.0)


@settings(max_examples=10_000, deadline=None)
@given(st.one_of(one_size(), one_size(), ORDERS), LIMITS, st.sampled_from(["pro-rata", "time"]))
def test_prices_and_fills_follow_the_definition(orders, limits, ties):
    result = clear(orders, rules_of(limits, ties))
    check_two_prices(result, mcafee(orders, *limits))


@settings(max_examples=1000, deadline=None)
@given(one_size(), LIMITS, TIES)
def test_at_most_the_least_valuable_trade_is_lost_and_nobody_loses(orders, limits, ties):
    book, rules = book_of(orders), rules_of(limits, ties)
    result = McAfee().clear(book, rules, stream(1, "ties"))
    best = cross(book, rules, stream(1, "ties"))
    if best.volume == 0:
        assert result.volume == 0
        return
    size = max(q for _, _, q in orders)
    k = best.volume // size
    assert result.volume in ((k - 1) * size, k * size)
    gains = book.bid_price @ result.bid_fill - book.ask_price @ result.ask_fill
    most = book.bid_price @ best.bid_fill - book.ask_price @ best.ask_fill
    least = book.bid_price[best.bid_fill > 0].min() - book.ask_price[best.ask_fill > 0].max()
    assert gains in (most, most - least * size)
    assert gains >= (1 - 1 / k) * most - 1e-9
    if result.volume:
        assert min(surpluses(book, result)) >= 0
        assert rules.price_floor <= result.sell_price <= result.buy_price <= rules.price_cap


def utility(orders, row, value):
    """What the order's owner gains per unit if `value` is the truth."""
    result = clear(orders)
    side = orders[row][0]
    place = sum(s == side for s, _, _ in orders[:row])
    if side == "buy":
        return float(np.nan_to_num(value - result.buy_price)) * int(result.bid_fill[place] > 0)
    return float(np.nan_to_num(result.sell_price - value)) * int(result.ask_fill[place] > 0)


@settings(max_examples=300, deadline=None)
@given(one_size(rows=8, empty=False))
def test_truth_is_a_dominant_strategy(orders):
    for row, (side, value, size) in enumerate(orders):
        honest = utility(orders, row, value)
        assert honest >= 0
        for twice in range(-8, 20):
            lie = [*orders[:row], (side, twice / 2, size), *orders[row + 1 :]]
            assert utility(lie, row, value) <= honest


def test_the_first_pair_outside_sets_one_price():
    orders = ones([10, 14, 24], [30, 20, 8])
    result = clear(orders)
    assert (result.price, result.buy_price, result.sell_price, result.volume) == (16, 16, 16, 2)
    assert result.ask_fill.tolist() == result.bid_fill.tolist() == [1, 1, 0]
    assert surpluses(book_of(orders), result) == pytest.approx((18e-6, 8e-6, 0))


def test_a_price_that_does_not_suit_gives_up_the_last_pair():
    orders = ones([10, 14, 34], [30, 20, 8])
    result = clear(orders)
    assert (result.buy_price, result.sell_price, result.volume) == (20, 14, 1)
    assert np.isnan(result.price)
    assert result.ask_fill.tolist() == result.bid_fill.tolist() == [1, 0, 0]
    assert surpluses(book_of(orders), result) == pytest.approx((10e-6, 4e-6, 6e-6))


@pytest.mark.parametrize(
    ("asks", "bids", "volume"),
    [
        ([], [], 0),
        ([1], [9], 0),  # nobody outside, and the only pair is given up
        ([1, 2], [9, 8], 1),
        ([1, 2], [9], 0),  # an offer outside, but no bid
        ([1], [9, 2], 0),
        ([5, 6], [4, 3], 0),
        ([1, 9], [5, 1], 1),  # (9 + 1) / 2 = 5 suits the bid exactly
        ([5, 9], [8, 1], 1),
    ],
)
def test_small_books_by_hand(asks, bids, volume):
    assert clear(ones(asks, bids)).volume == volume


def test_equal_marginal_prices_count_as_a_trade():
    result = clear(ones([1, 5], [9, 5]))
    assert (result.buy_price, result.sell_price, result.volume) == (5, 5, 1)
    assert result.price == 5


def test_orders_outside_floor_and_cap_are_not_there():
    orders = ones([10, 14, 24], [30, 20, 8])
    # The third offer is above the cap, so there is no pair outside: the second is given up.
    result = clear(orders, AuctionRules(price_cap=22.0))
    assert (result.buy_price, result.sell_price, result.volume) == (20, 14, 1)
    result = clear(orders, AuctionRules(price_floor=9.0, price_cap=18.0))
    assert (result.buy_price, result.sell_price, result.volume) == (18, 14, 1)


def test_orders_of_different_size_are_cleared_as_huang():
    orders = [("sell", 10, 4), ("sell", 20, 5), ("buy", 50, 4), ("buy", 40, 2), ("buy", 30, 9)]
    one, other = clear(orders), Huang().clear(book_of(orders), OPEN)
    assert (one.buy_price, one.sell_price, one.volume) == (30, 20, 4)
    assert one.bid_fill.tolist() == other.bid_fill.tolist()
    # An order without a legal price does not make the sizes differ.
    orders = [*ones([10, 14, 24], [30, 20, 8]), ("sell", 99, 7)]
    assert clear(orders, AuctionRules(price_cap=50.0)).price == 16


def test_random_ties_draw_who_is_left_out():
    orders = ones([1, 1, 1], [9, 9, 9])
    rules = AuctionRules(tie_break="random")
    out = [clear(orders, rules, stream(seed)).bid_fill.argmin() for seed in range(300)]
    assert np.bincount(out).min() > 70  # four standard deviations below 100 is 67
    assert clear(orders).bid_fill.tolist() == [1, 1, 0]


# Table I of the paper as reproduced with 50,000 books each: values and costs uniform on [0, 1],
# n buyers and n sellers; per cent of the largest gains with and without the operator's share.


@pytest.mark.parametrize(
    ("n", "all_gains", "traders_gains", "runs"),
    [(2, 77.2, 69.0, 8000), (5, 94.6, 86.1, 6000), (10, 98.4, 91.8, 4000), (25, 99.7, 96.35, 2000)],
)
def test_shares_of_the_gains_in_the_published_table(n, all_gains, traders_gains, runs):
    rng = np.random.default_rng(n)
    most, kept, traders = np.zeros((3, runs))
    for run in range(runs):
        book = unit_book(rng.random(n), rng.random(n))
        best = cross(book, OPEN)
        most[run] = book.bid_price @ best.bid_fill - book.ask_price @ best.ask_fill
        buyers, sellers, operator = surpluses(book, McAfee().clear(book, OPEN))
        traders[run] = buyers + sellers
        kept[run] = traders[run] + operator
    for gains, share in ((kept, all_gains / 100), (traders, traders_gains / 100)):
        # Standard error of a ratio of means; 0.05 points for the rounding of the table.
        error = np.std(gains - share * most) / np.sqrt(runs) / most.mean()
        assert gains.sum() / most.sum() == pytest.approx(share, abs=4 * error + 0.0005)
