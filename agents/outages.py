"""Forced outages: one SimPy process per fleet sleeps until the next failure or repair.

Times to failure and repair are exponential, each unit from its own stream. Dated outages come
from the scenario. A unit can be out for two reasons at once; it is back when both are over.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

import numpy as np
import simpy

from agents.fleet import Fleet
from market import stream


@dataclass(frozen=True, slots=True)
class FailureRates:
    """Mean times between failures and to repair, hours; infinite mtbf means never."""

    mtbf_hours: float
    mttr_hours: float


@dataclass(frozen=True, slots=True)
class DatedOutage:
    """A planned or scripted outage of one unit, in seconds since the start."""

    unit: int
    start_s: int
    end_s: int


class Outages:
    """The next failures and repairs of a fleet.

    Parameters
    ----------
    fleet : Fleet
    rates : sequence of FailureRates or None, length n
    dated : sequence of DatedOutage
    seed : int
    """

    def __init__(
        self,
        fleet: Fleet,
        rates: Sequence[FailureRates | None],
        dated: Sequence[DatedOutage],
        seed: int,
    ) -> None:
        self._fleet, self._rates = fleet, rates
        self._down = np.zeros(fleet.n, np.int64)
        self._streams = [stream(seed, "outage", name) for name in fleet.names]
        self._queue: list[tuple[int, int, int, bool]] = []
        for unit, rate in enumerate(rates):
            if rate is not None:
                self._schedule(unit, 0, rate.mtbf_hours, 1)
        for outage in dated:
            heappush(self._queue, (outage.start_s, outage.unit, 1, False))
            heappush(self._queue, (outage.end_s, outage.unit, -1, False))
        if self._queue:
            fleet.outages.possible = True

    def process(self, env: simpy.Environment) -> Generator[simpy.Event, Any, None]:
        """Wake at the next failure or repair of the fleet."""
        while self._queue:
            when, unit, step, random = heappop(self._queue)
            if when > env.now:
                yield env.timeout(when - env.now)
            self._change(unit, step, int(env.now))
            if random:
                self._follow(unit, step, int(env.now))

    def _follow(self, unit: int, step: int, now: int) -> None:
        rate = self._rates[unit]
        assert rate is not None  # only units with rates have random events
        hours = rate.mttr_hours if step > 0 else rate.mtbf_hours
        self._schedule(unit, now, hours, -step)

    def _schedule(self, unit: int, now: int, mean_hours: float, step: int) -> None:
        seconds = self._streams[unit].exponential(mean_hours * 3600)
        heappush(self._queue, (now + max(1, round(seconds)), unit, step, True))

    def _change(self, unit: int, step: int, now: int) -> None:
        before = self._down[unit]
        self._down[unit] += step
        if before == 0:
            self._fleet.outages.fail(unit, now)
            self._fleet.up[unit] = 0.0
        elif self._down[unit] == 0:
            self._fleet.outages.repair(unit, now)
            self._fleet.up[unit] = 1.0
