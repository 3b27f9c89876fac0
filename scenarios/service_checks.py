"""Checks of shared storage: who serves and leases, by which rules, and for whom."""

from collections.abc import Collection, Iterator, Sequence

from market import COUNTERPARTIES, Calendar, InputError
from scenarios.checks import unit_names
from scenarios.commitments import overcommitted, terms, together
from scenarios.problems import Loc, listed, unknown
from scenarios.rule_changes import Rules, apply_changes
from scenarios.schema import Scenario
from scenarios.schema_contracts import Lease, ServiceContract
from scenarios.schema_types import Choice
from scenarios.schema_units import Weather
from scenarios.stations import ROUNDING, Station, admitted, all_stations

Found = Iterator[tuple[Loc, str]]
SERVICE_SLICE = "service"
"""Name of the slice of a station that serves plants."""
NUCLEOLUS_SLICES = 12
"""A nucleolus asks for the worth of every coalition; beyond this there are too many."""
SERVICE = ("market", "storage_service")
RIGHTS = ("market", "rights")


def service_problems(
    scenario: Scenario, calendar: Calendar | None, broken: Collection[str] = ()
) -> Found:
    """Yield what is wrong with shared storage.

    Parameters
    ----------
    scenario : Scenario
        Entries that are valid each by itself.
    calendar : Calendar or None
        Intervals of the run; None while unknown.
    broken : collection of str
        Sections that entries with mistakes were left out of: nothing there is said to be missing.
    """
    yield from _tenants(scenario)
    if "external" not in broken:
        yield from _blind_tenants(scenario)
    if "storage" not in broken:
        yield from _stations_of_contracts(scenario)
    if "generator" not in broken:
        yield from _buyers(scenario)
    if {"market", "event", "storage", "generator", "tenant"} & set(broken):
        return
    try:
        stations = all_stations(scenario)
    except InputError:  # an impossible spread, which is told when the units are made
        return
    stages, _ = apply_changes(scenario)
    yield from _rules(scenario, stages)
    if not {"load", "data_center"} & set(broken):
        yield from _capacity_payers(scenario, stages)
    yield from _rights(scenario, stations)
    yield from _shares(scenario, stations)
    yield from _not_serving(scenario, stations, stages)
    if calendar is not None:
        yield from _windows(scenario, calendar)
        yield from overcommitted(scenario, stations, calendar)
        yield from _too_many_slices(scenario, stations, calendar)


def _holders(scenario: Scenario) -> Iterator[tuple[Loc, str, str]]:
    """Yield tenants of leases and bidders for rights: place, name, key of the account."""
    for index, lease in scenario.contracts(Lease):
        yield ("contract", index), lease.name, "tenant"
    for index, tenant in enumerate(scenario.tenant):
        yield ("tenant", index), tenant.name, "owner" if tenant.owner else "name"


def _tenants(scenario: Scenario) -> Found:
    """Yield names that two slices of a station would share, and accounts that are taken."""
    seen: dict[str, str] = {}
    for loc, name, key in _holders(scenario):
        if name == SERVICE_SLICE:
            yield (*loc, "name"), "is the part of a station that serves plants; take another"
        first = seen.setdefault(name, str(loc[0]))
        if first != loc[0]:
            yield (*loc, "name"), f'the name is taken by a lease; both would be "STATION/{name}"'
        entry = getattr(scenario, str(loc[0]))[loc[1]]
        if getattr(entry, key) in COUNTERPARTIES:
            taken = listed(COUNTERPARTIES)
            yield (*loc, key), f"the ledger has accounts of its own named {taken}; take another"


def _blind_tenants(scenario: Scenario) -> Found:
    if scenario.external:
        return
    for loc, _, _ in _holders(scenario):
        forecast: Choice = getattr(scenario, str(loc[0]))[loc[1]].forecast
        if forecast.name in ("perfect", "noisy"):
            text = f'"{forecast.name}" needs the price series of an [[external]] entry'
            yield (*loc, "forecast"), f"{text}; there is none, accepted: persistence"


def _agreements(scenario: Scenario) -> Iterator[tuple[int, ServiceContract | Lease]]:
    yield from scenario.contracts(ServiceContract)
    yield from scenario.contracts(Lease)


def _stations_of_contracts(scenario: Scenario) -> Found:
    """Yield stations that are not there, and contracts of an owner with himself."""
    owner = {name: entry.owner or name for entry in scenario.storage for name in unit_names(entry)}
    several = {entry.name: entry for entry in scenario.storage if entry.count > 1}
    for index, contract in _agreements(scenario):
        name, place = contract.station, ("contract", index)
        if name in several:
            first = unit_names(several[name])[0]
            text = f'stands for {several[name].count} storages; name one, like "{first}"'
            yield (*place, "station"), text
        elif name not in owner:
            yield (*place, "station"), unknown("storage", name, owner)
        key = "tenant" if isinstance(contract, Lease) else "buyer"
        if name in owner and getattr(contract, key) == owner[name]:
            yield (*place, key), f'owns "{name}" itself; a contract has two sides'


def _buyers(scenario: Scenario) -> Found:
    zones: dict[str, set[str]] = {}
    for entry in scenario.generator:
        if isinstance(entry, Weather):
            for name in unit_names(entry):
                zones.setdefault(entry.owner or name, set()).add(entry.zone)
    place = {name: entry.zone for entry in scenario.storage for name in unit_names(entry)}
    for index, contract in scenario.contracts(ServiceContract):
        if contract.buyer not in zones:
            text = unknown("owner of a pv or wind plant", contract.buyer, zones)
            yield ("contract", index, "buyer"), text
        elif (zone := place.get(contract.station)) not in {None, *zones[contract.buyer]}:
            text = f'has no pv or wind plant in zone "{zone}", where "{contract.station}" is'
            yield ("contract", index, "buyer"), text


def _rules(scenario: Scenario, stages: Sequence[Rules]) -> Found:
    """Yield contracts that no rule of the run has a use for, and tariffs that are missing."""
    modes = dict.fromkeys(mode for rules in stages for mode in rules.service.modes)
    for index, _ in scenario.contracts(ServiceContract):
        # Without any service market contracts lie idle, so that rule sets can be exchanged.
        if modes and "bilateral" not in modes:
            text = (
                f'needs "bilateral" among market.storage_service.modes, which are {listed(modes)}'
            )
            yield ("contract", index, "kind"), text
    paid = [getattr(entry, "tariff", None) for entry in scenario.generator]
    used = [rules for rules in stages if rules.service.is_on]
    if any(rules.service.returned_price == "tariff" for rules in used) and not any(
        tariff is not None for tariff in paid
    ):
        text = 'no pv or wind plant has a tariff; give one to a plant, or take "market"'
        yield (*SERVICE, "returned_price"), text


def _capacity_payers(scenario: Scenario, stages: Sequence[Rules]) -> Found:
    """Yield capacity payments that nobody in the scenario could pay."""
    listed_ones = any(entry.listed for entry in scenario.storage)
    groups = {
        "consumers": (scenario.load or scenario.data_center, "load or data_center"),
        "generators": (scenario.generator, "generator"),
    }
    for name, (payers, section) in groups.items():
        paid = any(rules.capacity.price and rules.capacity.payer == name for rules in stages)
        if listed_ones and paid and not payers:
            text = f'is "{name}", but there is no {section} entry; accepted: government'
            yield ("market", "capacity_payment", "payer"), text


def _rights(scenario: Scenario, stations: Sequence[Station]) -> Found:
    """Yield what keeps storage rights from being auctioned."""
    rights = scenario.market.rights
    if rights is None:
        for index, _ in enumerate(scenario.tenant):
            yield ("tenant", index), "no storage rights are auctioned; give [market.rights] a share"
        return
    if not scenario.tenant:
        yield RIGHTS, "nobody bids for storage rights; add a [[tenant]], or leave the table out"
    if not rights.share:
        yield (*RIGHTS, "share"), "nothing is offered; accepted: above 0 and at most 1"
    elif not any(station.offered for station in stations):
        yield RIGHTS, f"no storage can offer rights: {_admission(scenario)}"
    for index, tenant in enumerate(scenario.tenant):
        if tenant.product > len(rights.rights):
            text = f"there are {len(rights.rights)} products of market.rights, counted from 1"
            yield ("tenant", index, "product"), text


def _admission(scenario: Scenario) -> str:
    service = scenario.market.storage_service
    return f"admitted from {service.min_power_mw:g} MW and {service.min_hours:g} hours on"


def _shares(scenario: Scenario, stations: Sequence[Station]) -> Found:
    """Yield shares for service and for rights that add up to more than the station."""
    seen: set[Loc] = set()
    for station in stations:
        if station.service + station.offered <= 1 + ROUNDING:
            continue
        own = station.entry.service_share is not None
        loc = ("storage", station.index, "service_share") if own else (*SERVICE, "share")
        if loc not in seen:
            text = f"with market.rights.share, {station.offered:g}, it adds up to more than 1"
            yield loc, f'{text}, all of "{station.name}"'
        seen.add(loc)


def _not_serving(scenario: Scenario, stations: Sequence[Station], stages: Sequence[Rules]) -> Found:
    """Yield service contracts of stations that are not admitted, or keep no part for service."""
    if not any(rules.service.is_on for rules in stages):
        return  # said of each contract already
    by_name = {station.name: station for station in stations}
    for index, contract in scenario.contracts(ServiceContract):
        station = by_name.get(contract.station)
        if station is None or station.service:
            continue
        size = station.power_mw, station.energy_mwh
        if admitted(scenario.market.storage_service, *size):
            text = "no part of it serves plants: its share for service is 0"
        else:
            text = f"has {size[0]:g} MW and {size[1]:g} MWh; {_admission(scenario)}"
        yield ("contract", index, "station"), text


def _windows(scenario: Scenario, calendar: Calendar) -> Found:
    first = calendar.start.hour * 60 + calendar.start.minute
    step = calendar.interval_s // 60
    for index, contract in scenario.contracts(ServiceContract):
        if (contract.begins - first) % step or contract.minutes % step:
            text = f"must begin and end with intervals, which take {step} minutes"
            yield ("contract", index, "window"), text


def _too_many_slices(scenario: Scenario, stations: Sequence[Station], calendar: Calendar) -> Found:
    if scenario.market.storage_service.netting != "nucleolus":
        return
    leases = terms(scenario.contracts(Lease), calendar)
    for station in stations:
        own = [term for term in leases if term.contract.station == station.name]
        most = 1 + max((len(held) for _, held in together(own)), default=0)
        most += bool(station.service) + (len(scenario.tenant) if station.offered else 0)
        if most > NUCLEOLUS_SLICES:
            text = f'"{station.name}" may have {most} slices at once; accepted: up to 12'
            yield (*SERVICE, "netting"), f"{text}, or another sharing rule"
