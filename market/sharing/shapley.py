"""The Shapley value: what a player adds to those before him, on average over all orders."""

from dataclasses import dataclass
from math import factorial

import numpy as np

from market.cooperative_game import MOST_LISTED, Game
from market.shares import Shares, shares_of, sharing_rules
from market.units import BoolArray, FloatArray, IntArray

BATCH = 100  # pairs of orders drawn at once
FEWEST = 10  # pairs per player before the error is trusted


@sharing_rules.register("shapley")
@dataclass(frozen=True, slots=True)
class Shapley:
    """Players join one by one; each gets what he adds, averaged over all orders of joining.

    Of the orders, s! (n - s - 1)! / n! have player i join right after the s members of S:

        share[i] = sum over S without i of s! (n - s - 1)! / n! (worth(S and i) - worth(S)).

    With more players than `exact_players`, orders are drawn. Each comes with its reverse, so
    that who is early in one is late in the other; the mean of the pair is one sample. Where
    players only interact two at a time, one pair is enough. The standard error, from the
    spread of the samples, is part of the result. It is an estimate: what is too rare to be
    drawn is not in it.

    Parameters
    ----------
    exact_players : int
        Up to so many players all coalitions are asked for, from 0 to 20.
    error : float
        Drawing stops when no player's standard error exceeds this part of the total's size.
    samples : int
        Pairs of orders at most, at least 2.

    References
    ----------
    Shapley (1953), A value for n-person games, Contributions to the Theory of Games II, 307-317.
    Castro, Gomez and Tejada (2009), Polynomial calculation of the Shapley value based on sampling,
    Computers & Operations Research 36, 1726-1730 (drawn orders). Mitchell, Cooper, Frank and
    Holmes (2022), Sampling permutations for Shapley value estimation, Journal of Machine Learning
    Research 23, 1-46 (with their reverse).

    Examples
    --------
    Two left gloves, one right one; a pair is worth 1.

    >>> game = Game(("left", "other left", "right"), np.array([0.0, 0, 0, 0, 0, 1, 1, 1]))
    >>> Shapley().shares(game).amounts.round(4)
    array([0.1667, 0.1667, 0.6667])
    """

    exact_players: int = 12
    error: float = 0.001
    samples: int = 10_000

    def __post_init__(self) -> None:
        if not 0 <= self.exact_players <= MOST_LISTED:
            raise ValueError(f"exact_players must be from 0 to {MOST_LISTED}")
        if not self.error >= 0:
            raise ValueError(f"error must be at least 0, not {self.error}")
        if self.samples < 2:
            raise ValueError(f"samples must be at least 2, not {self.samples}")

    def shares(self, game: Game, rng: np.random.Generator | None = None) -> Shares:
        """Return the mean contributions, exact or with their standard errors."""
        if game.n <= self.exact_players:
            worth = game.listed()
            return shares_of(game, _by_coalitions(worth, game.n), float(np.abs(worth).max()))
        if rng is None:
            raise ValueError(
                f"with more than {self.exact_players} players orders are drawn: give a stream, rng"
            )
        return self._drawn(game, rng)

    def _drawn(self, game: Game, rng: np.random.Generator) -> Shares:
        total = game.total
        mean, spread = np.zeros(game.n), np.zeros(game.n)
        drawn = 0
        # Many players make large batches: a coalition for each of them and each order.
        size = max(1, min(BATCH, 4_000_000 // game.n**2))
        while drawn < self.samples:
            pairs = _pairs(game, min(size, self.samples - drawn), rng)
            drawn, mean, spread = _merged(drawn, mean, spread, pairs)
            error = np.sqrt(spread / max(drawn - 1, 1) / drawn)
            # Who matters only as the first or last to join is seen once in n / 2 pairs.
            if drawn >= FEWEST * game.n and error.max() <= self.error * abs(total):
                break
        largest = float(np.sqrt(mean**2 + spread / drawn).max())
        return shares_of(game, mean, largest, error)


def _by_coalitions(worth: FloatArray, n: int) -> FloatArray:
    """Return the Shapley value of a game listed by bit mask."""
    orders = [factorial(s) * factorial(n - s - 1) / factorial(n) for s in range(n)]
    size = np.bitwise_count(np.arange(2**n)).astype(np.int64)
    shares = np.empty(n)
    for i in range(n):
        # Axis 1 is bit i: without and with the player.
        split = worth.reshape(-1, 2, 2**i)
        others = size.reshape(-1, 2, 2**i)[:, 0]
        shares[i] = (np.array(orders)[others] * (split[:, 1] - split[:, 0])).sum()
    return shares


def _pairs(game: Game, pairs: int, rng: np.random.Generator) -> FloatArray:
    """Return each player's contribution, the mean of an order and its reverse, shape (pairs, n)."""
    order = rng.permuted(np.tile(np.arange(game.n), (pairs, 1)), axis=1)
    return (_contributions(game, order) + _contributions(game, order[:, ::-1])) / 2


def _contributions(game: Game, order: IntArray) -> FloatArray:
    """Return what each player adds to those before him in each order."""
    place = order.argsort(axis=1)
    steps = np.arange(game.n)
    joined: BoolArray = place[:, None, :] <= steps[None, :, None]
    worths = game.of(joined.reshape(-1, game.n)).reshape(order.shape)
    added = np.diff(worths, axis=1, prepend=0.0)
    contributions: FloatArray = np.take_along_axis(added, place, axis=1)
    return contributions


def _merged(
    drawn: int, mean: FloatArray, spread: FloatArray, more: FloatArray
) -> tuple[int, FloatArray, FloatArray]:
    """Return number, mean and sum of squared deviations with more samples.

    Chan, Golub and LeVeque (1983), Algorithms for computing the sample variance, The American
    Statistician 37, 242-247.
    """
    new = more.mean(axis=0)
    step, both = new - mean, drawn + len(more)
    spread = spread + ((more - new) ** 2).sum(axis=0) + step**2 * (drawn * len(more) / both)
    return both, mean + step * (len(more) / both), spread
