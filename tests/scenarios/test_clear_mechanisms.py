"""Every mechanism from the command line: one file cleared, one line in the list."""

import json
import sys

import pytest

from market import mechanisms
from scenarios.cli import main

ORDERS = """side,price,quantity,participant
sell,100,50,A
sell,200,30,B
sell,300,40,C
buy,400,40,X
buy,330,30,Y
buy,150,20,Z
"""
LIMITS = [float(line.split(",")[1]) for line in ORDERS.splitlines()[1:]]
QUANTITIES = [float(line.split(",")[2]) for line in ORDERS.splitlines()[1:]]
SELLERS = 3


@pytest.fixture
def talatan(monkeypatch, capsys, tmp_path):
    """The command in this process, in a directory with the orders; what it prints."""
    (tmp_path / "orders.csv").write_text(ORDERS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["talatan", *words])
        with pytest.raises(SystemExit) as leaving:
            main()
        captured = capsys.readouterr()
        assert not leaving.value.code, captured.err
        return captured.out

    return call


@pytest.mark.parametrize("name", mechanisms.names())
def test_every_mechanism_clears_a_file(name, talatan):
    (book,) = json.loads(talatan("clear", "orders.csv", "--mechanism", name, "--json"))
    assert book["mechanism"] == name
    accepted = [order["accepted"] for order in book["orders"]]
    assert sum(accepted[:SELLERS]) == pytest.approx(book["volume"])
    assert sum(accepted[SELLERS:]) == pytest.approx(book["volume"])
    assert all(0 <= part <= most for part, most in zip(accepted, QUANTITIES, strict=True))
    gained = [book[f"{who}_surplus"] for who in ("buyer", "seller", "operator")]
    assert sum(gained) == pytest.approx(book["welfare"])
    paid = [order["payment"] for order in book["orders"]]
    assert sum(paid) == pytest.approx(book["operator_surplus"], abs=1e-6)
    for row, (order, limit) in enumerate(zip(book["orders"], LIMITS, strict=True)):
        side = -1 if row < SELLERS else 1
        assert order["payment"] <= side * limit * order["accepted"] + 1e-6


@pytest.mark.parametrize("name", mechanisms.names())
def test_every_mechanism_prints_its_result_for_people(name, talatan):
    shown = talatan("clear", "orders.csv", "--mechanism", name)
    assert all(word in shown for word in ("price", "volume", "welfare"))


def test_the_list_has_a_short_line_for_each(talatan):
    lines = talatan("list", "mechanisms").splitlines()
    assert [line.split()[0] for line in lines] == mechanisms.names()
    for line in lines:
        text = line.partition(" ")[2].strip()
        assert text
        assert len(text) <= 100
        assert text.endswith(".")
