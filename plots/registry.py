"""Figures by name: a figure is one function that draws results into an `Axes`."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from market import Registry

if TYPE_CHECKING:
    from matplotlib.axes import Axes

figures: "Registry[Callable[..., Axes]]" = Registry("plots", "figure")
"""Functions ``(results, ax, **own options) -> ax``; each draws what its docstring says."""
