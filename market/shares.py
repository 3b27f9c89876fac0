"""Shares of a joint benefit: who gets how much, and whether any group would rather leave."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from market.cooperative_game import Game, coalitions
from market.errors import ConservationError
from market.registry import Registry
from market.units import CENTS, FloatArray, IntArray, round_rows

ROUNDING = 1e-9  # of the largest numbers added up
FINE = 2**20


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """What each player gets of the worth of all together.

    Attributes
    ----------
    players : tuple of str
    amounts : array, shape (n,)
        Currency; they add up to `total`.
    error : array, shape (n,)
        Standard error of each amount, currency; 0 where amounts are exact.
    total : float
        Worth of the grand coalition.
    """

    players: tuple[str, ...]
    amounts: FloatArray
    error: FloatArray
    total: float

    def __post_init__(self) -> None:
        missing = self.total - float(self.amounts.sum())
        if not abs(missing) <= ROUNDING * max(abs(self.total), float(np.abs(self.amounts).max())):
            raise ConservationError(f"shares of {self.total:g} are {missing:g} short of it")


class SharingRule(Protocol):
    """A rule to share a benefit: a frozen dataclass of its parameters with one pure method."""

    def shares(self, game: Game, rng: np.random.Generator | None = None) -> Shares:
        """Return what each player of the game gets; `rng` is for rules that draw."""
        ...


sharing_rules: Registry[Any] = Registry("market.sharing", "sharing rule")


def shares_of(
    game: Game, amounts: FloatArray, largest: float, error: FloatArray | None = None
) -> Shares:
    """Return amounts as shares of a game; what rounding left over goes to the largest amount.

    Parameters
    ----------
    largest : float
        Size of the largest number that went into the amounts: what rounding is measured by.
    error : array, optional
        Standard errors; none where amounts are exact.
    """
    total = game.total
    missing = total - float(amounts.sum())
    if not abs(missing) <= ROUNDING * max(largest, abs(total)):
        raise ConservationError(f"shares of {total:g} are {missing:g} short of it")
    amounts = amounts.copy()
    amounts[np.abs(amounts).argmax()] += missing
    return Shares(game.players, amounts, np.zeros(game.n) if error is None else error, total)


@dataclass(frozen=True, slots=True)
class CoreCheck:
    """Whether shares lie in the core, and the coalition with most reason to leave.

    Attributes
    ----------
    inside : bool
        No coalition is worth more than its members get; the check itself is true then.
    coalition : tuple of str
        The coalition with the largest excess, the grand coalition aside.
    excess : float
        Its worth less what its members get, currency; negative where all gain by staying.
    """

    inside: bool
    coalition: tuple[str, ...]
    excess: float

    def __bool__(self) -> bool:
        return self.inside


def in_core(game: Game, shares: Shares) -> CoreCheck:
    """Check that no coalition could do better on its own; for 20 players at most.

    A rounding error of 1e-9 of the largest worth is forgiven, a standard error is not.

    References
    ----------
    Gillies (1959), Solutions to general non-zero-sum games, Annals of Mathematics Studies 40.

    Examples
    --------
    Two are worth 40 together; all three share 50 equally.

    >>> game = Game(("a", "b", "c"), np.array([0.0, 0, 0, 40, 0, 20, 10, 50]))
    >>> check = in_core(game, shares_of(game, np.full(3, 50 / 3), 50.0))
    >>> check.inside, check.coalition, round(check.excess, 2)
    (False, ('a', 'b'), 6.67)
    """
    worths = game.listed()
    excess = worths - coalitions(game.n) @ shares.amounts
    allowed = ROUNDING * float(np.abs(worths).max())
    proper = excess[1:-1] if game.n > 1 else excess[1:]
    # Of those equal but for rounding, the first.
    worst = int((proper >= proper.max() - allowed).argmax()) + 1
    names = tuple(name for i, name in enumerate(game.players) if worst >> i & 1)
    return CoreCheck(bool(proper.max() <= allowed), names, float(excess[worst]))


def to_cents(shares: Shares) -> IntArray:
    """Return the amounts in whole cents, by the largest remainder; they add up to the total.

    Ties go to the player named first.

    >>> to_cents(Shares(("a", "b", "c"), np.full(3, 100 / 3), np.zeros(3), 100.0))
    array([3334, 3333, 3333])
    """
    total = round(shares.total * CENTS)
    # To a millionth of a cent in binary, where equal remainders of unequal amounts are equal.
    amounts = np.round(shares.amounts * (CENTS * FINE)) / FINE
    cents: IntArray = round_rows(amounts[None, :], np.array([total]))[0]
    if cents.sum() != total:
        raise ConservationError(f"{cents.sum()} cents are shared, not {total}")
    return cents
