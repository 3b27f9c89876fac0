"""Nobody trades with himself, whatever the mechanism."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market import AuctionRules, mechanisms, stream, surpluses
from market.mechanisms.uniform import Uniform
from market.own_trades import clear_apart
from tests.oracles.books import ORDERS, book_of


def test_the_dearest_offers_and_lowest_bids_of_a_party_are_cancelled():
    book = book_of(
        [("sell", 10, 5), ("sell", 50, 5), ("sell", 90, 5), ("buy", 95, 9), ("buy", 120, 6)]
    )
    result = clear_apart(
        Uniform(), book, AuctionRules(), None, (np.array([0, 1, 0]), np.array([0, 0]))
    )
    assert result.ask_fill.tolist() == [0, 5, 0]
    assert result.bid_fill.tolist() == [0, 5]
    assert result.volume == 5
    # The price stays that of the whole book: 90 to 95 cleared it.
    assert (result.price_low, result.price_high, result.price) == (90, 95, 92.5)


@pytest.mark.parametrize("name", mechanisms.names())
@settings(max_examples=150, deadline=None)
@given(orders=ORDERS, data=st.data())
def test_each_party_ends_on_one_side_and_nothing_is_lost(name, orders, data):
    book = book_of(orders)
    draw = st.integers(0, 2)
    asks = np.array([data.draw(draw) for _ in book.ask_price], np.int64)
    bids = np.array([data.draw(draw) for _ in book.bid_price], np.int64)
    result = clear_apart(mechanisms.get(name)(), book, AuctionRules(), stream(1), (asks, bids))
    sold = np.bincount(asks, result.ask_fill, 3)
    bought = np.bincount(bids, result.bid_fill, 3)
    assert not (np.minimum(sold, bought) > 0).any()
    assert sold.sum() == bought.sum() == result.volume
    assert (result.ask_fill <= book.ask_quantity).all()
    assert (result.bid_fill <= book.bid_quantity).all()
    buyers, sellers, _ = surpluses(book, result)
    assert min(buyers, sellers) >= -1e-12


def test_without_own_orders_nothing_changes():
    orders = [("sell", 10, 5), ("sell", 20, 5), ("buy", 30, 7)]
    book = book_of(orders)
    apart = clear_apart(Uniform(), book, AuctionRules(), None, (np.array([0, 1]), np.array([2])))
    plain = Uniform().clear(book, AuctionRules())
    assert (apart.price, apart.volume) == (plain.price, plain.volume)
    assert np.array_equal(apart.ask_fill, plain.ask_fill)


def test_what_is_cancelled_is_exact_beyond_the_whole_numbers_of_floats():
    huge = 10**16
    book = book_of([("sell", 10, huge + 7), ("buy", 50, huge), ("buy", 49, huge + 1)])
    parties = np.array([0]), np.array([0, 0])
    result = clear_apart(Uniform(), book, AuctionRules(), None, parties)
    assert (result.volume, result.ask_fill.tolist()) == (0, [0])
    # Nothing trades, so there is no price.
    assert np.isnan([result.price, result.buy_price, result.sell_price]).all()
