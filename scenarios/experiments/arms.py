"""The arms of an experiment: what is changed in each, and the runs that follow."""

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
    text : str
        The resolved scenario, seed and recording included.
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
