"""The shared-storage market: storage service, capacity payment, storage rights and who bids."""

from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from scenarios.choices import check_forecast, check_strategy
from scenarios.problems import raise_if_any
from scenarios.schema_market import Auction, Found, Ties
from scenarios.schema_types import Choice, Name, Named, Section, Tables
from scenarios.schema_units import NotNegative, Positive, Share

Mode = Literal["lease", "bilateral", "auction", "call"]
Ceiling = Annotated[float, Field(gt=0, allow_inf_nan=True)]
TermDays = Annotated[int, Field(ge=1, le=36_525)]
SliceStrategy = Annotated[
    Named,
    Field(description="how its part of the station bids: a name, or {name = ..., parameters}"),
]
SliceForecast = Annotated[
    Named,
    Field(
        description="what it expects of prices: perfect, persistence, or {name = noisy, sd = ...}"
    ),
]
STRATEGY, FORECAST = Choice(name="virtual_battery"), Choice(name="persistence")
"""How a tenant runs his part of a station unless he says otherwise."""


class StorageService(Auction):
    """Storing what plants would have to curtail; other keys are parameters of the mechanism."""

    modes: Tables[Mode] = Field(
        default=(),
        description="ways to use the service, in the order of use: lease (tenants store their "
        "own), bilateral (contracts), auction, call (by the grid); default: no service market",
    )
    mechanism: str = Field(
        default="uniform",
        description="mechanism of the service auction (talatan list mechanisms)",
    )
    ceiling: Ceiling | None = Field(
        default=None,
        description="highest price of the service auction, currency per MWh charged, inf for "
        "none; default: none",
    )
    tie_break: Ties = Field(
        default="pro-rata", description="who is served among equals at the margin of the auction"
    )
    day_ahead: bool = Field(
        default=True, description="whether a service auction is held before each day"
    )
    intraday: bool = Field(
        default=True, description="whether one is held after each energy auction"
    )
    call_price: NotNegative = Field(
        default=0.0, description="regulated price of a grid call, currency per MWh charged"
    )
    call_payer: Literal["curtailed", "others"] = Field(
        default="others",
        description="who pays for a call: the plant that is curtailed, or all other generators by "
        "their output",
    )
    call_order: Literal["efficiency", "charge", "name"] = Field(
        default="efficiency",
        description="which station is called first: that with the least losses, the emptiest, "
        "the first by name",
    )
    call_paid: bool = Field(
        default=True, description="whether calls are paid; false in trials of spot settlement"
    )
    returned_price: Literal["market", "tariff"] = Field(
        default="market",
        description="what a plant gets for its energy when it is given back: the market's price "
        "then, or its own tariff where it has one",
    )
    access: Literal["all", "owner"] = Field(
        default="all",
        description="owner: a station serves the plants of its owner only, for nothing",
    )
    merchant: bool = Field(
        default=True,
        description="whether stations that serve may also bid for themselves in the energy auction",
    )
    share: Share = Field(
        default=1.0,
        description="part of each admitted station that serves, 0 to 1; fixed for the run",
    )
    netting: Literal["proportional", "equal", "owner", "shapley", "nucleolus"] = Field(
        default="proportional",
        description="how the slices of a station share what they save by netting; owner: all to "
        "the station's owner; fixed for the run",
    )
    min_power_mw: NotNegative = Field(
        default=0.0, description="smaller stations are not admitted, MW; fixed for the run"
    )
    min_hours: NotNegative = Field(
        default=0.0,
        description="nor those that hold less than so many hours at full power; fixed for the run",
    )

    @property
    def is_on(self) -> bool:
        """Whether anything is stored for plants under these rules."""
        return bool(self.modes) or self.access == "owner"

    def relations(self) -> Found:
        """Yield what is wrong between the ways of use."""
        twice = [mode for index, mode in enumerate(self.modes) if mode in self.modes[:index]]
        if twice:
            yield ("modes",), f'names "{twice[0]}" twice; the order of use has each once'
        if "auction" in self.modes and not (self.day_ahead or self.intraday):
            yield ("modes",), 'has "auction", but neither day_ahead nor intraday ones are held'


class CapacityPayment(Section):
    """Paid to listed stations for being there: price x min(1, their hours / peak_hours)."""

    price: NotNegative = Field(
        default=0.0,
        description="capacity price of local coal plants, currency per kW and year; 0: no payment",
    )
    peak_hours: Positive = Field(
        default=6.0, description="longest net-load peak of the year, hours"
    )
    payer: Literal["consumers", "generators", "government"] = Field(
        default="consumers",
        description="who pays: consumers by their consumption, generators by their output, or "
        "the government",
    )


class Product(Section):
    """A storage right: MWh for each MW, for a term."""

    hours: Positive | None = Field(
        default=None, description="MWh for each MW, hours; default: as in market.rights"
    )
    term_days: TermDays | None = Field(
        default=None, description="length of the lease, days; default: as in market.rights"
    )


class Right(NamedTuple):
    """What is auctioned: MWh for each MW (None: as much as the station has), and for how long."""

    hours: float | None
    term_days: int


class Rights(Auction):
    """The periodic auction of storage rights; other keys are parameters of its mechanism."""

    mechanism: str = Field(
        default="uniform", description="auction mechanism (talatan list mechanisms)"
    )
    share: Share = Field(default=0.0, description="part of each admitted station offered, 0 to 1")
    reserve: NotNegative | None = Field(
        default=None,
        description="lowest price, currency per kW and year; default: each station's lease_ask",
    )
    ceiling: Ceiling | None = Field(
        default=None,
        description="highest price, currency per kW and year, inf for none; default: none",
    )
    tie_break: Ties = Field(
        default="pro-rata", description="who is served among equals at the margin"
    )
    hours: Positive | None = Field(
        default=None, description="MWh for each MW, hours; default: those of the station"
    )
    term_days: TermDays = Field(default=30, description="length of the lease, days")
    products: Tables[Product] = Field(
        default=(),
        description="several rights, auctioned in this order; default: one of hours and term_days",
    )
    resale_days: Annotated[int, Field(ge=0, le=36_525)] = Field(
        default=0,
        description="days between the sessions of the secondary market; 0: there is none",
    )
    experience: Share = Field(
        default=0.5,
        description="weight of what a tenant earned in what rights are worth to it at a resale, "
        "0 to 1",
    )

    @property
    def rights(self) -> tuple[Right, ...]:
        """What is auctioned, in this order."""
        return tuple(
            Right(product.hours or self.hours, product.term_days or self.term_days)
            for product in self.products or (Product(),)
        )

    def relations(self) -> Found:
        """Yield what is wrong between the limits, and between the days."""
        if self.ceiling is not None and (self.reserve or 0.0) >= self.ceiling:
            yield ("reserve",), f"must be below ceiling, {self.ceiling:g}"
        longest = max(right.term_days for right in self.rights)
        if self.resale_days >= longest:
            text = f"must be less than the longest term, which is {longest} days"
            yield ("resale_days",), text


class Tenant(Section):
    """Who bids for storage rights, and runs what it gets as a battery of its own."""

    name: Name = Field(description="name, unique among tenants and leases")
    owner: Name | None = Field(
        default=None, description="account it belongs to; default: its own name"
    )
    mw: Positive = Field(description="power it wants, MW")
    value: NotNegative = Field(description="what it pays at most, currency per kW and year")
    product: Annotated[int, Field(ge=1)] = Field(
        default=1, description="which of market.rights.products it wants, counted from 1"
    )
    strategy: SliceStrategy = STRATEGY
    forecast: SliceForecast = FORECAST

    @property
    def account(self) -> str:
        """Whose money it is."""
        return self.owner or self.name

    @model_validator(mode="after")
    def _check(self) -> Self:
        raise_if_any([*check_strategy("storage", self.strategy), *check_forecast(self.forecast)])
        return self
