"""What everybody may know before an auction of storage service: public records of the past."""

from math import isfinite

import numpy as np

from market.units import FloatArray, IntArray


class CurtailmentRecord:
    """Share of wind and solar energy of a zone that was about to be curtailed, by time of day.

    It is what would have been curtailed without storage, divided by what was available, over the
    last days on which that time of day has been delivered.

    Parameters
    ----------
    per_day : int
        Intervals in a day.
    days : int
        How many days the record reaches back.

    Examples
    --------
    Days of two intervals; at noon 3 of 10 Wh, then 1 of 10 Wh would have been curtailed.

    >>> record = CurtailmentRecord(per_day=2)
    >>> for interval, curtailed in enumerate((0, 3, 0, 1)):
    ...     record.note(interval, curtailed, 10 * (interval % 2))
    >>> record.expected_share(4, 2)
    array([0. , 0.2])
    """

    def __init__(self, per_day: int, days: int = 3) -> None:
        self._curtailed = np.zeros((days, per_day), np.int64)
        self._available = np.zeros((days, per_day), np.int64)

    def note(self, interval: int, curtailed_wh: int, available_wh: int) -> None:
        """Publish a delivered interval; it takes the place of the oldest of its time of day."""
        days, per_day = self._curtailed.shape
        day, slot = divmod(interval, per_day)
        self._curtailed[day % days, slot] = curtailed_wh
        self._available[day % days, slot] = available_wh

    def expected_share(self, first: int, count: int) -> FloatArray:
        """Return the share for `count` intervals from `first` on; 0 where none is known."""
        slots = np.arange(first, first + count) % self._curtailed.shape[1]
        curtailed: IntArray = self._curtailed.sum(axis=0)[slots]
        available: IntArray = self._available.sum(axis=0)[slots]
        return np.divide(curtailed, available, out=np.zeros(count), where=available > 0)


class ReturnedPrice:
    """Mean price at which energy of pools was given back lately: what a stored MWh is worth.

    Weighted by energy, over the last days. Where nothing was given back in that time it is the
    mean of the zone's published prices of the same time, and 0 before any price.

    Parameters
    ----------
    per_day : int
        Intervals in a day.
    days : int
        How many days the record reaches back.

    Examples
    --------
    >>> record = ReturnedPrice(per_day=96)
    >>> record.expected(np.array([np.nan, 200.0, 300.0]))
    250.0
    >>> record.note(3, 2_000_000, 400.0)
    >>> record.note(4, 1_000_000, 100.0)
    >>> record.expected(np.array([np.nan, 200.0, 300.0, 400.0, 100.0]))
    300.0
    """

    def __init__(self, per_day: int, days: int = 7) -> None:
        self._wh = np.zeros(per_day * days, np.int64)
        self._value = np.zeros(per_day * days)

    def note(self, interval: int, wh: int, price: float) -> None:
        """Publish what a delivered interval gave back, also when it was nothing.

        Energy without a price (NaN) does not count.
        """
        place = interval % self._wh.size
        self._wh[place], self._value[place] = (wh, wh * price) if isfinite(price) else (0, 0.0)

    def expected(self, published: FloatArray) -> float:
        """Return the mean price; `published` are the zone's prices so far, NaN for none."""
        wh = int(np.add.reduce(self._wh))
        if wh:
            return float(np.add.reduce(self._value)) / wh
        lately = published[-self._wh.size :]
        known = lately[np.isfinite(lately)]
        return float(np.add.reduce(known)) / known.size if known.size else 0.0
