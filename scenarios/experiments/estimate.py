"""How long an experiment will take and how much it will write, before its first run."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from market import Calendar
from scenarios.experiments.arms import Task
from scenarios.experiments.loader import LoadedExperiment
from scenarios.experiments.perform import in_a_line, outcome_of
from scenarios.experiments.store import Store
from scenarios.experiments.tasks import tasks
from scenarios.toml_text import parse_toml, write_toml

SHORT, GROWTH = timedelta(days=1), 3
"""Length of the first run that is measured, and how much longer each further one is."""
PATIENCE_S = 0.7
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
    reason : str or None
        Why it could not.
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
    reason: str | None = None

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

    The baseline arm is run for its first day and, as long as that is quick, for three, nine and so
    on, with everything that is asked of it; what more days took more is the cost of a day.

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
    try:
        cost = _cost(loaded, missing)
    except Exception as error:  # the runs themselves may do better, or fail and say why
        return Estimate(*counts, None, 0.0, 0.0, in_a_line(error))
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


def _cost(loaded: LoadedExperiment, missing: Sequence[Task]) -> Cost:
    """Return what runs cost; raises what a short one raises, as with dates beyond its end."""
    import pandas  # noqa: F401 - its import is no part of a run

    task = next((task for task in missing if task.arm == loaded.baseline), missing[0])
    calendar = loaded.scenarios[task.arm].calendar
    samples = list(_samples(task, calendar))
    short, longest = samples[0], samples[-1]
    steps = longest.intervals - short.intervals
    each = max(0.0, longest.seconds - short.seconds) / steps if steps else 0.0
    fixed = max(0.0, longest.seconds - each * longest.intervals)
    if len(samples) == 1 and longest.seconds > PATIENCE_S:
        each, fixed = longest.seconds / longest.intervals, 0.0
    return Cost(fixed, each, longest.kept_bytes, longest.scratch_bytes / longest.intervals)


def _samples(task: Task, calendar: Calendar) -> Iterator[Sample]:
    """Yield runs of growing length, up to the whole run or until one takes its time."""
    length = SHORT
    sample = _measured(task, calendar, length)
    if sample.seconds <= PATIENCE_S:
        sample = _measured(task, calendar, length)  # again, with everything warmed up
    yield sample
    while sample.seconds <= PATIENCE_S and sample.intervals < calendar.n:
        length *= GROWTH
        sample = _measured(task, calendar, length)
        yield sample


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
