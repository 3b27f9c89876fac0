"""Every mechanism in whole runs: energy and money are conserved, conditions of orders are kept."""

import re
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from market import InputError, mechanisms
from scenarios.loader import load_text
from tests.scenarios import test_conservation as laws
from tests.scenarios.small_worlds import Tables, run_text, scenarios

# These and `continuous` have worlds of their own (test_conservation, test_continuous_run).
OTHERS = [
    name
    for name in mechanisms.names()
    if name not in ("uniform", "pay-as-bid", "high-low", "continuous")
]
CLEAN = ("pv", "wind", "hydro", "csp")


def played(text: str, base: Path) -> Tables:
    with tempfile.TemporaryDirectory() as place:
        return run_text(text, base, Path(place) / "run")


def by(mechanism: str, text: str) -> str:
    return re.sub(r'mechanism"? = "[a-z-]+"', lambda found: _renamed(found[0], mechanism), text)


def _renamed(line: str, mechanism: str) -> str:
    return re.sub(r'"[a-z-]+"$', f'"{mechanism}"', line)


@pytest.mark.parametrize("mechanism", OTHERS)
@settings(
    max_examples=12,
    phases=[Phase.generate, Phase.shrink],
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(text=scenarios())
def test_every_mechanism_conserves_energy_and_money(mechanism: str, base: Path, text: str) -> None:
    tables = played(by(mechanism, text), base)
    for check in (laws.energy, laws.curtailment, laws.storage, laws.limits, laws.trades):
        check(tables)
    for check in (laws.surpluses, laws.accounts, laws.totals):
        check(tables)


@settings(
    max_examples=40,
    phases=[Phase.generate, Phase.shrink],
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(text=scenarios(), prevention=st.sampled_from(["unit", "owner"]))
def test_green_buyers_are_served_by_clean_plants(base: Path, text: str, prevention: str) -> None:
    text = text.replace("voll = ", "green_only = true\nvoll = ")
    text = text.replace("tie_break", f'self_trade_prevention = "{prevention}"\ntie_break', 1)
    tables = played(text, base)
    units = tables.units
    keys = [units.start, units.zone]
    bought = units.bought_mwh.where(units.kind == "load", 0.0).groupby(keys, observed=True).sum()
    sold = units.sold_mwh.where(units.kind.isin(CLEAN), 0.0).groupby(keys, observed=True).sum()
    assert (bought <= sold + 1e-9).all()
    for check in (laws.energy, laws.trades, laws.surpluses, laws.accounts, laws.totals):
        check(tables)


OWNERS = """
[scenario]
name = "owners"
[time]
start = "2023-06-01T00:00:00+08:00"
days = 1
interval = 60
[market.energy]
self_trade_prevention = "PREVENTION"
[[generator]]
kind = "thermal"
name = "own-plant"
owner = "group"
capacity_mw = 10
marginal_cost = 50
[[generator]]
kind = "thermal"
name = "other-plant"
capacity_mw = 10
marginal_cost = 90
[[load]]
name = "own-works"
owner = "group"
demand_mw = 5
[[load]]
name = "town"
demand_mw = 8
"""


@pytest.mark.parametrize(("prevention", "volume"), [("unit", 13.0), ("owner", 8.0)])
def test_units_of_an_owner_may_be_kept_apart(base: Path, prevention: str, volume: float) -> None:
    tables = played(OWNERS.replace("PREVENTION", prevention) + RECORDED, base)
    assert (tables.intervals.volume_mwh == volume).all()
    # The works run all the same: what was not traded is settled as a deviation.
    works = tables.units[tables.units.unit == "own-works"]
    assert (works.consumed_mwh == 5.0).all()
    assert (tables.intervals.price == 90.0).all()


RECORDED = '[recording]\nledger = "interval"\norders = true\n'
PREMIUM = """
[scenario]
name = "premium"
[time]
start = "2023-06-01T00:00:00+08:00"
days = 1
interval = 60
[[generator]]
kind = "wind"
name = "wind"
capacity_mw = 4
availability = 1.0
marginal_cost = 10
[[generator]]
kind = "thermal"
name = "coal"
capacity_mw = 50
marginal_cost = 300
[[load]]
name = "town"
demand_mw = 8
[[load]]
name = "green"
demand_mw = 6
steps = [{share = 1.0, price = 700}]
green_only = true
"""


def test_scarce_clean_energy_earns_a_premium(base: Path) -> None:
    tables = played(PREMIUM + RECORDED, base)
    units = tables.units.groupby("unit", observed=True)[["bought_mwh", "sold_mwh"]].sum()
    assert units.bought_mwh["green"] == units.sold_mwh["wind"] == 24 * 4.0
    assert units.bought_mwh["town"] == units.sold_mwh["coal"] == 24 * 8.0
    paid = tables.ledger[tables.ledger.category == "energy"].groupby("payer", observed=True).amount
    assert paid.sum()["green"] == 24 * 4 * 700.0
    assert paid.sum()["town"] == 24 * 8 * 300.0
    assert pd.isna(tables.intervals.price).all()
    assert (tables.intervals.buy_price == (4 * 700 + 8 * 300) / 12).all()


def test_a_book_of_resting_orders_has_one_product(base: Path) -> None:
    text = PREMIUM.replace(
        "[[generator]]", '[market.energy]\nmechanism = "continuous"\n\n[[generator]]', 1
    )
    with pytest.raises(InputError, match="serves no green_only buyers in a run"):
        load_text(text, base)
