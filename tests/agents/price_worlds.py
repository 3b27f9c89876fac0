"""Made-up prices, and views of them as far as they are published."""

from datetime import UTC, datetime

import numpy as np

from agents.quotes import MarketView
from market import Calendar


def series(days, per_day=24, seed=1, noise=30.0, weekend=-60.0):
    """Return prices with a daily shape, cheaper weekends, and errors that stay for hours."""
    rng = np.random.default_rng(seed)
    hour = np.arange(per_day) * 24 / per_day
    shape = 300 - 120 * np.exp(-(((hour - 12) / 3) ** 2)) + 150 * np.exp(-(((hour - 19) / 2) ** 2))
    prices = np.tile(shape, days)
    weekday = np.repeat(np.arange(days) % 7, per_day)  # the first day is a Monday
    prices = prices + weekend * (weekday >= 5)
    error, stays = np.empty(prices.size), np.exp(-24 / per_day / 6)
    state = 0.0
    for t, shock in enumerate(rng.normal(0, noise * np.sqrt(1 - stays**2), prices.size)):
        state = stays * state + shock
        error[t] = state
    return prices + error


def view(published, first=None, n=None, per_day=24, floor=-1000.0, cap=5000.0):
    """Return a view at `first` (default: the next interval); the run starts on a Monday."""
    published = np.asarray(published, np.float64)
    first = published.size if first is None else first
    n = published.size + 20 * per_day if n is None else n
    calendar = Calendar(datetime(2024, 4, 1, tzinfo=UTC), 86_400 // per_day, n)
    return MarketView(first, 1, calendar, floor, cap, published)
