"""A scenario made alive: environment, session, roles, ledger, recorder."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import simpy

from agents import (
    Arrivals,
    ComputeFleet,
    ContractCalendar,
    DatedOutage,
    FailureRates,
    Fleet,
    Leasing,
    Outages,
    Role,
    RuleChanges,
)
from market import (
    Block,
    ContractTerms,
    DailyDraws,
    FloatArray,
    GateTimes,
    Layout,
    LeaseBook,
    Ledger,
    MarketSession,
    Recorder,
    RecordingRules,
    Settlement,
    StorageTerms,
    Stores,
    Tariffs,
    check_block,
    check_curtailment,
    lay_out,
    stream,
)
from scenarios.expand import UnitSpec, expand
from scenarios.fleets import build_fleets
from scenarios.loader import LoadedScenario
from scenarios.rulebook import rulebook
from scenarios.schema_contracts import Difference
from scenarios.storage_market import StorageMarket, span

ROLES = {
    "generators": ("pv", "wind", "hydro", "csp", "thermal"),
    "storage owners": ("storage",),
    "buyers": ("data_center", "load", "external"),
}
OUT_ALONE = ("", "own")  # all slices of a station fail with the owner's
RENEWABLE = ("pv", "wind", "hydro", "csp")
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Simulation:
    """One run, ready to go.

    Attributes
    ----------
    loaded : LoadedScenario
    fleets : list of Fleet
    layout : Layout
    session : MarketSession
    ledger : Ledger
    recorder : Recorder
    worth : array, shape (U,)
        True value of what each unit has consumed so far, currency; NaN where it has none.
    """

    loaded: LoadedScenario
    specs: list[UnitSpec]
    fleets: list[Fleet]
    layout: Layout
    env: simpy.Environment
    session: MarketSession
    ledger: Ledger
    recorder: Recorder
    settlement: Settlement
    stores: Stores
    storage: StorageMarket
    book: LeaseBook | None
    leasing: Leasing | None = None
    deals: int = 0
    period_start: int = 0
    settled: int = 0
    progress: Progress | None = None
    worth: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        self.worth = np.zeros(len(self.layout.units))

    def run(self) -> None:
        """Run to the end of the last interval."""
        end = self.loaded.calendar.second(self.loaded.calendar.n) + 10
        self.env.run(until=end)
        self.recorder.close_period(self.period_start)

    def settle(self, block: Block) -> None:
        """Settle, check and record a block whose last interval is delivered."""
        calendar = self.loaded.calendar
        self._turn_page(block)
        reference = self.session.reference[:, block.first : block.first + block.m]
        self.storage.note_handovers(block)
        self.settlement.settle(block, reference)
        check_block(block, calendar, self.stores)
        self.storage.check(block)
        if self.leasing is not None:
            self.leasing.note(block, reference)
        self._record_deals()
        self._note_true_values(block)
        causes = self.recorder.record(block)
        check_curtailment(block, causes, self.layout.of_kind(*RENEWABLE), calendar)
        self.settled = block.first + block.m
        if self.progress is not None:
            self.progress(self.settled, calendar.n)

    def _note_true_values(self, block: Block) -> None:
        """Ask the fleets what the block was worth to them, and what one more MWh would cost."""
        for fleet, rows in zip(self.fleets, self.layout.fleets, strict=True):
            window = block.rows(rows)
            self.worth[rows.units] += fleet.worth(window)
            block.marginal_cost[:, rows.units] = fleet.marginal_cost(window)

    def _record_deals(self) -> None:
        """Write leases that were agreed on since the last block."""
        if self.book is not None:
            self.recorder.note_deals(self.book.deals[self.deals :])
            self.deals = len(self.book.deals)

    def _turn_page(self, block: Block) -> None:
        """Close the ledger's period when the block begins a new one."""
        if block.first == self.period_start:
            return
        calendar = self.loaded.calendar
        monthly = self.loaded.scenario.recording.ledger == "month"
        now, before = calendar.time(block.first), calendar.time(self.period_start)
        if not monthly or (now.year, now.month) != (before.year, before.month):
            self.recorder.close_period(self.period_start)
            self.period_start = block.first


def build(loaded: LoadedScenario, directory: Path) -> Simulation:
    """Put a scenario together; its tables will be written into `directory`."""
    scenario, calendar = loaded.scenario, loaded.calendar
    energy = scenario.market.energy
    gates = GateTimes(energy.opening * 60, energy.gate_closure * 60)
    specs = expand(scenario, loaded.seed)
    fleets = build_fleets(loaded, specs, gates.opening_s)
    layout = lay_out(fleets)
    env = simpy.Environment(initial_time=-gates.opening_s - 2)
    rules, dates, changes = rulebook(loaded)
    ledger = Ledger(layout.owners, layout.owner_of, scenario.recording.ledger == "interval")
    storage = StorageMarket.of(loaded, layout, specs, fleets)
    ordered = [storage.spec_of(name) for name in layout.units]
    contracts, mw, terms = _contracts(loaded, layout)
    book = storage.lease_book(ledger)
    settlement = Settlement(
        layout,
        ledger,
        _tariffs(ordered),
        contracts,
        calendar.hours,
        StorageTerms(book, storage.listed()),
    )
    recorder = Recorder(
        directory,
        calendar,
        layout,
        ledger,
        layout.of_kind(*RENEWABLE),
        _recording(loaded),
    )
    simulation: Simulation
    session = MarketSession(
        env,
        calendar,
        layout,
        gates,
        rules,
        lambda block: simulation.settle(block),
        [stream(loaded.seed, "market", "energy", zone.name) for zone in layout.zones],
        DailyDraws(loaded.seed, [("arrival", name) for name in layout.units], calendar.per_day),
    )
    simulation = Simulation(
        loaded,
        ordered,
        fleets,
        layout,
        env,
        session,
        ledger,
        recorder,
        settlement,
        _stores(fleets, layout),
        storage,
        book,
    )
    session.service = storage.service(session)
    if book is not None:
        simulation.leasing = storage.leasing(session, book)
    _start(simulation, RuleChanges(session, dates, changes), ContractCalendar(session, mw, terms))
    return simulation


def _start(simulation: Simulation, changes: RuleChanges, contracts: ContractCalendar) -> None:
    """Put all processes on the clock; rules and outages first, so that gates see them."""
    env, session = simulation.env, simulation.session
    env.process(changes.process(env))
    env.process(contracts.process(env))
    if simulation.leasing is not None:
        env.process(simulation.leasing.process(env))
    for fleet in simulation.fleets:
        outages = outages_of(simulation.loaded, simulation.storage.specs, fleet)
        env.process(outages.process(env))
        if isinstance(fleet, ComputeFleet):
            env.process(Arrivals(fleet).process(env))
    pairs = list(zip(simulation.fleets, simulation.layout.fleets, strict=True))
    for kinds in ROLES.values():
        own = [(fleet, rows) for fleet, rows in pairs if fleet.kind in kinds]
        if own:
            Role(session, own).start(env)
    session.start()


def _recording(loaded: LoadedScenario) -> RecordingRules:
    recording = loaded.scenario.recording
    if recording.units == "daily":
        return RecordingRules("daily", recording.orders)
    return RecordingRules("interval" if recording.units else "none", recording.orders)


def _tariffs(specs: Sequence[UnitSpec]) -> Tariffs:
    kinds = np.array([spec.kind for spec in specs])
    return Tariffs(
        subsidy=np.array([spec.params.get("subsidy", 0.0) for spec in specs]),
        certificate=np.array([spec.params.get("certificate", 0.0) for spec in specs]),
        draws=np.isin(kinds, ("load", "data_center")),
        stores=kinds == "storage",
        on_grid=np.array([spec.params.get("tariff", np.nan) for spec in specs]),
    )


def _stores(fleets: Sequence[Fleet], layout: Layout) -> Stores:
    units = len(layout.units)
    limits = {name: np.full(units, np.nan) for name in Stores.__dataclass_fields__}
    limits["minimum"][:], limits["maximum"][:] = -np.inf, np.inf
    for fleet, rows in zip(fleets, layout.fleets, strict=True):
        for name, values in fleet.limits().items():
            limits[name][rows.units] = values
    return Stores(**limits)


def outages_of(loaded: LoadedScenario, specs: Mapping[str, UnitSpec], fleet: Fleet) -> Outages:
    """Return the failures and repairs of a fleet, the same whatever the market does."""
    own = [specs[name.partition("/")[0]] for name in fleet.names]
    return Outages(
        fleet, _failure_rates(own, fleet), _dated_outages(loaded, own, fleet), loaded.seed
    )


def _failure_rates(specs: Sequence[UnitSpec], fleet: Fleet) -> list[FailureRates | None]:
    models: list[Any] = [spec.model for spec in specs]
    return [
        FailureRates(model.outages.mtbf_hours, model.outages.mttr_hours)
        if model.outages is not None and use in OUT_ALONE
        else None
        for model, use in zip(models, fleet.uses, strict=True)
    ]


def _dated_outages(
    loaded: LoadedScenario, specs: Sequence[UnitSpec], fleet: Fleet
) -> list[DatedOutage]:
    dated = []
    for event in loaded.scenario.event:
        if event.outage is None or event.hours is None:
            continue
        start = round((event.at - loaded.calendar.start).total_seconds())
        end = start + round(event.hours * 3600)
        dated += [
            DatedOutage(unit, start, end)
            for unit, name in enumerate(fleet.names)
            if event.outage in (name, specs[unit].entry) and fleet.uses[unit] in OUT_ALONE
        ]
    return dated


def _contracts(
    loaded: LoadedScenario, layout: Layout
) -> tuple[ContractTerms, list[float], list[tuple[int, int]]]:
    calendar = loaded.calendar
    account = {owner: index for index, owner in enumerate(layout.owners)}
    zone_of = dict(zip(layout.owner_of.tolist(), layout.zone_names, strict=True))
    zones = [zone.name for zone in layout.zones]
    found = (contract for _, contract in loaded.scenario.contracts(Difference))
    contracts = sorted(found, key=lambda contract: contract.name)
    sellers = np.array([account[c.seller] for c in contracts], np.int64)
    terms = ContractTerms(
        seller=sellers,
        buyer=np.array([account[c.buyer] for c in contracts], np.int64),
        price=np.array([c.price for c in contracts], np.float64),
        zone=np.array([zones.index(zone_of[seller]) for seller in sellers.tolist()], np.int64),
    )
    return terms, [c.mw for c in contracts], [span(c, calendar) for c in contracts]


def unit_totals(simulation: Simulation) -> dict[str, FloatArray]:
    """Return facts of all units in the order of the layout; NaN where one does not apply."""
    units = len(simulation.layout.units)
    found: dict[str, FloatArray] = {
        "unit_cost": np.zeros(units),
        "out_of_order_days": np.zeros(units),
    }
    for fleet, rows in zip(simulation.fleets, simulation.layout.fleets, strict=True):
        for name, values in fleet.facts().items():
            found.setdefault(name, np.full(units, np.nan))[rows.units] = values
        found["unit_cost"][rows.units] = fleet.unit_cost()
        found["out_of_order_days"][rows.units] = fleet.outages.total / 86_400
    return found
