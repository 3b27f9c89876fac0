"""Outcomes on disk: what is read is what was written, and a damaged file is not believed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.experiments.arms import Outcome
from scenarios.experiments.store import Store

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
FIGURES = st.dictionaries(st.text(max_size=8), st.tuples(NUMBERS, st.text(max_size=4), st.text()))
BENEFITS = st.lists(st.tuples(st.text(), st.text(), NUMBERS, NUMBERS, NUMBERS, NUMBERS)).map(tuple)
OUTCOME = Outcome(
    "k1", "finished", None, "abc", {"mean_price": (0.1 + 0.2, "CNY/MWh", "Price")}, (), 1.5
)


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    store.open()
    return store


@given(FIGURES, BENEFITS, NUMBERS)
def test_what_is_kept_is_read_again_to_the_last_bit(tmp_path_factory, figures, benefits, seconds):
    store = Store(tmp_path_factory.mktemp("store"))
    store.open()
    outcome = Outcome("k", "finished", None, "abc", figures, benefits, seconds)
    store.keep(outcome, "arm", 3)
    assert store.read("k") == outcome


def test_nothing_is_read_where_nothing_is(store):
    assert store.read("k1") is None


def test_a_file_cut_anywhere_is_not_believed(store, tmp_path):
    store.keep(OUTCOME, "arm", 1)
    file = tmp_path / "runs" / "k1.json"
    whole = file.read_bytes()
    for length in range(0, len(whole) - 2, 7):
        file.write_bytes(whole[:length])
        assert store.read("k1") is None


@given(st.data())
def test_a_file_with_another_digit_is_not_believed(tmp_path_factory, data):
    directory = tmp_path_factory.mktemp("store")
    store = Store(directory)
    store.open()
    store.keep(OUTCOME, "arm", 1)
    file = directory / "runs" / "k1.json"
    text = file.read_text()
    place = data.draw(st.sampled_from([i for i, letter in enumerate(text) if letter.isdigit()]))
    other = data.draw(st.sampled_from("0123456789").filter(lambda digit: digit != text[place]))
    file.write_text(text[:place] + other + text[place + 1 :])
    assert store.read("k1") in (None, OUTCOME)  # a float may have a digit beyond its precision


def test_the_file_of_another_run_is_not_believed(store, tmp_path):
    store.keep(OUTCOME, "arm", 1)
    (tmp_path / "runs" / "k1.json").rename(tmp_path / "runs" / "k2.json")
    assert store.read("k2") is None


@pytest.mark.parametrize("content", ["", "[]", "null", "{}", '"x"', '{"checksum": 1}'])
def test_any_other_file_is_not_believed(store, tmp_path, content):
    (tmp_path / "runs" / "k1.json").write_text(content)
    assert store.read("k1") is None


def test_leftovers_go_and_finished_runs_stay(store, tmp_path):
    store.keep(OUTCOME, "arm", 1)
    (tmp_path / "runs" / "k2.json.part").write_text("half")
    (tmp_path / "scratch" / "run-1").mkdir()
    store.open()
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["k1.json"]
    assert not list((tmp_path / "scratch").iterdir())


def test_a_file_says_which_run_it_is(store, tmp_path):
    store.keep(OUTCOME, "arm", 1)
    content = json.loads((tmp_path / "runs" / "k1.json").read_text())
    assert (content["key"], content["arm"], content["seed"]) == ("k1", "arm", 1)
