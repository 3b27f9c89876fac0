"""Who takes part: one model for each kind of unit, with its physics and its defaults."""

import math
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, ValidationError, model_validator

from scenarios.choices import check_forecast, check_strategy
from scenarios.problems import Loc, raise_if_any, unknown
from scenarios.schema_types import Choice, Limits, Name, Named, Outages, Section, Series

Share = Annotated[float, Field(ge=0, le=1)]
Efficiency = Annotated[float, Field(gt=0, le=1)]
NotNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Found = Iterator[tuple[Loc, str]]

NEVER_SPREAD = ("count", "segments", "pue", "service_share")


class Unit(Section):
    """What every participant has."""

    unit_kind: ClassVar[str] = ""
    forecasts: ClassVar[str] = "availability"
    series_limits: ClassVar[dict[str, Limits]] = {}

    name: Name = Field(description="name, unique in the scenario")
    zone: Name = Field(default="main", description="price zone it is in")
    owner: Name | None = Field(
        default=None, description="account it belongs to; default: its own name"
    )
    count: int = Field(
        default=1,
        ge=1,
        le=100_000,
        description="how many such units; they are named name-001, name-002 and so on",
    )
    spread: dict[str, Annotated[float, Field(ge=0, lt=1)]] = Field(
        default_factory=dict,
        description="differences between the units: {parameter = s} draws each unit's value "
        "uniformly from 1-s to 1+s times the entry's; 0 <= s < 1",
    )
    strategy: Named = Field(
        default=Choice(name="truthful"),
        description="how it bids: a name, or {name = ..., parameters}",
    )
    forecast: Named = Field(
        default=Choice(name="perfect"),
        description="what it expects: perfect, persistence, or {name = noisy, sd = ...}",
    )
    outages: Outages | None = Field(default=None, description="random failures; default: none")

    def spreadable(self) -> dict[str, float]:
        """Return the numbers that `spread` may vary, as given or by default."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {
            name: float(value)
            for name, value in values.items()
            if name not in (*self.series_limits, *NEVER_SPREAD)
            and isinstance(value, int | float)
            and not isinstance(value, bool)
        }

    def relations(self) -> Found:
        """Yield what is wrong between the fields of this entry."""
        yield from ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        found = [
            *check_strategy(self.unit_kind, self.strategy),
            *check_forecast(self.forecast, self.forecasts or "price"),
            *self._forecast_problems(),
            *self._series_problems(),
            *self.relations(),
        ]
        raise_if_any(found or list(self._spread_problems()))
        return self

    def _forecast_problems(self) -> Found:
        if not self.forecasts and "forecast" in self.model_fields_set:
            yield ("forecast",), f"is of no use to {self.unit_kind}, which needs to expect nothing"

    def _series_problems(self) -> Found:
        for key, (low, high) in self.series_limits.items():
            value = getattr(self, key)
            if isinstance(value, float | int) and not low <= value <= high:
                yield (key,), f"must lie between {low:g} and {high:g}"

    def _spread_problems(self) -> Found:
        values = self.spreadable()
        for name, width in self.spread.items():
            if name not in values:
                yield ("spread", name), unknown("parameter to spread", name, values)
            else:
                yield from self._beyond(name, values[name], width)

    def _beyond(self, name: str, value: float, width: float) -> Found:
        for factor in (1 - width, 1 + width):
            try:
                self.varied({name: value * factor})
            except ValidationError:
                text = f"takes {name} to {value * factor:g}, which is not allowed"
                yield ("spread", name), text

    def varied(self, values: dict[str, float]) -> Self:
        """Return this entry with other numbers and without spread; validates them."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        whole = {name for name, known in type(self).model_fields.items() if known.annotation is int}
        new = {name: round(value) if name in whole else value for name, value in values.items()}
        if "capacity_mw" in new:
            given.pop("total_capacity_mw", None)
        return type(self).model_validate({**given, **new, "spread": {}})


class Generator(Unit):
    """What every power plant has."""

    capacity_mw: Positive | None = Field(default=None, description="capacity of one unit, MW")
    total_capacity_mw: Positive | None = Field(
        default=None,
        description="capacity of all `count` units together, MW, instead of capacity_mw",
    )
    marginal_cost: float = Field(default=0.0, description="cost of producing, currency/MWh")
    subsidy: float = Field(default=0.0, ge=0, description="paid per MWh delivered, currency/MWh")
    certificate: float = Field(
        default=0.0, ge=0, description="value of the green certificate, currency/MWh delivered"
    )

    @property
    def unit_capacity(self) -> float:
        """Capacity of one unit in MW, before any spread."""
        if self.capacity_mw is not None:
            return self.capacity_mw
        return (self.total_capacity_mw or 0.0) / self.count

    def spreadable(self) -> dict[str, float]:
        """Return the same; a total may be spread under either name."""
        values = super().spreadable()
        if self.total_capacity_mw is not None:
            values["capacity_mw"] = self.unit_capacity
        return values

    def relations(self) -> Found:
        """Yield what is wrong with the capacity."""
        if (self.capacity_mw is None) == (self.total_capacity_mw is None):
            yield ("capacity_mw",), "give either capacity_mw or total_capacity_mw, in MW"

    def _at_most_capacity(self, name: str) -> Found:
        value, capacity = getattr(self, name), self.unit_capacity
        if capacity and value > capacity:
            yield (name,), f"must not exceed the capacity of one unit, {capacity:g} MW"


class Weather(Generator):
    """What PV and wind plants share."""

    series_limits: ClassVar[dict[str, Limits]] = {"availability": Limits(0, 1)}

    availability: Series = Field(
        description="output that is possible per unit of capacity, 0 to 1, a series"
    )
    diversity: Share = Field(
        default=0.0,
        description="standard deviation of each plant's own deviation from the series, 0 to 1",
    )
    derate: Efficiency = Field(
        default=1.0, description="factor on the availability for losses, above 0 and at most 1"
    )
    tariff: NotNegative | None = Field(
        default=None,
        description="own on-grid price, currency/MWh, at which energy given back by storage is "
        "paid if the rules say so; default: the market's price",
    )
    service_bid: Share = Field(
        default=1.0,
        description="what it bids for storage service, as a share of the price at which it gains "
        "nothing, 0 to 1",
    )


class Pv(Weather):
    """A photovoltaic plant."""

    unit_kind: ClassVar[str] = "pv"
    kind: Literal["pv"] = Field(description="kind of plant")


class Wind(Weather):
    """A wind farm."""

    unit_kind: ClassVar[str] = "wind"
    kind: Literal["wind"] = Field(description="kind of plant")


class Stored(Generator):
    """What plants with a store of their own share."""

    water_value_empty: float = Field(
        default=0.0, description="value of stored energy when the store is empty, currency/MWh"
    )
    water_value_full: float = Field(
        default=0.0, description="the same when it is full; linear in between, currency/MWh"
    )

    def relations(self) -> Found:
        """Yield what is wrong with the capacity and the water values."""
        yield from super().relations()
        if self.water_value_full > self.water_value_empty:
            yield ("water_value_full",), "must not exceed water_value_empty"


class Hydro(Stored):
    """A hydro plant; without a reservoir it is run-of-river."""

    unit_kind: ClassVar[str] = "hydro"
    series_limits: ClassVar[dict[str, Limits]] = {"inflow": Limits(0, math.inf)}

    kind: Literal["hydro"] = Field(description="kind of plant")
    inflow: Series = Field(
        description="inflow as power per unit of capacity, not below 0, a series"
    )
    reservoir_mwh: NotNegative = Field(
        default=0.0, description="energy the reservoir of one unit holds, MWh; 0 is run-of-river"
    )
    reservoir_start: Share = Field(default=0.5, description="reservoir level at the start, 0 to 1")
    min_release_mw: NotNegative = Field(
        default=0.0, description="output that must always run while there is water, MW per unit"
    )

    def relations(self) -> Found:
        """Yield what is wrong between capacity, release and water values."""
        yield from super().relations()
        yield from self._at_most_capacity("min_release_mw")
        if self.min_release_mw and not self.reservoir_mwh:
            text = "needs a reservoir: without reservoir_mwh all inflow is released anyway"
            yield ("min_release_mw",), text


class Csp(Stored):
    """A concentrating solar plant with a heat store."""

    unit_kind: ClassVar[str] = "csp"
    forecasts: ClassVar[str] = ""
    series_limits: ClassVar[dict[str, Limits]] = {"solar": Limits(0, 1)}

    kind: Literal["csp"] = Field(description="kind of plant")
    solar: Series = Field(
        description="direct solar input per unit of solar field, 0 to 1, a series"
    )
    solar_multiple: Positive = Field(
        default=2.0, description="size of the solar field over what the turbine takes"
    )
    storage_hours: NotNegative = Field(
        default=7.0, description="heat store in hours at full output, hours"
    )
    storage_start: Share = Field(default=0.0, description="heat in store at the start, 0 to 1")
    loss_per_hour: Share = Field(default=0.005, description="share of stored heat lost in an hour")
    min_stable_mw: NotNegative = Field(
        default=0.0, description="least output while running, MW per unit"
    )

    def relations(self) -> Found:
        """Yield what is wrong between capacity, minimum output and water values."""
        yield from super().relations()
        yield from self._at_most_capacity("min_stable_mw")


class Thermal(Generator):
    """A thermal plant."""

    unit_kind: ClassVar[str] = "thermal"
    forecasts: ClassVar[str] = ""

    kind: Literal["thermal"] = Field(description="kind of plant")
    min_stable_mw: NotNegative = Field(
        default=0.0, description="least output while running, MW per unit"
    )
    ramp_mw_per_hour: Positive | None = Field(
        default=None,
        description="largest change of output, MW per hour and unit; default: no limit",
    )
    must_run: bool = Field(
        default=True,
        description="whether the least output runs at any price; else it may switch off",
    )

    def relations(self) -> Found:
        """Yield what is wrong between capacity and minimum output."""
        yield from super().relations()
        yield from self._at_most_capacity("min_stable_mw")


AnyGenerator = Annotated[Pv | Wind | Hydro | Csp | Thermal, Field(discriminator="kind")]
