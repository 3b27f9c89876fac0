"""Figures of our own: they grow with what they show; a figure that was given is left as it is."""

from typing import TYPE_CHECKING

from plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OWN = "made by plots"
"""Label of a figure that was made here."""

WIDE = 80
"""Letters of a line of the title from which on a figure is wide."""

TITLE = 1.12
"""More letters than over a plot fit over a whole figure."""

PLOT = 2.0
"""Inches that a plot needs at least, its title, labels and legend aside."""

HIGHEST = 9.2
"""Inches: a page without its margins."""


def mark(figure: "Figure") -> None:
    """Mark a figure as one made here."""
    figure.set_label(OWN)


def is_ours(ax: "Axes") -> bool:
    """Return whether the figure of `ax` was made here."""
    figure = ax.get_figure(root=True)
    return figure is not None and figure.get_label() == OWN


def title(ax: "Axes", *texts: str, plot: float = PLOT) -> None:
    """Write texts over the plot, then make a figure of our own high enough for all it shows.

    They start at the left edge of a figure of our own: labels of rows can take a third of the
    width, so that texts over the plot alone would be cut off.

    Parameters
    ----------
    plot : float
        Inches that the plot itself needs.
    """
    if not is_ours(ax):
        labels = [
            len(line) for text in ax.get_yticklabels() for line in text.get_text().split("\n")
        ]
        room = max(20, style.letters(ax) - max(labels, default=0))
        ax.set_title("\n".join(lines(texts, room)), linespacing=1.3)
        return
    figure = ax.get_figure(root=True)
    assert figure is not None  # it is ours
    size = style.RULES["axes.titlesize"]
    text = "\n".join(lines(texts, int(TITLE * style.letters(ax))))
    figure.suptitle(text, x=0.01, ha="left", fontsize=size, linespacing=1.3)
    _fit(figure, ax, plot)


def _fit(figure: "Figure", ax: "Axes", inches: float) -> None:
    """Make a figure higher until its plot has so many inches, but no higher than a page."""
    figure.draw_without_rendering()
    lacking = inches - ax.get_window_extent().height / figure.dpi
    if lacking > 0:
        width, height = figure.get_size_inches()
        figure.set_size_inches(width, max(height, min(height + lacking, HIGHEST)))


def name_axes(ax: "Axes", x: str = "", y: str = "") -> None:
    """Write what the axes show, on as many lines as fit beside the plot."""
    width = int(style.letters(ax) * (0.7 if style.letters(ax) >= WIDE else 0.6))
    figure = ax.get_figure(root=True)
    height = 3.0 if figure is None else figure.get_size_inches()[1]
    if x:
        ax.set_xlabel("\n".join(lines(tuple(x.split("\n")), width)))
    if y:
        ax.set_ylabel("\n".join(lines(tuple(y.split("\n")), int(style.LETTERS * height * 0.62))))


def lines(texts: tuple[str, ...], letters: int) -> list[str]:
    """Return texts as lines of at most so many letters; an empty text gives none."""
    return [line for text in texts for line in style.wrapped(text, letters)]
