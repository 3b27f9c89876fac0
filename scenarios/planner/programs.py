"""Linear and mixed-integer programs of the planner, solved by HiGHS, and what proves a bound.

One thread and fixed settings: the same answer every time. The bound does not rest on the solver's
accuracy: any prices of the sums give one (`LinearProgram.bound`), good prices a good one.

References
----------
Huangfu and Hall (2018), "Parallelizing the dual revised simplex method", Mathematical
Programming Computation 10, 119-142.
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from market import FloatArray, IntArray

MONEY = 1000.0  # currency per unit of the solver's objective
GAP = 1e-6  # of a mixed-integer program, relative; the bound is the solver's proven one
MOST_NODES = 5000


class Extra(NamedTuple):
    """A sum that is added to a program: bounds, unknowns and their numbers."""

    low: float
    high: float
    columns: tuple[int, ...]
    numbers: tuple[float, ...]


class Solved(NamedTuple):
    """What the solver found.

    Attributes
    ----------
    unknowns : array, shape (columns,)
    prices : array, shape (rows,)
        What one MWh more on the right side of each sum is worth, currency.
    bound : float
        No choice of the unknowns is worth more, currency.
    """

    unknowns: FloatArray
    prices: FloatArray
    bound: float


@dataclass(frozen=True, slots=True)
class LinearProgram:
    """The largest `value` of unknowns within bounds, with sums within bounds, by rows.

    Attributes
    ----------
    low, high, value : array, shape (columns,)
    row_low, row_high : array, shape (rows,)
    start, index, number : array
        Where each row begins; its columns; its numbers.
    unit : float
        MWh that the solver counts as one.
    whole : array of int
        Unknowns that are 0 or 1.
    """

    low: FloatArray
    high: FloatArray
    value: FloatArray
    row_low: FloatArray
    row_high: FloatArray
    start: IntArray
    index: IntArray
    number: FloatArray
    unit: float = 1.0
    whole: IntArray | None = None

    def solve(self, gap: float = GAP) -> Solved | None:
        """Return the best choice, within a relative gap of it; None where there is none."""
        import highspy

        solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        solver.silent()
        solver.passModel(self._model(highspy))
        states = highspy.HighsModelStatus
        for settings in _LINEAR if self.whole is None else _WHOLE:
            for name, setting in (_SETTINGS | settings | {"mip_rel_gap": gap}).items():
                solver.setOptionValue(name, setting)
            solver.run()
            status = solver.getModelStatus()
            if status == states.kInfeasible and self.whole is None:
                return None
            # A search that is broken off may have found nothing.
            known = solver.getInfo().primal_solution_status == highspy.kSolutionStatusFeasible
            if status == states.kOptimal or (status == states.kSolutionLimit and known):
                return self._solved(solver)
            solver.clearSolver()
        if status == states.kInfeasible:
            return None
        raise ArithmeticError(f"the solver stopped: {solver.modelStatusToString(status)}")

    def bound(self, prices: FloatArray) -> float:
        """Return what no choice exceeds in value, by any prices of the sums (weak duality).

        Each sum is paid for at its price and each unknown keeps what its value is above that;
        both then go to whichever of their bounds is worth most.
        """
        width = np.diff(self.start)
        paid = np.bincount(self.index, np.repeat(prices, width) * self.number, self.low.size)
        left = self.value - paid
        sums = np.where(prices > 0, self.row_high, self.row_low)
        usable = np.isfinite(sums) & (prices != 0)
        rows = prices[usable] * sums[usable]
        # A price that counts on a bound which is not there proves nothing: it is put to zero.
        if not usable.all() and (prices[~usable] != 0).any():
            return self.bound(np.where(usable, prices, 0.0))
        columns = left * np.where(left > 0, self.high, self.low)
        return float(np.add.reduce(rows) + np.add.reduce(columns))

    def extended(self, extras: list[Extra], width: int, whole: bool) -> "LinearProgram":
        """Return the program with `width` more unknowns between 0 and 1, and more sums."""
        columns = self.low.size
        sizes = np.array([len(extra.columns) for extra in extras], np.int64)
        return replace(
            self,
            low=np.concatenate((self.low, np.zeros(width))),
            # Bounds are divided by the unit before the solver sees them; these are numbers.
            high=np.concatenate((self.high, np.full(width, self.unit))),
            value=np.concatenate((self.value, np.zeros(width))),
            row_low=np.concatenate((self.row_low, [extra.low for extra in extras])),
            row_high=np.concatenate((self.row_high, [extra.high for extra in extras])),
            start=np.concatenate((self.start, self.start[-1] + np.cumsum(sizes))),
            index=np.concatenate((self.index, *(np.array(e.columns, np.int64) for e in extras))),
            number=np.concatenate((self.number, *(np.array(e.numbers) for e in extras))),
            whole=np.arange(columns, columns + width) if whole else self.whole,
        )

    def _model(self, highspy: Any) -> Any:
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = self.low.size, self.row_low.size
        lp.col_cost_ = -self.value * (self.unit / MONEY)
        lp.col_lower_, lp.col_upper_ = self.low / self.unit, self.high / self.unit
        lp.row_lower_, lp.row_upper_ = self.row_low / self.unit, self.row_high / self.unit
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = self.start, self.index
        lp.a_matrix_.value_ = self.number
        if self.whole is not None:
            kinds = [highspy.HighsVarType.kContinuous] * self.low.size
            for place in self.whole.tolist():
                kinds[place] = highspy.HighsVarType.kInteger
            lp.integrality_ = kinds
        return lp

    def _solved(self, solver: Any) -> Solved:
        solution = solver.getSolution()
        unknowns = np.array(solution.col_value) * self.unit + 0.0
        if self.whole is None:
            prices = -np.array(solution.row_dual) * (MONEY / self.unit)
            return Solved(unknowns, prices, self.bound(prices))
        return self._priced(unknowns, -float(solver.getInfo().mip_dual_bound) * MONEY)

    def _priced(self, unknowns: FloatArray, bound: float) -> Solved:
        """Return a whole-number solution with the prices that hold once choices are made."""
        assert self.whole is not None  # only then is this asked
        low, high = self.low.copy(), self.high.copy()
        chosen = np.rint(unknowns[self.whole] / self.unit) * self.unit
        low[self.whole] = high[self.whole] = chosen
        fixed = replace(self, low=low, high=high, whole=None).solve()
        if fixed is None:
            raise ArithmeticError("the solver's choice of whole numbers is not possible")
        return Solved(fixed.unknowns, fixed.prices, max(bound, fixed.bound))


_SETTINGS: dict[str, float | int | str | bool] = {
    "threads": 1,
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-9,
    "mip_abs_gap": 1e-9,
    "mip_max_nodes": MOST_NODES,
}
_LINEAR: tuple[dict[str, float | str], ...] = (
    {"presolve": "off"},  # these programs are solved faster without
    {"presolve": "on"},
    {"primal_feasibility_tolerance": 1e-7, "dual_feasibility_tolerance": 1e-7},
)
_WHOLE = (_LINEAR[1], _LINEAR[0], _LINEAR[2])
