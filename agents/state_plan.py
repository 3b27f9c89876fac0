"""Orders of a storage fleet when the price is a Markov chain: each price has a value of its own.

A clearing price tells the state of the chain, so what energy is worth is not known when orders are
due, but it is known at each price they may be cleared at. An order is a rule by price, and uses it:
a slice is bought up to the highest price that is below its worth in the state of that very price.
"""

from dataclasses import dataclass

import numpy as np

from agents.order_curves import SIGNS, SMALL, Curve, best_moves, slice_edges, slice_slopes
from agents.state_values import StateValues
from agents.value_plan import INDIFFERENT, Grids, Units
from market import FloatArray, IntArray


@dataclass(slots=True)
class StatePlan:
    """The value functions of one planning block, one for each state of the price.

    Attributes
    ----------
    block, first : int
        Number of the block, and its first interval.
    prices : array, shape (steps, states)
        Price of each state, rising.
    values : StateValues
    grids : Grids
    """

    block: int
    first: int
    prices: FloatArray
    values: StateValues
    grids: Grids

    @property
    def length(self) -> int:
        """How many intervals it serves."""
        return len(self.prices)

    def orders(self, units: Units, step: int) -> tuple[FloatArray, IntArray]:
        """Return prices and quantities of bids (0) and asks (1), shape (2, n, slots).

        One of the cuts between slices is the move that is best at the price of the middle state.
        """
        place, reach = self.grids.room(units)
        best = self._middle_moves(step, place, reach)
        edges = slice_edges(reach, best, units.fleet.segments, units.slots)
        worth = self._worth(step, place, edges)
        prices = self.prices[step]
        filled = edges[:, :, 1:] - edges[:, :, :-1] > SMALL
        turn = np.empty(edges[:, :, 1:].shape)
        turn[0] = np.minimum.accumulate(own_price(prices, worth[:, 0], last=False), axis=1)
        turn[1] = np.maximum.accumulate(own_price(prices, worth[:, 1], last=True), axis=1)
        price = np.where(filled, turn + SIGNS * INDIFFERENT, -SIGNS * np.inf)
        return price, self.grids.whole_wh(edges) * filled

    def _curve(self, step: int, states: slice) -> Curve:
        """Return the units' values in some states, the units of the first state first."""
        values = self.values.values[step]
        shapes = values.shape[1] // self.prices.shape[1]
        number = np.arange(self.prices.shape[1])[states, None]
        column = (number * shapes + self.grids.column[:, 0]).reshape(-1, 1)
        return Curve(values, column, np.tile(self.grids.top, (len(number), 1)))

    def _middle_moves(self, step: int, place: FloatArray, reach: FloatArray) -> FloatArray:
        middle = self.prices.shape[1] // 2
        rate = (self.prices[step, middle] - self.grids.wear) * SIGNS / self.grids.factor
        curve = self._curve(step, slice(middle, middle + 1))
        return best_moves(curve, place, reach, rate[:, :, 0])

    def _worth(self, step: int, place: FloatArray, edges: FloatArray) -> FloatArray:
        """Return the price at which each slice breaks even, shape (states, 2, n, slots)."""
        states, n = self.prices.shape[1], len(place)
        many = np.tile(edges, (1, states, 1))
        gain = self._curve(step, slice(None)).at(np.tile(place, states)[:, None] + SIGNS * many)
        slope = slice_slopes(gain, many, bool(self.values.concave[step]))
        slope = np.where(slope > -np.inf, slope, 0.0).reshape(2, states, n, -1)
        price: FloatArray = slope.transpose(1, 0, 2, 3) * self.grids.factor + self.grids.wear
        return price


def own_price(prices: FloatArray, worth: FloatArray, *, last: bool) -> FloatArray:
    """Return the price that equals the worth in the state of that price.

    Between states worth is interpolated, beyond them it stays as it is. A worth that rises faster
    than the price somewhere meets it several times; then it is the first time, or the last.

    Parameters
    ----------
    prices : array, shape (states,)
        Rising.
    worth : array, shape (states, ...)
    last : bool

    Examples
    --------
    Energy is worth 90 if the price is 0 and 110 if it is 200: worth is 100 where the price is 100.

    >>> own_price(np.array([0.0, 200.0]), np.array([90.0, 110.0]), last=False)
    array(100.)
    """
    over = worth - prices.reshape(-1, *(1,) * (worth.ndim - 1))
    states = len(prices)
    if last:  # the last state whose worth is above its price, and the next
        low = states - 1 - np.argmax(over[::-1] > 0, axis=0)
        low = np.where((over > 0).any(axis=0), low, -1)
    else:  # the state before the first whose worth is not above its price
        low = np.where((over <= 0).any(axis=0), np.argmax(over <= 0, axis=0), states) - 1
    inner = np.clip(low, 0, states - 2)
    here, there = (np.take_along_axis(over, (inner + by)[None], 0)[0] for by in (0, 1))
    fall = here - there
    share = np.clip(np.divide(here, fall, out=np.zeros_like(fall), where=fall > 0), 0.0, 1.0)
    between = prices[inner] + share * (prices[inner + 1] - prices[inner])
    found = np.where(low < 0, worth[0], np.where(low > states - 2, worth[-1], between))
    return np.asarray(found)
