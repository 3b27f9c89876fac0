"""Vickrey-Clarke-Groves against clearing again without each owner, theory and hand-worked books."""

from dataclasses import replace
from itertools import product
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market import AuctionRules, stream, surpluses
from market.crossing import cross
from market.mechanisms.vcg import Vcg, displaced
from tests.oracles import auctions
from tests.oracles import vcg as oracle
from tests.oracles.books import FINE_ORDERS, LIMITS, ORDER, ORDERS, TIES, book_of, rules_of

OPEN = AuctionRules()
# One choice from all orders is drawn sooner than four numbers.
EVERY_ORDER = list(product(["buy", "sell"], range(-3, 10), range(8), range(5)))
OWNED = st.lists(st.sampled_from(EVERY_ORDER), max_size=10)


def owned(orders):
    """Orders (side, price, quantity, owner) as a book."""
    sellers = np.array([o[3] for o in orders if o[0] == "sell"], np.int64)
    buyers = np.array([o[3] for o in orders if o[0] == "buy"], np.int64)
    return replace(book_of([o[:3] for o in orders]), ask_owner=sellers, bid_owner=buyers)


def apart(orders):
    """Every order its own owner."""
    return [(*order, row) for row, order in enumerate(orders)]


def aligned(orders, asks, bids):
    """Values of the two blocks in the order of the list."""
    sides = {"sell": iter(asks), "buy": iter(bids)}
    return [next(sides[order[0]]) for order in orders]


def by_hand(orders, limits):
    """Fills in row order, and prices, by definition."""
    plain = [order[:3] for order in orders]
    total = auctions.volume(plain, *limits)
    fills = [auctions.in_turn(plain, side, total, *limits) for side in ("sell", "buy")]
    fills = aligned(orders, *fills)
    return fills, oracle.prices(orders, fills, *limits)


def check(orders, book, limits):
    fills, prices = by_hand(orders, limits)
    result = Vcg().clear(book, rules_of(limits, "time"))
    assert aligned(orders, result.ask_fill.tolist(), result.bid_fill.tolist()) == fills
    paid = aligned(orders, result.ask_pay.tolist(), result.bid_pay.tolist())
    assert paid == pytest.approx(prices, rel=1e-12, abs=1e-12)


@settings(max_examples=10_000, deadline=None)
@given(OWNED, LIMITS)
def test_payments_are_those_of_clearing_again_without_each_owner(orders, limits):
    check(orders, owned(orders), limits)


@settings(max_examples=1000, deadline=None)
@given(ORDERS, LIMITS)
def test_without_names_every_order_is_its_own_owner(orders, limits):
    check(apart(orders), book_of(orders), limits)


@settings(max_examples=1000, deadline=None)
@given(OWNED, TIES)
def test_every_owner_gains_what_he_adds_however_ties_are_broken(orders, ties):
    result = Vcg().clear(owned(orders), AuctionRules(tie_break=ties), stream(1, "ties"))
    fills = aligned(orders, result.ask_fill.tolist(), result.bid_fill.tolist())
    paid = aligned(orders, result.ask_pay.tolist(), result.bid_pay.tolist())
    for owner in {order[3] for order in orders}:
        gain = sum(
            (limit - price if side == "buy" else price - limit) * fill
            for (side, limit, _, who), fill, price in zip(orders, fills, paid, strict=True)
            if who == owner
        )
        assert gain == pytest.approx(oracle.contribution(orders, owner), abs=1e-9)


@settings(max_examples=1000, deadline=None)
@given(FINE_ORDERS, LIMITS, TIES, st.integers(1, 40))
def test_nobody_loses_prices_are_legal_and_the_operator_gains_nothing(orders, limits, ties, n):
    book = owned([(*order, row % n) for row, order in enumerate(orders)])
    rules = rules_of(limits, ties)
    result = Vcg().clear(book, rules, stream(2, "ties"))
    found = cross(book, rules, stream(2, "ties"))
    assert (result.volume, result.price_low, result.price_high) == pytest.approx(
        (found.volume, found.low, found.high), nan_ok=True
    )
    sold, bought = result.ask_fill > 0, result.bid_fill > 0
    assert (result.ask_pay >= book.ask_price).all()
    assert (result.bid_pay <= book.bid_price).all()
    for pay in (result.ask_pay[sold], result.bid_pay[bought]):
        assert ((pay >= rules.price_floor) & (pay <= rules.price_cap)).all()
    if result.volume:
        level = (found.low + found.high) / 2
        assert (result.bid_pay[bought] <= level + 1e-9).all()
        assert (result.ask_pay[sold] >= level - 1e-9).all()
    assert np.isnan([result.price, result.buy_price, result.sell_price]).all()


@settings(max_examples=500, deadline=None)
@given(ORDERS, LIMITS)
def test_empty_rows_are_no_orders(orders, limits):
    empty = [("sell", -3, 0), ("buy", 9, 0)]
    padded = [order for pair in orders for order in (*empty, pair)]
    plain = Vcg().clear(book_of([order for order in orders if order[2]]), rules_of(limits))
    result = Vcg().clear(book_of(padded), rules_of(limits))
    book = book_of(padded)
    assert result.volume == plain.volume
    assert result.ask_pay[book.ask_quantity > 0].tolist() == plain.ask_pay.tolist()
    assert result.bid_pay[book.bid_quantity > 0].tolist() == plain.bid_pay.tolist()


# Truthfulness


def gain_of(row, value, orders, result):
    """What a unit order gains if its true price is `value`."""
    fill = aligned(orders, result.ask_fill.tolist(), result.bid_fill.tolist())[row]
    pay = aligned(orders, result.ask_pay.tolist(), result.bid_pay.tolist())[row]
    return fill * (value - pay if orders[row][0] == "buy" else pay - value)


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["buy", "sell"]), st.integers(0, 9)), max_size=10))
def test_no_misreport_of_a_single_unit_gains(traders):
    orders = [(side, price, 1) for side, price in traders]
    rules = AuctionRules(tie_break="time")
    honest = Vcg().clear(book_of(orders), rules)
    for row, (side, value, _) in enumerate(orders):
        best = gain_of(row, value, orders, honest)
        for said in np.arange(-1, 10.5, 0.5).tolist():
            other = [*orders[:row], (side, said, 1), *orders[row + 1 :]]
            assert gain_of(row, value, other, Vcg().clear(book_of(other), rules)) <= best


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.tuples(ORDER, st.integers(1, 4)), max_size=10),
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5)), max_size=3),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), max_size=3),
)
def test_no_demand_curve_gains_more_than_the_true_one(others, true, said):
    """Owner 0 values his units by the orders `true`, more of them at nothing, and says `said`."""
    rest = [(*order, owner) for order, owner in others]

    def gain(curve):
        orders = [("buy", x, q, 0) for x, q in curve] + rest
        result = Vcg().clear(owned(orders), OPEN)
        mine = result.bid_fill[: len(curve)]
        units = sorted((x for x, q in true for _ in range(q)), reverse=True)
        return sum(units[: int(mine.sum())]) - float(mine @ result.bid_pay[: len(curve)])

    assert gain(said) <= gain([*true, (0, 99)]) + 1e-9


def test_a_binding_cap_makes_honesty_costly():
    # The seller's energy is worth 50 to the bid it serves, but the cap holds the price at 30.
    orders = [("sell", 10, 1), ("buy", 50, 1)]
    result = Vcg().clear(book_of(orders), AuctionRules(price_cap=30.0))
    assert (result.ask_pay.tolist(), result.bid_pay.tolist()) == ([30], [10])


# Theory: n buyers and n sellers of one unit, values and costs uniform on [0, 1]


@pytest.mark.parametrize("n", [1, 2, 5])
def test_mean_deficit_of_uniform_traders(n):
    """n / (2 (2n + 1)); with n = 1 that is 1/6, all there is to gain (Myerson, Satterthwaite)."""
    rng = np.random.default_rng(n)
    runs = 20_000 if n == 1 else 6_000
    deficit, gains = np.zeros((2, runs))
    for run in range(runs):
        asks, bids = rng.random((2, n))
        book = book_of([("sell", x, 1_000_000) for x in asks] + [("buy", x, 10**6) for x in bids])
        found = surpluses(book, Vcg().clear(book, OPEN))
        deficit[run], gains[run] = -found[2], sum(found)
    noise = 4 / np.sqrt(runs)
    assert deficit.mean() == pytest.approx(n / (2 * (2 * n + 1)), abs=noise * deficit.std())
    assert gains.mean() == pytest.approx(n**2 / (2 * (2 * n + 1)), abs=noise * gains.std())
    if n == 1:
        assert deficit == pytest.approx(gains, abs=1e-12)


# By hand


def test_the_only_buyer_pays_costs_and_the_only_seller_receives_values():
    orders = [("sell", 10, 4, 0), ("sell", 20, 4, 1), ("buy", 30, 6, 2)]
    result = Vcg().clear(owned(orders), OPEN)
    assert result.bid_pay.tolist() == pytest.approx([(4 * 10 + 2 * 20) / 6])
    # Without the first seller two of the buyer's units go to the second's rest, two to nobody.
    assert result.ask_pay.tolist() == [(2 * 20 + 2 * 30) / 4, 30]


def test_an_owner_of_both_sides_pays_for_his_net_only():
    # Owner 0 sells 5 and buys 2 of the 5 traded; the set of clearing prices is [20, 40].
    orders = [("sell", 10, 5, 0), ("buy", 50, 2, 0), ("buy", 40, 3, 1), ("buy", 20, 9, 2)]
    result = Vcg().clear(owned(orders), OPEN)
    assert result.bid_pay.tolist() == [30, 20, 20]
    # Without him the others lose 3 units worth 40; 5 ask - 2 x 30 = 3 x 40.
    assert result.ask_pay.tolist() == [36]
    assert result.ask_fill @ result.ask_pay - 2 * 30 == 3 * 40


def test_who_nets_to_zero_pays_nothing():
    orders = [("sell", 10, 3, 0), ("buy", 50, 3, 0), ("sell", 70, 2, 1), ("buy", 5, 2, 2)]
    result = Vcg().clear(owned(orders), OPEN)
    assert result.ask_pay[0] == result.bid_pay[0] == 30


def test_own_orders_are_passed_over():
    # Owner 2's rejected bid at 25 would take his own energy: it costs him nothing.
    orders = [("sell", 10, 2, 0), ("buy", 30, 2, 2), ("buy", 25, 4, 2), ("buy", 20, 1, 3)]
    result = Vcg().clear(owned(orders), OPEN)
    assert result.bid_pay[0] == (20 + 10) / 2


@pytest.mark.parametrize("orders", [[], [("sell", 5, 3)], [("buy", 5, 3)], [("buy", 5, 0)]])
@pytest.mark.parametrize("limits", [(-inf, inf), (0, 10), (6, 6)])
def test_nothing_trades_on_one_side(orders, limits):
    result = Vcg().clear(book_of(orders), rules_of(limits))
    assert result.volume == 0
    assert [*result.ask_pay, *result.bid_pay] == [order[1] for order in orders]


def test_large_quantities_keep_their_bits():
    """A million MWh at the margin must not blur what a single watt-hour pays."""
    orders = [("sell", 10.1, 10**12, 0), ("buy", 900.3, 10**12 - 1, 1), ("buy", 20.7, 1, 2)]
    orders += [("buy", 20.6, 10**12, 3), ("sell", 20.8, 10**12, 4)]
    result = Vcg().clear(owned(orders), OPEN)
    # Without owner 2 the unit goes to the bid at 20.6.
    assert result.bid_pay[1] == pytest.approx(20.6, rel=1e-14)
    assert result.bid_pay[0] == pytest.approx(20.6, rel=1e-12)


def test_units_that_do_not_exist_are_worth_nothing():
    queue = np.array([[1.0, 2.0], [9.0, 8.0]])
    worth = displaced(*queue, np.array([5, 2]), np.array([0, 1]), np.array([3, 6, 0]))
    assert worth.tolist() == [16, 45, 0]
    assert displaced(*queue[:, :0], *np.zeros((2, 0), int), np.array([3])).tolist() == [0]
