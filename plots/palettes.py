"""Colours and markers of what has none of its own: levels, arms, numbers in cells."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from plots import style

if TYPE_CHECKING:
    from matplotlib.colors import Colormap

SERIES = (
    style.BLUE,
    style.VERMILLION,
    style.GREEN,
    style.PURPLE,
    style.ORANGE,
    style.SKY,
    style.WINE,
    style.BLACK,
    style.INDIGO,
    style.BROWN,
)
MARKERS = "osD^vPX<>p*"
"""Colours and markers of lines and points that stand for levels and arms."""


def series(count: int) -> list[tuple[str, str]]:
    """Return a colour and a marker for each of so many lines, no two pairs alike.

    >>> series(2)
    [('#0072B2', 'o'), ('#D55E00', 's')]
    """
    # The numbers of colours and markers have no common divisor.
    return [(SERIES[place % len(SERIES)], MARKERS[place % len(MARKERS)]) for place in range(count)]


def diverging() -> "Colormap":
    """Return colours from blue (below zero) over white to vermillion (above)."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("below-above", [style.BLUE, "white", style.VERMILLION])


def brightness(colour: Sequence[float]) -> float:
    """Return how bright a colour looks, from 0 to 1, by the luma of ITU-R BT.601.

    >>> round(brightness((1.0, 1.0, 0.0)), 3)
    0.886
    """
    red, green, blue = (float(part) for part in colour[:3])
    return 0.299 * red + 0.587 * green + 0.114 * blue
