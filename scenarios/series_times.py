"""The time column of a data file: parsed, in order, in a known offset."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path

import numpy as np

from market import InputError, IntArray
from scenarios.schema_types import parse_offset
from scenarios.series_file import ArrowArray, cell, column_names, read_column, row_number

SUFFIX_OFFSETS = {"_cst": "+08:00", "_jst": "+09:00", "_utc": "Z"}
STAMP = (
    r"^(?P<day>\d{4}-\d{2}-\d{2})(?:[T ](?P<minute>\d{2}:\d{2})(?P<second>:\d{2})?(?:\.0+)?)?"
    r" ?(?P<zone>Z|[+-]\d{2}:?\d{2})?$"
)
ACCEPTED = '"2023-01-31 14:00", "2023-01-31T14:00:00+08:00" and the like'


@dataclass(frozen=True, slots=True)
class Stamps:
    """The time column of a file.

    Attributes
    ----------
    seconds : array of int
        UTC seconds since 1970 of each row, increasing.
    step : int
        Most frequent distance in seconds.
    zone : timezone
        The offset the file is written in.
    """

    seconds: IntArray
    step: int
    zone: timezone

    def text(self, second: int) -> str:
        """Return an instant in the file's own offset."""
        return datetime.fromtimestamp(int(second), self.zone).isoformat(sep=" ")


@lru_cache(maxsize=64)
def stamps(
    path: Path, time_column: str | None, offset: str | None, stamp: tuple[int, int]
) -> Stamps:
    """Return the checked time column of a file."""
    name = time_column or column_names(path, stamp)[0]
    column = read_column(path, name, stamp)
    if len(column) < 2:
        raise InputError(f"{path}: has {len(column)} rows; at least 2 are needed")
    wanted = _wanted_zone(name, offset)
    seconds, zone = _instants(path, name, column, wanted)
    _check_order(path, seconds, zone)
    steps, counts = np.unique(np.diff(seconds), return_counts=True)
    seconds.flags.writeable = False
    return Stamps(seconds, int(steps[counts.argmax()]), zone)


def _wanted_zone(name: str, offset: str | None) -> timezone | None:
    text = offset or next((o for s, o in SUFFIX_OFFSETS.items() if name.endswith(s)), None)
    return parse_offset(text) if text else None


def _instants(
    path: Path, name: str, column: ArrowArray, wanted: timezone | None
) -> tuple[IntArray, timezone]:
    import pyarrow as pa

    if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
        zoned = getattr(column.type, "tz", None) is not None
        ticks = column.cast(pa.timestamp("s"), safe=False) if not zoned else _utc_ticks(column)
        empty = np.flatnonzero(np.asarray(column.is_null()))
        if empty.size:
            raise InputError(_bad_stamp(path, name, int(empty[0]), "is not a time"))
        seconds = np.array(ticks.cast(pa.int64()).to_numpy(zero_copy_only=False), np.int64)
        if zoned:
            return seconds, wanted or UTC
        zone = _needed(path, name, wanted, 0)
        return seconds - _seconds_east(zone), zone
    if not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type):
        raise InputError(f'{path}: column "{name}" holds no times but {column.type}')
    return _parsed(path, name, column, wanted)


def _utc_ticks(column: ArrowArray) -> ArrowArray:
    import pyarrow as pa

    return column.cast(pa.timestamp("s", tz="UTC"), safe=False)


def _parsed(
    path: Path, name: str, column: ArrowArray, wanted: timezone | None
) -> tuple[IntArray, timezone]:
    import pyarrow.compute as pc

    parts = pc.extract_regex(pc.utf8_trim_whitespace(column), STAMP)
    bad = np.flatnonzero(np.asarray(parts.is_null()))
    if bad.size:
        raise InputError(_bad_stamp(path, name, int(bad[0]), "is not a time"))
    local = _local_seconds(path, name, parts)
    zones = np.asarray(pc.struct_field(parts, "zone").to_numpy(zero_copy_only=False), object)
    offsets = np.zeros(local.size, np.int64)
    zone = wanted
    for text in sorted(set(zones)):
        rows = zones == text
        first = int(np.flatnonzero(rows)[0])
        given = parse_offset(text) if text else _needed(path, name, wanted, first)
        if wanted is not None and _seconds_east(given) != _seconds_east(wanted):
            raise InputError(_bad_stamp(path, name, first, f"is not in the expected {wanted}"))
        zone = given if zone is None or text == zones[0] else zone
        offsets[rows] = _seconds_east(given)
    return local - offsets, zone or UTC


def _local_seconds(path: Path, name: str, parts: ArrowArray) -> IntArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    minute = pc.struct_field(parts, "minute")
    minute = pc.if_else(pc.equal(minute, ""), "00:00", minute)
    second = pc.struct_field(parts, "second")
    second = pc.if_else(pc.equal(second, ""), ":00", second)
    text = pc.binary_join_element_wise(
        pc.binary_join_element_wise(pc.struct_field(parts, "day"), minute, " "), second, ""
    )
    try:
        ticks = text.cast(pa.timestamp("s")).cast(pa.int64())
    except pa.ArrowInvalid:
        row = next(index for index, item in enumerate(text.to_pylist()) if not _is_time(item))
        raise InputError(_bad_stamp(path, name, row, "is not a time")) from None
    return np.array(ticks.to_numpy(zero_copy_only=False), np.int64)


def _is_time(text: str) -> bool:
    try:
        return bool(datetime.fromisoformat(text))
    except ValueError:
        return False


def _bad_stamp(path: Path, name: str, index: int, text: str) -> str:
    where = f'{path}: row {row_number(path, index)}, column "{name}"'
    return f"{where}: {cell(path, name, index)} {text}; accepted: {ACCEPTED}"


def _needed(path: Path, name: str, wanted: timezone | None, index: int) -> timezone:
    if wanted is None:
        text = 'has no UTC offset; set timezone = "+08:00", or end the column name in _cst, _jst'
        raise InputError(_bad_stamp(path, name, index, text + " or _utc"))
    return wanted


def _seconds_east(zone: timezone) -> int:
    return round((zone.utcoffset(None) or timedelta()).total_seconds())


def _check_order(path: Path, seconds: IntArray, zone: timezone) -> None:
    wrong = np.flatnonzero(np.diff(seconds) <= 0)
    if not wrong.size:
        return
    index = int(wrong[0]) + 1
    shown = datetime.fromtimestamp(int(seconds[index]), zone).isoformat(sep=" ")
    twice = seconds[index] == seconds[index - 1]
    text = "stands twice" if twice else "is earlier than the row before"
    raise InputError(f"{path}: row {row_number(path, index)}: the time {shown} {text}")
