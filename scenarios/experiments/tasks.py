"""Tasks: each run of an experiment with the key that its outcome is kept under.

The key is a digest of all that the outcome depends on: the resolved scenario, the seed, the
contents of its data files, what is asked of it, and the program with the libraries that it
calculates with. So an outcome is used again only where a new run would give the same.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache, lru_cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path
from typing import Any

from scenarios.experiments.arms import Arm, Task
from scenarios.experiments.loader import LoadedExperiment
from scenarios.series_file import find_file
from scenarios.series_file import version as file_version
from scenarios.toml_text import parse_toml, write_toml

ROOT = Path(__file__).parents[2]
PACKAGES = ("market", "agents", "scenarios")
LIBRARIES = ("talatan", "numpy", "pandas", "simpy", "scipy", "highspy", "rainflow", "numba")
"""What results are calculated with; another version may round otherwise."""
EXTENSIONS = ("talatan.mechanisms", "talatan.strategies", "talatan.kpis", "talatan.appraisals")
"""Where other distributions add what enters results."""
DIGEST_SIZE = 16


def tasks(loaded: LoadedExperiment) -> Iterator[Task]:
    """Yield a task for each seed of each arm, all arms of a seed together.

    An experiment that is stopped early then has whole pairs of runs rather than whole arms.
    """
    first = [_task(loaded, arm) for arm in loaded.arms]
    contents = [scenario_digest(task) for task in first]
    for seed in loaded.seeds:
        for task, content in zip(first, contents, strict=True):
            one = replace(task, seed=seed)
            yield replace(one, key=_key(one, content))


def _task(loaded: LoadedExperiment, arm: Arm) -> Task:
    scenario = loaded.scenarios[arm.name]
    return Task(
        "",
        arm.name,
        loaded.seeds[0],
        scenario.text,
        str(scenario.base_dir.absolute()),
        None if loaded.data_dir is None else str(loaded.data_dir.absolute()),
        loaded.appraisals,
        loaded.asked_periods,
    )


def task_key(task: Task) -> str:
    """Return the digest of all that the outcome of a task depends on."""
    return _key(task, scenario_digest(task))


def _key(task: Task, scenario: str) -> str:
    parts = (program(), scenario, str(task.seed), repr(task.appraisals), repr(task.periods))
    return _digest("\x1f".join(parts))


def scenario_digest(task: Task) -> str:
    """Return a digest of a scenario and of the contents of its data files; seeds do not count."""
    raw = parse_toml(task.text, "the resolved scenario")
    raw = {**raw, "scenario": {k: v for k, v in raw["scenario"].items() if k != "seed"}}
    data_dir = None if task.data_dir is None else Path(task.data_dir)
    return _digest(write_toml(_by_content(raw, Path(task.base_dir), data_dir)))


def _by_content(value: Any, base_dir: Path, data_dir: Path | None) -> Any:
    if isinstance(value, list):
        return [_by_content(item, base_dir, data_dir) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _by_content(value[key], base_dir, data_dir) for key in sorted(value)}
    if isinstance(value.get("file"), str):
        path = find_file(value["file"], base_dir, data_dir)
        found["file"] = _content(path, file_version(path)) + path.suffix
    return found


@lru_cache(maxsize=256)
def _content(path: Path, _stamp: tuple[int, int]) -> str:
    digest = blake2b(digest_size=DIGEST_SIZE)
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


@cache
def program() -> str:
    """Return a digest of our source files and of the versions of what they calculate with."""
    digest = blake2b(digest_size=DIGEST_SIZE)
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\x1f")
            digest.update(path.read_bytes() + b"\x1f")
    digest.update("\n".join(_versions()).encode())
    return digest.hexdigest()


def _versions() -> Iterator[str]:
    """Yield libraries and extensions of ours with their versions."""
    for name in LIBRARIES:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            yield f"{name} not installed"
    for group in EXTENSIONS:
        for point in sorted(entry_points(group=group), key=lambda point: point.name):
            yield f"{group} {point.name} {point.dist.version if point.dist else ''}"


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=DIGEST_SIZE).hexdigest()
