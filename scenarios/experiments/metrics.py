"""Names of metrics: which figures there are, and which appraisal gives one."""

import re
from collections.abc import Iterator, Sequence

from market import known_figure, period_groups, unknown_figure
from scenarios.appraisals import appraisals
from scenarios.problems import listed, nearest, show

AT = "@"
"""Stands between a key figure and the period it is asked for."""

BLANK = re.compile(r"\\{\w+\\}")


def matches(pattern: str, name: str) -> bool:
    """Return whether a name fits an appraisal's pattern, in which ``{role}`` is any word.

    >>> matches("exploitability_{role}_pct", "exploitability_storage_pct")
    True
    """
    return re.fullmatch(BLANK.sub("[^@]+", re.escape(pattern)), name) is not None


def appraisal_of(metric: str) -> str | None:
    """Return the name of the appraisal that gives a metric, if one does."""
    for name in appraisals.names():
        if any(matches(pattern, metric) for pattern in appraisals.get(name).figures):
            return name
    return None


def needed_appraisals(metrics: Sequence[str]) -> tuple[str, ...]:
    """Return the appraisals that the metrics ask for, sorted."""
    found = (appraisal_of(metric) for metric in metrics)
    return tuple(sorted({name for name in found if name is not None}))


def metric_problems(metrics: Sequence[str], periods: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield the position of each metric that is not known, and what would be."""
    for index, metric in enumerate(metrics):
        text = _problem(metric, periods)
        if metric in metrics[:index]:
            yield index, "is asked for twice; leave one out"
        elif text is not None:
            yield index, text


def _problem(metric: str, periods: Sequence[str]) -> str | None:
    name, at, period = metric.partition(AT)
    if not known_figure(name) and appraisal_of(name) is None:
        return unknown_figure(name, _of_appraisals())
    if not at:
        return None
    if not known_figure(name, period_groups):
        return f"{name} is known for whole runs only; leave out {AT}{period}"
    if period not in periods:
        hint = nearest(period, periods)
        return f"there is no [[period]] {show(period)}{hint}; periods: {listed(periods)}"
    return None


def _of_appraisals() -> list[str]:
    return [figure for name in appraisals.names() for figure in appraisals.get(name).figures]
