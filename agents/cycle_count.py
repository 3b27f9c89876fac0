"""Rainflow counting of a series that arrives in pieces (ASTM E1049-85, section 5.4.4)."""

from collections.abc import Sequence
from itertools import pairwise

import rainflow


class CycleCount:
    """The cycles of one series of charge, counted as it grows.

    A cycle is closed as soon as a later swing is at least as wide; it counts one (one half when
    it begins at the start of the series). What is not closed yet, the residue, is a falling
    sequence of swings. It is all that later pieces need to know, and counts one half for each
    swing at the end. So the count of the pieces is that of the whole series.

    The last point is taken for a turning point although the series may go on in its direction:
    what it closes, a wider swing would close as well.

    Examples
    --------
    The example of the standard (its Figure 6), in two pieces:

    >>> count = CycleCount()
    >>> count.add([-2, 1, -3, 5, -1, 2])
    [(3.0, 0.5), (4.0, 0.5)]
    >>> count.add([3, -4, 4, -2])
    [(4.0, 1.0), (8.0, 0.5)]
    >>> count.open()
    [(9.0, 0.5), (8.0, 0.5), (6.0, 0.5)]
    """

    def __init__(self) -> None:
        self._residue: list[float] = []

    def add(self, values: Sequence[float]) -> list[tuple[float, float]]:
        """Take in `values`, at least one; return width and count of each cycle they close."""
        # The last point twice: `rainflow` sees no end in fewer than three points.
        points = [*self._residue, *values, values[-1]]
        found = list(rainflow.extract_cycles(points))
        closed = [(float(width), 1.0) for width, _, count, _, _ in found if count == 1]
        halves = [(float(width), start, end) for width, _, count, start, end in found if count < 1]
        first = _first_open([width for width, _, _ in halves])
        closed += [(width, 0.5) for width, _, _ in halves[:first]]
        start = halves[first][1] if halves else -1
        self._residue = [points[place] for place in (start, *(end for _, _, end in halves[first:]))]
        return closed

    def open(self) -> list[tuple[float, float]]:
        """Return width and count of each swing of the residue."""
        return [(float(abs(after - before)), 0.5) for before, after in pairwise(self._residue)]


def _first_open(widths: list[float]) -> int:
    """Return where the residue begins among the widths of half cycles, in order of time.

    Those that are closed do not become narrower from one to the next, the residue's become
    narrower, so it begins at the last of the widest.
    """
    return len(widths) - 1 - widths[::-1].index(max(widths)) if widths else 0
