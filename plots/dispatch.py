"""Figure of dispatch: who delivered and who consumed in a week."""

from typing import TYPE_CHECKING, Any

from plots import style, windows
from plots.registry import figures

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from market import Results

NAMES = {"external": "import, export"}


@figures.register("dispatch")
def dispatch(results: "Results", ax: "Axes", start: str | None = None, days: float = 7) -> "Axes":
    """Draw power by kind, stacked, storage and exports below zero, with the load line.

    A typical week of the run, or `days` days from `start` (a date).
    """
    heading, starts = "Dispatch by kind", windows.week(results, start, days)
    supply, demand, curtailed = power(results, starts)
    if not (supply.to_numpy().any() or demand.to_numpy().any()):
        return style.say(ax, results, heading, "Nobody delivered or consumed anything.")
    served = demand.drop(columns=["storage", "external"], errors="ignore").sum(axis=1)
    factor, unit = style.scaled(max(supply.sum(axis=1).max(), served.max()), "MW")
    times = style.edges(results.local(starts), results.interval_hours)
    top = _stack(ax, times, supply * factor, 1)
    _hatch(ax, times, (top, top + curtailed * factor))
    _stack(ax, times, demand[demand.columns.intersection(["storage", "external"])] * factor, -1)
    line = style.stretched(served * factor)
    ax.step(times, line, where="post", color=style.BLACK, lw=1.2, label="load and data centres")
    ax.axhline(0, color=style.BLACK, lw=0.5)
    ax.margins(x=0)
    style.clock(ax, results)
    ax.set_ylabel(f"Power ({unit})")
    style.legend(ax)
    style.entitle(ax, results, heading, starts)
    return ax


def power(
    results: "Results", starts: "pd.Series[Any]"
) -> tuple["pd.DataFrame", "pd.DataFrame", "pd.Series[Any]"]:
    """Return MW delivered and consumed (a row per interval, a column per kind), and curtailed."""
    kinds = results.kinds
    kinds = kinds[(kinds["start"] >= starts.min()) & (kinds["start"] <= starts.max())]
    kinds = kinds.astype({"kind": str})
    totals = kinds.groupby(["start", "kind"]).sum(numeric_only=True) / results.interval_hours
    table = totals.unstack(fill_value=0.0).reindex(starts, fill_value=0.0).fillna(0.0)
    present = [kind for kind in style.KIND_COLOURS if kind in table["delivered_mwh"]]
    others = [kind for kind in table["delivered_mwh"] if kind not in present]
    order = present + others
    curtailed = table["curtailed_mwh"].sum(axis=1)
    return table["delivered_mwh"][order], table["consumed_mwh"][order], curtailed


def _stack(ax: "Axes", times: list[Any], columns: "pd.DataFrame", sign: int) -> "pd.Series[Any]":
    """Stack the columns away from zero and return the outer edge."""
    edge = columns.sum(axis=1) * 0.0
    for kind in columns.columns[columns.sum() > 0]:
        outer = edge + sign * columns[kind]
        colour = style.KIND_COLOURS.get(kind, style.PALE)
        low, high = style.stretched(edge), style.stretched(outer)
        ax.fill_between(times, low, high, step="post", color=colour, lw=0, label=_label(kind, ax))
        edge = outer
    return edge


def _label(kind: str, ax: "Axes") -> str:
    # One entry for storage and for trade, which have the same colour above and below zero.
    name = NAMES.get(kind, kind)
    return f"_{name}" if name in ax.get_legend_handles_labels()[1] else name


def _hatch(
    ax: "Axes", times: list[Any], between: tuple["pd.Series[Any]", "pd.Series[Any]"]
) -> None:
    low, high = between
    if not (high > low).any():
        return
    ax.fill_between(
        times,
        style.stretched(low),
        style.stretched(high),
        step="post",
        facecolor="none",
        edgecolor=style.GREY,
        hatch="//////",
        lw=0,
        label="curtailed",
    )
