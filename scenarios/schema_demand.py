"""Who buys or lies outside: loads, data centres and external markets."""

import math
from typing import Annotated, ClassVar

from pydantic import Discriminator, Field, Tag

from scenarios.schema_types import Choice, Depth, Limits, Named, Section, Series, Tables
from scenarios.schema_units import Found, NotNegative, Positive, Share, Unit


class Pue(Section):
    """Power usage effectiveness as a function of temperature and load."""

    conversion: NotNegative = Field(
        default=0.05, description="losses of conversion, share of IT power"
    )
    fixed: NotNegative = Field(
        default=0.02, description="fixed overhead, share of IT power at full load"
    )
    fans: NotNegative = Field(default=0.05, description="fans and pumps, share of IT power")
    free_cooling: float = Field(default=17.0, description="below this cooling is free, degC")
    full_cooling: float = Field(
        default=27.0, description="above this cooling is fully mechanical, degC"
    )


def _pue_tag(value: object) -> str | None:
    if isinstance(value, dict | Pue):
        return "#Pue"
    return "#number" if isinstance(value, int | float) and not isinstance(value, bool) else None


PueValue = Annotated[
    Annotated[float, Field(ge=1), Tag("#number")] | Annotated[Pue, Tag("#Pue")],
    Discriminator(
        _pue_tag,
        custom_error_type="pue",
        custom_error_message="must be a number of at least 1 or a table of its parts",
    ),
]


class JobFile(Section):
    """Jobs from a file with columns submit_s, duration_s, gpus, class, deadline_s."""

    file: str = Field(
        min_length=1, description="CSV file of jobs, relative to the scenario file or to --data"
    )


class JobProcess(Section):
    """Jobs that arrive at random, from the run's seed."""

    arrivals_per_hour: Annotated[float, Field(gt=0, le=1e5)] = Field(
        description="mean arrivals, jobs per hour, at most 100,000"
    )
    duration_hours: Positive = Field(default=4.0, description="median run time, hours")
    duration_sd: Annotated[float, Field(ge=0, le=5)] = Field(
        default=1.0, description="standard deviation of the logarithm of the run time"
    )
    gpus_per_job: Annotated[float, Field(ge=1)] = Field(
        default=8.0, description="mean size of a job, GPUs"
    )
    strict: Share = Field(default=0.3, description="share of jobs with a hard deadline, 0 to 1")
    soft: Share = Field(
        default=0.6, description="share of jobs whose value falls in steps; the rest can wait"
    )
    slack: Annotated[float, Field(ge=1)] = Field(
        default=2.0, description="time to the deadline as a multiple of the run time, at least 1"
    )

    def relations(self) -> Found:
        """Yield what is wrong between the shares."""
        if self.strict + self.soft > 1 + 1e-9:
            yield ("soft",), "strict and soft together must not exceed 1"


def _jobs_tag(value: object) -> str | None:
    if isinstance(value, JobFile | JobProcess):
        return f"#{type(value).__name__}"
    if not isinstance(value, dict) or ("file" in value) == ("arrivals_per_hour" in value):
        return None
    return "#JobFile" if "file" in value else "#JobProcess"


Jobs = Annotated[
    Annotated[JobFile, Tag("#JobFile")] | Annotated[JobProcess, Tag("#JobProcess")],
    Discriminator(
        _jobs_tag,
        custom_error_type="jobs",
        custom_error_message='must be {file = "..."} or {arrivals_per_hour = ...}',
    ),
]


class DataCenter(Unit):
    """A data centre: firm inference load and a queue of deferrable jobs."""

    unit_kind: ClassVar[str] = "data_center"
    forecasts: ClassVar[str] = "price"
    series_limits: ClassVar[dict[str, Limits]] = {"temperature": Limits(-90, 70)}

    gpus: int = Field(ge=1, le=100_000_000, description="GPUs installed")
    p_active_kw: Positive = Field(
        default=1.05, description="IT power of an active GPU with its share of the node, kW"
    )
    p_idle_kw: NotNegative = Field(default=0.25, description="IT power of an idle GPU, kW")
    pue: PueValue = Field(
        default_factory=Pue,
        description="site power over IT power: a number of at least 1, or a table",
    )
    temperature: Series = Field(default=6.0, description="outside temperature, degC, a series")
    inference_gpus: int = Field(default=0, ge=0, description="GPUs always busy with inference")
    jobs: Jobs | None = Field(
        default=None, description="deferrable jobs: from a file, or at random"
    )
    value_per_gpu_hour: NotNegative = Field(
        default=5.0, description="revenue of deferrable work, currency per GPU-hour"
    )
    sla_penalty_per_gpu_hour: NotNegative = Field(
        default=20.0,
        description="penalty of a strict job that misses its deadline, currency per GPU-hour",
    )
    segments: int = Field(default=24, ge=1, le=200, description="price steps of its bids")
    green_only: bool = Field(
        default=False, description="buys in the auction from wind, solar and hydro only"
    )
    strategy: Named = Field(
        default=Choice(name="deadline"), description=Unit.model_fields["strategy"].description
    )
    forecast: Named = Field(
        default=Choice(name="persistence"), description=Unit.model_fields["forecast"].description
    )

    def relations(self) -> Found:
        """Yield what is wrong between GPUs, powers, temperatures and jobs."""
        if self.inference_gpus > self.gpus:
            yield ("inference_gpus",), f"must not exceed gpus, which is {self.gpus}"
        if self.p_idle_kw > self.p_active_kw:
            yield ("p_idle_kw",), f"must not exceed p_active_kw, which is {self.p_active_kw:g}"
        if isinstance(self.pue, Pue) and self.pue.free_cooling >= self.pue.full_cooling:
            yield ("pue", "free_cooling"), "must be below full_cooling"
        if isinstance(self.jobs, JobProcess):
            yield from ((("jobs", *loc), text) for loc, text in self.jobs.relations())


class Step(Section):
    """A part of a load that leaves when the price is higher."""

    share: Annotated[float, Field(gt=0, le=1)] = Field(description="share of the demand, 0 to 1")
    price: float = Field(description="highest price it pays, currency/MWh")


class Load(Unit):
    """A load: inelastic at the value of lost load, with elastic steps."""

    unit_kind: ClassVar[str] = "load"
    series_limits: ClassVar[dict[str, Limits]] = {"demand_mw": Limits(0, 1e7)}

    demand_mw: Series = Field(description="demand of one unit, MW, not below 0, a series")
    voll: Positive = Field(default=20_000.0, description="value of lost load, currency/MWh")
    steps: Tables[Step] = Field(
        default=(), description="elastic parts: a list of {share = ..., price = ...}"
    )
    green_only: bool = Field(
        default=False, description="buys in the auction from wind, solar and hydro only"
    )

    def relations(self) -> Found:
        """Yield what is wrong with the shares."""
        total = sum(step.share for step in self.steps)
        if total > 1 + 1e-9:
            yield ("steps",), f"the shares add up to {total:g}, at most 1 is accepted"


class External(Unit):
    """An outside market: a price, and a depth each way."""

    unit_kind: ClassVar[str] = "external"
    forecasts: ClassVar[str] = ""
    series_limits: ClassVar[dict[str, Limits]] = {
        "price": Limits(-1e9, 1e9),
        "import_mw": Limits(0, math.inf),
        "export_mw": Limits(0, math.inf),
    }

    price: Series = Field(description="price outside, currency/MWh, a series")
    import_mw: Depth = Field(
        default=0.0,
        description="most that can be bought from outside, MW, a series; inf is 1,000,000 MW",
    )
    export_mw: Depth = Field(
        default=0.0, description="most that can be sold outside, MW, a series; inf is 1,000,000 MW"
    )
    fee: NotNegative = Field(
        default=0.0, description="added to imports and taken off exports, currency/MWh"
    )

    def relations(self) -> Found:
        """Yield what is wrong when neither direction is open."""
        if self.import_mw == 0 and self.export_mw == 0:
            yield ("import_mw",), "import_mw and export_mw are both 0; give at least one, in MW"
