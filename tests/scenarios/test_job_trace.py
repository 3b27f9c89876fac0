"""A measured job trace in a data centre: exact energy, no strict job late, cheaper by waiting."""

import shutil

import numpy as np
import pandas as pd
import pytest

from tests.scenarios.running import measured, run

GPUS, IDLE_KW, BUSY_KW, PUE = 2048, 0.25, 0.8, 1.2
INTERVAL_S, GATE_S = 900, 60  # the gate opens a minute before delivery
JOBS, GPU_HOURS = 30_746, 378_975.3667
FLAT, CHEAP, DEAR = 300.0, 200.0, 600.0
SCENARIO = """
[scenario]
name = "jobs"
[time]
start = "2017-10-02T00:00:00+08:00"
days = {days}
interval = 15
[market.energy]
gate_closure = 0
[[external]]
name = "outside"
price = {price}
import_mw = inf
[[data_center]]
name = "halls"
gpus = 2048
p_idle_kw = 0.25
p_active_kw = 1.05
pue = 1.2
jobs = {{file = "jobs.csv"}}
forecast = "{forecast}"
sla_penalty_per_gpu_hour = 20
[recording]
units = true
"""


@pytest.fixture
def folder(tmp_path):
    trace = measured("gpu_jobs") / "philly_chronus_mix2.csv"
    shutil.copy(trace, tmp_path / "jobs.csv")
    return tmp_path


def halls_of(folder, days, price=FLAT, forecast="perfect"):
    text = SCENARIO.format(days=days, price=price, forecast=forecast)
    results = run(text, folder / f"{days}-{forecast}", data=folder)
    return results, results.participants.set_index("unit").loc["halls"]


def first_intervals(jobs):
    """Second at which the first interval starts whose gate opens after submission."""
    gates = np.arange(3000) * INTERVAL_S - GATE_S
    return np.searchsorted(gates, jobs["submit_s"]) * INTERVAL_S


def run_at_once(jobs, intervals):
    """MWh of each interval when every job starts in its first interval and never pauses."""
    start = first_intervals(jobs)
    at = np.concatenate([start, start + jobs["duration_s"]])
    step = np.concatenate([jobs["gpus"], -jobs["gpus"]])
    order = np.argsort(at, kind="stable")
    at, level = at[order], np.cumsum(step[order])
    assert level.max() <= GPUS  # capacity suffices
    total = np.concatenate([[0], np.cumsum(level[:-1] * np.diff(at))])
    gpu_s = np.diff(np.interp(np.arange(intervals + 1) * INTERVAL_S, at, total))
    return PUE * (GPUS * IDLE_KW * INTERVAL_S + BUSY_KW * gpu_s) / 3600 / 1000


def hopeless(jobs):
    """Strict jobs that miss their deadline even when they run at once."""
    strict = jobs[jobs["class"] == "strict"]
    end = first_intervals(strict) + strict["duration_s"]
    return int((end > strict["submit_s"] + strict["deadline_s"]).sum())


def consumed_of(results):
    units = results.units
    return units.loc[units["unit"] == "halls", "consumed_mwh"].to_numpy()


@pytest.mark.parametrize("days", [14, 17])
def test_flat_price_uses_exactly_the_energy_that_the_jobs_need(days, folder):
    results, halls = halls_of(folder, days)
    jobs = pd.read_csv(folder / "jobs.csv")
    intervals = days * 96
    assert len(jobs) == JOBS
    assert len(results.intervals) == intervals

    # Nothing is gained by waiting, so every job runs at once; whole Wh are metered.
    expected = run_at_once(jobs, intervals)
    np.testing.assert_allclose(consumed_of(results), expected, rtol=0, atol=1.01e-6)
    assert round(halls["consumed_mwh"] * 1e6) == np.floor(expected.sum() * 1e6 + 1e-3)
    assert halls["consumed_mwh"] == halls["bought_mwh"] == halls["energy_needed_mwh"]
    assert halls["imbalance_mwh"] == halls["unserved_mwh"] == 0

    assert halls["jobs_late"] == 0
    assert halls["jobs_unreachable"] == hopeless(jobs)
    bill = results.ledger.query("payer == 'halls' and category == 'energy'")["amount"].sum()
    assert bill == pytest.approx(FLAT * halls["consumed_mwh"], abs=0.01 * intervals)


def test_all_jobs_finish_and_their_work_adds_up(folder):
    """The longest job ends in the third day after the last submission."""
    _, halls = halls_of(folder, 17)
    assert halls["jobs_finished"] == JOBS
    assert halls["gpu_hours"] == pytest.approx(GPU_HOURS, abs=5e-5)
    assert halls["consumed_mwh"] == pytest.approx(
        PUE * (GPUS * IDLE_KW * 17 * 24 + BUSY_KW * halls["gpu_hours"]) / 1000, abs=1e-6
    )


@pytest.mark.parametrize("forecast", ["perfect", "persistence"])
def test_waiting_for_cheap_hours_saves_money_and_no_strict_job_is_late(forecast, folder):
    intervals = 20 * 96
    hour = np.arange(intervals) // 4 % 24
    price = np.where((hour >= 9) & (hour < 22), DEAR, CHEAP)
    stamps = pd.date_range("2017-10-02T00:00", periods=intervals, freq="15min")
    pd.DataFrame({"time_cst": stamps, "price": price}).to_csv(folder / "price.csv", index=False)

    results, halls = halls_of(folder, 20, '{file = "price.csv"}', forecast)
    at_once = run_at_once(pd.read_csv(folder / "jobs.csv"), intervals)
    assert halls["jobs_finished"] == JOBS
    assert halls["jobs_late"] == 0
    # The same energy at a lower price.
    assert halls["consumed_mwh"] == halls["energy_needed_mwh"]
    assert halls["consumed_mwh"] == pytest.approx(at_once.sum(), abs=1e-5)
    bill = -results.balances.loc["halls", "energy"]
    assert bill < 0.95 * float(price @ at_once)


def test_penalties_are_those_of_hopeless_jobs_only(folder):
    results, _ = halls_of(folder, 17)
    jobs = pd.read_csv(folder / "jobs.csv")
    strict = jobs[jobs["class"] == "strict"]
    late = strict[
        first_intervals(strict) + strict["duration_s"] > strict["submit_s"] + strict["deadline_s"]
    ]
    owed = 20 * float((late["gpus"] * late["duration_s"]).sum()) / 3600
    assert -results.balances.loc["halls", "sla_penalty"] == pytest.approx(
        owed, abs=0.01 * len(late)
    )
