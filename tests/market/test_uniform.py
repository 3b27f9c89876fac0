"""The call auction against its definition, by hand and on real books."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market import AuctionRules, stream
from market.crossing import cross, ration
from market.mechanisms.uniform import Uniform, k_point
from tests.oracles import auctions
from tests.oracles.books import FINE_ORDERS, LIMITS, ORDERS, TIES, book_of, rules_of, same

OPEN = AuctionRules()
SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "orderbooks"


def clear(orders, rules=OPEN, **params):
    return Uniform(**params).clear(book_of(orders), rules)


@settings(max_examples=10_000, deadline=None)
@given(ORDERS, LIMITS, TIES)
def test_price_set_and_volume_follow_the_definition(orders, limits, ties):
    result = Uniform().clear(book_of(orders), rules_of(limits, ties), stream(1, "ties"))
    low, high = auctions.price_set(orders, *limits)
    assert same(result.price_low, low)
    assert same(result.price_high, high)
    assert result.volume == auctions.volume(orders, *limits)
    assert int(result.ask_fill.sum()) == int(result.bid_fill.sum()) == result.volume


@settings(max_examples=500, deadline=None)
@given(ORDERS, LIMITS)
def test_fills_in_row_order_are_those_of_a_queue(orders, limits):
    book, rules = book_of(orders), rules_of(limits, "time")
    found = cross(book, rules)
    assert found.ask_fill.tolist() == auctions.in_turn(orders, "sell", found.volume, *limits)
    assert found.bid_fill.tolist() == auctions.in_turn(orders, "buy", found.volume, *limits)


@settings(max_examples=500, deadline=None)
@given(
    ORDERS,
    LIMITS,
    TIES,
    st.sampled_from(["k", "marginal-ask", "marginal-bid", "midpoint"]),
    st.floats(0, 1),
)
def test_nobody_trades_at_a_price_worse_than_his_order(orders, limits, ties, price_rule, k):
    book, rules = book_of(orders), rules_of(limits, ties)
    result = Uniform(k, price_rule).clear(book, rules, stream(1, "ties"))
    if result.volume == 0:
        assert np.isnan([result.price, result.buy_price, result.sell_price]).all()
        return
    assert rules.price_floor <= result.price <= rules.price_cap
    assert (book.ask_price[result.ask_fill > 0] <= result.price).all()
    assert (book.bid_price[result.bid_fill > 0] >= result.price).all()
    assert result.buy_price == result.sell_price == result.price


@settings(max_examples=300, deadline=None)
@given(FINE_ORDERS, TIES)
def test_better_orders_go_first_and_only_the_margin_is_rationed(orders, ties):
    book = book_of(orders)
    found = cross(book, AuctionRules(tie_break=ties), stream(3, "ties"))
    for price, quantity, fill in (
        (book.ask_price, book.ask_quantity, found.ask_fill),
        (-book.bid_price, book.bid_quantity, found.bid_fill),
    ):
        assert ((fill >= 0) & (fill <= quantity)).all()
        if found.volume:
            margin = price[fill > 0].max()
            assert (fill[price < margin] == quantity[price < margin]).all()


@settings(max_examples=300, deadline=None)
@given(FINE_ORDERS, st.randoms(use_true_random=False))
def test_row_order_changes_no_total(orders, random):
    shuffled = list(orders)
    random.shuffle(shuffled)
    before, after = cross(book_of(orders), OPEN), cross(book_of(shuffled), OPEN)
    assert before.volume == after.volume
    assert np.array_equal(before[:2], after[:2], equal_nan=True)

    def by_price(book, found):
        levels = sorted(set(book.ask_price.tolist()))
        return [(p, int(found.ask_fill[book.ask_price == p].sum())) for p in levels]

    assert by_price(book_of(orders), before) == by_price(book_of(shuffled), after)


@settings(max_examples=300, deadline=None)
@given(ORDERS, st.integers(1, 10**9), st.sampled_from([0.25, 2.0, 1024.0]))
def test_scaling_quantities_and_prices_scales_the_result(orders, more, dearer):
    first = clear(orders)
    second = clear([(side, x * dearer, q * more) for side, x, q in orders])
    assert second.volume == first.volume * more
    assert np.array_equal([first.price * dearer], [second.price], equal_nan=True)


def test_empty_rows_are_no_orders():
    orders = [("sell", 10, 5), ("buy", 30, 5)]
    padded = [("sell", 12, 0), *orders, ("buy", 29, 0), ("sell", 10, 0), ("buy", 30, 0)]
    assert clear(padded).price == clear(orders).price == 20
    assert clear(padded).ask_fill.tolist() == [0, 5, 0]


def test_equal_marginal_bid_and_ask_trade():
    result = clear([("sell", 20, 4), ("buy", 20, 3)])
    assert (result.volume, result.price) == (3, 20)


def test_four_price_rules_differ():
    orders = [("sell", 10, 5), ("sell", 24, 5), ("buy", 30, 5), ("buy", 14, 5)]
    # a* = 10, b* = 30; the set reaches from the rejected bid 14 to the rejected offer 24.
    assert clear(orders, k=0.0).price == 14
    assert clear(orders, k=1.0).price == 24
    assert clear(orders, k=0.3).price == 17
    assert clear(orders, price_rule="marginal-ask").price == 10
    assert clear(orders, price_rule="marginal-bid").price == 30
    assert clear(orders, price_rule="midpoint").price == 20


@pytest.mark.parametrize(
    ("orders", "floor", "cap", "ends"),
    [
        ([], None, None, (None, None)),
        ([], 0, None, (0, None)),
        ([], 0, 100, (0, 100)),
        ([("buy", 40, 1), ("buy", 50, 1)], None, None, (50, 50)),
        ([("buy", 40, 1), ("buy", 50, 1)], 0, 100, (50, 100)),
        ([("sell", 40, 1), ("sell", 50, 1)], None, None, (40, 40)),
        ([("sell", 40, 1), ("sell", 50, 1)], 0, 100, (0, 40)),
        ([("buy", 40, 1), ("sell", 50, 1)], 0, 100, (40, 50)),
        ([("buy", -5, 1)], 0, 100, (0, 100)),  # a bid below the floor is no order
        ([("sell", 500, 1), ("buy", 700, 1)], 0, 100, (100, 100)),  # an offer above the cap neither
    ],
)
def test_ends_are_reported_where_nothing_trades(orders, floor, cap, ends):
    limits = (-np.inf if floor is None else floor, np.inf if cap is None else cap)
    result = clear(orders, rules_of(limits))
    assert result.volume == 0
    assert np.isnan(result.price)
    assert same(result.price_low, ends[0])
    assert same(result.price_high, ends[1])


def test_surplus_power_at_the_floor_serves_every_buyer_at_the_floor():
    orders = [("sell", -50, 6), ("sell", -20, 6), ("buy", 40, 4)]
    result = clear(orders, AuctionRules(price_floor=0.0))
    assert (result.price_low, result.price, result.volume) == (0, 0, 4)
    assert result.ask_fill.tolist() == [4, 0]


def test_scarcity_at_the_cap_serves_the_highest_bids():
    orders = [("sell", 10, 5), ("sell", 900, 5), ("buy", 300, 4), ("buy", 500, 4)]
    result = clear(orders, AuctionRules(price_cap=100.0))
    assert (result.price_high, result.price, result.volume) == (100, 100, 5)
    assert result.bid_fill.tolist() == [1, 4]
    assert result.ask_fill.tolist() == [5, 0]


def test_ties_by_share_and_by_row():
    orders = [("sell", 0, 6), ("sell", 0, 3), ("sell", 0, 3), ("buy", 9, 6)]
    shared = clear(orders, AuctionRules(tie_break="pro-rata")).ask_fill
    in_turn = clear(orders, AuctionRules(tie_break="time")).ask_fill
    assert shared.tolist() == [3, 2, 1]
    assert in_turn.tolist() == [6, 0, 0]


def test_random_ties_repeat_with_the_seed_and_are_fair():
    quantity, rules = np.array([1, 1, 1, 1]), AuctionRules(tie_break="random")
    draws = [ration(quantity, 1, rules, stream(seed, "ties")) for seed in range(400)]
    again = [ration(quantity, 1, rules, stream(seed, "ties")) for seed in range(400)]
    assert np.array_equal(draws, again)
    wins = np.sum(draws, axis=0)
    assert wins.sum() == 400
    assert wins.min() > 70  # four standard deviations below 100 is 65


def test_random_ties_without_a_generator_are_refused():
    with pytest.raises(ValueError, match="random generator"):
        ration(np.array([1, 1]), 1, AuctionRules(tie_break="random"), None)


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(0, 1))
def test_k_point_never_leaves_the_interval(one, other, k):
    low, high = min(one, other), max(one, other)
    assert low <= k_point(low, high, k) <= high
    assert (k_point(low, high, 0), k_point(low, high, 1)) == (low, high)


@pytest.mark.parametrize("k", [-0.1, 1.1, float("nan"), "0.5", None, True])
def test_k_outside_zero_and_one_is_refused(k):
    with pytest.raises(ValueError, match="k must be a number from 0 to 1"):
        Uniform(k=k)


def test_unknown_price_rule_is_refused():
    with pytest.raises(ValueError, match="one of k, marginal-ask, marginal-bid, midpoint"):
        Uniform(price_rule="median")


def test_nothing_in_the_book_is_changed():
    book = book_of([("sell", 1, 5), ("sell", 1, 5), ("buy", 2, 5)])
    kept = replace(book, ask_quantity=book.ask_quantity.copy())
    cross(book, OPEN)
    assert np.array_equal(book.ask_quantity, kept.ask_quantity)


def test_large_books_agree_with_small_sums():
    rng = np.random.default_rng(5)
    n = 20_000
    orders = list(
        zip(
            np.where(rng.random(n) < 0.5, "buy", "sell").tolist(),
            rng.integers(0, 500, n).tolist(),
            rng.integers(0, 10**9, n).tolist(),
            strict=True,
        )
    )
    result = clear(orders)
    assert auctions.clears(auctions.tradable(orders, -np.inf, np.inf), result.price)
    assert result.volume == min(
        auctions.offered(orders, result.price), auctions.wanted(orders, result.price)
    )


@pytest.fixture(scope="module")
def published():
    if not SHARED.exists():
        pytest.skip("the published order books are not beside the repository")
    pandas = pytest.importorskip("pandas")
    orders = pandas.read_csv(SHARED / "orders.csv")
    results = pandas.read_csv(SHARED / "clearing.csv").set_index("interval_id")
    orders["wh"] = np.rint(orders.qty_mw * 1e6).astype(np.int64)
    books = {
        name: book_of(list(zip(rows.side, rows.price_jpy_kwh, rows.wh, strict=True)))
        for name, rows in orders.groupby("interval_id", sort=False)
    }
    return books, results


def test_published_prices_of_a_real_market_are_reproduced_exactly(published):
    books, results = published
    rules = AuctionRules(price_floor=0.01)
    assert len(books) == 120
    for name, book in books.items():
        found, row = Uniform(k=0.0).clear(book, rules), results.loc[name]
        assert found.price == row.published_system_price_jpy_kwh
        assert (found.price_low, found.price_high) == (row.clear_price_low, row.clear_price_high)
        assert found.volume / 1e6 == pytest.approx(row.clear_volume_mw, abs=1e-9)


def test_price_rules_differ_on_real_books_with_several_equilibria(published):
    books, results = published
    ties = results.index[results.label == "tie"]
    assert len(ties) == 8
    rules = AuctionRules(price_floor=0.01)
    for name in ties:
        low, middle, high = (Uniform(k=k).clear(books[name], rules).price for k in (0, 0.5, 1))
        ask, mean, bid = (
            Uniform(price_rule=rule).clear(books[name], rules).price
            for rule in ("marginal-ask", "midpoint", "marginal-bid")
        )
        assert low < middle < high
        assert ask < mean < bid
        assert ask <= low
        assert high <= bid
