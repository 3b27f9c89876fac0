"""Key figures of the planner: how far a market is from the best that its system could do."""

from math import isfinite, nan

import numpy as np

from market import KeyFigure, Results, physical_welfare
from scenarios.loader import LoadedScenario
from scenarios.planner.plan import PlanOptions, Solution, check_recorded, plan_of, solved
from scenarios.planner.stages import Stages
from scenarios.planner.zones import Zone, zones_of
