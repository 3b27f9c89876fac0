"""A scenario file: what may stand in it, with units and defaults."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from scenarios.choices import check_mechanism
from scenarios.problems import Loc, raise_if_any
from scenarios.schema_demand import DataCenter, External, Load
from scenarios.schema_storage import Storage
from scenarios.schema_types import FileTimes, Instant, Name, Section, Tables
from scenarios.schema_units import (
    AnyGenerator,
    Generator,
    NotNegative,
    Positive,
    Unit,
)

AnyUnit = Generator | Storage | DataCenter | Load | External
Minutes = Annotated[int, Field(ge=0, le=100_000)]
INTERVALS = (5, 10, 15, 30, 60)
UNIT_SECTIONS = ("generator", "storage", "data_center", "load", "external")


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


class EnergyMarket(Section):
    """The energy auction; other keys are parameters of its mechanism."""

    model_config = ConfigDict(extra="allow")

    mechanism: str = Field(
        default="uniform", description="auction mechanism (talatan list mechanisms)"
    )
    price_floor: float = Field(default=0.0, description="lowest price, currency/MWh")
    price_cap: float = Field(default=1500.0, description="highest price, currency/MWh")
    tie_break: Literal["pro-rata", "time", "random"] = Field(
        default="pro-rata", description="who is served among equals at the margin"
    )
    self_trade_prevention: Literal["unit", "owner"] = Field(
        default="unit",
        description="whose offers and bids never meet: a unit's, or those of all units of an owner",
    )
    gate_closure: Minutes = Field(default=15, description="orders are due, minutes before delivery")
    gate_opening: Minutes | None = Field(
        default=None,
        description="orders are taken from, minutes before delivery; default: gate_closure+1",
    )

    @property
    def params(self) -> dict[str, Any]:
        """Parameters of the mechanism, as given."""
        return dict(self.model_extra or {})

    @property
    def opening(self) -> int:
        """Minutes before delivery at which the gate opens."""
        return self.gate_closure + 1 if self.gate_opening is None else self.gate_opening

    @model_validator(mode="after")
    def _check(self) -> Self:
        known = tuple(type(self).model_fields)
        found = list(check_mechanism(self.mechanism, self.params, known))
        if self.price_floor >= self.price_cap:
            found.append((("price_floor",), f"must be below price_cap, {self.price_cap:g}"))
        if self.opening <= self.gate_closure:
            text = f"must exceed gate_closure, which is {self.gate_closure} minutes"
            found.append((("gate_opening",), text))
        raise_if_any(found)
        return self


class Imbalance(Section):
    """How deviations from the market position are paid."""

    rule: Literal["single", "dual", "spread"] = Field(
        default="single",
        description="one price, two prices, or the clearing price plus and minus spread",
    )
    spread: NotNegative = Field(default=0.0, description="for the rule spread, currency/MWh")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.spread and self.rule != "spread":
            raise_if_any([(("spread",), f'is only used by rule = "spread", not "{self.rule}"')])
        return self


class Markets(Section):
    """The markets."""

    energy: EnergyMarket = Field(default_factory=EnergyMarket, description="the energy auction")
    imbalance: Imbalance = Field(
        default_factory=Imbalance, description="the settlement of deviations"
    )


class Fees(Section):
    """What is paid on top of the price."""

    transaction_buyer: NotNegative = Field(default=0.0, description="paid by buyers, currency/MWh")
    transaction_seller: NotNegative = Field(
        default=0.0, description="paid by sellers, currency/MWh"
    )
    grid: NotNegative = Field(
        default=0.0, description="transmission tariff of consumption, currency/MWh"
    )
    storage_grid: Literal["losses", "full", "none"] = Field(
        default="losses",
        description="what storage pays the tariff on: its losses, all charging, nothing",
    )


class Zone(Section):
    """A price zone."""

    name: Name = Field(description="name, unique among zones")


class Contract(Section):
    """A contract for difference between two owners."""

    name: Name = Field(description="name, unique among contracts")
    seller: Name = Field(description="owner who sells")
    buyer: Name = Field(description="owner who buys")
    start: Instant | None = Field(
        default=None, description="from when, ISO 8601; default: the run's start"
    )
    end: Instant | None = Field(
        default=None, description="until when, ISO 8601; default: the run's end"
    )
    mw: Positive = Field(description="power, MW")
    price: float = Field(description="agreed price, currency/MWh")

    @model_validator(mode="after")
    def _check(self) -> Self:
        found: list[tuple[Loc, str]] = []
        if self.seller == self.buyer:
            found.append((("buyer",), "must not be the seller too"))
        if self.start and self.end and self.end <= self.start:
            found.append((("end",), f"must come after start, which is {self.start.isoformat()}"))
        raise_if_any(found)
        return self


class Event(Section):
    """A dated change of rules, or a dated outage."""

    at: Instant = Field(description="when, ISO 8601 with an offset")
    set: dict[str, Any] | None = Field(
        default=None,
        description='changed rules, like {"market.energy.price_cap" = 1000}: keys of '
        "market.energy (not the gates), market.imbalance and fees",
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
    contract: Tables[Contract] = Field(default=(), description="contracts between owners")
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
