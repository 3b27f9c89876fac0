"""Orders from value functions: what a storage unit bids for charging and asks for discharging.

All arrays have a direction axis first: 0 is charging (bids), 1 is discharging (asks). Positions
on the level grid are in cells; a slope is the gain per cell moved, so it falls in both directions.
"""

from dataclasses import dataclass

import numpy as np

from market import FloatArray, IntArray

SIGN = np.array([[1.0], [-1.0]])
SIGNS = SIGN[:, :, None]
SMALL = 1e-6  # cells: less is no movement


@dataclass(frozen=True, slots=True)
class Curve:
    """One value function per unit, on a grid of cells.

    Attributes
    ----------
    values : array, shape (points, shapes)
        Value at the grid points.
    column : array of int, shape (n, 1)
        Column of each unit.
    top : array of int, shape (n, 1)
        Last cell of each unit's grid.
    """

    values: FloatArray
    column: IntArray
    top: IntArray

    def at(self, place: FloatArray) -> FloatArray:
        """Interpolate at `place`, shape (2, n, m)."""
        low = place.astype(np.int64)
        np.minimum(low, self.top, out=low)
        rest = place - low
        width = self.values.shape[1]
        low *= width
        low += self.column
        below = self.values.take(low)
        low += width
        above = self.values.take(low)
        above -= below
        above *= rest
        above += below
        return above


def best_moves(curve: Curve, place: FloatArray, reach: FloatArray, rate: FloatArray) -> FloatArray:
    """Return the moves with the greatest gain, shape (2, n), for value functions of any form.

    Parameters
    ----------
    curve : Curve
        The value functions.
    place : array, shape (n,)
        Where the units are, in cells.
    reach : array, shape (2, n)
        How far they can move, in cells.
    rate : array, shape (2, n)
        What a cell costs (charging) and yields (discharging) at the expected price.
    """
    # The gain is linear between grid points, so the candidates are the grid points and the ends.
    count = int(reach.max(initial=0.0)) + 3
    first = np.stack((np.floor(place), np.floor(place) + 1))
    spots = first[:, :, None] + SIGNS * np.arange(count)
    moves = np.clip(SIGNS * (spots - place[:, None]), 0.0, reach[:, :, None])
    gain = curve.at(place[:, None] + SIGNS * moves)
    gain -= (SIGN * rate)[:, :, None] * moves
    chosen = gain.argmax(axis=2)[:, :, None]
    return np.take_along_axis(moves, chosen, 2)[:, :, 0]


def slice_edges(
    reach: FloatArray, best: FloatArray, segments: IntArray, slots: IntArray
) -> FloatArray:
    """Cut each direction into slices with the best move as one of the cuts.

    Parameters
    ----------
    reach, best : array, shape (2, n)
        The largest and the best move.
    segments : array of int, shape (n,)
        How many slices a unit may offer.
    slots : array of int, shape (slots + 1,)
        0, 1, 2, ... up to the largest number of slices.

    Returns
    -------
    array, shape (2, n, slots + 1)
        Cumulative moves, from 0. Slices are of equal width before and after the best move; a
        unit with one slice offers the best move only.
    """
    inside = (best > SMALL) & (best < reach - SMALL)
    if not inside.any():
        edges: FloatArray = reach[:, :, None] * np.minimum(slots / segments[:, None], 1.0)
        return edges
    share = np.divide(best, reach, out=np.ones_like(best), where=inside)
    most = np.where(inside, np.maximum(segments - 1, 1), segments)
    head = np.clip(np.rint(segments * share), 1, most)
    tail = np.maximum(segments - head, 1)
    cut = np.where(inside, best, reach)
    rest = np.where(inside & (segments > 1), reach - best, 0.0)
    edges = cut[:, :, None] * np.minimum(slots / head[:, :, None], 1.0)
    edges += rest[:, :, None] * np.clip((slots - head[:, :, None]) / tail[:, :, None], 0.0, 1.0)
    return edges


def slice_slopes(gain: FloatArray, edges: FloatArray, concave: bool) -> FloatArray:
    """Return the mean gain per cell of each slice, falling along the slices; -inf where empty.

    Where the gain is not concave this is the slope of its concave hull at the cuts: part of a
    slice is then never worth filling without the rest.
    """
    width = edges[:, :, 1:] - edges[:, :, :-1]
    rise = gain[:, :, 1:] - gain[:, :, :-1]
    filled = width > SMALL
    slope = np.where(filled, rise / np.maximum(width, SMALL), -np.inf)
    if not concave and (slope[:, :, 1:] > slope[:, :, :-1]).any():
        slope = np.where(filled, _hull(gain, edges), -np.inf)
    falling: FloatArray = np.minimum.accumulate(slope, axis=2)
    return falling


def _hull(gain: FloatArray, edges: FloatArray) -> FloatArray:
    """Return the slopes of the least concave majorant of `gain` at `edges`.

    The slope over a slice is the least, over starts before it, of the steepest chord to an end
    after it.
    """
    width = np.maximum(edges[..., None, :] - edges[..., :, None], 1e-12)
    chord = (gain[..., None, :] - gain[..., :, None]) / width
    slices = edges.shape[-1] - 1
    slope = np.empty((*edges.shape[:-1], slices))
    for j in range(slices):
        slope[..., j] = chord[..., : j + 1, j + 1 :].max(axis=-1).min(axis=-1)
    return slope


def uncross(price: FloatArray, quantity: IntArray) -> None:
    """Keep every bid of a unit below every ask of it, in place.

    Where stored energy has a negative value, charging can be wanted at prices at which
    discharging is wanted too, but only one of them can be done. At the price where both gain the
    same, the unit changes sides: bids are capped there and asks start above.

    Parameters
    ----------
    price : array, shape (2, n, slots)
        Bids and asks; infinite where there is no order.
    quantity : array of int, shape (2, n, slots)
        Grid-side energy; zero where there is no order.
    """
    crossed = price[0, :, 0] >= price[1, :, 0]
    if not crossed.any():
        return
    rows = np.flatnonzero(crossed)
    turn = _turning_price(price[:, rows], quantity[:, rows].astype(np.float64))[:, None]
    price[0, rows] = np.minimum(price[0, rows], turn)
    price[1, rows] = np.maximum(price[1, rows], np.nextafter(turn, np.inf))


def _turning_price(price: FloatArray, quantity: FloatArray) -> FloatArray:
    """Return the price at which both directions gain the same, shape (rows,)."""
    price = np.where(np.isfinite(price), price, price[:, :, :1])  # weightless
    bid, ask = price
    knots = np.sort(np.concatenate((bid, ask), axis=1), axis=1)
    buying = (quantity[0, :, None] * np.maximum(bid[:, None] - knots[:, :, None], 0)).sum(2)
    selling = (quantity[1, :, None] * np.maximum(knots[:, :, None] - ask[:, None], 0)).sum(2)
    edge = buying - selling  # falls with the price
    last = knots.shape[1] - 2
    low = np.clip((edge > 0).sum(axis=1) - 1, 0, last)[:, None]
    pair = np.take_along_axis(edge, np.concatenate((low, low + 1), 1), 1)
    ends = np.take_along_axis(knots, np.concatenate((low, low + 1), 1), 1)
    fall = np.maximum(pair[:, 0] - pair[:, 1], 1e-300)
    share = np.clip(pair[:, 0] / fall, 0.0, 1.0)
    turn: FloatArray = ends[:, 0] + share * (ends[:, 1] - ends[:, 0])
    return turn


def admit(price: FloatArray, quantity: IntArray, floor: float, cap: float) -> None:
    """Bring orders within the price limits, in place; leave out those that cannot be filled.

    A bid above the cap and an ask below the floor move to the limit. A bid below the floor and
    an ask above the cap are left out: moved to the limit, they would trade at a loss.
    """
    bid, ask = price
    quantity[0] *= bid >= floor
    quantity[1] *= ask <= cap
    np.minimum(bid, cap, out=bid)
    np.maximum(ask, floor, out=ask)
    price[quantity == 0] = 0.0
