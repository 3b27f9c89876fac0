"""Data centres: firm load, deferrable jobs, and the demand curve they send to the market.

Whole watt-hours are bought, while a job needs a fraction. Each site carries the fraction it
has consumed but not yet paid in the next interval: over a run, energy bought = energy needed,
rounded down once. Inside, needs are whole micro-watt-hours, so nothing is lost on the way.

What clears runs: the firm load first, then whole jobs in the order of their bids, then any
smaller job that still fits. The rest of a partly accepted step is not consumed: it is an
imbalance. A job that is not served waits.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from agents.compute_value import Candidates, value_bids
from agents.demand_curve import Curve, demand_curve
from agents.job_queue import JobQueue, QueueReport, Waiting, first_fit
from agents.jobs import JobTrace, combine
from agents.quotes import MarketView, Quotes
from agents.site_power import DataCenterSite, PowerColumns
from agents.site_totals import SiteTotals
from market import BoolArray, Calendar, FloatArray, IntArray

MICRO = 1_000_000  # parts of a watt-hour
FORGIVEN = 100  # uWh a site starts ahead, so that rounding never turns 5.0 Wh into 4 (as to_wh)
RUNNING_CREDIT = 4  # intervals of slack by which a running job goes before an idle one

Pricer = Callable[[Candidates], FloatArray]


@dataclass(frozen=True, slots=True)
class Offer:
    """What a fleet has asked for in one interval, until it is delivered.

    Attributes
    ----------
    base, firm : array of int, shape (n,)
        uWh of the firm load with and without the carried fraction.
    rate : array, shape (n,)
        uWh of one GPU-second.
    ids, site, gpu_s : array of int, shape (jobs,)
        The quoted jobs, best bid first within a site, and their GPU-seconds.
    """

    base: IntArray
    firm: IntArray
    rate: FloatArray
    ids: IntArray
    site: IntArray
    gpu_s: IntArray


class DataCenterFleet:
    """Sites as columns, with one queue of jobs; knows no market but its quotes.

    Parameters
    ----------
    sites : sequence of DataCenterSite
    calendar : Calendar
    traces : sequence of JobTrace or None
        The jobs of each site.
    segments : int
        Most price steps of a site's demand curve; at least 2, as the first is the firm load's.

    Attributes
    ----------
    up : array of bool, shape (n,)
        False while a site is out; it then neither quotes nor runs.
    carry : array of int, shape (n,)
        uWh consumed but not yet metered, less than a watt-hour, plus `FORGIVEN` from the start.
    penalty : array, shape (n,)
        Penalties of the interval delivered last, currency.
    worth : array, shape (n,)
        What the computing of that interval was worth, less its penalties, currency.
    report : QueueReport
        What the interval delivered last changed.
    totals : SiteTotals
    """

    ask_slots = 0

    def __init__(
        self,
        sites: Sequence[DataCenterSite],
        calendar: Calendar,
        traces: Sequence[JobTrace | None] | None = None,
        segments: int = 24,
    ) -> None:
        self.n, self.bid_slots = len(sites), max(segments, 2)
        self.calendar = calendar
        self.power = PowerColumns.of(sites, calendar.n)
        self.sla_penalty = np.array([s.sla_penalty_per_gpu_hour for s in sites])
        capacity = np.array([s.gpus - s.inference_gpus for s in sites], np.int64)
        self.queue = JobQueue(*combine(traces or ()), capacity, calendar.interval_s)
        self.up = np.ones(self.n, bool)
        self.carry = np.full(self.n, FORGIVEN, np.int64)
        self.penalty, self.worth = np.zeros(self.n), np.zeros(self.n)
        # Inference fails customers as a strict job does, so it is worth its revenue and that.
        self._inference = calendar.hours * np.array(
            [s.inference_gpus * (s.value_per_gpu_hour + s.sla_penalty_per_gpu_hour) for s in sites]
        )
        self.totals = SiteTotals(self.n)
        self.report: QueueReport | None = None
        self._quoted: dict[int, Offer] = {}
        self._plans: dict[int, tuple[Offer, IntArray, IntArray]] = {}

    def arrive(self, second: int) -> int:
        """Take in the jobs submitted up to `second`; return how many came."""
        return self.queue.arrive(second)

    def next_arrival_after(self, second: int) -> int | None:
        """Return the first second after `second` at which a job is submitted."""
        return self.queue.next_arrival_after(second)

    def true_quotes(self, view: MarketView) -> Quotes:
        """Return the demand at its value: every job as soon as it is worth its energy."""
        return self.quotes(view, lambda candidates: value_bids(candidates, view.cap))

    def quotes(self, view: MarketView, price: Pricer, expected: float = -np.inf) -> Quotes:
        """Return the demand curves for the interval `view.first`.

        Parameters
        ----------
        view : MarketView
        price : callable
            The bid of each waiting job, currency/MWh.
        expected : float
            Expected price; where GPUs are scarce, jobs that would not clear at it come last.
        """
        t = view.first
        firm, rate = self._needs(t)
        base = self.carry * self.up + firm
        jobs = self.queue.waiting(self.calendar.second(t))
        bids = np.empty(0)
        rows = np.empty(0, np.int64)
        if jobs.ids.size:
            bids = price(self._candidates(jobs, t))
            # A job that runs at a price takes part in no tie at that price, lest it get a share.
            bids = np.minimum(np.nextafter(bids, np.inf), view.cap)
            rows = self._rank(jobs, bids, view.floor, expected)
        gpu_s = (jobs.gpus * jobs.seconds)[rows]
        offer = Offer(base, firm, rate, jobs.ids[rows], jobs.site[rows], gpu_s)
        self._quoted[t] = offer
        needs = self._cumulative_wh(offer)
        curve = Curve(base // MICRO, offer.site, bids[rows], needs)
        price_steps, quantity = demand_curve(curve, view.cap, self.bid_slots)
        return Quotes(bid_price=price_steps[None], bid_quantity=quantity[None])

    def award(self, interval: int, bought: IntArray) -> None:
        """Commit the jobs that the energy bought (Wh, shape (n,)) can run in `interval`."""
        offer = self._quoted.pop(interval)
        run = self._fit(offer, bought)
        ids, site, gpu_s = offer.ids[run], offer.site[run], offer.gpu_s[run]
        self.queue.commit(interval, ids)
        kept = replace(offer, ids=ids, site=site, gpu_s=gpu_s)
        need = self._job_need(kept)
        used = (offer.base + need) // MICRO
        self.carry += offer.firm + need - used * MICRO
        self._plans[interval] = kept, need, used

    def deliver(self, interval: int, energy_wh: IntArray) -> IntArray:
        """Run what was committed; return the energy consumed, at most `energy_wh`, shape (n,).

        Where a site gets less than its plan needs, jobs are dropped from the lowest bid up
        and their work goes back to the queue.
        """
        if interval in self._quoted:
            self.award(interval, energy_wh)
        offer, need, used = self._plans.pop(interval)
        kept = None
        energy = np.where(self.up, energy_wh, 0)
        if (energy < used).any():
            base = self.carry + used * MICRO - need
            kept = self._fit(replace(offer, base=base), energy)
            now = self._job_need(offer, kept)
            balance = base + now
            need, used = now, balance // MICRO
            self.carry = balance - used * MICRO
        self.totals.need(offer.firm + need)
        consumed = np.minimum(used, energy)
        self._close(interval, kept)
        self.worth += self._firm_worth(interval, offer.firm - (used - consumed) * MICRO)
        self.totals.unserved_wh += used - consumed
        self.totals.used_wh += consumed
        return consumed

    def planned_wh(self, interval: int) -> IntArray:
        """Return what the firm load and the committed jobs of `interval` consume, Wh."""
        return self._plans[interval][2]

    def _close(self, interval: int, kept: BoolArray | None) -> None:
        """Do the committed work and book what it changes."""
        self.report = self.queue.deliver(interval, kept)
        self.penalty = self.report.late_gpu_s / 3600 * self.sla_penalty
        self.worth = self.report.worth - self.penalty
        self.totals.count(self.report)
        self.totals.penalty += self.penalty

    def _firm_worth(self, interval: int, served: IntArray) -> FloatArray:
        """Return the value of inference that was served with so many uWh of firm energy.

        All of a site's inference, at revenue and penalty per GPU-hour, needs all of its firm
        energy (overhead and idle GPUs included); with less of it a share in proportion is served.
        """
        full = self._firm(interval)
        share = np.divide(served.clip(0), full, out=np.zeros(self.n), where=full > 0)
        worth: FloatArray = np.minimum(share, 1.0) * self._inference
        return worth

    def _firm(self, interval: int) -> IntArray:
        """Return the firm energy of sites that are up, uWh (kW s = kJ = 1/3.6 Wh)."""
        kw = self.power.fixed_kw + self.power.gain[:, interval] * self.power.firm_it_kw
        return np.rint(kw * self.calendar.interval_s * (MICRO / 3.6)).astype(np.int64)

    def _needs(self, interval: int) -> tuple[IntArray, FloatArray]:
        """Return the firm energy in uWh and the uWh of one GPU-second."""
        gain = self.power.gain[:, interval]
        return self._firm(interval) * self.up, gain * self.power.dynamic_kw * (MICRO / 3.6)

    def _candidates(self, jobs: Waiting, interval: int) -> Candidates:
        dynamic = self.power.dynamic_kw * self.power.gain[:, interval]
        ratio = self.power.active_kw / self.power.dynamic_kw
        return Candidates(jobs, 1000 * jobs.value / dynamic[jobs.site], ratio[jobs.site])

    def _rank(self, jobs: Waiting, bids: FloatArray, floor: float, expected: float) -> IntArray:
        """Return the rows to quote, best bid first within a site, within the GPUs of each.

        Where GPUs are scarce, urgent jobs come first, then those expected to clear, then the
        others; within these strict before soft before best effort, then the least slack.
        A running job counts as having four intervals less, lest two jobs take turns.
        """
        rows = np.flatnonzero((bids >= floor) & self.up[jobs.site])
        slack = jobs.slack_s - jobs.running * (RUNNING_CREDIT * jobs.interval_s)
        load = np.bincount(jobs.site[rows], jobs.gpus[rows], minlength=self.n)
        crowded = np.flatnonzero(load > self.queue.capacity)
        if crowded.size:
            left_out = np.zeros(bids.size, bool)
            first = np.where(jobs.urgent, 0, np.where(bids >= expected, 1, 2))
            for site in crowded:
                here = rows[jobs.site[rows] == site]
                here = here[np.lexsort((slack[here], jobs.job_class[here], first[here]))]
                left_out[here] = ~first_fit(jobs.gpus[here], int(self.queue.capacity[site]))
            rows = rows[~left_out[rows]]
        keys = (slack[rows], jobs.job_class[rows], -bids[rows], jobs.site[rows])
        return rows[np.lexsort(keys)]

    def _cumulative_wh(self, offer: Offer) -> IntArray:
        """Return each site's energy up to and including each job, in whole Wh."""
        if offer.ids.size == 0:
            return offer.ids
        total = np.cumsum(offer.gpu_s)
        total -= np.concatenate(([0], total))[np.searchsorted(offer.site, offer.site)]
        need = np.rint(offer.rate[offer.site] * total).astype(np.int64)
        return (offer.base[offer.site] + need) // MICRO

    def _fit(self, offer: Offer, energy: IntArray) -> BoolArray:
        """Mark the jobs that `energy` (Wh, per site) can run."""
        if offer.ids.size == 0:
            return np.zeros(0, bool)
        run = self._cumulative_wh(offer) <= energy[offer.site]
        if run.all():
            return run
        spare = (energy + 1) * MICRO - 1 - offer.base - self._job_need(offer, run)
        short = np.bincount(offer.site[~run], minlength=self.n) > 0
        for site in np.flatnonzero(short & (spare >= offer.rate)):
            rest = np.flatnonzero(~run & (offer.site == site))
            room = int(spare[site] / offer.rate[site])
            run[rest] = first_fit(offer.gpu_s[rest], room)
        return run

    def _job_need(self, offer: Offer, run: BoolArray | None = None) -> IntArray:
        """Return the energy of the jobs (of those marked), uWh per site."""
        if offer.ids.size == 0:
            return np.zeros(self.n, np.int64)
        gpu_s = offer.gpu_s if run is None else offer.gpu_s * run
        total = np.bincount(offer.site, gpu_s, minlength=self.n)
        return np.rint(offer.rate * total).astype(np.int64)
