"""What tomorrow's prices will be: a regression on past days and the calendar."""

from dataclasses import dataclass, field
from itertools import combinations_with_replacement

import numpy as np

from agents.price_days import Days, compressed, decayed_means, restored, smoothed_around
from agents.quotes import MarketView
from market import FloatArray

LEAST_DAYS = 14  # of published prices before the first fit; until then a mean of the days so far
PARTS = 8  # of the day: last day's errors by parts of three hours
POOL_HOURS = 1.5  # intervals so near are fitted together
SHORT, LONG, BY_KIND = 0.8, 0.95, 0.87  # memory of the means of past days, per day


@dataclass(slots=True)
class AutoregressivePrices:
    """Prices of the coming days by regression, each interval of the day with its own weights.

    See `Autoregressive` for the rule. Fitted on what is published only.
    """

    ridge: float
    memory_days: tuple[float, ...]
    refit_days: int
    _weights: FloatArray | None = field(default=None, init=False, repr=False)
    _fitted: int = field(default=0, init=False, repr=False)
    _scale: tuple[float, float] = field(default=(0.0, 1.0), init=False, repr=False)

    def prices(self, view: MarketView, horizon: int) -> FloatArray:
        """Return expected prices from `view.first` on; empty before a first whole day."""
        days = Days.of(view)
        if days.whole == 0:
            return np.empty(0)
        if self._weights is None or days.whole - self._fitted >= self.refit_days:
            self._fit(days)
        path = self._path(days, view.first + horizon)
        return path[view.first - days.whole * days.per_day :][:horizon]

    def _fit(self, days: Days) -> None:
        centre = float(np.median(days.prices))
        spread = float(np.median(np.abs(days.prices - centre)))
        self._scale = centre, 3 * spread or 1.0
        self._fitted = days.whole
        if days.whole < LEAST_DAYS:
            return
        levels = compressed(days.prices, *self._scale)
        base, inputs = features(levels, days)
        error, known = levels - base[:-1], inputs[:, :-1]
        age = days.whole - 1.0 - np.arange(days.whole)
        radius = round(POOL_HOURS * days.per_day / 24)
        fits = [
            ridge_weights(known[:, 7:], error[7:], 0.5 ** (age[7:] / memory), (radius, self.ridge))
            for memory in self.memory_days
        ]
        self._weights = np.add.reduce(fits) / len(fits)

    def _path(self, days: Days, end: int) -> FloatArray:
        """Return expected prices from the first day that is not whole on, up to `end`."""
        levels, path = compressed(days.prices, *self._scale), []
        for _ in range(-(-(end - days.whole * days.per_day) // days.per_day)):
            base, inputs = features(levels[-40:], days.since(len(levels)))
            level = base[-1]
            if self._weights is not None:
                level = level + np.add.reduce(self._weights * inputs[:, -1])
            path.append(level)
            levels = np.concatenate((levels, level[None]))
        return restored(np.concatenate(path), *self._scale)
