"""What runs must not do: overwrite each other, blow up, or lose energy on the way."""

import os

import pytest

from market import InputError
from scenarios.loader import load_text
from scenarios.runs import check_names, execute, prepare

SMALL = """
[scenario]
name = "small"
[time]
start = "2023-06-01T00:00:00+08:00"
days = 1
interval = 15
[[external]]
name = "outside"
price = 100
import_mw = 500
export_mw = 500
"""
BATTERY = """
[[storage]]
name = "bat"
power_mw = 10
energy_mwh = 100
soc_start = 1.0
strategy = { name = "threshold", buy_below = 10, sell_above = 50 }
"""
OUTAGE = """
[[event]]
at = "2023-06-01T02:05:00+08:00"
outage = "bat"
hours = 0.25
"""
VALLEY = """
[scenario]
name = "valley"
[time]
start = "2023-06-01T00:00:00+08:00"
days = 2
interval = 60
[[generator]]
kind = "thermal"
name = "coal"
capacity_mw = 100
marginal_cost = 300
must_run = false
[[generator]]
kind = "pv"
name = "sun"
capacity_mw = 200
availability = "qinghai-pv"
[[load]]
name = "town"
demand_mw = 90
"""


def finished(text, directory):
    prepare(directory, force=False, resume=False)
    return execute(load_text(text, directory.parent), directory)


@pytest.mark.parametrize("closure", [0, 15, 30, 60, 120, 1440])
def test_a_battery_that_comes_back_before_its_promises_are_due(closure, tmp_path):
    rules = f"[market.energy]\ngate_closure = {closure}\n"
    results = finished(SMALL + rules + BATTERY + OUTAGE, tmp_path / "run")
    unit = results.units[results.units["unit"] == "bat"]
    before = unit["soc_mwh"].shift(fill_value=100.0)
    law = before + unit["consumed_mwh"] * 0.95 - unit["delivered_mwh"] / 0.95
    assert (unit["soc_mwh"] - law).abs().max() < 1e-6
    assert unit["soc_mwh"].between(-1e-6, 100 + 1e-6).all()


def test_a_second_run_keeps_out_of_a_directory_in_use(tmp_path):
    fcntl = pytest.importorskip("fcntl")
    directory = tmp_path / "run"
    prepare(directory, force=False, resume=False)
    place = os.open(directory, os.O_RDONLY)
    fcntl.flock(place, fcntl.LOCK_EX)
    try:
        with pytest.raises(InputError, match="another run is writing there"):
            execute(load_text(SMALL + BATTERY, tmp_path), directory)
    finally:
        os.close(place)
    assert execute(load_text(SMALL + BATTERY, tmp_path), directory).run["status"] == "finished"


def test_a_plant_without_a_minimum_is_there_when_it_is_worth_it(tmp_path):
    results = finished(VALLEY, tmp_path / "run")
    assert results.intervals["unserved_mwh"].sum() == 0
    assert results.intervals["price"].max() == 300


def test_charging_at_the_cap_comes_after_load(tmp_path):
    scarce = VALLEY.replace("demand_mw = 90", "demand_mw = 400")
    hoard = '[[storage]]\nname = "bat"\npower_mw = 50\nenergy_mwh = 200\nsoc_start = 0\n'
    hoard += 'strategy = { name = "threshold", buy_below = 1500, sell_above = 1501 }\n'
    results = finished(scarce + hoard, tmp_path / "run")
    short = results.intervals["unserved_mwh"].to_numpy() > 0
    bought = results.units[results.units["unit"] == "bat"]["bought_mwh"].to_numpy()
    assert short.all()
    assert not bought[short].any()


def test_numbers_beyond_this_world_are_refused(tmp_path):
    with pytest.raises(InputError, match="too large"):
        load_text(VALLEY.replace("capacity_mw = 100", "capacity_mw = 1e13"), tmp_path)
    with pytest.raises(InputError, match="too large"):
        load_text(VALLEY + "[market.energy]\nprice_cap = 1e14\n", tmp_path)


def test_energy_per_kwh_is_no_demand(tmp_path):
    hours = "\n".join(f"2023-06-0{1 + h // 24}T{h % 24:02d}:00:00+08:00,100" for h in range(48))
    (tmp_path / "load.csv").write_text(f"time,load_kwh\n{hours}\n", encoding="utf-8")
    text = VALLEY.replace("demand_mw = 90", 'demand_mw = { file = "load.csv" }')
    with pytest.raises(InputError, match="per kWh is for prices"):
        finished(text, tmp_path / "run")


def test_another_owner_of_our_package_names_is_told_apart(monkeypatch):
    check_names()
    monkeypatch.setattr(
        "scenarios.runs.packages_distributions", lambda: {"agents": ["talatan", "other-agents"]}
    )
    with pytest.raises(InputError, match=r"'agents' is also installed by other-agents"):
        check_names()


def test_resume_takes_up_the_same_run_only(tmp_path):
    directory = tmp_path / "run"
    finished(SMALL + BATTERY, directory)
    told = (directory / "run.json").read_text(encoding="utf-8").replace("finished", "interrupted")
    (directory / "run.json").write_text(told, encoding="utf-8")
    prepare(directory, force=False, resume=True, loaded=load_text(SMALL + BATTERY, tmp_path))
    other = load_text((SMALL + BATTERY).replace("price = 100", "price = 101"), tmp_path)
    with pytest.raises(InputError, match="with other keys"):
        prepare(directory, force=False, resume=True, loaded=other)
    with pytest.raises(InputError, match="of another scenario"):
        prepare(directory, force=False, resume=True, loaded=load_text(VALLEY, tmp_path))


def test_shifting_to_cheap_hours_makes_no_strict_job_late(tmp_path):
    site = """
[[data_center]]
name = "dc"
gpus = 20000
inference_gpus = 5000
jobs = { arrivals_per_hour = 0.45, duration_hours = 12, gpus_per_job = 1024, strict = 1, soft = 0 }
"""
    fortnight = SMALL.replace("days = 1", "days = 10").replace("export_mw = 500\n", "")
    late = []
    for price in ("100", '"northwest-price"'):
        text = fortnight.replace("price = 100", f"price = {price}") + site
        results = finished(text, tmp_path / f"run{len(late)}")
        assert results.participants["jobs_finished"].max() > 60
        late.append(results.participants["jobs_late"].max())
    assert late == [0, 0]
