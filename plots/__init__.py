"""What is seen: one figure family per file.

`draw` draws one figure into an `Axes`; `save` writes figures as files; `figures` and
`experiment_figures` are the registries that a new figure of runs, or of experiments, declares
itself in.
"""

from plots.output import FORMATS, draw, save
from plots.registry import NothingToDraw, experiment_figures, figures
from plots.requests import ALL

__all__ = ["ALL", "FORMATS", "NothingToDraw", "draw", "experiment_figures", "figures", "save"]
