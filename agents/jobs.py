"""Compute jobs as columns: read from a trace, or drawn from a seeded arrival process."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from market import Calendar, FloatArray, InputError, IntArray, stream

ClassArray = NDArray[np.int8]

CLASSES: Final = ("strict", "soft", "best_effort")
STRICT, SOFT, BEST_EFFORT = range(3)
NO_DEADLINE: Final = 2**60  # seconds; far beyond any run, and sums of two still fit in int64

# What is left of a soft job's value when it meets its first, second, third, fourth deadline
# (Chronus traces: 10-8-5-2), and after the last one, where we let it keep the least value
# rather than drop it.
SOFT_VALUES: Final = (1.0, 0.8, 0.5, 0.2, 0.2)
SOFT_STEP_S: Final = 2400  # between a soft job's deadlines; median of the Chronus trace

_REQUIRED = ("submit_s", "duration_s", "gpus", "class", "deadline_s")
_MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class JobTrace:
    """Jobs as columns, sorted by submission.

    Attributes
    ----------
    submit_s : array of int
        Second of the run at which the job becomes known.
    gpus : array of int
        Whole GPUs, all needed at once.
    work_s : array of int
        Run time in seconds on all its GPUs.
    job_class : array of int8
        ``STRICT`` (a missed deadline costs a penalty), ``SOFT`` (value falls in steps) or
        ``BEST_EFFORT``.
    deadline_s : array of int
        Second of the run by which it should be finished; ``NO_DEADLINE`` when there is none.
    value : array
        Worth of the finished job, currency per GPU-hour.
    """

    submit_s: IntArray
    gpus: IntArray
    work_s: IntArray
    job_class: ClassArray
    deadline_s: IntArray
    value: FloatArray

    def __len__(self) -> int:
        return self.submit_s.size

    @property
    def gpu_seconds(self) -> int:
        """GPU-seconds of all jobs."""
        return int((self.gpus * self.work_s).sum())


def job_trace(
    submit_s: ArrayLike,
    work_s: ArrayLike,
    gpus: ArrayLike = 1,
    job_class: ArrayLike = BEST_EFFORT,
    deadline_s: ArrayLike = NO_DEADLINE,
    value: ArrayLike = 5.0,
) -> JobTrace:
    """Return a trace from columns or single numbers, sorted by submission.

    `deadline_s` is a second of the run, not counted from submission; see `JobTrace`.

    >>> job_trace([900, 0], work_s=[3600, 1800], gpus=8).gpu_seconds
    43200
    """
    columns = np.broadcast_arrays(
        np.atleast_1d(submit_s), work_s, gpus, job_class, deadline_s, value
    )
    rank = np.argsort(columns[0], kind="stable")
    submit, work, cards, kind, deadline, worth = (c[rank] for c in columns)
    return JobTrace(
        submit.astype(np.int64),
        cards.astype(np.int64),
        work.astype(np.int64),
        kind.astype(np.int8),
        deadline.astype(np.int64),
        worth.astype(np.float64),
    )


def combine(traces: Sequence[JobTrace | None]) -> tuple[JobTrace, IntArray]:
    """Return one trace of several sites' jobs, and the site of each job."""
    present = [(i, t) for i, t in enumerate(traces) if t is not None and len(t)]
    if not present:
        return job_trace([], work_s=[]), np.empty(0, np.int64)
    site = np.concatenate([np.full(len(t), i, np.int64) for i, t in present])
    columns = [
        np.concatenate([getattr(t, name) for _, t in present]) for name in JobTrace.__slots__
    ]
    rank = np.argsort(columns[0], kind="stable")
    return JobTrace(*(c[rank] for c in columns)), site[rank]


def read_jobs(path: str | Path, value_per_gpu_hour: float = 5.0) -> JobTrace:
    """Read a job trace from a CSV file.

    Parameters
    ----------
    path : path
        Columns ``submit_s`` and ``duration_s`` (s from the start of the run, s), ``gpus``,
        ``class`` (strict, soft, best_effort) and ``deadline_s`` (s after submission; empty
        for best_effort, and only there).
    value_per_gpu_hour : float
        Worth of every job, currency per GPU-hour.

    Raises
    ------
    InputError
        With every problem: file, line and what would be accepted.
    """
    file = Path(path)
    rows = _rows(file)
    names = ("submit_s", "duration_s", "gpus")
    submit, work, gpus = (_whole(file, rows, c, 0 if c == "submit_s" else 1) for c in names)
    kind = _classes(file, rows)
    timed = [row for row in rows if row["class"].strip() != CLASSES[BEST_EFFORT]]
    deadline = np.full(len(rows), NO_DEADLINE, np.int64)
    after = _whole(file, timed, "deadline_s", 1)
    deadline[kind != BEST_EFFORT] = submit[kind != BEST_EFFORT] + after
    _check_deadlines(file, rows, kind, deadline - submit - work)
    return job_trace(submit, work, gpus, kind, deadline, value_per_gpu_hour)


def _rows(file: Path) -> list[dict[str, str]]:
    """Return the file's rows, each with its line number under the key ``line``."""
    try:
        with file.open(newline="", encoding="utf-8-sig") as text:
            reader = csv.DictReader(text, restkey="line", restval="")
            header = tuple(reader.fieldnames or ())
            if sorted(header) != sorted(_REQUIRED):
                found, needed = ", ".join(header) or "none", ", ".join(_REQUIRED)
                raise InputError(f"{file}: columns are {found}; needed are exactly {needed}")
            rows = list(reader)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read as a CSV file ({error})") from error
    surplus = [f"{file}, line {i + 2}: too many fields" for i, r in enumerate(rows) if "line" in r]
    if surplus:
        raise InputError(surplus[:_MOST_PROBLEMS])
    for number, row in enumerate(rows):
        row["line"] = str(number + 2)
    return rows


def _whole(file: Path, rows: list[dict[str, str]], column: str, least: int) -> IntArray:
    """Return a column of whole numbers of at least `least`."""
    words = [row[column] for row in rows]
    try:
        numbers = np.array(words, np.float64)
    except ValueError:
        numbers = np.array([_number(word) for word in words])
    with np.errstate(invalid="ignore"):
        good = (numbers >= least) & (numbers < 2**53) & (numbers == np.floor(numbers))
    if not good.all():
        bad = np.flatnonzero(~good)[:_MOST_PROBLEMS]
        raise InputError(
            f"{file}, line {rows[i]['line']}: {column} is {words[i]!r}; "
            f"needed is a whole number of at least {least}"
            for i in bad
        )
    return numbers.astype(np.int64)


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return float("nan")


def _classes(file: Path, rows: list[dict[str, str]]) -> ClassArray:
    codes = {name: code for code, name in enumerate(CLASSES)}
    found = np.array([codes.get(row["class"].strip(), -1) for row in rows], np.int8)
    if (found < 0).any():
        raise InputError(
            f"{file}, line {rows[i]['line']}: class is {rows[i]['class']!r}; "
            f"needed is one of {', '.join(CLASSES)}"
            for i in np.flatnonzero(found < 0)[:_MOST_PROBLEMS]
        )
    return found


def _check_deadlines(
    file: Path, rows: list[dict[str, str]], kind: ClassArray, slack_s: IntArray
) -> None:
    """Refuse deadlines shorter than the run time, and deadlines of best-effort jobs."""
    problems = [
        f"{file}, line {rows[i]['line']}: deadline_s {rows[i]['deadline_s']} is shorter than "
        f"duration_s {rows[i]['duration_s']}"
        for i in np.flatnonzero(slack_s < 0)
    ]
    problems += [
        f"{file}, line {rows[i]['line']}: a best_effort job has no deadline; "
        f"deadline_s is {rows[i]['deadline_s']!r}, needed is an empty field"
        for i in np.flatnonzero(kind == BEST_EFFORT)
        if rows[i]["deadline_s"].strip()
    ]
    if problems:
        raise InputError(problems[:_MOST_PROBLEMS])


@dataclass(frozen=True, slots=True)
class ArrivalProcess:
    """A synthetic source of jobs: Poisson arrivals, log-normal run times, geometric sizes.

    It imitates no particular cluster; real traces come in through `read_jobs`.

    Attributes
    ----------
    arrivals_per_hour : float
        Mean number of jobs submitted per hour.
    duration_hours, duration_sd : float
        Median run time, and the standard deviation of its logarithm.
    gpus_per_job : float
        Mean size before the largest are cut to what the site has, GPUs.
    strict, soft : float
        Shares of jobs; the rest is best effort.
    slack : float
        A deadline is this multiple of the run time after submission.
    value_per_gpu_hour : float
        Worth of every job, currency per GPU-hour.
    """

    arrivals_per_hour: float
    duration_hours: float = 4.0
    duration_sd: float = 1.0
    gpus_per_job: float = 8.0
    strict: float = 0.3
    soft: float = 0.6
    slack: float = 2.0
    value_per_gpu_hour: float = 5.0


def poisson_jobs(
    seed: int, site: str, calendar: Calendar, process: ArrivalProcess, most_gpus: int = 2**31
) -> JobTrace:
    """Draw the jobs that `site` receives during the run, none larger than `most_gpus`.

    Each column has a stream of its own, so that a longer run begins with the same jobs and a
    changed parameter leaves the other columns' draws alone.
    """

    def draws(column: str) -> np.random.Generator:
        return stream(seed, "jobs", site, column)

    submit = _arrivals(draws("arrivals"), process.arrivals_per_hour, calendar.second(calendar.n))
    n = submit.size
    spread = np.exp(process.duration_sd * draws("duration").standard_normal(n))
    work = np.maximum(np.rint(3600 * process.duration_hours * spread), 1)
    gpus = _geometric(draws("gpus").random(n), process.gpus_per_job, most_gpus)
    shares = np.cumsum([process.strict, process.soft])
    kind = np.searchsorted(shares, draws("class").random(n), side="right")
    due = submit + np.ceil(process.slack * work)
    deadline = np.where(kind == BEST_EFFORT, NO_DEADLINE, due)
    return job_trace(submit, work, gpus, kind, deadline, process.value_per_gpu_hour)


def _arrivals(rng: np.random.Generator, per_hour: float, end_s: int) -> IntArray:
    """Return the arrival seconds before `end_s`."""
    if per_hour <= 0:
        return np.empty(0, np.int64)
    gap_s = 3600 / per_hour
    at = np.cumsum(rng.standard_exponential(int(end_s / gap_s) + 64)) * gap_s
    while at[-1] < end_s:
        at = np.append(at, at[-1] + np.cumsum(rng.standard_exponential(64)) * gap_s)
    return at[at < end_s].astype(np.int64)


def _geometric(uniform: FloatArray, mean: float, most: int) -> IntArray:
    """Turn draws in [0, 1) into whole numbers from 1 on with the given mean, cut at `most`."""
    if mean <= 1:
        return np.ones(uniform.size, np.int64)
    sizes = 1 + np.floor(np.log1p(-uniform) / np.log1p(-1 / mean))
    whole: IntArray = np.minimum(sizes, most).astype(np.int64)
    return whole
