"""The tariff against its definition, by hand and in the limit of many traders."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market import AuctionRules, OrderBook, stream, surpluses
from market.crossing import cross
from market.mechanisms.posted import Posted
from tests.oracles.books import LIMITS, ORDERS, TIES, book_of, check_two_prices, rules_of, same
from tests.oracles.posted import posted

OPEN = AuctionRules()
PRICE = st.integers(-5, 11)
MARGIN = st.sampled_from([0, 0, 1, 4])


def clear(orders, rules=OPEN, rng=None, **params):
    return Posted(**params).clear(book_of(orders), rules, rng)


@settings(max_examples=10_000, deadline=None)
@given(ORDERS, LIMITS, PRICE, MARGIN)
def test_prices_and_fills_follow_the_definition(orders, limits, price, margin):
    result = clear(orders, rules_of(limits, "time"), posted_price=price, margin=margin)
    check_two_prices(result, posted(orders, price, margin, *limits))


@settings(max_examples=500, deadline=None)
@given(ORDERS, LIMITS, TIES, PRICE, MARGIN)
def test_nobody_loses_and_no_trade_is_more_than_the_best(orders, limits, ties, price, margin):
    book, rules = book_of(orders), rules_of(limits, ties)
    result = Posted(price, margin).clear(book, rules, stream(1, "ties"))
    best = cross(book, rules, stream(1, "ties"))
    assert same(result.price_low, None if np.isnan(best.low) else best.low)
    assert same(result.price_high, None if np.isnan(best.high) else best.high)
    assert result.volume <= best.volume
    assert int(result.ask_fill.sum()) == int(result.bid_fill.sum()) == result.volume
    assert (result.ask_fill <= book.ask_quantity).all()
    assert (result.bid_fill <= book.bid_quantity).all()
    if result.volume:
        assert rules.price_floor <= result.sell_price <= result.buy_price <= rules.price_cap
        assert min(surpluses(book, result)) >= 0


@settings(max_examples=200, deadline=None)
@given(ORDERS.filter(len), PRICE)
def test_no_lie_about_the_price_pays(orders, price):
    def utility(reported, row, value):
        result = clear(reported, posted_price=price)
        side = orders[row][0]
        place = sum(s == side for s, _, _ in orders[:row])
        if side == "buy":
            return (value - price) * int(result.bid_fill[place])
        return (price - value) * int(result.ask_fill[place])

    for row, (side, value, quantity) in enumerate(orders):
        honest = utility(orders, row, value)
        for lie in range(-6, 13):
            told = [*orders[:row], (side, lie, quantity), *orders[row + 1 :]]
            assert utility(told, row, value) <= honest


def test_the_longer_side_is_rationed_whatever_its_price():
    orders = [("sell", 10, 6), ("sell", 19, 3), ("sell", 25, 6), ("buy", 30, 6)]
    for ties, fills in (("pro-rata", [4, 2, 0]), ("time", [6, 0, 0])):
        result = clear(orders, AuctionRules(tie_break=ties), posted_price=20)
        assert (result.price, result.volume) == (20, 6)
        assert result.ask_fill.tolist() == fills


def test_the_longer_side_may_be_drawn():
    orders = [("sell", 1, 2)] * 3 + [("buy", 9, 4)]
    rules = AuctionRules(tie_break="random")
    out = [
        clear(orders, rules, stream(seed), posted_price=5).ask_fill.argmin() for seed in range(300)
    ]
    assert np.bincount(out).min() > 70  # four standard deviations below 100 is 67
    with pytest.raises(ValueError, match="random generator"):
        clear(orders, rules, posted_price=5)


def test_the_operator_keeps_the_margin():
    orders = [("sell", 15, 4), ("sell", 18, 4), ("buy", 30, 6)]
    result = clear(orders, posted_price=20, margin=4)
    assert (result.buy_price, result.sell_price, result.volume) == (20, 16, 4)
    assert np.isnan(result.price)
    assert result.ask_fill.tolist() == [4, 0]
    assert surpluses(book_of(orders), result) == pytest.approx((40e-6, 4e-6, 16e-6))


def test_both_prices_stay_within_floor_and_cap():
    orders = [("sell", -5, 4), ("buy", 90, 4)]
    result = clear(orders, AuctionRules(price_cap=50.0), posted_price=80, margin=60)
    assert (result.buy_price, result.sell_price) == (50, 20)
    result = clear(orders, AuctionRules(price_floor=0.0), posted_price=3, margin=60)
    assert (result.buy_price, result.sell_price) == (3, 0)


@pytest.mark.parametrize(
    "orders", [[], [("sell", 1, 5)], [("buy", 400, 5)], [("sell", 330, 5), ("buy", 400, 5)]]
)
def test_where_one_side_declines_nothing_trades(orders):
    result = clear(orders)
    assert result.volume == 0
    assert np.isnan([result.price, result.buy_price, result.sell_price]).all()


def test_the_default_is_the_price_of_coal_power_in_qinghai():
    result = clear([("sell", 324.7, 5), ("buy", 324.7, 5), ("buy", 324.69, 5)])
    assert (result.price, result.volume) == (324.7, 5)


@settings(max_examples=200, deadline=None)
@given(ORDERS, TIES)
def test_empty_rows_change_nothing(orders, ties):
    rules = AuctionRules(tie_break=ties)
    padded = [("sell", -3, 0), ("buy", 9, 0), *orders, ("sell", 0, 0), ("buy", 8, 0)]
    plain = clear(orders, rules, stream(3), posted_price=4)
    more = clear(padded, rules, stream(3), posted_price=4)
    assert more.ask_fill.tolist() == [0, *plain.ask_fill, 0]
    assert more.bid_fill.tolist() == [0, *plain.bid_fill, 0]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "300", None, True])
@pytest.mark.parametrize("name", ["posted_price", "margin"])
def test_parameters_must_be_numbers(name, value):
    with pytest.raises(ValueError, match=f"{name} must be a number"):
        Posted(**{name: value})


def test_the_margin_must_not_be_negative():
    with pytest.raises(ValueError, match="margin must not be negative, not -1"):
        Posted(margin=-1)


# n buyers and n sellers of one unit, values and costs uniform on [0, 1], posted price 1/2:
# the share of the largest gains, exactly 3/4 for one pair.


@pytest.mark.parametrize(
    ("n", "share", "runs"),
    [(1, 75.0, 20_000), (5, 82.93, 6000), (10, 86.5, 4000), (50, 92.96, 1000)],
)
def test_a_fixed_price_falls_short_by_the_known_share(n, share, runs):
    rng = np.random.default_rng(n)
    sizes = np.ones(n, np.int64)
    rules = AuctionRules(tie_break="random")
    lot = stream(n, "lot")
    most, kept = np.zeros((2, runs))
    for run in range(runs):
        book = OrderBook(rng.random(n), sizes, rng.random(n), sizes, 1.0)
        best = cross(book, OPEN)
        most[run] = book.bid_price @ best.bid_fill - book.ask_price @ best.ask_fill
        kept[run] = sum(surpluses(book, Posted(posted_price=0.5).clear(book, rules, lot)))
    error = np.std(kept - share / 100 * most) / np.sqrt(runs) / most.mean()
    assert kept.sum() / most.sum() == pytest.approx(share / 100, abs=4 * error + 0.0005)
