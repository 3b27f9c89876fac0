"""Synthetic weather, load and prices of Qinghai: climatology times correlated random deviations.

Model
-----
The hourly value of day d, hour h is the climatology (12 x 24 means, carried to days so that
the monthly means hold) deformed by a standard normal score z(d, h):

    pv, hydro, load:  value = climatology * (1 + s * q(z)),     wind: logit(value) = a + s * q(z)

with s = sd of the month times a factor of the hour, q a standardised quantile function, and a
such that the mean of wind is its climatology. The scores are Gaussian noise through
autoregressive filters; the noise of the four profiles is drawn jointly, so all profiles of
a seed belong to the same weather. Inside the hour a mean-preserving path, with a little noise
for pv and wind, gives five-minute values; longer intervals are means of those.

The fitted figures are in `agents.weather_fit`. Weather depends on the seed and the instant only:
noise is drawn by calendar years of China Standard Time, and the filters are warmed up on the
year before.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from agents.climatology import MONTH_DAYS
from agents.weather_fit import (
    CORRELATION_ROOT,
    NODES,
    PROFILES,
    SUBHOURLY_PHI,
    Component,
    Profile,
)
from market import Calendar, FloatArray, IntArray, stream

CST_SECONDS = 8 * 3600
STEPS = 12  # five-minute steps of an hour

SUBHOURLY_REST = float(np.sqrt(1 - SUBHOURLY_PHI**2))
LOCATION_STEPS = 40


def interval_means(name: str, calendar: Calendar, seed: int) -> FloatArray:
    """Return pv, wind, hydro (per unit) or load (MW of 2020) as means over the intervals."""
    steps = (calendar.epoch_seconds() + CST_SECONDS) // 300
    first, last = int(steps[0]) // STEPS, int(steps[-1] + calendar.interval_s // 300 - 1) // STEPS
    path = _five_minutes(name, seed, first, last - first + 1)
    width = calendar.interval_s // 300
    index = (steps - first * STEPS)[:, None] + np.arange(width)
    return np.asarray(path[index].mean(axis=1))


def _five_minutes(name: str, seed: int, first: int, hours: int) -> FloatArray:
    """Return five-minute values of `hours` hours from hour `first` (since 1970, local)."""
    level = _by_year(lambda year: hourly(seed, year)[name], first - 1, hours + 2)
    path = hour_path(level)
    sd = PROFILES[name].subhourly_sd
    if sd > 0:
        column = list(PROFILES).index(name)
        noise = _by_year(lambda year: _subhourly(seed, year)[:, column], first, hours)
        path = path * np.maximum(1 + sd * noise, 0)
        mean = path.mean(axis=1, keepdims=True)
        path = path * np.where(mean > 0, level[1:-1, None] / np.where(mean > 0, mean, 1), 0)
    top = 1.0 if name != "load" else np.inf
    return np.minimum(path, top).ravel()


def hour_path(level: FloatArray) -> FloatArray:
    """Return twelve values inside each hour but the first and last, with the hour's mean.

    Straight lines from edge to middle to edge; the edge is the mean of the neighbours, at most
    twice the smaller, so that the middle that keeps the mean is never below zero.

    Parameters
    ----------
    level : array, shape (hours + 2,)
        Non-negative hourly means.
    """
    edge = np.minimum((level[:-1] + level[1:]) / 2, 2 * np.minimum(level[:-1], level[1:]))
    left, right = edge[:-1, None], edge[1:, None]
    middle = 2 * level[1:-1, None] - (left + right) / 2
    t = (np.arange(STEPS) + 0.5) / (STEPS / 2)
    rising, falling = left + (middle - left) * t, middle + (right - middle) * (t - 1)
    return np.asarray(np.where(t < 1, rising, falling))


def _by_year(values: Callable[[int], FloatArray], first: int, hours: int) -> FloatArray:
    """Return hourly rows from hour `first` on, gathered from the calendar years they lie in."""
    years = range(_year_of(first), _year_of(first + hours - 1) + 1)
    rows = np.concatenate([values(year) for year in years])
    skip = first - _first_hour(years[0])
    return rows[skip : skip + hours]


def _year_of(hour: int) -> int:
    return int(np.datetime64(hour, "h").astype("datetime64[Y]").astype(int)) + 1970


def _first_hour(year: int) -> int:
    return int(np.datetime64(f"{year:04d}-01-01", "h").astype(int))


def _days(year: int) -> int:
    return (_first_hour(year + 1) - _first_hour(year)) // 24


@lru_cache(maxsize=8)
def hourly(seed: int, year: int) -> dict[str, FloatArray]:
    """Return the hourly means of pv, wind, hydro and load in a calendar year (UTC+8)."""
    days = _days(year - 1) + _days(year)
    noise = np.concatenate([_noise(seed, year - 1), _noise(seed, year)])
    noise = noise.reshape(days, 24, 2, len(PROFILES))
    # einsum, not @: a fixed order of summation, whatever the BLAS and its threads.
    first = np.einsum("dhk,jk->dhj", noise[:, :, 0], CORRELATION_ROOT)
    result = {}
    for k, (name, profile) in enumerate(PROFILES.items()):
        score = _score(profile.components, (first[:, :, k], noise[:, :, 1, k]))
        result[name] = _value(profile, score[-_days(year) :], year).ravel()
    return result


def _noise(seed: int, year: int) -> FloatArray:
    rng = stream(seed, "weather", "qinghai", str(year))
    return rng.standard_normal((_days(year) * 24, 2 * len(PROFILES)))


@lru_cache(maxsize=4)
def _subhourly(seed: int, year: int) -> FloatArray:
    """Return unit-variance noise of the five-minute steps, shape (hours, 2, 12): pv, wind."""
    rng = stream(seed, "weather", "qinghai", "subhourly", str(year))
    noise = rng.standard_normal((_days(year) * 24, 2, STEPS))
    for k in range(1, STEPS):  # stationary inside the hour; the mean is taken out afterwards
        noise[..., k] = SUBHOURLY_PHI * noise[..., k - 1] + SUBHOURLY_REST * noise[..., k]
    return noise


def _score(components: tuple[Component, ...], noises: tuple[FloatArray, ...]) -> FloatArray:
    """Return standard normal scores, shape (days, 24)."""
    parts = [
        np.sqrt(part.weight / _power(part)) * filtered(noise, part)
        for part, noise in zip(components, noises, strict=False)
    ]
    return np.asarray(sum(parts))


def filtered(noise: FloatArray, part: Component) -> FloatArray:
    """Return `noise`, shape (days, 24), through the filter of a component (not scaled)."""
    x = _autoregress(_autoregress(noise, part.a), part.b)
    for day in range(1, len(x) if part.c else 0):
        x[day] += part.c * x[day - 1]
    return x


def _autoregress(noise: FloatArray, phi: float) -> FloatArray:
    """Return x(t) = phi x(t-1) + noise(t), hour by hour: first inside each day, then across."""
    x = noise.copy()
    if phi == 0:
        return x
    for h in range(1, 24):
        x[:, h] += phi * x[:, h - 1]
    carry, whole = np.zeros(len(x)), phi**24
    for day in range(1, len(x)):
        carry[day] = x[day - 1, 23] + whole * carry[day - 1]
    x += carry[:, None] * phi ** np.arange(1, 25)
    return x


@lru_cache(maxsize=32)
def _power(part: Component) -> float:
    return float(np.square(response(part)).sum())


def response(part: Component, days: int = 200) -> FloatArray:
    """Return the impulse response of a component's filter, hour by hour."""
    impulse = np.zeros((days, 24))
    impulse[0, 0] = 1.0
    return filtered(impulse, part).ravel()


def _value(profile: Profile, score: FloatArray, year: int) -> FloatArray:
    """Return the hourly values of a year from the scores, shape (days, 24)."""
    sd = _month_of_day(year, np.array(profile.month_sd))[:, None] * np.array(profile.hour_sd)
    level = daily_climatology(profile.table, year)
    deviation = sd * np.interp(score, NODES, profile.quantiles)
    if profile.logit:
        odds = np.exp(_location(profile, level, sd) + deviation)
        return np.asarray(odds / (1 + odds))
    return np.asarray(np.clip(level * np.maximum(1 + deviation, 0), *profile.bounds))


def _location(profile: Profile, level: FloatArray, sd: FloatArray) -> FloatArray:
    """Return a with E logistic(a + sd q(z)) = level, by bisection on a quadrature over z."""
    z = np.linspace(-3.5, 3.5, 29)
    weight = np.exp(-z * z / 2)
    spread = sd[..., None] * np.interp(z, NODES, profile.quantiles)
    low, high = np.full(level.shape, -8.0), np.full(level.shape, 8.0)
    for _ in range(LOCATION_STEPS):
        a = (low + high) / 2
        share = 1 / (1 + np.exp(-a[..., None] - spread))
        mean = np.einsum("dhz,z->dh", share, weight / weight.sum())
        low, high = np.where(mean < level, a, low), np.where(mean < level, high, a)
    return np.asarray((low + high) / 2)


def daily_climatology(table: FloatArray, year: int, floor: float = 0.0) -> FloatArray:
    """Carry a 12 x 24 table to the days of a year, with the table's monthly means.

    Values lie on straight lines between mid-months; their nodes solve a 12 x 12 system, so
    that the mean of the days of each month is the table's.
    """
    lengths = _month_lengths(year)
    edges = np.concatenate([[0], np.cumsum(lengths)])
    middle, days = (edges[:-1] + edges[1:]) / 2, int(edges[-1])
    at = np.arange(days) + 0.5
    weights = np.stack([np.interp(at, middle, unit, period=days) for unit in np.eye(12)], axis=1)
    means = np.add.reduceat(weights, edges[:-1], axis=0) / lengths[:, None]
    nodes = np.linalg.solve(means, table)
    return np.asarray(np.maximum(np.einsum("dm,mh->dh", weights, nodes), floor))


def _month_lengths(year: int) -> IntArray:
    lengths = np.array(MONTH_DAYS, dtype=np.int64)
    lengths[1] += _days(year) - 365
    return lengths


def _month_of_day(year: int, values: FloatArray) -> FloatArray:
    return np.repeat(values, _month_lengths(year))
