"""What the tables keep of storage service, read back from a run directory."""

import numpy as np
import pandas as pd
import pytest

from market import Ledger, Recorder, RecordingRules, Results
from market.storage_service.lease_terms import Deal
from market.storage_service.records import StationRecord
from tests.market.blocks import MWH, Shape, calendar, layout, trade
from tests.market.service_blocks import service_block, store, unit, world

DAYS = 2


def fill(made):
    """Noon of a day: all modes store, one station nets."""
    store(made, 12, "own", ("gale", "A/service", MWH // 2, 0, 0))
    store(made, 12, "lease", ("sun", "A/green", MWH, 0, 0))
    store(
        made,
        12,
        "bilateral",
        ("sun", "A/service", MWH, 300, 300),
        ("dune", "A/service", 3 * MWH, 320, 320),
    )
    store(made, 12, "auction", ("gale", "B/service", MWH, 310, 250))
    store(made, 13, "auction", ("gale", "B/service", 3 * MWH, 290, 250))
    store(made, 13, "call", ("dune", "B/service", 2 * MWH, 0, 700))
    trade(made, 14, "main", 100.0, {"A/green": MWH}, {"A": 3 * MWH})
    made.moved[14, unit(made, "A")] = 200_000.0
    made.moved[14, unit(made, "A/green")] = 11_111.0
    made.soc[:, 4:9] = [1e6, 2e6, 3e6, 4e6, 5e6]


DEALS = [
    Deal(-86_400, 30 * 86_400, "lease", "green", "ess", "A", 2 * MWH, 4 * MWH, 300.0, 300.0),
    Deal(3_600, 90_000, "rights", "breeze", "tee", "B", MWH // 2, MWH, 250.0, 240.0),
]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    place, places = tmp_path_factory.mktemp("run"), world()
    ledger = Ledger(places.owners, places.owner_of)
    renewable = places.of_kind("pv", "wind")
    times = calendar(24 * DAYS)
    recorder = Recorder(place, times, places, ledger, renewable, RecordingRules())
    recorder.note_deals([])
    recorder.note_deals(DEALS)
    for day in range(DAYS):
        made = service_block(24, 24 * day, places)
        fill(made)
        recorder.record(made)
    recorder.close_period(0)
    recorder.finish()
    return Results(place)


def test_recovered_energy_by_mode_and_in_all(results):
    table = results.intervals
    noon, later = table.iloc[12], table.iloc[13]
    assert noon["recovered_mwh"] == 6.5
    modes = ("own", "lease", "bilateral", "auction", "call")
    assert [noon[f"recovered_{mode}_mwh"] for mode in modes] == [0.5, 1, 4, 1, 0]
    assert [later[f"recovered_{mode}_mwh"] for mode in modes] == [0, 0, 0, 3, 2]
    parts = table[[f"recovered_{mode}_mwh" for mode in modes]].sum(axis=1)
    assert np.allclose(parts, table["recovered_mwh"], rtol=0, atol=1e-9)
    # What a plant delivered, and nothing of it is an imbalance.
    assert noon["delivered_mwh"] == 6.5
    assert noon["curtailed_mwh"] == noon["imbalance_mwh"] == 0


def test_units_say_what_of_theirs_was_recovered(results):
    rows = results.units.astype({"unit": str}).groupby("unit")["recovered_mwh"].sum()
    assert rows[["sun", "dune", "gale"]].tolist() == [2 * 2, 2 * 5, 2 * 4.5]
    assert (rows.drop(["sun", "dune", "gale"]) == 0).all()


def service_rows(results):
    trades = results.trades
    names = ["buyer", "seller", "product", "station"]
    trades = trades[trades["quantity_mw"].isna()].astype(dict.fromkeys(names, str))
    day = trades[trades["start"] == trades["start"].min()]
    return {tuple(row[names]): (row["quantity_mwh"], row["price"]) for _, row in day.iterrows()}


def test_trades_of_a_day_by_mode_buyer_and_station(results):
    assert service_rows(results) == {
        ("breeze", "ess", "own", "A"): (0.5, 0.0),
        ("green", "ess", "lease_service", "A"): (1.0, 0.0),
        ("green", "ess", "bilateral", "A"): (4.0, (300 + 3 * 320) / 4),
        ("breeze", "tee", "auction", "B"): (4.0, (310 + 3 * 290) / 4),
        ("green", "tee", "call", "B"): (2.0, 700.0),
    }
    stamps = results.trades.loc[results.trades["quantity_mw"].isna(), "start"]
    days = pd.date_range("2023-06-01", periods=DAYS, tz="UTC")
    assert sorted(set(stamps)) == list(days)
    assert len(stamps) == 5 * DAYS


def test_leases_are_trades_of_power(results):
    rows = results.trades[results.trades["quantity_mw"].notna()]
    found = rows.astype(dict.fromkeys(["buyer", "seller", "product", "station"], str))
    found = found.drop(columns="start").to_dict("records")
    assert found == [
        {
            "buyer": "green",
            "seller": "ess",
            "product": "lease",
            "quantity_mwh": 4.0,
            "price": 300.0,
            "station": "A",
            "quantity_mw": 2.0,
        },
        {
            "buyer": "breeze",
            "seller": "tee",
            "product": "rights",
            "quantity_mwh": 1.0,
            "price": 250.0,
            "station": "B",
            "quantity_mw": 0.5,
        },
    ]
    assert [f"{start:%m-%d %H:%M}" for start in rows["start"]] == ["05-31 00:00", "06-01 01:00"]


def test_stations_net_their_slices(results):
    table = results.stations
    assert list(table.columns) == [
        *("start", "station", "charged_mwh", "discharged_mwh", "netted_mwh", "gain_mwh"),
        "soc_mwh",
    ]
    assert len(table) == 2 * 24 * DAYS
    a = table[table["station"] == "A"].reset_index(drop=True)
    assert a.loc[14, ["charged_mwh", "discharged_mwh", "netted_mwh"]].tolist() == [2, 0, 1]
    assert a.loc[14, "gain_mwh"] == 0.211111
    assert a.loc[12, ["charged_mwh", "netted_mwh"]].tolist() == [5.5, 0]
    assert (a["soc_mwh"] == 6).all()
    b = table[table["station"] == "B"]
    assert b["charged_mwh"].sum() == DAYS * (1 + 3 + 2)
    assert (b["soc_mwh"] == 9).all()


def test_physical_and_netted_flows_are_the_slices_flows_in_each_interval(results):
    units = results.units
    units = units.assign(station=units["unit"].astype(str).str.split("/").str[0])
    slices = units[units["kind"] == "storage"].groupby(["start", "station"])
    flows = slices[["consumed_mwh", "delivered_mwh"]].sum()
    table = results.stations.astype({"station": str}).set_index(["start", "station"]).sort_index()
    assert (flows["consumed_mwh"] == table["charged_mwh"] + table["netted_mwh"]).all()
    assert (flows["delivered_mwh"] == table["discharged_mwh"] + table["netted_mwh"]).all()


def test_the_seller_is_the_station_s_owner_wherever_its_slices_stand():
    places = layout(
        Shape("pv", ["sun"], owners=["green"]),
        Shape(
            "storage",
            ["S/green", "S"],
            owners=["green", "ess"],
            stations=["S", "S"],
            uses=["lease", "own"],
        ),
    )
    made = service_block(places=places)
    store(made, 0, "lease", ("sun", "S/green", MWH, 0, 0))
    _, buyer, seller, product, *_ = StationRecord(places).trade_columns(made, 0)
    assert [column.to_pylist() for column in (buyer, seller, product)] == [
        ["green"],
        ["ess"],
        ["lease_service"],
    ]


def test_the_digest_sees_by_which_mode_energy_was_recovered(tmp_path):
    digests = []
    for mode in ("bilateral", "auction"):
        places, directory = world(), tmp_path / mode
        directory.mkdir()
        ledger = Ledger(places.owners, places.owner_of)
        renewable = places.of_kind("pv", "wind")
        recorder = Recorder(directory, calendar(1), places, ledger, renewable, RecordingRules())
        made = service_block(1, 0, places)
        store(made, 0, mode, ("sun", "A/service", MWH, 0, 0))
        recorder.record(made)
        recorder.discard()
        digests.append(recorder.interval_digest())
    assert digests[0] != digests[1]
