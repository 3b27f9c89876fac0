"""What a station earns and is worth: worked on paper."""

import math

import pandas as pd
import pytest

from market import InputError, Results, investment, talatan_results
from market.investment import annuity
from tests.market import service_run
from tests.plots.fake_run import FakeRun, write_run

# A day of station A (10 MW, 20 MWh): buys 2 MWh at 400, sells 1 at 500; stores 3 MWh at 300 by
# contract; lets 2 MW for 1000; 55 a kW and year. B (8 MW, 32 MWh): sells 8 MWh at 400, 6 of them
# for holders; stores 4 MWh at 250 by auction and 6 at 700 by call; 110 a kW and year.
A_DAY = {"energy": -300, "bilateral": 900, "auction": 0, "call": 0, "lease": 1000}
B_DAY = {"energy": 800, "bilateral": 0, "auction": 1000, "call": 4200, "lease": 0}


@pytest.fixture
def run(tmp_path):
    return service_run.write(tmp_path / "run")[0]


def test_revenue_by_mode_per_mw_and_year(run):
    table = investment(run, 1000)
    assert list(table.index) == ["A", "B"]
    for name, mw, day, capacity in (("A", 10, A_DAY, 55_000), ("B", 8, B_DAY, 110_000)):
        row = table.loc[name]
        for mode, amount in day.items():
            assert row[f"{mode}_per_mw_year_amount"] == pytest.approx(amount * 365 / mw), mode
        assert row["capacity_per_mw_year_amount"] == pytest.approx(capacity, abs=0.1)
        whole = sum(day.values()) * 365 / mw + capacity
        assert row["revenue_per_mw_year_amount"] == pytest.approx(whole, abs=0.1)
    assert table["owner"].to_dict() == {"A": "ess", "B": "tee"}
    assert table["power_mw"].to_dict() == {"A": 10, "B": 8}
    assert table["energy_mwh"].to_dict() == {"A": 20, "B": 32}


def test_cycles_are_those_of_the_meter(run):
    table = investment(run, 1000)
    # A's slices give 2 MWh a day while one takes 1: 1 leaves the station.
    assert table["full_cycles_per_day"].to_dict() == {"A": 1 / 20, "B": 8 / 32}


def test_payback_and_net_present_value_on_paper(run):
    table = investment(run, 900, discount_rate=0.1, years=2, fixed_om_pct=1.0)
    yearly = 8 * 110_000 + sum(B_DAY.values()) * 365 - 288_000
    assert table.loc["B", "investment_amount"] == 28_800_000
    assert table.loc["B", "payback_years"] == pytest.approx(28_800_000 / yearly, rel=1e-6)
    value = yearly / 1.1 + yearly / 1.21 - 28_800_000
    assert table.loc["B", "npv_amount"] == pytest.approx(value, abs=5)
    assert table.loc["B", "npv_per_kwh_amount"] == pytest.approx(value / 32_000, abs=1e-3)


def test_a_station_that_never_pays_back(run):
    table = investment(run, {"A": 1e6, "B": 1000})
    assert table.loc["A", "payback_years"] == math.inf
    assert table.loc["A", "npv_amount"] < -20e9
    assert math.isfinite(table.loc["B", "payback_years"])


@pytest.mark.parametrize("own", ["ess", "breeze", "tee"])
def test_a_station_s_revenue_does_not_depend_on_what_else_its_owner_has(tmp_path, own):
    run, _ = service_run.write(tmp_path / "run", own=own)
    table = investment(run, 1000)
    for kind in A_DAY:
        earned = table[f"{kind}_per_mw_year_amount"] * table["power_mw"] / 365
        assert earned.to_dict() == pytest.approx({"A": A_DAY[kind], "B": B_DAY[kind]}), kind


@pytest.mark.parametrize("lost", ["energy_amount", "capacity_amount"])
def test_a_run_that_does_not_know_the_money_of_units_is_refused(run, lost):
    file = run.path / "participants.parquet"
    pd.read_parquet(file).drop(columns=lost).to_parquet(file)
    with pytest.raises(InputError, match=f"lacks {lost}: the run is of an older version"):
        investment(Results(run.path), 1000)


def test_two_stations_of_one_owner_earn_what_they_would_alone(run, tmp_path):
    alone = investment(run, 1000)
    together = investment(service_run.write(tmp_path / "together", own="tee")[0], 1000)
    assert together["owner"].tolist() == ["tee", "tee"]
    pd.testing.assert_frame_equal(
        together.drop(columns="owner"), alone.drop(columns="owner"), check_exact=True
    )


def test_storage_that_is_not_split_is_its_own_station(tmp_path):
    run = talatan_results(write_run(tmp_path / "run", FakeRun(days=3)))
    table = investment(run, 800)
    income = run.role_balances.loc["storage"].sum() / 3 * 365
    assert list(table.index) == ["storage-main"]
    row = table.iloc[0]
    assert row["energy_per_mw_year_amount"] == pytest.approx(income / 100)
    assert row["revenue_per_mw_year_amount"] == pytest.approx(income / 100)
    discharged = run.participants.set_index("unit").loc["storage-main", "discharged_mwh"]
    assert row["full_cycles_per_day"] == pytest.approx(discharged / row["energy_mwh"] / 3)


def test_a_run_without_storage_has_no_stations(tmp_path):
    run = talatan_results(write_run(tmp_path / "run", FakeRun(days=1, kinds=("thermal", "load"))))
    assert investment(run, 800).empty


def test_the_annuity():
    assert annuity(0.06, 15) == pytest.approx(sum(1.06**-year for year in range(1, 16)))
    assert annuity(0.0, 15) == 15


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"years": 0}, "years = 0: must be above 0"),
        ({"years": 1e9}, "years = 1e\\+09: must be above 0 and at most 1000"),
        ({"discount_rate": -0.5}, "discount_rate = -0.5: must be a share from 0 to below 1"),
        ({"discount_rate": 8}, "discount_rate = 8: must be a share"),
        ({"fixed_om_pct": -0.1}, "fixed_om_pct = -0.1: must be a percentage"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(run, how, says):
    with pytest.raises(InputError, match=says):
        investment(run, 1000, **how)


@pytest.mark.parametrize("cost", [-5, math.nan, math.inf, {"A": 1000.0, "B": -1.0}])
def test_a_cost_is_a_number_of_at_least_0(run, cost):
    with pytest.raises(InputError, match=r"cost_per_kwh = .*: must be a number of at least 0"):
        investment(run, cost)


def test_a_year_is_a_year_in_service(run):
    file = run.path / "participants.parquet"
    whole = investment(Results(run.path), 1000)
    units = pd.read_parquet(file)
    units["out_of_order_days"] = units["unit"].str.startswith("B") * run.days / 4
    units.to_parquet(file)
    part = investment(Results(run.path), 1000)
    assert part["days_in_service"].to_dict() == {"A": run.days, "B": run.days * 3 / 4}
    for name in ("revenue_per_mw_year_amount", "full_cycles_per_day"):
        assert part.loc["A", name] == whole.loc["A", name]
        assert part.loc["B", name] == pytest.approx(whole.loc["B", name] * 4 / 3)


def test_all_problems_are_named_at_once(run):
    with pytest.raises(InputError) as error:
        investment(run, 1000, discount_rate=-2, years=-1, fixed_om_pct=-1)
    assert len(error.value.problems) == 3


def test_a_station_without_cost_is_named(run):
    with pytest.raises(InputError, match="no cost of B"):
        investment(run, {"A": 1000})
    costs = pd.Series({"A": 1000.0, "B": 900.0}).to_dict()
    assert investment(run, costs)["investment_amount"].tolist() == [20e6, 28.8e6]
