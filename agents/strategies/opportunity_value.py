"""Storage bids the true opportunity cost of stored energy."""

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from agents.order_curves import (
    SIGN,
    SIGNS,
    Curve,
    admit,
    best_moves,
    slice_edges,
    slice_slopes,
    uncross,
)
from agents.quotes import MarketView, Quotes, strategies
from agents.shapes import Shapes, StorageColumns, shapes_of
from agents.valuation import Values, value_functions
from market import FloatArray, IntArray

# Levels of one unit at most and at least; levels of all distinct units together, about.
MOST_POINTS, FEWEST_POINTS, ALL_POINTS = 128, 48, 6400

# Who gains the same now and later trades now, for so much (currency/MWh). Else rounding decides
# whether a station that expects a long surplus fills up at its beginning, or finds it over.
INDIFFERENT = 1e-6


@dataclass(slots=True)
class _Units:
    """What quoting needs to know of a fleet while its limits stay what they are."""

    fleet: StorageColumns
    highest: FloatArray
    shapes: Shapes
    column: IntArray
    usable: FloatArray
    slots: IntArray
    kept: FloatArray

    @classmethod
    def of(cls, fleet: StorageColumns) -> "_Units":
        each, usable = shapes_of(fleet)
        shapes, column = each.distinct()
        return cls(
            fleet=fleet,
            highest=fleet.soc_max_wh,
            shapes=shapes,
            column=column,
            usable=usable,
            slots=np.arange(fleet.ask_slots + 1),
            kept=1 - fleet.self_discharge,
        )

    def current(self) -> "_Units":
        """Return the same with the limits that hold now: storage that ages gets new ones."""
        return self if self.highest is self.fleet.soc_max_wh else self.of(self.fleet)


@dataclass(slots=True)
class _Plan:
    """The value functions of one planning block, and constants on their grids."""

    block: int
    first: int
    prices: FloatArray
    values: Values
    column: IntArray
    top: IntArray
    best: FloatArray  # the best grid points of each unit
    per_wh: FloatArray  # cells per Wh stored
    cells: FloatArray  # cells per Wh on the grid side
    factor: FloatArray  # price per slope
    wear: FloatArray

    @classmethod
    def of(
        cls, units: _Units, block: int, first: int, prices: FloatArray, values: Values
    ) -> "_Plan":
        fleet, cells = units.fleet, values.cells[units.column]
        efficiency = np.stack((fleet.efficiency_charge, 1 / fleet.efficiency_discharge))
        per_wh = cells / units.usable
        return cls(
            block=block,
            first=first,
            prices=prices,
            values=values,
            column=units.column[:, None],
            top=cells[:, None] - 1,
            best=values.best[:, :, units.column].astype(np.float64),
            per_wh=per_wh,
            cells=per_wh * efficiency,
            factor=(SIGN * efficiency * cells)[:, :, None],
            wear=np.stack((np.zeros(fleet.n), fleet.cycle_cost))[:, :, None],
        )

    @property
    def length(self) -> int:
        """How many intervals it serves."""
        return len(self.prices)

    def curve(self, step: int) -> Curve:
        """Return the units' values at the end of an interval."""
        return Curve(self.values.values[step], self.column, self.top)

    def best_moves(self, step: int, place: FloatArray, reach: FloatArray) -> FloatArray:
        """Return the best moves at the expected price, in cells, shape (2, n)."""
        if self.values.concave[step]:
            moves: FloatArray = self.best[step] - place
            moves *= SIGN
            np.maximum(moves, 0.0, out=moves)
            np.minimum(moves, reach, out=moves)
            return moves
        rate = (self.prices[step] - self.wear) * SIGNS / self.factor
        return best_moves(self.curve(step), place, reach, rate[:, :, 0])


@strategies.register("opportunity_value")
@dataclass
class OpportunityValue:
    """Storage: bid what stored energy will earn later, ask what it will cost to replace.

    The value of stored energy at the end of the interval comes from backward dynamic programming
    on the fleet's price forecast (`agents.valuation`). A charging slice bids the mean value of
    the energy it stores times the charging efficiency; a discharging slice asks the mean value
    of the energy it takes out, divided by the discharging efficiency, plus the cycle cost. The
    move that is best at the expected price is always a cut between slices, so a correct forecast
    loses nothing. Bids are below asks: no unit is filled on both sides. Until the forecaster
    knows a price there are no orders.

    Energy left at the end of the horizon is valued at the mean expected price; at the end of the
    run it is worth nothing, unless the unit has to end with at least `soc_end`: from there on a
    missing MWh costs more than any price.

    Parameters
    ----------
    horizon_hours : float
        How far ahead prices are looked at.
    replan_hours : float
        How often values are computed anew; blocks are counted from the start of the run.
    grid : int
        Largest number of levels of a unit (it takes between half and all of them); 0 takes 128
        for up to 50 distinct units and fewer, at least 48, for more.

    References
    ----------
    Zheng, Jaworski, Xu, "Arbitraging variable efficiency energy storage using analytical
    stochastic dynamic programming", arXiv 2108.06000.
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"storage"})
    reactive: ClassVar[bool] = True

    horizon_hours: float = 48.0
    replan_hours: float = 24.0
    grid: int = 0

    _units: _Units | None = field(default=None, init=False, repr=False, compare=False)
    _plan: _Plan | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 < self.replan_hours <= self.horizon_hours < np.inf:
            raise ValueError(
                "0 < replan_hours <= horizon_hours is required, got "
                f"replan_hours={self.replan_hours}, horizon_hours={self.horizon_hours}"
            )
        if self.grid != int(self.grid) or (self.grid != 0 and not 8 <= self.grid <= 100_000):
            raise ValueError(f"grid must be 0 or a whole number from 8 to 100000, got {self.grid}")

    def quote(self, view: MarketView, fleet: StorageColumns) -> Quotes:
        """Return the orders of all units for interval `view.first`."""
        if self._units is None or self._units.fleet is not fleet:
            self._units, self._plan = _Units.of(fleet), None
        plan = self._planned(view, self._units)
        if plan is None:
            return Quotes()
        price, quantity = _orders(plan, self._units, view.first - plan.first)
        uncross(price, quantity)
        admit(price, quantity, view.floor, view.cap)
        return Quotes(price[1], quantity[1], price[0], quantity[0])

    def _planned(self, view: MarketView, units: _Units) -> _Plan | None:
        """Return the plan of the block `view.first` is in, made when first asked for."""
        length = max(round(self.replan_hours / view.calendar.hours), 1)
        block, plan = view.first // length, self._plan
        if plan is not None and plan.block == block and 0 <= view.first - plan.first < plan.length:
            return plan
        prices = _known_prices(view, round(self.horizon_hours / view.calendar.hours))
        if prices.size == 0:
            return None
        keep = min((block + 1) * length - view.first, prices.size)
        units = self._units = units.current()
        values = self._valued(view, units, prices, keep)
        self._plan = _Plan.of(units, block, view.first, prices[:keep], values)
        return self._plan

    def _valued(self, view: MarketView, units: _Units, prices: FloatArray, keep: int) -> Values:
        shapes, left = units.shapes, view.calendar.n - view.first - prices.size
        worth = prices.mean() * shapes.efficiency_discharge if left > 0 else 0.0 * shapes.charge
        limits = [abs(p) for p in (view.floor, view.cap) if np.isfinite(p)]
        ruin = 10 * max(*limits, float(np.abs(prices).max()), float(shapes.cycle_cost.max()), 1.0)
        due = replace(shapes, target=shapes.target - left * shapes.charge)
        points = self.grid or int(np.clip(ALL_POINTS // len(worth), FEWEST_POINTS, MOST_POINTS))
        return value_functions(due, prices, worth, keep, points, ruin)


def _known_prices(view: MarketView, horizon: int) -> FloatArray:
    """Return the forecast up to `horizon` intervals or the end; prices it misses are its mean."""
    prices = view.price_forecast(max(1, min(horizon, view.calendar.n - view.first)))
    known = np.isfinite(prices)
    if known.all():
        return prices
    return np.where(known, prices, prices[known].mean()) if known.any() else np.empty(0)


def _orders(plan: _Plan, units: _Units, step: int) -> tuple[FloatArray, IntArray]:
    """Return prices and quantities of bids (0) and asks (1), shape (2, n, slots)."""
    fleet, limit = units.fleet, np.empty((2, len(units.usable)))
    limit[0], limit[1] = fleet.charge_limit(), fleet.discharge_limit()
    place = fleet.committed_soc * units.kept
    place -= fleet.soc_min_wh
    place *= plan.per_wh
    np.maximum(place, 0.0, out=place)
    reach = limit * plan.cells
    best = plan.best_moves(step, place, reach)
    edges = slice_edges(reach, best, fleet.segments, units.slots)
    gain = plan.curve(step).at(place[:, None] + SIGNS * edges)
    slope = slice_slopes(gain, edges, bool(plan.values.concave[step]))
    price = slope * plan.factor
    price += plan.wear
    price += SIGNS * INDIFFERENT
    total = np.rint(edges / plan.cells[:, :, None]).astype(np.int64)
    return price, (total[:, :, 1:] - total[:, :, :-1]) * (slope > -np.inf)
