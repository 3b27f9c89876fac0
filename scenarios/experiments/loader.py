"""From an experiment file to checked arms: all that can be wrong is said before the first run."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from market import Calendar, InputError
from scenarios.bundled import find_experiment, find_scenario
from scenarios.experiments.arm_scenarios import ArmText, arms_of, loaded_arms
from scenarios.experiments.arms import Arm
from scenarios.experiments.checks import file_problems
from scenarios.experiments.designs import (
    VARIANT,
    arm_name,
    centre,
    steps,
)
from scenarios.experiments.metrics import AT, needed_appraisals
from scenarios.experiments.schema import ExperimentFile, Period
from scenarios.layers import Folders
from scenarios.messages import broken, sentences, without
from scenarios.problems import Loc, Source
from scenarios.toml_text import read_toml, write_toml

PLACEHOLDERS: dict[str, Any] = {
    "name": "none",
    "question": "none",
    "base": "none",
    "seeds": 1,
    "metrics": ["mean_price"],
}
"""Stand for keys that are missing or broken, so that the others can be checked."""


@dataclass(frozen=True, slots=True)
class LoadedExperiment:
    """A checked experiment.

    Attributes
    ----------
    file : ExperimentFile
        The validated content.
    path : Path
        Where it was read.
    text : str
        The same as TOML.
    data_dir : Path or None
        Directory of data files that is looked into first.
    arms : tuple of Arm
        In the order of the design.
    baseline : str or None
        Name of the arm that the others are compared with; None where arms are only sampled.
    scenarios : mapping of str to ArmText
        Scenario of each arm, by its name.
    """

    file: ExperimentFile
    path: Path
    text: str
    data_dir: Path | None
    arms: tuple[Arm, ...]
    baseline: str | None
    scenarios: Mapping[str, ArmText]

    @property
    def name(self) -> str:
        """Name of the experiment."""
        return self.file.experiment.name

    @property
    def design(self) -> str:
        """Which combinations are run."""
        return self.file.design

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of each arm."""
        return self.file.experiment.seeds

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the figures that answer the question."""
        return self.file.experiment.metrics

    @property
    def factors(self) -> tuple[str, ...]:
        """Names of what is varied: columns of the tables."""
        variants = (VARIANT,) if self.file.variant else ()
        return (*(factor.name for factor in self.file.factor), *variants)

    @property
    def periods(self) -> tuple[tuple[str, str, str], ...]:
        """Name, start and end of each part of the run, ISO 8601."""
        return tuple(
            (period.name, period.start.isoformat(), period.end.isoformat())
            for period in self.file.period
        )

    @property
    def asked_periods(self) -> tuple[tuple[str, str, str], ...]:
        """Those periods that a metric is asked for."""
        asked = {metric.partition(AT)[2] for metric in self.metrics}
        return tuple(period for period in self.periods if period[0] in asked)

    @property
    def appraisals(self) -> tuple[str, ...]:
        """What is asked of each run beyond key figures."""
        return needed_appraisals(self.metrics)


def load_experiment(
    path_or_bundled_name: str,
    data_dir: Path | None = None,
    tell: Callable[[int], None] | None = None,
) -> LoadedExperiment:
    """Return the checked experiment of a file, or of a bundled name.

    Parameters
    ----------
    path_or_bundled_name : str
        Path of a TOML file, or the bare name of a bundled experiment.
    data_dir : Path, optional
        Where relative data files are looked for first.
    tell : callable, optional
        Told the number of arms before the scenario of each is checked.

    Raises
    ------
    InputError
        With one sentence for each mistake found, in the file or in the scenario of an arm.
    """
    path = find_experiment(path_or_bundled_name)
    source = Source(str(path), read_toml(path))
    file = _checked(source, path.parent)
    arms = arms_of(file, Folders(path.parent, data_dir))
    _refuse_namesakes(arms, source)
    if tell is not None:
        tell(len(arms))
    scenarios, problems = loaded_arms(file, arms, data_dir)
    problems = [f"{source.label}: {text}" for text in problems]
    misfits = [*_period_problems(file, scenarios), *_currency_problems(scenarios)]
    problems += [source.sentence(loc, text) for loc, text in misfits]
    if problems:
        raise InputError(dict.fromkeys(problems))
    baseline = None if file.sampled else arm_name(centre(file, steps(file)))
    text = write_toml(source.raw)
    return LoadedExperiment(file, path, text, data_dir, tuple(arms), baseline, scenarios)


def _refuse_namesakes(arms: Sequence[Arm], source: Source) -> None:
    """Raise when two arms have one name: labels with a comma or an equals sign can do that."""
    count = Counter(arm.name for arm in arms)
    twice = [name for name in count if count[name] > 1]
    if twice:
        shown = ", ".join(map(repr, twice[:3]))
        raise InputError(
            f"{source.label}: several arms are called {shown}; give the levels other labels"
        )


def _checked(source: Source, folder: Path) -> ExperimentFile:
    """Return the content of a file; raises all that is wrong with the file by itself."""
    try:
        file = ExperimentFile.model_validate(source.raw)
    except ValidationError as error:
        raise InputError(_all_problems(error, source)) from None
    found = [*file_problems(file), *_unknown_bases(file, folder)]
    if found:
        raise InputError(dict.fromkeys(source.sentence(loc, text) for loc, text in found))
    return file


def _unknown_bases(file: ExperimentFile, folder: Path) -> Iterator[tuple[Loc, str]]:
    places: dict[Loc, str | None] = {("experiment", "base"): file.experiment.base}
    places |= {("variant", i, "base"): one.base for i, one in enumerate(file.variant)}
    for loc, name in places.items():
        try:
            if name:
                find_scenario(name, folder)
        except InputError as error:
            yield from ((loc, text) for text in error.problems)


def _all_problems(error: ValidationError, source: Source) -> list[str]:
    """Return what pydantic found, and what is wrong with the entries it did not mind."""
    found = sentences(error, source, ExperimentFile)
    rest, places, unknown = _remainder(source.raw, error)
    try:
        file = ExperimentFile.model_validate(rest)
    except ValidationError:
        return found
    for loc, text in file_problems(file):
        # What is left out might have been what another part asks for.
        if loc not in unknown and loc[:2] not in unknown:
            found.append(source.sentence(places.get(loc[:2], loc[:2]) + loc[2:], text))
    return found


def _remainder(
    raw: Mapping[str, Any], error: ValidationError
) -> tuple[dict[str, Any], dict[Loc, Loc], set[Loc]]:
    """Return a file less its broken parts, where the others stood, and of what nothing is known."""
    wrong = broken(error)
    header = {item["loc"][:2] for item in error.errors() if item["loc"][0] == "experiment"}
    rest, places = without(raw, wrong)
    given = raw.get("experiment")
    if isinstance(given, dict):
        sound = {key: value for key, value in given.items() if ("experiment", key) not in header}
        rest["experiment"] = PLACEHOLDERS | sound
    return rest, places, {(str(place[0]),) for place in wrong} - {("experiment",)} | header


def _period_problems(
    file: ExperimentFile, scenarios: Mapping[str, ArmText]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for index, period in enumerate(file.period):
        for name, scenario in scenarios.items():
            text = _misfit(period, scenario.calendar)
            if text:
                yield ("period", index), f"{text} (arm {name})"
                break


def _currency_problems(scenarios: Mapping[str, ArmText]) -> Iterator[tuple[Loc, str]]:
    names = {scenario.currency: arm for arm, scenario in scenarios.items()}
    if len(names) > 1:
        shown = ", ".join(f"{currency} ({arm})" for currency, arm in names.items())
        yield ("experiment",), f"amounts in several currencies cannot be compared: {shown}"


def _misfit(period: Period, calendar: Calendar) -> str | None:
    """Return why a period is no part of a run, or None."""
    if period.start < calendar.start or period.end > calendar.end:
        begin, end = calendar.start.isoformat(), calendar.end.isoformat()
        return f"must lie within the run, which is from {begin} to {end}"
    offsets = ((instant - calendar.start).total_seconds() for instant in (period.start, period.end))
    if any(offset % calendar.interval_s for offset in offsets):
        return f"must begin and end with an interval of {calendar.interval_s // 60} minutes"
    return None
