"""Figures of curtailment: by cause over time, and by month and hour."""

from typing import TYPE_CHECKING, Any

from plots import style
from plots.registry import figures

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from market import Results


def _reason(results: "Results", table: "pd.DataFrame") -> str | None:
    """Return why there is nothing to draw, None when there is something."""
    if not table["available_mwh"].sum() > 0:
        hydro = ", solar or hydro" if table is results.intervals else " or solar"
        return f"This run has no wind{hydro} plant to curtail."
    return None if table["curtailed_mwh"].sum() > 0 else "Nothing was curtailed in this run."


def wind_and_solar(results: "Results") -> "pd.DataFrame":
    """Return the rows of wind and photovoltaics, a row per interval, zone and kind."""
    return results.kinds[results.kinds["kind"].isin(["pv", "wind"])]


def bins(results: "Results") -> tuple[str, str]:
    """Return the pandas frequency of the bars and what a bar is, by the length of the run."""
    if results.days > 62:
        return "MS", "month"
    return ("D", "day") if results.days > 2 else ("h", "hour")


@figures.register("curtailment")
def curtailment(results: "Results", ax: "Axes") -> "Axes":
    """Draw curtailed energy by cause, stacked: by month, or by day or hour in a short run."""
    heading = "Curtailed energy by cause"
    if reason := _reason(results, results.intervals):
        return style.say(ax, results, heading, reason)
    totals = by_cause(results)
    factor, unit = style.scaled(totals.sum(axis=1).max(), "MWh")
    bottom = totals.iloc[:, 0] * 0.0
    for cause in totals.columns[totals.sum() > 0]:
        colour, height = style.CAUSE_COLOURS[cause], totals[cause] * factor
        ax.bar(range(len(totals)), height, 0.8, bottom, color=colour, label=cause)
        bottom = bottom + height
    _label_bars(ax, totals.index, bins(results))
    ax.set_ylabel(f"Curtailed energy ({unit} a {bins(results)[1]})")
    style.legend(ax)
    style.entitle(ax, results, heading + _rate(results))
    return ax


def by_cause(results: "Results") -> "pd.DataFrame":
    """Return curtailed MWh: a row per month, day or hour, a column per cause."""
    table = results.intervals
    local = results.local(table["start"])
    columns = [f"curtailed_{cause}_mwh" for cause in style.CAUSE_COLOURS]
    totals = table[columns].set_axis(list(style.CAUSE_COLOURS), axis=1)
    binned: pd.DataFrame = totals.set_index(local).resample(bins(results)[0]).sum()
    return binned


def _rate(results: "Results") -> str:
    """Return the headline rate for the title, nothing where there is no wind and solar."""
    name = "curtailment_wind_solar_pct"
    if name not in results.summary.index:
        return ""
    rate = float(results.summary["value"][name])
    return f"; wind and solar curtailed {rate:.1f} %"


def _label_bars(ax: "Axes", index: "pd.Index[Any]", binning: tuple[str, str]) -> None:
    pattern = {"month": "%b", "day": "%d %b", "hour": "%H:%M"}[binning[1]]
    if binning[1] == "month" and len(index) > 12:
        pattern = "%b %y"
    every = -(-len(index) * len(pattern.replace("%H:%M", "%d %b")) // 24)
    places = range(0, len(index), every)
    ax.set_xticks(places, [f"{index[place]:{pattern}}" for place in places])


@figures.register("curtailment-heatmap")
def curtailment_heatmap(results: "Results", ax: "Axes") -> "Axes":
    """Draw the curtailed share of available wind and solar energy by month and hour."""
    heading = "Curtailed share of wind and solar by month and hour"
    if reason := _reason(results, wind_and_solar(results)):
        return style.say(ax, results, heading, reason)
    share = month_hour(results)
    mesh = ax.pcolormesh(
        [hour - 0.5 for hour in range(25)],
        [row - 0.5 for row in range(len(share) + 1)],
        share.to_numpy(),
        cmap="cividis",
        vmin=0,
        rasterized=True,
    )
    places = range(0, len(share), -(-len(share) // 20))  # more labels would touch
    ax.set_yticks(places, [f"{share.index[place]:%b %Y}" for place in places])
    ax.invert_yaxis()
    ax.set_xticks(range(0, 24, 3))
    ax.set_xlabel(f"Hour of the day ({results.utc_offset})")
    style.colour_bar(ax, mesh, "Curtailed share (%)")
    style.entitle(ax, results, heading)
    return ax


def month_hour(results: "Results") -> "pd.DataFrame":
    """Return % curtailed of available wind and solar: a row per month, a column per hour."""
    import pandas as pd

    table = wind_and_solar(results)
    local = results.local(table["start"])
    month = pd.DatetimeIndex(local).to_period("M").to_timestamp()
    columns = table[["curtailed_mwh", "available_mwh"]]
    totals = columns.groupby([month, local.dt.hour.to_numpy()]).sum()
    available = totals["available_mwh"].where(totals["available_mwh"] > 0)
    share: pd.DataFrame = (100 * totals["curtailed_mwh"] / available).unstack()
    return share.reindex(columns=range(24))
