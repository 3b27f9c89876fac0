"""What every fleet does: look ahead, quote, take an award, deliver.

A fleet is all units of one kind in one zone that share a strategy and a forecaster, as columns.
Nothing here knows the clock; the processes in `agents.processes` call at the right instants.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, ClassVar

import numpy as np

from agents.quotes import MarketView, PriceForecaster, Quotes, Standing, Strategy
from market import (
    BookTop,
    BoolArray,
    Calendar,
    DailyDraws,
    FleetBlock,
    FloatArray,
    IntArray,
    ServiceForm,
)


@dataclass(frozen=True, slots=True)
class FleetUnits:
    """Who the units of a fleet are, and how they decide.

    Attributes
    ----------
    kind, zone : str
    names, owners : list of str, length n
    strategy : Strategy
    calendar : Calendar
    seed : int
    forecaster : PriceForecaster or None
        Of prices, for kinds that need one.
    green_only : list of bool, length n
        Who buys clean energy only; empty: nobody.
    """

    kind: str
    zone: str
    names: list[str]
    owners: list[str]
    strategy: Strategy
    calendar: Calendar
    seed: int
    forecaster: PriceForecaster | None = None
    green_only: list[bool] = field(default_factory=list)


class Fleet:
    """Base of all fleets; a kind overrides what its physics needs.

    Attributes
    ----------
    ask_slots, bid_slots : int
        Orders per unit on each side.
    stateful : bool
        True: what can be quoted depends on what was awarded before, so it is asked per interval.
    balances : bool
        True: the system operator may call its unused offers or turn it down.
    clean : bool
        True: what it sells is clean energy.
    up : array, shape (n,)
        Share of each unit that is not out of order.
    """

    ask_slots = 1
    bid_slots = 0
    clean = False
    stateful: ClassVar[bool] = False
    balances: ClassVar[bool] = True

    def __init__(self, units: FleetUnits) -> None:
        self.kind, self.zone = units.kind, units.zone
        self.names, self.owners = units.names, units.owners
        self.n = len(units.names)
        self.strategy, self.calendar, self.seed = units.strategy, units.calendar, units.seed
        self.forecaster = units.forecaster
        self.green_only = units.green_only or [False] * self.n
        self.stations, self.uses = [""] * self.n, [""] * self.n
        self.up = np.ones(self.n)
        self.outages = Downtime(self.n)
        self.block: FleetBlock | None = None
        self._draws: dict[tuple[str, ...], DailyDraws] = {}

    @property
    def per_interval(self) -> bool:
        """True when orders are asked for interval by interval."""
        return self.stateful or self.strategy.reactive

    def uniform(self, view: MarketView, slots: int, *purpose: str) -> FloatArray:
        """Return draws in [0, 1), shape (count, n, slots), each order from its own stream.

        An interval has the same draws however often it is quoted, so that a change of rules
        within a day leaves all others alone. Each `purpose` has draws of its own. Days are asked
        for in order.
        """
        if purpose not in self._draws:
            names = [
                ("strategy", name, str(slot), *purpose)
                for name in self.names
                for slot in range(slots)
            ]
            self._draws[purpose] = DailyDraws(self.seed, names, self.calendar.per_day)
        day, row = divmod(view.first, self.calendar.per_day)
        draws = self._draws[purpose].of(day)[row : row + view.count]
        return draws.reshape(-1, self.n, slots)

    # --- before the gate -------------------------------------------------------------------

    def look_ahead(self, block: FleetBlock) -> None:
        """Fill what is known of a block before its first gate (resource, forecast)."""
        self.block = block

    def true_quotes(self, view: MarketView) -> Quotes:
        """Return what the units could trade at their true marginal cost or value."""
        raise TypeError(f"{self.kind} has no marginal cost of its own; it needs a strategy")

    def quote(self, block: FleetBlock, view: MarketView) -> None:
        """Ask the strategy and write its orders into the block."""
        rows = slice(view.first - block.first, view.first - block.first + view.count)
        quotes = self.strategy.quote(view, self.strategy_subject())
        for price, quantity, prices, quantities in (
            (quotes.ask_price, quotes.ask_quantity, block.ask_price, block.ask_quantity),
            (quotes.bid_price, quotes.bid_quantity, block.bid_price, block.bid_quantity),
        ):
            if quantity is None or quantities.shape[2] == 0:
                quantities[rows] = 0
                continue
            shown, wanted = prices[rows], quantities[rows]
            shown[...] = _per_slot(price, shown.shape)
            wanted[...] = _per_slot(quantity, shown.shape)
            _reject_invalid(shown, wanted)

    def strategy_subject(self) -> Any:
        """Return what the strategy is shown: this fleet, unless a kind says otherwise."""
        return self

    def reduce_for_outages(self, block: FleetBlock, row: int) -> None:
        """Withdraw orders of units that are out of order when the gate opens."""
        if self.outages.possible and (self.up < 1).any():
            for quantity in (block.ask_quantity, block.bid_quantity):
                quantity[row] = np.floor(quantity[row] * self.up[:, None])

    # --- while the gate is open --------------------------------------------------------------

    @property
    def revises(self) -> bool:
        """True when orders may change while a continuous market trades."""
        return self.outages.possible or hasattr(self.strategy, "revise")

    def revise(self, block: FleetBlock, view: MarketView, book: BookTop, step: int) -> None:
        """Ask the strategy for new prices of what has not traded, and withdraw failed units.

        A revision may change prices and take quantity back, never add any: what a unit may trade
        was settled when the gate opened.
        """
        row = view.first - block.first
        asks, bids = block.ask_quantity[row], block.bid_quantity[row]
        sold, bought = block.ask_fill[row], block.bid_fill[row]
        if hasattr(self.strategy, "revise"):
            standing = Standing(step, book, asks - sold, bids - bought)
            quotes = self.strategy.revise(view, self.strategy_subject(), standing)
            _change(block.ask_price[row], asks, sold, quotes.ask_price, quotes.ask_quantity)
            _change(block.bid_price[row], bids, bought, quotes.bid_price, quotes.bid_quantity)
        failed = self.up == 0
        asks[failed], bids[failed] = sold[failed], bought[failed]

    def answer(self, form: ServiceForm, block: FleetBlock, units: slice) -> None:
        """Bid for storage service, or offer it; `units` are the fleet's places in the form."""

    # --- after the gate --------------------------------------------------------------------

    def award(self, block: FleetBlock, row: int) -> None:
        """Commit to what was sold and bought in the row."""

    def meter(self, block: FleetBlock, row: int) -> bool:
        """Write what can be delivered and consumed; return whether it differs from the market."""
        return False

    def share_up(self, block: FleetBlock, row: int) -> FloatArray | float:
        """Return the share of the interval that each unit was not out of order; ask once."""
        if not self.outages.possible:
            return 1.0
        end = self.calendar.second(block.first + row + 1)
        return self.outages.share_up(end, self.calendar.interval_s)

    def flexibility(self, block: FleetBlock, row: int) -> tuple[IntArray, IntArray]:
        """Return how far delivery can go up and down from what was metered, Wh, shape (n,)."""
        zero = np.zeros(self.n, np.int64)
        return zero, zero

    def interruptible(self, block: FleetBlock, row: int) -> IntArray:
        """Return withdrawal that can be cut with no demand left unserved, Wh, shape (n,)."""
        return np.zeros(self.n, np.int64)

    def headroom(self, block: FleetBlock, row: int) -> IntArray:
        """Return what storage service could still store in the row, Wh, shape (n,)."""
        return np.zeros(self.n, np.int64)

    def shed_order(self) -> FloatArray:
        """Return the value of lost load, currency/MWh, shape (n,).

        Zero: charging or exports, which are interrupted first. Infinite: shed last.
        """
        return np.full(self.n, np.inf)

    def commit(self, block: FleetBlock, row: int) -> None:
        """Move the physical state on by what was finally delivered and consumed."""

    # --- constants of the units ------------------------------------------------------------

    def facts(self) -> dict[str, FloatArray]:
        """Return constants and totals for participants.parquet, each of shape (n,)."""
        return {}

    def limits(self) -> dict[str, FloatArray]:
        """Return what the market checks a store against (see `market.Stores`), by name."""
        return {}

    def unit_cost(self) -> FloatArray:
        """Return the true cost of a delivered MWh (fuel, wear), currency, shape (n,)."""
        return np.zeros(self.n)

    # --- what a delivered block was worth, whatever was bid ----------------------------------

    def worth(self, block: FleetBlock) -> FloatArray:
        """Return the true value of what the units consumed in a block, currency, shape (n,).

        Asked once for each block, when its last interval is delivered. NaN for units that do
        not consume for their own use: plants, and storage, which passes energy on.
        """
        return np.full(self.n, np.nan)

    def marginal_cost(self, block: FleetBlock) -> FloatArray:
        """Return the true cost of one more MWh, currency, shape (m, n) or (n,).

        NaN for units that have none of their own: stored energy and water cost what they would
        bring at another time, and what consumes sells nothing.
        """
        return np.full(self.n, np.nan)


@dataclass(slots=True)
class Downtime:
    """How long each unit was out of order: in the current interval, and in all before."""

    n: int
    possible: bool = False
    seconds: FloatArray = field(init=False)
    since: FloatArray = field(init=False)
    total: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        self.seconds, self.total = np.zeros(self.n), np.zeros(self.n)
        self.since = np.full(self.n, np.nan)

    def fail(self, unit: int, now: int) -> None:
        """Note that `unit` is down from second `now` on."""
        self.possible = True
        self.since[unit] = now

    def repair(self, unit: int, now: int) -> None:
        """Note that `unit` is back from second `now` on."""
        self.seconds[unit] += now - self.since[unit]
        self.since[unit] = np.nan

    def share_up(self, end: int, interval_s: int) -> FloatArray:
        """Return the share of the interval ending at `end` that each unit was up; start anew."""
        down = self.since == self.since
        out = self.seconds + np.where(down, end - self.since, 0.0)
        self.total += out
        self.seconds[:] = 0.0
        self.since[down] = end
        return 1.0 - np.clip(out / interval_s, 0.0, 1.0)


def _change(
    shown: FloatArray,
    total: IntArray,
    filled: IntArray,
    price: FloatArray | float,
    wanted: IntArray | None,
) -> None:
    """Write revised orders of shape (n, slots) where anything is left to trade."""
    standing = total > filled
    if not standing.any():
        return
    prices, quantities = shown[None].copy(), np.zeros((1, *total.shape), np.int64)
    prices[...] = _per_slot(price, prices.shape)
    if wanted is not None:
        quantities[...] = _per_slot(wanted, prices.shape)
    _reject_invalid(prices, quantities)
    shown[standing] = prices[0][standing]
    total[standing] = filled[standing] + np.minimum(quantities[0], total - filled)[standing]


def _per_slot(values: Any, shape: tuple[int, ...]) -> Any:
    """Give values the axes (count, n, slots) as `Quotes` promises."""
    ndim = getattr(values, "ndim", 0)
    if 0 < ndim < 3 and not (shape[0] == 1 and values.shape == shape[1:]):
        return values[..., None]
    return values


def _reject_invalid(price: FloatArray, quantity: IntArray) -> None:
    """Turn orders that break the form into no orders: not a number, or a negative quantity."""
    # One sum tells whether all prices are finite, at a third of the cost of asking each.
    total = float(np.add.reduce(price, axis=None))
    if not isfinite(total) or np.minimum.reduce(quantity, axis=None) < 0:
        bad: BoolArray = ~np.isfinite(price) | (quantity < 0)
        quantity[bad] = 0
        price[bad] = 0.0


def cut_to(quantity: IntArray, limit: IntArray) -> None:
    """Cut quantities of shape (n, slots) in place to the limit of each unit, last slots first."""
    if (np.add.reduce(quantity, axis=1) > limit).any():
        total = np.minimum(np.cumsum(quantity, axis=1), limit[:, None])
        quantity[:] = np.diff(total, axis=1, prepend=0)


def columns(params: Sequence[dict[str, float]], *names: str) -> list[FloatArray]:
    """Return the named parameters of units as arrays."""
    return [np.array([unit[name] for unit in params], np.float64) for name in names]
