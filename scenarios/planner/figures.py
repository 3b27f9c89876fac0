"""Key figures of the planner: how far a market is from the best that its system could do."""

from math import nan

import numpy as np

from market import KeyFigure, Results
from scenarios.loader import LoadedScenario
from scenarios.planner.plan import Plan, plan_of
from scenarios.planner.planner import Planner, PlanOptions
from scenarios.planner.stages import Stages
from scenarios.planner.stores import Battery
from scenarios.planner.zones import Zone

FIGURES = (
    *("planner_welfare_amount", "efficiency", "price_of_anarchy", "planner_gap_amount"),
    *("planner_gap_per_mwh", "planner_bound_pct", "planner_curtailment_mwh"),
    "planner_storage_discharged_mwh",
)
STORAGE_FIGURES = ("planner_storage_value_amount", "storage_captured_pct")
ROUGH = 0.1  # distance of bound and schedule without storage, as a share of the market's gap
CLEAR = 10.0  # a value of storage this many times the distance of bound and schedule can be told


def planner_figures(
    results: Results, loaded: LoadedScenario, options: PlanOptions | None = None
) -> list[KeyFigure]:
    """Return how far a run is from the best that its system could do."""
    planner = Planner.of(results, loaded, options or PlanOptions())
    return _of_plan(plan_of(planner, planner.solve()), planner)


def storage_figures(
    results: Results, loaded: LoadedScenario, options: PlanOptions | None = None
) -> list[KeyFigure]:
    """Return what storage is worth to the planner, and how much of that the market captured."""
    planner = Planner.of(results, loaded, options or PlanOptions())
    return _of_storage(plan_of(planner, planner.solve()), planner)


def all_figures(
    results: Results, loaded: LoadedScenario, options: PlanOptions | None = None
) -> list[KeyFigure]:
    """Return both."""
    planner = Planner.of(results, loaded, options or PlanOptions())
    plan = plan_of(planner, planner.solve())
    return [*_of_plan(plan, planner), *_of_storage(plan, planner)]


def _of_plan(plan: Plan, planner: Planner) -> list[KeyFigure]:
    return [*_of_welfare(plan, planner.results), *_of_energy(plan, planner)]


def _of_welfare(plan: Plan, results: Results) -> list[KeyFigure]:
    money, gap = results.currency, plan.bound - plan.market
    return [
        KeyFigure(
            "planner_welfare_amount",
            plan.bound,
            money,
            "Physical welfare that no schedule of the same system exceeds, with perfect foresight",
        ),
        KeyFigure(
            "efficiency",
            _ratio(plan.market, plan.bound) if plan.bound > 0 else nan,
            "ratio",
            "Physical welfare over that of the planner",
        ),
        KeyFigure(
            "price_of_anarchy",
            _ratio(plan.bound, plan.market) if plan.market > 0 else nan,
            "ratio",
            "Welfare of the planner over that of the market",
        ),
        KeyFigure(
            "planner_gap_amount", gap, money, "Welfare of the planner less that of the market"
        ),
        KeyFigure(
            "planner_gap_per_mwh",
            _ratio(gap, _served(results)),
            f"{money}/MWh",
            "The same per MWh that loads and data centres consumed",
        ),
        KeyFigure(
            "planner_bound_pct",
            _ratio(100 * (plan.bound - plan.welfare), abs(plan.bound)),
            "%",
            "How far the planner's own schedule is below its welfare, which is a bound",
        ),
    ]


def _of_energy(plan: Plan, planner: Planner) -> list[KeyFigure]:
    table = plan.schedule
    batteries = {(zone.name, label) for zone in planner.zones for label in _batteries(zone)}
    stored = [pair in batteries for pair in zip(table["zone"], table["group"], strict=True)]
    figures = [
        KeyFigure(
            "planner_curtailment_mwh",
            float(table["curtailed_mwh"].sum(min_count=1)),
            "MWh",
            "Wind, sun and water that the planner leaves unused, outages included",
        )
    ]
    if batteries:
        figures.append(
            KeyFigure(
                "planner_storage_discharged_mwh",
                float(table.loc[stored, "delivered_mwh"].sum()),
                "MWh",
                "Energy that the planner discharges from storage",
            )
        )
    return figures


def _of_storage(plan: Plan, planner: Planner) -> list[KeyFigure]:
    """Return what storage adds at best, and how much of that the market's use of it adds.

    Both are measured with everything else as the planner would do it: with storage out of use,
    with storage used as the market did, and with storage used as the planner would.
    """
    if not any(_batteries(zone) for zone in planner.zones):
        return []
    enough = ROUGH * (plan.bound - plan.market)
    idle, traded = (
        planner.solve_for([_with(zone, change(zone)) for zone in planner.zones], enough)
        for change in (_idle, _as_traded)
    )
    value = nan if idle is None else plan.bound - idle.bound
    captured = nan
    if idle is not None and traded is not None and value > CLEAR * (plan.bound - plan.welfare):
        captured = _ratio(100 * (traded.bound - idle.bound), value)
    return [
        KeyFigure(
            "planner_storage_value_amount",
            value,
            planner.results.currency,
            "Welfare of the planner less what it would be without storage",
        ),
        KeyFigure(
            "storage_captured_pct",
            captured,
            "%",
            "Share of that which the market's use of storage adds, all else as the planner's",
        ),
    ]


def _idle(zone: Zone) -> Stages:
    """Return the program with storage out of use; its charge is lost or stays."""
    stages = zone.stages
    low, high = stages.low.copy(), stages.high.copy()
    for place, (label, what) in enumerate(stages.names):
        if label in _batteries(zone):
            low[place] = 0.0
            if what in ("consumed", "delivered"):
                high[place] = 0.0
    return stages.within(low, high)


def _as_traded(zone: Zone) -> Stages:
    """Return the program in which storage does what it did in the market."""
    stages = zone.stages
    low, high = stages.low.copy(), stages.high.copy()
    for place, (label, what) in enumerate(stages.names):
        if label in _batteries(zone):
            if what in ("consumed", "delivered"):
                low[place] = high[place] = stages.recorded[place]
            else:
                # What it charges and discharges says it all; rounding must not forbid it.
                low[place], high[place] = -high[place], 2 * high[place]
    return stages.within(low, high)


def _with(zone: Zone, stages: Stages) -> Zone:
    return Zone(zone.name, zone.groups, stages)


def _batteries(zone: Zone) -> set[str]:
    return {group.label for group in zone.groups if isinstance(group.form, Battery)}


def _served(results: Results) -> float:
    """Return what loads and data centres consumed, MWh."""
    units = results.participants
    own = units["kind"].isin(("load", "data_center"))
    return float(np.add.reduce(units.loc[own, "consumed_mwh"].to_numpy(np.float64)))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else nan
