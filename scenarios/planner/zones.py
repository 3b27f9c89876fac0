"""The planner's program of a zone: all its units, and what balances them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agents import (
    ComputeFleet,
    ExternalFleet,
    Fleet,
    LoadFleet,
    RenewableFleet,
    ReservoirFleet,
    StationFleet,
    StorageFleet,
    ThermalFleet,
)
from market import FloatArray, Results
from scenarios.expand import UnitSpec, expand
from scenarios.fleets import build_fleets
from scenarios.loader import LoadedScenario
from scenarios.planner.buyers import external_portions, load_portions
from scenarios.planner.computing import site_portions
from scenarios.planner.downtime import shares_up
from scenarios.planner.plants import thermal_portions, weather_portions
from scenarios.planner.portions import Entry, Group, Portion, merged
from scenarios.planner.record import Record
from scenarios.planner.stages import BALANCE, Builder, Stages
from scenarios.planner.stores import battery_portions, reservoir_portions, station_portions


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone's program; zones are isolated, so each has its own.

    Attributes
    ----------
    name : str
    groups : tuple of Group
    stages : Stages
    """

    name: str
    groups: tuple[Group, ...]
    stages: Stages


def zones_of(results: Results, loaded: LoadedScenario) -> list[Zone]:
    """Return the programs of all zones of a run."""
    specs = expand(loaded.scenario, loaded.seed)
    fleets = build_fleets(loaded, specs, loaded.scenario.market.energy.opening * 60)
    record = Record(results, loaded.calendar.n)
    up = shares_up(loaded, specs, fleets)
    by_name = {spec.name: spec for spec in specs}
    portions: dict[str, list[Portion]] = {}
    for fleet, share in zip(fleets, up, strict=True):
        portions.setdefault(fleet.zone, []).extend(_portions(fleet, share, record, by_name))
    return [_zone(name, own, loaded.calendar.n) for name, own in portions.items()]


def _zone(name: str, portions: Sequence[Portion], n: int) -> Zone:
    builder = Builder(n)
    balance = builder.sum(0.0, 0.0)
    assert balance == BALANCE  # nothing was entered before
    groups = merged(portions)
    for group in groups:
        entry = Entry(builder, balance, group.label, len(group.members) == 1)
        group.form.enter(entry, group.sizes)
    return Zone(name, tuple(groups), builder.stages())


def _portions(
    fleet: Fleet, up: FloatArray, record: Record, specs: Mapping[str, UnitSpec]
) -> Iterator[Portion]:
    """Yield what the planner schedules of a fleet."""
    entries = {name: spec.entry for name, spec in specs.items()}
    if isinstance(fleet, ComputeFleet):
        yield from site_portions(fleet, up, record, specs)
    elif isinstance(fleet, RenewableFleet):
        yield from weather_portions(fleet, record, entries)
    elif isinstance(fleet, ThermalFleet):
        yield from thermal_portions(fleet, up, record, entries)
    elif isinstance(fleet, ReservoirFleet):
        yield from reservoir_portions(fleet, up, record, entries)
    elif isinstance(fleet, StationFleet):
        yield from station_portions(fleet, up, record, entries)
    elif isinstance(fleet, StorageFleet):
        yield from battery_portions(fleet, up, record, entries)
    elif isinstance(fleet, LoadFleet):
        yield from load_portions(fleet, up, record, entries)
    elif isinstance(fleet, ExternalFleet):
        yield from external_portions(fleet, up, record, entries)
    else:
        raise TypeError(f"the planner knows no fleet of {fleet.kind}")
