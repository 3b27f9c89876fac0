"""A scenario file: what may stand in it, with units and defaults."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field, model_validator

from scenarios.problems import Loc, raise_if_any
from scenarios.schema_contracts import Agreement, AnyContract
from scenarios.schema_demand import DataCenter, External, Load
from scenarios.schema_market import EnergyMarket, Fees, Imbalance
from scenarios.schema_service import CapacityPayment, Rights, StorageService, Tenant
from scenarios.schema_storage import Storage
from scenarios.schema_types import FileTimes, Instant, Name, Section, Tables
from scenarios.schema_units import AnyGenerator, Generator, Positive, Unit

AnyUnit = Generator | Storage | DataCenter | Load | External
INTERVALS = (5, 10, 15, 30, 60)
UNIT_SECTIONS = ("generator", "storage", "data_center", "load", "external")
Base = Annotated[str, Field(min_length=1)]
SomeContract = TypeVar("SomeContract", bound=Agreement)


class Header(Section):
    """What the run is called."""

    name: Name = Field(description="name of the scenario; names the run directory")
    description: str = Field(default="", description="what it is about, free text")
    currency: str = Field(
        default="CNY", min_length=1, max_length=12, description="currency of all prices"
    )
    seed: int = Field(
        default=1, ge=0, lt=2**63, description="seed of all randomness, a whole number from 0"
    )
    extends: Base | None = Field(
        default=None,
        description="scenario that lies under this file, a bundled name or a path: tables are "
        "merged, keys written here win, lists written here replace whole lists",
    )


class Time(Section):
    """When it takes place: a start with an end or days, or the stamps of a data file."""

    start: Instant | None = Field(
        default=None, description="start of the first interval, ISO 8601 with an offset"
    )
    end: Instant | None = Field(
        default=None, description="end of the last interval, ISO 8601 with an offset; or give days"
    )
    days: Annotated[float, Field(gt=0, le=36_525)] | None = Field(
        default=None, description="length in days, instead of end"
    )
    interval: Literal[5, 10, 15, 30, 60] = Field(
        default=15, description="length of a delivery interval, minutes: 5, 10, 15, 30 or 60"
    )
    series: FileTimes | None = Field(
        default=None, description="instead of all others: the run covers this file's stamps"
    )

    @property
    def seconds(self) -> int:
        """Length of the run in seconds; 0 when a file says it."""
        if self.start is None:
            return 0
        if self.end is not None:
            return round((self.end - self.start).total_seconds())
        return round((self.days or 0) * 86_400)

    @model_validator(mode="after")
    def _check(self) -> Self:
        raise_if_any(list(self._file_problems() if self.series else self._span_problems()))
        return self

    def _file_problems(self) -> Iterator[tuple[Loc, str]]:
        for name in ("start", "end", "days", "interval"):
            if name in self.model_fields_set:
                yield (name,), "must not stand beside series, whose file says it"

    def _span_problems(self) -> Iterator[tuple[Loc, str]]:
        if self.start is None:
            yield ("start",), "is required: the start of the run, or series = {file = ...}"
        elif (self.end is None) == (self.days is None):
            yield ("end",), "give either end or days"
        elif self.seconds <= 0:
            yield ("end",), f"must come after start, which is {self.start.isoformat()}"
        elif self.seconds > timedelta(days=36_525).total_seconds():
            yield ("end",), "the run must not be longer than 36525 days"
        elif self.seconds % (self.interval * 60):
            key = "end" if self.end else "days"
            yield (key,), f"the interval of {self.interval} minutes does not divide the run"


class Markets(Section):
    """The markets."""

    rules: Base | None = Field(
        default=None,
        description="rule set that lies under the scenario, a bundled name (talatan list rules) "
        "or a path: keys of market and fees that no scenario file writes",
    )
    energy: EnergyMarket = Field(default_factory=EnergyMarket, description="the energy auction")
    imbalance: Imbalance = Field(
        default_factory=Imbalance, description="the settlement of deviations"
    )
    storage_service: StorageService = Field(
        default_factory=StorageService, description="storing what would be curtailed"
    )
    capacity_payment: CapacityPayment = Field(
        default_factory=CapacityPayment, description="payment to stations for being there"
    )
    rights: Rights | None = Field(
        default=None, description="the auction of storage rights; default: none is held"
    )


class Zone(Section):
    """A price zone."""

    name: Name = Field(description="name, unique among zones")


class Event(Section):
    """A dated change of rules, or a dated outage."""

    at: Instant = Field(description="when, ISO 8601 with an offset")
    set: dict[str, Any] | None = Field(
        default=None,
        description='changed rules, like {"market.energy.price_cap" = 1000}: keys of '
        "market.energy (not the gates), market.imbalance, market.storage_service (not share, "
        "netting, min_power_mw and min_hours), market.capacity_payment and fees; market.rules "
        "puts another rule set under the scenario, as far as its keys may change",
    )
    outage: Name | None = Field(default=None, description="unit or entry that fails")
    hours: Positive | None = Field(default=None, description="how long it fails, hours")

    @model_validator(mode="after")
    def _check(self) -> Self:
        found: list[tuple[Loc, str]] = []
        if (self.set is None) == (self.outage is None):
            found.append((("set",), "give either set (changed rules) or outage (who fails)"))
        elif (self.outage is None) != (self.hours is None):
            found.append((("hours",), "goes with outage: give both, or neither"))
        elif self.set is not None and not self.set:
            found.append((("set",), "is empty; accepted: at least one changed rule"))
        raise_if_any(found)
        return self


class Recording(Section):
    """What is written."""

    units: Literal[True, False, "daily"] = Field(
        default=True, description="rows per unit: all intervals, none, or daily sums"
    )
    ledger: Literal["interval", "day", "month"] = Field(
        default="day", description="over what the ledger is summed"
    )
    orders: bool = Field(default=False, description="whether all orders are written")


class Scenario(Section):
    """A whole scenario file."""

    scenario: Header = Field(description="what the run is called")
    time: Time = Field(description="when it takes place")
    market: Markets = Field(default_factory=Markets, description="the markets")
    fees: Fees = Field(default_factory=Fees, description="what is paid on top of the price")
    zone: Tables[Zone] = Field(default=(), description='price zones; default: one, named "main"')
    generator: Tables[AnyGenerator] = Field(default=(), description="power plants")
    storage: Tables[Storage] = Field(default=(), description="storage owners")
    data_center: Tables[DataCenter] = Field(default=(), description="data centres")
    load: Tables[Load] = Field(default=(), description="loads")
    external: Tables[External] = Field(default=(), description="outside markets")
    contract: Tables[AnyContract] = Field(default=(), description="contracts between owners")
    tenant: Tables[Tenant] = Field(default=(), description="who bids for storage rights")
    event: Tables[Event] = Field(default=(), description="dated changes and outages")
    recording: Recording = Field(default_factory=Recording, description="what is written")

    @property
    def zones(self) -> tuple[str, ...]:
        """Names of the price zones, sorted."""
        return tuple(sorted(zone.name for zone in self.zone)) or ("main",)

    def located_units(self) -> Iterator[tuple[Loc, Unit]]:
        """Yield every entry that stands for units, with its place in the file."""
        for section in UNIT_SECTIONS:
            for index, entry in enumerate(getattr(self, section)):
                yield (section, index), entry

    def contracts(self, kind: type[SomeContract]) -> Iterator[tuple[int, SomeContract]]:
        """Yield the contracts of one kind, each with its place in the file."""
        for index, contract in enumerate(self.contract):
            if isinstance(contract, kind):
                yield index, contract
