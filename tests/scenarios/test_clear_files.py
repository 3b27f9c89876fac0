"""Order books from files: what is read, what is refused, what comes out."""

import json
from pathlib import Path

import numpy as np
import pytest

from market import InputError, book_from_frame, clear, surpluses
from scenarios.clear_files import clear_file

pandas = pytest.importorskip("pandas")
SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "orderbooks"
HEADER = "side,price,quantity\n"
FIELDS = [
    *("interval", "mechanism", "price", "price_low", "price_high", "buy_price", "sell_price"),
    *("volume", "buyer_surplus", "seller_surplus", "operator_surplus", "welfare", "orders"),
]


@pytest.fixture
def write(tmp_path):
    """Write a text file and return its path."""

    def write_text(text, name="orders.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write_text


def problems(path, *args, **rules):
    with pytest.raises(InputError) as caught:
        clear_file(path, *args, **rules)
    return caught.value.problems


def test_every_field_of_the_contract(write):
    (book,) = clear_file(write(HEADER + "buy,30,2.5\nsell,10,5\nbuy,5,1\n"))
    assert list(book) == FIELDS
    assert book["interval"] is None
    assert book["mechanism"] == "uniform"
    assert book["price"] == book["price_low"] == book["price_high"] == 10
    assert book["volume"] == 2.5
    assert (book["buyer_surplus"], book["seller_surplus"], book["welfare"]) == (50, 0, 50)
    assert book["orders"] == [
        {"order_id": 0, "accepted": 2.5, "price": 10, "payment": 25},
        {"order_id": 1, "accepted": 2.5, "price": 10, "payment": -25},
        {"order_id": 2, "accepted": 0, "price": None, "payment": 0},
    ]
    assert "-0.0" not in json.dumps(book, allow_nan=False)


def test_individual_prices_leave_the_common_one_null(write):
    path = write(HEADER + "sell,10,5\nbuy,30,5\n")
    (book,) = clear_file(path, "pay-as-bid")
    assert book["price"] is book["buy_price"] is book["sell_price"] is None
    assert (book["price_low"], book["price_high"], book["operator_surplus"]) == (10, 30, 100)
    assert [order["payment"] for order in book["orders"]] == [-50, 150]
    (book,) = clear_file(path, "high-low", k=0.25)
    assert [order["price"] for order in book["orders"]] == [15, 15]


def test_nothing_trades_but_the_ends_are_reported(write):
    (book,) = clear_file(write(HEADER + "buy,30,0\nbuy,20,1\n"), price_cap=100)
    assert (book["price"], book["price_low"], book["price_high"]) == (None, 20, 100)
    (book,) = clear_file(write(HEADER + "buy,30,0\n"))
    assert (book["price"], book["price_low"], book["price_high"]) == (None, None, None)
    assert book["welfare"] == book["volume"] == 0


def test_books_come_in_order_of_first_appearance_and_orders_in_row_order(write):
    text = "interval,order_id,side,price,quantity,participant\n"
    text += "b,x1,buy,30,1,A\na,007,sell,10,1,B\nb,x2,sell,10,1,C\na,8,buy,12,1,A\n"
    books = clear_file(write(text))
    assert [book["interval"] for book in books] == ["b", "a"]
    assert [[order["order_id"] for order in book["orders"]] for book in books] == [
        ["x1", "x2"],
        ["007", "8"],
    ]
    assert [book["price"] for book in books] == [20, 11]


def test_names_that_are_whole_numbers_stay_numbers(write):
    text = "interval,order_id,side,price,quantity\n7,10,buy,30,1\n8,10,buy,30,1\n"
    books = clear_file(write(text))
    assert [book["interval"] for book in books] == [7, 8]
    assert books[1]["orders"][0]["order_id"] == 10


def test_default_names_count_rows_of_the_file(write):
    books = clear_file(write("interval,side,price,quantity\n1,buy,3,1\n2,buy,3,1\n1,sell,3,1\n"))
    assert [[order["order_id"] for order in book["orders"]] for book in books] == [[0, 2], [1]]


def test_parquet_and_csv_give_the_same(tmp_path):
    rows = pandas.DataFrame(
        {
            "interval": pandas.to_datetime(["2024-01-01T00:00Z"] * 3),
            "side": pandas.Categorical(["sell", "buy", "buy"]),
            "price": [10, 30, 20],
            "quantity": [0.3, 0.1, 0.7],
        }
    )
    shuffled = rows.iloc[[0, 2, 1]]
    rows.to_parquet(tmp_path / "orders.parquet")
    shuffled.to_parquet(tmp_path / "kept_index.parquet")
    (book,) = clear_file(tmp_path / "orders.parquet", k=0)
    assert book["interval"] == "2024-01-01T00:00:00+00:00"
    assert [order["accepted"] for order in book["orders"]] == [0.3, 0.1, 0.2]
    assert clear_file(tmp_path / "kept_index.parquet", k=0)[0]["volume"] == 0.3
    rows.assign(interval="2024-01-01T00:00:00+00:00").to_csv(tmp_path / "o.csv", index=False)
    assert clear_file(tmp_path / "o.csv", k=0) == [book]


def test_files_of_spreadsheets_are_read(write):
    (book,) = clear_file(
        write("\ufeff" + HEADER.strip() + "\r\nbuy, 30 ,1e0\r\nsell,1E1,1\r\n\r\n")
    )
    assert book["price"] == 20


def test_file_and_frame_agree(tmp_path):
    rng = np.random.default_rng(3)
    rows = pandas.DataFrame(
        {
            "side": rng.choice(["buy", "sell"], 60),
            "price": rng.integers(0, 12, 60) * 2.5,
            "quantity": rng.integers(0, 900, 60) / 100,
        }
    )
    rows.to_csv(tmp_path / "orders.csv", index=False)
    for name in ("uniform", "pay-as-bid", "high-low"):
        for ties in ("pro-rata", "time", "random"):
            rules = {"tie_break": ties, "seed": 4, "price_cap": 25.0}
            (book,) = clear_file(tmp_path / "orders.csv", name, **rules)
            result = clear(book_from_frame(rows), name, **rules)
            fills = iter(result.bid_fill), iter(result.ask_fill)
            expected = [next(fills[side == "sell"]) / 1e9 for side in rows.side]
            assert [order["accepted"] for order in book["orders"]] == expected
            gains = surpluses(book_from_frame(rows), result)
            assert [book[key] for key in FIELDS[8:11]] == list(gains)
            paid = sum(order["payment"] for order in book["orders"])
            assert paid == pytest.approx(book["operator_surplus"], abs=1e-9)


def test_random_ties_of_a_book_do_not_depend_on_other_books(write):
    head, body = "interval,side,price,quantity\n", "1,sell,5,1\n" * 4 + "1,buy,9,2\n"
    other = body.replace("1,sell", "0,sell").replace("1,buy", "0,buy")
    rules = {"tie_break": "random", "seed": 2}
    alone = clear_file(write(head + body), **rules)[0]
    after = clear_file(write(head + other + body), **rules)[1]
    accepted = [[order["accepted"] for order in book["orders"]] for book in (alone, after)]
    assert accepted[0] == accepted[1]


def test_ten_thousand_small_books_take_seconds(tmp_path):
    rng = np.random.default_rng(1)
    n = 100_000
    rows = pandas.DataFrame(
        {
            "interval": np.arange(n) // 50,
            "side": rng.choice(["buy", "sell"], n),
            "price": rng.integers(0, 5000, n) / 10,
            "quantity": rng.integers(0, 5000, n) / 1000,
        }
    )
    rows.to_parquet(tmp_path / "orders.parquet")
    books = clear_file(tmp_path / "orders.parquet")
    assert len(books) == 2000
    assert sum(len(book["orders"]) for book in books) == n
    for book in books[::97]:
        sold = sum(order["accepted"] for order in book["orders"] if order["payment"] < 0)
        assert sold == pytest.approx(book["volume"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("\n\n", "the file is empty"),
        (HEADER, "there are no orders"),
        ("side,price\nbuy,1\n", "column 'quantity' is missing"),
        ("side,price,quantity,qunatity\nbuy,1,1,1\n", "unknown column 'qunatity' (did you mean"),
        ("side;price;quantity\nbuy;1;1\n", "unknown column 'side;price;quantity'"),
        ("side,price,price,quantity\nbuy,1,1,1\n", "column 'price' appears more than once"),
        (HEADER + "buy,1\n", "cannot be read as CSV"),
        (HEADER + "buy,1,2,3\n", "cannot be read as CSV"),
        (HEADER + "buy,1,1\nhold,1,1\n", "row 1 (line 3): side 'hold' must be 'buy' or 'sell'"),
        (HEADER + "buy,1,1\nsell,abc,1\n", "row 1 (line 3): price 'abc' must be a finite number"),
        (HEADER + "buy,,1\n", "row 0 (line 2): price is empty and must be a finite number"),
        (HEADER + "buy,nan,1\n", "row 0 (line 2): price nan must be a finite number"),
        (HEADER + "buy,-inf,1\n", "row 0 (line 2): price -inf must be a finite number"),
        (HEADER + 'buy,"1,000",1\n', "price '1,000' must be a finite number"),
        (HEADER + "buy,1,-0.5\n", "row 0 (line 2): quantity -0.5 must not be negative"),
        (HEADER + "buy,1,NaN\n", "row 0 (line 2): quantity nan must be a finite number"),
        ("order_id,side,price,quantity\n1,buy,1,1\n1,buy,1,1\n", "order_id 1 appears twice"),
        (
            "interval,side,price,quantity\na,buy,1,1\n,buy,1,1\n",
            "row 1 (line 3): interval is empty",
        ),
        (b"PAR1 not really", "cannot be read as Parquet"),
        (b"\xff\xfe\x00\x01,\x00\n\x00", "cannot be read as CSV"),
    ],
)
def test_wrong_files_are_refused_by_name_and_row(write, text, message):
    path = write(text)
    found = problems(path)
    assert all(problem.startswith(f"{path}: ") for problem in found)
    assert any(message in problem for problem in found), found


def test_places_that_are_no_order_files(tmp_path, write):
    assert "no such file" in problems(tmp_path / "none.csv")[0]
    assert "cannot be read" in problems(tmp_path)[0]
    path = write(HEADER + "buy,1,1\n", "orders.parquet")
    assert "cannot be read as Parquet" in problems(path)[0]
    pandas.DataFrame({"side": [["buy"]], "price": [1.0], "quantity": [1.0]}).to_parquet(path)
    assert "holds lists" in problems(path)[0]


def test_rules_and_file_are_judged_together(write):
    path = write(HEADER + "hold,1,1\n")
    found = problems(path, "pay-as-bid", k=0.5, price_floor=9, price_cap=1, tie_break="luck")
    assert len(found) == 4
    assert "has no parameter 'k'" in found[0]
    assert "price_floor 9 is above price_cap 1" in found[1]
    assert "unknown tie_break 'luck'" in found[2]
    assert "row 0 (line 2): side 'hold'" in found[3]
    assert len(clear_file(write(HEADER + "buy,1,1\n"), "pay-as-bid", k=None)) == 1


def test_published_books_from_a_file(tmp_path):
    if not SHARED.exists():
        pytest.skip("the published order books are not beside the repository")
    renamed = {"interval_id": "interval", "price_jpy_kwh": "price", "qty_mw": "quantity"}
    rows = pandas.read_csv(SHARED / "orders.csv").rename(columns=renamed)
    rows.to_csv(tmp_path / "orders.csv", index=False)
    results = pandas.read_csv(SHARED / "clearing.csv").set_index("interval_id")
    books = clear_file(tmp_path / "orders.csv", k=0, price_floor=0.01)
    assert [book["interval"] for book in books] == list(dict.fromkeys(rows.interval))
    assert len(books) == 120
    for book in books:
        row = results.loc[book["interval"]]
        assert book["price"] == row.published_system_price_jpy_kwh
        assert book["volume"] == pytest.approx(row.clear_volume_mw, abs=1e-9)
