"""Blocks with storage service, filled by hand: plants, two stations and what they stored."""

from dataclasses import replace

import numpy as np

from market import Flows, Handover, Ledger, Returned, ServiceRules, Settlement, StorageTerms
from market.rules import CapacityRules
from market.settlement import ContractTerms, Tariffs
from market.storage_service.flows import mode_index
from market.storage_service.lease_terms import Slices, Stations
from market.storage_service.leases import LeaseBook
from tests.market.blocks import MWH, Shape, block, calendar, layout, rules

NAMES = ["A", "A/green", "A/service", "B", "B/service"]


def world(own="ess"):
    """Town, four plants (two of one owner), station A with pool and tenant, station B."""
    return layout(
        Shape("load", ["town"]),
        Shape("pv", ["sun", "dune"], owners=["green", "green"]),
        Shape("thermal", ["coal"]),
        Shape(
            "storage",
            NAMES,
            owners=[own, "green", own, "tee", "tee"],
            stations=["A", "A", "A", "B", "B"],
            uses=["own", "lease", "service", "own", "service"],
        ),
        Shape("wind", ["gale"], owners=["breeze"]),
    )


def in_force(capacity=None, **service):
    return replace(rules(), service=ServiceRules(**service), capacity=capacity or CapacityRules())


def service_block(m=1, first=0, places=None, **service):
    made = block(places or world(), m, first, in_force(**service))
    made.soc[:] = np.nan
    return made


def unit(made, name):
    return made.layout.units.index(name)


def store(made, row, mode, *flows):
    """Store (plant, store, Wh, buy price, sell price) and write it wherever it belongs."""
    plant, into, wh, buy, sell = zip(*flows, strict=True)
    plants = np.array([unit(made, name) for name in plant])
    stores = np.array([unit(made, name) for name in into])
    amount = np.array(wh, np.int64)
    mark = np.full(amount.size, mode_index(mode))
    prices = np.array(buy, float), np.array(sell, float)
    made.service.stored.append((row, Flows(plants, stores, amount, mark, *prices)))
    found = made.recovered.setdefault(mode, np.zeros_like(made.stored))
    for column, rows, sign in (
        (made.stored, plants, 1),
        (made.stored, stores, -1),
        (made.delivered, plants, 1),
        (made.consumed, stores, 1),
        (found, plants, 1),
    ):
        np.add.at(column[row], rows, sign * amount)


def give_back(made, row, pool, **holders):
    """Note on whose behalf a pool delivered, by unit; the pool itself is called `own`."""
    who = np.array([unit(made, pool if name == "own" else name) for name in holders])
    wh = np.array(list(holders.values()), np.int64)
    made.service.returned.append((row, Returned(unit(made, pool), who, wh)))


def hand_over(made, row, giver, receiver, stored_wh, efficiency):
    handed = Handover(unit(made, giver), unit(made, receiver), stored_wh, efficiency)
    made.service.handed.append((row, handed))


def accounts(places, hours=1.0, leases=None, listed=None, per_interval=True, **by_unit):
    """Return a settlement and its ledger; tariffs by unit as in `Tariffs`."""
    units = len(places.units)
    columns = {name: np.zeros(units) for name in ("subsidy", "certificate")}
    columns["on_grid"] = np.full(units, np.nan)
    for name, values in by_unit.items():
        for each, value in values.items():
            columns[name][places.units.index(each)] = value
    tariffs = Tariffs(
        draws=places.of_kind("load", "data_center"), stores=places.of_kind("storage"), **columns
    )
    ledger = Ledger(places.owners, places.owner_of, per_interval)
    none = np.empty(0, np.int64)
    terms = ContractTerms(none, none, np.empty(0), none)
    storage = StorageTerms(leases, **({} if listed is None else {"listed": listed}))
    return Settlement(places, ledger, tariffs, terms, hours, storage), ledger


def settled(made, reference=300.0, **options):
    """Return the ledger after settling one block."""
    settlement, ledger = accounts(made.layout, **options)
    settlement.settle(made, np.full((len(made.layout.zones), made.m), reference))
    return ledger


def lease_book(places, days):
    """Return an empty lease book of station A, 10 MW and 20 MWh, and its tenant green."""
    no, size = np.zeros(1), np.array([10 * MWH])
    owner = places.owners[places.owner_of[places.units.index("A")]]
    facts = {"names": ("A",), "owners": (owner,), "watts": size, "wh": 2 * size}
    station = Stations(**facts, service_share=no, rights_share=no + 1, lease_ask=no)
    slices = Slices(("A", "A/green"), ("own", "lease"), np.array([0, 0]))
    ledger = accounts(places)[1]
    return LeaseBook(station, slices, ledger.accounts, calendar(24 * days))
