from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.compute_value import Candidates
from agents.data_centers import FORGIVEN, MICRO, DataCenterFleet
from agents.job_queue import JobQueue
from agents.jobs import BEST_EFFORT, NO_DEADLINE, SOFT, STRICT, job_trace, read_jobs
from agents.lateness import soft_level
from agents.quotes import MarketView, strategies
from agents.site_power import DataCenterSite
from agents.strategies.deadline import Deadline, forecast_bids, option_bids, waiting_cost
from market import Calendar

PHILLY = (
    Path(__file__).parents[2].parent / "shared" / "data" / "gpu_jobs" / "philly_chronus_mix2.csv"
)
START = datetime(2023, 1, 1, tzinfo=UTC)
CAP = 1_500.0
DICE = np.array([200.0, 400.0, 600.0])
CALM = Deadline(restart_s=0.0)


class Foresight:
    def __init__(self, prices):
        self.known = np.asarray(prices, np.float64)

    def prices(self, view, horizon):
        return self.known[view.first : view.first + horizon]


def candidates(work, slack, kind=STRICT, worth=5_435.0, running=False, started=False):
    """Jobs on one GPU each at second 0, with so many intervals of slack."""
    work_s, slack_s = np.atleast_1d(work) * 900, np.atleast_1d(slack) * 900
    due = np.where(np.asarray(kind) == BEST_EFFORT, NO_DEADLINE, work_s + slack_s)
    trace = job_trace([0] * work_s.size, work_s, 1, kind, due)
    queue = JobQueue(trace, np.zeros(len(trace), np.int64), np.array([1_000]), 900)
    queue.arrive(0)
    queue.running[:], queue.started[:] = running, running or started
    jobs = queue.waiting(0)
    ones = np.ones(len(trace))
    return Candidates(jobs, worth * ones, 1.3125 * ones)


# --- the value of waiting ----------------------------------------------------------------------


def test_worked_waiting_costs():
    V = waiting_cost(4, DICE)
    assert V[1, 1:5] == pytest.approx([400, 333.33, 288.89, 259.26], abs=0.005)
    assert V[2, 2:5] == pytest.approx([800, 688.89, 622.22], abs=0.005)


def test_worked_option_bids():
    bids = option_bids([1, 1, 1, 2, 2], [2, 3, 4, 3, 4], DICE)
    assert bids == pytest.approx([400, 333.33, 288.89, 466.67, 400], abs=0.005)
    assert option_bids(2, 2, DICE).tolist() == [np.inf]


@given(
    st.lists(st.floats(-500, 1_500), min_size=1, max_size=4),
    st.integers(1, 5),
    st.integers(1, 5),
)
def test_waiting_cost_equals_brute_force(prices, k, n):
    @cache
    def cost(work, left):
        if work == 0:
            return 0.0
        if work > left:
            return np.inf
        outcomes = [min(p + cost(work - 1, left - 1), cost(work, left - 1)) for p in prices]
        return sum(outcomes) / len(outcomes)

    assert waiting_cost(5, np.array(prices))[k, n] == pytest.approx(cost(k, n), abs=1e-6)


@settings(max_examples=30)
@given(st.lists(st.floats(0, 1_000), min_size=2, max_size=6), st.integers(1, 4))
def test_option_bids_rise_as_the_deadline_nears(prices, k):
    left = np.arange(12, k, -1)
    bids = option_bids(np.full(left.size, k), left, np.array(prices))
    assert (np.diff(bids) >= -1e-9).all()


def test_weights_change_the_distribution():
    sure = option_bids(1, 3, DICE, np.array([0.0, 1.0, 0.0]))
    assert sure.tolist() == [400.0]


@given(st.lists(st.floats(-500, 1_500), min_size=1, max_size=30), st.data())
def test_forecast_bids_equal_sorting_each(prices, data):
    forecast = np.array(prices)
    n = data.draw(st.lists(st.integers(1, len(prices)), min_size=1, max_size=10))
    k = [data.draw(st.integers(1, m)) for m in n]
    naive = [sorted(prices[:m])[j - 1] for j, m in zip(k, n, strict=True)]
    assert forecast_bids(k, n, forecast).tolist() == naive


# --- bids --------------------------------------------------------------------------------------

DAY = np.array([300.0, 500.0, 200.0, 400.0, 100.0, 600.0])


def test_a_strict_job_bids_the_kth_lowest_price_and_the_cap_when_it_must_run():
    bids = CALM.bids(candidates([1, 1, 2, 2, 3], [0, 1, 1, 4, 2]), DAY, CAP)
    assert bids.tolist() == [CAP, 300.0, 300.0, 200.0, 300.0]


def test_a_late_strict_job_keeps_bidding_the_cap():
    assert CALM.bids(candidates(2, -3), DAY, CAP).tolist() == [CAP]


def test_an_interval_is_counted_when_the_job_ends_in_it_in_time():
    # 1.3 intervals of work and 2.5 to do it: it may skip one, though k = n by whole intervals.
    assert CALM.bids(candidates(1.3, 1.2), DAY, CAP).tolist() == [300.0]


def test_beyond_the_forecast_ranks_scale():
    # 2 of 12 intervals is 1 of the 6 that are forecast.
    assert CALM.bids(candidates(2, 10), DAY, CAP).tolist() == [100.0]


def test_best_effort_waits_for_cheap_intervals_as_long_as_it_is_patient():
    # A day of patience is far more than the six intervals that are forecast: ranks scale.
    bids = CALM.bids(candidates([1, 2, 96, 300], 0, BEST_EFFORT), DAY, CAP)
    assert bids.tolist() == [100.0, 100.0, 300.0, 300.0]


def test_best_effort_is_done_within_its_patience_and_does_not_starve():
    # A price that falls for ever would let a job without a deadline wait for ever.
    trace = job_trace(0, 4 * 900, 4, BEST_EFFORT)
    fleet = DataCenterFleet([DataCenterSite(4, pue=1.0)], Calendar(START, 900, 192), [trace])
    simulate(fleet, np.linspace(500.0, 100.0, 300), 0, Deadline(restart_s=0))
    assert fleet.totals.finished.tolist() == [1]
    assert fleet.queue.finish_s[0] <= 86_400 + 2 * 4 * 900


def test_work_of_low_value_bids_no_more_than_that():
    bids = CALM.bids(candidates([4, 4], [1, 1], [SOFT, STRICT], worth=326.0), DAY, CAP)
    assert bids.tolist() == [326.0, 400.0]


def test_soft_levels_follow_the_four_deadlines():
    slack = np.array([1, 0, -1, -2_400, -2_401, -7_200, -7_201, -99_999])
    assert soft_level(slack).tolist() == [0, 0, 1, 1, 2, 3, 4, 4]


def test_a_soft_job_raises_its_bid_by_the_value_it_would_lose():
    # No slack: one wait costs 0.2 of the value, 0.2 x 1000 x 2 per MWh of one interval; the
    # second deadline, 2400 s later, then leaves n = 2 + 2, whose second lowest price is 300.
    tight, loose = (CALM.bids(candidates(2, s, SOFT, worth=1_000.0), DAY, CAP) for s in (0, 2))
    assert tight == pytest.approx([300.0 + 400.0])
    assert loose.tolist() == [300.0]


def test_a_soft_job_past_its_last_deadline_waits_for_cheap_hours():
    assert CALM.bids(candidates(1, -20, SOFT), DAY, CAP).tolist() == [100.0]


@pytest.mark.parametrize("waiting", ["forecast", "option"])
@pytest.mark.parametrize("kind", [STRICT, SOFT])
def test_bids_rise_as_the_deadline_nears(waiting, kind):
    slack = np.arange(12, -1, -1)
    jobs = candidates(np.full(13, 3), slack, kind)
    bids = Deadline(waiting, restart_s=0.0).bids(jobs, np.tile(DAY, 4), CAP)
    assert (np.diff(bids) >= -1e-9).all()


def test_the_dead_band_keeps_running_jobs_running_and_paused_ones_paused():
    band = Deadline(restart_s=36.0)
    flat, dip = np.full(6, 300.0), np.array([300.0, 500.0, 500.0, 500.0, 100.0, 100.0])

    def bid(forecast, **state):
        return band.bids(candidates(2, 4, worth=1_000.0, **state), forecast, CAP)[0]

    # 36 s of 900 cost 0.04 x (300 x 1.3125 + 1000) = 55.75 per MWh of an interval.
    peak = np.array([300.0, 300.0, 300.0, 100.0, 100.0, 300.0])
    assert bid(peak, running=True) == pytest.approx(100 + 55.75 / 3)
    assert bid(flat, running=True) == pytest.approx(300 + 55.75)
    assert bid(flat, started=True) == 300.0  # nothing would pause it again
    assert bid(dip, started=True) == pytest.approx(100 - 55.75)
    assert bid(dip) == 100.0  # never started: its start is not an extra one


def test_without_a_forecast_jobs_run_at_their_value():
    trace = job_trace([0] * 3, 3_600, 1, [STRICT, SOFT, BEST_EFFORT], [90_000, 90_000, NO_DEADLINE])
    fleet = DataCenterFleet([DataCenterSite(10, pue=1.15)], Calendar(START, 900, 96), [trace])
    fleet.arrive(0)
    view = MarketView(0, 1, fleet.calendar, 0.0, 6_000.0)
    quotes = strategies.get("deadline")().quote(view, fleet)
    assert quotes.bid_price[0, 0, 0] == 6_000.0
    assert quotes.bid_price[0, 0, 1] == pytest.approx(5_434.8, abs=0.05)
    assert quotes.bid_quantity[0, 0, :2].tolist() == [718 + 230, 460]


def test_the_strategy_declares_itself():
    entry = strategies.get("deadline")
    assert entry.kinds == {"data_center"}
    assert entry.reactive


# --- whole runs --------------------------------------------------------------------------------


def simulate(fleet, prices, lead, strategy=CALM):
    intervals, pending = fleet.calendar.n, []
    for t in range(intervals + lead):
        if t < intervals:
            fleet.arrive((t - lead) * fleet.calendar.interval_s)
            view = MarketView(t, 1, fleet.calendar, 0.0, CAP, forecaster=Foresight(prices))
            quotes = strategy.quote(view, fleet)
            willing = quotes.bid_price[0] >= prices[t]
            pending.append(np.where(willing, quotes.bid_quantity[0], 0).sum(axis=1))
            fleet.award(t, pending[t])
        if t >= lead:
            used = fleet.deliver(t - lead, pending[t - lead])
            assert np.array_equal(used, pending[t - lead])
    return np.array(pending)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from([100.0, 200.0, 300.0, 400.0]), min_size=24, max_size=24),
    st.integers(1, 10),
    st.integers(0, 14),
)
def test_one_job_with_foresight_runs_in_its_cheapest_intervals(prices, work, slack):
    trace = job_trace(0, work * 900, 4, STRICT, (work + slack) * 900)
    fleet = DataCenterFleet([DataCenterSite(4, pue=1.0)], Calendar(START, 900, 24), [trace])
    bought = simulate(fleet, np.array(prices), 0)[:, 0] - 250
    assert bought.sum() == work * 800
    cost = (bought * np.array(prices)).sum() / 800
    assert cost == sum(sorted(prices[: work + slack])[:work])
    assert fleet.totals.late.tolist() == [0]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 1))
def test_strict_jobs_that_together_have_time_are_never_late(seed, lead):
    rng = np.random.default_rng(seed)
    submit, work = rng.integers(0, 20_000, 30), rng.integers(900, 9_000, 30)
    due = submit + work + 20_000
    trace = job_trace(submit, work, 1, STRICT, due)
    fleet = DataCenterFleet([DataCenterSite(14, pue=1.1)], Calendar(START, 900, 80), [trace])
    simulate(fleet, 300 + 200 * rng.standard_normal(200), lead, Deadline())
    assert fleet.totals.late.tolist() == [0]
    assert fleet.totals.unreachable.tolist() == [0]
    assert fleet.totals.finished.tolist() == [30]


@pytest.mark.skipif(not PHILLY.exists(), reason="shared/data/gpu_jobs is not here")
@pytest.mark.parametrize(("lead", "unreachable"), [(0, 37), (1, 612)])
@pytest.mark.parametrize("shape", ["flat", "daily"])
def test_philly_trace(lead, unreachable, shape):
    intervals = 2_100  # the 1,344 of the trace, and what the last jobs need to finish
    calendar = Calendar(START, 900, intervals)
    fleet = DataCenterFleet([DataCenterSite(2_048, pue=1.15)], calendar, [read_jobs(PHILLY)])
    prices = np.full(intervals, 300.0)
    if shape == "daily":
        prices += 150 * np.sin(np.arange(intervals) * 2 * np.pi / 96)
    bought = simulate(fleet, prices, lead, Deadline())
    totals = fleet.totals
    # A strict job is late only where no start after its gate could have been in time.
    assert totals.late.tolist() == [0]
    assert totals.unreachable.tolist() == [unreachable]
    assert totals.used_wh.tolist() == [bought.sum()]
    surplus = (totals.needed_wh - totals.used_wh) * MICRO + totals.needed_rest
    assert np.array_equal(surplus, fleet.carry - FORGIVEN)
    if shape == "flat":
        assert totals.finished.tolist() == [30_746]
        assert totals.gpu_s.tolist() == [round(378_975.366_666_666_7 * 3600)]
        # 0.92 kWh a GPU-hour and 588.8 kW of idle GPUs, to the watt-hour.
        exact = 1_364_311_320 * 920 / 3600 + 2_048 * 0.25 * 1.15 * 1000 * intervals / 4
        assert bought.sum() == int(exact)
