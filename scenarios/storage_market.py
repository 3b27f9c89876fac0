"""The shared-storage market of a run: who is served on which terms, and who leases what."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from agents import Fleet, Leasing, StationFleet
from market import (
    UNLIMITED,
    WH_PER_MWH,
    Block,
    Calendar,
    Handover,
    Layout,
    LeaseBook,
    LeaseContract,
    LeasedStations,
    Ledger,
    ListedStations,
    MarketSession,
    RightsMarket,
    RightsProduct,
    RightsRules,
    RightsTenants,
    ServiceContracts,
    ServiceMarket,
    ServiceTerms,
    StationLimits,
    StationSlices,
    check_stations,
    stream,
)
from scenarios.expand import UnitSpec
from scenarios.loader import LoadedScenario
from scenarios.rulebook import mechanism_of
from scenarios.schema_contracts import Agreement, Lease, ServiceContract
from scenarios.service_checks import SERVICE_SLICE
from scenarios.stations import Station, service_stations

WATTS_PER_MW = 1_000_000


@dataclass(slots=True)
class StorageMarket:
    """What makes up the shared-storage market of a run.

    Attributes
    ----------
    loaded : LoadedScenario
    layout : Layout
    specs : dict of str to UnitSpec
        Units of the scenario by name; slices are known by their station.
    stations : list of Station
    fleets : list of StationFleet
    limits : list of StationLimits
        Of each fleet; checks carry the state of charge in it from block to block.
    """

    loaded: LoadedScenario
    layout: Layout
    specs: dict[str, UnitSpec]
    stations: list[Station]
    fleets: list[StationFleet]
    limits: list[StationLimits]

    @classmethod
    def of(
        cls,
        loaded: LoadedScenario,
        layout: Layout,
        specs: Sequence[UnitSpec],
        fleets: Sequence[Fleet],
    ) -> "StorageMarket":
        """Return the storage market of a scenario, which may be empty."""
        own = [fleet for fleet in fleets if isinstance(fleet, StationFleet)]
        return cls(
            loaded,
            layout,
            {spec.name: spec for spec in specs},
            service_stations(loaded.scenario),
            own,
            [fleet.station_limits() for fleet in own],
        )

    def spec_of(self, unit: str) -> UnitSpec:
        """Return the specification of a unit; of its station, for a slice."""
        return self.specs[unit.partition("/")[0]]

    def note_handovers(self, block: Block) -> None:
        """Put what changed hands between slices in a block into its journal."""
        last = block.first + block.m
        for fleet, rows in self._rows():
            due = [pair for pair in fleet.handed if pair[0] < last]
            fleet.handed = [pair for pair in fleet.handed if pair[0] >= last]
            block.service.handed += [
                (interval - block.first, _in_layout(handed, rows)) for interval, handed in due
            ]

    def check(self, block: Block) -> None:
        """Raise `ConservationError` unless stations keep their limits as wholes."""
        for limits in self.limits:
            check_stations(block, self.loaded.calendar, self.layout, limits)

    def listed(self) -> ListedStations:
        """Return all storage units and whether they get the capacity payment."""
        specs = [spec for spec in self.specs.values() if spec.kind == "storage"]
        power = np.array([spec.params["power_mw"] for spec in specs])
        energy = np.array([spec.params["energy_mwh"] for spec in specs])
        return ListedStations(
            np.array([self.layout.units.index(spec.name) for spec in specs], np.int64),
            power * 1000,
            energy / power,
            np.array([getattr(spec.model, "listed", False) for spec in specs], np.bool_),
        )

    def lease_book(self, ledger: Ledger) -> LeaseBook | None:
        """Return the book of leases with those agreed on beforehand; None without stations."""
        if not self.stations:
            return None
        stations = self._leased_stations()
        book = LeaseBook(stations, self._slices(), ledger.accounts, self.loaded.calendar)
        for _, lease in self.loaded.scenario.contracts(Lease):
            book.sign(self._lease_contract(lease, stations))
        return book

    def leasing(self, session: MarketSession, book: LeaseBook) -> Leasing:
        """Return the process in which leases begin and end, and rights are auctioned."""
        return Leasing(session, book, self.fleets, self._rights_market(book))

    def service(self, session: MarketSession) -> ServiceMarket | None:
        """Return the market for storage service; None where no slice stores for plants."""
        if not {"service", "lease"} & set(self.layout.uses):
            return None
        seed = self.loaded.seed
        rngs = [stream(seed, "market", "service", zone.name) for zone in self.layout.zones]
        return ServiceMarket.of(session, self._service_terms(), rngs)

    # --- leases --------------------------------------------------------------------------------

    def _leased_stations(self) -> LeasedStations:
        stations = self.stations
        mw = np.array([station.power_mw for station in stations])
        mwh = np.array([station.energy_mwh for station in stations])
        return LeasedStations(
            names=tuple(station.name for station in stations),
            owners=tuple(self.specs[station.name].owner for station in stations),
            watts=np.rint(mw * WATTS_PER_MW).astype(np.int64),
            wh=np.rint(mwh * WH_PER_MWH).astype(np.int64),
            service_share=np.array([station.service for station in stations]),
            rights_share=np.array([station.offered for station in stations]),
            lease_ask=np.array([self.specs[s.name].params["lease_ask"] for s in stations]),
        )

    def _slices(self) -> StationSlices:
        layout = self.layout
        places = {station.name: index for index, station in enumerate(self.stations)}
        rows = np.flatnonzero(layout.station_of >= 0).tolist()
        return StationSlices(
            names=tuple(layout.units[row] for row in rows),
            uses=tuple(layout.uses[row] for row in rows),
            station=np.array(
                [places[layout.stations[layout.station_of[row]]] for row in rows], np.int64
            ),
        )

    def _lease_contract(self, lease: Lease, stations: LeasedStations) -> LeaseContract:
        station = self.stations[stations.names.index(lease.station)]
        return LeaseContract(
            self._slices().names.index(f"{lease.station}/{lease.name}"),
            lease.tenant,
            _whole(lease.mw * WATTS_PER_MW),
            _whole(station.leased_mwh(lease) * WH_PER_MWH),
            lease.price,
            *span(lease, self.loaded.calendar),
        )

    def _rights_market(self, book: LeaseBook) -> RightsMarket | None:
        scenario = self.loaded.scenario
        rights, bidders = scenario.market.rights, scenario.tenant
        if rights is None or not bidders or not any(s.offered for s in self.stations):
            return None
        rules = RightsRules(
            mechanism=mechanism_of(rights),
            products=tuple(RightsProduct(each.hours, each.term_days) for each in rights.rights),
            reserve=rights.reserve or 0.0,
            ceiling=np.inf if rights.ceiling is None else rights.ceiling,
            tie_break=rights.tie_break,
            resale_days=rights.resale_days,
            experience=rights.experience,
        )
        tenants = RightsTenants(
            names=tuple(tenant.name for tenant in bidders),
            owners=tuple(tenant.account for tenant in bidders),
            watts=np.array([_whole(tenant.mw * WATTS_PER_MW) for tenant in bidders], np.int64),
            value=np.array([tenant.value for tenant in bidders], np.float64),
            product=np.array([tenant.product - 1 for tenant in bidders], np.int64),
        )
        names = book.slices.names
        places = [
            [names.index(f"{station.name}/{tenant.name}") for tenant in bidders]
            for station in self.stations
        ]
        return RightsMarket(rules, tenants, book, np.array(places, np.int64), self.loaded.seed)

    # --- service -------------------------------------------------------------------------------

    def _service_terms(self) -> ServiceTerms:
        units = len(self.layout.units)
        names = ("efficiency_charge", "round_trip", "charge_wh", "size_wh", "soc")
        columns = {name: np.full(units, np.nan) for name in names}
        for fleet, rows in self._rows():
            plant = fleet.plant
            columns["efficiency_charge"][rows] = plant.efficiency_charge
            columns["round_trip"][rows] = plant.efficiency_charge * plant.efficiency_discharge
            columns["charge_wh"][rows] = plant.charge_wh
            columns["size_wh"][rows] = plant.energy_wh
            columns["soc"][rows] = plant.soc_start_wh
        return ServiceTerms(
            eligible=self.layout.of_kind("pv", "wind"),
            contracts=tuple(self._contracts(zone.units) for zone in self.layout.zones),
            **columns,
        )

    def _rows(self) -> list[tuple[StationFleet, list[int]]]:
        place = {name: row for row, name in enumerate(self.layout.units)}
        return [(fleet, [place[name] for name in fleet.names]) for fleet in self.fleets]

    def _contracts(self, units: slice) -> ServiceContracts:
        """Return the service contracts of the stations of one zone, in the order of names."""
        calendar, layout = self.loaded.calendar, self.layout
        place = {name: row for row, name in enumerate(layout.units)}
        found = (contract for _, contract in self.loaded.scenario.contracts(ServiceContract))
        pools = {c: place.get(f"{c.station}/{SERVICE_SLICE}", -1) for c in found}
        own = [c for c, pool in pools.items() if units.start <= pool < units.stop]
        own.sort(key=lambda contract: contract.name)
        spans = np.array([span(c, calendar) for c in own], np.int64).reshape(-1, 2)
        total = [UNLIMITED if c.mwh is None else _whole(c.mwh * WH_PER_MWH) for c in own]
        begins = np.array([c.begins * 60 for c in own], np.int64)
        length = np.array([c.minutes * 60 for c in own], np.int64)
        return ServiceContracts(
            pool=np.array([pools[c] for c in own], np.int64),
            buyer=np.array([layout.owners.index(c.buyer) for c in own], np.int64),
            mw=np.array([c.mw for c in own], np.float64),
            window_start_s=begins,
            window_end_s=(begins + length) % 86_400,
            price=np.array([c.price for c in own], np.float64),
            wh_left=np.array(total, np.int64),
            start_s=spans[:, 0],
            end_s=spans[:, 1],
        )


def _whole(amount: float) -> int:
    """Return whole watts or watt-hours, rounded down: parts never exceed their station."""
    return int(np.floor(amount + 1e-4))


def _in_layout(handed: Handover, rows: Sequence[int]) -> Handover:
    """Return a handover with units as the layout counts them, not their fleet."""
    return replace(handed, giver=rows[handed.giver], receiver=rows[handed.receiver])


def span(agreement: Agreement, calendar: Calendar) -> tuple[int, int]:
    """Return the seconds at which an agreement starts and ends; it may do so outside the run."""
    start, end = (
        calendar.second(calendar.index(instant)) if instant else default
        for instant, default in (
            (agreement.start, 0),
            (agreement.end, calendar.second(calendar.n)),
        )
    )
    return start, end
