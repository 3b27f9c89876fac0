"""What the sites of a fleet have done since the start of the run."""

from dataclasses import dataclass, field

import numpy as np

from agents.job_queue import QueueReport
from market import FloatArray, IntArray


@dataclass(slots=True)
class SiteTotals:
    """Sums since the start of the run, per site.

    Attributes
    ----------
    finished, late, unreachable, late_soft, gpu_s : array of int
        As in `QueueReport`.
    needed_wh, needed_rest : array of int
        Energy the firm load and the executed jobs needed: whole Wh, and the uWh beyond.
    used_wh, unserved_wh : array of int
        Energy consumed; firm load that got no energy.
    penalty : array
        For strict jobs that missed their deadline, currency.
    """

    n: int
    finished: IntArray = field(init=False)
    late: IntArray = field(init=False)
    unreachable: IntArray = field(init=False)
    late_soft: IntArray = field(init=False)
    gpu_s: IntArray = field(init=False)
    needed_wh: IntArray = field(init=False)
    needed_rest: IntArray = field(init=False)
    used_wh: IntArray = field(init=False)
    unserved_wh: IntArray = field(init=False)
    penalty: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        for name in self.__slots__[1:]:
            kind = np.float64 if name == "penalty" else np.int64
            setattr(self, name, np.zeros(self.n, kind))

    def count(self, report: QueueReport) -> None:
        """Add what one interval changed in the queue."""
        for name in ("finished", "late", "unreachable", "late_soft", "gpu_s"):
            getattr(self, name).__iadd__(getattr(report, name))

    def need(self, uwh: IntArray) -> None:
        """Add energy needed in an interval, uWh; kept in two columns, for a year overflows one."""
        whole, self.needed_rest = np.divmod(self.needed_rest + uwh, 1_000_000)
        self.needed_wh += whole

    @property
    def needed_uwh(self) -> FloatArray:
        """Energy needed in uWh, as a float."""
        return np.asarray(self.needed_wh * 1e6 + self.needed_rest, np.float64)
