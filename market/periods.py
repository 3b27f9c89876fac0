"""A part of a run: its tables cut to some intervals, and the key figures they give."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from market.errors import InputError
from market.key_figures import KeyFigure, period_groups
from market.results import Results

if TYPE_CHECKING:
    import pandas as pd

CUT = ("intervals", "kinds", "stations")
"""Tables with a row per interval; all others are totals of the whole run, or may be."""


class PeriodResults(Results):
    """The intervals of a run that begin at or after `start` and before `end`.

    What is kept for the whole run (participants, ledger, trades, units, orders, key figures) is
    refused with a sentence that says so.

    Parameters
    ----------
    results : Results
        The whole run.
    start, end : str or datetime
        ISO 8601 with an offset, each the start of an interval or the end of the run.

    Raises
    ------
    InputError
        An instant without an offset, outside the run or within an interval; no interval between
        the two.
    """

    def __init__(self, results: Results, start: str | datetime, end: str | datetime) -> None:
        super().__init__(results.path)
        self._start, self._end = _between(results, start, end)
        self._whole = results

    def __repr__(self) -> str:
        span = f"{self._start.isoformat()!r}, {self._end.isoformat()!r}"
        return f"PeriodResults({self._whole!r}, {span})"

    def has(self, name: str) -> bool:
        """Return whether the run recorded the table called `name`, interval by interval."""
        return name in CUT and self._whole.has(name)

    def table(self, name: str, columns: Iterable[str] | None = None) -> "pd.DataFrame":
        """Return the rows of a table, or of some of its columns, that lie in the period."""
        if name not in CUT:
            raise InputError(_whole_only(self, f"the table {name}"))
        wanted = None if columns is None else list(columns)
        extra = [] if wanted is None or "start" in wanted else ["start"]
        table = self._whole.table(name, None if wanted is None else [*wanted, *extra])
        rows = (table["start"] >= self._start) & (table["start"] < self._end)
        return table[rows].drop(columns=extra).reset_index(drop=True)

    @cached_property
    def summary(self) -> "pd.DataFrame":
        """Refused: key figures of a part are those of `period_figures`."""
        raise InputError(_whole_only(self, "the summary"))


def period_figures(results: Results, start: str | datetime, end: str | datetime) -> list[KeyFigure]:
    """Return the key figures of a part of a run that its intervals, kinds and stations give.

    These are prices, energy, curtailment, surplus, market power and what storage service
    recovered; a before-and-after study compares them. Money by role and all that is counted by
    unit or job is known for the whole run only. Limits of the price are those at the start of
    the run, also where a dated rule change moves them.

    Parameters
    ----------
    results : Results
    start, end : str or datetime
        As in `PeriodResults`.

    Raises
    ------
    InputError
        As in `PeriodResults`; or the run is of an older version.
    """
    part = PeriodResults(results, start, end)
    if "curtailed_system_mwh" not in part.kinds:
        raise InputError(
            f"{part.path / 'kinds.parquet'}: no column curtailed_system_mwh: the run is of an "
            "older version; run it again"
        )
    return [figure for name in period_groups.names() for figure in period_groups.get(name)(part)]


def _between(
    results: Results, start: str | datetime, end: str | datetime
) -> tuple[datetime, datetime]:
    """Return the two instants, checked against the run; all that is wrong is said at once."""
    first = datetime.fromisoformat(results.run["start"])
    step = timedelta(minutes=float(results.run["interval_minutes"]))
    last = first + step * int(results.intervals["start"].nunique())
    moments: list[datetime] = []
    problems: list[str] = []
    for name, given in (("start", start), ("end", end)):
        try:
            moments.append(_moment(given, (first, last), step))
        except ValueError as error:
            problems.append(f"period: {name} = {given}: {error}")
    if not problems and not moments[0] < moments[1]:
        problems.append(f"period: end = {end}: must be after its start, {start}")
    if problems:
        raise InputError(problems)
    return moments[0], moments[1]


def _moment(given: str | datetime, run: tuple[datetime, datetime], step: timedelta) -> datetime:
    """Return an instant of the run's grid; `ValueError` says what is wrong with any other."""
    like = "as in 2023-04-15T00:00:00+08:00"
    try:
        moment = given if isinstance(given, datetime) else datetime.fromisoformat(given)
    except ValueError as error:
        raise ValueError(f"must be an instant, {like}") from error
    if moment.tzinfo is None:
        raise ValueError(f"must carry an offset, {like}")
    if not run[0] <= moment <= run[1]:
        raise ValueError(f"lies outside the run, {run[0].isoformat()} to {run[1].isoformat()}")
    if (moment - run[0]) % step:
        minutes = round(step.total_seconds() / 60)
        raise ValueError(f"lies within an interval; they begin every {minutes} minutes")
    return moment


def _whole_only(part: PeriodResults, what: str) -> str:
    return f"{part.path}: {what} is kept for the whole run, not for a part of it"
