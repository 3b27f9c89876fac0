"""MUDA against its definition with the same coins, the paper's example and its promises."""

from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market import AuctionRules, OrderBook, clear, stream, surpluses
from market.crossing import cross
from market.mechanisms.muda import Muda, by_lot, by_price, draw_lots, price_of, trade_at
from tests.oracles import muda as oracle
from tests.oracles.books import FINE_ORDERS, LIMITS, ORDERS, TIES, book_of, rules_of

OPEN = AuctionRules()
IN_ORDER = AuctionRules(tie_break="time")
VARIANTS = st.sampled_from(["lottery", "vickrey"])
SEEDS = st.integers(0, 99)
EVERY_CHOICE = list(product(["lottery", "vickrey"], [0.0, 0.5, 1.0], range(100)))
# One choice from all orders is drawn sooner than four numbers.
EVERY_ORDER = list(product(["buy", "sell"], range(-3, 10), range(8), range(7)))
OWNED = st.lists(st.sampled_from(EVERY_ORDER), max_size=10)


def owned(orders):
    """Orders (side, price, quantity, owner) as a book."""
    sellers = np.array([o[3] for o in orders if o[0] == "sell"], np.int64)
    buyers = np.array([o[3] for o in orders if o[0] == "buy"], np.int64)
    return replace(book_of([o[:3] for o in orders]), ask_owner=sellers, bid_owner=buyers)


def aligned(orders, asks, bids):
    """Values of the two blocks in the order of the list."""
    sides = {"sell": iter(asks.tolist()), "buy": iter(bids.tolist())}
    return [next(sides[order[0]]) for order in orders]


def chance(seed):
    return stream(seed, "muda")


def lots_of(orders, seed):
    """Half and turn of each owner who ordered anything."""
    names = sorted({order[3] for order in orders if order[2]})
    half, turn = draw_lots(len(names), chance(seed))
    return dict(zip(names, half.tolist(), strict=True)), dict(
        zip(names, turn.tolist(), strict=True)
    )


def check(orders, book, limits, variant, k, seed):
    fills, prices = oracle.clear(orders, *lots_of(orders, seed), variant, k, *limits)
    result = Muda(variant, k).clear(book, rules_of(limits, "time"), chance(seed))
    assert aligned(orders, result.ask_fill, result.bid_fill) == fills
    paid = aligned(orders, result.ask_pay, result.bid_pay)
    assert paid == pytest.approx(prices, rel=1e-12, abs=1e-12)
    return result


@settings(max_examples=10_000, deadline=None)
@given(OWNED, LIMITS, st.sampled_from(EVERY_CHOICE))
def test_trades_and_prices_follow_the_definition(orders, limits, choice):
    check(orders, owned(orders), limits, *choice)


@settings(max_examples=1000, deadline=None)
@given(ORDERS, LIMITS, VARIANTS, SEEDS)
def test_without_names_every_order_is_its_own_owner(orders, limits, variant, seed):
    # Offers are numbered first.
    rows = sorted(range(len(orders)), key=lambda row: (orders[row][0] == "buy", row))
    named = [(*order, rows.index(row)) for row, order in enumerate(orders)]
    check(named, book_of(orders), limits, variant, 0.5, seed)


@settings(max_examples=1000, deadline=None)
@given(FINE_ORDERS, LIMITS, TIES, VARIANTS, SEEDS, st.integers(1, 40))
def test_nobody_loses_and_the_budget_balances(orders, limits, ties, variant, seed, n):
    book = owned([(*order, row % n) for row, order in enumerate(orders)])
    rules = rules_of(limits, ties)
    result = Muda(variant).clear(book, rules, chance(seed))
    found = cross(book, rules_of(limits))
    assert int(result.ask_fill.sum()) == int(result.bid_fill.sum()) == result.volume
    assert np.array_equal(
        (result.price_low, result.price_high), (found.low, found.high), equal_nan=True
    )
    assert np.isnan([result.price, result.buy_price, result.sell_price]).all()
    assert (result.ask_pay >= book.ask_price).all()
    assert (result.bid_pay <= book.bid_price).all()
    for pay in (result.ask_pay[result.ask_fill > 0], result.bid_pay[result.bid_fill > 0]):
        assert ((pay >= rules.price_floor) & (pay <= rules.price_cap)).all()
    _, _, operator = surpluses(book, result)
    noise = 1e-15 * sum(abs(price) * quantity / 1e6 for _, price, quantity in orders)
    if variant == "lottery":
        assert operator == pytest.approx(0, abs=noise + 1e-9)
    assert operator >= -noise - 1e-9


@settings(max_examples=500, deadline=None)
@given(ORDERS, LIMITS, VARIANTS, SEEDS)
def test_empty_rows_are_no_orders(orders, limits, variant, seed):
    padded = [row for order in orders for row in (("sell", -3, 0), ("buy", 9, 0), order)]
    rules = rules_of(limits)
    plain = Muda(variant).clear(book_of([o for o in orders if o[2]]), rules, chance(seed))
    book = book_of(padded)
    result = Muda(variant).clear(book, rules, chance(seed))
    assert result.volume == plain.volume
    assert result.ask_fill[book.ask_quantity > 0].tolist() == plain.ask_fill.tolist()
    assert result.ask_pay[book.ask_quantity > 0].tolist() == plain.ask_pay.tolist()
    assert result.bid_pay[book.bid_quantity > 0].tolist() == plain.bid_pay.tolist()


# Truthfulness, whatever the lots


def gain_of(row, value, orders, variant, seed):
    """What a unit order gains if its true price is `value`."""
    result = Muda(variant).clear(book_of(orders), IN_ORDER, chance(seed))
    fill = aligned(orders, result.ask_fill, result.bid_fill)[row]
    pay = aligned(orders, result.ask_pay, result.bid_pay)[row]
    return fill * (value - pay if orders[row][0] == "buy" else pay - value)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["buy", "sell"]), st.integers(0, 9)), max_size=10),
    VARIANTS,
    SEEDS,
)
def test_no_misreport_of_a_single_unit_gains(traders, variant, seed):
    orders = [(side, price, 1) for side, price in traders]
    for row, (side, value, _) in enumerate(orders):
        honest = gain_of(row, value, orders, variant, seed)
        for said in np.arange(-1, 10.5, 0.5).tolist():
            other = [*orders[:row], (side, said, 1), *orders[row + 1 :]]
            assert gain_of(row, value, other, variant, seed) <= honest


@settings(max_examples=800, deadline=None)
@given(
    OWNED,
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5)), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5)), min_size=1, max_size=3),
    VARIANTS,
    SEEDS,
)
def test_no_supply_curve_gains_more_than_the_true_one(others, true, said, variant, seed):
    """Owner 9's units cost what `true` says, more of them a lot, and he says `said`."""
    costs = sorted(x for x, q in true for _ in range(q)) + [10**6] * 99

    def gain(curve):
        orders = [("sell", x, q, 9) for x, q in curve] + others
        result = Muda(variant).clear(owned(orders), IN_ORDER, chance(seed))
        sold = result.ask_fill[: len(curve)]
        return float(sold @ result.ask_pay[: len(curve)]) - sum(costs[: int(sold.sum())])

    assert gain(said) <= gain(true) + 1e-9


# By hand


PAPER = [
    *[("buy", value, 1, 0) for value in (100, 90, 80, 60, 40, 20)],
    *[("sell", cost, 1, 1) for cost in (10, 20, 40, 60, 70)],
    *[("sell", cost, 1, 2) for cost in (15, 25, 35, 45, 65)],
]


def test_fees_of_the_papers_first_example():
    # At 50 four units are wanted and seven offered: 10 and 20 sell, 15 and 25 sell. Without
    # the first seller 35 and 45 would too, without the second one more of the first's, 40.
    book = owned(PAPER)
    sells, buys = trade_at(book, 50.0, partial(by_price, count=3, rules=OPEN, rng=None))
    assert sells.fill.tolist() == [1, 1, 0, 0, 0, 1, 1, 0, 0, 0]
    assert buys.fill.tolist() == [1, 1, 1, 1, 0, 0]
    fees = np.bincount(book.ask_owner, sells.fee * sells.fill)
    assert fees.tolist() == [0, 20, 10]
    assert not buys.fee.any()


@pytest.mark.parametrize(("turn", "sold"), [([0, 1, 2], [3, 1]), ([2, 1, 0], [0, 4])])
def test_the_lottery_serves_the_first_in_the_queue(turn, sold):
    book = owned(PAPER)
    sells, buys = trade_at(book, 50.0, partial(by_lot, turn=np.array(turn)))
    assert [int(sells.fill[:5].sum()), int(sells.fill[5:].sum())] == sold
    assert sells.fill.sum() == buys.fill.sum() == 4
    assert not sells.fee.any()


def test_orders_at_the_price_take_part():
    book = book_of([("sell", 50, 3), ("buy", 50, 2)])
    sells, buys = trade_at(book, 50.0, partial(by_lot, turn=np.arange(2)))
    assert (sells.fill.tolist(), buys.fill.tolist()) == ([2], [2])


def test_a_cap_bounds_price_and_fee():
    # Where both bids share a half with an offer, 160 is what the other bid would pay.
    orders = [("buy", 300, 1), ("buy", 160, 1), ("buy", 20, 1), *[("sell", 10, 1)] * 3]
    book = book_of(orders)
    highest = {
        cap: max(
            Muda("vickrey").clear(book, AuctionRules(price_cap=cap), chance(seed)).bid_pay[0]
            * Muda("vickrey").clear(book, AuctionRules(price_cap=cap), chance(seed)).bid_fill[0]
            for seed in range(60)
        )
        for cap in (100.0, 1000.0)
    }
    assert highest == {100.0: 100, 1000.0: 160}


def test_a_half_of_one_side_names_no_price():
    assert np.isnan(price_of(book_of([("sell", 10, 1)]), OPEN, 0.5))
    assert np.isnan(price_of(book_of([]), AuctionRules(0.0, 100.0), 0.5))
    assert price_of(book_of([("sell", 30, 1), ("buy", 10, 1)]), OPEN, 0.25) == 15


@pytest.mark.parametrize("orders", [[], [("sell", 5, 3)], [("buy", 5, 3)], [("buy", 5, 0)]])
@pytest.mark.parametrize("variant", ["lottery", "vickrey"])
def test_books_too_small_to_trade(orders, variant):
    for seed in range(8):
        result = Muda(variant).clear(book_of(orders), OPEN, chance(seed))
        assert result.volume == 0
        assert [*result.ask_pay, *result.bid_pay] == [order[1] for order in orders]


def test_buying_and_selling_of_one_owner_share_a_half():
    # All orders are one owner's: whichever half he is in, nobody names its price.
    orders = [("sell", 10, 5, 4), ("buy", 30, 5, 4)]
    assert all(Muda().clear(owned(orders), OPEN, chance(seed)).volume == 0 for seed in range(20))


# Chance


def big(n, seed=1):
    rng = np.random.default_rng(seed)
    ask, bid = rng.random((2, n))
    return OrderBook(ask, np.full(n, 10**6), bid, np.full(n, 10**6))


def test_the_seed_decides():
    book = big(30)
    fills = [clear(book, "muda", seed=seed).ask_fill.tobytes() for seed in range(10)]
    assert fills[4] == clear(book, "muda", seed=4).ask_fill.tobytes()
    assert len(set(fills)) > 5


def test_the_number_of_draws_depends_on_the_owners_only():
    left = []
    for book in (book_of([("buy", 5, 1)] * 6), book_of([("sell", 5, 2), ("buy", 9, 1)] * 3)):
        rng = chance(3)
        Muda().clear(book, OPEN, rng)
        left.append(rng.random())
    assert left[0] == left[1]


def test_coins_are_fair():
    halves = [draw_lots(10, chance(seed)).half for seed in range(400)]
    # Four standard deviations of 400 coins are 40.
    assert (np.abs(np.sum(halves, axis=0) - 200) < 40).all()


@pytest.mark.parametrize("variant", ["lottery", "vickrey"])
def test_large_markets_lose_little(variant):
    shares = []
    for n in (10, 1000):
        books = [big(n, seed) for seed in range(30)]
        best = sum(sum(surpluses(book, clear(book))) for book in books)
        found = sum(sum(surpluses(book, clear(book, "muda", variant=variant))) for book in books)
        shares.append(found / best)
    assert shares[0] < 0.9
    assert 0.93 < shares[1] < 1


def test_a_generator_is_needed():
    with pytest.raises(ValueError, match="random generator"):
        Muda().clear(book_of([]), OPEN)


def test_parameters_are_checked():
    with pytest.raises(ValueError, match="variant must be one of lottery, vickrey, not 'right'"):
        Muda(variant="right")
    with pytest.raises(ValueError, match="k must be a number from 0 to 1"):
        Muda(k=1.5)
