"""One look for every figure: colours, sizes, titles, and what to say when there is nothing.

Colours are those of Okabe and Ito (2008), which people with the common colour vision
deficiencies can tell apart; a kind has the same colour in every figure. Four more stand for the
money of shared storage: seen with each of these deficiencies, they differ from all others and from
each other by more than Okabe and Ito's green does from the grey.
"""

from collections.abc import Sequence
from functools import cache
from textwrap import wrap
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh

    from market import Results

BLACK, GREY, PALE = "#000000", "#7F7F7F", "#C8C8C8"
ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILLION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
WINE, PEACH, INDIGO, BROWN = "#882255", "#FFB6A3", "#332288", "#5B3A00"

KIND_COLOURS = {
    "hydro": BLUE,
    "thermal": GREY,
    "csp": ORANGE,
    "wind": SKY,
    "pv": YELLOW,
    "external": VERMILLION,
    "storage": GREEN,
    "data_center": PURPLE,
    "load": BLACK,
}
"""A colour for each kind, in the order in which generation is stacked."""

CAUSE_COLOURS = {
    "economic": VERMILLION,
    "network": BLUE,
    "forecast": ORANGE,
    "withheld": PURPLE,
    "outage": GREY,
}

CATEGORY_COLOURS = {
    "energy": BLUE,
    "contract": SKY,
    "imbalance": VERMILLION,
    "balancing": ORANGE,
    "transaction_fee": PURPLE,
    "grid_fee": GREY,
    "grid_fee_refund": PALE,
    "subsidy": GREEN,
    "certificate": YELLOW,
    "sla_penalty": BLACK,
    "service": WINE,
    "returned_energy": PEACH,
    "capacity_payment": INDIGO,
    "lease": BROWN,
}
"""A colour for each category of the ledger; those of storage service and of leases share one."""

SIZES = {"page": (7.0, 3.6), "column": (3.5, 3.2)}
"""Inches: a page of text, and one column of two."""

LETTERS = 13
"""Letters of a title that fit beside each other on an inch."""

PLOT = 0.6
"""Share of a figure's width that the plot itself has at least, beside its labels."""

CJK_FONTS = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Source Han Sans SC"),
    *("Source Han Sans CN", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Microsoft YaHei"),
    *("SimHei", "PingFang SC", "Hiragino Sans GB", "Droid Sans Fallback", "AR PL UMing CN"),
)

RULES: dict[str, Any] = {
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.titlelocation": "left",
    "axes.labelsize": 8,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "legend.handlelength": 1.2,
    "legend.columnspacing": 1.2,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.formatter.useoffset": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.0,
    "hatch.linewidth": 0.6,
    "figure.dpi": 200,
    "savefig.dpi": 200,
    "pdf.fonttype": 42,
    "svg.hashsalt": "talatan",
    "date.converter": "concise",
    "timezone": "UTC",
}


@cache
def fonts() -> tuple[str, ...]:
    """Return the font families to use: the first Chinese font there is stands in where needed."""
    from matplotlib import font_manager

    present = {font.name for font in font_manager.fontManager.ttflist}
    return ("DejaVu Sans", *[name for name in CJK_FONTS if name in present][:1])


def rules() -> dict[str, Any]:
    """Return the matplotlib settings of every figure."""
    return {**RULES, "font.family": list(fonts())}


@cache
def _glyphs() -> frozenset[int]:
    from matplotlib import font_manager

    faces = [font_manager.get_font(font_manager.findfont(name)) for name in fonts()]
    return frozenset(code for face in faces for code in face.get_charmap())


def printable(text: str, instead: str = "") -> str:
    """Return `text` without the characters no font here has; `instead` if nothing is left."""
    kept = "".join(letter for letter in text if ord(letter) in _glyphs()).strip()
    # A dollar sign would start a formula.
    return (kept or instead).replace("$", r"\$")


def entitle(
    ax: "Axes", results: "Results", heading: str, span: "pd.Series[Any] | None" = None
) -> None:
    """Say what the figure shows, of which scenario, over which days.

    Parameters
    ----------
    span : Series of instants, optional
        Starts of the intervals shown; the whole run by default.
    """
    starts = results.local(results.intervals["start"] if span is None else span)
    first, last = f"{starts.min():%Y-%m-%d}", f"{starts.max():%Y-%m-%d}"
    period = first if first == last else f"{first} to {last}"
    name = printable(str(results.run["scenario"]), f"seed {results.run['seed']}")
    title(ax, heading, f"{name}, {period}")


def title(ax: "Axes", *texts: str) -> None:
    """Write texts over the plot, each on lines of its own that fit the figure."""
    lines = [line for text in texts for line in wrapped(text, letters(ax))]
    ax.set_title("\n".join(lines), linespacing=1.3)


def wrapped(text: str, letters: int) -> list[str]:
    """Return text as lines of at most so many letters; Chinese ones are twice as wide."""
    wide = any(east_asian_width(letter) in "WF" for letter in text)
    width = max(4, letters // 2 if wide else letters)
    # A name with hyphens stays whole where it can.
    hyphens = any(len(word) > width for word in text.split())
    return wrap(text, width, break_on_hyphens=hyphens)


def letters(ax: "Axes") -> int:
    """Return about how many letters fit beside each other over the width of the figure."""
    figure = ax.get_figure(root=True)
    return 80 if figure is None else int(LETTERS * figure.get_size_inches()[0])


def say(ax: "Axes", results: "Results", heading: str, reason: str) -> "Axes":
    """Write why there is nothing to draw, and return `ax`."""
    entitle(ax, results, heading)
    return blank(ax, reason)


def blank(ax: "Axes", reason: str) -> "Axes":
    """Write why there is nothing to draw in the place of the plot."""
    ax.set_axis_off()
    ax.text(0.5, 0.5, reason, ha="center", va="center", transform=ax.transAxes, wrap=True)
    return ax


def legend(ax: "Axes", *others: "Axes") -> None:
    """Put the legend of `ax` and its twins below the plot, whatever the figure's size."""
    from matplotlib.transforms import ScaledTranslation

    figure = ax.get_figure()
    if figure is None:
        return
    pairs = [axes.get_legend_handles_labels() for axes in (ax, *others)]
    labels = [label for _, found in pairs for label in found]
    label = ax.get_xlabel()
    points = 34 + 11 * label.count("\n") if label else 20
    below = ScaledTranslation(0, -points / 72, figure.dpi_scale_trans)
    ax.legend(
        [handle for found, _ in pairs for handle in found],
        labels,
        loc="upper left",
        bbox_to_anchor=(0, 0),
        bbox_transform=ax.transAxes + below,
        ncols=_columns(labels, letters(ax) - 4),
        borderaxespad=0,
        borderpad=0,
    )


def _columns(labels: Sequence[str], letters: int) -> int:
    """Return the most columns of equal height that fit."""
    import numpy as np

    for rows in range(1, len(labels)):
        columns = -(-len(labels) // rows)
        # Matplotlib fills the columns like this, the longer ones first.
        parts = np.array_split(np.array([len(label) for label in labels]), columns)
        if sum(int(part.max()) + 5 for part in parts) <= letters:
            return columns
    return 1


def colour_bar(ax: "Axes", mesh: "QuadMesh", label: str) -> None:
    """Put a colour bar with its quantity and unit beside `ax`."""
    figure = ax.get_figure()
    if figure is not None:
        bar = figure.colorbar(mesh, ax=ax, pad=0.02)
        bar.set_label(label)
        bar.outline.set_visible(False)


def clock(ax: "Axes", results: "Results") -> None:
    """Label the time axis with few enough instants, and with the offset of its clock.

    The dates themselves are in the title.
    """
    from matplotlib import dates

    library: Any = dates  # its classes carry no types
    # With three days or months at least, seven ticks are always enough.
    ticks = library.AutoDateLocator(minticks=3, maxticks=max(7, letters(ax) // 8))
    ax.xaxis.set_major_locator(ticks)
    ax.xaxis.set_major_formatter(library.ConciseDateFormatter(ticks, show_offset=False))
    ax.set_xlabel(f"Local time ({results.utc_offset})")


def scaled(largest: float, unit: str) -> tuple[float, str]:
    """Return a factor and a unit that keep axis numbers short.

    >>> scaled(12_000, "MW")
    (0.001, 'GW')
    >>> scaled(-3.2e6, "CNY")
    (1e-06, 'million CNY')
    """
    size = abs(largest)
    if unit.startswith("MW"):
        steps = [(1e6, f"TW{unit[2:]}"), (1e3, f"GW{unit[2:]}")]
    else:
        steps = [(1e9, f"billion {unit}"), (1e6, f"million {unit}"), (1e3, f"thousand {unit}")]
    for step, name in steps:
        if size >= 2 * step:
            return 1 / step, name
    return 1.0, unit


def edges(starts: "pd.Series[Any]", hours: float) -> list[Any]:
    """Return the starts of consecutive intervals and the end of the last."""
    import pandas as pd

    return [*starts, starts.iloc[-1] + pd.Timedelta(hours=hours)]


def stretched(values: "pd.Series[Any] | Sequence[float]") -> list[float]:
    """Return values with the last one twice, so that its step has a width."""
    listed = [float(value) for value in values]
    return [*listed, listed[-1]]
