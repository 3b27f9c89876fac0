"""Intervals and their instants, in whole seconds since the start of the run."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from market.units import IntArray

DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Calendar:
    """The delivery intervals of a run.

    Attributes
    ----------
    start : datetime
        Start of the first interval, with a UTC offset.
    interval_s : int
        Length of an interval in seconds.
    n : int
        Number of intervals.
    """

    start: datetime
    interval_s: int
    n: int

    @property
    def hours(self) -> float:
        """Length of an interval in hours."""
        return self.interval_s / 3600

    @property
    def per_day(self) -> int:
        """Intervals in a day."""
        return DAY_SECONDS // self.interval_s

    @property
    def end(self) -> datetime:
        """End of the last interval."""
        return self.time(self.n)

    def second(self, interval: int) -> int:
        """Return the SimPy second at which `interval` starts."""
        return interval * self.interval_s

    def time(self, interval: int) -> datetime:
        """Return the instant at which `interval` starts."""
        return self.start + timedelta(seconds=interval * self.interval_s)

    def index(self, instant: datetime) -> int:
        """Return the first interval that starts at or after `instant`."""
        seconds = (instant - self.start).total_seconds()
        return -int(-seconds // self.interval_s)

    def epoch_seconds(self) -> IntArray:
        """Return the UTC second of each interval's start, shape (n,)."""
        first = round(self.start.timestamp())
        return first + self.interval_s * np.arange(self.n, dtype=np.int64)

    def local_seconds(self) -> IntArray:
        """Return the same on the local clock, for hours of the day and days of the year."""
        offset = self.start.utcoffset() or timedelta()
        return self.epoch_seconds() + round(offset.total_seconds())
