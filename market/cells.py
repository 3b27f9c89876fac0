"""Cells of a table as people write them: numbers, names, and what is wrong with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from market.units import BoolArray, FloatArray

Cells = Sequence[Any] | NDArray[Any]

LARGEST = 1e9  # of the numbers of a condition
SHOWN = 20  # rows listed per kind of problem


@dataclass(frozen=True, slots=True)
class Origin:
    """Where rows come from, for messages.

    Attributes
    ----------
    name : str
        File name, or empty.
    first_line : int or None
        Line of row 0 in a text file, when rows and lines run in step.
    """

    name: str = ""
    first_line: int | None = None

    def __call__(self, text: str, row: int | None = None) -> str:
        """Return the message with file and row in front; rows count from 0."""
        line = "" if self.first_line is None or row is None else f" (line {row + self.first_line})"
        place = "" if row is None else f"row {row}{line}: "
        return f"{self.name}: {place}{text}" if self.name else f"{place}{text}"


def bad_rows(origin: Origin, bad: BoolArray, values: Cells, name: str, rule: str) -> list[str]:
    """Return a problem for each bad row, the first ones in full."""
    rows = np.flatnonzero(bad)
    found = [origin(f"{name} {_shown(values[row])} {rule}.", int(row)) for row in rows[:SHOWN]]
    if rows.size > SHOWN:
        found.append(origin(f"... and {rows.size - SHOWN} more rows where {name} {rule}."))
    return found


def _shown(value: object) -> str:
    if value is None or (isinstance(value, str) and not value):
        return "is empty and"
    return repr(value.item() if isinstance(value, np.generic) else value)


def numbers_of(
    values: Cells, origin: Origin, name: str, largest: float
) -> tuple[FloatArray, list[str]]:
    """Return a column as floats, zero where it is no number, and its problems."""
    given = values if isinstance(values, np.ndarray) else np.asarray(values, object)
    if given.dtype.kind in "iuf":
        numbers = given.astype(np.float64)
    else:
        numbers = np.array([_number(value) for value in given], np.float64)
    wrong = ~np.isfinite(numbers)
    numbers = np.where(wrong, 0.0, numbers)
    large = np.abs(numbers) > largest
    problems = bad_rows(origin, wrong, given, name, "must be a finite number")
    problems += bad_rows(origin, large, given, name, f"must lie within {largest:g}")
    return np.where(large, 0.0, numbers), problems


def optional_numbers(
    columns: Mapping[str, Any], name: str, n: int, default: float, origin: Origin
) -> tuple[FloatArray, list[str]]:
    """Return a column of `n` numbers, `default` where a cell is empty, and its problems."""
    if name not in columns:
        return np.full(n, default), []
    given = is_given(columns[name])
    cells = [each if there else default for each, there in zip(columns[name], given, strict=True)]
    return numbers_of(cells, origin, name, LARGEST)


def truths_of(
    columns: Mapping[str, Any], name: str, n: int, origin: Origin
) -> tuple[BoolArray, list[str]]:
    """Return a column of true and false, false where a cell is empty, and its problems."""
    cells = columns.get(name, [False] * n)
    words = [str(each).strip().lower() for each in cells]
    bad = is_given(cells) & np.array([word not in ("true", "false") for word in words], np.bool_)
    truths = np.array([word == "true" for word in words], np.bool_)
    return truths, bad_rows(origin, bad, cells, name, "must be true or false")


def is_given(values: Cells) -> BoolArray:
    """Return which cells of a column hold something.

    >>> is_given(["a", "", None, 0])
    array([ True, False, False,  True])
    """
    return np.array([not (value == "" or _is_empty(value)) for value in values], np.bool_)


def _number(value: object) -> float:
    """Return a cell as a number; NaN for text, truth values and nothing."""
    if isinstance(value, bool | np.bool_) or (isinstance(value, str) and "_" in value):
        return float("nan")
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return float("nan")


def labels_of(values: Cells) -> list[Any]:
    """Return a column of names, None where empty."""
    kinds = set(map(type, values))
    if kinds == {int}:
        return list(values)
    if kinds == {str}:
        return [text or None for text in values]
    return [_label(value) for value in values]


def _label(value: object) -> object:
    """Return a cell as a name that JSON can carry, None where it is empty."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, int):
        return value
    if _is_empty(value):
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value.item() if isinstance(value, np.generic) else str(value)


def _is_empty(value: object) -> bool:
    """Whether a cell holds nothing: None, NaN, not-a-time, pandas' NA."""
    try:
        return value is None or bool(value != value)
    except (TypeError, ValueError):  # NA and arrays refuse to be a truth value
        return True
