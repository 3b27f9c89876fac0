"""Which part of a run a figure shows."""

from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from market import InputError

if TYPE_CHECKING:
    import pandas as pd

    from market import Results


def week(results: "Results", start: str | None = None, days: float = 7) -> "pd.Series[Any]":
    """Return the interval starts of a window: from `start`, else the most typical one.

    Typical is the window whose mean price and mean wind and solar availability are nearest
    to the run's, each measured in standard deviations between windows.
    """
    import pandas as pd

    starts: pd.Series[Any] = results.intervals["start"].drop_duplicates().sort_values()
    length = max(1, round(days * 24 / results.interval_hours))
    if start is None:
        first = _typical(results, length)
        return starts.iloc[first : first + length]
    begin = _instant(start, pd.Timestamp(results.run["start"]).tz)
    shown: pd.Series[Any] = starts[starts >= begin].iloc[:length]
    if shown.empty or begin < starts.iloc[0]:
        span = f"{starts.iloc[0].isoformat()} to {starts.iloc[-1].isoformat()}"
        raise InputError(f"start={start!r} is outside the run, which goes from {span}")
    return shown


def _instant(text: str, zone: "tzinfo | None") -> "pd.Timestamp":
    import pandas as pd

    try:
        instant = pd.Timestamp(text)
    except ValueError as error:
        raise InputError(f"start={text!r} is not a date, such as 2023-07-01") from error
    return instant.tz_localize(zone) if instant.tz is None else instant


def _typical(results: "Results", length: int) -> int:
    import numpy as np

    table = results.priced_intervals.groupby("start")[["price", "available_mwh"]].mean()
    windows = table.groupby(np.arange(len(table)) // length)
    means = windows.mean()[(windows.size() == length).to_numpy()]
    if len(means) < 2:
        return 0
    distance = ((means - table.mean()) / means.std().replace(0, np.nan)) ** 2
    return int(distance.sum(axis=1).to_numpy().argmin()) * length
