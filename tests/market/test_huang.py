"""Multi-unit trade reduction against its definition, by hand and against lies."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market import AuctionRules, OrderBook, stream, surpluses
from market.crossing import cross
from market.mechanisms.huang import Huang, curtailed
from market.mechanisms.mcafee import McAfee
from tests.oracles.books import FINE_ORDERS, LIMITS, ORDERS, TIES, book_of, rules_of, same
from tests.oracles.huang import cut, huang

OPEN = AuctionRules()
SMALL_BOOKS = st.lists(
    st.tuples(st.sampled_from(["buy", "sell"]), st.integers(0, 6), st.integers(1, 4)),
    min_size=2,
    max_size=8,
)


def clear(orders, rules=OPEN, rng=None):
    return Huang().clear(book_of(orders), rules, rng)


def utility(orders, row, value):
    """What the order's owner gains, in price times quantity, if `value` is the truth."""
    result = clear(orders)
    side = orders[row][0]
    place = sum(s == side for s, _, _ in orders[:row])
    if side == "buy":
        return float(np.nan_to_num(value - result.buy_price)) * int(result.bid_fill[place])
    return float(np.nan_to_num(result.sell_price - value)) * int(result.ask_fill[place])


@settings(max_examples=10_000, deadline=None)
@given(ORDERS, LIMITS, st.sampled_from(["pro-rata", "time"]))
def test_prices_and_fills_follow_the_definition(orders, limits, ties):
    result = clear(orders, rules_of(limits, ties))
    buy, sell, sold, bought = huang(orders, *limits)
    assert same(result.buy_price, buy)
    assert same(result.sell_price, sell)
    assert result.ask_fill.tolist() == sold
    assert result.bid_fill.tolist() == bought
    assert result.volume == sum(sold) == sum(bought)
    assert same(result.price, buy if buy == sell else None)


@settings(max_examples=500, deadline=None)
@given(FINE_ORDERS, LIMITS, TIES)
def test_nobody_loses_and_the_operator_pays_nothing(orders, limits, ties):
    book, rules = book_of(orders), rules_of(limits, ties)
    result = Huang().clear(book, rules, stream(1, "ties"))
    assert result.volume <= cross(book, rules, stream(1, "ties")).volume
    if result.volume:
        assert rules.price_floor <= result.sell_price <= result.buy_price <= rules.price_cap
        assert (book.ask_price[result.ask_fill > 0] <= result.sell_price).all()
        assert (book.bid_price[result.bid_fill > 0] >= result.buy_price).all()
        assert min(surpluses(book, result)) >= 0


@settings(max_examples=300, deadline=None)
@given(SMALL_BOOKS)
def test_no_lie_about_the_price_pays(orders):
    for row, (side, value, quantity) in enumerate(orders):
        honest = utility(orders, row, value)
        assert honest >= 0
        for twice in range(-1, 14):
            lie = [*orders[:row], (side, twice / 2, quantity), *orders[row + 1 :]]
            assert utility(lie, row, value) <= honest


@settings(max_examples=500, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=9), st.data())
def test_the_longer_side_is_cut_alike(quantities, data):
    total = data.draw(st.integers(0, sum(quantities)))
    by_hand = cut([(0, row, q) for row, q in enumerate(quantities)], total)
    parts = curtailed(np.array(quantities, np.int64), total)
    assert parts.tolist() == list(by_hand.values())
    given_up = np.array(quantities) - parts
    # Whoever keeps something gave up as much as anybody, but for one unit that does not divide.
    assert given_up.max() - given_up[parts > 0].min(initial=given_up.max()) <= 1


def test_large_cuts_are_exact():
    quantity = np.array([10**10, 1, 3 * 10**9 + 1, 10**12], np.int64)
    parts = curtailed(quantity, 10**12)
    # 13,000,000,002 too many: the second gives up its one unit, the third all it has, the others
    # share the remaining ten thousand million.
    assert parts.tolist() == [5 * 10**9, 0, 0, 10**12 - 5 * 10**9]


def test_overdemand_is_taken_off_all_buyers_alike():
    orders = [("sell", 10, 4), ("sell", 20, 5), ("buy", 50, 4), ("buy", 40, 2), ("buy", 30, 9)]
    result = clear(orders)
    assert (result.buy_price, result.sell_price, result.volume) == (30, 20, 4)
    assert result.bid_fill.tolist() == [3, 1, 0]
    assert result.ask_fill.tolist() == [4, 0]
    assert np.isnan(result.price)
    # 4 units at 30 - 20 for the operator; the orders are whole watt-hours.
    assert surpluses(book_of(orders), result)[2] == pytest.approx(40e-6)


def test_oversupply_is_taken_off_all_sellers_alike():
    orders = [("buy", 90, 5), ("buy", 80, 7), ("sell", 1, 1), ("sell", 2, 3), ("sell", 3, 4)]
    result = clear([*orders, ("sell", 60, 5)])
    # 12 units are efficient: bid 80 and offer 60 stay out. 8 units of supply meet 5 of demand.
    assert (result.buy_price, result.sell_price, result.volume) == (80, 60, 5)
    assert result.ask_fill.tolist() == [0, 2, 3, 0]


def test_the_first_of_equal_prices_rank_first():
    orders = [("buy", 9, 2), ("buy", 9, 2), ("sell", 1, 2), ("sell", 1, 2)]
    result = clear(orders)
    assert result.bid_fill.tolist() == result.ask_fill.tolist() == [2, 0]
    assert (result.buy_price, result.sell_price) == (9, 1)


def test_random_ties_draw_who_ranks_last():
    orders = [("sell", 1, 2), ("sell", 1, 2), ("sell", 1, 2), *[("buy", 9, 2)] * 3]
    rules = AuctionRules(tie_break="random")
    out = [clear(orders, rules, stream(seed)).ask_fill.argmin() for seed in range(300)]
    assert np.bincount(out).min() > 70  # four standard deviations below 100 is 67
    again = [clear(orders, rules, stream(seed)).ask_fill.argmin() for seed in range(300)]
    assert out == again
    with pytest.raises(ValueError, match="random generator"):
        clear(orders, rules)


@pytest.mark.parametrize(
    "orders",
    [
        [],
        [("sell", 1, 5)],
        [("buy", 1, 5), ("buy", 2, 5)],
        [("sell", 5, 5), ("buy", 4, 5)],
        [("sell", 1, 5), ("buy", 9, 5)],  # the only pair sets the prices
        [("sell", 1, 5), ("buy", 9, 3), ("buy", 8, 2)],  # no offer is left
        [("sell", 1, 0), ("sell", 2, 5), ("buy", 9, 0), ("buy", 8, 5)],
    ],
)
def test_without_an_order_to_spare_on_either_side_nothing_trades(orders):
    result = clear(orders)
    assert result.volume == 0
    assert np.isnan([result.price, result.buy_price, result.sell_price]).all()
    assert not result.ask_fill.any()
    assert not result.bid_fill.any()


@settings(max_examples=300, deadline=None)
@given(ORDERS, TIES, st.data())
def test_empty_rows_change_nothing(orders, ties, data):
    rules = AuctionRules(tie_break=ties)
    empty = st.sampled_from([("buy", 9, 0), ("buy", 0, 0), ("sell", 0, 0), ("sell", 9, 0)])
    padded = [x for order in orders for x in (order, *data.draw(st.lists(empty, max_size=2)))]
    plain, more = clear(orders, rules, stream(4)), clear(padded, rules, stream(4))
    assert same(more.buy_price, None if np.isnan(plain.buy_price) else plain.buy_price)
    for side, first, second in (
        ("sell", plain.ask_fill, more.ask_fill),
        ("buy", plain.bid_fill, more.bid_fill),
    ):
        assert second[[q > 0 for s, _, q in padded if s == side]].tolist() == [
            fill
            for fill, (_, _, q) in zip(first, [o for o in orders if o[0] == side], strict=True)
            if q > 0
        ]


def test_on_orders_of_one_size_it_is_the_reduction_of_mcafee():
    orders = [("sell", x, 3) for x in (10, 14, 40)] + [("buy", x, 3) for x in (30, 20, 8)]
    one, other = clear(orders), McAfee().clear(book_of(orders), OPEN)
    # (40 + 8) / 2 = 24 is too much for the second bid.
    assert (one.buy_price, one.sell_price) == (other.buy_price, other.sell_price) == (20, 14)
    assert one.ask_fill.tolist() == other.ask_fill.tolist() == [3, 0, 0]
    assert one.bid_fill.tolist() == other.bid_fill.tolist() == [3, 0, 0]


def test_prices_stay_within_floor_and_cap():
    orders = [("sell", -9, 5), ("sell", -5, 5), ("buy", 80, 5), ("buy", 60, 5)]
    result = clear(orders, AuctionRules(price_floor=0.0, price_cap=50.0))
    assert (result.sell_price, result.buy_price, result.volume) == (0, 50, 5)
    # The offer above the cap cannot set the price, though a bid would pay it.
    result = clear([*orders, ("sell", 55, 5), ("buy", 90, 5)], AuctionRules(price_cap=50.0))
    assert (result.sell_price, result.buy_price) == (-5, 50)


def test_ten_thousand_orders_take_milliseconds():
    rng = np.random.default_rng(1)
    half = 5000
    book = OrderBook(
        rng.uniform(0, 400, half),
        rng.integers(1, 10**9, half),
        rng.uniform(100, 500, half),
        rng.integers(1, 10**9, half),
    )
    seconds = []
    for _ in range(7):
        start = time.perf_counter()
        result = Huang().clear(book, OPEN)
        seconds.append(time.perf_counter() - start)
    assert result.volume > 0
    assert min(seconds) < 0.02  # about 1 ms on an idle machine
