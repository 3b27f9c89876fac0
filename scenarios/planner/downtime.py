"""Which units were out of order, and when: the outages of a run once more.

They depend on the seed and on names, not on what the market does, so the outage processes of a
run are put on a clock of their own and give the same hours.
"""

from collections.abc import Sequence

import numpy as np
import simpy

from agents import ComputeFleet, Fleet
from market import FloatArray
from scenarios.expand import UnitSpec
from scenarios.loader import LoadedScenario
from scenarios.simulation import outages_of


def shares_up(
    loaded: LoadedScenario, specs: Sequence[UnitSpec], fleets: Sequence[Fleet]
) -> list[FloatArray]:
    """Return the share of each interval that each unit was not out of order, by fleet.

    Data centres run for a whole interval or not at all, by their state at its end.

    Returns
    -------
    list of array, shape (n, N)
    """
    calendar = loaded.calendar
    by_name = {spec.name: spec for spec in specs}
    env = simpy.Environment(initial_time=-loaded.scenario.market.energy.opening * 60 - 2)
    up = [np.ones((fleet.n, calendar.n)) for fleet in fleets]
    for fleet in fleets:
        env.process(outages_of(loaded, by_name, fleet).process(env))
    failing = [place for place, fleet in enumerate(fleets) if fleet.outages.possible]
    for interval in range(calendar.n) if failing else ():
        end = calendar.second(interval + 1)
        # Failures of the very second of delivery come first, as they do in a run.
        env.run(until=end + 0.5)
        for place in failing:
            up[place][:, interval] = _share(fleets[place], end, calendar.interval_s)
    return up


def _share(fleet: Fleet, end: int, interval_s: int) -> FloatArray:
    if isinstance(fleet, ComputeFleet):
        return (fleet.up > 0).astype(np.float64)
    return fleet.outages.share_up(end, interval_s)
