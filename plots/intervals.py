"""Estimates with their 95 % intervals: dots with lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from plots import style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

APART = 3.5
"""Points between the dots of lines that have a value at the same place."""


@dataclass(frozen=True, slots=True)
class Look:
    """How estimates are drawn.

    Attributes
    ----------
    colour : str
    label : str
        In the legend; empty for none.
    marker : str
    filled : bool
    """

    colour: str = style.BLUE
    label: str = ""
    marker: str = "o"
    filled: bool = True

    @property
    def style(self) -> dict[str, Any]:
        """Options of `Axes.plot`."""
        return {
            "color": self.colour,
            "marker": self.marker,
            "mfc": self.colour if self.filled else "white",
            "ms": 4,
            "label": self.label or None,
        }


def ends(table: "pd.DataFrame", columns: Sequence[str], factor: float = 1.0) -> "pd.DataFrame":
    """Return value, low and high of each row, from columns of those meanings."""
    found: pd.DataFrame = table[list(columns)].set_axis(["value", "low", "high"], axis=1)
    return found.astype(float) * factor


def across(ax: "Axes", places: Sequence[float], shown: "pd.DataFrame", look: Look) -> None:
    """Draw a row of the plot for each estimate: a dot, and a line over its interval."""
    if not shown["value"].notna().any():
        return
    ax.hlines(list(places), shown["low"], shown["high"], color=look.colour, lw=1.2)
    ax.plot(shown["value"], list(places), ls="", zorder=3, **look.style)


def banded(ax: "Axes", places: Sequence[float], shown: "pd.DataFrame", look: Look) -> None:
    """Draw estimates over a numeric axis: dots on a line, and their intervals as a band."""
    if shown["low"].notna().any():
        ax.fill_between(places, shown["low"], shown["high"], color=look.colour, alpha=0.2, lw=0)
    ax.plot(list(places), shown["value"], **look.style)


def upright(
    ax: "Axes", places: Sequence[float], shown: "pd.DataFrame", look: Look, order: float
) -> None:
    """Draw estimates over a numeric axis: dots on a line, each with its interval.

    `order` moves them aside, so that those of several lines do not cover each other.
    """
    from matplotlib.transforms import ScaledTranslation

    figure = ax.get_figure(root=True)
    assert figure is not None  # it is drawn into
    aside = ScaledTranslation(order * APART / 72, 0, figure.dpi_scale_trans)
    where: dict[str, Any] = {"transform": ax.transData + aside}
    ax.vlines(list(places), shown["low"], shown["high"], color=look.colour, lw=0.8, **where)
    ax.plot(list(places), shown["value"], **look.style, **where)
    # Matplotlib does not see the data behind what is moved aside.
    for column in shown:
        ax.update_datalim(list(zip(places, shown[column], strict=True)))
    ax.autoscale_view()


def share_aside(ax: "Axes", lines: int) -> float:
    """Return the share of the plot's width that the outermost of so many lines is moved aside."""
    inches = style.PLOT * style.letters(ax) / style.LETTERS
    return (lines - 1) / 2 * APART / 72 / inches
