"""Forecasters: each says what it knows. Only `perfect` sees the future, and is named so.

Of a resource (wind, sun, demand): `perfect`, `persistence` (same time yesterday) and `noisy`
(actual times an AR(1) error whose spread grows with the lead time). Of prices: `perfect` and
`noisy` need an outside market whose price series they may read; `persistence` repeats the
prices published last. `climatology`, `autoregressive` and `quantile` are of prices only, and made
from what is published; they have files of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agents.price_autoregression import Autoregressive, AutoregressivePrices
from agents.price_climatology import Climatology, ClimatologyPrices
from agents.price_quantiles import Quantile, QuantilePrices
from agents.quotes import MarketView, PriceForecaster
from market import Calendar, FloatArray, IntArray, stream

GROWTH_HOURS = 24.0  # the spread of `noisy` reaches its full size at a day ahead


@dataclass(frozen=True, slots=True)
class Perfect:
    """Sees the future: the yardstick, not a forecast."""


@dataclass(frozen=True, slots=True)
class Persistence:
    """The same time yesterday."""


@dataclass(frozen=True, slots=True)
class Noisy:
    """The actual value with an AR(1) error that grows with the lead time.

    Parameters
    ----------
    sd : float
        Relative standard deviation at a day ahead; at a lead of h hours it is
        sd * sqrt(min(h, 24) / 24).
    memory_hours : float
        Time constant of the error.
    """

    sd: float = 0.15
    memory_hours: float = 3.0

    def __post_init__(self) -> None:
        if not 0 <= self.sd < 10:
            raise ValueError("sd must be at least 0 and below 10")
        if not self.memory_hours > 0:
            raise ValueError("memory_hours must be above 0")


FORECASTERS: dict[str, type] = {
    "perfect": Perfect,
    "persistence": Persistence,
    "noisy": Noisy,
    "climatology": Climatology,
    "autoregressive": Autoregressive,
    "quantile": Quantile,
}
ONLY_PRICES = frozenset({"climatology", "autoregressive", "quantile"})
Forecast = Perfect | Persistence | Noisy | Climatology | Autoregressive | Quantile


def lead_spread(forecast: Noisy, lead_hours: float | FloatArray) -> FloatArray:
    """Return the standard deviation of the relative error at a lead time.

    >>> float(lead_spread(Noisy(sd=0.2), 6.0))
    0.1
    """
    share = np.minimum(np.asarray(lead_hours, np.float64), GROWTH_HOURS) / GROWTH_HOURS
    return np.asarray(forecast.sd * np.sqrt(share))


class ResourceForecaster:
    """What the owners of a fleet expect of sun, wind or demand at the gate.

    Parameters
    ----------
    forecast : Forecast
    names : sequence of str
        Units; each error has its own stream.
    calendar : Calendar
    seed : int
    lead_s : int
        Seconds from the gate to delivery.
    """

    def __init__(
        self, forecast: Forecast, names: Sequence[str], calendar: Calendar, seed: int, lead_s: int
    ) -> None:
        self._forecast, self._calendar, self._lead_s = forecast, calendar, lead_s
        self._streams = [stream(seed, "forecast", name) for name in names]
        self._error = np.zeros(len(names))
        self._past: list[IntArray] = []
        self._started = False

    def expected(self, first: int, actual: IntArray) -> IntArray:
        """Return the expected energy of the block that starts at `first`, Wh, shape (m, n)."""
        if isinstance(self._forecast, Noisy):
            return self._with_error(self._forecast, actual)
        if isinstance(self._forecast, Persistence):
            return self._yesterday(actual)
        return actual

    def _yesterday(self, actual: IntArray) -> IntArray:
        """Return the block of as many days ago as each gate needs to have seen its interval whole.

        The first days have no yesterday; they are expected as they come.
        """
        days = -(-(self._lead_s + self._calendar.interval_s) // 86_400)
        self._past.append(actual.copy())
        known = self._past[-1 - days] if len(self._past) > days else actual
        del self._past[: -1 - days]
        return known[: actual.shape[0]].copy()

    def _with_error(self, forecast: Noisy, actual: IntArray) -> IntArray:
        memory = np.exp(-self._calendar.hours / forecast.memory_hours)
        spread = float(lead_spread(forecast, self._lead_s / 3600))
        m = actual.shape[0]
        shocks = np.stack([one.standard_normal(m) for one in self._streams], axis=1)
        errors = np.empty_like(shocks)
        error = self._error
        for row in range(m):
            scale = np.sqrt(1 - memory**2) if self._started else 1.0
            error = memory * error + scale * shocks[row] if self._started else shocks[row]
            errors[row] = error
            self._started = True
        self._error = error
        return np.maximum(np.rint(actual * (1 + spread * errors)), 0.0).astype(np.int64)


@dataclass(slots=True)
class PerfectPrices:
    """Reads the outside market's price series, future included."""

    reference: FloatArray

    def prices(self, view: MarketView, horizon: int) -> FloatArray:
        """Return the true prices from `view.first` on."""
        ahead: FloatArray = self.reference[view.first : view.first + horizon]
        return ahead


@dataclass(slots=True)
class PersistentPrices:
    """Repeats the prices published in the last 24 hours."""

    def prices(self, view: MarketView, horizon: int) -> FloatArray:
        """Return yesterday's price at the same time of day; empty on the first day."""
        day, known = view.calendar.per_day, view.published.size
        if known < day:
            return np.empty(0)
        ahead = np.arange(view.first, min(view.first + horizon, view.calendar.n))
        back = (np.maximum(ahead - known, -1) // day + 1) * day
        expected: FloatArray = view.published[ahead - back]
        return expected


@dataclass(slots=True)
class NoisyPrices:
    """The outside market's prices with an AR(1) error that grows with the lead time."""

    reference: FloatArray
    forecast: Noisy
    rng: np.random.Generator

    def prices(self, view: MarketView, horizon: int) -> FloatArray:
        """Return true prices plus error; a new draw at each call."""
        true = self.reference[view.first : view.first + horizon]
        hours = view.calendar.hours * np.arange(1, true.size + 1, dtype=np.float64)
        memory = np.exp(-view.calendar.hours / self.forecast.memory_hours)
        shocks = self.rng.standard_normal(true.size) * np.sqrt(1 - memory**2)
        error = np.empty(true.size)
        state = float(self.rng.standard_normal())
        for step in range(true.size):
            state = memory * state + shocks[step]
            error[step] = state
        scale = float(np.mean(np.abs(true))) if true.size else 0.0
        wrong: FloatArray = true + scale * lead_spread(self.forecast, hours) * error
        return wrong


def price_forecaster(
    forecast: Forecast, reference: FloatArray | None, rng: np.random.Generator
) -> PriceForecaster:
    """Return the price forecaster that `forecast` asks for.

    Raises
    ------
    ValueError
        When it must read an outside market's prices and there is none.
    """
    if isinstance(forecast, Persistence):
        return PersistentPrices()
    if isinstance(forecast, Climatology):
        return ClimatologyPrices(forecast)
    if isinstance(forecast, Autoregressive):
        return AutoregressivePrices(forecast)
    if isinstance(forecast, Quantile):
        base = FORECASTERS[forecast.base]()
        return QuantilePrices(forecast, price_forecaster(base, reference, rng))
    if reference is None:
        raise ValueError(
            "needs an [[external]] market in its zone whose prices it can read; "
            'use another, such as "persistence", where prices are made inside the market'
        )
    if isinstance(forecast, Noisy):
        return NoisyPrices(reference, forecast, rng)
    return PerfectPrices(reference)
