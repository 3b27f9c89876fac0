"""From entries that stand for many to single units, each with its own numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from market import InputError, stream
from scenarios.checks import unit_names
from scenarios.choices import Params, forecast_of, strategy_of
from scenarios.schema import Scenario
from scenarios.schema_units import Generator, Unit

NONE = float("nan")
WITHOUT_LIMIT = float("inf")


@dataclass(frozen=True, slots=True)
class UnitSpec:
    """One unit of a run.

    Attributes
    ----------
    name, entry : str
        Its own name, and the name of the entry it comes from.
    kind, owner, zone : str
        What it is, whose account it uses, where it is.
    strategy, forecast : (str, tuple)
        Name and all parameters, defaults included, sorted by name: equal for units of a fleet.
    params : dict of str to float
        Its own numbers after spread, in the units of the scenario file. Every generator has
        `capacity_mw`; `power_charge_mw` and `ramp_mw_per_hour` are always there (the latter inf
        without a limit); `soc_end` is NaN when it is free.
    model : Unit
        The entry as written.
    """

    name: str
    entry: str
    kind: str
    owner: str
    zone: str
    strategy: tuple[str, Params]
    forecast: tuple[str, Params]
    params: dict[str, float]
    model: Unit


def expand(scenario: Scenario, seed: int) -> list[UnitSpec]:
    """Return all units, sorted by name, whatever the order of the entries.

    Each unit's numbers depend on the seed, on its own name and on the parameter's name only.

    Raises
    ------
    InputError
        When two spreads together make an impossible unit.
    """
    found: list[str] = []
    specs = [
        spec
        for loc, entry in scenario.located_units()
        for spec in _units(entry, seed, f'{loc[0]}[{loc[1]}] "{entry.name}"', found)
    ]
    if found:
        raise InputError(found)
    return sorted(specs, key=lambda spec: spec.name)


def _units(entry: Unit, seed: int, where: str, found: list[str]) -> Iterator[UnitSpec]:
    strategy = strategy_of(entry.strategy)
    forecast = forecast_of(entry.forecast)
    names = unit_names(entry)
    for name, drawn in zip(names, _normalised(entry, _draws(entry, names, seed)), strict=True):
        try:
            params = _complete(entry, drawn)
        except ValidationError as error:
            found.append(f'{where}.spread: the unit "{name}" is impossible: {_short(error)}')
            continue
        owner = entry.owner or name
        yield UnitSpec(
            name, entry.name, entry.unit_kind, owner, entry.zone, strategy, forecast, params, entry
        )


def _short(error: ValidationError) -> str:
    return str(error.errors(include_url=False)[0]["msg"]).removeprefix("Value error, ")


def _draws(entry: Unit, names: list[str], seed: int) -> list[dict[str, float]]:
    values = entry.spreadable()
    return [
        {
            param: values[param] * _factor(seed, name, param, width)
            for param, width in entry.spread.items()
        }
        for name in names
    ]


def _factor(seed: int, name: str, param: str, width: float) -> float:
    # One draw per parameter name: a total that is spread draws what a single capacity would.
    word = "capacity_mw" if param == "total_capacity_mw" else param
    return float(stream(seed, "spread", name, word).uniform(1 - width, 1 + width))


def _normalised(entry: Unit, drawn: list[dict[str, float]]) -> list[dict[str, float]]:
    """Scale the shares of a total capacity so that they add up to it."""
    if not isinstance(entry, Generator) or entry.total_capacity_mw is None:
        return drawn
    weights = [_weight(numbers) for numbers in drawn]
    shares = [weight * entry.total_capacity_mw / sum(weights) for weight in weights]
    return [{**numbers, "capacity_mw": share} for numbers, share in zip(drawn, shares, strict=True)]


def _weight(numbers: dict[str, float]) -> float:
    total = numbers.pop("total_capacity_mw", 1.0)
    return numbers.pop("capacity_mw", total)


def _complete(entry: Unit, drawn: dict[str, float]) -> dict[str, float]:
    """Return all numbers of one unit; ValidationError when they contradict each other."""
    model: Any = entry.varied(drawn) if entry.spread else entry
    numbers = model.spreadable()
    numbers.pop("total_capacity_mw", None)
    if entry.unit_kind == "storage":
        numbers.setdefault("power_charge_mw", numbers["power_mw"])
        numbers.setdefault("soc_end", NONE)
    if entry.unit_kind == "thermal":
        numbers.setdefault("ramp_mw_per_hour", WITHOUT_LIMIT)
    return {name: numbers[name] for name in sorted(numbers)}
