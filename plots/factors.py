"""Factors of an experiment: their levels in order, and the arms that differ in one or two."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from market import InputError
from plots.arm_names import level_name, levels_of_baseline

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from market import ExperimentResults

WIDE_RANGE = 30
"""Ratio of the largest to the smallest level from which on an axis is logarithmic."""


@dataclass(frozen=True, slots=True)
class Factor:
    """A factor of an experiment with its levels: numbers in order, names as in the file."""

    name: str
    levels: tuple[Any, ...]

    @property
    def is_numeric(self) -> bool:
        """Whether all levels are numbers."""
        return all(
            isinstance(level, int | float) and not isinstance(level, bool) for level in self.levels
        )

    @property
    def is_wide(self) -> bool:
        """Whether its levels are positive and of different orders of magnitude."""
        return (
            self.is_numeric
            and min(self.levels) > 0
            and max(self.levels) >= WIDE_RANGE * min(self.levels)
        )

    @property
    def words(self) -> str:
        """Its name for an axis."""
        return self.name.replace("_", " ")


def factors(results: "ExperimentResults") -> list[Factor]:
    """Return the factors of an experiment in the order of its file.

    The arms of a design without factors are levels of one called ``arm``.
    """
    arms = results.experiment["arms"]
    names = list(arms[0]["levels"])
    if not names:
        return [Factor("arm", tuple(arm["name"] for arm in arms))]
    found = [
        Factor(name, tuple(dict.fromkeys(arm["levels"][name] for arm in arms))) for name in names
    ]
    return [
        Factor(factor.name, tuple(sorted(factor.levels))) if factor.is_numeric else factor
        for factor in found
    ]


def factor_named(results: "ExperimentResults", name: str) -> Factor:
    """Return a factor by its name."""
    known = {factor.name: factor for factor in factors(results)}
    if name in known:
        return known[name]
    close = get_close_matches(name, known, 1)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    raise InputError(f"this experiment has no factor {name!r}{hint} It has: {', '.join(known)}.")


def level_table(results: "ExperimentResults") -> "pd.DataFrame":
    """Return the level of each factor: an arm a row."""
    import pandas as pd

    arms = results.experiment["arms"]
    names = [arm["name"] for arm in arms]
    if not arms[0]["levels"]:
        return pd.DataFrame({"arm": names}, index=names)
    return pd.DataFrame([arm["levels"] for arm in arms], index=names, dtype=object)


def others_as_in_baseline(
    results: "ExperimentResults", varied: list[str]
) -> tuple["pd.DataFrame", str]:
    """Return the levels of the arms that differ from the baseline in `varied` only, and a note."""
    levels = level_table(results)
    fixed = [str(name) for name in levels if name not in varied]
    baseline = levels_of_baseline(results)
    for name in fixed:
        levels = levels[levels[name] == baseline[name]]
    note = ", ".join(f"{name}={level_name(baseline[name])}" for name in fixed)
    return levels, f"other factors as in the baseline: {note}" * bool(note)


def number_axis(ax: "Axes", factor: Factor) -> None:
    """Make the horizontal axis that of a numeric factor, with a tick at each level if they fit."""
    from matplotlib.ticker import NullLocator

    if factor.is_wide:
        ax.set_xscale("log")
        ax.xaxis.set_minor_locator(NullLocator())
    if factor.is_wide or len(factor.levels) <= 6:
        ax.set_xticks(factor.levels, [level_name(level) for level in factor.levels])


def is_logarithmic(results: "ExperimentResults", name: str) -> bool:
    """Return whether samples cover the range of a factor by its logarithm."""
    entries = {entry["name"]: entry for entry in results.experiment["factors"]}
    return bool(entries.get(name, {}).get("scale") == "log")
