"""From shared storage units to fleets of slices: who runs which part of a station, and how."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from agents import (
    AgeingLaw,
    Division,
    FleetUnits,
    PoolBids,
    ServiceOffers,
    Sizes,
    StationFleet,
    StoragePlant,
    Strategy,
    strategies,
)
from scenarios.choices import Params, forecast_of, strategy_of
from scenarios.expand import UnitSpec
from scenarios.schema_contracts import Lease
from scenarios.schema_service import Tenant
from scenarios.service_checks import SERVICE_SLICE
from scenarios.stations import Station
from scenarios.surroundings import Surroundings, price_forecasts

Named = tuple[str, Params]


@dataclass(frozen=True, slots=True)
class SliceSpec:
    """One slice of a station.

    Attributes
    ----------
    name, owner : str
    station : int
        Place of its station in the fleet.
    use : str
        ``own``, ``service`` or ``lease``.
    strategy, forecast : (str, tuple)
        Name and all parameters.
    trading : (str, tuple) or None
        Of a pool: its strategy while no storage service is in force.
    """

    name: str
    owner: str
    station: int
    use: str
    strategy: Named
    forecast: Named
    trading: Named | None = None


def station_fleet(
    around: Surroundings,
    specs: Sequence[UnitSpec],
    plant: StoragePlant,
    law: AgeingLaw | None,
) -> StationFleet:
    """Return the fleet of all slices of the stations `specs` of one zone.

    Leases are empty until they begin; what serves plants is there from the start.
    """
    stations = [around.stations[spec.name] for spec in specs]
    slices = sorted(_slices(around, specs, stations), key=_key)
    place = np.array([each.station for each in slices], np.int64)
    served = np.array([station.service for station in stations])[place]
    uses = tuple(each.use for each in slices)
    own, service = (np.array([use == name for use in uses]) for name in ("own", "service"))
    share = np.where(own, 1 - served, np.where(service, served, 0.0))
    netting = around.loaded.scenario.market.storage_service.netting
    names = tuple(spec.name for spec in specs)
    division = Division(names, place, uses, Sizes(share, share.copy()), netting)
    fleet = StationFleet(_parts(around, slices, specs[0].zone), plant, division, law)
    asks = np.array([spec.params.get("service_ask", np.nan) for spec in specs])[place]
    fleet.offers = ServiceOffers(asks)
    return fleet


def _slices(
    around: Surroundings, specs: Sequence[UnitSpec], stations: Sequence[Station]
) -> Iterator[SliceSpec]:
    tenants = around.loaded.scenario.tenant
    # Who may hold rights to one station has a slice, maybe an empty one, of all that are shared.
    rights = any(station.offered for station in around.stations.values())
    for index, (spec, station) in enumerate(zip(specs, stations, strict=True)):
        yield SliceSpec(spec.name, spec.owner, index, "own", spec.strategy, spec.forecast)
        if station.service:
            name = f"{spec.name}/{SERVICE_SLICE}"
            strategy = strategy_of(station.entry.service_strategy)
            ways = strategy, spec.forecast, spec.strategy
            yield SliceSpec(name, spec.owner, index, "service", *ways)
        leased = [(lease.name, lease.tenant, lease) for lease in station.leases]
        bidders = [(tenant.name, tenant.account, tenant) for tenant in tenants if rights]
        holders: list[tuple[str, str, Lease | Tenant]] = [*leased, *bidders]
        for label, account, terms in holders:
            way = strategy_of(terms.strategy), forecast_of(terms.forecast)
            yield SliceSpec(f"{spec.name}/{label}", account, index, "lease", *way)


def _key(each: SliceSpec) -> tuple[str, str, str, str]:
    """Return what slices of one part share (all but the last), and their order in it."""
    return repr(each.strategy), repr(each.trading), repr(each.forecast), each.name


def _parts(around: Surroundings, slices: Sequence[SliceSpec], zone: str) -> list[FleetUnits]:
    """Return runs of slices that decide together."""
    parts = []
    for _, members in groupby(slices, key=lambda each: _key(each)[:-1]):
        own = list(members)
        parts.append(
            FleetUnits(
                kind="storage",
                zone=zone,
                names=[each.name for each in own],
                owners=[each.owner for each in own],
                strategy=_strategy(own[0]),
                calendar=around.calendar,
                seed=around.seed,
                forecaster=price_forecasts(around, own[0].forecast, (zone, "storage"), own[0].name),
            )
        )
    return parts


def _strategy(each: SliceSpec) -> Strategy:
    """Return the strategy of a slice; a pool has two."""
    made: list[Strategy] = [
        strategies.get(name)(**dict(params))
        for name, params in (each.strategy, each.trading or each.strategy)
    ]
    return PoolBids(*made) if each.trading is not None else made[0]
