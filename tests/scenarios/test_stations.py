"""Which storage is shared, and among which uses."""

from typing import Any

import numpy as np
import pytest

from scenarios.rule_changes import rule_changes
from scenarios.rulebook import market_rules
from scenarios.schema import Scenario
from scenarios.schema_contracts import ServiceContract
from scenarios.stations import all_stations, service_stations

BASE: dict[str, Any] = {
    "scenario": {"name": "shares"},
    "time": {"start": "2023-06-01T00:00:00+08:00", "days": 10},
    "load": [{"name": "town", "demand_mw": 3}],
    "storage": [
        {"name": "large", "power_mw": 50, "energy_mwh": 100, "service_share": 0.6},
        {"name": "middle", "power_mw": 10, "energy_mwh": 20},
        {"name": "short", "power_mw": 10, "energy_mwh": 19},
        {"name": "pack", "count": 2, "power_mw": 5, "energy_mwh": 10},
    ],
}
SERVICE = {"modes": ["call"], "share": 0.8, "min_power_mw": 10, "min_hours": 2}


def scenario(service: object = None, **sections: object) -> Scenario:
    market = {"storage_service": service} if service else {}
    return Scenario.model_validate({**BASE, "market": market, **sections})


def lease(station: str, **keys: object) -> dict[str, object]:
    return {"name": "l", "kind": "lease", "station": station, "tenant": "t", "price": 1} | keys


def shares(made: Scenario) -> dict[str, float]:
    return {station.name: station.service for station in service_stations(made)}


def test_nothing_is_shared_without_rules() -> None:
    assert service_stations(scenario()) == []
    assert [station.name for station in all_stations(scenario())] == [
        "large",
        "middle",
        "pack-001",
        "pack-002",
        "short",
    ]


def test_stations_are_admitted_by_size_and_serve_with_a_share() -> None:
    assert shares(scenario(SERVICE)) == {"large": 0.6, "middle": 0.8}
    assert shares(scenario(SERVICE | {"min_hours": 0})) == {
        "large": 0.6,
        "middle": 0.8,
        "short": 0.8,
    }
    assert len(shares(scenario({"modes": ["call"]}))) == 5


def test_a_share_of_0_serves_nobody() -> None:
    assert shares(scenario(SERVICE | {"share": 0})) == {"large": 0.6}


def test_a_service_market_that_opens_later_counts() -> None:
    event = {
        "at": "2023-06-03T00:00:00+08:00",
        "set": {"market.storage_service.modes": ["call"]},
    }
    closed = SERVICE | {"modes": []}
    assert shares(scenario(closed)) == {}
    assert shares(scenario(closed, event=[event])) == {"large": 0.6, "middle": 0.8}


def test_owners_alone_need_no_modes() -> None:
    assert shares(scenario(SERVICE | {"modes": [], "access": "owner"})) == {
        "large": 0.6,
        "middle": 0.8,
    }


def test_leases_make_a_station_of_any_size() -> None:
    made = scenario(contract=[lease("pack-002", mw=2), lease("short", name="m", mw=4, mwh=3)])
    pack, short = service_stations(made)
    assert (pack.name, pack.service, pack.offered) == ("pack-002", 0.0, 0.0)
    assert pack.leased_mwh(pack.leases[0]) == 4.0
    assert short.leased_mwh(short.leases[0]) == 3.0


def test_rights_are_offered_by_admitted_stations() -> None:
    market = {"storage_service": SERVICE | {"modes": []}, "rights": {"share": 0.3}}
    tenant = [{"name": "t", "mw": 1, "value": 100}]
    made = Scenario.model_validate({**BASE, "market": market, "tenant": tenant})
    assert {station.name: station.offered for station in service_stations(made)} == {
        "large": 0.3,
        "middle": 0.3,
    }


def test_admission_looks_at_each_unit_after_its_spread() -> None:
    entry = {"name": "pack", "count": 200, "power_mw": 10, "energy_mwh": 40}
    made = scenario(SERVICE, storage=[entry | {"spread": {"power_mw": 0.5}}])
    stations = all_stations(made)
    assert len({station.power_mw for station in stations}) == 200
    for station in stations:
        assert bool(station.service) == (station.power_mw >= 10)
        assert station.energy_mwh == 40
    assert 70 < len(service_stations(made)) < 130


@pytest.mark.parametrize(
    ("window", "begins", "minutes"),
    [
        (("10:00", "16:00"), 600, 360),
        (("22:00", "04:00"), 1320, 360),
        (("00:00", "24:00"), 0, 1440),
        (("10:00", "24:00"), 600, 840),
        (("10:00", "00:00"), 600, 840),
    ],
)
def test_windows(window: tuple[str, str], begins: int, minutes: int) -> None:
    keys = {"name": "c", "kind": "service", "station": "s", "buyer": "b", "mw": 1, "price": 1}
    contract = ServiceContract.model_validate(keys | {"window": window})
    assert (contract.begins, contract.minutes) == (begins, minutes)
    day = contract.covers(np.arange(1440))
    assert day.sum() == minutes
    assert day[begins]
    assert minutes == 1440 or not day[begins - 1]


def test_the_rules_of_a_stage_as_the_market_knows_them() -> None:
    service = SERVICE | {"mechanism": "high-low", "k": 0.25, "call_price": 700}
    changes = {"market.storage_service.ceiling": 500, "market.capacity_payment.price": 165}
    made = scenario(service, event=[{"at": "2023-06-03T00:00:00+08:00", "set": changes}])
    first, second = map(market_rules, rule_changes(made))
    assert (first.service.modes, first.service.mechanism.k) == (("call",), 0.25)
    assert (first.service.ceiling, first.service.call_price) == (np.inf, 700)
    assert (second.service.ceiling, second.service.call_price) == (500, 700)
    assert (first.capacity.price, second.capacity.price, second.capacity.peak_hours) == (0, 165, 6)
    assert second.mechanism == first.mechanism


def test_a_dated_mechanism_leaves_its_parameters_behind() -> None:
    change = {"market.storage_service.mechanism": "vcg"}
    made = scenario(
        SERVICE | {"mechanism": "high-low", "k": 0.25},
        event=[{"at": "2023-06-03T00:00:00+08:00", "set": change}],
    )
    assert rule_changes(made)[1].service.params == {}
