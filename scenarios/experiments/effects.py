"""Effects of factors: what a level does on average, and what two levels do only together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from market import HIGHER_TERM, RESIDUAL_TERM, SEED_TERM, FloatArray, mean_interval

ROUNDING = 1e-12  # of the values: smaller spreads are rounding


@dataclass(frozen=True, slots=True)
class Effect:
    """One row of the table of effects.

    Attributes
    ----------
    term : str
        A factor, two of them (``mechanism:cap``), or what else varies: ``seed`` (what a seed does
        to all arms), ``higher order`` (three factors and more), ``residual`` (what a seed does to
        one arm and not to the others).
    level : str
        ``uniform``, or ``uniform | 500``; empty where the term has no levels.
    n : int
        Seeds behind it: those with a value in every arm.
    effect, low, high : float
        What the level adds to the mean of all arms, beyond what its factors add alone; with its
        95 % bootstrap interval over seeds.
    share_pct : float
        Share of the whole term in the variation of the metric over arms and seeds. Shares of all
        terms add up to 100.
    """

    term: str
    level: str
    n: int
    effect: float
    low: float
    high: float
    share_pct: float


def factorial_effects(
    values: FloatArray, names: Sequence[str], levels: Sequence[Sequence[str]]
) -> list[Effect]:
    """Return main effects, interactions of two factors and shares of a full factorial design.

    The effect of a level is the mean of its arms less the grand mean; an interaction is what the
    mean of a cell has beyond the grand mean and both main effects (inclusion and exclusion). With
    two factors they add up to the means of the cells exactly. All arms share their seeds, so seeds
    are blocks: effects are taken seed by seed, and shares are those of sums of squares in a
    randomised complete block design. A seed without a value in every arm is left out, so that the
    design stays balanced; with none left everything is NaN.

    Parameters
    ----------
    values : array of float, shape (levels of the first factor, ..., seeds)
        NaN where a run failed.
    names : sequence of str
        Of the factors.
    levels : sequence of sequence of str
        Labels of each factor's levels.

    References
    ----------
    Montgomery, Design and Analysis of Experiments (8th ed. 2013), ch. 4 and 5.

    >>> cells = np.array([[[10.0, 12.0], [14.0, 16.0]], [[20.0, 22.0], [32.0, 34.0]]])
    >>> found = factorial_effects(cells, ["a", "b"], [["a1", "a2"], ["b1", "b2"]])
    >>> [(one.term, one.level, one.effect) for one in found[:4]]
    [('a', 'a1', -7.0), ('a', 'a2', 7.0), ('b', 'b1', -4.0), ('b', 'b2', 4.0)]
    >>> [one.effect for one in found if one.level == "a2 | b2"]
    [2.0]
    """
    factors = tuple(range(len(names)))
    complete = ~np.isnan(values).any(axis=factors)
    kept = values[..., complete]
    shares = _shares(kept)
    found: list[Effect] = []
    for term in _terms(len(names)):
        label = ":".join(names[factor] for factor in term)
        found += _rows(kept, term, label, [levels[factor] for factor in term], shares[term])
    others = [RESIDUAL_TERM] if kept.shape[-1] < 2 else [SEED_TERM, RESIDUAL_TERM]
    if len(names) > 2:
        others.insert(0, HIGHER_TERM)
    nan = float("nan")
    n = int(complete.sum())
    return found + [Effect(name, "", n, nan, nan, nan, shares[name]) for name in others]


def _terms(factors: int) -> Iterator[tuple[int, ...]]:
    for size in (1, 2):
        yield from combinations(range(factors), size)


def _rows(
    values: FloatArray,
    term: tuple[int, ...],
    label: str,
    levels: Sequence[Sequence[str]],
    share: float,
) -> list[Effect]:
    texts = [" | ".join(texts) for texts in product(*levels)]
    # The other factors have length one.
    by_seed = _component(values, term).reshape(len(texts), values.shape[-1])
    found = []
    for text, effects in zip(texts, by_seed, strict=True):
        one = mean_interval(effects)
        found.append(Effect(label, text, one.n, one.mean, one.low, one.high, share))
    return found


def _component(values: FloatArray, term: tuple[int, ...]) -> FloatArray:
    """Return what the factors of `term` do together and none of them alone, for each seed."""
    factors = values.ndim - 1
    total: FloatArray = np.zeros(())
    for size in range(len(term) + 1):
        for part in combinations(term, size):
            others = tuple(axis for axis in range(factors) if axis not in part)
            mean = values.mean(axis=others, keepdims=True) if others else values
            total = total + (-1) ** (len(term) - size) * mean
    return total


def _shares(values: FloatArray) -> dict[tuple[int, ...] | str, float]:
    """Return the share of each term in the sum of squares about the grand mean, in percent."""
    factors = values.ndim - 1
    everything = [
        term for size in range(1, factors + 1) for term in combinations(range(factors), size)
    ]
    if not values.size:
        return dict.fromkeys([*everything, HIGHER_TERM, SEED_TERM, RESIDUAL_TERM], float("nan"))
    squares = {term: _squares(_component(values, term), values) for term in everything}
    cells = values.mean(axis=-1, keepdims=True)
    seeds = values.mean(axis=tuple(range(factors)), keepdims=True)
    found: dict[tuple[int, ...] | str, float] = {
        term: size for term, size in squares.items() if len(term) < 3
    }
    found[HIGHER_TERM] = sum(size for term, size in squares.items() if len(term) > 2)
    found[SEED_TERM] = float(np.square(seeds - values.mean()).sum() * cells.size)
    rest = values - cells - seeds + values.mean()
    found[RESIDUAL_TERM] = float(np.square(rest).sum())
    total = sum(found.values())
    if total <= values.size * (ROUNDING * float(np.abs(values).max())) ** 2:
        return dict.fromkeys(found, float("nan"))
    return {term: 100 * size / total for term, size in found.items()}


def _squares(component: FloatArray, values: FloatArray) -> float:
    """Return the sum of squares of a term: its effects, once for every value."""
    effects = component.mean(axis=-1)
    return float(np.square(effects).sum() * (values.size // effects.size))
