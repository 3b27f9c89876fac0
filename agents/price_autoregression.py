"""What the coming days will cost: a regression on past days, the weekday and the day so far."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from agents.price_days import SATURDAY, SUNDAY, Days, compressed, decayed_means, restored
from agents.quotes import MarketView
from market import FloatArray, IntArray

LEAST_DAYS = 14  # days published before the first fit; until then a mean of the days so far
FIRST_DAY = 7  # that has a day a week before it
SHORT, LONG, BY_KIND = 0.8, 0.95, 0.8  # how much a day counts relative to the next one
PARTS = 4  # of the day, whose mean errors of the day before are looked at
POOL_HOURS = 2.0  # intervals so near are fitted together
RECENT_HOURS = 2.0
TAIL_DAYS = 60  # that means of days look back when a path is made


@dataclass(frozen=True, slots=True)
class Autoregressive:
    """A ridge regression on the prices of past days, on the weekday, and on the day so far.

    Prices are first brought to a scale on which spikes weigh less, ``z = sign(u) (sqrt(1 + |u|) -
    1)`` with ``u`` the distance from the median in units of the median distance. Each interval of
    the day has its own weights, fitted together with the intervals near it. What is explained is
    the distance from a mean of the days before, in which a day counts 0.8 times as much as the
    next; what explains it are the distances from it of yesterday, the day before, and a week ago,
    of a longer mean and of the mean of days of the same kind; yesterday's errors of that mean in
    four parts of the day; and Saturday, Sunday, Monday. The errors of the day so far (the last,
    those of two hours, all) then correct the rest of the day by a second regression.

    Weights are fitted anew every `refit_days` whole days, on all that is published by then.

    Parameters
    ----------
    memory_days : float
        Days after which a day counts half in the fit.
    ridge : float
        Penalty on weights of inputs of unit size, relative to the number of days.
    refit_days : int

    References
    ----------
    Uniejewski, Weron, "Efficient forecasting of electricity spot prices with expert and LASSO
    models", Energies 11 (2018) 2039: lagged days, calendar, prices on a compressed scale.
    Hoerl, Kennard, "Ridge regression", Technometrics 12 (1970) 55-67.
    """

    memory_days: float = 70.0
    ridge: float = 0.3
    refit_days: int = 7

    def __post_init__(self) -> None:
        if not 0 < self.memory_days < np.inf:
            raise ValueError(f"memory_days must be above 0, got {self.memory_days}")
        if not 1e-6 <= self.ridge < np.inf:
            raise ValueError(f"ridge must be at least 0.000001, got {self.ridge}")
        if self.refit_days < 1:
            raise ValueError(f"refit_days must be at least 1, got {self.refit_days}")


@dataclass(slots=True)
class _Fit:
    """Weights of one fit, and its errors, which corrections within the day are fitted on."""

    scale: tuple[float, float]
    weights: FloatArray | None  # (inputs, per_day)
    errors: FloatArray  # (days, per_day)
    age: FloatArray  # weight of each day
    within: dict[int, FloatArray] = field(default_factory=dict)


@dataclass(slots=True)
class AutoregressivePrices:
    """Fits on what is published only, see `Autoregressive`."""

    forecast: Autoregressive
    _fit: _Fit | None = field(default=None, init=False, repr=False)
    _fitted: int = field(default=-1, init=False, repr=False)

    def prices(self, view: MarketView, horizon: int) -> FloatArray:
        """Return expected prices from `view.first` on; empty before a first whole day."""
        days = Days.of(view)
        if days.whole == 0:
            return np.empty(0)
        block = days.whole // self.forecast.refit_days
        if self._fit is None or block != self._fitted:
            self._fitted = block
            self._fit = self._fitted_on(days, max(block * self.forecast.refit_days, 1))
        end = min(view.first + horizon, view.calendar.n)
        first = min(view.first, days.start)
        known = days.prices.ravel()[first:]
        return np.concatenate((known, self._path(self._fit, days, end)))[view.first - first :]

    def _fitted_on(self, days: Days, count: int) -> _Fit:
        known = days.prices[:count]
        centre = float(np.median(known))
        scale = centre, float(np.median(np.abs(known - centre))) or max(abs(centre), 1.0)
        age = 0.5 ** (np.arange(count - 1.0, -1.0, -1.0) / self.forecast.memory_days)
        if count < LEAST_DAYS:
            return _Fit(scale, None, np.empty((0, days.per_day)), age)
        levels = compressed(known, *scale)
        base, inputs = regressors(levels, days.weekday[: count + 1])
        inputs, age = inputs[:, FIRST_DAY:-1], age[FIRST_DAY:]
        errors = levels[FIRST_DAY:] - base[FIRST_DAY:-1]
        radius = round(POOL_HOURS * days.per_day / 24)
        weights = ridge_weights(inputs, errors, age, self.forecast.ridge, radius)
        return _Fit(scale, weights, errors - np.add.reduce(weights[:, None] * inputs), age)

    def _path(self, fit: _Fit, days: Days, end: int) -> FloatArray:
        """Return prices from the first day that is not whole on, known ones as they are."""
        levels = compressed(days.prices[-TAIL_DAYS:], *fit.scale)
        weekday, path = days.weekday[-len(levels) - 1 :], []
        for ahead in range(-(-(end - days.start) // days.per_day)):
            base, inputs = regressors(levels, weekday)
            day = base[-1]
            if fit.weights is not None:
                day = day + np.add.reduce(fit.weights * inputs[:, -1])
            if ahead == 0 and days.rest.size:
                day = self._corrected(fit, day, compressed(days.rest, *fit.scale))
            path.append(day)
            levels = np.concatenate((levels, day[None]))
            weekday = np.append(weekday, (weekday[-1] + 1) % 7)
        if not path:
            return np.empty(0)
        return restored(np.concatenate(path), *fit.scale)[: end - days.start]

    def _corrected(self, fit: _Fit, day: FloatArray, known: FloatArray) -> FloatArray:
        """Return the day with what is known of it, and the rest corrected by its errors so far."""
        so_far, rest = known.size, day[known.size :]
        if fit.weights is not None:
            if so_far not in fit.within:
                inputs = _errors_so_far(fit.errors, so_far)
                inputs = np.broadcast_to(inputs[:, :, None], (*inputs.shape, rest.size))
                targets = fit.errors[:, so_far:]
                fit.within[so_far] = ridge_weights(inputs, targets, fit.age, self.forecast.ridge, 0)
            errors = _errors_so_far((known - day[:so_far])[None], so_far)
            rest = rest + np.add.reduce(fit.within[so_far] * errors)
        return np.concatenate((known, rest))


def regressors(levels: FloatArray, weekday: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return the mean of the days before each day, and what explains the distance from it.

    Parameters
    ----------
    levels : array, shape (n, per_day)
        Prices of whole days, compressed.
    weekday : array of int, shape (n + 1,)

    Returns
    -------
    base : array, shape (n + 1, per_day)
        The last row is that of the day after all of them.
    inputs : array, shape (inputs, n + 1, per_day)
    """
    n, per_day = levels.shape
    base = decayed_means(levels, SHORT)[0]
    free = (weekday >= SATURDAY).astype(np.int64)
    alike, weight = decayed_means(levels, BY_KIND, free)
    alike = np.where(weight[:, None] > 0, alike, base)
    lagged = [np.concatenate((base[:lag], levels))[: n + 1] - base for lag in (1, 2, 7)]
    errors = np.concatenate((np.zeros((1, per_day)), levels - base[:-1]))
    edges = [round(part * per_day / PARTS) for part in range(PARTS + 1)]
    parts = [errors[:, a:b].mean(axis=1) for a, b in pairwise(edges) if b > a]
    flags = [np.ones(n + 1), *(weekday == day for day in (SATURDAY, SUNDAY, 0))]
    whole_day = [np.broadcast_to(row[:, None], base.shape) for row in (*parts, *flags)]
    means = [decayed_means(levels, LONG)[0] - base, alike - base]
    return base, np.stack([*lagged, *means, *whole_day])


def ridge_weights(
    inputs: FloatArray, targets: FloatArray, age: FloatArray, ridge: float, radius: int
) -> FloatArray:
    """Return the weights of a ridge regression for each interval of the day.

    Inputs are scaled to unit size, so that `ridge` means the same for all. Sums are taken in a
    fixed order, not by a linear-algebra library, so that results are the same on any machine.

    Parameters
    ----------
    inputs : array, shape (k, days, m)
    targets : array, shape (days, m)
    age : array, shape (days,)
        Weight of each day.
    ridge : float
    radius : int
        So many intervals on both sides are fitted together.

    Returns
    -------
    array, shape (k, m)
    """
    k, _, m = inputs.shape
    weighted = inputs * age[:, None]
    system = np.empty((k, k + 1, m))
    for row in range(k):
        for column in range(row, k):
            product = np.add.reduce(weighted[row] * inputs[column])
            system[row, column] = system[column, row] = product
        system[row, k] = np.add.reduce(weighted[row] * targets)
    if radius:
        system = _summed_around(system, radius)
    size = np.sqrt(np.stack([system[row, row] for row in range(k)]))
    size = np.where(size > 0, size, 1.0)
    system[:, :k] /= size[:, None] * size
    system[:, k] /= size
    for row in range(k):
        system[row, row] += ridge
    return eliminated(system) / size


def _summed_around(values: FloatArray, radius: int) -> FloatArray:
    """Return sums over so many neighbours on the last axis, around midnight too."""
    return np.asarray(
        np.add.reduce([np.roll(values, by, axis=-1) for by in range(-radius, radius + 1)])
    )


def eliminated(system: FloatArray) -> FloatArray:
    """Solve symmetric positive definite equations (k, k + 1, m) by elimination, shape (k, m).

    >>> eliminated(np.array([[[2.0], [1.0], [4.0]], [[1.0], [3.0], [7.0]]]))[:, 0].tolist()
    [1.0, 2.0]
    """
    system, k = system.copy(), len(system)
    for row in range(k):
        system[row] /= system[row, row].copy()
        for other in range(k):
            if other != row:
                system[other] -= system[other, row].copy() * system[row]
    return system[:, k]


def _errors_so_far(errors: FloatArray, so_far: int) -> FloatArray:
    """Return the last error, the mean of two hours and the mean of all, shape (3, days)."""
    recent = max(round(RECENT_HOURS * errors.shape[1] / 24), 1)
    seen = errors[:, :so_far]
    return np.stack((seen[:, -1], seen[:, -recent:].mean(axis=1), seen.mean(axis=1)))
