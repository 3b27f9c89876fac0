"""The limits of a queue of jobs hold for every way to run whole jobs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents import BEST_EFFORT, SOFT, SOFT_STEP_S, STRICT
from agents.jobs import NO_DEADLINE, job_trace
from agents.lateness import value_share
from market import Calendar
from scenarios.planner.computing import KGPUH, LEVELS, _limits
from tests.scenarios.planner.planned import START

N, STEP = 12, 1800


@st.composite
def traces(draw):
    """Up to five jobs of half a minute to four hours, and deadlines that may be met."""
    n = draw(st.integers(1, 5))
    work = draw(st.lists(st.integers(30, 14_000), min_size=n, max_size=n))
    submit = draw(st.lists(st.integers(0, N * STEP - 1), min_size=n, max_size=n))
    kind = draw(st.lists(st.sampled_from([STRICT, SOFT, BEST_EFFORT]), min_size=n, max_size=n))
    slack = draw(st.lists(st.integers(0, 6_000), min_size=n, max_size=n))
    due = [
        NO_DEADLINE if k == BEST_EFFORT else s + w + x
        for k, s, w, x in zip(kind, submit, work, slack, strict=True)
    ]
    gpus = draw(st.lists(st.integers(1, 64), min_size=n, max_size=n))
    return job_trace(submit, work, gpus, kind, due)


def run(trace, chosen):
    """GPU-seconds by class and level in each interval, and what of strict work was missed.

    `chosen` says which jobs run in which interval, if they are there and have work left.
    """
    left, finish = trace.work_s.copy(), np.full(len(trace), 2**60)
    done = {("strict", 0): np.zeros(N), ("best", 0): np.zeros(N)}
    done |= {("soft", level): np.zeros(N) for level in range(len(LEVELS))}
    for t, job in np.argwhere(chosen):
        seconds = min(left[job], STEP)
        if t * STEP < trace.submit_s[job] or not seconds:
            continue
        kind = ("strict", "soft", "best")[trace.job_class[job]]
        share = value_share(
            trace.job_class[[job]], trace.deadline_s[[job]] - t * STEP - left[[job]]
        )
        done[kind, LEVELS.index(float(share[0]))][t] += trace.gpus[job] * seconds
        left[job] -= seconds
        if not left[job]:
            finish[job] = t * STEP + seconds
    return done, finish


@settings(max_examples=150, deadline=None)
@given(traces(), st.data())
def test_whole_jobs_obey_the_limits(trace, data):
    bits = st.lists(st.booleans(), min_size=N * len(trace), max_size=N * len(trace))
    chosen = np.array(data.draw(bits)).reshape(N, len(trace))
    done, finish = run(trace, chosen)
    limits = _limits(trace, np.arange(len(trace)), Calendar(START, STEP, N))
    for kind in ("strict", "soft", "best"):
        total = np.cumsum(sum(work for (name, _), work in done.items() if name == kind)) / KGPUH
        assert (total <= limits.get(f"{kind} ready", np.zeros(N)) + 1e-12).all()
        if kind == "strict" and "strict due" in limits:
            late = (trace.job_class == STRICT) & (finish > trace.deadline_s)
            missed = (trace.gpus * trace.work_s)[late & (trace.deadline_s <= N * STEP)].sum()
            assert (total + missed / KGPUH >= limits["strict due"] - 1e-12).all()
    for level in range(len(LEVELS) - 1):
        if "soft ready" in limits:
            counted = sum(done["soft", better] for better in range(level + 1)) / KGPUH
            later = np.cumsum(counted[::-1])[::-1]
            assert (later <= limits[f"soft {level}"] + 1e-12).all()
            assert (later[1:] <= limits[f"soft {level} later"][:-1] + 1e-12).all()


def test_limits_of_one_job_by_hand():
    """4 GPUs for 3,600 s, submitted at 100 s: ready from 1,800 s on, due by 7,000 s."""
    trace = job_trace([100], work_s=[3600], gpus=4, job_class=STRICT, deadline_s=[7000])
    limits = _limits(trace, np.arange(1), Calendar(START, STEP, 6))
    ready = [0, 4 * 1800, 4 * 3600, 4 * 3600, 4 * 3600, 4 * 3600]
    assert (limits["strict ready"] * KGPUH).tolist() == pytest.approx(ready)
    # At 5,400 s no more than 1,600 s may be left.
    due = [0, 4 * (3600 - 3400), 4 * (3600 - 1600), 4 * 3600, 4 * 3600, 4 * 3600]
    assert (limits["strict due"] * KGPUH).tolist() == pytest.approx(due)


def test_soft_work_counts_less_from_deadline_to_deadline():
    trace = job_trace([0], work_s=[1800], gpus=2, job_class=SOFT, deadline_s=[3000])
    limits = _limits(trace, np.arange(1), Calendar(START, STEP, 6))
    for level in range(3):
        late = 3000 + level * SOFT_STEP_S
        left = [2 * min(1800, max(0, late - t * STEP)) for t in range(6)]
        assert (limits[f"soft {level}"] * KGPUH).tolist() == pytest.approx(left)
