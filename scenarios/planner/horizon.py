"""A long horizon in parts: a bound that holds, and a schedule that is possible."""

from dataclasses import dataclass

import numpy as np

from market import FloatArray, IntArray
from scenarios.planner.coarse import coarsened
from scenarios.planner.stages import Stages
from scenarios.planner.windows import Ends, Part, Windows


def carried_prices(stages: Stages, prices: FloatArray, at: int) -> FloatArray:
    """Return what one MWh more, carried into interval `at`, is worth, shape (C,)."""
    worth = np.zeros(stages.carried.size)
    for entry in np.flatnonzero(stages.lagged):
        place = stages.place[stages.columns[entry]]
        worth[place] -= prices[stages.rows[entry]] * stages.numbers[entry, at]
    return worth
