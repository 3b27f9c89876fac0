"""What a day usually costs: means of published prices by time of day and kind of day."""

from dataclasses import dataclass

import numpy as np

from agents.price_days import SATURDAY, Days, decayed_means
from agents.quotes import MarketView
from market import FloatArray


@dataclass(frozen=True, slots=True)
class Climatology:
    """The mean published price of the same time of day, working days and weekends apart.

    Days count less the longer ago they are: half as much every `memory_days` days of their kind.
    A kind of day that has not been yet is expected to be like all days.

    Parameters
    ----------
    memory_days : float
        Days of the same kind after which a day counts half.
    """

    memory_days: float = 7.0

    def __post_init__(self) -> None:
        if not 0 < self.memory_days < np.inf:
            raise ValueError(f"memory_days must be above 0, got {self.memory_days}")


@dataclass(slots=True)
class ClimatologyPrices:
    """Repeats the mean day."""

    forecast: Climatology

    def prices(self, view: MarketView, horizon: int) -> FloatArray:
        """Return the mean prices from `view.first` on; empty before a first whole day."""
        days = Days.of(view)
        if days.whole == 0:
            return np.empty(0)
        usual = mean_days(days, 0.5 ** (1 / self.forecast.memory_days))
        ahead = np.arange(view.first, min(view.first + horizon, view.calendar.n))
        day, interval = np.divmod(ahead, days.per_day)
        weekday = (days.weekday[0] + day) % 7
        found: FloatArray = usual[(weekday >= SATURDAY).astype(np.int64), interval]
        return found


def mean_days(days: Days, decay: float) -> FloatArray:
    """Return the mean working day and the mean day of a weekend, shape (2, per_day)."""
    free = (days.weekday >= SATURDAY).astype(np.int64)
    anyday = decayed_means(days.prices, decay)[0][-1]
    usual = np.empty((2, days.per_day))
    for kind in (0, 1):
        free[-1] = kind
        means, weight = decayed_means(days.prices, decay, free)
        usual[kind] = means[-1] if weight[-1] > 0 else anyday
    return usual
