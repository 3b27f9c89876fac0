"""Figure of storage: state of charge against the price."""

from typing import TYPE_CHECKING, Any

from plots import style, windows
from plots.registry import figures

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from market import Results


@figures.register("storage")
def storage(results: "Results", ax: "Axes", start: str | None = None, days: float = 7) -> "Axes":
    """Draw the energy held by all storage, in percent of capacity, against the clearing price.

    A typical week of the run, or `days` days from `start` (a date). The right-hand axis is the
    price, the mean over zones where there are several.
    """
    heading = "State of charge and price"
    capacity = _capacity(results)
    if not capacity > 0:
        return style.say(ax, results, heading, "This run has no storage.")
    starts = windows.week(results, start, days)
    held = 100 * stored(results, starts) / capacity
    # The state of charge is that of the end of each interval: a line through those instants.
    times = style.edges(results.local(starts), results.interval_hours)
    ax.fill_between(times[1:], held, color=style.GREEN, alpha=0.35, lw=0)
    look: dict[str, Any] = {
        "color": style.GREEN,
        "marker": "o" if len(held) == 1 else "",
        "clip_on": False,
    }
    ax.plot(times[1:], held, label="state of charge", **look)
    ax.set_ylabel("State of charge (% of capacity)", color=style.GREEN)
    ax.set_ylim(0, 100)
    ax.set_xlim(times[0], times[-1])
    style.clock(ax, results)
    price = _price_axis(ax, results, starts)
    style.legend(ax, price)
    style.entitle(ax, results, heading, starts)
    return ax


def _capacity(results: "Results") -> float:
    units = results.participants
    return float(units.loc[units["kind"] == "storage", "energy_capacity_mwh"].sum())


def stored(results: "Results", starts: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return MWh held by all storage at the end of each interval."""
    kinds = results.kinds[results.kinds["kind"] == "storage"]
    held: pd.Series[Any] = kinds.groupby("start")["soc_mwh"].sum().reindex(starts)
    return held


def _price_axis(ax: "Axes", results: "Results", starts: "pd.Series[Any]") -> "Axes":
    price = results.priced_intervals.groupby("start")["price"].mean().reindex(starts)
    times = style.edges(results.local(starts), results.interval_hours)
    right = ax.twinx()
    right.step(times, style.stretched(price), where="post", color=style.BLUE, label="price")
    right.set_ylabel(f"Price ({results.currency}/MWh)", color=style.BLUE)
    right.spines["right"].set_visible(True)
    return right
