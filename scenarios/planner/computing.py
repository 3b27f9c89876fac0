"""Data centres as the planner sees them: the queue of jobs as a fluid.

A site runs GPU-hours of each class in each interval, within its GPUs. Jobs are not followed one
by one; what is kept of them are limits on sums, each of which every schedule of whole jobs obeys:

- work done by an instant is at most what could be done if every job had run on its own GPUs
  since the first interval that begins after it was submitted;
- strict work: what must be done by an instant so that every job can still meet its deadline is
  done, or missed; what is missed stays so, and costs its penalty;
- soft work counts at its k-th value as long as the job, run without a break, would meet its k-th
  deadline; so from any instant on no more of it can count at the k-th value or a better one than
  the jobs have GPU-hours before that deadline.

Firm load (inference, idle GPUs, overhead) is served like any must-run: as far as the market did.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from agents import (
    BEST_EFFORT,
    SOFT,
    SOFT_STEP_S,
    SOFT_VALUES,
    STRICT,
    ComputeFleet,
    JobTrace,
)
from market import Calendar, FloatArray, IntArray
from scenarios.expand import UnitSpec
from scenarios.planner.portions import Entry, Portion, Sizes
from scenarios.planner.record import Record

KGPUH = 3.6e6  # GPU-seconds in a thousand GPU-hours, which take about a MWh
WHOLE_WH = 1e-6  # MWh: a site pays for whole Wh, and carries the rest over
LEVELS = tuple(dict.fromkeys(SOFT_VALUES))


@dataclass(frozen=True, eq=False, slots=True)
class Site:
    """A site with its jobs; no two are the same.

    Attributes
    ----------
    value, penalty : float
        Currency per thousand GPU-hours.
    energy : array, shape (N,)
        MWh that a thousand GPU-hours take.
    limits : mapping of str to array, shape (N,)
        Sums over jobs, thousand GPU-hours; only of classes that have jobs.
    """

    value: float
    penalty: float
    energy: FloatArray
    limits: Mapping[str, FloatArray]

    def enter(self, into: Entry, sizes: Sizes) -> None:
        """Enter the site: energy, firm load, and the work of each class."""
        most = sizes["firm"] + self.energy * sizes["room"] + WHOLE_WH
        consumed = into.consumed(most, 0.0, recorded=sizes["consumed"])
        firm = into.unknown("firm", sizes["served"], sizes["firm"], value=sizes["worth"])
        carry = into.unknown("carry", -WHOLE_WH, WHOLE_WH)
        need = into.builder.sum(0.0, 0.0)
        for place, sign in ((consumed, 1.0), (firm, -1.0), (carry, -1.0)):
            into.builder.put(need, place, sign)
        work = [*self._strict(into, sizes), *self._soft(into, sizes), *self._best(into, sizes)]
        if not work:
            return
        room = into.builder.sum(-np.inf, sizes["room"])
        for place in work:
            into.builder.put(need, place, -self.energy)
            into.builder.put(room, place, 1.0)

    def _queue(self, into: Entry, sizes: Sizes, name: str, shares: tuple[float, ...]) -> list[int]:
        """Enter the work of a class at each of its values, and its queue; return both."""
        ready = self.limits[f"{name} ready"]
        waiting = into.unknown(f"{name} waiting", 0.0, ready, before=(0.0, 0.0))
        work = [
            into.unknown(f"{name} run {share:g}", 0.0, sizes["room"], value=share * self.value)
            for share in shares
        ]
        coming = np.diff(ready, prepend=0.0)
        law = into.builder.sum(coming, coming, "law")
        into.builder.put(law, waiting, 1.0)
        into.builder.put(law, waiting, -1.0, lagged=True)
        for place in work:
            into.builder.put(law, place, 1.0)
        return [waiting, *work]

    def _best(self, into: Entry, sizes: Sizes) -> list[int]:
        if "best ready" not in self.limits:
            return []
        return self._queue(into, sizes, "best", (1.0,))[1:]

    def _strict(self, into: Entry, sizes: Sizes) -> list[int]:
        if "strict ready" not in self.limits:
            return []
        waiting, *work = self._queue(into, sizes, "strict", (1.0,))
        ready, due = self.limits["strict ready"], self.limits["strict due"]
        most = float(due[-1])
        missed = into.unknown("missed", 0.0, most, before=(0.0, 0.0))
        newly = into.unknown("newly missed", 0.0, most, value=-self.penalty)
        law = into.builder.sum(0.0, 0.0, "law")
        into.builder.put(law, missed, 1.0)
        into.builder.put(law, missed, -1.0, lagged=True)
        into.builder.put(law, newly, -1.0)
        # What is done is what was ready less what waits; with what is missed it is what is due.
        deadline = into.builder.sum(-np.inf, ready - due, "end")
        into.builder.put(deadline, waiting, 1.0)
        into.builder.put(deadline, missed, -1.0)
        return work

    def _soft(self, into: Entry, sizes: Sizes) -> list[int]:
        if "soft ready" not in self.limits:
            return []
        _, *work = self._queue(into, sizes, "soft", LEVELS)
        for level in range(len(LEVELS) - 1):
            later, all_ = self.limits[f"soft {level} later"], float(self.limits[f"soft {level}"][0])
            left = into.unknown(f"soft left {level}", 0.0, later, before=(all_, all_))
            law = into.builder.sum(-np.inf, 0.0, "law")
            into.builder.put(law, left, 1.0)
            into.builder.put(law, left, -1.0, lagged=True)
            for place in work[: level + 1]:
                into.builder.put(law, place, 1.0)
        return work


def site_portions(
    fleet: ComputeFleet, up: FloatArray, record: Record, specs: Mapping[str, UnitSpec]
) -> Iterator[Portion]:
    """Yield the sites of a fleet."""
    power, queue, calendar = fleet.sites.power, fleet.sites.queue, fleet.calendar
    hours, consumed = calendar.hours, record.of(fleet, "consumed")
    for unit, name in enumerate(fleet.names):
        params = specs[name].params
        gain = power.gain[unit]
        firm = (power.fixed_kw[unit] + gain * power.firm_it_kw[unit]) * (hours / 1000)
        value, penalty = params["value_per_gpu_hour"], params["sla_penalty_per_gpu_hour"]
        inference = round(params["inference_gpus"]) * (value + penalty) * hours
        sizes: dict[str, Any] = {
            "consumed": consumed[unit],
            # A site that fails after it bought is credited the fraction of a Wh it carries.
            "firm": np.maximum(firm * up[unit], np.minimum(firm, WHOLE_WH)),
            "served": np.minimum(firm * up[unit], np.maximum(consumed[unit] - WHOLE_WH, 0.0)),
            "worth": np.divide(inference, firm, out=np.zeros(firm.size), where=firm > 0),
            "room": queue.capacity[unit] * (hours / 1000) * up[unit],
        }
        limits = _limits(queue.trace, np.flatnonzero(queue.site == unit), calendar)
        energy = gain * power.dynamic_kw[unit]
        form = Site(1000 * value, 1000 * penalty, np.asarray(energy, np.float64), limits)
        yield Portion(name, specs[name].entry, form, sizes)


def _limits(trace: JobTrace, jobs: IntArray, calendar: Calendar) -> dict[str, FloatArray]:
    """Return the sums over jobs that limit the work of each class, thousand GPU-hours."""
    end = calendar.interval_s * np.arange(1, calendar.n + 1)
    kinds = trace.job_class[jobs]
    limits = {}
    for kind, name in ((STRICT, "strict"), (SOFT, "soft"), (BEST_EFFORT, "best")):
        own = jobs[kinds == kind]
        gpus, work, due = trace.gpus[own], trace.work_s[own], trace.deadline_s[own]
        first = -(-trace.submit_s[own] // calendar.interval_s) * calendar.interval_s
        known = first < end[-1]
        if not known.any():
            continue
        gpus, work, due, first = gpus[known], work[known], due[known], first[known]
        limits[f"{name} ready"] = _since(end, first, gpus) - _since(end, first + work, gpus)
        if kind == STRICT:
            limits["strict due"] = _due(end, gpus, work, due)
        if kind == SOFT:
            for level in range(len(LEVELS) - 1):
                late = due + level * SOFT_STEP_S
                able = np.clip(late - first, 0, work)
                for label, instant in (("", end - calendar.interval_s), (" later", end)):
                    gone = _since(instant, late, gpus) - _since(instant, late - able, gpus)
                    limits[f"soft {level}{label}"] = int((gpus * able).sum()) + gone
    return {name: limit / KGPUH for name, limit in limits.items()}


def _due(end: IntArray, gpus: IntArray, work: IntArray, due: IntArray) -> IntArray:
    """Return the GPU-seconds that must be done by each instant, of deadlines within the run."""
    counts = due <= end[-1]
    gpus, work, due = gpus[counts], work[counts], due[counts]
    return _since(end, due - work, gpus) - _since(end, due, gpus)


def _since(instants: IntArray, at: IntArray, gpus: IntArray) -> IntArray:
    """Return the sum of gpus x max(instant - at, 0) at each of several ascending instants.

    >>> _since(np.array([5, 10]), np.array([4, 8]), np.array([1, 2])).tolist()
    [1, 10]
    """
    rank = np.argsort(at, kind="stable")
    count = np.concatenate(([0], np.cumsum(gpus[rank])))
    area = np.concatenate(([0], np.cumsum((gpus * at)[rank])))
    place = np.searchsorted(at[rank], instants, side="right")
    found: IntArray = instants * count[place] - area[place]
    return found
