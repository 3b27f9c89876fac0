"""Storage bids the true opportunity cost of stored energy."""

from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import numpy as np

from agents.order_curves import admit, uncross
from agents.price_chain import FittedChains, PriceChain
from agents.quotes import MarketView, Quotes, strategies
from agents.shapes import Shapes, StorageColumns
from agents.state_plan import StatePlan
from agents.state_values import state_values
from agents.valuation import Values, value_functions
from agents.value_plan import Grids, Plan, Units
from market import FloatArray

# Levels of one unit at most and at least; levels of all distinct units together, about.
MOST_POINTS, FEWEST_POINTS, ALL_POINTS = 128, 48, 6400
# The same where every level has a value in each state of the price.
MOST_WITH_STATES, FEWEST_WITH_STATES, ALL_WITH_STATES = 64, 24, 1200
STATES, STATES_OF_MANY, MANY = 13, 7, 50


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

    With ``prices = "markov"`` the price is a Markov chain around the forecast: its states are
    errors that forecasts made at the same time of day turned out to have, its odds are fitted to
    how errors followed each other (`agents.price_chain`). Each state has a value function of its
    own (`agents.state_values`), and because a clearing price tells the state, a slice is traded
    up to the price that equals its worth in the state of that price (`agents.state_plan`). Until
    14 forecasts of a time of day have known errors the forecast is taken as it is.

    Parameters
    ----------
    horizon_hours : float
        How far ahead prices are looked at.
    replan_hours : float
        How often values are computed anew; blocks are counted from the start of the run.
    grid : int
        Largest number of levels of a unit (it takes between half and all of them); 0 takes 128
        for up to 50 distinct units and fewer, at least 48, for more; half as many with "markov".
    prices : str
        "expected": the forecast is what happens; "markov": a chain around it.
    states : int
        States of the chain, 2 to 50; 0 takes 13 for up to 50 distinct units and 7 for more.
    memory_days : float
        Days after which an error counts half in the fit of the chain.
    noise : float
        How much of the unexplained change of an error counts, from 0 to 2.

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
    prices: Literal["expected", "markov"] = "expected"
    states: int = 0
    memory_days: float = 34.0
    noise: float = 0.6

    _units: Units | None = field(default=None, init=False, repr=False, compare=False)
    _plan: Plan | StatePlan | None = field(default=None, init=False, repr=False, compare=False)
    _chains: FittedChains | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 < self.replan_hours <= self.horizon_hours < np.inf:
            raise ValueError(
                "0 < replan_hours <= horizon_hours is required, got "
                f"replan_hours={self.replan_hours}, horizon_hours={self.horizon_hours}"
            )
        if self.grid != int(self.grid) or (self.grid != 0 and not 8 <= self.grid <= 100_000):
            raise ValueError(f"grid must be 0 or a whole number from 8 to 100000, got {self.grid}")
        if self.prices not in ("expected", "markov"):
            raise ValueError(f'prices must be "expected" or "markov", got {self.prices!r}')
        if self.states != int(self.states) or (self.states != 0 and not 2 <= self.states <= 50):
            raise ValueError(f"states must be 0 or a whole number from 2 to 50, got {self.states}")
        if not 0 < self.memory_days < np.inf:
            raise ValueError(f"memory_days must be above 0, got {self.memory_days}")
        if not 0 <= self.noise <= 2:
            raise ValueError(f"noise must be from 0 to 2, got {self.noise}")

    def quote(self, view: MarketView, fleet: StorageColumns) -> Quotes:
        """Return the orders of all units for interval `view.first`."""
        if self._units is None or self._units.fleet is not fleet:
            self._units, self._plan = Units.of(fleet), None
        plan = self._planned(view, self._units)
        if plan is None:
            return Quotes()
        price, quantity = plan.orders(self._units, view.first - plan.first)
        uncross(price, quantity)
        admit(price, quantity, view.floor, view.cap)
        return Quotes(price[1], quantity[1], price[0], quantity[0])

    def chains(self, view: MarketView) -> FittedChains:
        """Return chains of the forecasts to come; none is fitted yet."""
        length = max(round(self.horizon_hours / view.calendar.hours), 2)
        return FittedChains.of(view.calendar.per_day, length, self.memory_days, self.noise)

    def _planned(self, view: MarketView, units: Units) -> Plan | StatePlan | None:
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
        span, chain = (block, view.first), self._chain(view, units, prices)
        if chain is None:
            values = self._valued(view, units, prices, keep)
            self._plan = Plan.of(units, span, prices[:keep], values)
        else:
            self._plan = self._plan_of(view, units, (prices, chain), span, keep)
        return self._plan

    def _valued(self, view: MarketView, units: Units, prices: FloatArray, keep: int) -> Values:
        due, worth, ruin = _end(view, units.shapes, prices)
        points = self.grid or int(np.clip(ALL_POINTS // len(worth), FEWEST_POINTS, MOST_POINTS))
        return value_functions(due, prices, worth, keep, points, ruin)

    def _chain(self, view: MarketView, units: Units, prices: FloatArray) -> PriceChain | None:
        """Return the chain around a forecast, which it notes; None if too little is known."""
        if self.prices == "expected":
            return None
        if self._chains is None:
            self._chains = self.chains(view)
        many = len(units.shapes.charge) > MANY
        states = self.states or (STATES_OF_MANY if many else STATES)
        self._chains.note(view.first, prices, view.published)
        return self._chains.chain(view.first, states)

    def _plan_of(
        self,
        view: MarketView,
        units: Units,
        belief: tuple[FloatArray, PriceChain],
        span: tuple[int, int],
        keep: int,
    ) -> StatePlan:
        """Return the plan for prices that are a chain around a forecast."""
        forecast, chain = belief
        steps = forecast.size
        low, high = price_range(view, forecast)
        prices = np.clip(forecast[:, None] + chain.errors[:steps], low, high)
        due, worth, ruin = _end(view, units.shapes, prices)
        room = ALL_WITH_STATES // len(worth)
        points = self.grid or int(np.clip(room, FEWEST_WITH_STATES, MOST_WITH_STATES))
        values = state_values(due, (prices, chain.odds[: steps - 1]), (worth, ruin), keep, points)
        return StatePlan(*span, prices[:keep], values, Grids.of(units, values.cells))


def price_range(view: MarketView, forecast: FloatArray) -> tuple[float, float]:
    """Return the lowest price ever published or now expected, and the cap."""
    seen = view.published[np.isfinite(view.published)]
    lowest = min(float(seen.min(initial=np.inf)), float(forecast.min()))
    return max(view.floor, lowest), view.cap


def _end(view: MarketView, shapes: Shapes, prices: FloatArray) -> tuple[Shapes, FloatArray, float]:
    """Return what is due at the end of `prices`, what energy is worth then, and a miss costs."""
    left = view.calendar.n - view.first - len(prices)
    worth = prices.mean() * shapes.efficiency_discharge if left > 0 else 0.0 * shapes.charge
    limits = [abs(p) for p in (view.floor, view.cap) if np.isfinite(p)]
    ruin = 10 * max(*limits, float(np.abs(prices).max()), float(shapes.cycle_cost.max()), 1.0)
    return replace(shapes, target=shapes.target - left * shapes.charge), worth, ruin


def _known_prices(view: MarketView, horizon: int) -> FloatArray:
    """Return the forecast up to `horizon` intervals or the end; prices it misses are its mean."""
    prices = view.price_forecast(max(1, min(horizon, view.calendar.n - view.first)))
    known = np.isfinite(prices)
    if known.all():
        return prices
    return np.where(known, prices, prices[known].mean()) if known.any() else np.empty(0)
