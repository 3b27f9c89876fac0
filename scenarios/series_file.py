"""Data files: where they are, and their columns, from CSV or Parquet."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from market import FloatArray, InputError
from scenarios.problems import listed, nearest

ArrowArray = Any
"""A `pyarrow.Array`; pyarrow has no types and is imported only where it is used."""

InvalidRow = Any
"""A `pyarrow.csv.InvalidRow`."""


def find_file(file: str, base_dir: Path, data_dir: Path | None) -> Path:
    """Return the one file that a path or glob pattern stands for."""
    places = [Path()] if Path(file).is_absolute() else [d for d in (data_dir, base_dir) if d]
    for place in places:
        found = _matches(place, file)
        if len(found) > 1:
            names = listed(path.name for path in found)
            raise InputError(f"the pattern {file} matches {len(found)} files: {names}; give one")
        if found:
            return found[0]
    where = listed(str(place) for place in places)
    hint = "" if data_dir else "; --data DIR says where data files are"
    raise InputError(f"{file}: there is no such file, looked in {where}{hint}")


def _matches(place: Path, file: str) -> list[Path]:
    try:
        if (place / file).is_file():
            return [place / file]
        if (place / file).is_dir():
            return []
        anchor = Path(file).anchor
        root, pattern = (Path(anchor), file[len(anchor) :]) if anchor else (place, file)
        return sorted(path for path in root.glob(pattern) if path.is_file())
    except (OSError, ValueError, NotImplementedError):
        return []  # What can be no path names no file, and that is what the caller reports.


def version(path: Path) -> tuple[int, int]:
    """Return what changes when the file changes, as a key of the caches below."""
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size


@lru_cache(maxsize=64)
def column_names(path: Path, _version: tuple[int, int]) -> tuple[str, ...]:
    """Return the columns of a file."""
    if path.suffix.lower() == ".parquet":
        import pyarrow.parquet as pq

        with _readable(path, "Parquet"):
            return tuple(pq.read_schema(path).names)
    if path.suffix.lower() != ".csv":
        raise InputError(f"{path}: is neither .csv nor .parquet")
    with _readable(path, "CSV"), path.open(encoding="utf-8-sig", newline="") as lines:
        names = tuple(name.strip() for name in next(csv.reader(lines), []))
    if not any(names):
        raise InputError(f"{path}: is empty; accepted: a header line, then a row per interval")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f'{path}: has two columns named "{twice}"')
    return names


@contextmanager
def _readable(path: Path, what: str) -> Iterator[None]:
    """Turn whatever a reader raises into one sentence."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"{path}: cannot be read as {what}: {first}") from None


@lru_cache(maxsize=64)
def read_column(path: Path, name: str, stamp: tuple[int, int]) -> ArrowArray:
    """Return a column as an Arrow array: text from CSV, any type from Parquet."""
    known = column_names(path, stamp)
    if name not in known:
        hint = nearest(name, known)
        raise InputError(f'{path}: there is no column "{name}"{hint}; columns: {listed(known)}')
    if path.suffix.lower() == ".parquet":
        import pyarrow.parquet as pq

        with _readable(path, "Parquet"):
            return pq.read_table(path, columns=[name]).column(0).combine_chunks()
    return _csv_column(path, name, known)


def _csv_column(path: Path, name: str, known: tuple[str, ...]) -> ArrowArray:
    import pyarrow as pa
    from pyarrow import csv as pacsv

    ragged: list[InvalidRow] = []

    def refuse(row: InvalidRow) -> str:
        ragged.append(row)
        return "error"

    reading = pacsv.ReadOptions(column_names=list(known), skip_rows=1, use_threads=False)
    parsing = pacsv.ParseOptions(invalid_row_handler=refuse)
    types = pacsv.ConvertOptions(column_types={name: pa.string()}, include_columns=[name])
    try:
        return pacsv.read_csv(path, reading, parsing, types).column(0).combine_chunks()
    except (pa.ArrowInvalid, OSError) as error:
        if ragged:
            row = ragged[0]
            raise InputError(
                f'{path}: row {row.number} "{row.text}" has {row.actual_columns} fields, '
                f"the header has {row.expected_columns}"
            ) from None
        first = str(error).splitlines()[0]
        raise InputError(f"{path}: cannot be read as CSV: {first}") from None


def row_number(path: Path, index: int) -> int:
    """Return the row as people count it: a CSV header is row 1."""
    return index + (2 if path.suffix.lower() == ".csv" else 1)


@lru_cache(maxsize=64)
def values(path: Path, name: str, stamp: tuple[int, int]) -> FloatArray:
    """Return a column as floats, NaN where it is not a number."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = read_column(path, name, stamp)
    try:
        if pa.types.is_string(column.type):
            column = pc.utf8_trim_whitespace(column)
        numbers = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowException:
        numbers = np.array([_number(text) for text in column.to_pylist()], np.float64)
    result = np.array(numbers, np.float64)
    result.flags.writeable = False
    return result


def _number(text: str) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):
        return float("nan")


def cell(path: Path, name: str, index: int) -> str:
    """Return one cell as it stands in the file, for messages."""
    value = read_column(path, name, version(path))[index].as_py()
    return '""' if value in (None, "") else f'"{value}"'
