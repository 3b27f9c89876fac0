"""Storage units by shape, and the grids of levels on which their energy is valued.

The *shape* of a unit is everything relative to its usable energy (``soc_max - soc_min``), so
units that differ in size only share one value function. The *level* of a unit is its state of
charge within the usable range, from 0 to 1.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from market import FloatArray, IntArray


class StorageColumns(Protocol):
    """What strategies read of a storage fleet; energies in Wh, see `agents.storage`.

    `plan_scale` brings limits to the capacity that plans are made for: units that age count with
    a whole number of thousandths of their size, so that equal units keep sharing one value
    function although their wear differs a little; 1 for all others.
    """

    n: int
    ask_slots: int
    segments: IntArray
    charge_wh: FloatArray
    discharge_wh: FloatArray
    efficiency_charge: FloatArray
    efficiency_discharge: FloatArray
    soc_min_wh: FloatArray
    soc_max_wh: FloatArray
    soc_end_wh: FloatArray
    plan_scale: FloatArray
    cycle_cost: FloatArray
    self_discharge: FloatArray

    @property
    def committed_soc(self) -> FloatArray:
        """SoC at the start of the quoted interval, after all awards."""
        ...

    def charge_limit(self) -> IntArray:
        """Energy that can be bought in the interval."""
        ...

    def discharge_limit(self) -> IntArray:
        """Energy that can be sold in the interval."""
        ...


@dataclass(frozen=True, slots=True)
class Shapes:
    """Storage units relative to their usable energy, as columns.

    Attributes
    ----------
    charge, discharge : array, shape (n,)
        Largest change of the level in one interval, upwards and downwards.
    efficiency_charge, efficiency_discharge : array, shape (n,)
        In (0, 1].
    cycle_cost : array, shape (n,)
        Currency per MWh discharged, grid side.
    self_discharge : array, shape (n,)
        Share of the state of charge lost in an interval.
    dead : array, shape (n,)
        Energy below the usable range (``soc_min``) relative to the usable energy.
    target : array, shape (n,)
        Level required at the end of the run; NaN where free.
    """

    charge: FloatArray
    discharge: FloatArray
    efficiency_charge: FloatArray
    efficiency_discharge: FloatArray
    cycle_cost: FloatArray
    self_discharge: FloatArray
    dead: FloatArray
    target: FloatArray

    def columns(self) -> FloatArray:
        """Return the shapes as a table, shape (n, 8)."""
        return np.column_stack([getattr(self, name) for name in self.__slots__])

    def take(self, rows: IntArray) -> "Shapes":
        """Return the shapes in `rows`."""
        return Shapes(*self.columns()[rows].T)

    def distinct(self) -> tuple["Shapes", IntArray]:
        """Return each shape once, and where each unit finds its own."""
        keys = np.nan_to_num(np.round(self.columns(), 12), nan=-1.0)
        _, first, index = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        return self.take(first.astype(np.int64)), index.reshape(-1).astype(np.int64)


def shapes_of(fleet: StorageColumns) -> tuple[Shapes, FloatArray]:
    """Return the shape of each unit and its usable energy in Wh, both for planning."""
    scale = fleet.plan_scale
    low, high, end = fleet.soc_min_wh * scale, fleet.soc_max_wh * scale, fleet.soc_end_wh * scale
    usable = np.maximum(high - low, 1.0)
    shapes = Shapes(
        charge=fleet.charge_wh * fleet.efficiency_charge / usable,
        discharge=fleet.discharge_wh / fleet.efficiency_discharge / usable,
        efficiency_charge=fleet.efficiency_charge,
        efficiency_discharge=fleet.efficiency_discharge,
        cycle_cost=fleet.cycle_cost,
        self_discharge=fleet.self_discharge,
        dead=low / usable,
        target=(end - low) / usable,
    )
    return shapes, usable


@dataclass(frozen=True, slots=True)
class Block:
    """Shapes whose windows have the same whole number of cells: one array operation for all."""

    members: IntArray
    shapes: Shapes
    cells: IntArray
    up: int
    up_rest: FloatArray
    down: int
    down_rest: FloatArray

    @property
    def points(self) -> int:
        """Points of the largest grid in the block."""
        return int(self.cells.max()) + 1

    def levels(self) -> FloatArray:
        """Return the level at each grid point, shape (points, n); above 1 beyond the grid."""
        return np.arange(self.points)[:, None] / self.cells


def lay_grid(shapes: Shapes, points: int) -> list[Block]:
    """Choose each shape's grid and group the shapes that can be computed together.

    The cell is chosen so that an interval of charging is a whole number (a power of two) of cells,
    which keeps the recursion free of interpolation in that direction; it takes a grid of
    `points` / 2 to `points` points. Both powers are rounded down for it, by at most one cell in
    the whole range, so no plan counts on power that is not there. The discharging window keeps
    its ratio to the charging window: whole cells and a rest.
    """
    step = np.where(shapes.charge > 0, shapes.charge, shapes.discharge)
    step = np.minimum(np.where(step > 0, step, 1.0), 1.0)
    moves = 2.0 ** np.floor(np.log2((points - 1) * step) + 1e-9)
    cells = np.maximum(np.ceil(moves / step - 1e-9), 1).astype(np.int64)
    up, up_rest = _whole(moves / step * shapes.charge, cells)
    down, down_rest = _whole(moves / step * shapes.discharge, cells)
    blocks = []
    for pair in np.unique(np.column_stack([up, down]), axis=0):
        rows = np.flatnonzero((up == pair[0]) & (down == pair[1]))
        blocks.append(
            Block(
                members=rows,
                shapes=shapes.take(rows),
                cells=cells[rows],
                up=int(pair[0]),
                up_rest=up_rest[rows],
                down=int(pair[1]),
                down_rest=down_rest[rows],
            )
        )
    return blocks


def _whole(width: FloatArray, cells: IntArray) -> tuple[IntArray, FloatArray]:
    """Split window widths into whole cells and a rest in [0, 1)."""
    width = np.minimum(width, cells)
    whole = np.floor(width + 1e-6)
    return whole.astype(np.int64), np.where(width - whole > 1e-6, width - whole, 0.0)
