"""The energy auction, the settlement of deviations and the fees."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from scenarios.choices import check_mechanism
from scenarios.problems import Loc, raise_if_any
from scenarios.schema_types import Section
from scenarios.schema_units import NotNegative

Found = Iterator[tuple[Loc, str]]
Minutes = Annotated[int, Field(ge=0, le=100_000)]
Ties = Literal["pro-rata", "time", "random"]


class Auction(Section):
    """An auction; keys it does not know are parameters of its mechanism."""

    model_config = ConfigDict(extra="allow")

    mechanism: str = Field(
        default="uniform", description="auction mechanism (talatan list mechanisms)"
    )

    @property
    def params(self) -> dict[str, Any]:
        """Parameters of the mechanism, as given."""
        return dict(self.model_extra or {})

    def relations(self) -> Found:
        """Yield what is wrong between the keys."""
        yield from ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        known = tuple(type(self).model_fields)
        found = [*check_mechanism(self.mechanism, self.params, known), *self.relations()]
        raise_if_any(found)
        return self


class EnergyMarket(Auction):
    """The energy auction; other keys are parameters of its mechanism."""

    price_floor: float = Field(default=0.0, description="lowest price, currency/MWh")
    price_cap: float = Field(default=1500.0, description="highest price, currency/MWh")
    tie_break: Ties = Field(
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
    def opening(self) -> int:
        """Minutes before delivery at which the gate opens."""
        return self.gate_closure + 1 if self.gate_opening is None else self.gate_opening

    def relations(self) -> Found:
        """Yield what is wrong between the limits, and between the gates."""
        if self.price_floor >= self.price_cap:
            yield ("price_floor",), f"must be below price_cap, {self.price_cap:g}"
        if self.opening <= self.gate_closure:
            text = f"must exceed gate_closure, which is {self.gate_closure} minutes"
            yield ("gate_opening",), text


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
