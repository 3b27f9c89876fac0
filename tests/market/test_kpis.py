"""Key figures against the tables, and against figures worked on paper."""

import json
import math
from pathlib import Path

import pandas as pd
import pytest

from market.key_figures import key_figures, summary
from market.kpis.money import GROUPS
from market.results import Results, talatan_results
from tests.market import service_run
from tests.plots.fake_run import CAP, FLOOR, FakeRun, write_run


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run", FakeRun(days=3))


def values(results: Results) -> dict[str, float]:
    return {name: figure["value"] for name, figure in summary(results).items()}


def rewrite(place: Path, name: str, **columns: object) -> Results:
    file = place / f"{name}.parquet"
    pd.read_parquet(file).assign(**columns).to_parquet(file)
    return Results(place)


def test_figures_are_finite_and_described(place):
    figures = summary(Results(place))
    assert json.loads(json.dumps(figures)) == figures
    for figure in figures.values():
        assert math.isfinite(figure["value"])
        assert figure["unit"]
        assert len(figure["meaning"]) > 10


def test_names_end_with_their_unit(place):
    suffixes = {"MWh": "_mwh", "%": "_pct", "CNY/MWh": "_price", "CNY": "_amount", "h": "_h"}
    for name, figure in summary(Results(place)).items():
        assert name.endswith(suffixes.get(figure["unit"], "")), name


def test_every_group_says_what_it_is():
    assert all(line for _, line in key_figures.describe())


def test_prices_on_paper(place):
    table = talatan_results(place).intervals
    price = [100.0, 300.0] + [math.nan] * (len(table) - 2)
    volume = [3.0, 1.0] + [0.0] * (len(table) - 2)
    found = values(rewrite(place, "intervals", price=price, volume_mwh=volume))
    assert found["mean_price"] == 150.0
    assert found["time_mean_price"] == 200.0
    assert (found["min_price"], found["max_price"]) == (100.0, 300.0)
    assert found["price_cap_h"] == found["price_floor_h"] == 0


def test_two_prices_on_paper(place):
    table = talatan_results(place).intervals
    rest = [math.nan] * (len(table) - 2)
    found = values(
        rewrite(
            place,
            "intervals",
            price=math.nan,
            buy_price=[110.0, 330.0, *rest],
            sell_price=[90.0, 270.0, *rest],
            volume_mwh=[3.0, 1.0] + [0.0] * (len(table) - 2),
        )
    )
    assert (found["mean_buy_price"], found["mean_sell_price"]) == (165.0, 135.0)
    assert (found["mean_price"], found["max_price"]) == (150.0, 300.0)


def test_hours_at_the_limits(place):
    table = talatan_results(place).intervals
    price = [FLOOR, CAP, CAP, -1.0] + [50.0] * (len(table) - 4)
    found = values(rewrite(place, "intervals", price=price))
    assert found["price_cap_h"] == 2
    assert found["price_negative_h"] == 1
    assert found["price_floor_h"] == 2  # the negative price is below the floor, so at it


def test_a_run_without_a_price_has_no_price_figures(place):
    nothing = dict.fromkeys(("price", "buy_price", "sell_price"), math.nan)
    found = values(rewrite(place, "intervals", **nothing))
    assert not [name for name in found if name.endswith("_price") and "width" not in name]
    assert "price_cap_h" not in found


def test_energy_equals_the_tables(place):
    results = talatan_results(place)
    found, kinds = values(results), results.kinds
    assert found["energy_traded_mwh"] == pytest.approx(results.intervals["volume_mwh"].sum())
    load = kinds.loc[kinds["kind"] == "load", "consumed_mwh"].sum()
    assert found["load_served_mwh"] == pytest.approx(load)
    assert found["net_export_mwh"] == found["export_mwh"] - found["import_mwh"]


def test_curtailment_counts_the_systems_causes_only(place):
    units = talatan_results(place).participants
    is_pv = units["kind"] == "pv"
    columns = {name: units[name].where(~is_pv, 0.0) for name in units if name.startswith("curt")}
    columns["delivered_mwh"] = units["delivered_mwh"].where(~is_pv, 80.0)
    columns["available_mwh"] = units["available_mwh"].where(~is_pv, 120.0)
    for name, lost in [("economic", 15.0), ("forecast", 5.0), ("outage", 18.0), ("withheld", 2.0)]:
        column = f"curtailed_{name}_mwh"
        columns[column] = columns[column].where(~is_pv, lost)
    columns["curtailed_mwh"] = columns["curtailed_mwh"].where(~is_pv, 40.0)
    found = values(rewrite(place, "participants", **columns))
    assert found["curtailment_pv_pct"] == pytest.approx(20.0)
    assert found["curtailment_pv_all_causes_pct"] == pytest.approx(100 * 40 / 120)


def test_cause_shares_add_up(place):
    found = values(talatan_results(place))
    causes = ["economic", "network", "forecast", "withheld", "outage"]
    assert sum(found[f"curtailed_{cause}_pct"] for cause in causes) == pytest.approx(100)
    total = sum(found[f"curtailed_{cause}_mwh"] for cause in causes)
    assert total == pytest.approx(found["curtailed_mwh"])


def test_storage_on_paper(place):
    units = talatan_results(place).participants
    on = units["kind"] == "storage"
    columns = {
        "charged_mwh": 100.0,
        "discharged_mwh": 80.0,
        "soc_start_mwh": 10.0,
        "soc_end_mwh": 15.0,
        "energy_capacity_mwh": 40.0,
        "capacity_mw": 10.0,
    }
    changed = {name: units[name].where(~on, value) for name, value in columns.items()}
    results = rewrite(place, "participants", **changed)
    found = values(results)
    assert found["storage_round_trip_pct"] == 85.0
    assert found["storage_cycles_per_day"] == pytest.approx(80 / 40 / 3)
    income = results.role_balances.loc["storage"].sum()
    expected = pytest.approx(income / 10 / 3 * 365)
    assert found["storage_income_per_mw_year_amount"] == expected


def test_money_by_role_adds_up_to_the_ledger(place):
    results = talatan_results(place)
    found, balances = values(results), results.role_balances
    assert found["thermal_net_amount"] == pytest.approx(
        balances.loc["thermal"].sum() - found["thermal_cost_amount"]
    )
    assert found["pv_support_amount"] == pytest.approx(balances.loc["pv", "subsidy"])
    surplus = [found[f"{side}_surplus_amount"] for side in ("buyer", "seller", "operator")]
    assert found["welfare_amount"] == pytest.approx(sum(surplus))


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Results:
    return service_run.write(tmp_path_factory.mktemp("served") / "run")[0]


def test_storage_service_on_paper(served):
    found = values(served)
    # Two days: 1 MWh leased, 3 bilateral, 4 auction, 6 called; 1 of sun stays curtailed.
    modes = ("own", "lease", "bilateral", "auction", "call")
    assert [found[f"recovered_{mode}_mwh"] for mode in modes] == [0, 2, 6, 8, 12]
    assert found["recovered_mwh"] == 28
    assert found["curtailment_before_storage_mwh"] == 30
    assert found["curtailment_after_storage_mwh"] == 2
    assert found["curtailment_before_storage_pct"] == pytest.approx(100 * 30 / 32)
    assert found["curtailment_after_storage_pct"] == pytest.approx(100 * 2 / 32)
    assert found["curtailment_after_storage_pct"] == found["curtailment_wind_solar_pct"]


def test_service_trades_pools_and_netting_on_paper(served):
    found = values(served)
    assert found["service_trades"] == 6  # two days, one station each: contract, auction, call
    assert [found[f"service_trades_{m}"] for m in ("bilateral", "auction", "call")] == [2, 2, 2]
    assert (found["service_charged_mwh"], found["service_discharged_mwh"]) == (26, 18)
    assert found["service_round_trip_pct"] == pytest.approx(100 * 18 / 26)
    assert found["service_full_charges_per_day"] == pytest.approx(26 / (6 + 32) / 2)
    assert (found["netted_mwh"], found["netting_gain_mwh"]) == (2, 0.422222)


def test_several_buyers_of_a_day_are_one_trade(tmp_path):
    results, _ = service_run.write(tmp_path / "run")
    trades = results.trades.astype({"buyer": str})
    file = results.path / "trades.parquet"
    pd.concat([trades, trades.assign(buyer="another")]).to_parquet(file)
    assert values(Results(results.path))["service_trades"] == 6


def test_service_fees_on_paper(served):
    found = values(served)
    fees = [found[f"service_{mode}_fees_amount"] for mode in ("bilateral", "auction", "call")]
    assert fees == [1800, 2000, 8400]
    assert found["storage_service_amount"] == sum(fees)
    assert found["storage_lease_amount"] == 2000
    assert found["storage_capacity_amount"] == -found["load_capacity_amount"]
    assert found["wind_energy_amount"] == 4800  # given back by a pool


def test_every_category_of_the_ledger_is_in_a_group_of_money(served, place):
    known = {category for categories, _ in GROUPS.values() for category in categories}
    for results in (served, talatan_results(place)):
        assert set(results.balances.columns) <= known
        found = values(results)
        for role in set(results.roles.values()):
            parts = [found.get(f"{role}_{name}_amount", 0.0) for name in GROUPS]
            cost = found.get(f"{role}_cost_amount", 0.0)
            assert found[f"{role}_net_amount"] == pytest.approx(sum(parts) - cost)


def test_a_run_without_service_has_no_figures_of_it(place):
    assert not [name for name in values(talatan_results(place)) if "service" in name]


def test_data_centers(place):
    results = talatan_results(place)
    found = values(results)
    assert (found["jobs_finished"], found["jobs_late"], found["gpu_hours"]) == (9, 1, 1234)
    paid = -results.role_balances.loc["data_center"].sum()
    assert found["gpu_hour_cost_amount"] == pytest.approx(paid / 1234)


def test_concentration_on_paper(place):
    units = talatan_results(place).participants
    sold = units["kind"].map({"pv": 75.0, "wind": 25.0}).fillna(0.0)
    found = values(rewrite(place, "participants", sold_mwh=sold))
    assert found["sold_energy_hhi"] == pytest.approx(75**2 + 25**2)
    assert found["largest_seller_pct"] == pytest.approx(75.0)


def test_conservation_is_exact(place):
    found = values(talatan_results(place))
    assert found["ledger_residual_amount"] == 0.0
    assert found["energy_residual_max_mwh"] == 0.0
    assert found["curtailment_residual_max_mwh"] == 0.0


def test_conservation_sees_what_is_lost(place):
    payee = talatan_results(place).ledger["payee"].copy()
    payee.iloc[0] = None
    lost = -talatan_results(place).ledger["amount"].iloc[0]
    found = values(rewrite(place, "ledger", payee=payee))
    assert found["ledger_residual_amount"] == pytest.approx(lost)
    delivered = talatan_results(place).kinds["delivered_mwh"].copy()
    delivered.iloc[7] += 0.001
    found = values(rewrite(place, "kinds", delivered_mwh=delivered))
    assert found["energy_residual_max_mwh"] == 0.001


@pytest.mark.parametrize(
    "run",
    [
        FakeRun(days=0.01),
        FakeRun(kinds=("thermal", "load")),
        FakeRun(kinds=("load",)),
        FakeRun(days=2, zones=("north", "south")),
        FakeRun(days=1, minutes=15),
    ],
    ids=["one-interval", "no-storage", "nobody-sells", "zones", "quarter-hours"],
)
def test_undefined_figures_are_absent_never_zero(tmp_path, run):
    found = values(talatan_results(write_run(tmp_path / "run", run)))
    assert all(math.isfinite(value) for value in found.values())
    for kind in ("storage", "pv"):
        has = [name for name in found if name.startswith(kind)]
        assert bool(has) == (kind in run.kinds)
    assert ("curtailed_mwh" in found) == ("pv" in run.kinds)
