"""The planner's schedule of a finished run, its welfare, and the bound on any schedule's."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from market import ConservationError, FloatArray, Results, physical_welfare
from scenarios.loader import LoadedScenario, load_text
from scenarios.planner.horizon import Cut, Outcome, at_once, in_parts
from scenarios.planner.plants import Weather
from scenarios.planner.stages import Stages
from scenarios.planner.stores import Reservoir
from scenarios.planner.zones import BALANCE, Zone, zones_of

if TYPE_CHECKING:
    import pandas as pd

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


@dataclass(frozen=True)
class Plan:
    """What perfect foresight makes of a run's physical system.

    Attributes
    ----------
    market : float
        Physical welfare of the run, currency.
    welfare : float
        Of the planner's schedule, currency.
    bound : float
        No schedule has a higher welfare; equal to `welfare`, but for rounding, where the horizon
        is planned at once.
    schedule : DataFrame
        A row per interval and group of like units: ``start``, ``zone``, ``group``,
        ``delivered_mwh``, ``consumed_mwh``, ``curtailed_mwh``, ``soc_mwh``; NaN where a column
        does not apply.
    prices : DataFrame
        A row per interval and zone: ``start``, ``zone``, ``price``, what one MWh more would cost.
    """

    market: float
    welfare: float
    bound: float
    schedule: "pd.DataFrame"
    prices: "pd.DataFrame"


@dataclass(frozen=True, slots=True)
class Solution:
    """The outcomes of all zones."""

    zones: Sequence[Zone]
    outcomes: Sequence[Outcome]

    @property
    def bound(self) -> float:
        """Currency, all zones."""
        return sum(outcome.bound for outcome in self.outcomes)

    @property
    def welfare(self) -> float:
        """Currency, all zones."""
        return sum(
            zone.stages.worth(outcome.schedule)
            for zone, outcome in zip(self.zones, self.outcomes, strict=True)
        )


def scenario_of(results: Results, data_dir: Path | None = None) -> LoadedScenario:
    """Return the scenario of a finished run, from its run.json.

    Parameters
    ----------
    results : Results
    data_dir : Path, optional
        Where data files are looked for; by default where the run looked.
    """
    run = results.run
    known = run.get("data_dir")
    directory = data_dir if data_dir is not None else (Path(known) if known else None)
    return load_text(run["text"], Path(run.get("base_dir") or ""), directory, run["seed"])


def plan(
    results: Results, loaded: LoadedScenario | None = None, options: PlanOptions | None = None
) -> Plan:
    """Return the welfare-optimal schedule of a run's physical system under perfect foresight.

    Parameters
    ----------
    results : Results
        Of a finished run with ``[recording] units = true``.
    loaded : LoadedScenario, optional
        The scenario that gave them; by default read from run.json.
    options : PlanOptions, optional

    Raises
    ------
    InputError
        The run did not record every interval of its units.
    """
    loaded = loaded or scenario_of(results)
    zones = zones_of(results, loaded)
    check_recorded(zones, loaded)
    found = solved(zones, results, loaded, options or PlanOptions())
    if found is None:
        raise ArithmeticError("the planner's program excludes what the market did")
    return Plan(
        market=physical_welfare(results),
        welfare=found.welfare,
        bound=found.bound,
        schedule=_schedule(found, loaded),
        prices=_prices(found, loaded),
    )


def solved(
    zones: Sequence[Zone], results: Results, loaded: LoadedScenario, options: PlanOptions
) -> Solution | None:
    """Return the best schedules of all zones; None where one has none."""
    outcomes = []
    for zone in zones:
        outcome = _outcome(zone, _reached(results, zone.name), loaded, options)
        if outcome is None:
            return None
        outcomes.append(outcome)
    return Solution(zones, outcomes)


def check_recorded(zones: Sequence[Zone], loaded: LoadedScenario) -> None:
    """Raise `ConservationError` unless each program allows what the market did."""
    for zone in zones:
        stages = zone.stages
        names = [" ".join(name) for name in stages.names], [_about(stages, row) for row in range(
            stages.row_low.shape[0])]
        for wrong, labels in zip(stages.breaches(stages.recorded), names, strict=True):
            if wrong.max(initial=0.0) > TOLERANCE_MWH:
                place, interval = (int(at) for at in np.unravel_index(wrong.argmax(), wrong.shape))
                raise ConservationError(
                    f"{loaded.calendar.time(interval).isoformat()}, zone {zone.name}, "
                    f"{labels[place]}: the planner's program excludes what the market did, by "
                    f"{wrong.max():g} MWh"
                )


def _about(stages: Stages, row: int) -> str:
    """Return what a sum is about: the balance of the zone, or some unknowns of a group."""
    if row == BALANCE:
        return "balance"
    own = [stages.names[column] for column in stages.columns[stages.rows == row].tolist()]
    return f"{own[0][0]}: {', '.join(dict.fromkeys(what for _, what in own))}"


def _outcome(
    zone: Zone, reached: float, loaded: LoadedScenario, options: PlanOptions
) -> Outcome | None:
    stages, calendar = zone.stages, loaded.calendar
    length = USUAL_PART
    if options.window_days is not None:
        length = max(1, round(options.window_days * 24 / calendar.hours))
    if length >= stages.n or (options.window_days is None and stages.low.size <= AT_ONCE):
        return at_once(stages)
    return in_parts(stages, Cut(length, -(-length // AHEAD), reached))


def _reached(results: Results, zone: str) -> float:
    """Return the market's welfare of a zone, currency."""
    units = results.participants
    own = units[units["zone"].astype(str) == zone]
    value, cost = own["value_amount"].fillna(0), own["variable_cost_amount"].fillna(0)
    return float(value.sum() - cost.sum())


def _schedule(found: Solution, loaded: LoadedScenario) -> "pd.DataFrame":
    import pandas as pd

    parts = []
    for zone, outcome in zip(found.zones, found.outcomes, strict=True):
        for group in zone.groups:
            columns = {
                f"{what}_mwh": _column(zone.stages, outcome.schedule, group.label, what)
                for what in ("delivered", "consumed", "soc")
            }
            curtailed = np.full(zone.stages.n, np.nan)
            if isinstance(group.form, Weather):
                curtailed = group.sizes["available"] - columns["delivered_mwh"]
            elif isinstance(group.form, Reservoir):
                curtailed = _column(zone.stages, outcome.schedule, group.label, "spilt")
            parts.append(
                pd.DataFrame(
                    {
                        "start": starts(loaded),
                        "zone": zone.name,
                        "group": group.label,
                        **columns,
                        "curtailed_mwh": curtailed,
                    }
                )
            )
    table = pd.concat(parts, ignore_index=True)
    return table.sort_values("start", kind="stable", ignore_index=True)


def _column(stages: Stages, schedule: FloatArray, label: str, what: str) -> FloatArray:
    """Return what a group does, its parts added up; NaN where it does no such thing."""
    rows = [place for place, name in enumerate(stages.names) if name == (label, what)]
    if not rows:
        return np.full(stages.n, np.nan)
    return np.asarray(np.add.reduce(schedule[rows], axis=0))


def _prices(found: Solution, loaded: LoadedScenario) -> "pd.DataFrame":
    import pandas as pd

    parts = [
        pd.DataFrame(
            {
                "start": starts(loaded),
                "zone": zone.name,
                "price": 0.0 - outcome.prices[BALANCE],
            }
        )
        for zone, outcome in zip(found.zones, found.outcomes, strict=True)
    ]
    table = pd.concat(parts, ignore_index=True)
    return table.sort_values("start", kind="stable", ignore_index=True)


def starts(loaded: LoadedScenario) -> "pd.DatetimeIndex":
    """Return the starts of all intervals, on the run's clock."""
    import pandas as pd

    calendar = loaded.calendar
    seconds = pd.to_datetime(calendar.epoch_seconds(), unit="s", utc=True)
    return seconds.tz_convert(calendar.start.tzinfo)
