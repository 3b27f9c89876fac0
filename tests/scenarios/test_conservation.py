"""What always holds, checked on the written tables of random small markets."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from scenarios.expand import expand
from scenarios.loader import load_text
from scenarios.runs import content_hash
from scenarios.simulation import build
from tests.scenarios.small_worlds import Tables, run_text, scenarios

WH = 1e-6
GREEN = ("pv", "wind", "hydro", "csp")
CAUSES = ("economic", "network", "forecast", "withheld", "outage")


@settings(
    max_examples=90,
    phases=[Phase.generate, Phase.shrink],
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(text=scenarios())
def test_every_market_conserves_energy_and_money(base: Path, text: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        tables = run_text(text, base, Path(place) / "run")
    for check in (energy, curtailment, storage, limits, trades, merit, prices, accounts, totals):
        check(tables)


def energy(tables: Tables) -> None:
    units = tables.units
    sums = units.groupby(["start", "zone"], observed=True)[["delivered_mwh", "consumed_mwh"]].sum()
    assert np.abs(sums.delivered_mwh - sums.consumed_mwh).max() < WH / 2
    own = units.delivered_mwh - units.consumed_mwh - units.sold_mwh + units.bought_mwh
    assert np.abs(own - units.imbalance_mwh).max() < WH / 2


def curtailment(tables: Tables) -> None:
    units = tables.units
    green = units[units.kind.isin(GREEN)]
    causes = sum(green[f"curtailed_{cause}_mwh"] for cause in CAUSES)
    assert np.allclose(green.available_mwh, green.delivered_mwh + causes, rtol=0, atol=WH / 2)
    assert np.allclose(green.curtailed_mwh, causes, rtol=0, atol=WH / 2)
    for cause in CAUSES:
        assert (green[f"curtailed_{cause}_mwh"] >= 0).all(), cause
    others = units[~units.kind.isin(GREEN)]
    assert others.available_mwh.isna().all()
    assert others.curtailed_mwh.isna().all()


def storage(tables: Tables) -> None:
    hours = tables.loaded.calendar.hours
    specs = {spec.name: spec for spec in expand(tables.loaded.scenario, tables.loaded.seed)}
    rows = tables.units[tables.units.kind == "storage"]
    for name, own in rows.groupby("unit", observed=True):
        p = specs[name].params
        size = p["energy_mwh"]
        low, high = p["soc_min"] * size, p["soc_max"] * size
        before = np.concatenate(([p["soc_start"] * size], own.soc_mwh[:-1]))
        lost = np.minimum(before * p["self_discharge_per_hour"] * hours, before - low)
        gain = own.consumed_mwh * p["efficiency_charge"]
        gain = gain - own.delivered_mwh / p["efficiency_discharge"]
        assert np.allclose(own.soc_mwh, before - lost + gain, rtol=0, atol=WH / 10)
        assert own.soc_mwh.between(low - WH / 10, high + WH / 10).all()
        assert not ((own.consumed_mwh > 0) & (own.delivered_mwh > 0)).any()
        assert (own.delivered_mwh <= p["power_mw"] * hours + WH).all()
        assert (own.consumed_mwh <= p["power_charge_mw"] * hours + WH).all()


def limits(tables: Tables) -> None:
    hours = tables.loaded.calendar.hours
    specs = {spec.name: spec for spec in expand(tables.loaded.scenario, tables.loaded.seed)}
    units = tables.units
    for name in ("sold", "bought", "delivered", "consumed", "unserved", "offered", "bid"):
        assert (units[f"{name}_mwh"] >= 0).all(), name
    plants = units[units.kind.isin((*GREEN, "thermal"))]
    most = plants.unit.map({name: s.params.get("capacity_mw", 0) for name, s in specs.items()})
    assert (plants.delivered_mwh <= most.astype(float) * hours + WH).all()
    assert (plants.offered_mwh <= most.astype(float) * hours + WH).all()
    assert (plants.consumed_mwh == 0).all()
    takers = units[units.kind.isin(("load", "data_center"))]
    assert (takers.delivered_mwh == 0).all()


def trades(tables: Tables) -> None:
    orders, units = tables.orders, tables.units
    assert (orders.accepted_mwh >= 0).all()
    assert (orders.accepted_mwh <= orders.quantity_mwh + WH / 2).all()
    keys = ["start", "unit"]
    for side, traded, total in (("sell", "sold", "offered"), ("buy", "bought", "bid")):
        own = orders[orders.side == side].groupby(keys, observed=True)
        sums = own[["accepted_mwh", "quantity_mwh"]].sum()
        both = units.set_index(keys)[[f"{traded}_mwh", f"{total}_mwh"]].join(sums).fillna(0.0)
        assert np.allclose(both[f"{traded}_mwh"], both.accepted_mwh, rtol=0, atol=WH / 2)
        assert np.allclose(both[f"{total}_mwh"], both.quantity_mwh, rtol=0, atol=WH / 2)
    assert not ((units.sold_mwh > 0) & (units.bought_mwh > 0)).any()
    zones = units.groupby(["start", "zone"], observed=True)[["sold_mwh", "bought_mwh"]].sum()
    volume = tables.intervals.set_index(["start", "zone"]).volume_mwh
    for column in ("sold_mwh", "bought_mwh"):
        assert np.abs(zones[column] - volume).max() < WH / 2


def merit(tables: Tables) -> None:
    """No accepted offer above a rejected one, no accepted bid below a rejected one."""
    orders = tables.orders
    for side, sign in (("sell", 1), ("buy", -1)):
        own = orders[orders.side == side]
        price = sign * own.price
        taken = own.accepted_mwh > 0
        left = own.accepted_mwh < own.quantity_mwh - WH / 2
        keys = [own.start, own.zone]
        worst = price.where(taken).groupby(keys, observed=True).max()
        best = price.where(left).groupby(keys, observed=True).min()
        assert not (worst > best + 1e-9).any(), side


def prices(tables: Tables) -> None:
    orders, intervals = tables.orders, tables.intervals
    clear = intervals.set_index(["start", "zone"]).price.rename("clear")
    taken = orders[orders.accepted_mwh > 0].join(clear, on=["start", "zone"])
    assert not ((taken.side == "sell") & (taken.price > taken["clear"] + 1e-9)).any()
    assert not ((taken.side == "buy") & (taken.price < taken["clear"] - 1e-9)).any()
    traded = intervals[intervals.price.notna()]
    assert (traded.price >= traded.price_low - 1e-9).all()
    assert (traded.price <= traded.price_high + 1e-9).all()
    surpluses(tables)


def surpluses(tables: Tables) -> None:
    orders, intervals = tables.orders, tables.intervals
    for name in ("buyer_surplus", "seller_surplus"):
        assert (intervals[name] > -1e-6).all()
    sign = np.where(orders.side == "buy", 1.0, -1.0)
    value = (sign * orders.price * orders.accepted_mwh).groupby(
        [orders.start, orders.zone], observed=True
    )
    gain = intervals.set_index(["start", "zone"])
    welfare = gain.buyer_surplus + gain.seller_surplus + gain.operator_surplus
    gap = (welfare - value.sum()).dropna()
    assert np.abs(gap).max() < 1e-3 if len(gap) else True


def accounts(tables: Tables) -> None:
    ledger = tables.ledger
    cents = (ledger.amount * 100).round().astype("int64")
    assert (np.abs(cents - ledger.amount * 100) < 1e-3).all()
    assert (cents > 0).all()
    assert (ledger.payer.astype(str) != ledger.payee.astype(str)).all()
    traded = ledger.category == "energy"
    net = (cents * (ledger.payee == "market")).where(traded, 0)
    net = net - (cents * (ledger.payer == "market")).where(traded, 0)
    kept = net.groupby(ledger.start).sum().reindex(tables.intervals.start.unique(), fill_value=0)
    operator = tables.intervals.groupby("start").operator_surplus.sum().reindex(kept.index) * 100
    uniform = tables.intervals.groupby("start").price.apply(lambda p: p.notna().all())
    quiet = tables.intervals.groupby("start").volume_mwh.sum() == 0
    exact = (uniform | quiet).reindex(kept.index)
    # One price: nothing is kept. Otherwise what the mechanism says, each side to the cent.
    assert (kept[exact] == 0).all()
    assert (np.abs(kept - operator) <= tables.units.zone.nunique() + 0.01).all()
    imbalances(tables)


def imbalances(tables: Tables) -> None:
    """Who deviates on his own is charged or paid (buyers: nobody instructs them)."""
    ledger, units = tables.ledger, tables.units
    buyers = units.kind.isin(("load", "data_center"))
    strayed = units[buyers & (units.imbalance_mwh.abs() > 1e-3)]
    settled = ledger[ledger.category.isin(["imbalance", "balancing"])]
    ends = pd.concat([settled.payer.astype(str), settled.payee.astype(str)])
    known = set(zip(pd.concat([settled.start] * 2), ends, strict=True))
    priced = tables.intervals.set_index(["start", "zone"])
    for row in strayed.itertuples():
        at = priced.loc[(row.start, row.zone)]
        if min(abs(at.imbalance_short_price), abs(at.imbalance_long_price)) > 20:
            assert (row.start, row.owner) in known


def totals(tables: Tables) -> None:
    units, intervals = tables.units, tables.intervals.set_index(["start", "zone"])
    by_zone = units.groupby(["start", "zone"], observed=True)
    for name in ("offered", "bid", "unserved", "available", "curtailed"):
        sums = by_zone[f"{name}_mwh"].sum()
        assert np.abs(sums - intervals[f"{name}_mwh"]).max() < WH / 2, name
    green = units[units.kind.isin(GREEN)].groupby(["start", "zone"], observed=True)
    delivered = green.delivered_mwh.sum().reindex(intervals.index, fill_value=0.0)
    assert np.abs(delivered - intervals.delivered_mwh).max() < WH / 2
    moved = units.imbalance_mwh.abs().groupby([units.start, units.zone], observed=True).sum()
    assert np.abs(moved - intervals.imbalance_mwh).max() < WH / 2
    assert len(intervals) == tables.loaded.calendar.n * units.zone.nunique()
    n_orders = tables.orders.groupby(["start", "zone"], observed=True).size()
    assert (n_orders.reindex(intervals.index, fill_value=0) == intervals.n_orders).all()


RECORDINGS = (
    '[recording]\nunits = "daily"\nledger = "month"',
    '[recording]\nunits = false\nledger = "day"',
)


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(text=scenarios(), recording=st.sampled_from(RECORDINGS), turn=st.randoms())
def test_recording_and_the_order_of_entries_change_no_result(base, text, recording, turn) -> None:
    before = '[recording]\nledger = "interval"\norders = true'
    head, *entries = text.split("\n[[")
    turn.shuffle(entries)
    again = "\n[[".join([head, *entries]).replace(before, "") + "\n" + recording
    assert _hash(text, base) == _hash(again, base)


def _hash(text: str, base: Path) -> str:
    with tempfile.TemporaryDirectory() as place:
        simulation = build(load_text(text, base), Path(place))
        simulation.run()
        simulation.recorder.finish()
        return content_hash(simulation)
