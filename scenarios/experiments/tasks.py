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

from scenarios.experiments.arms import Task
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
    for seed in loaded.seeds:
        for arm in loaded.arms:
            scenario = loaded.scenarios[arm.name]
            data_dir = None if loaded.data_dir is None else str(loaded.data_dir.absolute())
            base_dir = str(scenario.base_dir.absolute())
            task = Task("", arm.name, seed, scenario.text, base_dir, data_dir)
            task = replace(task, appraisals=loaded.appraisals, periods=loaded.asked_periods)
            yield replace(task, key=task_key(task))


def task_key(task: Task) -> str:
    """Return the digest of all that the outcome of a task depends on."""
    scenario = _scenario_text(task.text, task.base_dir, task.data_dir, _stamps(task))
    parts = (program(), scenario, str(task.seed), repr(task.appraisals), repr(task.periods))
    return _digest("\x1f".join(parts).encode())


def _stamps(task: Task) -> tuple[tuple[str, int, int], ...]:
    """Return the data files of a task, each with what changes when it changes."""
    found = []
    for file in _files(_parsed(task.text)):
        path = find_file(file, *_folders(task.base_dir, task.data_dir))
        found.append((str(path), *file_version(path)))
    return tuple(found)


def _folders(base_dir: str, data_dir: str | None) -> tuple[Path, Path | None]:
    return Path(base_dir), None if data_dir is None else Path(data_dir)


@lru_cache(maxsize=64)
def _scenario_text(
    text: str, base_dir: str, data_dir: str | None, _stamps: tuple[tuple[str, int, int], ...]
) -> str:
    """Return a scenario in which digests of contents stand for data files, and no seed."""
    raw = _parsed(text)
    raw = {**raw, "scenario": {k: v for k, v in raw["scenario"].items() if k != "seed"}}
    return write_toml(_by_content(raw, *_folders(base_dir, data_dir)))


@lru_cache(maxsize=64)
def _parsed(text: str) -> dict[str, Any]:
    return parse_toml(text, "the resolved scenario")


def _files(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _files(item)
    elif isinstance(value, dict):
        if isinstance(value.get("file"), str):
            yield value["file"]
        for item in value.values():
            yield from _files(item)


def _by_content(value: Any, base_dir: Path, data_dir: Path | None) -> Any:
    if isinstance(value, list):
        return [_by_content(item, base_dir, data_dir) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _by_content(item, base_dir, data_dir) for key, item in value.items()}
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


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=DIGEST_SIZE).hexdigest()
