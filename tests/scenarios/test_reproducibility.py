"""The same seed gives the same run, whatever else differs; and nobody changes another's draws."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scenarios.expand import expand
from scenarios.fleets import build_fleets
from scenarios.loader import load_text
from tests.scenarios.running import run

ROOT = Path(__file__).parents[2]
HEAD = """
[scenario]
name = "everything"
seed = 7
[time]
start = "2023-06-01T00:00:00+08:00"
days = 2
interval = 15
[market.energy]
price_floor = -100
price_cap = 1500
tie_break = "random"
gate_closure = 15
[market.imbalance]
rule = "dual"
[fees]
transaction_buyer = 0.1
grid = 20
"""
ENTRIES = (
    """
[[zone]]
name = "main"
""",
    """
[[zone]]
name = "south"
""",
    """
[[generator]]
kind = "pv"
name = "sun"
total_capacity_mw = 300
count = 5
spread = {capacity_mw = 0.3, derate = 0.02}
derate = 0.9
availability = "qinghai-pv"
diversity = 0.1
subsidy = 50
forecast = {name = "noisy", sd = 0.2}
outages = {mtbf_hours = 30, mttr_hours = 5}
""",
    """
[[generator]]
kind = "wind"
name = "wind"
capacity_mw = 40
count = 4
diversity = 0.2
availability = "qinghai-wind"
strategy = "zero_intelligence"
forecast = {name = "noisy", sd = 0.1}
""",
    """
[[generator]]
kind = "wind"
name = "breeze"
capacity_mw = 30
availability = "qinghai-wind"
diversity = 0.2
forecast = "persistence"
""",
    """
[[generator]]
kind = "hydro"
name = "river"
capacity_mw = 20
inflow = 0.5
""",
    """
[[generator]]
kind = "hydro"
name = "dam"
capacity_mw = 60
inflow = 0.4
reservoir_mwh = 500
water_value_empty = 400
water_value_full = 100
""",
    """
[[generator]]
kind = "csp"
name = "tower"
capacity_mw = 20
solar = "qinghai-pv"
water_value_empty = 300
""",
    """
[[generator]]
kind = "thermal"
name = "coal"
capacity_mw = 60
count = 3
spread = {marginal_cost = 0.1}
marginal_cost = 350
min_stable_mw = 20
ramp_mw_per_hour = 60
strategy = {name = "markup", factor = 1.1}
outages = {mtbf_hours = 40, mttr_hours = 6}
""",
    """
[[storage]]
name = "battery"
power_mw = 20
energy_mwh = 40
count = 3
spread = {energy_mwh = 0.2}
forecast = {name = "noisy", sd = 0.3}
""",
    """
[[storage]]
name = "trader"
power_mw = 5
energy_mwh = 10
strategy = "threshold"
""",
    """
[[data_center]]
name = "halls"
gpus = 20000
inference_gpus = 4000
temperature = 12
jobs = {arrivals_per_hour = 10}
""",
    """
[[load]]
name = "town"
demand_mw = 180
steps = [{share = 0.1, price = 500}]
forecast = {name = "noisy", sd = 0.05}
""",
    """
[[load]]
name = "village"
demand_mw = 5
strategy = "zero_intelligence"
zone = "south"
""",
    """
[[external]]
name = "line"
price = 330
import_mw = 100
export_mw = 80
fee = 5
""",
    """
[[external]]
name = "south line"
price = 410
import_mw = 100
zone = "south"
""",
    """
[[contract]]
name = "deal"
seller = "coal-001"
buyer = "town"
mw = 10
price = 340
""",
    """
[[contract]]
name = "bargain"
seller = "river"
buyer = "town"
mw = 5
price = 300
""",
    """
[[event]]
at = "2023-06-02T06:00:00+08:00"
set = {"market.energy.price_cap" = 1200}
""",
    """
[[event]]
at = "2023-06-01T10:00:00+08:00"
outage = "breeze"
hours = 5
""",
)
TEXT = HEAD + "".join(ENTRIES)
WEATHER = ("sun-", "wind-", "breeze", "river")  # a reservoir gives what it was asked for
NEWCOMERS = (
    """
[[generator]]
kind = "pv"
name = "a newcomer"
capacity_mw = 50
availability = "qinghai-pv"
diversity = 0.1
forecast = {name = "noisy", sd = 0.2}
outages = {mtbf_hours = 10, mttr_hours = 5}
""",
    """
[[generator]]
kind = "wind"
name = "zz newcomer"
capacity_mw = 50
count = 2
availability = "qinghai-wind"
strategy = "zero_intelligence"
diversity = 0.3
forecast = {name = "noisy", sd = 0.1}
""",
    """
[[storage]]
name = "m newcomer"
power_mw = 50
energy_mwh = 100
""",
    """
[[data_center]]
name = "b newcomer"
gpus = 5000
jobs = {arrivals_per_hour = 5}
""",
)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return run(TEXT, tmp_path_factory.mktemp("reference") / "run")


def hash_of(results):
    return results.run["content_hash"]


def command(file, out, **environment):
    done = subprocess.run(
        [sys.executable, "-m", "scenarios", "run", str(file), "--out", str(out), "--json"],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)["content_hash"]


def by_unit(results, column):
    """A column of the units table as raw bytes, by unit."""
    units = results.units
    return {name: rows[column].to_numpy().tobytes() for name, rows in units.groupby("unit")}


def weather_of(results, column="available_mwh"):
    found = by_unit(results, column)
    return {name: raw for name, raw in found.items() if name.startswith(WEATHER)}


def jobs_of(text, folder):
    """All columns of the jobs that each data centre receives."""
    loaded = load_text(text, folder)
    found = {}
    for fleet in build_fleets(loaded, expand(loaded.scenario, loaded.seed), 1800):
        if fleet.kind == "data_center":
            queue = fleet.sites.queue
            for row, name in enumerate(fleet.names):
                own = queue.site == row
                columns = (getattr(queue.trace, key)[own] for key in queue.trace.__slots__)
                found[name] = [column.tobytes() for column in columns]
    return found


def test_the_scenario_has_something_to_differ_in(reference):
    """Failures, forecast errors, imbalances and jobs all happen in these two days."""
    totals = reference.participants.set_index("unit")
    assert totals["curtailed_outage_mwh"].max() > 0
    assert totals["imbalance_mwh"].abs().max() > 0
    assert totals.loc["halls", "jobs_finished"] > 50
    assert totals["consumed_mwh"]["battery-001"] > 0
    assert len(set(reference.participants["kind"])) == 9


@pytest.mark.slow
def test_hash_seed_and_thread_counts_change_nothing(reference, tmp_path):
    file = tmp_path / "everything.toml"
    file.write_text(TEXT, encoding="utf-8")
    settings = [{"PYTHONHASHSEED": seed} for seed in ("0", "1", "2", "4711", "random")]
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_NUM_THREADS")
    settings += [dict.fromkeys(threads, count) for count in ("1", "4")]
    hashes = {
        command(file, tmp_path / f"run-{number}", **environment)
        for number, environment in enumerate(settings)
    }
    assert hashes == {hash_of(reference)}


@pytest.mark.parametrize("shuffle", range(3))
def test_the_order_of_entries_changes_nothing(shuffle, reference, tmp_path):
    entries = list(ENTRIES)
    random.Random(shuffle).shuffle(entries)
    if shuffle == 0:
        entries = list(reversed(ENTRIES))
    again = run(HEAD + "".join(entries), tmp_path / "run")
    assert hash_of(again) == hash_of(reference)


def test_every_table_is_the_same_to_the_last_bit(reference, tmp_path):
    again = run(TEXT, tmp_path / "run")
    for name in ("intervals", "kinds", "units", "ledger", "participants"):
        pd.testing.assert_frame_equal(again.table(name), reference.table(name), check_exact=True)


def test_another_seed_is_another_run(reference, tmp_path):
    again = run(TEXT, tmp_path / "run", seed=8)
    assert hash_of(again) != hash_of(reference)
    other, here = weather_of(again), weather_of(reference)
    assert all(other[name] != here[name] for name in here if not name.startswith("river"))


def test_newcomers_leave_weather_failures_and_forecasts_of_the_others_alone(reference, tmp_path):
    more = run(TEXT + "".join(NEWCOMERS), tmp_path / "run")
    assert hash_of(more) != hash_of(reference)
    for column in ("available_mwh", "curtailed_outage_mwh"):
        here, there = weather_of(reference, column), weather_of(more, column)
        assert {name: there[name] for name in here} == here
    # Plants without a reservoir offer what they expect; that depends on nobody else either.
    here, there = by_unit(reference, "offered_mwh"), by_unit(more, "offered_mwh")
    for name in here:
        if name.startswith(("sun-", "wind-", "breeze", "river")):
            assert there[name] == here[name]


def test_newcomers_leave_the_jobs_of_the_others_alone(tmp_path):
    here, there = jobs_of(TEXT, tmp_path), jobs_of(TEXT + "".join(NEWCOMERS), tmp_path)
    assert set(there) - set(here) == {"b newcomer"}
    assert there["halls"] == here["halls"]
    assert there["b newcomer"] != here["halls"]


RULES = [
    ['market.energy.mechanism="pay-as-bid"'],
    ["market.energy.price_cap=2000", "market.energy.k=0"],
    ["market.energy.gate_closure=60"],
    ['market.energy.tie_break="time"', 'market.imbalance.rule="single"', "fees.grid=100"],
]


@pytest.mark.parametrize("rules", RULES, ids=lambda rules: rules[0])
def test_market_rules_leave_weather_and_jobs_alone(rules, reference, tmp_path):
    again = run(TEXT, tmp_path / "run", rules)
    assert hash_of(again) != hash_of(reference)
    assert weather_of(again) == weather_of(reference)
    assert jobs_of(again.run["text"], tmp_path) == jobs_of(TEXT, tmp_path)


RECORDINGS = [
    ["recording.units=false", 'recording.ledger="month"'],
    ['recording.units="daily"', "recording.orders=true"],
    ['recording.ledger="interval"'],
]


@pytest.mark.parametrize("options", RECORDINGS, ids=lambda options: options[0])
def test_recording_options_do_not_change_the_hash(options, reference, tmp_path):
    again = run(TEXT, tmp_path / "run", options)
    assert hash_of(again) == hash_of(reference)


def test_the_written_text_gives_the_run_again(reference, tmp_path):
    again = run(reference.run["text"], tmp_path / "run")
    assert hash_of(again) == hash_of(reference)


def test_a_longer_run_begins_with_the_same_weather(reference, tmp_path):
    longer = run(TEXT, tmp_path / "run", ["time.days=3"])
    cut = len(reference.intervals["start"].unique())
    for name, rows in longer.units.groupby("unit"):
        if str(name).startswith(WEATHER):
            here = reference.units.loc[reference.units["unit"] == name, "available_mwh"]
            np.testing.assert_array_equal(rows["available_mwh"].to_numpy()[:cut], here)
