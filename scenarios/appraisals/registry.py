"""Appraisals by name: figures about a run that need more than its tables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from market import KeyFigure, Registry, Results
from scenarios.loader import LoadedScenario


@dataclass(frozen=True)
class Appraisal:
    """A question asked of a finished run, and what has to be recorded to answer it.

    Attributes
    ----------
    figures : tuple of str
        Names of the key figures it gives; ``{role}`` and the like stand for any name.
    compute : callable
        From the results and the scenario that gave them to key figures.
    recording : mapping
        Keys of ``[recording]`` it needs, for example ``{"orders": True}``.
    """

    figures: tuple[str, ...]
    compute: Callable[[Results, LoadedScenario], list[KeyFigure]]
    recording: Mapping[str, Any] = field(default_factory=dict)


appraisals: Registry[Appraisal] = Registry("scenarios.appraisals", "appraisal")
