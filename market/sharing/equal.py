"""The stand-alone worth, and the same part of what cooperation adds."""

from dataclasses import dataclass

import numpy as np

from market.cooperative_game import Game
from market.shares import Shares, shares_of, sharing_rules


@sharing_rules.register("equal")
@dataclass(frozen=True, slots=True)
class Equal:
    """Everybody keeps what he is worth alone and gets the same part of the surplus.

    Player i gets

        worth(i) + (worth(all) - worth(1) - ... - worth(n)) / n.

    Groups of two or more are not looked at: the rule may give them less than they are worth alone.

    References
    ----------
    Driessen and Funaki (1991), Coincidence of and collinearity between game theoretic solutions,
    OR Spektrum 13, 15-30 (there: the centre of the imputation set).

    Examples
    --------
    >>> Equal().shares(Game(("a", "b"), np.array([0.0, 10, 30, 60]))).amounts
    array([20., 40.])
    """

    def shares(self, game: Game, rng: np.random.Generator | None = None) -> Shares:
        """Return the stand-alone worths and equal parts of the surplus."""
        alone = game.alone
        largest = float(np.abs(alone).max())
        return shares_of(game, alone + (game.total - alone.sum()) / game.n, largest)
