"""Storage follows an optimal plan that is made anew as time goes on."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from agents.order_curves import SIGN, admit, uncross
from agents.quotes import MarketView, Quotes, strategies
from agents.shapes import Shapes, StorageColumns, shapes_of
from agents.storage_program import StorageProgram
from agents.value_plan import INDIFFERENT
from market import FloatArray, IntArray


@dataclass(slots=True)
class _Plan:
    """What all units do in the intervals up to the next plan; arrays are (steps, 2, n)."""

    first: int
    moves: FloatArray  # bought and sold, Wh
    worth: FloatArray  # the price at which a MWh more would not matter
    prices: FloatArray


@dataclass(slots=True)
class _Units:
    """A fleet relative to its usable energy, and the programs of its distinct shapes."""

    fleet: StorageColumns
    highest: FloatArray
    shapes: Shapes
    column: IntArray
    usable: FloatArray
    programs: dict[tuple[int, int], StorageProgram] = field(default_factory=dict)

    @classmethod
    def of(cls, fleet: StorageColumns) -> "_Units":
        each, usable = shapes_of(fleet)
        shapes, column = each.distinct()
        return cls(fleet, fleet.soc_max_wh, shapes, column, usable)

    def program(self, unit: int, steps: int) -> StorageProgram:
        """Return the program of a unit's shape for a window of `steps`."""
        shape = int(self.column[unit])
        if (shape, steps) not in self.programs:
            self.programs[shape, steps] = StorageProgram(self.shapes, shape, steps)
        return self.programs[shape, steps]

    def levels(self) -> FloatArray:
        """Return the level of each unit after self-discharge, 0 to 1."""
        fleet = self.fleet
        held = fleet.committed_soc * (1 - fleet.self_discharge) - fleet.soc_min_wh
        return np.clip(held / self.usable, 0.0, 1.0)


@strategies.register("rolling_horizon")
@dataclass
class RollingHorizon:
    """Storage: bid around the plan that would be best if the forecast were right.

    Every `replan_hours` a linear program finds the best use of the unit over the next
    `horizon_hours` of expected prices (model predictive control), with both efficiencies, cycle
    cost and self-discharge. Energy left at the end of the window is worth the mean expected price,
    at the end of the run nothing, unless `soc_end` is required; without that value a window of
    a day loses several per cent.

    What the plan buys is bid for at the expected price or at what stored energy is worth in the
    program (the dual of its balance), whichever is higher, and what power is left at the latter;
    what it sells is asked for at the lower of the two, and the rest at the latter. So the plan is
    carried out when prices come as expected or better, and changed where energy is worth more.

    The program is passed to the solver once for each distinct unit; between plans only prices
    and the state of charge change, and the solver goes on from where it was.

    Parameters
    ----------
    horizon_hours, replan_hours : float

    References
    ----------
    Sioshansi, Denholm, Jenkin, Weiss, "Estimating the value of electricity storage in PJM",
    Energy Economics 31 (2009) 269-277: rolling two-week plans, value of left-over energy.
    Huangfu, Hall, "Parallelizing the dual revised simplex method", Mathematical Programming
    Computation 10 (2018) 119-142: the solver.
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"storage"})
    reactive: ClassVar[bool] = True

    horizon_hours: float = 48.0
    replan_hours: float = 1.0

    _units: _Units | None = field(default=None, init=False, repr=False, compare=False)
    _plan: _Plan | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 < self.replan_hours <= self.horizon_hours < np.inf:
            raise ValueError(
                "0 < replan_hours <= horizon_hours is required, got "
                f"replan_hours={self.replan_hours}, horizon_hours={self.horizon_hours}"
            )

    def quote(self, view: MarketView, fleet: StorageColumns) -> Quotes:
        """Return the orders of all units for interval `view.first`."""
        if self._units is None or self._units.fleet is not fleet:
            self._units, self._plan = _Units.of(fleet), None
        plan = self._planned(view, self._units)
        if plan is None:
            return Quotes()
        price, quantity = _orders(plan, fleet, view.first - plan.first)
        uncross(price, quantity)
        admit(price, quantity, view.floor, view.cap)
        return Quotes(price[1], quantity[1], price[0], quantity[0])

    def _planned(self, view: MarketView, units: _Units) -> _Plan | None:
        length = max(round(self.replan_hours / view.calendar.hours), 1)
        plan = self._plan
        if plan is not None and 0 <= view.first - plan.first < min(length, len(plan.prices)):
            return plan
        horizon = round(self.horizon_hours / view.calendar.hours)
        prices = view.price_forecast(max(1, min(horizon, view.calendar.n - view.first)))
        known = np.isfinite(prices)
        if not known.any():
            return None
        prices = np.where(known, prices, prices[known].mean())
        if units.highest is not units.fleet.soc_max_wh:
            units = self._units = _Units.of(units.fleet)
        self._plan = _made(view, units, prices, length)
        return self._plan


def _made(view: MarketView, units: _Units, prices: FloatArray, length: int) -> _Plan:
    """Return the plan of all units, as far as it is kept."""
    keep, fleet = min(length, prices.size), units.fleet
    moves, worth = np.zeros((2, keep, 2, fleet.n))
    left = view.calendar.n - view.first - prices.size
    limits = [abs(p) for p in (view.floor, view.cap) if np.isfinite(p)]
    ruin = 10 * max(*limits, float(np.abs(prices).max()), 1.0)
    for unit, level in enumerate(units.levels().tolist()):
        program, shape = units.program(unit, prices.size), units.column[unit]
        into, out = program.efficiency
        due = units.shapes.target[shape] - left * units.shapes.charge[shape]
        end = (prices.mean() * out if left > 0 else 0.0, float(np.nan_to_num(due, nan=-1.0)), ruin)
        best = program.best(prices, level, end)
        moves[:, 0, unit] = best.bought[:keep] * units.usable[unit]
        moves[:, 1, unit] = best.sold[:keep] * units.usable[unit]
        worth[:, 0, unit] = best.worth[:keep] * into
        worth[:, 1, unit] = best.worth[:keep] / out + program.wear
    return _Plan(view.first, moves, worth, prices[:keep])


def _orders(plan: _Plan, fleet: StorageColumns, step: int) -> tuple[FloatArray, IntArray]:
    """Return prices and quantities of bids (0) and asks (1), shape (2, n, slots)."""
    limit = np.stack((fleet.charge_limit(), fleet.discharge_limit()))
    planned = np.minimum(np.rint(plan.moves[step]).astype(np.int64), limit)
    one = fleet.segments < 2  # a single order is the plan if there is one, or else all
    rest = np.where(one & (planned > 0), 0, limit - planned)
    planned = np.where(one & (planned == 0), rest, planned)
    rest = np.where(one, 0, rest)
    price = np.zeros((2, fleet.n, fleet.ask_slots))
    quantity = np.zeros(price.shape, np.int64)
    worth, expected = plan.worth[step], plan.prices[step]
    eager = np.stack((np.maximum(worth[0], expected), np.minimum(worth[1], expected)))
    price[:, :, 0] = np.where(plan.moves[step] > 0.5, eager, worth - SIGN * INDIFFERENT)
    quantity[:, :, 0] = planned
    if fleet.ask_slots > 1:
        # At exactly its worth the plan would as soon leave it; a whole slice is then too much.
        price[:, :, 1], quantity[:, :, 1] = worth - SIGN * INDIFFERENT, rest
    return price, quantity
