"""The shipped scenarios of shared storage: one system under four rule sets, and what pooling adds.

Totals are the sourced ones, worked out beside the figures in the files themselves.
"""

from collections import Counter
from functools import cache

import numpy as np
import pytest

from scenarios.expand import expand
from scenarios.loader import load
from scenarios.toml_text import parse_toml
from tests.scenarios.running import run

PILOT = "qinghai-pilot-2019"
OTHERS = ("qinghai-ancillary-2021", "qinghai-transition-2025", "qinghai-spot")


@cache
def loaded(name):
    return load(name)


@cache
def units(name):
    return expand(loaded(name).scenario, seed=1)


def capacity(*entries):
    return sum(spec.params["capacity_mw"] for spec in units(PILOT) if spec.entry in entries)


def test_the_pilot_has_its_plants_stations_and_months():
    kinds = Counter(spec.kind for spec in units(PILOT))
    assert kinds["pv"] + kinds["wind"] == 366
    assert kinds["storage"] == 2
    calendar = loaded(PILOT).calendar
    assert (calendar.n, calendar.n // calendar.per_day) == (93_504, 974)


BUILT = {
    "pv": (10_800, 16_010),
    "wind": (4_530, 8_630),
    "hydro": (11_930, 11_930),
    "thermal": (3_930, 3_930),
    "csp": (210, 210),
}


@pytest.mark.parametrize("kind", BUILT)
def test_capacities_before_and_after_the_dc_line(kind):
    entries = {spec.entry for spec in units(PILOT) if spec.kind == kind}
    first = [name for name in entries if not name.endswith("-2020")]
    assert (capacity(*first), capacity(*entries)) == pytest.approx(BUILT[kind])


def test_stations_have_82_mw_and_164_mwh_and_lose_what_was_measured():
    stations = [spec.params for spec in units(PILOT) if spec.kind == "storage"]
    assert sum(station["power_mw"] for station in stations) == 82
    assert sum(station["energy_mwh"] for station in stations) == 164
    for station in stations:
        trip = station["efficiency_charge"] * station["efficiency_discharge"]
        assert trip == pytest.approx(0.821, abs=0.0005)


def test_all_plants_offer_at_the_same_price_to_the_last_bit():
    """Surplus is shared pro rata only among offers that are exactly equal."""
    plants = [spec for spec in units(PILOT) if spec.kind in ("pv", "wind")]
    offers = set()
    for spec in plants:
        cost = np.float64(spec.params["marginal_cost"]) - spec.params["subsidy"]
        adder = dict(spec.strategy[1]).get("adder", 0.0)
        offers.add(float(cost + adder))
        assert spec.params["tariff"] == 324.7
    assert offers == {1.0}


@pytest.mark.parametrize("name", OTHERS)
def test_the_others_are_the_same_system_under_other_rules(name):
    rules_of_stations = {"segments", "service_share"}
    for mine, theirs in zip(units(name), units(PILOT), strict=True):
        assert (mine.name, mine.owner, mine.zone) == (theirs.name, theirs.owner, theirs.zone)
        changed = {key for key, value in mine.params.items() if differs(value, theirs, key)}
        assert changed <= (rules_of_stations if mine.kind == "storage" else set())
    assert loaded(name).calendar == loaded(PILOT).calendar
    assert loaded(name).scenario.market.energy == loaded(PILOT).scenario.market.energy
    outages = [
        [event for event in loaded(each).scenario.event if event.outage] for each in (name, PILOT)
    ]
    assert outages[0] == outages[1]


def differs(value, spec, key):
    other = spec.params.get(key)
    return value != other and not (value != value and other != other)


def test_sharing_and_not_sharing_differ_in_one_rule():
    pooled, alone = (
        parse_toml(loaded(name).text, name)
        for name in ("shared-vs-private", "shared-vs-private-alone")
    )
    assert pooled.pop("scenario")["name"] != alone.pop("scenario")["name"]
    service = [each["market"]["storage_service"] for each in (pooled, alone)]
    assert [rules.pop("access") for rules in service] == ["all", "owner"]
    assert pooled == alone
    plants = [spec.name for spec in units("shared-vs-private") if spec.kind in ("pv", "wind")]
    owners = [spec.owner for spec in units("shared-vs-private") if spec.kind == "storage"]
    assert sorted(owners) == sorted(plants)
    assert len(plants) == 12


def test_shared_batteries_recover_more_than_the_same_ones_alone(tmp_path):
    pooled, alone = (
        run(name, tmp_path / name, ["time.days=20"]).summary["value"]
        for name in ("shared-vs-private", "shared-vs-private-alone")
    )
    assert pooled["recovered_mwh"] == pooled["recovered_call_mwh"]
    assert alone["recovered_mwh"] == alone["recovered_own_mwh"]
    before = "curtailment_before_storage_mwh"
    assert pooled[before] == pytest.approx(alone[before])
    assert pooled["recovered_mwh"] > 1.03 * alone["recovered_mwh"] > 0
