"""From an experiment file to checked arms: all that can be wrong is said before the first run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from market import Calendar, InputError
from scenarios.appraisals import appraisals
from scenarios.bundled import bundled, find_experiment, find_scenario
from scenarios.expand import expand
from scenarios.experiments.arms import Arm
from scenarios.experiments.checks import file_problems
from scenarios.experiments.designs import (
    VARIANT,
    Combination,
    arm_name,
    centre,
    combinations,
    steps,
)
from scenarios.experiments.metrics import AT, needed_appraisals
from scenarios.experiments.schema import ExperimentFile, Period
from scenarios.fleets import build_fleets
from scenarios.layers import EXTENDS, RULES, Folders, moved
from scenarios.loader import LoadedScenario, load
from scenarios.messages import broken, sentences, without
from scenarios.problems import Source, listed
from scenarios.rulebook import rulebook
from scenarios.toml_text import read_toml, write_toml

NAMED_FILES = (".".join(EXTENDS), ".".join(RULES))
"""Keys whose value is a bundled name or a path."""


@dataclass(frozen=True, slots=True)
class ArmText:
    """The scenario of an arm, ready to run with any seed.

    Attributes
    ----------
    text : str
        The resolved scenario, recording included.
    base_dir : Path
        Directory that its data files are looked for in.
    calendar : Calendar
        Intervals of its runs.
    """

    text: str
    base_dir: Path
    calendar: Calendar


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


def load_experiment(path_or_bundled_name: str, data_dir: Path | None = None) -> LoadedExperiment:
    """Return the checked experiment of a file, or of a bundled name.

    Parameters
    ----------
    path_or_bundled_name : str
        Path of a TOML file, or the bare name of a bundled experiment.
    data_dir : Path, optional
        Where relative data files are looked for first.

    Raises
    ------
    InputError
        With one sentence for each mistake found, in the file or in the scenario of an arm.
    """
    path = find_experiment(path_or_bundled_name)
    source = Source(str(path), read_toml(path))
    file = _checked(source)
    arms = _arms(file, Folders(path.parent, data_dir))
    scenarios, problems = _loaded_arms(file, arms, data_dir)
    problems += [source.sentence(loc, text) for loc, text in _period_problems(file, scenarios)]
    if problems:
        raise InputError(dict.fromkeys(problems))
    baseline = None if file.sampled else arm_name(centre(file, steps(file)))
    text = write_toml(source.raw)
    return LoadedExperiment(file, path, text, data_dir, tuple(arms), baseline, scenarios)


def _checked(source: Source) -> ExperimentFile:
    """Return the content of a file; raises all that is wrong with the file by itself."""
    try:
        file = ExperimentFile.model_validate(source.raw)
    except ValidationError as error:
        raise InputError(_all_problems(error, source)) from None
    found = [source.sentence(loc, text) for loc, text in file_problems(file)]
    if found:
        raise InputError(dict.fromkeys(found))
    return file


def _all_problems(error: ValidationError, source: Source) -> list[str]:
    """Return what pydantic found, and what is wrong with the entries it did not mind."""
    found = sentences(error, source, ExperimentFile)
    wrong = broken(error)
    rest, places = without(source.raw, wrong)
    try:
        file = ExperimentFile.model_validate(rest)
    except ValidationError:
        return found
    sections = {str(place[0]) for place in wrong}
    for loc, text in file_problems(file):
        # What an entry that is left out would have said is not known.
        if not (text.startswith("is required") and loc[0] in sections):
            found.append(source.sentence(places.get(loc[:2], loc[:2]) + loc[2:], text))
    return found


def _arms(file: ExperimentFile, folders: Folders) -> list[Arm]:
    found = combinations(file)
    digits = max(3, len(str(len(found))))
    arms = []
    for index, combination in enumerate(found):
        name = f"sample-{index + 1:0{digits}d}" if file.sampled else arm_name(combination)
        arms.append(_arm(file, name, combination, folders))
    return arms


def _arm(file: ExperimentFile, name: str, combination: Combination, folders: Folders) -> Arm:
    base = file.experiment.base
    values: dict[str, Any] = dict(file.experiment.set)
    for step in combination:
        base = step.base or base
        values |= step.values
    assert base is not None  # the checks of the file have seen to it
    where = find_scenario(base, folders.base)
    scenario = base if bundled().get(base) == where else str(where)
    levels = {step.factor: step.label for step in combination}
    return Arm(name, scenario, levels, _from_here(values, folders, where.parent))


def _from_here(values: Mapping[str, Any], folders: Folders, to: Path) -> dict[str, Any]:
    """Return changes whose files, relative to the experiment, are found from a scenario too."""
    found: dict[str, Any] = moved(dict(values), folders, Folders(to, folders.data))
    return {key: _named_file(key, value, folders.base) for key, value in found.items()}


def _named_file(key: str, value: Any, folder: Path) -> Any:
    if isinstance(value, list):
        return [_named_file("", item, folder) for item in value]
    if isinstance(value, dict):
        return {name: _named_file(name, item, folder) for name, item in value.items()}
    if key in NAMED_FILES and isinstance(value, str) and (folder / value).is_file():
        return str((folder / value).resolve())
    return value


def _loaded_arms(
    file: ExperimentFile, arms: Sequence[Arm], data_dir: Path | None
) -> tuple[dict[str, ArmText], list[str]]:
    """Return the scenario of each arm that loads, and what is wrong with the others."""
    recording = list(_recording(file).items())
    scenarios: dict[str, ArmText] = {}
    told: dict[str, list[str]] = {}
    for arm in arms:
        try:
            changes = [*arm.values.items(), *recording]
            loaded = load(arm.base, changes, data_dir, file.experiment.seeds[0])
            _rehearse(loaded)
            scenarios[arm.name] = ArmText(loaded.text, loaded.base_dir, loaded.calendar)
        except InputError as error:
            for problem in error.problems:
                told.setdefault(problem, []).append(arm.name)
    return scenarios, [_of_arms(names, text, len(arms)) for text, names in told.items()]


def _of_arms(names: Sequence[str], text: str, arms: int) -> str:
    if len(names) == arms and arms > 1:
        return f"all arms: {text}"
    return f"arm{'s' if len(names) > 1 else ''} {listed(names, 6)}: {text}"


def _rehearse(loaded: LoadedScenario) -> None:
    """Raise what turns out wrong only when units and data files are put together."""
    specs = expand(loaded.scenario, loaded.seed)
    build_fleets(loaded, specs, loaded.scenario.market.energy.opening * 60)
    rulebook(loaded)


def _recording(file: ExperimentFile) -> dict[str, Any]:
    """Return the least that has to be recorded for the metrics, as keys of the scenario."""
    keys = {"units": False, "ledger": "month", "orders": False}
    for name in needed_appraisals(file.experiment.metrics):
        keys |= appraisals.get(name).recording
    return {f"recording.{key}": value for key, value in keys.items()}


def _period_problems(
    file: ExperimentFile, scenarios: Mapping[str, ArmText]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for index, period in enumerate(file.period):
        for name, scenario in scenarios.items():
            text = _misfit(period, scenario.calendar)
            if text:
                yield ("period", index), f"{text} (arm {name})"
                break


def _misfit(period: Period, calendar: Calendar) -> str | None:
    """Return why a period is no part of a run, or None."""
    if period.start < calendar.start or period.end > calendar.end:
        begin, end = calendar.start.isoformat(), calendar.end.isoformat()
        return f"must lie within the run, which is from {begin} to {end}"
    offsets = ((instant - calendar.start).total_seconds() for instant in (period.start, period.end))
    if any(offset % calendar.interval_s for offset in offsets):
        return f"must begin and end with an interval of {calendar.interval_s // 60} minutes"
    return None
