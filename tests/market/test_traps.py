"""Books on which auction programs are known to go wrong, put to every mechanism.

Each is the smallest that shows the error: a marginal order that is served in full or not at
all, nothing sold where the marginal bid equals the marginal offer, more sold than an order
holds, a price at which the book does not clear, prices of zero or below taken for no price.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from market import AuctionRules, book_from_arrays, clear, mechanism_of, mechanisms, stream
from tests.oracles import auctions
from tests.oracles.books import LIMITS, ORDERS, TIES, book_of, rules_of

OPEN = AuctionRules()
EFFICIENT = ("high-low", "pay-as-bid", "uniform", "vcg")  # they trade the largest volume there is
PRICES = {"posted": {"posted_price": 20.0}}  # what needs a price gets the one of the books below

every = pytest.mark.parametrize("name", mechanisms.names())
efficient = pytest.mark.parametrize("name", [n for n in EFFICIENT if n in mechanisms.names()])


def cleared(name, book, rules=OPEN, lot=1):
    return mechanism_of(name, PRICES.get(name, {})).clear(book, rules, stream(lot, "traps"))


def paid(book, result):
    """What each offer receives and each bid pays, per MWh."""
    ask = result.sell_price if result.ask_pay is None else result.ask_pay
    bid = result.buy_price if result.bid_pay is None else result.bid_pay
    return ask + 0 * book.ask_price, bid + 0 * book.bid_price


def check(book, result):
    """The laws of any trade; return the prices of the orders that trade."""
    for fill, quantity in (
        (result.ask_fill, book.ask_quantity),
        (result.bid_fill, book.bid_quantity),
    ):
        assert ((fill >= 0) & (fill <= quantity)).all()
        assert int(fill.sum()) == result.volume
    ask_pay, bid_pay = paid(book, result)
    sold, bought = result.ask_fill > 0, result.bid_fill > 0
    assert (ask_pay[sold] >= book.ask_price[sold]).all()
    assert (bid_pay[bought] <= book.bid_price[bought]).all()
    return np.concatenate((ask_pay[sold], bid_pay[bought]))


# A marginal order that is not divided.

PARTS = {
    "the offer": [("sell", 10, 5), ("buy", 30, 3)],
    "the bid": [("sell", 10, 3), ("buy", 30, 5)],
    "the second offer": [("sell", 10, 5), ("sell", 20, 5), ("buy", 30, 7)],
    "the second bid": [("sell", 10, 7), ("buy", 30, 5), ("buy", 20, 5)],
    "one quantum of it": [("sell", 10, 10**10), ("buy", 30, 1)],
}


@every
@pytest.mark.parametrize("orders", PARTS.values(), ids=PARTS)
def test_nobody_trades_more_than_his_order_holds(name, orders):
    book = book_of(orders)
    check(book, cleared(name, book))


@efficient
@pytest.mark.parametrize("orders", PARTS.values(), ids=PARTS)
def test_the_marginal_order_is_filled_in_part(name, orders):
    book = book_of(orders)
    result = cleared(name, book)
    assert result.volume == min(book.ask_quantity.sum(), book.bid_quantity.sum())


# The marginal bid equals the marginal offer.

EQUAL = {
    "alone": [("sell", 20, 4), ("buy", 20, 3)],
    "at zero": [("sell", 0, 4), ("buy", 0, 3)],
    "below zero": [("sell", -20, 4), ("buy", -20, 3)],
    "behind better ones": [("sell", 10, 2), ("sell", 20, 4), ("buy", 30, 3), ("buy", 20, 3)],
    "several of them": [("sell", 20, 1), ("sell", 20, 2), ("buy", 20, 2), ("buy", 20, 2)],
}


@every
@pytest.mark.parametrize("ties", ["pro-rata", "time", "random"])
@pytest.mark.parametrize("orders", EQUAL.values(), ids=EQUAL)
def test_orders_of_one_price_trade_at_that_price(name, orders, ties):
    book = book_of(orders)
    prices = check(book, cleared(name, book, AuctionRules(tie_break=ties)))
    if len({price for _, price, _ in orders}) == 1:
        assert set(prices.tolist()) <= {orders[0][1]}


@efficient
@pytest.mark.parametrize("orders", EQUAL.values(), ids=EQUAL)
def test_the_largest_volume_includes_the_equal_ones(name, orders):
    assert cleared(name, book_of(orders)).volume == auctions.volume(orders)


# Prices of zero and below are prices.


@efficient
@pytest.mark.parametrize("ask", [0, -5])
def test_a_free_offer_sells_what_the_bid_takes(name, ask):
    book = book_of([("sell", ask, 3), ("buy", 5, 2)])
    result = cleared(name, book)
    check(book, result)
    assert result.volume == 2


@every
def test_a_bid_below_zero_buys_nothing_at_a_higher_price(name):
    assert cleared(name, book_of([("sell", -2, 3), ("buy", -4, 1)])).volume == 0


# Nothing can trade.

IDLE = {
    "no orders": [],
    "no bids": [("sell", 10, 5), ("sell", 20, 5)],
    "no offers": [("buy", 10, 5), ("buy", 20, 5)],
    "bids below offers": [("sell", 30, 5), ("sell", 20, 5), ("buy", 10, 5), ("buy", 19, 5)],
    "empty rows": [("sell", 10, 0), ("buy", 30, 0), ("buy", 40, 0)],
    "an empty offer": [("sell", 10, 0), ("buy", 30, 5)],
    "an empty bid": [("sell", 10, 5), ("buy", 30, 0)],
}


@every
@pytest.mark.parametrize("rules", [OPEN, AuctionRules(0.0, 100.0)], ids=["open", "bounded"])
@pytest.mark.parametrize("orders", IDLE.values(), ids=IDLE)
def test_nothing_trades_where_nothing_can(name, orders, rules):
    result = cleared(name, book_of(orders), rules)
    assert result.volume == 0
    assert not result.ask_fill.any()
    assert not result.bid_fill.any()
    assert np.isnan([result.price, result.buy_price, result.sell_price]).all()
    assert result.trades is None or not result.trades.quantity.size


# Identical orders of one owner.


def owned(orders):
    """A book of orders (side, price, quantity, owner)."""
    sellers = [owner for side, _, _, owner in orders if side == "sell"]
    buyers = [owner for side, _, _, owner in orders if side == "buy"]
    book = book_of([order[:3] for order in orders])
    return replace(book, ask_owner=np.array(sellers), bid_owner=np.array(buyers))


TWINS = [
    ("sell", 10, 2, 0),
    ("sell", 10, 2, 0),
    ("sell", 20, 4, 1),
    ("buy", 40, 3, 2),
    ("buy", 40, 3, 2),
    ("buy", 30, 1, 3),
]
ONES = [("sell", 10, 4, 0), ("sell", 20, 4, 1), ("buy", 40, 6, 2), ("buy", 30, 1, 3)]


# Trade reduction gives up an order, whoever placed it: of twins one, of one order all.
BY_ORDER = ("huang", "mcafee", "sbba")


def by_owner(book, result):
    """What each owner gets and pays."""
    ask_pay, bid_pay = paid(book, result)
    return {
        owner: (
            int(fill[rows].sum()),
            pytest.approx(float((np.where(fill > 0, pay, 0) * fill)[rows].sum())),
        )
        for owners, fill, pay in (
            (book.ask_owner, result.ask_fill, ask_pay),
            (book.bid_owner, result.bid_fill, bid_pay),
        )
        for owner in set(owners.tolist())
        for rows in (owners == owner,)
    }


@every
def test_two_equal_orders_of_one_owner_are_cleared(name):
    book = owned(TWINS)
    check(book, cleared(name, book))


@pytest.mark.parametrize("name", [n for n in mechanisms.names() if n not in BY_ORDER])
def test_two_equal_orders_of_one_owner_are_one_order(name):
    twins, ones = owned(TWINS), owned(ONES)
    for lot in range(20):
        found = cleared(name, ones, lot=lot)
        assert by_owner(twins, cleared(name, twins, lot=lot)) == by_owner(ones, found)


# The price clears the book.

OUTSIDE = ("posted",)  # a price from outside clears nothing
BY_UNITS = ("sbba",)  # its price comes from whole orders, so it clears those of one size only


def check_price(name, orders, limits, ties):
    book, rules = book_of(orders), rules_of(limits, ties)
    result = cleared(name, book, rules)
    prices = check(book, result)
    assert ((prices >= rules.price_floor) & (prices <= rules.price_cap)).all()
    low, high = auctions.price_set(orders, *limits)
    assert np.isnan(result.price) or name in OUTSIDE or low <= result.price <= high


@pytest.mark.parametrize("name", [n for n in mechanisms.names() if n not in BY_UNITS])
@settings(max_examples=100, deadline=None)
@given(orders=ORDERS, limits=LIMITS, ties=TIES)
def test_one_price_for_all_lies_in_the_set_of_clearing_prices(name, orders, limits, ties):
    check_price(name, orders, limits, ties)


@every
@settings(max_examples=100, deadline=None)
@given(orders=ORDERS, limits=LIMITS, ties=TIES)
def test_and_so_it_does_with_orders_of_one_size(name, orders, limits, ties):
    check_price(name, [(side, price, min(q, 1)) for side, price, q in orders], limits, ties)


@pytest.mark.parametrize("k", [0.0, 0.5, 1.0])
@settings(max_examples=200, deadline=None)
@given(orders=ORDERS)
def test_nobody_is_left_who_would_trade_at_the_price_of_the_call_auction(k, orders):
    book = book_of(orders)
    result = clear(book, "uniform", k=k)
    if result.volume == 0:
        return
    would_sell = book.ask_price < result.price
    would_buy = book.bid_price > result.price
    assert (result.ask_fill[would_sell] == book.ask_quantity[would_sell]).all()
    assert (result.bid_fill[would_buy] == book.bid_quantity[would_buy]).all()


def test_the_midpoint_of_the_accepted_orders_need_not_clear():
    """The trap in a rule that is offered by name: at 25 the rejected bid of 30 would trade."""
    book = book_from_arrays(["sell", "buy", "buy"], [10, 40, 30], [5, 5, 5])
    result = clear(book, price_rule="midpoint")
    assert (result.price_low, result.price_high) == (30, 40)
    assert result.price == 25
    assert clear(book, k=0.5).price == 35
