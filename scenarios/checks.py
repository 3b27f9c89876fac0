"""Checks across the entries of a scenario: names, zones, owners, dates, both sides."""

from collections.abc import Collection, Iterator

from market import COUNTERPARTIES, Calendar
from scenarios.problems import Loc, listed, unknown
from scenarios.rule_changes import Rules, apply_changes
from scenarios.schema import UNIT_SECTIONS, Scenario
from scenarios.schema_contracts import Agreement, Difference, Lease
from scenarios.schema_demand import External
from scenarios.schema_units import Unit

Found = Iterator[tuple[Loc, str]]


def unit_names(entry: Unit) -> list[str]:
    """Return the names of the units an entry stands for.

    >>> from scenarios.schema_demand import Load
    >>> unit_names(Load.model_construct(name="town", count=2))
    ['town-001', 'town-002']
    """
    if entry.count == 1:
        return [entry.name]
    return [f"{entry.name}-{number:03d}" for number in range(1, entry.count + 1)]


def cross_problems(
    scenario: Scenario, calendar: Calendar | None, broken: Collection[str] = ()
) -> Found:
    """Yield what is wrong between entries.

    Parameters
    ----------
    scenario : Scenario
        Entries that are valid each by itself.
    calendar : Calendar or None
        Intervals of the run; None while unknown.
    broken : collection of str
        Sections that entries with mistakes were left out of: nothing there is said to be missing.
    """
    yield from _duplicates(scenario)
    yield from _reserved_owners(scenario)
    stages, problems = apply_changes(scenario)
    yield from problems
    yield from _green_without_book(scenario, stages)
    if "zone" not in broken:
        yield from _unknown_zones(scenario)
    if not set(UNIT_SECTIONS) & set(broken):
        yield from _unknown_owners(scenario)
        yield from _unknown_outages(scenario)
        yield from _one_sided(scenario)
        yield from _blind_forecasts(scenario)
    if calendar is not None:
        yield from _gates(scenario, calendar)
        yield from _outside_run(scenario, calendar)


def _duplicates(scenario: Scenario) -> Found:
    seen: dict[str, str] = {}
    for loc, entry in scenario.located_units():
        place = f'{loc[0]}[{loc[1]}] "{entry.name}"'
        clash = next((name for name in unit_names(entry) if name in seen), None)
        if clash is not None:
            yield (*loc, "name"), f'the unit name "{clash}" is taken by {seen[clash]}'
        seen |= dict.fromkeys(unit_names(entry), place)
    for section in ("zone", "contract", "tenant"):
        names: dict[str, int] = {}
        for index, item in enumerate(getattr(scenario, section)):
            first = names.setdefault(item.name, index)
            if first != index:
                yield (section, index, "name"), f"the name is taken by {section}[{first}]"


def _unknown_zones(scenario: Scenario) -> Found:
    for loc, entry in scenario.located_units():
        if entry.zone not in scenario.zones:
            yield (*loc, "zone"), unknown("zone", entry.zone, scenario.zones)


def owners(scenario: Scenario) -> set[str]:
    """Return the owners of all units and of all leased parts of stations."""
    found = {lease.tenant for _, lease in scenario.contracts(Lease)}
    found |= {tenant.account for tenant in scenario.tenant}
    for _, entry in scenario.located_units():
        found |= {entry.owner} if entry.owner else set(unit_names(entry))
    return found


def _reserved_owners(scenario: Scenario) -> Found:
    for loc, entry in scenario.located_units():
        if (entry.owner or entry.name) in COUNTERPARTIES:
            key = "owner" if entry.owner else "name"
            taken = listed(COUNTERPARTIES)
            yield (*loc, key), f"the ledger has accounts of its own named {taken}; take another"


def _blind_forecasts(scenario: Scenario) -> Found:
    """Yield price forecasters that have no outside price to look at."""
    if scenario.external:
        return
    for loc, entry in scenario.located_units():
        if entry.forecasts == "price" and entry.forecast.name in ("perfect", "noisy"):
            text = f'"{entry.forecast.name}" needs the price series of an [[external]] entry'
            yield (*loc, "forecast"), f"{text}; there is none, accepted: persistence"


def _unknown_owners(scenario: Scenario) -> Found:
    known = owners(scenario) if scenario.contract else set()
    for index, contract in scenario.contracts(Difference):
        for side in ("seller", "buyer"):
            owner = getattr(contract, side)
            if owner not in known:
                yield ("contract", index, side), unknown("owner", owner, known)


def _unknown_outages(scenario: Scenario) -> Found:
    entries = {entry.name for _, entry in scenario.located_units()}
    units = {name for _, entry in scenario.located_units() for name in unit_names(entry)}
    for index, event in enumerate(scenario.event):
        if event.outage is not None and event.outage not in entries | units:
            text = unknown("unit or entry", event.outage, entries | units)
            yield ("event", index, "outage"), text


def _one_sided(scenario: Scenario) -> Found:
    imports = [item for item in scenario.external if _open(item, "import_mw")]
    exports = [item for item in scenario.external if _open(item, "export_mw")]
    others = [*scenario.generator, *scenario.load, *scenario.data_center, *scenario.external]
    if not others:
        yield (
            (),
            "the market is empty: nobody but storage takes part"
            if scenario.storage
            else ("the market is empty: add at least one seller and one buyer"),
        )
    elif not (scenario.generator or scenario.storage or imports):
        yield (), "nobody can sell: add a generator, storage or external entry with import_mw"
    elif not (scenario.load or scenario.data_center or scenario.storage or exports):
        yield (), "nobody can buy: add a load, data_center, storage or external with export_mw"


def _open(item: External, side: str) -> bool:
    return bool(getattr(item, side) != 0)


def _gates(scenario: Scenario, calendar: Calendar) -> Found:
    energy = scenario.market.energy
    minutes = calendar.interval_s // 60
    if energy.opening - energy.gate_closure > minutes:
        text = f"must not exceed gate_closure by more than the interval of {minutes} minutes"
        yield ("market", "energy", "gate_opening"), text


def _green_without_book(scenario: Scenario, stages: list[Rules]) -> Found:
    """Yield the green buyers where orders trade as they arrive: such a book has one product."""
    if all(rules.energy.mechanism != "continuous" for rules in stages):
        return
    text = 'the mechanism "continuous" serves no green_only buyers in a run'
    for index, load in enumerate(scenario.load):
        if load.green_only:
            yield ("load", index, "green_only"), text
    for index, center in enumerate(scenario.data_center):
        if center.green_only:
            yield ("data_center", index, "green_only"), text


def _outside_run(scenario: Scenario, calendar: Calendar) -> Found:
    span = f"the run, {calendar.start.isoformat()} to {calendar.end.isoformat()}"
    for index, event in enumerate(scenario.event):
        if not calendar.start <= event.at < calendar.end:
            yield ("event", index, "at"), f"lies outside {span}"
    for index, contract in enumerate(scenario.contract):
        if not _overlaps(contract, calendar):
            yield ("contract", index, "start"), f"the contract lies outside {span}"


def _overlaps(contract: Agreement, calendar: Calendar) -> bool:
    begins_late = contract.start is not None and contract.start >= calendar.end
    ends_early = contract.end is not None and contract.end <= calendar.start
    return not (begins_late or ends_early)
