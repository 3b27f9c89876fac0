"""What pydantic cannot see: whether the parts of an experiment file fit each other."""

from collections.abc import Hashable, Iterable, Iterator

from market import RESERVED, InputError
from scenarios.experiments.designs import VARIANT, arm_count, centre, said, steps
from scenarios.experiments.metrics import metric_problems
from scenarios.experiments.schema import ExperimentFile, Factor, NamedLevel
from scenarios.problems import Loc

MOST_ARMS, MOST_RUNS = 10_000, 1_000_000
IN_TERMS = {":": "terms of effects", "|": "terms of effects", "=": "names of arms"}
SEED = "scenario.seed"
Found = Iterator[tuple[Loc, str]]


def file_problems(file: ExperimentFile) -> Found:
    """Yield place and sentence of each mistake."""
    yield from _base_problems(file)
    yield from _name_problems(file)
    yield from _level_problems(file)
    yield from _key_problems(file)
    yield from _seed_problems(file)
    yield from _sample_problems(file)
    yield from _size_problems(file)
    design = list(_design_problems(file))
    yield from design or _baseline_problems(file)
    periods = [period.name for period in file.period]
    for index, text in metric_problems(file.experiment.metrics, periods):
        yield ("experiment", "metrics", index), text


def _base_problems(file: ExperimentFile) -> Found:
    if file.experiment.base is None and not (
        file.variant and all(variant.base for variant in file.variant)
    ):
        yield ("experiment", "base"), "is required: a bundled scenario, or a path from this file"


def _name_problems(file: ExperimentFile) -> Found:
    for section in ("factor", "variant", "period"):
        names = [entry.name for entry in getattr(file, section)]
        for index, name in enumerate(names):
            if name in names[:index]:
                yield (section, index, "name"), f"is the name of another {section} too"
    for index, factor in enumerate(file.factor):
        place: Loc = ("factor", index, "name")
        letter = next((letter for letter in IN_TERMS if letter in factor.name), None)
        if factor.name in RESERVED:
            yield place, "is a column or term of the tables; give the factor another name"
        elif factor.name == VARIANT and file.variant:
            yield place, "is what all [[variant]] are called together; give another name"
        elif letter is not None:
            yield place, f'must not contain "{letter}", which stands in {IN_TERMS[letter]}'
    for index, period in enumerate(file.period):
        if "@" in period.name:
            yield ("period", index, "name"), 'must not contain "@"'


def _level_problems(file: ExperimentFile) -> Found:
    for index, factor in enumerate(file.factor):
        known: set[Hashable] = set()
        for at, level in enumerate(factor.levels or ()):
            label, place = _label(level), ("factor", index, "levels", at)
            names = {said(label)} if isinstance(label, bool) else {said(label), label}  # 1 is 1.0
            if names & known:
                yield place, f"{said(label)} stands there twice"
            if any(ord(letter) < ord(" ") for letter in said(label)):
                yield place, "a label must not contain control characters or line breaks"
            known |= names


def _label(level: object) -> str | float | int | bool:
    label: str | float | int | bool = level.label if isinstance(level, NamedLevel) else level  # type: ignore[assignment]
    return label


def _key_problems(file: ExperimentFile) -> Found:
    """Yield keys that two factors set, so that one would undo what the other does."""
    setters: list[tuple[Loc, str, set[str]]] = [
        (("factor", index), factor.name, _keys(factor)) for index, factor in enumerate(file.factor)
    ]
    setters.insert(0, (("experiment", "set"), "set of [experiment]", set(file.experiment.set)))
    changed = {key for variant in file.variant for key in variant.set}
    if file.design != "list":
        setters.append((("variant",), VARIANT, changed))
    for place, (loc, name, keys) in enumerate(setters):
        for _, other, others in setters[:place]:
            for key in sorted(keys & others):
                yield loc, f"{name} and {other} both set {key}; leave it to one of them"


def _seed_problems(file: ExperimentFile) -> Found:
    """Yield where a seed is set, which the seeds of the experiment would undo."""
    places: list[tuple[Loc, Iterable[str]]] = [(("experiment", "set"), file.experiment.set)]
    places += [(("factor", i), _keys(factor)) for i, factor in enumerate(file.factor)]
    places += [(("variant", i, "set"), one.set) for i, one in enumerate(file.variant)]
    for loc, keys in places:
        if SEED in keys:
            yield loc, f"changes {SEED}; accepted: seeds = ... in [experiment]"


def _keys(factor: Factor) -> set[str]:
    named = [level.set for level in factor.levels or () if isinstance(level, NamedLevel)]
    return {*factor.targets, *(key for values in named for key in values)}


def _sample_problems(file: ExperimentFile) -> Found:
    samples, place = file.experiment.samples, ("experiment", "samples")
    if not file.sampled and samples is not None:
        yield place, f"goes with the designs lhs, sobol and morris, not with {file.design}"
    elif file.sampled and samples is None:
        yield place, f"is required by the design {file.design}: how many samples"
    elif file.design == "sobol" and samples is not None and samples & (samples - 1):
        yield place, "must be a power of two for the design sobol, like 64"


def _size_problems(file: ExperimentFile) -> Found:
    """Yield what is too much, before anything is made of it."""
    arms = arm_count(file)
    runs = arms * len(file.experiment.seeds)
    if arms > MOST_ARMS:
        text = f"the design {file.design} makes {arms:,} arms; accepted: up to {MOST_ARMS:,}"
        yield ("factor",) if file.factor else ("variant",), text
    elif runs > MOST_RUNS:
        text = f"{arms:,} arms make {runs:,} runs; accepted: up to {MOST_RUNS:,}"
        yield ("experiment", "seeds"), text


def _design_problems(file: ExperimentFile) -> Found:
    if not file.factor and not file.variant:
        yield ("factor",), "is required: what is varied, a [[factor]] or [[variant]] or several"
    elif file.sampled:
        yield from _unsampled(file)
    elif file.design == "list" and not file.variant:
        yield ("experiment", "design"), "the design list needs [[variant]] entries"
    elif file.design == "list" and file.factor:
        yield ("factor",), "the design list takes [[variant]] entries only; or use full"
    else:
        yield from _unlisted(file)


def _unsampled(file: ExperimentFile) -> Found:
    if file.variant:
        yield ("variant",), f"the design {file.design} draws from ranges; it takes no variants"
    for index, factor in enumerate(file.factor):
        if factor.range is None:
            yield ("factor", index, "levels"), f"the design {file.design} needs range = [low, high]"


def _unlisted(file: ExperimentFile) -> Found:
    for index, factor in enumerate(file.factor):
        if factor.levels is None:
            yield (
                ("factor", index, "range"),
                f"the design {file.design} needs levels = [...]; ranges go with lhs, sobol, morris",
            )


def _baseline_problems(file: ExperimentFile) -> Found:
    place: Loc = ("experiment", "baseline")
    if file.sampled:
        if file.experiment.baseline is not None:
            yield place, f"the design {file.design} has no baseline; leave it out"
        return
    try:
        centre(file, steps(file))
    except InputError as error:
        yield from ((place, text) for text in error.problems)
