"""The queue of deferrable jobs of a fleet of sites, in seconds and GPUs.

Jobs of all sites live in one set of columns; only active jobs are touched. Work is *committed*
to an interval when its energy is awarded and *done* when it is delivered: with gates that close
early several intervals are committed at once, and no second of work is ever quoted twice.
A job starts at the start of an interval and needs all its GPUs; in its last interval it uses
only the seconds it still needs, and it is finished at that second, not at the interval's end.
"""

from dataclasses import dataclass

import numpy as np

from agents.jobs import BEST_EFFORT, STRICT, ClassArray, JobTrace
from agents.lateness import value_share
from market import BoolArray, FloatArray, InputError, IntArray

_NOT_FINISHED = 2**61


PATIENCE_S = 86_400  # how long a best-effort job waits for cheaper hours, at least
RATE_S = 86_400  # the rate of strict work is taken over the time so far, at least a day


@dataclass(frozen=True, slots=True)
class Waiting:
    """Jobs that could run in the interval starting at `start_s`, as columns.

    Attributes
    ----------
    ids, site, gpus : array of int
        Row in the trace, site, GPUs.
    left_s : array of int
        Seconds of work not yet committed to an earlier interval.
    slack_s : array of int
        Seconds the job may still wait and finish by its deadline; negative when it is late.
        Best-effort jobs have none, and are patient for a day or their run time.
    job_class : array of int8
    work_s : array of int
        Run time of the whole job.
    value : array
        Currency per GPU-hour.
    running, started : array of bool
        Runs in the interval committed last; has ever run.
    urgent : array of bool
        Strict, and one more interval of waiting would break a deadline (see `crowded`).
    start_s, interval_s : int
        Start and length of the interval.
    """

    ids: IntArray
    site: IntArray
    gpus: IntArray
    left_s: IntArray
    slack_s: IntArray
    job_class: ClassArray
    work_s: IntArray
    value: FloatArray
    running: BoolArray
    started: BoolArray
    urgent: BoolArray
    start_s: int
    interval_s: int

    @property
    def intervals(self) -> IntArray:
        """Intervals of work left, rounded up: k of the option-value formula."""
        return -(-self.left_s // self.interval_s)

    @property
    def seconds(self) -> IntArray:
        """Seconds each would run in the interval."""
        return np.minimum(self.left_s, self.interval_s)


@dataclass(frozen=True, slots=True)
class QueueReport:
    """What one delivered interval changed, per site.

    Attributes
    ----------
    finished : array of int
        Jobs that finished.
    late, unreachable : array of int
        Strict jobs whose deadline passed unmet: those that could have met it, and those that
        could not even at their first interval after submission.
    late_soft : array of int
        Soft jobs whose first deadline passed unmet.
    late_gpu_s : array of int
        GPU-seconds of all the strict jobs that missed (the base of the penalty).
    gpu_s : array of int
        GPU-seconds run.
    active : array of int
        Jobs submitted and unfinished at the end of the interval.
    worth : array
        Value of the GPU-seconds run, currency.
    """

    finished: IntArray
    late: IntArray
    unreachable: IntArray
    late_soft: IntArray
    late_gpu_s: IntArray
    gpu_s: IntArray
    active: IntArray
    worth: FloatArray


class JobQueue:
    """Jobs of several sites between submission and completion.

    Parameters
    ----------
    trace : JobTrace
        Jobs of all sites, sorted by submission.
    site : array of int
        Site of each job.
    capacity : array of int, shape (n,)
        GPUs of each site that jobs may use.
    interval_s : int
        Length of an interval.
    """

    def __init__(
        self, trace: JobTrace, site: IntArray, capacity: IntArray, interval_s: int
    ) -> None:
        if len(trace) and (trace.gpus > capacity[site]).any():
            row = int(np.argmax(trace.gpus - capacity[site]))
            raise InputError(
                f"a job needs {trace.gpus[row]} GPUs at once, "
                f"its site leaves {capacity[site[row]]} to jobs"
            )
        self.trace, self.site, self.capacity, self.interval_s = trace, site, capacity, interval_s
        self.left_s = trace.work_s.copy()
        self.todo_s = trace.work_s.copy()
        self.finish_s = np.full(len(trace), _NOT_FINISHED, np.int64)
        self.started = np.zeros(len(trace), bool)
        self.running = np.zeros(len(trace), bool)
        self.unreachable = np.zeros(len(trace), bool)
        self.missed = np.zeros(len(trace), bool)
        self.restarts = np.zeros(capacity.size, np.int64)
        self.active = np.empty(0, np.int64)
        self._arrived = 0
        self._seen = 0
        self._strict_gpu_s = np.zeros(capacity.size)
        self._plans: dict[int, tuple[IntArray, IntArray]] = {}
        self._runs = np.empty(0, np.int64)
        zero = np.zeros(capacity.size, np.int64)
        self._quiet = QueueReport(*(zero,) * 7, np.zeros(capacity.size))

    def arrive(self, second: int) -> int:
        """Take in the jobs submitted up to `second`; return how many came."""
        last = int(np.searchsorted(self.trace.submit_s, second, side="right"))
        count = last - self._arrived
        if count > 0:
            new = np.arange(self._arrived, last)
            strict = new[self.trace.job_class[new] == STRICT]
            gpu_s = self.trace.gpus[strict] * self.trace.work_s[strict]
            self._strict_gpu_s += np.bincount(self.site[strict], gpu_s, self.capacity.size)
            self.active = np.concatenate((self.active, new))
            self._arrived = last
        return max(count, 0)

    def next_arrival_after(self, second: int) -> int | None:
        """Return the first second after `second` at which a job is submitted."""
        row = int(np.searchsorted(self.trace.submit_s, second, side="right"))
        return int(self.trace.submit_s[row]) if row < len(self.trace) else None

    def waiting(self, start_s: int) -> Waiting:
        """Return the jobs that could run in the interval that starts at `start_s`."""
        t = self.trace
        ids = self.active[self.left_s[self.active] > 0]
        gpus, left, kind = t.gpus[ids], self.left_s[ids], t.job_class[ids]
        patient = t.submit_s[ids] + t.work_s[ids] + np.maximum(t.work_s[ids], PATIENCE_S)
        due = np.where(kind == BEST_EFFORT, patient, t.deadline_s[ids])
        slack = due - start_s - left
        if self._seen < self._arrived:
            fresh = ids >= self._seen
            self.unreachable[ids[fresh]] = (slack[fresh] < 0) & (kind[fresh] != BEST_EFFORT)
            self._seen = self._arrived
        strict = np.flatnonzero(kind == STRICT)
        urgent = np.zeros(ids.size, bool)
        urgent[strict] = slack[strict] < self.interval_s
        urgent[strict] |= crowded(
            self.site[ids[strict]],
            gpus[strict],
            left[strict],
            slack[strict],
            self._to_spare(start_s, ids[strict]),
            self.interval_s,
        )
        return Waiting(
            ids=ids,
            site=self.site[ids],
            gpus=gpus,
            left_s=left,
            slack_s=slack,
            job_class=kind,
            work_s=t.work_s[ids],
            value=t.value[ids],
            running=self.running[ids],
            started=self.started[ids],
            urgent=urgent,
            start_s=start_s,
            interval_s=self.interval_s,
        )

    def _to_spare(self, start_s: int, strict: IntArray) -> FloatArray:
        """Return the GPUs of each site that strict jobs yet to come will leave, on average.

        They are expected to bring as much work a day as those before have had done.
        """
        left = self.trace.gpus[strict] * self.left_s[strict]
        done = self._strict_gpu_s - np.bincount(self.site[strict], left, self.capacity.size)
        rate = done / max(start_s, RATE_S)
        spare: FloatArray = np.maximum(self.capacity - rate, 0.0)
        return spare

    def commit(self, interval: int, ids: IntArray) -> None:
        """Promise `interval` to the jobs `ids`: their next seconds of work are taken."""
        if not (ids.size or self._runs.size):
            return
        seconds = np.minimum(self.left_s[ids], self.interval_s)
        self.left_s[ids] -= seconds
        again = ids[self.started[ids] & ~self.running[ids]]
        self.restarts += self._per_site(again)
        self.running[self._runs] = False
        self.running[ids] = True
        self.started[ids] = True
        self._runs = ids
        self._plans[interval] = ids, seconds

    def deliver(self, interval: int, kept: BoolArray | None = None) -> QueueReport:
        """Do the work committed to `interval`; what is not `kept` goes back to the queue."""
        if self.active.size == 0:
            self._plans.pop(interval, None)
            return self._quiet
        nobody = np.empty(0, np.int64)
        ids, seconds = self._plans.pop(interval, (nobody, nobody))
        if kept is not None:
            self.left_s[ids[~kept]] += seconds[~kept]
            ids, seconds = ids[kept], seconds[kept]
        start_s = interval * self.interval_s
        worth = self._worth(ids, seconds, start_s)
        self.todo_s[ids] -= seconds
        done = self.todo_s[ids] == 0
        self.finish_s[ids[done]] = start_s + seconds[done]
        late = self._newly_late(start_s + self.interval_s)
        if done.any():
            self.active = self.active[self.todo_s[self.active] > 0]
        run = self.trace.gpus[ids] * seconds
        return self._report(ids[done], late, self._per_site(ids, run), worth)

    def _newly_late(self, end_s: int) -> IntArray:
        """Return the jobs whose deadline passed unmet by `end_s` and was not yet recorded."""
        due = self.active[self.trace.deadline_s[self.active] <= end_s]
        late = due[~self.missed[due] & (self.finish_s[due] > self.trace.deadline_s[due])]
        self.missed[late] = True
        return late

    def _worth(self, ids: IntArray, seconds: IntArray, start_s: int) -> FloatArray:
        """Return what it is worth that `ids` run for `seconds` from `start_s` on, per site.

        A GPU-second is worth the job's value, less the share lost by lateness as it stands when
        the second is run: as far as the job, run through from here, would be late.
        """
        if ids.size == 0:
            return np.zeros(self.capacity.size)
        t = self.trace
        slack = t.deadline_s[ids] - start_s - self.todo_s[ids]
        share = value_share(t.job_class[ids], slack)
        value = t.value[ids] * share * (t.gpus[ids] * seconds) / 3600
        worth: FloatArray = np.zeros(self.capacity.size)
        np.add.at(worth, self.site[ids], value)
        return worth

    def _report(
        self, done: IntArray, late: IntArray, gpu_s: IntArray, worth: FloatArray
    ) -> QueueReport:
        strict = late[self.trace.job_class[late] == STRICT]
        hopeless = self.unreachable[strict]
        size = self.trace.gpus[strict] * self.trace.work_s[strict]
        all_late = self._per_site(late)
        return QueueReport(
            finished=self._per_site(done),
            late=self._per_site(strict[~hopeless]),
            unreachable=self._per_site(strict[hopeless]),
            late_soft=all_late - self._per_site(strict),
            late_gpu_s=self._per_site(strict, size),
            gpu_s=gpu_s,
            active=self._per_site(self.active),
            worth=worth,
        )

    def _per_site(self, ids: IntArray, weight: IntArray | None = None) -> IntArray:
        """Count the jobs `ids`, or add up their `weight`, per site (exact below 2**53)."""
        n = self.capacity.size
        if ids.size == 0:
            return np.zeros(n, np.int64)
        return np.bincount(self.site[ids], weight, minlength=n).astype(np.int64)


def crowded(
    site: IntArray,
    gpus: IntArray,
    left_s: IntArray,
    slack_s: IntArray,
    capacity: FloatArray,
    interval: int,
) -> BoolArray:
    """Mark the strict jobs that cannot all wait, because they would crowd their site later.

    Each alone may have time, yet if all wait for the same cheap hours the GPUs do not suffice.
    Put every job as late as its deadline allows. By instant d the jobs then need N(d)
    GPU-seconds; a site that idles for one more interval has only capacity x (d - interval).
    Where N(d) is more, every job that would start before d runs now. The capacity is what
    jobs yet to come will leave, so that waiting is not paid by them. A job alone at its site
    is never crowded.
    """
    n = capacity.size
    if not site.size or (np.bincount(site, gpus, minlength=n) <= capacity).all():
        return np.zeros(site.size, bool)
    end = np.maximum(slack_s + left_s, 0)
    first = np.maximum(end - -(-left_s // interval) * interval, 0)
    at, step = np.concatenate((first, end)), np.concatenate((gpus, -gpus))
    where = np.concatenate((site, site))
    rank = np.lexsort((at, where))
    at, where, level = at[rank], where[rank], np.cumsum(step[rank])
    # The level is zero between two sites, so their borders add nothing to the area.
    area = np.concatenate(([0], np.cumsum(level[:-1] * np.diff(at))))
    need = area - area[np.searchsorted(where, where)]
    over = need > capacity[where] * (at - interval)
    until = np.zeros(n, np.int64)
    np.maximum.at(until, where[over], at[over])
    marked: BoolArray = (first < until[site]) & (np.bincount(site, minlength=n)[site] > 1)
    return marked


def first_fit(sizes: IntArray, room: int) -> BoolArray:
    """Mark what is taken when everything that still fits is taken in order, whole.

    >>> first_fit(np.array([4, 8, 2, 1]), 7).tolist()
    [True, False, True, True]
    """
    taken = np.zeros(sizes.size, bool)
    rest = np.flatnonzero(sizes <= room)
    while rest.size:
        total = np.cumsum(sizes[rest])
        fits = int(np.searchsorted(total, room, side="right"))
        taken[rest[:fits]] = True
        room -= int(total[fits - 1]) if fits else 0
        rest = rest[fits + 1 :]
        rest = rest[sizes[rest] <= room]
    return taken
