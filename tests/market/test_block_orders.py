"""The day-ahead auction with block orders: worked examples, every set tried, rules broken."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market import (
    AuctionRules,
    BlockOrders,
    ConservationError,
    InputError,
    clear_day_ahead,
)
from market.day_ahead import auction
from market.day_ahead import fills as day_fills
from market.mechanisms.uniform import Uniform
from tests.oracles import block_orders as oracle
from tests.oracles.books import LIMITS, ORDERS, book_of, rules_of

FINE = 10**9  # quanta to one unit of the examples, so that shares lose nothing to rounding


def block(price, *quantity, ratio=1.0, parent=None, group=None):
    return {
        "price": price,
        "quantity": list(quantity),
        "ratio": ratio,
        "parent": parent,
        "group": group,
    }


def columns_of(blocks, fine=1):
    def column(key, none):
        return np.array([none if each[key] is None else each[key] for each in blocks])

    quantity = np.array([[q * fine for q in each["quantity"]] for each in blocks], np.int64)
    return BlockOrders(
        column("price", None).astype(float),
        quantity.T,
        column("ratio", 1.0),
        column("parent", -1),
        column("group", -1),
    )


def day(steps, blocks, limits=(-np.inf, np.inf), k=0.5, fine=1):
    books = [
        replace(book_of([(s, x, q * fine) for s, x, q in orders]), quantum=1 / fine)
        for orders in steps
    ]
    return clear_day_ahead(books, columns_of(blocks, fine), rules_of(limits), k)


# Worked by hand


def test_a_block_that_would_gain_stays_out_where_it_does_not_fit():
    found = day([[("buy", 50, 10)]], [block(10, -12), block(30, -10)])
    assert found.block_status == ("paradoxically rejected", "accepted")
    assert found.price.tolist() == [40]
    assert (found.welfare, found.volume.tolist()) == (200, [10])
    assert found.block_surplus.tolist() == [0, 100]
    assert found.block_missed.tolist() == [12 * 30, 0]


def test_a_block_that_would_lower_the_price_below_its_limit_stays_out():
    # With the block a price of 30 clears, at which it would lose 10 a unit; without it 60.
    steps = [[("buy", 60, 10), ("sell", 30, 5), ("sell", 60, 10)]]
    found = day(steps, [block(40, -8)])
    assert found.block_status == ("paradoxically rejected",)
    assert found.price.tolist() == [60]
    # The largest welfare of all, 10 x 60 - 8 x 40 - 2 x 30, was to be had only at a loss.
    assert found.welfare == 10 * 60 - 5 * 30 - 5 * 60


def test_a_child_carries_its_parent():
    steps = [[("buy", 38, 10)], [("buy", 38, 20)]]
    parent, child = block(40, -10, -10), block(10, 0, -10, parent=0)
    assert day(steps, [parent]).block_status == ("rejected",)
    found = day(steps, [parent, child], k=1)
    assert found.block_status == ("accepted", "accepted")
    assert found.price.tolist() == [38, 38]
    assert found.block_surplus.tolist() == [-40, 280]


def test_a_parent_does_not_carry_its_child():
    steps = [[("buy", 90, 10)], [("buy", 38, 10)]]
    found = day(steps, [block(10, -10, 0), block(40, 0, -10, parent=0)])
    assert found.block_status == ("accepted", "rejected")
    assert found.block_fill.tolist() == [[-10, 0], [0, 0]]


def test_a_child_without_its_parent_stays_out():
    found = day([[("buy", 50, 10)]], [block(70, -30), block(10, -10, parent=0)])
    assert found.block_status == ("rejected", "rejected")
    assert found.volume.tolist() == [0]
    assert np.isnan(found.price).all()


def test_a_family_in_the_money_is_passed_over_as_a_whole():
    # Parent -10 x 10, child +10 x 20 at the price of 50, but both are too large together.
    found = day([[("buy", 50, 15)]], [block(60, -10), block(30, -10, parent=0)])
    assert found.block_status == ("paradoxically rejected", "paradoxically rejected")


def test_of_an_exclusive_group_the_most_valuable_trades():
    steps = [[("buy", 50, 10)], [("buy", 80, 10)]]
    blocks = [block(20, -10, 0, group=0), block(20, 0, -10, group=0)]
    found = day(steps, blocks)
    assert found.block_status == ("rejected", "accepted")
    assert found.welfare == 600
    assert day(steps, [{**each, "group": None} for each in blocks]).welfare == 900


def test_a_block_is_cut_short_at_its_own_price_only():
    steps = [[("buy", 50, 6), ("buy", 20, 6)]]
    found = day(steps, [block(30, -10, ratio=0.4)])
    assert found.block_ratio.tolist() == [0.6]
    assert found.price.tolist() == [30]
    assert found.block_fill.tolist() == [[-6]]
    assert day(steps, [block(30, -10, ratio=0.7)]).block_status == ("paradoxically rejected",)


def test_prices_move_from_the_k_points_only_as_far_as_a_block_needs():
    steps = [[("buy", 60, 10), ("buy", 20, 5)], [("buy", 50, 10), ("buy", 10, 5)]]
    assert day(steps, [block(35, -10, -10)]).price.tolist() == [40, 30]
    # From (40, 30) to the nearest prices with the mean 45.
    assert day(steps, [block(45, -10, -10)]).price == pytest.approx([50, 40], abs=1e-5)
    assert day(steps, [block(45, -10, -10)], k=1).price.tolist() == [60, 50]
    # Larger in the first interval, it is mostly the first price that moves.
    steps[0][0] = ("buy", 60, 30)
    found = day(steps, [block(45, -30, -10)]).price
    assert found == pytest.approx([40 + 3 * 3, 30 + 3], abs=1e-5)


def test_what_a_child_leaves_counts_in_the_prices():
    steps = [[("buy", 60, 10), ("buy", 20, 5)], [("buy", 60, 20), ("buy", 20, 5)]]
    # At (40, 40) the parent loses 100 and the child gains 40; together they need 60 more.
    found = day(steps, [block(45, -10, -10), block(36, 0, -10, parent=0)])
    assert found.block_status == ("accepted", "accepted")
    # 60 = 10 up + 20 up': nearest with up = 60 x 10 / 500, up' = 60 x 20 / 500.
    assert found.price == pytest.approx([41.2, 42.4], abs=1e-5)


def test_an_order_beyond_the_cap_is_served_first_but_the_price_stays():
    found = day([[("buy", 500, 10), ("buy", 90, 10)]], [block(100, -10)], (0, 100))
    assert found.price.tolist() == [100]
    assert [each.tolist() for each in found.bid_fill] == [[10, 0]]
    assert day([[("buy", 500, 10)]], [block(101, -10)], (0, 100)).block_status == ("rejected",)


def test_blocks_of_both_sides_meet_without_any_step():
    found = day([[], []], [block(60, 10, 10), block(40, -10, -10)])
    assert found.block_status == ("accepted", "accepted")
    assert found.price.tolist() == [50, 50]
    assert found.welfare == 400
    assert np.isnan(day([[]], [block(40, -10)]).price_low).all()


# Every set of blocks is tried

PRICE, SIZE = st.integers(-3, 9), st.integers(0, 7)
SHARES = st.sampled_from([0.0, 0.25, 1 / 3, 0.5, 1.0])


@st.composite
def days(draw, most, ratios):
    """Steps of one to three intervals, blocks in families or groups or neither, and limits."""
    n = draw(st.integers(1, 3))
    order = st.tuples(st.sampled_from(["buy", "sell"]), PRICE, SIZE)
    steps = draw(st.lists(st.lists(order, max_size=5), min_size=n, max_size=n))
    tie = draw(st.sampled_from(["none", "parent", "group"]))
    blocks = []
    for number in range(draw(st.integers(1, most))):
        sign = draw(st.sampled_from([-1, -1, 1]))
        quantity = draw(st.lists(SIZE, min_size=n, max_size=n).filter(any))
        above = st.one_of(st.none(), st.integers(0, number - 1)) if number else st.none()
        blocks.append(
            block(
                draw(PRICE),
                *(sign * q for q in quantity),
                ratio=draw(ratios),
                parent=draw(above) if tie == "parent" else None,
                group=draw(st.sampled_from([None, 0, 1])) if tie == "group" else None,
            )
        )
    return steps, blocks, draw(LIMITS)


def ends(limits):
    return [None if np.isinf(limit) else limit for limit in limits]


@settings(max_examples=1500, deadline=None)
@given(days(5, st.just(1.0)))
def test_whole_blocks_reach_the_largest_welfare_without_loss(case):
    steps, blocks, limits = case
    found = day(steps, blocks, limits)
    assert found.welfare == pytest.approx(oracle.best_welfare(steps, blocks, *ends(limits)))


@settings(max_examples=500, deadline=None)
@given(days(4, SHARES))
def test_shares_of_blocks_reach_the_largest_welfare_without_loss(case):
    steps, blocks, limits = case
    found = day(steps, blocks, limits, fine=FINE)
    expected = oracle.best_welfare_of_shares(steps, blocks, *ends(limits))
    assert found.welfare == pytest.approx(expected, abs=1e-6)


@settings(max_examples=300, deadline=None)
@given(st.lists(ORDERS, min_size=1, max_size=3), LIMITS, st.floats(0, 1))
def test_without_blocks_each_interval_is_a_uniform_auction(steps, limits, k):
    found = clear_day_ahead([book_of(orders) for orders in steps], None, rules_of(limits), k)
    for at, orders in enumerate(steps):
        alone = Uniform(k=k).clear(book_of(orders), rules_of(limits))
        assert found.volume[at] == alone.volume
        assert found.price[at] == alone.price or np.isnan([found.price[at], alone.price]).all()
        assert found.ask_fill[at].tolist() == alone.ask_fill.tolist()
        assert found.bid_fill[at].tolist() == alone.bid_fill.tolist()


@settings(max_examples=150, deadline=None)
@given(days(4, SHARES), st.integers(1, 5))
def test_orders_of_no_quantity_change_nothing(case, more):
    steps, blocks, limits = case
    empty = [("sell", -50, 0), ("buy", 80, 0)] * more
    one, other = (
        day([[*orders, *extra] for orders in steps], blocks, limits) for extra in ([], empty)
    )
    assert np.array_equal(one.price, other.price, equal_nan=True)
    assert one.block_fill.tolist() == other.block_fill.tolist()


@settings(max_examples=200, deadline=None)
@given(days(5, SHARES), st.floats(0, 1))
def test_nobody_loses_and_every_interval_balances(case, k):
    steps, blocks, limits = case
    found = day(steps, blocks, limits, k)
    price = np.nan_to_num(found.price)
    for at, orders in enumerate(steps):
        asks = [x for s, x, _ in orders if s == "sell"]
        bids = [x for s, x, _ in orders if s == "buy"]
        ask, bid, of_blocks = found.ask_fill[at], found.bid_fill[at], found.block_fill[at]
        assert bid.sum() - ask.sum() + of_blocks.sum() == 0
        assert all(x <= price[at] for x, q in zip(asks, ask, strict=True) if q)
        assert all(x >= price[at] for x, q in zip(bids, bid, strict=True) if q)
        if found.volume[at]:
            assert limits[0] <= price[at] <= limits[1]
    family = {b: oracle.ancestors(blocks, b) for b in range(len(blocks))}
    gain = found.block_surplus * 1.0
    for root in range(len(blocks)):
        together = sum(gain[b] for b in family if root in family[b])
        # A block cut short trades whole quanta here, a quantum beside its ratio.
        assert together >= -20 * sum(0 < r < 1 for r in found.block_ratio) - 1e-6


@pytest.mark.parametrize("seed", range(8))
def test_shares_of_large_quantities_are_whole(seed):
    rng = np.random.default_rng(seed)
    steps = [[("buy", 90, int(q)), ("buy", 20, int(q))] for q in rng.integers(1, 10**11, 2)]
    blocks = [
        block(price, *(-rng.integers(10**10, 10**11, 2)).tolist(), ratio=0.01)
        for price in (30, 40, 50, 60)
    ]
    found = day(steps, blocks)
    size = np.array([each["quantity"] for each in blocks]).T
    assert ((found.block_ratio > 0) & (found.block_ratio < 1)).any()
    assert np.abs(found.block_fill - size * found.block_ratio).max() <= 1e-9 * 10**11


def test_orders_from_kilowatts_to_gigawatts_stand_side_by_side():
    rng = np.random.default_rng(11)

    def size():
        return int(rng.integers(1, 8)) * 10 ** int(rng.integers(0, 5))

    for _ in range(200):
        sides = rng.choice(["buy", "sell"], (2, 5)).tolist()
        steps = [[(s, int(rng.integers(-3, 400)), size()) for s in row] for row in sides]
        blocks = [
            block(int(rng.integers(-3, 400)), *(sign * size() for _ in steps))
            for sign in rng.choice([-1, 1], 4).tolist()
        ]
        expected = oracle.best_welfare(steps, blocks)
        assert day(steps, blocks).welfare == pytest.approx(expected, rel=1e-12)


def test_beyond_the_cap_a_family_counts_what_it_is_worth():
    # The child pays 100 at most and would have paid 300: enough for its parent's loss.
    blocks = [block(90, -20), block(300, 10, parent=0)]
    found = day([[("buy", 10, 20)]], blocks, (0, 100))
    assert found.block_status == ("accepted", "accepted")
    assert found.welfare == 300 * 10 + 10 * 10 - 20 * 90


def test_random_ties_come_from_the_generator():
    steps = [[("sell", 10, 5), ("sell", 10, 5), ("buy", 20, 6)]]
    rules = AuctionRules(tie_break="random")
    books, blocks = [book_of(steps[0])], columns_of([block(15, 1)])
    fills = {
        tuple(clear_day_ahead(books, blocks, rules, rng=np.random.default_rng(s)).ask_fill[0])
        for s in range(20)
    }
    assert fills == {(5, 2), (2, 5)}


# What is refused


def problems(**columns):
    given = {"price": np.array([10.0, 20.0]), "quantity": np.array([[-5, -5], [-5, 0]])}
    with pytest.raises(InputError) as caught:
        clear_day_ahead([book_of([]), book_of([])], BlockOrders(**given | columns))
    return "\n".join(caught.value.problems)


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        (
            {"minimum_ratio": np.array([0.5, 1.2])},
            "block 1: minimum_ratio 1.2 must lie from 0 to 1",
        ),
        ({"minimum_ratio": np.array([np.nan, 1])}, "block 0: minimum_ratio nan"),
        ({"price": np.array([np.inf, 1.0])}, "block 0: price inf must lie within"),
        ({"quantity": np.array([[5, -5], [-5, 0]])}, "block 0: buys and sells"),
        ({"quantity": np.array([[5, 0], [5, 0]])}, "block 1: has no quantity"),
        ({"quantity": np.array([[5, 5]])}, "quantity has shape (1, 2), not (2, 2)"),
        ({"quantity": np.array([[5.0, 5], [1, 2]])}, "quantity must be whole numbers"),
        ({"parent": np.array([1, 0])}, "block 0: hangs on itself"),
        ({"parent": np.array([0, -1])}, "block 0: hangs on itself"),
        ({"parent": np.array([-1, 7])}, "block 1: parent 7 is no block"),
        ({"group": np.array([-2, 0])}, "block 0: group -2"),
    ],
)
def test_bad_blocks_are_named(columns, text):
    assert text in problems(**columns)


def test_all_problems_at_once():
    found = problems(price=np.array([np.nan, 1.0]), minimum_ratio=np.array([1, -1.0]))
    assert len(found.splitlines()) == 2


def test_books_must_belong_together():
    with pytest.raises(InputError, match="different quanta"):
        clear_day_ahead([book_of([]), replace(book_of([]), quantum=1.0)])
    with pytest.raises(InputError, match="at least one interval"):
        clear_day_ahead([])


# A wrong answer of the solver is noticed


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lambda f: f._replace(block=f.block * 0), "sold"),
        (lambda f: f._replace(volume=f.volume + 1), "sold"),
        (lambda f: f._replace(bid=[f.bid[0] * 2], block=f.block * 2, volume=f.volume * 2), "more"),
        (
            lambda f: f._replace(block=f.block - 1, bid=[f.bid[0] + 1], volume=f.volume + 1),
            "block 0",
        ),
    ],
)
def test_fills_that_break_a_rule_stop_the_auction(monkeypatch, spoil, text):
    fills = day_fills.day_fills
    monkeypatch.setattr(auction, "day_fills", lambda *args: spoil(fills(*args)))
    with pytest.raises(ConservationError, match=text):
        day([[("buy", 50, 15)]], [block(30, -10)])


def test_prices_at_which_a_block_loses_stop_the_auction(monkeypatch):
    monkeypatch.setattr(auction, "supporting_prices", lambda *args: np.array([20.0]))
    with pytest.raises(ConservationError, match="block 0 is accepted and loses 100"):
        day([[("buy", 50, 10)]], [block(30, -10)])


def test_limits_a_million_times_beyond_the_cap_do_not_defeat_the_solver():
    # Limits like these once brought the solver down.
    hours = [
        book_of([("buy", 10**9, 953_137), ("sell", 0, 537_020)]),
        book_of([("buy", 0, 835_988), ("sell", 300, 253_838)]),
    ]
    blocks = [
        block(-(10**9), 136_879, 709_853),
        block(10**9, 0, 963_296),
        block(300, -469_981, -106_975),
    ]
    day = clear_day_ahead(hours, columns_of(blocks, 1), rules_of((-10, 300)))
    assert day.block_status[0] == "rejected"
    assert (day.price[day.volume > 0] <= 300).all()
