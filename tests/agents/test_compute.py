"""Data centres behind the face of a fleet."""

import numpy as np

from agents.compute import ComputeFleet
from agents.data_centers import DataCenterFleet
from agents.jobs import job_trace
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
