"""Fitted figures of the synthetic weather: spread, quantiles and memory of each profile.

`benchmarks/fit_weather.py` computes the deviations of the hourly data of 2020 (source in
`agents.climatology`) from the climatology, their sd by month and hour, the quantiles of what
remains at the nodes below, and the autocorrelation of its normal scores. The filters were then
chosen by least squares on that autocorrelation at lags of 1 to 24 h (pv, wind) and 1 to 48 h
(hydro, load), and the one correlation that stands out of the noise of a single year (pv with
wind) was kept. How well the result matches stands in docs/weather.md.
"""

from dataclasses import dataclass

import numpy as np

from agents import climatology
from market import FloatArray

NODES = np.array([-3.0, -2.5, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0])


@dataclass(frozen=True, slots=True)
class Component:
    """Noise through (1 - a B)(1 - b B)(1 - c B^24), scaled to variance `weight`; B: one hour."""

    weight: float
    a: float
    b: float = 0.0
    c: float = 0.0


@dataclass(frozen=True, slots=True)
class Profile:
    """Fitted figures of one series; the module's docstring says how they act."""

    table: FloatArray
    month_sd: tuple[float, ...]
    hour_sd: tuple[float, ...]
    quantiles: tuple[float, ...]
    components: tuple[Component, ...]
    logit: bool = False
    subhourly_sd: float = 0.0
    bounds: tuple[float, float] = (0.0, np.inf)


# Correlation of the hourly noise of pv, wind, hydro and load, as its lower triangular root.
CORRELATION_ROOT = np.linalg.cholesky(
    np.array([
        [1.0, -0.2, 0.0, 0.0],
        [-0.2, 1.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, 0.0],
        [0.0, 0.0, 0.0, 1.0],
    ])
)  # fmt: skip

# Five-minute noise inside the hour (see docs/weather.md, "Inside the hour").
SUBHOURLY_PHI = 0.8

# fmt: off
PROFILES = {
    "pv": Profile(
        climatology.PV,
        (.167, .162, .127, .125, .153, .212, .187, .239, .224, .144, .207, .131),
        (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.01, 1.44, 1.22, 1.02,
         .88, .79, .75, .78, .83, .95, 1.11, 1.13, 1.0, 1.0, 1.0, 1.0),
        (-2.97, -2.36, -2.02, -1.64, -1.13, -.49, .12, .59, 1.04, 1.4, 1.72, 2.08, 2.45),
        (Component(1.0, .941, .278),),
        subhourly_sd=.02,
        bounds=(0.0, .9),
    ),
    "wind": Profile(
        climatology.WIND,
        (.805, .913, .838, .999, 1.009, .864, .818, 1.026, .952, .813, .819, .824),
        (.88, .95, 1.04, 1.15, 1.18, 1.23, 1.23, 1.19, 1.21, 1.28, 1.3, 1.22,
         1.04, 1.0, .92, .86, .82, .76, .74, .68, .61, .61, .67, .8),
        (-4.65, -3.55, -2.6, -1.55, -.82, -.33, .12, .51, .89, 1.29, 1.69, 2.08, 2.47),
        (Component(.768, .766, .766), Component(.232, .988)),
        logit=True,
        subhourly_sd=.015,
    ),
    "hydro": Profile(
        climatology.HYDRO,
        (.458, .221, .06, .034, .035, .043, .043, .038, .032, .03, .151, .43),
        (1.0, .87, .79, .75, .74, .76, .8, .98, .91, .85, .97, 1.05,
         1.02, 1.18, 1.23, 1.23, 1.2, .99, .94, 1.14, 1.0, 1.12, 1.16, 1.06),
        (-2.48, -2.18, -1.79, -1.44, -1.04, -.51, -.02, .42, .96, 1.54, 2.11, 3.02, 4.15),
        (Component(.621, .991), Component(.379, .44, .44, .564)),
        bounds=(.09, .88),  # the range of the data; the winter tails would leave it
    ),
    "load": Profile(
        climatology.LOAD,
        (.015, .014, .014, .014, .014, .015, .012, .016, .018, .014, .016, .024),
        (.95, .71, .63, .72, .61, .73, .6, .58, 1.2, .99, 1.59, 1.32,
         .91, 1.47, 1.1, 2.02, 1.12, .71, .97, .89, .59, .77, .57, .6),
        (-3.9, -2.37, -1.92, -1.51, -1.07, -.54, .02, .6, 1.07, 1.44, 1.84, 2.08, 2.34),
        (Component(.465, .972), Component(.535, .386, .123, .455)),
    ),
}
# fmt: on
LOAD_MEAN_MW = 8421.3
