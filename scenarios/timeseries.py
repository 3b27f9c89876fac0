"""Numbers that vary in time, aligned with the intervals of a run."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from market import Calendar, FloatArray, InputError, IntArray
from scenarios.problems import listed, show
from scenarios.schema import INTERVALS
from scenarios.schema_types import FileTimes, Limits, Series, SeriesFile, SeriesProfile
from scenarios.series_file import cell, column_names, find_file, row_number, values, version
from scenarios.series_times import Stamps, stamps

Profiles = Callable[[str], FloatArray]
ANY = Limits()
PRICE = Limits(-1e9, 1e9)


@dataclass(frozen=True, slots=True)
class Window:
    """The rows of a file that a run uses, and how they map to its intervals.

    Attributes
    ----------
    first, last : int
        Rows used, `last` excluded.
    ratio : float
        Intervals per row: above 1 where the file is coarser than the run.
    lead : int
        Intervals of the first used row that lie before the run.
    """

    first: int
    last: int
    ratio: float
    lead: int


def series(
    spec: Series,
    calendar: Calendar,
    base_dir: Path,
    data_dir: Path | None,
    profiles: Profiles,
    limits: Limits = ANY,
) -> FloatArray:
    """Return the values of a series in each interval of the run.

    Parameters
    ----------
    spec : Series
        A number, the name of a built-in profile, or a table that names a file or a profile.
    calendar : Calendar
        Intervals of the run; a value holds for the interval that starts at its stamp.
    base_dir, data_dir : Path
        Where relative files are looked for: in `data_dir` first, if it is given.
    profiles : callable
        Returns a built-in profile by name, shape (calendar.n,).
    limits : Limits
        Bounds every value must respect, in the unit of the result.

    Returns
    -------
    array, shape (calendar.n,)
        Read-only where it may be shared.

    Raises
    ------
    InputError
        Naming file, row and value.
    """
    if isinstance(spec, SeriesFile):
        return _from_file(spec, calendar, find_file(spec.file, base_dir, data_dir), limits)
    if isinstance(spec, str):
        spec = SeriesProfile(profile=spec)
    if isinstance(spec, SeriesProfile):
        return _from_profile(spec, np.asarray(profiles(spec.profile)), calendar, limits)
    if not limits.low <= spec <= limits.high:
        raise InputError(f"{spec:g} must lie {_between(limits)}")
    return np.full(calendar.n, float(spec))


def _between(limits: Limits) -> str:
    return f"between {limits.low:g} and {limits.high:g}"


def _from_profile(
    spec: SeriesProfile, values: FloatArray, calendar: Calendar, limits: Limits
) -> FloatArray:
    if values.shape != (calendar.n,):
        raise InputError(f"profile {show(spec.profile)} has {values.size} values, not {calendar.n}")
    result = values * spec.scale
    if spec.since is not None:
        result[calendar.epoch_seconds() < spec.since.timestamp()] = 0.0
    wrong = np.flatnonzero(~((result >= limits.low) & (result <= limits.high)))
    if wrong.size:
        index = int(wrong[0])
        when = calendar.time(index).isoformat()
        text = f"is {result[index]:g} at {when}, must lie {_between(limits)}"
        raise InputError(f"profile {show(spec.profile)} {text}")
    return result


def _from_file(spec: SeriesFile, calendar: Calendar, path: Path, limits: Limits) -> FloatArray:
    stamp = version(path)
    times = stamps(path, spec.time_column, spec.timezone, stamp)
    name = pick_column(spec, path)
    window = _window(path, times, calendar)
    linear = spec.resample == "linear" and window.ratio > 1
    # Straight lines also need the middles of the neighbouring rows, where there are any.
    low = max(window.first - 1, 0) if linear else window.first
    high = min(window.last + 1, times.seconds.size) if linear else window.last
    _check_regular(path, times, low, high)
    _check_ends(path, times, window, calendar)
    factor = spec.scale * _per_mwh(spec, name, limits)
    used = values(path, name, stamp)[low:high] * factor
    _check_values(path, name, low, used, limits)
    if linear:
        return _lines(times, used, low, calendar)
    return _resampled(used, window, calendar)


def pick_column(spec: SeriesFile, path: Path) -> str:
    """Return the column a series takes its values from."""
    known = column_names(path, version(path))
    if spec.column is None:
        rest = [name for name in known if name != (spec.time_column or known[0])]
        if len(rest) != 1:
            raise InputError(f"{path}: which column? Give column = one of {listed(rest)}")
        return rest[0]
    for name in spec.column:
        if name in known:
            return name
    # The reader says which columns there are.
    return spec.column[0]


def _per_mwh(spec: SeriesFile, name: str, limits: Limits) -> float:
    unit = spec.unit or ("kwh" if name.endswith("_kwh") else "mwh")
    if unit == "kwh" and limits not in (ANY, PRICE):
        raise InputError(
            f"column {name}: per kWh is for prices, and this series is none; "
            'rename the column, or use scale = ... and unit = "mwh"'
        )
    return 1000.0 if unit == "kwh" else 1.0


def _window(path: Path, times: Stamps, calendar: Calendar) -> Window:
    start = int(calendar.start.timestamp())
    end = start + calendar.n * calendar.interval_s
    _check_covers(path, times, start, end)
    first = int(np.searchsorted(times.seconds, start, side="right")) - 1
    last = int(np.searchsorted(times.seconds, end, side="left"))
    offset = start - int(times.seconds[first])
    _check_commensurate(path, times, calendar, offset)
    return Window(first, last, times.step / calendar.interval_s, offset // calendar.interval_s)


def _check_covers(path: Path, times: Stamps, start: int, end: int) -> None:
    begin, finish = int(times.seconds[0]), int(times.seconds[-1]) + times.step
    if start < begin or end > finish:
        covered = f"{times.text(begin)} to {times.text(finish)}"
        needed = f"{times.text(start)} to {times.text(end)}"
        raise InputError(f"{path}: covers {covered}, but the run needs {needed}")


def _check_commensurate(path: Path, times: Stamps, calendar: Calendar, offset: int) -> None:
    run, step = calendar.interval_s, times.step
    longer, shorter = max(run, step), min(run, step)
    if longer % shorter:
        text = f"its step of {step / 60:g} minutes and the run's interval of {run / 60:g} minutes"
        raise InputError(f"{path}: {text} are not multiples of each other")
    if offset % shorter:
        stamp = times.text(int(times.seconds[0]))
        raise InputError(f"{path}: its stamps, like {stamp}, do not fall on the run's intervals")


def _check_regular(path: Path, times: Stamps, low: int, high: int) -> None:
    steps = np.diff(times.seconds[low:high])
    wrong = np.flatnonzero(steps != times.step)
    if not wrong.size:
        return
    index = low + int(wrong[0])
    row = row_number(path, index + 1)
    if steps[wrong[0]] > times.step:
        missing = times.text(int(times.seconds[index]) + times.step)
        raise InputError(f"{path}: gap before row {row}: {missing} is missing")
    shown = times.text(int(times.seconds[index + 1]))
    raise InputError(f"{path}: row {row}: {shown} breaks the step of {times.step / 60:g} minutes")


def _check_ends(path: Path, times: Stamps, window: Window, calendar: Calendar) -> None:
    """Refuse a gap between the rows used and the run's first or last interval."""
    end = int(calendar.end.timestamp())
    last = int(times.seconds[window.last - 1])
    late = window.lead * calendar.interval_s >= times.step
    if late or end - last > times.step:
        index = window.first if late else window.last - 1
        missing = times.text(int(times.seconds[index]) + times.step)
        row = row_number(path, index + 1)
        raise InputError(f"{path}: gap before row {row}: {missing} is missing")


def _check_values(path: Path, name: str, low: int, used: FloatArray, limits: Limits) -> None:
    fine = np.isfinite(used)
    wrong = np.flatnonzero(~(fine & (used >= limits.low) & (used <= limits.high)))
    if not wrong.size:
        return
    index = int(wrong[0])
    where = f'{path}: row {row_number(path, low + index)}, column "{name}"'
    shown = cell(path, name, low + index)
    if not fine[index]:
        raise InputError(f"{where}: {shown} is not a finite number")
    scaled = f" ({used[index]:g} after scaling)"
    raise InputError(f"{where}: {shown}{scaled} must lie {_between(limits)}")


def _resampled(used: FloatArray, window: Window, calendar: Calendar) -> FloatArray:
    if window.ratio >= 1:
        repeated = np.repeat(used, round(window.ratio))
        return repeated[window.lead : window.lead + calendar.n]
    # Finer than the run: the mean of the rows within each interval.
    mean: FloatArray = used.reshape(calendar.n, -1).mean(axis=1)
    return mean


def _lines(times: Stamps, used: FloatArray, low: int, calendar: Calendar) -> FloatArray:
    known: IntArray = times.seconds[low : low + used.size]
    middles = calendar.epoch_seconds() + calendar.interval_s / 2
    return np.asarray(np.interp(middles, known + times.step / 2, used), np.float64)


def calendar_of_file(
    spec: FileTimes, base_dir: Path, data_dir: Path | None, where: str = ""
) -> Calendar:
    """Return the intervals of a run that covers a file's stamps, in the file's own offset."""
    try:
        path = find_file(spec.file, base_dir, data_dir)
        times = stamps(path, spec.time_column, spec.timezone, version(path))
        _check_regular(path, times, 0, times.seconds.size)
        if times.step not in [minutes * 60 for minutes in INTERVALS]:
            accepted = listed(str(minutes) for minutes in INTERVALS)
            shown = f"{times.step / 60:g}"
            raise InputError(f"{path}: its step is {shown} minutes; accepted: {accepted}")
    except InputError as error:
        prefix = f"{where}: " if where else ""
        raise InputError(prefix + text for text in error.problems) from None
    start = datetime.fromtimestamp(int(times.seconds[0]), times.zone)
    return Calendar(start, times.step, times.seconds.size)
