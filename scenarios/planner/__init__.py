"""The planner: the best schedule of a run's physical system that perfect foresight allows."""

from scenarios.planner.figures import (
    FIGURES,
    STORAGE_FIGURES,
    all_figures,
    planner_figures,
    storage_figures,
)
from scenarios.planner.plan import Plan, plan, scenario_of
from scenarios.planner.planner import PlanOptions

__all__ = [
    "FIGURES",
    "STORAGE_FIGURES",
    "Plan",
    "PlanOptions",
    "all_figures",
    "plan",
    "planner_figures",
    "scenario_of",
    "storage_figures",
]
