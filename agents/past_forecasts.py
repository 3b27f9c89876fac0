"""What was forecast, and how far off it turned out: errors that were made, not fitted."""

from collections import defaultdict, deque
from dataclasses import dataclass, field

import numpy as np

from market import FloatArray


@dataclass(slots=True)
class PastForecasts:
    """Forecasts by the time of day they were made for, with their errors once prices are out.

    Parameters
    ----------
    per_day : int
        Intervals of a day.
    length : int
        How many intervals of a forecast count.
    """

    per_day: int
    length: int
    _open: deque[tuple[int, FloatArray]] = field(default_factory=deque, init=False)
    _errors: dict[int, list[FloatArray]] = field(
        default_factory=lambda: defaultdict(list), init=False
    )

    def note(self, first: int, prices: FloatArray, published: FloatArray) -> None:
        """Take note of a forecast from `first` on, and of what earlier ones turned out to be."""
        while self._open and self._open[0][0] + self.length <= published.size:
            start, expected = self._open.popleft()
            actual = published[start : start + self.length]
            if np.isfinite(actual).all():
                self._errors[start % self.per_day].append(actual - expected)
        noted = bool(self._open) and self._open[-1][0] >= first
        if prices.size >= self.length and not noted:
            self._open.append((first, prices[: self.length].copy()))

    def count(self, first: int) -> int:
        """Return of how many forecasts made at the time of day of `first` the errors are known."""
        return len(self._errors[first % self.per_day])

    def errors(self, first: int) -> FloatArray:
        """Return actual less expected prices of forecasts made at the same time of day as `first`.

        Shape (forecasts, length), the latest last.
        """
        found = self._errors[first % self.per_day]
        return np.array(found) if found else np.empty((0, self.length))
