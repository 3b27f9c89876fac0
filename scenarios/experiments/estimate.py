"""How long an experiment will take and how much it will write, before its first run."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from market import Calendar
from scenarios.experiments.arms import Task
from scenarios.experiments.loader import LoadedExperiment
from scenarios.experiments.perform import outcome_of
from scenarios.experiments.store import Store
from scenarios.experiments.tasks import tasks
from scenarios.toml_text import parse_toml, write_toml

SHORT, LONGER = timedelta(days=1), timedelta(days=3)
"""Lengths of the two runs that are measured: their difference tells what a day costs."""
PATIENCE_S = 1.0
START_S = 0.1  # a process of its own for every run


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is to be expected.

    Attributes
    ----------
    arms, seeds : int
    runs, kept : int
        How many there are, and how many of them are there already. Arms with the same rules count
        once.
    seconds : float or None
        Computing time of what is missing, on one core; None where it could not be measured.
    kept_bytes, scratch_bytes : float
        Disk for what is kept of the missing runs, and for the tables of one run under way.
    """

    arms: int
    seeds: int
    runs: int
    kept: int
    seconds: float | None
    kept_bytes: float
    scratch_bytes: float

    @property
    def missing(self) -> int:
        """How many runs are to be made."""
        return self.runs - self.kept

    def wall_seconds(self, jobs: int) -> float | None:
        """Return how long it takes with so many runs at a time."""
        if self.seconds is None or not self.missing:
            return self.seconds
        return self.seconds / min(jobs, self.missing)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run costs: fixed, and by interval."""

    seconds: float
    seconds_each: float
    kept_bytes: float
    scratch_bytes_each: float


def estimate(loaded: LoadedExperiment, directory: Path | None) -> Estimate:
    """Return what is to be expected of an experiment.

    The baseline arm is run for one day and, if that is quick, for three, with everything that is
    asked of it; time grows with the length of the runs from there.

    Parameters
    ----------
    loaded : LoadedExperiment
    directory : Path or None
        Where finished runs may be; None to count all as missing.
    """
    store = None if directory is None else Store(directory)
    unique = {task.key: task for task in tasks(loaded)}
    missing = [task for key, task in unique.items() if store is None or store.read(key) is None]
    counts = len(loaded.arms), len(loaded.seeds), len(unique), len(unique) - len(missing)
    if not missing:
        return Estimate(*counts, 0.0, 0.0, 0.0)
    cost = _cost(loaded, missing)
    if cost is None:
        return Estimate(*counts, None, 0.0, 0.0)
    intervals = [loaded.scenarios[task.arm].calendar.n for task in missing]
    seconds = sum(START_S + cost.seconds + cost.seconds_each * n for n in intervals)
    return Estimate(
        *counts, seconds, cost.kept_bytes * len(missing), cost.scratch_bytes_each * max(intervals)
    )


@dataclass(frozen=True, slots=True)
class Sample:
    """What a short run took."""

    intervals: int
    seconds: float
    kept_bytes: int
    scratch_bytes: int


def _cost(loaded: LoadedExperiment, missing: Sequence[Task]) -> Cost | None:
    """Return what runs cost; None where short ones do not work, as with dates beyond their end."""
    import pandas  # noqa: F401 - its import is no part of a run

    task = next((task for task in missing if task.arm == loaded.baseline), missing[0])
    calendar = loaded.scenarios[task.arm].calendar
    try:
        short = _measured(task, calendar, SHORT)
        if short.seconds > PATIENCE_S:
            each = short.seconds / short.intervals
            return Cost(0.0, each, short.kept_bytes, short.scratch_bytes / short.intervals)
        short = _measured(task, calendar, SHORT)  # again, with everything warmed up
        longer = _measured(task, calendar, LONGER)
    except Exception:  # the run itself will tell, better than its beginning can
        return None
    steps = longer.intervals - short.intervals
    each = max(0.0, longer.seconds - short.seconds) / steps if steps else 0.0
    fixed = max(0.0, longer.seconds - each * longer.intervals)
    return Cost(fixed, each, longer.kept_bytes, longer.scratch_bytes / longer.intervals)


def _measured(task: Task, calendar: Calendar, length: timedelta) -> Sample:
    shortened, intervals = _shortened(task, calendar, length)
    with TemporaryDirectory() as place:
        began = perf_counter()
        content = outcome_of(shortened, Path(place))
        seconds = perf_counter() - began
        size = sum(path.stat().st_size for path in Path(place).iterdir())
    return Sample(intervals, seconds, len(json.dumps(content)), size)


def _shortened(task: Task, calendar: Calendar, length: timedelta) -> tuple[Task, int]:
    """Return a task of the first days of a run, without dated changes, and its intervals."""
    intervals = min(calendar.n, int(length.total_seconds()) // calendar.interval_s)
    raw = parse_toml(task.text, "the resolved scenario")
    raw.pop("event", None)
    raw["time"] = {
        "start": calendar.start,
        "end": calendar.time(intervals),
        "interval": calendar.interval_s // 60,
    }
    return replace(task, text=write_toml(raw), periods=()), intervals
