"""How high or low prices may come: quantiles of a forecaster's own errors."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from agents.past_forecasts import PastForecasts
from agents.price_chain import LEAST_FORECASTS, weighted_quantiles
from agents.quotes import MarketView, PriceForecaster
from market import FloatArray


@dataclass(frozen=True, slots=True)
class Quantile:
    """The price that is not exceeded with a given probability, at each time ahead.

    It is the forecast of `base` plus a quantile of the errors that its forecasts, made at the
    same time of day, turned out to have at the same lead. Errors count half as much every
    `memory_days` forecasts. Until 14 forecasts have known errors it is the forecast of `base`.
    At `level` 0.5 it corrects a bias; a seller who would rather wait takes more, a buyer less.

    Parameters
    ----------
    level : float
        Probability, between 0 and 1.
    base : str
        "persistence", "climatology" or "autoregressive", with their own defaults.
    memory_days : float

    References
    ----------
    Nowotarski, Weron, "Recent advances in electricity price forecasting: a review of
    probabilistic forecasting", Renewable and Sustainable Energy Reviews 81 (2018) 1548-1568:
    historical simulation.
    """

    level: float = 0.5
    base: Literal["persistence", "climatology", "autoregressive"] = "autoregressive"
    memory_days: float = 34.0

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise ValueError(f"level must be between 0 and 1, got {self.level}")
        if self.base not in ("persistence", "climatology", "autoregressive"):
            raise ValueError(
                f'base must be "persistence", "climatology" or "autoregressive", got {self.base!r}'
            )
        if not 0 < self.memory_days < np.inf:
            raise ValueError(f"memory_days must be above 0, got {self.memory_days}")


@dataclass(slots=True)
class QuantilePrices:
    """Remembers what its base said, and adds a quantile of what came of it."""

    forecast: Quantile
    base: PriceForecaster
    _past: PastForecasts | None = field(default=None, init=False, repr=False)

    def prices(self, view: MarketView, horizon: int) -> FloatArray:
        """Return the quantile from `view.first` on; empty while the base knows nothing."""
        expected = self.base.prices(view, horizon)
        if expected.size == 0:
            return expected
        if self._past is None:
            self._past = PastForecasts(view.calendar.per_day, expected.size)
        self._past.note(view.first, expected, view.published)
        errors = self._past.errors(view.first)
        if len(errors) < LEAST_FORECASTS:
            return expected
        age = np.arange(len(errors) - 1.0, -1.0, -1.0)
        weight = 0.5 ** (age / self.forecast.memory_days)
        shift = weighted_quantiles(errors, weight, np.array([self.forecast.level]))[0]
        length = min(expected.size, shift.size)
        expected = expected.copy()
        expected[:length] += shift[:length]
        return expected
