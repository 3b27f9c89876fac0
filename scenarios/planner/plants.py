"""Plants as the planner sees them: wind, sun and rivers, and plants that burn fuel.

Where the market itself went below a least output (a cut of last resort, an outage) or changed
faster than a ramp allows, the limit is what the market did; so its schedule stays possible.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from agents import RenewableFleet, ThermalFleet
from market import WH_PER_MWH, FloatArray
from scenarios.planner.portions import Entry, Portion, Sizes, share
from scenarios.planner.record import Record


@dataclass(frozen=True, slots=True)
class Weather:
    """Output up to what sun, wind or river give, at a cost per MWh."""

    kind: str
    cost: float

    def enter(self, into: Entry, sizes: Sizes) -> None:
        """Enter plants that deliver at most what is there."""
        into.delivered(0.0, sizes["usable"], self.cost, recorded=sizes["recorded"])


def weather_portions(
    fleet: RenewableFleet, record: Record, entries: dict[str, str]
) -> Iterator[Portion]:
    """Yield plants that cannot store; what was out of order is not usable."""
    available, lost = record.of(fleet, "available"), record.of(fleet, "curtailed_outage")
    given, cost = record.of(fleet, "delivered"), fleet.unit_cost()
    for unit, name in enumerate(fleet.names):
        sizes = {
            "available": available[unit],
            "usable": available[unit] - lost[unit],
            "recorded": given[unit],
        }
        yield Portion(name, entries[name], Weather(fleet.kind, float(cost[unit])), sizes)


@dataclass(frozen=True, slots=True)
class Box:
    """Output between a least and a largest one, at a cost per MWh."""

    cost: float

    def enter(self, into: Entry, sizes: Sizes) -> None:
        """Enter plants without memory."""
        into.delivered(sizes["low"], sizes["high"], self.cost, recorded=sizes["recorded"])


@dataclass(frozen=True, slots=True)
class Ramped:
    """The same, and output changes by no more than a ramp.

    Attributes
    ----------
    cost : float
    minimum, ramp : float
        Shares of capacity, so that plants of other sizes can be put together.
    must_run : bool
    """

    cost: float
    minimum: float
    ramp: float
    must_run: bool

    def enter(self, into: Entry, sizes: Sizes) -> None:
        """Enter plants whose output is carried over."""
        start = float(sizes["start"])
        output = into.delivered(
            *(sizes["low"], sizes["high"], self.cost),
            recorded=sizes["recorded"],
            before=(start, start),
        )
        change = into.builder.sum(-sizes["down"], sizes["up"], "drop")
        into.builder.put(change, output, 1.0)
        into.builder.put(change, output, -1.0, lagged=True)


def thermal_portions(
    fleet: ThermalFleet, up: FloatArray, record: Record, entries: dict[str, str]
) -> Iterator[Portion]:
    """Yield plants that burn fuel.

    A plant that must run keeps its least output. One that may switch off is free between nothing
    and its capacity, and starts at its least output at once: a relaxation of on or off.
    """
    plant, recorded, cost = fleet.plant, record.of(fleet, "delivered"), fleet.unit_cost()
    for unit, name in enumerate(fleet.names):
        capacity, minimum = plant.capacity_wh[unit], plant.minimum_wh[unit] / WH_PER_MWH
        most = np.floor(capacity * up[unit]) / WH_PER_MWH
        forced = bool(plant.must_run[unit])
        least = np.minimum(minimum, most) if forced else np.zeros(most.size)
        sizes: Sizes = {
            "low": np.minimum(least, recorded[unit]),
            "high": most,
            "recorded": recorded[unit],
        }
        ramp = float(plant.ramp_wh[unit] / WH_PER_MWH)
        if not np.isfinite(ramp):
            yield Portion(name, entries[name], Box(float(cost[unit])), sizes)
            continue
        whole = capacity / WH_PER_MWH
        form = Ramped(float(cost[unit]), share(minimum, whole), share(ramp, whole), forced)
        steps = _steps(recorded[unit], most, (minimum, ramp, whole), least)
        yield Portion(name, entries[name], form, {**sizes, **steps, "start": minimum})


def _steps(
    recorded: FloatArray,
    most: FloatArray,
    constants: tuple[float, float, float],
    least: FloatArray,
) -> Sizes:
    """Return how far output can rise and fall, MWh.

    A plant that comes back or starts reaches its least output at once, and a failure takes all.
    """
    minimum, ramp, capacity = constants
    change = np.diff(recorded, prepend=minimum)
    before = np.concatenate(([minimum], least[:-1]))
    return {
        "up": np.maximum(np.maximum(ramp, minimum - before), change),
        "down": np.maximum(np.maximum(ramp, capacity - most), -change),
    }
