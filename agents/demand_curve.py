"""From many bids to the few price steps a market accepts."""

from dataclasses import dataclass

import numpy as np

from market import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Curve:
    """Demand of several sites.

    Attributes
    ----------
    firm_wh : array of int, shape (n,)
        Energy each site buys at any price.
    site : array of int, shape (jobs,)
        Ascending.
    bid : array, shape (jobs,)
        Descending within a site, currency/MWh.
    total_wh : array of int, shape (jobs,)
        Energy of the site up to and including this job, firm load included.
    """

    firm_wh: IntArray
    site: IntArray
    bid: FloatArray
    total_wh: IntArray


def demand_curve(curve: Curve, cap: float, slots: int) -> tuple[FloatArray, IntArray]:
    """Return price and quantity (Wh) of each site's steps, shape (n, slots).

    The first step holds the firm load and every bid at the cap, at the cap, and nothing else.
    Equal bids share a step. Where there are still too many, see `merge`; a merged step has
    the price of its lowest bid, so that nobody pays more than its own bid. Prices do not
    increase; unused steps repeat the last price with no quantity.
    """
    n = curve.firm_wh.size
    if not curve.site.size:
        quantity = np.zeros((n, slots), np.int64)
        quantity[:, 0] = np.maximum(curve.firm_wh, 0)
        return np.full((n, slots), cap), quantity
    price, total = np.full((n, slots), np.inf), np.zeros((n, slots), np.int64)
    price[:, 0], total[:, 0] = cap, np.maximum(curve.firm_wh, 0)
    # A step's last job carries its lowest bid and its total.
    last = np.append((np.diff(curve.bid) != 0) | (np.diff(curve.site) != 0), True)
    site, bid, wh = curve.site[last], curve.bid[last], curve.total_wh[last]
    slot = _slots(site, bid < cap, bid, slots)
    final = np.append((np.diff(slot) != 0) | (np.diff(site) != 0), True)
    price[site[final], slot[final]] = bid[final]
    total[site[final], slot[final]] = wh[final]
    price[:, 0] = cap
    steps = np.maximum.accumulate(total, axis=1)
    return np.minimum.accumulate(price, axis=1), np.diff(steps, axis=1, prepend=0)


def _slots(site: IntArray, below: BoolArray, bid: FloatArray, slots: int) -> IntArray:
    """Return the step of each distinct bid: 0 at the cap, then 1, 2, ... within a site."""
    count = np.cumsum(below)
    start = np.searchsorted(site, site)
    slot: IntArray = count - (count - below)[start]
    for crowded in np.unique(site[slot >= slots]):
        rows = np.flatnonzero((site == crowded) & below)
        slot[rows] = 1 + merge(bid[rows], slots - 1)
    return slot


def merge(bids: FloatArray, groups: int) -> IntArray:
    """Return the group of each of several descending bids, cut at the widest gaps.

    The cheapest way to lose little: bids in one group are close to each other.

    >>> merge(np.array([500.0, 490.0, 300.0, 295.0, 100.0]), 3).tolist()
    [0, 0, 1, 1, 2]
    """
    cut = np.zeros(bids.size, np.int64)
    if groups > 1:
        widest = np.argsort(np.diff(bids), kind="stable")[: groups - 1]
        cut[widest + 1] = 1
    group: IntArray = np.cumsum(cut)
    return group
