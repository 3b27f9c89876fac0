"""Stores that would charge and discharge at once, and how they are made to choose.

To do both burns power in the losses, which pays where prices are negative and which no single
store can do. Several of them can, one against the other: put together, they share their power
between both directions.
"""

import numpy as np

from market import BoolArray, FloatArray
from scenarios.planner.programs import Extra, LinearProgram
from scenarios.planner.stages import BALANCE, Pair, Stages

FREE = 1e-6  # currency/MWh; a price closer to zero is zero
BOTH = 1e-7  # share of a store's power; less of both directions at once is rounding


def burning(stages: Stages, schedule: FloatArray, first: int) -> BoolArray:
    """Return where stores do both at once, shape (pairs, m)."""
    found = np.zeros((len(stages.pairs), schedule.shape[1]), np.bool_)
    for place, pair in enumerate(stages.pairs):
        most = _most(stages, pair, first, schedule.shape[1])
        used = schedule[[pair.charge, pair.discharge]] / np.maximum(most, BOTH)
        both = used.min(axis=0) > BOTH
        found[place] = both if pair.single else both & (used.sum(axis=0) > 1 + BOTH)
    return found


def tempted(stages: Stages, prices: FloatArray, first: int) -> BoolArray:
    """Return where stores could gain by doing both: the price of energy is negative."""
    # The price of the balance is what one MWh more to deliver is worth.
    below = prices[BALANCE] > FREE
    found = np.zeros((len(stages.pairs), below.size), np.bool_)
    for place, pair in enumerate(stages.pairs):
        found[place] = below & (_most(stages, pair, first, below.size).min(axis=0) > 0)
    return found


def directed(
    stages: Stages, program: LinearProgram, first: int, chosen: BoolArray
) -> LinearProgram:
    """Return the program of a part in which stores choose a direction where `chosen`.

    A single store has a choice of 0 or 1: charge <= most x choice, discharge <= most x (1 -
    choice). Several have charge / most + discharge / most <= 1.
    """
    extras: list[Extra] = []
    choices = 0
    for place, row in zip(*(part.tolist() for part in np.nonzero(chosen)), strict=True):
        pair = stages.pairs[place]
        charge, discharge = stages.column(row, pair.charge), stages.column(row, pair.discharge)
        into, out = _most(stages, pair, first + row, 1)[:, 0].tolist()
        if not pair.single:
            extras.append(Extra(-np.inf, into, (charge, discharge), (1.0, into / out)))
            continue
        choice = program.low.size + choices
        choices += 1
        extras += [
            Extra(-np.inf, 0.0, (charge, choice), (1.0, -into / program.unit)),
            Extra(-np.inf, out, (discharge, choice), (1.0, out / program.unit)),
        ]
    return program.extended(extras, choices, whole=choices > 0)


def _most(stages: Stages, pair: Pair, first: int, count: int) -> FloatArray:
    """Return what a store can charge and discharge in some intervals, shape (2, count)."""
    return stages.high[[pair.charge, pair.discharge], first : first + count]
