"""Figures of prices: over time, sorted, and by hour of the day."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from market import InputError
from plots import style
from plots.registry import figures

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from market import Results

LONG_DAYS = 45
ZONE_COLOURS = (style.BLUE, style.VERMILLION, style.GREEN, style.PURPLE, style.ORANGE, style.SKY)


def _unit(results: "Results") -> str:
    return f"Price ({results.currency}/MWh)"


def _priced(results: "Results") -> "pd.DataFrame":
    """Return the intervals that have a price, with their local time."""
    table: pd.DataFrame = results.priced_intervals.dropna(subset=["price"])
    return table.assign(local=results.local(table["start"]))


@figures.register("prices")
def prices(results: "Results", ax: "Axes") -> "Axes":
    """Draw the clearing price over time, with the set of clearing prices or the daily range."""
    table = _priced(results)
    heading = _heading(results, "Clearing price")
    if table.empty:
        return style.say(ax, results, heading, "Nothing traded in this run: there is no price.")
    draw = _daily if results.days > LONG_DAYS else _steps
    zones = list(table.groupby("zone", observed=True))
    for (zone, rows), colour in zip(zones, ZONE_COLOURS * len(zones), strict=False):
        draw(ax, results, rows, (_label(zone, len(zones)), colour))
    _mark_limits(ax, results, table)
    style.clock(ax, results)
    ax.set_ylabel(_unit(results))
    ax.margins(x=0)
    whole = style.edges(results.local(results.intervals["start"]), results.interval_hours)
    ax.set_xlim(whole[0], whole[-1])
    style.legend(ax)
    style.entitle(ax, results, heading)
    return ax


def _heading(results: "Results", common: str) -> str:
    """Return what is shown: the price for all, or where there is none the middle of two means."""
    table = results.intervals
    traded = table["volume_mwh"] > 0
    if not (traded & table["price"].isna()).any():
        return common
    return "Price, the middle of what buyers paid and sellers received"


def _label(zone: object, zones: int) -> str:
    return "price" if zones == 1 else f"price, {style.printable(str(zone), 'zone')}"


def _steps(ax: "Axes", results: "Results", rows: "pd.DataFrame", look: tuple[str, str]) -> None:
    label, colour = look
    whole = results.intervals[["start"]].drop_duplicates().assign(zone=rows["zone"].iloc[0])
    # Intervals without a price stay in, as gaps.
    rows = whole.merge(rows.drop(columns="local"), how="left", on=["start", "zone"])
    times = style.edges(results.local(rows["start"]), results.interval_hours)
    ends = rows[["price_low", "price_high"]].replace([float("inf"), float("-inf")], float("nan"))
    low, high = style.stretched(ends["price_low"]), style.stretched(ends["price_high"])
    if (ends["price_low"] < ends["price_high"]).any():
        _band(ax, times, (low, high), ("set of prices", colour))
    ax.step(times, style.stretched(rows["price"]), where="post", color=colour, label=label)


def _daily(ax: "Axes", results: "Results", rows: "pd.DataFrame", look: tuple[str, str]) -> None:
    label, colour = look
    by_day = rows.groupby(rows["local"].dt.normalize())["price"]
    low, mean, high = by_day.min(), by_day.mean(), by_day.max()
    _band(ax, list(mean.index), (low, high), ("daily lowest to highest", colour))
    ax.plot(mean.index, mean, color=colour, label=f"{label}, daily mean")


def _band(ax: "Axes", times: Sequence[Any], ends: tuple[Any, Any], look: tuple[str, str]) -> None:
    label, colour = look
    # One legend entry stands for the bands of all zones.
    shown = f"_{label}" if label in ax.get_legend_handles_labels()[1] else label
    step: Any = "post" if label == "set of prices" else None
    ax.fill_between(times, *ends, step=step, color=colour, alpha=0.25, lw=0, label=shown)


def _mark_limits(ax: "Axes", results: "Results", table: "pd.DataFrame") -> None:
    floor, cap = results.rule("price_floor"), results.rule("price_cap")
    if cap is not None:
        _rug(ax, table.loc[table["price"] >= cap, "local"], (0.985, style.BLACK, "at the cap"))
    if floor is not None and floor >= 0:
        at_floor = table.loc[table["price"] <= floor, "local"]
        _rug(ax, at_floor, (0.015, style.ORANGE, "at the floor"))
    negative = table.loc[table["price"] < 0, "local"]
    _rug(ax, negative, (0.015, style.VERMILLION, "negative"))


def _rug(ax: "Axes", times: "pd.Series[Any]", look: tuple[float, str, str]) -> None:
    """Mark instants by ticks at a height of the plot between 0 and 1."""
    if times.empty:
        return
    height, colour, label = look
    ax.plot(
        times,
        [height] * len(times),
        ls="",
        marker="|",
        ms=4,
        mew=0.7,
        color=colour,
        transform=ax.get_xaxis_transform(),
        label=label,
    )


@figures.register("price-duration")
def price_duration(results: "Results", ax: "Axes") -> "Axes":
    """Draw prices from the highest to the lowest, against the share of time they are exceeded."""
    import numpy as np

    heading, table = "Price duration curve", _priced(results)
    if table.empty:
        return style.say(ax, results, heading, "Nothing traded in this run: there is no price.")
    zones = list(table.groupby("zone", observed=True))
    for (zone, rows), colour in zip(zones, ZONE_COLOURS * len(zones), strict=False):
        ordered = np.sort(rows["price"].to_numpy())[::-1]
        share = np.linspace(0, 100, len(ordered) + 1)
        label = _label(zone, len(zones))
        ax.step(share, style.stretched(ordered.tolist()), where="post", color=colour, label=label)
    if table["price"].min() < 0:
        ax.axhline(0, color=style.GREY, lw=0.6)
    ax.set_xlabel("Share of intervals with a price (%)")
    ax.set_ylabel(_unit(results))
    ax.set_xlim(0, 100)
    if len(zones) > 1:
        style.legend(ax)
    style.entitle(ax, results, heading)
    return ax


@figures.register("price-heatmap")
def price_heatmap(results: "Results", ax: "Axes", zone: str | None = None) -> "Axes":
    """Draw the price by day and time of day; of the first zone unless one is named."""
    zones = [str(name) for name in results.run["zones"]]
    zone = zone or zones[0]
    if zone not in zones:
        raise InputError(f"unknown zone {zone!r}; this run has: {', '.join(zones)}")
    of = "" if len(zones) == 1 else f", {style.printable(zone, 'zone')}"
    heading, table = f"Clearing price by day and hour{of}", _priced(results)
    table = table[table["zone"] == zone]
    if table.empty:
        return style.say(ax, results, heading, f"No price in zone {style.printable(zone)}.")
    local = table["local"]
    hour = local.dt.hour + local.dt.minute / 60
    grid = table.pivot_table(index=hour, columns=local.dt.normalize(), values="price")
    _fill(ax, results, grid)
    style.entitle(ax, results, heading)
    return ax


def _fill(ax: "Axes", results: "Results", grid: "pd.DataFrame") -> None:
    import numpy as np
    import pandas as pd

    # Every day and time of day has a cell, also those without a price.
    hours = np.arange(0, 24, results.interval_hours)
    days = pd.date_range(grid.columns[0], grid.columns[-1], freq="D")
    cells = grid.reindex(index=hours, columns=days).to_numpy()
    mesh = ax.pcolormesh(
        [*days, days[-1] + pd.Timedelta(days=1)],
        [*hours, 24.0],
        cells,
        cmap="cividis",
        rasterized=True,
    )
    ax.set_yticks(range(0, 25, 6))
    ax.set_ylabel(f"Hour of the day ({results.utc_offset})")
    style.clock(ax, results)
    if len(days) <= 10:
        ax.set_xticks(days + pd.Timedelta(hours=12), [f"{day:%d %b}" for day in days])
    ax.set_xlabel("Day")
    style.colour_bar(ax, mesh, _unit(results))
