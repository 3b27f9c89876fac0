"""Orders with a minimum quantity in the uniform auction."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market import AuctionRules, InputError, OrderBook, clear
from market.mechanisms.uniform import Uniform
from tests.oracles import block_orders as oracle
from tests.oracles.books import LIMITS, book_of, rules_of

ORDER = st.tuples(
    st.sampled_from(["buy", "sell"]), st.integers(-3, 9), st.integers(0, 7), st.integers(0, 7)
)
FEW = st.lists(ORDER, max_size=8).filter(lambda orders: sum(m > 0 for *_, m in orders) <= 5)


def book_with(orders):
    """Orders (side, price, quantity, minimum) as a book."""
    plain = book_of([order[:3] for order in orders])
    ask = np.array([m for side, _, _, m in orders if side == "sell"], np.int64)
    bid = np.array([m for side, _, _, m in orders if side == "buy"], np.int64)
    return replace(plain, quantum=1.0, ask_minimum=ask, bid_minimum=bid)


def clear_with(orders, limits=(-np.inf, np.inf), **params):
    return Uniform(**params).clear(book_with(orders), rules_of(limits))


def test_an_order_that_cannot_have_its_minimum_stays_out_and_the_next_one_trades():
    found = clear_with([("sell", 10, 12, 12), ("sell", 30, 12, 0), ("buy", 50, 10, 0)])
    assert found.ask_fill.tolist() == [0, 10]
    assert (found.price, found.volume) == (30, 10)


def test_an_order_is_cut_down_to_its_minimum_and_not_further():
    orders = [("sell", 30, 12, 6), ("buy", 50, 7, 0), ("buy", 20, 9, 0)]
    found = clear_with(orders)
    assert (found.price, found.ask_fill.tolist()) == (30, [7])
    assert clear_with([("sell", 30, 12, 8), *orders[1:]]).volume == 0


def test_a_bid_with_a_minimum_sets_the_price_where_it_is_accepted():
    found = clear_with([("sell", 10, 8, 0), ("buy", 40, 8, 8), ("buy", 20, 8, 0)], k=1)
    assert (found.price_low, found.price_high, found.price) == (20, 40, 40)


def test_price_rules_go_with_minimums():
    orders = [("sell", 10, 8, 8), ("buy", 40, 8, 0), ("sell", 90, 1, 0)]
    prices = {r: clear_with(orders, price_rule=r).price for r in ("marginal-ask", "midpoint")}
    assert prices == {"marginal-ask": 10, "midpoint": 25}


def test_a_minimum_above_the_quantity_never_trades():
    assert clear_with([("sell", 10, 5, 6), ("buy", 40, 8, 0)]).volume == 0


def test_other_mechanisms_refuse_and_plain_books_do_not_need_the_solver(monkeypatch):
    book = book_with([("sell", 10, 5, 5), ("buy", 40, 8, 0)])
    with pytest.raises(InputError, match="takes no orders with a minimum quantity"):
        clear(book, "pay-as-bid")
    assert clear(book, "uniform").volume == 5
    monkeypatch.setitem(__import__("sys").modules, "highspy", None)
    plain = OrderBook(*[np.array([1.0]), np.array([1]), np.array([2.0]), np.array([1])])
    assert clear(plain).volume == 1


@settings(max_examples=1500, deadline=None)
@given(FEW, LIMITS)
def test_the_largest_welfare_in_which_nobody_loses(orders, limits):
    found = clear_with(orders, limits)
    bound = [order for order in orders if 0 < order[3] <= order[2]]
    steps = [order[:3] for order in orders if order[3] == 0]
    blocks = [
        {
            "price": price,
            "quantity": [quantity if side == "buy" else -quantity],
            "ratio": least / quantity,
            "parent": None,
            "group": None,
        }
        for side, price, quantity, least in bound
    ]
    # A minimum beyond the quantity takes no part, but its price is among the known ones.
    ends = [None if np.isinf(limit) else limit for limit in limits]
    expected = oracle.best_welfare_of_shares([steps], blocks, *ends)
    book = book_with(orders)
    welfare = book.bid_price @ found.bid_fill - book.ask_price @ found.ask_fill
    assert welfare == pytest.approx(expected, abs=1e-6)


@settings(max_examples=500, deadline=None)
@given(FEW, LIMITS, st.floats(0, 1))
def test_minimums_limits_and_the_balance_are_kept(orders, limits, k):
    book, found = book_with(orders), clear_with(orders, limits, k=k)
    assert found.ask_fill.sum() == found.bid_fill.sum() == found.volume
    for side in ("ask", "bid"):
        fill = getattr(found, f"{side}_fill")
        least, most = getattr(book, f"{side}_minimum"), getattr(book, f"{side}_quantity")
        assert ((fill == 0) | ((fill >= least) & (fill <= most))).all()
    if found.volume:
        assert limits[0] <= found.price <= limits[1]
        assert (book.ask_price[found.ask_fill > 0] <= found.price).all()
        assert (book.bid_price[found.bid_fill > 0] >= found.price).all()


@settings(max_examples=300, deadline=None)
@given(FEW, LIMITS, st.floats(0, 1))
def test_without_minimums_it_is_the_plain_auction(orders, limits, k):
    orders = [(*order[:3], 0) for order in orders]
    plain = replace(book_with(orders), ask_minimum=None, bid_minimum=None)
    found, expected = clear_with(orders, limits, k=k), Uniform(k=k).clear(plain, rules_of(limits))
    assert found.ask_fill.tolist() == expected.ask_fill.tolist()
    assert found.bid_fill.tolist() == expected.bid_fill.tolist()
    ours, theirs = ([r.price, r.price_low, r.price_high] for r in (found, expected))
    assert np.array_equal(ours, theirs, equal_nan=True)


def test_random_ties_need_a_generator_only_where_somebody_is_rationed():
    book = book_with([("sell", 10, 5, 0), ("sell", 10, 5, 0), ("buy", 40, 6, 6)])
    rules = AuctionRules(tie_break="random")
    fills = Uniform().clear(book, rules, np.random.default_rng(1)).ask_fill.tolist()
    assert sorted(fills) == [1, 5]
    with pytest.raises(ValueError, match="random generator"):
        Uniform().clear(book, rules)
