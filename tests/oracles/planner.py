"""The best schedule of a small system, written from its physics: scipy and numpy only.

Unlike the program it checks, it knows no stages, groups or levels of queues: every unit has
its own columns, stores are written out as sums since the start, and queues of jobs are limited
instant by instant, from loops over jobs and seconds.
"""

from itertools import product

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_matrix

SOFT_SHARES = (1.0, 0.8, 0.5, 0.2)
SOFT_STEP = 2400


class System:
    """Columns and rows of one bus, added unit by unit."""

    def __init__(self, n, hours=1.0):
        self.n, self.hours = n, hours
        self.bounds, self.gain = [], []
        self.equal, self.most = [], []
        self.balance = [{} for _ in range(n)]

    def columns(self, low, high, gain, sign=0):
        first = len(self.gain)
        low, high, gain = (np.broadcast_to(x, self.n) for x in (low, high, gain))
        self.bounds += list(zip(low.tolist(), high.tolist(), strict=True))
        self.gain += gain.tolist()
        places = list(range(first, first + self.n))
        if sign:
            for t, place in enumerate(places):
                self.balance[t][place] = sign
        return places

    def plant(self, high, cost, low=0.0, ramp=None, start=0.0):
        out = self.columns(low, high, -np.asarray(cost, float), 1)
        if ramp is not None:
            self.most += [({out[0]: 1}, start + ramp), ({out[0]: -1}, ramp - start)]
            for t in range(1, self.n):
                self.most.append(({out[t]: 1, out[t - 1]: -1}, ramp))
                self.most.append(({out[t]: -1, out[t - 1]: 1}, ramp))
        return out

    def load(self, most, worth):
        return self.columns(0.0, most, worth, -1)

    def battery(self, power, limits, ends, efficiency, loss=0.0, cost=0.0, floor=0.0):
        """`limits`, `ends`: least and most, start and least end; `floor` ends self-discharge."""
        charge = self.columns(0.0, power, 0.0, -1)
        discharge = self.columns(0.0, power, -cost, 1)
        # What is kept of a charge s is max((1 - loss) s, floor); anything up to the chord.
        kept = self.columns(0.0, loss * floor, 0.0) if floor and loss else None
        for t in range(self.n):
            soc = {}
            for s in range(t + 1):
                held = (1 - loss) ** (t - s)
                soc[charge[s]] = efficiency * held
                soc[discharge[s]] = -held / efficiency
                if kept:
                    soc[kept[s]] = held
            start = ends[0] * (1 - loss) ** (t + 1)
            low = ends[1] if t == self.n - 1 else limits[0]
            self.most.append((soc, limits[1] - start))
            self.most.append(({k: -v for k, v in soc.items()}, start - low))
            if kept and t + 1 < self.n:
                self._chord(kept[t + 1], soc, start, limits, loss, floor)
        if kept:
            self._chord(kept[0], {}, ends[0], limits, loss, floor)
        return charge, discharge

    def _chord(self, kept, soc, constant, limits, loss, floor):
        at_full = max(floor - (1 - loss) * limits[1], 0.0)
        slope = (at_full - loss * floor) / (limits[1] - floor)
        row = {kept: 1.0} | {k: -slope * v for k, v in soc.items()}
        self.most.append((row, loss * floor + slope * (constant - floor)))

    def reservoir(self, power, size, ends, inflow, release=0.0, loss=0.0, cost=0.0):
        out, spilt = self.columns(0.0, power, -cost, 1), self.columns(0.0, 1e6, 0.0)
        for t in range(self.n):
            used, start = {}, ends[0] * (1 - loss) ** (t + 1)
            for s in range(t + 1):
                held = (1 - loss) ** (t - s)
                used[out[s]] = used[spilt[s]] = held
                start += inflow[s] * held
            low = ends[1] if t == self.n - 1 else 0.0
            self.most.append((used, start - low))
            self.most.append(({k: -v for k, v in used.items()}, size - start))
            self.most.append(({out[t]: -1, spilt[t]: -1}, -release))
        return out

    def site(self, gpus, energy, value, penalty, jobs, firm=0.0, worth=0.0):
        """`energy`: MWh of a GPU-hour; `jobs`: (submit_s, work_s, gpus, class, deadline_s).

        `worth`: of a MWh of firm load, which has to be served.
        """
        step = int(self.hours * 3600)
        run = {"strict": [self._work(gpus, energy, value)], "best": []}
        run["best"].append(self._work(gpus, energy, value))
        run["soft"] = [self._work(gpus, energy, share * value) for share in SOFT_SHARES]
        for t in range(self.n):
            every = {rows[t]: 1 for kind in run.values() for rows in kind}
            self.most.append((every, gpus * self.hours))
        self.columns(firm, firm, worth, -1)
        missed = self.columns(0.0, 1e9, 0.0)
        for t in range(self.n):
            self.gain[missed[t]] = -penalty if t == self.n - 1 else 0.0
            if t:
                self.most.append(({missed[t - 1]: 1, missed[t]: -1}, 0.0))
        for kind, rows in run.items():
            own = [job for job in jobs if job[3] == kind]
            for t in range(self.n):
                done = {places[s]: 1 for places in rows for s in range(t + 1)}
                ready = sum(_ready(job, (t + 1) * step, step) for job in own) / 3600
                self.most.append((done, ready))
                if kind == "strict":
                    due = sum(_due(job, (t + 1) * step, self.n * step) for job in own) / 3600
                    row = {k: -v for k, v in done.items()} | {missed[t]: -1}
                    self.most.append((row, -due))
                if kind == "soft":
                    for level in range(3):
                        later = {p[s]: 1 for p in rows[: level + 1] for s in range(t, self.n)}
                        left = sum(_left(job, t * step, level, step) for job in own) / 3600
                        self.most.append((later, left))

    def _work(self, gpus, energy, value):
        places = self.columns(0.0, gpus * self.hours, value)
        for t, place in enumerate(places):
            self.balance[t][place] = -float(np.broadcast_to(energy, self.n)[t])
        return places

    def best(self, extra=()):
        """The largest gain; None where nothing is possible."""
        rows = [(row, 0.0) for row in self.balance]
        columns = len(self.gain)
        found = linprog(
            -np.array(self.gain),
            A_ub=_matrix([row for row, _ in [*self.most, *extra]], columns),
            b_ub=[b for _, b in [*self.most, *extra]],
            A_eq=_matrix([row for row, _ in rows], columns),
            b_eq=np.zeros(self.n),
            bounds=self.bounds,
            method="highs",
        )
        return -found.fun if found.status == 0 else None

    def best_by_enumeration(self, charge, discharge):
        """The largest gain where a store charges or discharges, never both: every way tried."""
        found = []
        for ways in product((charge, discharge), repeat=self.n):
            closed = [({way[t]: 1}, 0.0) for t, way in enumerate(ways)]
            found.append(self.best(closed))
        return max(value for value in found if value is not None)


def _ready(job, end, step):
    """GPU-seconds of a job that could be done by an instant."""
    submit, work, gpus, *_ = job
    first = -(-submit // step) * step
    return gpus * sum(1 for second in range(first, end) if second < first + work)


def _due(job, end, horizon):
    """GPU-seconds that must be done by an instant to meet the deadline."""
    _, work, gpus, _, deadline = job
    if deadline > horizon:
        return 0
    return gpus * max(0, work - max(0, deadline - end))


def _left(job, begin, level, step):
    """GPU-seconds that can still count at a level from an instant on."""
    submit, work, gpus, _, deadline = job
    first = max(begin, -(-submit // step) * step)
    return gpus * min(work, max(0, deadline + level * SOFT_STEP - first))


def _matrix(rows, columns):
    entries = [(i, k, v) for i, row in enumerate(rows) for k, v in row.items()]
    if not entries:
        return None
    i, k, v = zip(*entries, strict=True)
    return coo_matrix((v, (i, k)), shape=(len(rows), columns)).tocsr()
