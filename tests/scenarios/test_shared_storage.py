"""Shared storage over whole runs: nothing is promised, stored or paid twice, whatever the mix."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from market import CENTS, ConservationError
from market.ledger import UNIT_AMOUNTS
from scenarios.loader import load, load_text
from scenarios.runs import execute, prepare
from scenarios.simulation import build
from scenarios.stations import service_stations
from tests.scenarios.shared_worlds import shared

WH = 1e-6
MODES = ("own", "lease", "bilateral", "auction", "call")


def run(text, base, out):
    """The tables of a run by name, and the simulation."""
    loaded = load_text(text, base)
    out.mkdir(parents=True)
    simulation = build(loaded, out)
    simulation.run()
    simulation.recorder.finish()
    return simulation, {path.stem: pd.read_parquet(path) for path in out.glob("*.parquet")}


@settings(
    max_examples=120,
    phases=[Phase.generate, Phase.shrink],
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(text=shared())
def test_every_mix_of_uses_conserves_energy_and_money(base: Path, text: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        simulation, tables = run(text, base, Path(place) / "run")
    assert int(simulation.ledger.balances.sum()) == 0
    slices = tables["units"].assign(station=lambda t: t["unit"].astype(str).str.split("/").str[0])
    slices = slices[slices["station"].isin(simulation.layout.stations)]
    netting(slices, tables["stations"])
    stations(simulation, tables["stations"])
    service(simulation, tables)
    cash(tables["ledger"])
    money_of_units(simulation, tables["ledger"])


def netting(slices, stations):
    """Virtual flows are the physical flow and what was netted, to the watt-hour."""
    keys = ["start", "station"]
    virtual = slices.groupby(keys)[["consumed_mwh", "delivered_mwh", "soc_mwh"]].sum()
    physical = stations.astype({"station": str}).set_index(keys).sort_index()
    for flow, other in (("charged_mwh", "consumed_mwh"), ("discharged_mwh", "delivered_mwh")):
        gap = virtual[other] - physical[flow] - physical["netted_mwh"]
        assert np.abs(gap).max() < WH / 2
    assert not ((physical["charged_mwh"] > 0) & (physical["discharged_mwh"] > 0)).any()
    assert np.abs(virtual["soc_mwh"] - physical["soc_mwh"]).max() < WH


def stations(simulation, table):
    """Each station as a whole is a battery within its limits."""
    hours = simulation.loaded.calendar.hours
    for station in service_stations(simulation.loaded.scenario):
        own, entry = table[table["station"] == station.name], station.entry
        assert (own["charged_mwh"] <= station.charge_mw * hours + WH).all()
        assert (own["discharged_mwh"] <= station.power_mw * hours + WH).all()
        soc = own["soc_mwh"].to_numpy()
        assert (soc <= station.energy_mwh * entry.soc_max + WH).all()
        assert (soc >= -WH).all()
        if entry.self_discharge_per_hour or entry.ageing is not None:
            continue
        # Without losses of time the charge follows from what passed the station's meter.
        before = np.concatenate(([station.energy_mwh * entry.soc_start], soc[:-1]))
        change = own["charged_mwh"] * entry.efficiency_charge
        change = change - own["discharged_mwh"] / entry.efficiency_discharge
        assert np.allclose(soc, before + change, rtol=0, atol=WH)


def service(simulation, tables):
    """What was recovered was there, is stored once, and is traded as recorded."""
    plants = tables["units"][tables["units"]["kind"].isin(["pv", "wind"])]
    assert (plants["recovered_mwh"] >= 0).all()
    assert (plants["delivered_mwh"] <= plants["available_mwh"] + WH / 2).all()
    modes = tables["intervals"][[f"recovered_{mode}_mwh" for mode in MODES]].sum()
    total = plants["recovered_mwh"].sum()
    assert modes.sum() == pytest.approx(total, abs=WH)
    trades = tables["trades"]
    stored = trades[trades["quantity_mw"].isna()]
    assert stored["quantity_mwh"].sum() == pytest.approx(total, abs=WH)
    paid = stored[stored["product"].isin(["auction"])]
    ceiling = simulation.loaded.scenario.market.storage_service.ceiling
    assert (paid["price"] <= ceiling + 1e-9).all()


def cash(ledger):
    """No amount is lost: what accounts receive they pay, and only one account each time."""
    assert (ledger["payer"].astype(str) != ledger["payee"].astype(str)).all()
    assert (ledger["amount"] > 0).all()


def money_of_units(simulation, ledger):
    """What units received less what they paid is what their owners did, to the cent.

    Of contracts and rents only the stores are known that received them.
    """
    layout = simulation.layout
    cents = (ledger["amount"] * CENTS).round().astype("int64")
    known = simulation.ledger.unit_cents()
    own_use = known.pop("own_use")  # part of what plants received, told of the stores it came from
    if simulation.loaded.scenario.market.storage_service.access == "owner":
        known["returned"] = own_use  # all that is given back is an owner's own
    for name, found in known.items():
        categories = ("returned_energy",) if name == "returned" else UNIT_AMOUNTS[name]
        amount = cents[ledger["category"].isin(categories)]
        got, paid = (amount.groupby(ledger[end].astype(str)).sum() for end in ("payee", "payer"))
        net = got if name in ("bilateral", "rent") else got.sub(paid, fill_value=0)
        by_owner = pd.Series(found).groupby(np.array(layout.owners)[layout.owner_of]).sum()
        assert by_owner.to_dict() == net.reindex(by_owner.index, fill_value=0).to_dict(), name


OVERBOOKED = """
[scenario]
name = "overbooked"
[time]
start = "2023-06-01T00:00:00+08:00"
interval = 60
days = 1
[market.storage_service]
modes = ["call"]
call_price = 100.0
[[load]]
name = "town"
demand_mw = 5.0
[[generator]]
kind = "wind"
name = "wind"
capacity_mw = 9
availability = 1.0
[[storage]]
name = "store"
power_mw = 2
energy_mwh = 8
soc_start = 0.0
"""


def test_a_station_that_stores_more_than_it_can_stops_the_run(tmp_path: Path) -> None:
    simulation = build(load_text(OVERBOOKED, tmp_path), tmp_path)
    fleet = simulation.storage.fleets[0]
    honest = fleet.headroom
    fleet.headroom = lambda block, row: honest(block, row) * 2
    with pytest.raises(ConservationError, match=r"2023-06-01T0\d:00:00\+08:00.*store"):
        simulation.run()


def test_a_station_that_is_let_twice_stops_the_run(tmp_path: Path) -> None:
    simulation = build(load_text(OVERBOOKED, tmp_path), tmp_path)
    fleet = simulation.storage.fleets[0]
    with pytest.raises(ConservationError, match="station store"):
        fleet.resize(np.array([0.5, 1.0]), np.array([0.5, 1.0]))


def test_energy_that_is_given_back_twice_stops_the_run(tmp_path: Path) -> None:
    simulation = build(load_text(OVERBOOKED, tmp_path), tmp_path)
    assert simulation.session.service is not None
    zone = simulation.session.service.zones[0]
    honest = zone._holdings.after
    calls = []

    def twice(soc, flows, own=None):
        honest(soc, flows, own)
        if flows.wh.size:
            calls.append(1)
            zone._holdings._wh[-1] += 1000.0
            zone._holdings._add_up()

    zone._holdings.after = twice
    with pytest.raises(ConservationError, match="holdings do not add up"):
        simulation.run()
    assert calls


AUCTIONED = """
[scenario]
name = "auctioned"
[time]
start = "2023-06-01T00:00:00+08:00"
interval = 60
days = 3
[market.energy]
gate_closure = 0
[market.storage_service]
modes = ["auction"]
[[load]]
name = "town"
demand_mw = 5.0
[[generator]]
kind = "pv"
name = "sun"
capacity_mw = 30
availability = {file = "series.csv", column = "sun"}
[[storage]]
name = "store"
power_mw = 2
energy_mwh = 8
"""


def test_auctions_that_fall_into_the_same_second_are_all_held(base, tmp_path) -> None:
    """The first gate of a day opens as the last of the day before clears, in surplus."""
    sun = '{file = "series.csv", column = "sun"}'
    windy = AUCTIONED.replace(sun, "1.0")
    trades = []
    for opening in (30, 60):
        text = windy.replace("gate_closure = 0", f"gate_closure = 0\ngate_opening = {opening}")
        trades.append(run(text, base, tmp_path / str(opening))[1]["trades"])
    assert set(trades[0]["product"]) == {"auction"}
    pd.testing.assert_frame_equal(*trades)


LEASED = """
[[contract]]
kind = "lease"
name = "let"
station = "store"
tenant = "grower"
mw = 2
price = 0
strategy = {name = "threshold", buy_below = 0.5, sell_above = 60.0}
"""


def test_subsidies_are_paid_for_what_a_leased_slice_gives_back(base, tmp_path) -> None:
    """The tenant's plant gets its tariff and subsidy for its energy, as with a pool."""
    grower = 'name = "sun"\nowner = "grower"\nsubsidy = 100.0\ntariff = 300.0\nmarginal_cost = 101'
    text = AUCTIONED.replace('name = "sun"', grower).replace("gate_closure = 0", "")
    text = text.replace('["auction"]', '["lease"]\nshare = 0.0\nreturned_price = "tariff"')
    text = text.replace("energy_mwh = 8", "energy_mwh = 8\nsoc_start = 0.0") + LEASED
    coal = '[[generator]]\nkind = "thermal"\nname = "coal"\ncapacity_mw = 9\nmarginal_cost = 80\n'
    _, tables = run(text + coal, base, tmp_path / "run")
    units, ledger = tables["units"].set_index("unit"), tables["ledger"]
    stored = units.loc["sun", "recovered_mwh"].sum()
    returned = units.loc["store/let", "delivered_mwh"].sum()
    assert units.loc["store/let", "bought_mwh"].sum() == 0
    assert returned == pytest.approx(0.95 * 0.95 * stored, rel=0.2)
    paid = ledger.groupby("category", observed=True)[["quantity_mwh", "amount"]].sum()
    reached = units.loc["sun", "delivered_mwh"].sum() - stored + returned
    assert paid.loc["subsidy", "amount"] == pytest.approx(100 * reached, abs=0.1)
    back = ledger[(ledger["category"] == "returned_energy") & (ledger["payer"] == "grid")]
    assert back["payee"].unique().tolist() == ["grower"]
    assert back["amount"].sum() == pytest.approx(300 * returned, abs=0.1)


SWITCHED = """
[[event]]
at = "2023-06-01T12:00:00+08:00"
set = {"market.storage_service.modes" = %s}
"""


@pytest.mark.parametrize(("first", "then"), [('["call"]', "[]"), ("[]", '["call"]')])
def test_a_pool_trades_for_its_owner_while_there_is_no_service(tmp_path, first, then) -> None:
    text = OVERBOOKED.replace('["call"]', first) + SWITCHED % then
    trading = 'strategy = {name = "threshold", buy_below = 1.0, sell_above = 400.0}'
    _, tables = run(text.replace("soc_start = 0.0", trading), tmp_path, tmp_path / "run")
    pool = tables["units"][tables["units"]["unit"] == "store/service"]
    serves = (pool["start"] < "2023-06-01T04:00:00Z").to_numpy() == (first != "[]")
    recovered = tables["intervals"]["recovered_mwh"].to_numpy()
    assert pool["bought_mwh"][serves].sum() == 0
    assert recovered[~serves].sum() == 0
    assert pool["bought_mwh"].sum() > 0 or recovered.sum() > 0
    # The first half fills the store whoever it is for; nobody sells below 400.
    assert pool["soc_mwh"].to_numpy()[11] == pytest.approx(8, abs=1e-5)


def test_a_run_says_its_rules_and_no_ceiling_is_null(tmp_path: Path) -> None:
    file = tmp_path / "case.toml"
    file.write_text(OVERBOOKED, encoding="utf-8")
    loaded = load(str(file), ["market.storage_service.ceiling=inf"])
    prepare(tmp_path / "run", force=False, resume=False)
    rules = execute(loaded, tmp_path / "run").run["rules"]
    assert rules["storage_service"]["modes"] == ["call"]
    assert rules["storage_service"]["ceiling"] is None
    assert rules["capacity_payment"]["price"] == 0
