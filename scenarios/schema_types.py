"""The values a scenario is made of: names, instants, numbers, series in time, named choices."""

import math
import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Annotated, Any, Literal, NamedTuple, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from scenarios.problems import Loc, raise_if_any

YEARS = (1900, 2200)
FORBIDDEN = {"/": '"/"', "\\": '"\\"'}
INVISIBLE = {"Cc", "Cf", "Zl", "Zp", "Cs"}


class Section(BaseModel):
    """A table of the file: strict types, no unknown keys, frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @model_validator(mode="after")
    def _of_this_world(self) -> Self:
        """Refuse numbers so large that watt-hours and cents would not fit into 64 bits."""
        found: list[tuple[Loc, str]] = []
        for name, value in self.__dict__.items():
            most = 1e7 if name.endswith("mw") else 1e9
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if number and name != "seed" and math.isfinite(value) and abs(value) > most:
                found.append(((name,), f"is too large; accepted: up to {most:,.0f}"))
        raise_if_any(found)
        return self


T = TypeVar("T")
Tables = Annotated[tuple[T, ...], Field(strict=False)]
"""A list of tables, kept as a tuple."""


class Choice(BaseModel):
    """A strategy, forecaster or other rule by its name, with its own parameters."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, allow_inf_nan=False)

    name: str = Field(description="name of the rule; the other keys are its parameters")

    @property
    def params(self) -> dict[str, Any]:
        """Parameters as given, without the name."""
        return dict(self.model_extra or {})


def _choice(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


Named = Annotated[Choice, BeforeValidator(_choice, json_schema_input_type=str | Choice)]


def _name(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not value.strip() or value != value.strip() or len(value) > 100:
        raise ValueError("a name has 1 to 100 characters and no blanks at its ends")
    if not value.strip("."):  # directories are named after scenarios and experiments
        raise ValueError("a name must not be made of dots only")
    for letter in value:
        if letter in FORBIDDEN:
            raise ValueError(f"a name must not contain {FORBIDDEN[letter]}")
        if unicodedata.category(letter) in INVISIBLE:
            raise ValueError("a name must not contain control or invisible characters")
    return value


Name = Annotated[str, BeforeValidator(_name, json_schema_input_type=str)]


class Outages(Section):
    """Random failures: exponential times to failure and to repair."""

    mtbf_hours: Annotated[float, Field(ge=1)] = Field(
        description="mean time between failures, hours, at least 1"
    )
    mttr_hours: Annotated[float, Field(ge=0.1)] = Field(
        description="mean time to repair, hours, at least 0.1"
    )


def as_datetime(value: object) -> datetime:
    """Return an instant typed as text or as a TOML date-time; ValueError if it is neither."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"is not a time; accepted: {TIME_SAMPLE}") from None
    if not isinstance(value, datetime):
        what = "a date without a clock time" if isinstance(value, date) else "not a time"
        raise ValueError(f"is {what}; accepted: {TIME_SAMPLE}")
    return value


def _instant(value: object) -> datetime:
    instant = as_datetime(value)
    if instant.utcoffset() is None:
        raise ValueError(f"has no UTC offset; accepted: {TIME_SAMPLE}")
    if instant.microsecond:
        raise ValueError("must be a whole second")
    if not YEARS[0] <= instant.year <= YEARS[1]:
        raise ValueError(f"must lie between the years {YEARS[0]} and {YEARS[1]}")
    return instant


TIME_SAMPLE = 'ISO 8601 with an offset, like "2023-01-31T00:00:00+08:00"'
Instant = Annotated[datetime, BeforeValidator(_instant, json_schema_input_type=datetime)]


def parse_offset(text: str) -> timezone:
    """Return the fixed zone of an offset.

    >>> parse_offset("+08:00").utcoffset(None)
    datetime.timedelta(seconds=28800)
    """
    if text in ("Z", "UTC"):
        return UTC
    sign = {"+": 1, "-": -1}.get(text[:1])
    digits = text[1:].replace(":", "")
    if (
        sign is None
        or len(digits) != 4
        or not (digits.isascii() and digits.isdecimal())
        or int(digits[2:]) > 59
    ):
        raise ValueError('must be a fixed offset like "+08:00", or "Z"')
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    if minutes > 14 * 60:
        raise ValueError('must be an offset of at most 14 hours, like "+08:00"')
    return timezone(sign * timedelta(minutes=minutes))


def _offset(value: object) -> object:
    if isinstance(value, str):
        parse_offset(value)
    return value


class FileTimes(Section):
    """A data file and how its time column is read."""

    file: str = Field(
        min_length=1,
        description="CSV or Parquet file, relative to the scenario file or to --data; may be a "
        "glob pattern that matches exactly one file",
    )
    time_column: str | None = Field(
        default=None,
        description="column with the start of each interval; default: the first column",
    )
    timezone: Annotated[str | None, BeforeValidator(_offset)] = Field(
        default=None,
        description="fixed offset of stamps that carry none, like +08:00; default: by the time "
        "column's name (_cst +08:00, _jst +09:00, _utc Z)",
    )


def _columns(value: object) -> object:
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


class SeriesFile(FileTimes):
    """A column of a data file."""

    column: Annotated[
        tuple[str, ...] | None, BeforeValidator(_columns, json_schema_input_type=str | list[str])
    ] = Field(
        default=None,
        description="column with the values, or a list of which the first one present is taken; "
        "default: the only column besides the time",
    )
    unit: Literal["mwh", "kwh"] | None = Field(
        default=None,
        description="per MWh or per kWh (multiplied by 1000); default: kwh for a column whose "
        "name ends in _kwh, else mwh",
    )
    scale: float = Field(default=1.0, description="factor on every value")
    resample: Literal["step", "linear"] = Field(
        default="step",
        description="how a file coarser than the run is refined: held, or straight lines between "
        "the middles of its intervals; a finer file is averaged",
    )


class SeriesProfile(Section):
    """A built-in profile."""

    profile: str = Field(min_length=1, description="name of the built-in profile")
    scale: float = Field(default=1.0, description="factor on every value")
    since: Instant | None = Field(
        default=None,
        description="every value before this time is 0, as of a plant that is not built yet; "
        "default: none",
    )


class Limits(NamedTuple):
    """Bounds every value of a series must respect."""

    low: float = -math.inf
    high: float = math.inf


SERIES_SAMPLES = 'a number, the name of a built-in profile, {file = "..."} or {profile = "..."}'


def _series_tag(value: object) -> str | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, SeriesFile | SeriesProfile):
        return f"#{type(value).__name__}"
    if isinstance(value, dict):
        if ("file" in value) == ("profile" in value):
            return None
        return "#SeriesFile" if "file" in value else "#SeriesProfile"
    return {int: "#number", float: "#number", str: "#profile"}.get(type(value))


_SERIES_DISCRIMINATOR = Discriminator(
    _series_tag,
    custom_error_type="series",
    custom_error_message=f"must be {SERIES_SAMPLES}",
)

Profile = Annotated[str, Field(min_length=1)]

Series = Annotated[
    Annotated[float, Tag("#number")]
    | Annotated[Profile, Tag("#profile")]
    | Annotated[SeriesFile, Tag("#SeriesFile")]
    | Annotated[SeriesProfile, Tag("#SeriesProfile")],
    _SERIES_DISCRIMINATOR,
]
"""A number that may vary in time."""

Depth = Annotated[
    Annotated[float, Field(allow_inf_nan=True, ge=0), Tag("#number")]
    | Annotated[Profile, Tag("#profile")]
    | Annotated[SeriesFile, Tag("#SeriesFile")]
    | Annotated[SeriesProfile, Tag("#SeriesProfile")],
    _SERIES_DISCRIMINATOR,
]
"""A series that may be the number inf, for an outside market without a limit."""
