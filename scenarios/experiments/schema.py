"""An experiment file: what may stand in it, with defaults."""

from collections.abc import Iterator
from datetime import datetime
from math import isfinite
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from scenarios.problems import Loc, raise_if_any
from scenarios.schema_types import Instant, Name, Section, Tables

Design = Literal["full", "one-at-a-time", "lhs", "sobol", "morris", "list"]
SAMPLED = ("lhs", "sobol", "morris")
"""Designs that draw from ranges."""
MOST_SEEDS, MOST_SAMPLES = 10_000, 100_000
Values = dict[str, Any]
"""Dotted keys of the scenario with their new values."""


def _values(value: object) -> object:
    """Refuse whole sections, which look like dotted keys without quotes."""
    if isinstance(value, dict):
        found: list[tuple[Loc, str]] = [
            (
                (key,),
                f'is a whole section; accepted: dotted keys in quotes, like "{key}.name" = ...',
            )
            for key, below in value.items()
            if isinstance(below, dict) and "." not in key
        ]
        raise_if_any(found)
    return value


Changes = Annotated[Values, BeforeValidator(_values, json_schema_input_type=Values)]


def _scalar(value: object) -> object:
    finite = not isinstance(value, float) or isfinite(value)
    if not isinstance(value, str | int | float) or value == "" or not finite:
        raise ValueError("must be a text, a number, true or false")
    return value


Scalar = str | int | float | bool
Label = Annotated[Any, BeforeValidator(_scalar, json_schema_input_type=Scalar)]


class NamedLevel(Section):
    """A level that changes several keys, or one to a table."""

    label: Label = Field(description="what the level is called in tables")
    set: Changes = Field(
        default_factory=dict,
        description='keys that this level changes, like {"market.energy.k" = 0.5}; none: as in the '
        "base",
    )


LEVEL_SAMPLES = 'a text, a number, true or false, or {label = "...", set = {...}}'


def _level_tag(value: object) -> str | None:
    if isinstance(value, NamedLevel | dict):
        return "#NamedLevel"
    return {bool: "#bool", int: "#int", float: "#float", str: "#str"}.get(type(value))


AnyLevel = Annotated[
    Annotated[str, Field(min_length=1), Tag("#str")]
    | Annotated[bool, Tag("#bool")]
    | Annotated[int, Tag("#int")]
    | Annotated[float, Tag("#float")]
    | Annotated[NamedLevel, Tag("#NamedLevel")],
    Discriminator(
        _level_tag,
        custom_error_type="level",
        custom_error_message=f"must be {LEVEL_SAMPLES}",
    ),
]


def _pair(value: object) -> object:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError("must be a list of two numbers, lowest and highest")
    for number in value:
        if isinstance(number, bool) or not isinstance(number, int | float) or not isfinite(number):
            raise ValueError("must be a list of two numbers, lowest and highest")
    if value[0] >= value[1]:
        raise ValueError("the first number must be below the second")
    return tuple(float(number) for number in value)


Range = Annotated[tuple[float, float], BeforeValidator(_pair, json_schema_input_type=list[float])]


class Factor(Section):
    """What is varied: keys of the scenario, with levels or a range."""

    name: Name = Field(description="name of the factor; a column of the tables")
    key: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="dotted key of the scenario that takes each level"
    )
    keys: Tables[Annotated[str, Field(min_length=1)]] = Field(
        default=(), description="instead of key: several keys that all take the same level"
    )
    levels: Tables[AnyLevel] | None = Field(
        default=None,
        description=f"list of levels, each {LEVEL_SAMPLES}; the first is the baseline's",
    )
    range: Range | None = Field(
        default=None, description="instead of levels: lowest and highest value, for sampled designs"
    )
    scale: Literal["linear", "log"] = Field(
        default="linear", description="how a range is covered: evenly by value, or by its logarithm"
    )
    whole: bool = Field(default=False, description="whether only whole numbers of a range count")

    @property
    def targets(self) -> tuple[str, ...]:
        """Keys that take the value of a level."""
        return self.keys or ((self.key,) if self.key else ())

    @model_validator(mode="after")
    def _check(self) -> Self:
        raise_if_any([*self._level_problems(), *self._range_problems()])
        return self

    def _level_problems(self) -> Iterator[tuple[Loc, str]]:
        if self.key is not None and self.keys:
            yield ("keys",), "stands beside key; give one of the two"
        if (self.levels is None) == (self.range is None):
            yield ("levels",), "give either levels or range"
        elif self.levels is not None and not self.levels:
            yield ("levels",), "is empty; accepted: at least one level"
        plain = self.range is not None or any(
            not isinstance(level, NamedLevel) for level in self.levels or ()
        )
        if plain and not self.targets:
            yield ("key",), "is required: the dotted key that takes the value of the level"

    def _range_problems(self) -> Iterator[tuple[Loc, str]]:
        if self.range is None:
            for name in ("scale", "whole"):
                if name in self.model_fields_set:
                    yield (name,), "goes with range only"
        elif self.scale == "log" and self.range[0] <= 0:
            yield ("range",), "must be above 0 where scale is log"
        elif self.whole and any(end != round(end) for end in self.range):
            yield ("range",), "must be two whole numbers where whole is true"


class Variant(Section):
    """A named set of changes."""

    name: Name = Field(description="name of the variant; all variants form one factor, variant")
    set: Changes = Field(default_factory=dict, description="keys that this variant changes")
    base: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="scenario of this variant; default: the experiment's"
    )


class Period(Section):
    """A part of the run with key figures of its own, asked for as metric@period."""

    name: Name = Field(description="name of the period")
    start: Instant = Field(description="its start, ISO 8601 with an offset")
    end: Instant = Field(description="its end, ISO 8601 with an offset")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.end <= self.start:
            raise_if_any([(("end",), f"must come after start, which is {_shown(self.start)}")])
        return self


def _shown(instant: datetime) -> str:
    return instant.isoformat()


def _seeds(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        if not 1 <= value <= MOST_SEEDS:
            raise ValueError(f"must be from 1 to {MOST_SEEDS:,}")
        return tuple(range(1, value + 1))
    whole = isinstance(value, list) and all(type(seed) is int for seed in value)
    if not (isinstance(value, list) and whole and value):
        raise ValueError("must be how many, or a list of whole numbers")
    if any(not 0 <= seed < 2**63 for seed in value):
        raise ValueError("a seed is a whole number from 0 to 9223372036854775807")
    if len(set(value)) < len(value):
        raise ValueError("names a seed twice")
    return tuple(value)


Seeds = Annotated[tuple[int, ...], BeforeValidator(_seeds, json_schema_input_type=int | list[int])]


def _baseline(value: object) -> object:
    if isinstance(value, dict):
        return {name: _scalar(level) for name, level in value.items()}
    return _scalar(value)


Baseline = Annotated[
    Any, BeforeValidator(_baseline, json_schema_input_type=Scalar | dict[str, Scalar])
]


class Header(Section):
    """What is asked, of which scenario, and how often."""

    name: Name = Field(description="name of the experiment; names its directory")
    question: Annotated[str, Field(min_length=1)] = Field(
        description="what the experiment answers, one sentence"
    )
    description: str = Field(default="", description="what it is about, free text")
    base: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="scenario of all arms: a bundled name, or a path from this file"
    )
    design: Design | None = Field(
        default=None,
        description="which combinations are run: full, one-at-a-time, lhs, sobol, morris or list; "
        "default: full, or list where there are only variants",
    )
    baseline: Baseline | None = Field(
        default=None,
        description="what all others are compared with: the name of an arm, or {factor = level}; "
        "default: the first arm",
    )
    seeds: Seeds = Field(description="how many seeds each arm runs with, or a list of them")
    samples: Annotated[int, Field(ge=2, le=MOST_SAMPLES)] | None = Field(
        default=None, description="of sampled designs: samples (lhs), base N (sobol), trajectories"
    )
    metrics: Tables[str] = Field(
        min_length=1, description="key figures that answer the question; metric@period of a period"
    )
    caveats: Tables[str] = Field(default=(), description="what not to conclude")
    set: Changes = Field(default_factory=dict, description="keys that are changed in all arms")


class ExperimentFile(Section):
    """A whole experiment file."""

    experiment: Header = Field(description="what is asked, of which scenario, and how often")
    factor: Tables[Factor] = Field(default=(), description="what is varied")
    variant: Tables[Variant] = Field(default=(), description="named sets of changes")
    period: Tables[Period] = Field(default=(), description="parts of the run")

    @property
    def design(self) -> Design:
        """The design as given, or the one that fits what is varied."""
        only_variants = bool(self.variant) and not self.factor
        return self.experiment.design or ("list" if only_variants else "full")

    @property
    def sampled(self) -> bool:
        """Whether arms are drawn from ranges."""
        return self.design in SAMPLED
