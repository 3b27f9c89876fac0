"""The limit order book by hand, and under random orders, amendments and cancellations."""

from math import inf, isnan, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.limit_book import ASK, BID, NOBODY, LimitOrderBook

SUBMIT = st.tuples(
    st.just("submit"),
    st.sampled_from([ASK, BID]),
    st.integers(-2, 8),
    st.integers(0, 6),
    st.sampled_from([0, 0, 0, 1, 2, 3]),
    st.sampled_from([(NOBODY, NOBODY), (NOBODY, NOBODY), (0, 0), (0, 1), (1, 2), (2, NOBODY)]),
)
CHANGE = st.tuples(
    st.sampled_from(["amend", "cancel"]), st.integers(0, 9), st.integers(-2, 8), st.integers(0, 6)
)
ACTIONS = st.lists(SUBMIT | SUBMIT | CHANGE, max_size=25)


class Slate:
    """Standing orders on a list that is searched from end to end."""

    def __init__(self, floor, cap):
        self.floor, self.cap = floor, cap
        self.all, self.line, self.trades, self.sides = [], [], [], {}

    def submit(self, side, price, quantity, minimum, party, trader):
        order = {"side": side, "price": price, "left": quantity, "party": party, "trader": trader}
        self.all.append(order)
        there = sum(o["left"] for o in self.rivals(order))
        barred = self.sides.get(trader, side) != side
        if barred or not self.legal(order) or (minimum and min(there, quantity) < minimum):
            order["left"] = 0
        self.enter(order)

    def legal(self, order):
        if order["side"] == ASK:
            return order["price"] <= self.cap
        return order["price"] >= self.floor

    def rivals(self, order):
        sign = 1 if order["side"] == BID else -1
        meet = [
            o
            for o in self.line
            if o["left"]
            and o["side"] != order["side"]
            and sign * o["price"] <= sign * order["price"]
            and not (o["party"] == order["party"] != NOBODY)
        ]
        return sorted(meet, key=lambda o: sign * o["price"])  # stable: the line is in time order

    def enter(self, order):
        for other in self.rivals(order):
            part = min(order["left"], other["left"])
            if not part:
                continue
            order["left"] -= part
            other["left"] -= part
            price = min(max(other["price"], self.floor), self.cap)
            self.trades.append((self.number(order), self.number(other), part, price))
            for one in (order, other):
                self.choose(one)
        self.line = [o for o in self.line if o is not order] + [order]

    def number(self, order):
        return next(n for n, o in enumerate(self.all) if o is order)

    def choose(self, order):
        if order["trader"] == NOBODY:
            return
        side = self.sides.setdefault(order["trader"], order["side"])
        for other in self.all:
            if other["trader"] == order["trader"] and other["side"] != side:
                other["left"] = 0

    def amend(self, number, price, quantity):
        order = self.all[number]
        if not order["left"]:
            return
        stays = price == order["price"] and quantity <= order["left"]
        order["price"], order["left"] = price, quantity
        if not self.legal(order):
            order["left"] = 0
        if not stays:
            self.enter(order)

    def best(self, side):
        orders = [o for o in self.line if o["left"] and o["side"] == side]
        if not orders:
            return nan, 0
        price = (min if side == ASK else max)(o["price"] for o in orders)
        return price, sum(o["left"] for o in orders if o["price"] == price)


@settings(max_examples=3000, deadline=None)
@given(ACTIONS, st.sampled_from([(-inf, inf), (0.0, 5.0), (2.0, 2.0)]))
def test_any_life_of_a_book_is_that_of_a_slate(actions, limits):
    book, slate = LimitOrderBook(*limits), Slate(*limits)
    for what, *details in actions:
        if what == "submit":
            *order, (party, trader) = details
            book.submit(*order, party, trader)
            slate.submit(*order, party, trader)
        elif details[0] < len(slate.all):
            number, price, quantity = details
            if what == "cancel":
                book.cancel(number)
                slate.all[number]["left"] = 0
            else:
                book.amend(number, price, quantity)
                slate.amend(number, price, quantity)
        assert book.left == [order["left"] for order in slate.all]
        for side in (ASK, BID):
            (price, waiting), (best, there) = book.best(side), slate.best(side)
            assert waiting == there
            assert price == best or (isnan(price) and isnan(best))
    assert book.trades == slate.trades
    sides = {}
    for arrived, waited, _, _ in book.trades:
        one, two = slate.all[arrived], slate.all[waited]
        assert one["party"] != two["party"] or one["party"] == NOBODY
        for order in (one, two):
            sides.setdefault(order["trader"], set()).add(order["side"])
    assert all(len(found) == 1 for trader, found in sides.items() if trader != NOBODY)


def standing(*orders, **options):
    book = LimitOrderBook(**options)
    for order in orders:
        book.submit(*order)
    return book


def test_a_smaller_quantity_keeps_its_place():
    book = standing((ASK, 10, 5), (ASK, 10, 5))
    book.amend(0, 10, 3)
    book.submit(BID, 10, 4)
    assert book.left == [0, 4, 0]


@pytest.mark.parametrize("amended", [(10, 6), (10.5, 5)])
def test_a_larger_quantity_or_a_new_price_goes_to_the_end(amended):
    book = standing((ASK, 10.5, 5), (ASK, 10, 5), (ASK, 10.5, 5), (ASK, 10, 5))
    book.amend(1, *amended)
    book.submit(BID, 11, 20)
    line = [3, 1, 0, 2] if amended[0] == 10 else [3, 0, 2, 1]
    assert [waited for _, waited, _, _ in book.trades] == line


def test_an_amended_order_trades_when_it_now_can():
    book = standing((ASK, 10, 5), (BID, 8, 3))
    book.amend(0, 7, 5)
    assert book.trades == [(0, 1, 3, 8)]
    assert book.best(ASK) == (7, 2)
    assert book.last_price == 8


def test_cancelled_orders_and_what_lies_beyond_the_limits_never_trade():
    book = standing((ASK, 10, 5), (ASK, 101, 5), (BID, -1, 5), floor=0, cap=100)
    book.cancel(0)
    book.amend(0, 10, 5)
    book.submit(BID, 100, 9)
    assert book.trades == []
    assert book.left == [0, 0, 0, 9]
    book.amend(3, -5, 9)
    assert book.left[3] == 0


def test_while_halted_orders_only_gather():
    book = standing((ASK, 10, 5))
    book.halt()
    book.submit(BID, 20, 5)
    book.submit(BID, 20, 5, 1)
    book.amend(0, 9, 4)
    assert book.trades == []
    assert book.left == [4, 5, 0]
    assert (book.best(ASK), book.best(BID)) == ((9, 4), (20, 5))


def test_an_outside_market_at_one_price_serves_the_first_who_comes():
    """Its own offer and bid wait side by side; the first trade takes the other away."""
    book = standing((ASK, 20, 5, 0, 7, 7), (BID, 20, 5, 0, 7, 7))
    assert book.left == [5, 5]
    book.submit(BID, 30, 2, 0, 1, 1)
    assert book.trades == [(2, 0, 2, 20)]
    assert book.left == [3, 0, 0]
    book.submit(BID, 25, 1, 0, 7, 7)
    assert book.left[3] == 0


def test_units_of_one_party_may_trade_on_both_sides_with_others():
    book = standing((ASK, 20, 5, 0, 7, 1), (BID, 25, 5, 0, 7, 2), (BID, 22, 2, 0, 8, 3))
    assert book.left == [3, 5, 0]
    book.submit(ASK, 24, 4, 0, 8, 4)
    assert book.left == [3, 1, 0, 0]


def test_a_minimum_counts_nobody_s_own_orders():
    book = standing((ASK, 10, 5, 0, 7), (ASK, 11, 2, 0, 1))
    book.submit(BID, 12, 5, 3, 7)
    assert book.left == [5, 2, 0]
    book.submit(BID, 12, 5, 6, 2)
    assert book.left[3] == 0
    book.submit(BID, 12, 5, 5, 2)
    assert book.trades == [(4, 0, 5, 10)]
