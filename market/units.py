"""The only border between floats and whole numbers.

Energy on the market is a whole number of watt-hours, money a whole number of cents;
so ties, conservation and zero sums are exact equalities. One rounding rule is used
wherever parts must add up to a whole: the largest remainder (Hamilton's method).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

WH_PER_MWH = 1_000_000
CENTS = 100


def to_wh(mwh: ArrayLike) -> IntArray:
    """Return energy in whole watt-hours, rounded down.

    Rounding down means that no order ever promises more than there is; a ten-thousandth
    of a watt-hour is forgiven so that 0.57 MWh is 570,000 Wh in spite of binary fractions.

    >>> to_wh([0.57, 0.0000009])
    array([570000,      0])
    """
    return np.floor(np.asarray(mwh, np.float64) * WH_PER_MWH + 1e-4).astype(np.int64)


def to_mwh(wh: ArrayLike) -> FloatArray:
    """Return energy in MWh.

    >>> float(to_mwh(1_500_000))
    1.5
    """
    return np.asarray(wh, np.float64) / WH_PER_MWH


def share_out(total: int, weights: IntArray) -> IntArray:
    """Split `total` in proportion to `weights` by the largest remainder.

    Parameters
    ----------
    total : int
        Non-negative, at most the sum of the weights.
    weights : array of int, shape (n,)
        Non-negative; no part exceeds its weight.

    Returns
    -------
    array of int, shape (n,)
        Sums to `total` exactly; ties of the remainder go to the earlier row.

    >>> share_out(10, np.array([5, 5, 5]))
    array([4, 3, 3])
    """
    whole = int(weights.sum())
    if total >= whole:
        return np.array(weights, np.int64)
    exact = weights * (total / whole)
    parts: IntArray = np.minimum(np.floor(exact).astype(np.int64), weights)
    # Floats can leave a part one too high when the numbers are huge; the loop then takes it back.
    missing = total - int(parts.sum())
    while missing != 0:
        step = 1 if missing > 0 else -1
        room = parts < weights if step > 0 else parts > 0
        rank = np.argsort(np.where(room, -step * (exact - parts), np.inf), kind="stable")
        chosen = rank[: min(abs(missing), int(room.sum()))]
        parts[chosen] += step
        missing = total - int(parts.sum())
    return parts


def round_rows(amounts: FloatArray, totals: IntArray) -> IntArray:
    """Round each row of `amounts` to whole numbers that add up to its total.

    Parameters
    ----------
    amounts : array, shape (m, n)
        In cents.
    totals : array of int, shape (m,)
        The rounded sum of each row (within n of the floored sum).

    Returns
    -------
    array of int, shape (m, n)
        Rows sum to `totals`; each entry is within one cent of its amount, and zero stays zero.

    >>> round_rows(np.array([[0.5, 0.5, 0.0]]), np.array([1]))
    array([[1, 0, 0]])
    """
    parts = np.floor(amounts).astype(np.int64)
    missing = totals - parts.sum(axis=1)
    rows = np.flatnonzero(missing)
    if rows.size == 0:
        return parts
    remainder = np.where(amounts[rows] != 0, amounts[rows] - parts[rows], -1.0)
    rank = np.argsort(-remainder, axis=1, kind="stable")
    extra = np.zeros_like(rank)
    np.put_along_axis(extra, rank, np.arange(rank.shape[1])[None, :], axis=1)
    parts[rows] += extra < missing[rows, None]
    return parts
