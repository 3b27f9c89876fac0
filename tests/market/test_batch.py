"""Many books at once, and large ones by selection: always what one book, ranked, gives."""

from dataclasses import fields
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market import (
    AuctionRules,
    InputError,
    OrderBook,
    OrderTable,
    TableResult,
    clear,
    clear_many,
    clear_table,
    crossing,
    order_table,
)
from market.crossing import clearing_prices, cross
from market.mechanisms.pay_as_bid import PayAsBid
from market.mechanisms.uniform import Uniform
from market.sums import segment_sums, segment_totals, share_out_each
from market.units import share_out
from tests.oracles.books import FINE_ORDERS, LIMITS, ORDERS, book_of, rules_of

MANY = st.lists(ORDERS, min_size=1, max_size=4)
MANY_FINE = st.lists(FINE_ORDERS, min_size=1, max_size=4)
TOGETHER = st.one_of(
    st.builds(Uniform, k=st.one_of(st.sampled_from([0, 1]), st.floats(0, 1))),
    st.builds(Uniform, price_rule=st.sampled_from(["marginal-ask", "marginal-bid", "midpoint"])),
    st.just(PayAsBid()),
)
TIES = st.sampled_from(["pro-rata", "time"])


def table_of(books, mixed):
    """The orders of several books as one table; the rows of the books in mixed order."""
    rows = [(*order, book) for book, orders in enumerate(books) for order in orders]
    mixed.shuffle(rows)
    side, price, parts, book = zip(*rows, strict=True) if rows else ((), (), (), ())
    return OrderTable(
        is_buy=np.array([each == "buy" for each in side], bool),
        price=np.array(price, np.float64),
        parts=np.array(parts, np.int64),
        order_id=list(range(len(rows))),
        participant=None,
        intervals=list(range(len(books))),
        book=np.array(book, np.int64),
    )


def one_by_one(table, auction, rules):
    return clear_table(table, SimpleNamespace(clear=auction.clear, draws=False), rules, "alone")


def differences(found, expected):
    """Names of the columns that differ in any bit that a number shows."""
    return [
        column.name
        for column in fields(TableResult)
        if column.name != "trades"
        and not np.array_equal(
            getattr(found, column.name), getattr(expected, column.name), equal_nan=True
        )
    ]


@settings(max_examples=3000, deadline=None)
@given(MANY, LIMITS, TIES, TOGETHER, st.randoms(use_true_random=False))
def test_together_is_as_one_by_one(books, limits, ties, auction, mixed):
    table, rules = table_of(books, mixed), rules_of(limits, ties)
    found = clear_table(table, auction, rules, "together")
    assert not differences(found, one_by_one(table, auction, rules))


@settings(max_examples=500, deadline=None)
@given(MANY_FINE, TIES, TOGETHER, st.randoms(use_true_random=False))
def test_together_is_as_one_by_one_on_fine_books(books, ties, auction, mixed):
    table, rules = table_of(books, mixed), AuctionRules(-100.0, 2000.0, ties)
    found = clear_table(table, auction, rules, "together")
    assert not differences(found, one_by_one(table, auction, rules))


def test_sums_over_all_books_may_exceed_any_integer():
    orders = [("sell", 10, 2 * 10**18), ("sell", 10, 10**18), ("buy", 30, 2 * 10**18 + 1)]
    table = table_of([orders] * 9, SimpleNamespace(shuffle=lambda rows: None))
    for ties in ("pro-rata", "time"):
        found = clear_table(table, Uniform(), AuctionRules(tie_break=ties), "uniform")
        assert found.volume.tolist() == [2 * 10**18 + 1] * 9
        assert not differences(found, one_by_one(table, Uniform(), AuctionRules(tie_break=ties)))


def test_more_books_than_short_numbers_count():
    n = 70_000
    table = OrderTable(
        is_buy=np.tile([False, True], n),
        price=np.tile([10.0, 20.0], n) + np.repeat(np.arange(n), 2),
        parts=np.full(2 * n, 5),
        order_id=list(range(2 * n)),
        participant=None,
        intervals=list(range(n)),
        book=np.repeat(np.arange(n), 2),
    )
    found = clear_table(table, Uniform(), AuctionRules(), "uniform")
    assert np.array_equal(found.price, 15.0 + np.arange(n))
    assert (found.accepted == 5).all()


# Public call


COLUMNS = {
    "interval": ["b", "a", "b", "a", "b"],
    "side": ["sell", "sell", "buy", "buy", "sell"],
    "price": [10.0, 20.0, 30.0, 50.0, 10.0],
    "quantity": [2.0, 1.0, 3.0, 0.5, 2.0],
}


def test_columns_are_those_of_the_table():
    found = clear_many(order_table(COLUMNS), k=1)
    assert found.price.tolist() == [10, 20]
    assert found.volume.tolist() == [3_000_000_000, 500_000_000]
    assert (found.accepted / 1e9).tolist() == [1.5, 0.5, 3, 0.5, 1.5]
    assert found.paid.tolist() == [10, 20, 10, 20, 10]
    assert found.buyer_surplus.tolist() == [60, 15]
    assert found.trades == []


def test_a_mechanism_that_makes_pairs_names_rows_of_the_table():
    found = clear_many(order_table(COLUMNS), "high-low")
    assert [trades.ask.tolist() for trades in found.trades] == [[0, 4], [1]]
    assert [trades.bid.tolist() for trades in found.trades] == [[2, 2], [3]]


def test_random_ties_are_drawn_book_by_book():
    columns = {name: values * 1 for name, values in COLUMNS.items()}
    table = order_table(columns)
    fills = {
        tuple(clear_many(table, tie_break="random", seed=seed).accepted.tolist())
        for seed in range(20)
    }
    assert len(fills) == 2
    alone = order_table({name: [values[i] for i in (0, 2, 4)] for name, values in columns.items()})
    for seed in range(5):
        both = clear_many(table, tie_break="random", seed=seed).accepted
        assert (
            both[[0, 2, 4]].tolist()
            == clear_many(alone, tie_break="random", seed=seed).accepted.tolist()
        )


def test_random_ties_are_not_taken_together():
    with pytest.raises(ValueError, match="book by book"):
        Uniform().clear_books(None, AuctionRules(tie_break="random"))


def test_parties_that_meet_themselves_are_cleared_one_by_one():
    columns = COLUMNS | {"participant": ["x", "y", "x", "z", "w"]}
    assert clear_many(order_table(columns)).volume[0] == 3_000_000_000
    kept_apart = clear_many(order_table(columns), self_trade=False)
    assert kept_apart.volume.tolist() == [1_500_000_000, 500_000_000]


def test_wrong_rules_are_refused():
    with pytest.raises(InputError, match="unknown mechanism"):
        clear_many(order_table(COLUMNS), "unifrom")


# Large books by selection


@settings(max_examples=10_000, deadline=None)
@given(ORDERS)
def test_selection_finds_what_ranking_finds(orders):
    # Books of five orders count as large ones.
    book = book_of(orders)
    ranked = clearing_prices(book)
    with pytest.MonkeyPatch.context() as patched:
        for name, value in (("LARGE", 4), ("SAMPLE", 3), ("MARGIN", 1)):
            patched.setattr(crossing, name, value)
        assert clearing_prices(book) == ranked


def _books_that_mislead():
    rng = np.random.default_rng(7)
    n = 20_000
    fine, coarse = rng.uniform(-500, 3000, n), rng.integers(0, 5, n).astype(np.float64)
    even, skewed = rng.integers(1, 10**6, n), (rng.pareto(0.3, n) * 10).clip(0, 10**12)
    one = np.zeros(n, np.int64)
    one[::4096] = 10**9
    for price in (fine, np.sort(fine), coarse, np.full(n, 7.0)):
        for quantity in (even, skewed.astype(np.int64), one, np.arange(n) % 2):
            for asks in (n // 2, 10, n - 10):
                yield price[:asks], quantity[:asks], price[asks:], quantity[asks:]


def test_selection_is_exact_however_the_sample_misleads(monkeypatch):
    books = [OrderBook(*columns) for columns in _books_that_mislead()]
    selected = [cross(book, AuctionRules()) for book in books]
    monkeypatch.setattr(crossing, "LARGE", 10**9)
    for book, found in zip(books, selected, strict=True):
        expected = cross(book, AuctionRules())
        assert np.array_equal(found[:3], expected[:3], equal_nan=True)
        assert np.array_equal(found.ask_fill, expected.ask_fill)
        assert np.array_equal(found.bid_fill, expected.bid_fill)


def test_a_large_book_is_narrowed_down(monkeypatch):
    ranked = []
    merged = crossing._merged
    monkeypatch.setattr(
        crossing, "_merged", lambda sides: ranked.append(sides[0][0].size) or merged(sides)
    )
    rng = np.random.default_rng(1)
    price, quantity = rng.random(100_000), rng.integers(1, 100, 100_000)
    clear(OrderBook(price[::2], quantity[::2], price[1::2], quantity[1::2]))
    assert max(ranked) < 4096


# Sums and shares of segments


@settings(max_examples=2000, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(1, 10**17), min_size=1, max_size=6), st.floats(0, 1, width=16)
        ),
        min_size=1,
        max_size=4,
    )
)
def test_shares_of_each_segment(segments):
    weights = [np.array(each, np.int64) for each, _ in segments]
    totals = [
        int(each.sum()) * int(1000 * part) // 1000
        for each, (_, part) in zip(weights, segments, strict=True)
    ]
    edge = np.cumsum([0, *map(len, weights)])
    found = share_out_each(np.array(totals), np.concatenate(weights), edge)
    expected = [share_out(total, each) for total, each in zip(totals, weights, strict=True)]
    assert found.tolist() == np.concatenate(expected).tolist()


def test_totals_of_segments_are_those_of_numpy_to_the_last_bit():
    rng = np.random.default_rng(2)
    size = np.concatenate((rng.integers(0, 400, 300), [0]))
    edge = np.concatenate(([0], size.cumsum()))
    values = rng.normal(0, 1e6, edge[-1])
    expected = [np.add.reduce(values[a:b]) for a, b in pairwise(edge)]
    assert segment_totals(values, edge).tolist() == expected


def test_sums_of_empty_segments_are_zero():
    assert segment_sums(np.array([], np.int64), np.array([0, 0, 0])).tolist() == [0, 0]


def test_owners_count_by_book_so_that_other_books_do_not_matter():
    rows = {
        "interval": ["h1"] * 2 + ["h2"] * 6,
        "side": ["sell", "buy", "sell", "sell", "buy", "buy", "sell", "buy"],
        "price": [10, 50, 10, 11, 50, 40, 12, 45],
        "quantity": [1] * 8,
        "participant": ["zoe", "max", "anna", "bob", "zoe", "max", "eve", "kim"],
    }
    both = clear_many(order_table(rows), "muda", seed=4)
    alone = clear_many(order_table({k: v[2:] for k, v in rows.items()}), "muda", seed=4)
    assert both.accepted[2:].tolist() == alone.accepted.tolist()
