"""What stored energy is worth: backward dynamic programming on expected prices.

With ``V`` the value of a level (see `agents.shapes`) at the end of an interval with price ``p``,
the value at its start is the better of charging and discharging (never both)::

    max over z in [y, y + charge]     V(z) - p / efficiency_charge (z - y)
    max over z in [y - discharge, y]  V(z) + (p - cycle_cost) efficiency_discharge (y - z)

with ``y`` the level after self-discharge. Both are running maxima over a window of the level grid,
so prices may be negative (where ``V`` is not concave and a linear program would burn power by
charging and discharging at once). For non-negative prices ``V`` is concave, and the same recursion
on its slopes is four operations a step: the analytical update of Zheng, Jaworski and Xu,
"Arbitraging variable efficiency energy storage using analytical stochastic dynamic programming"
(arXiv 2108.06000). Both give the same values; tests compare them.
"""

from dataclasses import dataclass

import numpy as np

from agents.shapes import Block, Shapes, lay_grid
from market import BoolArray, FloatArray, IntArray

NEVER = -1e30  # finite, so that zero times it is zero; nothing reachable is worth so little


@dataclass(frozen=True, slots=True)
class Values:
    """Value functions at the end of consecutive intervals.

    Attributes
    ----------
    values : array, shape (steps, points, n)
        Currency per MWh of usable energy, at levels ``k / cells``, up to a constant for each
        step and unit; `NEVER` beyond level 1.
    cells : array of int, shape (n,)
        Cells of the grid of each shape.
    best : array of int, shape (steps, 2, n)
        Grid point that maximises value less cost of charging (0) and value plus revenue of
        discharging (1) at the expected price, wherever one starts; meaningful where `concave`.
    concave : array of bool, shape (steps,)
        Whether all value functions of the step are concave.
    """

    values: FloatArray
    cells: IntArray
    best: IntArray
    concave: BoolArray


def final_values(shapes: Shapes, levels: FloatArray, worth: FloatArray, ruin: float) -> FloatArray:
    """Return the value of `levels` at the end of the horizon.

    Parameters
    ----------
    shapes : Shapes
        Their `target` is what must be left at the end of the horizon; NaN where free.
    levels : array, shape (points, n)
        Levels; those above 1 are not reachable.
    worth : array, shape (n,)
        Value of the energy left over, currency per MWh stored.
    ruin : float
        Cost of missing the target, currency per MWh stored; above any price.
    """
    short = np.maximum(np.nan_to_num(shapes.target, nan=0.0) - levels, 0.0)
    return np.where(levels <= 1 + 1e-9, worth * levels - ruin * short, NEVER)


def running_max(values: FloatArray, cells: int) -> FloatArray:
    """Return the maximum of each point and the `cells` points after it, along the first axis.

    The window doubles until it is wide enough, so it takes log2(cells) passes.

    >>> running_max(np.array([3.0, 1.0, 2.0, 0.0]), 2)
    array([3., 2., 2., 0.])
    """
    result, span, width = values.copy(), 1, min(cells + 1, len(values))
    while span < width:
        step = min(span, width - span)
        np.maximum(result[:-step], result[step:], out=result[:-step])
        span += step
    return result


def reach_max(values: FloatArray, cells: int, rest: FloatArray | None) -> FloatArray:
    """Return the maximum over a window of `cells` whole cells and a `rest` upwards.

    Values between the grid points are interpolated, so the maximum is at a grid point or at the
    upper end of the window.
    """
    result = running_max(values, cells)
    if rest is not None and len(values) > cells + 1:
        near = values[cells:-1]
        edge = values[cells + 1 :] - near
        edge *= rest
        edge += near
        np.maximum(result[: len(edge)], edge, out=result[: len(edge)])
    return result


@dataclass(frozen=True, slots=True)
class Backward:
    """One block's recursion with everything that does not depend on the price."""

    block: Block
    stored: FloatArray  # grid-side MWh bought to reach each level
    sold: FloatArray  # grid-side MWh sold from each level
    wear: FloatArray  # cycle cost of selling them
    ceiling: FloatArray | None
    decay: tuple[IntArray, FloatArray] | None
    up_rest: FloatArray | None
    down_rest: FloatArray | None

    @classmethod
    def of(cls, block: Block) -> "Backward":
        """Return the recursion of a block of shapes."""
        shapes, levels = block.shapes, block.levels()
        sold = levels * shapes.efficiency_discharge
        beyond = levels > 1 + 1e-9
        return cls(
            block=block,
            stored=levels / shapes.efficiency_charge,
            sold=sold,
            wear=sold * shapes.cycle_cost,
            ceiling=np.where(beyond, NEVER, np.inf) if beyond.any() else None,
            decay=_decay(block, levels),
            up_rest=block.up_rest if block.up_rest.any() else None,
            down_rest=block.down_rest if block.down_rest.any() else None,
        )

    def run(self, prices: FloatArray, value: FloatArray, keep: int) -> tuple[FloatArray, IntArray]:
        """Return the values at the end of the first `keep` intervals, and the best grid points."""
        values = np.empty((keep, *value.shape))
        best = np.empty((keep, 2, value.shape[1]), np.int64)
        for t, price in reversed(list(enumerate(prices.tolist()))):
            cost, revenue = price * self.stored, price * self.sold
            revenue -= self.wear
            buying, selling = value - cost, value - revenue
            if t < keep:
                values[t] = value
                best[t, 0], best[t, 1] = buying.argmax(axis=0), selling.argmax(axis=0)
            if t > 0:
                value = self.earlier(cost, revenue, buying, selling)
        return values, best

    def run_concave(
        self, prices: FloatArray, value: FloatArray, keep: int
    ) -> tuple[FloatArray, IntArray]:
        """Return what `run` returns, on slopes; the value of an empty store is left at zero.

        A slope is what one more cell is worth. Charging inserts `up` cells at the price of a
        cell bought into the falling sequence of slopes, discharging `down` cells at the price
        of a cell sold.
        """
        buy, sell, wear = self.stored[1], self.sold[1], self.wear[1]
        beyond = None if self.ceiling is None else self.ceiling[1:] == NEVER
        slope = np.diff(value, axis=0)
        kept = np.empty((keep, *slope.shape))
        for t, price in reversed(list(enumerate(prices.tolist()))):
            if beyond is not None:
                slope[beyond] = NEVER
            if t < keep:
                kept[t] = slope
            if t > 0:
                slope = self.inserted_above(slope, price * buy)
                slope = self.inserted_below(slope, price * sell - wear)
        price = prices[:keep, None, None]
        best = np.empty((keep, 2, slope.shape[1]), np.int64)
        best[:, 0] = np.count_nonzero(kept > price * buy, axis=1)
        best[:, 1] = np.count_nonzero(kept > price * sell - wear, axis=1)
        values = np.zeros((keep, *value.shape))
        np.cumsum(kept, axis=1, out=values[:, 1:])
        if self.ceiling is not None:
            np.minimum(values, self.ceiling, out=values)
        return values, best

    def inserted_above(self, slope: FloatArray, worth: FloatArray) -> FloatArray:
        """Return the slopes after `up` cells of `worth` each were inserted from the left."""
        capped, up = np.minimum(slope, worth), self.block.up
        result = capped.copy() if self.up_rest is not None else capped
        np.maximum(result[: len(slope) - up], slope[up:], out=result[: len(slope) - up])
        if self.up_rest is not None:
            np.maximum(capped[: -up - 1], slope[up + 1 :], out=capped[: -up - 1])
            result += self.up_rest * (capped - result)
        return result

    def inserted_below(self, slope: FloatArray, worth: FloatArray) -> FloatArray:
        """Return the slopes after `down` cells of `worth` each were inserted from the right."""
        raised, down = np.maximum(slope, worth), self.block.down
        result = raised.copy() if self.down_rest is not None else raised
        np.minimum(result[down:], slope[: len(slope) - down], out=result[down:])
        if self.down_rest is not None:
            np.minimum(raised[down + 1 :], slope[: -down - 1], out=raised[down + 1 :])
            result += self.down_rest * (raised - result)
        return result

    def earlier(
        self, cost: FloatArray, revenue: FloatArray, buying: FloatArray, selling: FloatArray
    ) -> FloatArray:
        """Return the value at the start of the interval."""
        value = reach_max(buying, self.block.up, self.up_rest)
        value += cost
        lower = reach_max(selling[::-1], self.block.down, self.down_rest)[::-1]
        lower += revenue
        np.maximum(value, lower, out=value)
        if self.ceiling is not None:
            np.minimum(value, self.ceiling, out=value)
        if self.decay is None:
            return value
        low, rest = self.decay
        below = np.take_along_axis(value, low, 0)
        decayed = below + rest * (np.take_along_axis(value, low + 1, 0) - below)
        return decayed if self.ceiling is None else np.minimum(decayed, self.ceiling)


def _decay(block: Block, levels: FloatArray) -> tuple[IntArray, FloatArray] | None:
    """Return the cell and the place in it where each level is after self-discharge.

    What is below the usable range is not lost.
    """
    shapes = block.shapes
    if not shapes.self_discharge.any():
        return None
    place = (levels - shapes.self_discharge * (levels + shapes.dead)) * block.cells
    place = np.maximum(place, 0.0)
    low = np.minimum(np.floor(place), block.cells - 1).astype(np.int64)
    return low, place - low


def value_functions(
    shapes: Shapes, prices: FloatArray, worth: FloatArray, keep: int, points: int, ruin: float
) -> Values:
    """Value stored energy at the end of each of the first `keep` intervals.

    Parameters
    ----------
    shapes : Shapes
        The units; `target` refers to the end of `prices`.
    prices : array, shape (steps,)
        Expected prices, currency/MWh, of any sign.
    worth : array, shape (n,)
        Value of energy left over at the end, currency per MWh stored.
    keep : int
        How many intervals to return, at most the number of prices.
    points : int
        Largest number of grid points of a unit.
    ruin : float
        Cost of missing a target, currency per MWh stored.
    """
    blocks = lay_grid(shapes, points)
    n, width = len(shapes.charge), max(block.points for block in blocks)
    values = np.full((keep, width, n), NEVER)
    best, cells = np.zeros((keep, 2, n), np.int64), np.zeros(n, np.int64)
    for block in blocks:
        final = final_values(block.shapes, block.levels(), worth[block.members], ruin)
        backward = Backward.of(block)
        easy = backward.decay is None and bool(concave_after(block.shapes, prices).all())
        run = backward.run_concave if easy and prices.min() >= 0 else backward.run
        kept, places = run(prices, final, keep)
        values[:, : block.points, block.members] = kept
        best[:, :, block.members], cells[block.members] = places, block.cells
    return Values(values, cells, best, concave_after(shapes, prices)[:keep])


def concave_after(shapes: Shapes, prices: FloatArray) -> BoolArray:
    """Tell after which intervals buying is never cheaper than selling pays: V is concave there.

    `prices` are the lowest that are possible in each interval.
    """
    loss = 1 / shapes.efficiency_charge - shapes.efficiency_discharge
    wear = shapes.cycle_cost * shapes.efficiency_discharge
    low = np.minimum.accumulate(prices[::-1])[::-1]
    later = np.append(low[1:], np.inf)
    with np.errstate(invalid="ignore"):
        limit = np.max(np.where(loss > 0, -wear / np.where(loss > 0, loss, 1.0), -np.inf))
    return np.asarray(later >= limit)
