"""The planner, timed: `python -m benchmarks.planner` plans a one-bus year in several ways.

8,760 hours with PV, wind, a reservoir, three thermal plants and a battery: the linear program at
once, by simplex and by interior point, and in parts of a week and of four weeks. Seconds of
processor time on one core; making and reading the run are not counted, making the program is.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from market import physical_welfare
from scenarios.loader import load
from scenarios.planner import PlanOptions, all_figures, plan
from scenarios.planner.horizon import Cut, at_once, in_parts, unit_of
from scenarios.planner.planner import Planner
from scenarios.planner.windows import Ends, Windows
from scenarios.runs import execute, prepare

YEAR = """
[scenario]
name = "one-bus"
[time]
start = "2023-01-01T00:00:00+08:00"
days = {days}
interval = 60
[market.energy]
price_cap = 1500
[[generator]]
kind = "pv"
name = "pv"
capacity_mw = 400
availability = "qinghai-pv"
marginal_cost = 1
[[generator]]
kind = "wind"
name = "wind"
capacity_mw = 250
availability = "qinghai-wind"
marginal_cost = 2
[[generator]]
kind = "hydro"
name = "reservoir"
capacity_mw = 120
inflow = "qinghai-hydro"
reservoir_mwh = 150000
min_release_mw = 10
water_value_empty = 450
water_value_full = 100
[[generator]]
kind = "thermal"
name = "lignite"
capacity_mw = 80
min_stable_mw = 30
marginal_cost = 220
[[generator]]
kind = "thermal"
name = "coal"
capacity_mw = 80
marginal_cost = 300
[[generator]]
kind = "thermal"
name = "gas"
capacity_mw = 120
marginal_cost = 480
[[storage]]
name = "battery"
power_mw = 50
energy_mwh = 200
cycle_cost = 20
[[load]]
name = "town"
demand_mw = {{ profile = "qinghai-load", scale = 220 }}
steps = [{{ share = 0.05, price = 350 }}]
[recording]
units = true
ledger = "month"
"""


def timed(call):
    begun = time.process_time()
    found = call()
    return time.process_time() - begun, found


def inner_point(stages):
    """Solve the whole horizon by HiGHS's interior-point method, without crossover."""
    import highspy

    none = np.zeros(stages.carried.size)
    windows = Windows(stages, unit_of(stages))
    program = windows._program(0, stages.n, Ends(*stages.before, none, none))
    solver = highspy.Highs()
    solver.silent()
    solver.passModel(program._model(highspy))
    for name, setting in {"threads": 1, "solver": "ipm", "run_crossover": "off"}.items():
        solver.setOptionValue(name, setting)
    solver.run()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    days = parser.parse_args().days
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "year.toml"
        file.write_text(YEAR.format(days=days))
        loaded = load(str(file))
        prepare(Path(folder) / "run", force=False, resume=False)
        results = execute(loaded, Path(folder) / "run")
        seconds, planner = timed(lambda: Planner.of(results, loaded, PlanOptions()))
        (zone,) = planner.zones
        reached = physical_welfare(results)
        print(f"{zone.stages.low.size:,} unknowns; the program is made in {seconds:.2f} s\n")
        print("way                              s    bound less market   bound less schedule")
        for name, call in (
            ("at once, simplex", lambda: at_once(zone.stages)),
            ("parts of a week", lambda: in_parts(zone.stages, Cut(168, 42, reached))),
            ("parts of four weeks", lambda: in_parts(zone.stages, Cut(672, 168, reached))),
        ):
            seconds, found = timed(call)
            distance = found.bound - zone.stages.worth(found.schedule)
            print(f"{name:<26}{seconds:8.2f}{found.bound - reached:21,.0f}{distance:22,.0f}")
        print(f"{'at once, interior point':<26}{timed(lambda: inner_point(zone.stages))[0]:8.2f}")
        print(f"{'plan(), tables and all':<26}{timed(lambda: plan(results, loaded))[0]:8.2f}")
        print(f"{'all figures':<26}{timed(lambda: all_figures(results, loaded))[0]:8.2f}")


if __name__ == "__main__":
    main()
