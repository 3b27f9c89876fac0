"""Data centres as a fleet of the market: the sites' queues behind the fleet's face."""

from typing import Any

import numpy as np

from agents.data_centers import DataCenterFleet
from agents.fleet import Fleet, FleetUnits
from agents.forecast_scores import scores_of
from agents.quotes import MarketView, Quotes
from market import WH_PER_MWH, FleetBlock, FloatArray, IntArray


class ComputeFleet(Fleet):
    """Data-centre buyers: what clears runs, what does not waits.

    Parameters
    ----------
    units : FleetUnits
    sites : DataCenterFleet
        The physics: power, queues and jobs of the same units.
    """

    ask_slots = 0
    stateful = True
    balances = False

    def __init__(self, units: FleetUnits, sites: DataCenterFleet) -> None:
        super().__init__(units)
        self.sites, self.bid_slots = sites, sites.bid_slots
        self._running = np.ones(self.n, bool)
        self._worth = np.zeros((self.calendar.per_day, self.n))

    def true_quotes(self, view: MarketView) -> Quotes:
        """Bid for every job at its value."""
        return self.sites.true_quotes(view)

    def quote(self, block: FleetBlock, view: MarketView) -> None:
        """Take in the jobs submitted by now and write the demand curves."""
        self.sites.up = self.up > 0
        super().quote(block, view)

    def strategy_subject(self) -> Any:
        """Return the sites: strategies of data centres price jobs, not orders."""
        return self.sites

    def award(self, block: FleetBlock, row: int) -> None:
        """Commit the jobs that the energy bought can run."""
        self.sites.award(block.first + row, block.bought[row].copy())

    def meter(self, block: FleetBlock, row: int) -> bool:
        """Draw what the committed jobs need; energy bought beyond that is an imbalance."""
        self._running = self.up > 0
        planned = self.sites.planned_wh(block.first + row)
        consumed = np.where(self._running, np.minimum(planned, block.bought[row]), 0)
        block.consumed[row] = consumed
        # Jobs are committed on energy bought; what is missing is firm load that found no seller.
        block.unserved[row] = np.where(self._running, planned - consumed, 0)
        return bool((consumed != block.bought[row]).any() or block.unserved[row].any())

    def commit(self, block: FleetBlock, row: int) -> None:
        """Run the committed jobs on what was left to draw; those without power go back."""
        unserved = self.sites.totals.unserved_wh.copy()
        self.sites.up = self._running
        self.sites.deliver(block.first + row, block.consumed[row].copy())
        # Of what the operator shed, only the firm load is lost; jobs wait.
        block.unserved[row] = self.sites.totals.unserved_wh - unserved
        block.penalty[row] = self.sites.penalty
        self._worth[row] = self.sites.worth

    def worth(self, block: FleetBlock) -> FloatArray:
        """Return the value of the computing done, less the harm of strict jobs missed.

        - A GPU-second of a job is worth `value_per_gpu_hour` / 3600, for soft jobs times the
          share by lateness when it is run (`lateness.value_share`, as in truthful bids); also
          where the job is not finished by the end of the run.
        - Inference is worth `value_per_gpu_hour` + `sla_penalty_per_gpu_hour` a GPU-hour, times
          the share of the site's firm energy that it got.
        - A strict job that misses its deadline takes off `sla_penalty_per_gpu_hour` for each of
          its GPU-hours, once, in the interval in which the deadline passes: the harm to
          customers, whom the penalty pays for it.
        """
        total: FloatArray = np.add.reduce(self._worth[: block.m], axis=0)
        return total

    def next_arrival_after(self, second: float) -> int | None:
        """Return the next second at which a job arrives at any site."""
        return self.sites.next_arrival_after(int(second))

    def arrive(self, second: int) -> None:
        """Take in the jobs submitted up to `second`."""
        self.sites.arrive(second)

    def facts(self) -> dict[str, FloatArray]:
        """Return what the sites finished, missed and ran, and how good their forecasts were."""
        totals = self.sites.totals
        most = self.sites.power.gain * self._full_it_kw()[:, None]
        return {
            "capacity_mw": (self.sites.power.fixed_kw + most.max(axis=1)) / 1000,
            "jobs_finished": _floats(totals.finished),
            "jobs_late": _floats(totals.late),
            "jobs_unreachable": _floats(totals.unreachable),
            "gpu_hours": totals.gpu_s / 3600,
            "energy_needed_mwh": totals.needed_uwh / 1e6 / WH_PER_MWH,
            **scores_of(self.forecaster, self.n),
        }

    def _full_it_kw(self) -> FloatArray:
        power = self.sites.power
        return power.firm_it_kw + power.dynamic_kw * self.sites.queue.capacity


def _floats(numbers: IntArray) -> FloatArray:
    return numbers.astype(np.float64)
