"""The arms of an experiment with their scenarios: changes put on a base, and all of it checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from market import Calendar, InputError
from scenarios.appraisals import appraisals
from scenarios.bundled import bundled, find_scenario
from scenarios.expand import expand
from scenarios.experiments.arms import Arm
from scenarios.experiments.designs import Combination, arm_name, combinations
from scenarios.experiments.metrics import needed_appraisals
from scenarios.experiments.schema import ExperimentFile
from scenarios.fleets import build_fleets
from scenarios.layers import EXTENDS, RULES, Folders, moved
from scenarios.loader import LoadedScenario, load
from scenarios.problems import listed, show
from scenarios.rulebook import rulebook

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
    currency : str
        Of its prices and amounts.
    """

    text: str
    base_dir: Path
    calendar: Calendar
    currency: str


def arms_of(file: ExperimentFile, folders: Folders) -> list[Arm]:
    """Return the arms of an experiment, in the order of its design."""
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


def loaded_arms(
    file: ExperimentFile, arms: Sequence[Arm], data_dir: Path | None
) -> tuple[dict[str, ArmText], list[str]]:
    """Return the scenario of each arm that loads, and what is wrong with the others."""
    recording = list(_recording(file).items())
    scenarios: dict[str, ArmText] = {}
    told: dict[str, tuple[str, list[str]]] = {}
    for arm in arms:
        try:
            changes = [*arm.values.items(), *recording]
            loaded = load(arm.base, changes, data_dir, file.experiment.seeds[0])
            _rehearse(loaded)
            currency = loaded.scenario.scenario.currency
            scenarios[arm.name] = ArmText(loaded.text, loaded.base_dir, loaded.calendar, currency)
        except InputError as error:
            for problem in error.problems:
                told.setdefault(_general(problem, arm), (problem, []))[1].append(arm.name)
    return scenarios, [_of_arms(names, text, len(arms)) for text, names in told.values()]


def _general(problem: str, arm: Arm) -> str:
    """Return a sentence without the values of an arm, to see that several arms share it."""
    for value in arm.values.values():
        problem = problem.replace(f" = {show(value)}", "")
    return problem


def _of_arms(names: Sequence[str], text: str, arms: int) -> str:
    if len(names) == arms and arms > 1:
        return f"all arms: {text}"
    return f"arm{'s' if len(names) > 1 else ''} {listed(names, 3)}: {text}"


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
