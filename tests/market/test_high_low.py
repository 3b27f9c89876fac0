"""High-low matching against the hand method: best two, then the next two."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market import AuctionRules, stream, surpluses
from market.crossing import cross
from market.mechanisms.high_low import HighLow
from tests.oracles import auctions
from tests.oracles.books import LIMITS, ORDERS, TIES, book_of, rules_of


@settings(max_examples=10_000, deadline=None)
@given(ORDERS, LIMITS, st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_pairs_and_prices_follow_the_hand_method(orders, limits, k):
    book, rules = book_of(orders), rules_of(limits, "time")
    by_hand = auctions.high_low(orders, k, *limits)
    result = HighLow(k).clear(book, rules)
    found = list(zip(*(column.tolist() for column in result.trades), strict=True))
    assert [pair[:3] for pair in found] == [pair[:3] for pair in by_hand]
    assert [pair[3] for pair in found] == pytest.approx([pair[3] for pair in by_hand])
    paid = np.zeros(book.ask_price.size)
    cost = np.zeros(book.bid_price.size)
    for ask, bid, quantity, price in by_hand:
        paid[ask] += quantity * price
        cost[bid] += quantity * price
    assert np.allclose(result.ask_pay * result.ask_fill, paid)
    assert np.allclose(result.bid_pay * result.bid_fill, cost)


@settings(max_examples=400, deadline=None)
@given(ORDERS, LIMITS, TIES, st.floats(0, 1))
def test_volume_is_the_largest_and_nobody_loses(orders, limits, ties, k):
    book, rules = book_of(orders), rules_of(limits, ties)
    result = HighLow(k).clear(book, rules, stream(2, "ties"))
    found = cross(book, rules, stream(2, "ties"))
    assert result.volume == found.volume == result.trades.quantity.sum()
    assert np.array_equal(result.ask_fill, found.ask_fill)
    assert (result.ask_pay >= book.ask_price).all()
    assert (result.bid_pay <= book.bid_price).all()
    buyers, sellers, operator = surpluses(book, result)
    assert min(buyers, sellers) >= 0
    assert operator == pytest.approx(0, abs=1e-15)


def test_second_best_meets_second_best():
    book = book_of([("sell", 10, 5), ("sell", 20, 5), ("buy", 26, 5), ("buy", 40, 5)])
    result = HighLow(k=0.5).clear(book, AuctionRules())
    assert result.ask_pay.tolist() == [25, 23]
    assert result.bid_pay.tolist() == [23, 25]
    assert np.isnan([result.price, result.buy_price, result.sell_price]).all()


def test_margin_is_shared_but_equal_prices_pair_in_row_order():
    book = book_of([("sell", 10, 4), ("sell", 10, 4), ("buy", 20, 2), ("buy", 20, 2)])
    found = HighLow().clear(book, AuctionRules()).trades
    assert [column.tolist() for column in found] == [[0, 1], [0, 1], [2, 2], [15, 15]]


def test_pairs_of_an_empty_book():
    assert HighLow().clear(book_of([]), AuctionRules()).trades.quantity.size == 0


def test_k_is_checked():
    with pytest.raises(ValueError, match="k must be"):
        HighLow(k=2)
