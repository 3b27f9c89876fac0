"""What stored energy is worth when prices are a Markov chain: one value function for each state.

The recursion is that of `agents.valuation`, in every state of the price at once, and between two
intervals the value functions are averaged with the odds of the states to come (stochastic dynamic
programming)::

    V_t(level, state) = sum over next of odds(state, next) max over moves of
                        profit at the price of next + V_t+1(level after the move, next)

Where prices are not negative it runs on the slopes of ``V``, which is the analytical update of
Zheng, Jaworski and Xu (arXiv 2108.06000).
"""

from dataclasses import dataclass

import numpy as np

from agents.shapes import Block, Shapes, lay_grid
from agents.valuation import NEVER, Backward, concave_after, final_values
from market import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class StateValues:
    """Value functions at the end of consecutive intervals, given the price of the interval.

    Attributes
    ----------
    values : array, shape (steps, points, states * n)
        Currency per MWh of usable energy, at levels ``k / cells``, up to a constant for each
        step; the units of the first state come first. `NEVER` beyond level 1.
    cells : array of int, shape (n,)
        Cells of the grid of each shape.
    concave : array of bool, shape (steps,)
        Whether all value functions of the step are concave.
    """

    values: FloatArray
    cells: IntArray
    concave: BoolArray


def state_values(
    shapes: Shapes,
    chain: tuple[FloatArray, FloatArray],
    worth: tuple[FloatArray, float],
    keep: int,
    points: int,
) -> StateValues:
    """Value stored energy at the end of each of the first `keep` intervals, in each state.

    Parameters
    ----------
    shapes : Shapes
        The units; `target` refers to the end of the prices.
    chain : (array, array)
        Prices of the states, currency/MWh, shape (steps, states); and the odds of the states of
        the next interval, shape (steps - 1, states, states).
    worth : (array, float)
        Value of energy left over at the end, currency per MWh stored, shape (n,); and the cost
        of missing a target.
    keep : int
        How many intervals to return, at most the number of steps.
    points : int
        Largest number of grid points of a unit.
    """
    prices, odds = chain
    left_over, ruin = worth
    blocks = lay_grid(shapes, points)
    n, states = len(shapes.charge), prices.shape[1]
    width = max(block.points for block in blocks)
    values = np.full((keep, width, states, n), NEVER)
    cells = np.zeros(n, np.int64)
    concave = concave_after(shapes, prices.min(axis=1))
    for block in blocks:
        many = _in_each_state(block, states)
        each = np.tile(left_over[block.members], states)
        final = final_values(many.shapes, many.levels(), each, ruin)
        backward = Backward.of(many)
        rows = np.repeat(prices, len(block.members), axis=1)
        easy = backward.decay is None and bool(concave.all()) and prices.min() >= 0
        run = _run_slopes if easy else _run
        kept = run(backward, rows, odds, final, keep)
        values[:, : block.points, :, block.members] = kept.reshape(keep, block.points, states, -1)
        cells[block.members] = block.cells
    return StateValues(values.reshape(keep, width, states * n), cells, concave[:keep])


def _in_each_state(block: Block, states: int) -> Block:
    """Return the shapes of a block once for each state."""
    rows = np.tile(np.arange(len(block.members)), states)
    return Block(
        members=block.members[rows],
        shapes=block.shapes.take(rows),
        cells=block.cells[rows],
        up=block.up,
        up_rest=block.up_rest[rows],
        down=block.down,
        down_rest=block.down_rest[rows],
    )


def averaged(values: FloatArray, odds: FloatArray) -> FloatArray:
    """Return what is expected before the next state is known.

    Parameters
    ----------
    values : array, shape (points, states * n)
    odds : array, shape (states, states)

    Examples
    --------
    >>> averaged(np.array([[10.0, 20.0]]), np.array([[1.0, 0.0], [0.5, 0.5]]))
    array([[10., 15.]])
    """
    points, states = len(values), len(odds)
    following = values.reshape(points, states, -1).transpose(1, 0, 2)[:, :, None]
    # A sum in a fixed order, not a matrix product, so that it is the same on any machine.
    total: FloatArray = np.add.reduce(following * odds.T[:, None, :, None])
    return total.reshape(values.shape)


def _run(
    backward: Backward, prices: FloatArray, odds: FloatArray, value: FloatArray, keep: int
) -> FloatArray:
    values = np.empty((keep, *value.shape))
    for t in range(len(prices) - 1, -1, -1):
        if t < keep:
            values[t] = value
        if t > 0:
            cost, revenue = prices[t] * backward.stored, prices[t] * backward.sold
            revenue -= backward.wear
            value = backward.earlier(cost, revenue, value - cost, value - revenue)
            value = averaged(value, odds[t - 1])
    return values


def _run_slopes(
    backward: Backward, prices: FloatArray, odds: FloatArray, value: FloatArray, keep: int
) -> FloatArray:
    """Return what `_run` returns, on slopes; the value of an empty store is left at zero."""
    buy, sell, wear = backward.stored[1], backward.sold[1], backward.wear[1]
    beyond = None if backward.ceiling is None else backward.ceiling[1:] == NEVER
    slope = np.diff(value, axis=0)
    kept = np.empty((keep, *slope.shape))
    for t in range(len(prices) - 1, -1, -1):
        if beyond is not None:
            slope[beyond] = NEVER
        if t < keep:
            kept[t] = slope
        if t > 0:
            slope = backward.inserted_above(slope, prices[t] * buy)
            slope = backward.inserted_below(slope, prices[t] * sell - wear)
            slope = averaged(slope, odds[t - 1])
    values = np.zeros((keep, *value.shape))
    np.cumsum(kept, axis=1, out=values[:, 1:])
    if backward.ceiling is not None:
        np.minimum(values, backward.ceiling, out=values)
    return values
