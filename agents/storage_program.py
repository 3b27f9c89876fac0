"""The best use of one storage unit over a window of prices, as a linear program used again."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.shapes import Shapes
from market import FloatArray


@dataclass(frozen=True, slots=True)
class Moves:
    """What the program finds, for each interval of the window.

    Attributes
    ----------
    bought, sold : array, shape (steps,)
        Grid side, MWh per MWh of usable energy.
    worth : array, shape (steps,)
        Value of one more MWh stored at the end of the interval.
    """

    bought: FloatArray
    sold: FloatArray
    worth: FloatArray


class StorageProgram:
    """The linear program of one shape and one length of window, passed to the solver once.

    Columns are, for each interval, what is bought, sold and held at its end, and what is missing
    of the target at the end of the window; rows are the balance of each interval, and that buying
    and selling together take no more than the whole interval, which keeps a unit that is paid to
    take energy from burning it. Only costs and the first balance change between two plans, so the
    solver starts from the basis it ended with.

    Energy below the usable range loses nothing here.

    Parameters
    ----------
    shapes : Shapes
    row : int
        Which of them.
    steps : int
    """

    def __init__(self, shapes: Shapes, row: int, steps: int) -> None:
        import highspy

        one = shapes.take(np.array([row]))
        self._columns = one.columns()[0]
        self.kept = 1 - float(one.self_discharge[0])
        self.efficiency = float(one.efficiency_charge[0]), float(one.efficiency_discharge[0])
        self.wear = float(one.cycle_cost[0])
        self._limits = (
            float(one.charge[0]) / self.efficiency[0],
            float(one.discharge[0]) * self.efficiency[1],
        )
        self.steps = steps
        self._solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        self._solver.silent()
        self._solver.setOptionValue("threads", 1)
        self._solver.passModel(self._model(highspy))
        self._all = np.arange(3 * steps + 1, dtype=np.int32)
        self._optimal = highspy.HighsModelStatus.kOptimal

    def best(self, prices: FloatArray, level: float, end: tuple[float, float, float]) -> Moves:
        """Return the best moves at `prices` from `level` on.

        Parameters
        ----------
        prices : array, shape (steps,)
        level : float
            State of charge within the usable range, 0 to 1, after self-discharge.
        end : (float, float, float)
            Value of energy left over, per MWh stored; the level due at the end; and the cost of
            a MWh that is missing of it.
        """
        steps, (worth, due, ruin) = self.steps, end
        cost = np.zeros(3 * steps + 1)
        cost[:steps], cost[steps : 2 * steps] = prices, self.wear - prices
        cost[3 * steps - 1], cost[3 * steps] = -worth, ruin
        solver = self._solver
        solver.changeColsCost(cost.size, self._all, cost)
        solver.changeRowBounds(0, level, level)
        solver.changeRowBounds(2 * steps, due, np.inf)
        solver.run()
        if solver.getModelStatus() != self._optimal:
            raise ArithmeticError(f"the solver stopped: {solver.getModelStatus()}")
        found = solver.getSolution()
        values, duals = np.array(found.col_value), np.array(found.row_dual)
        bought, sold = values[:steps], values[steps : 2 * steps]
        burnt = np.minimum(bought * self.efficiency[0], sold / self.efficiency[1])
        return Moves(
            bought=bought - burnt / self.efficiency[0],
            sold=sold - burnt * self.efficiency[1],
            worth=-duals[:steps],
        )

    def _model(self, highspy: Any) -> Any:
        steps, (into, out) = self.steps, self.efficiency
        most_bought, most_sold = self._limits
        entries: list[list[tuple[int, float]]] = []
        for t in range(steps):
            balance = [(t, -into), (steps + t, 1 / out), (2 * steps + t, 1.0)]
            entries.append(balance + ([(2 * steps + t - 1, -self.kept)] if t else []))
        for t in range(steps):
            shares = ((t, most_bought), (steps + t, most_sold))
            entries.append([(column, 1 / most) for column, most in shares if most > 0])
        entries.append([(3 * steps - 1, 1.0), (3 * steps, 1.0)])
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = 3 * steps + 1, 2 * steps + 1
        lp.col_cost_ = np.zeros(3 * steps + 1)
        lp.col_lower_ = np.zeros(3 * steps + 1)
        high = [np.full(steps, most_bought), np.full(steps, most_sold), np.ones(steps)]
        lp.col_upper_ = np.concatenate([*high, [np.inf]])
        lp.row_lower_ = np.concatenate([np.zeros(steps), np.full(steps, -np.inf), [-np.inf]])
        lp.row_upper_ = np.concatenate([np.zeros(steps), np.ones(steps), [np.inf]])
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.cumsum([0, *map(len, entries)])
        lp.a_matrix_.index_ = [column for row in entries for column, _ in row]
        lp.a_matrix_.value_ = [number for row in entries for _, number in row]
        return lp
