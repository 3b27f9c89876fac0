"""Figures by name, those of runs and those of experiments, and why one would be empty.

A figure is a function `(results, ax, **options) -> ax`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from market import Registry

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Figure = Callable[..., "Axes"]

figures: Registry[Figure] = Registry("plots", "figure")
experiment_figures: Registry[Figure] = Registry(
    "plots.experiment_figures", "figure of an experiment"
)


class NothingToDraw(Exception):  # noqa: N818  # not an error: a sentence in place of a figure
    """Why a figure of this experiment would be empty, in one sentence."""
