"""Expansion: count and spread make single units, the same ones in any order."""

from typing import Any

import numpy as np
import pytest

from market import InputError
from scenarios.expand import UnitSpec, expand
from scenarios.schema import Scenario

SUN = {
    "name": "sun",
    "kind": "pv",
    "total_capacity_mw": 300,
    "count": 4,
    "spread": {"capacity_mw": 0.2, "derate": 0.0},
    "availability": 0.5,
    "owner": "solar co",
}
BATTERY = {
    "name": "battery",
    "power_mw": 10,
    "energy_mwh": 20,
    "count": 3,
    "spread": {"power_mw": 0.1, "efficiency_charge": 0.05},
}
TOWN = {"name": "镇", "demand_mw": 80}
COAL = {
    "name": "coal",
    "kind": "thermal",
    "capacity_mw": 100,
    "strategy": {"name": "markup", "factor": 1.2},
}


def scenario(**sections: Any) -> Scenario:
    raw = {
        "scenario": {"name": "s"},
        "time": {"start": "2023-06-01T00:00:00+08:00", "days": 1},
        "generator": [SUN, COAL],
        "storage": [BATTERY],
        "load": [TOWN],
    }
    return Scenario.model_validate({**raw, **sections})


def named(units: list[UnitSpec]) -> dict[str, UnitSpec]:
    return {unit.name: unit for unit in units}


def test_names_and_owners() -> None:
    units = expand(scenario(), 1)
    assert [unit.name for unit in units] == [
        *("battery-001", "battery-002", "battery-003", "coal"),
        *("sun-001", "sun-002", "sun-003", "sun-004", "镇"),
    ]
    by_name = named(units)
    assert by_name["sun-002"].owner == "solar co"
    assert by_name["battery-002"].owner == "battery-002"
    assert (by_name["sun-001"].entry, by_name["sun-001"].kind) == ("sun", "pv")


def test_total_capacity_is_exact() -> None:
    shares = [unit.params["capacity_mw"] for unit in expand(scenario(), 1) if unit.entry == "sun"]
    assert sum(shares) == pytest.approx(300, rel=1e-14)
    assert len(set(shares)) == 4
    assert max(shares) / min(shares) < 1.2 / 0.8


def test_equal_shares_without_spread() -> None:
    made = scenario(generator=[{**SUN, "spread": {}}])
    shares = [unit.params["capacity_mw"] for unit in expand(made, 1) if unit.entry == "sun"]
    assert shares == [75] * 4


def test_spread_stays_in_its_range() -> None:
    made = scenario(storage=[{**BATTERY, "count": 500}])
    units = [unit for unit in expand(made, 1) if unit.kind == "storage"]
    power = np.array([unit.params["power_mw"] for unit in units])
    assert power.min() >= 9
    assert power.max() <= 11
    assert abs(power.mean() - 10) < 0.1
    assert all(unit.params["power_charge_mw"] == unit.params["power_mw"] for unit in units)
    assert all(unit.params["energy_mwh"] == 20 for unit in units)


def test_whole_numbers_stay_whole() -> None:
    halls = {"name": "halls", "gpus": 1000, "count": 5, "spread": {"gpus": 0.3}}
    units = [u for u in expand(scenario(data_center=[halls]), 1) if u.kind == "data_center"]
    assert all(unit.params["gpus"] == round(unit.params["gpus"]) for unit in units)


def test_order_of_entries_does_not_matter() -> None:
    one = expand(scenario(), 1)
    other = expand(scenario(generator=[COAL, SUN]), 1)
    assert str(one) == str(other)


def test_other_seed_other_numbers_and_nobody_else_changes() -> None:
    one, two = named(expand(scenario(), 1)), named(expand(scenario(), 2))
    assert one["battery-001"].params != two["battery-001"].params
    more = named(expand(scenario(storage=[{**BATTERY, "count": 9}]), 1))
    assert str(more["battery-003"].params) == str(one["battery-003"].params)


def test_rules_with_their_defaults() -> None:
    by_name = named(expand(scenario(), 1))
    assert by_name["coal"].strategy == ("markup", (("adder", 0.0), ("factor", 1.2)))
    assert by_name["coal"].forecast == ("perfect", ())
    assert by_name["coal"].params["ramp_mw_per_hour"] == np.inf
    assert np.isnan(by_name["battery-001"].params["soc_end"])
    hash((by_name["coal"].strategy, by_name["battery-001"].forecast))


def test_impossible_together() -> None:
    narrow = {
        **BATTERY,
        "count": 200,
        "soc_min": 0.45,
        "soc_max": 0.55,
        "soc_start": 0.5,
        "spread": {"soc_min": 0.1, "soc_max": 0.09, "soc_start": 0.09},
    }
    with pytest.raises(InputError) as caught:
        expand(scenario(storage=[narrow]), 1)
    assert 'storage[0] "battery".spread: the unit "battery-' in str(caught.value)


def test_ten_thousand_units_are_quick() -> None:
    made = scenario(storage=[{**BATTERY, "count": 10_000}])
    assert len(expand(made, 1)) == 10_006
