"""Prices of a day once it is known which blocks trade: nobody loses, nearest to the k-point.

In each interval the accepted quantities leave a set of clearing prices. Where every accepted
block gains at the k-points of those sets, these are the prices. Else they move, as little as
possible in the sum of squares, until no accepted block loses: as in EUPHEMIA, which looks for
the prices nearest to the middle of the sets.
"""

from typing import NamedTuple

import numpy as np

from market.day_ahead.blocks import NONE, CheckedBlocks
from market.day_ahead.book import Scale
from market.day_ahead.programs import Program
from market.day_ahead.selection import put_passed_on, put_places
from market.mechanisms.uniform import k_point
from market.units import BoolArray, FloatArray, IntArray

SNAP = 1e-7  # of the price range


def block_surplus(blocks: CheckedBlocks, limit: FloatArray, price: FloatArray) -> FloatArray:
    """Return what each block gains if accepted in full, in price times quanta."""
    surplus: FloatArray = (blocks.quantity * (limit - price[:, None])).sum(axis=0)
    return surplus


def narrowed(
    low: FloatArray, high: FloatArray, blocks: CheckedBlocks, ratio: FloatArray, limit: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the sets of prices within the limits of accepted blocks of one interval.

    Such a block bounds the price as any accepted order does, and fixes it when cut short.
    Blocks with parents, children or a group may be carried by others; they do not count here.
    """
    low, high = low.copy(), high.copy()
    for block in np.flatnonzero((ratio > 0) & _alone(blocks)):
        at = int(np.flatnonzero(blocks.quantity[:, block])[0])
        cut = ratio[block] < 1
        if cut or blocks.quantity[at, block] < 0:
            low[at] = max(low[at], limit[block])
        if cut or blocks.quantity[at, block] > 0:
            high[at] = min(high[at], limit[block])
    return low, high


def _alone(blocks: CheckedBlocks) -> BoolArray:
    """Return the blocks of one interval that nothing ties to others."""
    tied = (blocks.parent != NONE) | (blocks.group != NONE)
    tied[blocks.parent[blocks.parent != NONE]] = True
    alone: BoolArray = ~tied & (np.count_nonzero(blocks.quantity, axis=0) == 1)
    return alone


def supporting_prices(
    ends: tuple[FloatArray, FloatArray],
    k: float,
    blocks: CheckedBlocks,
    ratio: FloatArray,
    limit: FloatArray,
    scale: Scale,
) -> FloatArray | None:
    """Return the prices at which no accepted block loses; None where there are none.

    Parameters
    ----------
    ends : tuple of array, shape (intervals,)
        Ends of the set of prices in each interval, see `narrowed`.
    ratio, limit : array, shape (n,)
        Accepted ratio and price of each block.
    """
    low, high = ends
    if (low > high).any():
        return None
    target = np.array([k_point(*pair, k) for pair in zip(low, high, strict=True)])
    taken = Taken(blocks, ratio, limit, (ratio > 0) & ~_alone(blocks))
    gains = block_surplus(blocks, limit, target)
    if (gains[taken.held] >= 0).all() and (ratio[taken.held] == 1).all():
        return target
    return _nearest(target, ends, taken, scale)


class Taken(NamedTuple):
    """Blocks with their accepted ratios and limits, and which of them bound the prices."""

    blocks: CheckedBlocks
    ratio: FloatArray
    limit: FloatArray
    held: BoolArray


def _nearest(
    target: FloatArray,
    ends: tuple[FloatArray, FloatArray],
    taken: Taken,
    scale: Scale,
) -> FloatArray | None:
    """Return the prices nearest to `target` at which none of the taken blocks loses."""
    # The sum of distances tells whether there are prices at all; that of squares makes them
    # unique and even. The quadratic solver stops now and then where it should not.
    found = None
    for squares in (False, True):
        program, price = _distance(target, ends, taken, scale, squares)
        try:
            solved = program.solve()
        except ArithmeticError:
            solved = None
        if solved is not None:
            found = scale.floor + solved[price] * scale.span
        elif not squares:
            return None
    return None if found is None else _snapped(found, (target, *ends), scale).clip(*ends)


def _distance(
    target: FloatArray,
    ends: tuple[FloatArray, FloatArray],
    taken: Taken,
    scale: Scale,
    squares: bool,
) -> tuple[Program, IntArray]:
    """Return the program of the prices nearest to `target`, by squares or by distances."""
    program, (blocks, ratio, limit, held) = Program(), taken
    low, high = scale.price(ends[0]), scale.price(ends[1])
    aim = scale.price(target)
    if squares:
        price = program.columns(aim.size, low, high, value=2 * aim, square=1.0)
    else:
        price = program.columns(aim.size, low, high)
        for way in (1.0, -1.0):
            apart = program.columns(aim.size, 0.0, np.inf, value=-0.5)
            rows = program.rows(aim.size, way * aim, np.inf)
            program.put(rows, price, way)
            program.put(rows, apart, 1.0)
    size = np.abs(blocks.quantity).max(axis=0).astype(np.float64)
    quantity = blocks.quantity / size
    reached = (quantity * scale.price(limit)).sum(axis=0)
    # A block accepted in full may gain anything, one that is cut short nothing.
    gains = np.where(held & (ratio < 1), reached, -np.inf)
    rows = program.rows(ratio.size, gains, np.where(held, reached, np.inf))
    program.put(rows, price[:, None], quantity)
    put_passed_on(program, rows, blocks, size, np.inf, ratio=ratio)
    put_places(program, rows, blocks, size, np.inf, ratio=ratio)
    return program, price


def _snapped(found: FloatArray, marks: tuple[FloatArray, ...], scale: Scale) -> FloatArray:
    """Return prices that differ from a mark by rounding alone as that mark."""
    for mark in marks:
        found = np.where(np.abs(found - mark) <= SNAP * scale.span, mark, found)
    return found
