"""The planner as an appraisal: how far a run is from the best that its system could do.

What storage is worth takes two more solutions, so it is an appraisal of its own.
"""

from scenarios.appraisals.registry import Appraisal, appraisals
from scenarios.planner import FIGURES, STORAGE_FIGURES, planner_figures, storage_figures

UNITS = {"units": True}

appraisals.register("planner")(Appraisal(FIGURES, planner_figures, UNITS))
appraisals.register("planner_storage")(Appraisal(STORAGE_FIGURES, storage_figures, UNITS))
