"""A run directory with storage service, made of blocks that are settled and recorded by hand."""

import json

import numpy as np
import pandas as pd

from market import ENERGY_COLUMNS, ListedStations, Recorder, RecordingRules, Results
from market.rules import CapacityRules
from market.storage_service.lease_terms import Deal
from tests.market.blocks import MWH, calendar, trade
from tests.market.service_blocks import (
    accounts,
    give_back,
    in_force,
    lease_book,
    service_block,
    store,
    world,
)

SIZE = {  # MW and MWh of each slice
    "A": (5, 10),
    "A/green": (2, 4),
    "A/service": (3, 6),
    "B": (0, 0),
    "B/service": (8, 32),
}
ALL = ("lease", "bilateral", "auction", "call")


def a_day(places, first):
    """Noon stores, evening gives back; A nets 1 MWh; each amount is easy to check."""
    made = service_block(24, first, places, modes=ALL)
    made.rules[:] = [in_force(CapacityRules(165.0, 6.0, "consumers"), modes=ALL)] * 24
    trade(made, 12, "main", 0.0, {"gale": MWH}, {"town": MWH})
    store(made, 12, "lease", ("sun", "A/green", MWH, 0, 0))
    store(made, 12, "bilateral", ("sun", "A/service", 3 * MWH, 300, 300))
    store(made, 12, "auction", ("gale", "B/service", 4 * MWH, 310, 250))
    store(made, 13, "call", ("dune", "B/service", 6 * MWH, 0, 700))
    made.delivered[13, places.units.index("coal")] = MWH
    made.sold[13, places.units.index("coal")] = MWH
    made.bought[13, places.units.index("town")] = made.consumed[13, 0] = MWH
    made.zone["price"][13] = made.zone["buy_price"][13] = made.zone["sell_price"][13] = 0.0
    trade(made, 20, "main", 400.0, {"B/service": 8 * MWH}, {"town": 6 * MWH, "A": 2 * MWH})
    give_back(made, 20, "B/service", own=2 * MWH, gale=6 * MWH)
    trade(made, 21, "main", 500.0, {"A": MWH, "A/service": MWH}, {"town": MWH, "A/green": MWH})
    give_back(made, 21, "A/service", sun=MWH)
    made.moved[21, places.units.index("A")] = 211_111.0
    plants = places.of_kind("pv", "wind")
    made.resource[:, plants] = made.delivered[:, plants]
    made.forecast[:] = made.resource
    made.resource[12, places.units.index("sun")] += MWH  # nobody expected this one
    made.available[:] = made.resource
    made.soc[:, 4:9] = 1e6
    return made


def write(path, days=2, own="ess"):
    """Write the run and return its results and ledger."""
    path.mkdir(exist_ok=True)
    places = world(own)
    book = lease_book(places, days)
    # 2 MW at 182.5 a kW and year: 1000 a day.
    owner = places.owners[places.owner_of[places.units.index("A")]]
    deal = Deal(0, days * 86_400, "lease", "green", owner, "A", 2 * MWH, 4 * MWH, 182.5, 182.5)
    book.agree(deal)
    units = np.array([places.units.index(name) for name in ("A", "B")])
    listed = ListedStations(units, np.array([1e4, 8e3]), np.array([2.0, 4.0]), np.ones(2, bool))
    settlement, ledger = accounts(places, leases=book, listed=listed, per_interval=False)
    renewable = places.of_kind("pv", "wind")
    recorder = Recorder(
        path, calendar(24 * days), places, ledger, renewable, RecordingRules("none")
    )
    recorder.note_deals(book.deals)
    for day in range(days):
        made = a_day(places, 24 * day)
        settlement.settle(made, np.zeros((1, 24)))
        recorder.record(made)
        recorder.close_period(24 * day)
    recorder.finish()
    units = _participants(places, recorder, renewable)
    for name, cents in ledger.unit_cents().items():
        units[f"{name}_amount"] = np.where(
            units["kind"].eq("storage") | (name == "energy"), cents / 100, np.nan
        )
    units["out_of_order_days"] = 0.0
    units.to_parquet(path / "participants.parquet")
    (path / "run.json").write_text(json.dumps(_header(days)))
    return Results(path), ledger


def _participants(places, recorder, renewable):
    table = pd.DataFrame(
        {
            "unit": places.units,
            "owner": [places.owners[index] for index in places.owner_of],
            "kind": places.kinds,
            "zone": places.zone_names,
        }
    )
    for name in ENERGY_COLUMNS:
        values = recorder.totals[name] / MWH
        only = name == "available" or name.startswith("curtailed")
        table[f"{name}_mwh"] = np.where(renewable, values, np.nan) if only else values
    stores = places.of_kind("storage")
    table["charged_mwh"] = table["consumed_mwh"].where(stores)
    table["discharged_mwh"] = table["delivered_mwh"].where(stores)
    table["soc_start_mwh"] = table["soc_end_mwh"] = np.where(stores, 1.0, np.nan)
    table["variable_cost_amount"], table["value_amount"] = 0.0, np.nan
    table["capacity_mw"] = [SIZE.get(unit, (10, 0))[0] for unit in places.units]
    table["energy_capacity_mwh"] = [SIZE.get(unit, (0, np.nan))[1] for unit in places.units]
    for name in ("jobs_finished", "jobs_late", "gpu_hours"):
        table[name] = np.nan
    return table


def _header(days):
    return {
        "scenario": "service",
        "seed": 1,
        "status": "finished",
        "currency": "CNY",
        "interval_minutes": 60,
        "start": "2023-06-01T00:00:00+00:00",
        "intervals": 24 * days,
        "zones": ["main"],
        "rules": {},
    }
