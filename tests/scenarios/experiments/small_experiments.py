"""A small experiment as TOML, and how tests write, run and stop one."""

import os
import subprocess
import sys
import time
import tomllib
from pathlib import Path

from scenarios.experiments.directory import prepare
from scenarios.experiments.loader import load_experiment
from scenarios.experiments.run import Work, execute
from scenarios.toml_text import write_toml

ROOT = Path(__file__).parents[3]
WORLD = """
[scenario]
name = "three"

[time]
start = "2025-06-01T00:00:00+08:00"
days = 0.25
interval = 60

[market.energy]
price_floor = 0
price_cap = 1000

[[generator]]
kind = "wind"
name = "wind"
capacity_mw = 10
availability = 0.5
outages = { mtbf_hours = 4, mttr_hours = 2 }

[[generator]]
kind = "thermal"
name = "coal"
capacity_mw = 8
marginal_cost = 300

[[load]]
name = "town"
demand_mw = 9
"""
EXPERIMENT = """
[experiment]
name = "small"
question = "What does the rule do?"
base = "three.toml"
seeds = 1
metrics = ["mean_price", "curtailed_mwh"]

[[factor]]
name = "mechanism"
key = "market.energy.mechanism"
levels = ["uniform", "pay-as-bid"]

[[factor]]
name = "cap"
key = "market.energy.price_cap"
levels = [1000, 400]
"""


def write(folder, changes=None, text=EXPERIMENT, world=WORLD):
    """Write a small experiment and its scenario; `changes` is applied to the table of the file."""
    (folder / "three.toml").write_text(world)
    table = tomllib.loads(text)
    if changes is not None:
        changes(table)
    file = folder / "experiment.toml"
    file.write_text(write_toml(table))
    return file


def run(file, out, jobs=1, scheduler=None, resume=False, force=False):
    """The results of an experiment file, in processes of their own."""
    loaded = load_experiment(str(file))
    prepare(out, loaded, force, resume)
    return execute(loaded, out, Work(jobs, scheduler, force))


def tables(out):
    """All tables of an experiment, byte by byte."""
    return {path.name: path.read_bytes() for path in sorted(out.glob("*.parquet"))}


def kept(out):
    """Files of finished runs."""
    return sorted((out / "runs").glob("*.json"))


def start(*words, cwd):
    """Python in a process of its own, in a group of its own."""
    return subprocess.Popen(
        [sys.executable, *map(str, words)],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_until(true, seconds=60.0):
    """Wait for something to become true; fail when it does not."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def _state(pid):
    """The state of a process and who has started it; a zombie where there is none."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return "Z", 0
    return state, int(parent)


def is_alive(pid):
    """Whether a process runs."""
    return _state(pid)[0] != "Z"


def below(pid):
    """The processes that a process has started, and those that these have."""
    pids = [int(place.name) for place in Path("/proc").iterdir() if place.name.isdigit()]
    parents = {one: _state(one)[1] for one in pids if is_alive(one)}
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found[1:]
