"""Sensitivity: how much of a metric hangs on each factor of a sampled design.

Points are places in the unit cube: 0 is the low end of a factor's range, 1 the high one, by value
or by its logarithm as the range is scaled. A point's value is its mean over all seeds; without a
value in every seed it is left out, for another mix of seeds would look like an effect.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from market import FloatArray, stream

WHOLE = "all factors"
"""Stands for the factor in rows about the whole fit."""
FEWEST_FOR_RBD = 32
MORRIS_LEVELS = 4
CONSTANT = 1e-12  # of the values: smaller spreads are rounding


@dataclass(frozen=True, slots=True)
class Index:
    """One row of the table of sensitivity.

    Attributes
    ----------
    factor : str
    method : str
        ``regression``, ``rbd_fast``, ``sobol`` or ``morris``.
    index : str
        ``src``, ``R2``, ``S1``, ``ST``, ``mu``, ``mu_star`` or ``sigma``.
    n : int
        Points behind it.
    value, low, high : float
        With its 95 % interval where there is one.
    """

    factor: str
    method: str
    index: str
    n: int
    value: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True, slots=True)
class Sample:
    """Where points of a sampled design lie, and what came out.

    Attributes
    ----------
    names : sequence of str
        Of the factors.
    points : array of float, shape (points, factors)
        In the unit cube.
    values : array of float, shape (points,)
    metric : str
        Names the random stream of resampling.
    """

    names: Sequence[str]
    points: FloatArray
    values: FloatArray
    metric: str

    @property
    def n(self) -> int:
        """Number of points."""
        return int(self.values.size)

    @property
    def constant(self) -> bool:
        """Whether nothing varies, so that there is nothing to explain."""
        scale = float(np.abs(self.values).max(initial=0.0))
        return not self.n or bool(np.ptp(self.values) <= CONSTANT * scale)

    def complete(self, block: int = 1) -> "Sample":
        """Return the points of those blocks of successive points that all have a value."""
        kept = ~np.isnan(self.values).reshape(-1, block).any(axis=1)
        rows = np.repeat(kept, block)
        return Sample(self.names, self.points[rows], self.values[rows], self.metric)

    def problem(self) -> dict[str, Any]:
        """Return the factors as SALib describes them."""
        bounds = [[0.0, 1.0]] * len(self.names)
        return {"num_vars": len(self.names), "names": list(self.names), "bounds": bounds}

    def seed(self) -> int:
        """Return a seed of resampling that depends on nothing but the metric."""
        return int(stream(0, "sensitivity", self.metric).integers(1, 2**31))


def sensitivity_of(design: str, sample: Sample) -> list[Index]:
    """Return the indices that a sampled design gives; none where SALib is needed and absent.

    ``lhs``: coefficients of a linear regression, which few points suffice for, and first-order
    indices by RBD-FAST. ``sobol``: first-order and total indices. ``morris``: elementary effects.
    """
    if design == "lhs":
        kept = sample.complete()
        return [*regression(kept), *_by_salib(rbd_fast, kept)]
    if design == "sobol":
        return _by_salib(sobol, sample.complete(len(sample.names) + 2))
    return _by_salib(morris, sample.complete(len(sample.names) + 1))


def _by_salib(method: Callable[[Sample], list[Index]], sample: Sample) -> list[Index]:
    try:
        import SALib  # noqa: F401
    except ImportError:
        return []
    return method(sample)


def regression(sample: Sample) -> list[Index]:
    """Return standardised regression coefficients (``src``) and the share explained (``R2``).

    A coefficient says by how many standard deviations the metric moves when the factor moves by
    one of its own; where the factors are drawn independently and the metric is linear, its square
    is the factor's share of the variance. ``R2`` below about 0.7 says that the metric is not
    linear and the coefficients tell little. Intervals are those of Student's t.

    Reference: Saltelli et al., Global Sensitivity Analysis: The Primer (2008), sec. 1.2.5.

    >>> places = np.array([[0.0, 0.2], [0.2, 0.9], [0.4, 0.1], [0.6, 0.8], [0.8, 0.3], [1.0, 0.6]])
    >>> found = regression(Sample(["a", "b"], places, 3 * places[:, 0] - places[:, 1], "m"))
    >>> [(one.factor, one.index, round(one.value, 3)) for one in found]
    [('a', 'src', 0.999), ('b', 'src', -0.295), ('all factors', 'R2', 1.0)]
    """
    from scipy.special import stdtrit

    n, freedom = sample.n, sample.n - len(sample.names) - 1
    if freedom < 1 or sample.constant:
        return _no_fit(sample)
    x, y = _standardised(sample.points), _standardised(sample.values)
    inverse = _inverse((x[:, :, None] * x[:, None, :]).sum(axis=0))
    if inverse is None:
        return _no_fit(sample)
    slopes = (inverse * (x * y[:, None]).sum(axis=0)).sum(axis=1)
    rest = float(np.square(y - (x * slopes).sum(axis=1)).sum())
    errors = float(stdtrit(freedom, 0.975)) * np.sqrt(rest / freedom * inverse.diagonal())
    found = [
        Index(name, "regression", "src", n, value, value - error, value + error)
        for name, value, error in zip(sample.names, slopes.tolist(), errors.tolist(), strict=True)
    ]
    return [*found, Index(WHOLE, "regression", "R2", n, 1 - rest)]


def _no_fit(sample: Sample) -> list[Index]:
    rows = [*((name, "src") for name in sample.names), (WHOLE, "R2")]
    return [Index(name, "regression", index, sample.n, math.nan) for name, index in rows]


def _standardised(columns: FloatArray) -> FloatArray:
    """Return columns with mean 0 and sum of squares 1."""
    centred = columns - columns.mean(axis=0)
    scaled: FloatArray = centred / np.sqrt(np.square(centred).sum(axis=0))
    return scaled


def _inverse(matrix: FloatArray) -> FloatArray | None:
    """Return the inverse by Gauss and Jordan, for the same bits everywhere; None if there is none.

    No row exchange is needed: the matrix of correlations is positive definite.
    """
    n = len(matrix)
    work = np.hstack([matrix, np.eye(n)])
    for row in range(n):
        if work[row, row] < 1e-10:
            return None
        work[row] /= work[row, row]
        others = np.arange(n) != row
        work[others] -= work[others, row, None] * work[row]
    return work[:, n:]


def rbd_fast(sample: Sample) -> list[Index]:
    """Return first-order indices of a Latin hypercube by RBD-FAST, from 32 points on.

    An index is the share of the variance that the factor explains by itself, straight or curved.
    Harmonics are 4, or more with more than 160 points, up to 10: each costs bias and noise, and
    fewer than 4 miss a curve with two humps.

    References: Tarantola, Gatelli and Mara, Reliability Engineering and System Safety 91 (2006)
    717-727; Tissot and Prieur, ibid. 107 (2012) 205-213, on the bias.
    """
    if sample.n < FEWEST_FOR_RBD:
        return []
    if sample.constant:
        return list(_undefined(sample, "rbd_fast", ["S1"]))
    from SALib.analyze import rbd_fast as salib

    harmonics = min(10, max(4, sample.n // FEWEST_FOR_RBD))
    found = salib.analyze(
        sample.problem(), sample.points, sample.values, M=harmonics, seed=sample.seed()
    )
    return list(_with_errors(sample, "rbd_fast", found, ["S1"]))


def sobol(sample: Sample) -> list[Index]:
    """Return Sobol indices of Saltelli's scheme: first-order (``S1``) and total (``ST``).

    ``S1`` is the share of the variance that a factor explains by itself, ``ST`` the share that
    would be gone with it, interactions included.

    Reference: Saltelli et al., Computer Physics Communications 181 (2010) 259-270.
    """
    if sample.constant:
        return list(_undefined(sample, "sobol", ["S1", "ST"]))
    from SALib.analyze import sobol as salib

    found = salib.analyze(
        sample.problem(), sample.values, calc_second_order=False, seed=sample.seed()
    )
    return list(_with_errors(sample, "sobol", found, ["S1", "ST"]))


def morris(sample: Sample) -> list[Index]:
    """Return Morris's measures of elementary effects, per whole range of a factor.

    ``mu`` is their mean, ``mu_star`` the mean without signs, ``sigma`` their standard deviation:
    large where a factor acts on others or in a curve.

    References: Morris, Technometrics 33 (1991) 161-174; Campolongo, Cariboni and Saltelli,
    Environmental Modelling and Software 22 (2007) 1509-1518.
    """
    indices = ["mu", "mu_star", "sigma"]
    if sample.n < 2 * (len(sample.names) + 1):  # of one trajectory there is no spread
        return list(_undefined(sample, "morris", indices))
    from SALib.analyze import morris as salib

    found = salib.analyze(
        sample.problem(),
        sample.points,
        sample.values,
        num_levels=MORRIS_LEVELS,
        seed=sample.seed(),
    )
    return list(_with_errors(sample, "morris", found, indices))


def _undefined(sample: Sample, method: str, indices: Sequence[str]) -> Iterator[Index]:
    for name in sample.names:
        for index in indices:
            yield Index(name, method, index, sample.n, math.nan)


def _with_errors(
    sample: Sample, method: str, found: Any, indices: Sequence[str]
) -> Iterator[Index]:
    """Yield what SALib found, with its interval where it gives half of the width."""
    for place, name in enumerate(sample.names):
        for index in indices:
            value = float(found[index][place])
            errors = found.get(f"{index}_conf")
            error = math.nan if errors is None else float(errors[place])
            yield Index(name, method, index, sample.n, value, value - error, value + error)
