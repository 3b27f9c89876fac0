"""A part of a horizon as a program of its own: what is carried in, what is carried out, at prices.

Levels that are carried from one part to the next are paid for: a part pays the price of what it
starts with and earns the price of what it leaves. Its unknowns are the levels it starts with,
then those of its intervals, one interval after the other.
"""

from dataclasses import dataclass, field

import numpy as np

from market import BoolArray, FloatArray, IntArray
from scenarios.planner.directions import burning, directed, tempted
from scenarios.planner.programs import GAP, Extra, LinearProgram, Solved
from scenarios.planner.stages import Stages

ROUGH = 1e-4  # relative gap while directions are still added


@dataclass(frozen=True, slots=True)
class Ends:
    """What a part starts with and what its ends are worth.

    Attributes
    ----------
    low, high : array, shape (C,)
        Bounds of what is carried in, MWh.
    paid, earned : array, shape (C,)
        Price of what is carried in, and of what is left at the end, currency/MWh.
    left : (array, array) or None, shape (C,)
        Bounds of what is left at the end; None: those of every interval.
    target, strength : array or None, shape (C,)
        Level aimed at, and what a MWh off it costs; None: nothing is aimed at.
    """

    low: FloatArray
    high: FloatArray
    paid: FloatArray
    earned: FloatArray
    left: tuple[FloatArray, FloatArray] | None = None
    target: FloatArray | None = None
    strength: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """The best schedule of a part.

    Attributes
    ----------
    schedule : array, shape (K, m)
    prices : array, shape (R, m)
        Of the sums, currency/MWh.
    bound : float
        No schedule of the part is worth more, with its ends paid for.
    """

    schedule: FloatArray
    prices: FloatArray
    bound: float


@dataclass(slots=True)
class Windows:
    """Cuts parts out of a program in stages.

    Attributes
    ----------
    stages : Stages
    unit : float
        MWh that the solver counts as one.
    """

    stages: Stages
    unit: float
    _patterns: dict[int, "_Pattern"] = field(default_factory=dict)

    def solve(self, first: int, last: int, ends: Ends) -> Part | None:
        """Return the best schedule of intervals `first` to `last` - 1; None where there is none.

        A single store that would charge and discharge at once, which burns power and pays where
        prices are negative, is made to choose a direction there; several stores together may
        share their power between both.
        """
        stages, program, gap = self.stages, self._program(first, last, ends), GAP
        solved = program.solve()
        chosen: BoolArray = np.zeros((len(stages.pairs), last - first), np.bool_)
        while solved is not None:
            schedule, prices = self._found(solved, last - first)
            more = burning(stages, schedule, first) & ~chosen
            if not more.any() and gap <= GAP:
                return Part(schedule, prices, solved.bound)
            # Where to choose is found roughly, how to choose then exactly.
            gap = ROUGH if more.any() else GAP
            if more.any():
                chosen |= more | tempted(stages, prices, first)
            solved = directed(stages, program, first, chosen).solve(gap)
        return None

    def _program(self, first: int, last: int, ends: Ends) -> LinearProgram:
        stages, m = self.stages, last - first
        pattern = self._pattern(m)
        rows = slice(first, last)
        low, high, value = (
            each[:, rows].T.copy() for each in (stages.low, stages.high, stages.value)
        )
        value[-1, stages.carried] += ends.earned
        if ends.left is not None:
            low[-1, stages.carried], high[-1, stages.carried] = ends.left
        flat = np.concatenate
        program = LinearProgram(
            low=flat((ends.low, low.ravel())),
            high=flat((ends.high, high.ravel())),
            value=flat((-ends.paid, value.ravel())),
            row_low=stages.row_low[:, rows].T.ravel(),
            row_high=stages.row_high[:, rows].T.ravel(),
            start=pattern.start,
            index=pattern.index,
            number=stages.numbers[:, rows].ravel()[pattern.source],
            unit=self.unit,
        )
        return program if ends.target is None else self._aimed(program, m, ends)

    def _aimed(self, program: LinearProgram, m: int, ends: Ends) -> LinearProgram:
        """Return the program with what is left at the end drawn to a target."""
        assert ends.target is not None  # both are given
        assert ends.strength is not None
        drawn = np.flatnonzero(ends.strength > 0)
        columns = program.low.size
        extras = [
            Extra(
                *(ends.target[place], ends.target[place]),
                (self.stages.column(m - 1, self.stages.carried[place]), above, above + 1),
                (1.0, -1.0, 1.0),
            )
            for place, above in zip(drawn, range(columns, columns + 2 * drawn.size, 2), strict=True)
        ]
        wider = program.extended(extras, 2 * drawn.size, whole=False)
        wider.high[columns:] = np.repeat(
            self.stages.high[self.stages.carried[drawn]].max(axis=1), 2
        )
        wider.value[columns:] = -np.repeat(ends.strength[drawn], 2)
        return wider

    def _found(self, solved: Solved, m: int) -> tuple[FloatArray, FloatArray]:
        """Return schedule and prices, shapes (K, m) and (R, m)."""
        width, sums = len(self.stages.names), len(self.stages.coarse)
        skip = self.stages.carried.size
        schedule = solved.unknowns[skip : skip + m * width].reshape(m, width)
        prices = solved.prices[: m * sums].reshape(m, sums)
        return np.ascontiguousarray(schedule.T), np.ascontiguousarray(prices.T)

    def _pattern(self, m: int) -> "_Pattern":
        if m not in self._patterns:
            self._patterns[m] = _pattern(self.stages, m)
        return self._patterns[m]


@dataclass(frozen=True, slots=True)
class _Pattern:
    """Where the numbers of a part of some length stand, by rows.

    Attributes
    ----------
    start, index : array of int
    source : array of int
        Place of each number among those of the part.
    """

    start: IntArray
    index: IntArray
    source: IntArray


def _pattern(stages: Stages, m: int) -> _Pattern:
    width, sums = len(stages.names), stages.row_low.shape[0]
    t = np.arange(m)
    rows = t * sums + stages.rows[:, None]
    columns = stages.carried.size + (t - stages.lagged[:, None]) * width + stages.columns[:, None]
    first = np.where(stages.lagged)[0]
    columns[first, 0] = stages.place[stages.columns[first]]
    order = np.lexsort((columns.ravel(), rows.ravel()))
    start = np.searchsorted(rows.ravel()[order], np.arange(m * sums + 1))
    return _Pattern(start, columns.ravel()[order], order)
