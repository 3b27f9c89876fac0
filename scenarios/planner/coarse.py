"""The horizon in long steps: what levels are worth, and where they stand, weeks ahead.

Several intervals become one: flows add up, levels are those at its end, ramps have no meaning.
What comes out is not a bound and not a schedule; it only says at which prices and towards which
levels the parts of the horizon are planned.
"""

from dataclasses import replace

import numpy as np

from market import FloatArray, IntArray
from scenarios.planner.stages import Stages

LEAST_WEIGHT = 1e-9  # MWh


def coarsened(stages: Stages, step: int) -> Stages:
    """Return the program with `step` intervals in one, the last one maybe shorter."""
    starts = np.arange(0, stages.n, step)
    ends = np.minimum(starts + step, stages.n) - 1
    width = (ends - starts + 1).astype(np.float64)

    def total(values: FloatArray) -> FloatArray:
        return np.asarray(np.add.reduceat(values, starts, axis=1))

    flows = np.isin(np.arange(len(stages.names)), levels(stages), invert=True)[:, None]
    low = np.where(flows, total(stages.low), stages.low[:, ends])
    high = np.where(flows, total(stages.high), stages.high[:, ends])
    # The value of a flow is weighted with how much of it there may be.
    weight = np.maximum(stages.high, LEAST_WEIGHT)
    held = -(np.abs(stages.numbers[:, ends]) ** width)
    laws = stages.lagged & np.array([coarse == "law" for coarse in stages.coarse])[stages.rows]
    return replace(
        stages,
        low=low,
        high=high,
        value=total(stages.value * weight) / total(weight),
        recorded=np.full_like(low, np.nan),
        row_low=_limits(stages.row_low, stages, (total(stages.row_low), ends), -np.inf),
        row_high=_limits(stages.row_high, stages, (total(stages.row_high), ends), np.inf),
        numbers=np.where(laws[:, None], held, total(stages.numbers) / width),
        pairs=(),  # over some hours a store may well do both
    )


def _limits(
    limits: FloatArray, stages: Stages, summed: tuple[FloatArray, IntArray], none: float
) -> FloatArray:
    """Return the limits of sums over long steps: of the step as a whole, at its end, or none."""
    total, ends = summed
    kind = np.array(stages.coarse)[:, None]
    added = (kind == "sum") | (kind == "law")
    return np.where(added, total, np.where(kind == "end", limits[:, ends], none))


def levels(stages: Stages) -> IntArray:
    """Return the unknowns that are levels: what a law carries over."""
    laws = np.array([coarse == "law" for coarse in stages.coarse], np.bool_)
    held = stages.lagged & laws[stages.rows]
    return np.unique(stages.columns[held])
