"""One run of an experiment, from its text to the figures that are kept of it.

The same function does it in a process of this machine and on a machine of a cluster: it needs
nothing but the task, and returns plain numbers and names.
"""

import json
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from market import InputError, KeyFigure, Results, benefits, period_figures
from scenarios.appraisals import appraisals
from scenarios.experiments.arms import Outcome, Task
from scenarios.experiments.metrics import AT
from scenarios.experiments.tasks import task_key
from scenarios.loader import LoadedScenario, load_text
from scenarios.runs import carry_out

OTHER_PROGRAM = (
    "the program, its libraries or the scenario's data files are not those that the experiment "
    "was checked with"
)
Figures = dict[str, tuple[float, str, str]]


def perform(task: Task, scratch: str | None = None) -> dict[str, Any]:
    """Return the outcome of a task as a dictionary; a run that raises is a failed one.

    Parameters
    ----------
    task : Task
    scratch : str, optional
        Where the run directory is made and removed again; the machine's own place by default.
    """
    began = perf_counter()
    try:
        if task_key(task) != task.key:
            raise InputError(OTHER_PROGRAM)
        with TemporaryDirectory(prefix="run-", dir=scratch, ignore_cleanup_errors=True) as place:
            outcome = outcome_of(task, Path(place))
    except Exception as error:  # whatever it is costs this run only
        outcome = failure(task, error)
    return outcome | {"seconds": perf_counter() - began}


def failure(task: Task, reason: BaseException | str) -> dict[str, Any]:
    """Return the outcome of a run that failed."""
    text = reason if isinstance(reason, str) else in_a_line(reason)
    return {"key": task.key, "status": "failed", "reason": text}


def in_a_line(error: BaseException) -> str:
    """Return what an error says, in one line; errors of the program itself with their kind.

    >>> in_a_line(InputError(["no wind", "no sun"])), in_a_line(KeyError("x"))
    ('no wind; no sun', "KeyError: 'x'")
    """
    if isinstance(error, InputError):
        return "; ".join(error.problems)
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def outcome_of(task: Task, place: Path) -> dict[str, Any]:
    """Run a task into a directory and return what is kept of it."""
    data_dir = None if task.data_dir is None else Path(task.data_dir)
    loaded = load_text(task.text, Path(task.base_dir), data_dir, task.seed)
    results = carry_out(loaded, place)
    found = Outcome(
        task.key,
        "finished",
        content_hash=results.run["content_hash"],
        figures=_figures(task, results, loaded),
        benefits=tuple(tuple(row) for row in benefits(results).itertuples(index=False)),
    )
    return asdict(found)


def _figures(task: Task, results: Results, loaded: LoadedScenario) -> Figures:
    """Return all figures that are defined: of the run, of its periods, of the appraisals."""
    found: Figures = {
        name: (figure["value"], figure["unit"], figure["meaning"])
        for name, figure in json.loads((results.path / "summary.json").read_text("utf-8")).items()
    }
    for period, start, end in task.periods:
        of_part = _kept(period_figures(results, start, end))
        found |= {f"{name}{AT}{period}": figure for name, figure in of_part.items()}
    for name in task.appraisals:
        found |= _kept(appraisals.get(name).compute(results, loaded))
    return found


def _kept(figures: list[KeyFigure]) -> Figures:
    return {
        figure.name: (float(figure.value), figure.unit, figure.meaning)
        for figure in figures
        if isfinite(figure.value)
    }
