"""Small worlds with series of their own, run into a directory and planned."""

from datetime import datetime, timedelta

import numpy as np

from market import physical_welfare
from scenarios.loader import load
from scenarios.planner.planner import Planner, PlanOptions
from scenarios.runs import execute, prepare
from tests.scenarios.small_worlds import table

START = datetime.fromisoformat("2023-06-01T00:00:00+08:00")


def series(column):
    return f'{{file = "world.csv", column = "{column}"}}'


def world(n, *entries, interval=60, market="", **rules):
    """A scenario of n intervals; entries are (header, keys)."""
    head = [
        '[scenario]\nname = "planned"\nseed = 3',
        f'[time]\nstart = "{START.isoformat()}"\ndays = {n * interval / 1440}\n'
        f"interval = {interval}",
        table("[market.energy]", **({"price_floor": 0.0, "price_cap": 1500.0} | rules)),
        market,
        "[recording]\nunits = true",
    ]
    return "\n".join([*head, *(table(header, **keys) for header, keys in entries)])


def write_world(place, text, interval=60, **columns):
    """Write a scenario and its series; return the file."""
    place.mkdir(parents=True, exist_ok=True)
    n = max((len(values) for values in columns.values()), default=0)
    rows = [",".join(["time", *columns])]
    for t in range(n):
        stamp = (START + timedelta(minutes=interval * t)).isoformat()
        rows.append(",".join([stamp, *(f"{values[t]:.6f}" for values in columns.values())]))
    (place / "world.csv").write_text("\n".join(rows) + "\n")
    file = place / "world.toml"
    file.write_text(text)
    return file


def run_world(file, overrides=()):
    """Run a scenario; return its results and the scenario."""
    loaded = load(str(file), overrides)
    out = file.parent / "run"
    prepare(out, force=True, resume=False)
    return execute(loaded, out), loaded


def planner_of(results, loaded, days=None):
    return Planner.of(results, loaded, PlanOptions(days))


def recorded_worth(planner):
    """What the market did, valued by the planner."""
    return sum(zone.stages.worth(np.nan_to_num(zone.stages.recorded)) for zone in planner.zones)


def cents(results):
    """How far two sums of welfare may be apart because each unit's is rounded to cents."""
    return 0.01 * len(results.participants) + 1e-9 * abs(physical_welfare(results))
