"""Conditions as people write them: the least quantity an order accepts, and clean energy."""

from collections.abc import Mapping
from typing import Any

from market.cells import Origin, bad_rows, is_given, optional_numbers, truths_of
from market.units import BoolArray, FloatArray

CONDITION_COLUMNS = ("minimum", "green")


def minimum_of(
    columns: Mapping[str, Any], quantity: FloatArray, origin: Origin
) -> tuple[FloatArray | None, list[str]]:
    """Return the least MWh of each order, None where nobody asks for any, and the problems."""
    if "minimum" not in columns:
        return None, []
    cells = columns["minimum"]
    minimum, problems = optional_numbers(columns, "minimum", quantity.size, 0.0, origin)
    problems += bad_rows(origin, minimum < 0, cells, "minimum", "must not be negative")
    problems += bad_rows(
        origin, minimum > quantity, cells, "minimum", "must not exceed the quantity"
    )
    inside = is_given(columns.get("block", [None] * quantity.size)) & is_given(cells)
    problems += bad_rows(
        origin, inside, cells, "minimum", "must be empty in a block; it has a minimum_ratio"
    )
    return (minimum if minimum.any() else None), problems


def green_of(
    columns: Mapping[str, Any], is_buy: BoolArray, origin: Origin
) -> tuple[BoolArray | None, list[str]]:
    """Return which orders are green, None where no bid is, and the problems."""
    if "green" not in columns:
        return None, []
    green, problems = truths_of(columns, "green", is_buy.size, origin)
    inside = is_given(columns.get("block", [None] * is_buy.size)) & green
    problems += bad_rows(
        origin, inside, columns["green"], "green", "must be empty in a block; blocks are not green"
    )
    return (green if (green & is_buy).any() else None), problems
