"""The horizon in long steps: what levels are worth, and where they stand, weeks ahead.

Several intervals become one: flows add up, levels are those at its end, ramps have no meaning.
What comes out is not a bound and not a schedule; it only says at which prices and towards which
levels the parts of the horizon are planned.
"""

from dataclasses import replace

import numpy as np

from market import FloatArray, IntArray
from scenarios.planner.stages import Stages


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
    summed = np.array([coarse in ("sum", "law") for coarse in stages.coarse])[:, None]
    at_end = np.array([coarse == "end" for coarse in stages.coarse])[:, None]
    entries = stages.lagged & (np.array(stages.coarse)[stages.rows] == "law")
    mean = total(stages.numbers) / width
    held = -(np.abs(stages.numbers[:, ends]) ** width)
    return replace(
        stages,
        low=low,
        high=high,
        value=total(stages.value * np.maximum(stages.high, 1e-9))
        / total(np.maximum(stages.high, 1e-9)),
        recorded=np.full_like(low, np.nan),
        row_low=np.where(summed, total(stages.row_low), np.where(at_end,stages.row_low[:, ends],-np.inf)),
        row_high=np.where(summed, total(stages.row_high), np.where(at_end,stages.row_high[:, ends],np.inf)),
        numbers=np.where(entries[:, None], held, mean),
        pairs=(),  # over some hours a store may well do both
    )


def levels(stages: Stages) -> IntArray:
    """Return the unknowns that are levels: what a law carries over."""
    laws = np.array([coarse == "law" for coarse in stages.coarse], np.bool_)
    held = stages.lagged & laws[stages.rows]
    return np.unique(stages.columns[held])
