"""Plans of a storage fleet: value functions of its units, and the orders that follow from them."""

from dataclasses import dataclass

import numpy as np

from agents.order_curves import SIGN, SIGNS, Curve, best_moves, slice_edges, slice_slopes
from agents.shapes import Shapes, StorageColumns, shapes_of
from agents.valuation import Values
from market import FloatArray, IntArray

# Who gains the same now and later trades now, for so much (currency/MWh). Else rounding decides
# whether a station that expects a long surplus fills up at its beginning, or finds it over.
INDIFFERENT = 1e-6


@dataclass(slots=True)
class Units:
    """What quoting needs to know of a fleet while its limits stay what they are."""

    fleet: StorageColumns
    highest: FloatArray
    shapes: Shapes
    column: IntArray
    usable: FloatArray
    slots: IntArray
    kept: FloatArray

    @classmethod
    def of(cls, fleet: StorageColumns) -> "Units":
        """Return the units of a fleet as they are now."""
        each, usable = shapes_of(fleet)
        shapes, column = each.distinct()
        return cls(
            fleet=fleet,
            highest=fleet.soc_max_wh,
            shapes=shapes,
            column=column,
            usable=usable,
            slots=np.arange(fleet.ask_slots + 1),
            kept=1 - fleet.self_discharge,
        )

    def current(self) -> "Units":
        """Return the same with the limits that hold now: storage that ages gets new ones."""
        return self if self.highest is self.fleet.soc_max_wh else self.of(self.fleet)


@dataclass(slots=True)
class Grids:
    """Where the units of a fleet are on the grids of their value functions, and in which units."""

    column: IntArray
    top: IntArray
    per_wh: FloatArray  # cells per Wh stored
    cells: FloatArray  # cells per Wh on the grid side
    factor: FloatArray  # price per slope
    wear: FloatArray

    @classmethod
    def of(cls, units: Units, cells: IntArray) -> "Grids":
        """Return the grids of so many cells for each shape."""
        fleet, own = units.fleet, cells[units.column]
        efficiency = np.stack((fleet.efficiency_charge, 1 / fleet.efficiency_discharge))
        per_wh = own / units.usable
        return cls(
            column=units.column[:, None],
            top=own[:, None] - 1,
            per_wh=per_wh,
            cells=per_wh * efficiency,
            factor=(SIGN * efficiency * own)[:, :, None],
            wear=np.stack((np.zeros(fleet.n), fleet.cycle_cost))[:, :, None],
        )

    def room(self, units: Units) -> tuple[FloatArray, FloatArray]:
        """Return where the units are, (n,), and how far they can move, (2, n), in cells."""
        fleet, limit = units.fleet, np.empty((2, len(units.usable)))
        limit[0], limit[1] = fleet.charge_limit(), fleet.discharge_limit()
        place = fleet.committed_soc * units.kept
        place -= fleet.soc_min_wh
        place *= self.per_wh
        np.maximum(place, 0.0, out=place)
        return place, limit * self.cells

    def whole_wh(self, edges: FloatArray) -> IntArray:
        """Return the grid-side energy of each slice, Wh; `edges` are cumulative moves in cells."""
        total = np.rint(edges / self.cells[:, :, None]).astype(np.int64)
        return np.asarray(total[:, :, 1:] - total[:, :, :-1])


@dataclass(slots=True)
class Plan:
    """The value functions of one planning block, for the prices that are expected."""

    block: int
    first: int
    prices: FloatArray
    values: Values
    best: FloatArray  # the best grid points of each unit
    grids: Grids

    @classmethod
    def of(cls, units: Units, span: tuple[int, int], prices: FloatArray, values: Values) -> "Plan":
        """Return the plan for `span`: the number of the block and its first interval."""
        best = values.best[:, :, units.column].astype(np.float64)
        return cls(*span, prices, values, best, Grids.of(units, values.cells))

    @property
    def length(self) -> int:
        """How many intervals it serves."""
        return len(self.prices)

    def curve(self, step: int) -> Curve:
        """Return the units' values at the end of an interval."""
        return Curve(self.values.values[step], self.grids.column, self.grids.top)

    def best_moves(self, step: int, place: FloatArray, reach: FloatArray) -> FloatArray:
        """Return the best moves at the expected price, in cells, shape (2, n)."""
        if self.values.concave[step]:
            moves: FloatArray = self.best[step] - place
            moves *= SIGN
            np.maximum(moves, 0.0, out=moves)
            np.minimum(moves, reach, out=moves)
            return moves
        rate = (self.prices[step] - self.grids.wear) * SIGNS / self.grids.factor
        return best_moves(self.curve(step), place, reach, rate[:, :, 0])

    def orders(self, units: Units, step: int) -> tuple[FloatArray, IntArray]:
        """Return prices and quantities of bids (0) and asks (1), shape (2, n, slots)."""
        grids = self.grids
        place, reach = grids.room(units)
        best = self.best_moves(step, place, reach)
        edges = slice_edges(reach, best, units.fleet.segments, units.slots)
        gain = self.curve(step).at(place[:, None] + SIGNS * edges)
        slope = slice_slopes(gain, edges, bool(self.values.concave[step]))
        price = slope * grids.factor
        price += grids.wear
        price += SIGNS * INDIFFERENT
        return price, grids.whole_wh(edges) * (slope > -np.inf)
