"""Whole runs, timed: `make bench` prints a table of wall time, rate and peak memory.

Every run has a process of its own, so that memory is its own too. Synthetic systems with the
mix of `workload`; the ledger and all tables are written, units as daily sums unless said.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CASES = (  # participants, days, unit rows
    (20, 365, "true"),
    (100, 365, '"daily"'),
    (1_000, 365, '"daily"'),
    (1_000, 30, "true"),
    (10_000, 30, '"daily"'),
)


HEADING = (
    "participants  days  unit rows      s   us/interval  participant-intervals/s   MiB  disk MiB"
)


def workload(participants: int, days: float, units: str = '"daily"') -> str:
    """Return a scenario of so many participants: half PV, a third wind, the rest mixed."""
    storage = max(1, participants // 20)
    thermal = max(1, participants // 20)
    loads = max(1, participants // 20)
    hydro = max(1, participants // 50)
    wind = participants // 3
    pv = participants - storage - thermal - loads - hydro - wind - 1
    mean = 10.0 * participants
    return f"""
[scenario]
name = "benchmark-{participants}"
[time]
start = "2023-01-01T00:00:00+08:00"
days = {days}
[recording]
units = {units}
ledger = "day"
[[generator]]
kind = "pv"
name = "pv"
count = {pv}
total_capacity_mw = {2.4 * mean}
spread = {{ total_capacity_mw = 0.8 }}
availability = "qinghai-pv"
diversity = 0.1
marginal_cost = 1
[[generator]]
kind = "wind"
name = "wind"
count = {wind}
total_capacity_mw = {1.2 * mean}
spread = {{ total_capacity_mw = 0.8 }}
availability = "qinghai-wind"
diversity = 0.2
marginal_cost = 2
[[generator]]
kind = "hydro"
name = "hydro"
count = {hydro}
total_capacity_mw = {0.6 * mean}
inflow = "qinghai-hydro"
reservoir_mwh = {2000.0 * mean / hydro}
water_value_empty = 500
water_value_full = 50
[[generator]]
kind = "thermal"
name = "thermal"
count = {thermal}
total_capacity_mw = {0.9 * mean}
spread = {{ marginal_cost = 0.3 }}
marginal_cost = 300
[[storage]]
name = "storage"
count = {storage}
power_mw = {0.2 * mean / storage}
energy_mwh = {0.5 * mean / storage}
spread = {{ energy_mwh = 0.5 }}
cycle_cost = 20
[[load]]
name = "load"
count = {loads}
demand_mw = {{ profile = "qinghai-load", scale = {mean / loads} }}
[[external]]
name = "outside"
price = "northwest-price"
import_mw = {0.3 * mean}
export_mw = {0.2 * mean}
"""


def one(participants: int, days: float, units: str) -> None:
    """Run one case in this process and print its figures as JSON."""
    from scenarios.loader import load
    from scenarios.runs import execute, prepare

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "benchmark.toml"
        file.write_text(workload(participants, days, units))
        begun = time.perf_counter()
        loaded = load(str(file))
        out = Path(folder) / "run"
        prepare(out, force=False, resume=False)
        execute(loaded, out)
        seconds = time.perf_counter() - begun
        size = sum(path.stat().st_size for path in out.iterdir())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    n = loaded.calendar.n
    print(json.dumps({"s": seconds, "n": n, "mib": peak, "disk_mib": size / 2**20}))


def main() -> None:
    """Run the cases and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", nargs=3, metavar=("PARTICIPANTS", "DAYS", "UNITS"))
    arguments = parser.parse_args()
    if arguments.case:
        participants, days, units = arguments.case
        one(int(participants), float(days), units)
        return
    print(HEADING)
    for participants, days, units in CASES:
        command = [sys.executable, "-m", "benchmarks", "--case"]
        out = subprocess.run(
            [*command, str(participants), str(days), units],
            check=True,
            capture_output=True,
            text=True,
        )
        case = json.loads(out.stdout)
        rate = participants * case["n"] / case["s"]
        print(
            f"{participants:12,}{days:6}{units.strip(chr(34)):>11}{case['s']:7.1f}"
            f"{1e6 * case['s'] / case['n']:14.0f}{rate:25,.0f}{case['mib']:6.0f}"
            f"{case['disk_mib']:10.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
