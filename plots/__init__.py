"""What is seen: one figure family per file.

`draw` draws one figure into an `Axes`; `save` writes figures as files; `figures` is the
registry that a new figure declares itself in.
"""

from plots.output import FORMATS, draw, save
from plots.registry import figures

__all__ = ["FORMATS", "draw", "figures", "save"]
