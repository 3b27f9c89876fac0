"""Checks that no station is promised twice: leases and service contracts at every instant."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

import numpy as np

from market import Calendar
from scenarios.problems import Loc
from scenarios.schema import Scenario
from scenarios.schema_contracts import Agreement, Lease, ServiceContract
from scenarios.stations import ROUNDING, Station

Found = Iterator[tuple[Loc, str]]
SomeContract = TypeVar("SomeContract", bound=Agreement)
MOST = 1 + ROUNDING


@dataclass(frozen=True, slots=True)
class Term(Generic[SomeContract]):
    """A contract and when it holds.

    Attributes
    ----------
    index : int
        Its place in the file.
    contract : Agreement
    start, end : datetime
        The end is not part of it.
    """

    index: int
    contract: SomeContract
    start: datetime
    end: datetime


def overcommitted(scenario: Scenario, stations: Sequence[Station], calendar: Calendar) -> Found:
    """Yield the first contract of each station, and kind, that promises more than there is."""
    leases = terms(scenario.contracts(Lease), calendar)
    services = terms(scenario.contracts(ServiceContract), calendar)
    for station in stations:
        yield from _leased_out([t for t in leases if t.contract.station == station.name], station)
        if station.service:
            yield from _overbooked(
                [t for t in services if t.contract.station == station.name], station
            )


def terms(
    contracts: Iterable[tuple[int, SomeContract]], calendar: Calendar
) -> list[Term[SomeContract]]:
    """Return when contracts hold within the run, in the order of their start."""
    found = [
        Term(index, item, item.start or calendar.start, item.end or calendar.end)
        for index, item in contracts
    ]
    return sorted(found, key=lambda term: (term.start, term.index))


def together(
    found: Sequence[Term[SomeContract]],
) -> Iterator[tuple[Term[SomeContract], list[Term[SomeContract]]]]:
    """Yield each term with all that hold when it begins, itself included."""
    held: list[Term[SomeContract]] = []
    for term in found:
        held = [other for other in held if other.end > term.start] + [term]
        yield term, held


def _leased_out(leases: Sequence[Term[Lease]], station: Station) -> Found:
    free = 1 - station.service
    room = station.power_mw * free, station.energy_mwh * free
    for term, held in together(leases):
        power = sum(other.contract.mw for other in held)
        energy = sum(station.leased_mwh(other.contract) for other in held)
        if power <= room[0] * MOST and energy <= room[1] * MOST:
            continue
        beside = f" beside the {station.service:.0%} that serve plants" if station.service else ""
        text = (
            f'then, from {term.start.isoformat()} on, leases of "{station.name}" take '
            f"{power:g} MW and {energy:g} MWh, but there are {room[0]:g} MW and {room[1]:g} MWh"
        )
        key = "mw" if power > room[0] * MOST or term.contract.mwh is None else "mwh"
        yield ("contract", term.index, key), text + beside
        return


def _overbooked(services: Sequence[Term[ServiceContract]], station: Station) -> Found:
    room = station.charge_mw * station.service
    for term, held in together(services):
        begins = np.array([other.contract.begins for other in held])
        powers = [other.contract.mw * other.contract.covers(begins) for other in held]
        power = float(np.add.reduce(powers)[term.contract.covers(begins)].max())
        if power > room * MOST:
            text = (
                f'then, from {term.start.isoformat()} on, service contracts of "{station.name}" '
                f"take up to {power:g} MW at once, but {room:g} MW serve plants"
            )
            yield ("contract", term.index, "mw"), text
            return
