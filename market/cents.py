"""Amounts in whole cents that add up: at one price, at prices of their own, in proportion."""

import numpy as np

from market.sums import segment_sums
from market.units import CENTS, WH_PER_MWH, FloatArray, IntArray, round_rows

CENTS_PER_WH = CENTS / WH_PER_MWH  # times a price per MWh


def priced(wh: IntArray, price: FloatArray | float) -> IntArray:
    """Return cents for energy at a price per MWh, each amount rounded by itself.

    >>> priced(np.array([1_500_000]), 0.333)
    array([50])
    """
    cents: IntArray = np.rint(wh * price * CENTS_PER_WH).astype(np.int64)
    return cents


def uniform_cents(wh: IntArray, price: FloatArray, volume: IntArray) -> IntArray:
    """Return cents of each unit at one price per row; rows add up to the auction's total.

    Parameters
    ----------
    wh : array of int, shape (m, n)
    price : array, shape (m,)
        Currency/MWh; NaN where there is none.
    volume : array of int, shape (m,)
        What was traded, Wh.
    """
    price = np.nan_to_num(price)
    sizes = wh * (np.abs(price) * CENTS_PER_WH)[:, None]
    totals = np.rint(volume * np.abs(price) * CENTS_PER_WH).astype(np.int64)
    sign = np.where(price < 0, -1, 1)[:, None]
    signed: IntArray = sign * round_rows(sizes, totals)
    return signed


def individual_cents(payments: FloatArray, receipts: FloatArray) -> tuple[IntArray, IntArray]:
    """Return cents of individual prices; what is left over is what the mechanism keeps.

    Parameters
    ----------
    payments, receipts : array, shape (m, n)
        What buyers pay and sellers receive, currency.

    Examples
    --------
    Two buyers pay 0.125 each, the seller gets 0.25: nothing may stay with the market.

    >>> individual_cents(np.array([[0.125, 0.125, 0.0]]), np.array([[0.0, 0.0, 0.25]]))
    (array([[13, 12,  0]]), array([[ 0,  0, 25]]))
    """
    paid, got = payments * CENTS, receipts * CENTS
    total = np.add.reduce(paid, axis=1)
    kept = np.rint(total - np.add.reduce(got, axis=1)).astype(np.int64)
    whole = np.rint(total).astype(np.int64)
    return round_rows(paid, whole), round_rows(got, whole - kept)


def shared_cents(totals: IntArray, weights: FloatArray | IntArray) -> IntArray:
    """Return each row's total shared in proportion to its weights.

    Parameters
    ----------
    totals : array of int, shape (m,)
    weights : array, shape (m, n)
        Not negative; a row without any weight must have a total of zero.

    >>> shared_cents(np.array([100, 0]), np.array([[1, 1, 1], [0, 0, 0]]))
    array([[34, 33, 33],
           [ 0,  0,  0]])
    """
    parts = np.asarray(weights, np.float64)
    whole = np.add.reduce(parts, axis=1)
    share = np.divide(totals, whole, out=np.zeros(totals.size), where=whole > 0)
    return round_rows(parts * share[:, None], totals)


def shared_each(totals: IntArray, weights: IntArray, edge: IntArray) -> IntArray:
    """Return what `shared_cents` does for segments of one long column.

    Parameters
    ----------
    totals : array of int, shape (s,)
        May be negative.
    weights : array of int, shape (n,)
        Not negative; each segment has some.
    edge : array of int, shape (s + 1,)
        Where segments begin and end.

    >>> shared_each(np.array([-5, 7]), np.array([1, 1, 3, 4]), np.array([0, 2, 4]))
    array([-2, -3,  3,  4])
    """
    size = np.diff(edge)
    exact = weights * np.repeat(totals / segment_sums(weights, edge), size)
    parts = np.floor(exact).astype(np.int64)
    missing = totals - segment_sums(parts, edge)
    if missing.any():
        remainder = np.where(weights > 0, exact - parts, -1.0)
        # One sort for all: a remainder is below 1, so segments two apart never mix.
        rank = (np.repeat(2.0 * np.arange(size.size), size) - remainder).argsort(kind="stable")
        place = np.arange(weights.size) - np.repeat(edge[:-1], size)
        parts[rank[place < np.repeat(missing, size)]] += 1
    return parts
