"""Checks names and parameters of mechanisms, strategies and forecasters."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import lru_cache
from typing import Any, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from agents.forecasts import FORECASTERS, ONLY_PRICES
from agents.quotes import strategies
from market import InputError, mechanisms
from scenarios.problems import Loc, listed, unknown
from scenarios.schema_types import Choice

Found = Iterator[tuple[Loc, str]]
Entry = Any
"""A registered dataclass."""

Params = tuple[tuple[str, Any], ...]

STRICT = ConfigDict(strict=True, allow_inf_nan=False)


def check_strategy(kind: str, choice: Choice) -> Found:
    """Yield what is wrong with a strategy for units of `kind`."""
    names = strategies.names()
    if choice.name not in names:
        yield ("strategy",), unknown("strategy", choice.name, names)
        return
    entry = strategies.get(choice.name)
    if kind not in entry.kinds:
        fitting = [name for name in names if kind in strategies.get(name).kinds]
        text = f'"{choice.name}" cannot bid for {kind}; accepted: {listed(fitting)}'
        yield ("strategy",), text
        return
    yield from check_params(entry, choice.params, ("strategy",))


def check_forecast(choice: Choice, of: str = "price") -> Found:
    """Yield what is wrong with a forecaster `of` prices or of a resource."""
    if choice.name not in FORECASTERS:
        yield ("forecast",), unknown("forecaster", choice.name, FORECASTERS)
        return
    if of != "price" and choice.name in ONLY_PRICES:
        fitting = sorted(set(FORECASTERS) - ONLY_PRICES)
        yield ("forecast",), f'"{choice.name}" is of prices only; accepted: {listed(fitting)}'
        return
    yield from check_params(FORECASTERS[choice.name], choice.params, ("forecast",))


def check_mechanism(name: str, params: Mapping[str, Any], known: tuple[str, ...] = ()) -> Found:
    """Yield what is wrong with a mechanism; `known` are keys of the table it stands in."""
    if name not in mechanisms.names():
        yield ("mechanism",), unknown("mechanism", name, mechanisms.names())
        return
    yield from check_params(mechanisms.get(name), params, (), known)


def check_params(
    entry: Entry, params: Mapping[str, Any], loc: Loc, known: tuple[str, ...] = ()
) -> Found:
    """Yield what is wrong with the parameters of a registered dataclass."""
    adapters = _adapters(entry)
    found = list(_field_problems(adapters, params, loc, known))
    missing = [name for name in _required(entry) if name not in params]
    found += [((*loc, name), "is required") for name in missing]
    if not found:
        found += _construction_problems(entry, params, loc)
    yield from found


def _field_problems(
    adapters: Mapping[str, TypeAdapter[Any]],
    params: Mapping[str, Any],
    loc: Loc,
    known: tuple[str, ...],
) -> Found:
    for name, value in params.items():
        if name not in adapters:
            yield (*loc, name), unknown("key", name, (*known, *adapters))
            continue
        try:
            adapters[name].validate_python(frozen(value))
        except ValidationError as error:
            yield (*loc, name), _first_message(error)


def _first_message(error: ValidationError) -> str:
    text = str(error.errors(include_url=False)[0]["msg"])
    return text[:1].lower() + text[1:]


def _construction_problems(entry: Entry, params: Mapping[str, Any], loc: Loc) -> Found:
    try:
        entry(**{name: frozen(value) for name, value in params.items()})
    except (ValueError, TypeError, InputError) as error:
        place = next(((*loc, name) for name in params if name in str(error)), loc)
        yield place, str(error)


@lru_cache(maxsize=256)
def _adapters(entry: Entry) -> dict[str, TypeAdapter[Any]]:
    if not is_dataclass(entry):
        return {}
    hints = get_type_hints(entry, include_extras=True)
    return {
        item.name: TypeAdapter(hints[item.name], config=STRICT)
        for item in fields(entry)
        if item.init
    }


def _required(entry: Entry) -> list[str]:
    return [
        item.name
        for item in (fields(entry) if is_dataclass(entry) else ())
        if item.init and item.default is MISSING and item.default_factory is MISSING
    ]


def frozen(value: object) -> object:
    """Return `value` with every list turned into a tuple, so that it can be compared and hashed."""
    return tuple(frozen(item) for item in value) if isinstance(value, list | tuple) else value


def full_params(entry: Entry, params: Mapping[str, Any]) -> Params:
    """Return all parameters of a registered dataclass, defaults included, sorted by name."""
    built = entry(**{name: frozen(value) for name, value in params.items()})
    names = [item.name for item in fields(entry) if item.init] if is_dataclass(entry) else []
    return tuple((name, getattr(built, name)) for name in sorted(names))


def strategy_of(choice: Choice) -> tuple[str, Params]:
    """Return the name and all parameters of a strategy."""
    return choice.name, full_params(strategies.get(choice.name), choice.params)


def forecast_of(choice: Choice) -> tuple[str, Params]:
    """Return the name and all parameters of a forecaster."""
    return choice.name, full_params(FORECASTERS[choice.name], choice.params)
