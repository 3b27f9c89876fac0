"""Linear, quadratic and mixed-integer programs, solved by HiGHS.

References
----------
Huangfu and Hall (2018), "Parallelizing the dual revised simplex method", Mathematical
Programming Computation 10, 119-142.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from market.units import FloatArray, IntArray

TOLERANCE = 1e-9  # of rows and bounds; programs are written with numbers of the order of one


class Program:
    """Columns with bounds and a value each, rows with bounds: the largest total value is sought.

    Examples
    --------
    Two goods worth 3 and 2, at most one and a half of both together, whole pieces only.

    >>> program = Program()
    >>> goods = program.columns(2, 0.0, 1.0, value=[3.0, 2.0], whole=True)
    >>> together = program.rows(1, -np.inf, 1.5)
    >>> program.put(together, goods, 1.0)
    >>> program.solve()
    array([1., 0.])
    """

    def __init__(self) -> None:
        self._columns: list[tuple[FloatArray, ...]] = []
        self._rows: list[tuple[FloatArray, ...]] = []
        self._entries: list[tuple[IntArray, IntArray, FloatArray]] = []
        self._width = 0
        self._height = 0

    def columns(
        self,
        n: int,
        low: ArrayLike,
        high: ArrayLike,
        *,
        value: ArrayLike = 0.0,
        square: ArrayLike = 0.0,
        whole: bool = False,
    ) -> IntArray:
        """Add `n` unknowns worth `value` z - `square` z^2 each; return their positions."""
        self._columns.append(_spread(n, low, high, value, square, float(whole)))
        self._width += n
        return np.arange(self._width - n, self._width)

    def rows(self, n: int, low: ArrayLike, high: ArrayLike) -> IntArray:
        """Add `n` sums that must lie within bounds; return their positions."""
        self._rows.append(_spread(n, low, high))
        self._height += n
        return np.arange(self._height - n, self._height)

    def put(self, rows: ArrayLike, columns: ArrayLike, coefficients: ArrayLike) -> None:
        """Enter unknowns into sums; each pair of row and column once."""
        row, column, number = np.broadcast_arrays(rows, columns, coefficients)
        used = number != 0
        self._entries.append((row[used], column[used], number[used].astype(np.float64)))

    def solve(self) -> FloatArray | None:
        """Return the unknowns at the largest value; None where nothing satisfies all rows."""
        import highspy

        solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        solver.silent()
        solver.passModel(self._model(highspy))
        states = highspy.HighsModelStatus
        # HiGHS (1.15) calls some mixed-integer programs infeasible that are not, most of them with
        # presolve or where quantities differ by many orders of magnitude.
        for settings in _WHOLE if self._is_whole() else _PLAIN:
            for name, setting in (_SETTINGS | settings).items():
                solver.setOptionValue(name, setting)
            solver.clearSolver()
            solver.run()
            status = solver.getModelStatus()
            if status == states.kInfeasible and not self._is_whole():
                return None
            if status == states.kOptimal:
                # Adding zero turns minus zero into zero.
                found: FloatArray = np.array(solver.getSolution().col_value) + 0.0
                return found
        if status == states.kInfeasible:
            return None
        raise ArithmeticError(f"the solver stopped: {solver.modelStatusToString(status)}")

    def value(self, found: FloatArray) -> float:
        """Return what the unknowns `found` are worth together, squares left out."""
        return float(np.add.reduce(_joined(self._columns, 5)[2] * found))

    def _is_whole(self) -> bool:
        return any(bool(whole.any()) for *_, whole in self._columns)

    def _model(self, highspy: Any) -> Any:
        """Return the program as HiGHS takes it, by rows."""
        low, high, value, square, whole = _joined(self._columns, 5)
        model = highspy.HighsModel()
        lp = model.lp_
        lp.num_col_, lp.num_row_ = self._width, self._height
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = -value, low, high
        lp.row_lower_, lp.row_upper_ = _joined(self._rows, 2)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = self._by_rows()
        if whole.any():
            kinds = highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger
            lp.integrality_ = [kinds[int(each)] for each in whole.tolist()]
        curved = np.flatnonzero(square)
        if curved.size:
            model.hessian_.dim_ = self._width
            model.hessian_.format_ = highspy.HessianFormat.kTriangular
            model.hessian_.start_ = curved.searchsorted(np.arange(self._width + 1))
            model.hessian_.index_, model.hessian_.value_ = curved, 2 * square[curved]
        return model

    def _by_rows(self) -> tuple[IntArray, IntArray, FloatArray]:
        """Return where each row starts, its columns and its coefficients."""
        if not self._entries:
            return np.zeros(self._height + 1, np.int64), np.empty(0, np.int64), np.empty(0)
        row, column, number = (np.concatenate(part) for part in zip(*self._entries, strict=True))
        order = np.lexsort((column, row))
        start = row[order].searchsorted(np.arange(self._height + 1))
        return start, column[order], number[order]


_SETTINGS: dict[str, float | int | str | bool] = {
    # One thread and no gap: the same answer on every machine, and the best one.
    "threads": 1,
    "mip_rel_gap": 0.0,
    "mip_abs_gap": 1e-9,
    "mip_feasibility_tolerance": TOLERANCE,
    "primal_feasibility_tolerance": TOLERANCE,
    "dual_feasibility_tolerance": TOLERANCE,
    "qp_regularization_value": 0.0,
    # The search is short; early heuristics took five times as long as all the rest.
    "mip_heuristic_effort": 0.0,
    "mip_heuristic_run_rins": False,
    "mip_heuristic_run_rens": False,
    "mip_heuristic_run_root_reduced_cost": False,
    "mip_heuristic_run_feasibility_jump": False,
}
_WHOLE: tuple[dict[str, float | str], ...] = (
    {"presolve": "off"},
    {"presolve": "off", "mip_feasibility_tolerance": 1e-6},
    {"presolve": "on"},
)
_LOOSE = {"primal_feasibility_tolerance": 1e-7, "dual_feasibility_tolerance": 1e-7}
_PLAIN: tuple[dict[str, float | str], ...] = (
    {},
    {**_LOOSE},
    {**_LOOSE, "qp_regularization_value": 1e-7},
)


def _spread(n: int, *parts: ArrayLike) -> tuple[FloatArray, ...]:
    """Return each part as `n` numbers."""
    return tuple(np.broadcast_to(np.asarray(part, np.float64), n) for part in parts)


def _joined(parts: list[tuple[FloatArray, ...]], n: int) -> list[FloatArray]:
    if not parts:
        return [np.empty(0)] * n
    return [np.concatenate(part) for part in zip(*parts, strict=True)]
