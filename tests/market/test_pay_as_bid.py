"""The discriminatory auction: volume of the uniform one, everybody at his own price."""

import numpy as np
from hypothesis import given, settings

from market import AuctionRules, stream, surpluses
from market.mechanisms.pay_as_bid import PayAsBid
from market.mechanisms.uniform import Uniform
from tests.oracles import auctions
from tests.oracles.books import LIMITS, ORDERS, TIES, book_of, rules_of


@settings(max_examples=400, deadline=None)
@given(ORDERS, LIMITS, TIES)
def test_trades_are_those_of_the_uniform_auction(orders, limits, ties):
    book, rules = book_of(orders), rules_of(limits, ties)
    own = PayAsBid().clear(book, rules, stream(1, "ties"))
    one = Uniform().clear(book, rules, stream(1, "ties"))
    assert own.volume == one.volume
    assert np.array_equal(own.ask_fill, one.ask_fill)
    assert np.array_equal(own.bid_fill, one.bid_fill)
    assert np.array_equal(
        [own.price_low, own.price_high], [one.price_low, one.price_high], equal_nan=True
    )
    assert np.isnan([own.price, own.buy_price, own.sell_price]).all()


@settings(max_examples=10_000, deadline=None)
@given(ORDERS, LIMITS)
def test_everybody_pays_his_own_price_within_floor_and_cap(orders, limits):
    book, rules = book_of(orders), rules_of(limits, "time")
    result = PayAsBid().clear(book, rules)
    total = auctions.volume(orders, *limits)
    for side, own, paid, fill in (
        ("sell", book.ask_price, result.ask_pay, result.ask_fill),
        ("buy", book.bid_price, result.bid_pay, result.bid_fill),
    ):
        assert fill.tolist() == auctions.in_turn(orders, side, total, *limits)
        expected = [min(max(price, limits[0]), limits[1]) for price in own]
        assert paid[fill > 0].tolist() == np.array(expected)[fill > 0].tolist()
    assert (result.ask_pay >= book.ask_price)[result.ask_fill > 0].all()
    assert (result.bid_pay <= book.bid_price)[result.bid_fill > 0].all()


@settings(max_examples=200, deadline=None)
@given(ORDERS)
def test_the_operator_keeps_the_whole_gain_when_prices_are_free(orders):
    book = book_of(orders)
    own = surpluses(book, PayAsBid().clear(book, AuctionRules()))
    one = surpluses(book, Uniform().clear(book, AuctionRules()))
    assert own[:2] == (0, 0)
    assert np.isclose(own[2], sum(one))
    assert own[2] >= 0


def test_spread_goes_to_the_operator():
    book = book_of([("sell", 10, 4), ("sell", 20, 4), ("buy", 30, 6)])
    result = PayAsBid().clear(book, AuctionRules())
    assert surpluses(book, result) == (0, 0, (4 * 20 + 2 * 10) / 1e6)
