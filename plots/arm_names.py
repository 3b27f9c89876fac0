"""Names of arms and levels as labels: short enough to fit, no two alike, no empty boxes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from plots import style

if TYPE_CHECKING:
    import pandas as pd

    from market import ExperimentResults

BASELINE = "baseline"
"""Short name of the arm in which nothing differs."""


def labels(names: Sequence[str], letters: int, lines: int = 2, noun: str = "level") -> list[str]:
    r"""Return names as labels of at most `lines` lines; those too long lose their middle.

    What cannot be printed, or would look like another one, is told apart by its number.

    >>> labels(["a storage auction before the day", "none"], 12)
    ['a storage\nauct…e day', 'none']
    """
    shown = [style.printable(name, f"{noun} {place + 1}") for place, name in enumerate(names)]
    short = [cut(name, letters, lines) for name in shown]
    return [
        text if short.count(text) == 1 else f"{cut(name, letters - 5, lines)} ({place + 1})"
        for place, (text, name) in enumerate(zip(short, shown, strict=True))
    ]


def cut(name: str, letters: int, lines: int = 1) -> str:
    """Return a name on at most so many lines; one too long loses its middle."""
    found = style.wrapped(name, letters)
    if len(found) > lines:
        rest = " ".join(found[lines - 1 :])
        half = max(2, min(letters, max(len(line) for line in found)) // 2)
        found[lines - 1 :] = [f"{rest[: half - 1].rstrip()}…{rest[-half:].lstrip()}"]
    return "\n".join(found)


def arm_names(results: "ExperimentResults") -> dict[str, str]:
    """Return a short name for each arm: its levels, or in one-at-a-time designs what differs."""
    arms = results.experiment["arms"]
    names = {str(arm["name"]): str(arm["name"]) for arm in arms}
    if len(arms[0]["levels"]) < 2 or results.baseline is None:
        return names
    short = {str(arm["name"]): _short(arm["levels"], results) for arm in arms}
    return short if len(set(short.values())) == len(short) else names


def _short(levels: Mapping[str, Any], results: "ExperimentResults") -> str:
    if results.experiment["design"] != "one-at-a-time":
        return ", ".join(level_name(level) for level in levels.values())
    baseline = levels_of_baseline(results)
    changed = [name for name in levels if levels[name] != baseline[name]]
    words = [f"{name.replace('_', ' ')} {level_name(levels[name])}" for name in changed]
    return ", ".join(words) or BASELINE


def arm_labels(
    results: "ExperimentResults",
    letters: int,
    lines: int = 1,
    counts: "pd.Series[Any] | None" = None,
) -> dict[str, str]:
    """Return the label of each arm, the same in every figure of the same width.

    Parameters
    ----------
    counts : Series of int, optional
        Runs with a value, by arm; noted where there are fewer than seeds.
    """
    names, seeds = arm_names(results), len(results.experiment["seeds"])
    if counts is not None:
        some = {arm: int(n) for arm, n in counts.fillna(0).items() if 0 < n < seeds}
        names |= {str(arm): f"{names[str(arm)]} ({n} of {seeds} runs)" for arm, n in some.items()}
    return dict(zip(names, labels(list(names.values()), letters, lines, "arm"), strict=True))


def levels_of_baseline(results: "ExperimentResults") -> dict[str, Any]:
    """Return the level of each factor in the baseline."""
    arms = {arm["name"]: arm["levels"] for arm in results.experiment["arms"]}
    found: dict[str, Any] = arms[results.baseline]
    return found


def level_name(level: object) -> str:
    """Return a level as it is written.

    >>> level_name(0.50), level_name(True), level_name("spot")
    ('0.5', 'true', 'spot')
    """
    if isinstance(level, bool):
        return str(level).lower()
    return f"{level:g}" if isinstance(level, int | float) else str(level)


def said(level: object) -> str:
    """Return a level as it stands in names of arms and in the table of effects.

    >>> said(500.0), said(True)
    ('500.0', 'true')
    """
    return str(level).lower() if isinstance(level, bool) else str(level)
