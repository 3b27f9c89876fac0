"""Storage owners, with the limits of their batteries, pumps or heat."""

from typing import Annotated, ClassVar

from pydantic import Field

from scenarios.choices import check_strategy
from scenarios.schema_types import Choice, Named, Section
from scenarios.schema_units import Efficiency, Found, NotNegative, Positive, Share, Unit


class Ageing(Section):
    """How storage loses capacity to cycles and to time."""

    cycles: Annotated[float, Field(ge=1)] = Field(
        description="cycles of the whole energy_mwh until the end of life, without calendar "
        "ageing, at least 1"
    )
    depth_exponent: Annotated[float, Field(ge=1, le=5)] = Field(
        default=1.0,
        description="a cycle of depth d takes d^depth_exponent / cycles of the life; 1 counts "
        "energy only, 1 to 5",
    )
    calendar_years: Annotated[float, Field(ge=1)] = Field(
        description="years of 365 days until the end of life, without cycles, at least 1"
    )
    calendar_exponent: Annotated[float, Field(gt=0, le=1)] = Field(
        default=1.0,
        description="calendar fade follows this power of time: 1 is linear, 0.5 the square root",
    )
    end_of_life: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.8, description="share of the capacity left at the end of life, between 0 and 1"
    )
    replacement_cost: NotNegative = Field(
        default=0.0,
        description="price of new capacity, currency per kWh of energy_mwh; its wear is added to "
        "cycle_cost; 0 leaves wear out of the bids",
    )


class Storage(Unit):
    """A storage owner: charging is buying, discharging is selling."""

    unit_kind: ClassVar[str] = "storage"
    forecasts: ClassVar[str] = "price"

    power_mw: Positive = Field(description="largest power sold, on the grid side, MW")
    energy_mwh: Positive = Field(description="energy it holds, MWh")
    power_charge_mw: Positive | None = Field(
        default=None, description="largest power bought, MW; default: power_mw"
    )
    efficiency_charge: Efficiency = Field(
        default=0.95, description="energy stored per energy bought, above 0 and at most 1"
    )
    efficiency_discharge: Efficiency = Field(
        default=0.95, description="energy sold per energy taken out, above 0 and at most 1"
    )
    self_discharge_per_hour: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.0, description="share of stored energy lost in an hour, 0 to below 1"
    )
    cycle_cost: NotNegative = Field(default=0.0, description="wear, currency per MWh discharged")
    ageing: Ageing | None = Field(
        default=None, description="loss of capacity; default: the capacity stays as it is"
    )
    soc_min: Share = Field(default=0.0, description="lowest state of charge, share of energy_mwh")
    soc_max: Share = Field(default=1.0, description="highest state of charge, share of energy_mwh")
    soc_start: Share = Field(
        default=0.5, description="state of charge at the start, share of energy_mwh"
    )
    soc_end: Share | None = Field(
        default=None, description="state of charge to end with, share of energy_mwh; default: free"
    )
    segments: int = Field(
        default=5, ge=1, le=5, description="price steps of its offers each way, 1 to 5"
    )
    service_share: Share | None = Field(
        default=None,
        description="part that serves plants, 0 to 1; default: market.storage_service.share",
    )
    service_ask: NotNegative | None = Field(
        default=None,
        description="lowest price in the service auction, currency per MWh charged; default: "
        "cycle_cost x round trip",
    )
    service_strategy: Named = Field(
        default=Choice(name="service_return"),
        description="how the part that serves plants sells what it holds: a name, or {name = ..., "
        "parameters}",
    )
    lease_ask: NotNegative = Field(
        default=0.0, description="lowest rent of storage rights, currency per kW and year"
    )
    listed: bool = Field(default=False, description="whether it gets the capacity payment")
    capital_cost: NotNegative | None = Field(
        default=None,
        description="what it cost to build, currency per kWh of energy_mwh; default: unknown",
    )
    strategy: Named = Field(
        default=Choice(name="opportunity_value"),
        description=Unit.model_fields["strategy"].description,
    )
    forecast: Named = Field(
        default=Choice(name="persistence"), description=Unit.model_fields["forecast"].description
    )

    def relations(self) -> Found:
        """Yield what is wrong with the service, and between the states of charge."""
        for _, text in check_strategy("storage", self.service_strategy):
            yield ("service_strategy",), text
        if self.soc_min >= self.soc_max:
            yield ("soc_min",), f"must be below soc_max, which is {self.soc_max:g}"
            return
        for name in ("soc_start", "soc_end"):
            value = getattr(self, name)
            if value is not None and not self.soc_min <= value <= self.soc_max:
                text = f"must lie between soc_min and soc_max, {self.soc_min:g} to {self.soc_max:g}"
                yield (name,), text
