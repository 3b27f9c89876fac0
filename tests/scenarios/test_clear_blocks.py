"""Block orders and conditions of orders in a file."""

import pytest

from market import InputError
from scenarios.clear_files import clear_file

HEADER = "interval,side,price,quantity,order_id,block,minimum_ratio,linked_to,exclusive_group\n"
STEPS = "1,buy,38,10,b1,,,,\n2,buy,38,20,b2,,,,\n"
PARENT = "1,sell,40,10,p1,P,,,\n2,sell,40,10,p2,P,,,\n"
CHILD = "2,sell,10,10,c2,C,,P,\n"


@pytest.fixture
def write(tmp_path):
    def write_text(text):
        path = tmp_path / "orders.csv"
        path.write_text(text)
        return path

    return write_text


def problems(path, *args, **rules):
    with pytest.raises(InputError) as caught:
        clear_file(path, *args, **rules)
    return [text.removeprefix(f"{path}: ") for text in caught.value.problems]


def orders_of(books):
    return {order["order_id"]: order for book in books for order in book["orders"]}


def test_a_family_is_cleared_over_its_intervals(write):
    books = clear_file(write(HEADER + STEPS + PARENT + CHILD), k=1.0)
    assert [book["interval"] for book in books] == [1, 2]
    assert [(book["price"], book["volume"]) for book in books] == [(38, 10), (38, 20)]
    found = orders_of(books)
    assert found["p1"] == {
        "order_id": "p1",
        "accepted": 10,
        "price": 38,
        "payment": -380,
        "block": "P",
        "status": "accepted",
    }
    assert found["c2"]["status"] == "accepted"
    assert "status" not in found["b1"]
    assert sum(book["welfare"] for book in books) == pytest.approx(30 * 38 - 20 * 40 - 10 * 10)
    alone = orders_of(clear_file(write(HEADER + STEPS + PARENT)))
    assert (alone["p2"]["status"], alone["p2"]["accepted"]) == ("rejected", 0)


def test_shares_and_exclusive_groups(write):
    text = HEADER + "1,buy,50,6,b,,,,\n1,sell,30,10,x,7,0.4,,8\n1,sell,35,6,y,9,,,8\n"
    found = orders_of(clear_file(write(text)))
    assert (found["x"]["accepted"], found["x"]["block"]) == (6, "7")
    assert found["y"]["status"] == "rejected"
    text = text.replace("0.4", "0.7")
    found = orders_of(clear_file(write(text)))
    assert (found["x"]["status"], found["y"]["status"]) == ("rejected", "accepted")
    text = text.replace(",,,8", ",,,")
    # Beside its group it would stay out all the same: now against its will.
    found = orders_of(clear_file(write(text)))
    assert (found["x"]["status"], found["y"]["status"]) == ("paradoxically rejected", "accepted")


def test_names_that_are_numbers_match_across_columns(write):
    text = HEADER + STEPS + "1,sell,40,10,p,1,,,\n2,sell,10,10,c,2,,1,\n"
    assert orders_of(clear_file(write(text)))["c"]["status"] == "accepted"


def test_minimums_stand_beside_blocks_and_alone(write):
    header = "side,price,quantity,minimum\n"
    rows = "sell,10,12,12\nsell,30,12,\nbuy,50,10,\n"
    (book,) = clear_file(write(header + rows))
    assert [order["accepted"] for order in book["orders"]] == [0, 10, 10]
    assert book["price"] == 30
    (book,) = clear_file(
        write("block,minimum,side,price,quantity\n,12,sell,10,12\nA,,sell,30,10\n,,buy,50,10\n")
    )
    assert [order["accepted"] for order in book["orders"]] == [0, 10, 10]


def test_green_orders_reach_the_auction(write):
    header = "side,price,quantity,green\n"
    rows = "sell,10,5,true\nsell,10,5,FALSE\nbuy,90,6,True\nbuy,30,4,\n"
    (book,) = clear_file(write(header + rows))
    assert [order["accepted"] for order in book["orders"]] == [5, 4, 5, 4]


def test_parquet_carries_true_and_false(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {
            "side": ["sell", "buy"],
            "price": [10.0, 90.0],
            "quantity": [5.0, 5.0],
            "green": [False, True],
            "minimum": [None, 2.0],
        }
    )
    frame.to_parquet(tmp_path / "orders.parquet")
    (book,) = clear_file(tmp_path / "orders.parquet")
    assert book["volume"] == 0


def test_random_ties_are_seeded(write):
    text = HEADER + "1,sell,10,5,s,,,,\n1,sell,10,5,t,,,,\n1,buy,20,6,b,B,,,\n"
    fills = [
        orders_of(clear_file(write(text), tie_break="random", seed=seed))["s"]["accepted"]
        for seed in (1, 1, *range(20))
    ]
    assert fills[0] == fills[1]
    assert set(fills) == {1, 5}


@pytest.mark.parametrize(
    ("rules", "text"),
    [
        ({"mechanism": "pay-as-bid"}, "mechanism 'pay-as-bid' takes no block orders"),
        ({"price_rule": "midpoint"}, "price_rule 'midpoint' knows no block orders"),
    ],
)
def test_rules_that_know_no_blocks_refuse_them(write, rules, text):
    (found,) = problems(write(HEADER + STEPS + PARENT), **rules)
    assert text in found


def test_conditions_that_do_not_go_with_blocks(write):
    text = "side,price,quantity,green,block,participant\nsell,1,1,true,,A\nbuy,2,1,true,,B\n"
    text += "sell,1,1,,X,C\n"
    found = problems(write(text), self_trade=False)
    assert [each.split(" ")[0] for each in found] == ["bids", "self-trade"]


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ("2,sell,41,10,z,P,,,", "row 4 (line 6): price must be the same in all rows of a block"),
        ("2,buy,40,10,z,P,,,", "row 4 (line 6): side must be the same"),
        ("2,sell,40,10,z,P,0.5,,", "row 4 (line 6): minimum_ratio must be the same"),
        ("2,sell,40,10,z,P,,C,", "row 4 (line 6): linked_to must be the same"),
        ("2,sell,40,10,z,P,,,g", "row 4 (line 6): exclusive_group must be the same"),
        ("1,sell,40,10,z,P,,,", "row 4 (line 6): block 'P' must have one row in each interval"),
        ("1,sell,40,0,z,N,,,", "row 4 (line 6): block 'N' must have a quantity in some interval"),
        ("1,sell,40,10,z,N,1.5,,", "row 4 (line 6): minimum_ratio 1.5 must lie from 0 to 1"),
        ("1,sell,40,10,z,N,half,,", "row 4 (line 6): minimum_ratio 'half' must be a finite number"),
        ("1,sell,40,10,z,N,,Q,", "row 4 (line 6): linked_to 'Q' must name a block"),
        ("1,sell,40,10,z,N,,N,", "row 4 (line 6): linked_to 'N' must not lead back"),
        ("1,sell,40,10,z,,0.5,,", "row 4 (line 6): minimum_ratio '0.5' needs a name in column"),
        ("1,sell,40,10,z,,,P,", "row 4 (line 6): linked_to 'P' needs a name in column 'block'"),
        ("1,sell,40,10,z,,,,g", "row 4 (line 6): exclusive_group 'g' needs a name in column"),
    ],
)
def test_bad_cells_are_named_with_what_would_be_right(write, row, text):
    first = HEADER + STEPS + "1,sell,40,10,p1,P,,,\n3,sell,10,10,c2,C,,P,\n"
    found = problems(write(first + row + "\n"))
    assert len(found) == 1
    assert found[0].startswith(text)


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ("buy,10,5,6,,", "row 1 (line 3): minimum '6' must not exceed the quantity"),
        ("buy,10,5,-1,,", "row 1 (line 3): minimum '-1' must not be negative"),
        ("buy,10,5,few,,", "row 1 (line 3): minimum 'few' must be a finite number"),
        ("buy,10,5,,yes,", "row 1 (line 3): green 'yes' must be true or false"),
        ("buy,10,5,1,,B", "row 1 (line 3): minimum '1' must be empty in a block"),
        ("buy,10,5,,true,B", "row 1 (line 3): green 'true' must be empty in a block"),
    ],
)
def test_bad_conditions_are_named(write, row, text):
    head = "side,price,quantity,minimum,green,block\nsell,1,1,,,\n"
    (found,) = problems(write(head + row + "\n"))
    assert found.startswith(text)


def test_circles_of_links_are_refused(write):
    rows = "1,sell,1,1,a,A,,B,\n1,sell,1,1,b,B,,A,\n"
    found = problems(write(HEADER + rows))
    assert [each.split(":")[0] for each in found] == ["row 0 (line 2)", "row 1 (line 3)"]
