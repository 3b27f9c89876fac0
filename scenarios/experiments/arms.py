"""The arms of an experiment: what is changed in each, the runs that follow, and their outcomes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Level = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Arm:
    """One set of rules to be compared.

    Attributes
    ----------
    name : str
        Unique in the experiment.
    base : str
        Scenario file or bundled name.
    levels : mapping
        Level of each factor, by its name.
    values : mapping
        Keys of the scenario that are changed, dotted, with their values as in TOML.
    """

    name: str
    base: str
    levels: Mapping[str, Level]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """One run, as plain text and names: all that a worker needs, on whatever machine it is.

    Attributes
    ----------
    key : str
        Digest of everything that the outcome depends on.
    arm : str
    seed : int
        Wins over the seed in the text, so that the runs of an arm share one text.
    text : str
        The resolved scenario, recording included.
    base_dir, data_dir : str, or None
        Directories that its data files are looked for in.
    appraisals : tuple of str
        Names of what is asked beyond key figures.
    periods : tuple of (name, start, end)
        Parts of the run with key figures of their own, ISO 8601.
    """

    key: str
    arm: str
    seed: int
    text: str
    base_dir: str
    data_dir: str | None
    appraisals: tuple[str, ...] = ()
    periods: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is kept of a run.

    Attributes
    ----------
    key : str
        Of the task; arms with the same rules share it.
    status : str
        ``finished`` or ``failed``.
    reason : str or None
        Why it failed, in one line.
    content_hash : str or None
        Digest of the run's results.
    figures : mapping of str to (value, unit, meaning)
        Every figure that is defined; those of a period are called ``metric@period``.
    benefits : tuple of (account, role, value, cost, balance, benefit)
        Who gained what, in currency.
    seconds : float
        Wall time; enters no table.
    """

    key: str
    status: str
    reason: str | None = None
    content_hash: str | None = None
    figures: Mapping[str, tuple[float, str, str]] | None = None
    benefits: tuple[tuple[str, str, float, float, float, float], ...] = ()
    seconds: float = 0.0
