"""Deadline bidding: a job that can wait bids what waiting would save it."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike

from agents.compute_value import Candidates, value_bids
from agents.data_centers import DataCenterFleet
from agents.job_queue import PATIENCE_S, Waiting
from agents.jobs import BEST_EFFORT, SOFT, SOFT_STEP_S, SOFT_VALUES
from agents.lateness import soft_level
from agents.quotes import MarketView, Quotes, strategies
from market import FloatArray, IntArray


@strategies.register("deadline")
@dataclass(frozen=True, slots=True)
class Deadline:
    """Firm load and urgent jobs at the price cap, other jobs at the value of waiting.

    A job with k intervals of work and n intervals to do it in runs in the k cheapest: it bids
    the k-th lowest forecast price of the n. A strict job whose slack is less than an interval
    bids the cap, and so does one that would find its site crowded later. A soft job that loses
    value by waiting raises its bid by the loss. Nobody but strict jobs bids above its value.
    Without a forecast every job bids its value at once.

    n counts the intervals in which the job can still finish by its deadline, to the second:
    k + floor(slack / interval). Where n exceeds the forecast, k is scaled down in proportion.
    A best-effort job is patient for a day, or for its run time if that is longer, and then
    runs; without an end to its patience it would put off its last hours for ever.

    Parameters
    ----------
    waiting : {"forecast", "option"}
        Price of waiting: the forecast taken as it is, or its prices as equally likely,
        independent draws (then b(k, n) = V(k, n-1) - V(k-1, n-1), see `option_bids`).
    horizon_hours : float
        Forecast asked for.
    restart_s : float
        GPU time that a pause and a restart cost; 0 switches the dead band off.
    soft_step_s : int
        Between a soft job's four deadlines.

    Notes
    -----
    The cost of a pause, per MWh of one interval, is restart_s/interval x (p P_active/(P_active
    - P_idle) + worth), spread over the m intervals of the spell it starts: a running job adds
    it to its bid (m: how long the forecast would make it pause), a paused job subtracts it if
    the forecast would stop it again before it is done (m: how long it would run).
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"data_center"})
    reactive: ClassVar[bool] = True

    waiting: Literal["forecast", "option"] = "forecast"
    horizon_hours: float = 24.0
    restart_s: float = 360.0
    soft_step_s: int = SOFT_STEP_S

    def quote(self, view: MarketView, fleet: DataCenterFleet) -> Quotes:
        """Return the demand curves of all sites for the interval `view.first`."""
        horizon = max(1, round(self.horizon_hours / view.calendar.hours))
        forecast = view.price_forecast(horizon)
        if forecast.size == 0:
            return fleet.true_quotes(view)
        return fleet.quotes(view, lambda c: self.bids(c, forecast, view.cap), float(forecast[0]))

    def bids(self, candidates: Candidates, forecast: FloatArray, cap: float) -> FloatArray:
        """Return the bid of each job, currency/MWh."""
        jobs = candidates.jobs
        k = jobs.intervals
        n, loss = self._wait(jobs, k)
        steps = np.minimum(n, forecast.size)
        rank = np.minimum(-(-k * steps // n), steps)
        price = option_bids if self.waiting == "option" else forecast_bids
        bid = price(rank, steps, forecast)
        bid = bid + loss * candidates.worth * jobs.work_s / jobs.interval_s
        if self.restart_s > 0:
            bid = bid + self._dead_band(candidates, forecast, bid)
        bid = np.minimum(bid, value_bids(candidates, cap, self.soft_step_s))
        return np.where(jobs.urgent, cap, bid)

    def _wait(self, jobs: Waiting, k: IntArray) -> tuple[IntArray, FloatArray]:
        """Return the intervals a job has, and the share of its value one more wait loses."""
        soft = jobs.job_class == SOFT
        now = np.where(soft, soft_level(jobs.slack_s, self.soft_step_s), 0)
        then = soft_level(jobs.slack_s - jobs.interval_s, self.soft_step_s)
        then = np.where(soft, then, 0)
        value = np.asarray(SOFT_VALUES)
        slack = jobs.slack_s + then * self.soft_step_s
        # Out of patience is out of choice; who is owed a deadline has bid the cap before.
        least = np.where(jobs.job_class == BEST_EFFORT, 0, 1)
        n = k + np.maximum(slack // jobs.interval_s, least)
        # The last of a soft job's values is kept for good: it is as patient as best effort.
        last = soft & (then == value.size - 1)
        n = np.where(last, n + PATIENCE_S // jobs.interval_s, n)
        return n, value[now] - value[then]

    def _dead_band(
        self, candidates: Candidates, forecast: FloatArray, bid: FloatArray
    ) -> FloatArray:
        jobs = candidates.jobs
        cost = forecast[0] * candidates.active_ratio + candidates.worth
        cost = cost * self.restart_s / jobs.interval_s
        # Running maxima are sorted, so the first price above (below) a bid is a binary search.
        run = np.searchsorted(np.maximum.accumulate(forecast), bid, side="right")
        pause = np.searchsorted(-np.minimum.accumulate(forecast), -bid, side="left")
        broken = jobs.started & ~jobs.running & (run < np.minimum(jobs.intervals, forecast.size))
        down = np.where(broken, cost / np.maximum(run, 1), 0.0)
        return np.where(jobs.running, cost / np.maximum(pause, 1), -down)


def forecast_bids(k: ArrayLike, n: ArrayLike, forecast: FloatArray) -> FloatArray:
    """Return the k-th lowest of the next n forecast prices.

    >>> forecast_bids([1, 2], [3, 3], np.array([300.0, 500.0, 200.0])).tolist()
    [200.0, 300.0]
    """
    size = np.atleast_1d(n)
    spans, row = np.unique(size, return_inverse=True)
    later = np.arange(forecast.size) >= spans[:, None]
    ranked = np.sort(np.where(later, np.inf, forecast), axis=1)
    found: FloatArray = ranked[row, np.atleast_1d(k) - 1]
    return found


def waiting_cost(n: int, prices: FloatArray, weights: FloatArray | None = None) -> FloatArray:
    """Return V(k, m): least expected cost of k intervals of work within m, k and m up to `n`.

    Prices are independent draws, seen before each interval: V(k, m) =
    E[min(p + V(k-1, m-1), V(k, m-1))], V(0, m) = 0, and infinite where k > m.

    Parameters
    ----------
    n : int
    prices : array
        What a price can be, currency/MWh.
    weights : array, optional
        How likely each is; equally likely by default.
    """
    share = np.full(prices.size, 1 / prices.size) if weights is None else weights
    prices, share = prices[share > 0], share[share > 0]
    V = np.full((n + 1, n + 1), np.inf)
    V[0] = 0.0
    for m in range(1, n + 1):
        run = V[:n, m - 1, None] + prices
        V[1:, m] = np.minimum(run, V[1:, m - 1, None]) @ share
    return V


def option_bids(
    k: ArrayLike, n: ArrayLike, prices: FloatArray, weights: FloatArray | None = None
) -> FloatArray:
    """Return b(k, n) = V(k, n-1) - V(k-1, n-1): what running now saves; infinite if k >= n.

    >>> float(option_bids(2, 3, np.array([200.0, 400.0, 600.0]))[0].round(2))
    466.67
    """
    work, left = np.atleast_1d(k), np.atleast_1d(n)
    V = waiting_cost(int(left.max(initial=1)), prices, weights)
    bid: FloatArray = V[work, left - 1] - V[work - 1, np.maximum(left - 1, work - 1)]
    return bid
