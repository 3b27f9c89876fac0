"""How good price forecasts were: their errors against the prices that were published later."""

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from agents.quotes import MarketView, PriceForecaster
from market import FloatArray

LEADS = (1.0, 6.0, 24.0)  # hours: up to the first, from there to the second, and to the third


@dataclass(slots=True)
class ScoredPrices:
    """A forecaster whose every forecast is kept until its prices are out, and scored then.

    Nothing is fitted to what is scored: the forecasts are those that participants acted on.
    Those of the last day of a run are not scored, because their prices come after the last gate.

    Parameters
    ----------
    base : PriceForecaster
    """

    base: PriceForecaster
    _open: deque[tuple[int, FloatArray]] = field(default_factory=deque, init=False, repr=False)
    _sums: FloatArray = field(default_factory=lambda: np.zeros((3, 0)), init=False, repr=False)
    _hours: float = field(default=1.0, init=False, repr=False)

    def prices(self, view: MarketView, horizon: int) -> FloatArray:
        """Return what the base expects, and keep it to be scored."""
        expected = self.base.prices(view, horizon)
        day = view.calendar.per_day
        if self._sums.shape[1] != day:
            self._sums, self._hours = np.zeros((3, day)), view.calendar.hours
        self._score(view.published)
        if expected.size:
            self._open.append((view.first, expected[:day].copy()))
        return expected

    def scores(self) -> dict[str, float]:
        """Return mean absolute errors by lead, and the mean error up to a day, currency/MWh.

        NaN where no price has come out. The bias is positive where prices were expected too low.
        """
        count, size, error = self._sums
        hours = (np.arange(count.size) + 1) * self._hours
        low, found = 0.0, {}
        for high in LEADS:
            leads = (hours > low + 1e-9) & (hours <= max(high, self._hours) + 1e-9)
            found[f"forecast_mae_{high:g}h_price"] = _ratio(size[leads], count[leads])
            low = high
        found["forecast_bias_price"] = _ratio(error, count)
        return found

    def _score(self, published: FloatArray) -> None:
        while self._open and self._open[0][0] + self._open[0][1].size <= published.size:
            first, expected = self._open.popleft()
            error = published[first : first + expected.size] - expected
            known = np.isfinite(error)
            error = np.where(known, error, 0.0)
            self._sums[:, : error.size] += np.stack((known, np.abs(error), error))


def scores_of(forecaster: PriceForecaster | None, n: int) -> dict[str, FloatArray]:
    """Return the scores of a fleet's forecaster, a column each; nothing if it is not scored."""
    if not isinstance(forecaster, ScoredPrices):
        return {}
    return {name: np.full(n, score) for name, score in forecaster.scores().items()}


def _ratio(total: FloatArray, count: FloatArray) -> float:
    """Return sum over count, NaN without any."""
    number = float(np.add.reduce(count))
    return float(np.add.reduce(total)) / number if number else float("nan")
