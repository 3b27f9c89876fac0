"""Electric power of a data-centre site: IT load, cooling and conversion.

P = PUE(T, u) x IT, with u the IT load as a share of the IT load with all GPUs active. The
fixed overhead is conversion-like plant that runs whatever the load; as it enters PUE as
fixed/u it is a constant power. So P is a constant plus `gain` x IT, and the energy of a job
does not depend on what else runs: whole-number accounts stay exact with a PUE that varies.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from market import FloatArray


@dataclass(frozen=True, slots=True)
class PueTable:
    """Power usage effectiveness as a function of outdoor temperature and load.

    PUE(T, u) = 1 + conversion + fixed/u + fans + f(T)/COP(T), with f the share of mechanical
    cooling, clip((T - free_cooling)/(full_cooling - free_cooling), 0, 1), and
    COP(T) = 5 - 0.1 (T - 25). The form is ours; the constants of COP are those of SustainDC.

    Attributes
    ----------
    conversion, fixed, fans : float
        Losses as a share of IT power; `fixed` of the full IT power.
    free_cooling, full_cooling : float
        Outdoor temperature up to which outside air suffices, and from which it does not help
        at all; degrees Celsius.
    """

    conversion: float = 0.05
    fixed: float = 0.02
    fans: float = 0.05
    free_cooling: float = 17.0
    full_cooling: float = 27.0

    def gain(self, temperature: ArrayLike) -> FloatArray:
        """Return the site power that a kilowatt more of IT load adds, kW."""
        t = np.asarray(temperature, np.float64)
        share = np.clip((t - self.free_cooling) / (self.full_cooling - self.free_cooling), 0, 1)
        return np.asarray(1 + self.conversion + self.fans + share / cop(t))

    def pue(self, temperature: ArrayLike, load_share: ArrayLike) -> FloatArray:
        """Return PUE at an outdoor temperature and a share of the full IT load.

        >>> round(float(PueTable().pue(20.0, 0.8)), 5)
        1.17955
        """
        return np.asarray(self.gain(temperature) + self.fixed / np.asarray(load_share))


def cop(temperature: FloatArray) -> FloatArray:
    """Return the chillers' coefficient of performance (at least 1)."""
    return np.maximum(5.0 - 0.1 * (temperature - 25.0), 1.0)


@dataclass(frozen=True, slots=True)
class DataCenterSite:
    """One site.

    Attributes
    ----------
    gpus, inference_gpus : int
        Installed; those kept busy by inference around the clock.
    p_active_kw, p_idle_kw : float
        Wall power of a GPU with its share of the node, busy and idle.
    pue : float or PueTable
    temperature : float or array, shape (intervals,)
        Outdoors, degrees Celsius. A site knows it for the interval it quotes.
    sla_penalty_per_gpu_hour : float
        Paid for each GPU-hour of a strict job that misses its deadline.
    value_per_gpu_hour : float
        Revenue of computing done.
    """

    gpus: int
    inference_gpus: int = 0
    p_active_kw: float = 1.05
    p_idle_kw: float = 0.25
    pue: float | PueTable = PueTable()
    temperature: float | FloatArray = 6.0
    sla_penalty_per_gpu_hour: float = 20.0
    value_per_gpu_hour: float = 5.0

    def it_kw(self, busy_gpus: float) -> float:
        """Return the IT power with so many GPUs busy and the rest idle."""
        return self.gpus * self.p_idle_kw + busy_gpus * (self.p_active_kw - self.p_idle_kw)

    def power_kw(self, busy_gpus: float, temperature: float | None = None) -> float:
        """Return the site's power at the meter with so many GPUs busy.

        >>> DataCenterSite(10_000, pue=1.15).power_kw(3_000)
        5635.0
        """
        it = self.it_kw(busy_gpus)
        if not isinstance(self.pue, PueTable):
            return it * self.pue
        t = self.temperature if temperature is None else temperature
        return float(it * self.pue.pue(t, it / self.it_kw(self.gpus)))

    def gains(self, intervals: int) -> FloatArray:
        """Return the power a kilowatt more of IT load adds, per interval, kW."""
        if not isinstance(self.pue, PueTable):
            return np.broadcast_to(np.float64(self.pue), intervals)
        return np.broadcast_to(self.pue.gain(self.temperature), intervals)

    @property
    def fixed_kw(self) -> float:
        """Overhead that does not depend on the load, kW."""
        fixed = self.pue.fixed if isinstance(self.pue, PueTable) else 0.0
        return fixed * self.it_kw(self.gpus)


@dataclass(frozen=True, slots=True)
class PowerColumns:
    """Power of all sites of a fleet, as columns.

    Attributes
    ----------
    firm_it_kw, fixed_kw, dynamic_kw, active_kw : array, shape (n,)
        IT power that always runs (all GPUs idle, inference), constant overhead, what one busy
        GPU adds to the IT power, and the power of an active GPU.
    gain : array, shape (n, intervals)
        Site power that a kilowatt more of IT load adds.
    """

    firm_it_kw: FloatArray
    fixed_kw: FloatArray
    dynamic_kw: FloatArray
    active_kw: FloatArray
    gain: FloatArray

    @classmethod
    def of(cls, sites: Sequence[DataCenterSite], intervals: int) -> "PowerColumns":
        """Return the columns of `sites`."""
        gains = [s.gains(intervals) for s in sites]
        steady = all(g.strides == (0,) for g in gains)  # nothing varies: no need to store it
        first = np.array([g[:1] for g in gains]).reshape(len(sites), 1)
        return cls(
            firm_it_kw=np.array([s.it_kw(s.inference_gpus) for s in sites]),
            fixed_kw=np.array([s.fixed_kw for s in sites]),
            dynamic_kw=np.array([s.p_active_kw - s.p_idle_kw for s in sites]),
            active_kw=np.array([s.p_active_kw for s in sites]),
            gain=np.broadcast_to(first, (len(sites), intervals)) if steady else np.array(gains),
        )
