"""Published prices as a table of days, and what forecasts are made from."""

from dataclasses import dataclass

import numpy as np

from agents.quotes import MarketView
from market import FloatArray, IntArray

SATURDAY, SUNDAY = 5, 6


@dataclass(frozen=True, slots=True)
class Days:
    """All that is published, a row per whole day since the start of the run.

    Attributes
    ----------
    prices : array, shape (whole, per_day)
        An interval without a price has the one before it.
    rest : array
        What is published of the day after them.
    weekday : array of int, shape (whole + 1,)
        Monday is 0; the last is that of the day that is not whole.
    """

    prices: FloatArray
    rest: FloatArray
    weekday: IntArray

    @classmethod
    def of(cls, view: MarketView) -> "Days":
        """Return the days that are published in `view`."""
        per_day = view.calendar.per_day
        known = filled(view.published)
        whole = known.size // per_day
        first = view.calendar.time(0).weekday()
        return cls(
            prices=known[: whole * per_day].reshape(whole, per_day),
            rest=known[whole * per_day :],
            weekday=(first + np.arange(whole + 1)) % 7,
        )

    @property
    def whole(self) -> int:
        """How many days are published whole."""
        return len(self.prices)

    @property
    def per_day(self) -> int:
        """Intervals of a day."""
        return int(self.prices.shape[1])

    @property
    def start(self) -> int:
        """First interval of the day that is not whole."""
        return self.prices.size


def filled(prices: FloatArray) -> FloatArray:
    """Return prices with each gap filled by the last price before it, or the first after it.

    >>> filled(np.array([np.nan, 3.0, np.nan, 5.0])).tolist()
    [3.0, 3.0, 3.0, 5.0]
    """
    known = np.isfinite(prices)
    if known.all() or not known.any():
        return prices[known] if not known.all() else prices
    last = np.maximum.accumulate(np.where(known, np.arange(prices.size), -1))
    found: FloatArray = prices[np.where(last < 0, np.argmax(known), last)]
    return found


def decayed_means(
    days: FloatArray, decay: float, kind: IntArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return means of the days before each day, and before the day after the last.

    Parameters
    ----------
    days : array, shape (n, per_day)
    decay : float
        Weight of a day relative to the next one that counts.
    kind : array of int, shape (n + 1,), optional
        Only days of the same kind count; default: all.

    Returns
    -------
    means : array, shape (n + 1, per_day)
        Zero where no day counts.
    weight : array, shape (n + 1,)
        Weight of all days that count, 0 where there is none.

    Examples
    --------
    >>> decayed_means(np.array([[1.0], [3.0]]), 0.5)[0][:, 0].round(3).tolist()
    [0.0, 1.0, 2.333]
    """
    n, kinds = len(days), np.zeros(len(days) + 1, np.int64) if kind is None else kind
    total = np.zeros((int(kinds.max()) + 1, days.shape[1]))
    weight = np.zeros(len(total))
    means, found = np.zeros((n + 1, days.shape[1])), np.zeros(n + 1)
    for day, own in enumerate(kinds.tolist()):
        found[day] = weight[own]
        if weight[own] > 0:
            means[day] = total[own] / weight[own]
        if day < n:
            total[own] = decay * total[own] + days[day]
            weight[own] = decay * weight[own] + 1
    return means, found


def compressed(prices: FloatArray, centre: float, scale: float) -> FloatArray:
    """Return prices on a scale on which spikes are nearer: the root of their distance.

    >>> compressed(np.array([-1.0, 2.0, 17.0]), 2.0, 1.0).tolist()
    [-1.0, 0.0, 3.0]
    """
    distance = (prices - centre) / scale
    return np.asarray(np.sign(distance) * (np.sqrt(1 + np.abs(distance)) - 1))


def restored(levels: FloatArray, centre: float, scale: float) -> FloatArray:
    """Return the prices that `compressed` was given.

    >>> restored(np.array([-1.0, 0.0, 3.0]), 2.0, 1.0).tolist()
    [-1.0, 2.0, 17.0]
    """
    distance = np.sign(levels) * ((1 + np.abs(levels)) ** 2 - 1)
    return np.asarray(centre + scale * distance)
