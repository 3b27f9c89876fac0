"""From factors and variants to arms: which combinations of levels are run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from math import exp, log, prod
from typing import Any

from market import InputError, stream
from scenarios.experiments.arms import Level
from scenarios.experiments.schema import ExperimentFile, Factor, NamedLevel, Variant

VARIANT = "variant"
"""The factor that all variants form together."""

NO_SALIB = (
    "the design {design} needs the package SALib, which is not installed; "
    'type: pip install "talatan[sensitivity]"'
)


@dataclass(frozen=True, slots=True)
class Step:
    """One level of one factor.

    Attributes
    ----------
    factor : str
    label : str, number or bool
    values : mapping
        Dotted keys that are changed.
    base : str or None
        Scenario, where it is not the experiment's.
    """

    factor: str
    label: Level
    values: Mapping[str, Any] = field(default_factory=dict)
    base: str | None = None


Combination = tuple[Step, ...]


def said(label: Level) -> str:
    """Return a level as it stands in names of arms.

    >>> said(True), said(0.5), said("uniform")
    ('true', '0.5', 'uniform')
    """
    return str(label).lower() if isinstance(label, bool) else str(label)


def same(label: Level, other: Level) -> bool:
    """Return whether two labels name the same level: true is no number, 1 and 1.0 are one.

    >>> same(1, 1.0), same(1, True)
    (True, False)
    """
    return isinstance(label, bool) == isinstance(other, bool) and label == other


def combinations(file: ExperimentFile) -> list[Combination]:
    """Return what each arm combines, in the order of the design."""
    if file.sampled:
        return _sampled(file)
    dimensions = steps(file)
    if file.design == "one-at-a-time":
        return list(_one_at_a_time(dimensions, centre(file, dimensions)))
    return list(product(*dimensions))


def arm_count(file: ExperimentFile) -> int:
    """Return how many arms the design makes, without making any."""
    samples, factors = file.experiment.samples or 0, len(file.factor)
    sampled = {"lhs": 1, "sobol": factors + 2, "morris": factors + 1}
    if file.design in sampled:
        return samples * sampled[file.design]
    sizes = [len(factor.levels or ()) for factor in file.factor]
    sizes += [len(file.variant)] if file.variant else []
    if file.design == "one-at-a-time":
        return 1 + sum(max(size - 1, 0) for size in sizes)
    return prod(sizes)


def steps(file: ExperimentFile) -> list[list[Step]]:
    """Return the levels of each factor; the variants, if any, come last."""
    dimensions = [[_step(factor, level) for level in factor.levels or ()] for factor in file.factor]
    variants = [_variant(variant) for variant in file.variant]
    return [*dimensions, variants] if variants else dimensions


def _step(factor: Factor, level: Any) -> Step:
    if isinstance(level, NamedLevel):
        return Step(factor.name, level.label, level.set)
    return Step(factor.name, level, dict.fromkeys(factor.targets, level))


def _variant(variant: Variant) -> Step:
    return Step(VARIANT, variant.name, variant.set, variant.base)


def _one_at_a_time(
    dimensions: Sequence[Sequence[Step]], middle: Combination
) -> Iterator[Combination]:
    """Yield the baseline, then each factor's other levels with all others at the baseline."""
    yield middle
    for place, dimension in enumerate(dimensions):
        for step in dimension:
            if step is not middle[place]:
                yield (*middle[:place], step, *middle[place + 1 :])


def centre(file: ExperimentFile, dimensions: Sequence[Sequence[Step]]) -> Combination:
    """Return the combination that the baseline names: the first levels, unless it says others.

    Raises
    ------
    InputError
        When it names a level or factor that is not there.
    """
    asked = file.experiment.baseline
    if asked is None:
        return tuple(dimension[0] for dimension in dimensions)
    if not isinstance(asked, dict):
        found = next((one for one in product(*dimensions) if _is_called(one, asked)), None)
        if found is None:
            names = "; ".join(arm_name(one) for one in islice(product(*dimensions), 12))
            raise InputError(f"is the name of no arm; accepted: one of {names}")
        return found
    by_name = {dimension[0].factor: dimension for dimension in dimensions}
    wrong = [name for name in asked if name not in by_name]
    if wrong:
        raise InputError(f"there is no factor {wrong[0]!r}; factors: {', '.join(by_name)}")
    return tuple(_level(dimension, asked) for dimension in dimensions)


def _is_called(combination: Combination, name: Level) -> bool:
    alone = len(combination) == 1 and same(combination[0].label, name)
    return alone or arm_name(combination) == name


def _level(dimension: Sequence[Step], asked: Mapping[str, Level]) -> Step:
    first = dimension[0]
    if first.factor not in asked:
        return first
    label = asked[first.factor]
    found = [step for step in dimension if same(step.label, label) or said(step.label) == label]
    if not found:
        known = ", ".join(said(step.label) for step in dimension)
        raise InputError(f"{first.factor} has no level {label!r}; levels: {known}")
    return found[0]


def arm_name(combination: Combination) -> str:
    """Return the name of an arm: its level, or all levels with their factors.

    >>> arm_name((Step("mechanism", "vcg"),)), arm_name((Step("a", 1), Step("b", False)))
    ('vcg', 'a=1, b=false')
    """
    if len(combination) == 1:
        return said(combination[0].label)
    return ", ".join(f"{step.factor}={said(step.label)}" for step in combination)


def _sampled(file: ExperimentFile) -> list[Combination]:
    points = unit_points(file.design, len(file.factor), file.experiment.samples or 0)
    return [
        tuple(
            Step(factor.name, value, dict.fromkeys(factor.targets, value))
            for factor, share in zip(file.factor, point, strict=True)
            for value in (scaled(factor, share),)
        )
        for point in points
    ]


def unit_points(design: str, factors: int, samples: int) -> list[list[float]]:
    """Return the points of a sampled design in the unit cube, a list for each arm.

    They depend on the design and its size only, so a rerun draws the same ones. ``lhs`` is a
    Latin hypercube; ``sobol`` Saltelli's scheme of ``samples x (factors + 2)`` points for indices
    of first order and in total; ``morris`` as many trajectories of ``factors + 1`` points on four
    levels.
    """
    rng = stream(0, "experiment", design)
    if design == "lhs":
        from scipy.stats import qmc

        points = qmc.LatinHypercube(factors, seed=rng).random(samples)
    else:
        points = _salib_points(design, factors, samples, int(rng.integers(2**31)))
    return [[float(share) for share in point] for point in points]


def _salib_points(design: str, factors: int, samples: int, seed: int) -> Any:
    try:
        from SALib.sample import morris, sobol
    except ImportError:
        raise InputError(NO_SALIB.format(design=design)) from None
    cube = salib_problem([f"x{index}" for index in range(factors)])
    if design == "sobol":
        return sobol.sample(cube, samples, calc_second_order=False, seed=seed)
    return morris.sample(cube, samples, num_levels=4, seed=seed)


def salib_problem(names: Sequence[str]) -> dict[str, Any]:
    """Return factors over the unit interval as SALib describes them."""
    return {"num_vars": len(names), "names": list(names), "bounds": [[0.0, 1.0]] * len(names)}


def scaled(factor: Factor, share: float) -> float | int:
    """Return the value at a share of a factor's range, to twelve digits."""
    assert factor.range is not None  # the checks of the file have seen to it
    low, high = factor.range
    if factor.whole:
        # Every whole number of the range gets an equal share of it.
        low, high = low - 0.5, high + 0.5
    if factor.scale == "log":
        value = exp(log(low) + share * (log(high) - log(low)))
    else:
        value = low + share * (high - low)
    value = min(max(value, factor.range[0]), factor.range[1])
    return round(value) if factor.whole else float(f"{value:.12g}")
