"""Netting between the slices of a station: what it saves, and who is credited with it.

Slices of a station charge and discharge as if each were a battery of its own. What one charges
while another discharges does not pass the station's inverters, and is not lost there either:

    gain = netted x (1 / efficiency_discharge - efficiency_charge), in stored energy.

The gain is credited to slices in kind, in the same interval. So the charge of all slices together
is that of the physical store, always.
"""

from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np

from market.cooperative_game import Game
from market.errors import ConservationError
from market.metering import SOC_TOLERANCE_WH
from market.shares import sharing_rules
from market.units import BoolArray, FloatArray, IntArray

Columns = TypeVar("Columns", IntArray, FloatArray)

NETTING_RULES = ("proportional", "equal", "owner", "shapley", "nucleolus")
"""How the gain of netting may be shared, see `credit`."""


class Netting(NamedTuple):
    """What stations net between their slices, and what is left for the grid.

    Attributes
    ----------
    netted, charge, discharge : array of int, shape (..., S)
        Wh on the grid side; `charge` and `discharge` are physical, and one of them is zero.
    """

    netted: IntArray
    charge: IntArray
    discharge: IntArray


def netted(charge: IntArray, discharge: IntArray, station_of: IntArray, n_stations: int) -> Netting:
    """Return what each station nets: the smaller of all charging and all discharging.

    Parameters
    ----------
    charge, discharge : array of int, shape (..., n)
        Of each slice, Wh on the grid side.
    station_of : array of int, shape (n,)
    n_stations : int

    Examples
    --------
    >>> netted(np.array([10, 0, 7]), np.array([0, 4, 0]), np.array([0, 0, 1]), 2)
    Netting(netted=array([4, 0]), charge=array([6, 7]), discharge=array([0, 0]))
    """
    charged = station_sums(charge, station_of, n_stations)
    given = station_sums(discharge, station_of, n_stations)
    both = np.minimum(charged, given)
    return Netting(both, charged - both, given - both)


def gain_rate(
    efficiency_charge: FloatArray | float, efficiency_discharge: FloatArray | float
) -> FloatArray | float:
    """Return the stored energy that a netted Wh saves.

    >>> round(gain_rate(0.9, 0.9), 4)
    0.2111
    """
    return 1 / efficiency_discharge - efficiency_charge


@dataclass(frozen=True, slots=True, eq=False)
class Exchange:
    """Slices of one station that net in an interval, each of shape (k,).

    Attributes
    ----------
    charge, discharge : array of int
        Wh on the grid side.
    own : int
        Place of the owner's slice.
    room : array
        Stored Wh that each can take on top.
    last : array of int
        Who takes what nobody else has room for, in proportion; those who discharge always can.
    """

    charge: IntArray
    discharge: IntArray
    own: int
    room: FloatArray
    last: IntArray

    @property
    def netted(self) -> int:
        """Wh that are netted."""
        return min(int(self.charge.sum()), int(self.discharge.sum()))

    @property
    def taking_part(self) -> BoolArray:
        """Who charges or discharges."""
        found: BoolArray = (self.charge > 0) | (self.discharge > 0)
        return found

    def game(self) -> Game:
        """Return what each group of those who take part would net alone, Wh."""
        part = np.flatnonzero(self.taking_part)
        charge, discharge = self.charge[part], self.discharge[part]

        def worth(members: BoolArray) -> FloatArray:
            charged = np.add.reduce(np.where(members, charge, 0), axis=1)
            given = np.add.reduce(np.where(members, discharge, 0), axis=1)
            both: FloatArray = np.minimum(charged, given).astype(np.float64)
            return both

        return Game(tuple(map(str, part.tolist())), worth, vectorised=True)


def credit(
    rule: str, gain: float, exchange: Exchange, rng: np.random.Generator | None = None
) -> FloatArray:
    """Return the stored energy credited to each slice; it adds up to the gain.

    Nobody gets more than he has room for: what is too much is shared among the others, and in
    the end among `exchange.last`.

    Parameters
    ----------
    rule : str
        ``proportional``: each gets in proportion to what of his charging or discharging was
        netted. ``equal``: all who charge or discharge get the same. ``owner``: the owner's slice
        gets all. ``shapley``, ``nucleolus``: the sharing rule of this name, on the game in which
        a group is worth what it could net alone.
    gain : float
        Stored Wh.
    exchange : Exchange
    rng : numpy Generator, optional
        For rules that draw: Shapley values of more than 12 slices.

    Examples
    --------
    Efficiencies are 0.9. One charges 10 Wh while another discharges 4: 6 Wh are charged, and
    4 x (1 / 0.9 - 0.9) = 0.844 Wh are gained.

    >>> charge, discharge = np.array([10, 0]), np.array([0, 4])
    >>> exchange = Exchange(charge, discharge, 0, np.full(2, 9.0), discharge)
    >>> credit("proportional", 4 * gain_rate(0.9, 0.9), exchange).round(3)
    array([0.422, 0.422])
    """
    parts = fill_up(gain, _weights(rule, exchange, rng), exchange.room)
    left = gain - float(np.add.reduce(parts))
    if left > 0:
        parts += fill_up(left, exchange.last.astype(np.float64), exchange.room - parts)
        left = gain - float(np.add.reduce(parts))
    if left > SOC_TOLERANCE_WH:
        raise ConservationError(f"no slice has room for {left:g} Wh that netting has saved")
    parts[int(exchange.last.argmax())] += left  # rounding
    return parts


def fill_up(total: float, weights: FloatArray, room: FloatArray) -> FloatArray:
    """Return parts of a total in proportion to weights, none beyond its room.

    They add up to the total unless all who have weight are full.

    >>> fill_up(9.0, np.array([1.0, 1.0, 0.0]), np.array([2.0, 9.0, 9.0]))
    array([2., 7., 0.])
    """
    parts = np.zeros(weights.size)
    free = (weights > 0) & (room > 0)
    while total > 0 and free.any():
        share = np.where(free, weights, 0.0)
        share /= share.max()  # so that not even the tiniest weights overflow
        share *= total / float(np.add.reduce(share))
        full = free & (share >= room)
        if not full.any():
            return parts + share
        parts[full] = room[full]
        total -= float(np.add.reduce(room[full]))
        free &= ~full
    return parts


def station_sums(columns: Columns, station_of: IntArray, n_stations: int) -> Columns:
    """Return the sums over the slices of each station, shape (..., S).

    >>> station_sums(np.array([10, 4, 7]), np.array([0, 0, 1]), 2)
    array([14,  7])
    """
    sums: Columns = np.zeros((*columns.shape[:-1], n_stations), columns.dtype)
    np.add.at(sums.T, station_of, columns.T)
    return sums


def _weights(rule: str, exchange: Exchange, rng: np.random.Generator | None) -> FloatArray:
    """Return in which proportion a gain is shared while there is room."""
    part = exchange.taking_part
    if rule == "proportional":
        return _contributions(exchange)
    if rule == "equal":
        return part.astype(np.float64)
    weights = np.zeros(part.size)
    if rule == "owner":
        weights[exchange.own] = 1.0
        return weights
    game = exchange.game()
    # Two who need each other share alike by every rule on games.
    alike = game.n == 2 and rule in NETTING_RULES
    shares = np.ones(2) if alike else sharing_rules.get(rule)().shares(game, rng).amounts
    weights[part] = np.maximum(shares, 0.0)
    return weights


def _contributions(exchange: Exchange) -> FloatArray:
    """Return half of what of each one's charging and discharging is netted, Wh."""
    parts = (exchange.charge, exchange.discharge)
    netted_wh = [part * (exchange.netted / max(int(part.sum()), 1)) for part in parts]
    halves: FloatArray = (netted_wh[0] + netted_wh[1]) / 2
    return halves
