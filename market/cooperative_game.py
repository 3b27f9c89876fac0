"""Cooperative games: what each group of participants is worth if it acts on its own.

A coalition is a row of booleans, one per player, or its bit mask: player i is in coalition number
m where bit i of m is set, so that number 0 is nobody and number 2**n - 1 everybody.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from market.units import BoolArray, FloatArray, IntArray

MOST_LISTED = 20  # players whose 2**n coalitions are listed: a million numbers

Worth = Callable[[BoolArray], Any]


@dataclass(frozen=True, slots=True, eq=False)
class Game:
    """Players and the worth of every coalition, in currency; nobody is worth nothing.

    Worth can be handed from one player to another without loss (transferable utility).

    Attributes
    ----------
    players : tuple of str
        Names, each once.
    worth : array, shape (2**n,), or callable
        Worth by bit mask, for 20 players at most, or a function of one coalition, booleans of
        shape (n,). The function is not asked about nobody.
    vectorised : bool
        The function takes many coalitions at once, shape (k, n), and returns k worths.

    References
    ----------
    von Neumann and Morgenstern (1944), Theory of Games and Economic Behavior, Princeton, ch. VI.

    Examples
    --------
    >>> game = Game(("a", "b"), np.array([0.0, 1.0, 2.0, 5.0]))
    >>> game.total, game.alone
    (5.0, array([1., 2.]))
    >>> game.of(np.array([[True, False], [True, True]]))
    array([1., 5.])
    """

    players: tuple[str, ...]
    worth: Worth | FloatArray
    vectorised: bool = False

    def __post_init__(self) -> None:
        if not self.players or len(set(self.players)) < self.n:
            raise ValueError("a game has at least one player and no name twice")
        if callable(self.worth):
            return
        listed = np.array(self.worth, np.float64)
        if self.n > MOST_LISTED:
            raise ValueError(f"worths are listed for up to {MOST_LISTED} players, not {self.n}")
        if listed.shape != (2**self.n,) or listed[0] != 0 or not np.isfinite(listed).all():
            raise ValueError(
                f"{self.n} players have {2**self.n} worths, finite and the first, nobody's, zero"
            )
        listed.setflags(write=False)
        object.__setattr__(self, "worth", listed)

    @property
    def n(self) -> int:
        """How many players there are."""
        return len(self.players)

    @property
    def total(self) -> float:
        """The worth of the grand coalition, all players together."""
        return float(self.of(np.ones((1, self.n), np.bool_))[0])

    @property
    def alone(self) -> FloatArray:
        """The stand-alone worth of each player."""
        return self.of(np.eye(self.n, dtype=np.bool_))

    def of(self, members: BoolArray) -> FloatArray:
        """Return the worth of each coalition, one a row of `members`, shape (k, n)."""
        if not callable(self.worth):
            return self.worth[members @ (1 << np.arange(self.n))]
        worths = np.zeros(len(members))
        some = members.any(axis=1)
        if some.any():
            asked = members[some]
            worths[some] = self.worth(asked) if self.vectorised else [*map(self.worth, asked)]
        if not np.isfinite(worths).all():
            raise ValueError("the worth of every coalition is a finite number")
        return worths

    def listed(self) -> FloatArray:
        """Return all 2**n worths by bit mask."""
        return self.of(coalitions(self.n)) if callable(self.worth) else self.worth


def coalitions(n: int) -> BoolArray:
    """Return all coalitions of `n` players in the order of their bit masks, shape (2**n, n).

    >>> coalitions(2).astype(int).tolist()
    [[0, 0], [1, 0], [0, 1], [1, 1]]
    """
    if n > MOST_LISTED:
        raise ValueError(f"coalitions are listed for up to {MOST_LISTED} players, not {n}")
    masks: IntArray = np.arange(2**n)
    return (masks[:, None] >> np.arange(n) & 1).astype(np.bool_)


def game_of_array(players: Sequence[str], worth: ArrayLike) -> Game:
    """Return the game with these worths by bit mask, nobody's first.

    >>> game_of_array("ab", [0, 1, 2, 5]).total
    5.0
    """
    return Game(tuple(players), np.asarray(worth, np.float64))


def game_of_function(players: Sequence[str], function: Worth, *, vectorised: bool = False) -> Game:
    """Return the game of a function of coalitions; each coalition is asked for once only.

    Parameters
    ----------
    players : sequence of str
    function : callable
        From booleans of shape (n,) to a number or, if `vectorised`, from shape (k, n) to k numbers.
        Its answers are kept, so it must always give the same.

    >>> game_of_function("abc", lambda members: members.sum() ** 2).total
    9.0
    """
    return Game(tuple(players), _Remembered(function, vectorised), vectorised=True)


def cost_game(players: Sequence[str], cost: Worth | ArrayLike, *, vectorised: bool = False) -> Game:
    """Return the game of savings: the single costs of a coalition's members less its joint cost.

    Who pays his single cost less his share of the savings bears his part of the joint cost.

    Parameters
    ----------
    players : sequence of str
    cost : array, shape (2**n,), or callable
        Cost of each coalition by bit mask, or a function as for `game_of_function`.

    >>> cost_game("ab", [0, 60, 50, 70]).total
    40.0
    """
    if callable(cost):
        costs = game_of_function(players, cost, vectorised=vectorised)
    else:
        costs = game_of_array(players, cost)
    single = costs.alone
    if not callable(costs.worth):
        return game_of_array(players, coalitions(costs.n) @ single - costs.worth)
    return Game(costs.players, lambda members: members @ single - costs.of(members), True)


class _Remembered:
    """A function of many coalitions that asks another one about each of them once."""

    def __init__(self, function: Worth, vectorised: bool) -> None:
        self._function, self._vectorised = function, vectorised
        self._known: dict[bytes, float] = {}

    def __call__(self, members: BoolArray) -> FloatArray:
        keys = [row.tobytes() for row in np.packbits(members, axis=1)]
        new = {key: row for row, key in enumerate(keys) if key not in self._known}
        if new:
            asked = members[list(new.values())]
            found = self._function(asked) if self._vectorised else map(self._function, asked)
            self._known.update(zip(new, map(float, found), strict=True))
        return np.array([self._known[key] for key in keys])
