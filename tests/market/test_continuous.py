"""The continuous double auction against its definition, compiled and not."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market import AuctionRules, OrderBook, clear, stream, surpluses
from market.clear import mechanism_of
from market.compiled_matching import available, compiled, match
from market.crossing import cross
from market.errors import InputError
from market.mechanisms import continuous
from market.mechanisms.continuous import Continuous
from market.mechanisms.uniform import Uniform
from tests.oracles import continuous as oracle
from tests.oracles.books import FINE_ORDERS, LIMITS, ORDERS, TIES, book_of, rules_of

OPEN = AuctionRules()
MINIMA = st.just([0] * 14) | st.lists(st.integers(0, 4), min_size=14, max_size=14)
SHARES = st.sampled_from([0.0, 0.0, 0.25, 0.5, 1.0])


def arriving(orders, minima=None):
    """Orders (side, price, quantity) as a book in which they arrive as they are listed."""
    side = np.array([s for s, _, _ in orders])
    least = np.array(minima or [0] * len(orders), np.int64)
    sells, buys = np.flatnonzero(side == "sell"), np.flatnonzero(side == "buy")
    return replace(
        book_of(orders),
        ask_turn=sells,
        bid_turn=buys,
        ask_minimum=least[sells],
        bid_minimum=least[buys],
    )


def by_definition(orders, minima, share, limits):
    """Fills, money and trades of each order, row by row."""
    rows = [
        (number, (*order, least))
        for number, (order, least) in enumerate(zip(orders, minima, strict=True))
        if order[2] > 0 and (order[1] <= limits[1] if order[0] == "sell" else order[1] >= limits[0])
    ]
    first = len(rows) - round(share * len(rows))
    trades, left = oracle.continuous([order for _, order in rows[:first]], *limits)
    fill, money = [0] * len(orders), [0.0] * len(orders)
    for new, old, part, price in trades:
        for row in (rows[new][0], rows[old][0]):
            fill[row] += part
            money[row] += part * price
    held = [(0 if order[3] else order[2]) for _, order in rows[first:]]
    if share:
        price, fills = oracle.closing([order for _, order in rows], left + held, *limits)
        for (row, _), part in zip(rows, fills, strict=True):
            fill[row] += part
            money[row] += part * price if part else 0.0
    return fill, money


@settings(max_examples=10_000, deadline=None)
@given(ORDERS, LIMITS, SHARES, MINIMA)
def test_trades_follow_the_definition(orders, limits, share, minima):
    minima = minima[: len(orders)]
    book = arriving(orders, minima)
    result = Continuous(share).clear(book, rules_of(limits, "time"))
    fill, money = by_definition(orders, minima, share, limits)
    for side, got, pay, own in (
        ("sell", result.ask_fill, result.ask_pay, book.ask_price),
        ("buy", result.bid_fill, result.bid_pay, book.bid_price),
    ):
        rows = [row for row, order in enumerate(orders) if order[0] == side]
        assert got.tolist() == [fill[row] for row in rows]
        expected = [money[r] / fill[r] if fill[r] else orders[r][1] for r in rows]
        assert pay == pytest.approx(expected)
        assert (pay[got == 0] == own[got == 0]).all()
    least = np.array(minima, np.int64)
    assert all(fill[row] == 0 or fill[row] >= least[row] for row in range(len(orders)))


@settings(max_examples=500, deadline=None)
@given(ORDERS, LIMITS, TIES, SHARES)
def test_trades_explain_fills_and_prices(orders, limits, ties, share):
    book, rules = arriving(orders), rules_of(limits, ties)
    result = Continuous(share).clear(book, rules, stream(2, "ties"))
    ask, bid, quantity, price = result.trades
    n, m = book.ask_price.size, book.bid_price.size
    assert (quantity > 0).all()
    assert ((price >= rules.price_floor) & (price <= rules.price_cap)).all()
    assert (book.ask_price[ask] <= price).all()
    assert (book.bid_price[bid] >= price).all()
    assert np.bincount(ask, quantity, n).tolist() == result.ask_fill.tolist()
    assert np.bincount(bid, quantity, m).tolist() == result.bid_fill.tolist()
    assert result.volume == quantity.sum()
    assert np.isnan([result.price, result.buy_price, result.sell_price]).all()
    found = cross(book, rules, stream(2, "ties"))
    assert np.array_equal([result.price_low, result.price_high], found[:2], equal_nan=True)
    buyers, sellers, operator = surpluses(book, result)
    assert min(buyers, sellers) >= 0
    assert operator == pytest.approx(0, abs=1e-12)
    left = np.concatenate(
        (book.ask_quantity - result.ask_fill, book.bid_quantity - result.bid_fill)
    )
    assert (left >= 0).all()


@settings(max_examples=500, deadline=None)
@given(ORDERS, LIMITS)
def test_nothing_is_left_that_could_still_trade(orders, limits):
    """So a call auction of the rest trades nothing, and gains never exceed the best there are."""
    book, rules = arriving(orders), rules_of(limits)
    result = Continuous().clear(book, rules)
    rest = replace(
        book,
        ask_quantity=book.ask_quantity - result.ask_fill,
        bid_quantity=book.bid_quantity - result.bid_fill,
    )
    assert cross(rest, rules).volume == 0
    assert sum(surpluses(book, result)) <= sum(surpluses(book, Uniform().clear(book, rules))) + 1e-9


@settings(max_examples=300, deadline=None)
@given(ORDERS, LIMITS, TIES)
def test_an_auction_of_all_orders_is_the_call_auction(orders, limits, ties):
    book, rules = arriving(orders), rules_of(limits, ties)
    whole = Continuous(closing_share=1.0).clear(book, rules, stream(2, "ties"))
    call = Uniform().clear(book, rules, stream(2, "ties"))
    assert whole.ask_fill.tolist() == call.ask_fill.tolist()
    assert whole.bid_fill.tolist() == call.bid_fill.tolist()
    assert set(whole.trades.price.tolist()) <= {call.price}


@settings(max_examples=200, deadline=None)
@given(ORDERS, st.sampled_from([0.0, 0.5]))
def test_empty_rows_are_no_orders(orders, share):
    padded = [order for o in orders for order in (("sell", 1, 0), o, ("buy", 9, 0))]
    plain = Continuous(share).clear(arriving(orders), OPEN)
    other = Continuous(share).clear(arriving(padded), OPEN)
    kept = arriving(padded)
    assert other.ask_fill[kept.ask_quantity > 0].tolist() == [
        f for f, q in zip(plain.ask_fill, arriving(orders).ask_quantity, strict=True) if q
    ]
    assert other.volume == plain.volume
    assert other.trades.price.tolist() == plain.trades.price.tolist()


def test_without_turns_offers_come_first_and_bids_pay_what_was_asked():
    result = clear(book_of([("buy", 30, 6), ("sell", 20, 4), ("sell", 10, 4)]), "continuous")
    assert result.ask_pay.tolist() == [20, 10]
    assert result.bid_pay.tolist() == [pytest.approx(80 / 6)]


def test_first_come_first_served_at_one_price_and_the_one_who_waits_names_it():
    orders = [("buy", 20, 3), ("buy", 20, 3), ("buy", 25, 1), ("sell", 18, 5)]
    result = Continuous().clear(arriving(orders), OPEN)
    assert result.bid_fill.tolist() == [3, 1, 1]
    assert result.trades.price.tolist() == [25, 20, 20]
    assert result.ask_pay.tolist() == [21]


def test_prices_stay_within_floor_and_cap():
    orders = [("sell", -5, 2), ("buy", 3, 2), ("buy", 50, 2), ("sell", 40, 2), ("sell", 10, 1)]
    result = Continuous().clear(arriving(orders), AuctionRules(0.0, 30.0))
    assert result.ask_fill.tolist() == [2, 0, 1]
    assert result.ask_pay.tolist() == [0, 40, 30]
    assert result.bid_pay.tolist() == [0, 30]


def test_a_minimum_that_cannot_trade_at_once_cancels_the_order():
    orders = [("sell", 10, 3), ("buy", 10, 5), ("sell", 10, 5)]
    few = Continuous().clear(arriving(orders, [0, 4, 0]), OPEN)
    assert few.volume == 0
    enough = Continuous().clear(arriving(orders, [0, 3, 0]), OPEN)
    assert enough.bid_fill.tolist() == [5]
    assert enough.ask_fill.tolist() == [3, 2]


def test_of_one_and_a_half_orders_the_call_auction_takes_the_even_number():
    orders = [("sell", 10, 1), ("buy", 30, 1), ("sell", 14, 1)]
    # Two of three orders are gathered: all meet in the auction, whose price is 12 to 14.
    assert Continuous(0.5).clear(arriving(orders), OPEN).trades.price.tolist() == [12]
    assert Continuous(0.4).clear(arriving(orders), OPEN).trades.price.tolist() == [10]


def test_an_empty_book():
    result = Continuous(0.5).clear(book_of([]), OPEN)
    assert result.volume == 0
    assert result.trades.quantity.size == 0


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan"), "0.5", True])
def test_a_closing_share_is_a_share(share):
    with pytest.raises(InputError, match="closing_share must be a number"):
        mechanism_of("continuous", {"closing_share": share})


@pytest.mark.parametrize("steps", [0, 61, 2.0, "6", True])
def test_steps_are_few_and_whole(steps):
    with pytest.raises(InputError, match="steps must be a whole number"):
        mechanism_of("continuous", {"steps": steps})


# Machine code


@pytest.fixture(scope="module")
def machine():
    if not available():
        pytest.skip("numba is not installed")
    return compiled()


@settings(max_examples=2000, deadline=None)
@given(orders=ORDERS | ORDERS | ORDERS | FINE_ORDERS, limits=LIMITS)
def test_machine_code_makes_the_same_trades(machine, orders, limits):
    queue = continuous._in_turn(arriving(orders), rules_of(limits))
    columns = queue.is_bid, queue.price, queue.quantity, *map(float, limits)
    slow = continuous._one_by_one(queue, queue.row.size, rules_of(limits))
    for fast in (machine(*columns), match(*columns)):
        assert [c.tolist() for c in fast] == [c.tolist() for c in slow]


def test_a_large_book_is_the_same_either_way(machine, monkeypatch):
    rng = np.random.default_rng(3)
    n = 2 * continuous.COMPILED_FROM
    turn = rng.permutation(n)
    half = n // 2
    book = OrderBook(
        rng.normal(300, 50, half).round(1),
        rng.integers(0, 10**9, half),
        rng.normal(300, 50, half).round(1),
        rng.integers(0, 10**9, half),
        ask_turn=turn[:half],
        bid_turn=turn[half:],
    )
    called = []
    by_machine = continuous._by_machine
    monkeypatch.setattr(
        continuous, "_by_machine", lambda *given: called.append(1) or by_machine(*given)
    )
    fast = Continuous(0.1).clear(book, OPEN)
    monkeypatch.setattr(continuous, "COMPILED_FROM", np.inf)
    slow = Continuous(0.1).clear(book, OPEN)
    assert called == [1]
    assert fast.trades.quantity.size > 10_000
    for name in ("ask_fill", "bid_fill", "ask_pay", "bid_pay"):
        assert getattr(fast, name).tolist() == getattr(slow, name).tolist()
    for one, two in zip(fast.trades, slow.trades, strict=True):
        assert one.tolist() == two.tolist()


def test_without_numba_large_books_still_trade(monkeypatch):
    monkeypatch.setattr(continuous.compiled_matching, "available", lambda: False)
    monkeypatch.setattr(continuous, "COMPILED_FROM", 0)
    assert clear(book_of([("sell", 1, 5), ("buy", 2, 5)]), "continuous").volume == 5
