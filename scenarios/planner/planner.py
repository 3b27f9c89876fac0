"""The planner of a finished run: its programs, zone by zone, and how they are solved."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from market import ConservationError, Results, physical_welfare
from scenarios.loader import LoadedScenario
from scenarios.planner.horizon import EXCLUDED, Cut, Outcome, at_once, in_parts
from scenarios.planner.stages import BALANCE, Stages
from scenarios.planner.zones import Zone, zones_of

AT_ONCE = 40_000  # unknowns of a program that is not cut into parts
USUAL_PART = 672  # intervals: a week at 15 minutes, four weeks at an hour
AHEAD = 4  # a part looks a fourth of its length beyond its end
TOLERANCE_MWH = 1e-5  # by which recorded energies, in whole Wh, may miss a law of levels


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """How a run is planned.

    Attributes
    ----------
    window_days : float or None
        Length of the parts of a long horizon; None: at once if that is quick, else parts of 672
        intervals (a week at 15 minutes, four weeks at an hour).
    """

    window_days: float | None = None


@dataclass(frozen=True, slots=True)
class Solution:
    """The outcomes of all zones, which are isolated."""

    zones: Sequence[Zone]
    outcomes: Sequence[Outcome]

    @property
    def bound(self) -> float:
        """What no schedule is worth more than, currency."""
        return sum(outcome.bound for outcome in self.outcomes)

    @property
    def welfare(self) -> float:
        """What the schedules are worth, currency."""
        return sum(
            zone.stages.worth(outcome.schedule)
            for zone, outcome in zip(self.zones, self.outcomes, strict=True)
        )


@dataclass(frozen=True)
class Planner:
    """The programs of a run, each of which allows what the market did.

    Attributes
    ----------
    results : Results
        With a row for every interval and unit.
    loaded : LoadedScenario
    options : PlanOptions
    zones : sequence of Zone
    """

    results: Results
    loaded: LoadedScenario
    options: PlanOptions
    zones: Sequence[Zone]

    @classmethod
    def of(cls, results: Results, loaded: LoadedScenario, options: PlanOptions) -> "Planner":
        """Return the planner of a run.

        Raises
        ------
        InputError
            The run did not record every interval of its units, or not what consumption was worth.
        ConservationError
            A program excludes what the market did.
        """
        physical_welfare(results)  # older runs lack what it is made of, and are refused
        planner = cls(results, loaded, options, zones_of(results, loaded))
        for zone in planner.zones:
            planner.check(zone)
        return planner

    def solve(self) -> Solution:
        """Return the best schedules."""
        found = self.solve_for(self.zones)
        if found is None:
            raise ArithmeticError(EXCLUDED)
        return found

    def solve_for(self, zones: Sequence[Zone], enough: float = 0.0) -> Solution | None:
        """Return the best schedules of other programs; None where one of them has none.

        Bound and schedule may be `enough` apart, currency, where a horizon is planned in parts.
        """
        outcomes = [self._outcome(zone, enough) for zone in zones]
        found = [outcome for outcome in outcomes if outcome is not None]
        return Solution(zones, found) if len(found) == len(outcomes) else None

    def check(self, zone: Zone) -> None:
        """Raise `ConservationError` unless a program allows what the market did."""
        stages = zone.stages
        unknowns = [" ".join(name) for name in stages.names]
        sums = [_about(stages, row) for row in range(stages.row_low.shape[0])]
        breaches = stages.breaches(stages.recorded)
        for wrong, labels in zip(breaches, (unknowns, sums), strict=True):
            if wrong.max(initial=0.0) > TOLERANCE_MWH:
                place, interval = (int(at) for at in np.unravel_index(wrong.argmax(), wrong.shape))
                raise ConservationError(
                    f"{self.loaded.calendar.time(interval).isoformat()}, zone {zone.name}, "
                    f"{labels[place]}: the planner's program excludes what the market did, by "
                    f"{wrong.max():g} MWh"
                )

    def _outcome(self, zone: Zone, enough: float) -> Outcome | None:
        stages, days = zone.stages, self.options.window_days
        length = USUAL_PART
        if days is not None:
            length = max(1, round(days * 24 / self.loaded.calendar.hours))
        if length >= stages.n or (days is None and stages.low.size <= AT_ONCE):
            return at_once(stages)
        cut = Cut(length, -(-length // AHEAD), self._reached(zone.name), enough)
        return in_parts(stages, cut)

    def _reached(self, zone: str) -> float:
        """Return the market's welfare of a zone, currency."""
        units = self.results.participants
        own = units[units["zone"].astype(str) == zone]
        value, cost = own["value_amount"].fillna(0), own["variable_cost_amount"].fillna(0)
        return float(value.sum() - cost.sum())


def _about(stages: Stages, row: int) -> str:
    """Return what a sum is about: the balance of the zone, or some unknowns of a group."""
    if row == BALANCE:
        return "balance"
    own = [stages.names[column] for column in stages.columns[stages.rows == row].tolist()]
    return f"{own[0][0]}: {', '.join(dict.fromkeys(what for _, what in own))}"
