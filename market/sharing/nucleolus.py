"""The nucleolus: the largest complaint of any coalition is as small as can be, then the next."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from market.cooperative_game import Game, coalitions
from market.day_ahead.programs import Program
from market.shares import Shares, shares_of, sharing_rules
from market.units import BoolArray, FloatArray, IntArray

MOST_PLAYERS = 12
TIGHT = 1e-7  # of the largest surplus: complaints that differ by less are equal
NOISE = 1e-12  # of the largest worth: what sums of worths differ by rounding
IN_SPAN = 1e-6  # distance of a coalition from the span of others, by rounding alone


@sharing_rules.register("nucleolus")
@dataclass(frozen=True, slots=True)
class Nucleolus:
    """The shares whose complaints, sorted from the largest, are lexicographically smallest.

    A coalition's complaint is its excess, its worth less what its members get. A linear
    program finds the least e that all excesses can keep to. Some coalitions have excess e
    wherever that e is kept: they are settled, and the next program lowers the excesses of the
    others, until one point is left. It always exists, is unique, and lies in the core if there
    is one. Up to 12 players.

    Parameters
    ----------
    prenucleolus : bool
        False: nobody gets less than his stand-alone worth, which requires that all together
        are worth no less than each alone. True: the prenucleolus, without that bound. They are
        the same where there is a core, and where no player adds less to a coalition than alone.

    References
    ----------
    Schmeidler (1969), The nucleolus of a characteristic function game, SIAM Journal on Applied
    Mathematics 17, 1163-1170. Kopelowitz (1967), Computation of the kernels of simple games and
    the nucleolus of n-person games, Hebrew University, RM 31 (the sequence of programs).
    Kohlberg (1971), On the nucleolus of a characteristic function game, SIAM Journal on Applied
    Mathematics 20, 62-66 (which coalitions are settled).

    Examples
    --------
    Two left gloves, one right one; a pair is worth 1.

    >>> game = Game(("left", "other left", "right"), np.array([0.0, 0, 0, 0, 0, 1, 1, 1]))
    >>> Nucleolus().shares(game).amounts
    array([0., 0., 1.])
    """

    prenucleolus: bool = False

    def shares(self, game: Game, rng: np.random.Generator | None = None) -> Shares:
        """Return the one point that the programs leave."""
        if game.n > MOST_PLAYERS:
            raise ValueError(f"nucleolus is for up to {MOST_PLAYERS} players, not {game.n}")
        worth, alone = game.listed(), game.alone
        members = coalitions(game.n).astype(np.float64)
        # Shares shift and scale with the game; the programs see surpluses of the order of one.
        surplus = worth - members @ alone
        scale, largest = float(np.abs(surplus).max()), float(np.abs(worth).max())
        noise = NOISE * largest
        if scale <= noise:
            return shares_of(game, alone, largest)
        if not self.prenucleolus and surplus[-1] < noise:
            surplus[-1] = _nothing_left(surplus[-1], noise)
        low = -np.inf if self.prenucleolus else 0.0
        amounts = alone + scale * _point(members, surplus / scale, low)
        return shares_of(game, amounts, largest)


def _nothing_left(surplus: float, noise: float) -> float:
    """Return zero where all together are worth as much as each alone, but for rounding."""
    if surplus < -noise:
        raise ValueError(
            "all together are worth less than each alone; only the prenucleolus exists: "
            "prenucleolus=True"
        )
    return 0.0


class _Settled(NamedTuple):
    """Coalitions whose excess no longer changes, linearly independent, and what they get."""

    members: FloatArray
    gets: FloatArray

    def apart(self, members: FloatArray) -> BoolArray:
        """Return the coalitions whose amount does not follow from the settled ones."""
        span = np.linalg.qr(self.members.T)[0]
        distance = np.linalg.norm(members - (members @ span) @ span.T, axis=1)
        apart: BoolArray = distance > IN_SPAN
        return apart

    def plus(self, members: FloatArray, gets: FloatArray) -> "_Settled":
        """Return the settled coalitions and those of the given ones that say something new."""
        settled = self
        for row, amount in zip(members, gets, strict=True):
            if settled.apart(row[None, :])[0]:
                settled = _Settled(
                    np.vstack([settled.members, row]), np.append(settled.gets, amount)
                )
        return settled


def _point(members: FloatArray, worth: FloatArray, low: float) -> FloatArray:
    """Return the nucleolus of a game whose single players are worth nothing."""
    settled = _Settled(members[-1:], worth[-1:])
    free = members[1:-1], worth[1:-1]
    while len(settled.gets) < members.shape[1]:
        open_ = settled.apart(free[0])
        free = free[0][open_], free[1][open_]
        amounts, most = _least_excess(*free, settled, low)
        tight = np.flatnonzero(free[1] - free[0] @ amounts >= most - TIGHT)
        at_bound = np.flatnonzero(amounts <= low + TIGHT)
        fixed = tight[_fixed(free[0][tight], settled, at_bound)]
        if not fixed.size:
            raise ArithmeticError("no coalition is settled: the worths differ too much in size")
        settled = settled.plus(free[0][fixed], free[1][fixed] - most)
    point: FloatArray = np.linalg.solve(settled.members, settled.gets).astype(np.float64)
    return point


def _least_excess(
    members: FloatArray, worth: FloatArray, settled: _Settled, low: float
) -> tuple[FloatArray, float]:
    """Return amounts at which the largest excess is as small as can be, and that excess."""
    program = Program()
    amount = program.columns(members.shape[1], low, np.inf)
    most = program.columns(1, -np.inf, np.inf, value=-1.0)
    rows = program.rows(worth.size, worth, np.inf)
    program.put(rows[:, None], amount, members)
    program.put(rows, most, 1.0)
    rows = program.rows(settled.gets.size, settled.gets, settled.gets)
    program.put(rows[:, None], amount, settled.members)
    found = program.solve()
    if found is None:
        raise ArithmeticError("no amounts satisfy all that is settled")
    return found[amount], float(found[most][0])


def _fixed(tight: FloatArray, settled: _Settled, at_bound: IntArray) -> BoolArray:
    """Return which coalitions of largest excess have it wherever the largest excess is least.

    From the point found, amounts may move so that no coalition of largest excess gets less. Such
    moves can be added and stretched, so one move gives one unit or more to every coalition that
    can get more at all: a program that counts units up to one finds it.
    """
    program = Program()
    n = tight.shape[1]
    floor = np.full(n, -np.inf)
    floor[at_bound] = 0.0
    move = program.columns(n, floor, np.inf)
    unit = program.columns(len(tight), 0.0, 1.0, value=1.0)
    rows = program.rows(len(tight), 0.0, np.inf)
    program.put(rows[:, None], move, tight)
    program.put(rows, unit, -1.0)
    rows = program.rows(len(settled.gets), 0.0, 0.0)
    program.put(rows[:, None], move, settled.members)
    found = program.solve()
    if found is None:
        raise ArithmeticError("standing still is a move: the solver says it is not")
    fixed: BoolArray = found[unit] < 0.5
    return fixed
