"""Shares in proportion to what each is worth alone, or to given weights."""

from dataclasses import dataclass

import numpy as np

from market.cooperative_game import Game
from market.shares import Shares, shares_of, sharing_rules
from market.units import FloatArray


@sharing_rules.register("proportional")
@dataclass(frozen=True, slots=True)
class Proportional:
    """Everybody gets the same part of the total for each unit of his weight.

    Player i gets

        worth(all) w[i] / (w[1] + ... + w[n]).

    Weights are the stand-alone worths unless given. The rule sees no coalition but the grand
    one, so it may give a group less than the group is worth alone.

    Parameters
    ----------
    weights : tuple of float, optional
        One per player, none negative; for example leased MWh or single costs.

    References
    ----------
    Moriarity (1975), Another approach to allocating joint costs, The Accounting Review 50, 791-795
    (savings in proportion to single costs).

    Examples
    --------
    >>> game = Game(("a", "b"), np.array([0.0, 10, 30, 60]))
    >>> Proportional().shares(game).amounts
    array([15., 45.])
    >>> Proportional(weights=(1, 1)).shares(game).amounts
    array([30., 30.])
    """

    weights: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if self.weights is not None:
            object.__setattr__(self, "weights", tuple(self.weights))
            _checked(np.array(self.weights, np.float64), "weights")

    def shares(self, game: Game, rng: np.random.Generator | None = None) -> Shares:
        """Return the total split in proportion to the weights."""
        if self.weights is None:
            weights = _checked(game.alone, "stand-alone worths; give weights:")
        else:
            weights = np.array(self.weights, np.float64)
        if weights.size != game.n:
            raise ValueError(f"{game.n} players need {game.n} weights, not {weights.size}")
        total = game.total
        return shares_of(game, total * (weights / weights.sum()), abs(total))


def _checked(weights: FloatArray, what: str) -> FloatArray:
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0):
        raise ValueError(f"{what} must be at least 0, and not all 0, not {weights.tolist()}")
    return weights
