"""One book from Python: names, rules, tables of orders and surpluses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market import (
    InputError,
    OrderBook,
    auction_of,
    book_from_arrays,
    book_from_frame,
    clear,
    mechanism_of,
    mwh,
    order_table,
    rules_of,
    surpluses,
)
from market.clearing import mechanisms
from market.mechanisms.uniform import Uniform
from tests.oracles.books import FINE_ORDERS, book_of

pandas = pytest.importorskip("pandas")


def frame(rows, columns=("side", "price", "quantity")):
    return pandas.DataFrame(rows, columns=list(columns))


TWO = frame([("buy", 30, 2.5), ("sell", 10, 5)])


def problems(action):
    with pytest.raises(InputError) as caught:
        action()
    return caught.value.problems


# Every mechanism


@pytest.mark.parametrize("name", mechanisms.names())
@settings(max_examples=60, deadline=None)
@given(orders=FINE_ORDERS)
def test_every_mechanism_conserves_energy_and_money_and_keeps_limits(name, orders):
    book = book_of(orders)
    result = clear(book, name)
    assert int(result.ask_fill.sum()) == int(result.bid_fill.sum()) == result.volume
    assert ((result.ask_fill >= 0) & (result.ask_fill <= book.ask_quantity)).all()
    assert ((result.bid_fill >= 0) & (result.bid_fill <= book.bid_quantity)).all()
    value = (book.bid_price * result.bid_fill).sum() - (book.ask_price * result.ask_fill).sum()
    assert sum(surpluses(book, result)) == pytest.approx(value / 1e6, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("name", ["uniform", "pay-as-bid", "high-low"])
@settings(max_examples=100, deadline=None)
@given(orders=FINE_ORDERS)
def test_the_gains_from_trade_are_the_same_whatever_is_paid(name, orders):
    book = book_of(orders)
    buyers, sellers, operator = surpluses(book, clear(book, name))
    best = surpluses(book, clear(book, "uniform", k=0.0))
    assert buyers + sellers + operator == pytest.approx(sum(best), rel=1e-9, abs=1e-6)
    assert min(buyers, sellers) >= 0
    assert operator >= -1e-6


# Names and rules


def test_rules_by_name():
    book = book_from_frame(TWO)
    assert clear(book).price == 10
    assert clear(book, price_floor=12).price == 12
    assert clear(book, price_rule="marginal-bid", price_cap=20.0).price == 20
    assert clear(book, "high-low", k=1.0).ask_pay.tolist() == [30]


def test_random_ties_follow_the_seed():
    book = book_from_arrays(["sell"] * 6 + ["buy"], [5] * 6 + [9], [1] * 6 + [3])
    fills = {
        seed: clear(book, tie_break="random", seed=seed).ask_fill.tobytes() for seed in range(9)
    }
    assert len(set(fills.values())) > 1
    assert fills[3] == clear(book, tie_break="random", seed=3).ask_fill.tobytes()


def test_unknown_mechanism_names_the_known_ones():
    (problem,) = problems(lambda: clear(book_from_frame(TWO), "unifrom"))
    assert "unknown mechanism 'unifrom'; did you mean 'uniform'?" in problem
    assert "pay-as-bid" in problem


def test_a_parameter_of_another_mechanism_is_refused():
    (problem,) = problems(lambda: mechanism_of("pay-as-bid", {"k": 0.5}))
    assert problem == "mechanism 'pay-as-bid' has no parameter 'k'; it has none."
    (problem,) = problems(lambda: mechanism_of("uniform", {"pricerule": "k"}, "market.energy"))
    assert problem.startswith("market.energy: mechanism 'uniform' has no parameter 'pricerule'")
    assert "did you mean 'price_rule'?" in problem
    assert "it has: k, price_rule" in problem


def test_all_that_is_wrong_with_the_rules_is_listed():
    found = problems(lambda: auction_of("uniform", {"k": 2}, 50, 20, "prorata"))
    assert len(found) == 3
    assert found[0] == "k must be a number from 0 to 1, not 2."
    assert found[1] == "price_floor 50 is above price_cap 20."
    assert "unknown tie_break 'prorata' (did you mean 'pro-rata'?)" in found[2]


@pytest.mark.parametrize("value", [float("nan"), "10", True])
def test_limits_must_be_numbers(value):
    assert "price_cap must be a number" in problems(lambda: rules_of(None, value, "time"))[0]


def test_auction_of_returns_mechanism_and_rules():
    auction, rules = auction_of("uniform", {"k": 1}, 0, None, "time")
    assert auction == Uniform(k=1)
    assert (rules.price_floor, rules.price_cap, rules.tie_break) == (0, np.inf, "time")


# Surpluses


def test_surpluses_of_a_book_worked_by_hand():
    book = book_from_arrays(["sell", "sell", "buy"], [10, 20, 30], [4, 4, 6])
    assert surpluses(book, clear(book)) == (6 * 10, 4 * 10, 0)
    assert surpluses(book, clear(book, "pay-as-bid")) == (0, 0, 4 * 20 + 2 * 10)


def test_nothing_traded_is_nothing_gained():
    book = book_from_arrays(["sell", "buy"], [20, 10], [1, 1])
    assert surpluses(book, clear(book)) == (0, 0, 0)


def test_mwh_keeps_decimals():
    book = OrderBook(*[np.empty(0)] * 4, quantum=1e-9)
    assert mwh(book, 300_000_000) == 0.3
    assert mwh(OrderBook(*[np.empty(0)] * 4, quantum=2.0), 3) == 6


# Tables


def test_frame_becomes_two_blocks_in_row_order():
    book = book_from_frame(
        frame([("buy", 3, 1), ("sell", 2, 0.1), ("buy", 1, 2), ("sell", 4, 0.3)])
    )
    assert book.ask_price.tolist() == [2, 4]
    assert mwh(book, book.ask_quantity).tolist() == [0.1, 0.3]
    assert book.bid_price.tolist() == [3, 1]


def test_quantities_keep_nine_decimals_and_never_grow():
    written = [0.1, 0.000000001, 123456.789, 1 / 3, 0.1234567896, 1e9, 0.0000000004]
    book = book_from_arrays(["buy"] * 7, [1] * 7, written)
    kept = mwh(book, book.bid_quantity)
    assert kept[[0, 1, 2, 5]].tolist() == [0.1, 0.000000001, 123456.789, 1e9]
    assert (kept <= written).all()
    assert np.allclose(kept, written, atol=1e-9, rtol=0)
    assert kept[6] == 0


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        ([("buy", 1, 1)], ("side", "price", "qty"), "unknown column 'qty'"),
        ([("buy", 1, 1)], ("side", "prices", "quantity"), "did you mean 'price'?"),
        ([("buy", 1)], ("side", "price"), "column 'quantity' is missing"),
        ([("buy", 1, 1, 2)], ("side", "price", "quantity", "price"), "'price' appears more than"),
        ([], ("side", "price", "quantity"), "there are no orders"),
        ([("Buy", 1, 1)], ("side", "price", "quantity"), "row 0: side 'Buy' must be 'buy' or"),
        ([(None, 1, 1)], ("side", "price", "quantity"), "row 0: side"),
        ([("buy", "x", 1)], ("side", "price", "quantity"), "row 0: price 'x' must be a finite"),
        ([("buy", np.inf, 1)], ("side", "price", "quantity"), "row 0: price inf must be a fin"),
        ([("buy", 1, np.nan)], ("side", "price", "quantity"), "row 0: quantity nan must be"),
        ([("buy", 1, None)], ("side", "price", "quantity"), "row 0: quantity"),
        ([("buy", 1, True)], ("side", "price", "quantity"), "row 0: quantity True must be"),
        ([("buy", "1_0", 1)], ("side", "price", "quantity"), "row 0: price '1_0' must be"),
        ([("buy", 1, -2.0)], ("side", "price", "quantity"), "row 0: quantity -2.0 must not be neg"),
        ([("buy", 1e13, 1)], ("side", "price", "quantity"), "price 1e13 must lie within 1e+12"),
        ([("buy", 1, 2e9)], ("side", "price", "quantity"), "quantity 2e9 must lie within 1e+09"),
        ([("buy", 1, 9e8)] * 11, ("side", "price", "quantity"), "9.9e+09 MWh in one book"),
    ],
)
def test_wrong_tables_are_refused(rows, columns, message):
    found = problems(lambda: book_from_frame(frame(rows, columns)))
    normal = message.replace("1e13", "10000000000000.0").replace("2e9", "2000000000.0")
    assert any(normal in problem for problem in found), found


def test_all_problems_of_a_table_come_at_once_and_long_lists_are_cut():
    rows = [("hold", float("nan"), -1.0)] * 30
    found = problems(lambda: book_from_frame(frame(rows)))
    assert len(found) == 3 * 21
    assert "... and 10 more rows where side must be 'buy' or 'sell'." in found


def test_names_are_checked_per_book():
    columns = {
        "side": ["buy"] * 4,
        "price": [1.0] * 4,
        "quantity": [1.0] * 4,
        "interval": ["a", "b", "a", "b"],
    }
    table = order_table(columns | {"order_id": [1, 1, 2, 2]})
    assert table.intervals == ["a", "b"]
    assert [rows.tolist() for _, rows, _, _ in table.books()] == [[0, 2], [1, 3]]
    found = problems(lambda: order_table(columns | {"order_id": [1, 2, 1, None]}))
    assert "row 2: order_id 1 appears twice in one book." in found
    assert "row 3: order_id is empty and must be given in every row or in none." in found
    assert "one book at a time" in problems(lambda: book_from_frame(pandas.DataFrame(columns)))[0]


def test_participants_default_to_the_order_itself():
    columns = {"side": ["buy", "buy"], "price": [1, 1], "quantity": [1, 1]}
    assert order_table(columns).participant is None
    named = order_table(columns | {"order_id": ["x", "A"], "participant": ["A", None]})
    assert named.participant == ["A", ("order", "A")]
    assert named.one().bid_owner.tolist() == [0, 1]
    assert named.one().bid_turn.tolist() == [0, 1]


def test_columns_of_different_length_are_refused():
    assert "differ in length" in problems(lambda: book_from_arrays(["buy"], [1, 2], [1]))[0]


def test_cells_of_pandas_own_types_are_read():
    rows = frame([("sell", 10, 5), ("buy", 30, 5)]).astype({"side": "category", "price": "Int64"})
    rows["interval"] = pandas.Timestamp("2024-01-01T00:00+08:00")
    assert clear(book_from_frame(rows)).price == 20
    rows.loc[1, "price"] = pandas.NA
    assert "row 1: price" in problems(lambda: book_from_frame(rows))[0]


@given(st.floats(1e6, 8e8))
def test_huge_quantities_never_grow(quantity):
    book = book_from_arrays(["buy"], [1.0], [quantity])
    assert int(book.bid_quantity[0]) / 1e9 <= quantity
    assert int(book.bid_quantity[0]) / 1e9 == pytest.approx(quantity, rel=1e-14)


def test_parameters_must_have_the_type_of_their_field():
    with pytest.raises(InputError) as caught:
        mechanism_of("continuous", {"closing_share": "x", "steps": 1.5})
    assert caught.value.problems == [
        "closing_share must be a number, not 'x'.",
        "steps must be a whole number, not 1.5.",
    ]
