"""Block orders as people write them: rows of a table that share a block name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from market.cells import Origin, bad_rows, is_given, labels_of, optional_numbers
from market.day_ahead.blocks import NONE, BlockOrders, in_circle
from market.units import BoolArray, FloatArray, IntArray

OF_BLOCKS = ("minimum_ratio", "linked_to", "exclusive_group")
BLOCK_COLUMNS = ("block", *OF_BLOCKS)


@dataclass(frozen=True, slots=True)
class RowBlocks:
    """The blocks of a table.

    Attributes
    ----------
    name : list
        As written, in order of first appearance.
    of_row : array of int
        Each row's block; -1 for a row that is an order of its own.
    first : array of int
        First row of each block.
    minimum_ratio : array
    parent, group : array of int
        As in `BlockOrders`.
    """

    name: list[Any]
    of_row: IntArray
    first: IntArray
    minimum_ratio: FloatArray
    parent: IntArray
    group: IntArray

    def orders(
        self, price: FloatArray, quantity: IntArray, interval: IntArray, n_intervals: int
    ) -> BlockOrders:
        """Return the block orders; `quantity` of each row is positive where it buys."""
        rows = np.flatnonzero(self.of_row != NONE)
        table = np.zeros((n_intervals, len(self.name)), np.int64)
        table[interval[rows], self.of_row[rows]] = quantity[rows]
        return BlockOrders(price[self.first], table, self.minimum_ratio, self.parent, self.group)


@dataclass(frozen=True, slots=True)
class Rows:
    """What the checks of blocks need to know of every row."""

    is_buy: BoolArray
    price: FloatArray
    quantity: FloatArray
    interval: IntArray


def row_blocks(
    columns: Mapping[str, Any], rows: Rows, origin: Origin
) -> tuple[RowBlocks | None, list[str]]:
    """Return the blocks of a table, None where there are none, and what is wrong with them."""
    n = rows.price.size
    label = labels_of(columns.get("block", [None] * n))
    place: dict[str, int] = {}
    of_row = np.array([_number(each, place) for each in label], np.int64)
    problems = _outside(columns, of_row == NONE, origin)
    if not place:
        return None, problems
    first = np.array([np.flatnonzero(of_row == each)[0] for each in range(len(place))])
    ratio, bad_ratio = optional_numbers(columns, "minimum_ratio", n, 1.0, origin)
    problems += bad_ratio
    problems += bad_rows(
        origin, (ratio < 0) | (ratio > 1), ratio, "minimum_ratio", "must lie from 0 to 1"
    )
    above = _texts(columns, "linked_to", n)
    together = _texts(columns, "exclusive_group", n)
    for name, cells in (
        ("side", rows.is_buy.tolist()),
        ("price", rows.price.tolist()),
        ("minimum_ratio", ratio.tolist()),
        ("linked_to", above),
        ("exclusive_group", together),
        ("participant", _texts(columns, "participant", n)),
    ):
        problems += _differing(columns, name, cells, of_row, first, origin)
    problems += _repeated(label, of_row, rows, origin) + _empty(label, of_row, first, rows, origin)
    parent = np.array([_parent(above[row], place) for row in first.tolist()])
    problems += _bad_links(columns, parent, above, first, origin)
    groups: dict[str, int] = {}
    group = np.array([_number(together[row], groups) for row in first.tolist()])
    names = [label[row] for row in first.tolist()]
    return RowBlocks(names, of_row, first, ratio[first], parent, group), problems


def _number(label: Any, place: dict[str, int]) -> int:
    """Return the number of a name, a new one at its first appearance; -1 for none."""
    return NONE if label is None else place.setdefault(str(label), len(place))


def _parent(label: str | None, place: dict[str, int]) -> int:
    return NONE if label is None else place.get(label, NONE)


def _texts(columns: Mapping[str, Any], name: str, n: int) -> list[str | None]:
    """Return a column of names as text, so that 7 in one column is 7 in another."""
    labels = labels_of(columns.get(name, [None] * n))
    return [None if label is None else str(label) for label in labels]


def _outside(columns: Mapping[str, Any], alone: BoolArray, origin: Origin) -> list[str]:
    """Return cells that say something about a block in rows that are in none."""
    problems: list[str] = []
    for name in OF_BLOCKS:
        if name in columns:
            bad = is_given(columns[name]) & alone
            problems += bad_rows(origin, bad, columns[name], name, "needs a name in column 'block'")
    return problems


def _differing(
    columns: Mapping[str, Any],
    name: str,
    cells: list[Any],
    of_row: IntArray,
    first: IntArray,
    origin: Origin,
) -> list[str]:
    """Return rows that say something else than the first row of their block."""
    bad = np.array(
        [at != NONE and cells[row] != cells[first[at]] for row, at in enumerate(of_row.tolist())]
    )
    return _at_rows(
        bad,
        lambda row: (
            f"{name} must be the same in all rows of a block; row "
            f"{first[of_row[row]]} has {_plain(columns[name][first[of_row[row]]])!r}."
        ),
        origin,
    )


def _repeated(label: list[Any], of_row: IntArray, rows: Rows, origin: Origin) -> list[str]:
    """Return rows whose block has a row in their interval already."""
    seen: set[tuple[int, int]] = set()
    bad = np.zeros(of_row.size, np.bool_)
    for row, key in enumerate(zip(of_row.tolist(), rows.interval.tolist(), strict=True)):
        bad[row] = key[0] != NONE and key in seen
        seen.add(key)
    return bad_rows(origin, bad, label, "block", "must have one row in each interval at most")


def _empty(
    label: list[Any], of_row: IntArray, first: IntArray, rows: Rows, origin: Origin
) -> list[str]:
    """Return the blocks without any quantity."""
    inside = of_row != NONE
    total = np.bincount(of_row[inside], rows.quantity[inside], first.size)
    bad = np.zeros(of_row.size, np.bool_)
    bad[first[total <= 0]] = True
    return bad_rows(origin, bad, label, "block", "must have a quantity in some interval")


def _bad_links(
    columns: Mapping[str, Any],
    parent: IntArray,
    above: list[str | None],
    first: IntArray,
    origin: Origin,
) -> list[str]:
    """Return links that lead nowhere or in a circle."""
    unknown, circle = np.zeros((2, len(above)), np.bool_)
    for block, row in enumerate(first.tolist()):
        unknown[row] = above[row] is not None and parent[block] == NONE
        circle[row] = in_circle(parent, block)
    cells = columns.get("linked_to", ())
    return bad_rows(origin, unknown, cells, "linked_to", "must name a block") + bad_rows(
        origin, circle, cells, "linked_to", "must not lead back to the block itself"
    )


def _at_rows(bad: BoolArray, text: Callable[[int], str], origin: Origin) -> list[str]:
    return [origin(text(row), row) for row in np.flatnonzero(bad).tolist()]


def _plain(cell: object) -> object:
    return cell.item() if isinstance(cell, np.generic) else cell
