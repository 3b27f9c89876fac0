from datetime import UTC, datetime
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.data_centers import FORGIVEN, MICRO, DataCenterFleet
from agents.demand_curve import Curve, demand_curve, merge
from agents.jobs import BEST_EFFORT, NO_DEADLINE, SOFT, STRICT, job_trace
from agents.quotes import MarketView
from agents.site_power import DataCenterSite, PueTable
from market import Calendar

START = datetime(2023, 1, 1, tzinfo=UTC)
CAP = 1_500.0


def fleet_of(*traces, site=None, intervals=48, segments=24, interval_s=900):
    sites = [site or DataCenterSite(100, pue=1.15)] * max(1, len(traces))
    return DataCenterFleet(sites, Calendar(START, interval_s, intervals), traces or None, segments)


def view(fleet, t, floor=0.0):
    return MarketView(t, 1, fleet.calendar, floor, CAP)


def bought_at(quotes, price):
    return np.where(quotes.bid_price[0] >= price, quotes.bid_quantity[0], 0).sum(axis=1)


def step(fleet, t, price=0.0):
    fleet.arrive(fleet.calendar.second(t))
    bought = bought_at(fleet.true_quotes(view(fleet, t)), price)
    fleet.award(t, bought)
    return bought, fleet.deliver(t, bought)


def conserved(fleet):
    t = fleet.totals
    surplus = (t.needed_wh - t.used_wh - t.unserved_wh) * MICRO + t.needed_rest
    return np.array_equal(surplus, fleet.carry - FORGIVEN)


# --- power -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("celsius", "pue"),
    [
        (0, 1.12500),
        (10, 1.12500),
        (17, 1.12500),
        (20, 1.17955),
        (25, 1.28500),
        (27, 1.33333),
        (30, 1.34722),
    ],
)
def test_pue_check_values(celsius, pue):
    assert float(PueTable().pue(celsius, 0.8)) == pytest.approx(pue, abs=5e-6)


def test_pue_over_a_synthetic_xining_year():
    h = np.arange(8_760)
    day, hour = h / 24, h % 24
    t = 6.1 + 12.5 * np.cos(2 * np.pi * (day - 197) / 365)
    t += 6.5 * np.cos(2 * np.pi * (hour - 15) / 24)
    pue = PueTable().pue(t, 0.8)
    assert pue.mean() == pytest.approx(1.137, abs=0.001)
    assert pue.max() == pytest.approx(1.287, abs=0.003)
    assert PueTable().pue(t, 0.3).mean() == pytest.approx(1.179, abs=0.001)


@given(st.integers(0, 1_000), st.floats(-30, 45))
def test_site_power_is_a_constant_plus_gain_times_it_load(busy, celsius):
    site = DataCenterSite(1_000, temperature=celsius)
    it = site.it_kw(busy)
    affine = site.fixed_kw + site.gains(1)[0] * it
    assert site.power_kw(busy) == pytest.approx(affine, rel=1e-12)
    assert site.power_kw(busy) == pytest.approx(
        it * float(PueTable().pue(celsius, it / site.it_kw(1_000))), rel=1e-12
    )


def test_firm_load_of_ten_thousand_gpus():
    site = DataCenterSite(10_000, inference_gpus=3_000, pue=1.15)
    assert site.power_kw(0) == pytest.approx(2_875)
    fleet = fleet_of(site=site)
    quotes = fleet.true_quotes(view(fleet, 0))
    assert quotes.bid_quantity[0, 0, 0] == 5_635_000 // 4
    assert quotes.bid_price[0, 0, 0] == CAP
    assert quotes.bid_quantity.shape == (1, 1, 24)


def test_temperature_varies_by_interval():
    site = DataCenterSite(100, temperature=np.array([0.0, 25.0]))
    fleet = fleet_of(site=site, intervals=2)
    firm = [fleet.true_quotes(view(fleet, t)).bid_quantity.sum() for t in (0, 1)]
    # 25 kW idle; 1.10 and 1.26 per kW of IT load and 2 % of the full 105 kW.
    assert firm == [7_400, 8_400]


# --- the curve ---------------------------------------------------------------------------------

# The worked curve: GPUs, class, bid.
WORKED = [
    (1_000, STRICT, CAP),
    (1_500, STRICT, 466.67),
    (2_000, SOFT, 400.00),
    (1_000, BEST_EFFORT, 326.09),
    (1_500, SOFT, 288.89),
]


def worked_quotes(segments):
    gpus, kinds, bids = (np.array(column) for column in zip(*WORKED, strict=True))
    trace = job_trace([0] * 5, 36_000, gpus, kinds, NO_DEADLINE)
    site = DataCenterSite(10_000, inference_gpus=3_000, pue=1.15)
    fleet = fleet_of(trace, site=site, segments=segments)
    fleet.arrive(0)
    return fleet, fleet.quotes(view(fleet, 0), lambda c: bids[c.jobs.ids])


@pytest.mark.parametrize(
    ("price", "mw"),
    [(1_500, 6.555), (450, 7.935), (350, 9.775), (300, 10.695), (250, 12.075)],
)
def test_worked_curve(price, mw):
    _, quotes = worked_quotes(24)
    assert bought_at(quotes, price)[0] == round(mw * 250_000)


def test_merged_curve_cuts_at_the_widest_gaps_and_keeps_the_cap():
    _, quotes = worked_quotes(4)
    assert quotes.bid_price[0, 0] == pytest.approx([CAP, 466.67, 400.0, 288.89])
    assert (quotes.bid_quantity[0, 0] * 4 / 1e6).tolist() == [6.555, 1.38, 1.84, 2.3]


def test_one_segment_is_two_for_firm_load_keeps_its_own():
    fleet, quotes = worked_quotes(1)
    assert fleet.bid_slots == 2
    assert quotes.bid_price[0, 0] == pytest.approx([CAP, 288.89])
    assert bought_at(quotes, 280)[0] == 12_075_000 // 4


def test_the_annotation_value_is_326():
    trace = job_trace(0, 3_600, gpus=10, value=0.3)
    fleet = fleet_of(trace)
    fleet.arrive(0)
    prices = fleet.true_quotes(view(fleet, 0)).bid_price[0, 0]
    assert prices[1] == pytest.approx(326.09, abs=0.005)


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from([CAP, 900.0, 500.5, 500.0, 30.0, 0.0, -5.0])),
        max_size=40,
    ),
    st.integers(2, 8),
)
def test_curves_are_monotone_complete_and_never_above_a_bid(rows, slots):
    rows = sorted(rows, key=lambda r: (r[0], -r[1]))
    site = np.array([r[0] for r in rows], np.int64)
    bid = np.array([r[1] for r in rows], np.float64)
    total = np.array([10 + 7 * (1 + i - np.searchsorted(site, s)) for i, s in enumerate(site)])
    curve = Curve(np.full(3, 10), site, bid, total.astype(np.int64))
    price, quantity = demand_curve(curve, CAP, slots)
    assert (np.diff(price, axis=1) <= 0).all()
    assert (quantity >= 0).all()
    for s in range(3):
        mine = bid[site == s]
        assert quantity[s].sum() == 10 + 7 * mine.size
        assert quantity[s, 0] == 10 + 7 * (mine == CAP).sum()
        for p in (CAP, 500.0, 30.0, -5.0):
            demand = quantity[s, price[s] >= p].sum()
            willing = 10 + 7 * (mine >= p).sum()
            assert demand <= willing
            if np.unique(mine[mine < CAP]).size < slots:
                assert demand == willing


def test_merge_into_one_group():
    assert merge(np.array([3.0, 2.0, 1.0]), 1).tolist() == [0, 0, 0]


def test_bids_below_the_floor_are_no_orders():
    fleet = fleet_of(job_trace(0, 900, gpus=10))
    fleet.arrive(0)
    quotes = fleet.quotes(view(fleet, 0, floor=50.0), lambda c: np.full(1, 49.0))
    assert quotes.bid_quantity[0, 0, 1:].sum() == 0


# --- running -----------------------------------------------------------------------------------


def test_a_partly_accepted_step_runs_whole_jobs_and_leaves_the_rest():
    # 0.92 kW x 900 s = 230 Wh a GPU; three jobs of 4, 8 and 1 GPUs.
    fleet = fleet_of(job_trace([0, 0, 0], 900, gpus=[4, 8, 1]))
    fleet.arrive(0)
    quotes = fleet.true_quotes(view(fleet, 0))
    firm = 7_187  # 7187.5 Wh
    assert quotes.bid_quantity.sum() == firm + 2_990
    fleet.award(0, np.array([firm + 5 * 230 + 100]))
    assert fleet.deliver(0, np.array([firm + 5 * 230 + 100])).tolist() == [firm + 5 * 230]
    assert fleet.report.finished.tolist() == [2]
    assert conserved(fleet)


def test_firm_load_short_of_energy_is_unserved():
    fleet = fleet_of(job_trace(0, 900))
    fleet.arrive(0)
    fleet.true_quotes(view(fleet, 0))
    fleet.award(0, np.array([5_000]))
    assert fleet.deliver(0, np.array([5_000])).tolist() == [5_000]
    assert fleet.totals.unserved_wh.tolist() == [2_187]
    assert fleet.report.gpu_s.tolist() == [0]
    assert conserved(fleet)


def test_a_cut_at_delivery_sends_work_back():
    fleet = fleet_of(job_trace([0, 0], 1_800, gpus=[4, 8]))
    fleet.arrive(0)
    bought = fleet.true_quotes(view(fleet, 0)).bid_quantity.sum(axis=(0, 2))
    fleet.award(0, bought)
    assert fleet.true_quotes(view(fleet, 1)).bid_quantity.sum() > 9_000
    consumed = fleet.deliver(0, bought - 1_000)
    assert (consumed <= bought - 1_000).all()
    assert fleet.report.gpu_s.tolist() == [3_600]
    fleet.award(1, bought)
    fleet.deliver(1, bought)
    assert conserved(fleet)
    for t in range(2, 5):
        step(fleet, t)
    assert fleet.totals.finished.tolist() == [2]
    assert fleet.totals.gpu_s.tolist() == [1_800 * 12]
    assert conserved(fleet)


def test_a_site_that_is_out_neither_quotes_nor_runs():
    fleet = fleet_of(job_trace(0, 1_800), job_trace(0, 1_800))
    fleet.arrive(0)
    fleet.up[1] = False
    bought, used = step(fleet, 0)
    assert bought[0] > 0
    assert bought[1] == used[1] == 0
    fleet.up[1] = True
    bought = bought_at(fleet.true_quotes(view(fleet, 1)), 0.0)
    fleet.award(1, bought)
    fleet.up[0] = False
    assert fleet.deliver(1, bought)[0] == 0
    assert fleet.totals.gpu_s.tolist() == [900, 900]
    assert conserved(fleet)


def test_scarce_gpus_go_to_urgent_then_strict_then_least_slack():
    trace = job_trace(
        [0] * 5,
        3_600,
        gpus=40,
        job_class=[BEST_EFFORT, SOFT, STRICT, STRICT, STRICT],
        deadline_s=[NO_DEADLINE, 3_600, 50_000, 40_000, 4_000],
    )
    fleet = fleet_of(trace)
    step(fleet, 0)
    assert np.flatnonzero(fleet.queue.started).tolist() == [3, 4]
    strict_only = fleet_of(trace)
    strict_only.arrive(0)
    bids = np.array([300.0, 300.0, 100.0, 100.0, 100.0])

    def price(candidates):
        return np.where(candidates.jobs.urgent, CAP, bids)

    # Jobs not expected to clear give way to those that are.
    quotes = strict_only.quotes(view(strict_only, 0), price, expected=200.0)
    assert bought_at(quotes, 200.0)[0] == 7_187 + 80 * 230
    strict_only.award(0, bought_at(quotes, 200.0))
    assert np.flatnonzero(strict_only.queue.started).tolist() == [1, 4]


def test_penalty_is_per_gpu_hour_of_the_late_job():
    fleet = fleet_of(job_trace(0, 7_200, gpus=8, job_class=STRICT, deadline_s=7_200))
    fleet.arrive(0)
    paid = []
    for t in range(10):
        fleet.true_quotes(view(fleet, t))
        fleet.award(t, np.array([7_188]))
        fleet.deliver(t, np.array([7_188]))
        paid.append(float(fleet.penalty[0]))
    assert paid == [0.0] * 7 + [20.0 * 16] + [0.0] * 2
    assert fleet.totals.late.tolist() == [1]


def test_early_gates_never_promise_work_twice():
    fleet = fleet_of(job_trace([0, 0], [2_000, 900], gpus=[3, 5]))
    fleet.arrive(0)
    pending = []
    for t in range(4):  # all gates close before the first delivery
        bought = bought_at(fleet.true_quotes(view(fleet, t)), 0.0)
        fleet.award(t, bought)
        pending.append(bought)
    used = [fleet.deliver(t, b) for t, b in enumerate(pending)]
    assert np.array_equal(used, pending)
    assert fleet.totals.gpu_s.tolist() == [10_500]
    assert conserved(fleet)


def test_a_fleet_without_jobs_or_sites_in_need():
    fleet = fleet_of(None)
    assert fleet.next_arrival_after(0) is None
    assert step(fleet, 0)[1].tolist() == [7_187]
    assert step(fleet, 1)[1].tolist() == [7_188]


# --- properties --------------------------------------------------------------------------------

JOBS = st.lists(
    st.tuples(
        st.integers(0, 9_000),  # submit
        st.integers(1, 7_000),  # work
        st.integers(1, 30),  # gpus
        st.sampled_from([STRICT, SOFT, BEST_EFFORT]),
        st.integers(0, 9_000),  # slack
    ),
    max_size=12,
)


def trace_of(rows):
    if not rows:
        return None
    submit, work, gpus, kind, slack = (np.array(c) for c in zip(*rows, strict=True))
    due = np.where(kind == BEST_EFFORT, NO_DEADLINE, submit + work + slack)
    return job_trace(submit, work, gpus, kind, due)


@settings(max_examples=60, deadline=None)
@given(JOBS, JOBS, st.integers(0, 2), st.sampled_from([1.15, 1.0, 1.333, PueTable()]))
def test_when_everything_clears_all_jobs_finish_on_exact_energy(a, b, lead, pue):
    site = DataCenterSite(40, inference_gpus=10, pue=pue, temperature=21.3)
    fleet = fleet_of(trace_of(a), trace_of(b), site=site, intervals=140)
    pending, total = [], np.zeros(2, np.int64)
    for t in range(140 + lead):
        if t < 140:
            fleet.arrive((t - lead) * 900)
            bought = bought_at(fleet.true_quotes(view(fleet, t)), 0.0)
            fleet.award(t, bought)
            pending.append(bought)
            ids = fleet.queue._plans.get(t, (np.empty(0, np.int64),))[0]
            assert (np.bincount(fleet.queue.site[ids], fleet.queue.trace.gpus[ids]) <= 30).all()
            assert (fleet.queue.trace.submit_s[ids] <= max(t - lead, 0) * 900).all()
        if t >= lead:
            used = fleet.deliver(t - lead, pending[t - lead])
            assert np.array_equal(used, pending[t - lead])
            total += used
    work = [sum(j[1] * j[2] for j in rows) for rows in (a, b)]
    assert fleet.totals.gpu_s.tolist() == work
    assert fleet.totals.finished.tolist() == [len(a), len(b)]
    assert conserved(fleet)
    gain, fixed = Fraction(site.gains(1)[0]), Fraction(site.fixed_kw)
    for s in (0, 1):
        firm = (fixed + gain * Fraction(site.it_kw(10))) * 140 * 900
        exact = (firm + gain * Fraction(0.8) * work[s]) / Fraction(36, 10)
        assert abs(total[s] - exact) < 1


@settings(max_examples=60, deadline=None)
@given(JOBS, JOBS, st.data())
def test_whatever_is_bought_and_cut_is_conserved(a, b, data):
    fleet = fleet_of(trace_of(a), trace_of(b), site=DataCenterSite(40, 5, pue=1.17), intervals=24)
    share = st.sampled_from([0.0, 0.3, 0.77, 1.0, 1.0])
    for t in range(24):
        fleet.arrive(t * 900)
        offered = fleet.true_quotes(view(fleet, t)).bid_quantity[0].sum(axis=1)
        bought = np.floor(offered * [data.draw(share), data.draw(share)]).astype(np.int64)
        fleet.award(t, bought)
        given = np.floor(bought * [data.draw(share), data.draw(share)]).astype(np.int64)
        used = fleet.deliver(t, given)
        assert (used <= given).all()
        assert (used >= 0).all()
        assert conserved(fleet)
        done = fleet.queue.trace.work_s - fleet.queue.todo_s
        mine = [(fleet.queue.trace.gpus * done)[fleet.queue.site == s].sum() for s in (0, 1)]
        assert fleet.totals.gpu_s.tolist() == mine
        assert np.array_equal(fleet.queue.left_s, fleet.queue.todo_s)
