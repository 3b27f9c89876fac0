"""From a scenario file and `--set` overrides to a checked scenario."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from market import Calendar, InputError
from scenarios.bundled import find_scenario
from scenarios.checks import cross_problems
from scenarios.layers import EXTENDS, Folders, extended, with_rules
from scenarios.messages import broken, sentences, without
from scenarios.overrides import Override, apply_overrides, key_of
from scenarios.problems import Loc, Source
from scenarios.schema import Scenario, Time
from scenarios.service_checks import service_problems
from scenarios.timeseries import calendar_of_file
from scenarios.toml_text import parse_toml, read_toml, write_toml


@dataclass(frozen=True, slots=True)
class LoadedScenario:
    """A checked scenario and what is needed to run it again.

    Attributes
    ----------
    scenario : Scenario
        The validated content.
    text : str
        The resolved file as TOML: overrides, seed and all files that lie under it included.
    base_dir : Path
        Directory that relative paths start from.
    data_dir : Path or None
        Directory of data files that is looked into first.
    seed : int
        Seed of the run.
    calendar : Calendar
        Intervals of the run.
    """

    scenario: Scenario
    text: str
    base_dir: Path
    data_dir: Path | None
    seed: int
    calendar: Calendar


def load(
    path_or_bundled_name: str,
    overrides: Sequence[Override] = (),
    data_dir: Path | None = None,
    seed: int | None = None,
) -> LoadedScenario:
    """Return the checked scenario of a file, or of a bundled name.

    Parameters
    ----------
    path_or_bundled_name : str
        Path of a TOML file, or the bare name of a bundled scenario.
    overrides : sequence of str, or of (key, value)
        ``KEY=VALUE`` options, applied in order; they win over the file.
    data_dir : Path, optional
        Where relative data files are looked for first.
    seed : int, optional
        Wins over the seed of the file and of the overrides.

    Raises
    ------
    InputError
        With one sentence for each mistake found.
    """
    path = find_scenario(path_or_bundled_name)
    folders = Folders(path.parent, data_dir)
    source, problems = _overridden(path, overrides, folders)
    raw, places = source.raw, dict(source.overridden)
    if seed is not None and isinstance(raw.get("scenario"), dict):
        raw["scenario"]["seed"] = seed
        places[("scenario", "seed")] = f"--seed {seed}"
    if data_dir is not None and not data_dir.is_dir():
        problems.append(f"--data {data_dir}: is not a directory")
    source = with_rules(replace(source, overridden=places), folders)
    return resolve(source, path.parent, data_dir, problems)


def _overridden(
    path: Path, options: Sequence[Override], folders: Folders
) -> tuple[Source, list[str]]:
    """Return a scenario with what it extends and with options applied, and what is wrong in them.

    What it extends comes first, so that options reach the entries it inherits.
    """
    raw = read_toml(path)
    base = [option for option in options if key_of(option) == ".".join(EXTENDS)]
    first, problems = apply_overrides(raw, base)
    source = extended(Source(str(path), raw, first), folders, (path.resolve(),))
    places, found = apply_overrides(source.raw, [one for one in options if one not in base])
    return replace(source, overridden={**first, **places}), problems + found


def load_text(
    text: str, base_dir: Path, data_dir: Path | None = None, seed: int | None = None
) -> LoadedScenario:
    """Return the checked scenario of text, like the resolved one in `LoadedScenario.text`.

    A `seed` wins over the one in the text.
    """
    label, folders = "the resolved scenario", Folders(base_dir, data_dir)
    raw = parse_toml(text, label)
    if seed is not None:
        raw["scenario"]["seed"] = seed
    source = extended(Source(label, raw), folders)
    return resolve(with_rules(source, folders), base_dir, data_dir)


def resolve(
    source: Source, base_dir: Path, data_dir: Path | None, problems: Sequence[str] = ()
) -> LoadedScenario:
    """Return the checked scenario of what was read; raises all problems at once."""
    found = list(problems)
    scenario, calendar = None, None
    moved: dict[Loc, Loc] = {}
    incomplete: set[str] = set()
    try:
        scenario = Scenario.model_validate(source.raw)
    except ValidationError as error:
        found += sentences(error, source)
        incomplete = {str(place[0]) for place in broken(error)}
        scenario, moved = _remainder(source.raw, error)
    if scenario is not None:
        calendar, clock = _calendar(scenario.time, base_dir, data_dir)
        found += [f"{source.label}: {text}" for text in clock]
        for check in (cross_problems, service_problems):
            for loc, text in check(scenario, calendar, incomplete):
                found.append(source.sentence(moved.get(loc[:2], loc[:2]) + loc[2:], text))
    if found or scenario is None or calendar is None:
        raise InputError(dict.fromkeys(found))
    text = write_toml(source.raw)
    return LoadedScenario(scenario, text, base_dir, data_dir, scenario.scenario.seed, calendar)


def _remainder(
    raw: Mapping[str, Any], error: ValidationError
) -> tuple[Scenario | None, dict[Loc, Loc]]:
    """Return the scenario less its broken entries, so that the others can be checked too."""
    rest, moved = without(raw, broken(error))
    try:
        return Scenario.model_validate(rest), moved
    except ValidationError:
        return None, moved


def _calendar(
    time: Time, base_dir: Path, data_dir: Path | None
) -> tuple[Calendar | None, list[str]]:
    if time.series is None and time.start is not None:
        step = time.interval * 60
        return Calendar(time.start, step, time.seconds // step), []
    try:
        assert time.series is not None  # the schema has checked that one of the two is there
        return calendar_of_file(time.series, base_dir, data_dir, "time.series"), []
    except InputError as error:
        return None, error.problems
