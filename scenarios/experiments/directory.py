"""The directory of an experiment: whether it may be written to, and what is in it."""

import json
import re
from pathlib import Path
from typing import Any

from market import EXPERIMENT_TABLES, InputError
from scenarios.experiments.loader import LoadedExperiment
from scenarios.runs import safe_name

HEADER = "experiment.json"
MARKS = {"name", "design", "arms", "status"}
"""Keys that every header of an experiment has; other programs write experiment.json too."""
RUNS = "runs"
KEY = re.compile("[0-9a-f]{32}")
"""Names of the files of outcomes there."""


def default_directory(loaded: LoadedExperiment) -> Path:
    """Return experiments/<name>, with letters that file names cannot have replaced."""
    return Path("experiments") / safe_name(loaded.name)


def prepare(directory: Path, loaded: LoadedExperiment, force: bool, resume: bool) -> None:
    """Make sure that `directory` may be written to, and make it.

    Raises
    ------
    InputError
        When it holds a finished experiment or an unfinished one (without `force` or `resume`),
        one of another name (with `resume`), or something else.
    """
    try:
        _refuse_other(directory)
        if not force:
            _refuse_there(directory, loaded, resume)
        directory.mkdir(parents=True, exist_ok=True)
        probe = directory / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:  # a name too long, a directory that may not be written
        raise InputError(f"{directory}: cannot be written ({error.strerror})") from None


def _refuse_other(directory: Path) -> None:
    """Raise when the directory is a file, or holds something that is not an experiment's."""
    if directory.exists() and not directory.is_dir():
        raise InputError(f"{directory}: is a file; give a directory with --out")
    if not directory.exists():
        return
    there = header(directory)
    if there is not None:
        if not there.keys() >= MARKS:
            raise InputError(
                f"{directory / HEADER}: is damaged, or of another program; give another directory "
                "with --out"
            )
        return
    # A program that was killed before it said so leaves nothing but unfinished files.
    if any(path.suffix != ".part" for path in directory.iterdir()):
        raise InputError(
            f"{directory}: is not empty and not an experiment; give another with --out"
        )


def _refuse_there(directory: Path, loaded: LoadedExperiment, resume: bool) -> None:
    there = header(directory)
    if there is None:
        return
    status, name = there.get("status", "damaged"), there.get("name", loaded.name)
    if resume and name != loaded.name:
        raise InputError(
            f"{directory}: the experiment there is another one, {name}; give another directory "
            "with --out, or --force to replace it"
        )
    if resume:
        return
    if status == "finished":
        raise InputError(
            f"{directory}: holds a finished experiment; add --resume to run only what is new in "
            "the file, --force to run all again, or give another directory with --out"
        )
    raise InputError(
        f"{directory}: holds an experiment that is {status}; add --resume to take it up, or "
        "--force to run all again"
    )


def header(directory: Path) -> dict[str, Any] | None:
    """Return what experiment.json says; an empty dictionary when it is damaged."""
    try:
        content = json.loads((directory / HEADER).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def forget(directory: Path) -> None:
    """Remove the outcomes and tables of an experiment, and nothing else."""
    for path in (directory / RUNS).glob("*.json"):
        if KEY.fullmatch(path.stem):
            path.unlink()
    for name in EXPERIMENT_TABLES:
        (directory / f"{name}.parquet").unlink(missing_ok=True)
