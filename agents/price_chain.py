"""Prices as a Markov chain around a forecast: how its errors come, stay and go."""

from dataclasses import dataclass, field

import numpy as np

from agents.past_forecasts import PastForecasts
from market import FloatArray

TAIL = 0.002  # the outermost states are so rare
CHANGES = 9  # equally likely changes that stand for all
POOL = 1  # errors of so many leads on both sides are looked at together
LEAST_FORECASTS = 14  # with known errors before a chain is fitted
REFIT_FORECASTS = 7


@dataclass(frozen=True, slots=True)
class PriceChain:
    """States of the price in consecutive intervals, and the odds of going from one to another.

    Attributes
    ----------
    errors : array, shape (steps, states)
        Price of each state less the forecast, rising along the states.
    odds : array, shape (steps - 1, states, states)
        Odds of each state of the next interval, from each of this one.
    """

    errors: FloatArray
    odds: FloatArray


def fitted_chain(
    errors: FloatArray, weight: FloatArray, states: int, noise: float = 1.0
) -> PriceChain:
    """Fit a chain to the errors of past forecasts.

    States lie half-way between quantiles of the errors at each lead and equal steps between the
    rarest two, so that both the usual and the rare have states near them. An error ``e`` becomes
    ``a e + noise u`` in the next interval: ``a`` by least squares, ``u`` one of the quantiles of
    what is left over, each as likely; odds go to the two states around the result, by nearness.

    Parameters
    ----------
    errors : array, shape (forecasts, steps)
    weight : array, shape (forecasts,)
    states : int
        At least 2.
    noise : float
        How much of what is left over counts. Sharing odds between two states spreads prices by
        itself, so somewhat less than 1 is right.
    """
    pooled, age = _pooled(errors), np.tile(weight, 2 * POOL + 1)
    grid = np.linspace(TAIL, 1 - TAIL, states)
    usual = weighted_quantiles(pooled, age, grid)
    low, high = usual[:1], usual[-1:]
    nodes = 0.5 * usual + 0.5 * (low + (high - low) * np.linspace(0, 1, states)[:, None])
    nodes += 1e-9 * (np.abs(nodes).max() + 1.0) * np.arange(states)[:, None]  # strictly rising
    now, then = _pooled(errors[:, :-1]), _pooled(errors[:, 1:])
    square = np.add.reduce(age[:, None] * now * now)
    cross = np.add.reduce(age[:, None] * now * then)
    stays = np.divide(cross, square, out=np.zeros_like(cross), where=square > 0)
    likely = (np.arange(CHANGES) + 0.5) / CHANGES
    change = noise * weighted_quantiles(then - stays * now, age, likely)
    result = stays * nodes[:, None, :-1] + change[None]
    return PriceChain(nodes.T.copy(), _odds(result, nodes[:, 1:]))


def weighted_quantiles(samples: FloatArray, weight: FloatArray, shares: FloatArray) -> FloatArray:
    """Return quantiles of each column of `samples`, shape (shares, columns).

    >>> weighted_quantiles(np.array([[1.0], [3.0], [2.0]]), np.ones(3), np.array([0.5]))
    array([[2.]])
    """
    order = np.argsort(samples, axis=0, kind="stable")
    ranked = np.take_along_axis(samples, order, 0)
    own = weight[order]
    place = (np.cumsum(own, axis=0) - 0.5 * own) / np.add.reduce(weight)
    columns = zip(place.T, ranked.T, strict=True)
    return np.stack([np.interp(shares, *column) for column in columns], axis=1)


def _pooled(errors: FloatArray) -> FloatArray:
    """Return the errors at each lead and at its neighbours, shape (3 forecasts, steps)."""
    at = np.arange(errors.shape[1])
    near = [np.clip(at + by, 0, at[-1]) for by in range(-POOL, POOL + 1)]
    return np.concatenate([errors[:, columns] for columns in near])


def _odds(result: FloatArray, nodes: FloatArray) -> FloatArray:
    """Share each of the equally likely results between the two states around it.

    Parameters
    ----------
    result : array, shape (states, changes, steps)
    nodes : array, shape (states, steps)
    """
    states, changes, steps = result.shape
    above = np.clip(np.add.reduce(nodes[:, None, None] <= result[None]), 1, states - 1)
    step = np.arange(steps)
    low, high = nodes[above - 1, step], nodes[above, step]
    share = np.clip((result - low) / (high - low), 0.0, 1.0)
    row = (step * states + np.arange(states)[:, None, None]) * states
    cells = np.concatenate([(row + above - 1).ravel(), (row + above).ravel()])
    parts = np.concatenate([(1 - share).ravel(), share.ravel()]) / changes
    total = np.bincount(cells, parts, steps * states * states)
    return np.asarray(total.reshape(steps, states, states), np.float64)


@dataclass(slots=True)
class FittedChains:
    """Chains of the errors that forecasts have had, for each time of day they were made at.

    Attributes
    ----------
    past : PastForecasts
    memory_days : float
        Days after which an error counts half.
    noise : float
        See `fitted_chain`.
    """

    past: PastForecasts
    memory_days: float
    noise: float
    _fits: dict[int, tuple[int, PriceChain]] = field(default_factory=dict, init=False)

    @classmethod
    def of(cls, per_day: int, length: int, memory_days: float, noise: float) -> "FittedChains":
        """Return chains for forecasts of `length` intervals, none of which was made yet."""
        return cls(PastForecasts(per_day, length), memory_days, noise)

    def note(self, first: int, prices: FloatArray, published: FloatArray) -> None:
        """Take note of a forecast (see `PastForecasts.note`)."""
        self.past.note(first, prices, published)

    def chain(self, first: int, states: int) -> PriceChain | None:
        """Return the chain for a forecast from `first` on; None while too few errors are known.

        It is fitted anew with every seventh error that becomes known, on those known by then.
        """
        time_of_day = first % self.past.per_day
        known = self.past.count(first) // REFIT_FORECASTS * REFIT_FORECASTS
        if known < LEAST_FORECASTS:
            return None
        fitted, chain = self._fits.get(time_of_day, (0, None))
        if chain is None or fitted != known or chain.errors.shape[1] != states:
            weight = 0.5 ** (np.arange(known - 1.0, -1.0, -1.0) / self.memory_days)
            errors = self.past.errors(first)[:known]
            chain = fitted_chain(errors, weight, states, self.noise)
            self._fits[time_of_day] = known, chain
        return chain
