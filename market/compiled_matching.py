"""Continuous matching of large books as machine code, where numba is installed."""

from collections.abc import Callable
from functools import cache
from heapq import heappop, heappush
from importlib.util import find_spec
from typing import Any

import numpy as np

from market.units import BoolArray, FloatArray, IntArray

Matched = tuple[IntArray, IntArray, IntArray, IntArray, FloatArray]


def available() -> bool:
    """Return whether matching can be compiled here."""
    return find_spec("numba") is not None


@cache
def compiled() -> Callable[..., Matched]:
    """Return `match` as machine code; it is compiled once and kept on disk where that can be."""
    import numba

    try:
        code: Any = numba.njit(cache=True)(match)
    except RuntimeError:  # no directory to keep it in
        code = numba.njit(match)
    made: Callable[..., Matched] = code
    return made


def match(
    is_bid: BoolArray, price: FloatArray, quantity: IntArray, floor: float, cap: float
) -> Matched:
    """Match orders in the order of the rows; the rule is that of `LimitOrderBook`.

    Parameters
    ----------
    is_bid : array of bool, shape (n,)
    price : array, shape (n,)
        Legal limits: no offer above the cap, no bid below the floor.
    quantity : array of int, shape (n,)
        Positive; it is left as it is.
    floor, cap : float

    Returns
    -------
    left : array of int, shape (n,)
        What is left of each order.
    arrived, waited, part, paid : array, shape (trades,)
        Rows of the two orders, quantity and price, in the order of trading.

    Examples
    --------
    >>> rows = np.array([False, True]), np.array([10.0, 30.0]), np.array([5, 7])
    >>> left, arrived, waited, part, paid = match(*rows, -np.inf, np.inf)
    >>> left, arrived, waited, part, paid
    (array([0, 2]), array([1]), array([0]), array([5]), array([10.]))
    """
    n = price.size
    left = quantity.copy()
    # Each trade finishes an order, so there are fewer trades than orders.
    arrived, waited = np.empty(n, np.int64), np.empty(n, np.int64)
    part, paid = np.empty(n, np.int64), np.empty(n, np.float64)
    asks = [(0.0, 0) for _ in range(0)]
    bids = [(0.0, 0) for _ in range(0)]
    trades = 0
    for row in range(n):
        key = -price[row] if is_bid[row] else price[row]
        own, other = (bids, asks) if is_bid[row] else (asks, bids)
        wanted = left[row]
        while wanted > 0 and len(other) > 0 and other[0][0] <= -key:
            best, waiting = other[0]
            less = min(wanted, left[waiting])
            wanted -= less
            left[waiting] -= less
            if left[waiting] == 0:
                heappop(other)
            arrived[trades], waited[trades], part[trades] = row, waiting, less
            paid[trades] = min(max(best if is_bid[row] else -best, floor), cap)
            trades += 1
        left[row] = wanted
        if wanted > 0:
            heappush(own, (key, row))
    return left, arrived[:trades], waited[:trades], part[:trades], paid[:trades]
