"""The write side: columns, sums, the same hash whatever is kept, and the truth about a run."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from market import InputError
from market.tables import Table, write_json
from scenarios.loader import load_text
from scenarios.runs import InterruptedRunError, execute, prepare

CAUSES = [
    f"curtailed_{cause}_mwh" for cause in ["economic", "network", "forecast", "withheld", "outage"]
]

RECOVERED = [f"recovered_{mode}_mwh" for mode in ("own", "lease", "bilateral", "auction", "call")]

# Contract, section 4, word for word.
CONTRACT = {
    "intervals": [
        *[
            "start",
            "zone",
            "price",
            "price_low",
            "price_high",
            "buy_price",
            "sell_price",
            "volume_mwh",
            "offered_mwh",
            "bid_mwh",
        ],
        *["available_mwh", "delivered_mwh", "curtailed_mwh"],
        *CAUSES,
        *["recovered_mwh", "unserved_mwh", "buyer_surplus", "seller_surplus", "operator_surplus"],
        "n_orders",
    ],
    "units": [
        *[
            "start",
            "unit",
            "owner",
            "kind",
            "zone",
            "available_mwh",
            "offered_mwh",
            "bid_mwh",
            "sold_mwh",
            "bought_mwh",
        ],
        *["delivered_mwh", "consumed_mwh", "curtailed_mwh", "imbalance_mwh", "soc_mwh"],
    ],
    "ledger": ["start", "payer", "payee", "category", "quantity_mwh", "price", "amount"],
}

TEXT = """
[scenario]
name = "small"
seed = 4
[time]
start = "2023-01-31T00:00:00+08:00"
days = 3
interval = 60
[fees]
grid = 12.34
[[load]]
name = "town"
demand_mw = 6
steps = [{share = 0.2, price = 250}]
forecast = {name = "noisy", sd = 0.2}
[[generator]]
name = "sun"
kind = "pv"
owner = "green"
total_capacity_mw = 9
count = 2
diversity = 0.2
availability = 0.6
subsidy = 33.3
forecast = {name = "noisy", sd = 0.3}
outages = {mtbf_hours = 20, mttr_hours = 5}
[[generator]]
name = "coal"
kind = "thermal"
capacity_mw = 8
marginal_cost = 301.7
[[generator]]
name = "dam"
kind = "hydro"
capacity_mw = 2
inflow = 0.7
reservoir_mwh = 3
water_value_empty = 300
[[generator]]
name = "river"
kind = "hydro"
capacity_mw = 1
inflow = 0.3
[[storage]]
name = "battery"
power_mw = 1
energy_mwh = 2
[[contract]]
name = "ppa"
seller = "green"
buyer = "town"
mw = 1.5
price = 287.65
"""


def run(directory, recording="", text=TEXT, progress=None, **how):
    loaded = load_text(text + recording, Path())
    prepare(directory, how.get("force", False), how.get("resume", False))
    return execute(loaded, directory, progress)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    recording = '[recording]\nledger = "interval"\norders = true'
    return run(tmp_path_factory.mktemp("runs") / "whole", recording)


OTHERS = {
    "default": "",
    "daily": '[recording]\nunits = "daily"\nledger = "month"',
    "none": '[recording]\nunits = false\nledger = "day"',
}


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    base = tmp_path_factory.mktemp("others")
    return {name: run(base / name, recording) for name, recording in OTHERS.items()}


@pytest.mark.parametrize("table", CONTRACT)
def test_columns_are_the_contract_s_in_its_order(whole, table):
    columns = list(whole.table(table).columns)
    assert [name for name in columns if name in CONTRACT[table]] == CONTRACT[table]
    extra = set(columns) - set(CONTRACT[table])
    known = {"imbalance_short_price", "imbalance_long_price", "imbalance_mwh", "recovered_mwh"}
    known |= {"largest_offered_mwh", "marginal_cost_price"}
    assert extra <= known | {*CAUSES, *RECOVERED, "unserved_mwh"}


def test_recovered_energy_by_mode_follows_the_sum(whole):
    columns = list(whole.intervals.columns)
    place = columns.index("recovered_mwh")
    assert columns[place + 1 : place + 7] == [*RECOVERED, "unserved_mwh"]
    assert (whole.intervals[RECOVERED] == 0).all(axis=None)
    assert not whole.has("stations")
    assert whole.trades.empty


def test_rows_and_stamps(whole):
    assert len(whole.intervals) == 72
    assert len(whole.units) == 72 * 7
    stamps = whole.intervals.start
    assert stamps.iloc[0] == pd.Timestamp("2023-01-31T00:00:00+08:00")
    assert (stamps.diff().dropna() == pd.Timedelta(hours=1)).all()
    assert whole.units.start.dt.tz.utcoffset(None) == pd.Timedelta(hours=8)


def test_what_does_not_apply_is_nan(whole):
    units = whole.units
    green = units.kind.isin(["pv", "hydro"])
    assert units.loc[~green, ["available_mwh", "curtailed_mwh"]].isna().all(axis=None)
    assert units.loc[green, ["available_mwh", "curtailed_mwh"]].notna().all(axis=None)
    stores = units.unit.isin(["battery", "dam"])
    assert units.loc[stores, "soc_mwh"].notna().all()
    assert units.loc[~stores, "soc_mwh"].isna().all()


def test_what_is_recorded_changes_no_result(whole, others):
    hashes = {whole.run["content_hash"]} | {r.run["content_hash"] for r in others.values()}
    assert len(hashes) == 1
    assert len(hashes.pop()) == 32


def test_another_seed_has_another_hash(whole, tmp_path):
    other = run(tmp_path / "x", text=TEXT.replace("seed = 4", "seed = 5"))
    assert other.run["content_hash"] != whole.run["content_hash"]


def test_daily_rows_are_the_sums_of_intervals(whole, others):
    day = whole.units.start.dt.normalize()
    energy = [name for name in whole.units if name.endswith("_mwh") and name != "soc_mwh"]
    by = [day, whole.units.unit.astype(str)]
    sums = whole.units.groupby(by)[energy].sum(min_count=1)
    last = whole.units.groupby(by).soc_mwh.last()
    daily = others["daily"].units
    daily = daily.set_index(["start", daily.unit.astype(str)]).sort_index()
    assert len(daily) == 3 * 7
    assert np.allclose(daily[energy], sums[energy], rtol=0, atol=1e-9, equal_nan=True)
    assert np.allclose(daily.soc_mwh, last, rtol=0, atol=0, equal_nan=True)


def test_totals_of_participants_are_the_sums_of_units(whole):
    totals = whole.participants.set_index("unit").sort_index()
    sums = whole.units.groupby(whole.units.unit.astype(str))
    for name in ("sold", "bought", "delivered", "consumed", "imbalance", "unserved", "offered"):
        column = f"{name}_mwh"
        assert np.allclose(totals[column], sums[column].sum(), rtol=0, atol=1e-9), name


def test_kinds_are_the_sums_of_units(whole):
    kinds = whole.kinds.set_index(["start", "kind"]).sort_index()
    units = whole.units.assign(kind=whole.units.kind.astype(str))
    sums = units.groupby(["start", "kind"])[["delivered_mwh", "consumed_mwh", "soc_mwh"]]
    found = sums.sum(min_count=1).sort_index()
    for name in found:
        assert np.allclose(kinds[name], found[name], rtol=0, atol=1e-9, equal_nan=True), name


def by_posting(results):
    ledger = results.ledger
    cents = (ledger.amount * 100).round().astype("int64")
    keys = [ledger.payer.astype(str), ledger.payee.astype(str), ledger.category.astype(str)]
    return cents.groupby(keys).sum(), (ledger.quantity_mwh * 1e6).round().groupby(keys).sum()


@pytest.mark.parametrize("mode", ["default", "daily"])
def test_ledgers_of_all_periods_have_the_same_totals(whole, others, mode):
    for one, other in zip(by_posting(whole), by_posting(others[mode]), strict=True):
        pd.testing.assert_series_equal(one, other)


def test_the_ledger_is_dated_by_its_period(others):
    days = others["default"].ledger.start.unique()
    assert [f"{day:%m-%d}" for day in days] == ["01-31", "02-01", "02-02"]
    months = others["daily"].ledger.start.unique()
    assert [f"{month:%m-%d}" for month in months] == ["01-31", "02-01"]


def test_amounts_have_two_decimals_and_a_price(whole):
    ledger = whole.ledger
    assert np.abs((ledger.amount * 100).round() / 100 - ledger.amount).max() < 1e-9
    assert (ledger.amount > 0).all()
    some = ledger[ledger.quantity_mwh > 0]
    assert np.allclose(some.price * some.quantity_mwh, some.amount)
    assert {"energy", "imbalance", "contract", "subsidy", "grid_fee"} <= set(ledger.category)


def test_tables_that_were_not_asked_for_are_not_there(others):
    assert not others["none"].has("units")
    assert not others["none"].has("orders")
    with pytest.raises(InputError, match=r"\[recording\] units = true"):
        _ = others["none"].units


# --- the truth about a run ----------------------------------------------------------------------


def status(directory):
    return json.loads((directory / "run.json").read_text())["status"]


def leftovers(directory):
    return [path.name for path in directory.iterdir() if path.suffix == ".part"]


def test_a_finished_run(whole):
    assert whole.run["status"] == "finished"
    assert whole.run["ended"] >= whole.run["started"]
    assert whole.run["seed"] == 4
    assert 'name = "small"' in whole.run["text"]
    assert not leftovers(whole.path)
    again = load_text(whole.run["text"], Path())
    assert again.calendar.n == whole.run["intervals"]


def test_while_it_runs_it_says_so_and_shows_no_table(tmp_path):
    seen = []

    def progress(done, of):
        seen.append((status(tmp_path / "x"), done, of))
        assert not list((tmp_path / "x").glob("*.parquet"))

    run(tmp_path / "x", progress=progress)
    assert seen == [("running", 24 * (day + 1), 72) for day in range(3)]


@pytest.mark.parametrize(
    ("error", "raised", "said"),
    [
        (KeyboardInterrupt(), InterruptedRunError, "interrupted"),
        (ValueError("the disk is full"), ValueError, "failed"),
    ],
)
def test_a_run_that_is_stopped_says_so_and_can_be_run_again(error, raised, said, tmp_path, whole):
    def progress(done, of):
        if done == 48:
            raise error

    place = tmp_path / "x"
    with pytest.raises(raised):
        run(place, progress=progress)
    assert status(place) == said
    assert not leftovers(place)
    assert not list(place.glob("*.parquet"))
    if said == "failed":
        assert json.loads((place / "run.json").read_text())["reason"] == "the disk is full"
    with pytest.raises(InputError, match=said):
        run(place)
    again = run(place, resume=True)
    assert again.run["content_hash"] == whole.run["content_hash"]
    assert status(place) == "finished"


def test_a_failure_while_the_tables_are_closed_is_a_failure(tmp_path, monkeypatch):
    def full(self):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Table, "_flush", full)
    with pytest.raises(OSError, match="No space"):
        run(tmp_path / "x")
    assert status(tmp_path / "x") == "failed"
    assert not leftovers(tmp_path / "x")


def test_a_killed_run_leaves_nothing_behind_after_the_next(tmp_path):
    place = tmp_path / "x"
    place.mkdir()
    (place / "run.json").write_text('{"status": "running"}')
    for name in ("intervals", "orders", "units"):
        (place / f"{name}.parquet.part").write_bytes(b"half")
    with pytest.raises(InputError, match="running"):
        run(place)
    run(place, OTHERS["none"], resume=True)
    assert not leftovers(place)
    assert not (place / "units.parquet").exists()


def test_a_finished_run_is_only_replaced_by_force(tmp_path):
    place = tmp_path / "x"
    first = run(place, "[recording]\norders = true")
    for how in ({}, {"resume": True}):
        with pytest.raises(InputError, match="finished"):
            run(place, **how)
    second = run(place, OTHERS["none"], force=True)
    assert second.run["content_hash"] == first.run["content_hash"]
    assert not second.has("orders")


def test_a_directory_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    for how in ({}, {"force": True}, {"resume": True}):
        with pytest.raises(InputError, match="not empty and not a run"):
            run(tmp_path, **how)
    with pytest.raises(InputError, match="is a file"):
        run(tmp_path / "thesis.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_damaged_run_needs_force(tmp_path):
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(InputError, match="damaged"):
        prepare(tmp_path, force=False, resume=False)
    prepare(tmp_path, force=True, resume=False)


def test_a_zone_without_units_does_not_spoil_the_run(tmp_path):
    zones = '[[zone]]\nname = "main"\n[[zone]]\nname = "empty"\n'
    results = run(tmp_path / "x", zones)
    assert results.run["zones"] == ["main"]


def test_json_is_written_whole_or_not_at_all(tmp_path):
    file = tmp_path / "a.json"
    write_json(file, {"a": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(file, {"a": float("nan")})
    assert json.loads(file.read_text()) == {"a": 1}
