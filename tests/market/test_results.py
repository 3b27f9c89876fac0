"""Reading run directories, whole and damaged."""

import json
from pathlib import Path

import pandas as pd
import pytest

from market.errors import InputError
from market.key_figures import compare
from market.results import Results, talatan_results
from market.run_files import OPTIONAL, TABLES
from market.table_columns import LABELS, NUMBERS
from tests.market import service_run
from tests.plots.fake_run import FakeRun, write_run


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run", FakeRun(days=1))


def edit_run_json(place: Path, **changes: object) -> None:
    file = place / "run.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def test_tables_have_the_documented_columns(place):
    results = talatan_results(place)
    for name in ("intervals", "kinds", "participants", "units", "ledger"):
        table = getattr(results, name)
        assert set(TABLES[name]) <= set(table.columns)
        assert "start" not in table or isinstance(table["start"].dtype, pd.DatetimeTZDtype)
    assert results.trades.empty


def test_every_column_is_documented():
    text = (Path(__file__).parents[2] / "docs" / "results.md").read_text(encoding="utf-8")
    columns = {column for table in TABLES.values() for column in table}
    written = {name for table in LABELS for name in (*LABELS[table], *NUMBERS[table])}
    columns |= written | {"station", "quantity_mw"}
    assert [column for column in sorted(columns) if f"`{column}`" not in text] == []
    assert [name for name in TABLES if f"{name}.parquet" not in text] == []


def test_run_facts(place):
    results = talatan_results(place)
    assert (results.currency, results.interval_hours, results.days) == ("CNY", 1.0, 1.0)
    assert results.rule("price_cap") == 500.0
    assert results.rule("no_such_rule") is None
    assert results.local(results.intervals["start"]).iloc[0] == pd.Timestamp("2023-01-01")
    assert results.utc_offset == "UTC+08:00"
    assert "mean_price" in results._repr_html_()


def test_local_time_does_not_depend_on_the_stored_zone(place):
    file = place / "intervals.parquet"
    table = pd.read_parquet(file)
    table["start"] = table["start"].dt.tz_convert("UTC")
    table.to_parquet(file)
    results = talatan_results(place)
    assert results.local(results.intervals["start"]).iloc[0] == pd.Timestamp("2023-01-01")


def test_some_columns_of_a_table(place):
    assert list(Results(place).table("units", ["unit", "sold_mwh"]).columns) == ["unit", "sold_mwh"]


def test_balances_sum_to_zero_and_equal_the_postings(place):
    results = talatan_results(place)
    balances, ledger = results.balances, results.ledger
    assert (balances * 100).round().sum().sum() == 0
    received = ledger.loc[ledger["payee"] == "wind owner", "amount"].sum()
    assert balances.loc["wind owner"].sum() == pytest.approx(received, abs=0.001)
    assert results.role_balances.loc["wind"].sum() == pytest.approx(received, abs=0.001)
    assert {"market", "grid", "government"} <= set(results.role_balances.index)


def test_an_owner_of_several_kinds_is_a_portfolio(place):
    file = place / "participants.parquet"
    table = pd.read_parquet(file)
    table["owner"] = table["owner"].replace({"pv owner": "wind owner"})
    table.to_parquet(file)
    assert talatan_results(place).roles["wind owner"] == "portfolio"


def test_an_empty_ledger_has_no_balances(place):
    file = place / "ledger.parquet"
    pd.read_parquet(file).iloc[:0].to_parquet(file)
    results = talatan_results(place)
    assert results.balances.empty
    assert results.role_balances.empty


@pytest.mark.parametrize("categorical", [False, True])
def test_decimal_and_categorical_columns_read_the_same(place, categorical):
    import pyarrow as pa
    from pyarrow import parquet

    file = place / "ledger.parquet"
    expected = talatan_results(place).balances
    table = parquet.read_table(file)
    amount = table["amount"].cast(pa.decimal128(18, 2))
    table = table.set_column(table.schema.get_field_index("amount"), "amount", amount)
    if categorical:
        for name in ("payer", "payee", "category"):
            place_of = table.schema.get_field_index(name)
            table = table.set_column(place_of, name, table[name].dictionary_encode())
    parquet.write_table(table, file)
    pd.testing.assert_frame_equal(talatan_results(place).balances, expected)


def test_compare_puts_runs_side_by_side(tmp_path, place):
    other = write_run(tmp_path / "other", FakeRun(days=1, kinds=("thermal", "load")))
    table = compare([talatan_results(place), talatan_results(other)])
    assert list(table.columns) == ["unit", "run", "other"]
    assert table.loc["mean_price", "unit"] == "CNY/MWh"
    assert pd.isna(table.loc["storage_round_trip_pct", "other"])
    twice = compare([talatan_results(place), talatan_results(place)])
    assert "unit" in twice


@pytest.mark.parametrize("by", ["role", "account"])
def test_who_pays_whom_adds_up_to_the_balances(tmp_path, by):
    results, ledger = service_run.write(tmp_path / "run")
    table = results.payments(by)
    cents = (table * 100).round().astype("int64")
    balances = results.balances if by == "account" else results.role_balances
    net = (balances * 100).round().astype("int64").sum(axis=1)
    found = cents.sum(axis=0) - cents.sum(axis=1)
    assert found.sort_index().to_dict() == net.sort_index().to_dict()
    assert cents.to_numpy().sum() == (results.ledger["amount"] * 100).round().sum()
    if by == "account":
        expected = dict(zip(ledger.accounts, ledger.balances.tolist(), strict=True))
        assert {name: found.get(name, 0) for name in expected} == expected


def test_who_pays_whom_for_one_category(tmp_path):
    results, _ = service_run.write(tmp_path / "run")
    table = results.payments("account", "service_auction")
    assert table.loc["breeze", "market"] == 2480.0
    assert table.loc["market", "tee"] == 2000.0
    assert table.to_numpy().sum() == 4480.0
    by_role = results.payments(category="service_call")
    assert by_role.loc["thermal", "system"] == by_role.loc["system", "storage"] == 8400.0
    assert by_role.shape == (3, 3)


def test_payments_of_something_unknown_are_refused(place):
    results = talatan_results(place)
    with pytest.raises(InputError, match=r"by 'unit': use 'role' or 'account'"):
        results.payments("unit")
    with pytest.raises(InputError, match=r"'lease'; categories: energy, grid_fee, subsidy"):
        results.payments(category="lease")


def test_an_empty_ledger_has_no_payments(place):
    file = place / "ledger.parquet"
    pd.read_parquet(file).iloc[:0].to_parquet(file)
    assert talatan_results(place).payments().empty
    with pytest.raises(InputError, match="its ledger is empty"):
        talatan_results(place).payments(category="energy")


class TestRefused:
    def test_missing(self, tmp_path):
        with pytest.raises(InputError, match=r"nowhere: no such run directory"):
            talatan_results(tmp_path / "nowhere")

    def test_foreign(self, tmp_path):
        with pytest.raises(InputError, match="not a run directory"):
            talatan_results(tmp_path)

    @pytest.mark.parametrize(
        ("status", "says"),
        [
            ("running", "still running"),
            ("interrupted", "interrupted"),
            ("failed", "failed"),
            ("odd", "has status 'odd'"),
        ],
    )
    def test_unfinished(self, place, status, says):
        edit_run_json(place, status=status)
        with pytest.raises(InputError, match=says):
            talatan_results(place)

    @pytest.mark.parametrize("text", ["{", "[]", '{"name": "another tool"}', "\x00"])
    def test_run_json_of_another_tool(self, place, text):
        (place / "run.json").write_text(text)
        with pytest.raises(InputError, match=r"run\.json"):
            talatan_results(place)

    @pytest.mark.parametrize("name", [n for n in TABLES if n not in OPTIONAL])
    def test_a_table_is_gone(self, place, name):
        (place / f"{name}.parquet").unlink()
        with pytest.raises(InputError, match=f"lacks {name}.parquet"):
            talatan_results(place)

    def test_a_table_is_cut_off(self, place):
        file = place / "ledger.parquet"
        file.write_bytes(file.read_bytes()[:-100])
        with pytest.raises(InputError, match=r"ledger\.parquet: damaged"):
            _ = talatan_results(place).ledger

    def test_intervals_are_cut_off(self, place):
        (place / "intervals.parquet").write_bytes(b"PAR1")
        with pytest.raises(InputError, match=r"intervals\.parquet: damaged"):
            talatan_results(place)

    def test_rows_are_gone(self, place):
        file = place / "intervals.parquet"
        pd.read_parquet(file).iloc[:-1].to_parquet(file)
        with pytest.raises(InputError, match="23 rows"):
            talatan_results(place)

    def test_a_column_is_gone(self, place):
        file = place / "intervals.parquet"
        pd.read_parquet(file).drop(columns="price").to_parquet(file)
        with pytest.raises(InputError, match="no column price"):
            _ = talatan_results(place).intervals

    def test_a_table_that_was_not_recorded(self, place):
        (place / "units.parquet").unlink()
        results = talatan_results(place)
        assert not results.has("units")
        with pytest.raises(InputError, match=r"\[recording\] units"):
            _ = results.units
        with pytest.raises(InputError, match=r"\[recording\] orders"):
            _ = results.orders
        with pytest.raises(InputError, match=r"\[market.storage_service\] modes"):
            _ = results.stations

    def test_a_table_nobody_knows(self, place):
        with pytest.raises(InputError, match="no table 'prices'"):
            talatan_results(place).table("prices")
