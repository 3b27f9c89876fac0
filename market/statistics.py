"""How sure we are: intervals, paired differences and tests over the seeds of an experiment.

All arms share random numbers by name, so the runs of one seed belong together: a difference is
taken seed by seed, and what the weather of a seed does to both arms falls out of it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from market.streams import stream
from market.units import BoolArray, FloatArray, IntArray

RESAMPLES = 9_999  # so that the 250th smallest and the 250th largest leave out 2.5 % each
OUTER = 250
REMEMBERED = 100  # seeds up to which resamples are kept for the next figure
CONFIDENCE_Z = 1.959963984540054  # 97.5 % point of the normal distribution
ROUNDING = 1e-12  # of the values: smaller spreads are rounding, not luck


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over seeds and how sure it is.

    Attributes
    ----------
    n : int
        Seeds with a value.
    mean, sd : float
        Mean, and standard deviation from seed to seed (NaN with one seed).
    low, high : float
        95 % bootstrap interval of the mean; NaN with one seed.
    """

    n: int
    mean: float
    sd: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """What an arm changes against the baseline, seed by seed.

    Attributes
    ----------
    pairs : int
        Seeds with a value in both.
    mean, low, high : float
        Mean difference (arm less baseline) with its 95 % bootstrap interval.
    effect_size : float
        Hedges' g of paired differences: the mean in standard deviations of the difference.
    p_value : float
        Of a two-sided paired t-test that there is no difference.
    """

    pairs: int
    mean: float
    low: float
    high: float
    effect_size: float
    p_value: float


def mean_interval(values: ArrayLike) -> Estimate:
    """Return the mean over seeds with its 95 % bootstrap interval; NaN values are left out.

    The interval has the percentiles of resampled means, stretched about the mean by
    t / z * sqrt(n / (n - 1)). Resampled means of few seeds vary too little, by sqrt((n - 1) / n),
    and their percentiles take the spread for known, as z does and t does not. Unstretched, with 5
    seeds the interval would hold the truth 84 times in 100, and a bias-corrected one (BCa) no more.

    Parameters
    ----------
    values : array of float, shape (seeds,)

    References
    ----------
    Efron and Tibshirani, An Introduction to the Bootstrap (1993), ch. 13. Hesterberg, The American
    Statistician 69 (2015) 371-386, on the narrowness of both.

    >>> found = mean_interval([10.0, 12.0, 11.0, 13.0, 14.0])
    >>> found.mean, round(found.sd, 3), round(found.low, 2), round(found.high, 2)
    (12.0, 1.581, 10.1, 13.9)
    """
    there = _defined(values)
    return _estimate(there, float(np.abs(there).max(initial=0.0)))


def paired_difference(values: ArrayLike, baseline: ArrayLike) -> Difference:
    """Return what changes against the baseline; the same place is the same seed in both.

    Pairs with a NaN are left out. The test is the paired t-test: with 5 seeds a rank or sign test
    can never say less than 2 / 2^5 = 0.0625, and a figure that adds up thousands of intervals is
    near enough to normal. Where the difference is the same in every seed there is no luck to test
    it against: effect size and p-value are NaN, or 0 and 1 where it is zero throughout.

    Parameters
    ----------
    values, baseline : array of float, shape (seeds,)

    References
    ----------
    Student, Biometrika 6 (1908) 1-25. Hedges, Journal of Educational Statistics 6 (1981) 107-128;
    Lakens, Frontiers in Psychology 4 (2013) 863, on g of paired differences.

    >>> found = paired_difference([12.0, 15.0, 11.0, 17.0], [10.0, 12.0, 10.0, 13.0])
    >>> found.pairs, found.mean, round(found.effect_size, 3), round(found.p_value, 4)
    (4, 2.5, 1.401, 0.0305)
    """
    ours, theirs = np.asarray(values, np.float64), np.asarray(baseline, np.float64)
    both = ~(np.isnan(ours) | np.isnan(theirs))
    scale = float(np.abs([ours[both], theirs[both]]).max(initial=0.0))
    found = _estimate(ours[both] - theirs[both], scale)
    if found.n > 1 and found.sd == 0.0:
        never = found.mean == 0.0
        size, p_value = (0.0, 1.0) if never else (math.nan, math.nan)
    else:
        size, p_value = _hedges_g(found), _t_test(found)
    return Difference(found.n, found.mean, found.low, found.high, size, p_value)


def holm(p_values: ArrayLike) -> FloatArray:
    """Return p-values corrected for how many comparisons were made; NaN ones do not count.

    Of m p-values the smallest is multiplied by m, the next by m - 1, and so on; none is smaller
    than the one before it, none above 1. Whoever calls those below 0.05 real differences is wrong
    about even one of them in at most 5 of 100 experiments, however the comparisons hang together.

    References
    ----------
    Holm, Scandinavian Journal of Statistics 6 (1979) 65-70.

    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    given = np.asarray(p_values, np.float64)
    corrected = np.full(given.shape, np.nan)
    there: IntArray = np.flatnonzero(~np.isnan(given))
    order = there[np.argsort(given[there], kind="stable")]
    steps = given[order] * np.arange(order.size, 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected


def _defined(values: ArrayLike) -> FloatArray:
    given = np.asarray(values, np.float64)
    there: BoolArray = ~np.isnan(given)
    return given[there]


def _estimate(values: FloatArray, scale: float) -> Estimate:
    n = values.size
    if n < 2:
        mean = float(values[0]) if n else math.nan
        return Estimate(n, mean, math.nan, math.nan, math.nan)
    if np.ptp(values) <= ROUNDING * scale:  # nothing varies but the last digits
        mean = 0.0 if np.abs(values).max() <= ROUNDING * scale else float(values[0])
        return Estimate(n, mean, 0.0, mean, mean)
    mean = _mean(values)
    sd = math.sqrt(float(np.square(values - mean).sum()) / (n - 1))
    low, high = _percentiles(values)
    wider = _t_quantile(n - 1) / CONFIDENCE_Z * math.sqrt(n / (n - 1))
    return Estimate(n, mean, sd, mean + wider * (low - mean), mean + wider * (high - mean))


def _mean(values: FloatArray) -> float:
    return float(values.sum()) / values.size


def _percentiles(values: FloatArray) -> tuple[float, float]:
    """Return the 2.5 and 97.5 percentiles of resampled means."""
    n = values.size
    total = np.zeros(RESAMPLES)
    # Seed by seed, so that every machine adds in the same order.
    for drawn in _resamples(n) if n <= REMEMBERED else _drawn(n):
        total += values[drawn]
    ends = np.partition(total / n, (OUTER - 1, RESAMPLES - OUTER))
    return float(ends[OUTER - 1]), float(ends[RESAMPLES - OUTER])


def _drawn(n: int) -> Iterator[IntArray]:
    """Yield n times which seed each resample draws next, the same for every figure."""
    rng = stream(0, "bootstrap", str(n))
    for _ in range(n):
        yield rng.integers(0, n, RESAMPLES)


@lru_cache(maxsize=8)
def _resamples(n: int) -> tuple[IntArray, ...]:
    return tuple(_drawn(n))


def _t_quantile(freedom: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.975))


def _t_test(found: Estimate) -> float:
    """Return the p-value of a two-sided t-test that the mean is zero."""
    from scipy.special import stdtr

    if found.n < 2:
        return math.nan
    return float(2 * stdtr(found.n - 1, -abs(found.mean) / found.sd * math.sqrt(found.n)))


def _hedges_g(found: Estimate) -> float:
    """Return the mean in standard deviations, less what few seeds overstate it by."""
    freedom = found.n - 1
    if freedom < 2:  # with two pairs the correction takes all of it away
        return math.nan
    gammas = math.lgamma(freedom / 2) - math.lgamma((freedom - 1) / 2)
    return found.mean / found.sd * math.exp(gammas) / math.sqrt(freedom / 2)
