"""Data centres behind the face of a fleet."""

import numpy as np
import pytest

from agents.compute import ComputeFleet
from agents.data_centers import DataCenterFleet
from agents.jobs import SOFT, SOFT_STEP_S, job_trace
from agents.site_power import DataCenterSite
from tests.agents.fleets import Desk, calendar, units


def site(**changes):
    given = {
        "gpus": 100,
        "inference_gpus": 20,
        "p_active_kw": 1.0,
        "p_idle_kw": 0.2,
        "pue": 1.0,
        "temperature": np.full(24, 5.0),
        "sla_penalty_per_gpu_hour": 20.0,
    }
    return DataCenterSite(**(given | changes))


def centre(jobs=1, penalty=20.0):
    when = calendar()
    trace = job_trace(
        np.zeros(jobs, np.int64),
        np.full(jobs, 3600),
        np.full(jobs, 10),
        np.zeros(jobs, np.int64),
        np.full(jobs, 3600),
        5.0,
    )
    physics = DataCenterFleet([site(sla_penalty_per_gpu_hour=penalty)], when, [trace], 8)
    strategy = __import__("agents.strategies.deadline", fromlist=["Deadline"]).Deadline()
    return ComputeFleet(units("data_center", 1, when, strategy), physics)


FIRM = 36_000  # 20 active and 80 idle GPUs for an hour, Wh
JOB = 8_000  # ten GPUs from idle to active


def test_it_bids_the_firm_load_and_the_job_at_the_cap():
    fleet = centre()
    fleet.arrive(0)
    desk = Desk(fleet)
    desk.quote(0)
    bids = [(p, q) for p, q in desk.bids(0)[0] if q]
    assert sum(q for _, q in bids) == FIRM + JOB
    assert {p for p, _ in bids} == {1500.0}


def test_what_clears_runs():
    fleet = centre()
    fleet.arrive(0)
    desk = Desk(fleet)
    desk.quote(0)
    desk.award(0, bought=[FIRM + JOB])
    assert not desk.deliver(0)
    assert desk.block.consumed[0, 0] == FIRM + JOB
    assert fleet.facts()["jobs_finished"].tolist() == [1]
    assert not desk.block.penalty.any()


def test_what_does_not_clear_waits_and_a_missed_deadline_costs():
    fleet = centre()
    fleet.arrive(0)
    desk = Desk(fleet)
    desk.quote(0)
    desk.award(0, bought=[FIRM])
    assert not desk.deliver(0)
    for row in (1,):
        desk.quote(row)
        desk.award(row, bought=[int(desk.block.bid_quantity[row].sum())])
        desk.deliver(row)
    assert fleet.facts()["jobs_finished"].tolist() == [1]
    assert fleet.facts()["jobs_late"].tolist() == [1]
    assert desk.block.penalty.sum() > 0


def test_energy_that_no_job_fits_is_an_imbalance():
    fleet = centre()
    fleet.arrive(0)
    desk = Desk(fleet)
    desk.quote(0)
    desk.award(0, bought=[FIRM + JOB // 2])
    assert desk.deliver(0)
    assert desk.block.consumed[0, 0] == FIRM


def test_firm_load_without_energy_is_unserved():
    desk = Desk(centre(jobs=0))
    desk.quote(0)
    desk.award(0, bought=[FIRM // 2])
    desk.deliver(0)
    assert desk.block.consumed[0, 0] == FIRM // 2
    assert desk.block.unserved[0, 0] == FIRM // 2


def test_jobs_do_not_run_on_power_that_was_shed():
    fleet = centre()
    fleet.arrive(0)
    desk = Desk(fleet)
    desk.quote(0)
    desk.award(0, bought=[FIRM + JOB])
    assert not desk.meter(0)
    desk.block.consumed[0] -= JOB // 2  # the operator sheds
    desk.block.unserved[0] += JOB // 2
    desk.commit(0)
    assert fleet.facts()["jobs_finished"].tolist() == [0]
    assert desk.block.consumed[0, 0] == FIRM + JOB // 2
    assert desk.block.unserved[0, 0] == 0
    desk.quote(1)
    assert desk.block.bid_quantity[1].sum() == FIRM + JOB


def test_a_site_that_is_out_consumes_nothing():
    desk = Desk(centre(jobs=0))
    desk.quote(0)
    desk.award(0, bought=[FIRM])
    desk.outage(0, 100)
    assert desk.deliver(0)
    assert desk.block.consumed[0, 0] == 0
    desk.quote(1)
    assert not desk.block.bid_quantity[1].any()
    assert desk.fleet.next_arrival_after(-1) is None


INFERENCE = 20 * (5.0 + 20.0)  # 20 GPUs for an hour, at revenue and penalty


def test_computing_done_is_worth_its_revenue():
    fleet = centre()
    fleet.arrive(0)
    desk = Desk(fleet)
    desk.quote(0)
    desk.award(0, bought=[FIRM + JOB])
    desk.deliver(0)
    assert fleet.worth(desk.block).tolist() == [INFERENCE + 10 * 5.0]


def test_inference_is_worth_the_share_of_its_energy():
    fleet = centre(jobs=0)
    desk = Desk(fleet)
    desk.quote(0)
    desk.award(0, bought=[FIRM // 4])
    desk.deliver(0)
    assert fleet.worth(desk.block) == pytest.approx([INFERENCE / 4], rel=1e-6)


def test_a_site_that_is_out_is_worth_nothing():
    fleet = centre(jobs=0)
    desk = Desk(fleet)
    desk.outage(0, 100)
    desk.quote(0)
    desk.award(0, bought=[0])
    desk.deliver(0)
    assert fleet.worth(desk.block).tolist() == [0]


def test_a_strict_job_missed_takes_off_its_penalty_once():
    fleet = centre()
    fleet.arrive(0)
    desk = Desk(fleet)
    for row, bought in ((0, FIRM), (1, FIRM + JOB), (2, FIRM)):
        desk.quote(row)
        desk.award(row, bought=[bought])
        desk.deliver(row)
    # It runs an hour late: the work is done and paid, and the deadline was missed.
    assert fleet.worth(desk.block).tolist() == [3 * INFERENCE + 10 * 5.0 - 10 * 20.0]


@pytest.mark.parametrize(
    ("slack_s", "share"), [(0, 1.0), (-1, 0.8), (-SOFT_STEP_S - 1, 0.5), (-9 * SOFT_STEP_S, 0.2)]
)
def test_a_soft_job_is_worth_what_its_truthful_bid_says(slack_s, share):
    """Two hours of work in two intervals: the share stays as long as it runs through."""
    trace = job_trace([0], [7200], [10], [SOFT], [7200 + slack_s], 5.0)
    physics = DataCenterFleet([site(inference_gpus=0)], calendar(), [trace], 8)
    fleet = ComputeFleet(units("data_center", 1, calendar()), physics)
    fleet.arrive(0)
    desk = Desk(fleet)
    for row in (0, 1):
        desk.quote(row, cap=9_000.0)
        prices = [price for price, wh in desk.bids(row)[0] if wh and price < 9_000]
        assert prices == pytest.approx([1000 * 5.0 * share / 0.8])
        desk.award(row, bought=[int(desk.block.bid_quantity[row].sum())])
        desk.deliver(row)
    assert fleet.worth(desk.block) == pytest.approx([20 * 5.0 * share])
