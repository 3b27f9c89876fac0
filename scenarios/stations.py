"""Which storage is shared, and among which uses it is divided."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scenarios.expand import expand
from scenarios.rule_changes import apply_changes
from scenarios.schema import Scenario
from scenarios.schema_contracts import Lease
from scenarios.schema_service import StorageService
from scenarios.schema_storage import Storage

ROUNDING = 1e-9  # of sizes and shares that are compared


@dataclass(frozen=True, slots=True)
class Station:
    """A storage unit and the uses it is divided among.

    Attributes
    ----------
    name : str
        The unit.
    index : int
        Of its entry in the file.
    entry : Storage
    power_mw, charge_mw, energy_mwh : float
        Sizes of the unit, after spread.
    service : float
        Share of power and energy that serves plants, the same all through the run; 0 where the
        unit is not admitted or no rules of the run have a service market.
    offered : float
        Share that is offered as storage rights; 0 without an auction of rights.
    leases : tuple of Lease
        Leases agreed on, in the order of the file.
    """

    name: str
    index: int
    entry: Storage
    power_mw: float
    charge_mw: float
    energy_mwh: float
    service: float
    offered: float
    leases: tuple[Lease, ...]

    @property
    def is_shared(self) -> bool:
        """Whether it is used for anything but its owner's own trade."""
        return bool(self.service or self.offered or self.leases)

    def leased_mwh(self, lease: Lease) -> float:
        """Return the energy of a lease, MWh."""
        hours = self.energy_mwh / self.power_mw
        return lease.mw * hours if lease.mwh is None else lease.mwh


def service_stations(scenario: Scenario) -> list[Station]:
    """Return the storage units that are shared, sorted by name.

    A unit is shared when it is admitted to the service market and a part of it serves there
    under the rules of any time of the run, when it offers storage rights, or when a lease
    names it. What service and leases leave is the owner's own.
    """
    return [station for station in all_stations(scenario) if station.is_shared]


def all_stations(scenario: Scenario) -> list[Station]:
    """Return all storage units, shared or not, sorted by name."""
    market = scenario.market
    in_service = any(rules.service.is_on for rules in apply_changes(scenario)[0])
    return [
        Station(
            name,
            index,
            entry,
            numbers["power_mw"],
            numbers["power_charge_mw"],
            numbers["energy_mwh"],
            _served(entry, market.storage_service, numbers) if in_service else 0.0,
            _offered(scenario, numbers),
            tuple(lease for _, lease in scenario.contracts(Lease) if lease.station == name),
        )
        for name, index, entry, numbers in _storage_units(scenario)
    ]


def _storage_units(
    scenario: Scenario,
) -> Iterator[tuple[str, int, Storage, Mapping[str, float]]]:
    """Yield every storage unit: its name, the place of its entry, the entry, its own numbers."""
    entries = {entry.name: (index, entry) for index, entry in enumerate(scenario.storage)}
    others = dict.fromkeys(("generator", "load", "data_center", "external"), ())
    for unit in expand(scenario.model_copy(update=others), scenario.scenario.seed):
        index, entry = entries[unit.entry]
        yield unit.name, index, entry, unit.params


def admitted(service: StorageService, power_mw: float, energy_mwh: float) -> bool:
    """Return whether a station of this size may serve.

    >>> admitted(StorageService(min_power_mw=10, min_hours=2), power_mw=32, energy_mwh=64)
    True
    """
    enough = power_mw >= service.min_power_mw * (1 - ROUNDING)
    return enough and energy_mwh >= power_mw * service.min_hours * (1 - ROUNDING)


def _served(entry: Storage, service: StorageService, numbers: Mapping[str, float]) -> float:
    if not admitted(service, numbers["power_mw"], numbers["energy_mwh"]):
        return 0.0
    return service.share if entry.service_share is None else entry.service_share


def _offered(scenario: Scenario, numbers: Mapping[str, float]) -> float:
    market = scenario.market
    may = admitted(market.storage_service, numbers["power_mw"], numbers["energy_mwh"])
    return market.rights.share if market.rights is not None and may else 0.0
