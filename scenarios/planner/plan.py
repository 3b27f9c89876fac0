"""The planner's schedule of a finished run, its welfare, and the bound on any schedule's."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from market import FloatArray, Results, physical_welfare
from scenarios.loader import LoadedScenario, load_text
from scenarios.planner.planner import Planner, PlanOptions, Solution
from scenarios.planner.plants import Weather
from scenarios.planner.portions import Group
from scenarios.planner.stages import BALANCE, Stages
from scenarios.planner.zones import Zone

if TYPE_CHECKING:
    import pandas as pd


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
    planner = Planner.of(results, loaded or scenario_of(results), options or PlanOptions())
    return plan_of(planner, planner.solve())


def plan_of(planner: Planner, found: Solution) -> Plan:
    """Return a planner's solution as a plan with tables."""
    return Plan(
        market=physical_welfare(planner.results),
        welfare=found.welfare,
        bound=found.bound,
        schedule=_schedule(found, planner.loaded),
        prices=_prices(found, planner.loaded),
    )


def _schedule(found: Solution, loaded: LoadedScenario) -> "pd.DataFrame":
    import pandas as pd

    parts = [
        pd.DataFrame(
            {"start": starts(loaded), "zone": zone.name, "group": group.label}
            | _columns(zone, group, outcome.schedule)
        )
        for zone, outcome in zip(found.zones, found.outcomes, strict=True)
        for group in zone.groups
    ]
    table = pd.concat(parts, ignore_index=True)
    return table.sort_values("start", kind="stable", ignore_index=True)


def _columns(zone: Zone, group: Group, schedule: FloatArray) -> dict[str, FloatArray]:
    """Return what a group does, MWh; NaN where a column does not apply."""
    found = {
        f"{what}_mwh": _column(zone.stages, schedule, group.label, what)
        for what in ("delivered", "consumed", "spilt", "soc")
    }
    curtailed = found.pop("spilt_mwh")
    if isinstance(group.form, Weather):
        curtailed = group.sizes["available"] - found["delivered_mwh"]
    return found | {"curtailed_mwh": curtailed}


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
