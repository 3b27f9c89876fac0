"""Clean energy and partner exclusion with every mechanism, and against an independent LP."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from market import AuctionRules, InputError, clear, mechanisms, stream, surpluses
from market.auction import hold
from market.mechanisms.high_low import HighLow
from market.mechanisms.uniform import Uniform
from tests.oracles.books import ORDERS, TIES, book_of


@st.composite
def green_books(draw):
    """Books in which any order may be for clean energy."""
    book = book_of(draw(ORDERS))
    flags = st.booleans()
    return replace(
        book,
        ask_green=np.array([draw(flags) for _ in book.ask_price], bool),
        bid_green=np.array([draw(flags) for _ in book.bid_price], bool),
    )


def largest_gains(book):
    """Welfare of the best trades in which green bids are served by clean offers: an LP."""
    asks, bids = book.ask_price.size, book.bid_price.size
    if not asks or not bids:
        return 0.0
    balance = np.concatenate((np.ones(asks), -np.ones(bids)))
    clean = np.concatenate((-book.ask_green.astype(float), book.bid_green.astype(float)))
    bounds = [(0, q) for q in (*book.ask_quantity, *book.bid_quantity)]
    cost = np.concatenate((book.ask_price, -book.bid_price))
    found = linprog(cost, A_ub=[clean], b_ub=[0], A_eq=[balance], b_eq=[0], bounds=bounds)
    assert found.status == 0
    return -found.fun


def clean_side(book, result):
    return result.bid_fill[book.bid_green].sum(), result.ask_fill[book.ask_green].sum()


@settings(max_examples=1_000, deadline=None)
@given(green_books(), TIES)
def test_the_gains_are_the_largest_and_clean_energy_is_never_the_cheaper_one(book, ties):
    result = hold(Uniform(), book, AuctionRules(tie_break=ties), stream(1))
    got, made = clean_side(book, result)
    assert got <= made
    assert sum(surpluses(book, result)) * 1e6 == pytest.approx(largest_gains(book), abs=1e-6)
    if result.bid_pay is not None:
        green = result.bid_pay[book.bid_green & (result.bid_fill > 0)]
        other = result.bid_pay[~book.bid_green & (result.bid_fill > 0)]
        assert len(set(green)) <= 1
        assert len(set(other)) <= 1
        assert not green.size or not other.size or green[0] >= other[0]


@pytest.mark.parametrize("name", mechanisms.names())
@settings(max_examples=150, deadline=None)
@given(book=green_books(), data=st.data())
def test_green_buyers_get_clean_energy_only_whatever_the_mechanism(name, book, data):
    owner = st.integers(0, 3)
    book = replace(
        book,
        ask_party=np.array([data.draw(owner) for _ in book.ask_price], np.int64),
        bid_party=np.array([data.draw(owner) for _ in book.bid_price], np.int64),
    )
    result = hold(mechanisms.get(name)(), book, AuctionRules(), stream(1))
    got, made = clean_side(book, result)
    assert got <= made
    assert result.ask_fill.sum() == result.bid_fill.sum() == result.volume
    assert (result.ask_fill <= book.ask_quantity).all()
    assert (result.bid_fill <= book.bid_quantity).all()
    buyers, sellers, operator = surpluses(book, result)
    assert min(buyers, sellers) >= -1e-12
    value = (book.bid_price * result.bid_fill).sum() - (book.ask_price * result.ask_fill).sum()
    assert (buyers + sellers + operator) * 1e6 == pytest.approx(value, abs=1e-6)
    if result.trades is not None:
        assert np.array_equal(
            np.bincount(result.trades.ask, result.trades.quantity, book.ask_price.size),
            result.ask_fill,
        )


def test_a_scarce_clean_product_has_a_price_of_its_own():
    orders = [("sell", 10, 5), ("sell", 12, 9), ("buy", 90, 4), ("buy", 70, 4), ("buy", 30, 3)]
    book = replace(
        book_of(orders),
        ask_green=np.array([True, False]),
        bid_green=np.array([True, True, False]),
    )
    result = hold(Uniform(), book, AuctionRules())
    assert result.bid_fill.tolist() == [4, 1, 3]
    assert result.bid_pay.tolist() == [70, 70, 12]
    assert result.ask_pay.tolist() == [70, 12]


def test_plenty_of_clean_energy_leaves_one_price():
    orders = [("sell", 10, 50), ("sell", 12, 9), ("buy", 90, 4), ("buy", 30, 50)]
    book = book_of(orders)
    plain = clear(book)
    green = hold(Uniform(), replace(book, ask_green=np.array([True, False])), AuctionRules())
    assert green.price == plain.price == 12
    picky = replace(book, ask_green=np.array([True, False]), bid_green=np.array([True, False]))
    assert hold(Uniform(), picky, AuctionRules()).price == 12


def test_without_clean_offers_green_buyers_get_nothing():
    book = replace(book_of([("sell", 1, 5), ("buy", 9, 5)]), bid_green=np.array([True]))
    assert hold(Uniform(), book, AuctionRules()).volume == 0


def test_owners_may_be_kept_apart():
    book = replace(
        book_of([("sell", 1, 5), ("sell", 4, 5), ("buy", 9, 5)]),
        ask_owner=np.array([3, 8]),
        bid_owner=np.array([3]),
    )
    assert clear(book).ask_fill.tolist() == [5, 0]
    assert clear(book, self_trade=False).volume == 0


def test_a_minimum_quantity_is_refused_where_the_mechanism_knows_none():
    book = replace(book_of([("sell", 1, 5), ("buy", 9, 5)]), bid_minimum=np.array([5]))
    with pytest.raises(InputError, match="'pay-as-bid' takes no orders with a minimum quantity"):
        clear(book, "pay-as-bid")


@pytest.mark.parametrize("name", ["high-low", "continuous"])
@settings(max_examples=300, deadline=None)
@given(book=green_books())
def test_no_pair_serves_a_green_buyer_from_another_seller(name, book):
    trades = hold(mechanisms.get(name)(), book, AuctionRules()).trades
    assert not (book.bid_green[trades.bid] & ~book.ask_green[trades.ask]).any()


def test_pairs_are_formed_anew_where_the_first_ones_mix_products():
    orders = [("sell", 10, 5), ("sell", 20, 5), ("buy", 90, 5), ("buy", 30, 5)]
    book = replace(
        book_of(orders), ask_green=np.array([False, True]), bid_green=np.array([True, False])
    )
    result = hold(HighLow(), book, AuctionRules())
    assert [column.tolist() for column in result.trades] == [[1, 0], [0, 1], [5, 5], [55, 20]]
    assert result.bid_pay.tolist() == [55, 20]
    assert result.ask_pay.tolist() == [20, 55]
