from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.job_queue import JobQueue, first_fit
from agents.jobs import (
    BEST_EFFORT,
    NO_DEADLINE,
    SOFT,
    STRICT,
    ArrivalProcess,
    combine,
    job_trace,
    poisson_jobs,
    read_jobs,
)
from market import Calendar, InputError

PHILLY = (
    Path(__file__).parents[2].parent / "shared" / "data" / "gpu_jobs" / "philly_chronus_mix2.csv"
)
HEADER = "submit_s,duration_s,gpus,class,deadline_s\n"
START = datetime(2023, 1, 1, tzinfo=UTC)


def write(tmp_path, text):
    file = tmp_path / "jobs.csv"
    file.write_text(text)
    return file


def queue_of(trace, capacity=100, interval_s=900):
    return JobQueue(trace, np.zeros(len(trace), np.int64), np.array([capacity]), interval_s)


def run(queue, t, rows=slice(None)):
    jobs = queue.waiting(t * queue.interval_s)
    queue.commit(t, jobs.ids[rows])
    return queue.deliver(t)


def test_reads_a_trace_sorted_with_absolute_deadlines(tmp_path):
    text = HEADER + "900,3600,8,strict,4000\n60,1200,1,best_effort,\n60.0,1200,2,soft,1320\n"
    trace = read_jobs(write(tmp_path, text), 7.5)
    assert trace.submit_s.tolist() == [60, 60, 900]
    assert trace.gpus.tolist() == [1, 2, 8]
    assert trace.job_class.tolist() == [BEST_EFFORT, SOFT, STRICT]
    assert trace.deadline_s.tolist() == [NO_DEADLINE, 1380, 4900]
    assert trace.value.tolist() == [7.5] * 3


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("x,1200,1,strict,1320", ["line 3", "submit_s", "'x'"]),
        ("-1,1200,1,strict,1320", ["line 3", "submit_s", "'-1'"]),
        ("0,1200.5,1,strict,1320", ["line 3", "duration_s", "1200.5"]),
        ("0,0,1,strict,1320", ["line 3", "duration_s"]),
        ("0,1200,0,strict,1320", ["line 3", "gpus", "at least 1"]),
        ("0,1200,nan,strict,1320", ["line 3", "gpus", "'nan'"]),
        ("0,1200,inf,strict,1320", ["line 3", "gpus", "'inf'"]),
        ("0,1200,1,urgent,1320", ["line 3", "class", "'urgent'", "best_effort"]),
        ("0,1200,1,strict,", ["line 3", "deadline_s", "''"]),
        ("0,1200,1,soft,1100", ["line 3", "deadline_s 1100", "shorter"]),
        ("0,1200,1,best_effort,1320", ["line 3", "best_effort", "1320"]),
        ("0,1200,1,strict", ["line 3", "deadline_s"]),
        ("0,1200,1,strict,1320,9", ["line 3", "too many fields"]),
    ],
)
def test_bad_rows_are_named(tmp_path, row, words):
    file = write(tmp_path, HEADER + "0,1200,1,strict,1320\n" + row + "\n")
    with pytest.raises(InputError) as error:
        read_jobs(file)
    assert str(file) in str(error.value)
    for word in words:
        assert word in str(error.value)


def test_bad_files_are_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv"):
        read_jobs(tmp_path / "none.csv")
    with pytest.raises(InputError, match="needed are exactly"):
        read_jobs(write(tmp_path, "submit_s,gpus\n1,2\n"))
    with pytest.raises(InputError, match="columns are none"):
        read_jobs(write(tmp_path, ""))


def test_a_header_alone_is_an_empty_trace(tmp_path):
    assert len(read_jobs(write(tmp_path, HEADER))) == 0


@pytest.mark.skipif(not PHILLY.exists(), reason="shared/data/gpu_jobs is not here")
def test_philly_figures():
    trace = read_jobs(PHILLY)
    assert len(trace) == 30_746
    assert trace.gpu_seconds / 3600 == pytest.approx(378_975.3667, abs=5e-5)
    assert [int((trace.job_class == c).sum()) for c in (STRICT, SOFT, BEST_EFFORT)] == [
        9_211,
        18_410,
        3_125,
    ]
    fortnight = 14 * 86_400
    run_s = np.minimum(trace.work_s, fortnight - trace.submit_s)
    assert (trace.gpus * run_s).sum() / fortnight == pytest.approx(1057.13, abs=0.005)
    at = np.concatenate((trace.submit_s, trace.submit_s + trace.work_s))
    step = np.concatenate((trace.gpus, -trace.gpus))
    assert np.cumsum(step[np.lexsort((step, at))]).max() == 1_917
    timed = trace.job_class != BEST_EFFORT
    assert ((trace.deadline_s - trace.submit_s) >= 1.10 * trace.work_s - 1)[timed].all()


def test_poisson_jobs_are_reproducible_and_a_longer_run_begins_alike():
    process = ArrivalProcess(6.0)
    short = poisson_jobs(3, "a", Calendar(START, 900, 96), process)
    long = poisson_jobs(3, "a", Calendar(START, 900, 960), process)
    for name in ("submit_s", "gpus", "work_s", "job_class", "deadline_s"):
        assert np.array_equal(getattr(short, name), getattr(long, name)[: len(short)])
    other = poisson_jobs(3, "b", Calendar(START, 900, 960), process)
    assert not np.array_equal(other.submit_s[:20], long.submit_s[:20])


def test_poisson_jobs_have_the_stated_means():
    process = ArrivalProcess(50.0, duration_hours=2.0, gpus_per_job=8.0, slack=1.5)
    trace = poisson_jobs(1, "a", Calendar(START, 3600, 2_000), process)
    assert len(trace) == pytest.approx(100_000, rel=0.02)
    assert np.median(trace.work_s) == pytest.approx(7_200, rel=0.02)
    assert np.log(trace.work_s).std() == pytest.approx(1.0, rel=0.02)
    assert trace.gpus.mean() == pytest.approx(8.0, rel=0.02)
    assert trace.gpus.min() == 1
    shares = np.bincount(trace.job_class) / len(trace)
    assert shares == pytest.approx([0.3, 0.6, 0.1], abs=0.01)
    timed = trace.job_class != BEST_EFFORT
    span = (trace.deadline_s - trace.submit_s)[timed]
    assert (span == np.ceil(1.5 * trace.work_s[timed])).all()


def test_poisson_jobs_fit_their_site_and_may_be_absent():
    calendar = Calendar(START, 900, 960)
    assert poisson_jobs(1, "a", calendar, ArrivalProcess(9.0), most_gpus=4).gpus.max() == 4
    assert (poisson_jobs(1, "a", calendar, ArrivalProcess(9.0, gpus_per_job=1)).gpus == 1).all()
    assert len(poisson_jobs(1, "a", calendar, ArrivalProcess(0.0))) == 0


def test_combine_keeps_the_site_of_each_job():
    trace, site = combine([job_trace([5, 50], 60), None, job_trace([0, 10], 60)])
    assert trace.submit_s.tolist() == [0, 5, 10, 50]
    assert site.tolist() == [2, 0, 2, 0]
    assert len(combine([None])[0]) == 0


def test_jobs_arrive_once_and_in_batches():
    queue = queue_of(job_trace([0, 10, 10, 2_000], 1_800))
    assert queue.next_arrival_after(-1) == 0
    assert queue.arrive(0) == 1
    assert queue.next_arrival_after(0) == 10
    assert queue.arrive(900) == 2
    assert queue.arrive(900) == 0
    assert queue.next_arrival_after(900) == 2_000
    assert queue.next_arrival_after(2_000) is None
    assert queue.waiting(900).ids.tolist() == [0, 1, 2]


def test_the_last_interval_takes_only_the_seconds_left():
    queue = queue_of(job_trace(0, 1_000, gpus=4))
    queue.arrive(0)
    assert run(queue, 0).gpu_s.tolist() == [3_600]
    report = run(queue, 1)
    assert report.gpu_s.tolist() == [400]
    assert report.finished.tolist() == [1]
    assert queue.finish_s.tolist() == [1_000]
    assert queue.active.size == 0


def test_lateness_is_judged_by_the_second_of_completion():
    deadlines = [1_000, 999]
    queue = queue_of(job_trace([0, 0], 1_000, job_class=STRICT, deadline_s=deadlines))
    queue.arrive(0)
    run(queue, 0)
    report = run(queue, 1)
    assert report.finished.tolist() == [2]
    # The second could never have met its deadline: it is told apart.
    assert (report.late.tolist(), report.unreachable.tolist()) == ([0], [1])
    assert report.late_gpu_s.tolist() == [1_000]


def test_a_missed_deadline_counts_once_when_it_passes():
    queue = queue_of(job_trace(0, 900, job_class=STRICT, deadline_s=1_800))
    queue.arrive(0)
    late = [run(queue, t, slice(0)).late.tolist() for t in range(4)]
    assert late == [[0], [1], [0], [0]]
    assert run(queue, 4).late.tolist() == [0]


def test_a_soft_job_is_late_without_penalty():
    queue = queue_of(job_trace(0, 900, job_class=SOFT, deadline_s=900))
    queue.arrive(0)
    report = run(queue, 0, slice(0))
    assert report.late_soft.tolist() == [1]
    assert report.late_gpu_s.tolist() == [0]


def test_committed_work_is_not_quoted_again_and_comes_back_when_dropped():
    queue = queue_of(job_trace([0, 0], [900, 1_300]))
    queue.arrive(0)
    queue.commit(0, queue.waiting(0).ids)
    jobs = queue.waiting(900)
    assert jobs.ids.tolist() == [1]
    assert jobs.left_s.tolist() == [400]
    queue.commit(1, jobs.ids)
    queue.deliver(0, np.array([True, False]))
    assert queue.deliver(1).finished.tolist() == [0]
    assert queue.waiting(1_800).left_s.tolist() == [900]
    assert run(queue, 2).finished.tolist() == [1]
    assert queue.trace.gpu_seconds == 2_200


def test_pauses_are_counted():
    queue = queue_of(job_trace(0, 2_700))
    queue.arrive(0)
    run(queue, 0)
    run(queue, 1, slice(0))
    run(queue, 2)
    run(queue, 3)
    assert queue.restarts.tolist() == [1]
    assert queue.active.size == 0


def test_a_job_larger_than_its_site_is_refused():
    with pytest.raises(InputError, match=r"needs 9 GPUs.*leaves 8"):
        queue_of(job_trace(0, 60, gpus=9), capacity=8)


def test_urgent_is_within_an_interval_of_too_late():
    trace = job_trace(
        [0, 0, 0], 900, job_class=[STRICT, STRICT, SOFT], deadline_s=[1_799, 1_800, 0]
    )
    queue = queue_of(trace)
    queue.arrive(0)
    assert queue.waiting(0).urgent.tolist() == [True, False, False]


def test_strict_jobs_that_cannot_all_wait_are_urgent():
    # 20 jobs of five intervals on 10 GPUs need ten intervals; at eleven there is one to spare.
    def urgent(deadline):
        queue = queue_of(
            job_trace([0] * 20, 4_500, job_class=STRICT, deadline_s=deadline * 900), capacity=10
        )
        queue.arrive(0)
        return queue.waiting(0).urgent

    assert not urgent(11).any()
    assert urgent(10).all()


def test_crowding_at_one_site_leaves_the_other_alone():
    trace = job_trace([0] * 4, 1_800, job_class=STRICT, deadline_s=[3_600, 3_600, 3_600, 9_000])
    queue = JobQueue(trace, np.array([0, 0, 1, 1]), np.array([1, 1]), 900)
    queue.arrive(0)
    assert queue.waiting(0).urgent.tolist() == [True, True, False, False]


@given(st.lists(st.integers(1, 20), max_size=30), st.integers(-5, 100))
def test_first_fit_equals_the_naive_loop(sizes, room):
    naive, left = [], room
    for size in sizes:
        naive.append(size <= left)
        left -= size if size <= left else 0
    assert first_fit(np.array(sizes, np.int64), room).tolist() == naive
