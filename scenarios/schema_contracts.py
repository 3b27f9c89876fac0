"""Contracts between owners: price differences, storage service, and leases of storage."""

import re
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from market import BoolArray, IntArray
from scenarios.choices import check_forecast, check_strategy
from scenarios.problems import raise_if_any
from scenarios.schema_service import FORECAST, STRATEGY, SliceForecast, SliceStrategy
from scenarios.schema_types import Instant, Name, Section
from scenarios.schema_units import Found, NotNegative, Positive

DAY = 24 * 60
CLOCK = re.compile(r"([01]\d|2[0-4]):([0-5]\d)")
WINDOW = 'two clock times, like ["10:00", "16:00"]'


def clock_minutes(text: str) -> int:
    """Return a clock time from 00:00 to 24:00 as minutes after midnight.

    >>> clock_minutes("10:30")
    630
    """
    found = CLOCK.fullmatch(text)
    minutes = int(found[1]) * 60 + int(found[2]) if found else DAY + 1
    if minutes > DAY:
        raise ValueError(f"must be {WINDOW}")
    return minutes


def _window(value: object) -> object:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError(f"must be {WINDOW}")
    if not all(isinstance(item, str) for item in value):
        raise ValueError(f"must be {WINDOW}")
    if clock_minutes(value[0]) % DAY == clock_minutes(value[1]) and value[0] != "00:00":
        raise ValueError("begins when it ends; without a window the contract holds all day")
    return tuple(value)


Window = Annotated[tuple[str, str], BeforeValidator(_window, json_schema_input_type=list[str])]


class Agreement(Section):
    """What every contract has."""

    name: Name = Field(description="name, unique among contracts")
    start: Instant | None = Field(
        default=None, description="from when, ISO 8601; default: the run's start"
    )
    end: Instant | None = Field(
        default=None, description="until when, ISO 8601; default: the run's end"
    )

    def relations(self) -> Found:
        """Yield what is wrong between the keys."""
        if self.start and self.end and self.end <= self.start:
            yield ("end",), f"must come after start, which is {self.start.isoformat()}"

    @model_validator(mode="after")
    def _check(self) -> Self:
        raise_if_any(list(self.relations()))
        return self


class Difference(Agreement):
    """A contract for difference between two owners."""

    kind: Literal["difference"] = Field(default="difference", description="kind of contract")
    seller: Name = Field(description="owner who sells")
    buyer: Name = Field(description="owner who buys")
    mw: Positive = Field(description="power, MW")
    price: float = Field(description="agreed price, currency/MWh")

    def relations(self) -> Found:
        """Yield what is wrong between the two owners, and between the dates."""
        if self.seller == self.buyer:
            yield ("buyer",), "must not be the seller too"
        yield from super().relations()


class ServiceContract(Agreement):
    """Storage service agreed ahead: a station stores what an owner's plants would curtail."""

    kind: Literal["service"] = Field(description="kind of contract")
    station: Name = Field(description="storage that serves")
    buyer: Name = Field(description="owner of the pv or wind plants that are served")
    mw: Positive = Field(
        description="highest power of charging, MW; kept free of auction awards in its window, as "
        "far as the buyer's plants expect to run"
    )
    window: Window = Field(
        default=("00:00", "24:00"),
        description="hours of the day it holds in, two clock times at the run's offset, which may "
        "span midnight",
    )
    price: NotNegative = Field(description="agreed price, currency per MWh charged")
    mwh: Positive | None = Field(
        default=None, description="energy it covers in all, MWh charged; default: no limit"
    )

    @property
    def begins(self) -> int:
        """Start of the window, minutes after midnight."""
        return clock_minutes(self.window[0]) % DAY

    @property
    def minutes(self) -> int:
        """Length of the window, minutes."""
        return (clock_minutes(self.window[1]) - self.begins) % DAY or DAY

    def covers(self, minute: IntArray) -> BoolArray:
        """Return whether minutes after midnight lie in the window.

        >>> import numpy as np
        >>> night = ServiceContract.model_construct(window=("22:00", "04:00"))
        >>> night.covers(np.array([0, 239, 240, 1320])).tolist()
        [True, True, False, True]
        """
        inside: BoolArray = (minute - self.begins) % DAY < self.minutes
        return inside


class Lease(Agreement):
    """A lease of a part of a station, which the tenant runs as a battery of its own."""

    kind: Literal["lease"] = Field(description="kind of contract")
    station: Name = Field(description="storage of which a part is leased")
    tenant: Name = Field(description="account of the tenant; it may own plants, or nothing else")
    mw: Positive = Field(description="power leased, MW")
    mwh: Positive | None = Field(
        default=None, description="energy leased, MWh; default: mw x the station's hours"
    )
    price: NotNegative = Field(description="rent, currency per kW and year")
    strategy: SliceStrategy = STRATEGY
    forecast: SliceForecast = FORECAST

    def relations(self) -> Found:
        """Yield what is wrong with strategy and forecast, and between the dates."""
        yield from check_strategy("storage", self.strategy)
        yield from check_forecast(self.forecast)
        yield from super().relations()


KINDS = {"difference": Difference, "service": ServiceContract, "lease": Lease}


def _kind(value: object) -> str:
    """Return which model reads a contract; without a kind it is one for differences."""
    if isinstance(value, Agreement):
        return f"#{type(value).__name__}"
    kind = value.get("kind", "difference") if isinstance(value, dict) else "difference"
    known = KINDS.get(kind) if isinstance(kind, str) else None
    return "#unknown" if known is None else f"#{known.__name__}"


AnyContract = Annotated[
    Annotated[Difference, Tag("#Difference")]
    | Annotated[ServiceContract, Tag("#ServiceContract")]
    | Annotated[Lease, Tag("#Lease")],
    Discriminator(_kind),
]
