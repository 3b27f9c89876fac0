"""Dated changes of rules: which rules hold from when on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from market import InputError
from scenarios.messages import explain
from scenarios.problems import Loc, unknown
from scenarios.schema import Event, Scenario
from scenarios.schema_market import EnergyMarket, Fees, Imbalance
from scenarios.schema_service import CapacityPayment, StorageService
from scenarios.schema_types import Section

SECTIONS: dict[str, tuple[str, type[Section]]] = {
    "market.energy": ("energy", EnergyMarket),
    "market.imbalance": ("imbalance", Imbalance),
    "market.storage_service": ("service", StorageService),
    "market.capacity_payment": ("capacity", CapacityPayment),
    "fees": ("fees", Fees),
}
GATES = {"market.energy.gate_closure", "market.energy.gate_opening"}
SLICES = {f"market.storage_service.{name}" for name in ("share", "netting")}
ADMISSION = {f"market.storage_service.{name}" for name in ("min_power_mw", "min_hours")}
FIXED = GATES | SLICES | ADMISSION
"""Keys that hold for the whole run: when orders are due, and how stations are divided."""
Found = list[tuple[Loc, str]]


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules in force from one instant on.

    Attributes
    ----------
    since : datetime or None
        From when; None from the start of the run.
    energy, imbalance, service, capacity, fees
        The sections of the scenario, changes applied.
    """

    since: datetime | None
    energy: EnergyMarket
    imbalance: Imbalance
    service: StorageService
    capacity: CapacityPayment
    fees: Fees


def rule_changes(scenario: Scenario) -> list[Rules]:
    """Return the rules from the start and after each change, in the order of time."""
    rules, found = apply_changes(scenario)
    if found:
        raise InputError(text for _, text in found)
    return rules


def apply_changes(scenario: Scenario) -> tuple[list[Rules], Found]:
    """Return the same, and what is wrong with the changes."""
    market = scenario.market
    parts = market.energy, market.imbalance, market.storage_service, market.capacity_payment
    rules = [Rules(None, *parts, scenario.fees)]
    found: Found = list(_conflicts(scenario))
    dated = [(event.at, index, event) for index, event in enumerate(scenario.event) if event.set]
    for _, index, event in sorted(dated, key=lambda item: item[:2]):
        latest, problems = _changed(rules[-1], event)
        found += [(("event", index, "set", *loc), text) for loc, text in problems]
        if rules[-1].since == latest.since:
            rules.pop()
        rules.append(latest)
    return rules, found


def _conflicts(scenario: Scenario) -> Iterator[tuple[Loc, str]]:
    seen: dict[tuple[datetime, str], int] = {}
    for index, event in enumerate(scenario.event):
        for key in flat(event.set or {}):
            first = seen.setdefault((event.at, key), index)
            if first != index:
                yield ("event", index, "set", key), f"is also set by event[{first}] at that time"


def flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested tables as one table with dotted keys.

    >>> flat({"fees": {"grid": 5}, "market.energy.price_cap": 900})
    {'fees.grid': 5, 'market.energy.price_cap': 900}
    """
    result: dict[str, Any] = {}
    for key, value in table.items():
        path = f"{prefix}{key}"
        result |= flat(value, f"{path}.") if isinstance(value, dict) else {path: value}
    return result


def _changed(rules: Rules, event: Event) -> tuple[Rules, Found]:
    found: Found = []
    by_section: dict[str, dict[str, Any]] = {}
    for key, value in flat(event.set or {}).items():
        section, _, leaf = key.rpartition(".")
        if section not in SECTIONS:
            text = unknown("rule", key, _changeable())
            found.append(((key,), text))
        elif key in FIXED:
            what = "gate times" if key in GATES else "the division of stations"
            found.append(((key,), f"{what} cannot change during a run"))
        else:
            by_section.setdefault(section, {})[leaf] = value
    rules = replace(rules, since=event.at)
    for section, values in by_section.items():
        try:
            rules = _updated(rules, section, values)
        except ValidationError as error:
            explained = explain(error, tuple(section.split(".")))
            found += [_located(loc, text, event) for loc, text in explained]
    return rules, found


def _located(loc: Loc, text: str, event: Event) -> tuple[Loc, str]:
    """Return the place in the event; a rule it does not set itself is named in the sentence."""
    changed = flat(event.set or {})
    keys = [".".join(map(str, loc[:depth])) for depth in range(len(loc) + 1)]
    depth = next((depth for depth, key in enumerate(keys) if key in changed), None)
    return ((), f"then {keys[-1]} {text}") if depth is None else ((keys[depth], *loc[depth:]), text)


def _changeable() -> list[str]:
    keys = [
        f"{section}.{name}"
        for section, (_, model) in SECTIONS.items()
        for name in model.model_fields
    ]
    return [key for key in keys if key not in FIXED]


def _updated(rules: Rules, section: str, values: Mapping[str, Any]) -> Rules:
    name, model = SECTIONS[section]
    old: Section = getattr(rules, name)
    given = old.model_dump(exclude_unset=True)
    if "mechanism" in values and values["mechanism"] != getattr(old, "mechanism", None):
        # Parameters belong to the mechanism that leaves.
        given = {key: value for key, value in given.items() if key in model.model_fields}
    new: Any = model.model_validate({**given, **values})
    return replace(rules, **{name: new})
