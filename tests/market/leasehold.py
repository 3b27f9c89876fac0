"""Lease books and rights markets built by hand: MW and MWh, days, one slice for every pair."""

from datetime import UTC, datetime

import numpy as np

from market import Calendar
from market.storage_service.lease_terms import LeaseContract, Slices, Stations
from market.storage_service.leases import LeaseBook
from market.storage_service.rights import RightsRules, Tenants, rounds
from market.storage_service.rights_market import RightsMarket

DAY = 86_400
MW = 1_000_000


def calendar(days=400, minutes=60):
    return Calendar(datetime(2024, 1, 1, tzinfo=UTC), minutes * 60, days * 24 * 60 // minutes)


def whole(values):
    return np.rint(np.array(values, float) * MW).astype(np.int64)


def stations(mw, mwh, asks=None, service=None, owners=None, share=1.0):
    """Stations A, B, C of owners a, b, c."""
    n = len(mw)
    names = tuple("ABCDEFGH"[:n])
    return Stations(
        names,
        tuple(owners or (name.lower() for name in names)),
        whole(mw),
        whole(mwh),
        np.array(service or [0.0] * n),
        np.full(n, share),
        np.array(asks or [0.0] * n, float),
    )


def a_book(built, tenants=(), days=400):
    """The book of stations with own part, pool and a slice for each tenant; and those slices."""
    names, uses, place = [], [], []
    for row, name in enumerate(built.names):
        parts = [("", "own"), ("/service", "service"), *((f"/{t}", "lease") for t in tenants)]
        names += [name + end for end, _ in parts]
        uses += [use for _, use in parts]
        place += [row] * len(parts)
    slices = Slices(tuple(names), tuple(uses), np.array(place))
    accounts = (*sorted({*built.owners, *tenants}), "market")
    count = len(tenants) + 2
    rows = np.arange(len(built.names))[:, None] * count + 2 + np.arange(len(tenants))
    return LeaseBook(built, slices, accounts, calendar(days)), rows


def contract(book, name, mw, mwh, price, start_day, end_day, tenant=None):
    return LeaseContract(
        book.slices.names.index(name),
        tenant or name.partition("/")[2],
        round(mw * MW),
        round(mwh * MW),
        price,
        round(start_day * DAY),
        round(end_day * DAY),
    )


def a_market(built, wanted, mechanism, products, seed=1, **rules):
    """A rights market; `wanted` are (tenant, MW, value) or (tenant, MW, value, product)."""
    names = tuple(each[0] for each in wanted)
    book, slice_of = a_book(built, names)
    tenants = Tenants(
        names,
        names,
        whole([each[1] for each in wanted]),
        np.array([each[2] for each in wanted], float),
        np.array([each[3] if len(each) > 3 else 0 for each in wanted]),
    )
    given = RightsRules(mechanism, tuple(products), **rules)
    return RightsMarket(given, tenants, book, slice_of, seed)


def run(market, days):
    """Hold all auctions of so many days."""
    for each in rounds(market.rules, days * DAY):
        market.hold(each)


def deals(book, *columns):
    return [tuple(getattr(deal, column) for column in columns) for deal in book.deals]


def held_mw(book, day):
    """MW that each slice holds on a day, by name; those that hold nothing are left out."""
    power = book.sizes(round(day * DAY))[0] * book.stations.watts[book.slices.station] / MW
    parts = zip(book.slices.names, book.slices.uses, power.tolist(), strict=True)
    return {name: round(mw, 6) for name, use, mw in parts if use == "lease" and mw}
