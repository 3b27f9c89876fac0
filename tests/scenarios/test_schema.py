"""The schema: defaults, descriptions, JSON Schema, the reference."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from scenarios.reference import reference_markdown, schema_json, write_schema
from scenarios.rule_changes import rule_changes
from scenarios.schema import Markets, Scenario
from scenarios.schema_types import SeriesFile, parse_offset

BASE: dict[str, Any] = {
    "scenario": {"name": "矿山 1"},
    "time": {"start": "2023-06-01T00:00:00+08:00", "days": 2},
    "generator": [{"name": "光伏", "kind": "pv", "capacity_mw": 5, "availability": 0.5}],
    "load": [{"name": "town", "demand_mw": 3}],
}


def scenario(**sections: object) -> Scenario:
    return Scenario.model_validate({**BASE, **sections})


def test_defaults() -> None:
    made = scenario(storage=[{"name": "b", "power_mw": 1, "energy_mwh": 2}])
    energy, battery = made.market.energy, made.storage[0]
    assert (energy.mechanism, energy.price_floor, energy.price_cap) == ("uniform", 0, 1500)
    assert (energy.gate_closure, energy.opening) == (15, 16)
    assert made.fees.storage_grid == "losses"
    assert made.recording.units is True
    assert made.zones == ("main",)
    assert (battery.strategy.name, battery.forecast.name) == ("opportunity_value", "persistence")
    assert (battery.efficiency_charge, battery.soc_start, battery.segments) == (0.95, 0.5, 5)
    assert made.generator[0].strategy.name == "truthful"
    assert made.load[0].voll == 20_000


def test_it_is_frozen() -> None:
    with pytest.raises(ValidationError):
        scenario().scenario.name = "other"  # type: ignore[misc]


def test_a_name_and_a_table_are_the_same_choice() -> None:
    short = scenario(load=[{"name": "t", "demand_mw": 1, "forecast": "noisy"}])
    long = scenario(load=[{"name": "t", "demand_mw": 1, "forecast": {"name": "noisy"}}])
    assert short.load[0].forecast == long.load[0].forecast


def test_series_in_all_forms() -> None:
    made = scenario(
        load=[
            {"name": "a", "demand_mw": 1},
            {"name": "b", "demand_mw": "evening"},
            {"name": "c", "demand_mw": {"file": "x.csv", "column": ["p", "q"]}},
            {"name": "d", "demand_mw": {"profile": "evening", "scale": 2}},
        ]
    )
    kinds = [type(load.demand_mw).__name__ for load in made.load]
    assert kinds == ["float", "str", "SeriesFile", "SeriesProfile"]
    assert isinstance(made.load[2].demand_mw, SeriesFile)
    assert made.load[2].demand_mw.column == ("p", "q")


@pytest.mark.parametrize("text", ["Z", "UTC", "+08:00", "-0330", "+14:00"])
def test_offsets(text: str) -> None:
    assert parse_offset(text).utcoffset(None) is not None


@pytest.mark.parametrize("text", ["", "8", "+8", "+24:00", "+08:75", "Asia/Tokyo", "+0\uff18:00"])
def test_no_offsets(text: str) -> None:
    with pytest.raises(ValueError, match="offset"):
        parse_offset(text)


def nodes(node: object) -> list[dict[str, Any]]:
    if isinstance(node, list):
        return [found for below in node for found in nodes(below)]
    if not isinstance(node, dict):
        return []
    return [node, *(found for below in node.values() for found in nodes(below))]


def test_every_field_is_described() -> None:
    for node in nodes(Scenario.model_json_schema()):
        for name, field in node.get("properties", {}).items():
            assert field.get("description"), name


def test_units_are_named_where_the_key_has_one() -> None:
    words = {"_mw": "MW", "_mwh": "MWh", "_hours": "hours", "_kw": "kW"}
    for node in nodes(Scenario.model_json_schema()):
        for name, field in node.get("properties", {}).items():
            for suffix, unit in words.items():
                if name.endswith(suffix):
                    assert unit in field["description"], name


def test_json_schema_is_json(tmp_path: Path) -> None:
    write_schema(tmp_path / "schema.json")
    schema = json.loads((tmp_path / "schema.json").read_text(encoding="utf-8"))
    assert schema == json.loads(schema_json())
    assert set(schema["required"]) == {"scenario", "time"}


def test_reference_has_every_key() -> None:
    text = reference_markdown()
    for node in nodes(Scenario.model_json_schema()):
        for name in node.get("properties", {}):
            if name not in {*Scenario.model_fields, *Markets.model_fields} - {"rules"}:
                assert f"| `{name}` |" in text, name
    assert text.count("| `zone` |") == 1
    assert "#### `[market]`" in text


def test_rule_changes_accumulate_in_order_of_time() -> None:
    def event(day: int, **rules: object) -> dict[str, object]:
        return {"at": f"2023-06-0{day}T00:00:00+08:00", "set": rules}

    made = scenario(
        market={"energy": {"k": 0.2}},
        event=[
            event(2, **{"market.energy.mechanism": "pay-as-bid", "fees.grid": 3}),
            event(1, market={"energy": {"price_cap": 900}}),
        ],
    )
    first, second, third = rule_changes(made)
    assert first.since is None
    assert (second.energy.price_cap, second.energy.params) == (900, {"k": 0.2})
    assert (third.energy.mechanism, third.energy.price_cap) == ("pay-as-bid", 900)
    assert third.energy.params == {}
    assert third.fees.grid == 3
