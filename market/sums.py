"""Sums and shares over segments: what `sum` and `share_out` do, for many rows' groups at once."""

import numpy as np

from market.units import BoolArray, FloatArray, IntArray, share_out


def segment_sums(values: IntArray | BoolArray, edge: IntArray) -> IntArray:
    """Return the sum, or the count, of each segment; an empty one is zero.

    >>> segment_sums(np.array([1, 2, 3]), np.array([0, 2, 2, 3]))
    array([3, 0, 3])
    """
    # Sums over all rows may wrap around; the differences never do where the sums fit.
    reached = np.concatenate(([0], values.cumsum()))
    found: IntArray = np.diff(reached[edge])
    return found


def segment_totals(values: FloatArray, edge: IntArray) -> FloatArray:
    """Return the sum of each segment of floats, to the last bit what `np.add.reduce` gives.

    >>> segment_totals(np.array([0.5, 2.0, 3.0]), np.array([0, 2, 2, 3]))
    array([2.5, 0. , 3. ])
    """
    # `reduce` starts from zero and adds the rest in pairs; so does `reduceat` after a zero.
    first = edge[:-1]
    padded = np.insert(values, first, 0.0)
    found: FloatArray = np.add.reduceat(padded, first + np.arange(first.size))
    return found


def share_out_each(totals: IntArray, weights: IntArray, edge: IntArray) -> IntArray:
    """Return what `share_out` does for each segment.

    >>> share_out_each(np.array([3, 1]), np.array([4, 4, 2, 2]), np.array([0, 2, 4]))
    array([2, 1, 1, 0])
    """
    size = np.diff(edge)
    whole = segment_sums(weights, edge).tolist()
    # Quotients of Python's whole numbers are exact to the last bit however large they are.
    share = [total / every for total, every in zip(totals.tolist(), whole, strict=True)]
    exact = weights * np.repeat(share, size)
    parts: IntArray = np.minimum(np.floor(exact).astype(np.int64), weights)
    missing = totals - segment_sums(parts, edge)
    segment = np.repeat(np.arange(size.size), size)
    rank = np.lexsort((parts - exact, segment))
    place = np.arange(weights.size) - np.repeat(edge[:-1], size)
    chosen = rank[place < np.repeat(missing, size)]
    parts[chosen] += parts[chosen] < weights[chosen]
    # Huge numbers may need more than one round.
    for odd in (segment_sums(parts, edge) != totals).nonzero()[0].tolist():
        rows = slice(edge[odd], edge[odd + 1])
        parts[rows] = share_out(int(totals[odd]), weights[rows])
    return parts
